"""What a conversation learns besides promises: wishes, reasons, what is disputed, when to call, consent to recording.

Noted answer by answer, whatever way the flow takes; the result of the call is made of it (requirements A5 to A11, E30).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime

from ari_app.dialogue.advice import MOST_CONFIDENCE
from ari_app.dialogue.model import CustomerInput, InputKind, Understanding
from ari_app.domain.call_result import Callback, Consent, DisputeClaim, ReviewField

#: A value that was understood with less than this has to be looked at by a person.
REVIEW_BELOW = 0.6
#: Longest description of a dispute, in characters.
MAX_DESCRIPTION = 400
#: Why a person looks at a call in which a language model chose a meaning that has consequences.
BY_MODEL = "by_model"
NOTICE = "recording_notice"
REFUSED = "recording_refused"
SWITCH = "switch_language"


@dataclass(slots=True)
class Findings:
    """Everything that was noted so far. ``notice``: the wording of the recording notice (flow, version, language);
    ``language``: the one that was asked for."""

    notice: str
    intents: list[str] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)
    upset: bool = False
    channel: str = ""
    callback: Callback | None = None
    consent: Consent | None = None
    language: str = ""
    paid_on: date | None = None
    category: str = ""
    evidence: list[str] = field(default_factory=list)
    _described: list[str] = field(default_factory=list, repr=False)
    _advised: list[str] = field(default_factory=list)
    _dispute_confidence: float = 1.0
    _callback_confidence: float = 1.0

    def note(
        self, heard: Understanding, given: CustomerInput, *, verified: bool, notice_given: bool, now: datetime
    ) -> None:
        """One answer. ``notice_given``: the recording notice was spoken in full before it."""
        meanings = meanings_of(heard)
        self.intents += [meaning for meaning in meanings if meaning not in self.intents]
        if heard.advised:
            self._advised += [name for name in meanings if name not in self._advised and _is_of_weight(name)]
        self.upset = self.upset or heard.upset or "abusive" in meanings
        if SWITCH in meanings:  # who asks for another language has not understood the notice
            self.language = heard.language or self.language
        elif self.consent is None and notice_given and given.kind is not InputKind.SILENCE:
            self.consent = Consent(heard.finer != REFUSED, now, self.notice)
        elif self.consent is not None and heard.finer == REFUSED:
            self.consent = Consent(False, now, self.notice)
        if "request_callback" in meanings and (heard.dates or heard.times):
            self.callback = Callback(heard.date, heard.times[0] if heard.times else None)
            self._callback_confidence = heard.confidence
        if not verified:
            return
        if heard.reason and heard.reason not in self.reasons:
            self.reasons.append(heard.reason)
        self.channel = heard.channel or self.channel
        if "already_paid" in meanings and heard.date is not None and heard.date <= now.date():
            self.paid_on = heard.date
        self.evidence += [one for one in heard.evidence if one not in self.evidence]
        if "dispute" in meanings:
            self._note_dispute(heard, given)

    def dispute(self, answer_days: int = 3) -> DisputeClaim:
        """The dispute that was raised; category 'other' where nothing was said of it."""
        return DisputeClaim(
            category=self.category or "other",
            description="; ".join(self._described)[:MAX_DESCRIPTION],
            evidence=tuple(self.evidence),
            answer_days=answer_days,
            confidence=self._dispute_confidence,
        )

    def review(self, result: str) -> tuple[ReviewField, ...]:
        """What a person has to look at before it counts, for a call with this result.

        Promises, plans and disputes carry their own confidence and are looked over where they are stored.
        """
        found: list[ReviewField] = []
        if self._advised:
            found.append(ReviewField("understanding", ", ".join(self._advised), MOST_CONFIDENCE, BY_MODEL))
        if result == "disputed" and not self.category:
            found.append(ReviewField("dispute.category", "", self._dispute_confidence, "not_given"))
        elif result == "callback" and self.callback is not None and self._callback_confidence < REVIEW_BELOW:
            found.append(ReviewField("callback", "", self._callback_confidence))
        elif result == "already_paid":
            said = {
                "payment.date": self.paid_on.isoformat() if self.paid_on else "",
                "payment.channel": self.channel,
            }
            found += [ReviewField(name, value, 1.0, "claimed") for name, value in said.items() if value]
        elif result == "language_wanted" and self.language:
            found.append(ReviewField("language", self.language, 1.0, "wanted"))
        return tuple(found)

    def _note_dispute(self, heard: Understanding, given: CustomerInput) -> None:
        if heard.dispute_category:
            self.category = heard.dispute_category
        self._dispute_confidence = min(self._dispute_confidence, heard.confidence)
        if given.kind is InputKind.SPEECH:
            self.describe(given.text)

    def describe(self, text: str) -> None:
        """Keep what the customer says of his dispute, in his words."""
        text = text.strip()[:MAX_DESCRIPTION]
        if text and text not in self._described:
            self._described.append(text)


def _is_of_weight(meaning: str) -> bool:
    """Whether somebody has to know that a language model chose it: anything but questions and what is said again."""
    return not meaning.startswith("ask_") and meaning not in ("unclear", "repeat", "wait", "switch_language")


def meanings_of(heard: Understanding) -> tuple[str, ...]:
    """The meanings of an answer, the most exact first."""
    return tuple(meaning for meaning in (heard.finer, heard.intent, *heard.also) if meaning)
