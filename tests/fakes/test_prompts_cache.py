"""The prompt cache: rendered once, found again, never handed to whom it must not go."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from ari_app.dialogue.model import Fragment
from ari_app.errors import SpeechError
from ari_app.speech.prompt_cache import PromptCache
from ari_app.speech.prompt_settings import PromptSettings
from ari_app.voice.loudness import loudness_dbfs
from ari_app.voice.pcm import duration_s, pcm_of_wav, wav_bytes
from tests.support.fake_voice import FakeVoice
from tests.support.sounds import tone, voice

pytestmark = pytest.mark.fakes

GREETING = Fragment("Good morning.", "en", prompt_id="greeting")
NAME = Fragment("Mr Fox", "en", personal=True, prompt_id="name")


def files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


async def test_a_prompt_is_rendered_once_and_comes_from_memory_after_that(tmp_path: Path) -> None:
    fake = FakeVoice()
    cache = PromptCache(tmp_path, [fake])
    await cache.prepare([GREETING, GREETING])
    assert await cache.pcm([GREETING]) == tone(1.0, 300.0)
    assert fake.said == ["Good morning."]
    assert cache.store.counters.from_memory == 1


async def test_another_cache_on_the_same_folder_finds_the_file(tmp_path: Path) -> None:
    await PromptCache(tmp_path, [FakeVoice()]).prepare([GREETING])
    fake = FakeVoice()
    cache = PromptCache(tmp_path, [fake])
    assert await cache.pcm([GREETING]) == tone(1.0, 300.0)
    assert fake.said == []
    assert cache.store.counters.from_files == 1


async def test_what_changes_the_sound_changes_the_key(tmp_path: Path) -> None:
    others = [
        (FakeVoice("other"), GREETING, PromptSettings()),
        (FakeVoice(), Fragment("Good evening.", "en"), PromptSettings()),
        (FakeVoice(), Fragment("Good morning.", "zh"), PromptSettings()),
        (FakeVoice(), GREETING, PromptSettings(level_dbfs=-30)),
    ]
    await PromptCache(tmp_path, [FakeVoice()]).prepare([GREETING])
    for fake, fragment, settings in others:
        await PromptCache(tmp_path, [fake], settings=settings).prepare([fragment])
        assert len(fake.said) == 1
    assert len(files(tmp_path)) == 5


async def test_many_at_once_render_once_and_one_who_leaves_disturbs_nobody(tmp_path: Path) -> None:
    fake = FakeVoice()
    fake.gate.clear()
    cache = PromptCache(tmp_path, [fake])
    waiting = [asyncio.create_task(cache.pcm([GREETING])) for _ in range(20)]
    await fake.asked.wait()
    waiting[0].cancel()
    fake.gate.set()
    results = await asyncio.gather(*waiting, return_exceptions=True)
    assert isinstance(results[0], asyncio.CancelledError)
    assert set(results[1:]) == {tone(1.0, 300.0)}
    assert fake.said == ["Good morning."]


@pytest.mark.parametrize("harm", [lambda data: b"", lambda data: data[:-2], lambda data: b"\0" * len(data)])
async def test_a_damaged_file_is_rendered_again(tmp_path: Path, harm: Callable[[bytes], bytes]) -> None:
    await PromptCache(tmp_path, [FakeVoice()]).prepare([GREETING])
    (path,) = files(tmp_path)
    path.write_bytes(harm(path.read_bytes()))
    fake = FakeVoice()
    cache = PromptCache(tmp_path, [fake])
    assert await cache.pcm([GREETING]) == tone(1.0, 300.0)
    assert cache.store.counters.damaged_files >= 1
    assert pcm_of_wav(path.read_bytes()) == tone(1.0, 300.0)


async def test_a_folder_that_cannot_be_written_costs_only_the_file(tmp_path: Path) -> None:
    blocked = tmp_path / "blocked"
    blocked.write_text("a file where a folder should be")
    cache = PromptCache(blocked, [FakeVoice()])
    assert await cache.pcm([GREETING]) == tone(1.0, 300.0)
    assert cache.store.counters.write_failures == 1


async def test_the_memory_is_bounded(tmp_path: Path) -> None:
    one = len(tone(1.0, 300.0))
    cache = PromptCache(tmp_path, [FakeVoice()], settings=PromptSettings(memory_bytes=3 * one))
    await cache.prepare([Fragment(f"Number {number}", "en") for number in range(10)])
    assert cache.store.counters.evicted == 7
    await cache.pcm([Fragment("Number 0", "en")])
    assert cache.store.counters.from_files == 1


async def test_the_second_voice_steps_in_and_the_first_is_left_alone_for_a_while(tmp_path: Path) -> None:
    first, second = FakeVoice("first", online=True), FakeVoice("second", hz=500.0)
    first.broken = True
    cache = PromptCache(tmp_path, [first, second])
    assert await cache.pcm([GREETING]) == tone(1.0, 500.0)
    await cache.prepare([Fragment("Good evening.", "en")])
    assert len(first.said) == 1
    assert len(second.said) == 2


async def test_one_bad_text_does_not_put_an_offline_voice_to_rest(tmp_path: Path) -> None:
    fake = FakeVoice()
    cache = PromptCache(tmp_path, [fake])
    fake.broken = True
    with pytest.raises(SpeechError):
        await cache.prepare([GREETING])
    fake.broken = False
    assert await cache.pcm([GREETING]) == tone(1.0, 300.0)


async def test_personal_fragments_never_reach_an_online_voice(tmp_path: Path) -> None:
    online, offline = FakeVoice("online", online=True), FakeVoice("offline")
    await PromptCache(tmp_path, [online, offline]).prepare([GREETING, NAME])
    assert online.said == ["Good morning."]
    assert offline.said == ["Mr Fox"]


async def test_unless_the_configuration_says_so(tmp_path: Path) -> None:
    online = FakeVoice("online", online=True)
    await PromptCache(tmp_path, [online], settings=PromptSettings(personal_online=True)).prepare([NAME])
    assert online.said == ["Mr Fox"]


async def test_the_error_names_the_prompt_and_not_what_it_says(tmp_path: Path) -> None:
    online, broken = FakeVoice("online", online=True), FakeVoice("broken")
    broken.broken = True
    with pytest.raises(SpeechError, match=r"'name' cannot be rendered: broken is out") as caught:
        await PromptCache(tmp_path, [online, broken]).prepare([NAME])
    assert "Fox" not in str(caught.value)
    with pytest.raises(SpeechError, match="no voice may or can speak") as caught:
        await PromptCache(tmp_path, [online]).prepare([NAME])
    assert "Fox" not in str(caught.value)


async def test_a_recorded_prompt_comes_before_every_voice_in_any_rate(tmp_path: Path) -> None:
    recordings = tmp_path / "recordings"
    (recordings / "en").mkdir(parents=True)
    path = recordings / "en" / "greeting.wav"
    path.write_bytes(wav_bytes(voice(2.0, -35)[::1], rate=8_000))
    fake = FakeVoice()
    cache = PromptCache(tmp_path / "cache", [fake], recordings=recordings)
    await cache.prepare([GREETING])
    pcm = await cache.pcm([GREETING])
    assert fake.said == []
    assert duration_s(pcm) == pytest.approx(4.0, abs=0.1)
    assert loudness_dbfs(pcm) == pytest.approx(-20.0, abs=0.5)
    path.write_bytes(wav_bytes(voice(1.0), rate=16_000))
    await cache.prepare([GREETING])
    assert duration_s(await cache.pcm([GREETING])) == pytest.approx(1.0, abs=0.1)


async def test_a_recording_that_is_no_sound_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "en").mkdir()
    for data in (b"ID3 surely not", wav_bytes(b""), wav_bytes(bytes(3200))):
        (tmp_path / "en" / "greeting.wav").write_bytes(data)
        with pytest.raises(SpeechError, match=r"'greeting'.*greeting\.wav"):
            await PromptCache(tmp_path / "cache", [FakeVoice()], recordings=tmp_path).prepare([GREETING])


@pytest.mark.parametrize("prompt_id", ["../secret", "/etc/x", "a/b", "..", "\0", "x" * 200])
async def test_a_prompt_id_cannot_lead_out_of_the_folder(tmp_path: Path, prompt_id: str) -> None:
    (tmp_path / "recordings" / "en").mkdir(parents=True)
    (tmp_path / "recordings" / "secret.wav").write_bytes(wav_bytes(voice(1.0)))
    fake = FakeVoice()
    cache = PromptCache(tmp_path / "cache", [fake], recordings=tmp_path / "recordings")
    await cache.pcm([Fragment("Good morning.", "en", prompt_id=prompt_id)])
    assert fake.said == ["Good morning."]


async def test_fragments_are_joined_with_gaps_that_follow_the_punctuation(tmp_path: Path) -> None:
    cache = PromptCache(tmp_path, [FakeVoice()])
    settings = cache.settings
    spoken = [
        Fragment("您好，", "zh"),
        Fragment("张三", "zh"),
        Fragment("再见。", "zh"),
        Fragment("好", "zh"),
    ]
    gaps = settings.clause_gap_s + settings.gap_s + settings.sentence_gap_s
    assert duration_s(await cache.pcm(spoken)) == pytest.approx(4.0 + gaps, abs=0.001)
    assert await cache.pcm([]) == b""


async def test_old_personal_files_can_be_removed(tmp_path: Path) -> None:
    cache = PromptCache(tmp_path, [FakeVoice()])
    await cache.prepare([GREETING, NAME, Fragment("Mr Hare", "en", personal=True)])
    old = next(path for path in files(tmp_path / "personal"))
    os.utime(old, (1_000_000, 1_000_000))
    assert await cache.purge(3600.0, 1_010_000.0) == 1
    assert not old.exists()
    assert len(files(tmp_path)) == 2


async def test_closing_ends_rendering(tmp_path: Path) -> None:
    fake = FakeVoice()
    fake.gate.clear()
    cache = PromptCache(tmp_path, [fake])
    waiting = asyncio.create_task(cache.pcm([GREETING]))
    await fake.asked.wait()
    await cache.close()
    with pytest.raises(asyncio.CancelledError):
        await waiting
