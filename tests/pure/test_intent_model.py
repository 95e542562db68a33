"""The intent model: probabilities, the same for the same words, from weights that are whole numbers."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ari_app.dialogue.heard import Heard
from ari_app.dialogue.intent_features import features, word_features
from ari_app.dialogue.intent_model import UNIT, model_of, read_model, weigh
from ari_app.dialogue.understanding import CONTEXTS, INTENTS, findings, understand

pytestmark = pytest.mark.pure

NOW = datetime(2026, 3, 11, 10, 30, tzinfo=UTC)
LANGUAGES = ("zh", "en")
SMALL = json.dumps({"intents": ["affirm", "deny"], "bias": [0, 0], "weights": {"w=yes": [[0, 3 * UNIT]]}})


@given(st.sampled_from(LANGUAGES), st.sampled_from(sorted(CONTEXTS)), st.text(max_size=60))
def test_probabilities_add_up_to_one_for_any_text(language: str, context: str, text: str) -> None:
    weighed = weigh(language, context, findings(text, language, context, NOW))
    assert set(weighed) <= INTENTS
    assert sum(weighed.values()) == pytest.approx(1.0)
    assert weighed == weigh(language, context, findings(text, language, context, NOW))


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_intent_may_be_chosen(language: str) -> None:
    assert set(model_of(language).intents) == INTENTS


def test_a_weight_speaks_for_its_intent_alone() -> None:
    model = read_model(SMALL)
    assert model.probabilities([]) == {"affirm": 0.5, "deny": 0.5}
    assert model.probabilities(["w=never seen"]) == {"affirm": 0.5, "deny": 0.5}
    assert model.probabilities(["w=yes"])["affirm"] == pytest.approx(0.9526, abs=1e-4)


def test_features_are_words_in_their_order_the_question_and_what_rules_found() -> None:
    heard = Heard(words=3, text="yes on friday", intents={"affirm": 0.8})
    named = features("en", "ask_when", heard)
    assert {"q=ask_when", "r=affirm", "w=yes", "w=< yes on", "p=yes_friday", "all=yes on friday"} <= set(
        named
    )
    assert len(named) == len(set(named))
    assert "w=friday yes" not in named
    assert "w=不交" in set(word_features("我不交", "zh"))


def test_figures_are_one_word() -> None:
    assert set(word_features("pay 250", "en")) == set(word_features("pay 300", "en"))


@pytest.mark.parametrize(
    ("language", "context", "text", "intent"),
    [
        ("en", "inform", "honestly i thought my husband had sorted this out last week", "already_paid"),
        ("en", "ask_when", "look money is really tight since they cut my shifts", "hardship"),
        ("zh", "inform", "这个月厂里停工了家里就靠我一个人实在是揭不开锅", "hardship"),
        ("zh", "ask_when", "孩子刚开学花了一大笔能不能让我缓上几天", "request_deferral"),
    ],
)
def test_words_that_no_rule_knows_are_weighed(language: str, context: str, text: str, intent: str) -> None:
    assert understand(text, language, context, NOW).intent == intent


def test_what_was_weighed_is_never_certain() -> None:
    heard = understand("look money is really tight since they cut my shifts", "en", "ask_when", NOW)
    assert 0.35 <= heard.confidence <= 0.9


@pytest.mark.parametrize(
    ("language", "text"), [("en", "my husband passed away"), ("zh", "不要录音"), ("en", "do not record me")]
)
def test_finer_meanings_are_the_rules_alone(language: str, text: str) -> None:
    assert understand(text, language, "opening", NOW).finer in {"deceased", "recording_refused"}
