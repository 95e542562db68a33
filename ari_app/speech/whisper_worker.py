"""Worker process: recognises utterances with faster-whisper.

Started with the model's folder, the device and the compute type. Request: ``language``, ``hot_words`` and slin16 sound.
Reply: ``text`` and ``confidence``. The model is loaded at the first request.
"""

from __future__ import annotations

import math
import sys
from typing import Any, Final

import numpy as np

from ari_app.errors import SpeechError
from ari_app.speech.worker_main import run_worker
from ari_app.voice.pcm import to_samples

_LEAD_IN: Final = {"zh": "以下是普通话的电话录音。"}
"""Makes the model write simplified characters and punctuation."""


class WhisperEngine:
    """One model, loaded when it is first needed."""

    def __init__(self, model: str, device: str, compute_type: str) -> None:
        self._where = (model, device, compute_type)
        self._model: Any = None

    def recognise(self, language: str, hot_words: str, pcm: bytes) -> dict[str, object]:
        """Text and confidence of one utterance; raises SpeechError."""
        model = self._load()
        if language != "en" and not model.model.is_multilingual:
            raise SpeechError("the model hears English only")
        segments, _ = model.transcribe(
            to_samples(pcm).astype(np.float32) / np.float32(32_768.0),
            language=language,
            beam_size=5,
            temperature=0.0,
            condition_on_previous_text=False,
            without_timestamps=True,
            vad_filter=True,
            initial_prompt=_LEAD_IN.get(language),
            hotwords=hot_words or None,
        )
        heard = list(segments)  # transcribe is lazy: the work is done here
        return {"text": "".join(one.text for one in heard).strip(), "confidence": confidence(heard)}

    def _load(self) -> Any:
        if self._model is None:
            from faster_whisper import WhisperModel

            model, device, compute_type = self._where
            try:
                self._model = WhisperModel(
                    model, device=device, compute_type=compute_type, local_files_only=True
                )
            except (RuntimeError, OSError, ValueError) as error:
                raise SpeechError(f"the model cannot be loaded: {error}") from None
        return self._model


def confidence(segments: list[Any]) -> float:
    """Mean probability of a token times the probability that there was speech, weighted by the segments' lengths."""
    total = weight = 0.0
    for one in segments:
        length = max(0.1, float(one.end) - float(one.start))
        likely = math.exp(min(0.0, float(one.avg_logprob))) * (
            1.0 - min(1.0, max(0.0, float(one.no_speech_prob)))
        )
        total, weight = total + likely * length, weight + length
    return total / weight if weight else 0.0


def main() -> None:
    """Serve until the controller has gone."""
    engine = WhisperEngine(*sys.argv[1:4])
    run_worker(
        lambda head, pcm: engine.recognise(str(head.get("language", "")), str(head.get("hot_words", "")), pcm)
    )


if __name__ == "__main__":
    main()
