"""Payments: links to the page, providers that take money, and what they tell of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Protocol

from ari_app.domain.account import Account
from ari_app.domain.debt.ledger import Balance, EntryKind
from ari_app.domain.debt.promise import PromiseStanding
from ari_app.domain.payments.link import LinkRefusal, LinkStanding, Purpose
from ari_app.domain.payments.notice import NoticeKind, NoticeReason, NoticeState
from ari_app.errors import AriAppError
from ari_app.ports.debt import BillKey
from ari_app.ports.disputes import OpenedDispute


class PaymentLinks(Protocol):
    """Makes the links that go out in messages and on paper."""

    async def link_for(self, bill: BillKey, now: datetime) -> str | None:
        """The address of the page of a bill; None where there is no such bill.

        The same link is given out again while at least half of its life is left.
        """
        ...


@dataclass(frozen=True, slots=True)
class LinkRecord:
    """A link as the store keeps it. The token is made of it and of a key, and stands nowhere."""

    link_id: str
    bill: BillKey
    purpose: Purpose
    created_at: datetime
    standing: LinkStanding


class PageAct(StrEnum):
    """What a customer has done on the page."""

    OPENED = "opened"
    """Answered the question rightly."""
    FAILED = "failed"
    """Answered it wrongly."""
    ORDERED = "ordered"
    PROMISED = "promised"
    OBJECTED = "objected"
    OPTED_OUT = "opted_out"


@dataclass(frozen=True, slots=True)
class Objection:
    """What a customer objects to on the page; ``made_in`` names the form that he has sent."""

    category: str
    made_in: str
    description: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class PageBill:
    """What the page shows of a bill, read at one moment."""

    account: Account
    balance: Balance
    settled_at: datetime | None
    promises: Sequence[PromiseStanding] = ()
    disputed: bool = False


@dataclass(frozen=True, slots=True)
class PageActRecord:
    """An act with its link; ``subject`` is what came of it: an order, a promise, a dispute."""

    link_id: str
    act: PageAct
    subject: str
    at: datetime


@dataclass(frozen=True, slots=True)
class PaymentOrder:
    """An order at a provider: its number there leads back to the bill. ``amount`` is what the customer was asked for."""

    order_no: str
    bill: BillKey
    provider: str
    method: str
    amount: Decimal
    currency: str
    created_at: datetime
    expires_at: datetime
    address: str = field(default="", repr=False)
    """Where the customer pays: an address to go to, or what a QR code holds."""
    link_id: str = ""


@dataclass(frozen=True, slots=True)
class OrderRequest:
    """What a provider needs to take money. ``payer`` is whom the provider knows (WeChat: openid), ``payer_address`` the
    IP address of his device, ``come_back`` where he is led to afterwards."""

    order_no: str
    amount: Decimal
    currency: str
    subject: str
    expires_at: datetime
    method: str
    payer: str = ""
    payer_address: str = ""
    come_back: str = ""


class ProviderError(AriAppError):
    """A provider did not take an order; its text quotes nothing of a customer."""


class CallbackRefused(AriAppError):
    """A callback is not what its provider would send: its text says why, and quotes nothing of it."""


@dataclass(frozen=True, slots=True)
class Notice:
    """A verified word of a provider. ``amount`` is positive, None where no money moved.

    ``event_id`` names the notice there, ``reference`` the payment or the refund, ``reverses`` the payment that a refund
    takes back. ``total``: the amount is what was taken back of the payment so far, with earlier refunds. ``order_no`` or
    ``bill`` lead to the bill.
    """

    provider: str
    event_id: str
    kind: NoticeKind
    amount: Decimal | None = None
    currency: str = ""
    occurred_at: datetime | None = None
    reference: str = ""
    reverses: str = ""
    order_no: str = ""
    bill: BillKey | None = None
    total: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """What a provider wants to read."""

    status: int
    media_type: str = "text/plain"
    body: str = ""


class PaymentProvider(Protocol):
    """A provider of payments. Every method is safe for whatever the network sends."""

    @property
    def name(self) -> str: ...

    @property
    def methods(self) -> Sequence[str]:
        """The ways to pay that the page offers, such as ``h5`` and ``native``; none: it only calls back."""
        ...

    async def order(self, request: OrderRequest, now: datetime) -> str:
        """Where the customer pays: an address, or the content of a QR code. Raises ProviderError."""
        ...

    def read(self, headers: Mapping[str, str], body: bytes, now: datetime) -> Notice:
        """Verify a callback and take it apart; header names are in lower case. Raises CallbackRefused."""
        ...

    def accepted(self) -> Answer:
        """The answer after which it tells this no more."""
        ...

    def refused(self, status: int) -> Answer:
        """The answer after which it tells this again (or, for one that is not its own, need not)."""
        ...


@dataclass(frozen=True, slots=True)
class NoticeRecord:
    """A notice in the inbox. ``seq`` names it in commands; ``deliveries`` counts how often it came."""

    seq: int
    notice: Notice
    state: NoticeState
    reason: NoticeReason
    received_at: datetime
    decided_at: datetime
    deliveries: int
    entry_id: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class PaymentRecord:
    """A movement of a ledger with the bill that it belongs to."""

    seq: int
    entry_id: str
    bill: BillKey
    kind: EntryKind
    amount: Decimal
    currency: str
    at: datetime
    occurred_at: datetime
    provider: str
    reference: str
    reverses: str
    source: str


class Payments(Protocol):
    """Links, orders and the inbox of notices. Every method is one transaction."""

    async def link(self, bill: BillKey, fresh: LinkRecord, now: datetime) -> LinkRecord | None:
        """The newest link of a bill that has half of its life left, else ``fresh``, recorded; None: no such bill."""
        ...

    async def find_link(self, link_id: str) -> LinkRecord | None: ...

    async def account_of_link(self, link_id: str) -> Account | None:
        """The account of a link, for its masked name and its language; nothing of it is shown before the question."""
        ...

    async def revoke_links(self, bill: BillKey, why: str, now: datetime) -> int:
        """Every link of a bill that is still good; how many."""
        ...

    async def answer_question(self, link_id: str, digits: str, now: datetime) -> LinkRefusal | bool:
        """Answer the question of the page: True rightly, False wrongly; a refusal where the link is not good."""
        ...

    async def page_bill(self, link_id: str, now: datetime) -> PageBill | None:
        """What the page shows, where the link is good for one who has answered its question."""
        ...

    async def promise_later(
        self, link_id: str, amount: Decimal, day: date, made_in: str, now: datetime
    ) -> str | None:
        """A promise made on the page, with its act; its id, None where the link is not good or less is owed."""
        ...

    async def opt_out(self, link_id: str, now: datetime) -> bool:
        """The customer wants to be left alone, with its act; False where the link is not good."""
        ...

    async def object_to(self, link_id: str, claim: Objection, now: datetime) -> OpenedDispute | None:
        """Open a dispute about the bill, with its act; None where the link is not good."""
        ...

    async def acts_of(self, customer_id: str) -> list[PageActRecord]: ...

    async def add_order(self, order: PaymentOrder, now: datetime) -> bool:
        """Record an order with its act. False where its number is taken, too many were begun in a day, or there is no
        such bill in this currency."""
        ...

    async def place_order(self, order_no: str, address: str) -> None:
        """The provider has taken it: where the customer pays."""
        ...

    async def find_order(self, order_no: str) -> PaymentOrder | None: ...

    async def take(self, notice: Notice, body: bytes, now: datetime, source: str) -> NoticeRecord:
        """Keep a notice and apply it, in one transaction; told again, it is found and counted."""
        ...

    async def take_all(self, notices: Sequence[Notice], now: datetime, source: str) -> list[NoticeRecord]:
        """The rows of a file, each as a notice, in one transaction."""
        ...

    async def notices(self, state: NoticeState | None = None, limit: int = 100) -> list[NoticeRecord]:
        """The newest first."""
        ...

    async def match(self, seq: int, bill: BillKey, by: str, now: datetime) -> NoticeRecord | None:
        """A person says whose payment it is; None where no such notice is unmatched."""
        ...

    async def refuse(self, seq: int, by: str, why: str, now: datetime) -> NoticeRecord | None:
        """A person says that it is none of ours; None where no such notice is unmatched."""
        ...

    async def retry_unmatched(self, now: datetime) -> int:
        """Ask the unmatched again whose bill is known by now; how many there were."""
        ...

    async def records(
        self, provider: str, since: datetime, until: datetime, after: int, limit: int
    ) -> list[PaymentRecord]:
        """Payments and reversals of a provider that happened in [since, until), in the order of that and of ``seq``.

        ``after`` is 0 for the first page; the next one begins with ``occurred_at`` and ``seq`` of the last record."""
        ...

    async def records_named(self, provider: str, references: Sequence[str]) -> list[PaymentRecord]: ...

    async def records_of(
        self, customer_id: str | None, kind: EntryKind | None, limit: int
    ) -> list[PaymentRecord]:
        """The newest movements of all kinds, of one customer or of all."""
        ...

    async def records_called(self, name: str) -> list[PaymentRecord]:
        """The movements of this id, or of this reference at any provider."""
        ...

    async def notices_of(self, entry_id: str) -> list[NoticeRecord]:
        """What was told of a movement."""
        ...
