"""After the answer: a person, a machine, an assistant that screens calls, a menu, or a fax?

A person says a word or two and waits; a machine talks on and then beeps. A greeting whose recording is known is recognised
by its sound. Unsure means person. What a machine does later (it talks on over our own prompt, or beeps) may still turn a
verdict of "human" into another; every other verdict is final.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from ari_app.voice.announcement import AnnouncementMatcher, AnnouncementReferences
from ari_app.voice.fax import FaxTones
from ari_app.voice.greeting import GreetingRules, GreetingShape, Shape
from ari_app.voice.line_sound import LineSound
from ari_app.voice.music import MusicDetector
from ari_app.voice.pcm import FRAME_S
from ari_app.voice.steady_tone import SteadyTone


class AnswerVerdict(StrEnum):
    """Who answered."""

    HUMAN = "human"
    MACHINE = "machine"
    ASSISTANT = "assistant"
    IVR = "ivr"
    FAX = "fax"


HEARD: Final[Mapping[AnswerVerdict, str | None]] = {
    AnswerVerdict.HUMAN: None,
    AnswerVerdict.MACHINE: "voicemail",
    AnswerVerdict.ASSISTANT: "call_assistant",
    AnswerVerdict.IVR: "ivr",
    AnswerVerdict.FAX: "fax",
}
"""What a verdict is called in the disposition table."""

VERDICT_OF: Final[Mapping[str, AnswerVerdict]] = {
    "call_assistant": AnswerVerdict.ASSISTANT,
    "ivr": AnswerVerdict.IVR,
    "fax": AnswerVerdict.FAX,
}
"""The verdict of a known announcement's meaning; every other meaning is a machine."""


@dataclass(frozen=True, slots=True)
class DetectorSettings:
    """Seconds, Hz and dB.

    A person: ``waiting`` is read as (greeting at most, silence after it), the first that fits. A machine: a greeting
    of ``long_greeting_s`` that never paused for ``run_gap_s`` and spoke for ``density`` of it, ``lead_db`` over the
    noise (``unsure_lead_db`` once nobody was sure), each of its seconds within ``uneven_db`` of the loudest. Still a
    person: no verdict ``unsure_s`` after the first word (the second figure: where noise hides pauses). A beep: one
    steady tone in ``beep_hz`` for ``beep_s`` after ``beep_speech_s`` of speech. A look is taken at every third frame,
    and at every ninth once a person was heard: all that can follow is a greeting of seconds.
    """

    waiting: tuple[tuple[float, float], ...] = ((1.0, 0.4), (1.8, 0.5), (99.0, 0.8))
    long_greeting_s: float = 4.5
    run_gap_s: float = 1.1
    density: float = 0.55
    lead_db: float = 12.0
    unsure_lead_db: float = 17.0
    uneven_db: float = 7.0
    unsure_s: tuple[float, float] = (7.0, 3.0)
    least_speech_s: float = 0.1
    beep_hz: tuple[float, float] = (390.0, 2_060.0)
    beep_s: float = 0.15
    beep_speech_s: float = 0.2
    look_frames: int = 3
    look_again_frames: int = 9


_SLACK_S: Final = 1e-6


class AnsweringMachineDetector:
    """Fed with the customer's sound from the answer on; one for each call.

    ``push`` returns a verdict when it is new, else None. ``reason`` says why: waiting, unsure, answered, long_greeting,
    beep, fax_tone, announcement, words. ``heard`` is the word for the disposition table, None for a person. Silence,
    noise and music are no verdict. ``done``: the verdict is final, or so long has gone by that nothing more is looked for.
    """

    def __init__(
        self,
        settings: DetectorSettings | None = None,
        references: AnnouncementReferences | None = None,
    ) -> None:
        self.settings = settings or DetectorSettings()
        self.verdict: AnswerVerdict | None = None
        self.reason = ""
        self.heard: str | None = None
        self._sound = LineSound()
        self._tone = SteadyTone()
        self._fax = FaxTones()
        self._music = MusicDetector()
        self._shape = GreetingShape(GreetingRules())
        self._matcher = (
            AnnouncementMatcher(references) if references is not None and references.size else None
        )
        self._began: float | None = None
        self._told: str | None = None
        self._answered = False

    @property
    def done(self) -> bool:
        """Whether nothing that comes can change the verdict."""
        return self.verdict not in (None, AnswerVerdict.HUMAN) or self._shape.full

    def push(self, frame: bytes, at: float) -> AnswerVerdict | None:
        """Take one frame (640 bytes slin16) that arrived at ``at`` (seconds of a steady clock)."""
        if self.done:
            return None
        began = self._began
        # Most frames come when they are due: then no time has gone by without one, and nothing was told meanwhile.
        on_time = began is not None and at - began < (self._shape.frames + 2) * FRAME_S - _SLACK_S
        verdict = None if on_time and self._told is None else self.tick(at - FRAME_S)
        if verdict is not None and verdict is not AnswerVerdict.HUMAN:
            return verdict
        self._sound.push(frame)
        self._shape.push(frame, self._sound)
        self._tone.push(self._sound)
        self._music.push(self._sound)
        match = self._matcher.push(frame) if self._matcher is not None else None
        if match is not None:
            return self._decide(
                VERDICT_OF.get(match.meaning, AnswerVerdict.MACHINE), "announcement", match.meaning
            )
        return self._judge_tone() or self._judge_words() or self._judge_shape() or verdict

    def tick(self, at: float) -> AnswerVerdict | None:
        """Time went by without a frame until ``at``: silence, too."""
        if self.done:
            return None
        if self._began is None:
            self._began = at
        missing = int((at - self._began + _SLACK_S) / FRAME_S) - self._shape.frames
        if missing <= 0:
            return self._judge_words()
        self._shape.missing(missing)
        self._tone.missing()
        if missing * FRAME_S >= 0.2:
            self._music = MusicDetector()  # no tune pauses like that
        return self._judge_words() or self._judge_shape(at_once=True)

    @property
    def first_word_at(self) -> float | None:
        """When speech in the foreground began, on the clock of the frames; None while there was none."""
        shape = self._shape.look()
        if self._began is None or shape is None or not shape.stretches:
            return None
        return self._began + shape.stretches[0][0]

    def answered(self) -> None:
        """A question was answered as a person does: human, so far, and however long he talks from now on."""
        self._answered = True
        if self.verdict is None:
            self._decide(AnswerVerdict.HUMAN, "answered")

    def words_mean(self, meaning: str) -> None:
        """A recogniser understood words with this meaning; the next frame brings the verdict."""
        self._told = meaning

    # ------------------------------------------------------------------------------------------- the judges

    def _judge_words(self) -> AnswerVerdict | None:
        told, self._told = self._told, None
        if told is None:
            return None
        return self._decide(VERDICT_OF.get(told, AnswerVerdict.MACHINE), "words", told)

    def _judge_tone(self) -> AnswerVerdict | None:
        rules = self.settings
        if self._fax.push(self._tone):
            return self._decide(AnswerVerdict.FAX, "fax_tone")
        spoken = self._shape.voiced_frames * FRAME_S >= rules.beep_speech_s - _SLACK_S
        if spoken and not self._music.music and self._tone.lasts(rules.beep_hz, rules.beep_s):
            return self._decide(AnswerVerdict.MACHINE, "beep")
        return None

    def _judge_shape(self, at_once: bool = False) -> AnswerVerdict | None:
        rules = self.settings
        every = rules.look_frames if self.verdict is None else rules.look_again_frames
        if self._answered or (not at_once and self._shape.frames % every):
            return None
        shape = self._shape.look()
        if shape is None or not shape.stretches or self._music.music:
            return None
        if self._talks_on(shape):
            return self._decide(AnswerVerdict.MACHINE, "long_greeting")
        if self.verdict is None and self._waits(shape):
            return self._decide(AnswerVerdict.HUMAN, "waiting")
        patience = self.settings.unsure_s[shape.lead_db < self.settings.lead_db]
        if self.verdict is None and shape.now - shape.stretches[0][0] >= patience:
            return self._decide(AnswerVerdict.HUMAN, "unsure")
        return None

    def _waits(self, shape: Shape) -> bool:
        begin, end, speech = shape.run(self.settings.run_gap_s)
        if speech < self.settings.least_speech_s - _SLACK_S:
            return False
        for greeting, pause in self.settings.waiting:
            if end - begin <= greeting:
                return shape.pause_s >= pause - _SLACK_S
        return False

    def _talks_on(self, shape: Shape) -> bool:
        rules = self.settings
        begin, end, speech = shape.run(rules.run_gap_s)
        lead_db = rules.unsure_lead_db if self.reason == "unsure" else rules.lead_db
        return (
            end - begin >= rules.long_greeting_s
            and speech >= rules.density * (end - begin)
            and shape.lead_db >= lead_db
            and shape.pause_s < rules.run_gap_s
            and shape.uneven_db(begin) <= rules.uneven_db
        )

    def _decide(self, verdict: AnswerVerdict, reason: str, heard: str | None = None) -> AnswerVerdict:
        self.verdict, self.reason = verdict, reason
        self.heard = heard or HEARD[verdict]
        return verdict
