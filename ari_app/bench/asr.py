"""How well and how fast the recognisers hear: the questions of the shipped flow on synthetic speech over a telephone line,
and what batches are worth to Whisper.

No model weights of Whisper are at hand, so its throughput is measured with random ones of a real size, made on the spot:
the work is that of a real model, the texts are gibberish.
"""

from __future__ import annotations

import asyncio
import random
import resource
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from ari_app.bench.asr_corpus import (
    NOISE_DBFS,
    QUESTIONS,
    VOICES,
    Spoken,
    on_the_line,
    spoken_by,
)
from ari_app.bench.report import BenchReport, machine_facts, median, percentile
from ari_app.bench.tiny_whisper import build_random_whisper
from ari_app.config import Settings
from ari_app.dialogue.grammar import grammar_for
from ari_app.dialogue.model import Grammar
from ari_app.dialogue.understanding import understand
from ari_app.errors import SpeechError
from ari_app.ports import Transcript
from ari_app.services.flow_sources import read_flow_file
from ari_app.speech.pocketsphinx_recogniser import PocketSphinxRecogniser
from ari_app.speech.whisper_recogniser import WhisperRecogniser
from ari_app.voice.pcm import duration_s, frames

Say = Callable[[str], None]
_NOW = datetime(2026, 3, 11, 2, 30, tzinfo=UTC)
_PATIENCE_S = 30.0
_METHOD = (
    "pocketsphinx with the grammars of the shipped flow, {count} answers and {others} sentences of no grammar by {voices} "
    "voices of espeak-ng at 145 to 205 words a minute through 8 kHz mu-law with white noise at {noise} dBFS (speech -22): "
    "accuracy = believed (confidence of the flow) and understood as what was said; wrong = believed and understood as "
    "something else; false_accept = believed although of no grammar; partial = from the first 0.1 s of silence to the "
    "text, final = from 0.1 s later, whole = a final without a partial before it, one at a time; cpu = of the workers with "
    "loading, a second of sound. batch_speedup = utterances a second of {at_once} at the same time in batches / one "
    "after another, faster-whisper int8 on {device} with RANDOM weights of the size of Whisper tiny ({layers} layers, "
    "{width} wide), made for this run: texts and accuracy of it mean nothing. Synthetic voices are not people"
)


@dataclass(frozen=True, slots=True)
class _Question:
    name: str
    context: str
    grammar: Grammar
    min_confidence: float

    def same(self, heard: str, said: str) -> bool:
        """Whether both mean the same at this question."""
        one, other = (understand(text, "en", self.context, _NOW) for text in (heard, said))
        return (one.intent, one.date, one.amount, one.full_amount) == (
            other.intent,
            other.date,
            other.amount,
            other.full_amount,
        )


@dataclass(slots=True)
class _Tally:
    """Answers of each question: how many, believed and right, believed and wrong; and how long it took."""

    asked: dict[str, int] = field(default_factory=dict)
    right: dict[str, int] = field(default_factory=dict)
    wrong: int = 0
    others: int = 0
    accepted: int = 0
    partial_ms: dict[str, list[float]] = field(default_factory=dict)
    final_ms: list[float] = field(default_factory=list)
    whole_ms: list[float] = field(default_factory=list)
    sound_s: float = 0.0

    def note(self, question: _Question, spoken: Spoken, heard: Transcript) -> None:
        believed = bool(heard.text) and heard.confidence >= question.min_confidence
        if not spoken.question:
            self.others += 1
            self.accepted += believed
            return
        same = believed and question.same(heard.text, spoken.sentence)
        self.asked[question.name] = self.asked.get(question.name, 0) + 1
        self.right[question.name] = self.right.get(question.name, 0) + same
        self.wrong += believed and not same

    def metrics(self) -> dict[str, float]:
        total = sum(self.asked.values())
        partials = [one for some in self.partial_ms.values() for one in some]
        found = {
            "asr.accuracy": sum(self.right.values()) / total,
            **{f"asr.accuracy_{name}": self.right[name] / asked for name, asked in self.asked.items()},
            "asr.wrong": self.wrong / total,
            "asr.n": float(total),
            "asr.partial_p50_ms": median(partials),
            "asr.partial_p95_ms": percentile(partials, 95.0),
            **{f"asr.partial_{name}_p50_ms": median(some) for name, some in self.partial_ms.items()},
            "asr.final_p50_ms": median(self.final_ms),
            "asr.final_p95_ms": percentile(self.final_ms, 95.0),
        }
        if self.whole_ms:
            found["asr.whole_p50_ms"] = median(self.whole_ms)
            found["asr.whole_p95_ms"] = percentile(self.whole_ms, 95.0)
        if self.others:
            found["asr.false_accept"] = self.accepted / self.others
        return found


async def bench_asr(
    *,
    voices: int = len(VOICES),
    seed: int = 5,
    rounds: int = 3,
    at_once: int = 8,
    layers: int = 4,
    width: int = 384,
    words: int = 50_000,
    progress: Say | None = None,
) -> dict[str, object]:
    """Measure, and return the object that ``ari-app bench asr --json`` prints.

    :param voices: how many of the voices speak; :param rounds: of throughput, in turns; :param at_once: utterances that
        are recognised at the same time, and the size of a batch; :param layers, width, words: of the random model.
    :raises SpeechError: espeak-ng, pocketsphinx or faster-whisper is not here.
    """
    say = progress or (lambda line: None)
    report = BenchReport("asr", machine_facts(["pocketsphinx", "faster-whisper", "ctranslate2"]))
    spoken = await spoken_by(VOICES[:voices], seed)
    answers = sum(bool(one.question) for one in spoken)
    say(f"{len(spoken)} sentences are spoken")
    tally, cpu_s = await _listen(spoken, seed, say)
    report.metrics.update(tally.metrics())
    report.metrics["asr.cpu_ms_per_speech_second"] = 1e3 * cpu_s / tally.sound_s

    sounds = [
        b"".join(on_the_line(one.pcm, NOISE_DBFS[0], seed)) for one in spoken if one.question == "ask_when"
    ]
    chosen = random.Random(seed).sample(sounds, min(at_once, len(sounds)))  # noqa: S311 - a fixed choice
    with tempfile.TemporaryDirectory(prefix="ari-app-bench-") as folder:
        model = await asyncio.to_thread(
            lambda: build_random_whisper(
                Path(folder), layers=layers, width=width, heads=width // 64, words=words
            )
        )
        report.runs += await _throughput(model, chosen, rounds, say)
    report.metrics.update(report.medians())
    report.method = _METHOD.format(
        count=answers * len(NOISE_DBFS),
        others=tally.others,
        voices=voices,
        noise=" and ".join(f"{one:g}" for one in NOISE_DBFS),
        at_once=len(chosen),
        device=_device(),
        layers=layers,
        width=width,
    )
    return report.to_dict()


def flow_questions() -> list[_Question]:
    """The questions of the shipped flow that are measured, with the grammars that it gives them."""
    flow = read_flow_file(Settings().dialplan_dir / "flows" / "reminder.yaml")
    questions = []
    for name, state in QUESTIONS.items():
        ask = flow.states[state].ask
        if ask is None:
            raise SpeechError(f"{flow.file}: state {state} asks nothing")
        grammar = grammar_for(ask.context, "en", ask.hear)
        questions.append(_Question(name, ask.context, grammar, flow.min_confidence))
    return questions


async def _listen(spoken: Sequence[Spoken], seed: int, say: Say) -> tuple[_Tally, float]:
    """Everything once, one at a time; and the processor time of the worker in seconds."""
    questions = {one.name: one for one in flow_questions()}
    tally, pick = _Tally(), random.Random(seed)  # noqa: S311 - a fixed choice
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    recogniser = PocketSphinxRecogniser(workers=1)
    try:
        await recogniser.warm_up(_PATIENCE_S)
        for number, one in enumerate(spoken):
            names = [one.question] if one.question else pick.sample(sorted(questions), 2)
            for name in names:
                for noise in NOISE_DBFS:
                    head, tail = on_the_line(one.pcm, noise, seed + number)
                    await _one(recogniser, questions[name], one, head, tail, tally)
            if number % 100 == 99:
                say(f"{number + 1} of {len(spoken)} sentences heard")
    finally:
        await recogniser.close()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return tally, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


async def _one(
    recogniser: PocketSphinxRecogniser,
    question: _Question,
    spoken: Spoken,
    head: bytes,
    tail: bytes,
    tally: _Tally,
) -> None:
    """A guess at the first silence and the result after it; now and then a result without a guess."""
    utterance = recogniser.open(question.grammar)
    for frame in frames(head):
        utterance.feed(frame)
    guessing = (tally.others + sum(tally.asked.values())) % 4 != 0
    if guessing:
        began = time.perf_counter()
        await utterance.partial(_PATIENCE_S)
        tally.partial_ms.setdefault(question.name, []).append(1e3 * (time.perf_counter() - began))
    for frame in frames(tail):
        utterance.feed(frame)
    began = time.perf_counter()
    heard = await utterance.result(_PATIENCE_S)
    (tally.final_ms if guessing else tally.whole_ms).append(1e3 * (time.perf_counter() - began))
    tally.sound_s += duration_s(head + tail)
    tally.note(question, spoken, heard)


# --------------------------------------------------------------------------------------------------- batches


async def _throughput(model: Path, sounds: Sequence[bytes], rounds: int, say: Say) -> list[dict[str, float]]:
    """Utterances a second, one after another and all at once, in turns on the same worker process."""
    recogniser = WhisperRecogniser(model, workers=1, batch=len(sounds), longest_s=120.0)
    grammar = grammar_for("ask_when", "en")

    async def hear(pcm: bytes) -> None:
        utterance = recogniser.open(grammar)
        utterance.feed(pcm)
        await utterance.result(4 * _PATIENCE_S)

    runs = []
    try:
        await recogniser.warm_up(4 * _PATIENCE_S)
        await asyncio.gather(*(hear(pcm) for pcm in sounds))  # warm
        for number in range(1, rounds + 1):
            began = time.perf_counter()
            for pcm in sounds:
                await hear(pcm)
            middle = time.perf_counter()
            await asyncio.gather(*(hear(pcm) for pcm in sounds))
            ended = time.perf_counter()
            alone, together = len(sounds) / (middle - began), len(sounds) / (ended - middle)
            runs.append(
                {
                    "asr.single_rate": alone,
                    "asr.batch_rate": together,
                    "asr.batch_speedup": together / alone,
                }
            )
            say(
                f"round {number} of {rounds}: {alone:.1f} utterances/s one by one, {together:.1f}/s in batches"
            )
    finally:
        await recogniser.close()
    return runs


def _device() -> str:
    import ctranslate2

    return "a GPU" if ctranslate2.get_cuda_device_count() else "the processor"
