"""One simulated subscriber in one call: carries out a persona's script over ARI and sound."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

import structlog

from ari_app.errors import AriAppError, RequestRefused, TelephonyError
from ari_app.lab.effects import LineEffects
from ari_app.lab.line import Arrivals, Line, OpenMedia
from ari_app.lab.persona import (
    Announcement,
    Beep,
    HangUp,
    Interrupt,
    Persona,
    Play,
    Press,
    Repeat,
    Rtp,
    Say,
    Step,
    Wait,
    WaitFor,
    filled,
)
from ari_app.lab.records import CallRecords, LabCall
from ari_app.lab.release import Release
from ari_app.lab.sounds import sound
from ari_app.lab.utterances import Utterances, beep_pcm
from ari_app.ports import Ari, Clock
from ari_app.voice.pcm import silence, to_pcm

log = structlog.get_logger(__name__)

KEY_MS = 100
KEY_GAP_MS = 120
RELEASE_CONTEXT = "lab-release"
NORMAL_CLEARING = 16
_LOOK_S = 0.02
_GONE_S = 5.0
_LONGEST_RING_S = 300.0


class EndedBy(StrEnum):
    """Who released a call."""

    FAR_END = "far_end"
    CALLER = "caller"
    LAB = "lab"


@dataclass(frozen=True, slots=True)
class Exchange:
    """What all calls of a carrier share. ``announcements``: slin16 sound by file name."""

    ari: Ari
    open_media: OpenMedia
    arrivals: Arrivals
    utterances: Utterances
    announcements: Mapping[str, bytes] = field(repr=False)
    records: CallRecords
    clock: Clock
    app: str
    recordings: Path


class Subscriber:
    """One call. ``run`` ends when the call has ended and its record is written; ``gone`` and ``stop`` come from outside."""

    def __init__(self, exchange: Exchange, persona: Persona, call: LabCall) -> None:
        self._x = exchange
        self._persona = persona
        self.call = call
        self._gone = asyncio.Event()
        self._stop = asyncio.Event()
        self._released = False
        self._line: Line | None = None
        self._recorded_from: str | None = None
        # Not for secrets: what a persona draws is the same whenever it is called on the same number.
        self._random = random.Random(f"{persona.name} {call.dialled}")  # noqa: S311

    def gone(self, cause: int | None = None) -> None:
        """The call has left: StasisEnd, a hang-up request or the channel's end, whichever comes first."""
        if self._gone.is_set():
            return
        self._gone.set()
        self.call.ended_at = self._x.clock.now().isoformat()
        if not self._released:
            self.call.ended_by = EndedBy.CALLER
            self.call.cause_received = cause

    def stop(self) -> None:
        """Release the call because the lab is going down."""
        self._stop.set()

    async def run(self) -> None:
        """Play the persona until the call has ended. Never raises for what the network does."""
        script = asyncio.create_task(self._script(), name="lab-script")
        ends = [asyncio.create_task(event.wait()) for event in (self._gone, self._stop)]
        try:
            await asyncio.wait({script, *ends}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (script, *ends):
                task.cancel()
            await asyncio.wait({script, *ends})
            self._note_failure(script)
            await self._clear()

    # --- the script -----------------------------------------------------------------------------

    async def _script(self) -> None:
        persona = self._persona
        if persona.black_hole:
            self.call.problems.append("this number belongs on the trunk that never replies")
        if persona.ring > 0:
            await self._command("POST", "ring")
            self._x.records.step("ringing", self.call, self._x.clock.now())
        if persona.announce is not None or (persona.answer and persona.rtp is Rtp.SILENCE):
            opening = asyncio.create_task(self._open_line(), name="lab-open-line")
            try:
                await asyncio.sleep(min(persona.ring, _LONGEST_RING_S))
                await opening
            finally:
                opening.cancel()
                await asyncio.wait({opening})
        else:
            await asyncio.sleep(min(persona.ring, _LONGEST_RING_S))
        if persona.announce is not None:
            await self._announce(persona.announce)
        if not persona.answer:
            release = persona.reject or Release(480)
            await self._release(release)
            return
        await self._command("POST", "answer")
        self._x.records.step("answered", self.call, self._x.clock.now())
        if self._line is not None:
            self._line.hearing.forget()
            await self._line.send_quiet()
        await self._conversation()

    async def _conversation(self) -> None:
        for step in self._persona.steps:
            if not await self._step(step):
                await self._hang_up()
                return
        await asyncio.sleep(self._persona.patience)  # the caller hanging up ends it
        await self._hang_up()

    async def _step(self, step: Step) -> bool:
        """Carry out one step; False when the subscriber has had enough."""
        match step:
            case Wait():
                return await self._wait(step)
            case Interrupt():
                if not await self._until_speaking(self._drawn(step.after, step.upto), step.limit):
                    return False
                await self._act(step.action)
            case Say() | Press():
                await self._act(step)
            case Beep():
                await self._say(beep_pcm(step), "(beep)")
            case Play():
                await self._say(await self._played(step), f"({step.sound})")
            case Repeat():
                for _ in range(step.times):
                    for each in step.steps:
                        if not await self._step(each):
                            return False
            case HangUp():
                return False
        return True

    def _drawn(self, low: float, high: float) -> float:
        """One of a span, the same for the same persona and number; ``low`` where there is no span."""
        return self._random.uniform(low, high) if high > low else low

    async def _played(self, step: Play) -> bytes:
        seed = self._random.getrandbits(32)
        # Two minutes of noise take a while; the other calls of the network go on meanwhile.
        return await asyncio.to_thread(lambda: to_pcm(sound(step.sound, step.seconds, step.level, seed)))

    async def _wait(self, step: Wait) -> bool:
        match step.wait_for:
            case WaitFor.SECONDS:
                await asyncio.sleep(self._drawn(step.seconds, step.upto))
                return True
            case WaitFor.END:
                await asyncio.sleep(step.limit)  # the caller hanging up ends it
                return False
            case WaitFor.SPEECH:
                return await self._until_speaking(0.0, step.limit)
            case WaitFor.PROMPT:
                line = self._need_line()
                over = await self._until(lambda now: line.hearing.prompt_over(now, step.silence), step.limit)
                line.hearing.forget()
                return over

    async def _until_speaking(self, seconds: float, limit: float) -> bool:
        line = self._need_line()
        return await self._until(lambda now: line.hearing.speaking_for(now) >= max(seconds, _LOOK_S), limit)

    async def _until(self, true: Callable[[float], bool], limit: float) -> bool:
        """Look every 20 ms, by the clock: a far end that sends nothing produces no frames to be woken by."""
        deadline = self._x.clock.monotonic() + limit
        while not true(self._x.clock.monotonic()):
            if self._x.clock.monotonic() >= deadline:
                self.call.problems.append(f"waited {limit:g} s in vain")
                return False
            await asyncio.sleep(_LOOK_S)
        return True

    async def _act(self, action: Say | Press) -> None:
        concrete = filled(action, self.call.dialled)
        if isinstance(concrete, Say):
            await self._say(await self._x.utterances.pcm(concrete), concrete.text)
        else:
            await self._press(concrete.keys)
        if self._line is not None:
            self._line.hearing.forget()

    async def _say(self, pcm: bytes, text: str) -> None:
        self.call.said.append(text)
        await self._need_line().say(pcm)

    async def _press(self, keys: str) -> None:
        await self._x.ari.request(
            "POST",
            f"channels/{self.call.channel}/dtmf",
            params={"dtmf": keys, "duration": str(KEY_MS), "between": str(KEY_GAP_MS)},
        )
        self.call.keys += keys
        await asyncio.sleep(len(keys) * (KEY_MS + KEY_GAP_MS) / 1000)

    async def _announce(self, announcement: Announcement) -> None:
        if announcement.file:
            pcm, text = self._x.announcements[announcement.file], f"(announcement {announcement.file})"
        else:
            text = announcement.text
            pcm = await self._x.utterances.pcm(Say(text, announcement.language or self._persona.language))
        await self._command("POST", "progress")
        self._x.records.step("progress", self.call, self._x.clock.now())
        for turn in range(announcement.times):
            if turn:
                await self._need_line().say(silence(announcement.pause))
            await self._say(pcm, text)

    # --- the line -------------------------------------------------------------------------------

    async def _open_line(self) -> None:
        settings = self._persona.line
        effects = None
        if settings is not None:
            effects = await asyncio.to_thread(LineEffects, settings, self._random.getrandbits(32))
        self._line = Line(
            self._x.ari,
            self._x.open_media,
            self._x.arrivals,
            self._x.clock,
            self._x.app,
            self.call.channel,
            effects,
        )
        self._recorded_from = self._x.clock.now().isoformat()
        await self._line.open()

    def _need_line(self) -> Line:
        if self._line is None:
            raise TelephonyError("this line carries no voice: its persona has rtp: none")
        return self._line

    # --- the end --------------------------------------------------------------------------------

    async def _command(self, method: str, action: str) -> None:
        await self._x.ari.request(method, f"channels/{self.call.channel}/{action}")

    async def _hang_up(self) -> None:
        await self._delete(NORMAL_CLEARING, EndedBy.FAR_END)
        await self._gone.wait()

    async def _release(self, release: Release) -> None:
        self.call.status_sent = release.sip_status
        if release.q850 is not None:
            await self._delete(release.q850, EndedBy.FAR_END)
        else:
            channel = f"channels/{self.call.channel}"
            await self._x.ari.request(
                "POST",
                f"{channel}/variable",
                params={"variable": "CDR(userfield)", "value": self.call.dialled},
            )
            self._mark_released(EndedBy.FAR_END, None)
            await self._x.ari.request(
                "POST",
                f"{channel}/continue",
                params={"context": RELEASE_CONTEXT, "extension": str(release.sip_status), "priority": "1"},
            )
        await self._gone.wait()

    def _mark_released(self, by: EndedBy, cause: int | None) -> None:
        if not self._gone.is_set():
            self._released = True
            self.call.ended_by, self.call.cause_sent = by, cause

    async def _delete(self, cause: int, by: EndedBy) -> None:
        self._mark_released(by, cause)
        try:
            await self._x.ari.request(
                "DELETE", f"channels/{self.call.channel}", params={"reason_code": str(cause)}
            )
        except RequestRefused as error:
            if error.status != 404:
                raise
            self.gone()  # it is gone already

    async def _clear(self) -> None:
        """Release what is left, write the tape and the record; bounded in time, and done even when cancelled."""
        try:
            if not self._gone.is_set():
                await self._let_go()
            if self._line is not None:
                await self._line.close()
        except TelephonyError as error:
            self.call.problems.append(str(error))
        finally:
            if self.call.ended_at is None:
                self.call.ended_at = self._x.clock.now().isoformat()
            self._finish_record()

    async def _let_go(self) -> None:
        if not self._released:
            await self._delete(38, EndedBy.LAB)
        try:
            async with asyncio.timeout(_GONE_S):
                await self._gone.wait()
        except TimeoutError:
            self.call.problems.append("the carrier did not confirm the release")

    def _finish_record(self) -> None:
        line = self._line
        try:
            if line is not None:
                self.call.heard_seconds = round(line.hearing.total_s, 2)
                self.call.said_seconds = round(line.said_s, 2)
                if line.frames_dropped:
                    self.call.problems.append(f"{line.frames_dropped} frames came too fast and were dropped")
                path = self._x.recordings / f"call-{self.call.call:06d}.wav"
                if line.tape.write(path):
                    self.call.recording = str(path)
                    self.call.recorded_from = self._recorded_from
            self._x.records.end(self.call)
        except OSError as error:
            log.error("the record of a lab call could not be written", call=self.call.call, error=str(error))

    def _note_failure(self, script: asyncio.Task[None]) -> None:
        if script.cancelled() or (error := script.exception()) is None:
            return
        if self._gone.is_set() and isinstance(error, RequestRefused):
            return  # the caller hung up while the script was asking for something
        if isinstance(error, AriAppError):
            self.call.problems.append(str(error))
        else:
            self.call.problems.append(f"the persona failed: {type(error).__name__}")
            log.error("a persona failed", call=self.call.call, persona=self._persona.name, exc_info=error)
