"""Worker process: decodes utterances with pocketsphinx against JSGF grammars.

Request: ``{"jsgf": ...}`` and slin16 sound. Reply: ``text``; ``word_score``, the mean log likelihood of its words in
nats per frame of 10 ms; ``worst_score``, that of the worst word; ``voiced_s``, how long the words took.
"""

from __future__ import annotations

import hashlib
import math
from collections import OrderedDict
from typing import Final

import numpy as np
from pocketsphinx import Decoder

from ari_app.errors import SpeechError
from ari_app.speech.worker_main import run_worker
from ari_app.voice.pcm import to_pcm, to_samples

_MOST_GRAMMARS: Final = 32
_NOISE_SD: Final = 100.0
"""White noise added to the sound: the model hears the empty band above 4 kHz and digital silence badly."""
_LEAST_LIKELIHOOD: Final = 1e-320
_FRAME_S: Final = 0.01


class GrammarDecoder:
    """One decoder with the grammars used last."""

    def __init__(self) -> None:
        self._decoder = Decoder(lm=None, loglevel="FATAL")
        self._grammars: OrderedDict[str, None] = OrderedDict()

    def decode(self, jsgf: str, pcm: bytes) -> dict[str, object]:
        """The best sentence of the grammar with its scores; raises SpeechError when the grammar cannot be used."""
        self._activate(jsgf)
        sound = to_samples(pcm).astype(np.float32)
        # The same noise each time: the same sound gives the same text.
        noise = np.random.default_rng(0).standard_normal(sound.size) * _NOISE_SD
        self._decoder.start_utt()
        self._decoder.process_raw(to_pcm(sound + noise), full_utt=True)
        self._decoder.end_utt()
        best = self._decoder.hyp()
        if best is None or not best.hypstr:
            return {"text": "", "word_score": 0.0, "worst_score": 0.0, "voiced_s": 0.0}
        frames, score, worst = 0, 0.0, 0.0
        for part in self._decoder.seg():
            if part.word[0] in "<([":
                continue  # silence and noise
            length = part.end_frame - part.start_frame + 1
            likelihood = math.log(max(part.ascore, _LEAST_LIKELIHOOD))
            frames, score, worst = frames + length, score + likelihood, min(worst, likelihood / length)
        word_score = score / max(1, frames)
        return {
            "text": best.hypstr,
            "word_score": word_score,
            "worst_score": worst,
            "voiced_s": frames * _FRAME_S,
        }

    def _activate(self, jsgf: str) -> None:
        name = hashlib.sha256(jsgf.encode()).hexdigest()
        if name not in self._grammars:
            try:
                self._decoder.add_jsgf_string(name, jsgf)
            except (ValueError, RuntimeError):
                raise SpeechError("pocketsphinx cannot use the grammar (see check_grammar)") from None
            self._grammars[name] = None
        self._grammars.move_to_end(name)
        self._decoder.activate_search(name)
        while len(self._grammars) > _MOST_GRAMMARS:
            oldest, _ = self._grammars.popitem(last=False)
            self._decoder.remove_search(oldest)


def main() -> None:
    """Serve until the controller has gone."""
    decoder = GrammarDecoder()
    run_worker(lambda head, pcm: decoder.decode(str(head.get("jsgf", "")), pcm))


if __name__ == "__main__":
    main()
