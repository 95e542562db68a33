"""Who answered a call: the detector's verdict, kept with its time."""

from __future__ import annotations

from typing import Final, Protocol, runtime_checkable

#: How long after the answer a machine is looked for, in seconds.
DETECTION_S: Final = 30.0
#: Who was silent for so long after the answer, while the bot spoke, listens to it; in seconds.
HEARD_OUT_S: Final = 2.0
HUMAN: Final = "human"
#: What has answered, where that is no person: the detector's verdict to what the call machine calls it.
HEARD: Final = {"machine": "voicemail", "assistant": "call_assistant", "ivr": "ivr", "fax": "fax"}


class AnswerDetector(Protocol):
    """Tells a person from a machine after the answer."""

    def push(self, frame: bytes, at: float) -> str | None:
        """Add 20 ms of sound; ``human``, ``machine``, ``assistant``, ``ivr`` or ``fax`` once it is known, else None.

        A ``human`` may still turn out to be a machine.
        """
        ...


@runtime_checkable
class WordsHeard(Protocol):
    """A detector that has a better word for what it heard, and something to close at the end."""

    @property
    def heard(self) -> str | None:
        """The word for the disposition table; None for a person."""
        ...

    @property
    def first_word_at(self) -> float | None:
        """When speech began, on the clock of the frames; None while there was none."""
        ...

    def answered(self, at: float) -> None:
        """A question was answered as a person does: human, however long he talks from now on."""
        ...

    async def close(self) -> None:
        """Give up what is still being worked on."""
        ...


class NobodyThere(Exception):
    """A voicemail system, an assistant or another machine has answered: nothing more is said."""


class WhoAnswered:
    """Listens for half a minute, or until a key has been pressed: machines do not press keys."""

    def __init__(self, detector: AnswerDetector, began: float) -> None:
        self.verdict: str | None = None
        self._detector = detector
        self._words = detector if isinstance(detector, WordsHeard) else None
        self._began = began
        self._known_at = began
        self.listening = True
        """Whether frames are still of any use."""

    @property
    def verdict_s(self) -> float | None:
        """When the verdict was known, in seconds after the answer; None without one."""
        return None if self.verdict is None else round(max(0.0, self._known_at - self._began), 3)

    @property
    def heard(self) -> str:
        """What the call machine calls the machine that has answered."""
        if self._words is not None and self._words.heard:
            return self._words.heard
        return HEARD.get(self.verdict or "", "voicemail")

    def push(self, pcm: bytes, at: float) -> None:
        """One frame. Raises NobodyThere; a greeting that sounded human may still end with a beep."""
        if not self.listening:
            return
        if at - self._began > DETECTION_S:
            self.listening = False
            return
        verdict = self._detector.push(pcm, at)
        if verdict is not None and verdict != self.verdict:
            self.verdict, self._known_at = verdict, at
            if verdict != HUMAN:
                raise NobodyThere

    def key(self, at: float) -> None:
        """A key was pressed."""
        self.listening = False
        if self.verdict is None:
            self.verdict, self._known_at = HUMAN, at

    def answered(self, at: float, prompt_over: float, *, sure: bool) -> None:
        """Something was said and then waited for a reply; ``sure``: the recogniser believes in its words.

        A person, if the words are sure, or if the first word of the call came only when the prompt was over: recorded
        greetings do not hear a prompt out.
        """
        detector = self._words
        if detector is None or not (sure or self._heard_out(detector, prompt_over)):
            return
        detector.answered(at)
        if self.verdict is None:
            self.verdict, self._known_at = HUMAN, at

    def _heard_out(self, detector: WordsHeard, prompt_over: float) -> bool:
        first = detector.first_word_at
        return first is not None and first >= prompt_over >= self._began + HEARD_OUT_S

    async def close(self) -> None:
        """The conversation is over."""
        if self._words is not None:
            await self._words.close()
