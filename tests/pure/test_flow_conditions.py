"""Wordings and ways that depend on the account and on what was said."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ari_app.dialogue.account_view import OpeningView, VerifiedView
from ari_app.dialogue.flow_conditions import (
    CONDITIONS,
    Condition,
    account_condition,
    condition_of,
    condition_words,
)
from ari_app.dialogue.understanding import REASONS
from ari_app.domain.account import NO_DETAILS, AccountDetails, FeeItem
from ari_app.errors import InputError
from ari_app.services.flow_sources import parse_flow
from tests.support.talks import TAIL, an_account, talk

pytestmark = pytest.mark.pure

TODAY = date(2026, 3, 11)

FLOW = """\
flow: small
version: 1
languages: [en]
start: hello
states:
  hello:
    say: {en: Hello.}
    ask:
      context: verify_tail
      digits: phone_tail
      on:
        identity_confirm: {when: tail_matches, go: told}
        abusive: {again: true}
      no_input: {then: bye}
      no_match: {then: bye}
  told:
    say:
      - {when: [tone_firm, legal_stage], en: "It is {amount}. Our lawyers have it."}
      - {when: tone_firm, en: "It is {amount}."}
      - {when: [tone_gentle, not overdue], en: A little reminder.}
      - en: Hello again.
    ask:
      context: ask_when
      keys: {"1": hardship}
      on:
        promise_to_pay: {when: [has_date, not unclear_date], go: noted}
        hardship: {when: reason.job_loss, go: sorry}
      no_input: {then: informed}
      no_match: {then: informed}
  noted:
    say: {en: Noted.}
    hung_up: informed
    end: informed
  sorry:
    say: {en: I am sorry.}
    end: request_human
  informed:
    say: {en: Bye.}
    end: informed
  bye:
    say: {en: Goodbye.}
    end: no_input
"""


def view(overdue: int = 0, details: AccountDetails = NO_DETAILS) -> VerifiedView:
    opening = OpeningView("Spruce", "Bill", "en")
    return VerifiedView(opening, Decimal(100), "CNY", TODAY - timedelta(days=overdue), TAIL, details)


def holds(name: str, overdue: int = 0, details: AccountDetails = NO_DETAILS, *, upset: bool = False) -> bool:
    return account_condition(name, view(overdue, details), TODAY, upset=upset)


@pytest.mark.parametrize(
    ("overdue", "details", "upset", "tone"),
    [
        (-3, NO_DETAILS, False, "gentle"),
        (30, NO_DETAILS, False, "gentle"),
        (31, NO_DETAILS, False, ""),
        (60, NO_DETAILS, False, ""),
        (61, NO_DETAILS, False, "firm"),
        (61, NO_DETAILS, True, "gentle"),
        (200, AccountDetails(good_record=True), False, "gentle"),
        (200, AccountDetails(customer_level="vip"), False, "gentle"),
        (40, AccountDetails(customer_level="high_risk"), False, "firm"),
        (40, AccountDetails(risk_level="H"), False, "firm"),
        (40, AccountDetails(broken_promises=2), False, "firm"),
        (40, AccountDetails(broken_promises=1), False, ""),
    ],
)
def test_the_tone_follows_the_account_and_the_mood(
    overdue: int, details: AccountDetails, upset: bool, tone: str
) -> None:
    assert holds("tone_gentle", overdue, details, upset=upset) == (tone == "gentle")
    assert holds("tone_firm", overdue, details, upset=upset) == (tone == "firm")


def test_conditions_about_the_account() -> None:
    assert holds("overdue", 1)
    assert not holds("overdue", 0)
    assert holds("due_today", 0)
    assert holds("has_fees", details=AccountDetails(fee_items=(FeeItem("water", Decimal(1)),)))
    assert holds("has_late_fee", details=AccountDetails(late_fee=Decimal(1)))
    assert not holds("has_late_fee", details=AccountDetails(late_fee=Decimal(0)))
    assert holds("suspended", details=AccountDetails(service_state="suspended"))
    assert holds("suspension_known", details=AccountDetails(suspension_on=TODAY))
    assert holds("legal_stage", details=AccountDetails(legal_stage=True))
    assert not holds("something else")


@given(st.sampled_from(condition_words()))
def test_a_condition_is_written_as_it_is_read(word: str) -> None:
    assert str(condition_of(word)) == word


def test_a_contrary_makes_nothing_certain() -> None:
    assert Condition("tail_matches").gives
    assert not Condition("tail_matches", wanted=False).gives
    assert Condition("has_date", wanted=False).needs == Condition("has_date").needs
    assert {f"reason.{name}" for name in REASONS} <= CONDITIONS.keys()


@pytest.mark.parametrize(
    ("due", "details", "said"),
    [
        (date(2026, 1, 1), NO_DETAILS, "It is five hundred"),
        (date(2026, 1, 1), AccountDetails(legal_stage=True), "Our lawyers have it."),
        (date(2026, 3, 20), NO_DETAILS, "A little reminder."),
        (date(2026, 2, 1), NO_DETAILS, "Hello again."),
    ],
)
def test_the_first_wording_whose_conditions_hold_is_said(
    due: date, details: AccountDetails, said: str
) -> None:
    account = replace(an_account("en", due=due), details=details)
    told = talk(parse_flow(FLOW), account, TAIL)
    assert said in told.said
    assert told.dialogue.breaches == 0


def test_who_is_angry_is_spoken_to_gently() -> None:
    account = an_account("en", due=date(2026, 1, 1))
    assert "five hundred" in talk(parse_flow(FLOW), account, TAIL).said
    assert talk(parse_flow(FLOW), account, "go to hell", TAIL).said == "Hello again."


def test_a_way_may_depend_on_the_reason() -> None:
    account = an_account("en")
    assert talk(parse_flow(FLOW), account, TAIL, "i lost my job").result == "request_human"
    assert talk(parse_flow(FLOW), account, TAIL, "i am broke", "i am broke").result == "informed"


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("- en: Hello again.", "- {when: upset, en: Hello again.}", "the last wording has a condition"),
        ("- {when: tone_firm, en:", "- {en:", "hides those below it"),
        (
            "when: [tone_firm, legal_stage]",
            "when: [tone_firm]",
            "only to customers whose case is at that stage",
        ),
        ("say: {en: Hello.}", "say: [{when: tone_firm, en: Hm.}, {en: Hello.}]", "before verification"),
        ("when: tone_firm, en:", "when: tail_matches, en:", "unknown condition"),
        ("not overdue", "not due", "unknown condition"),
    ],
)
def test_a_wording_that_cannot_be_is_refused(before: str, after: str, expected: str) -> None:
    assert before in FLOW
    with pytest.raises(InputError, match=expected):
        parse_flow(FLOW.replace(before, after))
