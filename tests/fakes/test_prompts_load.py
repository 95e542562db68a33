"""Prompts under load and under faults: many calls, slow voices, full disks, other processes."""

from __future__ import annotations

import asyncio
import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ari_app.dialogue.model import Fragment
from ari_app.errors import SpeechError
from ari_app.speech.prompt_cache import PromptCache
from ari_app.speech.prompt_settings import Origin, PromptSettings
from ari_app.speech.sound_store import SoundStore
from tests.support.fake_voice import FakeVoice
from tests.support.sounds import tone

pytestmark = [pytest.mark.fakes, pytest.mark.virtual_time]

HELLO = Fragment("Hello.", "en", prompt_id="hello")
AMOUNT = Fragment("one hundred twenty three", "en", personal=True)
ONLINE, OFFLINE = tone(1.0, 300.0), tone(1.0, 500.0)


def many(count: int) -> list[Fragment]:
    return [Fragment(f"Sentence {number}.", "en") for number in range(count)]


def sounds_in(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


class SlowVoice(FakeVoice):
    """Takes its time over every text."""

    def __init__(self, seconds: float, name: str = "espeak x", *, online: bool = False) -> None:
        super().__init__(name, online=online, hz=300.0 if online else 500.0)
        self.seconds = seconds
        self.at_once = 0
        self.most_at_once = 0

    async def synthesise(self, text: str, language: str) -> bytes:
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            await asyncio.sleep(self.seconds)
            return await super().synthesise(text, language)
        finally:
            self.at_once -= 1


# ------------------------------------------------------------------------------------------------ a running call


async def test_a_running_call_does_not_stand_behind_the_calls_that_are_prepared(tmp_path: Path) -> None:
    loop = asyncio.get_running_loop()
    cache = PromptCache(tmp_path, [SlowVoice(0.03)])
    preparing = asyncio.create_task(cache.prepare(many(400)))
    await asyncio.sleep(0.1)
    began = loop.time()
    assert await cache.pcm([AMOUNT]) == OFFLINE
    assert loop.time() - began <= 0.07
    await preparing


async def test_a_prompt_that_waits_to_be_prepared_is_pulled_forward_by_a_running_call(tmp_path: Path) -> None:
    loop = asyncio.get_running_loop()
    voice = SlowVoice(0.03)
    cache = PromptCache(tmp_path, [voice])
    wanted = many(400)
    preparing = asyncio.create_task(cache.prepare(wanted))
    await asyncio.sleep(0.1)
    began = loop.time()
    assert await cache.pcm([wanted[-1]]) == OFFLINE
    assert loop.time() - began <= 0.07
    await preparing
    assert voice.said.count(wanted[-1].text) == 1
    assert voice.most_at_once <= cache.settings.offline_slots + cache.settings.urgent_slots


async def test_an_online_voice_is_waited_for_briefly_and_its_sound_kept_for_the_next_time(
    tmp_path: Path,
) -> None:
    loop = asyncio.get_running_loop()
    online, offline = SlowVoice(3.0, "edge x", online=True), SlowVoice(0.03)
    cache = PromptCache(tmp_path, [online, offline])
    began = loop.time()
    assert await cache.pcm([HELLO]) == OFFLINE
    assert loop.time() - began <= cache.settings.online_patience_s + 0.1
    await asyncio.sleep(5.0)
    assert await cache.pcm([HELLO]) == ONLINE


async def test_an_online_voice_that_is_quick_enough_is_heard(tmp_path: Path) -> None:
    online, offline = SlowVoice(0.2, "edge x", online=True), SlowVoice(0.03)
    cache = PromptCache(tmp_path, [online, offline])
    assert await cache.pcm([HELLO]) == ONLINE
    assert offline.said == []


@pytest.mark.parametrize("online", [True, False])
async def test_a_call_is_never_held_up_longer_than_its_patience(tmp_path: Path, online: bool) -> None:
    loop = asyncio.get_running_loop()
    cache = PromptCache(tmp_path, [SlowVoice(60.0, "edge x" if online else "espeak x", online=online)])
    began = loop.time()
    with pytest.raises(SpeechError, match=r"'hello' cannot be rendered: not rendered within 2\.5 s"):
        await cache.pcm([HELLO, *many(3)])
    assert loop.time() - began <= cache.settings.call_patience_s + 0.01
    await cache.close()


# ------------------------------------------------------------------------------------------------ many calls


async def test_a_service_that_is_out_is_asked_once_and_not_for_every_prompt(tmp_path: Path) -> None:
    loop = asyncio.get_running_loop()
    online, offline = SlowVoice(10.0, "edge x", online=True), SlowVoice(0.01)
    online.broken = True
    cache = PromptCache(tmp_path, [online, offline])
    began = loop.time()
    await cache.prepare(many(200))
    assert len(online.said) <= cache.settings.online_slots
    assert loop.time() - began <= 12.0
    await cache.prepare(many(300))
    assert len(online.said) <= cache.settings.online_slots
    await asyncio.sleep(cache.settings.voice_retry_s)
    online.broken = False
    await cache.prepare([HELLO])
    assert await cache.pcm([HELLO]) == ONLINE


async def test_a_hundred_calls_at_once_render_what_they_share_once(tmp_path: Path) -> None:
    voice = SlowVoice(0.01)
    cache = PromptCache(tmp_path, [voice])
    shared = many(30)
    calls = [[*shared, Fragment(f"Customer {number}", "en", personal=True)] for number in range(100)]
    await asyncio.gather(*(cache.prepare(call) for call in calls))
    assert len(voice.said) == 130
    assert voice.most_at_once <= cache.settings.offline_slots
    assert len(sounds_in(tmp_path)) == 130


async def test_a_call_that_is_stopped_while_it_is_prepared_leaves_the_others_what_it_asked_for(
    tmp_path: Path,
) -> None:
    cache = PromptCache(tmp_path, [SlowVoice(0.05)])
    stopped, other = (asyncio.create_task(cache.prepare(many(20))) for _ in range(2))
    await asyncio.sleep(0.12)
    stopped.cancel()
    await other
    assert stopped.cancelled()
    assert cache.counters.rendered == 20


# ------------------------------------------------------------------------------------------------ files


@pytest.mark.parametrize("at", [44, 5_000, -20, -1])
async def test_one_wrong_byte_anywhere_in_a_file_is_noticed(tmp_path: Path, at: int) -> None:
    await PromptCache(tmp_path, [FakeVoice()]).prepare([HELLO])
    (path,) = sounds_in(tmp_path)
    data = bytearray(path.read_bytes())
    data[at] ^= 0x40
    path.write_bytes(data)
    cache = PromptCache(tmp_path, [FakeVoice()])
    assert await cache.pcm([HELLO]) == tone(1.0, 300.0)
    assert cache.store.counters.damaged_files >= 1
    assert cache.counters.rendered == 1


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EACCES, errno.EROFS])
async def test_a_full_disk_costs_the_file_and_leaves_nothing_half_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def full(path: Path, data: bytes) -> int:
        with path.open("wb") as stream:
            stream.write(data[:100])
        raise OSError(number, os.strerror(number))

    cache = PromptCache(tmp_path, [FakeVoice()])
    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_bytes", full)
        await cache.prepare([HELLO, *many(3)])
        assert await cache.pcm([HELLO]) == tone(1.0, 300.0)
    assert cache.store.counters.write_failures == 4
    assert sounds_in(tmp_path) == []


async def test_what_killed_processes_left_half_written_goes_with_the_nightly_purge(tmp_path: Path) -> None:
    cache = PromptCache(tmp_path, [FakeVoice()])
    await cache.prepare([HELLO, AMOUNT])
    shared = next((tmp_path / "shared").glob("*/*"))
    left = shared.with_name(f".{shared.name}.abcd0123")
    fresh = shared.with_name(f".{shared.name}.ef456789")
    for path in (left, fresh):
        path.write_bytes(b"half")
    os.utime(left, (1_000, 1_000))
    assert await cache.purge(30 * 86_400.0, fresh.stat().st_mtime) == 0
    assert not left.exists()
    assert fresh.exists()
    assert shared.exists()
    assert len(sounds_in(tmp_path / "personal")) == 1


async def test_a_purge_takes_personal_sound_out_of_memory_and_calls_go_on(tmp_path: Path) -> None:
    voice = FakeVoice()
    cache = PromptCache(tmp_path, [voice])
    await cache.prepare([HELLO, AMOUNT])
    assert await cache.purge(-1.0, tmp_path.stat().st_mtime) == 1
    assert sounds_in(tmp_path / "personal") == []
    assert await cache.pcm([HELLO, AMOUNT])
    assert sorted(voice.said) == sorted([HELLO.text, AMOUNT.text, AMOUNT.text])


async def test_a_personal_text_finds_a_shared_sound_and_never_the_other_way_round(tmp_path: Path) -> None:
    day = Fragment("March first", "en")
    own = Fragment("March first", "en", personal=True)
    voice = FakeVoice()
    await PromptCache(tmp_path / "a", [voice]).prepare([day])
    await PromptCache(tmp_path / "a", [voice]).prepare([own])
    assert voice.said == ["March first"]
    await PromptCache(tmp_path / "b", [voice]).prepare([own])
    await PromptCache(tmp_path / "b", [voice]).prepare([day])
    assert len(voice.said) == 3


_OTHER_PROCESS = """
import asyncio, sys
from pathlib import Path
from ari_app.dialogue.model import Fragment
from ari_app.speech.prompt_cache import PromptCache
from tests.support.fake_voice import FakeVoice

async def work():
    for _ in range(5):
        cache = PromptCache(Path(sys.argv[1]), [FakeVoice()])
        await cache.prepare([Fragment(f"Sentence {n}.", "en") for n in range(40)])
        for n in range(40):
            assert await cache.pcm([Fragment(f"Sentence {n}.", "en")])
        assert cache.store.counters.damaged_files == 0
        await cache.purge(-1.0, 4e9, personal_only=False)

asyncio.run(work())
"""


def test_two_processes_may_write_read_and_purge_one_folder(tmp_path: Path) -> None:
    root = Path(__file__).parents[2]
    running = [
        subprocess.Popen(
            [sys.executable, "-c", _OTHER_PROCESS, str(tmp_path)], cwd=root, stderr=subprocess.PIPE, text=True
        )
        for _ in range(2)
    ]
    for process in running:
        _, told = process.communicate(timeout=50)
        assert process.returncode == 0, told
    assert [path for path in sounds_in(tmp_path) if path.name.startswith(".")] == []


# ------------------------------------------------------------------------------------------------ memory


async def test_the_memory_stays_within_its_bound_whatever_comes(tmp_path: Path) -> None:
    one = len(tone(1.0, 300.0))
    store = SoundStore(tmp_path, 3 * one)
    for number in range(50):
        store.keep(f"{number % 7}", bytes(one + number % 3), personal=number % 2 == 0)
        assert store.in_memory <= 3 * one
    store.keep("huge", bytes(10 * one))
    assert store.in_memory == 10 * one  # one sound must be had, however large
    store.keep("small", bytes(10))
    assert store.in_memory == 10


async def test_where_a_prompt_comes_from_is_told_without_rendering_it(tmp_path: Path) -> None:
    voice = FakeVoice()
    cache = PromptCache(tmp_path, [voice], settings=PromptSettings())
    assert await cache.origin(HELLO) is Origin.MISSING
    await cache.prepare([HELLO])
    assert await cache.origin(HELLO) is Origin.CACHED
    assert voice.said == [HELLO.text]
