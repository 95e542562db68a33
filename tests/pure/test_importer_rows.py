"""Rows of a list: every field checked, every fault told, no row crashes."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ari_app.domain.account import Account
from ari_app.domain.windows import Window
from ari_app.services.account_row import FIELDS, read_row
from ari_app.services.list_rejects import safe_cell
from tests.support.lists import DEFAULTS, a_row

pytestmark = pytest.mark.pure


def account_of(**changes: object) -> Account:
    found = read_row(a_row(**changes), DEFAULTS)
    assert isinstance(found, Account), found
    return found


def faults_of(**changes: object) -> dict[str, str]:
    found = read_row(a_row(**changes), DEFAULTS)
    assert isinstance(found, list), found
    return {fault.field: fault.wrong for fault in found}


def test_a_good_row_becomes_an_account() -> None:
    assert account_of() == Account(
        customer_id="c_10001",
        account_id="a_20001",
        bill_id="b_30001",
        name="张三",
        phone="+8613800000001",
        amount_due=Decimal("568.32"),
        due_date=date(2026, 2, 20),
        currency="CNY",
        timezone="Asia/Shanghai",
        language="zh",
        aging_bucket="D1-D30",
        preferred_windows=(),
    )


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("568.32", "568.32"),
        ("1,234.5", "1234.50"),
        ("￥568.32", "568.32"),
        ("568元", "568.00"),
        (568, "568.00"),
        (568.32, "568.32"),
        (0.1 + 0.2, "0.30"),
        (Decimal("568.320"), "568.32"),
        ("1000000000", "1000000000.00"),
    ],
)
def test_amounts_are_exact(written: object, meant: str) -> None:
    assert account_of(amountDue=written).amount_due == Decimal(meant)


@pytest.mark.parametrize(
    "written",
    [
        *(
            "0",
            "-1",
            "0.001",
            "1.005",
            "abc",
            "1e3",
            "NaN",
            "Infinity",
            "=1+1",
            "1,23.4",
            "12,34",
            "1.234,50",
            "９",
        ),
        *(
            "1000000000.01",
            "9" * 5000,
            True,
            [],
            {},
            float("nan"),
            float("inf"),
            Decimal("NaN"),
            Decimal("sNaN"),
        ),
        *(Decimal("1e999999"), Decimal("1e-999999"), 10**30, -5, 0, 568.327),
    ],
)
def test_what_is_no_amount_is_refused(written: object) -> None:
    assert list(faults_of(amountDue=written)) == ["amountDue"]


@pytest.mark.parametrize(
    "written",
    [
        *(
            "2026-03-01",
            "2026-3-1",
            "2026/3/1",
            "2026/03/01",
            "20260301",
            "2026.3.1",
            "2026年3月1日",
            20260301,
        ),
        *("2026-03-01 00:00:00", "2026-03-01T00:00", date(2026, 3, 1), datetime(2026, 3, 1, 9, 30)),  # noqa: DTZ001
    ],
)
def test_dates_as_people_and_spreadsheets_write_them(written: object) -> None:
    assert account_of(dueDate=written).due_date == date(2026, 3, 1)


@pytest.mark.parametrize(
    "written",
    [
        *(
            "2026-02-30",
            "2026-13-01",
            "01/02/2026",
            "1/3/26",
            "tomorrow",
            "46082",
            46082,
            46082.5,
            "2026-03-01 10:00",
        ),
        *("1900-01-01", "2999-01-01", "0000-00-00", "２０２６-０３-０１", True, Decimal("2.5")),
    ],
)
def test_what_is_no_date_is_refused(written: object) -> None:
    assert list(faults_of(dueDate=written)) == ["dueDate"]


def test_the_bucket_is_derived_unless_it_is_given() -> None:
    assert account_of(dueDate="2026-03-02").aging_bucket == "due-day"
    assert account_of(dueDate="2026-03-05").aging_bucket == "pre-due"
    assert account_of(dueDate="1980-01-01").aging_bucket == "legacy"
    assert account_of(agingBucket="d31-d60").aging_bucket == "D31-D60"
    assert "agingBucket" in faults_of(agingBucket="D1-D31")


def test_the_bucket_counts_the_customers_own_day() -> None:
    """At 02:00 UTC it is still the day before in New York."""
    there = account_of(phone="+12125551234", dueDate="2026-03-01")
    assert (there.timezone, there.aging_bucket) == ("America/New_York", "due-day")


def test_preferred_windows() -> None:
    assert account_of(preferredTimeWindow="18:00-20:00").preferred_windows == (Window(1080, 1200),)
    assert account_of(preferredTimeWindow="9:00-12:00；18：00～20：00").preferred_windows == (
        Window(540, 720),
        Window(1080, 1200),
    )
    assert account_of(preferredTimeWindow=["09:00-12:00"]).preferred_windows == (Window(540, 720),)
    assert "25:00" in faults_of(preferredTimeWindow="25:00-26:00")["preferredTimeWindow"]
    assert "preferredTimeWindow" in faults_of(preferredTimeWindow=["09:00-12:00"] * 6)
    assert "preferredTimeWindow" in faults_of(preferredTimeWindow=[7])


def test_the_time_zone_is_that_of_the_number_or_must_be_named() -> None:
    assert account_of(phone="+12125551234").timezone == "America/New_York"
    assert account_of(phone="+61412345678", timezone="Australia/Perth").timezone == "Australia/Perth"
    assert "may be in" in faults_of(phone="+61412345678")["timezone"]
    for zone in ("Mars/Olympus", "../../etc/passwd", "/etc/localtime", "x" * 65):
        assert "timezone" in faults_of(timezone=zone)


def test_languages_and_currencies() -> None:
    assert account_of(language="en-US").language == "en"
    assert account_of(language="中文", currency="人民币").currency == "CNY"
    assert set(faults_of(language="fr", currency="yuan")) == {"language", "currency"}


@pytest.mark.parametrize("field", [name for name, needed in FIELDS.items() if needed])
@pytest.mark.parametrize("empty", [None, "", "  "])
def test_a_required_field_is_required(field: str, empty: object) -> None:
    assert faults_of(**{field: empty}) == {field: "is missing"}


def test_every_fault_of_a_row_is_told() -> None:
    assert set(faults_of(phone="x", amountDue="y", dueDate="z", customerId="")) == {
        *("phone", "amountDue", "dueDate", "customerId")
    }


@pytest.mark.parametrize("text", ["张三\r\nX-Evil: 1", "a\x00b", "a\u202eb", "x" * 101, "a\u2028b", "\ud800"])
def test_a_name_is_one_bounded_line(text: str) -> None:
    assert list(faults_of(name=text)) == ["name"]


def test_a_formula_is_text() -> None:
    assert account_of(name="=HYPERLINK(1)").name == "=HYPERLINK(1)"
    assert "phone" in faults_of(phone="=13800138000")


def test_spreadsheet_numbers_are_ids_and_phones_but_json_numbers_are_not() -> None:
    found = account_of(customerId=10001.0, phone=13800138000)
    assert (found.customer_id, found.phone) == ("10001", "+8613800138000")
    typed = read_row(a_row(customerId=10001, phone=13800138000), DEFAULTS, typed=True)
    assert isinstance(typed, list)
    assert {fault.field for fault in typed} == {"customerId", "phone"}


anything = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.decimals() | st.text() | st.lists(st.text())
)


@given(st.dictionaries(st.sampled_from(list(FIELDS)), anything))
def test_no_row_crashes(changes: dict[str, object]) -> None:
    found = read_row(a_row() | changes, DEFAULTS)
    assert isinstance(found, Account) or found
    typed = read_row(a_row() | changes, DEFAULTS, typed=True)
    assert isinstance(typed, Account) or typed


@given(
    st.integers(0, 99_999_999),
    st.decimals(Decimal("0.01"), Decimal(10**9), places=2),
    st.dates(date(1980, 1, 1), date(2030, 1, 1)),
)
def test_good_rows_always_load(number: int, amount: Decimal, due: date) -> None:
    found = account_of(phone=f"139{number:08d}", amountDue=str(amount), dueDate=due.isoformat())
    assert (found.amount_due, found.due_date) == (amount, due)


def test_a_cell_for_a_spreadsheet_is_no_formula() -> None:
    assert safe_cell("=1+1") == "'=1+1"
    assert safe_cell("@x") == "'@x"
    assert safe_cell("+8613800138000") == "+8613800138000"
    assert safe_cell("-5.5") == "-5.5"
    assert safe_cell("a\r\nb") == "a  b"
    assert safe_cell(None) == ""
