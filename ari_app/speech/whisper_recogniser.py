"""The production recogniser: faster-whisper in worker processes, the utterances of concurrent calls in batches.

The model is a folder in CTranslate2 format, or the name of one that lies in the Hugging Face cache of this machine.
Nothing is ever downloaded here: a call is no moment for that.
"""

from __future__ import annotations

import importlib.util
import json
import os
import time
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Final

from ari_app.dialogue.model import Grammar
from ari_app.errors import SpeechError
from ari_app.ports import EngineHealth, Transcript
from ari_app.services.engine_health import EngineAccount
from ari_app.speech.utterance import GatheredUtterance
from ari_app.speech.workers import WorkerCounters, WorkerPool
from ari_app.voice.pcm import SAMPLE_RATE

LANGUAGES: Final = ("zh", "en")
_NEEDED_FILES: Final = ("model.bin", "config.json", "tokenizer.json")
_MULTILINGUAL_TOKENS: Final = 51_865
_SHORTEST_BYTES: Final = SAMPLE_RATE // 5
_LONGEST_HOT_WORDS: Final = 400
"""Characters: Whisper takes about 200 tokens of them."""


class WhisperRecogniser:
    """Hears Chinese and English with any Whisper model that is on this machine.

    :param device: cpu, cuda, or auto: the GPU where CTranslate2 finds one.
    :param compute_type: one of CTranslate2's, or auto: int8 on a processor, float16 on a GPU.
    :param workers: processes, which hold the model once each.
    :param batch: the most utterances that a worker decodes together.
    :param longest_s: how long a batch may take.
    :param load_s: how long the model may take to be loaded.
    """

    name = "faster-whisper"

    def __init__(
        self,
        model: Path | str | None,
        *,
        device: str = "auto",
        compute_type: str = "auto",
        workers: int = 1,
        batch: int = 8,
        longest_s: float = 20.0,
        load_s: float = 120.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._model = str(model) if model is not None else ""
        self._options = (device, compute_type, str(max(1, (os.cpu_count() or 1) // workers)))
        self._workers = workers
        self._batch = batch
        self._longest_s = longest_s
        self._load_s = load_s
        self._clock = clock
        self._account = EngineAccount(self.name)
        self._pool: WorkerPool | None = None

    @property
    def counters(self) -> WorkerCounters:
        """What its workers did."""
        return self._pool.counters if self._pool is not None else WorkerCounters()

    def supports(self, language: str) -> bool:
        """Whether the language can be heard here and now; False while the engine is left alone after faults."""
        return not self.why_not(language) and not self._account.resting(self._clock())

    def why_not(self, language: str) -> str:
        """Why a language cannot be heard here; empty when it can."""
        if language not in LANGUAGES:
            return f"no use of Whisper for {language!r} has been prepared (allowed: {', '.join(LANGUAGES)})"
        folder, problem = self._found
        if folder is None:
            return problem
        if language != "en" and not self._multilingual:
            return f"the Whisper model in {folder} hears English only"
        return ""

    def open(self, grammar: Grammar) -> GatheredUtterance:
        """Begin an utterance; raises SpeechError where the language cannot be heard."""
        problem = self.why_not(grammar.language)
        if problem:
            raise SpeechError(problem)
        if not self._account.willing(self._clock()):
            raise SpeechError("faster-whisper failed several times in a row and is left alone for a while")
        head = {"language": grammar.language, "hot_words": _hot_words(grammar)}

        async def recognise(pcm: bytes, timeout_s: float, *, guess: bool) -> Transcript:
            if len(pcm) < _SHORTEST_BYTES:
                return Transcript("", 0.0, self.name)
            return transcript(await self._running_pool().ask(head, pcm, timeout_s, guess=guess))

        return GatheredUtterance(recognise, self._account, clock=self._clock)

    def health(self) -> Sequence[EngineHealth]:
        """Its figures."""
        return (self._account.health(self._clock(), usable=not self.why_not("en")),)

    async def warm_up(self, timeout_s: float) -> None:
        """Load the model now, in every worker. Raises SpeechError, TimeoutError."""
        head = {"language": "en", "hot_words": ""}
        transcript(await self._running_pool().warm_up(head, bytes(2 * SAMPLE_RATE), timeout_s))

    async def close(self) -> None:
        """End the workers."""
        if self._pool is not None:
            await self._pool.close()

    def _running_pool(self) -> WorkerPool:
        if self._pool is None:
            folder, problem = self._found
            if folder is None:
                raise SpeechError(problem)
            self._pool = WorkerPool.of_module(
                "ari_app.speech.whisper_worker",
                str(folder),
                *self._options,
                size=self._workers,
                longest_s=self._longest_s,
                start_s=self._load_s,
                batch=self._batch,
                environment={"HF_HUB_OFFLINE": "1"},
            )
        return self._pool

    @cached_property
    def _found(self) -> tuple[Path | None, str]:
        """The model's folder, or why there is none."""
        if importlib.util.find_spec("faster_whisper") is None:
            return None, "faster-whisper is not installed"
        if not self._model:
            return None, "no Whisper model is configured"
        folder = Path(self._model)
        if not folder.is_dir():
            if len(folder.parts) > 2 or folder.is_absolute():
                return None, f"there is no folder {folder} with a Whisper model"
            cached = _cached_model(self._model)
            if cached is None:
                return (
                    None,
                    f"the Whisper model {self._model!r} is neither a folder nor in this machine's cache",
                )
            folder = cached
        missing = [name for name in _NEEDED_FILES if not (folder / name).is_file()]
        if missing:
            return None, f"the Whisper model in {folder} lacks {', '.join(missing)}"
        return folder, ""

    @cached_property
    def _multilingual(self) -> bool:
        """By the rule of CTranslate2: enough tokens, or an empty one."""
        folder, _ = self._found
        if folder is None:
            return False
        try:
            tokens = json.loads((folder / "vocabulary.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return not folder.name.endswith(".en")  # older models have vocabulary.txt
        return isinstance(tokens, list) and (len(tokens) >= _MULTILINGUAL_TOKENS or "" in tokens)


def transcript(reply: dict[str, object]) -> Transcript:
    """What a worker's reply means; raises SpeechError when it tells of an error."""
    if "error" in reply:
        raise SpeechError(f"faster-whisper: {reply['error']}")
    text, likely = reply.get("text"), reply.get("confidence")
    if not (isinstance(text, str) and isinstance(likely, float)):
        raise SpeechError("faster-whisper: a reply without text or confidence")
    return Transcript(text, min(1.0, max(0.0, likely)) if text else 0.0, WhisperRecogniser.name)


def _hot_words(grammar: Grammar) -> str:
    """As many as Whisper takes, the first ones first."""
    taken = ""
    for word in grammar.hot_words:
        longer = f"{taken} {word}".strip()
        if len(longer) > _LONGEST_HOT_WORDS:
            break
        taken = longer
    return taken


def _cached_model(name: str) -> Path | None:
    """The folder of a model by its name (small, large-v3 ...) in the local Hugging Face cache; never downloads."""
    from faster_whisper.utils import download_model

    try:
        return Path(download_model(name, local_files_only=True))
    except (OSError, ValueError):  # not there; no such size (huggingface_hub's errors derive from these)
        return None
