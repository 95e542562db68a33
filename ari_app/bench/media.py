"""``ari-app bench media``: what a second of a call's sound costs, against a bare sink and against pipecat.

A feeder process sends the same sound at its own pace to every contestant: a customer on a telephone line who speaks a
third of the time. Each contestant is a process; its CPU (user and system, all threads) is divided by the seconds of
calls that it took. Contestants take turns within each round.
"""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from ari_app.bench.media_sound import SPEECH_SHARE, customer_sound
from ari_app.bench.pipecat_venv import VERSION, PipecatMissing, pipecat_python
from ari_app.bench.report import BenchReport, machine_facts
from ari_app.errors import AriAppError
from ari_app.speech.espeak import EspeakVoice

Say = Callable[[str], None]
FRAMES_A_SECOND = 50
PIPECAT_CALLS = 10
"""So many calls pipecat bears on two cores; its cost per call is the same at four."""
_CONTESTANT_S = 90.0
_METHOD = (
    "CPU milliseconds (user and system, all threads) per second of one call; {calls} calls at 20 ms frames of slin16 "
    "in real time over loopback WebSockets, {seconds:g} s each, the customer speaks {share:.0%} of the time, {rounds} "
    "rounds in turns, medians. sink = websockets' asyncio client on uvloop that receives and counts. ours = media "
    "socket, speech gate, turn-taking, conversation loop and prompts playing, recognition at no cost; detecting = ours "
    "in the first 30 s of a call, while an answering machine is looked for. ratio_sink = ours / sink. pipecat = "
    "pipecat-ai {version} on uvloop: WebSocket client transport, raw frames, VADProcessor with its Silero VAD, "
    "{pipecat_calls} calls, nothing played; ratio_pipecat = pipecat / ours: how many times cheaper a call is here"
)


class ContestantFailed(AriAppError):
    """A process of the measurement ended without a result."""


async def bench_media(
    *,
    rounds: int = 3,
    calls: int = 40,
    seconds: float = 5.0,
    pipecat: bool = True,
    progress: Say | None = None,
) -> dict[str, object]:
    """Measure, and return the object that ``ari-app bench media --json`` prints.

    :param seconds: measured time of each contestant in each round.
    :param pipecat: compare with pipecat as well, where pip can install it.
    :raises SpeechError: there is no espeak-ng to speak the customer's words; ContestantFailed.
    """
    say = progress or (lambda line: None)
    report = BenchReport("media", machine_facts(["websockets", "uvloop", "numpy"]))
    report.method = _METHOD.format(
        calls=calls,
        seconds=seconds,
        share=SPEECH_SHARE,
        rounds=rounds,
        version=VERSION,
        pipecat_calls=PIPECAT_CALLS,
    )
    ours = [sys.executable, "-m", "ari_app.bench.media_contestants"]
    commands = {name: ([*ours, name], calls) for name in ("sink", "ours", "detecting")}
    if pipecat:
        try:
            python = await pipecat_python(say)
            script = Path(__file__).with_name("pipecat_contestant.py")
            commands["pipecat"] = ([str(python), str(script)], min(calls, PIPECAT_CALLS))
        except PipecatMissing as error:
            say(f"{error}; its figures are left out")
    with tempfile.TemporaryDirectory(prefix="ari-app-bench-") as folder:
        sound = Path(folder) / "customer.raw"
        sound.write_bytes(await customer_sound(EspeakVoice()))
        async with _feeder(sound) as port:
            for number in range(1, rounds + 1):
                costs = {
                    name: await _cost(command, port, many, seconds)
                    for name, (command, many) in commands.items()
                }
                report.runs.append(_figures(costs))
                told = ", ".join(f"{name} {cost:.2f}" for name, cost in costs.items())
                say(f"round {number} of {rounds}, ms per call-second: {told}")
    report.metrics.update(report.medians())
    return report.to_dict()


def _figures(costs: Mapping[str, float]) -> dict[str, float]:
    found = {
        "media.cpu_ms_per_call_second": costs["ours"],
        "media.detecting_cpu_ms_per_call_second": costs["detecting"],
        "media.sink_cpu_ms_per_call_second": costs["sink"],
        "media.ratio_sink": costs["ours"] / costs["sink"],
    }
    if "pipecat" in costs:
        found["media.pipecat_cpu_ms_per_call_second"] = costs["pipecat"]
        found["media.ratio_pipecat"] = costs["pipecat"] / costs["ours"]
    return found


@asynccontextmanager
async def _feeder(sound: Path) -> AsyncIterator[int]:
    """The feeder process; its port."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "ari_app.bench.media_feeder",
        str(sound),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        assert process.stdout is not None
        async with asyncio.timeout(20.0):
            line = await process.stdout.readline()
        if not line.strip().isdigit():
            raise ContestantFailed("the feeder of frames did not start")
        yield int(line)
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def _cost(command: list[str], port: int, calls: int, seconds: float) -> float:
    """CPU milliseconds per call-second of one contestant."""
    process = await asyncio.create_subprocess_exec(
        *command,
        str(port),
        str(calls),
        str(seconds),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(_CONTESTANT_S):
            out, errors = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    try:
        found = json.loads(out)
        cpu_s, frames = float(found["cpu_s"]), float(found["frames"])
    except (ValueError, KeyError, TypeError) as error:
        last = errors.decode("utf-8", "replace").strip().splitlines()[-1:] or ["it said nothing"]
        raise ContestantFailed(f"{' '.join(command[-2:])}: {last[0][:300]}") from error
    if frames < 0.5 * FRAMES_A_SECOND * calls * seconds:
        raise ContestantFailed(
            f"{' '.join(command[-2:])} took half of its frames at most: the machine is too busy"
        )
    return 1_000.0 * cpu_s * FRAMES_A_SECOND / frames
