"""The embedded English recogniser: pocketsphinx with one small grammar per question.

With a grammar pocketsphinx turns everything it hears into a sentence of the grammar. Three things make its confidence
honest: sentences that people often say instead compete with the grammar, a sentence that is not whole does not count,
and the acoustic score per frame, which does tell fitting from forced words, becomes the confidence (docs/speech.md has
the figures). Nothing it hears should be recorded without being read back.
"""

from __future__ import annotations

import importlib.util
import math
from functools import lru_cache
from pathlib import Path
from typing import Final

from ari_app.dialogue.model import Grammar
from ari_app.errors import SpeechError
from ari_app.ports import Transcript
from ari_app.speech.jsgf import Jsgf, JsgfError, parse_jsgf
from ari_app.speech.utterance import GatheredUtterance
from ari_app.speech.workers import WorkerCounters, WorkerPool
from ari_app.voice.pcm import SAMPLE_RATE

COMPETITION: Final = (
    "hello",
    "hi",
    "good morning",
    "good afternoon",
    "what",
    "what is it",
    "who are you",
    "who is this",
    "who is calling",
    "excuse me",
    "pardon",
    "sorry",
    "can you repeat that",
    "hold on",
    "one moment",
    "i am busy",
    "i am driving",
    "call me back",
    "okay",
    "maybe",
    "thank you",
    "goodbye",
)
"""What people say instead of an answer; heard as one of these, an utterance counts as not understood."""

_WARMING: Final = "#JSGF V1.0;\ngrammar warming;\npublic <answer> = yes | no;"
_SHORTEST_BYTES: Final = SAMPLE_RATE // 5
"""A tenth of a second: less is no word."""
_PER_WORD_SCORE: Final = 1.43
_PER_WORST_SCORE: Final = 0.69
_OFFSET: Final = 9.63
"""Logistic regression of "right" on the two scores, over synthetic voices through a narrow band (docs/speech.md)."""


class PocketSphinxRecogniser:
    """Hears English answers that a grammar describes; ``workers`` processes of about 90 MB each."""

    name = "pocketsphinx"

    def __init__(self, *, workers: int = 1, longest_s: float = 15.0, pool: WorkerPool | None = None) -> None:
        self._pool = pool or WorkerPool.of_module(
            "ari_app.speech.pocketsphinx_worker", size=workers, longest_s=longest_s
        )

    @property
    def counters(self) -> WorkerCounters:
        """What its workers did."""
        return self._pool.counters

    def supports(self, language: str) -> bool:
        """English, where pocketsphinx is installed with its model."""
        return not self.why_not(language)

    def why_not(self, language: str) -> str:
        """Why a language cannot be heard here; empty when it can."""
        if language != "en":
            return "pocketsphinx hears English only"
        return "" if model_path() is not None else "pocketsphinx or its English model is not installed"

    def open(self, grammar: Grammar) -> GatheredUtterance:
        """Begin an utterance; raises SpeechError for a grammar that cannot be used."""
        try:
            rules, combined = prepared(grammar.jsgf)
        except JsgfError as error:
            raise SpeechError(f"grammar {grammar.name!r}: {error}") from None

        async def recognise(pcm: bytes, timeout_s: float) -> Transcript:
            if len(pcm) < _SHORTEST_BYTES:
                return Transcript("", 0.0, self.name)
            reply, _ = await self._pool.ask({"jsgf": combined}, pcm, timeout_s)
            return transcript(rules, reply)

        return GatheredUtterance(recognise)

    async def warm_up(self, timeout_s: float) -> None:
        """Start one worker now, so that the first utterance does not wait for it. Raises SpeechError, TimeoutError."""
        _, combined = prepared(_WARMING)
        await self._pool.ask({"jsgf": combined}, bytes(SAMPLE_RATE), timeout_s)

    async def close(self) -> None:
        """End the workers."""
        await self._pool.close()


@lru_cache(maxsize=256)
def prepared(jsgf: str) -> tuple[Jsgf, str]:
    """The grammar as read, and the text that the decoder gets; raises JsgfError."""
    rules = parse_jsgf(jsgf)
    return rules, rules.with_competition(COMPETITION)


def transcript(rules: Jsgf, reply: dict[str, object]) -> Transcript:
    """What a worker's reply means; raises SpeechError when it tells of an error."""
    if "error" in reply:
        raise SpeechError(f"pocketsphinx: {reply['error']}")
    text, word_score, worst_score = reply.get("text"), reply.get("word_score"), reply.get("worst_score")
    if not (isinstance(text, str) and isinstance(word_score, float) and isinstance(worst_score, float)):
        raise SpeechError("pocketsphinx: a reply without text or scores")
    if not text or not rules.accepts(text):
        return Transcript("", 0.0, PocketSphinxRecogniser.name)
    return Transcript(text, confidence(word_score, worst_score), PocketSphinxRecogniser.name)


def confidence(word_score: float, worst_score: float) -> float:
    """How likely the words fit the sound: 0 to 1, from log likelihoods per frame."""
    evidence = _PER_WORD_SCORE * word_score + _PER_WORST_SCORE * worst_score + _OFFSET
    return 1.0 / (1.0 + math.exp(-max(-50.0, min(50.0, evidence))))


def check_grammar(jsgf: str) -> list[str]:
    """What is wrong with a grammar, for the one who wrote it: faults with their lines, words without pronunciation."""
    try:
        words = parse_jsgf(jsgf).words()
    except JsgfError as error:
        return error.problems
    known = dictionary()
    if known is None:
        return []
    return [f"the word {word!r} is not in the recogniser's dictionary" for word in sorted(words - known)]


def model_path() -> Path | None:
    """The folder of the English model that pocketsphinx ships; None where it is not installed."""
    spec = importlib.util.find_spec("pocketsphinx")
    if spec is None or spec.origin is None:
        return None
    folder = Path(spec.origin).parent / "model" / "en-us"
    return folder if (folder / "cmudict-en-us.dict").is_file() else None


@lru_cache(maxsize=1)
def dictionary() -> frozenset[str] | None:
    """Every word that the model can pronounce; None where it is not installed."""
    folder = model_path()
    if folder is None:
        return None
    lines = (folder / "cmudict-en-us.dict").read_text(encoding="utf-8", errors="replace").splitlines()
    return frozenset(
        line.split(maxsplit=1)[0] for line in lines if line and "(" not in line.split(maxsplit=1)[0]
    )
