"""Everything that is stored of a bill, as documents that people and programs outside can read."""

from __future__ import annotations

import json
import sqlite3
from datetime import UTC, date
from decimal import Decimal

from ari_app.domain.compliance import zone_of
from ari_app.domain.script_coverage import EVIDENCE
from ari_app.ports.cases import Dossier, DossierCall
from ari_app.ports.debt import BillKey
from ari_app.store.codec import amount, instant, words_of
from ari_app.store.queries import SQL

#: Documents with one object for each row, by their statement.
_TABLES: tuple[tuple[str, str], ...] = (
    ("ledger.json", SQL["dossier_ledger"]),
    ("attempts.json", SQL["dossier_attempts"]),
    ("promises.json", SQL["dossier_promises"]),
    ("plans.json", SQL["dossier_plans"]),
    ("instalments.json", SQL["dossier_instalments"]),
    ("disputes.json", SQL["dossier_disputes"]),
    ("evidence.json", SQL["dossier_evidence"]),
    ("messages.json", SQL["dossier_messages"]),
    ("receipts.json", SQL["dossier_receipts"]),
    ("replies.json", SQL["dossier_replies"]),
    ("verdicts.json", SQL["dossier_verdicts"]),
    ("service_orders.json", SQL["dossier_orders"]),
    ("history.json", SQL["dossier_events"]),
)
#: Row numbers of this database mean nothing outside.
_OURS = frozenset({"id", "account", "campaign_account", "service", "flag", "last_verdict", "verdict_id"})
_DOCUMENTS = frozenset(
    {
        *(
            "intents",
            "reasons",
            "coverage",
            "cut_short",
            "required",
            "key_points",
            "facts",
            "offered",
            "roles",
        ),
        *("notices", "fields", "fee_items", "values_given", "channels"),
    }
)
#: Columns with an instant that do not say so by their name.
_INSTANTS = frozenset({"at"})


def read_dossier(connection: sqlite3.Connection, case: sqlite3.Row, now: int) -> Dossier:
    """The dossier of a case, as it is at this moment. ``now`` in microseconds."""
    asked = {"account": case["account"]}
    row = connection.execute(SQL["dossier_account"], asked).fetchone()
    today = instant(now).astimezone(zone_of(row["timezone"]) or UTC).date()
    bill = plain_row(row)
    bill["other_phones"] = [each["phone"] for each in connection.execute(SQL["dossier_phones"], asked)]
    documents: dict[str, object] = {"bill.json": bill}
    for name, statement in _TABLES:
        documents[name] = [plain_row(each) for each in connection.execute(statement, asked).fetchall()]
    for each in connection.execute(SQL["dossier_turns"], asked).fetchall():
        turns = documents.setdefault(f"turns/{each['attempt_id']}.json", [])
        assert isinstance(turns, list)
        turns.append(plain_row(each))
    evidence = connection.execute(SQL["dossier_evidence"], asked).fetchall()
    return Dossier(
        case_id=case["case_id"],
        bill=BillKey(row["customer_id"], row["account_id"], row["bill_id"]),
        at=instant(now),
        days_overdue=(today - date.fromisoformat(row["due_date"])).days,
        documents=documents,
        calls=tuple(_call(each) for each in connection.execute(SQL["dossier_attempts"], asked).fetchall()),
        evidence=tuple((each["path"], each["sha256"]) for each in evidence),
    )


def plain_row(row: sqlite3.Row) -> dict[str, object]:
    """A row as JSON values: instants as ISO texts, amounts as texts with two decimal places, JSON columns as values."""
    return {
        name.removesuffix("_minor") if name.endswith("_minor") else name: _plain(name, row[name])
        for name in row.keys()  # noqa: SIM118 - a row is no mapping
        if name not in _OURS
    }


def _plain(name: str, value: object) -> object:
    if value is None:
        return None
    if name.endswith("_minor") and isinstance(value, int):
        return str(amount(value))
    if isinstance(value, int) and (name in _INSTANTS or name.endswith("_at")):
        return instant(value).isoformat()
    if name in _DOCUMENTS and isinstance(value, str):
        try:
            return json.loads(value, parse_float=Decimal if name == "fee_items" else None)
        except json.JSONDecodeError:
            return value
    return value


def _call(row: sqlite3.Row) -> DossierCall:
    coverage = () if row["coverage"] is None else words_of(row["coverage"])
    return DossierCall(
        attempt_id=row["attempt_id"],
        recording=row["recording"] or "",
        transcript=row["transcript"] or "",
        talked=row["result"] is not None,
        consent=row["consent_given"] is not None,
        elements=coverage,
        lacking=tuple(each for each in EVIDENCE if each not in coverage),
    )
