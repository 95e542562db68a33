"""Messages to customers: the channels that carry them, and what the durable memory keeps of them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Protocol

from ari_app.domain.account import Account
from ari_app.domain.compliance import Decide, DialVerdict
from ari_app.domain.messages.message import MessageState, Origin, Purpose
from ari_app.ports.debt import BillKey

# ---------------------------------------------------------------------------------------------- channels


@dataclass(frozen=True, slots=True)
class Letter:
    """What is handed to a provider. ``message_id`` is the key under which it may recognise the same message again."""

    message_id: str
    channel: str
    contact: str = field(repr=False)
    text: str = field(repr=False)
    subject: str = field(default="", repr=False)
    language: str = "zh"
    template: str = ""
    variant: str = ""
    parts: int = 1


class Handed(StrEnum):
    """What became of handing a message over."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"
    """It has not left and will not, by this channel."""
    BUSY = "busy"
    """It has not left; later it may."""
    UNKNOWN = "unknown"
    """It may have left."""


@dataclass(frozen=True, slots=True)
class SendResult:
    """The answer of a provider: ``reference`` is its name for the message, ``detail`` its words (nothing of a customer).

    ``bad_address``: the address is none that can be written to. ``wait_s`` is how long it wants to be left alone.
    """

    handed: Handed
    reference: str = ""
    detail: str = ""
    bad_address: bool = False
    wait_s: float | None = None


class MessageChannel(Protocol):
    """A way to send messages over one channel.

    ``provider`` is its name in receipts; ``recognises``: it takes the same ``message_id`` once only, so that a message of
    unknown outcome may be handed over again; ``tells``: receipts come, so that one without any is told apart.
    """

    channel: str
    provider: str
    recognises: bool
    tells: bool

    async def send(self, letter: Letter) -> SendResult:
        """Hand a message over. Never raises for what the network or the provider does."""
        ...

    async def close(self) -> None: ...


# ---------------------------------------------------------------------------------------------- the durable memory


@dataclass(frozen=True, slots=True)
class ReservedMessage:
    """A message that the rules allow, before it has words. ``reach`` are the channels that can be used, in their order,
    with the customer's address of each. ``promised`` is the next open promise: its day and its amount."""

    message_id: str
    campaign_id: str
    account: Account
    template: str
    purpose: Purpose
    language: str
    reach: tuple[tuple[str, str], ...] = field(repr=False)
    rule_pack: str = ""
    values: Mapping[str, str] = field(default_factory=dict, repr=False)
    promised: tuple[date, Decimal] | None = None

    @property
    def bill(self) -> BillKey:
        return BillKey(self.account.customer_id, self.account.account_id, self.account.bill_id)


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a provider says of a message it has taken: ``status`` sent, delivered or failed.

    ``bounced``: the address is none. ``message_id`` where the provider gives back our own key.
    """

    provider: str
    reference: str
    status: str
    at: datetime
    detail: str = ""
    bounced: bool = False
    message_id: str = ""


@dataclass(frozen=True, slots=True)
class Reply:
    """What somebody has written to us. ``reference`` names it at the provider, so that it counts once."""

    provider: str
    reference: str
    channel: str
    contact: str = field(repr=False)
    text: str = field(repr=False)
    at: datetime


class ReplyAction(StrEnum):
    """What is done about a reply by itself."""

    OPT_OUT = "opt_out"
    """No more messages and calls."""
    OPT_OUT_CHANNEL = "opt_out_channel"
    """No more messages of this kind; others and calls go on."""
    CALL_BACK = "call_back"
    DISPUTE = "dispute"
    PAID = "paid"
    LINK = "link"
    NONE = "none"
    """Nothing has to be done (thanks, an automatic answer)."""
    WAITS = "waits"
    """Waits for a person."""


@dataclass(frozen=True, slots=True)
class ReplyDecision:
    """What a reply means (``understood``: its intent), and what is done. ``call_at`` for a call that was asked for."""

    action: ReplyAction
    understood: str
    call_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Sender:
    """Who wrote, as far as it is known; ``customer_id`` '' where nobody has this address."""

    customer_id: str = ""
    message_id: str = ""
    language: str = "zh"
    timezone: str = "Asia/Shanghai"


@dataclass(frozen=True, slots=True)
class MessageRecord:
    """A message as it is shown."""

    message_id: str
    campaign_id: str
    customer_id: str
    account_id: str
    bill_id: str
    origin: Origin
    purpose: Purpose
    template: str
    variant: str
    language: str
    step: str
    trial: int
    state: MessageState
    state_at: datetime
    planned_at: datetime
    due_at: datetime | None
    contact_at: datetime | None
    latest_at: datetime
    channel: str
    contact: str = field(repr=False)
    subject: str = field(repr=False)
    text: str = field(repr=False)
    parts: int
    provider: str
    reference: str
    rule: str
    why: str
    tries: int


@dataclass(frozen=True, slots=True)
class ReplyRecord:
    """A reply as it is shown."""

    reply_id: str
    at: datetime
    channel: str
    contact: str = field(repr=False)
    customer_id: str
    message_id: str
    text: str = field(repr=False)
    understood: str
    done: ReplyAction
    handled_at: datetime | None
    handled_by: str


@dataclass(frozen=True, slots=True)
class Occasion:
    """A message that follows an event by itself: which template, and after how many of them (``call.unanswered``)."""

    template: str
    notice: bool = False
    times: int = 1


class Messages(Protocol):
    """Every method is one transaction; the outbox gets its events in the same one."""

    async def open_channels(
        self, channels: Mapping[str, str], occasions: Mapping[str, Occasion], now: datetime
    ) -> bool:
        """What this controller can send over (channel to provider), and what makes messages; whether that is new."""
        ...

    async def plan_steps(self, now: datetime, limit: int) -> int:
        """Plan the message steps that have come due of at most ``limit`` accounts; how many were looked at."""
        ...

    async def look_again(self) -> None:
        """Every account is looked at anew: a strategy file has changed."""
        ...

    async def plan(
        self,
        bill: BillKey,
        template: str,
        *,
        occasion: str,
        purpose: Purpose,
        origin: Origin,
        now: datetime,
        values: Mapping[str, str] | None = None,
        channels: Sequence[str] = (),
    ) -> str | None:
        """Plan a message about a bill once for its ``occasion``; its id, None where there is no such bill in a campaign.

        Planned before, its id of then.
        """
        ...

    async def claim(self, now: datetime, limit: int, decide: Decide) -> list[ReservedMessage]:
        """Reserve messages that have come due and that the rules allow; the others wait, or are suppressed."""
        ...

    async def begin(self, letter: Letter, provider: str, now: datetime, decide: Decide) -> DialVerdict:
        """Ask the rules once more and write down that the message may leave from now on. Only if allowed it is sent.

        Raises StoreError for a message that is not reserved: one is sent once.
        """
        ...

    async def unfit(self, message_id: str, why: str, now: datetime) -> None:
        """There are no words or no address for it."""
        ...

    async def handed(self, message_id: str, result: SendResult, now: datetime) -> MessageState:
        """What became of handing it over."""
        ...

    async def recover(
        self, now: datetime, since: datetime, recognising: Collection[str], telling: Collection[str]
    ) -> list[Letter]:
        """Take up what a crash has left: reserved before ``since`` is planned again, what was being sent is unknown now.

        Returns what may be handed over again, its outcome unknown, because its provider (``recognising``) knows it by
        its id. What has waited too long for a receipt of a provider that sends some (``telling``) expires.
        """
        ...

    async def receipt(self, receipt: Receipt, now: datetime) -> bool:
        """Keep a receipt once and move its message; whether it was new. One that comes before its message waits for it."""
        ...

    async def sender(self, channel: str, contact: str) -> Sender: ...

    async def reply(self, reply: Reply, decision: ReplyDecision, now: datetime) -> bool:
        """Keep a reply once, and do what was decided; whether it was new."""
        ...

    async def handle_reply(self, reply_id: str, by: str, now: datetime) -> bool:
        """Somebody has looked at it."""
        ...

    async def replies(self, *, waiting: bool = False, limit: int = 100) -> list[ReplyRecord]: ...

    async def messages(
        self, *, customer_id: str = "", state: MessageState | None = None, limit: int = 100
    ) -> list[MessageRecord]: ...

    async def message(self, message_id: str) -> MessageRecord | None: ...

    async def resend(self, message_id: str, now: datetime) -> str | None:
        """Plan a message again that has failed or expired without leaving; the id of the new try, None where it may not."""
        ...

    async def mark_address(
        self, channel: str, contact: str, why: str | None, source: str, now: datetime
    ) -> bool:
        """Send nothing to an address (``why`` bounced or refused), or send to it again (None)."""
        ...

    async def counts(self, since: datetime) -> Mapping[str, int]:
        """How many messages have come into their state since then; ``suppressed_RULE`` of those that a rule refused."""
        ...
