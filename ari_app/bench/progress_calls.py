"""Clips on real calls: the simulated carrier plays each one twice, to our detector and to Asterisk's ``AMD()``."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import Final
from uuid import uuid4

from ari_app.asterisk.ari import AriConnection
from ari_app.asterisk.ari_types import AriSettings
from ari_app.asterisk.instance import AsteriskInstance, InstancePorts
from ari_app.asterisk.media import ChanWebsocketMedia
from ari_app.asterisk.telephony import AsteriskTelephony
from ari_app.bench.progress_corpus import Clip
from ari_app.bench.progress_score import Judged
from ari_app.clock import SystemClock
from ari_app.domain.call_machine import EventKind
from ari_app.errors import MediaClosed, TelephonyError
from ari_app.lab.line import Arrivals, Line
from ari_app.ports import AriEvent, MediaFrame, MediaStream
from ari_app.services.answer_watch import AnswerWatch

Detector = Callable[[Clip], AnswerWatch]

_PATIENCE_S: Final = 20.0
_LAB, _OURS, _AMD = "lab", "ari-app", "ari-app-amd"
_FIRST: Final = 10_000
_AMD_CONF: Final = """[general]
total_analysis_time = 5000
silence_threshold = 256
initial_silence = 2500
after_greeting_silence = 800
greeting = 1500
min_word_length = 100
maximum_word_length = 5000
between_words_silence = 50
maximum_number_of_words = 2
"""
"""The defaults of the sample file that comes with Asterisk."""
_DIALPLAN: Final = f"""[inbound]
exten => _X!,1,Hangup()
[bench-amd]
exten => s,1,AMD()
same => n,Stasis({_AMD},done,${{AMDSTATUS}},${{AMDCAUSE}})
same => n,Hangup()
"""
_VERDICTS: Final = {"HUMAN": "human", "MACHINE": "machine"}


@dataclass(slots=True)
class _Waiting:
    """What one channel of the AMD side waits for."""

    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    answered: asyncio.Event = field(default_factory=asyncio.Event)
    done: asyncio.Event = field(default_factory=asyncio.Event)
    status: str = ""


@dataclass(slots=True)
class _FarEnd:
    """The carrier: answers a call and plays the clip that its number stands for."""

    ari: AriConnection
    settings: AriSettings
    clips: Sequence[Clip]
    arrivals: Arrivals = field(default_factory=Arrivals)
    tasks: set[asyncio.Task[None]] = field(default_factory=set)

    def take(self, event: AriEvent) -> None:
        if event.type != "StasisStart" or event.channel_id is None or self.arrivals.arrived(event.channel_id):
            return
        arguments = event.data.get("args")
        if isinstance(arguments, list) and arguments:
            task = asyncio.create_task(self._serve(event.channel_id, str(arguments[0])))
            self.tasks.add(task)
            task.add_done_callback(self.tasks.discard)

    async def _serve(self, channel: str, dialled: str) -> None:
        line = Line(self.ari, self._open_media, self.arrivals, SystemClock(), _LAB, channel)
        try:
            await line.open()
            await self.ari.request("POST", f"channels/{channel}/answer")
            await line.say(self.clips[int(dialled[-5:]) - _FIRST].pcm)
        except TelephonyError:
            pass  # the other side has hung up, as it does at a verdict
        finally:
            await line.close()

    async def _open_media(self, connection_id: str) -> MediaStream:
        return await ChanWebsocketMedia.open(self.settings, connection_id)

    async def close(self) -> None:
        for task in self.tasks:
            task.cancel()
        if self.tasks:
            await asyncio.wait(set(self.tasks))


@dataclass(slots=True)
class CallBench:
    """Two instances, connected."""

    telephony: AsteriskTelephony
    amd: AriConnection
    clips: Sequence[Clip]
    waiting: dict[str, _Waiting] = field(default_factory=dict)

    async def ours(self, number: int, watch: AnswerWatch) -> Judged:
        """Our detector on one call."""
        clip = self.clips[number]
        leg = self.telephony.call(f"bench-{uuid4().hex[:12]}")
        try:
            await leg.prepare(endpoint=_endpoint(number), caller_id="1000", caller_name="", with_media=True)
            await leg.dial(30.0)
            async with asyncio.timeout(_PATIENCE_S):
                while (event := await leg.next_event()).kind is not EventKind.ANSWERED:
                    if event.kind in (EventKind.DESTROYED, EventKind.GONE):
                        raise TelephonyError("a call of the benchmark was not answered")
            assert leg.media is not None
            verdict, at = await _listen(leg.media, watch, len(clip.frames) * 0.02 + 0.5)
        finally:
            await watch.close()
            await leg.release()
        return Judged(clip.label, verdict, at)

    async def app_amd(self, number: int) -> Judged:
        """Asterisk's ``AMD()`` on one call; a verdict of NOTSURE or a hang-up is none."""
        channel = f"amd-{uuid4().hex[:12]}"
        state = self.waiting[channel] = _Waiting()
        try:
            await self.amd.request(
                "POST",
                "channels/create",
                params={"endpoint": _endpoint(number), "app": _AMD, "channelId": channel},
            )
            async with asyncio.timeout(_PATIENCE_S):
                await state.arrived.wait()
                await self.amd.request("POST", f"channels/{channel}/dial", params={"timeout": "30"})
                await state.answered.wait()
                began = monotonic()
                await self.amd.request(
                    "POST",
                    f"channels/{channel}/continue",
                    params={"context": "bench-amd", "extension": "s", "priority": "1"},
                )
                await state.done.wait()
            took = monotonic() - began
        finally:
            del self.waiting[channel]
            try:
                await self.amd.request("DELETE", f"channels/{channel}")
            except TelephonyError:
                pass  # it has ended by itself
        verdict = _VERDICTS.get(state.status, "")
        return Judged(self.clips[number].label, verdict, took if verdict else None)

    def take(self, event: AriEvent) -> None:
        state = self.waiting.get(event.channel_id or "")
        if state is None:
            return
        arguments, channel = event.data.get("args"), event.data.get("channel")
        if event.type == "StasisStart":
            if isinstance(arguments, list) and arguments and arguments[0] == "done":
                state.status = str(arguments[1]) if len(arguments) > 1 else ""
                state.done.set()
            else:
                state.arrived.set()
        elif (
            event.type == "ChannelStateChange" and isinstance(channel, dict) and channel.get("state") == "Up"
        ):
            state.answered.set()
        elif event.type == "ChannelDestroyed":
            state.answered.set()
            state.done.set()


def _endpoint(number: int) -> str:
    return f"PJSIP/{_FIRST + number}@trunk"


async def _listen(media: MediaStream, watch: AnswerWatch, seconds: float) -> tuple[str, float | None]:
    """The verdict that stands at the end, and its time after the answer."""
    began = monotonic()
    verdict, at = "", None
    while (left := began + seconds - monotonic()) > 0.0:
        try:
            event = await media.receive(left)
        except MediaClosed:
            break
        if isinstance(event, MediaFrame) and event.at >= began:
            found = watch.push(event.pcm, event.at)
            if found is not None:
                verdict, at = found, event.at - began
                if found != "human":
                    break
    return verdict, at


@asynccontextmanager
async def call_bench(folder: Path, clips: Sequence[Clip]) -> AsyncIterator[CallBench]:
    """Start both instances, with ``app_amd`` loaded. Raises AsteriskMissing, BootFailed, TelephonyError."""
    dialplan = folder / "dialplan"
    await asyncio.to_thread(_write_dialplan, dialplan)
    pbx_ports, carrier_ports = InstancePorts.free(), InstancePorts.free()
    carrier = AsteriskInstance(folder / "carrier", "carrier", carrier_ports, trunk_port=pbx_ports.sip)
    pbx = AsteriskInstance(folder / "pbx", "pbx", pbx_ports, trunk_port=carrier_ports.sip, dialplan=dialplan)
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(carrier)
        await stack.enter_async_context(pbx)
        await asyncio.to_thread((pbx.conf_file.parent / "amd.conf").write_text, _AMD_CONF, encoding="utf-8")
        told = await pbx.cli_async("module load app_amd.so")
        if "Running" not in await pbx.cli_async("module show like app_amd"):
            raise TelephonyError(f"app_amd cannot be loaded: {told.strip()}")
        far = _FarEnd(await _connect(stack, carrier, _LAB), _settings(carrier, _LAB), clips)
        far.ari.subscribe(far.take)
        stack.push_async_callback(far.close)
        telephony = AsteriskTelephony(await _connect(stack, pbx, _OURS))
        stack.push_async_callback(telephony.close)
        bench = CallBench(telephony, await _connect(stack, pbx, _AMD), clips)
        bench.amd.subscribe(bench.take)
        yield bench


def _write_dialplan(folder: Path) -> None:
    folder.mkdir()
    (folder / "bench.conf").write_text(_DIALPLAN, encoding="utf-8")


def _settings(instance: AsteriskInstance, app: str) -> AriSettings:
    users = instance.credentials
    return AriSettings(instance.http_url, users.ari_user, users.ari_password, app)


async def _connect(stack: AsyncExitStack, instance: AsteriskInstance, app: str) -> AriConnection:
    ari = AriConnection(_settings(instance, app), request_timeout_s=20.0)
    await ari.start(patience_s=10.0)
    stack.push_async_callback(ari.close)
    return ari


async def on_calls(
    folder: Path, clips: Sequence[Clip], detector: Detector, *, at_once: int, say: Callable[[str], None]
) -> tuple[list[Judged], list[Judged]]:
    """Every clip on a call to our detector and on a call to ``AMD()``, ``at_once`` calls at a time."""
    ours: dict[int, Judged] = {}
    theirs: dict[int, Judged] = {}
    async with call_bench(folder, clips) as bench:
        todo = iter([(number, side) for number in range(len(clips)) for side in (0, 1)])

        async def caller() -> None:
            for number, side in todo:
                if side:
                    theirs[number] = await bench.app_amd(number)
                else:
                    ours[number] = await bench.ours(number, detector(clips[number]))
                if (len(ours) + len(theirs)) % 20 == 0:
                    say(f"{len(ours) + len(theirs)} of {2 * len(clips)} calls")

        async with asyncio.TaskGroup() as group:
            for _ in range(at_once):
                group.create_task(caller())
    return [ours[n] for n in sorted(ours)], [theirs[n] for n in sorted(theirs)]
