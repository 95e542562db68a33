"""Time in which no question is open: an answer is being recognised, or a prompt rendered. Nobody is left in silence."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from typing import Final

import structlog

from ari_app.dialogue.model import FlowStep, Fragment
from ari_app.errors import SpeechError
from ari_app.ports import Clock, MediaEvent, MediaStream, Prompts
from ari_app.services.hearing import Errands
from ari_app.services.speaking import Speaker

log = structlog.get_logger(__name__)

#: How long the loop waits for sound before it looks at the clock, in seconds.
TICK_S: Final = 0.05
#: The text of an answer is waited for so long after the customer's last voice, the sound of a prompt after it was asked
#: for, in seconds.
PATIENCE_S: Final = 4.0
#: The filler is said when nothing has come by this time after the customer's last voice, in seconds ...
FILLER_AFTER_S: Final = 1.2
#: ... but not before so much time was given to the work.
LEAST_S: Final = 0.3
#: After a filler, so many seconds of silence call for another one.
REFILL_S: Final = 2.4


class Waiting:
    """Waits for work and says the filler when it takes long; ``overhear`` gets what comes in meanwhile."""

    def __init__(
        self,
        media: MediaStream,
        prompts: Prompts,
        speaker: Speaker,
        errands: Errands,
        clock: Clock,
        overhear: Callable[[MediaEvent | None], None],
    ) -> None:
        self._media = media
        self._prompts = prompts
        self._speaker = speaker
        self._errands = errands
        self._clock = clock
        self._overhear = overhear
        self._filled_until: float | None = None

    def over(self) -> None:
        """The bot speaks again."""
        self._filled_until = None

    async def wait(
        self, ready: Callable[[], bool], filler: tuple[Fragment, ...], since: float, until: float
    ) -> None:
        """Until ``ready`` (whose work wakes the media stream), at most until a moment; ``since`` it has been silent.

        Raises MediaClosed.
        """
        now = self._clock.monotonic()
        started = now
        while not ready() and now < until:
            fill_at = self._fill_at(since, started) if filler else math.inf
            if now >= fill_at:
                await self._fill(filler)
            else:
                self._overhear(await self._media.receive(min(TICK_S, min(until, fill_at) - now)))
            now = self._clock.monotonic()

    async def sound(self, step: FlowStep, since: float | None) -> bytes:
        """The sound of what a step says. Raises SpeechError when it cannot be had, or not in time; MediaClosed."""
        now = self._clock.monotonic()
        task = self._errands.start(self._prompts.pcm(step.say))
        task.add_done_callback(self._wake)
        await asyncio.sleep(0)  # sound that lies ready is there now
        await self.wait(task.done, step.filler, now if since is None else since, now + PATIENCE_S)
        if not task.done():
            task.cancel()
            raise SpeechError("the sound of a prompt did not come in time")
        return task.result()

    def _fill_at(self, since: float, started: float) -> float:
        if self._filled_until is not None:
            return self._filled_until + REFILL_S
        return max(since + FILLER_AFTER_S, started + LEAST_S)

    async def _fill(self, filler: tuple[Fragment, ...]) -> None:
        """Say that it takes a moment. It was rendered before the call; what fails now is left out."""
        task = self._errands.start(self._prompts.pcm(filler))
        task.add_done_callback(self._wake)
        until = self._clock.monotonic() + LEAST_S
        while not task.done() and (now := self._clock.monotonic()) < until:
            self._overhear(await self._media.receive(min(TICK_S, until - now)))
        if task.done() and task.exception() is None:
            log.info("filler said")
            await self._speaker.say(task.result(), filler, meanwhile=True)
        else:
            task.cancel()
            log.warning("filler not ready")
        self._filled_until = max(self._clock.monotonic(), self._speaker.ends)

    def _wake(self, task: asyncio.Task[bytes]) -> None:
        self._media.wake()
