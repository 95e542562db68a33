"""An utterance that is gathered whole and recognised when asked, for engines that do not stream.

The sound stays here until the end. So a worker that dies with a guess costs nothing, any worker can take the next
request, and a result whose sound has been recognised already needs no worker at all.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final, Protocol

import numpy as np

from ari_app.errors import SpeechError
from ari_app.ports import Transcript
from ari_app.services.engine_health import EngineAccount
from ari_app.voice.pcm import SAMPLE_RATE, to_samples

LONGEST_UTTERANCE_S: Final = 40.0
LONGEST_PARTIAL_S: Final = 0.8
"""A guess that is later than this steers nothing any more."""
_FRAME: Final = SAMPLE_RATE // 50
_UNDER_VOICE: Final = 10.0 ** (-26.0 / 20.0)
_NEAR_VOICE: Final = 10.0 ** (-12.0 / 20.0)
_OVER_PAUSE: Final = 2.0
_ALWAYS_QUIET: Final = 33.0
"""-60 dBFS."""


class Recognise(Protocol):
    """Turns slin16 sound into text. ``guess``: a request that may be turned away when there is much to do."""

    async def __call__(self, pcm: bytes, timeout_s: float, *, guess: bool) -> Transcript: ...


class GatheredUtterance:
    """A RecognitionStream; ``recognise`` does the work. Sound beyond 40 s is dropped and counted.

    A result takes the text of the last ``partial`` when nothing but quiet was fed after it.
    """

    def __init__(
        self,
        recognise: Recognise,
        account: EngineAccount | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
        longest_partial_s: float = LONGEST_PARTIAL_S,
    ) -> None:
        """:param account: where results and faults are noted."""
        self.dropped_bytes = 0
        self._recognise = recognise
        self._account = account or EngineAccount("")
        self._clock = clock
        self._longest_partial_s = longest_partial_s
        self._pcm = bytearray()
        self._ended = False
        self._guessed: Transcript | None = None
        self._guessed_bytes = 0

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
        pcm = bytes(self._pcm)
        if self._guessed is None or not _only_quiet_since(pcm, self._guessed_bytes):
            guessed = await self._recognise(pcm, min(timeout_s, self._longest_partial_s), guess=True)
            self._guessed, self._guessed_bytes = guessed, len(pcm)
            self._account.partial_succeeded()
        return self._guessed

    async def result(self, timeout_s: float) -> Transcript:
        """End the utterance and get its text. Raises SpeechError (also when asked twice or cancelled), TimeoutError."""
        if self._ended:
            raise SpeechError("the utterance has already ended")
        self._ended = True
        pcm, self._pcm = bytes(self._pcm), bytearray()
        began = self._clock()
        try:
            if self._guessed is not None and _only_quiet_since(pcm, self._guessed_bytes):
                heard = self._guessed
            else:
                heard = await self._recognise(pcm, timeout_s, guess=False)
        except SpeechError:
            self._account.failed(self._clock())
            raise
        except TimeoutError:
            self._account.timed_out(self._clock())
            raise
        self._account.succeeded(self._clock() - began)
        return heard

    def cancel(self) -> None:
        """Throw the utterance away."""
        self._ended = True
        self._pcm.clear()


def _only_quiet_since(pcm: bytes, at: int) -> bool:
    """Whether nothing but quiet came after byte ``at``, where a guess had been asked for.

    Quiet is what is 26 dB under the loudest before, under -60 dBFS, or no more than 6 dB over the last 60 ms of the guess
    (which is asked for in a pause); what is within 12 dB of the loudest never is.
    """
    if len(pcm) <= at:
        return True
    voice = _loudest(pcm[:at])
    pause = _loudest(pcm[max(0, at - 6 * _FRAME) : at])
    quiet = max(voice * _UNDER_VOICE, min(pause * _OVER_PAUSE, voice * _NEAR_VOICE), _ALWAYS_QUIET)
    return _loudest(pcm[at:]) <= quiet


def _loudest(pcm: bytes) -> float:
    """The greatest effective value of 20 ms."""
    samples = to_samples(pcm[: len(pcm) // 2 * 2]).astype(np.float32)
    padded = np.zeros(-(-samples.size // _FRAME) * _FRAME, np.float32)
    padded[: samples.size] = samples
    if not padded.size:
        return 0.0
    return float(np.sqrt(np.mean(np.square(padded.reshape(-1, _FRAME)), axis=1).max()))
