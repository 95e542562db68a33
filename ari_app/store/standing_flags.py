"""Flags that stand in the way of calling a customer; a flag that was cleared stays on record."""

from __future__ import annotations

import sqlite3
from datetime import datetime

from ari_app.domain.contact_facts import Flag
from ari_app.errors import InputError, Problem
from ari_app.ports import FlagRecord
from ari_app.store.codec import instant, instant_or_none, micros, plain
from ari_app.store.queries import SQL


def set_flag(
    connection: sqlite3.Connection,
    customer_id: str,
    flag: Flag,
    source: str,
    now: datetime,
    *,
    account_id: str = "",
    attempt_id: str | None = None,
) -> bool:
    """See ``Store.set_flag``."""
    _stands_alone(flag)
    params = {
        "customer_id": customer_id,
        "account_id": account_id,
        "flag": flag.value,
        "source": plain(source),
        "attempt_id": attempt_id,
        "now": micros(now),
    }
    if connection.execute(SQL["set_flag"], params).rowcount != 1:
        return False
    if flag is Flag.CONSENT:  # the one flag that lets a call happen
        connection.execute(SQL["rearm_standing"], {"customer_id": customer_id})
    return True


def clear_flag(
    connection: sqlite3.Connection,
    customer_id: str,
    flag: Flag,
    source: str,
    now: datetime,
    account_id: str = "",
) -> bool:
    """See ``Store.clear_flag``."""
    _stands_alone(flag)
    params = {
        "customer_id": customer_id,
        "account_id": account_id,
        "flag": flag.value,
        "source": plain(source),
        "now": micros(now),
    }
    if connection.execute(SQL["clear_flag"], params).rowcount != 1:
        return False
    connection.execute(SQL["rearm_standing"], {"customer_id": customer_id})
    return True


def _stands_alone(flag: Flag) -> None:
    """Refuse what follows from something else, and is neither set nor cleared."""
    if flag is Flag.HANDED_OVER:
        wrong = "follows from a case that was handed over"
        raise InputError([Problem("flag", flag.value, wrong, "hand the case over, or close it")])


def flags_of(connection: sqlite3.Connection, customer_id: str) -> list[FlagRecord]:
    """See ``Store.flags``."""
    return [
        FlagRecord(
            flag=Flag(row["flag"]),
            account_id=row["account_id"],
            source=row["source"],
            attempt_id=row["attempt_id"],
            set_at=instant(row["set_at"]),
            cleared_at=instant_or_none(row["cleared_at"]),
            cleared_source=row["cleared_source"],
        )
        for row in connection.execute(SQL["flags_of"], {"customer_id": customer_id}).fetchall()
    ]
