"""Cadences of call progress tones in the sound of one call, by the plan of a country, and special information tones."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from ari_app.voice.line_sound import HZ_PER_BIN, LineSound
from ari_app.voice.pcm import FRAME_S, Floats
from ari_app.voice.tone_plan import Pattern, Sound, TonePlan

LOWEST_DBFS: Final = -45.0
STEADY_S: Final = 3.0
"""A tone without a pause must last so long."""
LONG_PAUSE_S: Final = 1.5
"""A pause from here on is not waited for to its end: 0.6 of it tell the cadence."""
_FIRST_BIN: Final = round(200 / HZ_PER_BIN)
_LAST_BIN: Final = round(3_400 / HZ_PER_BIN)
_PURITY: Final = 0.9
_PAUSE_DB: Final = 9.0
"""So far below the tone a noisy line pauses."""
_LINE_SHARE: Final = 0.08
_ON, _OFF, _OTHER = 0, 1, 2


@dataclass(frozen=True, slots=True)
class _Run:
    """Frames of one kind in a row; ``hz`` is the mean frequency of a tone where somebody asks for it."""

    kind: int
    frames: int
    hz: float = 0.0

    @property
    def seconds(self) -> float:
        return self.frames * FRAME_S


class _Runs:
    """Runs of a tone that comes and goes. One frame that is neither tone nor silence is the edge between them."""

    def __init__(self, most: int) -> None:
        self.ended: deque[_Run] = deque(maxlen=most)
        self.kind = _OFF
        self.frames = 0
        self.hz = 0.0
        self._edge = 0

    def push(self, kind: int, hz: float = 0.0) -> bool:
        """Take the kind of one frame; whether a run has ended with it."""
        if kind == self.kind:
            self.frames += 1 + self._edge
            self.hz += (hz - self.hz) / self.frames
            self._edge = 0
            return False
        if kind == _OTHER and not self._edge:
            self._edge = 1
            return False
        self.ended.append(_Run(self.kind, self.frames, self.hz))
        self.kind, self.frames, self.hz, self._edge = kind, 1 + self._edge, hz, 0
        return True


class _Shape:
    """Whether a spectrum is one sound of a plan and little else."""

    def __init__(self, sound: Sound) -> None:
        self._band = sound.band
        mask = np.zeros(_LAST_BIN + 1 - _FIRST_BIN, dtype=np.float32)
        self._lines: list[slice] = []
        for low, high in sound.ranges():
            first, last = round(low / HZ_PER_BIN) - 1, round(high / HZ_PER_BIN) + 1
            mask[max(0, first - _FIRST_BIN) : last + 1 - _FIRST_BIN] = 1.0
            middle = round((low + high) / 2 / HZ_PER_BIN)
            self._lines.append(slice(max(0, middle - 1 - _FIRST_BIN), middle + 2 - _FIRST_BIN))
        self._mask = mask
        self._ranges = sound.ranges()

    def fits(self, power: Floats, total: float, strongest_hz: float) -> bool:
        """:param power: from 200 Hz on; :param total: its sum; :param strongest_hz: its strongest line."""
        inside = power * self._mask
        if float(inside.sum()) < _PURITY * total:
            return False
        if self._band is not None:
            return float(np.partition(inside, -6)[-6:].sum()) >= _PURITY * total
        if len(self._lines) > 1:
            return all(float(power[line].sum()) >= _LINE_SHARE * total for line in self._lines)
        low, high = self._ranges[0]
        return low <= strongest_hz <= high


class _Listener:
    """One sound and the patterns that are made of it."""

    def __init__(self, sound: Sound, patterns: list[Pattern]) -> None:
        self.shape = _Shape(sound)
        self.runs = _Runs(max(12, 2 + max(len(each.cadence) for each in patterns)))
        self._steady = [each for each in patterns if not each.cadence]
        self._long = [each for each in patterns if max(each.cadence[1::2], default=0.0) >= LONG_PAUSE_S]
        short = [each for each in patterns if each.cadence and each not in self._long]
        self._short = [(each, _runs_needed(each, short)) for each in short]
        self._told = False

    def push(self, kind: int) -> str | None:
        if self.runs.push(kind):
            self._told = False
            return self._repeats()
        if self._told or self.runs.frames * FRAME_S < 0.6 * LONG_PAUSE_S:
            return None
        found = None
        if self.runs.kind == _ON and self._steady and self.runs.frames * FRAME_S >= STEADY_S:
            found = self._steady[0].signal
        elif self.runs.kind == _OFF:
            found = self._pauses()
        self._told = found is not None
        return found

    def _repeats(self) -> str | None:
        """A cadence that was heard twice (longer ones: once and a part)."""
        runs = list(self.runs.ended)
        for pattern, need in self._short:
            if len(runs) >= need and any(
                all(run.kind == (turn + at) % 2 for at, run in enumerate(runs[-need:]))
                and _in_time([run.seconds for run in runs[-need:]], pattern.cadence, turn)
                for turn in range(len(pattern.cadence))
            ):
                return pattern.signal
        return None

    def _pauses(self) -> str | None:
        """A cadence with a long pause, while that pause lasts."""
        runs = list(self.runs.ended)
        for pattern in self._long:
            times = pattern.cadence
            longest = max(range(1, len(times), 2), key=times.__getitem__)
            if self.runs.frames * FRAME_S < 0.6 * times[longest] or len(runs) < len(times) - 1:
                continue
            before = runs[-(len(times) - 1) :]
            if all(
                run.kind == (longest + 1 + at) % 2
                and abs(run.seconds - times[(longest + 1 + at) % len(times)])
                <= 0.05 + 0.15 * times[(longest + 1 + at) % len(times)]
                for at, run in enumerate(before)
            ):
                return pattern.signal
        return None


def _in_time(seconds: Sequence[float], cadence: Sequence[float], turn: int) -> bool:
    """Whether times follow a cadence from its segment ``turn`` on."""
    wanted = [cadence[(turn + at) % len(cadence)] for at in range(len(seconds))]
    return all(abs(one - other) <= 0.04 + 0.08 * other for one, other in zip(seconds, wanted, strict=True))


def _runs_needed(pattern: Pattern, others: Sequence[Pattern]) -> int:
    """Two cycles (of a longer cadence one and a part), and more than any other cadence has of it by accident."""
    cadence = pattern.cadence
    need = max(4, len(cadence) + 2)
    for other in others:
        twice = (*other.cadence, *other.cadence)
        while len(other.cadence) > len(cadence) and any(
            _in_time(twice[at : at + need], cadence, at % 2) for at in range(len(twice) - need + 1)
        ):
            need += 1
    return need


SIT_HZ: Final = ((890.0, 1_010.0), (1_340.0, 1_470.0), (1_740.0, 1_860.0))
SIT_S: Final = (0.22, 0.5)
"""Three tones of 330 ms, 950, 1400 and 1800 Hz, each with 50 Hz and 70 ms to spare (ITU-T E.180, Q.35)."""
_SIT_THIRD_HZ: Final = 1_776.7
_SIT_KINDS: Final = {
    ("SSL", "LLL"): "sit_intercept",
    ("LSL", "HLL"): "sit_vacant",
    ("SLL", "LHL"): "sit_reorder",
    ("SLL", "HLL"): "sit_reorder",
    ("LLL", "HHL"): "sit_no_circuit",
    ("LLL", "LLL"): "sit_no_circuit",
}
"""North America codes what is wrong in the first two tones: short 274 or long 380 ms, low 913.8 and 1370.6 or high 985.2
and 1428.5 Hz, before a long third one of 1776.7 Hz."""


def sit_kind(seconds: tuple[float, float, float], hz: tuple[float, float, float]) -> str | None:
    """What three tones in a row are: ``sit`` of no special kind, one of North America's kinds, or None."""
    if not all(SIT_S[0] <= each <= SIT_S[1] for each in seconds):
        return None
    if not all(low <= each <= high for each, (low, high) in zip(hz, SIT_HZ, strict=True)):
        return None
    if abs(hz[2] - _SIT_THIRD_HZ) > 12.0:
        return "sit"
    lengths = "".join("S" if each < 0.325 else "L" for each in seconds)
    pitches = "".join(
        "L" if abs(each - low) < abs(each - high) else "H"
        for each, low, high in zip(hz[:2], (913.8, 1_370.6), (985.2, 1_428.5), strict=True)
    )
    return _SIT_KINDS.get((lengths, pitches + "L"), "sit")


class CadenceDetector:
    """Hears the signals of a plan and special information tones, each time that one is complete.

    Busy and congestion need two whole cycles; a ringback is known in its first long pause. Speech and music do not keep
    such times with so pure a tone.
    """

    def __init__(self, plan: TonePlan) -> None:
        sounds = dict.fromkeys(pattern.sound for pattern in plan.patterns)
        self._listeners = [
            _Listener(sound, [each for each in plan.patterns if each.sound == sound]) for sound in sounds
        ]
        order = [pattern.signal for pattern in plan.patterns]
        self._tone_dbfs = -100.0
        self._rank = {signal: order.index(signal) for signal in order}
        self._sit_runs: deque[tuple[int, float, float]] = deque(maxlen=3)
        self._sit_kind: int | None = None
        self._sit_frames = 0
        self._sit_hz = 0.0
        self._sit_lost = 0

    def push(self, sound: LineSound) -> str | None:
        """Take one frame; the signal that is complete with it, or None."""
        if sound.dbfs < max(LOWEST_DBFS, self._tone_dbfs - _PAUSE_DB):
            found = [listener.push(_OFF) for listener in self._listeners]
            sit = self._follow_sit(0.0)
        else:
            power = sound.power[_FIRST_BIN : _LAST_BIN + 1]
            total = float(power.sum())
            hz, share = _strongest(power, total)
            fits = [listener.shape.fits(power, total, hz) for listener in self._listeners]
            if any(fits):
                self._tone_dbfs += 0.3 * (sound.dbfs - self._tone_dbfs)
            found = [
                listener.push(_ON if fit else _OTHER)
                for listener, fit in zip(self._listeners, fits, strict=True)
            ]
            sit = self._follow_sit(hz if share >= _PURITY else 0.0)
        told = [signal for signal in found if signal is not None]
        return sit or (min(told, key=self._rank.__getitem__) if told else None)

    def _follow_sit(self, hz: float) -> str | None:
        """Follow one pure line through the three bands; frames between two tones belong to neither."""
        kind = next((at for at, (low, high) in enumerate(SIT_HZ) if low <= hz <= high), None)
        if kind is not None and kind == self._sit_kind:
            self._sit_frames += 1 + self._sit_lost
            self._sit_hz += (hz - self._sit_hz) / self._sit_frames
            self._sit_lost = 0
            return None
        if kind is None and self._sit_kind is not None and self._sit_lost < 1:
            self._sit_lost += 1
            return None
        ended = self._sit_kind
        if ended is not None:
            self._sit_runs.append((ended, self._sit_frames * FRAME_S, self._sit_hz))
        elif kind is None:
            return None
        self._sit_kind, self._sit_frames, self._sit_hz, self._sit_lost = kind, 1 + self._sit_lost, hz, 0
        if [run[0] for run in self._sit_runs] != [0, 1, 2]:
            return None
        runs = list(self._sit_runs)
        self._sit_runs.clear()
        return sit_kind((runs[0][1], runs[1][1], runs[2][1]), (runs[0][2], runs[1][2], runs[2][2]))


def _strongest(power: Floats, total: float) -> tuple[float, float]:
    """Frequency of the strongest line, and its share of the whole."""
    at = int(power.argmax())
    first = max(0, at - 2)
    around = power[first : at + 3]
    line = float(around.sum())
    if line <= 0.0:
        return 0.0, 0.0
    centre = float(np.dot(around, np.arange(first, first + around.size, dtype=np.float32))) / line
    return (_FIRST_BIN + centre) * HZ_PER_BIN, line / total
