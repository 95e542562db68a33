"""Listening before the answer: announcements and tones in early media."""

from __future__ import annotations

from typing import Protocol

from ari_app.ports import MediaFrame, MediaStream


class EarlyListener(Protocol):
    """What hears something in 20 ms frames of early media."""

    def push(self, frame: bytes) -> str | None:
        """Add one frame; the meaning of what was recognised, or None."""
        ...


class ProgressWatch:
    """Reads a call's sound until something with a meaning for the call is recognised.

    Only meanings that end the call are returned (empty number, switched off, ...); ringback is no news.
    """

    def __init__(self, media: MediaStream, listener: EarlyListener) -> None:
        self._media = media
        self._listener = listener

    async def run(self) -> str:
        """The meaning heard. Runs until then or until cancelled; raises MediaClosed when the socket goes."""
        while True:
            event = await self._media.receive(5.0)
            if isinstance(event, MediaFrame):
                meaning = self._listener.push(event.pcm)
                if meaning is not None:
                    return meaning
