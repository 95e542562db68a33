"""After the answer: a person or a machine?

A person says a word or two and waits; a machine talks on and then beeps. Unsure means person. The beep is the surest
sign, so it may still turn a verdict of "human" into "machine".
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Protocol

import numpy as np

from ari_app.voice.pcm import FRAME_S, FRAME_SAMPLES, Floats, power_dbfs, to_samples
from ari_app.voice.tones import strongest_tone
from ari_app.voice.vad import SpeechGate


class AnswerVerdict(StrEnum):
    """Who answered."""

    HUMAN = "human"
    MACHINE = "machine"


class _Gate(Protocol):
    voiced: bool

    def push(self, frame: bytes) -> bool: ...


@dataclass(frozen=True, slots=True)
class DetectorSettings:
    """Seconds, Hz and dBFS.

    ``waiting_s`` of silence after speech make a person, ``long_greeting_s`` without such a pause a machine. A beep is
    one steady tone in ``beep_hz`` for ``beep_s`` after speech; a fax answers with 2100 Hz (ITU-T T.30) for ``fax_s``.
    """

    waiting_s: float = 0.9
    long_greeting_s: float = 5.0
    least_speech_s: float = 0.1
    beep_hz: tuple[float, float] = (390.0, 2_030.0)
    beep_s: float = 0.15
    fax_hz: tuple[float, float] = (2_075.0, 2_125.0)
    fax_s: float = 0.5
    steady_hz: float = 20.0
    tone_share: float = 0.93
    tone_dbfs: float = -40.0


_SLACK_S: Final = 1e-6


class AnsweringMachineDetector:
    """Fed with the customer's sound from the answer on; one for each call.

    ``push`` returns a verdict when it is new, else None: ``human`` or ``machine`` once, and ``machine`` after
    ``human`` when a beep follows. ``reason`` says why: waiting, long_greeting, beep, fax. Silence is no verdict.
    """

    def __init__(self, settings: DetectorSettings | None = None, gate: _Gate | None = None) -> None:
        self.settings = settings or DetectorSettings()
        self.verdict: AnswerVerdict | None = None
        self.reason = ""
        self._gate = gate or SpeechGate()
        self._previous = np.zeros(FRAME_SAMPLES, dtype=np.float32)
        self._speech_s = 0.0
        self._greeting_from: float | None = None
        self._last_voice = 0.0
        self._tone_hz = 0.0
        self._tone_s = 0.0

    def push(self, frame: bytes, at: float) -> AnswerVerdict | None:
        """Take one frame that arrived at ``at`` (seconds of a steady clock)."""
        # The pause first: where frames were missing, it lies before the speech of this frame.
        verdict = self._judge_pause(at)
        speaking = self._gate.push(frame)
        samples = to_samples(frame).astype(np.float32)
        self._follow_tone(samples)
        self._previous = samples
        if self._gate.voiced and speaking:
            self._speech_s += FRAME_S
            if self._greeting_from is None:
                self._greeting_from = at
            self._last_voice = at
        return self._judge_sound() or verdict

    def tick(self, at: float) -> AnswerVerdict | None:
        """Time went by without a frame: silence, too."""
        self._tone_s = 0.0
        return self._judge_pause(at)

    @property
    def _spoken(self) -> bool:
        return self._speech_s >= self.settings.least_speech_s - _SLACK_S

    def _judge_pause(self, at: float) -> AnswerVerdict | None:
        if self.verdict is not None or self._greeting_from is None:
            return None
        if at - self._last_voice < self.settings.waiting_s - _SLACK_S:
            return None
        if self._spoken:
            return self._decide(AnswerVerdict.HUMAN, "waiting")
        self._greeting_from, self._speech_s = None, 0.0  # a click
        return None

    def _judge_sound(self) -> AnswerVerdict | None:
        rules = self.settings
        if self.verdict is AnswerVerdict.MACHINE:
            return None
        if self._spoken and self._tone_lasts(rules.beep_hz, rules.beep_s):
            return self._decide(AnswerVerdict.MACHINE, "beep")
        if self._tone_lasts(rules.fax_hz, rules.fax_s):
            return self._decide(AnswerVerdict.MACHINE, "fax")
        if self.verdict is AnswerVerdict.HUMAN or self._greeting_from is None:
            return None
        if self._last_voice - self._greeting_from >= rules.long_greeting_s:
            return self._decide(AnswerVerdict.MACHINE, "long_greeting")
        return None

    def _tone_lasts(self, hz: tuple[float, float], seconds: float) -> bool:
        return hz[0] <= self._tone_hz <= hz[1] and self._tone_s >= seconds - _SLACK_S

    def _decide(self, verdict: AnswerVerdict, reason: str) -> AnswerVerdict:
        self.verdict, self.reason = verdict, reason
        return verdict

    def _follow_tone(self, samples: Floats) -> None:
        rules = self.settings
        if power_dbfs(float(np.dot(samples, samples)) / FRAME_SAMPLES) < rules.tone_dbfs:
            self._tone_s = 0.0
            return
        tone = strongest_tone(np.concatenate((self._previous, samples)))
        if tone.share < rules.tone_share:
            self._tone_s = 0.0
        elif self._tone_s > 0 and abs(tone.hz - self._tone_hz) <= rules.steady_hz:
            self._tone_s += FRAME_S
        else:
            self._tone_hz, self._tone_s = tone.hz, FRAME_S
