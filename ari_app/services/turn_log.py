"""The turns of one call while it goes on: prompts change (interrupted, resumed, heard on the wire) until it is over."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from ari_app.dialogue.model import CustomerInput, Fragment
from ari_app.domain.attempt import Turn, TurnTiming


@dataclass(slots=True)
class Answered:
    """What a prompt answers, in monotonic seconds: the customer's last voice, his final words, the decision."""

    speech_ended: float | None = None
    final_text: float | None = None
    decided: float | None = None


@dataclass(slots=True)
class PromptEntry:
    """One prompt, in monotonic seconds. ``ends`` is planned until the prompt has stopped or been played out."""

    text: str = field(repr=False)
    covers: tuple[str, ...]
    answers: Answered | None
    sent: float
    ends: float
    started: float | None = None
    over: bool = False
    cut_short: bool = False
    interrupted: bool = False

    def stop(self, at: float, *, interrupted: bool) -> None:
        """The prompt has been stopped before its end."""
        self.ends = at
        self.over = True
        self.cut_short = True
        self.interrupted = interrupted

    def go_on(self, ends: float) -> None:
        """It goes on after all."""
        self.ends = ends
        self.over = self.cut_short = self.interrupted = False

    def finish(self, at: float) -> None:
        """It has been played out."""
        self.ends = at
        self.over = True


class TurnLog:
    """What was said in a call, in the order in which it began; ``began`` is the zero of call time."""

    def __init__(self, began: float) -> None:
        self.began = began
        self._entries: list[PromptEntry | Turn] = []

    def prompt(
        self,
        say: tuple[Fragment, ...],
        covers: tuple[str, ...],
        answers: Answered | None,
        at: float,
        ends: float,
    ) -> PromptEntry:
        """The bot begins to speak; its sound was sent at ``at``."""
        text = "".join(part.text if part.language == "zh" else f"{part.text} " for part in say).strip()
        entry = PromptEntry(text, covers, answers, at, ends)
        self._entries.append(entry)
        return entry

    def customer(self, given: CustomerInput, start: float, end: float) -> None:
        """What the customer answered: from his first to his last voice, or key."""
        begins, ends = self._at(start), self._at(end)
        self._entries.append(
            Turn(
                "customer",
                given.kind.value,
                given.text,
                begins,
                max(begins, ends),
                given.confidence,
                given.engine,
            )
        )

    def close(self, at: float) -> None:
        """The conversation is over: what was still being said ends here."""
        for entry in self._entries:
            if isinstance(entry, PromptEntry) and not entry.over:
                if entry.ends > at:
                    entry.stop(max(at, entry.started or entry.sent), interrupted=False)
                entry.over = True

    def turns(self) -> tuple[Turn, ...]:
        """All turns as they stand."""
        return tuple(
            self._turn(entry) if isinstance(entry, PromptEntry) else entry for entry in self._entries
        )

    def _turn(self, entry: PromptEntry) -> Turn:
        begins = self._at(entry.sent if entry.started is None else entry.started)
        turn = Turn(
            "bot",
            "prompt",
            entry.text,
            begins,
            max(begins, self._at(entry.ends)),
            interrupted=entry.interrupted,
            covers=() if entry.cut_short else entry.covers,
        )
        answers = entry.answers
        if answers is None:
            return turn
        timing = TurnTiming(
            speech_ended_s=self._maybe(answers.speech_ended),
            final_text_s=self._maybe(answers.final_text),
            decided_s=self._maybe(answers.decided),
            audio_sent_s=self._at(entry.sent),
            on_wire_s=self._maybe(entry.started),
        )
        return replace(turn, timing=timing)

    def _maybe(self, at: float | None) -> float | None:
        return None if at is None else self._at(at)

    def _at(self, at: float) -> float:
        return max(0.0, round(at - self.began, 3))
