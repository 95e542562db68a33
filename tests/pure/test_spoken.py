"""Amounts, dates and digits as they are spoken: known cases, and the way back from words to numbers."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ari_app.dialogue import spoken
from ari_app.dialogue.numerals import en_number, zh_digit_string, zh_integer

pytestmark = pytest.mark.pure


@pytest.mark.parametrize(
    ("value", "currency", "zh", "en"),
    [
        ("568.32", "CNY", "五百六十八元三角二分", "five hundred sixty eight yuan and thirty two cents"),
        ("0.05", "CNY", "五分", "five cents"),
        ("0.50", "CNY", "五角", "fifty cents"),
        ("100.05", "CNY", "一百元零五分", "one hundred yuan and five cents"),
        ("1.00", "CNY", "一元", "one yuan"),
        ("2.00", "CNY", "两元", "two yuan"),
        ("12.00", "CNY", "十二元", "twelve yuan"),
        ("110.00", "CNY", "一百一十元", "one hundred ten yuan"),
        ("10010.00", "CNY", "一万零一十元", "ten thousand ten yuan"),
        ("20000.00", "CNY", "两万元", "twenty thousand yuan"),
        ("100000010", "CNY", "一亿零一十元", "one hundred million ten yuan"),
        ("0", "CNY", "零元", "zero yuan"),
        ("1.01", "USD", "一美元一美分", "one dollar and one cent"),
        ("2.20", "USD", "两美元二十美分", "two dollars and twenty cents"),
        ("3.02", "XTS", "三X T S两分", "three X T S and two cents"),
    ],
)
def test_an_amount_in_words(value: str, currency: str, zh: str, en: str) -> None:
    assert spoken.amount(Decimal(value), currency, "zh") == zh
    assert spoken.amount(Decimal(value), currency, "en") == en


def test_an_amount_is_rounded_to_the_hundredth_and_never_negative() -> None:
    assert spoken.amount(Decimal("0.995"), "CNY", "zh") == "一元"
    for wrong in (Decimal("-0.01"), Decimal("NaN")):
        with pytest.raises(ValueError, match="not negative"):
            spoken.amount(wrong, "CNY", "zh")


@given(st.integers(0, 99_999_999))
def test_chinese_numbers_come_back(number: int) -> None:
    assert zh_integer(spoken.integer(number, "zh")) == number


@given(st.integers(0, 999_999))
def test_english_numbers_come_back(number: int) -> None:
    assert en_number(spoken.integer(number, "en").split()) == number


@given(st.integers(0, spoken.LARGEST), st.sampled_from(spoken.LANGUAGES))
def test_no_figure_is_left_in_a_number_in_words(number: int, language: str) -> None:
    text = spoken.integer(number, language)
    assert text
    assert not any(character.isdigit() and character.isascii() for character in text)
    assert "零零" not in text
    assert not text.endswith("零") or number == 0


@given(st.integers(0, spoken.LARGEST), st.integers(0, spoken.LARGEST), st.sampled_from(spoken.LANGUAGES))
def test_two_numbers_never_sound_the_same(one: int, other: int, language: str) -> None:
    assert (spoken.integer(one, language) == spoken.integer(other, language)) == (one == other)


@pytest.mark.parametrize("number", [-1, spoken.LARGEST + 1])
def test_a_number_that_has_no_words_is_refused(number: int) -> None:
    with pytest.raises(ValueError, match="outside"):
        spoken.integer(number, "zh")


def test_a_date_names_its_weekday_or_its_year() -> None:
    day = date(2026, 3, 11)
    assert spoken.day(day, "zh", today=date(2026, 1, 1)) == "三月十一日，星期三"
    assert spoken.day(day, "en", today=date(2026, 1, 1)) == "Wednesday, March eleventh"
    assert spoken.day(day, "zh", today=date(2025, 12, 31)) == "二零二六年三月十一日"
    assert spoken.day(day, "en", today=date(2025, 12, 31)) == "March eleventh, twenty twenty six"
    assert spoken.day(date(2005, 10, 22), "en") == "October twenty second, two thousand five"
    assert spoken.day(date(2012, 12, 30), "en") == "December thirtieth, twenty twelve"


@given(st.dates(date(2020, 1, 1), date(2040, 12, 31)), st.sampled_from(spoken.LANGUAGES))
def test_every_date_of_a_year_sounds_different(day: date, language: str) -> None:
    following = date.fromordinal(day.toordinal() + 1)
    assert spoken.day(day, language) != spoken.day(following, language)
    assert not any(character.isdigit() and character.isascii() for character in spoken.day(day, language))


def test_telephone_digits() -> None:
    assert spoken.digits("0138", "zh") == "零幺三八"
    assert spoken.digits("0138", "zh", telephone=False) == "零一三八"
    assert spoken.digits("+0-1 3８", "en") == "zero one three"


@given(st.text("0123456789", min_size=1, max_size=12))
def test_chinese_digits_come_back(text: str) -> None:
    assert zh_digit_string(spoken.digits(text, "zh")) == text


@given(st.integers(1, 99))
def test_ordinals_differ_from_their_numbers(number: int) -> None:
    assert spoken.ordinal(number) != spoken.integer(number, "en")


def test_days() -> None:
    assert [spoken.days(number, "zh") for number in (1, 2, 10, 22)] == ["一天", "两天", "十天", "二十二天"]
    assert [spoken.days(number, "en") for number in (1, 2)] == ["one day", "two days"]
