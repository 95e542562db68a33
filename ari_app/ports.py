"""What the use cases need from the outside, as protocols. Adapters implement them; ``app.py`` joins the two."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from ari_app.dialogue.model import CustomerInput, FlowStep, Fragment, Grammar
from ari_app.domain.account import Account
from ari_app.domain.attempt import CallOutcome, OpenAttempt, ReservedAttempt, Turn
from ari_app.domain.call_machine import Event
from ari_app.domain.campaign import Campaign, CampaignStatus
from ari_app.domain.compliance import ContactFacts, Decide, DialVerdict
from ari_app.domain.record import AttemptRecord, CustomerAccount, OutboxRecord, PromiseRecord
from ari_app.domain.retry import RetryDecision

# --------------------------------------------------------------------------------------------------- time


class Clock(Protocol):
    """The wall clock and a steady one. Only the laboratory may shift the wall clock."""

    def now(self) -> datetime:
        """The present instant, aware, UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds of a clock that never steps back."""
        ...


# --------------------------------------------------------------------------------------------------- telephony


@dataclass(frozen=True, slots=True)
class AriEvent:
    """One ARI event as received. ``data`` is the whole JSON object; hostile where it quotes SIP headers."""

    type: str
    channel_id: str | None
    data: Mapping[str, object] = field(repr=False)


@dataclass(frozen=True, slots=True)
class AriReply:
    """The answer to an ARI request: HTTP status and the decoded JSON body (None when empty)."""

    status: int
    body: object = field(repr=False)


class Ari(Protocol):
    """Commands and events of one Stasis application over one connection."""

    async def request(
        self,
        method: str,
        uri: str,
        *,
        params: Mapping[str, str] | None = None,
        body: Mapping[str, object] | None = None,
        timeout_s: float | None = None,
    ) -> AriReply:
        """Send one request, once. ``uri`` is relative (``channels/create``).

        Raises NotConnected (nothing was sent), RequestTimeout (unknown outcome), RequestRefused (status >= 400).
        """
        ...

    def events(self) -> AsyncIterator[AriEvent]:
        """All events from now on, in order."""
        ...


class MediaStream(Protocol):
    """The sound of one call: slin16, 16 kHz, 20 ms frames of 640 bytes each way."""

    frames_received: int
    frames_dropped: int

    async def receive(self, timeout_s: float) -> MediaEvent | None:
        """The next frame, key or mark; None when nothing came in time. Raises MediaClosed at the end."""
        ...

    async def play(self, pcm: bytes, mark: str) -> None:
        """Queue sound for playout (any even length); a MediaMark named ``mark`` comes when it has been played out."""
        ...

    async def flush(self) -> None:
        """Stop playout within one frame and forget what was queued."""
        ...

    async def close(self) -> None:
        """Close the socket; safe to call twice."""
        ...


@dataclass(frozen=True, slots=True)
class MediaFrame:
    """20 ms of the customer's sound."""

    pcm: bytes = field(repr=False)
    at: float
    """Monotonic seconds of arrival."""


@dataclass(frozen=True, slots=True)
class MediaMark:
    """Everything queued before the mark has been played out."""

    name: str
    at: float


@dataclass(frozen=True, slots=True)
class MediaKey:
    """A key the customer pressed (DTMF): ``0``-``9``, ``*``, ``#``, ``A``-``D``."""

    digit: str
    at: float


MediaEvent = MediaFrame | MediaMark | MediaKey


class CallLeg(Protocol):
    """One call in Asterisk. Registered before anything is asked, so that no event is missed."""

    @property
    def call_id(self) -> str: ...

    @property
    def media(self) -> MediaStream | None:
        """The sound of the call, once the legs are prepared; None for a call without media."""
        ...

    async def next_event(self) -> Event:
        """The next event for the call machine: PROGRESS, RINGING, ANSWERED, GONE, DESTROYED."""
        ...

    async def prepare(self, *, endpoint: str, caller_id: str, caller_name: str, with_media: bool) -> None:
        """Create the channel (no INVITE yet) and, with media, the media leg and the bridge that joins them.

        Raises TelephonyError; whatever was created is released by ``release``.
        """
        ...

    async def dial(self, timeout_s: float) -> None:
        """Send the INVITE, once. Raises RequestRefused only when Asterisk clearly refused; never call it twice."""
        ...

    async def start_recording(self, path: str) -> None:
        """Record both sides apart into ``path`` (see Recorder)."""
        ...

    async def stop_recording(self) -> None:
        """End the recording while the call goes on; raises TelephonyError."""
        ...

    async def hang_up(self, reason: str = "normal") -> None:
        """Release the customer's leg; a channel that is already gone is success."""
        ...

    async def release(self) -> None:
        """Release everything that is left of the call (legs, bridge, socket, registration); safe to call twice."""
        ...


class Telephony(Protocol):
    """The PBX."""

    def call(self, call_id: str) -> CallLeg:
        """Register a call under our own id; the channel id of the customer's leg is the same."""
        ...

    async def live_calls(self) -> frozenset[str]:
        """Ids of all calls of ours that have a channel in Asterisk now."""
        ...

    async def hang_up_orphan(self, call_id: str) -> None:
        """Release a call that nobody owns any more (found at start)."""
        ...

    def on_reconnect(self, callback: Callable[[], None]) -> None:
        """Call ``callback`` each time the connection has been re-established."""
        ...

    @property
    def connected(self) -> bool:
        """Whether commands can be sent now."""
        ...


@dataclass(frozen=True, slots=True)
class RecordingCheck:
    """A finished stereo recording: left the customer, right the bot. Seconds of sound above -50 dBFS on each side."""

    path: str
    seconds: float
    customer_seconds: float
    bot_seconds: float


class Recorder(Protocol):
    """Recordings, two legs apart."""

    async def start(self, channel_id: str, attempt_id: str) -> None:
        """Begin recording a channel; raises TelephonyError."""
        ...

    async def stop(self, channel_id: str) -> None:
        """End the recording of a channel that goes on (the customer refused); raises TelephonyError."""
        ...

    async def finish(self, attempt_id: str) -> RecordingCheck | None:
        """Join the two legs into one stereo WAV once the channel is gone; None when nothing was recorded."""
        ...


# --------------------------------------------------------------------------------------------------- speech


@dataclass(frozen=True, slots=True)
class Transcript:
    """What a recogniser heard: text as it returns it, confidence 0 to 1, the engine's name."""

    text: str = field(repr=False)
    confidence: float
    engine: str


class RecognitionStream(Protocol):
    """One utterance on its way through a recogniser."""

    def feed(self, pcm: bytes) -> None:
        """Add slin16 sound (16 kHz); returns at once."""
        ...

    async def result(self, timeout_s: float) -> Transcript:
        """End the utterance and get its text (empty when nothing was understood). Raises SpeechError, TimeoutError."""
        ...

    def cancel(self) -> None:
        """Throw the utterance away."""
        ...


class Recogniser(Protocol):
    """A speech recogniser."""

    name: str

    def supports(self, language: str) -> bool:
        """Whether it can hear this language here and now (model present)."""
        ...

    def open(self, grammar: Grammar) -> RecognitionStream:
        """Begin an utterance."""
        ...

    async def warm_up(self, timeout_s: float) -> None:
        """Load models now, so that the first utterance does not wait for it. Raises SpeechError, TimeoutError."""
        ...

    async def close(self) -> None:
        """Release workers and models."""
        ...


class Voice(Protocol):
    """A text-to-speech voice."""

    name: str
    online: bool

    def supports(self, language: str) -> bool: ...

    async def synthesise(self, text: str, language: str) -> bytes:
        """slin16 PCM (16 kHz mono) of a text; raises SpeechError when it cannot."""
        ...


class Prompts(Protocol):
    """Rendered prompts, content-addressed."""

    async def prepare(self, fragments: Iterable[Fragment]) -> None:
        """Render what is not in the cache yet; raises SpeechError when a fragment cannot be had."""
        ...

    async def pcm(self, fragments: Sequence[Fragment]) -> bytes:
        """slin16 sound of the fragments, joined; from the cache where it is there."""
        ...


# --------------------------------------------------------------------------------------------------- dialogue


class Dialogue(Protocol):
    """One conversation of one flow; pure inside."""

    def start(self, now: datetime) -> FlowStep: ...

    def answer(self, given: CustomerInput, now: datetime) -> FlowStep: ...

    def hung_up(self) -> FlowStep:
        """The customer hung up: the result so far (its ``result`` is set)."""
        ...


class Flows(Protocol):
    """The flows that operators wrote, as last read without error."""

    def open(self, name: str, account: Account) -> Dialogue:
        """Begin a conversation; raises ConfigError for an unknown flow or language."""
        ...

    def prompts(self, name: str, account: Account, now: datetime) -> tuple[Fragment, ...]:
        """Every fragment that a call to this account may need and that is known before dialling."""
        ...


# --------------------------------------------------------------------------------------------------- store


@dataclass(frozen=True, slots=True)
class LoadCount:
    """What a load changed."""

    added: int
    updated: int
    unchanged: int


@dataclass(frozen=True, slots=True)
class OutboxEvent:
    """An event for a webhook, written in the same transaction as what it tells. ``key`` makes it idempotent."""

    event: str
    key: str
    payload: Mapping[str, object] = field(repr=False)


@dataclass(frozen=True, slots=True)
class AttemptHistory:
    """What the retry decision needs of one account in one campaign."""

    first_dialled_at: datetime | None
    dials_made: int
    campaign: Campaign
    account: Account


@dataclass(frozen=True, slots=True)
class CampaignCount:
    """How far a campaign is: accounts by state."""

    accounts: int
    waiting: int
    due_now: int
    open_attempts: int
    done: int
    next_due_at: datetime | None
    dispositions: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class VerdictRecord:
    """A stored verdict. ``asked`` is 'plan' or 'dial'; ``count`` refusals with the same words came up to ``last_at``."""

    at: datetime
    campaign_id: str
    customer_id: str
    asked: str
    verdict: DialVerdict
    attempt_id: str | None
    last_at: datetime
    count: int


class Store(Protocol):
    """The durable memory: one writer, every method one transaction. All instants are aware UTC."""

    async def put_campaign(self, campaign: Campaign) -> bool:
        """Add or replace a campaign; False when the same one is already there unchanged.

        Putting never starts a campaign that was paused or finished; ``set_campaign_status`` does.
        """
        ...

    async def campaign(self, campaign_id: str) -> Campaign | None: ...

    async def campaigns(self) -> list[Campaign]: ...

    async def set_campaign_status(self, campaign_id: str, status: CampaignStatus) -> bool:
        """False when there is no such campaign or it has this status already."""
        ...

    async def campaign_count(self, campaign_id: str, now: datetime) -> CampaignCount: ...

    async def load_accounts(self, campaign_id: str, accounts: Sequence[Account], now: datetime) -> LoadCount:
        """Add accounts to a campaign (all or none of the given batch); the same row again changes nothing."""
        ...

    async def add_do_not_contact(
        self, phone_or_customer: str, source: str, now: datetime, expires: datetime | None = None
    ) -> bool:
        """Forbid a phone (E.164) or a customer id, for good or until ``expires``; False when it already is, as long."""
        ...

    async def remove_do_not_contact(self, phone_or_customer: str) -> bool:
        """Allow again; False when it was not on the list."""
        ...

    async def do_not_contact(self) -> Mapping[str, str]:
        """The list: phone or customer id, and where the entry came from."""
        ...

    async def dead_numbers(self) -> Mapping[str, str]:
        """Numbers never to be dialled again, and the disposition that said so."""
        ...

    async def claim_due(
        self, campaign_id: str, now: datetime, limit: int, decide: Decide, new_id: Callable[[], str]
    ) -> list[ReservedAttempt]:
        """Reserve up to ``limit`` attempts for accounts that are due, in one transaction.

        For every candidate ``decide`` is asked; its verdict is stored either way. Allowed: an open attempt is
        inserted (the database refuses a second one for the same customer). Refused: the account's next time becomes
        ``verdict.until``, or none for a standing refusal, until something changes (the campaign, the account, the
        do-not-contact list, the customer's open attempt). One call examines a bounded number of accounts: fewer than
        ``limit`` attempts while ``next_due_at`` is not later than ``now`` means that there is more to examine.
        """
        ...

    async def next_due_at(self, campaign_id: str) -> datetime | None: ...

    async def mark_dialled(self, attempt_id: str, now: datetime, decide: Decide) -> DialVerdict:
        """The last gate: ask again, store the verdict and, when allowed, record the dial. Nothing was sent before.

        Raises StoreError for an attempt that is closed, already dialled or unknown, and when nothing could be written:
        then no INVITE may leave.
        """
        ...

    async def close_attempt(
        self,
        outcome: CallOutcome,
        plan: Callable[[AttemptHistory], RetryDecision],
        events: Callable[[AttemptHistory], Sequence[OutboxEvent]],
    ) -> RetryDecision | None:
        """Close an attempt with its disposition, plan the next, write transcript, promise and outbox: one transaction.

        None when the attempt was already closed (closing twice changes nothing).
        """
        ...

    async def open_attempts(self) -> list[OpenAttempt]: ...

    async def history(self, attempt_id: str) -> AttemptHistory | None: ...

    async def contact_facts(self, customer_id: str, now: datetime) -> list[ContactFacts]:
        """The facts of every account of a customer, one entry for each campaign and account, for ``explain``."""
        ...

    async def customer_accounts(self, customer_id: str) -> list[CustomerAccount]:
        """What is planned for a customer, in the order of ``contact_facts``."""
        ...

    async def attempts(
        self, campaign_id: str | None = None, customer_id: str | None = None
    ) -> list[AttemptRecord]:
        """Attempts in order of reservation, open ones included."""
        ...

    def iter_attempts(
        self, campaign_id: str | None = None, customer_id: str | None = None
    ) -> AsyncIterator[AttemptRecord]:
        """The same, read page by page, for tables that do not fit into memory."""
        ...

    async def verdicts(self, customer_id: str) -> list[VerdictRecord]:
        """Every answer of the gate for a customer, oldest first."""
        ...

    async def promises(self) -> list[PromiseRecord]: ...

    async def turns(self, attempt_id: str) -> list[Turn]:
        """The transcript of an attempt."""
        ...

    async def outbox(self, state: str | None = None) -> list[OutboxRecord]:
        """Events for webhooks, oldest first; ``state`` pending, sent or dead."""
        ...

    async def close(self) -> None: ...
