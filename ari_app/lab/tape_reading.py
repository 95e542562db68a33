"""Looks into far-end recordings: who sounded when, how long each reply took, where the bot fell silent. Pure but for
:func:`read_tape`.

All times are seconds from the start of the tape. A span begins with the first sample of a sound and ends behind its last.
"""

from __future__ import annotations

import wave
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ari_app.voice.pcm import SAMPLE_RATE, Samples

VOICED_DBFS = -45.0
"""Sound of 5 ms at least this loud (RMS) counts. Speech of the lab lies at -20 to -35, its ends fall below within ms."""
_WINDOW = SAMPLE_RATE // 200
RESUMED_WITHIN_S = 0.6
"""A prompt that goes on repeats no more than about a word around the stop."""
JOINED_S = 0.5
"""Pauses within one utterance; longer ones separate two."""


@dataclass(frozen=True, slots=True)
class Tape:
    """Both sides of a call at 16 kHz: what the customer heard, and what he said."""

    heard: Samples
    said: Samples

    @property
    def seconds(self) -> float:
        return self.heard.size / SAMPLE_RATE


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of sound."""

    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True)
class Reply:
    """The customer's last voiced sample of an utterance, and the bot's first after it. ``began_s`` of the utterance."""

    began_s: float
    ended_s: float
    reply_s: float

    @property
    def wait_s(self) -> float:
        return self.reply_s - self.ended_s


def read_tape(path: Path) -> Tape:
    """A far-end recording (16 bit, 16 kHz, stereo).

    :raises ValueError: it is none. :raises OSError: it cannot be read.
    """
    try:
        with wave.open(str(path), "rb") as reader:
            shape = reader.getnchannels(), reader.getsampwidth(), reader.getframerate()
            raw = reader.readframes(reader.getnframes())
    except (wave.Error, EOFError) as error:
        raise ValueError(f"{path}: no WAV file: {error}") from error
    if shape != (2, 2, SAMPLE_RATE):
        raise ValueError(f"{path}: {shape} (allowed: 2 channels of 2 bytes at {SAMPLE_RATE} Hz)")
    both = np.frombuffer(raw[: len(raw) // 4 * 4], dtype="<i2").reshape(-1, 2)
    return Tape(np.ascontiguousarray(both[:, 0]), np.ascontiguousarray(both[:, 1]))


def spans(
    side: Samples, *, joined_s: float = JOINED_S, least_s: float = 0.03, dbfs: float = VOICED_DBFS
) -> list[Span]:
    """The sounds of one side in order; pauses of up to ``joined_s`` belong to a sound, shorter sounds than ``least_s``
    are left out."""
    whole = side[: side.size // _WINDOW * _WINDOW].astype(np.float32).reshape(-1, _WINDOW)
    threshold = 32_768.0 * 10.0 ** (dbfs / 20.0)
    loud = np.flatnonzero(np.mean(whole**2, axis=1) >= threshold**2) if whole.size else np.zeros(0, np.int64)
    if not loud.size:
        return []
    cuts = np.flatnonzero(np.diff(loud) * _WINDOW > joined_s * SAMPLE_RATE + _WINDOW)
    firsts = loud[np.concatenate(([0], cuts + 1))]
    lasts = loud[np.concatenate((cuts, [loud.size - 1]))]
    found: list[Span] = []
    for first, last in zip(firsts.tolist(), lasts.tolist(), strict=True):
        over = np.abs(whole[[first, last]]) >= threshold
        start = first * _WINDOW + int(np.argmax(over[0]))
        end = (last + 1) * _WINDOW - int(np.argmax(over[1][::-1]))
        if end - start >= least_s * SAMPLE_RATE:
            found.append(Span(start / SAMPLE_RATE, end / SAMPLE_RATE))
    return found


def replies(tape: Tape) -> list[Reply]:
    """Each utterance of the customer with the bot's next sound; an utterance that another follows first has none."""
    said = spans(tape.said)
    heard = spans(tape.heard, joined_s=0.1)
    found: list[Reply] = []
    for place, utterance in enumerate(said):
        until = said[place + 1].start_s if place + 1 < len(said) else float("inf")
        later = next((sound.start_s for sound in heard if sound.start_s >= utterance.end_s), None)
        if later is not None and later < until:
            found.append(Reply(utterance.start_s, utterance.end_s, later))
    return found


def longest_silence(tape: Tape, ends_s: float | None = None) -> float:
    """The longest time that the bot left the customer without a sound after he had spoken, in seconds.

    It is counted from each end of his speech to the bot's next sound, to his own next one, or to the call's end
    (``ends_s``; the tape's end when None). A bot that still speaks when he ends has not left him in silence.
    """
    ends_s = tape.seconds if ends_s is None else ends_s
    said = spans(tape.said, least_s=0.1)
    heard = spans(tape.heard)
    longest = 0.0
    for place, utterance in enumerate(said):
        start = utterance.end_s
        if any(sound.start_s < start < sound.end_s for sound in heard):
            continue
        ends = [sound.start_s for sound in heard if sound.start_s >= start]
        ends += [said[place + 1].start_s] if place + 1 < len(said) else []
        longest = max(longest, min([*ends, max(start, ends_s)]) - start)
    return longest


@dataclass(frozen=True, slots=True)
class BargeIn:
    """The customer began to speak over the bot, and the bot fell silent (None: it never did while he spoke)."""

    began_s: float
    silent_s: float | None

    @property
    def reaction_s(self) -> float | None:
        return None if self.silent_s is None else self.silent_s - self.began_s


def barge_ins(tape: Tape, *, pause_s: float, patience_s: float = 3.0) -> list[BargeIn]:
    """Each utterance that began while the bot was sounding, and the last sample that was heard of the bot then.

    ``pause_s`` is more than the longest pause within the bot's sentences; a silence as long counts as its end.
    """
    heard = spans(tape.heard, joined_s=pause_s)
    found: list[BargeIn] = []
    for utterance in spans(tape.said, joined_s=0.8):
        over = next((sound for sound in heard if sound.start_s < utterance.start_s < sound.end_s), None)
        if over is not None:
            silent = over.end_s if over.end_s - utterance.start_s <= patience_s else None
            found.append(BargeIn(utterance.start_s, silent))
    return found


@dataclass(frozen=True, slots=True)
class Stop:
    """The bot fell silent within a prompt at ``at_s``.

    ``back_s``: so far back in the prompt it went on (negative: so much was left out); None: with something else.
    """

    at_s: float
    back_s: float | None

    @property
    def resumed(self) -> bool:
        """Whether it went on where it had stopped."""
        return self.back_s is not None and abs(self.back_s) <= RESUMED_WITHIN_S

    @property
    def is_gap(self) -> bool:
        """Whether it went on to the sample: the sound was late, nobody had stopped it."""
        return self.back_s is not None and abs(self.back_s) <= _TO_THE_SAMPLE_S


def stops(side: Samples, prompt: Samples, *, pause_s: float = 0.15) -> list[Stop]:
    """Where a prompt that is known (sound without pauses of ``pause_s``) was stopped before its end.

    ``side`` is what was heard of one call; what was played of the prompt is found by correlation. The end of the call
    is no stop.
    """
    parts = spans(side, joined_s=pause_s, least_s=0.1)
    found: list[Stop] = []
    for place, part in enumerate(parts[:-1]):
        ended = _place_in(prompt, side, part.end_s - _PROBE_S)
        if ended is None or (prompt.size / SAMPLE_RATE) - (ended + _PROBE_S) < 2 * pause_s:
            continue  # not the prompt, or it came to its end
        begins = _place_in(prompt, side, parts[place + 1].start_s)
        found.append(Stop(part.end_s, None if begins is None else ended + _PROBE_S - begins))
    return found


_PROBE_S = 0.25
#: As exact as the place in a prompt can be found; who resumes one goes back further.
_TO_THE_SAMPLE_S = 0.02
_LIKE = 0.6


def _place_in(prompt: Samples, side: Samples, at_s: float) -> float | None:
    """Where in the prompt (seconds) the quarter of a second of ``side`` at ``at_s`` stands; None when it is not in it."""
    start = max(0, round(at_s * SAMPLE_RATE))
    probe = side[start : start + round(_PROBE_S * SAMPLE_RATE)].astype(np.float64)
    size = probe.size
    if size < SAMPLE_RATE // 20 or prompt.size < size or not probe.any():
        return None
    text = prompt.astype(np.float64)
    length = 1 << (text.size + size).bit_length()
    product = np.fft.irfft(np.fft.rfft(text, length) * np.conj(np.fft.rfft(probe, length)), length)
    product = product[: text.size - size + 1]
    energy = np.concatenate(([0.0], np.cumsum(text**2)))
    local = np.sqrt(np.maximum(energy[size:] - energy[:-size], 1.0))[: product.size]
    likeness = product / (local * np.linalg.norm(probe))
    best = int(np.argmax(likeness))
    return best / SAMPLE_RATE if likeness[best] >= _LIKE else None
