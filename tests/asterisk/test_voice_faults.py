"""Faults of line, recogniser, voice and media on real calls: nobody is left in silence, and every call ends as it should.

The calls are made once for the whole module, those of one kind side by side. Silence is measured on the far end's own
recordings: from the end of what the customer says to the bot's next sound (or his own, or the call's end).
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import pytest

from ari_app.app import open_store
from ari_app.bench.voice_site import (
    BenchQuestion,
    Measured,
    controller,
    finished,
    load,
    scenario_of,
    voice_site,
)
from ari_app.config import Settings, load_settings
from ari_app.domain.record import AttemptRecord
from ari_app.lab.effects import LineSettings
from ari_app.lab.persona import Persona, Repeat, Rtp, Say, Step, Wait, WaitFor
from ari_app.lab.relay import NO_FAULTS, LineFaults
from ari_app.lab.tape_reading import longest_silence, replies, spans
from ari_app.site import Site
from tests.support.tcp_proxy import TcpProxy, tcp_proxy

pytestmark = [pytest.mark.asterisk, pytest.mark.timeout(300)]

#: Nobody may be left in silence for longer, in seconds.
MOST_SILENCE_S = 3.0
#: Nobody listens there, so an online voice behind this proxy cannot be reached.
NO_NETWORK = dict.fromkeys(("HTTPS_PROXY", "https_proxy", "WSS_PROXY", "wss_proxy"), "http://127.0.0.1:9")
QUESTIONS = (
    BenchQuestion("opening", "Hello. This call is recorded. Am I speaking to Kim?", barge_in=False),
    BenchQuestion("ask_when", "And which day suits you?", hear=("when",)),
    BenchQuestion("confirm_ptp", "Is that all right with you?"),
    BenchQuestion("closing", "Is there something else?"),
)
ANSWERS = ("yes this is me", "tomorrow", "yes that is right", "no thank you")
FLOW_ENDS = "not_verified"
"""What the flow of these tests ends with when all of its questions were asked."""


def talks(*, level: float = -22.0) -> list[Step]:
    """Hears each question out and answers it."""
    steps: list[Step] = []
    for answer in ANSWERS:
        steps += [Wait(WaitFor.PROMPT, silence=0.6, limit=25.0), Say(answer, "en", level=level)]
    return [*steps, Wait(WaitFor.END, limit=30.0)]


def on_a_line(name: str, line: LineSettings, steps: list[Step] | None = None) -> Persona:
    return Persona(name, "en", ring=0.3, steps=tuple(steps or talks()), patience=30.0, line=line)


PEOPLE: dict[str, Persona | list[Step]] = {
    "no_rtp": Persona("no_rtp", "en", ring=0.3, rtp=Rtp.NONE, steps=(Wait(WaitFor.END, limit=60.0),)),
    "ten_minutes": [
        Wait(WaitFor.PROMPT, silence=0.6, limit=25.0),
        Say("yes this is me", "en", level=-22.0),
        Wait(WaitFor.SPEECH, limit=20.0),
        Repeat(200, (Say("i will pay on friday and then again on the friday after that one", "en"),)),
    ],
    "clipped": on_a_line("clipped", LineSettings(gain=24.0, clip=-8.0)),
    "offset": on_a_line("offset", LineSettings(dc=0.2)),
    "narrow_noise": on_a_line("narrow_noise", LineSettings(noise="narrow", noise_level=-38.0)),
    "recogniser": talks(),
    "media": talks(),
    "lossy_1": talks(),
    "lossy_2": talks(),
    "offline": talks(),
}
WAVES = {
    "line": ("no_rtp", "ten_minutes", "clipped", "offset", "narrow_noise"),
    "recogniser": ("recogniser",),
    "media": ("media",),
    "loss": ("lossy_1", "lossy_2"),
}


@dataclass
class Tried:
    """What came of all the calls."""

    calls: dict[str, Measured] = field(default_factory=dict)
    notes: dict[str, object] = field(default_factory=dict)

    def silence(self, name: str) -> float:
        """The longest time that a customer heard nothing after he had spoken."""
        call = self.calls[name]
        assert call.tape is not None, f"the far end of {name} recorded nothing"
        assert call.call.recorded_from is not None
        assert call.call.ended_at is not None
        lasted = datetime.fromisoformat(call.call.ended_at) - datetime.fromisoformat(call.call.recorded_from)
        return longest_silence(call.tape, lasted.total_seconds())

    def disposition(self, name: str) -> str | None:
        return self.calls[name].record.disposition


@pytest.fixture(scope="module")
def tried(tmp_path_factory: pytest.TempPathFactory) -> Tried:
    return asyncio.run(everything(tmp_path_factory.mktemp("faults")))


async def everything(folder: Path) -> Tried:
    scenario, numbers = scenario_of(PEOPLE)
    voices = {"voices": {"en": ["edge-tts", "espeak-ng"]}, "recognisers": {"en": ["pocketsphinx"]}}
    found = Tried()
    async with voice_site(folder, scenario, QUESTIONS, {"speech": voices}, line=NO_FAULTS) as (
        site,
        settings,
    ):
        async with tcp_proxy(site.pbx.ports.http) as proxy:
            change(site.config, media={"url": f"ws://127.0.0.1:{proxy.port}"})
            async with controller(site, NO_NETWORK) as process:
                wave = Waves(site, settings, numbers, process, found)
                await wave.run("line", 100.0)
                await wave.run("recogniser", 60.0, lambda: worker_faults(site, process.pid, found))
                await wave.run("media", 60.0, lambda: media_faults(site, proxy))
                assert site.relay is not None
                site.relay.to_pbx = site.relay.to_carrier = LineFaults(loss=0.3)
                await wave.run("loss", 60.0)
                found.notes["relay"] = site.relay.counts
                site.relay.to_pbx = site.relay.to_carrier = NO_FAULTS
        await without_a_voice(site, numbers["offline"], found)
    return found


@dataclass
class Waves:
    """Calls side by side, one wave after the other, of one controller."""

    site: Site
    settings: Settings
    numbers: dict[str, str]
    process: asyncio.subprocess.Process
    found: Tried

    async def run(
        self, name: str, patience_s: float, fault: Callable[[], Coroutine[object, object, None]] | None = None
    ) -> None:
        mine = {each: self.numbers[each] for each in WAVES[name]}
        await load(self.site, self.settings, name, mine, concurrency=len(mine))
        async with going_on(fault):
            measured = await finished(
                self.site, self.settings, name, patience_s=patience_s, process=self.process
            )
        self.found.calls |= {each.record.customer_id: each for each in measured}


@asynccontextmanager
async def going_on(fault: Callable[[], Coroutine[object, object, None]] | None) -> AsyncIterator[None]:
    task = None if fault is None else asyncio.create_task(fault())
    try:
        yield
    finally:
        if task is not None:
            task.cancel()
            await asyncio.wait({task})
            if not task.cancelled():
                task.result()


async def answer_given(site: Site, number: int) -> None:
    """Wait until the customer of the only call in progress has begun to give this answer (from 1)."""
    while True:
        active = site.lab.carrier.active if site.lab.carrier is not None else []
        if any(len(call.said) >= number for call in active):
            return
        await asyncio.sleep(0.02)


async def worker_faults(site: Site, controller_pid: int, found: Tried) -> None:
    """Kill the recogniser's workers while the customer gives his second answer, stop them while he gives his last."""
    await answer_given(site, 2)
    found.notes["killed"] = signalled(controller_pid, signal.SIGKILL)
    await answer_given(site, 4)
    found.notes["stopped"] = signalled(controller_pid, signal.SIGSTOP)


def signalled(parent: int, number: signal.Signals) -> int:
    """Send a signal to every worker process of a controller; how many there were."""
    count = 0
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = status.read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()
            command = (status.parent / "cmdline").read_bytes()
        except OSError:
            continue  # it has ended meanwhile
        if int(fields[1]) == parent and b"worker" in command:
            os.kill(int(status.parent.name), number)
            count += 1
    return count


async def media_faults(site: Site, proxy: TcpProxy) -> None:
    """Break the media sockets while a prompt is played, and let nothing through for a moment."""
    await answer_given(site, 1)
    await asyncio.sleep(2.2)  # "yes this is me" is over, the next prompt plays
    proxy.cut()
    await asyncio.sleep(0.3)
    proxy.mend()


async def without_a_voice(site: Site, number: str, found: Tried) -> None:
    """A controller that has an online voice alone, and no network: nothing is dialled."""
    path = site.folder / "offline.yaml"
    path.write_text(site.config.read_text(encoding="utf-8"), encoding="utf-8")
    speech = {"voices": {"en": ["edge-tts"]}, "recognisers": {"en": ["pocketsphinx"]}}
    change(path, data_dir=str(site.folder / "offline"), speech=speech, media={"url": None})
    settings = load_settings(path)
    before = len(site.lab.records())
    await load(site, settings, "offline", {"offline": number}, concurrency=1)
    records: list[AttemptRecord] = []
    async with controller(site, NO_NETWORK, path), open_store(settings) as store:
        for _ in range(120):
            records = await store.attempts("offline")
            if any(record.disposition for record in records):
                break
            await asyncio.sleep(0.25)
    found.notes["offline"] = [(record.disposition, record.dialled_at) for record in records]
    found.notes["offline_calls"] = len(site.lab.records()) - before


def change(path: Path, **sections: object) -> None:
    """Replace sections of a settings file; the voices of the controller that reads it."""
    settings = json.loads(path.read_text(encoding="utf-8")) | sections
    path.write_text(json.dumps(settings), encoding="utf-8")


# ------------------------------------------------------------------------------------------- the line


def test_a_line_without_any_sound_is_given_up_soon(tried: Tried) -> None:
    call = tried.calls["no_rtp"]
    assert call.record.disposition == "no_media"
    assert call.tape is None
    assert call.record.talk_seconds < 25.0


def test_who_talks_for_ten_minutes_is_cut_off_and_the_call_goes_on(tried: Tried) -> None:
    call = tried.calls["ten_minutes"]
    assert call.record.disposition == FLOW_ENDS
    assert call.tape is not None
    said = spans(call.tape.said)
    assert said[-1].end_s - said[0].start_s > 30.0, "he never stopped talking"
    assert tried.silence("ten_minutes") <= MOST_SILENCE_S
    # He does not listen, but it is not for the bot to fall silent: whatever he says, each question is asked.
    heard = spans(call.tape.heard, joined_s=2.0)
    assert len(heard) >= 3
    assert call.record.talk_seconds < 90.0


@pytest.mark.parametrize("name", ["clipped", "offset", "narrow_noise"])
def test_a_bad_line_leaves_nobody_in_silence(tried: Tried, name: str) -> None:
    assert tried.disposition(name) == FLOW_ENDS
    assert tried.silence(name) <= MOST_SILENCE_S


@pytest.mark.parametrize("name", ["clipped", "offset", "narrow_noise"])
def test_on_a_bad_line_the_customer_is_still_heard(tried: Tried, name: str) -> None:
    call = tried.calls[name]
    assert call.tape is not None
    assert len(replies(call.tape)) == len(ANSWERS)
    heard = [turn for turn in call.turns if turn.speaker == "customer" and turn.kind == "speech"]
    assert len(heard) == len(ANSWERS), "nothing but his answers was taken for speech"
    assert sum(turn.text == said for turn, said in zip(heard, ANSWERS, strict=True)) >= 2


@pytest.mark.parametrize("name", ["lossy_1", "lossy_2"])
def test_thirty_percent_of_packets_lost_leave_nobody_in_silence(tried: Tried, name: str) -> None:
    counts = tried.notes["relay"]
    assert getattr(counts, "lost", 0) > 300, "the relay lost nothing: this test shows nothing"
    assert tried.disposition(name) == FLOW_ENDS
    assert tried.silence(name) <= MOST_SILENCE_S


# ------------------------------------------------------------------------------------------- recogniser


def test_a_recogniser_that_is_killed_and_one_that_hangs_leave_nobody_in_silence(tried: Tried) -> None:
    assert tried.notes["killed"], "no worker was there to be killed: this test shows nothing"
    assert tried.notes["stopped"], "no worker was there to be stopped: this test shows nothing"
    assert tried.disposition("recogniser") in (FLOW_ENDS, "no_input")
    assert tried.silence("recogniser") <= MOST_SILENCE_S


# ------------------------------------------------------------------------------------------- media


def test_a_media_socket_that_breaks_comes_back_and_the_call_goes_on(tried: Tried) -> None:
    call = tried.calls["media"]
    assert call.record.disposition == FLOW_ENDS
    assert tried.silence("media") <= MOST_SILENCE_S
    heard = [turn for turn in call.turns if turn.speaker == "customer" and turn.kind == "speech"]
    assert len(heard) >= len(ANSWERS) - 1, "he was heard before and after"


# ------------------------------------------------------------------------------------------- voice


def test_an_online_voice_without_network_is_replaced_by_the_embedded_one(tried: Tried) -> None:
    """The controller of all these calls has edge-tts first, and no way to it."""
    call = tried.calls["offset"]
    assert call.tape is not None
    assert spans(call.tape.heard), "it spoke"


def test_without_any_voice_nothing_is_dialled(tried: Tried) -> None:
    assert tried.notes["offline_calls"] == 0
    assert tried.notes["offline"], "the attempt was never claimed: this test shows nothing"
    assert all(dialled is None for _, dialled in tried.notes["offline"])  # type: ignore[attr-defined]


def test_every_call_was_answered_once(tried: Tried) -> None:
    for name, call in tried.calls.items():
        assert call.call.answered_at is not None, name
        assert call.call.problems == [] or name == "ten_minutes", (name, call.call.problems)
