"""Which language somebody asks for."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ari_app.dialogue.language_words import language_wish
from ari_app.dialogue.understanding import understand

pytestmark = pytest.mark.pure

NOW = datetime(2026, 3, 11, 10, 30, tzinfo=ZoneInfo("Asia/Shanghai"))

#: (language of the call, what is said, the language that is asked for; None: none)
SAID: tuple[tuple[str, str, str | None], ...] = (
    ("zh", "可以说英语吗", "en"),
    ("zh", "英文服务", "en"),
    ("zh", "English please", "en"),
    ("zh", "能不能讲粤语", "yue"),
    ("zh", "我只会说广东话", "yue"),
    ("zh", "听不懂中文", ""),
    ("zh", "我听不懂普通话，说粤语", "yue"),
    ("zh", "说普通话", "zh"),
    ("zh", "我不会说英语", None),
    ("zh", "是我", None),
    ("zh", "我在教英语班上课", None),
    ("en", "can you speak chinese", "zh"),
    ("en", "Mandarin please", "zh"),
    ("en", "chinese", "zh"),
    ("en", "i speak only cantonese", "yue"),
    ("en", "do you have someone who speaks Spanish", "es"),
    ("en", "I don't speak English", ""),
    ("en", "no english", ""),
    ("en", "sorry my english is not good", ""),
    ("en", "I don't understand English, only Polish", "pl"),
    ("en", "i do not speak chinese", None),
    ("en", "in english please", "en"),
    ("en", "yes speaking", None),
    ("en", "i ate at a chinese restaurant", None),
)


@pytest.mark.parametrize(("language", "said", "wanted"), SAID, ids=[f"{row[0]}-{row[1]}" for row in SAID])
def test_a_wish_for_a_language_is_heard(language: str, said: str, wanted: str | None) -> None:
    for context in ("opening", "ask_when"):
        heard = understand(said, language, context, NOW)
        assert (heard.finer == "switch_language") == (wanted is not None), heard
        assert heard.language == (wanted or "")


@given(st.text(max_size=80), st.sampled_from(["zh", "en"]))
def test_any_text_has_a_language_or_none(text: str, language: str) -> None:
    wish = language_wish(text, language)
    assert wish is None or len(wish) <= 3
