"""Lists: accounts of a campaign, and who must not be contacted."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from datetime import datetime
from uuid import uuid4

from ari_app.domain.account import Account
from ari_app.domain.contact_facts import ListKind
from ari_app.errors import InputError, Problem
from ari_app.ports import LoadCount
from ari_app.store.campaigns import CampaignCache
from ari_app.store.codec import account_params, micros, micros_or_none, plain
from ari_app.store.debt.breaches import count_breaches
from ari_app.store.debt.settlement import settle_account
from ari_app.store.messages.reach import addresses_of, put_addresses
from ari_app.store.numbers import other_phones, put_other_phones
from ari_app.store.order import Orders
from ari_app.store.payments.inbox import ask_all_again
from ari_app.store.queries import SQL


def load_accounts(
    connection: sqlite3.Connection,
    campaigns: CampaignCache,
    campaign_id: str,
    accounts: Sequence[Account],
    now: datetime,
) -> LoadCount:
    """See ``Store.load_accounts``."""
    campaign, orders = campaigns.required(connection, campaign_id), Orders(connection, campaigns, now)
    at = micros(now)
    added = updated = unchanged = 0
    for account in accounts:
        account_row, changed = _put_account(connection, account, at)
        code = orders.of_account(campaign, account).code
        joined = connection.execute(
            SQL["add_to_campaign"],
            {"campaign_id": campaign_id, "account": account_row, "now": at, "call_class": code},
        )
        if changed:
            orders.again(account_row)
        if joined.rowcount:
            added += 1
        elif changed:
            updated += 1
        else:
            unchanged += 1
    if added:
        # Money that came before its bill: it is owed no more from the first moment on.
        ask_all_again(connection, at)
    if added or updated:
        connection.execute(
            SQL["record_import"],
            {
                "campaign_id": campaign_id,
                "now": at,
                "added": added,
                "updated": updated,
                "unchanged": unchanged,
            },
        )
    return LoadCount(added, updated, unchanged)


def _put_account(connection: sqlite3.Connection, account: Account, now: int) -> tuple[int, bool]:
    """The row id of the account, and whether something of a known account has changed."""
    params = account_params(account)
    row = connection.execute(SQL["account_by_key"], params).fetchone()
    if row is None:
        added = connection.execute(SQL["add_account"], {**params, "now": now})
        assert added.lastrowid is not None
        if account.other_phones:
            put_other_phones(connection, added.lastrowid, account.other_phones)
        if account.addresses:
            put_addresses(connection, added.lastrowid, account.addresses)
        return added.lastrowid, False
    known = dict(row)
    account_row: int = known.pop("id")
    # The list says what was stated; what is owed by now is the ledger's to say.
    known["amount_minor"] = known.pop("stated_minor")
    others, addresses = other_phones(connection, account_row), addresses_of(connection, account_row)
    if known == params and others == account.other_phones and addresses == account.addresses:
        return account_row, False
    if addresses != account.addresses:
        put_addresses(connection, account_row, account.addresses)
    if others != account.other_phones:
        put_other_phones(connection, account_row, account.other_phones)
    changes = {**params, "account": account_row, "now": now}
    if known["amount_minor"] != params["amount_minor"]:
        less = {**changes, "stated": params["amount_minor"], "entry_id": f"pay-{uuid4().hex}"}
        connection.execute(SQL["add_stated_payment"], less)
    connection.execute(SQL["update_account"], changes)
    settle_account(connection, account_row, now)
    count_breaches(connection, account.customer_id, now)
    # Another zone, amount or number may turn any refusal into its opposite: everything is asked again.
    connection.execute(SQL["rearm_account"], {"account": account_row})
    connection.execute(
        SQL["reopen_with_new_phone"],
        {"account": account_row, "phones": json.dumps(list(account.phones)), "now": now},
    )
    return account_row, True


def add_list_entry(
    connection: sqlite3.Connection,
    kind: ListKind,
    contact: str,
    source: str,
    now: datetime,
    expires: datetime | None = None,
    reason: str = "",
) -> bool:
    """See ``Store.add_list_entry``. A later expiry replaces an earlier one, never the other way round."""
    contact = _contact(contact)
    at, expires_at = micros(now), micros_or_none(expires)
    if expires_at is not None and expires_at <= at:
        raise InputError([Problem(kind.value, "expires", "the entry would lapse at once", "a later instant")])
    row = connection.execute(SQL["list_entry"], {"contact": contact, "kind": kind.value}).fetchone()
    if row is not None and (
        row["expires_at"] is None or (expires_at is not None and row["expires_at"] >= expires_at)
    ):
        return False
    connection.execute(
        SQL["add_list_entry"],
        {
            "contact": contact,
            "kind": kind.value,
            "source": plain(source),
            "reason": plain(reason),
            "now": at,
            "expires_at": expires_at,
        },
    )
    return True


def remove_list_entry(connection: sqlite3.Connection, kind: ListKind, contact: str) -> bool:
    """See ``Store.remove_list_entry``."""
    contact = _contact(contact)
    if connection.execute(SQL["remove_list_entry"], {"contact": contact, "kind": kind.value}).rowcount == 0:
        return False
    connection.execute(SQL["rearm_contact"], {"contact": contact})
    return True


def _contact(text: str) -> str:
    contact = text.strip()
    if not contact:
        raise InputError([Problem("list", "", "the contact is empty", "a phone in E.164 or a customer id")])
    return contact
