"""What subscribers say, as sound: rendered by a voice, made louder, softer, faster or noisier, and kept."""

from __future__ import annotations

import hashlib
from collections import OrderedDict

import numpy as np

from ari_app.lab.persona import Beep, Say
from ari_app.ports import Voice
from ari_app.voice.pcm import SAMPLE_RATE, Floats, level_dbfs, to_pcm, to_samples

KEPT = 512
_BEEP_DBFS = -12.0


class Utterances:
    """Renders each utterance once; keeps the last :data:`KEPT` in memory."""

    def __init__(self, voice: Voice) -> None:
        self._voice = voice
        self._kept: OrderedDict[Say, bytes] = OrderedDict()

    async def pcm(self, say: Say) -> bytes:
        """slin16 of an utterance whose placeholders are filled in. Raises SpeechError when the voice cannot."""
        found = self._kept.get(say)
        if found is None:
            found = shaped(await self._voice.synthesise(say.text, say.language), say)
            self._kept[say] = found
        self._kept.move_to_end(say)
        while len(self._kept) > KEPT:
            self._kept.popitem(last=False)
        return found


def shaped(pcm: bytes, say: Say) -> bytes:
    """Speed, level and noise of an utterance applied to its sound; the same every time."""
    sound: Floats = to_samples(pcm).astype(np.float32)
    if say.speed != 1.0 and sound.size:
        places = np.arange(0.0, sound.size - 1, say.speed)
        sound = np.interp(places, np.arange(sound.size), sound).astype(np.float32)
    if say.level is not None and np.any(sound):
        sound = sound * np.float32(10.0 ** ((say.level - level_dbfs(to_pcm(sound))) / 20.0))
    if say.noise is not None:
        seed = int.from_bytes(hashlib.sha256(say.text.encode()).digest()[:8], "big")
        noise = np.random.default_rng(seed).standard_normal(sound.size).astype(np.float32)
        sound = sound + noise * np.float32(32_768.0 * 10.0 ** (say.noise / 20.0))
    return to_pcm(sound)


def beep_pcm(beep: Beep) -> bytes:
    """The tone of an answering machine, with soft edges so that it does not click."""
    count = round(beep.seconds * SAMPLE_RATE)
    moments = np.arange(count, dtype=np.float64) / SAMPLE_RATE
    edge = np.minimum(1.0, np.minimum(moments, moments[::-1]) / 0.005)
    peak = 32_768.0 * 10.0 ** ((_BEEP_DBFS + 3.0) / 20.0)
    return to_pcm(peak * edge * np.sin(2.0 * np.pi * beep.hertz * moments))
