"""How verdicts are counted, and that a corpus follows from its seed."""

from __future__ import annotations

import numpy as np
import pytest

from ari_app.bench import line_effects as line
from ari_app.bench.progress_corpus import MIX, Corpus
from ari_app.bench.progress_score import Judged, confusion, said, scores
from ari_app.bench.progress_texts import (
    ASSISTANT,
    HELLO_TWICE,
    IVR,
    LONG_WINDED,
    MACHINE,
    SHORT_HELLO,
    SHORT_MACHINE,
    VOICES,
)
from ari_app.voice.pcm import level_dbfs, to_pcm
from tests.support.sounds import talk, voice

pytestmark = [pytest.mark.pure, pytest.mark.long]

FOUND = [
    Judged("human", "human", 1.0),
    Judged("human", "human", 2.0),
    Judged("human", "machine", 3.0),
    Judged("human", "", None),
    Judged("machine", "machine", 5.0),
    Judged("assistant", "machine", 5.0),
    Judged("ivr", "human", 2.0),
    Judged("fax", "", None),
    Judged("nobody", "human", 9.0),
]


def test_the_figures_of_a_few_clips() -> None:
    figures = scores(FOUND, "p.")
    assert figures["p.balanced_accuracy"] == pytest.approx(0.5)
    assert figures["p.human_as_machine"] == pytest.approx(0.25)
    assert figures["p.machine_as_human"] == pytest.approx(0.25)
    assert figures["p.verdict_p50_ms"] == pytest.approx(2500.0)
    assert figures["p.human_verdict_p50_ms"] == pytest.approx(2000.0)
    assert figures["p.machine_verdict_p50_ms"] == pytest.approx(5000.0)
    assert figures["p.human_right_p50_ms"] == pytest.approx(1500.0)


def test_the_matrix_counts_every_clip() -> None:
    matrix = confusion(FOUND)
    assert matrix["human"] == {"human": 2, "machine": 1, "none": 1}
    assert sum(count for row in matrix.values() for count in row.values()) == len(FOUND)
    assert "human: human 2, machine 1, none 1" in said(matrix)


def test_the_parts_share_no_text_and_no_voice() -> None:
    for source in (SHORT_HELLO, HELLO_TWICE, LONG_WINDED, MACHINE, SHORT_MACHINE, ASSISTANT, IVR):
        for language in ("en", "zh"):
            tuning = set(source["tuning"][language])
            assert tuning
            assert not tuning & set(source["held_out"][language])
    for language in ("en", "zh"):
        assert not set(VOICES["tuning"][language]) & set(VOICES["held_out"][language])


async def speak(text: str, language: str, voice_name: str, pace: int) -> bytes:
    return voice(0.3 + len(text) / 60, seed=len(text) + len(voice_name))


async def test_a_corpus_has_every_kind_and_follows_from_its_seed() -> None:
    known = {"voicemail": [talk(3.0)], "call_assistant": [talk(3.0, seed=2)]}
    first = await Corpus("tuning", speak, known, seed=7).clips(40)
    again = await Corpus("tuning", speak, known, seed=7).clips(40)
    other = await Corpus("tuning", speak, known, seed=8).clips(40)
    assert first == again
    assert {clip.kind for clip in first} == set(MIX)
    assert [clip.pcm for clip in first] != [clip.pcm for clip in other]
    assert all(frame is None or len(frame) == 640 for clip in first for frame in clip.frames)


@pytest.mark.parametrize("codec", line.CODECS)
def test_a_codec_keeps_level_and_length(codec: str) -> None:
    rng = np.random.default_rng(3)
    sound = line.at_level(line.tone(1.0, 800.0), -20.0)
    through = line.through_codec(sound, codec, rng)
    assert len(through) == len(to_pcm(sound))
    assert level_dbfs(through) == pytest.approx(-20.0, abs=0.6)


@pytest.mark.parametrize("kind", line.NOISES)
def test_noise_has_its_level(kind: str) -> None:
    rng = np.random.default_rng(4)
    voices = [line.tone(1.0, 500.0)]
    assert level_dbfs(to_pcm(line.noise(kind, 32_000, -30.0, rng, voices))) == pytest.approx(-30.0, abs=0.5)
