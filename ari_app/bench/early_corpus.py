"""Labelled early media: tones of several countries, special information tones, announcements, and what is no news."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import numpy as np

from ari_app.bench import line_effects as line
from ari_app.bench import progress_texts as texts
from ari_app.bench.progress_corpus import Corpus
from ari_app.voice.pcm import Floats, frames, to_samples
from ari_app.voice.progress import MEANS
from ari_app.voice.tone_plan import DEFAULT, TonePlans

_SIT: Final = {
    "sit": ((0.33, 0.33, 0.33), (950.0, 1400.0, 1800.0)),
    "sit_vacant": ((0.38, 0.274, 0.38), (985.2, 1370.6, 1776.7)),
    "sit_intercept": ((0.274, 0.274, 0.38), (913.8, 1370.6, 1776.7)),
    "sit_reorder": ((0.274, 0.38, 0.38), (913.8, 1428.5, 1776.7)),
    "sit_no_circuit": ((0.38, 0.38, 0.38), (985.2, 1428.5, 1776.7)),
}
_SIGNALS: Final = ("ringback", "busy", "congestion")
KINDS: Final = (*_SIGNALS, *_SIT, "announcement", "unknown speech", "music", "fax", "silence")


@dataclass(frozen=True, slots=True)
class EarlyClip:
    """Early media to a country; ``wanted`` is what must be heard last, '' for nothing."""

    name: str
    kind: str
    country: str
    wanted: str
    frames: tuple[bytes, ...] = field(repr=False)


async def early_clips(corpus: Corpus, tones: TonePlans, count: int) -> list[EarlyClip]:
    """``count`` clips, the kinds in turns. Levels -30 to -12 dBFS, in half of them noise 15 to 35 dB below."""
    countries = sorted(set(tones.countries) - {DEFAULT})
    found: list[EarlyClip] = []
    for number in range(count):
        kind = KINDS[number % len(KINDS)]
        rng = corpus.rng(f"early {number}")
        country = countries[int(rng.integers(len(countries)))]
        sound, wanted = await _sound(corpus, tones, kind, country, rng)
        level = float(rng.uniform(-30, -12))
        sound = sound if wanted == "silence" else line.at_level(sound, level)
        if rng.random() < 0.5 and wanted != "silence":
            noise = str(rng.choice(["white", "pink", "hum"]))
            sound = sound + line.noise(noise, sound.size, level - float(rng.uniform(15, 35)), rng)
        codec = str(rng.choice(line.CODECS[:2]))
        clip = tuple(frames(line.through_codec(sound, codec, rng)))
        found.append(EarlyClip(f"early-{number}", kind, country, wanted, clip))
    return found


async def _sound(
    corpus: Corpus, tones: TonePlans, kind: str, country: str, rng: np.random.Generator
) -> tuple[Floats, str]:
    lead = line.silence(float(rng.uniform(0.1, 1.0)))
    if kind in _SIGNALS:
        patterns = [each for each in tones.of(country).patterns if each.signal == kind and each.cadence]
        if not patterns:
            return line.silence(10.0), "silence"
        chosen = patterns[int(rng.integers(len(patterns)))]
        hz = chosen.sound.hz or (sum(chosen.sound.band or (0.0, 0.0)) / 2,)
        wanted = next(
            each.signal
            for each in tones.of(country).patterns
            if (each.sound, each.cadence) == (chosen.sound, chosen.cadence)
        )
        times = [seconds * float(rng.uniform(0.97, 1.03)) for seconds in chosen.cadence]
        cycle = [line.silence(t) if at % 2 else line.tone(t, *hz) for at, t in enumerate(times)]
        return np.concatenate([lead, *(cycle * max(2, round(6.0 / sum(times))))]), wanted
    if kind in _SIT:
        parts = [line.tone(seconds, hz) for seconds, hz in zip(*_SIT[kind], strict=True)]
        return np.concatenate([lead, *parts, line.silence(1.0)]), MEANS.get(kind, kind)
    if kind == "announcement":
        meaning = sorted(corpus.known)[int(rng.integers(len(corpus.known)))]
        sounds = corpus.known[meaning]
        pcm = sounds[int(rng.integers(len(sounds)))]
        ring = [line.tone(1.0, 450), line.silence(0.5)] if rng.random() < 0.3 else []
        return np.concatenate([lead, *ring, to_samples(pcm).astype(np.float32)]), MEANS.get(meaning, meaning)
    if kind == "unknown speech":
        language = "zh" if rng.random() < 0.5 else "en"
        choice = texts.MACHINE[corpus.part][language]
        said = " ".join(choice[int(rng.integers(len(choice)))])
        voices = texts.VOICES[corpus.part][language]
        voice = voices[int(rng.integers(len(voices)))]
        pcm = await corpus.speak(said, language, voice, 165 if language == "en" else 240)
        return np.concatenate([lead, to_samples(pcm).astype(np.float32)]), ""
    if kind == "music":
        return np.concatenate([lead, line.music(8.0, rng)]), "music"
    if kind == "fax":
        return np.concatenate([lead, line.answer_tone(3.0, rng)]), "fax"
    return line.silence(10.0), "silence"
