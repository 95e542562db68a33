"""Values of one field of a list: bounded, printable text, amounts and days, whatever the file made of them."""

from __future__ import annotations

import re
import unicodedata
from datetime import date, datetime
from decimal import Decimal
from math import isfinite

from ari_app.services.model_problems import RefusedError

#: Longest text of a field, in characters.
MAX_ID, MAX_NAME, MAX_FIELD = 64, 100, 400
#: A single bill above this is taken for a misplaced column.
MAX_AMOUNT = Decimal(1_000_000_000)
_CENT = Decimal("0.01")
_NOISE, _EXACT = Decimal("0.000001"), Decimal(0)

_AMOUNT = re.compile(r"(?:[0-9]{1,13}|[0-9]{1,3}(?:,[0-9]{3}){1,4})(?:\.[0-9]{1,12})?", re.ASCII)
_DATES = (
    re.compile(r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})(?:[T ]00:00(?::00(?:\.0+)?)?)?", re.ASCII),
    re.compile(r"([0-9]{4})/([0-9]{1,2})/([0-9]{1,2})(?: 0?0:00(?::00)?)?", re.ASCII),
    re.compile(r"([0-9]{4})\.([0-9]{1,2})\.([0-9]{1,2})", re.ASCII),
    re.compile(r"([0-9]{4})年([0-9]{1,2})月([0-9]{1,2})日", re.ASCII),
    re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})", re.ASCII),
)
_DATES_ALLOWED = "2026-03-01, 2026/3/1, 20260301 or a date cell"


def text_of(value: object, limit: int) -> str:
    """A value as bounded, printable text."""
    if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal):
        raise RefusedError("is not text", "text")
    if isinstance(value, int | float | Decimal):
        finite = (
            value.is_finite() if isinstance(value, Decimal) else isinstance(value, int) or isfinite(value)
        )
        if not finite or not -(10**18) < value < 10**18:
            raise RefusedError("is out of range", "text")
        if value == int(value):
            value = int(value)  # a spreadsheet keeps 10001 as 10001.0
    text = str(value)
    if len(text) > limit:
        raise RefusedError(f"is too long: {len(text)} characters", f"at most {limit}")
    if not text.isprintable() and any(
        unicodedata.category(sign) in ("Cc", "Cf", "Cs", "Zl", "Zp") for sign in text
    ):
        raise RefusedError("holds control or invisible characters", "one line of printable text")
    return text


def amount_of(value: object) -> Decimal:
    """An amount of money with two decimals, more than 0."""
    allowed = f"more than 0, at most {MAX_AMOUNT:,}, with at most two decimals, such as 568.32"
    if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal):
        raise RefusedError("is not an amount", allowed)
    if isinstance(value, str):
        text = value.removeprefix("¥").removeprefix("￥").removesuffix("元").strip()
        if len(text) > MAX_ID or not _AMOUNT.fullmatch(text):
            raise RefusedError("is not an amount", allowed)
        amount = Decimal(text.replace(",", ""))
    else:
        amount = Decimal(str(value)) if isinstance(value, float) else Decimal(value)
    if not amount.is_finite() or not 0 < amount <= MAX_AMOUNT:
        raise RefusedError("is out of range", allowed)
    rounded = amount.quantize(_CENT)
    # Only a binary fraction from a spreadsheet may carry noise; what was written in digits is taken at its word.
    if abs(amount - rounded) > (_NOISE if isinstance(value, float) else _EXACT):
        raise RefusedError("has more than two decimals", allowed)
    if rounded == 0:
        raise RefusedError("is out of range", allowed)
    return rounded


def day_of(value: object, today: date) -> date:
    """A day in one of the usual ways of writing it, at most 50 years ago and 10 years ahead."""
    if isinstance(value, datetime):
        found_day = value.date()
    elif isinstance(value, date):
        found_day = value
    else:
        if isinstance(value, float) or not isinstance(value, str | int):
            raise RefusedError("is not a date", _DATES_ALLOWED)
        text = text_of(value, MAX_ID)
        found = next((match for pattern in _DATES if (match := pattern.fullmatch(text))), None)
        if found is None:
            raise RefusedError("is not a date", _DATES_ALLOWED)
        try:
            found_day = date(int(found[1]), int(found[2]), int(found[3]))
        except ValueError:
            raise RefusedError("is a day that does not exist", _DATES_ALLOWED) from None
    if not -3650 <= (today - found_day).days <= 18250:
        raise RefusedError(f"is out of range: {found_day.year}", "at most 50 years ago and 10 years ahead")
    return found_day
