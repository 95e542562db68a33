"""The embedded voice, with the real program and with programs that misbehave."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import numpy as np
import pytest

from ari_app.domain.voice_style import ESPEAK_VARIANTS
from ari_app.errors import SpeechError
from ari_app.speech.espeak import EspeakVoice
from ari_app.speech.rendering import LONGEST_TEXT, speakable
from ari_app.voice.loudness import loudness_dbfs
from ari_app.voice.pcm import duration_s, frames, level_dbfs, to_samples

pytestmark = pytest.mark.fakes


def program(folder: Path, script: str) -> str:
    path = folder / "espeak-ng"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return str(path)


@pytest.mark.parametrize(
    ("text", "language"),
    [("您好，我是自动语音助理。", "zh"), ("Hello, this is an automated assistant.", "en")],
)
async def test_it_speaks_both_languages_at_the_set_level_without_long_silence(
    text: str, language: str
) -> None:
    pcm = await EspeakVoice().synthesise(text, language)
    assert 1.0 < duration_s(pcm) < 6.0
    assert loudness_dbfs(pcm) == pytest.approx(-20.0, abs=0.5)
    assert int(np.abs(to_samples(pcm)).max()) < 32_000
    levels = [level_dbfs(frame) for frame in frames(pcm)]
    assert max(levels[:4]) > -60
    assert max(levels[-4:]) > -60


async def test_the_text_is_never_an_option_a_phoneme_or_a_shell_command(tmp_path: Path) -> None:
    touched = tmp_path / "x"
    for text in (
        "-f /etc/passwd",
        "--phonout=x",
        f"$(touch {touched})",
        f"`touch {touched}`; touch {touched}",
        "<speak>hi</speak>",
    ):
        assert await EspeakVoice().synthesise(text, "en")
    assert list(tmp_path.iterdir()) == []
    assert speakable("a[[h@l'oU]]b\x00\n\u202ec") == "a h@l'oU b c"


async def test_many_at_once() -> None:
    english = EspeakVoice(concurrency=2)
    sounds = await asyncio.gather(*(english.synthesise(f"number {number}", "en") for number in range(8)))
    assert len(set(sounds)) == 8


async def test_a_missing_program_is_told() -> None:
    missing = EspeakVoice(program="/nowhere/espeak-ng")
    assert not missing.supports("en")
    with pytest.raises(SpeechError, match="cannot be started: No such file"):
        await missing.synthesise("hello", "en")


async def test_what_cannot_be_said_is_refused() -> None:
    with pytest.raises(SpeechError, match=r"no voice for 'xx' \(allowed: en, zh\)"):
        await EspeakVoice().synthesise("hello", "xx")
    with pytest.raises(SpeechError, match="nothing to say"):
        await EspeakVoice().synthesise(" \n\x00", "en")
    with pytest.raises(SpeechError, match=f"allowed: {LONGEST_TEXT}"):
        await EspeakVoice().synthesise("a" * (LONGEST_TEXT + 1), "en")


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("cat >/dev/null; exit 3", "status 3"),
        ("cat >/dev/null", "not a WAV file"),
        ("cat", "not a WAV file"),
        ("exec sleep 60", "no sound after"),
    ],
)
async def test_a_program_that_misbehaves_is_an_error_and_is_ended(
    tmp_path: Path, script: str, message: str
) -> None:
    odd = EspeakVoice(program=program(tmp_path, script), timeout_s=0.5)
    with pytest.raises(SpeechError, match=message):
        await odd.synthesise("hello", "en")


async def test_who_stops_waiting_ends_the_program(tmp_path: Path) -> None:
    pipe = tmp_path / "pid"
    os.mkfifo(pipe)
    slow = EspeakVoice(program=program(tmp_path, f"echo $$ > {pipe}; exec sleep 60"))
    waiting = asyncio.create_task(slow.synthesise("hello", "en"))
    pid = int(await asyncio.to_thread(pipe.read_text))
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


async def test_speed_and_variant_change_the_sound_and_the_name() -> None:
    text = "您好，我是自动语音助理。"
    usual = await EspeakVoice().synthesise(text, "zh")
    lengths = [duration_s(await EspeakVoice(speed=speed).synthesise(text, "zh")) for speed in (0.5, 1.0, 2.0)]
    assert lengths == sorted(lengths, reverse=True)
    assert lengths[0] > 1.5 * lengths[2]
    for variant in ESPEAK_VARIANTS:
        other = EspeakVoice(variant=variant)
        sound = await other.synthesise(text, "zh")
        assert sound != usual
        assert loudness_dbfs(sound) == pytest.approx(-20.0, abs=0.5)
        assert f"cmn+{variant}@240" in other.name
    assert len({EspeakVoice(speed=speed).name for speed in (0.5, 1.0, 2.0)}) == 3
