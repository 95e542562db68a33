"""One budget of attempts for each customer of a campaign, whatever the number of his accounts and numbers."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from ari_app.store.queries import SQL


@dataclass(frozen=True, slots=True)
class Spent:
    """Dials to a customer in a campaign, over all his accounts, and when the first of them was (microseconds)."""

    dials: int
    first_at: int | None


def spent(connection: sqlite3.Connection, campaign_id: str, customer_id: str) -> Spent:
    """What a campaign has spent on a customer."""
    asked = {"campaign_id": campaign_id, "customer_id": customer_id}
    row = connection.execute(SQL["spent"], asked).fetchone()
    return Spent(row["dials"], row["first_at"])


def goes_first(connection: sqlite3.Connection, row: sqlite3.Row, now: int) -> int:
    """Which of the customer's due accounts of this campaign a call is about: that with the oldest due date."""
    asked = {"campaign_id": row["campaign_id"], "customer_id": row["customer_id"], "now": now}
    found = connection.execute(SQL["first_of_customer"], asked).fetchone()
    return row["campaign_account"] if found is None else int(found["id"])


def plan_beside(connection: sqlite3.Connection, attempt: sqlite3.Row, due_at: int) -> None:
    """The customer's other accounts of the campaign wait for the next offset too."""
    connection.execute(
        SQL["plan_beside"],
        {
            "campaign_id": attempt["campaign_id"],
            "customer_id": attempt["customer_id"],
            "campaign_account": attempt["campaign_account"],
            "due_at": due_at,
        },
    )
