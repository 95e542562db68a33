"""The verdict by zones, calendars, lists and versions of a pack."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from ari_app.domain import compliance
from ari_app.domain.campaign import CampaignStrategy
from ari_app.domain.compliance import Rule, next_allowed
from ari_app.domain.contact_facts import Flag, ListEntry, ListKind
from ari_app.domain.rule_pack import Cap, Demand, Hours, RuleBook, Rules
from ari_app.domain.windows import MINUTES_A_DAY, Window
from tests.support.rules import shipped
from tests.support.verdicts import (
    ANY_YEAR,
    BOOK,
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


def test_a_call_is_lawful_wherever_the_customer_may_be() -> None:
    """A number of New York, an address in Los Angeles: 8 o'clock on the coast that wakes later, 21 on the earlier one."""
    coast = account(timezone="America/Los_Angeles", phone="+12125550100")
    wide = campaign(CampaignStrategy(timezone="UTC", windows=(Window(0, MINUTES_A_DAY),), closed_weekdays=()))
    both = facts(account=coast, zones=("America/New_York",), campaign=wide)
    for hour in range(24):
        now = datetime(2026, 11, 24, hour, 0, tzinfo=UTC)
        there = [now.astimezone(ZoneInfo(name)).hour for name in ("America/Los_Angeles", "America/New_York")]
        assert decide(both, now).allowed == all(8 <= each < 22 for each in there)
    lost = facts(account=coast, zones=("America/New_York", "Mars/Olympus"), campaign=wide)
    assert decide(lost, MONDAY).rule is Rule.UNKNOWN_TIMEZONE


def test_caps_count_in_every_zone() -> None:
    """Two dials of one day in China are one of yesterday and one of today in New York: the stricter clock counts."""
    person = account(timezone="America/New_York")
    made = dials(datetime(2026, 11, 23, 4, 0, tzinfo=UTC), datetime(2026, 11, 23, 5, 30, tzinfo=UTC))
    now = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)
    assert decide(facts(account=person, contacts=made), now).rule is not Rule.DAILY_CAP
    verdict = decide(facts(account=person, zones=("Asia/Shanghai",), contacts=made), now)
    assert (verdict.rule, verdict.until) == (Rule.DAILY_CAP, datetime(2026, 11, 23, 16, 0, tzinfo=UTC))


@pytest.mark.parametrize(
    ("day", "opened", "rule"),
    [
        (date(2026, 10, 1), False, Rule.HOLIDAY),
        (date(2026, 10, 1), True, Rule.ALLOWED),
        (date(2026, 10, 4), False, Rule.HOLIDAY),
        (date(2026, 10, 10), False, Rule.ALLOWED),  # a Saturday that is worked
        (date(2026, 10, 11), False, Rule.CLOSED_DAY),
        (date(2026, 12, 31), False, Rule.ALLOWED),
        (date(2027, 1, 1), True, Rule.UNCONFIRMED_YEAR),
    ],
)
def test_holidays_and_days_worked_instead(day: date, opened: bool, rule: Rule) -> None:
    strategy = CampaignStrategy(open_holidays=opened, closed_weekdays=(5, 6))
    now = datetime(day.year, day.month, day.day, 2, 0, tzinfo=UTC)
    assert compliance.decide(shipped(), facts(campaign=campaign(strategy)), now).rule is rule


def test_a_pack_may_close_holidays_whatever_a_strategy_says() -> None:
    strategy = CampaignStrategy(rule_pack="cn-utilities", open_holidays=True, closed_weekdays=())
    now = datetime(2026, 10, 1, 2, 0, tzinfo=UTC)
    assert compliance.decide(shipped(), facts(campaign=campaign(strategy)), now).rule is Rule.HOLIDAY
    saturday = datetime(2026, 11, 28, 1, 30, tzinfo=UTC)  # 09:30, and weekends open at ten
    verdict = compliance.decide(shipped(), facts(campaign=campaign(strategy)), saturday)
    assert (verdict.rule, verdict.until) == (Rule.HARD_FLOOR, saturday + timedelta(minutes=30))


def test_the_evening_before_an_unconfirmed_year_has_no_next_time() -> None:
    found = next_allowed(shipped(), facts(), datetime(2026, 12, 31, 15, 0, tzinfo=UTC))
    assert (found.at, found.verdict.rule) == (None, Rule.UNCONFIRMED_YEAR)


def changing(since: date, **changes: object) -> RuleBook:
    """The pack of telecom operators as it ships, with another version from a day on."""
    rules = shipped().rules["cn-telecom"]
    later = replace(rules.pack.versions[0], version="later", since=since, **changes)  # type: ignore[arg-type]
    return RuleBook(
        {"cn-telecom": replace(rules, pack=replace(rules.pack, versions=(*rules.pack.versions, later)))}
    )


def test_an_unconfirmed_year_is_told_also_where_another_version_comes() -> None:
    """Else the calls would wait for that version although somebody confirms the year in its first days."""
    evening = datetime(2026, 12, 31, 15, 0, tzinfo=UTC)
    verdict = compliance.decide(changing(date(2027, 2, 1)), facts(), evening)
    assert (verdict.rule, verdict.until) == (Rule.UNCONFIRMED_YEAR, None)


def test_windows_that_meet_only_in_another_version_wait_for_it() -> None:
    early = facts(campaign=campaign(CampaignStrategy(windows=(Window(7 * 60, 8 * 60),), closed_weekdays=())))
    book = changing(date(2026, 6, 1), hours=Hours((Window(6 * 60, 22 * 60),), (), (), "a test"))
    found = next_allowed(book, early, datetime(2026, 1, 12, 2, 0, tzinfo=UTC))
    assert found.at == datetime(2026, 5, 31, 23, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("rule", "changed", "fault"),
    [
        (Rule.MAX_ATTEMPTS, {"attempts_per_task": Cap(10, 10, "a test")}, {"attempts_made": 10}),
        (Rule.CONSENT_MISSING, {"consent_required": Demand(False, "a test")}, {}),
        (Rule.FIRST_CONTACT_BY_MESSAGE, {"first_contact_by_message": None}, {"message_channel": True}),
    ],
)
def test_what_a_pack_refuses_for_good_is_asked_again_by_its_next_version(
    rule: Rule, changed: dict[str, object], fault: dict[str, object]
) -> None:
    strategy = CampaignStrategy(max_attempts=9, retry_hours=tuple(range(20)))
    pack = BOOK.rules["cn-telecom"].pack
    first = pack.versions[0]
    if rule is Rule.CONSENT_MISSING:
        first = replace(first, consent_required=Demand(True, "a test"))
    since = date(2026, 11, 24)
    later = replace(first, version="later", since=since, **changed)  # type: ignore[arg-type]
    for versions, until in (((first,), None), ((first, later), datetime(2026, 11, 23, 16, 0, tzinfo=UTC))):
        book = RuleBook({"cn-telecom": Rules(replace(pack, versions=versions), ANY_YEAR)})
        verdict = compliance.decide(book, facts(campaign=campaign(strategy), **fault), MONDAY)
        assert (verdict.rule, verdict.until) == (rule, until)


def test_an_entry_that_lapses_says_until_when() -> None:
    until = MONDAY + timedelta(hours=3)
    listed = (ListEntry(ListKind.BLACK, "a"), ListEntry(ListKind.DO_NOT_CONTACT, "b", until))
    verdict = decide(facts(listed=listed), MONDAY)
    assert (verdict.rule, verdict.until) == (Rule.DO_NOT_CONTACT, until)
    assert decide(facts(listed=listed), until).rule is Rule.BLACK_LIST
    harmless = (ListEntry(ListKind.WHITE, "c"), ListEntry(ListKind.SPECIAL, "d"))
    assert decide(facts(listed=harmless), MONDAY).allowed


def test_a_flag_of_another_account_stands_in_nobody_s_way() -> None:
    assert decide(facts(**flag(Flag.DISPUTE, "acc-2")), MONDAY).allowed
    assert decide(facts(**flag(Flag.CONSENT)), MONDAY).allowed


@pytest.mark.parametrize(("account_id", "allowed"), [("", True), ("acc-1", True), ("acc-2", False)])
def test_a_consent_of_one_account_lets_nobody_call_about_another(account_id: str, allowed: bool) -> None:
    by_pack = campaign(CampaignStrategy(rule_pack="us-reg-f"))
    verdict = decide(facts(campaign=by_pack, **flag(Flag.CONSENT, account_id)), MONDAY)
    assert (verdict.rule is not Rule.CONSENT_MISSING) == allowed


@pytest.mark.parametrize(("wanted", "allowed"), [(None, 2), (1, 1), (3, 3), (9, 3)])
def test_a_strategy_moves_a_cap_up_to_the_hard_number(wanted: int | None, allowed: int) -> None:
    strategy = campaign(CampaignStrategy(dials_per_day=wanted))
    made = [MONDAY - (n + 1) * 31 * MINUTE for n in range(3)]
    for count in range(4):
        verdict = decide(facts(campaign=strategy, contacts=dials(*made[:count])), MONDAY)
        assert (verdict.rule is Rule.DAILY_CAP) == (count >= allowed)


def test_another_version_holds_from_its_day_on() -> None:
    """In force from Tuesday on: afternoons only. Asked on Monday night, the answer is of the version of Tuesday."""
    pack = BOOK.rules["cn-telecom"].pack
    later = replace(
        pack.versions[0],
        version="later",
        since=date(2026, 11, 24),
        hours=replace(pack.versions[0].hours, working=(Window(14 * 60, 22 * 60),)),
    )
    book = RuleBook({"cn-telecom": Rules(replace(pack, versions=(pack.versions[0], later)), ANY_YEAR)})
    monday_night = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
    verdict = compliance.decide(book, facts(), monday_night)
    assert (verdict.rule_pack_version, verdict.until) == ("2025.1", datetime(2026, 11, 23, 16, 0, tzinfo=UTC))
    found = next_allowed(book, facts(), monday_night)
    assert found.at == datetime(2026, 11, 24, 6, 0, tzinfo=UTC)
    assert found.verdict.rule_pack_version == "later"
    early = RuleBook({"cn-telecom": Rules(replace(pack, versions=(later,)), ANY_YEAR)})
    refused = compliance.decide(early, facts(), MONDAY)
    assert (refused.rule, refused.until) == (Rule.RULES_UNREADABLE, None)
