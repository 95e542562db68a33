"""What customers write: kept once, and what it asks for done in the same transaction."""

from __future__ import annotations

import sqlite3
from datetime import datetime
from uuid import uuid4

from ari_app.domain.contact_facts import Flag, ListKind
from ari_app.domain.disputes.sla import DEFAULT_TABLE, DisputeTable
from ari_app.domain.messages.message import Origin, Purpose
from ari_app.ports.debt import BillKey
from ari_app.ports.disputes import NewDispute
from ari_app.ports.messages import Reply, ReplyAction, ReplyDecision, Sender
from ari_app.store.codec import micros, plain
from ari_app.store.debt.telling import tell
from ari_app.store.disputes.cases import DisputedBill, open_case
from ari_app.store.lists import add_list_entry
from ari_app.store.messages.planning import plan_for_account
from ari_app.store.messages.sending import mark_address
from ari_app.store.queries import SQL
from ari_app.store.standing_flags import set_flag

#: Most of a reply that is kept.
MOST_TEXT = 2000
#: The message that answers who asks for the link.
LINK_TEMPLATE = "payment_link"


def sender_of(connection: sqlite3.Connection, channel: str, contact: str) -> tuple[Sender, int | None]:
    """Who writes from an address, and about which account: what was written to it last, else whose it is."""
    asked = {"channel": channel, "contact": contact}
    row = connection.execute(SQL["sender_by_message"], asked).fetchone()
    message_id = "" if row is None else row["message_id"]
    if row is None:
        row = connection.execute(SQL["sender_by_address"], asked).fetchone()
    if row is None:
        return Sender(), None
    return Sender(row["customer_id"], message_id, row["language"], row["timezone"]), row["account"]


def keep(
    connection: sqlite3.Connection,
    reply: Reply,
    decision: ReplyDecision,
    now: datetime,
    disputes: DisputeTable = DEFAULT_TABLE,
) -> bool:
    """See ``Messages.reply``. ``disputes`` has the terms by which a dispute is answered."""
    sender, account = sender_of(connection, reply.channel, reply.contact)
    reply_id = f"rep-{uuid4().hex}"
    added = connection.execute(
        SQL["add_reply"],
        {
            "reply_id": reply_id,
            "provider": plain(reply.provider)[:60],
            "reference": plain(reply.reference)[:200],
            "channel": reply.channel,
            "contact": plain(reply.contact)[:200],
            "customer_id": sender.customer_id,
            "account": account,
            "message_id": sender.message_id,
            "text": plain(reply.text)[:MOST_TEXT],
            "at": micros(reply.at),
            "understood": decision.understood,
            "done": decision.action.value,
        },
    )
    if added.rowcount == 0:
        return False
    if decision.action is ReplyAction.DISPUTE and account is not None:
        _dispute(connection, reply, reply_id, account, disputes, now)
    _do(connection, reply, reply_id, decision, sender, account, now)
    if account is not None:
        fields = {
            "replyId": reply_id,
            "messageId": sender.message_id or None,
            "channel": reply.channel,
            "understood": decision.understood,
            "done": decision.action.value,
        }
        tell(connection, account, "message.replied", reply_id, fields, micros(now))
    return True


def _do(
    connection: sqlite3.Connection,
    reply: Reply,
    reply_id: str,
    decision: ReplyDecision,
    sender: Sender,
    account: int | None,
    now: datetime,
) -> None:
    source, at = f"wrote so over {reply.channel} ({reply_id})", micros(now)
    match decision.action:
        case ReplyAction.OPT_OUT:
            _opt_out(connection, reply, reply_id, sender, source, now)
        case ReplyAction.OPT_OUT_CHANNEL:
            mark_address(connection, reply.channel, reply.contact, "refused", source, at)
            _tell_opt_out(connection, sender, reply_id, reply.channel, at)
        case ReplyAction.CALL_BACK if account is not None and decision.call_at is not None:
            found = connection.execute(SQL["campaign_account_of_bill"], {"account": account}).fetchone()
            if found is not None:
                connection.execute(
                    SQL["call_back"], {"campaign_account": found["id"], "at": micros(decision.call_at)}
                )
        case ReplyAction.PAID if account is not None:
            row = connection.execute(SQL["debt_of"], {"account": account}).fetchone()
            set_flag(connection, row["customer_id"], Flag.PAID, source, now, account_id=row["account_id"])
        case ReplyAction.LINK if account is not None:
            plan_for_account(
                connection,
                account,
                LINK_TEMPLATE,
                occasion=f"reply {reply_id}",
                purpose=Purpose.ASKED,
                origin=Origin.EVENT,
                now=at,
                channels=(reply.channel,),
            )
        case _:
            pass


def _dispute(
    connection: sqlite3.Connection,
    reply: Reply,
    reply_id: str,
    account: int,
    table: DisputeTable,
    now: datetime,
) -> None:
    """What he writes against is a case from that moment on; which kind it is, whoever reads it will tell."""
    row = connection.execute(SQL["debt_of"], {"account": account}).fetchone()
    key = BillKey(row["customer_id"], row["account_id"], row["bill_id"])
    claim = NewDispute(key, "bill", "message", reply_id, reply.text, by=f"customer, over {reply.channel}")
    open_case(connection, table, DisputedBill(account, key, row["timezone"]), claim, micros(now))


def _opt_out(
    connection: sqlite3.Connection,
    reply: Reply,
    reply_id: str,
    sender: Sender,
    source: str,
    now: datetime,
) -> None:
    """Nobody writes or calls any more: the customer, and the address he wrote from, whoever else has it."""
    at = micros(now)
    for contact in filter(None, (sender.customer_id, reply.contact if reply.channel == "sms" else "")):
        add_list_entry(connection, ListKind.DO_NOT_CONTACT, contact, source, now)
    mark_address(connection, reply.channel, reply.contact, "refused", source, at)
    if sender.customer_id:
        connection.execute(
            SQL["stop_messages"], {"customer_id": sender.customer_id, "now": at, "why": source}
        )
    _tell_opt_out(connection, sender, reply_id, "", at)


def _tell_opt_out(
    connection: sqlite3.Connection, sender: Sender, reply_id: str, channel: str, now: int
) -> None:
    if not sender.customer_id:
        return
    accounts = connection.execute(SQL["accounts_of_customer"], {"customer_id": sender.customer_id}).fetchall()
    for each in accounts:
        fields = {"replyId": reply_id, "channel": channel or None}
        tell(connection, each["id"], "customer.opted_out", f"{reply_id}+{each['id']}", fields, now)
