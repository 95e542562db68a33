"""The store on SQLite: the protocol of ``ports.Store``, one write transaction a method."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Self

from ari_app.domain.abandonment import WindowCounts
from ari_app.domain.account import Account
from ari_app.domain.account_assessment import AccountAssessment
from ari_app.domain.arm_report import ArmCount, AssignedArm, GroupedBy
from ari_app.domain.attempt import CallOutcome, OpenAttempt, ReservedAttempt, Turn
from ari_app.domain.call_result import ModelSummary
from ari_app.domain.caller_id import NumberRules
from ari_app.domain.campaign import Campaign, CampaignStatus
from ari_app.domain.compliance import ContactFacts, Decide, DialVerdict
from ari_app.domain.contact_facts import Flag, ListKind
from ari_app.domain.experiment import Arms, Experiment
from ari_app.domain.record import AttemptRecord, CustomerAccount, OutboxRecord, PromiseRecord
from ari_app.domain.retry import RetryDecision
from ari_app.domain.strategy_book import NO_BOOK, StrategyBook
from ari_app.ports import (
    Admission,
    AssessmentRecord,
    AttemptHistory,
    CampaignCount,
    FlagRecord,
    ListRecord,
    LoadCount,
    OutboxEvent,
    SignOff,
    StrategyStop,
    VerdictRecord,
)
from ari_app.store import (
    arms,
    assessments,
    caller_ids,
    campaigns,
    closing,
    gate,
    lists,
    nightly,
    order,
    reading,
    results,
    standing_flags,
    strategies,
    withdrawal,
)
from ari_app.store.alerts.alerts import SqliteAlerts
from ari_app.store.api.store import SqliteApi
from ari_app.store.cases.cases import SqliteCases
from ari_app.store.connection import BUSY_TIMEOUT_S
from ari_app.store.controller_lock import ControllerLock
from ari_app.store.debt.debts import SqliteDebts
from ari_app.store.debt.plans import SqlitePlans
from ari_app.store.disputes.disputes import SqliteDisputes
from ari_app.store.integrations.runs import SqliteIntegrationRuns
from ari_app.store.messages.messages import SqliteMessages
from ari_app.store.messages.planning import after_attempt
from ari_app.store.payments.payments import SqlitePayments
from ari_app.store.queries import SQL
from ari_app.store.readers import Readers
from ari_app.store.service.services import SqliteServices
from ari_app.store.timeline.timeline import SqliteTimeline
from ari_app.store.webhooks.webhooks import SqliteWebhooks
from ari_app.store.writer import Writer

#: Attempts read at a time when all are read.
PAGE = 500
#: Accounts that are read at a time when all are gone through.
BATCH = 1000
#: Accounts of campaigns that are gone through in one write transaction.
PART = 1000
#: Changes of single rows in one write transaction: a few milliseconds.
CHANGES = 200


def _part(
    part: Callable[[sqlite3.Connection, int, int], int], after: int, upto: int, connection: sqlite3.Connection
) -> int:
    return part(connection, after, upto)


class SqliteStore:
    """Made by :meth:`open`, ended by :meth:`close`; usable as an async context manager."""

    def __init__(self, path: Path, writer: Writer, readers: Readers, lock: ControllerLock | None) -> None:
        self.path = path
        self._writer = writer
        self._readers = readers
        self._lock = lock
        self.debts = SqliteDebts(writer, readers, self._cache)
        self.timeline = SqliteTimeline(readers)
        self.disputes = SqliteDisputes(writer, readers)
        self.services = SqliteServices(writer, readers)
        self.cases = SqliteCases(writer, readers)
        self.payments = SqlitePayments(writer, readers, self.disputes)
        self.api = SqliteApi(writer, readers)
        self.plans = SqlitePlans(writer, readers)
        self.webhooks = SqliteWebhooks(writer, readers)
        self.integration_runs = SqliteIntegrationRuns(writer, readers)
        self.alerts = SqliteAlerts(writer, readers)
        self._book: Callable[[], StrategyBook] = lambda: NO_BOOK
        self._campaigns = self._cache()
        self.messages = SqliteMessages(writer, readers, lambda: self._campaigns)
        self.messages.dispute_table = self.disputes.table
        self._numbers: Mapping[str, NumberRules] = {}

    @classmethod
    async def open(
        cls, path: Path, *, controller: bool = False, busy_timeout_s: float = BUSY_TIMEOUT_S
    ) -> SqliteStore:
        """Open the database, make or migrate it where needed.

        ``controller`` is for the one process that dials: a second one is refused. Commands beside it (import, pause,
        export) leave it False. Raises StoreError.
        """
        lock = ControllerLock(path) if controller else None
        if lock is not None:
            lock.acquire()
        try:
            writer = await Writer.open(path, busy_timeout_s)
        except BaseException:
            if lock is not None:
                lock.release()
            raise
        return cls(path, writer, Readers(path, busy_timeout_s), lock)

    def use_strategies(self, book: Callable[[], StrategyBook]) -> None:
        """From now on campaigns that name a strategy file are treated by this book; before, they are refused."""
        self._book = book

    def approve(self, numbers: Mapping[str, NumberRules]) -> None:
        """From now on these caller IDs are shown within their limits."""
        self._numbers = numbers

    def _cache(self) -> campaigns.CampaignCache:
        return campaigns.CampaignCache(self._current_book)

    def _current_book(self) -> StrategyBook:
        return self._book()

    def current_book(self) -> StrategyBook:
        """The strategy files as they are now; another object once one of them has changed."""
        return self._book()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        await self._readers.close()
        await self._writer.close()
        if self._lock is not None:
            self._lock.release()

    async def ping(self) -> None:
        """Return when the writer could begin and end a transaction. Raises StoreError."""
        await self._writer.run(lambda db: None)

    @property
    def commits(self) -> int:
        """Write transactions since the start."""
        return self._writer.commits

    @property
    def operations(self) -> int:
        """Changes in them; several that came together share one."""
        return self._writer.operations

    # ------------------------------------------------------------------------------------------- campaigns, lists

    async def put_campaign(self, campaign: Campaign) -> bool:
        name = campaign.campaign_id
        changed, to_ask = await self._writer.run(lambda db: campaigns.put_campaign(db, campaign))
        if to_ask:
            await self._in_parts(lambda db, after, upto: campaigns.rearm_part(db, name, after, upto))
            await self._writer.run(lambda db: campaigns.asked_again(db, name, to_ask))
            await self.messages.look_again()
        return changed

    async def campaign(self, campaign_id: str) -> Campaign | None:
        # A cache of its own: parsed campaigns belong to one thread, and this may run in any of the pool's.
        return await self._readers.run(lambda db: campaigns.CampaignCache().find(db, campaign_id))

    async def campaigns(self) -> list[Campaign]:
        return await self._readers.run(campaigns.all_campaigns)

    async def set_campaign_status(self, campaign_id: str, status: CampaignStatus) -> bool:
        if status is CampaignStatus.RUNNING and await self._readers.run(
            lambda db: campaigns.is_stopped(db, campaign_id)
        ):
            # Before it runs again: nothing of a stopped campaign is claimed meanwhile, and a crash leaves it stopped.
            await self._in_parts(lambda db, after, upto: campaigns.rearm_part(db, campaign_id, after, upto))
        changed = await self._writer.run(lambda db: campaigns.set_campaign_status(db, campaign_id, status))
        if changed and status is CampaignStatus.RUNNING:
            await self.messages.look_again()  # broken off here, the next night does it
        return changed

    async def _in_parts(self, part: Callable[[sqlite3.Connection, int, int], int]) -> int:
        """Go through the accounts of all campaigns in short transactions, so that claims come between."""
        last = await self._readers.run(campaigns.last_plan)
        done = 0
        for after in range(0, last, PART):
            done += await self._writer.run(partial(_part, part, after, after + PART))
        return done

    async def ask_rules_again(self, *, moved: bool = False) -> int:
        return await self._in_parts(
            lambda db, after, upto: campaigns.ask_rules_again(db, after, upto, moved=moved)
        )

    async def sign_strategy(self, sign_off: SignOff, content: str) -> bool:
        added = await self._writer.run(lambda db: strategies.sign(db, sign_off, content))
        await self._in_parts(strategies.ask_again)  # broken off in between, the same command goes on
        return added

    async def sign_offs(self, strategy: str | None = None) -> list[SignOff]:
        return await self._readers.run(lambda db: strategies.sign_offs(db, strategy))

    async def signed_content(self, strategy: str, version: str) -> str | None:
        return await self._readers.run(lambda db: strategies.signed_content(db, strategy, version))

    async def stop_strategy(self, strategy: str, reason: str, by: str, now: datetime) -> bool:
        return await self._writer.run(lambda db: strategies.stop(db, strategy, reason, by, now))

    async def resume_strategy(self, strategy: str, by: str, now: datetime) -> bool:
        resumed = await self._writer.run(lambda db: strategies.resume(db, strategy, by, now))
        await self._in_parts(strategies.ask_again)
        return resumed

    async def strategy_stops(self, strategy: str | None = None) -> list[StrategyStop]:
        return await self._readers.run(lambda db: strategies.stops(db, strategy))

    async def age_accounts(self, bucket_of: nightly.BucketOf) -> int:
        after: int | None = 0
        moved = 0
        while after is not None:
            page = await self._readers.run(
                partial(nightly.aging_page, after=after, limit=BATCH, bucket_of=bucket_of)
            )
            for first in range(0, len(page.changes), CHANGES):
                part = page.changes[first : first + CHANGES]
                moved += await self._writer.run(partial(nightly.move_buckets, changes=part))
            after = page.after
        return moved

    async def plan_warnings(self, now: datetime, place_of: nightly.PlaceOf) -> tuple[int, int]:
        after: int | None = 0
        pulled = refused = 0
        while after is not None:
            page = await self._readers.run(
                partial(
                    nightly.warnings_page,
                    campaigns=self._cache(),
                    after=after,
                    limit=PAGE,
                    now=now,
                    place_of=place_of,
                )
            )
            if page.changes:
                pulled += await self._writer.run(partial(nightly.pull_forward, changes=page.changes))
            refused += page.refused
            after = page.after
        return pulled, refused

    async def order_accounts(self, now: datetime) -> int:
        for campaign in await self._readers.run(campaigns.all_campaigns):
            usual = await self._readers.run(
                partial(order.usual_answers, campaign=campaign, book=self._current_book(), now=now)
            )
            await self._writer.run(partial(order.put_usual, rows=usual))
        after: int | None = 0
        moved = 0
        while after is not None:
            page = await self._readers.run(
                partial(nightly.order_page, campaigns=self._cache(), after=after, limit=BATCH, now=now)
            )
            for first in range(0, len(page.changes), CHANGES):
                part = page.changes[first : first + CHANGES]
                moved += await self._writer.run(partial(order.put, changes=part))
            after = page.after
        return moved

    async def campaign_count(self, campaign_id: str, now: datetime) -> CampaignCount:
        return await self._readers.run(lambda db: reading.campaign_count(db, campaign_id, now))

    async def load_accounts(self, campaign_id: str, accounts: Sequence[Account], now: datetime) -> LoadCount:
        return await self._writer.run(
            lambda db: lists.load_accounts(db, self._campaigns, campaign_id, accounts, now)
        )

    async def add_do_not_contact(
        self, phone_or_customer: str, source: str, now: datetime, expires: datetime | None = None
    ) -> bool:
        return await self.add_list_entry(ListKind.DO_NOT_CONTACT, phone_or_customer, source, now, expires)

    async def remove_do_not_contact(self, phone_or_customer: str) -> bool:
        return await self.remove_list_entry(ListKind.DO_NOT_CONTACT, phone_or_customer)

    async def do_not_contact(self) -> Mapping[str, str]:
        return await self._readers.run(reading.do_not_contact)

    async def add_list_entry(
        self,
        kind: ListKind,
        contact: str,
        source: str,
        now: datetime,
        expires: datetime | None = None,
        reason: str = "",
    ) -> bool:
        return await self._writer.run(
            lambda db: lists.add_list_entry(db, kind, contact, source, now, expires, reason)
        )

    async def remove_list_entry(self, kind: ListKind, contact: str) -> bool:
        return await self._writer.run(lambda db: lists.remove_list_entry(db, kind, contact))

    async def list_entries(self, kind: ListKind | None = None) -> list[ListRecord]:
        return await self._readers.run(lambda db: reading.list_entries(db, kind))

    async def set_flag(
        self, customer_id: str, flag: Flag, source: str, now: datetime, account_id: str = ""
    ) -> bool:
        return await self._writer.run(
            lambda db: standing_flags.set_flag(db, customer_id, flag, source, now, account_id=account_id)
        )

    async def clear_flag(
        self, customer_id: str, flag: Flag, source: str, now: datetime, account_id: str = ""
    ) -> bool:
        return await self._writer.run(
            lambda db: standing_flags.clear_flag(db, customer_id, flag, source, now, account_id)
        )

    async def flags(self, customer_id: str) -> list[FlagRecord]:
        return await self._readers.run(lambda db: standing_flags.flags_of(db, customer_id))

    async def dead_numbers(self) -> Mapping[str, str]:
        return await self._readers.run(reading.dead_numbers)

    # ------------------------------------------------------------------------------------------- attempts

    async def claim_due(
        self,
        campaign_id: str,
        now: datetime,
        limit: int,
        decide: Decide,
        new_id: Callable[[], str],
        admission: Admission | None = None,
    ) -> list[ReservedAttempt]:
        return await self._writer.run(
            lambda db: gate.claim_due(
                db, self._campaigns, campaign_id, now, limit, decide, new_id, admission, self._numbers
            )
        )

    async def caller_id_states(self, numbers: Sequence[str], now: datetime) -> list[caller_ids.CallerIdState]:
        """Of these numbers, and of every other that somebody has said something of."""
        return await self._readers.run(lambda db: caller_ids.states(db, numbers, now))

    async def mark_caller_id(self, number: str, at: datetime | None, source: str) -> None:
        """Marked as spam since ``at``; None takes the mark away."""
        await self._writer.run(lambda db: caller_ids.mark(db, number, at, source))
        await self._in_parts(caller_ids.ask_again)

    async def rest_caller_id(self, number: str, until: datetime | None, reason: str) -> None:
        """Not shown before ``until``; None ends a rest."""
        await self._writer.run(lambda db: caller_ids.rest(db, number, until, reason))
        await self._in_parts(caller_ids.ask_again)

    async def test_caller_id(self, number: str, at: datetime, passed: bool) -> None:
        """What a test call has shown."""
        await self._writer.run(lambda db: caller_ids.test_result(db, number, at, passed))
        await self._in_parts(caller_ids.ask_again)

    async def next_due_at(self, campaign_id: str) -> datetime | None:
        return await self._readers.run(lambda db: reading.next_due_at(db, campaign_id))

    async def abandon_counts(
        self, campaign_id: str, now: datetime, misjudged_share: float
    ) -> tuple[WindowCounts, WindowCounts]:
        return await self._readers.run(
            lambda db: reading.abandon_counts(db, campaign_id, now, misjudged_share)
        )

    async def assign_arms(self, attempt_id: str, experiments: Sequence[Experiment], now: datetime) -> Arms:
        return await self._writer.run(lambda db: arms.assign_arms(db, attempt_id, experiments, now))

    async def arm_counts(self, campaign_id: str | None = None, by: GroupedBy | None = None) -> list[ArmCount]:
        return await self._readers.run(lambda db: arms.arm_counts(db, campaign_id, by))

    async def assigned_arms(self, customer_id: str) -> list[AssignedArm]:
        return await self._readers.run(lambda db: arms.assigned_arms(db, customer_id))

    async def mark_dialled(self, attempt_id: str, now: datetime, decide: Decide) -> DialVerdict:
        return await self._writer.run(
            lambda db: gate.mark_dialled(db, self._campaigns, attempt_id, now, decide)
        )

    async def revision(self) -> int:
        return await self._readers.run(withdrawal.revision)

    async def withdrawn(
        self, attempt_ids: Sequence[str], now: datetime, decide: Decide
    ) -> Mapping[str, DialVerdict]:
        return await self._readers.run(
            lambda db: withdrawal.withdrawn(db, self._cache(), attempt_ids, now, decide)
        )

    async def record_withdrawn(self, found: Mapping[str, DialVerdict], now: datetime) -> None:
        await self._writer.run(lambda db: withdrawal.record_withdrawn(db, found, now))

    async def close_attempt(
        self,
        outcome: CallOutcome,
        plan: Callable[[AttemptHistory], RetryDecision],
        events: Callable[[AttemptHistory], Sequence[OutboxEvent]],
    ) -> RetryDecision | None:
        def write(db: sqlite3.Connection) -> RetryDecision | None:
            campaigns, disputes = self._campaigns, self.disputes.table()
            decision = closing.close_attempt(db, campaigns, outcome, plan, events, disputes, self.plans.table)
            if decision is not None:
                after_attempt(db, campaigns, outcome, decision)
            return decision

        return await self._writer.run(write)

    async def add_model_summary(self, attempt_id: str, summary: ModelSummary) -> bool:
        return await self._writer.run(lambda db: results.write_model_summary(db, attempt_id, summary))

    async def open_attempts(self) -> list[OpenAttempt]:
        # In the writer's queue, behind every claim that has been asked for: whoever claimed them hears of it first.
        return await self._writer.run(reading.open_attempts)

    async def history(self, attempt_id: str) -> AttemptHistory | None:
        def query(db: sqlite3.Connection) -> AttemptHistory | None:
            row = db.execute(SQL["attempt"], {"attempt_id": attempt_id}).fetchone()
            if row is None:
                return None
            return closing.history_of(db, self._cache(), row["campaign_account"])[0]

        return await self._readers.run(query)

    # ------------------------------------------------------------------------------------------- records

    async def contact_facts(self, customer_id: str, now: datetime) -> list[ContactFacts]:
        return await self._readers.run(lambda db: reading.contact_facts(db, self._cache(), customer_id, now))

    async def customer_accounts(self, customer_id: str) -> list[CustomerAccount]:
        return await self._readers.run(lambda db: reading.customer_accounts(db, customer_id))

    async def attempts(
        self, campaign_id: str | None = None, customer_id: str | None = None
    ) -> list[AttemptRecord]:
        return [record async for record in self.iter_attempts(campaign_id, customer_id)]

    async def iter_attempts(
        self, campaign_id: str | None = None, customer_id: str | None = None
    ) -> AsyncIterator[AttemptRecord]:
        after: int | None = 0
        while after is not None:
            page = await self._readers.run(
                partial(
                    reading.attempts_page,
                    campaign_id=campaign_id,
                    customer_id=customer_id,
                    after=after,
                    limit=PAGE,
                )
            )
            for record in page.records:
                yield record
            after = page.after

    async def record_assessments(
        self, found: Sequence[AccountAssessment], now: datetime, *, keep_scores: bool = False
    ) -> int:
        return await self._writer.run(lambda db: assessments.record(db, found, now, keep_scores=keep_scores))

    async def assessments(self, customer_id: str) -> list[AssessmentRecord]:
        return await self._readers.run(lambda db: assessments.of_customer(db, customer_id))

    async def iter_accounts(self, campaign_id: str, *, listed: bool = False) -> AsyncIterator[Account]:
        after: int | None = 0
        while after is not None:
            page = await self._readers.run(
                partial(
                    reading.accounts_page, campaign_id=campaign_id, after=after, limit=PAGE, listed=listed
                )
            )
            for account in page.accounts:
                yield account
            after = page.after

    async def verdicts(self, customer_id: str) -> list[VerdictRecord]:
        return await self._readers.run(lambda db: reading.verdicts(db, customer_id))

    async def promises(self) -> list[PromiseRecord]:
        return await self._readers.run(reading.promises)

    async def turns(self, attempt_id: str) -> list[Turn]:
        return await self._readers.run(lambda db: reading.turns(db, attempt_id))

    async def attempts_named(self, beginning: str, limit: int) -> list[AttemptRecord]:
        return await self._readers.run(lambda db: reading.attempts_named(db, beginning, limit))

    async def newest_attempt_ids(self, limit: int) -> list[str]:
        return await self._readers.run(lambda db: reading.newest_attempt_ids(db, limit))

    async def outbox(self, state: str | None = None) -> list[OutboxRecord]:
        return await self._readers.run(lambda db: reading.outbox(db, state))
