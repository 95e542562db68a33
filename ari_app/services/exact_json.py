"""JSON from outside: exact decimals, bounded numbers, no key twice, and a clear place for every fault."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import NoReturn

from ari_app.errors import InputError, Problem


class _BadJsonError(ValueError):
    """JSON that is well-formed and still not accepted."""


def _pairs(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found: dict[str, object] = {}
    for key, value in pairs:
        if key in found:
            raise _BadJsonError(f"the key {key[:64]!r} stands twice in one object")
        found[key] = value
    return found


def _constant(text: str) -> NoReturn:
    raise _BadJsonError(f"{text} is not a number")


def _bounded_int(text: str) -> int:
    """``parse_int`` for JSON: a number with thousands of digits is refused, not calculated."""
    if len(text) > 30:
        raise _BadJsonError(f"a number with {len(text)} digits")
    return int(text)


def _bounded_decimal(text: str) -> Decimal:
    """``parse_float`` for JSON: exact, and bounded."""
    if len(text) > 40:
        raise _BadJsonError(f"a number with {len(text)} characters")
    return Decimal(text)


#: Decodes one value at a time (``raw_decode``), exactly and within bounds; faults are ``JSON_FAULTS``.
DECODER = json.JSONDecoder(
    object_pairs_hook=_pairs, parse_float=_bounded_decimal, parse_int=_bounded_int, parse_constant=_constant
)
JSON_FAULTS = (ValueError, RecursionError)


def fault_text(error: Exception) -> str:
    """What is wrong, in words, for one of ``JSON_FAULTS``."""
    if isinstance(error, json.JSONDecodeError):
        return f"not JSON: {error.msg}"
    return "nested too deeply" if isinstance(error, RecursionError) else str(error)


def load_object(raw: bytes, source: str, max_bytes: int, instead: str, keys: str) -> dict[str, object]:
    """A JSON object (UTF-8). ``instead`` says what to do with a text over ``max_bytes``; ``keys`` what belongs in it.

    Numbers are int or Decimal. Raises InputError.
    """
    if len(raw) > max_bytes:
        allowed = f"at most {max_bytes // 1_000_000} MB; {instead}"
        raise InputError([Problem(source, "", "the request is too long", allowed)])
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise InputError([Problem(f"{source}:{line}", "", "not UTF-8", "JSON in UTF-8")]) from error
    try:
        document = DECODER.decode(text)
    except JSON_FAULTS as error:
        where = f"{source}:{error.lineno}" if isinstance(error, json.JSONDecodeError) else source
        raise InputError([Problem(where, "", fault_text(error))]) from error
    if not isinstance(document, dict):
        raise InputError([Problem(source, "", "is not an object", keys)])
    return document
