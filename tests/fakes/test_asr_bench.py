"""The benchmark of the recognisers, for a moment: every figure is there, and they hang together."""

from __future__ import annotations

import pytest

from ari_app.bench.asr import bench_asr, flow_questions
from ari_app.bench.asr_corpus import ANSWERS, NOISE_DBFS, OTHER_SENTENCES, QUESTIONS, on_the_line
from ari_app.speech.jsgf import parse_jsgf
from ari_app.voice.pcm import duration_s
from tests.support.sounds import voice

pytestmark = [pytest.mark.fakes, pytest.mark.timeout(120)]


async def test_every_figure_is_there() -> None:
    said: list[str] = []
    found = await bench_asr(
        voices=1, rounds=1, at_once=2, layers=1, width=64, words=500, progress=said.append
    )
    metrics = found["metrics"]
    assert isinstance(metrics, dict)
    assert metrics["asr.n"] == len(NOISE_DBFS) * sum(map(len, ANSWERS.values()))
    shares = [metrics["asr.accuracy"], metrics["asr.wrong"], metrics["asr.false_accept"]]
    shares += [metrics[f"asr.accuracy_{question}"] for question in QUESTIONS]
    assert all(0.0 <= share <= 1.0 for share in shares)
    assert metrics["asr.accuracy"] + metrics["asr.wrong"] <= 1.0
    assert metrics["asr.accuracy"] > 0.5
    assert metrics["asr.false_accept"] < 0.1
    assert metrics["asr.batch_speedup"] == pytest.approx(
        metrics["asr.batch_rate"] / metrics["asr.single_rate"], rel=0.01
    )
    assert 0 < metrics["asr.partial_p50_ms"] <= metrics["asr.partial_p95_ms"]
    assert metrics["asr.cpu_ms_per_speech_second"] > 0
    assert "RANDOM weights" in str(found["method"])
    assert said[-1].startswith("round 1 of 1")


def test_the_answers_are_of_the_grammars_and_the_others_are_not() -> None:
    for question in flow_questions():
        rules = parse_jsgf(question.grammar.jsgf)
        assert [one for one in ANSWERS[question.name] if not rules.accepts(one)] == []
        assert [one for one in OTHER_SENTENCES if rules.accepts(one)] == []


def test_the_same_meaning_is_right_and_another_one_is_not() -> None:
    questions = {one.name: one for one in flow_questions()}
    assert questions["confirm"].same("yeah", "yes")
    assert not questions["confirm"].same("no", "yes")
    assert questions["ask_amount"].same("two hundred", "two hundred dollars")
    assert not questions["ask_amount"].same("two hundred", "three hundred")
    assert not questions["ask_when"].same("next monday", "next friday")


def test_the_line_is_the_same_for_the_same_seed_and_noisier_where_it_says_so() -> None:
    sound = voice(0.5)
    head, tail = on_the_line(sound, -50.0, 1)
    assert (head, tail) == on_the_line(sound, -50.0, 1)
    assert head != on_the_line(sound, -38.0, 1)[0]
    assert duration_s(tail) == pytest.approx(0.1, abs=0.001)
    assert duration_s(head) == pytest.approx(0.9, abs=0.03)
