"""The words of a FunASR runtime server (funasr-wss-server-2pass), and what they add up to.

Source: FunASR, runtime/docs/websocket_protocol.md. A client sends one JSON message, then sound as binary messages, then
``{"is_speaking": false}``. The server sends ``2pass-online`` messages with pieces of text while somebody speaks, one
``2pass-offline`` message with the corrected text for each segment that its own detector has closed, and after the end
one message with ``is_final`` true, whose text may be empty and which then has no mode.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from ari_app.voice.pcm import SAMPLE_RATE

CHUNK_SIZE: Final = (5, 10, 5)
"""Blocks of 60 ms: the streaming model hears 10 of them at a time (600 ms) and looks 5 back and ahead."""
CHUNK_INTERVAL: Final = 10
HOT_WORD_WEIGHT: Final = 20
"""The weight of the examples in FunASR's own documents."""
MOST_HOT_WORDS: Final = 200
LONGEST_HOT_WORD: Final = 10
LONGEST_TEXT: Final = 2000
"""Signs of text of one utterance; 40 s of speech are about 250 in Chinese, 700 in English."""

#: The server gives no confidence. What it gives is two opinions, and these are made of them.
NOT_COMPARED: Final = 0.75
"""Only the second pass has an opinion: an utterance too short for the first."""
NOT_CONFIRMED: Final = 0.4
"""Only the first pass has an opinion: the second heard nothing. Below the least confidence of a flow."""
_LEAST, _MOST = 0.35, 0.95

_EVENT_MARK = re.compile(r"<\|[^|<>]{0,40}\|>")  # <|zh|><|NEUTRAL|>: SenseVoice models say how they heard it
_NO_SIGN = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_UNSPOKEN = re.compile(r"[\W_]+")
_SPLIT_WORDS = re.compile(r"[A-Za-z0-9]{2}")


class OddMessageError(ValueError):
    """A message that is none of the protocol's; ``str`` says what is odd and never what it holds."""


@dataclass(frozen=True, slots=True)
class ServerMessage:
    """One message of the server. ``offline``: the corrected text of a segment, else a piece of a running one."""

    wav_name: str
    text: str
    offline: bool
    is_final: bool


def start_message(utterance_id: str, language: str, hot_words: tuple[str, ...]) -> str:
    """The first message of an utterance of slin16 sound.

    ``itn`` is off: numerals come as they were spoken, and the product's own rules read them.
    """
    weights = {
        word: HOT_WORD_WEIGHT for word in hot_words[:MOST_HOT_WORDS] if 0 < len(word) <= LONGEST_HOT_WORD
    }
    return json.dumps(
        {
            "mode": "2pass",
            "chunk_size": CHUNK_SIZE,
            "chunk_interval": CHUNK_INTERVAL,
            "wav_name": utterance_id,
            "wav_format": "pcm",
            "audio_fs": SAMPLE_RATE,
            "hotwords": json.dumps(weights, ensure_ascii=False) if weights else "",
            "itn": False,
            "svs_lang": language,
            "svs_itn": False,
            "is_speaking": True,
        },
        ensure_ascii=False,
    )


END_MESSAGE: Final = json.dumps({"is_speaking": False})


def read_message(message: str | bytes) -> ServerMessage:
    """What the server says. Raises OddMessageError."""
    if isinstance(message, bytes):
        raise OddMessageError("a binary message")
    try:
        said = json.loads(message)
    except (ValueError, RecursionError):
        raise OddMessageError("no JSON") from None
    if not isinstance(said, dict):
        raise OddMessageError("no JSON object")
    name, text, final = said.get("wav_name"), said.get("text"), said.get("is_final")
    if not (isinstance(name, str) and isinstance(text, str) and isinstance(final, bool)):
        raise OddMessageError("no wav_name, text or is_final")
    mode = said.get("mode")
    if text and mode not in ("2pass-online", "2pass-offline"):
        raise OddMessageError("text of an unknown mode")
    return ServerMessage(name, _clean(text), mode == "2pass-offline", final)


def _clean(text: str) -> str:
    """Without marks, control signs and halves of signs, which nothing after this could store."""
    text = _NO_SIGN.sub(" ", _EVENT_MARK.sub("", text))
    return text.encode("utf-8", "ignore").decode("utf-8")


class HeardSoFar:
    """Adds up the messages of one utterance."""

    def __init__(self) -> None:
        self._offline = ""
        self._tail = ""
        self._online = ""

    def take(self, message: ServerMessage) -> None:
        """Add a message. Raises OddMessageError when the server says more than anybody can have spoken."""
        if message.offline:
            self._offline = _joined(self._offline, message.text)
            self._tail = ""
        else:
            self._tail = _joined(self._tail, message.text)
            self._online = _joined(self._online, message.text)
        if len(self._offline) + len(self._online) > 2 * LONGEST_TEXT:
            raise OddMessageError("more text than can have been spoken")

    @property
    def text(self) -> str:
        """Corrected segments, and the pieces of the one that runs."""
        return _joined(self._offline, self._tail).strip()

    def final(self) -> tuple[str, float]:
        """The text and a confidence from 0 to 1.

        The corrected text counts, even where the streaming model heard something after its last segment: that was no
        speech to the second pass. Its confidence grows with the share of the streaming model's text that it confirms.
        """
        text = self._offline.strip()
        if not text:
            rest = self._tail.strip()
            return rest, NOT_CONFIRMED if rest else 0.0
        share = confirmed_share(self._online, text)
        return text, NOT_COMPARED if share is None else round(_LEAST + (_MOST - _LEAST) * share, 3)


def _joined(first: str, second: str) -> str:
    """Pieces in a row; words of letters get the blank that the server leaves out between them."""
    return f"{first} {second}" if _SPLIT_WORDS.fullmatch(first[-1:] + second[:1]) else first + second


def confirmed_share(online: str, offline: str) -> float | None:
    """How much of the first text stands in the second, 0 to 1, by pairs of signs; None where there is nothing to compare.

    Punctuation, blanks and case do not count. The first may end earlier: the streaming model's last piece is not sent.
    """
    first, second = (_UNSPOKEN.sub("", text).casefold() for text in (online, offline))
    if not first:
        return None
    if len(first) == 1:
        return float(first in second)
    pairs = Counter(pairwise(first))
    known = Counter(pairwise(second))
    return (pairs & known).total() / pairs.total()
