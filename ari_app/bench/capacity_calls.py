"""Calls for ``bench capacity``: a PBX and a carrier of their own, customers played by the carrier's dialplan, and our side.

The carrier plays every customer the same file: sentences, each followed by time for an answer. So it is known when each of
them ends, and our side is measured from outside: which of them were answered, and when.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from ari_app.asterisk.ami import AmiConnection, AmiSettings
from ari_app.asterisk.ari import AriConnection
from ari_app.asterisk.ari_types import AriSettings
from ari_app.asterisk.call_leg import AsteriskCallLeg
from ari_app.asterisk.instance import AsteriskInstance, InstancePorts
from ari_app.asterisk.recorder import MixMonitorRecorder
from ari_app.asterisk.telephony import AsteriskTelephony
from ari_app.bench.media_contestants import EndlessDialogue, NeverSure
from ari_app.clock import SystemClock
from ari_app.dialogue.grammar import grammar_for
from ari_app.dialogue.model import Fragment
from ari_app.domain.call_machine import EventKind
from ari_app.domain.voice_style import VoiceStyle
from ari_app.errors import AriAppError, MediaClosed
from ari_app.ports import Prompts, Recogniser, Voice
from ari_app.services.conversation import Conversation, Ears
from ari_app.voice.pcm import SAMPLE_RATE, resample, silence, to_pcm, to_samples, trimmed, wav_bytes
from ari_app.voice.vad import SpeechGate

LEAD_S = 3.0
"""Before the first sentence: the bot's first prompt."""
ANSWER_S = 5.0
"""After each sentence: the wait, the answer, and some silence."""
ANSWERED_WITHIN_S = 3.0
_SENTENCES = ("on friday", "tomorrow", "next week", "at the end of the month", "on monday", "today")
GRAMMAR = grammar_for("ask_when", "en")
_PROMPT = "When will you pay?"
_LINE_RATE = 8_000
_DIAL_GAP_S = 0.05


class CallsFailed(AriAppError):
    """Calls could not be made or ended by themselves."""


@dataclass(frozen=True, slots=True)
class CustomerTape:
    """What every customer says, over and over: a WAV for the carrier, and when each sentence ends, in seconds."""

    wav: bytes = field(repr=False)
    seconds: float
    ends: tuple[float, ...]

    def ends_between(self, begin: float, end: float) -> list[float]:
        """When sentences end, in seconds since the answer, within a part of the call."""
        found: list[float] = []
        loops = int(end // self.seconds) + 1
        for loop in range(loops):
            found += [at for at in (loop * self.seconds + each for each in self.ends) if begin <= at < end]
        return found


async def customer_tape(voice: Voice) -> CustomerTape:
    """Render the sentences. Raises SpeechError."""
    parts, ends, place = [silence(LEAD_S)], [], LEAD_S
    for sentence in _SENTENCES:
        spoken = trimmed(await voice.synthesise(sentence, "en"))
        parts += [spoken, silence(ANSWER_S)]
        place += len(spoken) / 2 / SAMPLE_RATE
        ends.append(place)
        place += ANSWER_S
    noise = np.random.default_rng(5).normal(0.0, 20.0, round(place * SAMPLE_RATE) + SAMPLE_RATE)
    clean = to_samples(b"".join(parts)).astype(np.float32)
    narrow = resample(clean + noise[: len(clean)].astype(np.float32), SAMPLE_RATE, _LINE_RATE)
    return CustomerTape(wav_bytes(to_pcm(narrow), _LINE_RATE), len(narrow) / _LINE_RATE, tuple(ends))


class OnePrompt:
    """The one prompt of these calls, rendered."""

    def __init__(self, pcm: bytes) -> None:
        self._pcm = pcm

    def styled(self, style: VoiceStyle) -> Prompts:
        return self

    async def prepare(self, fragments: object) -> None:
        pass  # all is rendered

    async def pcm(self, fragments: Sequence[Fragment]) -> bytes:
        return self._pcm


class TimedGate(SpeechGate):
    """A speech gate that notes how long after its predecessor each frame came."""

    def __init__(self, intervals: list[float]) -> None:
        super().__init__()
        self._intervals = intervals
        self._last: float | None = None

    def push(self, frame: bytes) -> bool:
        now = time.monotonic()
        if self._last is not None:
            self._intervals.append(now - self._last)
        self._last = now
        return super().push(frame)


@dataclass(slots=True)
class BenchCall:
    """One call that talks."""

    leg: AsteriskCallLeg
    talk: Conversation
    answered_at: float
    task: asyncio.Task[object]

    def answers(self) -> list[float]:
        """When the bot's answers left the PBX, in seconds since the answer."""
        turns = (turn.timing for turn in self.talk.so_far().turns if turn.speaker == "bot")
        return [timing.on_wire_s for timing in turns if timing is not None and timing.on_wire_s is not None]

    def missed(self, tape: CustomerTape, begin: float, end: float) -> tuple[int, int]:
        """Sentences that ended in this time (monotonic) and how many of them were not answered soon."""
        asked = tape.ends_between(max(0.0, begin - self.answered_at), end - self.answered_at)
        answers = self.answers()
        late = [at for at in asked if not any(at < each <= at + ANSWERED_WITHIN_S for each in answers)]
        return len(asked), len(late)

    def heard(self, begin: float, end: float) -> int:
        """Sentences that ended in this time (monotonic) and of which an engine gave the text."""
        return sum(
            turn.kind == "speech" and turn.text != "" and begin <= self.answered_at + turn.end_s < end
            for turn in self.talk.so_far().turns
            if turn.speaker == "customer"
        )


class CapacitySite:
    """A PBX with our side, and a carrier; made by :func:`capacity_site`."""

    def __init__(
        self,
        pbx: AsteriskInstance,
        carrier: AsteriskInstance,
        telephony: AsteriskTelephony,
        prompts: Prompts,
        tape: CustomerTape,
    ) -> None:
        self.pbx, self.carrier, self.telephony, self.tape = pbx, carrier, telephony, tape
        self.calls: list[BenchCall] = []
        self.intervals: list[float] = []
        self.recogniser: Recogniser | None = None
        """Asked at each question: it may be replaced while calls go on."""
        self._prompts = prompts
        self._clock = SystemClock()

    async def grow(self, count: int) -> None:
        """Add calls until there are so many. Raises TelephonyError, CallsFailed."""
        while len(self.calls) < count:
            self.calls.append(await self._call(len(self.calls)))
            await asyncio.sleep(_DIAL_GAP_S)

    async def _call(self, number: int) -> BenchCall:
        leg = self.telephony.call(f"capacity-{number}")
        try:
            async with asyncio.timeout(15.0):
                await leg.prepare(
                    endpoint=f"PJSIP/+998{number:07d}@trunk",
                    caller_id="+861055550100",
                    caller_name="",
                    with_media=True,
                )
                await leg.start_recording(leg.call_id)
                await leg.dial(30.0)
                while (event := await leg.next_event()).kind is not EventKind.ANSWERED:
                    if event.kind in (EventKind.DESTROYED, EventKind.GONE):
                        raise CallsFailed(f"the carrier did not answer call {number}: SIP {event.sip_status}")
        except TimeoutError as error:
            raise CallsFailed(f"call {number} was not answered in time") from error
        assert leg.media is not None
        ears = Ears(TimedGate(self.intervals), NeverSure(), self._find)

        async def never_stop() -> None:
            pass  # nobody refuses here

        answered_at = self._clock.monotonic()
        talk = Conversation(EndlessDialogue(GRAMMAR), leg.media, self._prompts, ears, self._clock, never_stop)
        return BenchCall(leg, talk, answered_at, asyncio.create_task(talk.run(), name=leg.call_id))

    def _find(self, language: str) -> Recogniser | None:
        return self.recogniser

    def heard(self, begin: float, end: float) -> int:
        """Sentences of all calls that were recognised and ended in this time (monotonic)."""
        return sum(call.heard(begin, end) for call in self.calls)

    def check(self) -> None:
        """Raises what has ended a call."""
        for call in self.calls:
            if call.task.done():
                call.task.result()
                raise CallsFailed(f"{call.leg.call_id} ended by itself")

    async def close(self) -> None:
        """Release every call."""
        for call in self.calls:
            call.task.cancel()
        if self.calls:
            await asyncio.wait([call.task for call in self.calls])
        for call in self.calls:
            if not call.task.cancelled():
                error = call.task.exception()
                if error is not None and not isinstance(error, MediaClosed):
                    raise CallsFailed(f"{call.leg.call_id} failed: {error}") from error
        await asyncio.gather(*(call.leg.release() for call in self.calls))


@asynccontextmanager
async def capacity_site(folder: Path, voice: Voice) -> AsyncIterator[CapacitySite]:
    """Start everything but the calls. Raises AsteriskMissing, BootFailed, SpeechError, TelephonyError."""
    tape = await customer_tape(voice)
    prompt = trimmed(await voice.synthesise(_PROMPT, "en"))
    pbx_ports, carrier_ports = InstancePorts.free(rtp_ports=700), InstancePorts.free(rtp_ports=700)
    carrier = AsteriskInstance(folder / "carrier", "carrier", carrier_ports, trunk_port=pbx_ports.sip)
    pbx = AsteriskInstance(folder / "pbx", "pbx", pbx_ports, trunk_port=carrier_ports.sip)
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(carrier)
        (carrier.folder / "spool" / "customer.wav").write_bytes(tape.wav)
        await stack.enter_async_context(pbx)
        users = pbx.credentials
        ami = AmiConnection(AmiSettings(pbx.host, pbx.ports.ami, users.ami_user, users.ami_secret))
        await ami.start()
        stack.push_async_callback(ami.close)
        ari = AriConnection(AriSettings(pbx.http_url, users.ari_user, users.ari_password, "ari-app"))
        await ari.start(10.0)
        stack.push_async_callback(ari.close)
        telephony = AsteriskTelephony(ari, recorder=MixMonitorRecorder(ami, pbx.recordings_dir))
        stack.push_async_callback(telephony.close)
        site = CapacitySite(pbx, carrier, telephony, OnePrompt(prompt), tape)
        try:
            yield site
        finally:
            await site.close()


def cpu_seconds(pid: int) -> float:
    """User and system time of a process so far; 0 for one that has gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def own_children() -> set[int]:
    """Process ids of this process's children."""
    mine, found = os.getpid(), set()
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()
            except OSError:
                continue  # it ended in this moment
            if int(fields[1]) == mine:
                found.add(int(entry.name))
    return found
