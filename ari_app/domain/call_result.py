"""What a call has yielded, in the words of the trade: plan, dispute, consent, summary (requirements A5 to A11)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, time
from decimal import Decimal
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class PromiseToPay:
    """A promise as heard and read back (requirement A6)."""

    amount: Decimal
    date: str
    currency: str = "CNY"
    channel: str = ""
    confidence: float = 1.0


class PlanKind(StrEnum):
    """How a debt is to be paid otherwise than at once."""

    INSTALLMENT = "installment"
    DEFERRAL = "deferral"
    WAIVER = "waiver"


@dataclass(frozen=True, slots=True)
class PlanRequest:
    """A plan that the customer asked for and confirmed; it holds once somebody with the right to do so has approved it.

    ``periods`` monthly payments of ``monthly``, the last one ``last``, from ``first_date`` on; ``fee`` is contained in
    ``total``. For a deferral ``until`` is the day to which payment is put off, for a waiver ``waived`` what is asked for.
    Amounts have two decimal places in ``currency``. ``approver`` is empty while nobody has decided.
    """

    kind: PlanKind
    currency: str = "CNY"
    periods: int = 0
    monthly: Decimal | None = None
    last: Decimal | None = None
    fee: Decimal | None = None
    total: Decimal | None = None
    first_date: date | None = None
    until: date | None = None
    waived: Decimal | None = None
    approver: str = ""
    confidence: float = 1.0


@dataclass(frozen=True, slots=True)
class DisputeClaim:
    """What the customer objects to. ``category`` is meter, bill, service or other; ``description`` in his words;
    ``evidence`` what he says he can send; ``answer_days`` working days within which he was promised an answer;
    ``status`` is open until somebody has answered, then closed."""

    category: str
    description: str = field(default="", repr=False)
    evidence: tuple[str, ...] = ()
    answer_days: int = 3
    confidence: float = 1.0
    status: str = "open"


@dataclass(frozen=True, slots=True)
class Consent:
    """The recording notice and what the customer made of it. ``version`` names the wording: flow, version, language;
    ``audio_s`` is where the notice stands in the recording, in seconds of call time (filled by wrap-up)."""

    given: bool
    at: datetime
    version: str
    audio_s: float | None = None


@dataclass(frozen=True, slots=True)
class Callback:
    """When the customer wants to be called: a day, a time in his zone, both or neither ('later')."""

    day: date | None = None
    at: time | None = None


@dataclass(frozen=True, slots=True)
class CallSummary:
    """A call in short. ``risk_level`` is L, M or H; ``next_action`` a word of ``NEXT_ACTIONS``."""

    key_points: tuple[str, ...] = field(default=(), repr=False)
    text: str = field(default="", repr=False)
    risk_level: str = "M"
    next_action: str = "none"


@dataclass(frozen=True, slots=True)
class ModelSummary:
    """What a language model wrote about a call, beside the summary of the rules and never instead: to be read with care.

    ``model`` is its name, ``at`` when it was kept.
    """

    text: str = field(repr=False)
    key_points: tuple[str, ...] = field(repr=False)
    model: str
    at: datetime


#: What somebody or something has to do after a call.
NEXT_ACTIONS: tuple[str, ...] = (
    "none",
    "await_payment",
    "verify_payment",
    "approve_plan",
    "review_dispute",
    "call_back",
    "human_contact",
    "send_message",
    "correct_number",
    "stop_contact",
    "retry",
)


@dataclass(frozen=True, slots=True)
class ReviewField:
    """A value that a person has to look at before it counts, and why (requirement E30)."""

    name: str
    value: str = field(repr=False)
    confidence: float = 0.0
    reason: str = "low_confidence"


@dataclass(frozen=True, slots=True)
class ConversationResult:
    """How a conversation ended, and what it has yielded.

    ``result`` is a key of the disposition table (promise_to_pay, already_paid, disputed, refused, wrong_person,
    not_verified, informed, no_input, callback, recording_refused, stop_calling, ...). ``coverage`` names the script
    elements that were spoken to the end (``script_coverage.ELEMENTS``); ``cut_short`` those that were begun only, because
    the customer interrupted; ``required`` those that the flow asks of a call that gets so far (empty: the usual ones).
    ``promises`` are in the order of their dates. ``transfer_reason`` is why a person is wanted;
    ``message`` the template of a message to be sent; ``reasons`` why the customer has not paid, as he says; ``variants``
    the wording that he was given, by experiment; ``review`` what a person has to look at before it counts.
    """

    result: str
    verified: bool = False
    promises: tuple[PromiseToPay, ...] = ()
    plan: PlanRequest | None = None
    dispute: DisputeClaim | None = None
    callback: Callback | None = None
    consent: Consent | None = None
    transfer_reason: str = ""
    message: str = ""
    intents: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()
    coverage: tuple[str, ...] = ()
    variants: tuple[tuple[str, str], ...] = ()
    review: tuple[ReviewField, ...] = ()
    summary: CallSummary = CallSummary()
    language: str = ""
    upset: bool = False
    do_not_contact: bool = False
    cut_short: tuple[str, ...] = ()
    required: tuple[str, ...] = ()

    @property
    def promise(self) -> PromiseToPay | None:
        """The first promise."""
        return self.promises[0] if self.promises else None
