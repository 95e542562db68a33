"""What becomes of a provider's notice: one literal table of states."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class NoticeKind(StrEnum):
    """What a provider tells of."""

    PAYMENT = "payment"
    """Money has arrived."""
    REVERSAL = "reversal"
    """Money has gone back: a refund, a charge-back, a failed debit."""
    OTHER = "other"
    """Nothing that moves money, such as an order that was closed."""


class NoticeState(StrEnum):
    """Where a notice stands."""

    RECEIVED = "received"
    """Kept; it moves no money."""
    APPLIED = "applied"
    """In the ledger."""
    REFUSED = "refused"
    """Never to be applied: it contradicts what was told before, or a person has said so."""
    UNMATCHED = "unmatched"
    """Waits for its bill: asked again after each list, and shown to a person."""


#: What may follow what. What is applied or refused stays so.
NEXT: Mapping[NoticeState, frozenset[NoticeState]] = {
    NoticeState.RECEIVED: frozenset({NoticeState.APPLIED, NoticeState.REFUSED, NoticeState.UNMATCHED}),
    NoticeState.UNMATCHED: frozenset({NoticeState.APPLIED, NoticeState.REFUSED}),
    NoticeState.APPLIED: frozenset(),
    NoticeState.REFUSED: frozenset(),
}


class NoticeReason(StrEnum):
    """Why a notice stands where it stands."""

    RECORDED = "recorded"
    REPEATED = "repeated"
    """The payment had been told before, by another notice or a file."""
    ALREADY_TAKEN_BACK = "already_taken_back"
    """The sum of refunds that it tells is contained in those that are known."""
    NOTHING_MOVED = "nothing_moved"
    UNKNOWN_BILL = "unknown_bill"
    WRONG_CURRENCY = "wrong_currency"
    CONTRADICTS = "contradicts"
    """The same payment (or the same notice) was told before with another amount or for another bill."""
    BY_A_PERSON = "by_a_person"


def may_follow(before: NoticeState, after: NoticeState) -> bool:
    """Whether a notice may go from one state to another."""
    return after in NEXT[before]
