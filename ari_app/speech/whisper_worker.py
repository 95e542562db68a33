"""Worker process: recognises utterances with faster-whisper, those of several calls together.

Started with the model's folder, the device, the compute type and the number of threads; the model is loaded before the
first request. Request: ``language``, ``hot_words`` and slin16 sound. Reply: ``text`` and ``confidence``.

What is said is cut out by the library's detector into windows of at most 30 s, and all windows of all utterances
are encoded and decoded together. CTranslate2 wants the start of the transcript at the same place in every prompt of a
batch, so the words before it are filled up to one of few lengths: prompts of one length make one batch, and an utterance
gets the same prompt, and so the same text, whatever else is in the batch.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ari_app.errors import SpeechError
from ari_app.speech.worker_main import AnswerAll, Request, run_worker
from ari_app.voice.pcm import SAMPLE_RATE, to_samples

LEAD_IN: Final = {"zh": "以下是普通话的电话录音。", "en": "This is a telephone call."}
"""In Chinese it makes the model write simplified characters and punctuation; both fill prompts up."""
PREVIOUS_LENGTHS: Final = (0, 64, 160)
"""Tokens before the start of the transcript; the model has room for 223."""
BEAM: Final = 5
WINDOW_S: Final = 30.0
_TOKENS_A_SECOND: Final = 12.0
_LEAST_TOKENS: Final = 16
_NO_SPEECH: Final = 0.6
_UNLIKELY: Final = -1.0
_REPETITIVE: Final = 2.4
"""Whisper's own thresholds: no speech and an unlikely text is silence; what compresses better is a loop."""


@dataclass(frozen=True, slots=True)
class Window:
    """Up to 30 s of one utterance's speech."""

    utterance: int
    sound: NDArray[np.float32]
    prompt: tuple[int, ...]
    language: str

    @property
    def seconds(self) -> float:
        return self.sound.size / SAMPLE_RATE

    @property
    def most_tokens(self) -> int:
        """Nobody says more in the time; a model that does not find the end is stopped."""
        return _LEAST_TOKENS + round(_TOKENS_A_SECOND * self.seconds)


@dataclass(frozen=True, slots=True)
class Heard:
    """What was made of a window. Log probability and no-speech probability as Whisper defines them."""

    text: str
    avg_logprob: float
    no_speech_prob: float
    seconds: float

    @property
    def confidence(self) -> float:
        """Mean probability of a token times the probability that there was speech."""
        return math.exp(min(0.0, self.avg_logprob)) * (1.0 - min(1.0, max(0.0, self.no_speech_prob)))


class WhisperEngine:
    """One model, loaded; raises SpeechError when it cannot be."""

    def __init__(self, folder: str, device: str, compute_type: str, threads: int) -> None:
        from faster_whisper import WhisperModel

        device, compute_type = chosen_device(device, compute_type)
        try:
            self._model: Any = WhisperModel(
                folder,
                device=device,
                compute_type=compute_type,
                cpu_threads=threads,
                local_files_only=True,
            )
        except (RuntimeError, OSError, ValueError) as error:
            raise SpeechError(f"the model in {folder} cannot be loaded: {error}") from None
        self._tokenizers: dict[str, Any] = {}

    def recognise(self, requests: Sequence[Request]) -> list[dict[str, object]]:
        """The reply to each request, in order; the error of one is the error of that one only."""
        replies: list[dict[str, object]] = [{"text": "", "confidence": 0.0} for _ in requests]
        windows: list[Window] = []
        for number, (head, pcm) in enumerate(requests):
            try:
                windows += self._windows(number, str(head.get("language")), str(head.get("hot_words")), pcm)
            except (SpeechError, ValueError) as error:
                replies[number] = {"error": str(error)}
        heard: dict[int, list[Heard]] = {}
        for length in sorted({len(one.prompt) for one in windows}):
            batch = [one for one in windows if len(one.prompt) == length]
            for window, result in zip(batch, self._decode(batch), strict=True):
                heard.setdefault(window.utterance, []).append(result)
        for number, results in heard.items():
            replies[number] = together(results)
        return replies

    def _windows(self, number: int, language: str, hot_words: str, pcm: bytes) -> list[Window]:
        """The speech of an utterance in windows of at most 30 s; none when there is no speech in it."""
        from faster_whisper.vad import VadOptions, collect_chunks, get_speech_timestamps

        prompt = self._prompt(language, hot_words)
        sound = to_samples(pcm[: len(pcm) // 2 * 2]).astype(np.float32) / np.float32(32_768.0)
        spoken = (
            get_speech_timestamps(sound, VadOptions(max_speech_duration_s=WINDOW_S)) if sound.size else []
        )
        if not spoken:
            return []
        windows, _ = collect_chunks(sound, spoken, max_duration=WINDOW_S)
        return [Window(number, window, prompt, language) for window in windows if window.size]

    def _prompt(self, language: str, hot_words: str) -> tuple[int, ...]:
        tokenizer = self._tokenizer(language)
        lead_in = list(tokenizer.encode(LEAD_IN.get(language, "")))
        words = list(tokenizer.encode(f" {hot_words.strip()}")) if hot_words.strip() else []
        previous = words + (lead_in if language == "zh" else [])
        length = next((one for one in PREVIOUS_LENGTHS if one >= len(previous)), PREVIOUS_LENGTHS[-1])
        fill = lead_in * (length // max(1, len(lead_in)) + 1)
        # The nearest words weigh most, so what fills up stands first.
        previous = (fill[: max(0, length - len(previous))] + previous)[-length:] if length else []
        return tuple(self._model.get_prompt(tokenizer, previous, without_timestamps=True))

    def _decode(self, windows: Sequence[Window]) -> list[Heard]:
        """One batch of windows whose prompts are of one length."""
        from faster_whisper.audio import pad_or_trim
        from faster_whisper.transcribe import get_suppressed_tokens

        extract = self._model.feature_extractor
        features = np.stack([pad_or_trim(extract(one.sound)[..., :-1]) for one in windows])
        tokens = max(one.most_tokens for one in windows)
        # CTranslate2 generates at most half of max_length, and no more than the prompt leaves of it.
        longest = min(self._model.max_length, max(2 * tokens, len(windows[0].prompt) + tokens))
        results = self._model.model.generate(
            self._encode(features),
            [list(one.prompt) for one in windows],
            beam_size=BEAM,
            max_length=longest,
            suppress_tokens=list(get_suppressed_tokens(self._tokenizer(windows[0].language), [-1])),
            return_scores=True,
            return_no_speech_prob=True,
            sampling_temperature=0.0,
        )
        heard = []
        for window, result in zip(windows, results, strict=True):
            ids = result.sequences_ids[0]
            text = self._tokenizer(window.language).decode(ids[: window.most_tokens]).strip()
            # The score is the mean over the tokens; the end counts as one of them.
            likely = result.scores[0] * len(ids) / (len(ids) + 1)
            heard.append(Heard(text, likely, result.no_speech_prob, window.seconds))
        return heard

    def _encode(self, features: NDArray[np.float32]) -> Any:
        """What the decoder reads. A processor encodes one window after the other faster than several together (they do
        not fit its caches; 1.22 s against 1.41 s for eight); a GPU all at once."""
        if self._model.model.device != "cpu" or len(features) == 1:
            return self._model.encode(features)
        from ctranslate2 import StorageView

        encoded = [np.asarray(self._model.encode(one[np.newaxis])) for one in features]
        return StorageView.from_array(np.ascontiguousarray(np.concatenate(encoded)))

    def _tokenizer(self, language: str) -> Any:
        if language not in self._tokenizers:
            from faster_whisper.tokenizer import Tokenizer

            multilingual = self._model.model.is_multilingual
            if language != "en" and not multilingual:
                raise SpeechError("the model hears English only")
            self._tokenizers[language] = Tokenizer(
                self._model.hf_tokenizer, multilingual, task="transcribe", language=language
            )
        return self._tokenizers[language]


def together(results: Sequence[Heard]) -> dict[str, object]:
    """The reply for the windows of one utterance: silence and loops of the same words left out, confidence by length."""
    kept = [one for one in results if one.text and not _silence(one) and not _loop(one.text)]
    seconds = sum(one.seconds for one in results)
    likely = sum(one.confidence * one.seconds for one in kept)
    return {
        "text": " ".join(one.text for one in kept),
        "confidence": likely / seconds if seconds else 0.0,
    }


def _silence(one: Heard) -> bool:
    return one.no_speech_prob > _NO_SPEECH and one.avg_logprob < _UNLIKELY


def _loop(text: str) -> bool:
    from faster_whisper.transcribe import get_compression_ratio

    return float(get_compression_ratio(text)) > _REPETITIVE


def chosen_device(device: str, compute_type: str) -> tuple[str, str]:
    """The device and the compute type that are used; raises SpeechError for what this machine has not."""
    import ctranslate2

    there = ctranslate2.get_cuda_device_count()
    if device == "auto":
        device = "cuda" if there > 0 else "cpu"
    if device == "cuda" and there == 0:
        raise SpeechError(
            "speech.whisper_device is cuda, but there is no CUDA device that CTranslate2 can use"
        )
    if compute_type == "auto":
        compute_type = "float16" if device == "cuda" else "int8"
    able = ctranslate2.get_supported_compute_types(device)
    if compute_type not in able:
        raise SpeechError(
            f"speech.whisper_compute_type is {compute_type}, which this machine's {device} cannot do"
            f" (allowed: {', '.join(sorted(able))})"
        )
    return device, compute_type


def prepare() -> AnswerAll:
    """Load the model that the command line names."""
    folder, device, compute_type, threads = sys.argv[1:5]
    return WhisperEngine(folder, device, compute_type, int(threads)).recognise


if __name__ == "__main__":
    run_worker(prepare)
