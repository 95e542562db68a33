"""Strategy files: each fault is told with file, line, what is wrong and what would be right; what ships has none."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from functools import cache
from pathlib import Path

import pytest

from ari_app.dialogue.flow_policy import Policy
from ari_app.domain.plan import InstalmentOption
from ari_app.domain.segment import Conditions
from ari_app.domain.segment_order import covers
from ari_app.errors import InputError
from ari_app.services.disposition_file import read_dispositions
from ari_app.services.strategy_check import Surroundings, strategy_problems
from ari_app.services.strategy_file import parse_strategy, read_strategy
from tests.support.docs import ROOT
from tests.support.rules import shipped

pytestmark = pytest.mark.pure

SHIPPED = sorted((ROOT / "dialplan" / "strategies").glob("*.yaml"))

SMALL = """\
strategy: small
version: "1"
rule_pack: cn-telecom
timezone: Asia/Shanghai
aging: {scheme: days, pay_days: 20}
caller_ids:
  main: ["010-65551234"]
teams: [desk]
rollout: {shares: {"1": 20, hold: 80}}
defaults:
  windows: ["09:00-12:00"]
  closed_weekdays: [sat, sun]
  retry_hours: [0, 24]
  delays: {no_answer: 4}
  caller_ids: main
  ring_timeout_s: 30
segments:
  - name: early
    when: {bucket: [pre-due], amount: {from: 50}}
    tone: gentle
    flow: reminder
    steps:
      - {do: message, when: due-3d, template: due_soon}
      - {do: call, when: due-1d, at: "10:00"}
  - name: late
    when: {bucket: [D1-D30], risk_level: [H]}
    flow: overdue
    team: desk
    offers: {instalments: [3], deferral_days: 7}
    steps:
      - {do: message, when: start, template: notice}
      - {do: call, when: start+1d}
  - name: rest
    flow: overdue
    steps:
      - {do: message, when: start, template: notice}
      - {do: call, when: start+1d}
"""


@cache
def around() -> Surroundings:
    plans = tuple(InstalmentOption(months) for months in (3, 6, 12))
    known = Policy(instalments=plans, latest_deferral_days=14)
    flows = dict.fromkeys(("reminder", "overdue", "suspension", "dispute"), known)
    table = read_dispositions(ROOT / "dialplan" / "dispositions.yaml")
    return Surroundings(shipped(), date(2026, 11, 29), flows, table, _no_versions)


def _no_versions(name: str) -> Collection[str]:
    return ()


def faults(text: str, file: str = "small.yaml") -> list[str]:
    """Every fault of a text, one line each."""
    try:
        return [str(problem) for problem in strategy_problems(parse_strategy(text, file), around())]
    except InputError as error:
        return [str(problem) for problem in error.problems]


#: What is planted: a piece of the file, what stands there instead, its line, and what is said of it.
PLANTED = [
    ("unknown key", "title:", "titel: x", 0, ""),
    ("not the name of the file", "strategy: small", "strategy: other", 1, "stands in the file small.yaml"),
    ("no version", 'version: "1"', "version: [a]", 2, "not a text"),
    ("a version that is none", 'version: "1"', 'version: "1 a"', 2, "is no version"),
    ("unknown rule pack", "rule_pack: cn-telecom", "rule_pack: cn-telekom", 3, "there is no rule pack 'cn-telekom'"),
    ("unknown zone", "timezone: Asia/Shanghai", "timezone: Asia/Peking", 4, "not a known time zone"),
    ("unknown scheme", "scheme: days", "scheme: weeks", 5, "unknown scheme 'weeks'"),
    ("buckets that overlap", "pay_days: 20", "buckets: {a: [-9999, 5], b: [5, 9]}", 5, "both have day 5"),
    ("buckets with a gap", "pay_days: 20", "buckets: {a: [-9999, 5], b: [9, 19]}", 5, "no bucket has day 6"),
    ("pay days out of range", "pay_days: 20", "pay_days: 40", 5, "'40' does not fit"),
    ("a placeholder for a number", '"010-65551234"', '"010-6xxxxxxx"', 7, "is a placeholder"),
    ("shares that do not add up", "hold: 80", "hold: 70", 9, "add up to 90"),
    ("a version without a file", "hold: 80", '"0": 80', 9, "version '0' has no file"),
    ("shares without this version", '"1": 20, hold: 80', "hold: 100", 9, "not of this version"),
    ("a window that is none", "09:00-12:00", "12:00-09:00", 11, "a window ends after it starts"),
    ("a window wider than the pack", "09:00-12:00", "06:00-12:00", 11, "wider than cn-telecom 2025.1 allows"),
    ("unknown weekday", "[sat, sun]", "[saturday]", 12, "unknown weekday 'saturday'"),
    ("offsets that do not ascend", "[0, 24]", "[0, 24, 12]", 13, "no offsets of attempts"),
    ("offsets that do not begin with 0", "[0, 24]", "[1, 24]", 13, "no offsets of attempts"),
    ("more attempts than the pack", "[0, 24]", f"[0{''.join(f', {n}' for n in range(1, 12))}]", 13, "12 attempts"),
    ("attempts too close", "[0, 24]", "[0, 0.1]", 13, "follows sooner than"),
    ("unknown disposition", "no_answer: 4", "no_anwser: 4", 14, "no disposition 'no_anwser'"),
    ("a retry that is not allowed", "no_answer: 4", "rejected: 4", 14, "nobody is called again after rejected"),
    ("a delay that is too short", "no_answer: 4", "no_answer: 0.5", 14, "less than the 2"),
    ("a delay that is none", "no_answer: 4", "no_answer: later", 14, "'later' is no delay"),
    ("unknown group of caller IDs", "caller_ids: main", "caller_ids: mian", 15, "no group of caller IDs 'mian'"),
    ("too short a ring", "ring_timeout_s: 30", "ring_timeout_s: 10", 16, "10 s of ringing"),
    ("a cap above the hard number", "ring_timeout_s: 30", "dials_per_day: 5", 16, "more than the hard number"),
    ("unknown bucket", "bucket: [pre-due]", "bucket: [D0]", 19, "unknown aging bucket 'D0'"),
    ("unknown condition", "amount: {from: 50}", "amout: {from: 50}", 19, "unknown key 'amout'"),
    ("nobody can be in it", "amount: {from: 50}", "amount: {from: 50, below: 50}", 19, "nothing is 50 or more"),
    ("unknown tone", "tone: gentle", "tone: angry", 20, "unknown tone 'angry'"),
    ("unknown flow", "flow: reminder", "flow: remind", 21, "there is no flow 'remind'"),
    ("unknown voice", "tone: gentle", "voice: espeak-ng+x9", 20, "has no such variant"),
    ("a step without a time", "when: due-3d, ", "", 23, "'when' is missing"),
    ("a time of a step that is none", "when: due-3d", "when: 3 days before", 23, "is not a time of a step"),
    ("a step before there is a bill", "when: due-3d", "when: due-25d", 23, "comes before the bill"),
    ("a step that never comes", "when: due-1d", "when: due+9d", 24, "never comes while an account is in"),
    ("a message without words", ", template: due_soon", "", 23, "the message has no words"),
    ("a call with words", "when: due-1d", "when: due-1d, template: x", 24, "a call has no template"),
    ("a time of day that is none", 'at: "10:00"', 'at: "25:00"', 24, "is not a time of day"),
    ("steps out of order", "when: due-1d", "when: due-9d", 24, "comes before the step above it"),
    ("a step twice", "do: call, when: due-1d", "do: message, when: due-3d, template: a", 24, "stands there twice"),
    ("a call before the first message", "do: message, when: due-3d, template: due_soon", "do: call, when: due-3d", 23,
     "wants the first contact to be a message"),
    ("too many reminders", "do: call, when: due-1d",
     "do: message, when: due-2d, template: a}\n      - {do: call, when: due-1d", 22, "3 reminders within seven days"),
    ("a segment twice", "name: late", "name: early", 25, "stands there twice"),
    ("a segment for nobody", "{bucket: [D1-D30], risk_level: [H]}", "{bucket: [pre-due], amount: {from: 60}}", 25,
     "the segment 'early' above takes them all"),
    ("unknown team", "team: desk", "team: dask", 28, "there is no team 'dask'"),
    ("instalments beyond the policy", "instalments: [3]", "instalments: [48]", 29, "48 months are no plan"),
    ("a deferral beyond the policy", "deferral_days: 7", "deferral_days: 60", 29, "more than the flow's policy"),
    ("nobody for the rest", "  - name: rest\n", "  - name: rest\n    when: {legal_stage: true}\n", 34, "has conditions"),
    ("a key twice", "team: desk", "steps: []", 30, "written twice"),
    ("a gap shorter than the pack's", "ring_timeout_s: 30", "min_gap_minutes: 10", 16, "shorter than cn-telecom"),
    ("fewer attempts than calls", "    tone: gentle", "    max_attempts: 0", 20, "'0' does not fit"),
    ("not YAML", "teams: [desk]", "teams: [desk", 9, "not YAML"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("what", "old", "new", "line", "wrong"), PLANTED[1:], ids=[one[0] for one in PLANTED[1:]]
)
def test_a_fault_is_told_with_file_line_and_cure(
    what: str, old: str, new: str, line: int, wrong: str
) -> None:
    assert SMALL.count(old) >= 1, what
    found = faults(SMALL.replace(old, new, 1))
    one = next((each for each in found if wrong in each), f"not told: {found}")
    assert one.startswith(f"small.yaml:{line}:"), one
    if what not in ("a step without a time", "not YAML"):
        assert "(allowed: " in one


def test_more_than_25_kinds_of_faults_are_planted() -> None:
    assert len({wrong for *_, wrong in PLANTED}) > 50


def test_the_small_file_has_no_fault() -> None:
    assert faults(SMALL) == []


@pytest.mark.parametrize("key", ["amount", "score"])
@pytest.mark.parametrize(
    "number", [".nan", ".inf", "-.inf", "1e999", "1e-999", "-1", "1" * 30, "true", "[1]"]
)
def test_no_number_breaks_the_reading_of_a_range(key: str, number: str) -> None:
    old = "amount: {from: 50}"
    for span in (f"{key}: {{from: {number}}}", f"{key}: {{from: {number}, below: 5}}"):
        for fault in faults(SMALL.replace(old, span, 1)):
            assert fault.startswith("small.yaml:19: segments[0].when")


def test_half_a_point_is_no_score() -> None:
    (one,) = faults(SMALL.replace("amount: {from: 50}", "score: {from: 1.5}", 1))
    assert "a whole number 0 to 101" in one


def test_an_unknown_key_is_told_wherever_it_stands() -> None:
    (one,) = faults(SMALL.replace("tone: gentle", "tune: gentle"))
    assert one.startswith("small.yaml:20: segments[0]: unknown key 'tune'")


def test_a_segment_without_steps_names_a_team() -> None:
    text = SMALL[: SMALL.rindex("    steps:")]
    (one,) = faults(text)
    assert "nothing is done with these accounts" in one
    assert faults(f"{text}    team: desk\n") == []


def test_another_version_that_is_kept_for_a_roll_out_bears_its_version_in_its_name() -> None:
    assert faults(SMALL, "small.v1.yaml") == []
    assert "small.yaml or small.v1.yaml" in faults(SMALL, "small.v2.yaml")[0]


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_what_ships_has_no_fault(path: Path) -> None:
    assert strategy_problems(read_strategy(path), around()) == []


def test_a_segment_covers_another_only_where_it_surely_does() -> None:
    everybody, large = Conditions(), Conditions(buckets=("D1-D30",), score_below=60)
    assert covers(everybody, large)
    assert not covers(large, everybody)
    assert covers(large, Conditions(buckets=("D1-D30",), score_below=50, regions=("x",)))
    assert not covers(large, Conditions(buckets=("D1-D30", "D31-D60"), score_below=50))
    assert not covers(Conditions(good_record=True), Conditions(good_record=False))
    assert not covers(Conditions(broken_promises_from=2), Conditions(broken_promises_from=1))
