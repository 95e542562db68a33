"""What a row may say of an account besides its bill: read from text, cells and JSON, and refused with a reason."""

from __future__ import annotations

from datetime import date, time
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ari_app.dialogue.understanding import REASONS
from ari_app.domain.account import (
    AGE_BANDS,
    DEBT_CAUSES,
    DEBT_TYPES,
    INCOME_BANDS,
    NO_DETAILS,
    SERVICES,
    Account,
    AccountDetails,
    FeeItem,
)
from ari_app.services.account_details import DETAIL_FIELDS, MAX_ITEMS
from ari_app.services.account_row import FIELDS, FieldFault, read_row
from ari_app.services.list_columns import ALIASES, match_columns
from tests.support.lists import DEFAULTS, a_row

pytestmark = pytest.mark.pure


def details_of(**changes: object) -> AccountDetails:
    typed = bool(changes.pop("typed", False))
    found = read_row(a_row(**changes), DEFAULTS, typed=typed)
    assert isinstance(found, Account), found
    return found.details


def faults_of(**changes: object) -> list[FieldFault]:
    typed = bool(changes.pop("typed", False))
    found = read_row(a_row(**changes), DEFAULTS, typed=typed)
    assert isinstance(found, list), found
    return found


def test_a_row_that_says_nothing_more_has_no_details() -> None:
    assert details_of() == NO_DETAILS
    assert details_of(**dict.fromkeys(DETAIL_FIELDS, "")) == NO_DETAILS
    assert details_of(**dict.fromkeys(DETAIL_FIELDS)) == NO_DETAILS


def test_everything_that_a_row_may_say() -> None:
    assert details_of(
        service="电费",
        feeItems="用电量: 500.00；滞纳金：68.32",
        lateFee="68.32",
        serviceState="停供",
        suspensionOn="2026/3/9",
        suspensionAt="14:00",
        customerLevel="VIP",
        riskLevel="高",
        brokenPromises="2",
        goodRecord="是",
        legalStage="no",
        minor="0",
        region="朝阳区",
        ageBand="55–64",
        incomeBand="低",
        debtType="非恶意欠费",
        debtCause="账单争议",
        score="100",
        scoreModel="arrears-2026-10",
        earlyWarning="是",
    ) == AccountDetails(
        service="electricity",
        fee_items=(FeeItem("用电量", Decimal("500.00")), FeeItem("滞纳金", Decimal("68.32"))),
        late_fee=Decimal("68.32"),
        service_state="suspended",
        suspension_on=date(2026, 3, 9),
        suspension_at=time(14),
        customer_level="vip",
        risk_level="H",
        broken_promises=2,
        good_record=True,
        region="朝阳区",
        age_band="55-64",
        income_band="low",
        debt_type="non_malicious",
        debt_cause="bill_in_doubt",
        score=100,
        score_model="arrears-2026-10",
        early_warning=True,
    )


def test_the_same_from_json_and_from_a_spreadsheet() -> None:
    items = [{"label": "Line rental", "amount": Decimal("500")}, {"label": "Calls", "amount": 68.32}]
    found = details_of(
        typed=True, amountDue=Decimal("568.32"), feeItems=items, goodRecord=True, brokenPromises=2
    )
    assert found == AccountDetails(
        fee_items=(FeeItem("Line rental", Decimal("500.00")), FeeItem("Calls", Decimal("68.32"))),
        broken_promises=2,
        good_record=True,
    )
    as_text = '[{"label": "Line rental", "amount": 500}, {"label": "Calls", "amount": 68.32}]'
    sheet = details_of(feeItems=as_text, goodRecord=1.0, brokenPromises=2.0, minor=False)
    assert sheet == found


def test_no_late_fee_is_none() -> None:
    for nothing in ("0", "0.00", 0, 0.0, Decimal(0)):
        assert details_of(lateFee=nothing).late_fee is None
    assert details_of(lateFee="568.32").late_fee == Decimal("568.32")


@pytest.mark.parametrize("service", SERVICES)
def test_every_service_has_its_word(service: str) -> None:
    assert details_of(service=service.upper()).service == service


@pytest.mark.parametrize(
    ("field", "attribute", "words"),
    [
        ("ageBand", "age_band", AGE_BANDS),
        ("incomeBand", "income_band", INCOME_BANDS),
        ("debtType", "debt_type", DEBT_TYPES),
        ("debtCause", "debt_cause", DEBT_CAUSES),
    ],
)
def test_every_word_of_a_vocabulary_loads(field: str, attribute: str, words: tuple[str, ...]) -> None:
    for word in words:
        assert getattr(details_of(**{field: word.upper() if word.isalpha() else word}), attribute) == word


@given(st.integers(0, 130))
def test_an_age_is_kept_as_its_band_alone(years: int) -> None:
    if not 18 <= years <= 120:
        assert [fault.wrong for fault in faults_of(ageBand=years)] == ["is not an age band"]
        return
    first, _, last = details_of(ageBand=years).age_band.replace("+", "-120").partition("-")
    assert int(first) <= years <= int(last)


def test_what_customers_say_of_an_unpaid_bill_is_a_cause() -> None:
    assert set(REASONS) <= set(DEBT_CAUSES)


@pytest.mark.parametrize(
    ("field", "value", "wrong"),
    [
        ("ageBand", "18-30", "is not an age band"),
        ("ageBand", "17", "is not an age band"),
        ("incomeBand", "5000", "is not an income band"),
        ("debtType", "bad", "is not a type of debt"),
        ("debtCause", "lazy", "is not a cause of a debt"),
        ("score", "101", "is not a score"),
        ("score", "-1", "is not a score"),
        ("score", "59.5", "is not a score"),
        ("score", float("nan"), "is out of range"),
        ("scoreModel", "m1", "has no score beside it"),
        ("region", "x" * 65, "is too long: 65 characters"),
        ("earlyWarning", "soon", "is neither yes nor no"),
        ("service", "electrolysis", "is not a known service"),
        ("serviceState", "broken", "is not a state of a service"),
        ("customerLevel", "king", "is not a customer level"),
        ("riskLevel", "X", "is not a risk level"),
        ("brokenPromises", "-1", "is not a number of promises"),
        ("brokenPromises", "1000", "is not a number of promises"),
        ("brokenPromises", "1.5", "is not a number of promises"),
        ("brokenPromises", True, "is not text"),
        ("goodRecord", "maybe", "is neither yes nor no"),
        ("legalStage", "2", "is neither yes nor no"),
        ("minor", [], "is not text"),
        ("suspensionOn", "soon", "is not a date"),
        ("suspensionOn", "2026-02-30", "is a day that does not exist"),
        ("suspensionAt", "24:00", "is not a time of day"),
        ("suspensionAt", "noon", "is not a time of day"),
        ("suspensionAt", 14, "is not a time of day"),
        ("suspensionAt", "14:00", "has no suspensionOn beside it"),
        ("lateFee", "568.33", "is more than amountDue"),
        ("lateFee", "-1", "is not an amount"),
        ("lateFee", True, "is not an amount"),
        ("feeItems", "usage", "holds an item that is not a label and an amount"),
        ("feeItems", "usage: 568.32 yuan", "holds an item whose amount is not an amount"),
        ("feeItems", ": 568.32", "holds an item that is not a label and an amount"),
        ("feeItems", "12: 568.32", "holds an item without a label"),
        ("feeItems", "usage: 0; fee: 568.32", "holds an item whose amount is out of range"),
        ("feeItems", "usage: -10; fee: 578.32", "holds an item whose amount is not an amount"),
        ("feeItems", "usage: 500", "adds up to less than amountDue"),
        ("feeItems", "usage: 500; fee: 68.33", "adds up to more than amountDue"),
        ("feeItems", "{amount_due}: 568.32", "holds a label that cannot be spoken"),
        ("feeItems", "<speak>: 568.32", "holds a label that cannot be spoken"),
        ("feeItems", f"{'x' * 31}: 568.32", "holds a label that cannot be spoken"),
        ("feeItems", "a\u202eb: 568.32", "holds control or invisible characters"),
        ("feeItems", "x" * 401, "is too long: 401 characters"),
        ("feeItems", ";;;", "holds no items, or too many"),
        ("feeItems", ";".join(f"a{n}: 1" for n in range(21)), "holds no items, or too many"),
        ("feeItems", "[", "is not JSON"),
        ("feeItems", "[" * 1000, "is not JSON"),
        ("feeItems", "[" * 5000, "is too long: 5000 characters"),
        ("feeItems", "[1]", "holds an item that is not a label and an amount"),
        (
            "feeItems",
            '[{"label": "a", "amount": 568.32, "x": 1}]',
            "holds an item that is not a label and an amount",
        ),
        ("feeItems", '[{"label": 5, "amount": 568.32}]', "holds an item without a label"),
        ("feeItems", '[{"label": "a", "amount": [1]}]', "holds an item whose amount is not an amount"),
        ("feeItems", '[{"label": "a", "amount": NaN}]', "holds an item whose amount is out of range"),
        ("feeItems", [], "holds no items, or too many"),
        ("feeItems", {"label": "a"}, "is not text"),
    ],
)
def test_what_is_wrong_is_told(field: str, value: object, wrong: str) -> None:
    (fault,) = faults_of(**{field: value})
    assert (fault.field, fault.wrong) == (field, wrong)
    assert fault.allowed


def test_faults_of_details_stand_beside_the_others() -> None:
    found = faults_of(phone="x", riskLevel="X", feeItems="usage: 1", amountDue="none")
    assert [fault.field for fault in found] == ["phone", "amountDue", "riskLevel"]


def test_a_fault_names_neither_amounts_nor_labels() -> None:
    (fault,) = faults_of(feeItems="王五的电: 444.44")
    assert "444" not in str(fault)
    assert "王五" not in str(fault)


@given(
    st.lists(
        st.tuples(st.from_regex(r"[A-Za-z用电费]{1,10}", fullmatch=True), st.integers(1, 10**6)),
        min_size=1,
        max_size=MAX_ITEMS,
    )
)
def test_items_that_add_up_load_and_others_do_not(items: list[tuple[str, int]]) -> None:
    total = Decimal(sum(cents for _, cents in items)) / 100
    written = [{"label": label, "amount": Decimal(cents) / 100} for label, cents in items]
    found = details_of(typed=True, amountDue=total, feeItems=written).fee_items
    assert [(item.label, int(item.amount * 100)) for item in found] == items
    (fault,) = faults_of(typed=True, amountDue=total + Decimal("0.01"), feeItems=written)
    assert fault.wrong == "adds up to less than amountDue"


def test_the_columns_are_found_by_their_usual_headings() -> None:
    required = ("customerId", "name", "phone", "accountId", "billId", "amountDue", "dueDate")
    for name in DETAIL_FIELDS:
        for heading in (name, *ALIASES[name]):
            assert match_columns((*required, heading), {}, "list.csv")[name] == heading


def test_no_heading_could_be_two_fields() -> None:
    headings = [heading.lower() for name, others in ALIASES.items() for heading in (name, *others)]
    assert len(set(headings)) == len(headings)


def test_every_field_and_heading_is_documented() -> None:
    page = (Path(__file__).parents[2] / "docs" / "campaigns.md").read_text(encoding="utf-8")
    assert [name for name in FIELDS if f"`{name}`" not in page] == []
    assert [heading for others in ALIASES.values() for heading in others if heading not in page] == []
