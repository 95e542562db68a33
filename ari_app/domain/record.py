"""What the store gives back to people and programs: records of attempts, promises, plans and events."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from ari_app.domain.account import Account
from ari_app.domain.call_result import ConversationResult, ModelSummary, PromiseToPay
from ari_app.domain.compliance import zone_of
from ari_app.domain.experiment import NO_ARMS, Arms
from ari_app.domain.result_export import RESULT_FIELDS, promise_object, result_object


def local_iso(at: datetime | None, timezone: str) -> str | None:
    """ISO 8601 with offset, on the wall clock of an IANA zone (UTC where the zone is unknown)."""
    return None if at is None else at.astimezone(zone_of(timezone) or UTC).isoformat()


#: Keys of the object of ``attempts export``, in order.
EXPORT_FIELDS: tuple[str, ...] = (
    "attempt_id",
    "campaign_id",
    "customer_id",
    "account_id",
    "bill_id",
    "phone",
    "caller_id",
    "channel",
    "attempt",
    "reserved_at",
    "dialled_at",
    "answered_at",
    "ended_at",
    "timezone",
    "sip_status",
    "q850_cause",
    "disposition",
    "talk_seconds",
    "strategy",
    "segment",
    "step",
    "trigger",
    "tone",
    "rule_pack",
    "recording",
    "transcript",
    "next_attempt_at",
    "next_attempt_reason",
    "promise",
    "recording_started_at",
    "recording_notice_at",
    "recording_notice_answer",
    "recording_seconds",
    "recording_customer_s",
    "recording_bot_s",
    "answer_verdict",
    "answer_verdict_ms",
    "replies",
    "turn_p50_ms",
    "turn_max_ms",
    "model_summary",
    *RESULT_FIELDS,
)


@dataclass(frozen=True, slots=True)
class AttemptRecord:
    """One attempt as stored; an open one has neither ``ended_at`` nor ``disposition``.

    ``number`` counts this dial of the account in the campaign from 1; ``strategy`` is the strategy's name, for a
    strategy file with ``strategy_version``, ``segment``, ``step``, its ``trigger`` and ``tone``;
    ``next_attempt_at`` what followed from it, with ``plan_reason``. ``facts`` is what wrap-up kept besides.

    The recording began at ``recording_started_at``; the customer was told of it at ``recording_notice_at`` and answered
    ``recording_notice_answer``. It lasts ``recording_seconds`` and holds so much sound on either leg. ``answer_verdict``
    is who answered, known ``answer_verdict_ms`` after the answer. ``replies`` counts spoken answers that the bot replied
    to; ``turn_p50_ms`` and ``turn_max_ms`` how long the customer waited for that after his last voice.

    ``conversation`` is what the call has yielded, None where nobody was talked to; ``promises`` are its promises, which
    attempts of before the third migration have without it. ``model_summary`` is what a language model wrote about it.
    """

    attempt_id: str
    campaign_id: str
    customer_id: str
    account_id: str
    bill_id: str
    phone: str = field(repr=False)
    caller_id: str
    channel: str
    number: int
    timezone: str
    strategy: str
    rule_pack: str
    rule_pack_version: str
    reserved_at: datetime
    dialled_at: datetime | None
    answered_at: datetime | None
    ended_at: datetime | None
    sip_status: int | None
    q850_cause: int | None
    disposition: str | None
    talk_seconds: float
    recording: str | None
    transcript: str | None
    next_attempt_at: datetime | None
    plan_reason: str | None
    promises: tuple[PromiseToPay, ...]
    conversation: ConversationResult | None
    facts: Mapping[str, object] = field(default_factory=dict, repr=False)
    recording_started_at: datetime | None = None
    recording_seconds: float | None = None
    recording_customer_s: float | None = None
    recording_bot_s: float | None = None
    recording_notice_at: datetime | None = None
    recording_notice_answer: str | None = field(default=None, repr=False)
    answer_verdict: str | None = None
    answer_verdict_ms: float | None = None
    replies: int | None = None
    turn_p50_ms: float | None = None
    turn_max_ms: float | None = None
    model_summary: ModelSummary | None = None
    arms: Arms = NO_ARMS
    strategy_version: str = ""
    segment: str = ""
    step: str = ""
    tone: str = ""
    trigger: str = ""

    @property
    def variants(self) -> Arms:
        """The arms that the attempt ran with, whether or not anybody answered."""
        return self.arms or (() if self.conversation is None else self.conversation.variants)

    @property
    def promise(self) -> PromiseToPay | None:
        """The first promise."""
        return self.promises[0] if self.promises else None

    @property
    def notice_audio(self) -> str | None:
        """Where the notice of the recording is to be heard: the file, and the second in it (W3C Media Fragments)."""
        if self.recording is None or self.recording_started_at is None or self.recording_notice_at is None:
            return self.recording
        second = max(0.0, (self.recording_notice_at - self.recording_started_at).total_seconds())
        return f"{self.recording}#t={second:.3f}"

    def to_export(self) -> dict[str, object]:
        """The object of ``attempts export``; instants are ISO 8601 with the offset of the account's time zone."""

        def iso(at: datetime | None) -> str | None:
            return local_iso(at, self.timezone)

        promise = self.promise
        return {
            "attempt_id": self.attempt_id,
            "campaign_id": self.campaign_id,
            "customer_id": self.customer_id,
            "account_id": self.account_id,
            "bill_id": self.bill_id,
            "phone": self.phone,
            "caller_id": self.caller_id,
            "channel": self.channel,
            "attempt": self.number,
            "reserved_at": iso(self.reserved_at),
            "dialled_at": iso(self.dialled_at),
            "answered_at": iso(self.answered_at),
            "ended_at": iso(self.ended_at),
            "timezone": self.timezone,
            "sip_status": self.sip_status,
            "q850_cause": self.q850_cause,
            "disposition": self.disposition,
            "talk_seconds": self.talk_seconds,
            "strategy": f"{self.strategy}/{self.strategy_version}"
            if self.strategy_version
            else self.strategy,
            "segment": self.segment or None,
            "step": self.step or None,
            "trigger": self.trigger or None,
            "tone": self.tone or None,
            "rule_pack": f"{self.rule_pack}/{self.rule_pack_version}",
            "recording": self.recording,
            "transcript": self.transcript,
            "next_attempt_at": iso(self.next_attempt_at),
            "next_attempt_reason": self.plan_reason,
            "promise": None if promise is None else promise_object(promise),
            "recording_started_at": iso(self.recording_started_at),
            "recording_notice_at": iso(self.recording_notice_at),
            "recording_notice_answer": self.recording_notice_answer,
            "recording_seconds": self.recording_seconds,
            "recording_customer_s": self.recording_customer_s,
            "recording_bot_s": self.recording_bot_s,
            "answer_verdict": self.answer_verdict,
            "answer_verdict_ms": self.answer_verdict_ms,
            "replies": self.replies,
            "turn_p50_ms": self.turn_p50_ms,
            "turn_max_ms": self.turn_max_ms,
            "model_summary": _model_summary(self.model_summary, iso),
            **result_object(self.conversation, self.promises, iso, self.notice_audio),
            "variants": dict(self.variants),
        }


def _model_summary(
    summary: ModelSummary | None, iso: Callable[[datetime], str | None]
) -> dict[str, object] | None:
    """What a language model wrote, told apart from what is known."""
    if summary is None:
        return None
    return {
        "text": summary.text,
        "key_points": list(summary.key_points),
        "model": summary.model,
        "at": iso(summary.at),
    }


@dataclass(frozen=True, slots=True)
class CustomerAccount:
    """One account of a customer in one campaign, and what is planned for it.

    ``state``: waiting, open (an attempt is under way) or done. ``planned_at`` is when the next attempt falls due;
    ``due_at`` when the dialler looks at it next, None while the refusal ``refused_by`` (a rule's name) stands.
    """

    campaign_id: str
    account: Account
    state: str
    planned_at: datetime | None
    due_at: datetime | None
    dials_made: int
    first_dialled_at: datetime | None
    last_disposition: str | None
    closed_reason: str | None
    refused_by: str | None


@dataclass(frozen=True, slots=True)
class PromiseRecord:
    """A promise with whom it concerns; ``position`` counts the promises of its call from 1."""

    attempt_id: str
    campaign_id: str
    customer_id: str
    account_id: str
    bill_id: str
    promised_at: datetime
    promise: PromiseToPay
    position: int = 1


@dataclass(frozen=True, slots=True)
class OutboxRecord:
    """An event on its way to a webhook. ``state``: pending, sent or dead."""

    id: int
    campaign_id: str
    event: str
    key: str
    created_at: datetime
    state: str
    attempts: int
    next_at: datetime | None
    payload: Mapping[str, object] = field(repr=False)
