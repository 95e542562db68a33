"""What a line does to all that is sent over it: gain, clipping, DC offset, noise behind everything, lost frames."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from ari_app.lab.sounds import sound
from ari_app.voice.pcm import FRAME_SAMPLES, Floats, to_pcm, to_samples

_FULL_SCALE: Final = 32_768.0
#: The noise behind everything repeats after so many seconds.
_LOOP_S: Final = 20.0


@dataclass(frozen=True, slots=True)
class LineSettings:
    """The line of a persona, towards the other side.

    ``gain`` dB; ``clip`` dBFS at which peaks are cut off (0: full scale); ``dc`` offset as a share of full scale;
    ``noise`` a sound of :data:`ari_app.lab.sounds.NOISES` behind everything at ``noise_level`` dBFS ("": none);
    ``loss`` share of 20 ms frames that go silent.
    """

    gain: float = 0.0
    clip: float = 0.0
    dc: float = 0.0
    noise: str = ""
    noise_level: float = -45.0
    loss: float = 0.0


class LineEffects:
    """Shapes the sound of one call in the order in which it is sent; the same for the same seed."""

    def __init__(self, settings: LineSettings, seed: int) -> None:
        self._settings = settings
        self._rng = np.random.default_rng(seed)
        self._noise: Floats | None = None
        if settings.noise:
            self._noise = sound(settings.noise, _LOOP_S, settings.noise_level, seed)
        self._place = 0

    def shape(self, pcm: bytes) -> bytes:
        """The sound (slin16) as the line sends it; as long as it was."""
        settings = self._settings
        made: Floats = to_samples(pcm).astype(np.float32) * np.float32(10.0 ** (settings.gain / 20.0))
        if self._noise is not None:
            made = made + np.take(
                self._noise, np.arange(self._place, self._place + made.size), mode="wrap"
            ).astype(np.float32)
            self._place = (self._place + made.size) % self._noise.size
        made = made + np.float32(settings.dc * _FULL_SCALE)
        most = np.float32(_FULL_SCALE * 10.0 ** (settings.clip / 20.0))
        made = np.clip(made, -most, most).astype(np.float32)
        if settings.loss > 0.0:
            for start in range(0, made.size, FRAME_SAMPLES):
                if self._rng.random() < settings.loss:
                    made[start : start + FRAME_SAMPLES] = 0.0
        return to_pcm(made)
