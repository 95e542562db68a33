"""What every voice does to a text before it is spoken, and to the sound afterwards."""

from __future__ import annotations

import unicodedata
from typing import Final

from ari_app.voice.loudness import levelled, without_offset
from ari_app.voice.pcm import trimmed

LONGEST_TEXT: Final = 1_000
"""Characters in one fragment; a longer one is a mistake of its flow."""

MARGIN_S: Final = 0.04


def speakable(text: str) -> str:
    """The text on one line, without control and format characters and without espeak-ng's phoneme brackets."""
    plain = "".join(" " if unicodedata.category(char)[0] in "CZ" else char for char in text)
    return " ".join(plain.replace("[[", " ").replace("]]", " ").split())


def finished(pcm: bytes, level_dbfs: float) -> bytes:
    """Trimmed to a margin of 40 ms on both ends and brought to the loudness of all prompts; empty without sound."""
    return levelled(trimmed(without_offset(pcm), MARGIN_S), level_dbfs)
