"""Mishearings are put right where their place betrays them, and nowhere else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ari_app.dialogue.misheard_days_en import MISHEARD_DAYS_AND_SUMS
from ari_app.dialogue.misheard_words_en import MISHEARD_WORDS
from ari_app.dialogue.mishearings_en import put_right

pytestmark = pytest.mark.pure

HEARD = (
    ("next weak", "next week"),
    ("i am weak", "i am frail"),
    ("the signal is weak", "the signal is frail"),
    ("fifty a moth", "fifty a month"),
    ("my mouth hurts", "my mouth hurts"),
    ("on the twenty forth", "on the twenty fourth"),
    ("go forth", "go fourth"),
    ("sixty for dollars", "sixty four dollars"),
    ("i pay for my mother", "i pay for my mother"),
    ("send me the think", "send me the link"),
    ("i think so", "i think so"),
    ("text me", "text me"),
    ("can you tax me the link", "can you text me the link"),
    ("my liar will call", "my lawyer will call"),
    ("you are a liar", "you are a liar"),
    ("by direct debut", "by direct debit"),
    ("sorry you have got the long number", "sorry you have got the wrong number"),
    ("it took a long time", "it took a long time"),
    ("speak in", "speaking"),
    ("speak in english", "speak in english"),
)


@pytest.mark.parametrize(("heard", "meant"), HEARD, ids=[row[0] for row in HEARD])
def test_a_word_is_put_right_in_its_place(heard: str, meant: str) -> None:
    assert put_right(heard) == meant


def test_every_line_names_plain_words() -> None:
    for _, written, _, right in (*MISHEARD_DAYS_AND_SUMS, *MISHEARD_WORDS):
        assert all(phrase.replace(" ", "").isalnum() for phrase in written.split("|")), written
        assert right.replace(" ", "").isalpha(), right


_SUSPECT = {
    phrase.split()[0]
    for _, written, _, _ in (*MISHEARD_DAYS_AND_SUMS, *MISHEARD_WORDS)
    for phrase in written.split("|")
}


@given(st.lists(st.text("abcdefgh ", min_size=1, max_size=8)))
def test_text_without_a_written_word_stays_as_it_is(pieces: list[str]) -> None:
    text = " ".join(word for word in " ".join(pieces).split() if word not in _SUSPECT)
    assert put_right(text) == text
