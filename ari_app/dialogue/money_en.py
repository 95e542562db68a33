"""English: sums of money out of normalised text.

Every run of number words that reads as a sum is one, unless its neighbours say that it is something else: a count, an
income, a meter's reading, an address, a year, an age, a telephone number, a time of day.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from ari_app.dialogue.numerals import EN_DIGITS, EN_NUMBER_WORDS, EN_ONES, EN_TENS, en_digit_string, en_number
from ari_app.dialogue.sum_places_en import (
    FEW_BEFORE,
    INCOME_AFTER,
    INCOME_BEFORE,
    METER_BEFORE,
    MORE_AFTER,
    NOT_SUM_AFTER,
    NOT_SUM_BEFORE,
    OTHER_BEFORE,
    PAYS_BEFORE,
    PLAIN_AFTER,
    REFUSED_AFTER,
    REFUSED_BEFORE,
    TAKEN_BACK,
    TOO_MUCH_AFTER,
    YEAR_BEFORE,
)

_CENT = Decimal("0.01")
_UNITS = frozenset(
    [
        "dollars",
        "dollar",
        "yuan",
        "kuai",
        "bucks",
        "buck",
        "rmb",
        "pounds",
        "pound",
        "rupees",
        "rupee",
        "euros",
        "euro",
        "usd",
    ]
)
_CENTS = frozenset(["cents", "cent", "pence", "p", "fen"])
_METER = re.compile(r"\b(meters?|readings?)\b")
_TERMS = frozenset(("one", "three", "six", "twelve", "or", "and"))
_ONE_UNIT = (["buck"], ["dollar"])
_PLAIN_YEARS = range(1950, 2036)


@dataclass(frozen=True, slots=True)
class _Sum:
    """A number as spoken, words ``start`` to ``end``; ``unit``: with its currency; ``scaled``: in hundreds or thousands;
    ``pairs``: in several groups, as money is spoken.
    """

    start: int
    end: int
    value: Decimal
    unit: bool
    scaled: bool
    pairs: bool


def amounts_en(text: str, *, bare: bool, owner_known: bool = True, terms: bool = False) -> list[Decimal]:
    """Sums in spoken order. ``bare``: a number alone is a sum too, for the question was how much.

    ``owner_known``: after verification; before it numbers are rather digits, and only what is plainly money counts.
    ``terms``: three, six and twelve are months of a plan here.
    """
    words = text.split()
    found = [
        one
        for one in _sums(words)
        if not (terms and not one.unit and _TERMS.issuperset(words[one.start : one.end]))
    ]
    found = [one for one in found if _is_sum(words, one, bare=bare, owner_known=owner_known)]
    kept = [one for place, one in enumerate(found) if not _refused(words, found, place)]
    return [one.value.quantize(_CENT) for one in _told_once(words, kept)]


def _sums(words: Sequence[str]) -> list[_Sum]:
    found: list[_Sum] = []
    at = 0
    while at < len(words):
        end = _run(words, at)
        if end == at:
            at += 1
            continue
        if _digits_only(words[at:end]):
            at = end
            continue
        while at < end:
            one = _longest(words, at, end)
            if one is None:
                at += 1
                continue
            found.append(one)
            at = one.end
            end = max(end, at)
    return found


def _run(words: Sequence[str], at: int) -> int:
    """The end of the number words that begin at ``at``."""
    end = at
    while end < len(words):
        word = words[end]
        if _numeric(word):
            end += 1
        elif words[end : end + 3] == ["and", "a", "half"] and (
            words[end - 1] in ("hundred", "thousand")
            or words[end + 3 : end + 4] in (["thousand"], ["hundred"])
        ):
            end += 3
        elif (
            word == "and"
            and end > at
            and words[end - 1] in ("hundred", "thousand")
            and _numeric_at(words, end + 1)
        ) or (
            word == "a" and end == at and words[end + 1 : end + 2] in (["hundred"], ["thousand"], *_ONE_UNIT)
        ):
            end += 1
        else:
            break
    return end


def _numeric_at(words: Sequence[str], at: int) -> bool:
    return at < len(words) and _numeric(words[at]) and words[at] not in ("hundred", "thousand")


def _numeric(word: str) -> bool:
    return word in EN_NUMBER_WORDS or word.replace(".", "", 1).isdigit()


def _digits_only(run: Sequence[str]) -> bool:
    """Whether a run is read out digit by digit, like a telephone number ("one eight hundred five five five")."""
    if (
        len(run) >= 3
        and run[0] in ("one", "1")
        and run[1] in ("eight", "nine", "8", "9")
        and run[2] == "hundred"
    ):
        return True
    single = sum(word in EN_DIGITS or (word.isdigit() and len(word) == 1) for word in run)
    return (len(run) >= 4 and single == len(run)) or single >= 6


def _longest(words: Sequence[str], at: int, end: int) -> _Sum | None:
    for stop in range(end, at, -1):
        if (
            words[stop : stop + 1] in (["hundred"], ["thousand"])
            or words[stop - 1] == "and"
            or (words[stop - 1] == "a" and words[stop : stop + 1] not in _ONE_UNIT)
            or (
                stop < end
                and words[stop] in EN_ONES
                and words[stop - 1] in EN_TENS
                and words[stop + 1 : stop + 2] not in (["hundred"], ["thousand"])
            )
        ):
            continue
        value = en_number(words[at:stop])
        if value is None:
            continue
        run = words[at:stop]
        scaled = "hundred" in run or "thousand" in run
        pairs = (
            len([word for word in run if word not in ("and", "a")]) > 1 and value >= 100
        ) or value != int(value)
        value, after, unit = _with_cents(words, value, stop)
        if 0 < value < 10**8:
            return _Sum(at, after, value, unit, scaled, pairs)
    return None


def _with_cents(words: Sequence[str], value: Decimal, stop: int) -> tuple[Decimal, int, bool]:
    """The number that ends at ``stop`` with its unit and what follows: 'point five', 'dollars and thirty two cents'."""
    if stop < len(words) and words[stop] in _CENTS and words[stop + 1 : stop + 2] != ["m"]:
        return value / 100, stop + 1, True
    if stop < len(words) and words[stop] == "point":
        last = stop + 1
        while last < len(words) and (words[last] in EN_DIGITS or words[last] in EN_TENS) and last - stop <= 2:
            last += 1
        digits = en_digit_string(words[stop + 1 : last])
        if digits:
            value, stop = value + Decimal(f"0.{digits[:2]}"), last
            if stop < len(words) and words[stop] in ("thousand", "hundred"):
                value, stop = value * (1000 if words[stop] == "thousand" else 100), stop + 1
    if stop >= len(words) or words[stop] not in _UNITS:
        more, last = _and_cents(words, stop)
        joins = more > 0 and value == int(value)
        return (value + more, last, True) if joins else (value, stop, False)
    start = stop + 1
    joined = start < len(words) and words[start] == "and"
    start += joined
    last = start
    while last < len(words) and _numeric(words[last]) and last - start < 2:
        last += 1
    cents = _cents(words[start:last])
    spoken = last < len(words) and words[last] in _CENTS
    plain = not joined and cents is not None and cents >= 10 and _ends_here(words, last)
    if cents is not None and cents < 100 and (spoken or plain):
        return value + cents / 100, last + spoken, True
    return value, stop + 1, True


def _and_cents(words: Sequence[str], stop: int) -> tuple[Decimal, int]:
    """Cents after a sum without its unit: "one ninety and fifty cents"; 0 for none."""
    if stop < len(words) and words[stop] == "and":
        for last in (stop + 2, stop + 3):
            value = en_number(words[stop + 1 : last]) if last < len(words) and words[last] in _CENTS else None
            if value is not None and value < 100:
                return value / 100, last + 1
    return Decimal(0), stop


def _cents(words: Sequence[str]) -> Decimal | None:
    if words and words[0] == "oh":
        words = words[1:]
    return en_number(words) if words else None


def _ends_here(words: Sequence[str], at: int) -> bool:
    return at >= len(words) or not NOT_SUM_AFTER.match(" ".join(words[at : at + 2]))


def _is_sum(words: Sequence[str], one: _Sum, *, bare: bool, owner_known: bool) -> bool:
    before, after = " ".join(words[max(0, one.start - 9) : one.start]), " ".join(words[one.end : one.end + 5])
    if FEW_BEFORE.search(before) or MORE_AFTER.match(after):
        return False
    if INCOME_BEFORE.search(before) or INCOME_AFTER.match(after):
        return False
    if one.unit:
        return True
    if NOT_SUM_BEFORE.search(before) or NOT_SUM_AFTER.match(after):
        return False
    if METER_BEFORE.search(before) and _METER.search(" ".join(words[: one.start])):
        return False
    if YEAR_BEFORE.search(before) and (_year(words[one.start : one.end]) or int(one.value) in _PLAIN_YEARS):
        return False
    if one.value < 10:
        return False
    if one.scaled:
        return True
    pays = bool(PAYS_BEFORE.search(before))
    if not owner_known:
        return pays and one.value >= 20
    if bare:
        return True
    if before.endswith("the") and not after and one.value <= 31:
        return False  # "the twenty": the beginning of "the twenty fifth"
    if pays:
        return True
    return (one.pairs or one.value >= 20) and bool(PLAIN_AFTER.match(after))


def _year(words: Sequence[str]) -> bool:
    return (
        len(words) >= 2
        and words[0] in ("nineteen", "twenty")
        and (words[1] in EN_TENS or EN_ONES.get(words[1], 0) >= 10)
    )


def _refused(words: Sequence[str], found: Sequence[_Sum], place: int) -> bool:
    """Whether a sum is denied, or taken back right after it was said: "two fifty no three hundred"."""
    one = found[place]
    before, after = " ".join(words[max(0, one.start - 6) : one.start]), " ".join(words[one.end : one.end + 5])
    if REFUSED_BEFORE.search(before):
        return True
    later = [other for other in found[place + 1 :] if other.value != one.value]
    if not later:
        return False
    if later[0].start == one.end and 0 < later[0].value - one.value < 10 and not one.unit:
        return True  # "ninety ninety five": he makes up his mind
    between = " ".join(words[one.end : later[0].start])
    if REFUSED_AFTER.search(before) or TOO_MUCH_AFTER.match(after):
        return True
    return bool(TAKEN_BACK.match(after)) or (
        later[0].start - one.end <= 5 and " and " not in f" {between} " and bool(TAKEN_BACK.search(between))
    )


def _told_once(words: Sequence[str], found: Sequence[_Sum]) -> list[_Sum]:
    """Without sums that were only said again ("fifty i can do fifty"); "the other fifty" is another one."""
    kept: list[_Sum] = []
    for one in found:
        again = any(other.value == one.value for other in kept)
        if not again or OTHER_BEFORE.search(" ".join(words[max(0, one.start - 4) : one.start])):
            kept.append(one)
    return kept
