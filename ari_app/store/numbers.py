"""The numbers of an account: stored, and what is known of each."""

from __future__ import annotations

import json
import sqlite3
from collections import defaultdict
from collections.abc import Sequence

from ari_app.domain.numbers import NumberState, unreached
from ari_app.store.queries import SQL

#: Ends of a call in which nobody was talked to, although it was answered.
_NOBODY = frozenset({None, "no_input"})


def other_phones(connection: sqlite3.Connection, account: int) -> tuple[str, ...]:
    """The numbers of an account beside its first, in order."""
    return tuple(row["phone"] for row in connection.execute(SQL["other_phones"], {"account": account}))


def put_other_phones(connection: sqlite3.Connection, account: int, phones: Sequence[str]) -> None:
    """Replace them."""
    connection.execute(SQL["remove_other_phones"], {"account": account})
    connection.executemany(
        SQL["add_other_phone"],
        [
            {"account": account, "position": position, "phone": phone}
            for position, phone in enumerate(phones, start=1)
        ],
    )


def number_states(
    connection: sqlite3.Connection, phones: Sequence[str], customer_id: str, now: int
) -> tuple[NumberState, ...]:
    """What is known of each number, in the order given. ``now`` in microseconds."""
    tries = defaultdict[str, list[bool]](list)
    for row in connection.execute(SQL["tries_of_customer"], {"customer_id": customer_id}):
        tries[row["phone"]].append(row["result"] not in _NOBODY)
    asked = {"phones": json.dumps(list(phones)), "now": now}
    return tuple(
        NumberState(row["phone"], row["dead"], bool(row["listed"]), unreached(tries[row["phone"]]))
        for row in connection.execute(SQL["numbers"], asked).fetchall()
    )
