"""Alternative numbers: each has its turn, none that is dead or forbidden, and all share one budget."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ari_app.domain.campaign import CampaignStrategy
from ari_app.domain.disposition import DispositionKind, RetryRule
from ari_app.domain.numbers import NumberState, called_at, next_number, unreached
from ari_app.domain.retry import plan_retry
from ari_app.services.account_row import read_row
from tests.support.lists import DEFAULTS, a_row
from tests.support.verdicts import account

pytestmark = pytest.mark.pure

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)

states = st.builds(
    NumberState,
    st.uuids().map(str),
    st.none() | st.just("unallocated"),
    st.booleans(),
    st.integers(0, 9),
)
numbers = st.lists(states, min_size=1, max_size=5)


@given(numbers, st.integers(1, 4))
def test_a_dead_or_listed_number_is_never_dialled_while_another_can_be(
    known: list[NumberState], tries: int
) -> None:
    found = next_number(known, tries)
    assert found in known
    assert found.usable or not any(each.usable for each in known)


@given(st.integers(1, 5), st.integers(1, 4), st.integers(1, 40))
def test_each_number_has_its_tries_in_turn(count: int, tries: int, dials: int) -> None:
    known = [NumberState(str(place)) for place in range(count)]
    made: list[int] = []
    for _ in range(dials):
        place = known.index(next_number(known, tries))
        made.append(place)
        known[place] = replace(known[place], unreached=known[place].unreached + 1)
    assert made == [(number // tries) % count for number in range(dials)]


def test_a_number_that_reached_him_is_preferred_again() -> None:
    known = [NumberState("a", unreached=2), NumberState("b", unreached=0)]
    assert next_number(known, 2).phone == "b"
    known[0] = NumberState("a", unreached=unreached([False, False, True]))
    assert next_number(known, 2).phone == "a"


def test_where_none_can_be_used_one_whose_entry_may_lapse_is_named() -> None:
    known = [NumberState("a", dead="unallocated"), NumberState("b", listed=True)]
    assert next_number(known, 2).phone == "b"


@given(st.lists(st.booleans(), max_size=9))
def test_only_dials_since_the_last_talk_count(tries: list[bool]) -> None:
    assert unreached(tries) == len(tries) - (max((n for n, each in enumerate(tries) if each), default=-1) + 1)


def test_the_number_that_is_dialled_stands_in_front_and_none_is_lost() -> None:
    one = account(other_phones=("+8613900000002", "+8613900000003"))
    called = called_at(one, "+8613900000003")
    assert called.phone == "+8613900000003"
    assert sorted(called.phones) == sorted(one.phones)
    assert called.phone_tail == "0003", "the customer is asked for the tail of the number that he holds"
    assert called_at(one, "+8613912345678") is one


@given(st.integers(0, 5), st.sampled_from(RetryRule), st.booleans())
def test_a_dead_number_takes_nothing_from_the_budget_and_adds_nothing(
    dials: int, rule: RetryRule, another: bool
) -> None:
    kind = DispositionKind("unallocated", rule)
    decision = plan_retry(
        CampaignStrategy(),
        kind,
        first_dialled_at=NOW if dials else None,
        dials_made=dials,
        ended_at=NOW + timedelta(minutes=1),
        other_number=another,
    )
    assert decision.number_dead == (rule is RetryRule.NEVER)
    if rule is RetryRule.NEVER and dials:
        assert (decision.due_at is not None) == (another and dials < 3)
        assert decision.due_at is None or decision.due_at == NOW + timedelta(hours=(0, 24, 72)[dials])


@pytest.mark.parametrize(
    ("fields", "found"),
    [
        ({}, ()),
        ({"phone2": "13900000002"}, ("+8613900000002",)),
        (
            {"phone3": "13900000003", "phone2": "010-65551234", "otherPhones": "13900000004；13900000003"},
            ("+861065551234", "+8613900000003", "+8613900000004"),
        ),
        ({"otherPhones": ["13900000004", "138 0000 0001"]}, ("+8613900000004",)),
        ({"otherPhones": ""}, ()),
    ],
)
def test_a_row_has_further_numbers_in_order_each_once(
    fields: dict[str, object], found: tuple[str, ...]
) -> None:
    row = read_row(a_row(1, **fields), DEFAULTS, typed=True)
    assert not isinstance(row, list), row
    assert row.other_phones == found


@pytest.mark.parametrize(
    ("fields", "where"),
    [
        ({"phone2": "110"}, "phone2"),
        ({"phone3": "١٣٨٠٠١٣٨٠٠٠"}, "phone3"),
        ({"otherPhones": "13900000002,12"}, "otherPhones"),
        ({"otherPhones": [13900000002]}, "otherPhones"),
        ({"otherPhones": ",".join(f"1390000000{n}" for n in range(5))}, "otherPhones"),
        ({"otherPhones": "1" * 5000}, "otherPhones"),
    ],
)
def test_a_fault_in_a_further_number_is_a_fault_of_the_row(fields: dict[str, object], where: str) -> None:
    faults = read_row(a_row(1, **fields), DEFAULTS, typed=True)
    assert isinstance(faults, list)
    assert [each.field for each in faults] == [where]
