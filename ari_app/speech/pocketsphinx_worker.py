"""Worker process: decodes utterances with pocketsphinx against JSGF grammars.

Request: ``{"jsgf": ...}`` and slin16 sound. Reply: ``text``; ``score``, the mean log likelihood of the whole sound in nats
per frame of 10 ms; ``covered``, the share of it that the words of the text took.

The whole utterance is decoded each time. Decoding as the sound comes in was measured beside it: the same 20 ms of
work a second of sound, but worse texts (the mean of the spectrum is only known at the end), and a worker that dies
would take the utterance with it.
"""

from __future__ import annotations

import hashlib
import math
from collections import OrderedDict
from typing import Final

import numpy as np
from pocketsphinx import Decoder

from ari_app.errors import SpeechError
from ari_app.speech.worker_main import AnswerAll, one_by_one, run_worker
from ari_app.voice.pcm import to_pcm, to_samples

_MOST_GRAMMARS: Final = 32
_NOISE_SD: Final = 100.0
"""White noise added to the sound: the model hears the empty band above 4 kHz and digital silence badly."""
_LEAST_LIKELIHOOD: Final = 1e-320
_SCALE: Final = 1024.0
"""Without a second pass over the lattice, pocketsphinx gives scores shifted right by ten bits."""
_NOTHING: Final[dict[str, object]] = {"text": "", "score": 0.0, "covered": 0.0}


class GrammarDecoder:
    """One decoder with the grammars used last."""

    def __init__(self) -> None:
        # The second pass over the lattice took half of the time, and chose worse (docs/speech.md).
        self._decoder = Decoder(lm=None, loglevel="FATAL", bestpath=False)
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
            return dict(_NOTHING)
        frames, words, score = 0, 0, 0.0
        for part in self._decoder.seg():
            length = part.end_frame - part.start_frame + 1
            frames, score = frames + length, score + math.log(max(part.ascore, _LEAST_LIKELIHOOD))
            if part.word[0] not in "<([":  # silence and noise
                words += length
        frames = max(1, frames)
        return {"text": best.hypstr, "score": _SCALE * score / frames, "covered": words / frames}

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


def prepare() -> AnswerAll:
    """Load the model."""
    decoder = GrammarDecoder()
    return one_by_one(lambda head, pcm: decoder.decode(str(head.get("jsgf", "")), pcm))


if __name__ == "__main__":
    run_worker(prepare)
