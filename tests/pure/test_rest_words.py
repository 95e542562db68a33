"""The rest of a debt, told without a figure: where it is heard, and where the words mean something else."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ari_app.dialogue.understanding import CONTEXTS, understand

pytestmark = pytest.mark.pure

NOW = datetime(2026, 3, 11, 10, 30, tzinfo=ZoneInfo("Asia/Shanghai"))


@pytest.mark.parametrize(
    ("language", "text", "after_days"),
    [
        ("en", "two hundred on friday and the rest on the first", 1),
        ("en", "one hundred today two hundred on friday and the balance on the thirtieth", 2),
        ("en", "the remainder on friday", 0),
        ("en", "the remaining amount next friday", 0),
        ("en", "half on friday and the other half on the twentieth", 1),
        ("en", "the rest of it tomorrow", 0),
        ("zh", "周五先交两百剩下的下个月五号", 1),
        ("zh", "今天交一百周五交两百剩下的月底", 2),
        ("zh", "余下的下周五", 0),
        ("zh", "尾款二十号付清", 0),
        ("zh", "剩余部分月底给", 0),
    ],
)
def test_the_rest_is_heard_with_the_days_before_it(language: str, text: str, after_days: int) -> None:
    heard = understand(text, language, "ask_when", NOW)
    assert heard.rest == after_days
    assert heard.intent == "promise_to_pay"
    assert not heard.full_amount


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "two hundred on friday"),
        ("en", "i will pay the rest three hundred on friday"),
        ("en", "i am away the rest of the week"),
        ("en", "what is the balance"),
        ("en", "how much is the rest"),
        ("zh", "周五交两百"),
        ("zh", "剩下的三百周五交"),
        ("zh", "还剩多少"),
        ("zh", "剩下多少钱"),
    ],
)
def test_what_is_no_rest_is_not_taken_for_one(language: str, text: str) -> None:
    assert understand(text, language, "ask_when", NOW).rest is None


def test_all_of_the_rest_is_not_all_of_the_bill() -> None:
    for language, text in (("zh", "剩下的全部下周五交"), ("en", "all of it the rest next friday")):
        heard = understand(text, language, "ask_when", NOW)
        assert (heard.rest, heard.full_amount) == (0, False)


@given(st.sampled_from(["zh", "en"]), st.sampled_from(sorted(CONTEXTS)), st.text(max_size=40))
def test_any_text_has_no_more_days_before_the_rest_than_it_has_days(
    language: str, context: str, text: str
) -> None:
    rest = "剩下的" if language == "zh" else " the rest "
    heard = understand(text + rest + text, language, context, NOW)
    assert heard.rest is None or 0 <= heard.rest <= max(len(heard.dates), len(text))
