"""Who is called first: the priority, then amount and answers, and nobody waits for ever."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ari_app.domain.call_order import (
    AMOUNT_CLASSES,
    HIGHEST_PRIORITY,
    MOST_DAYS,
    Answering,
    CallOrder,
    DayPart,
    Tries,
    amount_class,
    answering,
    days_lost,
    part_of,
)
from tests.support.examples import examples

pytestmark = pytest.mark.pure

PARTS = st.sampled_from(DayPart)
ORDERS = st.builds(
    CallOrder,
    st.integers(0, HIGHEST_PRIORITY),
    st.integers(0, len(AMOUNT_CLASSES)),
    st.tuples(*[st.sampled_from(Answering)] * len(DayPart)),
    st.integers(0, MOST_DAYS),
    st.booleans(),
)
MONDAY = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)


def tries(most: int) -> st.SearchStrategy[Tries]:
    return st.integers(0, most).flatmap(lambda dials: st.builds(Tries, st.just(dials), st.integers(0, dials)))


@pytest.mark.parametrize(
    ("at", "part"),
    [
        (MONDAY, DayPart.MORNING),
        (MONDAY.replace(hour=11, minute=59), DayPart.MORNING),
        (MONDAY.replace(hour=12), DayPart.AFTERNOON),
        (MONDAY.replace(hour=17), DayPart.EVENING),
        (MONDAY + timedelta(days=4, hours=7), DayPart.EVENING),
        (MONDAY + timedelta(days=5), DayPart.DAY_OFF),
        (MONDAY + timedelta(days=6, hours=8), DayPart.DAY_OFF),
    ],
)
def test_a_day_has_three_parts_and_a_weekend_one(at: datetime, part: DayPart) -> None:
    assert part_of(at) is part


@pytest.mark.parametrize(
    ("amount", "found"),
    [
        ("-3", 0),
        ("NaN", 0),
        ("49.99", 0),
        ("50", 1),
        ("999.99", 2),
        ("1000", 3),
        ("1E+30", 4),
        ("Infinity", 4),
    ],
)
def test_amounts_come_in_five_classes(amount: str, found: int) -> None:
    assert amount_class(Decimal(amount)) == found


@pytest.mark.parametrize(
    ("own", "found"),
    [
        (Tries(), Answering.USUAL),
        (Tries(1, 0), Answering.USUAL),
        (Tries(2, 0), Answering.LESS),
        (Tries(1, 1), Answering.MORE),
        (Tries(4, 1), Answering.USUAL),
    ],
)
def test_a_few_tries_of_his_own_say_little_and_more_say_more(own: Tries, found: Answering) -> None:
    assert answering(own, Tries()) is found


@settings(max_examples=examples(60), deadline=None)
@given(tries(20), tries(1000))
def test_an_answer_more_never_makes_him_answer_less(own: Tries, usual: Tries) -> None:
    more = Tries(own.dials + 1, own.answered + 1)
    unanswered = Tries(own.dials + 1, own.answered)
    assert (
        answering(more, usual).points >= answering(own, usual).points >= answering(unanswered, usual).points
    )


@given(ORDERS)
def test_a_code_says_everything(order: CallOrder) -> None:
    assert order.code >= 0
    assert CallOrder.of_code(order.code) == order


def test_nothing_known_is_code_nought() -> None:
    assert CallOrder().code == 0
    assert CallOrder.of_code(0) == CallOrder.of_code(-1) == CallOrder()


@given(st.integers(0, 2**62), PARTS)
def test_any_stored_number_has_a_rank(code: int, part: DayPart) -> None:
    assert CallOrder.of_code(code).rank(part) >= -1


@given(ORDERS, ORDERS, PARTS)
def test_the_priority_goes_before_all_else_of_one_day(
    first: CallOrder, second: CallOrder, part: DayPart
) -> None:
    first, second = (replace(each, days=0, put_off=False) for each in (first, second))
    if first.priority > second.priority:
        assert first.rank(part) > second.rank(part)


@given(ORDERS, PARTS)
def test_a_higher_amount_and_a_better_answer_never_go_later(order: CallOrder, part: DayPart) -> None:
    higher = replace(order, amount=min(len(AMOUNT_CLASSES), order.amount + 1))
    answers = tuple(Answering.MORE if each == part else order.answers[each] for each in DayPart)
    assert higher.rank(part) >= order.rank(part)
    assert replace(order, answers=answers).rank(part) >= order.rank(part)
    if order.days < MOST_DAYS and higher != order and not order.put_off:
        assert higher.rank(part) == order.rank(part) + 1


@given(ORDERS, ORDERS, PARTS)
def test_waiting_lifts_and_the_longest_wait_goes_before_everybody(
    order: CallOrder, other: CallOrder, part: DayPart
) -> None:
    ranks = [replace(order, days=days, put_off=False).rank(part) for days in range(MOST_DAYS + 1)]
    assert ranks == sorted(set(ranks))
    if other.days < MOST_DAYS or other.put_off:
        assert ranks[-1] > other.rank(part)
    else:
        assert ranks[-1] == other.rank(part), "among them the one that is due longest"


@given(ORDERS, ORDERS, PARTS)
def test_whose_trunk_has_no_line_goes_behind_everybody(
    order: CallOrder, other: CallOrder, part: DayPart
) -> None:
    put_off = replace(order, put_off=True).rank(part)
    assert put_off <= other.rank(part)
    assert (put_off == other.rank(part)) == other.put_off


@pytest.mark.parametrize(
    ("hours", "days"), [(-30, 0), (0, 0), (11, 0), (12, 1), (24, 1), (47, 2), (24 * 40, 7)]
)
def test_lost_days_are_rounded_and_end(hours: int, days: int) -> None:
    assert days_lost(MONDAY, MONDAY + timedelta(hours=hours)) == days
