"""The bot's voice in one call: what is being played, how far it has come, and where it goes on after an interruption."""

from __future__ import annotations

from dataclasses import dataclass, field

from ari_app.dialogue.model import Fragment
from ari_app.ports import Clock, MediaStream
from ari_app.services.turn_log import Answered, PromptEntry, TurnLog
from ari_app.voice.pcm import SAMPLE_RATE, duration_s
from ari_app.voice.resume import resume_point


@dataclass(slots=True)
class _Playout:
    """A prompt on its way out. ``begins`` is when the sound at ``offset_s`` leaves the PBX, as far as is known."""

    pcm: bytes = field(repr=False)
    entry: PromptEntry
    mark: str
    sent: float
    begins: float
    offset_s: float = 0.0
    played_s: float | None = None

    def position(self, at: float) -> float:
        """Seconds of the prompt that had been played at a moment."""
        return min(duration_s(self.pcm), self.offset_s + max(0.0, at - self.begins))


class Speaker:
    """Plays prompts one after the other over a media stream; what follows before the end of another waits for it."""

    def __init__(self, media: MediaStream, clock: Clock, log: TurnLog) -> None:
        self._media = media
        self._clock = clock
        self._log = log
        self._marks = 0
        self._now: _Playout | None = None
        self._before: _Playout | None = None
        self._asked: _Playout | None = None  # the last that was no filler

    @property
    def playing(self) -> bool:
        """Whether the prompt still goes on: neither played out nor stopped."""
        return self._now is not None and not self._now.entry.over

    @property
    def ends(self) -> float:
        """When the last prompt will have been played out, or was, in monotonic seconds."""
        return 0.0 if self._now is None else self._now.entry.ends

    async def say(
        self,
        pcm: bytes,
        say: tuple[Fragment, ...],
        covers: tuple[str, ...] = (),
        answers: Answered | None = None,
        *,
        meanwhile: bool = False,
    ) -> float:
        """Begin a prompt; the seconds until it will have been played out. Raises MediaClosed.

        ``meanwhile``: a filler, after which a prompt that was stopped may still go on.
        """
        before = self._now if self.playing else None
        mark = self._next_mark()
        if pcm:
            await self._media.play(pcm, mark)
        now = self._clock.monotonic()
        begins = now if before is None else max(now, before.entry.ends)
        ends = begins + duration_s(pcm)
        entry = self._log.prompt(say, covers, answers, now, ends)
        self._before, self._now = before, _Playout(pcm, entry, mark, now, begins)
        if not meanwhile:
            self._asked = self._now
        if not pcm:
            entry.finish(now)
        return ends - now

    def started(self, mark: str, at: float) -> None:
        """The first sound that was queued under a mark has left the PBX."""
        for playout in (self._now, self._before):
            if playout is not None and playout.mark == mark and not playout.entry.over:
                playout.begins = at
                playout.entry.ends = at + duration_s(playout.pcm) - playout.offset_s
                if playout.entry.started is None:
                    playout.entry.started = at

    def ended(self, mark: str, at: float) -> bool:
        """What was queued under a mark has been played out; whether that is the end of the prompt."""
        for playout in (self._before, self._now):
            if playout is not None and playout.mark == mark and not playout.entry.over:
                playout.entry.finish(at)
                return playout is self._now
        return False

    async def stop(self) -> None:
        """The customer interrupts: silence now."""
        await self._media.flush()
        now = self._clock.monotonic()
        for playout in (self._before, self._now):
            if playout is not None and not playout.entry.over:
                playout.played_s = playout.position(now)
                playout.entry.stop(now, interrupted=True)
        self._before = None

    async def cut_off(self) -> None:
        """The customer has answered over the prompt: silence now, if it still goes on. A filler is said to its end."""
        if self.playing and self._now is self._asked:
            await self.stop()

    async def resume(self) -> float:
        """It was no interruption: go on with the word in which it stopped, if it did.

        Returns the seconds until the prompt will have been played out. Raises MediaClosed.
        """
        playout = self._asked
        if playout is not None and playout.played_s is not None:
            if playout is not self._now:  # a filler was said meanwhile
                self._before, self._now = self._now if self.playing else None, playout
            return await self._go_on(playout, playout.played_s)
        return max(0.0, self.ends - self._clock.monotonic()) if self.playing else 0.0

    async def restore(self, alive_at: float, restored_at: float) -> float:
        """The sound was gone after ``alive_at`` and is back: play the rest; its seconds, 0 when there is none.

        Raises MediaClosed.
        """
        playout = self._now
        if playout is None or playout.entry.over or playout.sent >= restored_at:
            return 0.0
        if self._before is not None:
            self._before.entry.finish(alive_at)
            self._before = None
        return await self._go_on(playout, playout.position(alive_at))

    def silence(self) -> None:
        """The conversation is over, and whatever was still being said with it."""
        self._log.close(self._clock.monotonic())

    async def _go_on(self, playout: _Playout, played_s: float) -> float:
        playout.offset_s = resume_point(playout.pcm, played_s)
        playout.mark = self._next_mark()
        playout.played_s = None
        rest = playout.pcm[2 * round(playout.offset_s * SAMPLE_RATE) :]
        await self._media.play(rest, playout.mark)
        playout.sent = playout.begins = now = self._clock.monotonic()
        if self._before is not None:
            playout.begins = max(now, self._before.entry.ends)
        playout.entry.go_on(playout.begins + duration_s(rest))
        return playout.entry.ends - now

    def _next_mark(self) -> str:
        self._marks += 1
        return f"p{self._marks}"
