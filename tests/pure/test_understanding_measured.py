"""How good the understanding is on utterances on which neither rules nor model were made: no worse than was measured once.

``*.test.jsonl`` were written by people who had seen the conventions only. Never tune on them (docs/understanding.md).
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from ari_app.dialogue.understanding import understand
from ari_app.dialogue.understanding_score import Found, Score, score
from ari_app.dialogue.understanding_slots import slots_of
from ari_app.services.utterance_files import read_labelled

pytestmark = pytest.mark.pure

DATA = Path(__file__).parents[1] / "data" / "understanding"
NOW = datetime(2026, 3, 11, 10, 30, tzinfo=UTC)


def measured(language: str, part: str) -> Score:
    path = DATA / f"{language}.{part}.jsonl"
    with path.open(encoding="utf-8") as stream:
        labelled = read_labelled(stream, path.name)
    pairs = []
    for one in labelled:
        heard = understand(one.text, language, one.context, NOW)
        pairs.append((one, Found(heard.intent, heard.also, slots_of(heard))))
    return score(pairs)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_unseen_utterances_are_understood_as_well_as_was_measured(language: str) -> None:
    found = measured(language, "test")
    assert found.utterances >= 150
    assert found.macro_f1 >= 0.90
    assert found.slots["amount"].share >= 0.95
    assert found.slots["date"].share >= 0.90


@pytest.mark.parametrize("language", ["zh", "en"])
def test_hardly_an_unseen_utterance_stands_in_what_was_learned(language: str) -> None:
    """Short ones meet by chance."""
    texts = {part: _texts(language, part) for part in ("test", "train", "dev", "rules")}
    longer = {text for text in texts["test"] if len(text) > 12}
    assert len(longer & (texts["train"] | texts["dev"] | texts["rules"])) <= 2


def _texts(language: str, part: str) -> set[str]:
    path = DATA / f"{language}.{part}.jsonl"
    with path.open(encoding="utf-8") as stream:
        return {one.text for one in read_labelled(stream, path.name)}
