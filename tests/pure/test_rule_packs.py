"""Rule packs and calendars as files: every number with its source, every fault with its line, nothing opened by mistake."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ari_app.domain.calendar import Calendar, DayKind
from ari_app.domain.campaign import Campaign, CampaignStrategy, DiallerSpec
from ari_app.domain.compliance import Rule
from ari_app.domain.rule_pack import Cap, PackVersion, RulePack
from ari_app.errors import InputError, Problem
from ari_app.services import rule_directory
from ari_app.services.calendar_file import parse_calendar, read_calendar
from ari_app.services.pack_limits import beyond_pack
from ari_app.services.rule_directory import RuleDirectory
from ari_app.services.rule_pack_file import VERSION_KEYS, parse_rule_pack, read_rule_pack
from tests.support.docs import ROOT
from tests.support.rules import shipped

pytestmark = pytest.mark.pure

RULES = sorted((ROOT / "dialplan" / "rules").glob("*.yaml"))
CALENDARS = ROOT / "dialplan" / "calendars"
TELECOM = (ROOT / "dialplan" / "rules" / "cn-telecom.yaml").read_text(encoding="utf-8")
CHINA = (CALENDARS / "cn.yaml").read_text(encoding="utf-8")


def faults(read: Callable[[], object]) -> list[str]:
    """The faults of a text, one line each."""
    with pytest.raises(InputError) as found:
        read()
    return [str(problem) for problem in found.value.problems]


def pack_faults(old: str, new: str) -> list[str]:
    """The faults of the telecom pack with one piece replaced."""
    assert TELECOM.count(old) >= 1
    return faults(lambda: parse_rule_pack(TELECOM.replace(old, new, 1), "cn-telecom.yaml"))


@pytest.mark.parametrize("path", RULES, ids=lambda path: path.stem)
def test_every_shipped_number_has_its_source(path: Path) -> None:
    pack = read_rule_pack(path)
    assert {each.name for each in (rules.pack for rules in shipped().rules.values())} >= {pack.name}
    for version in pack.versions:
        for key in PackVersion.__dataclass_fields__:
            value = getattr(version, key)
            if hasattr(value, "source"):
                assert len(value.source) > 10, (pack.name, key)


def test_what_ships() -> None:
    assert sorted(shipped().rules) == ["cn-consumer-finance", "cn-telecom", "cn-utilities", "us-reg-f"]
    telecom = shipped().rules["cn-telecom"].pack.versions[0]
    assert [str(window) for window in telecom.hours.working] == ["08:00-22:00"]
    assert (telecom.dials_per_day.usual, telecom.dials_per_day.hard) == (2, 3)
    reg_f = shipped().rules["us-reg-f"].pack.versions[0]
    assert [str(window) for window in reg_f.hours.working] == ["08:00-21:00"]
    assert reg_f.dials_per_7_days is not None
    assert reg_f.quiet_days is not None
    assert (reg_f.dials_per_7_days.value, reg_f.quiet_days.value) == (7, 7)


@pytest.mark.parametrize(
    ("old", "new", "line", "wrong"),
    [
        ("pack: cn-telecom", "pack: other", 4, "'other' stands in the file cn-telecom.yaml"),
        ("calendar: cn", "calender: cn", 6, "unknown key 'calender'"),
        ("from: 2025-01-01", "from: 2025-02-30", 9, "'2025-02-30' is not a day of the calendar"),
        ("from: 2025-01-01", "from: next week", 9, "'next week' is not a day"),
        ('["08:00-22:00"]', '["08:00-22:61"]', 11, "22:61 is not a time of day"),
        ('["08:00-22:00"]', "[]", 11, "there is no window"),
        ("closed: unless_opened", "closed: sometimes", 13, "unknown way of closing 'sometimes'"),
        ("usual: 2", "usual: 4", 15, "the usual number 4 is above the hard one 3"),
        ("usual: 2", "usual: 0", 16, "'0' does not fit"),
        ("hard: 3", "hard: many", 17, "'many' does not fit"),
        ("{value: 0.03,", "{value: 30,", 25, "'30' does not fit"),
        ("{value: 30, source", "{value: 30, sauce", 23, "unknown key 'sauce'"),
        ("{value: true,", "{value: perhaps,", 26, "'perhaps' does not fit"),
        ("    min_gap_minutes", "    min_gap_hours", 23, "unknown key 'min_gap_hours'"),
    ],
)
def test_a_fault_of_a_pack_is_told_with_its_line(old: str, new: str, line: int, wrong: str) -> None:
    found = pack_faults(old, new)
    assert any(one.startswith(f"cn-telecom.yaml:{line}:") and wrong in one for one in found), found


def test_a_number_without_its_source_is_refused() -> None:
    without = re.sub(r', source: "Own caution: no law names a number"\}', "}", TELECOM, count=1)
    (one,) = faults(lambda: parse_rule_pack(without, "cn-telecom.yaml"))
    assert "'source' is missing" in one


def test_versions_ascend_and_have_names_of_their_own() -> None:
    version = TELECOM[TELECOM.index('  - version: "2025.1"') :]
    assert len(parse_rule_pack(TELECOM + version.replace("2025.1", "2026.1").replace("2025-01-01", "2026-07-01"),
                               "cn-telecom.yaml").versions) == 2  # fmt: skip
    found = faults(lambda: parse_rule_pack(TELECOM + version, "cn-telecom.yaml"))
    assert any("not after the version before it" in one for one in found)
    assert any("stands there twice" in one for one in found)


@given(st.dates(), st.lists(st.dates(), min_size=1, max_size=4, unique=True))
def test_the_latest_version_that_has_begun_is_in_force(day: date, since: list[date]) -> None:
    base = shipped().rules["cn-telecom"].pack.versions[0]
    pack = RulePack("p", "p", "cn", tuple(replace(base, since=each) for each in sorted(since)))
    begun = [each for each in since if each <= day]
    found, change = pack.in_force(day), pack.changes_after(day)
    assert (found.since if found else None) == max(begun, default=None)
    assert change == min((each for each in since if each > day), default=None)


@given(st.integers(0, 20), st.integers(0, 20), st.none() | st.integers(-5, 50))
def test_a_cap_never_gives_more_than_its_hard_number(usual: int, more: int, wanted: int | None) -> None:
    cap = Cap(usual, usual + more, "x")
    assert 0 <= cap.at_most(wanted) <= cap.hard
    with pytest.raises(ValueError, match="hard number"):
        Cap(usual + more + 1, usual + more, "x")


# ---------------------------------------------------------------------------------------------------- calendars


@pytest.mark.parametrize(
    ("day", "kind"),
    [
        ("2026-02-15", DayKind.HOLIDAY),
        ("2026-02-14", DayKind.MAKE_UP),
        ("2026-02-23", DayKind.HOLIDAY),
        ("2026-02-24", DayKind.WORKING),
        ("2026-02-28", DayKind.MAKE_UP),
        ("2026-10-10", DayKind.MAKE_UP),
        ("2026-10-08", DayKind.WORKING),
        ("2026-11-28", DayKind.WEEKEND),
        ("2025-09-28", DayKind.MAKE_UP),
        ("2025-10-08", DayKind.HOLIDAY),
        ("2027-01-04", DayKind.UNCONFIRMED),
        ("2024-12-31", DayKind.UNCONFIRMED),
    ],
)
def test_days_of_china(day: str, kind: DayKind) -> None:
    calendar = read_calendar(CALENDARS / "cn.yaml")
    assert calendar.kind(date.fromisoformat(day)) is kind
    assert calendar.is_working_day(date.fromisoformat(day)) == (kind in (DayKind.WORKING, DayKind.MAKE_UP))


def test_china_rests_and_works_as_many_days_as_announced() -> None:
    """Days off in 2025 and 2026 beside ordinary weekends, and days worked for them."""
    calendar = read_calendar(CALENDARS / "cn.yaml")
    for year, rests, worked in ((2025, 28, 5), (2026, 33, 6)):
        days = [date(year, 1, 1) + timedelta(days=n) for n in range(365)]
        kinds = [calendar.kind(day) for day in days]
        assert (kinds.count(DayKind.HOLIDAY), kinds.count(DayKind.MAKE_UP)) == (rests, worked)


def test_days_of_the_united_states() -> None:
    calendar = read_calendar(CALENDARS / "us.yaml")
    assert calendar.kind(date(2026, 7, 3)) is DayKind.HOLIDAY  # observed, for the Saturday
    assert calendar.kind(date(2027, 12, 31)) is DayKind.HOLIDAY  # observed, of the year to come
    assert calendar.kind(date(2026, 11, 26)) is DayKind.HOLIDAY
    assert not calendar.make_up


@pytest.mark.parametrize(
    ("old", "new", "wrong"),
    [
        ("country: CN", "country: XY", "unknown country 'XY'"),
        ("  2025: ", "  soon: ", "'soon' is no year"),
        ("  2025-02-01: 春节", "  2025-02-31: 春节", "'2025-02-31' is not a day"),
        ("  2025-02-01: 春节", "  2027-02-01: 春节", "the year 2027 is not confirmed"),
        ("make_up: {}", "make_up: {2026-11-25: x}", "2026-11-25 is no day of the weekend"),
        ("make_up: {}", "make_up: {2026-10-04: x}", "2026-10-04 is a holiday and is worked"),
        ("working: []", "working: [2026-10-04]", "2026-10-04 is a holiday and is worked"),
        ("working: []", "working: [tomorrow]", "'tomorrow' is not a day"),
        ("make_up: {}\n", "", "the key 'make_up' is missing"),
    ],
)
def test_a_fault_of_a_calendar_is_told(old: str, new: str, wrong: str) -> None:
    assert old in CHINA
    found = faults(lambda: parse_calendar(CHINA.replace(old, new, 1), "cn.yaml"))
    assert any(re.match(r"cn\.yaml:\d+: ", one) and wrong in one for one in found), found


def test_the_table_corrects_the_library() -> None:
    changed = CHINA.replace("working: []", "working: [2026-05-05]").replace(
        "make_up: {}", "make_up: {2026-11-28: x}"
    )
    calendar = parse_calendar(changed, "cn.yaml")
    assert calendar.kind(date(2026, 5, 5)) is DayKind.WORKING
    assert calendar.kind(date(2026, 11, 28)) is DayKind.MAKE_UP


@given(st.dates(date(2025, 1, 1), date(2026, 12, 31)))
def test_every_day_of_a_confirmed_year_is_something(day: date) -> None:
    calendar = Calendar("x", {2025: "a", 2026: "b"})
    assert calendar.kind(day) is (DayKind.WEEKEND if day.isoweekday() > 5 else DayKind.WORKING)


# ---------------------------------------------------------------------------------------------------- folders


def dialplan(folder: Path) -> Path:
    """A copy of the rules and calendars."""
    for name in ("rules", "calendars"):
        (folder / name).mkdir()
        for path in (ROOT / "dialplan" / name).glob("*.yaml"):
            (folder / name / path.name).write_bytes(path.read_bytes())
    return folder


def test_a_file_with_a_fault_takes_its_campaigns_off_the_line_until_it_is_mended(tmp_path: Path) -> None:
    rules = RuleDirectory(dialplan(tmp_path))
    assert (sorted(rules.book.rules), rules.problems, rules.refresh()) == (sorted(shipped().rules), (), False)
    pack = tmp_path / "rules" / "cn-telecom.yaml"
    pack.write_text(TELECOM.replace("usual: 2", "usual: 9"), encoding="utf-8")
    assert rules.refresh()
    found = rules.book.find("cn-telecom")
    assert isinstance(found, str)
    assert "cn-telecom.yaml:15" in found
    assert not isinstance(rules.book.find("cn-utilities"), str)
    pack.write_text(TELECOM + "\n", encoding="utf-8")
    assert rules.refresh()
    assert not isinstance(rules.book.find("cn-telecom"), str)
    pack.unlink()
    assert rules.refresh()
    assert rules.book.find("cn-telecom") == "there is no rule pack 'cn-telecom'"


def test_a_file_that_could_not_be_read_for_a_moment_is_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody has touched it: a disk, or the limit of open files, was in the way."""
    in_the_way = [True, True, False]

    def read(path: Path) -> RulePack:
        if in_the_way.pop(0):
            raise InputError([Problem(str(path), "", "cannot be read: Too many open files")])
        return read_rule_pack(path)

    monkeypatch.setattr(rule_directory, "read_rule_pack", read)
    folder = dialplan(tmp_path)
    for path in (folder / "rules").glob("[!u]*.yaml"):
        path.unlink()
    rules = RuleDirectory(folder)
    assert "cannot be read" in str(rules.book.find("us-reg-f"))
    assert not rules.refresh()
    assert rules.refresh()
    assert not isinstance(rules.book.find("us-reg-f"), str)
    assert not rules.refresh()


def test_a_file_is_read_again_when_anything_of_it_changed(tmp_path: Path) -> None:
    """A fault that is written over a file of the same length, with its old time of change."""
    folder = dialplan(tmp_path)
    rules = RuleDirectory(folder)
    pack = folder / "rules" / "cn-telecom.yaml"
    stamp = pack.stat()
    pack.write_text(TELECOM.replace("usual: 2", "usual: 9"), encoding="utf-8")
    os.utime(pack, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    assert pack.stat().st_size == stamp.st_size
    assert rules.refresh()
    assert isinstance(rules.book.find("cn-telecom"), str)


def test_a_pack_is_nothing_without_its_calendar(tmp_path: Path) -> None:
    folder = dialplan(tmp_path)
    (folder / "calendars" / "cn.yaml").write_text("calendar: cn\n", encoding="utf-8")
    rules = RuleDirectory(folder)
    assert "the calendar cn cannot be read" in str(rules.book.find("cn-telecom"))
    assert not isinstance(rules.book.find("us-reg-f"), str)
    (folder / "calendars" / "us.yaml").unlink()
    assert rules.refresh()
    assert "names the calendar 'us', which is not there" in str(rules.book.find("us-reg-f"))


def test_no_folder_no_rules(tmp_path: Path) -> None:
    assert RuleDirectory(tmp_path).book.rules == {}


@pytest.mark.parametrize("day", ["", "    from: 2026-1-1\n"])
def test_a_wrong_day_is_told_once(day: str) -> None:
    later = TELECOM.split("versions:\n")[1].replace("2025.1", "2026.1")
    text = TELECOM + later.replace("    from: 2025-01-01\n", day)
    assert len(faults(lambda: parse_rule_pack(text, "cn-telecom.yaml"))) == 1
    wrong = "make_up: {2026-2-1: x, 2026-02-30: y}"
    found = faults(lambda: parse_calendar(CHINA.replace("make_up: {}", wrong), "cn.yaml"))
    assert len(found) == 2
    found = faults(lambda: parse_rule_pack(TELECOM + "  - 1\n  - 2\n", "cn-telecom.yaml"))
    assert len(found) == 2


@pytest.mark.parametrize(
    ("strategy", "ring", "field"),
    [
        (CampaignStrategy(rule_pack="cn-telecon"), 45.0, "strategy.rulePack"),
        (CampaignStrategy(dials_per_day=4), 45.0, "strategy.dialsPerDay"),
        (CampaignStrategy(dials_per_week=11), 45.0, "strategy.dialsPerWeek"),
        (CampaignStrategy(max_attempts=11), 45.0, "strategy.maxAttempts"),
        (CampaignStrategy(rule_pack="us-reg-f"), 12.0, "dialer.ringTimeoutSeconds"),
        (CampaignStrategy(rule_pack="cn-utilities", open_holidays=True), 45.0, "strategy.openHolidays"),
    ],
)
def test_a_campaign_beyond_its_pack_is_refused(strategy: CampaignStrategy, ring: float, field: str) -> None:
    campaign = Campaign("c", "c", strategy, DiallerSpec(ring_timeout_s=ring))
    (problem,) = beyond_pack(campaign, shipped(), date(2026, 11, 23), "task.json")
    assert problem.field == field
    assert problem.allowed
    fine = Campaign("c", "c", CampaignStrategy(dials_per_day=3, dials_per_week=10), DiallerSpec())
    assert beyond_pack(fine, shipped(), date(2026, 11, 23), "task.json") == []
    (early,) = beyond_pack(fine, shipped(), date(2024, 11, 23), "task.json")
    assert "no version" in early.wrong


# ---------------------------------------------------------------------------------------------------- documents


def test_every_rule_and_every_key_is_documented() -> None:
    page = (ROOT / "docs" / "compliance.md").read_text(encoding="utf-8")
    table = page.partition("## The rules")[2].partition("\n- **Zones")[0]
    first_cells = " ".join(line.split("|")[1] for line in table.splitlines() if line.startswith("| `"))
    assert re.findall(r"`([a-z_]+)`", first_cells) == [
        rule.value for rule in Rule if rule is not Rule.ALLOWED
    ]
    assert [key for key in VERSION_KEYS if f"`{key}`" not in page] == []
    assert [path.stem for path in RULES if f"`{path.stem}`" not in page] == []
