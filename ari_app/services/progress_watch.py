"""Listening before the answer: announcements and tones in early media."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Protocol

import structlog

from ari_app.ports import MediaFrame, MediaStream
from ari_app.services.keyword_watch import KeywordWatch
from ari_app.services.progress_files import ProgressFiles
from ari_app.voice.progress import MEANS, EarlyMediaListener
from ari_app.voice.tone_plan import TonePlan, TonePlans

log = structlog.get_logger(__name__)

PATIENCE_S: Final = 5.0
WORDS_PATIENCE_S: Final = 0.1
"""How long a frame is waited for while a recogniser works: its answer counts although no sound comes any more."""


class EarlyListener(Protocol):
    """What hears something in 20 ms frames of early media."""

    @property
    def heard(self) -> list[str]:
        """Everything so far, in order."""
        ...

    def push(self, frame: bytes) -> str | None:
        """Add one frame; the meaning of what was recognised, or None."""
        ...


class ProgressWatch:
    """Reads a call's sound until something with a meaning for the call is recognised.

    Only meanings that end the call are returned (empty number, switched off, ...); ringback, music and silence are
    noted in the log. Words that a recogniser understood count where the sound is not known.
    """

    def __init__(
        self,
        media: MediaStream,
        listener: EarlyListener | Callable[[], EarlyListener],
        keywords: KeywordWatch | None = None,
        files: ProgressFiles | None = None,
    ) -> None:
        """:param listener: or what makes it, once ``files`` have been looked at."""
        self._media = media
        self._listener = listener
        self._keywords = keywords
        self._files = files

    async def run(self) -> str:
        """The meaning heard. Runs until then or until cancelled; raises MediaClosed when the socket goes."""
        if self._files is not None:
            await self._files.refresh()
        listener = self._listener() if callable(self._listener) else self._listener
        try:
            return await self._listen(listener)
        finally:
            if self._keywords is not None:
                await self._keywords.close()

    async def _listen(self, listener: EarlyListener) -> str:
        keywords, noted = self._keywords, 0
        while True:
            waits = keywords is not None and keywords.working
            event = await self._media.receive(WORDS_PATIENCE_S if waits else PATIENCE_S)
            meaning = None
            if isinstance(event, MediaFrame):
                meaning = listener.push(event.pcm)
                if keywords is not None:
                    keywords.push(event.pcm)
            if len(listener.heard) > noted:
                log.info("heard before the answer", sound=listener.heard[-1])
                noted = len(listener.heard)
            if meaning is None and keywords is not None and keywords.meaning is not None:
                meaning = MEANS.get(keywords.meaning, keywords.meaning)
                log.info("understood before the answer", meaning=meaning)
            if meaning is not None:
                return meaning


def early_listener(
    files: ProgressFiles, plan: Callable[[TonePlans], TonePlan]
) -> Callable[[], EarlyMediaListener]:
    """What makes the listener of a call, from what the files hold when the call begins."""

    def make() -> EarlyMediaListener:
        return EarlyMediaListener(files.known.references, plan(files.known.tones))

    return make
