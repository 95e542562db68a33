"""How a strategy wants an account treated, in a flow: its tone, and no offers beyond its own."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ari_app.dialogue.account_view import SealedAccount, opening_view
from ari_app.dialogue.flow_conditions import account_condition
from ari_app.dialogue.flow_policy import Policy
from ari_app.domain.account import AccountDetails, Treatment
from ari_app.domain.plan import InstalmentOption
from tests.support.strategies import account

pytestmark = pytest.mark.pure

POLICY = Policy(
    instalments=tuple(InstalmentOption(months) for months in (3, 6, 12)),
    instalments_when=((), (), ()),
    latest_deferral_days=14,
)
TODAY = date(2026, 11, 10)


@pytest.mark.parametrize(
    ("tone", "upset", "expected"),
    [
        ("", False, (True, False)), ("gentle", False, (True, False)), ("neutral", False, (False, False)),
        ("serious", False, (False, True)), ("serious", True, (True, False)), ("neutral", True, (True, False)),
    ],
)  # fmt: skip
def test_the_tone_of_a_strategy_holds_instead_of_the_account(
    tone: str, upset: bool, expected: tuple[bool, bool]
) -> None:
    whose = replace(account(), treatment=Treatment(tone), details=AccountDetails(good_record=True))
    view = SealedAccount(whose, opening_view(whose, "公司")).open(whose.phone_tail)
    assert view is not None
    found = tuple(account_condition(name, view, TODAY, upset=upset) for name in ("tone_gentle", "tone_firm"))
    assert found == expected


def test_a_treatment_offers_no_more_than_the_policy() -> None:
    assert POLICY.within(Treatment("serious")) is POLICY
    narrow = POLICY.within(Treatment(instalments=(3, 24), deferral_days=7))
    assert [each.periods for each in narrow.instalments] == [3]
    assert len(narrow.instalments_when) == 1
    assert narrow.latest_deferral_days == 7
    assert POLICY.within(Treatment(instalments=(), deferral_days=60)).latest_deferral_days == 14


@given(st.none() | st.sets(st.integers(2, 60), max_size=4), st.none() | st.integers(0, 100))
def test_no_treatment_widens_a_policy(months: set[int] | None, days: int | None) -> None:
    narrow = POLICY.within(Treatment("", None if months is None else tuple(months), days))
    offered, own = (
        {each.periods for each in policy.offers(Decimal(900), TODAY)} for policy in (narrow, POLICY)
    )
    assert offered == (own if months is None else own & months)
    assert narrow.latest_deferral(TODAY) <= POLICY.latest_deferral(TODAY)
