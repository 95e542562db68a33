"""Caller IDs: which one a call shows, counted where every controller counts, and what people have said of them."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from ari_app.domain.caller_id import CallerIdChoice, NumberRules, NumberUse, choose_healthy
from ari_app.store.codec import instant_or_none, micros, micros_or_none
from ari_app.store.queries import SQL

_HOUR = 3_600_000_000
_DAY = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class CallerIdState:
    """A caller ID as ``ari-app caller-ids`` shows it: its use of the last 24 hours, and what was said of it."""

    number: str
    use: NumberUse
    marked_at: datetime | None = None
    mark_source: str = ""
    rest_reason: str = ""
    tested_at: datetime | None = None


class CallerIds:
    """The caller IDs of one claim, in its transaction: read once for each pool, counted on as attempts are reserved."""

    def __init__(
        self, connection: sqlite3.Connection, rules: Mapping[str, NumberRules], now: datetime
    ) -> None:
        self._connection = connection
        self._rules = rules
        self._now = now
        self._uses: dict[str, NumberUse] = {}
        self._read: set[tuple[str, ...]] = set()

    def choose(
        self, pool: Sequence[str], phone: str, customer_id: str, attempt_number: int
    ) -> CallerIdChoice:
        """For a call to a customer; see ``domain.caller_id.choose_healthy``. Where some are approved, no other is shown."""
        if self._rules:
            pool = [each for each in pool if each in self._rules]
        if tuple(pool) not in self._read:
            self._read.add(tuple(pool))
            found = uses_of(self._connection, [each for each in pool if each not in self._uses], self._now)
            self._uses.update(found)
        last = None
        if any(each in self._rules for each in pool):
            row = self._connection.execute(
                SQL["caller_id_last_shown"], {"customer_id": customer_id}
            ).fetchone()
            last = None if row is None else row["caller_id"]
        return choose_healthy(
            pool,
            self._rules,
            self._uses,
            phone=phone,
            customer_id=customer_id,
            attempt_number=attempt_number,
            last_shown=last,
            now=self._now,
        )

    def took(self, number: str) -> None:
        """An attempt with this number was reserved."""
        use = self._uses[number]
        self._uses[number] = replace(use, open=use.open + 1, preparing=use.preparing + 1, last_at=self._now)


def uses_of(connection: sqlite3.Connection, pool: Sequence[str], now: datetime) -> dict[str, NumberUse]:
    """What is known of each number: its last 24 hours, calls in progress, marks."""
    if not pool:
        return {}
    open_now = {row["caller_id"]: row for row in connection.execute(SQL["caller_ids_open"])}
    asked = {"pool": json.dumps(list(pool)), "since": micros(now - _DAY) // _HOUR}
    uses: dict[str, NumberUse] = {}
    for row in connection.execute(SQL["caller_id_uses"], asked):
        in_progress = open_now.get(row["caller_id"])
        seen = [row["last_at"], None if in_progress is None else in_progress["last_at"]]
        uses[row["caller_id"]] = NumberUse(
            dials=row["dials"],
            answered=row["answered"],
            open=0 if in_progress is None else in_progress["calls"],
            preparing=0 if in_progress is None else in_progress["preparing"],
            last_at=instant_or_none(max((each for each in seen if each is not None), default=None)),
            rests_until=instant_or_none(row["rests_until"]),
            marked=row["marked_at"] is not None,
            test_failed=row["test_passed"] == 0,
        )
    return uses


def is_barred(connection: sqlite3.Connection, caller_id: str) -> bool:
    """Whether a number is marked as spam or has failed its test, by now."""
    return connection.execute(SQL["caller_id_barred"], {"caller_id": caller_id}).fetchone() is not None


def count_shown(connection: sqlite3.Connection, caller_id: str, at: int) -> None:
    """A dial that shows this number; ``at`` in microseconds."""
    connection.execute(SQL["caller_id_shown"], {"caller_id": caller_id, "hour": at // _HOUR, "at": at})


def count_answered(connection: sqlite3.Connection, caller_id: str, dialled_at: int) -> None:
    """The call that was dialled then was answered."""
    connection.execute(SQL["caller_id_answered"], {"caller_id": caller_id, "hour": dialled_at // _HOUR})


def states(connection: sqlite3.Connection, numbers: Sequence[str], now: datetime) -> list[CallerIdState]:
    """Of these numbers, and of every other that somebody has said something of."""
    said = {row["caller_id"]: row for row in connection.execute(SQL["caller_id_states"])}
    every = list(dict.fromkeys([*numbers, *said]))
    uses = uses_of(connection, every, now)
    found = []
    for each in every:
        row = said.get(each)
        state = CallerIdState(each, uses.get(each, NumberUse()))
        if row is not None:
            state = replace(
                state,
                marked_at=instant_or_none(row["marked_at"]),
                mark_source=row["mark_source"],
                rest_reason=row["rest_reason"],
                tested_at=instant_or_none(row["tested_at"]),
            )
        found.append(state)
    return found


def mark(connection: sqlite3.Connection, number: str, at: datetime | None, source: str) -> None:
    """Shown as spam to people who were called; None takes the mark away."""
    params = {"caller_id": number, "at": micros_or_none(at), "source": source}
    connection.execute(SQL["mark_caller_id"], params)


def ask_again(connection: sqlite3.Connection, after: int, upto: int) -> int:
    """Ask again who was refused for want of a number, of the accounts with ids in (``after``, ``upto``]."""
    return connection.execute(SQL["rearm_caller_ids"], {"after": after, "upto": upto}).rowcount


def rest(connection: sqlite3.Connection, number: str, until: datetime | None, reason: str) -> None:
    """Not to be shown before ``until``; None ends a rest."""
    params = {"caller_id": number, "until": micros_or_none(until), "reason": reason}
    connection.execute(SQL["rest_caller_id"], params)


def test_result(connection: sqlite3.Connection, number: str, at: datetime, passed: bool) -> None:
    """What a test call showed: the number arrived as it is, or it did not."""
    connection.execute(SQL["test_caller_id"], {"caller_id": number, "at": micros(at), "passed": int(passed)})
