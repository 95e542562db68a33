"""A month of calling whenever the verdict lets us: no cap of any pack is ever passed, as somebody else counts it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ari_app.domain.campaign import CampaignStrategy
from ari_app.domain.compliance import ContactFacts, decide, next_allowed
from ari_app.domain.contact_facts import Contact, Flag, StandingFlag
from ari_app.domain.windows import MINUTES_A_DAY, Window
from tests.support.examples import examples
from tests.support.month_check import PACKS, Call, complaints
from tests.support.rules import shipped
from tests.support.verdicts import account, campaign, facts

pytestmark = pytest.mark.pure

BEGIN, END = datetime(2026, 10, 1, tzinfo=UTC), datetime(2026, 10, 31, tzinfo=UTC)
CONSENT = (StandingFlag(Flag.CONSENT, "a form", BEGIN),)

#: For each step: which debt asks, after how many minutes, whether somebody talks.
steps = st.lists(
    st.tuples(st.sampled_from(["acc-1", "acc-2"]), st.integers(0, 600), st.booleans()),
    min_size=30,
    max_size=90,
)
homes = st.sampled_from(
    [
        ("Asia/Shanghai",),
        ("Asia/Urumqi", "Asia/Shanghai"),
        ("America/New_York", "America/Los_Angeles"),
        ("Australia/Sydney",),
    ]
)
dues = st.tuples(
    st.dates(date(2026, 9, 20), date(2026, 11, 5)), st.dates(date(2026, 9, 20), date(2026, 11, 5))
)


def a_month(
    pack: str, zones: tuple[str, ...], due: dict[str, date], wanted: list[tuple[str, int, bool]]
) -> list[Call]:
    """The calls of a dialler that asks whenever it pleases, and calls as soon as it is let."""
    strategy = CampaignStrategy(
        timezone=zones[0],
        windows=(Window(0, MINUTES_A_DAY),),
        rule_pack=pack,
        retry_hours=tuple(range(100)),
        max_attempts=9,
    )
    calls: list[Call] = []
    contacts: list[Contact] = []
    now = BEGIN
    for debt, minutes, talked in wanted:
        person = account(account_id=debt, timezone=zones[0], due_date=due[debt])
        asked = facts(
            account=person,
            campaign=campaign(strategy),
            zones=zones[1:],
            flags=CONSENT,
            contacts=tuple(contacts),
        )
        since = now + timedelta(minutes=minutes)
        found = next_allowed(shipped(), asked, since)
        if found.at is None or found.at >= END:
            continue
        assert decide(shipped(), asked, found.at).allowed
        now = found.at
        _nothing_was_missed(asked, since, now)
        overdue = now.astimezone(ZoneInfo(zones[0])).date() > due[debt]
        contacts.append(Contact(now, debt, talked, reminder=not overdue))
        calls.append(Call(now, debt, talked, overdue))
    return calls


def _nothing_was_missed(asked: ContactFacts, since: datetime, found: datetime) -> None:
    """At no sampled instant before it a call was allowed."""
    for part in range(5):
        at = since + (found - since) * part / 5
        assert at == found or not decide(shipped(), asked, at).allowed


@pytest.mark.parametrize("pack", sorted(PACKS))
@settings(max_examples=examples(6), deadline=None)
@given(homes, dues, steps)
def test_no_cap_is_ever_passed(
    pack: str, zones: tuple[str, ...], due: tuple[date, date], wanted: list[tuple[str, int, bool]]
) -> None:
    calls = a_month(pack, zones, {"acc-1": due[0], "acc-2": due[1]}, wanted)
    assert calls
    assert complaints(calls, pack, zones) == []


@pytest.mark.parametrize("pack", sorted(PACKS))
def test_the_checker_finds_what_is_wrong(pack: str) -> None:
    """One call too many, at night, on a holiday, too soon: each is found."""
    noon = datetime(2026, 10, 13, 4 if pack.startswith("cn") else 16, tzinfo=UTC)
    zones = ("Asia/Shanghai",) if pack.startswith("cn") else ("America/New_York",)
    fine = Call(noon, "a", False, True)
    assert complaints([fine], pack, zones) == []
    assert complaints([replace(fine, at=noon + timedelta(hours=11))], pack, zones)
    assert complaints([replace(fine, at=noon - timedelta(days=2))], pack, zones)
    assert complaints([fine, replace(fine, at=noon + timedelta(minutes=5))], pack, zones)
    many = [replace(fine, at=noon + timedelta(minutes=n * 121)) for n in range(4)]
    assert complaints(many, pack, zones)
    reminders = [replace(fine, at=noon + timedelta(days=n), overdue=False) for n in range(3)]
    assert complaints(reminders, pack, zones)


def test_the_checker_knows_regulation_f() -> None:
    noon = datetime(2026, 10, 13, 16, tzinfo=UTC)
    talk = Call(noon, "a", True, True)
    soon = Call(noon + timedelta(days=6), "a", False, True)
    assert complaints([talk, soon], "us-reg-f", ["America/New_York"])
    assert complaints([talk, replace(soon, debt="b")], "us-reg-f", ["America/New_York"]) == []
    assert (
        complaints([talk, replace(soon, at=noon + timedelta(days=7))], "us-reg-f", ["America/New_York"]) == []
    )
