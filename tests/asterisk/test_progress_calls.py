"""What is heard on real calls: early media before the answer, and who is there after it."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from ari_app.asterisk.ari import AriConnection
from ari_app.asterisk.binary import AsteriskMissing, find_asterisk
from ari_app.asterisk.call_leg import AsteriskCallLeg
from ari_app.asterisk.telephony import AsteriskTelephony
from ari_app.domain.call_machine import EventKind
from ari_app.lab.persona import Announcement, Persona, Say
from ari_app.lab.release import Release
from ari_app.lab.scenario import Scenario, parse_scenario
from ari_app.ports import MediaFrame
from ari_app.services.answer_watch import AnswerWatch
from ari_app.services.progress_files import ProgressFiles
from ari_app.services.progress_watch import ProgressWatch
from ari_app.voice.answering_machine import AnsweringMachineDetector
from ari_app.voice.pcm import pcm_of_wav, silence, wav_bytes
from ari_app.voice.progress import EarlyMediaListener
from tests.support.lab_pbx import Instances, running_lab, settings_of, start_instances, stop_instances
from tests.support.sounds import talk, tone, voice

pytestmark = [pytest.mark.asterisk, pytest.mark.timeout(120)]

DIALPLAN = Path(__file__).parents[2] / "dialplan"
FILES = DIALPLAN / "announcements"
PATIENCE = 25.0


def tune() -> bytes:
    """Eight seconds of a tune instead of ringback."""
    scale = (262.0, 330.0, 392.0, 523.0, 440.0, 349.0)
    return b"".join(
        tone(0.3, hz, 1.5 * hz, 2 * hz, 3 * hz, dbfs=-18.0 - 2 * (number % 3))
        for number, hz in enumerate(scale[at * 5 % 6] for at in range(20))
    )


EARLY = {
    "tune": tune(),
    "busy": (tone(0.35, 450) + silence(0.35)) * 6,
    "vacant": tone(0.38, 985.2) + tone(0.274, 1370.6) + tone(0.38, 1776.7) + silence(1.0),
}
SAID = {
    "hello": voice(0.6) + silence(2.0),
    "voicemail": pcm_of_wav((FILES / "voicemail.zh.wav").read_bytes())
    + silence(0.4)
    + tone(0.4, 1000)
    + silence(2.0),
    "greeting": talk(2.0) + silence(0.2) + tone(0.4, 1000) + silence(2.0),
    "assistant": pcm_of_wav((FILES / "call_assistant.en.wav").read_bytes()) + silence(2.0),
    "menu": talk(8.0) + silence(1.0),
}


class Sounds:
    """A voice that says not words but the sound of that name."""

    name = "sounds"
    online = False

    def supports(self, language: str) -> bool:
        return True

    async def synthesise(self, text: str, language: str) -> bytes:
        return SAID[text]


def scenario() -> tuple[Scenario, dict[str, str]]:
    """A number for each persona: early media with what follows, or an answer with one sound."""
    personas = {
        "tune": Persona(
            "tune", ring=0, announce=Announcement(file="tune", times=1), steps=(Say("hello", "en"),)
        ),
        "busy": Persona(
            "busy",
            ring=0,
            answer=False,
            announce=Announcement(file="busy", times=3),
            reject=Release(sip_status=486),
        ),
        "vacant": Persona(
            "vacant",
            ring=0,
            answer=False,
            announce=Announcement(file="vacant", times=3),
            reject=Release(sip_status=480),
        ),
        **{
            name: Persona(name, ring=0.2, steps=(Say(name, "en"),))
            for name in ("hello", "voicemail", "greeting", "assistant", "menu")
        },
    }
    numbers = {name: f"+86138000020{place:02d}" for place, name in enumerate(personas)}
    base = parse_scenario(json.dumps({"region": "CN", "caller_ids": ["01055550100"]}), "progress")
    made = replace(
        base,
        personas={**base.personas, **personas},
        numbers={number: name for name, number in numbers.items()},
    )
    return made, numbers


@dataclass(slots=True)
class Network:
    telephony: AsteriskTelephony
    numbers: dict[str, str]
    files: ProgressFiles

    @asynccontextmanager
    async def call(self, name: str) -> AsyncIterator[AsteriskCallLeg]:
        leg = self.telephony.call(f"att-{uuid.uuid4().hex[:12]}")
        try:
            await leg.prepare(
                endpoint=f"PJSIP/{self.numbers[name]}@trunk",
                caller_id="1000",
                caller_name="",
                with_media=True,
            )
            await leg.dial(30)
            yield leg
        finally:
            await leg.release()

    def listener(self) -> EarlyMediaListener:
        known = self.files.known
        return EarlyMediaListener(known.references, known.tones.of("CN"))


@pytest.fixture(scope="module")
def instances(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instances]:
    try:
        find_asterisk()
    except AsteriskMissing as error:
        pytest.fail(str(error))
    running = start_instances(tmp_path_factory.mktemp("progress"))
    yield running
    stop_instances(running)


@pytest.fixture
async def network(instances: Instances, tmp_path: Path) -> AsyncIterator[Network]:
    early = tmp_path / "early"
    early.mkdir()
    for name, pcm in EARLY.items():
        (early / f"{name}.wav").write_bytes(wav_bytes(pcm))
    made, numbers = scenario()
    async with running_lab(instances, tmp_path / "lab", made, Sounds(), early):
        ari = AriConnection(settings_of(instances.pbx, "ari-app"))
        await ari.start(PATIENCE)
        telephony = AsteriskTelephony(ari)
        try:
            yield Network(telephony, numbers, ProgressFiles(DIALPLAN))
        finally:
            await telephony.close()
            await ari.close()


async def kinds_until(leg: AsteriskCallLeg, *wanted: EventKind) -> list[EventKind]:
    """The events of a call up to one of these."""
    seen: list[EventKind] = []
    async with asyncio.timeout(PATIENCE):
        while not seen or seen[-1] not in wanted:
            seen.append((await leg.next_event()).kind)
    return seen


async def who_answers(leg: AsteriskCallLeg, files: ProgressFiles) -> tuple[list[str], AnswerWatch]:
    """The verdicts after the answer, up to a final one, or until 4 s after "human"."""
    watch = AnswerWatch(AnsweringMachineDetector(references=files.known.references))
    verdicts: list[str] = []
    frames_left = 1_000
    assert leg.media is not None
    async with asyncio.timeout(PATIENCE):
        while frames_left and verdicts[-1:] in ([], ["human"]):
            event = await leg.media.receive(1.0)
            if isinstance(event, MediaFrame):
                frames_left -= 1
                verdict = watch.push(event.pcm, event.at)
                if verdict is not None:
                    verdicts.append(verdict)
                    frames_left = min(frames_left, 60)
    await watch.close()
    return verdicts, watch


@pytest.mark.parametrize(("name", "meaning"), [("busy", "busy"), ("vacant", "empty_number")])
async def test_tones_in_early_media_release_the_call_before_it_is_answered(
    network: Network, name: str, meaning: str
) -> None:
    async with network.call(name) as leg:
        assert leg.media is not None
        async with asyncio.timeout(PATIENCE):
            assert await ProgressWatch(leg.media, network.listener()).run() == meaning
        await leg.hang_up()
        assert EventKind.ANSWERED not in await kinds_until(leg, EventKind.DESTROYED)


async def test_a_tune_instead_of_ringback_is_no_announcement_and_nobody(network: Network) -> None:
    async with network.call("tune") as leg:
        assert leg.media is not None
        listener = network.listener()
        watch = asyncio.create_task(ProgressWatch(leg.media, listener).run())
        await kinds_until(leg, EventKind.ANSWERED)
        watch.cancel()
        await asyncio.wait({watch})
        assert watch.cancelled()
        assert listener.heard == ["music"]
        verdicts, _ = await who_answers(leg, network.files)
        assert verdicts == ["human"]


@pytest.mark.parametrize(
    ("name", "final", "heard", "reason"),
    [
        ("hello", "human", None, "waiting"),
        ("voicemail", "machine", "voicemail", "announcement"),
        ("greeting", "machine", "voicemail", "beep"),
        ("assistant", "assistant", "call_assistant", "announcement"),
        ("menu", "machine", "voicemail", "long_greeting"),
    ],
)
async def test_who_has_answered(
    network: Network, name: str, final: str, heard: str | None, reason: str
) -> None:
    async with network.call(name) as leg:
        await kinds_until(leg, EventKind.ANSWERED)
        verdicts, watch = await who_answers(leg, network.files)
        assert verdicts[-1] == final
        assert (watch.heard, watch.reason) == (heard, reason)
