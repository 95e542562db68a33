"""When service ends: what is said of it is true at the time of the call, and nothing else is said."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ari_app.dialogue import spoken
from ari_app.dialogue.account_view import Promised, SealedAccount, VerifiedView, opening_view
from ari_app.dialogue.flow_policy import Policy
from ari_app.dialogue.flow_values import plan_value
from ari_app.dialogue.number_pieces import bare, inventory, pieces_of
from ari_app.dialogue.suspension import SUSPENSION_CONDITIONS, suspension_condition
from ari_app.dialogue.understanding import understand
from ari_app.domain.account import AccountDetails
from ari_app.errors import InputError
from ari_app.services.flow_sources import parse_flow
from tests.pure.test_flow_plans import FLOW
from tests.support.talks import TAIL, an_account

pytestmark = pytest.mark.pure

NOW = datetime(2026, 3, 11, 10, 30, tzinfo=ZoneInfo("Asia/Shanghai"))
TODAY = NOW.date()

details = st.builds(
    AccountDetails,
    service_state=st.sampled_from(("", "active", "suspended")),
    suspension_on=st.none() | st.dates(TODAY - timedelta(days=3), TODAY + timedelta(days=3)),
    suspension_at=st.none() | st.times(),
)


def holds(name: str, promised: date | None = None, /, **known: Any) -> bool:
    return bool(suspension_condition(name, replace(AccountDetails(), **known), promised, NOW))


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        ({}, set()),
        ({"suspension_at": time(14)}, set()),
        ({"suspension_on": TODAY}, {"suspension_ahead", "suspension_today"}),
        (
            {"suspension_on": TODAY, "suspension_at": time(14)},
            {"suspension_ahead", "suspension_today", "suspension_time_known"},
        ),
        ({"suspension_on": TODAY, "suspension_at": time(10, 30)}, {"suspension_time_known"}),
        ({"suspension_on": TODAY + timedelta(days=1)}, {"suspension_ahead"}),
        ({"suspension_on": TODAY - timedelta(days=1)}, set()),
        ({"suspension_on": TODAY, "service_state": "suspended"}, {"suspension_past"}),
        ({"suspension_on": TODAY - timedelta(days=1), "service_state": "suspended"}, {"suspension_past"}),
        ({"suspension_on": TODAY + timedelta(days=1), "service_state": "suspended"}, set()),
        ({"service_state": "suspended"}, set()),
    ],
)
def test_what_is_known_of_the_end_of_service(known: dict[str, Any], expected: set[str]) -> None:
    assert {name for name in SUSPENSION_CONDITIONS if holds(name, **known)} == expected


def test_a_promise_is_too_late_from_the_day_after_on() -> None:
    ends = {"suspension_on": TODAY + timedelta(days=1), "suspension_at": time(9)}
    assert not holds("promise_after_suspension", None, **ends)
    assert not holds("promise_after_suspension", TODAY + timedelta(days=1), **ends)
    assert holds("promise_after_suspension", TODAY + timedelta(days=2), **ends)
    assert not holds("promise_after_suspension", TODAY + timedelta(days=2))
    assert not holds("promise_after_suspension", TODAY + timedelta(days=2), **ends, service_state="suspended")
    assert suspension_condition("overdue", AccountDetails(), None, NOW) is None


@given(details, st.integers(-4 * 1440, 4 * 1440))
def test_service_never_both_ends_and_has_ended(known: AccountDetails, minutes: int) -> None:
    now = NOW + timedelta(minutes=minutes)
    ahead, past = (
        suspension_condition(name, known, None, now) for name in ("suspension_ahead", "suspension_past")
    )
    assert not (ahead and past)
    moment = known.suspension_on and datetime.combine(
        known.suspension_on, known.suspension_at or time.max, NOW.tzinfo
    )
    if ahead:
        assert moment is not None
        assert moment > now
    if past:
        assert known.service_state == "suspended"
        assert known.suspension_on is not None
        assert known.suspension_on <= now.date()


@pytest.mark.parametrize(
    ("at", "zh", "en"),
    [
        (time(0), "凌晨零点", "midnight"),
        (time(0, 30), "凌晨零点三十分", "twelve thirty at night"),
        (time(9, 5), "上午九点零五分", "nine oh five in the morning"),
        (time(12), "中午十二点", "noon"),
        (time(14), "下午两点", "two o'clock in the afternoon"),
        (time(14, 30), "下午两点三十分", "two thirty in the afternoon"),
        (time(23, 59), "晚上十一点五十九分", "eleven fifty nine in the evening"),
    ],
)
def test_a_time_of_day_in_words(at: time, zh: str, en: str) -> None:
    assert (spoken.clock(at, "zh"), spoken.clock(at, "en")) == (zh, en)


@given(st.times(), st.sampled_from(spoken.LANGUAGES))
def test_every_time_of_day_can_be_said_in_pieces(at: time, language: str) -> None:
    text = spoken.clock(at, language)
    pieces = pieces_of(text, language)
    assert ("" if language == "zh" else " ").join(pieces) == text
    assert {bare(piece) for piece in pieces} <= set(inventory(language))


def view(**known: Any) -> VerifiedView:
    account = replace(an_account("en"), details=replace(AccountDetails(), **known))
    found = SealedAccount(account, opening_view(account, "Spruce")).open(TAIL)
    assert found is not None
    return found


def test_values_of_the_end_of_service() -> None:
    def value(name: str, policy: Policy, **known: Any) -> str | None:
        return plan_value(name, view(**known), Promised(), policy, TODAY)

    assert value("suspension_time", Policy(), suspension_at=time(9)) == "nine o'clock in the morning"
    assert value("suspension_time", Policy()) is None
    assert value("emergency_phone", Policy(emergency_phone="955")) == "nine five five"
    assert value("emergency_phone", Policy()) is None


@pytest.mark.parametrize(
    ("text", "digits"), [('"95598"', "95598"), ("400-820 8820", "4008208820"), ("95598", "95598")]
)
def test_a_number_for_emergencies(text: str, digits: str) -> None:
    flow = parse_flow(FLOW.replace("policy:\n", f"policy:\n  emergency_phone: {text}\n", 1))
    assert flow.policy.emergency_phone == digits


@pytest.mark.parametrize("text", ["12", '"call us"', '"+8610"', '"1234567890123456"'])
def test_a_number_for_emergencies_that_is_none(text: str) -> None:
    with pytest.raises(InputError, match="is no telephone number"):
        parse_flow(FLOW.replace("policy:\n", f"policy:\n  emergency_phone: {text}\n", 1))


@pytest.mark.parametrize(
    ("language", "said", "finer"),
    [
        ("zh", "家里有老人用呼吸机", "special_needs"),
        ("zh", "我家有个刚满月的宝宝", "special_needs"),
        ("zh", "我爸在家做透析呢", "special_needs"),
        ("zh", "我家没有小孩", ""),
        ("zh", "我有事在接孩子", ""),
        ("zh", "我都交了怎么还没来电", "restore_wanted"),
        ("zh", "什么时候能恢复供电", "restore_wanted"),
        ("zh", "赶紧给我复机", "restore_wanted"),
        ("zh", "我的电话号码换了", ""),
        ("en", "my mother is on a ventilator", "special_needs"),
        ("en", "we have a baby at home", "special_needs"),
        ("en", "there is an elderly person here", "special_needs"),
        ("en", "i have a job", ""),
        ("en", "i paid but i am still cut off", "restore_wanted"),
        ("en", "when will my power be back", "restore_wanted"),
        ("en", "please turn it back on", "restore_wanted"),
        ("en", "call me back", ""),
    ],
)
def test_who_depends_on_a_service_and_who_wants_it_back(language: str, said: str, finer: str) -> None:
    heard = understand(said, language, "ask_when", NOW)
    assert heard.finer == finer
    if finer == "special_needs":
        assert "hardship" in (heard.intent, *heard.also)
