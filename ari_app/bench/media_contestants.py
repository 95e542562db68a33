"""What is compared in ``bench media``: our whole media path, and a sink that only receives.

A process of its own each: ``python -m ari_app.bench.media_contestants NAME PORT CALLS SECONDS`` connects, waits until all
calls flow, and prints one JSON object with the CPU seconds of this process (all threads) and the frames it took.
"""

from __future__ import annotations

import asyncio
import json
import resource
import sys
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import AsyncExitStack
from datetime import datetime

import numpy as np
import uvloop
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from ari_app.asterisk.ari_types import AriSettings
from ari_app.asterisk.media import ChanWebsocketMedia, MediaMetrics
from ari_app.clock import SystemClock
from ari_app.dialogue.model import CustomerInput, FlowStep, Fragment, Grammar, Question
from ari_app.domain.answer_progress import AnswerProgress
from ari_app.domain.call_result import ConversationResult
from ari_app.domain.voice_style import VoiceStyle
from ari_app.logs import configure_logging
from ari_app.ports import EngineHealth, Prompts, Transcript
from ari_app.services.conversation import Conversation, Ears
from ari_app.services.who_answered import AnswerDetector
from ari_app.voice.answering_machine import AnsweringMachineDetector
from ari_app.voice.vad import SpeechGate

WARM_UP_S = 1.5
Measure = Callable[[int, int, float], Awaitable[dict[str, float]]]


def cpu_s() -> float:
    """CPU seconds of this process so far, user and system, all threads."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


async def measured(seconds: float, frames: Callable[[], int]) -> dict[str, float]:
    """CPU and frames between now and then."""
    await asyncio.sleep(WARM_UP_S)
    before, cpu = frames(), cpu_s()
    await asyncio.sleep(seconds)
    return {"cpu_s": cpu_s() - cpu, "frames": float(frames() - before)}


# --- the sink ------------------------------------------------------------------------------------


async def sink(port: int, calls: int, seconds: float) -> dict[str, float]:
    """The websockets library's own client: receive, count, nothing else."""
    heard = 0

    async def call() -> None:
        nonlocal heard
        async with connect(
            f"ws://127.0.0.1:{port}/media/x", compression=None, max_size=None, ping_interval=None
        ) as socket:
            try:
                async for message in socket:
                    heard += len(message) // 640
            except ConnectionClosed:
                pass  # the feeder has ended

    tasks = [asyncio.create_task(call()) for _ in range(calls)]
    try:
        return await measured(seconds, lambda: heard)
    finally:
        await _end(tasks)


# --- ours ----------------------------------------------------------------------------------------


class EndlessDialogue:
    """Asks the same open question for ever."""

    _SAY = (Fragment("when will you pay", "en"),)

    def __init__(self, grammar: Grammar) -> None:
        self._question = Question("ask_when", grammar=grammar)

    def start(self, now: datetime) -> FlowStep:
        return FlowStep(self._SAY, self._question)

    def answer(self, given: CustomerInput, now: datetime) -> FlowStep:
        return FlowStep(self._SAY, self._question)

    def progress(self, text: str, *, over_prompt: bool = False) -> AnswerProgress:
        return AnswerProgress.OPEN

    def doubt(self, given: CustomerInput, now: object, below: float) -> None: ...

    def free_question(self, given: CustomerInput, now: object) -> None: ...

    def hung_up(self) -> FlowStep:
        return FlowStep((), result=ConversationResult("hung_up"))


class TwoSeconds:
    """Prompts of two seconds."""

    def __init__(self) -> None:
        chance = np.random.default_rng(3)
        self._pcm = (chance.normal(0.0, 2_000.0, 32_000)).astype("<i2").tobytes()

    def styled(self, style: VoiceStyle) -> Prompts:
        return self

    async def prepare(self, fragments: Iterable[Fragment]) -> None:
        pass  # all is rendered

    async def pcm(self, fragments: Sequence[Fragment]) -> bytes:
        return self._pcm


class HearsWords:
    """A recogniser that costs nothing: what is compared is the way to it."""

    name = "bench"

    def supports(self, language: str) -> bool:
        return True

    def open(self, grammar: Grammar) -> HearsWords:
        return self

    def feed(self, pcm: bytes) -> None:
        pass  # see the class

    async def partial(self, timeout_s: float) -> Transcript:
        return Transcript("on friday", 0.9, self.name)

    async def result(self, timeout_s: float) -> Transcript:
        return Transcript("on friday", 0.9, self.name)

    def cancel(self) -> None:
        pass  # nothing is under way

    async def warm_up(self, timeout_s: float) -> None:
        pass  # nothing to load

    async def close(self) -> None:
        pass  # nothing to release

    def health(self) -> Sequence[EngineHealth]:
        return ()


class NeverSure:
    """The answering-machine detector at its full price, whose verdict is not heeded: the call goes on."""

    def __init__(self) -> None:
        self._detector = AnsweringMachineDetector()

    def push(self, frame: bytes, at: float) -> str | None:
        self._detector.push(frame, at)
        return None


class Sure:
    """A person has answered, and that was found out before."""

    def push(self, frame: bytes, at: float) -> str | None:
        return None


async def ours(port: int, calls: int, seconds: float) -> dict[str, float]:
    """Media socket, speech gate, turn-taking and conversation loop, with prompts playing; no recogniser."""
    return await _ours(port, calls, seconds, Sure)


async def detecting(port: int, calls: int, seconds: float) -> dict[str, float]:
    """The same in the first half minute of a call, in which a machine is looked for."""
    return await _ours(port, calls, seconds, NeverSure)


async def _ours(
    port: int, calls: int, seconds: float, detector: Callable[[], AnswerDetector]
) -> dict[str, float]:
    settings = AriSettings(f"http://127.0.0.1:{port}", "bench", "bench", "bench")
    metrics, clock, prompts, words = MediaMetrics(), SystemClock(), TwoSeconds(), HearsWords()

    async def never_stop() -> None:
        pass  # nothing is recorded

    async with AsyncExitStack() as stack:
        tasks = []
        for _ in range(calls):
            media = await ChanWebsocketMedia.open(settings, "x", metrics=metrics)
            stack.push_async_callback(media.close)
            ears = Ears(SpeechGate(), detector(), lambda _: words)
            talk = Conversation(
                EndlessDialogue(Grammar("bench", "en")), media, prompts, ears, clock, never_stop
            )
            tasks.append(asyncio.create_task(talk.run()))
        try:
            found = await measured(seconds, lambda: metrics.frames_received)
            found["dropped"] = float(metrics.frames_dropped)
            for task in tasks:
                if task.done():
                    task.result()  # raises what has ended a call
            return found
        finally:
            await _end(tasks)


async def _end(tasks: Sequence[asyncio.Task[object]] | Sequence[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)


CONTESTANTS: dict[str, Measure] = {"ours": ours, "detecting": detecting, "sink": sink}


def main() -> None:
    configure_logging("WARNING")
    name, port, calls, seconds = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])

    async def run() -> dict[str, float]:
        return await CONTESTANTS[name](port, calls, seconds)

    sys.stdout.write(json.dumps(uvloop.run(run())) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
