"""The protocol of ``ports.messages.Messages`` on SQLite."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from functools import partial

from ari_app.domain.compliance import Decide, DialVerdict
from ari_app.domain.disputes.sla import DEFAULT_TABLE, DisputeTable
from ari_app.domain.messages.message import BY_PHONE, MessageState, Origin, Purpose
from ari_app.errors import InputError, Problem
from ari_app.ports.debt import BillKey
from ari_app.ports.messages import (
    Letter,
    MessageRecord,
    Occasion,
    Receipt,
    Reply,
    ReplyAction,
    ReplyDecision,
    ReplyRecord,
    ReservedMessage,
    Sender,
    SendResult,
)
from ari_app.store.campaigns import CampaignCache, last_plan
from ari_app.store.codec import instant, instant_or_none, micros, plain
from ari_app.store.debt.bills import find_bill
from ari_app.store.messages import planning, receipts, replies, sending
from ari_app.store.messages.moving import required
from ari_app.store.queries import SQL
from ari_app.store.readers import Readers
from ari_app.store.writer import Writer

#: Accounts that are gone through in one write transaction.
PART = 1000


class SqliteMessages:
    """See ``ports.messages.Messages``. ``campaigns`` is the writer's own cache."""

    def __init__(self, writer: Writer, readers: Readers, campaigns: Callable[[], CampaignCache]) -> None:
        self._writer, self._readers, self._campaigns = writer, readers, campaigns
        self.dispute_table: Callable[[], DisputeTable] = lambda: DEFAULT_TABLE
        """By which terms a dispute that somebody writes is answered."""

    async def open_channels(
        self, channels: Mapping[str, str], occasions: Mapping[str, Occasion], now: datetime
    ) -> bool:
        at = micros(now)

        def write(db: sqlite3.Connection) -> bool:
            before = {
                row["channel"]: row["provider"] for row in db.execute(SQL["message_channels"]).fetchall()
            }
            db.execute(SQL["close_message_channels"])
            for channel, provider in channels.items():
                db.execute(SQL["open_message_channel"], {"channel": channel, "provider": provider, "now": at})
            db.execute(SQL["forget_message_occasions"])
            for event, each in occasions.items():
                db.execute(
                    SQL["add_message_occasion"],
                    {
                        "event": event,
                        "template": each.template,
                        "notice": int(each.notice),
                        "times": each.times,
                    },
                )
            return before.keys() != dict(channels).keys()

        changed = await self._writer.run(write)
        if changed:
            await self._in_parts("rearm_first_contacts")
        return changed

    async def _in_parts(self, statement: str) -> None:
        """Go through all accounts of campaigns in short transactions."""
        sql = {
            "rearm_first_contacts": SQL["rearm_first_contacts"],
            "look_again": SQL["look_again_at_messages"],
        }[statement]
        last = await self._readers.run(last_plan)

        def part(db: sqlite3.Connection, after: int) -> None:
            db.execute(sql, {"after": after, "upto": after + PART})

        for after in range(0, last, PART):
            await self._writer.run(partial(part, after=after))

    async def plan_steps(self, now: datetime, limit: int) -> int:
        return await self._writer.run(lambda db: planning.plan_steps(db, self._campaigns(), now, limit))

    async def look_again(self) -> None:
        await self._in_parts("look_again")

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
        def write(db: sqlite3.Connection) -> str | None:
            found = find_bill(db, bill)
            if found is None:
                return None
            return planning.plan_for_account(
                db,
                found["id"],
                template,
                occasion=occasion,
                purpose=purpose,
                origin=origin,
                now=micros(now),
                values=values,
                channels=channels,
            )

        return await self._writer.run(write)

    async def claim(self, now: datetime, limit: int, decide: Decide) -> list[ReservedMessage]:
        return await self._writer.run(lambda db: sending.claim(db, self._campaigns(), now, limit, decide))

    async def begin(self, letter: Letter, provider: str, now: datetime, decide: Decide) -> DialVerdict:
        return await self._writer.run(
            lambda db: sending.begin(db, self._campaigns(), letter, provider, now, decide)
        )

    async def unfit(self, message_id: str, why: str, now: datetime) -> None:
        await self._writer.run(lambda db: sending.unfit(db, message_id, why, micros(now)))

    async def handed(self, message_id: str, result: SendResult, now: datetime) -> MessageState:
        return await self._writer.run(lambda db: sending.handed(db, message_id, result, now))

    async def recover(
        self, now: datetime, since: datetime, recognising: Collection[str], telling: Collection[str]
    ) -> list[Letter]:
        return await self._writer.run(lambda db: sending.recover(db, now, since, recognising, telling))

    async def receipt(self, receipt: Receipt, now: datetime) -> bool:
        return await self._writer.run(lambda db: receipts.receive(db, receipt, micros(now)))

    async def sender(self, channel: str, contact: str) -> Sender:
        return await self._readers.run(lambda db: replies.sender_of(db, channel, contact)[0])

    async def reply(self, reply: Reply, decision: ReplyDecision, now: datetime) -> bool:
        return await self._writer.run(lambda db: replies.keep(db, reply, decision, now, self.dispute_table()))

    async def handle_reply(self, reply_id: str, by: str, now: datetime) -> bool:
        asked = {"reply_id": reply_id, "by": plain(by)[:100] or "somebody", "now": micros(now)}
        return await self._writer.run(lambda db: db.execute(SQL["handle_reply"], asked).rowcount > 0)

    async def replies(self, *, waiting: bool = False, limit: int = 100) -> list[ReplyRecord]:
        def read(db: sqlite3.Connection) -> list[ReplyRecord]:
            rows = db.execute(SQL["replies"], {"waiting": int(waiting), "limit": limit}).fetchall()
            return [_reply(row) for row in rows]

        return await self._readers.run(read)

    async def messages(
        self, *, customer_id: str = "", state: MessageState | None = None, limit: int = 100
    ) -> list[MessageRecord]:
        asked = {"customer_id": customer_id, "state": "" if state is None else state.value, "limit": limit}
        sql = SQL["messages_of_customer"] if customer_id else SQL["messages_shown"]
        return await self._readers.run(lambda db: [_record(row) for row in db.execute(sql, asked).fetchall()])

    async def message(self, message_id: str) -> MessageRecord | None:
        def read(db: sqlite3.Connection) -> MessageRecord | None:
            row = db.execute(SQL["message_by_id"], {"message_id": message_id}).fetchone()
            return None if row is None else _record(row)

        return await self._readers.run(read)

    async def resend(self, message_id: str, now: datetime) -> str | None:
        def write(db: sqlite3.Connection) -> str | None:
            row = required(db, message_id)
            if row["state"] not in ("failed", "expired", "suppressed") or row["contact_at"] is not None:
                return None
            account = db.execute(
                SQL["standing_of"], {"campaign_account": row["campaign_account"]}
            ).fetchone()["account"]
            return planning.plan_for_account(
                db,
                account,
                row["template"],
                occasion=f"again {message_id}",
                purpose=Purpose(row["purpose"]),
                origin=Origin.OPERATOR,
                now=micros(now),
            )

        return await self._writer.run(write)

    async def mark_address(
        self, channel: str, contact: str, why: str | None, source: str, now: datetime
    ) -> bool:
        if channel == BY_PHONE and not contact.startswith("+"):
            raise InputError([Problem("address", "contact", "is not a number in E.164", '"+8613800138000"')])

        def write(db: sqlite3.Connection) -> bool:
            if why is None:
                gone = db.execute(SQL["unmark_address"], {"channel": channel, "contact": contact})
                return gone.rowcount > 0
            return sending.mark_address(db, channel, contact, why, source, micros(now))

        return await self._writer.run(write)

    async def counts(self, since: datetime) -> Mapping[str, int]:
        def read(db: sqlite3.Connection) -> dict[str, int]:
            found = dict.fromkeys((state.value for state in MessageState), 0)
            for row in db.execute(SQL["message_counts"], {"since": micros(since)}).fetchall():
                found[row["state"]] += row["messages"]
                if row["state"] == MessageState.SUPPRESSED:
                    name = f"suppressed_{row['rule']}"
                    found[name] = found.get(name, 0) + row["messages"]
            return found

        return await self._readers.run(read)


def _record(row: sqlite3.Row) -> MessageRecord:
    return MessageRecord(
        message_id=row["message_id"],
        campaign_id=row["campaign_id"],
        customer_id=row["customer_id"],
        account_id=row["account_id"],
        bill_id=row["bill_id"],
        origin=Origin(row["origin"]),
        purpose=Purpose(row["purpose"]),
        template=row["template"],
        variant=row["variant"],
        language=row["language"],
        step=row["step"],
        trial=row["trial"],
        state=MessageState(row["state"]),
        state_at=instant(row["state_at"]),
        planned_at=instant(row["planned_at"]),
        due_at=instant_or_none(row["due_at"]),
        contact_at=instant_or_none(row["contact_at"]),
        latest_at=instant(row["latest_at"]),
        channel=row["channel"],
        contact=row["contact"],
        subject=row["subject"],
        text=row["text"],
        parts=row["parts"],
        provider=row["provider"],
        reference=row["reference"],
        rule=row["rule"],
        why=row["why"],
        tries=row["tries"],
    )


def _reply(row: sqlite3.Row) -> ReplyRecord:
    return ReplyRecord(
        reply_id=row["reply_id"],
        at=instant(row["at"]),
        channel=row["channel"],
        contact=row["contact"],
        customer_id=row["customer_id"],
        message_id=row["message_id"],
        text=row["text"],
        understood=row["understood"],
        done=ReplyAction(row["done"]),
        handled_at=instant_or_none(row["handled_at"]),
        handled_by=row["handled_by"],
    )
