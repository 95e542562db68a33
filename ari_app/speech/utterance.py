"""An utterance that is gathered whole and recognised at its end, for engines that do not stream."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

from ari_app.errors import SpeechError
from ari_app.ports import Transcript
from ari_app.voice.pcm import SAMPLE_RATE

LONGEST_UTTERANCE_S: Final = 40.0


class GatheredUtterance:
    """A RecognitionStream; ``recognise(pcm, timeout_s)`` does the work. Sound beyond 40 s is dropped and counted."""

    def __init__(self, recognise: Callable[[bytes, float], Awaitable[Transcript]]) -> None:
        self.dropped_bytes = 0
        self._recognise = recognise
        self._pcm = bytearray()
        self._ended = False

    def feed(self, pcm: bytes) -> None:
        """Add slin16 sound; ignored after the end."""
        if self._ended:
            return
        room = int(LONGEST_UTTERANCE_S * SAMPLE_RATE) * 2 - len(self._pcm)
        self.dropped_bytes += max(0, len(pcm) - room)
        self._pcm += pcm[:room]

    async def partial(self, timeout_s: float) -> Transcript:
        """The text of what has been fed until now, as good as a result. Raises SpeechError, TimeoutError."""
        if self._ended:
            raise SpeechError("the utterance has already ended")
        return await self._recognise(bytes(self._pcm), timeout_s)

    async def result(self, timeout_s: float) -> Transcript:
        """End the utterance and get its text. Raises SpeechError (also when asked twice or cancelled), TimeoutError."""
        if self._ended:
            raise SpeechError("the utterance has already ended")
        self._ended = True
        pcm, self._pcm = bytes(self._pcm), bytearray()
        return await self._recognise(pcm, timeout_s)

    def cancel(self) -> None:
        """Throw the utterance away."""
        self._ended = True
        self._pcm.clear()
