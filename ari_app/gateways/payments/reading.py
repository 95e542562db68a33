"""Values of a callback: bounded and exact. What is not as a provider writes it raises CallbackRefused."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, tzinfo
from decimal import Decimal
from pathlib import Path

from ari_app.errors import ConfigError, InputError
from ari_app.ports.payments import CallbackRefused
from ari_app.services.exact_json import DECODER, JSON_FAULTS, load_object

MOST_BYTES = 65_536
#: A callback may be so much older or newer than now.
WINDOW_S = 300
LONGEST_ID = 128
#: A single payment above this is taken for a fault.
MOST_MINOR = 100_000_000_000

_DIGITS = re.compile(r"[0-9]{1,15}", re.ASCII)
_AMOUNT = re.compile(r"[0-9]{1,10}(\.[0-9]{1,2})?", re.ASCII)
_CURRENCY = re.compile(r"[A-Z]{3}", re.ASCII)
_LARGEST_KEY_FILE = 65_536


def fresh(text: str, now: datetime) -> None:
    """Refuse a timestamp (seconds since 1970) outside the window: a callback is not to be told again by anybody."""
    if not _DIGITS.fullmatch(text):
        raise CallbackRefused("its timestamp is no number")
    if abs(int(text) - now.timestamp()) > WINDOW_S:
        raise CallbackRefused("its timestamp is too far from now")


def json_object(body: bytes) -> dict[str, object]:
    """The JSON object of a body, with exact numbers."""
    try:
        return load_object(body, "callback", MOST_BYTES, "", "a JSON object")
    except InputError as error:
        raise CallbackRefused("its body is not a JSON object") from error


def json_text(text: str) -> Mapping[str, object]:
    """The JSON object of a text that was decrypted."""
    try:
        found = DECODER.decode(text)
    except JSON_FAULTS as error:
        raise CallbackRefused("what it encloses is not JSON") from error
    if not isinstance(found, dict):
        raise CallbackRefused("what it encloses is not a JSON object")
    return found


def part(values: Mapping[str, object], name: str) -> Mapping[str, object]:
    """An object inside an object."""
    found = values.get(name)
    if not isinstance(found, dict):
        raise CallbackRefused(f"{name} is missing")
    return found


def text(
    values: Mapping[str, object], name: str, *, optional: bool = False, longest: int = LONGEST_ID
) -> str:
    """A bounded, printable text; '' where it is optional and not there."""
    found = values.get(name)
    if found in (None, "") and optional:
        return ""
    if not isinstance(found, str) or not 0 < len(found) <= longest or not found.isprintable():
        raise CallbackRefused(f"{name} is missing or is not a text of at most {longest} characters")
    return found


def decimal(value: object, name: str) -> Decimal:
    """An amount with at most two decimals, more than 0."""
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        raise CallbackRefused(f"{name} is no amount")
    written = str(value)
    if not _AMOUNT.fullmatch(written):
        raise CallbackRefused(f"{name} is no amount with at most two decimals")
    return _bounded(Decimal(written).quantize(Decimal("0.01")), name)


def minor(value: object, name: str) -> Decimal:
    """An amount in hundredths (fen), more than 0."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise CallbackRefused(f"{name} is no whole number of fen")
    return _bounded(Decimal(value).scaleb(-2), name)


def currency(value: str) -> str:
    """A code of ISO 4217."""
    if not _CURRENCY.fullmatch(value):
        raise CallbackRefused("its currency is none of ISO 4217")
    return value


def iso_instant(written: str) -> datetime:
    """An instant of RFC 3339, with its offset."""
    try:
        found = datetime.fromisoformat(written)
    except ValueError as error:
        raise CallbackRefused("it names no instant with an offset") from error
    if found.tzinfo is None:
        raise CallbackRefused("it names no instant with an offset")
    return _utc(found)


def wall_instant(written: str, zone: tzinfo) -> datetime:
    """``2026-03-02 10:00:00`` (with fractions or not) in a zone."""
    try:
        found = datetime.fromisoformat(written)
    except ValueError as error:
        raise CallbackRefused("it names no instant") from error
    if found.tzinfo is not None:
        raise CallbackRefused("it names no instant of a wall clock")
    return _utc(found.replace(tzinfo=zone))


def _utc(found: datetime) -> datetime:
    try:
        return found.astimezone(UTC)
    except OverflowError as error:  # the first and the last day of the calendar
        raise CallbackRefused("it names an instant that cannot be") from error


def plausible(at: datetime, now: datetime) -> datetime:
    """When it happened, but not later than a day from now, and not before 2000."""
    if at > now + timedelta(days=1) or at.year < 2000:
        raise CallbackRefused("it names an instant that cannot be")
    return at


def key_file(path: Path, what: str) -> str:
    """The text of a file with a key or a certificate. Raises ConfigError that quotes nothing of it."""
    try:
        with path.open(encoding="ascii") as stream:
            found = stream.read(_LARGEST_KEY_FILE + 1)
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"{what}: {path} cannot be read: {getattr(error, 'strerror', 'not ASCII')}"
        ) from error
    if not found.strip() or len(found) > _LARGEST_KEY_FILE:
        raise ConfigError(f"{what}: {path} holds nothing, or too much")
    return found.strip()


def _bounded(amount: Decimal, name: str) -> Decimal:
    if not 0 < amount * 100 <= MOST_MINOR:
        raise CallbackRefused(f"{name} is out of range")
    return amount
