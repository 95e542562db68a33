"""The verdict: total, minimal law always kept, and every refusal names the first instant at which it lapses."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import cast
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ari_app.domain import compliance
from ari_app.domain.account import AccountDetails
from ari_app.domain.campaign import Campaign, CampaignStatus, CampaignStrategy
from ari_app.domain.compliance import (
    LIST_RULES,
    STANDING_RULES,
    ContactFacts,
    DialVerdict,
    Refusal,
    Rule,
    blocking,
    next_allowed,
    zone_of,
)
from ari_app.domain.contact_facts import Contact, Flag, ListEntry, ListKind, RunningPlan
from ari_app.domain.openings import Openings
from ari_app.domain.rule_case import Case, prepare
from ari_app.domain.rules_of_hours import is_closed, places_of
from ari_app.domain.windows import MINUTES_A_DAY, Window, is_open
from tests.support.examples import examples
from tests.support.rules import MAX_DIALS_A_DAY, shipped
from tests.support.verdicts import (
    BOOK,
    DAY,
    MINUTE,
    MONDAY,
    account,
    campaign,
    decide,
    dials,
    facts,
    flag,
)

pytestmark = pytest.mark.pure

MAX_DIALS_A_WEEK = 6

HARD_FLOOR = Window(8 * 60, 22 * 60)

ZONES = (
    "Asia/Shanghai", "Asia/Urumqi", "Asia/Kolkata", "America/New_York", "America/Los_Angeles", "America/Santiago",
    "America/Nuuk", "Africa/Cairo", "Asia/Beirut", "Australia/Lord_Howe", "Europe/London", "Pacific/Kiritimati",
    "Pacific/Chatham", "UTC",
)  # fmt: skip


windows = st.lists(
    st.tuples(st.integers(0, 23), st.integers(1, 24))
    .filter(lambda pair: pair[0] < pair[1])
    .map(lambda pair: Window(pair[0] * 60, pair[1] * 60)),
    max_size=3,
).map(tuple)
zones = st.sampled_from(ZONES)
instants = st.one_of(
    st.datetimes(datetime(2019, 1, 1), datetime(2032, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    # Month ends, the leap day and the weeks in which clocks change.
    st.builds(
        lambda day, minutes: datetime(day.year, day.month, day.day, tzinfo=UTC) + minutes * MINUTE,
        st.sampled_from([date(2024, 2, 28), date(2026, 2, 28), date(2026, 3, 7), date(2026, 3, 28), date(2026, 4, 24),
                         date(2026, 10, 24), date(2026, 10, 31), date(2026, 12, 31)]),
        st.integers(0, 3 * MINUTES_A_DAY),
    ),
)  # fmt: skip
moments = instants.flatmap(
    lambda now: st.tuples(
        st.just(now),
        st.lists(st.integers(-5 * MINUTES_A_DAY, MINUTES_A_DAY).map(lambda m: now + m * MINUTE), max_size=8),
        st.none() | st.integers(-3 * MINUTES_A_DAY, 3 * MINUTES_A_DAY).map(lambda m: now + m * MINUTE),
    )
)
strategies = st.builds(
    CampaignStrategy,
    timezone=zones,
    windows=windows,
    max_attempts=st.integers(0, 5),
    retry_hours=st.lists(st.floats(0, 200), max_size=5).map(tuple),
    aging_buckets=st.sampled_from([(), ("D1-D30",), ("D31-D60", "D61-D90")]),
    min_amount=st.sampled_from([Decimal(0), Decimal("100.00"), Decimal("100.01")]),
    closed_weekdays=st.lists(st.integers(0, 6), max_size=6).map(tuple),
)
histories = st.builds(
    lambda moment, strategy, status, zone, preferred, listed, is_account_open, is_open_attempt, made, owned: (
        ContactFacts(
            account=account(timezone=zone, preferred_windows=preferred),
            campaign=campaign(strategy, status),
            listed=() if listed is None else (ListEntry(ListKind.DO_NOT_CONTACT, listed),),
            account_open=is_account_open,
            open_attempt=is_open_attempt,
            attempts_made=made,
            due_at=moment[2],
            contacts=dials(*moment[1]),
            has_caller_id=owned,
        ),
        moment[0],
    ),
    moments,
    strategies,
    st.sampled_from([CampaignStatus.RUNNING] * 8 + [CampaignStatus.PAUSED, CampaignStatus.FINISHED]),
    zones | st.just("Mars/Olympus"),
    windows,
    st.none() | st.just("letter"),
    st.sampled_from([True] * 8 + [False]),
    st.sampled_from([False] * 8 + [True]),
    st.integers(0, 6),
    st.sampled_from([True] * 8 + [False]),
)
#: Facts in which nothing but caps and the clock can refuse.
clocked = st.builds(
    lambda moment, zone, campaign_zone, spans, preferred, closed: (
        facts(
            account=account(timezone=zone, preferred_windows=preferred),
            campaign=campaign(
                CampaignStrategy(timezone=campaign_zone, windows=spans, closed_weekdays=closed)
            ),
            due_at=moment[2],
            contacts=dials(*moment[1]),
        ),
        moment[0],
    ),
    moments,
    zones,
    zones,
    windows.filter(bool),
    windows,
    st.lists(st.integers(0, 6), max_size=3).map(tuple),
)


def clock_allows(given_facts: ContactFacts, at: datetime) -> bool:
    """The law of the hours, written a second time and in the plainest way."""
    strategy, person = given_facts.campaign.strategy, given_facts.account
    here, there = ZoneInfo(person.timezone), ZoneInfo(strategy.timezone)
    return (
        is_open([HARD_FLOOR], at, here)
        and (not person.preferred_windows or is_open(person.preferred_windows, at, here))
        and is_open(strategy.windows, at, there)
        and at.astimezone(here).weekday() not in strategy.closed_weekdays
        and at.astimezone(there).weekday() not in strategy.closed_weekdays
    )


@given(histories)
def test_every_history_gets_an_answer_that_keeps_the_law(case: tuple[ContactFacts, datetime]) -> None:
    given_facts, now = case
    verdict = decide(given_facts, now)
    assert verdict.reason
    assert verdict.decided_at == now
    assert verdict.allowed == (verdict.rule is Rule.ALLOWED)
    if verdict.allowed:
        _check_law(given_facts, now)
        assert verdict.until is None
    elif verdict.rule in STANDING_RULES | LIST_RULES:
        assert verdict.until is None
    else:
        assert verdict.until is not None
        assert verdict.until > now
        assert verdict.until.tzinfo is UTC


@given(clocked, clocked, st.lists(st.integers(-4 * MINUTES_A_DAY, 9 * MINUTES_A_DAY), min_size=2, max_size=5))
@settings(max_examples=examples(20))
def test_openings_that_are_remembered_change_no_answer(
    one: tuple[ContactFacts, datetime], other: tuple[ContactFacts, datetime], moves: list[int]
) -> None:
    """In whatever order it is asked, also backwards, and about different hours."""
    openings = Openings()
    for minutes in (0, *moves):
        for given_facts, now in (one, other):
            at = now + minutes * MINUTE
            assert compliance.decide(BOOK, given_facts, at, openings) == decide(given_facts, at)


def test_each_kind_of_hours_has_openings_of_its_own() -> None:
    """Facts that differ in one thing only, asked through a night and a week of holidays."""
    evening = (Window(1000, 1100),)
    kinds = [
        facts(),
        facts(account=account(preferred_windows=evening)),
        facts(account=account(timezone="Asia/Dubai")),
        facts(zones=("Asia/Dubai",)),
        facts(campaign=campaign(CampaignStrategy(windows=evening))),
        facts(campaign=campaign(CampaignStrategy(timezone="America/New_York"))),
        facts(campaign=campaign(CampaignStrategy(closed_weekdays=(0, 4)))),
        facts(campaign=campaign(CampaignStrategy(open_holidays=True))),
        facts(campaign=by_pack("us-reg-f"), **flag(Flag.CONSENT)),
    ]
    openings, book = Openings(), shipped()
    for hours in range(0, 9 * 24, 5):
        at = datetime(2026, 9, 30, tzinfo=UTC) + hours * 60 * MINUTE
        for each in kinds:
            assert compliance.decide(book, each, at, openings) == compliance.decide(book, each, at)


def test_openings_are_remembered_only_from_where_they_were_looked_for() -> None:
    openings = Openings()
    openings.keep("office", MONDAY, MONDAY + DAY)
    assert openings.known("office", MONDAY) == MONDAY + DAY
    assert openings.known("office", MONDAY + DAY - MINUTE) == MONDAY + DAY
    assert openings.known("office", MONDAY - MINUTE) is None
    assert openings.known("office", MONDAY + DAY) is None
    assert openings.known("shop", MONDAY) is None


def _instants(given_facts: ContactFacts) -> list[datetime]:
    return [contact.at for contact in given_facts.contacts]


def _check_law(given_facts: ContactFacts, now: datetime) -> None:
    zone = ZoneInfo(given_facts.account.timezone)
    local = now.astimezone(zone)
    assert 8 <= local.hour < 22
    assert clock_allows(given_facts, now)
    assert given_facts.campaign.status is CampaignStatus.RUNNING
    assert not given_facts.listed
    assert given_facts.account_open
    assert not given_facts.open_attempt
    assert given_facts.has_caller_id
    assert given_facts.attempts_made < given_facts.campaign.strategy.max_attempts
    assert given_facts.due_at is None or given_facts.due_at <= now
    assert (
        sum(dial.astimezone(zone).date() == local.date() for dial in _instants(given_facts)) < MAX_DIALS_A_DAY
    )


#: For each rule whose refusal lapses: does it refuse at an instant? (Windows, floor and closed days act together.)
LAPSES: dict[Rule, Callable[[ContactFacts, datetime], bool]] = {
    Rule.RETRY_NOT_DUE: lambda given_facts, at: given_facts.due_at is not None and at < given_facts.due_at,
    Rule.DAILY_CAP: lambda given_facts, at: (
        sum(
            dial.astimezone(ZoneInfo(given_facts.account.timezone)).date()
            == at.astimezone(ZoneInfo(given_facts.account.timezone)).date()
            for dial in _instants(given_facts)
            if dial <= at
        )
        >= MAX_DIALS_A_DAY
    ),
    Rule.MINIMUM_GAP: lambda given_facts, at: at < max(_instants(given_facts)) + timedelta(minutes=30),
    Rule.WEEKLY_CAP: lambda given_facts, at: (
        sum(
            dial.astimezone(ZoneInfo(given_facts.account.timezone)).isocalendar()[:2]
            == at.astimezone(ZoneInfo(given_facts.account.timezone)).isocalendar()[:2]
            for dial in _instants(given_facts)
        )
        >= MAX_DIALS_A_WEEK
    ),
    Rule.CLOSED_DAY: lambda given_facts, at: not clock_allows(given_facts, at),
    Rule.HARD_FLOOR: lambda given_facts, at: not clock_allows(given_facts, at),
    Rule.CALLING_WINDOW: lambda given_facts, at: not clock_allows(given_facts, at),
}


@settings(max_examples=examples(40))
@given(clocked)
def test_until_is_the_first_instant_at_which_the_rule_lets_go(case: tuple[ContactFacts, datetime]) -> None:
    """Compared with a walk over every minute of four days."""
    given_facts, now = case
    given_facts = replace(
        given_facts, contacts=tuple(each for each in given_facts.contacts if each.at <= now)
    )
    verdict = decide(given_facts, now)
    if verdict.allowed or verdict.rule is Rule.NO_COMMON_WINDOW:
        return
    refuses = LAPSES[verdict.rule]
    assert verdict.until is not None
    assert refuses(given_facts, now)
    assert not refuses(given_facts, verdict.until)
    at = now.replace(second=0, microsecond=0) + MINUTE
    for _ in range(4 * MINUTES_A_DAY):
        if at >= verdict.until:
            break
        assert refuses(given_facts, at), at
        at += MINUTE


@settings(max_examples=examples(40))
@given(clocked)
def test_following_until_always_leads_to_a_call_or_to_a_standing_refusal(
    case: tuple[ContactFacts, datetime],
) -> None:
    given_facts, now = case
    given_facts = replace(
        given_facts, contacts=tuple(each for each in given_facts.contacts if each.at <= now)
    )
    seen: list[DialVerdict] = []
    for _ in range(20):
        verdict = decide(given_facts, now)
        seen.append(verdict)
        if verdict.until is None:
            return
        assert verdict.until > now
        now = verdict.until
    pytest.fail(f"asked again and again: {seen}")


@given(clocked)
def test_the_quick_look_at_the_clocks_is_the_same_as_asking_every_place(
    case: tuple[ContactFacts, datetime],
) -> None:
    given_facts, now = case
    ready = prepare(BOOK, given_facts, now).case
    assert isinstance(ready, Case)
    assert is_closed(ready) == (not all(place.is_open(now) for place in places_of(ready, ready.days)))


@settings(max_examples=examples(40))
@given(clocked)
def test_windows_that_never_meet_are_never_open(case: tuple[ContactFacts, datetime]) -> None:
    given_facts, now = case
    verdict = decide(given_facts, now)
    if verdict.rule is Rule.NO_COMMON_WINDOW:
        at = now
        for _ in range(8 * 24):
            assert not clock_allows(given_facts, at)
            at += timedelta(hours=1)


def on_list(kind: ListKind) -> dict[str, object]:
    """Facts with one entry of a list."""
    return {"listed": (ListEntry(kind, "letter"),)}


def by_pack(name: str) -> Campaign:
    """A campaign of another pack."""
    return campaign(CampaignStrategy(rule_pack=name, closed_weekdays=()))


TALKED = (Contact(MONDAY - 2 * DAY, "acc-1", conversation=True),)

#: One fault each, in the order in which the rules are asked.
FAULTS: tuple[tuple[Rule, dict[str, object]], ...] = (
    (Rule.CAMPAIGN_NOT_RUNNING, {"campaign": campaign(status=CampaignStatus.PAUSED)}),
    (Rule.DO_NOT_CONTACT, on_list(ListKind.DO_NOT_CONTACT)),
    (Rule.BLACK_LIST, on_list(ListKind.BLACK)),
    (Rule.COMPLAINT_LIST, on_list(ListKind.COMPLAINT)),
    (Rule.NUMBER_DEAD, {"number_dead": "unallocated"}),
    (Rule.DECEASED, flag(Flag.DECEASED)),
    (Rule.BANKRUPT, flag(Flag.BANKRUPT)),
    (Rule.REPRESENTED, flag(Flag.REPRESENTED)),
    (Rule.GUARDIAN, flag(Flag.GUARDIAN)),
    (Rule.NO_CONSENT, flag(Flag.NO_CONSENT)),
    (Rule.DISPUTE_OPEN, flag(Flag.DISPUTE, "acc-1")),
    (Rule.HANDED_OVER, flag(Flag.HANDED_OVER, "acc-1")),
    (Rule.PAID, flag(Flag.PAID, "acc-1")),
    (Rule.PLAN_ACTIVE, {"plan": RunningPlan("installment", MONDAY + DAY)}),
    (Rule.STRATEGY_UNREADABLE, {"by_strategy": Refusal(Rule.STRATEGY_UNREADABLE, "so says the file")}),
    (Rule.STRATEGY_STOPPED, {"by_strategy": Refusal(Rule.STRATEGY_STOPPED, "so says the file")}),
    (Rule.OUTSIDE_ROLLOUT, {"by_strategy": Refusal(Rule.OUTSIDE_ROLLOUT, "so says the file")}),
    (Rule.STRATEGY_NOT_SIGNED, {"by_strategy": Refusal(Rule.STRATEGY_NOT_SIGNED, "so says the file")}),
    (Rule.NO_CALL_STEP, {"by_strategy": Refusal(Rule.NO_CALL_STEP, "so says the file")}),
    (Rule.STEP_NOT_DUE, {"by_strategy": Refusal(Rule.STEP_NOT_DUE, "so says the file", MONDAY + DAY)}),
    (Rule.RULES_UNREADABLE, {"campaign": by_pack("nowhere")}),
    (Rule.UNKNOWN_TIMEZONE, {"account": account(timezone="Mars/Olympus")}),
    (Rule.CONSENT_MISSING, {"campaign": by_pack("us-reg-f")}),
    (Rule.ACCOUNT_CLOSED, {"account_open": False}),
    (Rule.BELOW_MINIMUM_AMOUNT, {"campaign": campaign(CampaignStrategy(min_amount=Decimal(9000)))}),
    (Rule.OUTSIDE_AGING_BUCKETS, {"campaign": campaign(CampaignStrategy(aging_buckets=("D1-D30",)))}),
    (Rule.NO_CALLER_ID, {"has_caller_id": False}),
    (Rule.OPEN_ATTEMPT, {"open_attempt": True}),
    (Rule.MAX_ATTEMPTS, {"attempts_made": 3}),
    (Rule.FIRST_CONTACT_BY_MESSAGE, {"message_channel": True}),
    (Rule.RETRY_NOT_DUE, {"due_at": MONDAY + MINUTE}),
    (Rule.MINIMUM_GAP, {"contacts": dials(MONDAY - MINUTE)}),
    (Rule.QUIET_AFTER_CONVERSATION, {"campaign": by_pack("us-reg-f"), "contacts": TALKED, **flag(Flag.CONSENT)}),
    (Rule.CONVERSATION_CAP, {"contacts": tuple(replace(TALKED[0], at=MONDAY - n * 31 * MINUTE) for n in (3, 2, 1))}),
    (Rule.DAILY_CAP, {"contacts": dials(MONDAY - 31 * MINUTE, MONDAY - 62 * MINUTE)}),
    (Rule.WEEKLY_CAP, {"now": MONDAY + 3 * DAY, "contacts": dials(*(MONDAY + n * 12 * MINUTE for n in range(6)))}),
    (Rule.SEVEN_DAY_CAP, {"campaign": by_pack("us-reg-f"), "contacts": dials(*(MONDAY - n * DAY / 2 for n in range(3, 10))),
                          **flag(Flag.CONSENT)}),
    (Rule.REMINDER_CAP, {"account": account(due_date=date(2026, 12, 1)),
                         "contacts": tuple(Contact(MONDAY - n * DAY, reminder=True) for n in (3, 2))}),
    (Rule.UNCONFIRMED_YEAR, {"now": datetime(2027, 1, 4, 2, 0, tzinfo=UTC)}),
    (Rule.HOLIDAY, {"now": datetime(2026, 10, 1, 2, 0, tzinfo=UTC)}),
    (Rule.CLOSED_DAY, {"campaign": campaign(CampaignStrategy(closed_weekdays=(0,)))}),
    (Rule.HARD_FLOOR, {"account": account(timezone="Asia/Dubai")}),
    (Rule.CALLING_WINDOW, {"campaign": campaign(CampaignStrategy(windows=(Window(660, 720),)))}),
    (Rule.NO_COMMON_WINDOW, {"account": account(preferred_windows=(Window(0, 480),))}),
)  # fmt: skip


def case_of(fault: dict[str, object]) -> tuple[ContactFacts, datetime]:
    """Facts with a fault, and the instant at which it is one."""
    changes = dict(fault)
    now = changes.pop("now", MONDAY)
    assert isinstance(now, datetime)
    return facts(**changes), now


def test_nothing_speaks_against_this_call() -> None:
    assert decide(facts(), MONDAY) == DialVerdict(
        True, Rule.ALLOWED, "inside every window and below every cap", None, MONDAY, "cn-telecom", "2025.1"
    )


@pytest.mark.parametrize(("rule", "fault"), FAULTS, ids=[rule for rule, _ in FAULTS])
def test_each_rule_refuses_by_its_name(rule: Rule, fault: dict[str, object]) -> None:
    given_facts, now = case_of(fault)
    verdict = compliance.decide(shipped(), given_facts, now)
    assert verdict.rule is rule, verdict
    assert (verdict.until is None) == (rule in STANDING_RULES | LIST_RULES)
    assert verdict.rule_pack == given_facts.campaign.strategy.rule_pack
    found = blocking(shipped(), given_facts, now)
    assert [(each.rule, each.reason, each.until) for each in found[:1]] == [
        (rule, verdict.reason, verdict.until)
    ]
    assert list(Rule).index(rule) == min(list(Rule).index(each.rule) for each in found)


def test_every_rule_has_its_case() -> None:
    assert [rule for rule, _ in FAULTS] == list(Rule)[1:]
    lapsing = {
        Rule.PLAN_ACTIVE,
        Rule.STEP_NOT_DUE,
        Rule.QUIET_AFTER_CONVERSATION,
        Rule.CONVERSATION_CAP,
        Rule.SEVEN_DAY_CAP,
        Rule.REMINDER_CAP,
        Rule.HOLIDAY,
    }
    assert set(LAPSES) | lapsing | STANDING_RULES | LIST_RULES | {Rule.ALLOWED} == set(Rule)


def test_the_first_rule_in_order_is_named_and_all_are_told() -> None:
    together: dict[str, object] = {}
    for rule, fault in reversed(FAULTS):
        if fault.keys() & {"campaign", "account", "now"} or rule is Rule.CONVERSATION_CAP:
            continue
        merged = {
            key: tuple(cast("tuple[object, ...]", each.get(key, ())) for each in (fault, together))
            for key in ("flags", "listed")
        }
        together |= {**fault, **{key: (*new, *known) for key, (new, known) in merged.items()}}
        assert decide(facts(**together), MONDAY).rule is rule
        found = [each.rule for each in blocking(BOOK, facts(**together), MONDAY)]
        assert found == sorted(found, key=list(Rule).index)


@pytest.mark.parametrize(
    ("hour", "minute", "second", "allowed"),
    [(7, 59, 59, False), (8, 0, 0, True), (21, 59, 59, True), (22, 0, 0, False), (0, 0, 0, False)],
)
def test_the_hard_floor_cannot_be_widened(hour: int, minute: int, second: int, allowed: bool) -> None:
    wide = CampaignStrategy(windows=(Window(0, MINUTES_A_DAY),), closed_weekdays=())
    anytime = account(preferred_windows=(Window(0, MINUTES_A_DAY),))
    now = datetime(2026, 11, 23, hour, minute, second, tzinfo=ZoneInfo("Asia/Shanghai"))
    assert decide(facts(account=anytime, campaign=campaign(wide)), now).allowed is allowed


def test_a_closed_day_is_named_where_it_is_closed() -> None:
    """Friday evening in New York is Saturday in Shanghai, where the campaign lives."""
    person = account(timezone="America/New_York")
    now = datetime(2026, 11, 20, 20, 0, tzinfo=ZoneInfo("America/New_York"))
    verdict = decide(facts(account=person), now)
    assert (verdict.rule, verdict.reason) == (Rule.CLOSED_DAY, "the campaign is closed on Saturday")


def test_the_daily_cap_ends_at_the_customer_s_midnight() -> None:
    made = dials(MONDAY, MONDAY + timedelta(minutes=30))
    verdict = decide(facts(contacts=made), MONDAY + timedelta(hours=1))
    assert (verdict.rule, verdict.until) == (Rule.DAILY_CAP, datetime(2026, 11, 23, 16, 0, tzinfo=UTC))


@given(st.text(st.characters(exclude_categories=[])))
def test_any_name_of_a_zone_gets_an_answer(name: str) -> None:
    verdict = decide(facts(account=account(timezone=name)), MONDAY)
    if zone_of(name) is None:
        assert verdict.rule is Rule.UNKNOWN_TIMEZONE


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "..",
        "/",
        "/etc/passwd",
        "../../etc/passwd",
        "Asia",
        "Asia/",
        "a\x00b",
        "x" * 5000,
        "tzdata.zi",
    ],
)
def test_what_is_no_zone(name: str) -> None:
    assert decide(facts(account=account(timezone=name)), MONDAY).rule is Rule.UNKNOWN_TIMEZONE
    lost = campaign(CampaignStrategy(timezone=name))
    assert decide(facts(campaign=lost), MONDAY).rule is Rule.UNKNOWN_TIMEZONE


@pytest.mark.parametrize("amount", ["NaN", "sNaN", "-Infinity"])
def test_an_amount_that_is_none_is_below_every_minimum(amount: str) -> None:
    odd = facts(account=account(amount_due=Decimal(amount)))
    assert decide(odd, MONDAY).rule is Rule.BELOW_MINIMUM_AMOUNT


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("year", [1, 9999], ids=["first", "last"])
def test_the_ends_of_the_calendar_get_an_answer(zone: str, year: int) -> None:
    day = (1, 1) if year == 1 else (12, 31)
    for where in (UTC, ZoneInfo(zone)):
        for hour in (0, 23):
            now = datetime(year, *day, hour, 59, tzinfo=where)
            assert decide(facts(account=account(timezone=zone)), now).reason


@settings(max_examples=examples(40))
@given(histories)
def test_the_next_allowed_instant_is_allowed_and_none_before_it_is(
    case: tuple[ContactFacts, datetime],
) -> None:
    given_facts, now = case
    given_facts = replace(
        given_facts, contacts=tuple(each for each in given_facts.contacts if each.at <= now)
    )
    found = next_allowed(BOOK, given_facts, now)
    if found.at is None:
        assert found.verdict.until is None
    else:
        assert decide(given_facts, found.at).allowed
    last = found.at if found.at is not None else now + 3 * DAY
    for part in range(1, 10):
        at = now + (last - now) * part / 10
        if at < last:
            assert not decide(given_facts, at).allowed, at


def test_a_minor_of_the_list_is_left_to_a_person() -> None:
    verdict = decide(facts(account=account(details=AccountDetails(minor=True))), MONDAY)
    assert (verdict.allowed, verdict.rule, verdict.until) == (False, Rule.GUARDIAN, None)
