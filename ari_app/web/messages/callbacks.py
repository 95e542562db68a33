"""Reading what a provider posts: who it is, and what its words mean. External text, bounded before anything is parsed."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from urllib.parse import parse_qsl

from ari_app.domain.messages.message import BY_PHONE
from ari_app.ports.messages import Receipt, Reply
from ari_app.services.model_problems import RefusedError
from ari_app.services.phones import parse_phone

MOST_BYTES: Final = 262_144
#: Receipts that one request may bring.
MOST_ITEMS: Final = 500
_LONGEST_TEXT, _LONGEST_ID = 2000, 200
_NUMBER: Final = re.compile(r"[0-9]{7,15}", re.ASCII)


@dataclass(frozen=True, slots=True)
class CallbackTerms:
    """How a provider's callbacks are trusted and read; see ``config.messages.CallbackSettings``."""

    channel: str
    secret: str = field(repr=False)
    signature_header: str = ""
    items: str = ""
    reference: str = "id"
    message_id: str = ""
    status: str = "status"
    statuses: Mapping[str, str] = field(default_factory=dict)
    bounced: frozenset[str] = frozenset()
    detail: str = ""
    sender: str = "from"
    text: str = "text"
    country: str = "CN"
    """That of numbers that come without a country code (ISO 3166-1)."""


class Unreadable(ValueError):
    """The body is nothing that can be read; says what is wrong, and quotes nothing of it."""


def trusted(terms: CallbackTerms, headers: Mapping[str, str], body: bytes) -> bool:
    """Whether a request carries the provider's secret or its signature; compared in constant time."""
    if terms.signature_header:
        wanted = hmac.new(terms.secret.encode(), body, hashlib.sha256).hexdigest()
        given = headers.get(terms.signature_header, "").removeprefix("sha256=").strip().lower()
        return hmac.compare_digest(wanted.encode(), given.encode())
    scheme, _, given = headers.get("authorization", "").partition(" ")
    return scheme.lower() == "bearer" and hmac.compare_digest(given.strip().encode(), terms.secret.encode())


def receipts(terms: CallbackTerms, provider: str, kind: str, body: bytes, now: datetime) -> list[Receipt]:
    """The receipts of a body; those of an unknown status are left out. Raises Unreadable."""
    found = []
    for item in _items(terms, kind, body):
        word = _text(_at(item, terms.status), _LONGEST_ID)
        status = terms.statuses.get(word)
        reference = _text(_at(item, terms.reference), _LONGEST_ID)
        own = _text(_at(item, terms.message_id), _LONGEST_ID) if terms.message_id else ""
        if status is None or not (reference or own):
            continue
        detail = _text(_at(item, terms.detail), _LONGEST_ID) if terms.detail else word
        bounced = status == "failed" and (word in terms.bounced or detail in terms.bounced)
        found.append(Receipt(provider, reference or own, status, now, detail, bounced, own))
    return found


def replies(
    terms: CallbackTerms, provider: str, kind: str, body: bytes, now: datetime
) -> tuple[list[Reply], int]:
    """The replies of a body, and how many say of nobody who wrote them. Raises Unreadable.

    A reply is named by its reference and by what it says, for some providers give the reference of the message that is
    answered: a second answer to it, which may be "stop", is another reply. One without a reference is named by its hour.
    """
    found, nobody = [], 0
    for item in _items(terms, kind, body):
        contact = _contact(_text(_at(item, terms.sender), _LONGEST_ID), terms)
        text = _text(_at(item, terms.text), _LONGEST_TEXT)
        if not contact:
            nobody += 1
            continue
        named = _text(_at(item, terms.reference), _LONGEST_ID)
        of = named or f"{now:%Y-%m-%dT%H}"
        digest = hashlib.sha256(f"{contact}\n{text}\n{of}".encode("utf-8", "replace")).hexdigest()
        name = f"{named[:150]}.{digest[:16]}" if named else digest[:32]
        found.append(Reply(provider, name, terms.channel, contact, text, now))
    return found, nobody


def _contact(text: str, terms: CallbackTerms) -> str:
    """An address as the store has it: a number in E.164, whether it came with its country code or as it is dialled there.

    Taken for a number abroad, that of somebody who writes "stop" would be somebody else's.
    """
    if terms.channel != BY_PHONE:
        return text
    try:
        return parse_phone(text, terms.country)
    except RefusedError:  # no number of that country: digits that begin with the code of another one
        digits = re.sub(r"[\s()\-]", "", text).removeprefix("+").removeprefix("00")
        return f"+{digits}" if _NUMBER.fullmatch(digits) else ""


def _items(terms: CallbackTerms, kind: str, body: bytes) -> Iterator[Mapping[str, object]]:
    if len(body) > MOST_BYTES:
        raise Unreadable(f"more than {MOST_BYTES} bytes")
    value = _parsed(kind, body)
    inner = _at(value, terms.items) if terms.items and isinstance(value, dict) else value
    items = inner if isinstance(inner, list) else [inner]
    if len(items) > MOST_ITEMS:
        raise Unreadable(f"more than {MOST_ITEMS} items")
    for item in items:
        if isinstance(item, dict):
            yield item


def _parsed(kind: str, body: bytes) -> object:
    if kind.partition(";")[0].strip().lower() == "application/x-www-form-urlencoded":
        try:
            return dict(parse_qsl(body.decode("utf-8"), max_num_fields=100))
        except (UnicodeDecodeError, ValueError):
            raise Unreadable("not a form in UTF-8") from None
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        raise Unreadable("not JSON") from None


def _at(value: object, path: str) -> object:
    for part in path.split(".") if path else ():
        value = value.get(part) if isinstance(value, dict) else None
    return value


def _text(value: object, longest: int) -> str:
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        return ""
    shown = str(value)[:longest].encode("utf-8", "replace").decode()
    return "".join(sign if sign.isprintable() or sign == "\n" else " " for sign in shown).strip()
