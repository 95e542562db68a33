"""What raises an alert: the rules by themselves, and the file that operators write them in."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ari_app.domain.alerts.alert import Level, Severity
from ari_app.domain.alerts.rules import (
    About,
    EventSource,
    Figure,
    Measure,
    MeasureSource,
    Standing,
    StandingSource,
    fits,
    judge,
    subject_of,
)
from ari_app.errors import InputError
from ari_app.services.alerts.alert_file import parse_alert_book, read_alert_book
from ari_app.services.alerts.alert_watch import AlertBooks

pytestmark = pytest.mark.pure

ROOT = Path(__file__).parents[3]
RATE = MeasureSource(Measure.ANSWER_RATE, 24, 100, drop=0.3)
HEAD = "people: {duty: [duty@example.com]}\nchains: {default: [{to: [duty]}]}\n"


def test_an_event_fits_by_its_name_and_by_what_it_says() -> None:
    source = EventSource(("call.completed", "x.*"), {"disposition": ("complaint",), "a.b": ("1", "true")})
    payload = {"disposition": "complaint", "a": {"b": True}}
    assert fits(source, "call.completed", payload)
    assert fits(source, "x.y", {**payload, "a": {"b": 1}})
    assert not fits(source, "call.completed", {**payload, "disposition": "busy"})
    assert not fits(source, "call.completed", {**payload, "a": "b"})
    assert not fits(source, "call", payload)
    listed = EventSource(("x",), {"intents": ("complain",)})
    assert [fits(listed, "x", {"intents": said}) for said in (["pay", "complain"], ["pay"], [])] == [
        True,
        False,
        False,
    ]


def test_an_event_is_about_something_or_about_nothing() -> None:
    payload: dict[str, object] = {"customerId": "c", "accountId": "a", "billId": "b", "taskId": "t"}
    assert [subject_of(about, payload) for about in About] == ["c/a/b", "c", "t", "", "", "*"]
    assert subject_of(About.BILL, {"customerId": "c"}) == ""


@pytest.mark.parametrize(
    ("now", "before", "wrong"),
    [
        (Figure(10, 100), Figure(300, 1000), True),
        (Figure(22, 100), Figure(300, 1000), False),
        (Figure(0, 99), Figure(300, 1000), None),
        (Figure(10, 100), Figure(30, 99), None),
    ],
)
def test_a_rate_is_compared_with_its_own_weeks_before_where_there_are_enough_cases(
    now: Figure, before: Figure, wrong: bool | None
) -> None:
    assert judge(RATE, now, before) is wrong


def test_other_bounds_need_no_past() -> None:
    nothing = Figure(0, 0)
    above = MeasureSource(Measure.ABANDON_RATE, 24, 100, above=0.03)
    assert [judge(above, Figure(hits, 100), nothing) for hits in (3, 4)] == [False, True]
    below = MeasureSource(Measure.PROMISE_KEEPING_RATE, 24, 10, below=0.5)
    assert [judge(below, Figure(hits, 10), nothing) for hits in (4, 5)] == [True, False]
    count = MeasureSource(Measure.EVENTS, 1, 1, above=50, events=("webhook.dead",))
    assert [judge(count, Figure(hits, hits), nothing) for hits in (0, 50, 51)] == [False, False, True]


@given(st.integers(0, 1000), st.integers(0, 1000), st.integers(0, 1000), st.integers(0, 1000))
def test_too_few_cases_never_raise_an_alert(a: int, b: int, c: int, d: int) -> None:
    now, before = Figure(min(a, b), b), Figure(min(c, d), d)
    for source in (RATE, MeasureSource(Measure.COMPLAINT_RATE, 24, 100, rise=1.0)):
        assert (judge(source, now, before) is None) == (b < 100 or d < 100)


def test_the_shipped_rules_have_no_fault_and_cover_what_is_asked_for() -> None:
    book = read_alert_book(ROOT / "dialplan" / "alerts.yaml")
    names = {rule.name for rule in book.rules}
    assert names >= {
        *("promise_broken", "dispute_late", "restoration_late", "webhook_dead", "plan_breached"),
        *("payment_unmatched", "high_amount", "high_risk", "pre_suspension", "distress", "complaint"),
        *("early_warning", "evidence_90", "answer_rate_drop", "complaints_rise", "speech_unclear"),
        *("abandon_rate_high", "low_score", "promises_kept_drop", "integration_failed", "red_line"),
    }
    by_name = {rule.name: rule for rule in book.rules}
    assert (by_name["high_risk"].severity, by_name["high_risk"].contact_hours) == (Severity.P1, 24)
    assert by_name["early_warning"].hours == 72
    assert by_name["evidence_90"].source == StandingSource(Standing.OVERDUE, days=90)
    chain = book.chains["default"]
    assert chain[1].to == ("owner",)
    assert chain[1].copy == ("compliance", "legal")


def test_a_file_is_read() -> None:
    book = parse_alert_book(
        HEAD
        + "rules:\n  - rule: a\n    text: t\n    severity: P1\n    event: {name: payment.settled}\n    hours: 2\n"
    )
    (rule,) = book.rules
    assert (rule.source, rule.hours) == (EventSource(("payment.settled",)), 2)
    assert book.chain_of("a") == (Level(0, ("duty",)),)
    assert book.chain_of("none") == book.chains["default"]


@pytest.mark.parametrize(
    ("rule", "fault"),
    [
        ("event: {name: payment.setled}", "alerts.yaml:7: rules[0].event.name[0]: fits no event"),
        ("event: {name: alert.triggered}", "is an event of alerts themselves"),
        (
            "severty: P1",
            "alerts.yaml:7: rules[0].severty: is not a known key (allowed: did you mean severity?",
        ),
        ("standing: {is: high_amount}", "does not have the key that belongs to it (allowed: amount)"),
        ("standing: {is: high_risk, days: 3}", "does not have the key that belongs to it"),
        ("measure: {of: answer_rate}", "has no bound, or several (allowed: one of above, below, drop, rise)"),
        ("measure: {of: answer_rate, drop: 0.3, above: 0.1}", "has no bound, or several"),
        ("measure: {of: events, above: 3}", "`events` belongs to `of: events`"),
        ("measure: {of: answer_rate, drop: 3}", "rules[0].measure.drop"),
        (
            "chain: nobody\n    event: {name: payment.settled}",
            "alerts.yaml:4: rules.0: there is no chain nobody",
        ),
        ("hours: 0\n    event: {name: payment.settled}", "rules[0].hours"),
    ],
)
def test_a_slip_of_the_pen_is_told_with_its_line(rule: str, fault: str) -> None:
    text = HEAD + f"rules:\n  - rule: a\n    text: t\n    severity: P1\n    {rule}\n"
    with pytest.raises(InputError) as caught:
        parse_alert_book(text)
    assert fault in str(caught.value)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (
            "people: {a: [nobody]}\nchains: {default: [{to: [a]}]}\nrules: []",
            "alerts.yaml:1: people.a[0]: is no address",
        ),
        ("people: {a: []}\nchains: {default: [{to: [b]}]}\nrules: []", "b is nobody (allowed: one of a)"),
        (
            HEAD.replace("[{to: [duty]}]", "[{}, {after_hours: 4}, {after_hours: 1}]") + "rules: []",
            "comes before the level above it",
        ),
        (
            HEAD + "rules:\n" + "  - {rule: a, text: t, severity: P1, event: {name: payment.settled}}\n" * 2,
            "alerts.yaml:5: rules.1.rule: two rules are called a",
        ),
        ("[]", "alerts.yaml:1"),
    ],
)
def test_faults_between_the_parts_are_told_too(text: str, fault: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_alert_book(text)
    assert fault in str(caught.value)


def test_a_disposition_that_no_call_ends_with_is_told() -> None:
    text = HEAD + (
        "rules:\n  - rule: a\n    text: t\n    severity: P1\n"
        "    event: {name: call.*, when: {disposition: [distres, busy]}}\n"
    )
    assert parse_alert_book(text).rules, "without the table nothing is said about it"
    with pytest.raises(InputError) as caught:
        parse_alert_book(text, dispositions=("busy", "distress"))
    fault = "alerts.yaml:7: rules.0.event.when.disposition: no call ends as distres"
    assert str(caught.value) == f"{fault} (allowed: did you mean distress? one of busy, distress)"
    other = text.replace("call.*", "payment.settled")
    assert parse_alert_book(other, dispositions=("busy", "distress")).rules, "a word of another event"


def test_a_changed_file_counts_at_once_and_a_faulty_one_never(tmp_path: Path) -> None:
    path = tmp_path / "alerts.yaml"
    books = AlertBooks(path)
    assert books.look().rules == ()
    path.write_text(HEAD + "rules:\n  - {rule: a, text: t, severity: P1, event: {name: payment.settled}}\n")
    assert [rule.name for rule in books.look().rules] == ["a"]
    path.write_text("rules: what?")
    assert [rule.name for rule in books.look().rules] == ["a"]
    assert books.problems > 0


def test_before_rules_could_be_read_once_no_event_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "alerts.yaml"
    books = AlertBooks(path)
    usable = []
    for text in ("rules: what?", HEAD + "rules: []", "rules: what again?"):
        path.write_text(text)
        books.look()
        usable.append(books.usable)
    assert usable == [False, True, True], "the last good ones hold"
