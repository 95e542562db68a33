"""What the prompt cache is told, and what it tells."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from ari_app.dialogue.model import Fragment

_SENTENCE_ENDS: Final = "。！？.!?"
_CLAUSE_ENDS: Final = "，、；：,;:"


@dataclass(frozen=True, slots=True)
class PromptSettings:
    """``memory_bytes`` bounds the sound kept in memory; ``voice_retry_s`` is how long an online voice that failed is left
    alone. ``personal_online`` lets online voices have personal text.

    Gaps are the silence after a fragment: inside a sentence, after a comma, after a full stop. Of each kind of voice
    at most ``offline_slots`` and ``online_slots`` fragments are rendered at a time, and ``urgent_slots`` more for
    running calls. A running call waits at most ``call_patience_s`` for words that were not known before, and at most
    ``online_patience_s`` of it for an online voice when an offline one can speak instead.
    """

    level_dbfs: float = -20.0
    memory_bytes: int = 64 * 1024 * 1024
    voice_retry_s: float = 60.0
    personal_online: bool = False
    gap_s: float = 0.06
    clause_gap_s: float = 0.16
    sentence_gap_s: float = 0.3
    offline_slots: int = 2
    online_slots: int = 4
    urgent_slots: int = 2
    call_patience_s: float = 2.5
    online_patience_s: float = 0.6


@dataclass(slots=True)
class PromptCounters:
    """What the cache did. ``late``: sentences of which a running call had to wait for something; ``mixed``: sentences for
    which no single voice had everything."""

    rendered: int = 0
    voice_failures: int = 0
    late: int = 0
    mixed: int = 0


class Origin(StrEnum):
    """Where the sound of a fragment comes from."""

    RECORDED = "recorded"
    CACHED = "cached"
    MISSING = "missing"


def gap_after(fragment: Fragment, settings: PromptSettings) -> float:
    """The silence after a fragment, in seconds."""
    last = fragment.text.rstrip()[-1:]
    if last and last in _CLAUSE_ENDS:
        return settings.clause_gap_s
    if fragment.ends or (last and last in _SENTENCE_ENDS):
        return settings.sentence_gap_s
    return settings.gap_s


def for_local_voice(fragment: Fragment) -> bool:
    """Whether its sentence holds a personal text that no online voice can say in pieces."""
    return fragment.local or (fragment.personal and not fragment.pieces)


def sentences(fragments: Sequence[Fragment]) -> Iterator[tuple[Fragment, ...]]:
    """Cut into sentences, each of which one voice speaks."""
    start = 0
    for at, fragment in enumerate(fragments):
        following = fragments[at + 1] if at + 1 < len(fragments) else None
        ends = fragment.ends or fragment.text.rstrip()[-1:] in tuple(_SENTENCE_ENDS)
        if following is None or ends or fragment.local != following.local:
            yield tuple(fragments[start : at + 1])
            start = at + 1
