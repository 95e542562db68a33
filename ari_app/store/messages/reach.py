"""Over which channels a customer can be written to, and whether a debt has been written about."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import replace

from ari_app.domain.contact_facts import ContactFacts
from ari_app.domain.messages.message import BY_PHONE
from ari_app.domain.segment import Segment, StepKind
from ari_app.store.queries import SQL


def addresses_of(connection: sqlite3.Connection, account: int) -> tuple[tuple[str, str], ...]:
    """The channels and addresses of an account beside its telephone numbers, sorted."""
    rows = connection.execute(SQL["addresses_of"], {"account": account}).fetchall()
    return tuple((row["channel"], row["contact"]) for row in rows)


def put_addresses(connection: sqlite3.Connection, account: int, addresses: Sequence[tuple[str, str]]) -> None:
    """Replace them."""
    connection.execute(SQL["remove_addresses"], {"account": account})
    connection.executemany(
        SQL["add_address"],
        [{"account": account, "channel": channel, "contact": contact} for channel, contact in addresses],
    )


def reach_of(
    connection: sqlite3.Connection, account: int, phone: str, number_dead: str | None, channels: Sequence[str]
) -> tuple[tuple[str, str], ...]:
    """Of these channels, in their order, those that are open and have a usable address of the customer."""
    opened = {row["channel"] for row in connection.execute(SQL["message_channels"]).fetchall()}
    found = {
        row["channel"]: row["contact"]
        for row in connection.execute(SQL["usable_addresses"], {"account": account}).fetchall()
    }
    if number_dead is None and connection.execute(SQL["unusable_phone"], {"phone": phone}).fetchone() is None:
        found[BY_PHONE] = phone
    return tuple((channel, found[channel]) for channel in channels if channel in opened and channel in found)


def message_channels_of(segment: Segment) -> tuple[str, ...]:
    """The channels over which the messages of a segment go; none where it sends none."""
    found: dict[str, None] = {}
    for step in segment.steps:
        if step.kind is StepKind.MESSAGE:
            found.update(dict.fromkeys(step.channels or segment.channels))
    return tuple(found)


def first_contact(
    connection: sqlite3.Connection, facts: ContactFacts, account: int, channels: Sequence[str]
) -> ContactFacts:
    """The facts of a call, with whether this debt has been written about, and whether it can be.

    A message that was tried in vain, with none on its way, is as good as no channel: nobody is left alone for ever because
    a provider refuses his address.
    """
    asked = {
        "account": account,
        "channels": json.dumps(list(channels)),
        "phone": facts.account.phone,
        "number_dead": facts.number_dead,
    }
    row = connection.execute(SQL["written_to"], asked).fetchone()
    return replace(
        facts,
        contacted_before=facts.contacted_before or bool(row["written"]),
        message_channel=bool(row["reachable"]) and (bool(row["on_its_way"]) or not row["in_vain"]),
    )
