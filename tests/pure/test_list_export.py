"""An account written as a row of a list is the same account when the list is loaded."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, time
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ari_app.domain.account import (
    AGE_BANDS,
    DEBT_CAUSES,
    DEBT_TYPES,
    INCOME_BANDS,
    Account,
    AccountDetails,
    FeeItem,
)
from ari_app.domain.account_assessment import AccountAssessment
from ari_app.domain.risk import Verdict
from ari_app.services.account_row import FIELDS, read_row
from ari_app.services.list_export import FOUND_HEADINGS, LIST_HEADINGS, found_row, list_row
from ari_app.services.scoring import with_assessment
from tests.support.lists import DEFAULTS, a_row

pytestmark = pytest.mark.pure


def an_account() -> Account:
    found = read_row(
        a_row(preferredTimeWindow="09:00-12:00,14:00-18:00", otherPhones="13900000001"), DEFAULTS
    )
    assert isinstance(found, Account)
    return found


DETAILS = st.builds(
    AccountDetails,
    service=st.sampled_from(("", "water")),
    fee_items=st.just((FeeItem("用电", Decimal("500.00")), FeeItem("fee", Decimal("68.32")))),
    late_fee=st.sampled_from((None, Decimal("68.32"))),
    service_state=st.sampled_from(("", "active", "suspended")),
    suspension_on=st.just(date(2026, 3, 9)),
    suspension_at=st.sampled_from((None, time(14, 30))),
    risk_level=st.sampled_from(("", "L", "H")),
    broken_promises=st.integers(0, 999),
    good_record=st.booleans(),
    region=st.sampled_from(("", "朝阳区")),
    age_band=st.sampled_from(("", *AGE_BANDS)),
    income_band=st.sampled_from(("", *INCOME_BANDS)),
    debt_type=st.sampled_from(("", *DEBT_TYPES)),
    debt_cause=st.sampled_from(("", *DEBT_CAUSES)),
    score=st.none() | st.integers(0, 100),
    early_warning=st.booleans(),
)


@given(DETAILS)
def test_what_is_written_is_read_again(details: AccountDetails) -> None:
    account = replace(an_account(), details=details)
    assert read_row(list_row(account), DEFAULTS) == account


def test_every_field_has_its_column_and_findings_are_no_fields() -> None:
    assert list_row(an_account()).keys() == set(LIST_HEADINGS) == FIELDS.keys()
    assert not set(FOUND_HEADINGS) & set(FIELDS)


FOUND = AccountAssessment(
    ("c", "a", "b"),
    Verdict("M", "score_low"),
    Verdict("non_malicious", "nothing_against"),
    Verdict("warn", "score_low"),
    41,
    "arrears-1",
    ("a", "b"),
)


def test_a_finding_is_written_with_its_rules() -> None:
    assert found_row(FOUND) == {
        "foundScore": "41",
        "foundScoreModel": "arrears-1",
        "foundRiskLevel": "M",
        "riskRule": "score_low",
        "foundDebtType": "non_malicious",
        "debtTypeRule": "nothing_against",
        "warningRule": "score_low",
        "reasons": "a; b",
    }


def test_what_a_list_says_itself_goes_before_what_was_found() -> None:
    silent = with_assessment(an_account(), FOUND).details
    assert (silent.score, silent.score_model, silent.risk_level, silent.debt_type, silent.early_warning) == (
        41,
        "arrears-1",
        "M",
        "non_malicious",
        True,
    )
    own = AccountDetails(risk_level="H", debt_type="legacy", score=90, score_model="bureau")
    told = with_assessment(replace(an_account(), details=own), FOUND).details
    assert told == replace(own, early_warning=True)
