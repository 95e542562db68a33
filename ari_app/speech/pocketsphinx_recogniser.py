"""The embedded English recogniser: pocketsphinx with one small grammar per question.

With a grammar pocketsphinx turns everything it hears into a sentence of the grammar. Three things make its confidence
honest: sentences that people often say instead, or while they listen, compete with the grammar; a sentence that is not
whole does not count; and the acoustic score per frame with the share of the sound that the words explain, which do tell
fitting from forced words, become the confidence (docs/speech.md has the figures). Nothing it hears should be recorded
without being read back.
"""

from __future__ import annotations

import importlib.util
import math
import time
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Final

import numpy as np

from ari_app.dialogue.back_channels import HEARD_EN
from ari_app.dialogue.model import Grammar
from ari_app.errors import SpeechError
from ari_app.ports import EngineHealth, Transcript
from ari_app.services.engine_health import EngineAccount
from ari_app.speech.jsgf import Jsgf, JsgfError, parse_jsgf
from ari_app.speech.utterance import LONGEST_PARTIAL_S, GatheredUtterance
from ari_app.speech.workers import WorkerCounters, WorkerPool
from ari_app.voice.pcm import SAMPLE_RATE, to_pcm, to_samples

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
    "maybe",
    "thank you",
    "goodbye",
)
"""What people say instead of an answer; heard as one of these, an utterance counts as not understood."""
LEAST_ASIDE: Final = 0.3
LEAST_COVERED: Final = 0.1
"""A back-channel that is no answer is heard from this confidence on, if it takes this share of the sound, so that a cough
and a pause are none ..."""
ASIDE_CONFIDENCE: Final = 0.4
"""... and with this one at most: enough to know that somebody listens, too little for a yes."""

_WARMING: Final = "#JSGF V1.0;\ngrammar warming;\npublic <answer> = yes | no;"
_SHORTEST_BYTES: Final = SAMPLE_RATE // 5
"""A tenth of a second: less is no word."""
_PER_SCORE: Final = 4.27
_PER_COVERED: Final = 9.13
_OFFSET: Final = 6.6
"""Logistic regression of "right" on the two figures, over synthetic voices through a narrow band; the offset is set so
that one in forty other sentences reaches a half (docs/speech.md)."""
_LEAD: Final = SAMPLE_RATE * 3 // 10
_TAIL: Final = SAMPLE_RATE * 3 // 20
_FRAME: Final = SAMPLE_RATE // 50
_NO_PAUSE: Final = 10.0 ** (-12.0 / 10.0)


class PocketSphinxRecogniser:
    """Hears English answers that a grammar describes; ``workers`` processes of about 70 MB each.

    An utterance may take ``longest_s`` in a worker: 40 s of sound take less than 2 s. A guess may take
    ``longest_partial_s``, waiting for a worker included.
    """

    name = "pocketsphinx"

    def __init__(
        self,
        *,
        workers: int = 2,
        longest_s: float = 5.0,
        longest_partial_s: float = LONGEST_PARTIAL_S,
        pool: WorkerPool | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._pool = pool or WorkerPool.of_module(
            "ari_app.speech.pocketsphinx_worker", size=workers, longest_s=longest_s
        )
        self._clock = clock
        self._longest_partial_s = longest_partial_s
        self._account = EngineAccount(self.name)

    @property
    def counters(self) -> WorkerCounters:
        """What its workers did."""
        return self._pool.counters

    def supports(self, language: str) -> bool:
        """English, where pocketsphinx is installed with its model; False while it is left alone after faults."""
        return not self.why_not(language) and not self._account.resting(self._clock())

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

        if not self._account.willing(self._clock()):
            raise SpeechError("pocketsphinx failed several times in a row and is left alone for a while")

        async def recognise(pcm: bytes, timeout_s: float, *, guess: bool) -> Transcript:
            if len(pcm) < _SHORTEST_BYTES:
                return Transcript("", 0.0, self.name)
            return transcript(
                rules, await self._pool.ask({"jsgf": combined}, around_voice(pcm), timeout_s, guess=guess)
            )

        return GatheredUtterance(
            recognise, self._account, clock=self._clock, longest_partial_s=self._longest_partial_s
        )

    def health(self) -> Sequence[EngineHealth]:
        """Its figures."""
        return (self._account.health(self._clock(), usable=not self.why_not("en")),)

    async def warm_up(self, timeout_s: float) -> None:
        """Start the workers now, so that the first utterance does not wait for one. Raises SpeechError, TimeoutError."""
        rules, combined = prepared(_WARMING)
        reply = await self._pool.warm_up({"jsgf": combined}, bytes(SAMPLE_RATE), timeout_s)
        transcript(rules, reply)

    async def close(self) -> None:
        """End the workers."""
        await self._pool.close()


@lru_cache(maxsize=256)
def prepared(jsgf: str) -> tuple[Jsgf, str]:
    """The grammar as read, and the text that the decoder gets; raises JsgfError."""
    rules = parse_jsgf(jsgf)
    return rules, rules.with_competition((*COMPETITION, *HEARD_EN))


def transcript(rules: Jsgf, reply: dict[str, object]) -> Transcript:
    """What a worker's reply means; raises SpeechError when it tells of an error."""
    if "error" in reply:
        raise SpeechError(f"pocketsphinx: {reply['error']}")
    text, score, covered = reply.get("text"), reply.get("score"), reply.get("covered")
    if not (isinstance(text, str) and isinstance(score, float) and isinstance(covered, float)):
        raise SpeechError("pocketsphinx: a reply without text or scores")
    sure = confidence(score, covered)
    if not text or not rules.accepts(text):
        aside = text in HEARD_EN and sure >= LEAST_ASIDE and covered >= LEAST_COVERED
        text, sure = (text, min(sure, ASIDE_CONFIDENCE)) if aside else ("", 0.0)
    return Transcript(text, sure, PocketSphinxRecogniser.name)


def confidence(score: float, covered: float) -> float:
    """How likely the words fit the sound, 0 to 1: from the log likelihood per frame and the share that words took."""
    evidence = _PER_SCORE * score + _PER_COVERED * covered + _OFFSET
    return 1.0 / (1.0 + math.exp(-max(-50.0, min(50.0, evidence))))


def around_voice(pcm: bytes) -> bytes:
    """The sound from 0.3 s before its first loud 20 ms to 0.15 s after the last, and 0.2 s of the pause at its end again.

    Loud is what lies less than 30 dB under the loudest. The model was trained with more silence after the words than
    there is when a guess is asked for; the line's own, to and fro, serves it best.
    """
    samples = to_samples(pcm)
    whole = samples[: samples.size // _FRAME * _FRAME].astype(np.float32).reshape(-1, _FRAME)
    power = np.mean(np.square(whole), axis=1)
    loud = np.flatnonzero(power > power.max(initial=0.0) * 1e-3)
    if not loud.size:
        return pcm
    begin = max(0, int(loud[0]) * _FRAME - _LEAD)
    kept = samples[begin : (int(loud[-1]) + 1) * _FRAME + _TAIL]
    pause = kept[-5 * _FRAME :]
    if np.mean(np.square(pause.astype(np.float32))) > power.max() * _NO_PAUSE:
        pause = np.zeros(5 * _FRAME, np.int16)  # cut off in the middle of a word
    return to_pcm(np.concatenate((kept, pause[::-1], pause)))


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
