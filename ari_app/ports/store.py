"""The durable memory."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Protocol

from ari_app.domain.abandonment import WindowCounts
from ari_app.domain.account import Account
from ari_app.domain.account_assessment import AccountAssessment
from ari_app.domain.arm_report import ArmCount, AssignedArm, GroupedBy
from ari_app.domain.attempt import CallOutcome, OpenAttempt, ReservedAttempt, Turn
from ari_app.domain.call_order import DayPart, Tries
from ari_app.domain.call_result import ModelSummary
from ari_app.domain.campaign import Campaign, CampaignStatus
from ari_app.domain.compliance import ContactFacts, Decide, DialVerdict
from ari_app.domain.contact_facts import Flag, ListKind
from ari_app.domain.experiment import NO_ARMS, Arms, Experiment
from ari_app.domain.placement import FollowUp
from ari_app.domain.record import AttemptRecord, CustomerAccount, OutboxRecord, PromiseRecord
from ari_app.domain.retry import RetryDecision
from ari_app.domain.strategy_book import Role


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
    """What the retry decision and the events need of one account; ``arms`` are those of the attempt.

    ``first_dialled_at`` and ``dials_made`` are the customer's in this campaign, over all his accounts.
    ``other_number``: beside the number of the attempt the customer has one that may be dialled. By a strategy file the
    dials are those of the attempt's step; ``next_step_at`` is when the next call step falls due, ``follow_ups`` are the
    calls that it wants after a promise made in this call, by time; last of all the next one of its other steps.
    """

    first_dialled_at: datetime | None
    dials_made: int
    campaign: Campaign
    account: Account
    arms: Arms = NO_ARMS
    other_number: bool = False
    next_step_at: datetime | None = None
    follow_ups: tuple[FollowUp, ...] = ()


@dataclass(frozen=True, slots=True)
class CampaignCount:
    """How far a campaign is: accounts by state, and how it was answered in each part of the day, as counted last night."""

    accounts: int
    waiting: int
    due_now: int
    open_attempts: int
    done: int
    next_due_at: datetime | None
    dispositions: Mapping[str, int] = field(default_factory=dict)
    answers: Mapping[DayPart, Tries] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class VerdictRecord:
    """A stored verdict. ``asked`` is 'plan' or 'dial'; ``count`` refusals with the same words came up to ``last_at``.

    ``channel`` is call, or that of a message (message while none is chosen); ``attempt_id`` is the message then.
    """

    at: datetime
    campaign_id: str
    customer_id: str
    asked: str
    verdict: DialVerdict
    attempt_id: str | None
    last_at: datetime
    count: int
    channel: str = "call"


@dataclass(frozen=True, slots=True)
class ListRecord:
    """An entry of a list as stored; ``expires_at`` None: for good. ``contact`` is a phone or a customer id."""

    contact: str
    kind: ListKind
    source: str
    reason: str
    added_at: datetime
    expires_at: datetime | None

    def in_force(self, now: datetime) -> bool:
        """Whether it has not lapsed."""
        return self.expires_at is None or self.expires_at > now


@dataclass(frozen=True, slots=True)
class AssessmentRecord:
    """What was worked out of one account, as stored, and when."""

    assessment: AccountAssessment
    due_date: date
    at: datetime


@dataclass(frozen=True, slots=True)
class FlagRecord:
    """A flag of a customer (``account_id`` '') or of one account, as stored; cleared ones included."""

    flag: Flag
    account_id: str
    source: str
    attempt_id: str | None
    set_at: datetime
    cleared_at: datetime | None
    cleared_source: str | None


@dataclass(frozen=True, slots=True)
class SignOff:
    """A signature under the content of a strategy, whose SHA-256 is ``digest``."""

    strategy: str
    version: str
    digest: str
    role: Role
    signed_by: str
    signed_at: datetime


@dataclass(frozen=True, slots=True)
class StrategyStop:
    """A strategy was stopped, and where somebody has resumed it, when and by whom."""

    strategy: str
    reason: str
    stopped_by: str
    stopped_at: datetime
    resumed_by: str | None = None
    resumed_at: datetime | None = None


class Admission(Protocol):
    """Which numbers may be claimed in one claim (``services/trunks.py``)."""

    def wait_s(self, phone: str) -> float | None:
        """None where the number may be dialled now, else after how many seconds to look again."""
        ...

    def took(self, phone: str) -> None:
        """An attempt was reserved for this number."""
        ...


class Store(Protocol):
    """The durable memory: one writer, every method one transaction. All instants are aware UTC."""

    async def put_campaign(self, campaign: Campaign) -> bool:
        """Add or replace a campaign; False when the same one is already there unchanged.

        What it had refused or moved is asked again, part by part; where that breaks off, the same campaign put again
        goes on with it.
        Putting never starts a campaign that was paused or finished; ``set_campaign_status`` does.
        """
        ...

    async def campaign(self, campaign_id: str) -> Campaign | None: ...

    async def campaigns(self) -> list[Campaign]: ...

    async def set_campaign_status(self, campaign_id: str, status: CampaignStatus) -> bool:
        """False when there is no such campaign or it has this status already."""
        ...

    async def ask_rules_again(self, *, moved: bool = False) -> int:
        """Look again at what a rule pack refuses for good, because packs have changed; how many accounts. ``moved``: at
        what it has moved to a later time too.
        """
        ...

    async def sign_strategy(self, sign_off: SignOff, content: str) -> bool:
        """Keep a signature with the content that it is for; False where this role has signed this content already."""
        ...

    async def sign_offs(self, strategy: str | None = None) -> list[SignOff]:
        """Signatures, oldest first."""
        ...

    async def signed_content(self, strategy: str, version: str) -> str | None:
        """The content of a version as it was signed last; None where nobody has."""
        ...

    async def stop_strategy(self, strategy: str, reason: str, by: str, now: datetime) -> bool:
        """No call by a strategy is claimed or dialled any more; False where it is stopped already."""
        ...

    async def resume_strategy(self, strategy: str, by: str, now: datetime) -> bool:
        """Let it dial again; False where it was not stopped."""
        ...

    async def strategy_stops(self, strategy: str | None = None) -> list[StrategyStop]:
        """Every stop, oldest first."""

    async def age_accounts(self, bucket_of: Callable[[str, date, str], str]) -> int:
        """Go through all accounts; ``bucket_of(bucket, due_date, timezone)`` gives the bucket of today. How many moved."""
        ...

    async def plan_warnings(
        self, now: datetime, place_of: Callable[[ContactFacts], tuple[datetime | None, str | None]]
    ) -> tuple[int, int]:
        """Pull the next attempt of waiting accounts forward to where ``place_of`` puts a warning before suspension; how
        many were pulled, and how many warnings have no place (an instant of None with a reason).
        """
        ...

    async def order_accounts(self, now: datetime) -> int:
        """Work out for every waiting account where it has its place in the order of calls, by what its customer and its
        campaign have shown so far; how many have another one now."""
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

    async def add_list_entry(
        self,
        kind: ListKind,
        contact: str,
        source: str,
        now: datetime,
        expires: datetime | None = None,
        reason: str = "",
    ) -> bool:
        """Put a phone (E.164) or a customer id on a list; False when it is there already, for as long."""
        ...

    async def remove_list_entry(self, kind: ListKind, contact: str) -> bool:
        """Take off a list; False when it was not on it."""
        ...

    async def list_entries(self, kind: ListKind | None = None) -> list[ListRecord]:
        """The entries of a list, or of all."""
        ...

    async def set_flag(
        self, customer_id: str, flag: Flag, source: str, now: datetime, account_id: str = ""
    ) -> bool:
        """Set a flag of a customer, or of one account; False when it is set already."""
        ...

    async def clear_flag(
        self, customer_id: str, flag: Flag, source: str, now: datetime, account_id: str = ""
    ) -> bool:
        """Clear it, and plan again what it refused; False when it was not set."""
        ...

    async def flags(self, customer_id: str) -> list[FlagRecord]:
        """Every flag of a customer that is or was set, oldest first."""
        ...

    async def dead_numbers(self) -> Mapping[str, str]:
        """Numbers never to be dialled again, and the disposition that said so."""
        ...

    async def claim_due(
        self,
        campaign_id: str,
        now: datetime,
        limit: int,
        decide: Decide,
        new_id: Callable[[], str],
        admission: Admission | None = None,
    ) -> list[ReservedAttempt]:
        """Reserve up to ``limit`` attempts for accounts that are due, in one transaction.

        For every candidate ``decide`` is asked; its verdict is stored either way. Allowed: an open attempt is
        inserted (the database refuses a second one for the same customer). Refused: the account's next time becomes
        ``verdict.until``, or none for a standing refusal, until something changes (the campaign, the account, the
        do-not-contact list, the customer's open attempt). One call examines a bounded number of accounts: fewer than
        ``limit`` attempts while ``next_due_at`` is not later than ``now`` means that there is more to examine.

        An account whose number ``admission`` does not let through keeps its plan and is looked at again later.
        """
        ...

    async def next_due_at(self, campaign_id: str) -> datetime | None: ...

    async def abandon_counts(
        self, campaign_id: str, now: datetime, misjudged_share: float
    ) -> tuple[WindowCounts, WindowCounts]:
        """People who answered, and those of them who were abandoned, in the last 24 hours and the last 30 days.

        ``misjudged_share`` of the calls that a machine is said to have answered count as people who were abandoned.
        """
        ...

    async def assign_arms(self, attempt_id: str, experiments: Sequence[Experiment], now: datetime) -> Arms:
        """Give the attempt's customer an arm in each of the experiments in which he takes part, and record both: an arm
        that he has already stays, one that is gone is replaced.

        Raises StoreError for an attempt that is closed, dialled or unknown.
        """
        ...

    async def arm_counts(self, campaign_id: str | None = None, by: GroupedBy | None = None) -> list[ArmCount]:
        """The dialled attempts of each arm, by experiment, group of customers and arm."""
        ...

    async def assigned_arms(self, customer_id: str) -> list[AssignedArm]:
        """Every arm that a customer was given, by experiment, oldest first."""
        ...

    async def mark_dialled(self, attempt_id: str, now: datetime, decide: Decide) -> DialVerdict:
        """The last gate: ask again, store the verdict and, when allowed, record the dial. Nothing was sent before.

        Raises StoreError for an attempt that is closed, already dialled or unknown, and when nothing could be written:
        then no INVITE may leave.
        """
        ...

    async def revision(self) -> int:
        """A number that rises with every change that may forbid a call already on its way."""
        ...

    async def withdrawn(
        self, attempt_ids: Sequence[str], now: datetime, decide: Decide
    ) -> Mapping[str, DialVerdict]:
        """The attempts, of those that nobody has answered, that a verdict of now takes back; nothing is written."""
        ...

    async def record_withdrawn(self, found: Mapping[str, DialVerdict], now: datetime) -> None:
        """Store the verdicts that have taken attempts back."""
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

    async def add_model_summary(self, attempt_id: str, summary: ModelSummary) -> bool:
        """Keep what a language model wrote about a closed attempt; False where there is one already, or no such attempt."""
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

    def iter_accounts(self, campaign_id: str, *, listed: bool = False) -> AsyncIterator[Account]:
        """The accounts of a campaign that are still to be called, read page by page.

        ``listed``: as their list says them, without what a score model or the risk rules have worked out.
        """
        ...

    async def record_assessments(
        self, found: Sequence[AccountAssessment], now: datetime, *, keep_scores: bool = False
    ) -> int:
        """Keep what was worked out of accounts (all or none); how many of them it changes. Unknown accounts are left.

        ``keep_scores``: no model was asked, so a score of before stays.
        """
        ...

    async def assessments(self, customer_id: str) -> list[AssessmentRecord]:
        """What was worked out of a customer's accounts, in order of their due dates."""
        ...

    async def verdicts(self, customer_id: str) -> list[VerdictRecord]:
        """Every answer of the gate for a customer, oldest first."""
        ...

    async def promises(self) -> list[PromiseRecord]: ...

    async def turns(self, attempt_id: str) -> list[Turn]:
        """The transcript of an attempt."""
        ...

    async def attempts_named(self, beginning: str, limit: int) -> list[AttemptRecord]:
        """Up to ``limit`` attempts whose id begins so, open ones included, in order of their ids."""
        ...

    async def newest_attempt_ids(self, limit: int) -> list[str]:
        """Ids of the newest attempts, newest first."""
        ...

    async def outbox(self, state: str | None = None) -> list[OutboxRecord]:
        """Events for webhooks, oldest first; ``state`` pending, sent or dead."""
        ...

    async def close(self) -> None: ...
