"""Accounts: the key that makes a row the same row, the four digits, the aging bucket."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ari_app.domain.account import BUCKET_NAMES, DAY_BUCKETS, Account, aged_bucket, aging_bucket

pytestmark = pytest.mark.pure

ACCOUNT = Account(
    "cust-1", "acc-1", "bill-1", "王小明", "+8613800001234", Decimal("568.32"), date(2026, 10, 1)
)


def test_buckets_follow_each_other_without_gap_or_overlap() -> None:
    assert all(left[2] + 1 == right[1] for left, right in pairwise(DAY_BUCKETS))
    assert len(set(BUCKET_NAMES)) == len(DAY_BUCKETS)


@pytest.mark.parametrize(
    ("days", "bucket"),
    [
        (-36500, "pre-due"), (-1, "pre-due"), (0, "due-day"), (1, "D1-D30"), (30, "D1-D30"), (31, "D31-D60"),
        (60, "D31-D60"), (61, "D61-D90"), (90, "D61-D90"), (91, "D91+"), (730, "D91+"), (731, "legacy"),
    ],
)  # fmt: skip
def test_the_edges_of_the_buckets(days: int, bucket: str) -> None:
    today = date(2026, 3, 1)
    assert aging_bucket(today - timedelta(days=days), today) == bucket


@given(st.dates(), st.dates())
def test_every_pair_of_days_has_a_bucket(due: date, today: date) -> None:
    assert aging_bucket(due, today) in BUCKET_NAMES


@given(st.dates(date(1990, 1, 1), date(2090, 1, 1)), st.dates(date(1990, 1, 1), date(2090, 1, 1)))
def test_a_bill_never_gets_younger(due: date, today: date) -> None:
    order = [BUCKET_NAMES.index(aging_bucket(due, today + timedelta(days=days))) for days in range(0, 100, 7)]
    assert order == sorted(order)


def test_a_leap_day_counts() -> None:
    assert aging_bucket(date(2028, 1, 30), date(2028, 2, 29)) == "D1-D30"
    assert aging_bucket(date(2028, 1, 30), date(2028, 3, 1)) == "D31-D60"
    assert aging_bucket(date(2027, 1, 30), date(2027, 3, 1)) == "D1-D30"


def test_the_key_is_customer_account_and_bill() -> None:
    assert ACCOUNT.key == ("cust-1", "acc-1", "bill-1")
    assert replace(ACCOUNT, phone="+8613900000000", amount_due=Decimal(1)).key == ACCOUNT.key
    assert replace(ACCOUNT, bill_id="bill-2").key != ACCOUNT.key


def test_the_last_four_digits() -> None:
    assert ACCOUNT.phone_tail == "1234"


def test_name_and_number_stay_out_of_a_repr() -> None:
    assert "王小明" not in repr(ACCOUNT)
    assert "1380000" not in repr(ACCOUNT)


@given(st.sampled_from([*BUCKET_NAMES, "M2", ""]), st.dates(), st.dates())
def test_a_bill_only_grows_older(before: str, due: date, today: date) -> None:
    found = aged_bucket(before, due, today)
    if before not in BUCKET_NAMES:
        assert found == before
        return
    assert BUCKET_NAMES.index(found) == max(
        BUCKET_NAMES.index(before), BUCKET_NAMES.index(aging_bucket(due, today))
    )
    assert aged_bucket(found, due, today) == found
