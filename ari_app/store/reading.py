"""Queries: what is planned, what was tried, what was decided, and what is to be told."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from types import MappingProxyType

from ari_app.domain.abandonment import WindowCounts
from ari_app.domain.account import Account
from ari_app.domain.attempt import OpenAttempt, Turn
from ari_app.domain.compliance import ContactFacts, DialVerdict, Rule
from ari_app.domain.contact_facts import ListKind
from ari_app.domain.record import AttemptRecord, CustomerAccount, OutboxRecord, PromiseRecord
from ari_app.ports import CampaignCount, ListRecord, VerdictRecord
from ari_app.store.arms import arms_in
from ari_app.store.campaigns import CampaignCache
from ari_app.store.codec import (
    account_of,
    instant,
    instant_or_none,
    mapping,
    micros,
    plain,
    turn_of,
)
from ari_app.store.facts import facts_of
from ari_app.store.messages.reach import addresses_of
from ari_app.store.numbers import other_phones
from ari_app.store.order import usual_of
from ari_app.store.queries import SQL
from ari_app.store.results import model_summary_of, promise_of, promises_of, result_of


def campaign_count(connection: sqlite3.Connection, campaign_id: str, now: datetime) -> CampaignCount:
    """See ``Store.campaign_count``."""
    states = {
        row["state"]: row
        for row in connection.execute(
            SQL["campaign_states"], {"campaign_id": campaign_id, "now": micros(now)}
        )
    }
    waiting = states.get("waiting")
    counts = {state: int(row["accounts"]) for state, row in states.items()}
    ended = connection.execute(SQL["campaign_dispositions"], {"campaign_id": campaign_id}).fetchall()
    return CampaignCount(
        accounts=sum(counts.values()),
        waiting=counts.get("waiting", 0),
        due_now=int(waiting["due"]) if waiting is not None else 0,
        open_attempts=counts.get("open", 0),
        done=counts.get("done", 0),
        next_due_at=instant_or_none(waiting["next_due_at"]) if waiting is not None else None,
        dispositions=MappingProxyType({row["disposition"]: int(row["attempts"]) for row in ended}),
        answers=MappingProxyType(
            {part: tries for part, tries in usual_of(connection, campaign_id).items() if tries.dials}
        ),
    )


def next_due_at(connection: sqlite3.Connection, campaign_id: str) -> datetime | None:
    """See ``Store.next_due_at``."""
    return instant_or_none(connection.execute(SQL["next_due_at"], {"campaign_id": campaign_id}).fetchone()[0])


def open_attempts(connection: sqlite3.Connection) -> list[OpenAttempt]:
    """See ``Store.open_attempts``."""
    return [
        OpenAttempt(
            attempt_id=row["attempt_id"],
            campaign_id=row["campaign_id"],
            customer_id=row["customer_id"],
            reserved_at=instant(row["reserved_at"]),
            dialled_at=instant_or_none(row["dialled_at"]),
            answered_at=instant_or_none(row["answered_at"]),
        )
        for row in connection.execute(SQL["open_attempts"]).fetchall()
    ]


def contact_facts(
    connection: sqlite3.Connection, campaigns: CampaignCache, customer_id: str, now: datetime
) -> list[ContactFacts]:
    """See ``Store.contact_facts``."""
    rows = connection.execute(SQL["standing_of_customer"], {"customer_id": customer_id}).fetchall()
    return [
        facts_of(
            connection,
            row,
            campaigns.required(connection, row["campaign_id"]),
            micros(now),
            book=campaigns.book,
        )
        for row in rows
    ]


def customer_accounts(connection: sqlite3.Connection, customer_id: str) -> list[CustomerAccount]:
    """See ``Store.customer_accounts``."""
    return [
        CustomerAccount(
            campaign_id=row["campaign_id"],
            account=account_of(row),
            state=row["state"],
            planned_at=instant_or_none(row["planned_at"]),
            due_at=instant_or_none(row["due_at"]),
            dials_made=row["dials_made"],
            first_dialled_at=instant_or_none(row["first_dialled_at"]),
            last_disposition=row["last_disposition"],
            closed_reason=row["closed_reason"],
            refused_by=row["refused_by"],
        )
        for row in connection.execute(SQL["standing_of_customer"], {"customer_id": customer_id}).fetchall()
    ]


@dataclass(frozen=True, slots=True)
class AttemptPage:
    """Some attempts in order of reservation, and where the next page begins (None at the end)."""

    records: list[AttemptRecord]
    after: int | None


def attempts_page(
    connection: sqlite3.Connection, campaign_id: str | None, customer_id: str | None, after: int, limit: int
) -> AttemptPage:
    """Up to ``limit`` attempts after position ``after`` (0: from the first)."""
    if customer_id is not None:
        name = "attempts_page_of_customer"
    else:
        name = "attempts_page" if campaign_id is None else "attempts_page_of_campaign"
    rows = connection.execute(
        SQL[name], {"campaign_id": campaign_id, "customer_id": customer_id, "seq": after, "limit": limit}
    ).fetchall()
    return AttemptPage(
        [attempt_of_row(connection, row) for row in rows], rows[-1]["seq"] if len(rows) == limit else None
    )


@dataclass(frozen=True, slots=True)
class AccountPage:
    """Some accounts, and where the next page begins; None: these were the last."""

    accounts: list[Account]
    after: int | None


def accounts_page(
    connection: sqlite3.Connection, campaign_id: str, after: int, limit: int, *, listed: bool = False
) -> AccountPage:
    """Up to ``limit`` accounts of a campaign that are not done, after position ``after`` (0: from the first).

    ``listed``: as their list says them, without what was worked out since.
    """
    statement = SQL["accounts_as_listed"] if listed else SQL["accounts_to_call"]
    rows = connection.execute(
        statement, {"campaign_id": campaign_id, "after": after, "limit": limit}
    ).fetchall()
    accounts = [
        replace(
            account_of(row),
            other_phones=other_phones(connection, row["account"]),
            addresses=addresses_of(connection, row["account"]),
        )
        for row in rows
    ]
    return AccountPage(accounts, rows[-1]["place"] if len(rows) == limit else None)


def attempt_of_row(connection: sqlite3.Connection, row: sqlite3.Row) -> AttemptRecord:
    """An attempt with what belongs to it, of a row of the view ``attempt_record``."""
    # An attempt is closed and given its promises in one transaction, and never changes again.
    promises = promises_of(connection, row["attempt_id"]) if row["ended_at"] is not None else ()
    return AttemptRecord(
        attempt_id=row["attempt_id"],
        campaign_id=row["campaign_id"],
        customer_id=row["customer_id"],
        account_id=row["account_id"],
        bill_id=row["bill_id"],
        phone=row["phone"],
        caller_id=row["caller_id"],
        channel=row["channel"],
        number=row["number"],
        timezone=row["timezone"],
        strategy=row["strategy"],
        strategy_version=row["strategy_version"],
        segment=row["segment"],
        step=row["step"],
        trigger=row["step_trigger"],
        tone=row["tone"],
        rule_pack=row["rule_pack"],
        rule_pack_version=row["rule_pack_version"],
        reserved_at=instant(row["reserved_at"]),
        dialled_at=instant_or_none(row["dialled_at"]),
        answered_at=instant_or_none(row["answered_at"]),
        ended_at=instant_or_none(row["ended_at"]),
        sip_status=row["sip_status"],
        q850_cause=row["q850_cause"],
        disposition=row["disposition"],
        talk_seconds=row["talk_seconds"],
        recording=row["recording"],
        transcript=row["transcript"],
        next_attempt_at=instant_or_none(row["next_attempt_at"]),
        plan_reason=row["plan_reason"],
        promises=promises,
        conversation=result_of(row, promises),
        facts=mapping(row["facts"]),
        recording_started_at=instant_or_none(row["recording_started_at"]),
        recording_seconds=row["recording_seconds"],
        recording_customer_s=row["recording_customer_s"],
        recording_bot_s=row["recording_bot_s"],
        recording_notice_at=instant_or_none(row["recording_notice_at"]),
        recording_notice_answer=row["recording_notice_answer"],
        answer_verdict=row["answer_verdict"],
        answer_verdict_ms=row["answer_verdict_ms"],
        replies=row["replies"],
        turn_p50_ms=row["turn_p50_ms"],
        turn_max_ms=row["turn_max_ms"],
        model_summary=model_summary_of(connection, row["attempt_id"])
        if row["ended_at"] is not None
        else None,
        arms=arms_in(row["arms"]),
    )


def verdicts(connection: sqlite3.Connection, customer_id: str) -> list[VerdictRecord]:
    """See ``Store.verdicts``."""
    return [
        VerdictRecord(
            at=instant(row["first_at"]),
            campaign_id=row["campaign_id"],
            customer_id=row["customer_id"],
            asked=row["asked"],
            verdict=DialVerdict(
                allowed=bool(row["allowed"]),
                rule=Rule(row["rule"]),
                reason=row["reason"],
                until=instant_or_none(row["until"]),
                decided_at=instant(row["first_at"]),
                rule_pack=row["rule_pack"],
                rule_pack_version=row["rule_pack_version"],
            ),
            attempt_id=row["attempt_id"],
            last_at=instant(row["last_at"]),
            count=row["count"],
            channel=row["channel"],
        )
        for row in connection.execute(SQL["verdicts_of_customer"], {"customer_id": customer_id}).fetchall()
    ]


def promises(connection: sqlite3.Connection) -> list[PromiseRecord]:
    """See ``Store.promises``."""
    return [
        PromiseRecord(
            attempt_id=row["attempt_id"],
            campaign_id=row["campaign_id"],
            customer_id=row["customer_id"],
            account_id=row["account_id"],
            bill_id=row["bill_id"],
            promised_at=instant(row["promised_at"]),
            promise=promise_of(row),
            position=row["position"],
        )
        for row in connection.execute(SQL["promises"]).fetchall()
    ]


def turns(connection: sqlite3.Connection, attempt_id: str) -> list[Turn]:
    """See ``Store.turns``."""
    return [turn_of(row) for row in connection.execute(SQL["turns"], {"attempt_id": attempt_id}).fetchall()]


def attempts_named(connection: sqlite3.Connection, beginning: str, limit: int) -> list[AttemptRecord]:
    """See ``Store.attempts_named``."""
    params = {"low": plain(beginning), "high": plain(beginning) + "\U0010ffff", "limit": limit}
    return [
        attempt_of_row(connection, row)
        for row in connection.execute(SQL["attempts_named"], params).fetchall()
    ]


def newest_attempt_ids(connection: sqlite3.Connection, limit: int) -> list[str]:
    """See ``Store.newest_attempt_ids``."""
    rows = connection.execute(SQL["newest_attempt_ids"], {"limit": limit}).fetchall()
    return [row["attempt_id"] for row in rows]


def outbox(connection: sqlite3.Connection, state: str | None) -> list[OutboxRecord]:
    """See ``Store.outbox``."""
    return [outbox_record(row) for row in connection.execute(SQL["outbox"], {"state": state}).fetchall()]


def outbox_record(row: sqlite3.Row) -> OutboxRecord:
    """An event of a row."""
    return OutboxRecord(
        id=row["id"],
        campaign_id=row["campaign_id"] or "",
        event=row["event"],
        key=row["key"],
        created_at=instant(row["created_at"]),
        state=row["state"],
        attempts=row["attempts"],
        next_at=instant_or_none(row["next_at"]),
        payload=mapping(row["payload"]),
    )


def do_not_contact(connection: sqlite3.Connection) -> Mapping[str, str]:
    """See ``Store.do_not_contact``."""
    entries = list_entries(connection, ListKind.DO_NOT_CONTACT)
    return MappingProxyType({entry.contact: entry.source for entry in entries})


def list_entries(connection: sqlite3.Connection, kind: ListKind | None) -> list[ListRecord]:
    """See ``Store.list_entries``."""
    rows = connection.execute(SQL["list_entries"], {"kind": None if kind is None else kind.value}).fetchall()
    return [
        ListRecord(
            contact=row["contact"],
            kind=ListKind(row["kind"]),
            source=row["source"],
            reason=row["reason"],
            added_at=instant(row["added_at"]),
            expires_at=instant_or_none(row["expires_at"]),
        )
        for row in rows
    ]


def dead_numbers(connection: sqlite3.Connection) -> Mapping[str, str]:
    """See ``Store.dead_numbers``."""
    rows = connection.execute(SQL["dead_numbers"]).fetchall()
    return MappingProxyType({row["phone"]: row["disposition"] for row in rows})


#: Dispositions of calls that no person has answered, although they were answered.
NO_PERSON = frozenset({"voicemail", "call_assistant", "ivr", "fax", "no_media"})
_DAY, _MONTH = timedelta(hours=24), timedelta(days=30)


def abandon_counts(
    connection: sqlite3.Connection, campaign_id: str, now: datetime, misjudged_share: float
) -> tuple[WindowCounts, WindowCounts]:
    """See ``Store.abandon_counts``."""
    params = {
        "campaign_id": campaign_id,
        "now": micros(now),
        "day": micros(now - _DAY),
        "month": micros(now - _MONTH),
    }
    rows = connection.execute(SQL["abandon_counts"], params).fetchall()
    return _window(rows, "day", misjudged_share), _window(rows, "month", misjudged_share)


def _window(rows: Sequence[sqlite3.Row], span: str, misjudged_share: float) -> WindowCounts:
    many = {row["disposition"]: row[span] for row in rows}
    people = sum(count for name, count in many.items() if name not in NO_PERSON)
    misjudged = many.get("voicemail", 0) * misjudged_share
    return WindowCounts(people + misjudged, many.get("abandoned", 0) + misjudged)
