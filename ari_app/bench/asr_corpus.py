"""What the recognisers are measured with: sentences for each question, and others that no question expects."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from ari_app.speech.espeak import EspeakVoice
from ari_app.voice.pcm import SAMPLE_RATE, silence, through_narrow_band, to_pcm, to_samples

#: Question -> the state of the shipped flow that asks it.
QUESTIONS: Final = {
    "opening": "opening",
    "verify": "confirm_wrong_person",
    "ask_when": "ask_when",
    "ask_amount": "ask_amount",
    "confirm": "read_back",
}

ANSWERS: Final[dict[str, tuple[str, ...]]] = {
    "opening": (
        "yes",
        "speaking",
        "this is she",
        "no",
        "wrong number",
        "he is at work",
        "i am driving",
        "i want to speak to a person",
        "do not record me",
        "stop calling me",
    ),
    "verify": (
        "yes",
        "no",
        "that is right",
        "that is wrong",
        "not him",
        "this is he",
        "wrong number",
        "yes please",
    ),
    "ask_when": (
        "today",
        "tomorrow",
        "on friday",
        "next monday",
        "i will pay on wednesday",
        "in three days",
        "by the end of the month",
        "on the fifteenth",
        "i already paid",
        "the bill is wrong",
        "i have no money",
        "how much is it",
    ),
    "ask_amount": (
        "the full amount",
        "everything",
        "half of it",
        "two hundred",
        "five hundred dollars",
        "i will pay one hundred and fifty",
        "i can pay eighty yuan",
        "one thousand two hundred",
    ),
    "confirm": (
        "yes",
        "no",
        "that is correct",
        "yes that is right",
        "no that is wrong",
        "okay",
        "i want a person",
    ),
}

#: Whole sentences that no grammar of the flow has.
OTHER_SENTENCES: Final = (
    "what is the weather like on the coast",
    "my neighbour bought a new car",
    "can you turn the music down please",
    "the children are still at school",
    "i have to feed the dog first",
    "where did you find this telephone number",
    "we moved to another city in spring",
    "did you see the football match",
    "please send me a letter about it",
    "my lawyer will talk to you",
    "i was sleeping when you called",
    "is this about the internet contract",
    "there is somebody at the door",
    "the line is very bad today",
    "what company did you say this was",
    "let me get my glasses",
)

VOICES: Final = ("en-us", "en-us+f4", "en-gb", "en-gb+m5", "en-us+m2", "en-gb+f1")
#: dBFS of white noise on the line; the speech lies at -22 dBFS.
NOISE_DBFS: Final = (-50.0, -38.0)
LEVEL_DBFS: Final = -22.0
LEAD_S: Final = 0.3
"""What the speech gate keeps from before the first voiced frame."""
PAUSE_S: Final = 0.1
"""The first short silence, at which a guess is asked for."""
END_S: Final = 0.1
"""Silence from there to the end of the utterance."""


@dataclass(frozen=True, slots=True)
class Spoken:
    """One sentence by one voice; ``question`` is empty for the others."""

    question: str
    sentence: str
    pcm: bytes


async def spoken_by(voices: Sequence[str], seed: int) -> list[Spoken]:
    """Every sentence by every voice, at a speed of its own. Raises SpeechError without espeak-ng."""
    pace = random.Random(seed)  # noqa: S311 - a fixed choice
    wanted = [(question, sentence) for question, sentences in ANSWERS.items() for sentence in sentences]
    wanted += [("", sentence) for sentence in OTHER_SENTENCES]
    both = asyncio.Semaphore(2)

    async def speak(question: str, sentence: str, voice: str, speed: int) -> Spoken:
        async with both:
            made = EspeakVoice(words_per_minute=speed, voices={"en": voice}, level_dbfs=LEVEL_DBFS)
            return Spoken(question, sentence, await made.synthesise(sentence, "en"))

    return await asyncio.gather(
        *(
            speak(question, sentence, voice, pace.randrange(145, 205))
            for question, sentence in wanted
            for voice in voices
        )
    )


def on_the_line(pcm: bytes, noise_dbfs: float, seed: int) -> tuple[bytes, bytes]:
    """What the recogniser is given until the guess, and from there to the end: 8 kHz mu-law with noise."""
    whole = to_samples(silence(LEAD_S) + pcm + silence(PAUSE_S + END_S)).astype(np.float32)
    noise = np.random.default_rng(seed).standard_normal(whole.size) * 32_768.0 * 10.0 ** (noise_dbfs / 20.0)
    heard = through_narrow_band(to_pcm(whole + noise))
    cut = len(heard) - 2 * int(END_S * SAMPLE_RATE)
    return heard[:cut], heard[cut:]
