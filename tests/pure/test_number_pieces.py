"""Amounts and dates in pieces that are the same for everybody."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ari_app.dialogue import spoken
from ari_app.dialogue.number_pieces import bare, inventory, pieces_of

pytestmark = pytest.mark.pure

languages = st.sampled_from(["zh", "en"])


def joined(pieces: tuple[str, ...], language: str) -> str:
    return ("" if language == "zh" else " ").join(pieces)


def check(text: str, language: str) -> None:
    pieces = pieces_of(text, language)
    assert joined(pieces, language) == text
    assert {bare(piece) for piece in pieces} <= set(inventory(language))


@given(
    st.decimals(0, 10**13, places=2, allow_nan=False),
    st.sampled_from(sorted(spoken.CURRENCIES)),
    languages,
)
def test_every_amount_can_be_said_in_pieces(value: Decimal, currency: str, language: str) -> None:
    check(spoken.amount(value, currency, language), language)


@given(
    st.decimals(0, 20_000, places=2, allow_nan=False),
    languages,
)
def test_every_amount_of_a_bill_can_be_said_in_pieces(value: Decimal, language: str) -> None:
    check(spoken.amount(value, "CNY", language), language)


@given(st.dates(date(1, 1, 1), date(9999, 12, 31)), st.booleans(), languages)
def test_every_day_can_be_said_in_pieces(value: date, this_year: bool, language: str) -> None:
    check(spoken.day(value, language, today=value if this_year else None), language)


@given(st.integers(0, 100_000), languages)
def test_every_number_of_days_can_be_said_in_pieces(value: int, language: str) -> None:
    check(spoken.days(value, language), language)


@given(st.text("0123456789", min_size=1, max_size=12), languages)
def test_digits_can_be_said_in_pieces(value: str, language: str) -> None:
    check(spoken.digits(value, language), language)


def test_pieces_are_as_long_as_they_are_shared() -> None:
    assert pieces_of("五百六十八元三角二分", "zh") == ("五百", "六十八元", "三角", "二分")
    assert pieces_of("一百一十五元", "zh") == ("一百", "一十五元")
    assert pieces_of("三月十一日，星期三", "zh") == ("三月", "十一日，", "星期三")
    assert pieces_of("five hundred sixty eight yuan and thirty two cents", "en") == (
        "five hundred",
        "sixty eight",
        "yuan",
        "and",
        "thirty two",
        "cents",
    )
    assert pieces_of("Wednesday, March eleventh", "en") == ("Wednesday,", "March", "eleventh")


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("张三", "zh"),
        ("Mr Fox", "en"),
        ("", "zh"),
        ("，", "zh"),
        ("五，，六", "zh"),
        ("五百 X T S", "zh"),
        ("ten", "fr"),
    ],
)
def test_what_the_inventory_cannot_say_has_no_pieces(text: str, language: str) -> None:
    assert pieces_of(text, language) == ()


@given(st.text(max_size=40), languages)
def test_any_text_has_pieces_that_say_it_or_none(text: str, language: str) -> None:
    pieces = pieces_of(text, language)
    if pieces:
        assert joined(pieces, language) == (text if language == "zh" else " ".join(text.split()))


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_inventory_is_small_and_the_same_for_everybody(language: str) -> None:
    pieces = inventory(language)
    assert 200 < len(pieces) < 500
    assert len(set(pieces)) == len(pieces)
    assert all(bare(piece) == piece and piece.strip() == piece for piece in pieces)
    assert not any(sign.isdigit() for piece in pieces for sign in piece if sign.isascii())
