"""A timeline as it may be shown: personal data masked, amounts as text with their currency."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime, tzinfo
from decimal import Decimal

from ari_app.logs import mask_number, mask_text
from ari_app.ports.timeline import Cursor, Source, Timeline, TimelineEntry, TimelineQuery

#: Fields that hold a telephone number or an address, and nothing else.
_CONTACTS = frozenset({"phone", "contact", "address", "sender", "recipient"})
#: Fields in which people speak: they may name anybody.
_WORDS = frozenset({"summary", "description", "text", "reply", "note", "reason", "why"})
_MAIL = re.compile(r"([^\s@<>,;:，；：]{1})[^\s@<>,;:，；：]*(@[^\s@<>,;:，；：]+)")
_LINK = re.compile(r"https?://\S+")


async def entries(timeline: Timeline, query: TimelineQuery) -> AsyncIterator[TimelineEntry]:
    """All entries in order, read page by page."""
    after: Cursor | None = None
    while True:
        page = await timeline.page(query, after)
        for entry in page.entries:
            yield entry
        if page.after is None:
            return
        after = page.after


def shown(entry: TimelineEntry, *, full: bool = False) -> TimelineEntry:
    """The entry, fit to be shown to somebody who may not see numbers and names (``full``: who may)."""
    if full:
        return entry
    # A list names a telephone number, or the customer himself, whose id stands above the timeline anyway.
    ids = frozenset({"contact"}) if entry.source is Source.LIST else frozenset()
    fields = {
        name: value if name in ids and not str(value).startswith("+") else _masked(name, value)
        for name, value in entry.fields.items()
    }
    return replace(entry, fields=fields)


def _masked(name: str, value: object) -> object:
    if not isinstance(value, str):
        return value
    if name in _CONTACTS:
        if value.lstrip("+").isdecimal():
            return mask_number(value)
        # Of an address of another kind the first sign is enough to tell two apart.
        return _MAIL.sub(r"\1***\2", value) if _MAIL.fullmatch(value) else f"{value[:1]}***"
    if name not in _WORDS:
        return value
    # A link to the page of a bill opens it for whoever has it.
    return mask_text(_MAIL.sub(r"\1***\2", _LINK.sub("(link)", value)))


def in_words(entry: TimelineEntry, zone: tzinfo | None) -> str:
    """The fields in one line: amounts with their currency, instants on the clocks of ``zone``."""
    currency = entry.fields.get("currency")
    parts = []
    for name, value in entry.fields.items():
        if name == "currency":
            continue
        match value:
            case Decimal():
                text = f"{value} {currency}" if currency else str(value)
            case datetime():
                text = value.astimezone(zone).strftime("%Y-%m-%d %H:%M")
            case float():
                text = f"{value:g}"
            case _:
                text = str(value)
        parts.append(f"{name} {text}")
    return ", ".join(parts)
