"""Broken promises of a customer over all bills: counted in his accounts, and told by the special list."""

from __future__ import annotations

import sqlite3

from ari_app.domain.contact_facts import ListKind
from ari_app.domain.debt.breach import OnSpecial, PromiseRule, special
from ari_app.domain.debt.promise import PromiseStanding, consecutive_breaches
from ari_app.store.debt.promise_rows import standing_of_row
from ari_app.store.queries import SQL

#: Names the entries of the special list that come from here, and leave it by themselves.
SOURCE = "broken promises"


def promise_rule(connection: sqlite3.Connection) -> PromiseRule:
    """By what promises are judged."""
    row = connection.execute(SQL["promise_rule"]).fetchone()
    return PromiseRule(row["grace_days"], row["breaches"])


def put_promise_rule(connection: sqlite3.Connection, rule: PromiseRule) -> None:
    """From now on promises are judged by this."""
    connection.execute(SQL["put_promise_rule"], {"grace_days": rule.grace_days, "breaches": rule.breaches})


def standings_of_customer(connection: sqlite3.Connection, customer_id: str) -> list[PromiseStanding]:
    """The promises of a customer over all his bills, as they were found last."""
    rows = connection.execute(SQL["promises_to_pay_of_customer"], {"customer_id": customer_id}).fetchall()
    return [standing_of_row(row) for row in rows]


def count_breaches(connection: sqlite3.Connection, customer_id: str, now: int) -> None:
    """Write what the broken promises of a customer amount to by now; called whenever one of his promises has moved."""
    connection.execute(SQL["count_broken"], {"customer_id": customer_id})
    found = consecutive_breaches(standings_of_customer(connection, customer_id))
    asked: dict[str, object] = {"contact": customer_id, "kind": ListKind.SPECIAL.value, "source": SOURCE}
    listed = connection.execute(SQL["listed_by"], asked).fetchone() is not None
    match special(found, promise_rule(connection), listed=listed):
        case OnSpecial.ADD:
            reason = "a promise was broken" if found == 1 else f"{found} promises broken in a row"
            connection.execute(SQL["list_unless_listed"], asked | {"reason": reason, "now": now})
        case OnSpecial.REMOVE:
            connection.execute(SQL["unlist_by"], asked)
        case OnSpecial.KEEP:
            pass
