"""The labelled corpus of call progress, made by code: who answers, and what networks tell before that.

Everything follows from a seed; voices and texts of the part ``held_out`` never occur in the part ``tuning``. What the
corpus is like, and what it is not, stands in docs/call-progress.md: the voices are synthetic.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from ari_app.bench import line_effects as line
from ari_app.bench import progress_texts as texts
from ari_app.voice.pcm import SAMPLE_RATE, Floats, frames, to_pcm, to_samples

Speak = Callable[[str, str, str, int], Awaitable[bytes]]
"""(text, language, espeak-ng voice, words a minute) -> slin16 PCM, levelled and trimmed."""


@dataclass(frozen=True, slots=True)
class Clip:
    """One recording from the moment of the answer on.

    ``label`` is who answered (human, machine, assistant, ivr, fax, nobody). ``frames`` holds 20 ms each, None where
    nothing arrives. ``speech_from`` and ``greeting_until`` are the seconds at which the first speech begins and ends.
    """

    name: str
    label: str
    kind: str
    language: str
    frames: tuple[bytes | None, ...] = field(repr=False)
    speech_from: float = 0.0
    greeting_until: float = 0.0

    @property
    def pcm(self) -> bytes:
        """The sound; silence where a frame is missing."""
        return b"".join(frame if frame is not None else bytes(640) for frame in self.frames)


#: kind -> (label, clips in a thousand)
MIX: Final[dict[str, tuple[str, int]]] = {
    "short hello": ("human", 380),
    "hello twice": ("human", 110),
    "long-winded": ("human", 110),
    "personal greeting": ("machine", 130),
    "platform greeting": ("machine", 60),
    "short greeting": ("machine", 25),
    "assistant": ("assistant", 25),
    "platform assistant": ("assistant", 25),
    "menu": ("ivr", 45),
    "fax": ("fax", 25),
    "silence": ("nobody", 15),
    "noise": ("nobody", 25),
    "music": ("nobody", 25),
}
_WORDS: Final[dict[str, tuple[texts.Texts, float, float]]] = {
    "short hello": (texts.SHORT_HELLO, 5.0, 0.0),
    "hello twice": (texts.HELLO_TWICE, 3.0, 0.0),
    "long-winded": (texts.LONG_WINDED, 4.0, 0.0),
    "personal greeting": (texts.MACHINE, 3.0, 0.8),
    "short greeting": (texts.SHORT_MACHINE, 3.0, 1.0),
    "assistant": (texts.ASSISTANT, 3.0, 0.0),
    "menu": (texts.IVR, 3.0, 0.0),
}
_BEEPS_HZ: Final = (425, 440, 800, 950, 1000, 1000, 1050, 1400, 1633, 2000)
_PLATFORM: Final = {"platform greeting": "voicemail", "platform assistant": "call_assistant"}
"""kind -> (texts, seconds of waiting after them, probability of a beep)."""


@dataclass(slots=True)
class Corpus:
    """Makes clips of one part (``tuning`` or ``held_out``)."""

    part: str
    speak: Speak
    known: Mapping[str, Sequence[bytes]] = field(default_factory=dict, repr=False)
    """The operator's recordings by meaning: what platforms play, the same to everybody."""
    seed: int = 1
    _voices: list[Floats] = field(default_factory=list)

    async def clips(self, count: int) -> list[Clip]:
        """``count`` clips in the proportions of :data:`MIX`, shuffled, at least one of each kind."""
        total = sum(share for _, share in MIX.values())
        kinds = [
            kind for kind, (_, share) in MIX.items() for _ in range(max(1, round(count * share / total)))
        ]
        order = self.rng("order").permutation(len(kinds))
        await self._babble()
        return [await self.clip(kinds[place], number) for number, place in enumerate(order)]

    async def clip(self, kind: str, number: int) -> Clip:
        """One clip; the same for the same part, seed, kind and number."""
        rng = self.rng(f"{kind} {number}")
        label = MIX[kind][0]
        language = "zh" if rng.random() < 0.45 else "en"
        if kind in _WORDS:
            sound, start, until = await self._spoken(kind, language, label, rng)
        elif kind in _PLATFORM:
            sound, start, until = self._platform(kind, rng)
        else:
            sound, start, until = self._unspoken(kind, rng)
        level, codec = float(rng.uniform(-35, -10)), str(rng.choice(line.CODECS))
        sound = line.at_level(sound, level) if kind not in ("silence", "noise") else sound
        sound = self._with_noise(sound, kind, label, level, rng)
        parts = line.with_losses(
            frames(line.through_codec(sound, codec, rng)),
            float(rng.choice([0.0, 0.0, 0.01, 0.03])),
            bool(rng.random() < 0.5),
            rng,
        )
        return Clip(f"{self.part}-{number}", label, kind, language, tuple(parts), start, until)

    def rng(self, what: str) -> np.random.Generator:
        digest = hashlib.sha256(f"{self.seed} {self.part} {what}".encode()).digest()
        return np.random.default_rng(int.from_bytes(digest[:8], "big"))

    async def _babble(self) -> None:
        """Voices that talk in the background, of this part's speakers."""
        if not self._voices:
            for language in ("en", "zh"):
                for voice in texts.VOICES[self.part][language][:3]:
                    said = " ".join(texts.LONG_WINDED[self.part][language][0])
                    self._voices.append(_floats(await self.speak(said, language, voice, 170)))

    async def _spoken(
        self, kind: str, language: str, label: str, rng: np.random.Generator
    ) -> tuple[Floats, float, float]:
        source, waiting, beeps = _WORDS[kind]
        choice = source[self.part][language]
        phrases = choice[int(rng.integers(len(choice)))]
        voices = texts.VOICES[self.part][language]
        voice = voices[int(rng.integers(len(voices)))]
        human = label == "human"
        hurry = rng.uniform(0.95, 1.35) if human else rng.uniform(0.8, 1.2)
        usual = 165 if language == "en" else 280 if human else 240
        pace = int(hurry * usual) // 5 * 5
        start = float(min(rng.lognormal(-0.7, 0.6), 2.2) if human else min(rng.lognormal(-0.5, 0.5), 2.5))
        pieces = [line.silence(start)]
        for number, phrase in enumerate(phrases):
            if number:
                pieces.append(line.silence(float(rng.uniform(1.2, 2.5) if human else rng.uniform(0.2, 0.8))))
            pieces.append(_floats(await self.speak(phrase, language, voice, pace)))
        until = sum(piece.size for piece in pieces) / SAMPLE_RATE
        if rng.random() < beeps:
            pieces += self._beep(rng)
        pieces.append(line.silence(waiting))
        return np.concatenate(pieces), start, until

    def _platform(self, kind: str, rng: np.random.Generator) -> tuple[Floats, float, float]:
        """One of the operator's recordings, as it is."""
        sounds = self.known[_PLATFORM[kind]]
        start = float(min(rng.lognormal(-0.5, 0.5), 2.5))
        pieces = [line.silence(start), _floats(sounds[int(rng.integers(len(sounds)))])]
        until = sum(piece.size for piece in pieces) / SAMPLE_RATE
        pieces += self._beep(rng) if kind == "platform greeting" else []
        return np.concatenate([*pieces, line.silence(3.0)]), start, until

    def _beep(self, rng: np.random.Generator) -> list[Floats]:
        gap = line.silence(float(rng.uniform(0.15, 1.4)))
        hz = float(rng.choice(_BEEPS_HZ)) * float(rng.uniform(0.98, 1.02))
        return [gap, line.tone(float(rng.uniform(0.18, 0.9)), hz, dbfs=float(rng.uniform(-28, -17)))]

    def _unspoken(self, kind: str, rng: np.random.Generator) -> tuple[Floats, float, float]:
        start = float(rng.uniform(0.2, 2.0))
        match kind:
            case "fax":
                pieces = [
                    line.silence(start),
                    line.answer_tone(float(rng.uniform(2.6, 4.0)), rng),
                    line.silence(1.5),
                ]
            case "music":
                pieces = [line.music(float(rng.uniform(8, 12)), rng)]
            case _:
                pieces = [line.silence(9.0)]
        return np.concatenate(pieces), start, 0.0

    def _with_noise(
        self, sound: Floats, kind: str, label: str, level: float, rng: np.random.Generator
    ) -> Floats:
        """Noise of the surroundings: throughout the clip where somebody is there, or, for half of the recorded
        greetings, only as long as the recording runs; some lines are digitally silent between the words."""
        if kind == "silence":
            return sound
        if kind == "noise":
            return line.noise(str(rng.choice(line.NOISES[:3])), sound.size, float(rng.uniform(-60, -25)), rng)
        if rng.random() < 0.25:
            return sound
        under = line.noise(
            str(rng.choice(line.NOISES)), sound.size, level - float(rng.uniform(5, 30)), rng, self._voices
        )
        if label in ("machine", "assistant", "ivr") and rng.random() < 0.5:
            loud = np.flatnonzero(np.abs(sound) > 1.0)
            under[: loud[0]] = 0.0
            under[loud[-1] :] = 0.0
        return sound + under


def _floats(pcm: bytes) -> Floats:
    return to_samples(pcm).astype(np.float32)


def wav_of(clip: Clip) -> bytes:
    """slin16 PCM of a clip, for playing it over a real call."""
    return to_pcm(to_samples(clip.pcm))
