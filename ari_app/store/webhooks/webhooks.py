"""The protocol of ``ports.webhooks.Webhooks`` on SQLite."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Final

from ari_app.domain.webhooks.delivery import (
    Answer,
    Delivery,
    DeliveryState,
    EndpointState,
    Health,
    Policy,
    after_answer,
    health_after,
    switched,
)
from ari_app.domain.webhooks.message import Message, message_id
from ari_app.ports.webhooks import Backlog, DeliveryRecord, Due, EndpointRecord, NewEvent, Wanted
from ari_app.store.codec import instant, instant_or_none, micros, micros_or_none, plain, words, words_of
from ari_app.store.queries import SQL
from ari_app.store.readers import Readers
from ari_app.store.webhooks.events import add_event
from ari_app.store.writer import Writer

#: Events that are deleted in one write transaction.
PART: Final = 500
#: Events about webhooks themselves: that one of these could not be delivered is no event again, or it would never end.
_ABOUT = "webhook."


class SqliteWebhooks:
    """See ``ports.webhooks.Webhooks``."""

    def __init__(self, writer: Writer, readers: Readers) -> None:
        self._writer, self._readers = writer, readers

    async def due(self, now: datetime, taken: Mapping[int, Collection[int]], most: int) -> list[Due]:
        return await self._readers.run(lambda db: due(db, micros(now), taken, most))

    async def settle(
        self, due: Due, answer: Answer, policy: Policy, now: datetime, chance: float
    ) -> tuple[DeliveryState, EndpointState]:
        return await self._writer.run(
            partial(settle, of=due, answer=answer, policy=policy, now=now, chance=chance)
        )

    async def add_events(self, events: Sequence[NewEvent], now: datetime) -> int:
        def write(connection: sqlite3.Connection) -> int:
            return sum(
                add_event(
                    connection,
                    each.event,
                    each.key,
                    each.payload,
                    micros(now),
                    campaign_id=each.campaign_id,
                    account=each.account,
                )
                for each in events
            )

        return await self._writer.run(write)

    async def backlog(self) -> Backlog:
        row = await self._readers.run(lambda db: db.execute(SQL["backlog"]).fetchone())
        return Backlog(row["pending"], row["dead"], instant_or_none(row["oldest"]), row["failing"])

    async def forget(self, before: datetime) -> int:
        forgotten = 0
        while True:
            found = await self._writer.run(partial(_forget, before=micros(before)))
            forgotten += found
            if found < PART:
                return forgotten

    async def endpoints(self) -> list[EndpointRecord]:
        rows = await self._readers.run(lambda db: db.execute(SQL["endpoints"]).fetchall())
        return [_endpoint(row) for row in rows]

    async def add_endpoint(
        self, name: str, url: str, events: Sequence[str], secret: str, now: datetime
    ) -> bool:
        asked = {
            "name": plain(name),
            "url": plain(url),
            "events": words(events),
            "secret": plain(secret),
            "now": micros(now),
        }
        return await self._writer.run(lambda db: db.execute(SQL["add_endpoint"], asked).rowcount > 0)

    async def rotate(self, name: str, secret: str, until: datetime, now: datetime) -> bool:
        asked = {"name": name, "secret": plain(secret), "until": micros(until)}
        return await self._writer.run(lambda db: db.execute(SQL["rotate_endpoint"], asked).rowcount > 0)

    async def switch(self, name: str, on: bool, why: str, now: datetime) -> EndpointState | None:
        def write(connection: sqlite3.Connection) -> EndpointState | None:
            row = connection.execute(SQL["endpoint_named"], {"name": name}).fetchone()
            if row is None:
                return None
            return _move(connection, row, switched(_health(row), on, plain(why), now), now)

        return await self._writer.run(write)

    async def message_for(self, name: str, key: str, payload: str, now: datetime) -> Message | None:
        row = await self._readers.run(lambda db: db.execute(SQL["endpoint_named"], {"name": name}).fetchone())
        if row is None:
            return None
        return Message(row["url"], "webhook.test", key, payload, _secrets(row, micros(now)))

    async def deliveries(self, wanted: Wanted) -> list[DeliveryRecord]:
        asked = _asked(wanted)
        rows = await self._readers.run(lambda db: db.execute(SQL["deliveries"], asked).fetchall())
        return [_delivery(row) for row in rows]

    async def replay(self, wanted: Wanted, now: datetime) -> int:
        asked = {**_asked(wanted), "now": micros(now)}
        return await self._writer.run(lambda db: db.execute(SQL["replay_deliveries"], asked).rowcount)


def _forget(connection: sqlite3.Connection, before: int) -> int:
    rows = connection.execute(SQL["old_events"], {"before": before, "limit": PART}).fetchall()
    events = {"events": json.dumps([row["id"] for row in rows])}
    connection.execute(SQL["forget_deliveries"], events)
    connection.execute(SQL["forget_events"], events)
    return len(rows)


def due(
    connection: sqlite3.Connection, now: int, taken: Mapping[int, Collection[int]], most: int
) -> list[Due]:
    """See ``Webhooks.due``."""
    found: list[Due] = []
    for place in connection.execute(SQL["live_endpoints"], {"now": now}).fetchall():
        under_way = taken.get(place["id"], ())
        probing = place["state"] == EndpointState.FAILING.value
        room = min(most, 1 if probing else most) - len(under_way)
        if room <= 0:
            continue
        # A probe does not wait for the turn of its event: the endpoint's own rest is what is kept.
        asked = {
            "endpoint": place["id"],
            "upto": 2**62 if probing else now,
            "limit": room + len(under_way),
        }
        secrets = _secrets(place, now)
        rows = connection.execute(SQL["due_deliveries"], asked).fetchall()
        fresh = [row for row in rows if row["event"] not in under_way]
        found += [
            Due(
                row["event"],
                place["id"],
                Message(place["url"], row["name"], row["key"], row["payload"], secrets),
            )
            for row in fresh[:room]
        ]
    return found


def settle(
    connection: sqlite3.Connection, of: Due, answer: Answer, policy: Policy, now: datetime, chance: float
) -> tuple[DeliveryState, EndpointState]:
    """See ``Webhooks.settle``."""
    asked: dict[str, object] = {"event": of.event, "endpoint": of.endpoint}
    row = connection.execute(SQL["delivery"], asked).fetchone()
    place = connection.execute(SQL["endpoint"], asked).fetchone()
    if row is None:  # settled long ago, and deleted while a second request of it was under way
        return DeliveryState.SENT, EndpointState(place["state"])
    before = Delivery(
        DeliveryState(row["state"]), row["tries"], row["spent"], instant_or_none(row["next_at"])
    )
    after = after_answer(before, answer, policy, now, chance)
    if after is not before:
        connection.execute(
            SQL["move_delivery"],
            {
                **asked,
                "state": after.state.value,
                "tries": after.tries,
                "spent": after.spent,
                "next_at": micros_or_none(after.next_at),
                "status": answer.status or None,
                "fault": plain(answer.fault),
                "now": micros(now),
            },
        )
        if after.state is DeliveryState.DEAD:
            _tell_dead(connection, row, place, answer, after, micros(now))
    health = _health(place)
    moved = health_after(health, answer, policy, now)
    state = health.state if moved == health else _move(connection, place, moved, now)
    return after.state, state


def _tell_dead(
    connection: sqlite3.Connection,
    row: sqlite3.Row,
    place: sqlite3.Row,
    answer: Answer,
    after: Delivery,
    now: int,
) -> None:
    if row["name"].startswith(_ABOUT):
        return
    name = "webhook.dead"
    fields = {
        "event": name,
        "taskId": row["campaign_id"],
        "endpoint": place["name"],
        "webhookId": message_id(row["key"]),
        "lost": {"event": row["name"], "key": row["key"], "id": row["event"]},
        "tries": after.tries,
        "status": answer.status or None,
        "why": answer.why,
        "timestamp": now // 1_000_000,
    }
    # With the tries in it: replayed and dead again is another event.
    key = f"{row['key']}+{name}+{place['name']}+{after.tries}"
    add_event(connection, name, key, fields, now)


def _move(connection: sqlite3.Connection, place: sqlite3.Row, health: Health, now: datetime) -> EndpointState:
    at = micros(now)
    connection.execute(
        SQL["move_endpoint"],
        {
            "endpoint": place["id"],
            "state": health.state.value,
            "why": plain(health.why),
            "failures": health.failures,
            "probes": health.probes,
            "probe_at": micros_or_none(health.probe_at),
            "now": at,
        },
    )
    if health.state.value != place["state"]:
        name = "webhook.endpoint"
        fields = {
            "event": name,
            "endpoint": place["name"],
            "taskId": place["campaign_id"],
            "state": health.state.value,
            "failures": health.failures,
            "why": health.why or None,
            "timestamp": at // 1_000_000,
        }
        add_event(connection, name, f"{place['name']}+{name}+{health.state.value}+{at}", fields, at)
    return health.state


def _health(row: sqlite3.Row) -> Health:
    return Health(
        EndpointState(row["state"]),
        row["why"],
        row["failures"],
        row["probes"],
        instant_or_none(row["probe_at"]),
    )


def _secrets(row: sqlite3.Row, now: int) -> tuple[str, ...]:
    old = (row["old_secret"],) if row["old_until"] is not None and row["old_until"] > now else ()
    return tuple(secret for secret in (row["secret"], *old) if secret)


def _endpoint(row: sqlite3.Row) -> EndpointRecord:
    return EndpointRecord(
        name=row["name"],
        campaign_id=row["campaign_id"] or "",
        url=row["url"],
        events=words_of(row["events"]),
        state=EndpointState(row["state"]),
        why=row["why"],
        failures=row["failures"],
        state_at=instant(row["state_at"]),
        probe_at=instant_or_none(row["probe_at"]),
        old_until=instant_or_none(row["old_until"]),
        pending=row["pending"],
        dead=row["dead"],
    )


def _delivery(row: sqlite3.Row) -> DeliveryRecord:
    return DeliveryRecord(
        event_id=row["event"],
        message_id=message_id(row["key"]),
        event=row["name"],
        key=row["key"],
        endpoint=row["endpoint_name"],
        campaign_id=row["campaign_id"] or "",
        state=DeliveryState(row["state"]),
        tries=row["tries"],
        created_at=instant(row["created_at"]),
        next_at=instant_or_none(row["next_at"]),
        tried_at=instant_or_none(row["tried_at"]),
        status=row["status"],
        fault=row["fault"],
        payload=row["payload"],
    )


def _asked(wanted: Wanted) -> dict[str, object]:
    return {
        "event_id": wanted.event_id,
        "state": None if wanted.state is None else wanted.state.value,
        "event": wanted.event,
        "endpoint": wanted.endpoint,
        "since": micros_or_none(wanted.since),
        "before": micros_or_none(wanted.before),
        "limit": wanted.limit,
    }
