"""The flow around a suspension: what is said of the end of service is true, service is promised to nobody, and whoever
depends on it, or has paid and is still cut off, gets a person."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ari_app.dialogue import spoken
from ari_app.dialogue.suspension import has_ended, lies_ahead
from ari_app.domain.account import Account, AccountDetails
from ari_app.services.flow_sources import read_flow_file
from tests.support.examples import examples
from tests.support.talks import ROOT, TAIL, an_account, talk, words

pytestmark = pytest.mark.pure

FLOW = read_flow_file(ROOT / "dialplan" / "flows" / "suspension.yaml")
ZONE = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 3, 11, 10, 30, tzinfo=ZONE)
AHEAD = AccountDetails(service="water", suspension_on=date(2026, 3, 12), suspension_at=time(14))
ENDED = AccountDetails(service="water", service_state="suspended", suspension_on=date(2026, 3, 9))


def account(details: AccountDetails, language: str = "zh") -> Account:
    return replace(an_account(language), details=details)


@given(
    st.builds(
        AccountDetails,
        service_state=st.sampled_from(("", "active", "suspended")),
        suspension_on=st.none() | st.dates(date(2026, 3, 9), date(2026, 3, 14)),
        suspension_at=st.none() | st.times().map(lambda at: at.replace(second=0, microsecond=0)),
    ),
    st.integers(-2880, 2880),
    st.sampled_from(spoken.LANGUAGES),
)
@settings(max_examples=examples(60), deadline=None)
def test_a_day_is_told_only_while_it_is_true(details: AccountDetails, minutes: int, language: str) -> None:
    now = NOW + timedelta(minutes=minutes)
    told = talk(FLOW, account(details, language), "1", TAIL, now=now)
    said = told.said
    on, at = details.suspension_on, details.suspension_at
    assert spoken.day(date(2026, 3, 1), language, today=now.date()) in said, "the due date"
    ahead = lies_ahead(details, now)
    if on is not None:
        since = has_ended(details) and on <= now.date()
        told_with_its_day = (ahead and on != now.date()) or since
        assert (spoken.day(on, language, today=now.date()) in said) == told_with_its_day
    if at is not None and len(spoken.clock(at, language)) > 6:
        assert (spoken.clock(at, language) in said) == ahead
    gone = {"zh": "目前已经暂停", "en": "suspended"}[language]
    assert not has_ended(details) or gone in said
    assert not has_ended(details) or {"zh": "将", "en": "will be suspended"}[language] not in said
    assert told.dialogue.breaches == 0


@pytest.mark.parametrize("language", spoken.LANGUAGES)
@pytest.mark.parametrize(
    ("details", "keys", "result", "transfer"),
    [
        (AHEAD, ("1",), "link_requested", ""),
        (AHEAD, ("2", "1", "1", "1"), "promise_to_pay", ""),
        (AHEAD, ("3",), "already_paid", ""),
        (AHEAD, ("4", "4"), "disputed", "dispute"),
        (AHEAD, ("5",), "hardship", "hardship"),
        (AHEAD, ("6",), "hardship", "special_needs"),
        (AHEAD, ("7",), "acknowledged", ""),
        (AHEAD, ("0",), "request_human", "request"),
        (ENDED, ("1",), "link_requested", ""),
        (ENDED, ("2", "4", "2", "1"), "promise_to_pay", ""),
        (ENDED, ("3",), "restore_requested", "restore"),
        (ENDED, ("4", "1"), "disputed", "dispute"),
        (ENDED, ("5",), "hardship", "hardship"),
        (ENDED, ("6",), "hardship", "special_needs"),
        (ENDED, ("7",), "restore_requested", ""),
        (ENDED, ("0",), "request_human", "request"),
    ],
)
def test_every_way_can_be_gone_by_keys(
    details: AccountDetails, keys: tuple[str, ...], result: str, transfer: str, language: str
) -> None:
    told = talk(FLOW, account(details, language), "1", TAIL, *keys, now=NOW)
    found = told.last.result
    assert found is not None
    assert (found.result, found.transfer_reason) == (result, transfer)
    assert told.dialogue.breaches == 0


@pytest.mark.parametrize("language", spoken.LANGUAGES)
@pytest.mark.parametrize("key", ["1", "2", "3", "4"])
def test_service_is_promised_to_nobody_who_promises(key: str, language: str) -> None:
    told = talk(FLOW, account(AHEAD, language), "1", TAIL, "2", key, "1", "1", now=NOW)
    assert told.result == "promise_to_pay"
    warned = {"zh": "在暂停之后，服务仍可能按时暂停", "en": "which is not put off by it"}[language]
    assert (warned in words(told.steps[-2])) == (key in "34")
    assert {"zh": "服务才不会暂停", "en": "only if the full amount arrives"}[language] in told.said


def test_the_words_of_a_promise_fit_how_service_stands() -> None:
    ended = talk(FLOW, account(ENDED, "en"), "1", TAIL, "2", "1", "1", "1", now=NOW)
    assert "is restored after full payment" in ended.said
    unknown = talk(FLOW, account(AccountDetails(), "en"), "1", TAIL, "2", "1", "1", "1", now=NOW)
    assert not {"Service goes on", "Service is restored"} & set(unknown.said.split(". "))
    assert "goes on" not in unknown.said


@pytest.mark.parametrize("details", [AHEAD, ENDED])
def test_a_number_for_emergencies_is_told_where_there_is_one(details: AccountDetails) -> None:
    digits = "nine five five nine eight"
    flow = replace(FLOW, policy=replace(FLOW.policy, emergency_phone="95598"))
    assert digits in talk(flow, account(details, "en"), "1", TAIL, now=NOW).said
    assert digits in talk(flow, account(details, "en"), "1", TAIL, "6", now=NOW).said
    assert "emergency" not in talk(FLOW, account(details, "en"), "1", TAIL, now=NOW).said


@pytest.mark.parametrize("language", spoken.LANGUAGES)
def test_who_depends_on_the_service_is_heard_at_every_question_after_verification(language: str) -> None:
    said = {"zh": "家里有老人用呼吸机", "en": "my mother is on a ventilator"}[language]
    for details, before in (
        (AHEAD, ()),
        (AHEAD, ("2",)),
        (AHEAD, ("2", "1")),
        (AHEAD, ("2", "1", "1")),
        (AHEAD, ("4",)),
        (AHEAD, ({"zh": "账单不对", "en": "the bill is wrong"}[language],)),
        (AHEAD, ({"zh": "我不交", "en": "i will not pay"}[language],)),
        (ENDED, ()),
        (ENDED, ({"zh": "什么时候能恢复供水", "en": "when will my water be back"}[language],)),
    ):
        found = talk(FLOW, account(details, language), "1", TAIL, *before, said, now=NOW).last.result
        assert found is not None, before
        assert (found.result, found.transfer_reason) == ("hardship", "special_needs"), before


def test_who_hangs_up_on_a_dispute_or_a_promise_keeps_it() -> None:
    told = talk(FLOW, account(AHEAD), "1", TAIL, "4", now=NOW)
    found = told.dialogue.hung_up().result
    assert found is not None
    assert found.result == "disputed"
    assert found.dispute is not None
    assert found.review, "the category is left to a person"


def test_a_case_with_lawyers_hears_no_statement_that_it_is_none() -> None:
    for language, none in (("zh", "不构成法律催收"), ("en", "no legal demand")):
        for keys in (("7",), ("", ""), ("2", "1", "1", "1")):
            plain = talk(FLOW, account(AHEAD, language), "1", TAIL, *keys, now=NOW)
            assert none in plain.said
            legal = replace(AHEAD, legal_stage=True)
            told = talk(FLOW, account(legal, language), "1", TAIL, *keys, now=NOW)
            assert none not in told.said
            assert told.last.result is not None
            assert "statement" in told.last.result.coverage
