"""Records of another system turned into the fields that are known here: where a value stands, and what is done to it.

A path is plain keys and positions (``person.phones.0``); there is no expression language. What is done to a value is a
list of steps out of a fixed set. Total: no record raises, every fault is told with its field and without the value.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from enum import StrEnum

from ari_app.domain.compliance import zone_of

#: Longest text of a value, in characters.
MOST_TEXT = 4000
#: The widest number that is turned into text.
_MOST_DIGITS = 30
_WHOLE = re.compile(r"-?[0-9]{1,18}", re.ASCII)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Path = tuple[str, ...]


class Act(StrEnum):
    """What a step does to a value."""

    STRIP = "strip"
    """Text without blanks at its ends."""
    UPPER = "upper"
    LOWER = "lower"
    TEXT = "text"
    """A number as text: ids that another system keeps as numbers."""
    FEN = "fen"
    """Whole hundredths as an amount: 56832 becomes 568.32."""
    DATE = "date"
    """Text of a form (``%d/%m/%Y``) as a day: 2026-03-01."""
    INSTANT = "instant"
    """Text of a form with a time of day, as an instant, 2026-03-01T10:00:00+08:00; without offset where it has none."""
    EPOCH = "epoch"
    """Seconds (``s``) or milliseconds (``ms``) since 1970 as an instant."""
    DAY_IN = "day_in"
    """The day of an instant on the clocks of a zone."""
    VALUES = "values"
    """One word for another; a word that is not in the table is a fault."""
    DEFAULT = "default"
    """A value where there is none."""


@dataclass(frozen=True, slots=True)
class Step:
    """One thing done to a value; ``of`` is the form, unit, zone or default, ``table`` that of ``values``."""

    act: Act
    of: str = ""
    table: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class FieldMap:
    """Where a field comes from: one path, several joined by ``between``, or a constant."""

    paths: tuple[Path, ...] = ()
    between: str = ""
    constant: str | None = None
    steps: tuple[Step, ...] = ()


@dataclass(frozen=True, slots=True)
class MapFault:
    """What is wrong with a field; never quotes the value."""

    field: str
    wrong: str
    allowed: str = ""


@dataclass(frozen=True, slots=True)
class Mapped:
    """The fields of a record, and what was wrong; a record with faults is not used."""

    fields: Mapping[str, object] = field(repr=False)
    faults: tuple[MapFault, ...] = ()


class _StepFault(Exception):
    """A step cannot be done."""

    def __init__(self, wrong: str, allowed: str = "") -> None:
        self.wrong, self.allowed = wrong, allowed
        super().__init__(wrong)


def value_at(record: object, path: Path) -> object:
    """What stands at a path; None where nothing does."""
    here = record
    for part in path:
        if isinstance(here, Mapping):
            here = here.get(part)
        elif isinstance(here, Sequence) and not isinstance(here, str | bytes) and part.isdecimal():
            place = int(part[:9])
            here = here[place] if place < len(here) else None
        else:
            return None
    return here


def map_record(record: object, fields: Mapping[str, FieldMap], required: Sequence[str] = ()) -> Mapped:
    """The fields of one record by its map; ``required`` ones must have a value."""
    found: dict[str, object] = {}
    faults: list[MapFault] = []
    for name, wanted in fields.items():
        try:
            value = _value(record, wanted)
        except _StepFault as fault:
            faults.append(MapFault(name, fault.wrong, fault.allowed))
            continue
        if value is None or value == "":
            if name in required:
                faults.append(MapFault(name, "is missing", _places(wanted)))
            continue
        found[name] = value
    return Mapped(found, tuple(faults))


def _places(wanted: FieldMap) -> str:
    return "a value at " + " or ".join(".".join(path) for path in wanted.paths) if wanted.paths else ""


def _value(record: object, wanted: FieldMap) -> object:
    value: object
    if wanted.constant is not None:
        value = wanted.constant
    elif len(wanted.paths) == 1:
        value = _checked(value_at(record, wanted.paths[0]))
    else:
        parts = [_text(_checked(value_at(record, path))) for path in wanted.paths]
        # A part that is missing makes another value, so nothing is better than the rest of it.
        value = None if any(part in (None, "") for part in parts) else wanted.between.join(map(str, parts))
    for step in wanted.steps:
        value = _done(step, value)
    return value


def _checked(value: object) -> object:
    if isinstance(value, str) and len(value) > MOST_TEXT:
        raise _StepFault(f"is too long: {len(value)} characters", f"at most {MOST_TEXT}")
    return value


def _text(value: object) -> str | None:
    """A value as text; None stays None. Lists, objects and yes or no are no texts."""
    match value:
        case None:
            return None
        case str():
            return value
        case bool():
            raise _StepFault("is yes or no", "text or a number")
        case int():
            if abs(value) >= 10**_MOST_DIGITS:
                raise _StepFault("is a number with too many digits", f"at most {_MOST_DIGITS}")
            return str(value)
        case Decimal() | float():
            number = Decimal(str(value))
            if not number.is_finite() or abs(number) >= Decimal(10) ** _MOST_DIGITS:
                raise _StepFault("is out of range", "a number of a sensible size")
            return format(number.normalize() if number == number.to_integral_value() else number, "f")
        case _:
            raise _StepFault("is a list or an object", "text or a number; name the key inside it")


def _done(step: Step, value: object) -> object:
    if step.act is Act.DEFAULT:
        return step.of if value is None or value == "" else value
    if value is None or value == "":
        return None
    match step.act:
        case Act.STRIP | Act.UPPER | Act.LOWER if not isinstance(value, str):
            return value
        case Act.STRIP:
            return str(value).strip()
        case Act.UPPER:
            return str(value).upper()
        case Act.LOWER:
            return str(value).lower()
        case Act.TEXT:
            return _text(value)
        case Act.FEN:
            return _fen(value)
        case Act.DATE:
            return _parsed(value, step.of).date().isoformat()
        case Act.INSTANT:
            return _parsed(value, step.of).isoformat()
        case Act.EPOCH:
            return _since_1970(value, step.of)
        case Act.DAY_IN:
            return _day_in(value, step.of)
        case Act.VALUES:
            word = _text(value) or ""
            if word not in step.table:
                raise _StepFault("is a word that the table does not have", ", ".join(sorted(step.table)))
            return step.table[word]
    raise AssertionError(step.act)


def _fen(value: object) -> str:
    allowed = "whole hundredths, such as 56832"
    text = _text(value) or ""
    if not _WHOLE.fullmatch(text):
        raise _StepFault("is not a whole number of hundredths", allowed)
    return format(Decimal(text).scaleb(-2).quantize(Decimal("0.01")), "f")


def _parsed(value: object, form: str) -> datetime:
    text = (_text(value) or "")[:100]
    try:
        return datetime.strptime(text, form)  # noqa: DTZ007 - the form may hold the zone
    except (ValueError, OverflowError):
        raise _StepFault("is no day or time of this form", form) from None


def _since_1970(value: object, unit: str) -> str:
    try:
        number = Decimal(_text(value) or "")
        seconds = number / 1000 if unit == "ms" else number
        micros = int((seconds * 1_000_000).quantize(Decimal(1), rounding=ROUND_HALF_UP))
        return (_EPOCH + timedelta(microseconds=micros)).isoformat()
    except (InvalidOperation, ValueError, OverflowError):
        raise _StepFault("is no time since 1970", "seconds or milliseconds, as the step says") from None


def _day_in(value: object, zone: str) -> str:
    try:
        at = datetime.fromisoformat(str(value))
    except ValueError:
        raise _StepFault("is no instant", "ISO 8601 with its offset, or epoch before this step") from None
    known = zone_of(zone)
    if at.tzinfo is None or known is None:
        raise _StepFault("is an instant without an offset", "2026-03-01T10:00:00+08:00")
    try:
        return at.astimezone(known).date().isoformat()
    except OverflowError:
        raise _StepFault("is out of range", "a day of the calendar") from None
