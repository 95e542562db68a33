"""English sums, times of calls, digits and terms: what each family of phrases means."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ari_app.dialogue.channel_words_en import CHANNELS, not_this_way
from ari_app.dialogue.digits_en import called_number_tail_en, periods_en, phone_tail_en
from ari_app.dialogue.money_en import amounts_en
from ari_app.dialogue.normal_en import normalise_en
from ari_app.dialogue.numerals import EN_ONES, EN_TENS, en_number
from ari_app.dialogue.settling import in_spoken_order, named
from ari_app.dialogue.times_en import times_en

pytestmark = pytest.mark.pure

NOW = datetime(2026, 3, 11, 10, 30, tzinfo=ZoneInfo("Asia/Shanghai"))

SUMS = (
    ("i can do three fifty", "350.00"),
    ("pay the three oh five", "305.00"),
    ("twenty eight hundred", "2800.00"),
    ("fifteen hundred and fifty", "1550.00"),
    ("five hundred and twelve forty", "512.40"),
    ("i will send sixty four fifty", "64.50"),
    ("the whole one thirty three twenty", "133.20"),
    ("sixty four oh five today", "64.05"),
    ("a hundred and twenty", "120.00"),
    ("one twenty five tomorrow", "125.00"),
    ("two grand", "2000.00"),
    ("a grand and a half", "1500.00"),
    ("two and a half thousand", "2500.00"),
    ("one point five grand", "1500.00"),
    ("three thousand two fifty", "3250.00"),
    ("a buck fifty", "1.50"),
    ("hundred bucks", "100.00"),
    ("forty quid", "40.00"),
    ("a tenner", "10.00"),
    ("fourteen dollars ninety nine", "14.99"),
    ("fifty seven dollars and thirty cents", "57.30"),
    ("$64.50", "64.50"),
    ("1,250 dollars", "1250.00"),
    ("two hundred on friday and the other two hundred after", "200.00 200.00"),
    # Said again, taken back, refused.
    ("ninety i can manage ninety", "90.00"),
    ("two fifty no three hundred", "300.00"),
    ("not the whole two ten i can do seventy five", "75.00"),
    ("i can not do three hundred but i can do one fifty", "150.00"),
    # Vague.
    ("half", ""),
    ("a few hundred", ""),
    ("a couple of hundred", ""),
    ("eight hundred and something", ""),
    ("fifty percent", ""),
    # No sums about the bill.
    ("i make eighteen hundred a month", ""),
    ("my pension is nine hundred", ""),
    ("i have eleven dollars to my name", ""),
    ("the meter says four five two one", ""),
    ("i rang one eight hundred five five five oh one nine nine", ""),
    ("my flat is number two hundred and six", ""),
    ("since nineteen eighty four", ""),
    ("i am seventy two", ""),
    ("you called thirty times", ""),
    ("i have twenty five staff", ""),
    # As recognisers write them.
    ("sixty for dollars", "64.00"),
    ("to hundred dollars", "200.00"),
    ("fifty sense", "0.50"),
    ("ate hundred", "800.00"),
    ("thirty books", "30.00"),
)

TIMES = (
    ("call me at four", "16:00"),
    ("ring me at half past six", "18:30"),
    ("half nine in the morning", "09:30"),
    ("try me at quarter past five", "17:15"),
    ("call at quarter to three", "14:45"),
    ("ten past two please call", "14:10"),
    ("call back at two thirty", "14:30"),
    ("nine thirty a m", "09:30"),
    ("call me at nine p m", "21:00"),
    ("at ten in the morning", "10:00"),
    ("after seven pm", "19:00"),
    ("tonight at eight", "20:00"),
    ("call at noon", "12:00"),
    ("15:45", "15:45"),
    ("between four and six", "16:00 18:00"),
    ("in half an hour", "11:00"),
    ("in an hour", "11:30"),
    ("in twenty minutes", "10:50"),
    ("in an hour and a half", "12:00"),
    ("in a couple of hours", "12:30"),
    ("call me in three quarters of an hour", "11:15"),
    ("call me at for tomorrow", "16:00"),
    ("call on friday to o'clock", "14:00"),
    ("call me later", ""),
    ("call this afternoon", ""),
    ("i have been waiting an hour", ""),
    ("at two hundred dollars", ""),
    ("not at five at six", "18:00"),
)

TAILS = (
    ("one three double eight", "1388"),
    ("oh triple seven", "0777"),
    ("nought three double eight", "0388"),
    ("sixty one fifty", "6150"),
    ("forty four seventeen", "4417"),
    ("double for nine one", "4491"),
    ("three nine won six", "3916"),
    ("zero eight seven double one four six two oh five", "6205"),
    ("seven oh three no sorry seven zero three six", "7036"),
    ("one two three", None),
    ("i do not know", None),
)

CHANNELS_SAID = (
    ("by bank transfer", "bank_transfer"),
    ("transfer me to a person", ""),
    ("on my visa", "card"),
    ("alipay or we chat", "alipay wechatpay"),
    ("not through the app i will use my card", "card"),
    ("the app keeps crashing so i will pay at the counter", "cash_counter"),
    ("besides the card what else is there", ""),
    ("i do not have a card", ""),
    ("by direct debut", "auto_debit"),
    ("with the link in the text message", "sms_link"),
    ("i am short of cash", ""),
    ("i bought a new sim card", ""),
)

TERMS: tuple[tuple[str, bool, list[int]], ...] = (
    ("three or six months", True, [3, 6]),
    ("half a year", True, [6]),
    ("over a year", True, [12]),
    ("not twelve that is too long six", True, [6]),
    ("the six one please", True, [6]),
    ("i have three kids", True, []),
    ("call me at three", True, []),
    ("six", False, []),
    ("over twelve months", False, [12]),
)


@pytest.mark.parametrize(("text", "expected"), SUMS, ids=[row[0] for row in SUMS])
def test_a_sum_is_understood(text: str, expected: str) -> None:
    assert " ".join(map(str, amounts_en(normalise_en(text), bare=False))) == expected


@pytest.mark.parametrize(("text", "expected"), TIMES, ids=[row[0] for row in TIMES])
def test_a_time_is_understood(text: str, expected: str) -> None:
    assert " ".join(f"{at:%H:%M}" for at in times_en(normalise_en(text), NOW)) == expected


@pytest.mark.parametrize(("text", "expected"), TAILS, ids=[row[0] for row in TAILS])
def test_the_last_digits_are_understood(text: str, expected: str | None) -> None:
    assert phone_tail_en(normalise_en(text)) == expected


def test_a_number_to_be_called_on_gives_its_last_digits_and_a_hot_line_none() -> None:
    assert (
        called_number_tail_en("call me on my cell six oh four five five five four four seven one") == "4471"
    )
    assert (
        called_number_tail_en("i rang your hot line one eight hundred five five five oh one nine nine")
        is None
    )


@pytest.mark.parametrize(("text", "expected"), CHANNELS_SAID, ids=[row[0] for row in CHANNELS_SAID])
def test_a_way_to_pay_is_understood(text: str, expected: str) -> None:
    assert " ".join(in_spoken_order(named(CHANNELS), normalise_en(text), not_this_way)) == expected


@pytest.mark.parametrize(("text", "bare", "expected"), TERMS, ids=[row[0] for row in TERMS])
def test_a_term_is_understood(text: str, bare: bool, expected: list[int]) -> None:
    assert periods_en(normalise_en(text), bare=bare) == expected


WORDS = {value: word for word, value in (*EN_ONES.items(), *EN_TENS.items())}


def below_100(value: int) -> list[str]:
    """A number below 100 in words."""
    if value in WORDS:
        return [WORDS[value]]
    return [WORDS[value // 10 * 10], WORDS[value % 10]]


@given(st.integers(1, 99), st.integers(10, 99))
def test_two_groups_are_hundreds_below_ten_and_cents_above(first: int, second: int) -> None:
    if first % 10 == 0 and first != 20 and 0 < second - first < 10:
        assert (
            en_number(below_100(first) + below_100(second)) is None
        )  # "ninety ninety five": he makes up his mind
        return
    expected = first * 100 + second if first < 10 else first + Decimal(second) / 100
    assert en_number(below_100(first) + below_100(second)) == expected


@given(st.integers(1, 9), st.integers(0, 99), st.integers(0, 9))
def test_hundreds_and_thousands_add_up(hundreds: int, rest: int, thousands: int) -> None:
    words = [*([WORDS[thousands], "thousand"] if thousands else []), WORDS[hundreds], "hundred"]
    words += ["and", *below_100(rest)] if rest else []
    assert en_number(words) == thousands * 1000 + hundreds * 100 + rest


@given(st.lists(st.integers(0, 9), min_size=4, max_size=4))
def test_digits_read_out_are_the_digits(digits: list[int]) -> None:
    said = " ".join("oh" if digit == 0 else WORDS[digit] for digit in digits)
    assert phone_tail_en(said) == "".join(map(str, digits))


@given(
    st.lists(
        st.sampled_from(
            [
                "one",
                "two",
                "hundred",
                "and",
                "a",
                "half",
                "thousand",
                "oh",
                "fifty",
                "dollars",
                "cents",
                "point",
                "no",
                "not",
                "the",
            ]
        )
    )
)
def test_any_mixture_of_number_words_gives_positive_sums_with_two_places(words: list[str]) -> None:
    for value in amounts_en(" ".join(words), bare=True):
        assert value >= 0
        assert value == value.quantize(Decimal("0.01"))
