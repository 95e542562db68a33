"""What a customer sounds like to the bot: sentences on a telephone line with pauses, as slin16 frames."""

from __future__ import annotations

import numpy as np

from ari_app.errors import SpeechError
from ari_app.ports import Voice
from ari_app.voice.pcm import (
    FRAME_BYTES,
    SAMPLE_RATE,
    Floats,
    through_narrow_band,
    to_pcm,
    to_samples,
)

SPEECH_SHARE = 0.35
"""Share of the time in which the customer speaks; the bot has about as much, the rest is silence."""
NOISE_DBFS = -62.0
_SENTENCES = (
    "yes that is me",
    "i can pay on friday",
    "why do you call me at this hour",
    "the whole amount at the end of the month",
    "no",
    "i have already paid it last week by bank transfer",
    "could you say that again please",
    "yes",
)


async def customer_sound(
    voice: Voice, seconds: float = 60.0, *, language: str = "en", seed: int = 7
) -> bytes:
    """slin16 of a customer through a mu-law line with some noise; whole frames, ``SPEECH_SHARE`` of them speech.

    :raises SpeechError: the voice cannot speak.
    """
    spoken = [to_samples(await voice.synthesise(text, language)).astype(np.float32) for text in _SENTENCES]
    if not all(len(each) for each in spoken):
        raise SpeechError(f"the voice {voice.name} rendered no sound")
    chance = np.random.default_rng(seed)
    parts: list[Floats] = []
    left, place = round(seconds * SAMPLE_RATE), 0
    while left > 0:
        sentence = spoken[place % len(spoken)]
        pause = len(sentence) * (1.0 - SPEECH_SHARE) / SPEECH_SHARE
        gap = np.zeros(round(pause * chance.uniform(0.8, 1.2)), dtype=np.float32)
        parts += [gap, sentence]
        left -= len(gap) + len(sentence)
        place += 1
    sound = np.concatenate(parts)[: round(seconds * SAMPLE_RATE)]
    rms = 32_768.0 * 10.0 ** (NOISE_DBFS / 20.0)
    noisy = to_pcm(sound + chance.normal(0.0, rms, len(sound)).astype(np.float32))
    wide = through_narrow_band(noisy)
    return wide[: len(wide) // FRAME_BYTES * FRAME_BYTES]
