"""Caller IDs: only the campaign's own, the same for the same dial, spread over customers."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ari_app.domain.caller_id import choose_caller_id

pytestmark = pytest.mark.pure

pools = st.lists(st.from_regex(r"\+[1-9][0-9]{6,14}", fullmatch=True), min_size=1, max_size=8, unique=True)
customers = st.text(min_size=1)


@given(pools, customers, st.integers(1, 100))
def test_the_caller_id_is_of_the_pool_and_always_the_same(
    pool: list[str], customer: str, number: int
) -> None:
    chosen = choose_caller_id(pool, customer, number)
    assert chosen in pool
    assert choose_caller_id(tuple(pool), customer, number) == chosen


@given(pools, customers, st.integers(1, 100))
def test_as_many_attempts_as_caller_ids_show_each_of_them_once(
    pool: list[str], customer: str, number: int
) -> None:
    shown = [choose_caller_id(pool, customer, number + step) for step in range(len(pool))]
    assert sorted(shown) == sorted(pool)


def test_customers_are_spread_evenly() -> None:
    pool = ["+861088880001", "+861088880002", "+861088880003", "+861088880004"]
    shown = Counter(choose_caller_id(pool, f"cust-{number}", 1) for number in range(4000))
    assert set(shown) == set(pool)
    assert max(shown.values()) < 1.15 * min(shown.values())


def test_the_choice_is_the_same_on_every_machine_and_in_every_version() -> None:
    """A customer keeps the number that he knows."""
    shown = [choose_caller_id(["a", "b", "c"], "cust-2", number) for number in (1, 2, 3, 4)]
    assert shown == ["b", "c", "a", "b"]


def test_an_empty_pool_shows_nothing() -> None:
    with pytest.raises(ValueError, match="caller-ID pool is empty"):
        choose_caller_id([], "cust-1", 1)
