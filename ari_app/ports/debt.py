"""What becomes of a debt, as the durable memory keeps it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Protocol

from ari_app.domain.call_result import PromiseToPay
from ari_app.domain.debt.breach import PromiseRule
from ari_app.domain.debt.ledger import EntryKind, LedgerEntry
from ari_app.domain.debt.promise import PromiseStanding, PromiseState
from ari_app.domain.debt.settlement import Settlement
from ari_app.domain.placement import FollowUp


@dataclass(frozen=True, slots=True)
class BillKey:
    """What names one bill of one customer everywhere outside the database."""

    customer_id: str
    account_id: str
    bill_id: str


@dataclass(frozen=True, slots=True)
class Movement:
    """Money (or a decision about money) to be put into a ledger. ``amount`` is positive, in ``currency``.

    ``provider`` and ``reference`` name it where it comes from: the same movement told again is recognised by them.
    ``reverses`` is the reference of the payment that a reversal takes back.
    """

    bill: BillKey
    kind: EntryKind
    amount: Decimal
    currency: str
    occurred_at: datetime
    provider: str
    reference: str
    reverses: str = ""
    source: str = field(default="", compare=False)


class Posted(StrEnum):
    """What became of a movement."""

    RECORDED = "recorded"
    REPEATED = "repeated"
    """It had been recorded before, word for word."""
    CONTRADICTED = "contradicted"
    """It had been recorded before with another amount or for another bill; the first one stays."""
    UNKNOWN_BILL = "unknown_bill"
    WRONG_CURRENCY = "wrong_currency"


@dataclass(frozen=True, slots=True)
class Posting:
    """The answer to a movement; ``entry_id`` is the payment's id here, '' where nothing was recorded."""

    result: Posted
    entry_id: str = ""
    settlement: Settlement | None = None


@dataclass(frozen=True, slots=True)
class PromiseCase:
    """A promise with the bill that it is about, where it was made (``source``) and how it is to be paid."""

    bill: BillKey
    standing: PromiseStanding
    currency: str
    source: str
    channel: str = ""


@dataclass(frozen=True, slots=True)
class NextAttempt:
    """An account of a campaign whose next attempt is planned again: the calls that its promises ask for, by time, and when
    it is asked where none of them has a place. ``seen`` tells whether something has come between."""

    campaign_account: int
    seen: int
    follow_ups: tuple[FollowUp, ...]
    otherwise: datetime


class Debts(Protocol):
    """Ledgers and promises. Every method is one transaction; the outbox gets its events in the same one."""

    async def post(self, movement: Movement, now: datetime) -> Posting:
        """Record a movement once, however often it is told, and settle the bill by it."""
        ...

    async def ledger(self, bill: BillKey) -> list[LedgerEntry]: ...

    async def promise(
        self, bill: BillKey, promises: Sequence[PromiseToPay], *, made_in: str, source: str, now: datetime
    ) -> bool:
        """Record promises that were not made in a call (``source`` page, message, agent or api). False: no such bill."""
        ...

    async def promises_of(self, customer_id: str) -> list[PromiseStanding]:
        """The promises of a customer over all his bills, as they were found last."""
        ...

    async def promise_cases(
        self, *, customer_id: str | None = None, state: PromiseState | None = None, limit: int = 500
    ) -> list[PromiseCase]:
        """The newest promises, of one customer or all, in one state or any."""
        ...

    async def promised_days(self, bill: BillKey) -> tuple[date, ...]:
        """The days that a strategy asks after (``promise-1d``, ``promise+1d``): those of the promises of the newest contact
        that are neither kept nor withdrawn."""
        ...

    async def withdraw_promises(self, bill: BillKey, why: str, now: datetime) -> None:
        """Nothing more is expected of the promises that are open."""
        ...

    async def attempts_to_replan(self, now: datetime, after: int = 0) -> list[NextAttempt]:
        """Waiting accounts (behind ``after``) whose promises came from elsewhere than a call, or are expected no more."""
        ...

    async def replan(self, wanted: NextAttempt, at: datetime) -> bool:
        """Plan an attempt for an instant. False: something has come between, it is looked at again."""
        ...

    async def judge_by(self, rule: PromiseRule) -> None:
        """From now on promises are judged by this, in every program that has this database."""
        ...

    async def move_clock(self, now: datetime) -> int:
        """Settle every bill with a promise whose day has come or gone; how many were looked at."""
        ...
