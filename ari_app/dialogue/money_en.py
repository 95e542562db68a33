"""English: sums of money, callback times, terms of months and telephone digits out of normalised text."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, time, timedelta
from decimal import Decimal

from ari_app.dialogue.numerals import EN_DIGITS, EN_NUMBER_WORDS, EN_ONES, EN_TENS, en_digit_string, en_number

_CENT = Decimal("0.01")
_UNITS = frozenset(
    {"dollars", "dollar", "yuan", "kuai", "bucks", "buck", "rmb", "pounds", "pound", "rupees", "euros", "usd"}
)
_CENTS = frozenset({"cents", "cent", "pence", "p"})
#: Words before a number that make it a sum, where the currency is left out.
_PAYS = frozenset(
    {
        "pay",
        "paid",
        "paying",
        "send",
        "sent",
        "transferred",
        "transfer",
        "manage",
        "owe",
        "only",
        "just",
        "afford",
        "give",
        "put",
        "least",
        "for",
        "charged",
        "took",
        "than",
        "extra",
        "spare",
        "do",
        "of",
        "you",
    }
)
#: What stands around a number that is no sum about the bill.
_NOT_DUE_BEFORE = re.compile(
    r"\b(earn|earning|salary|wages?|income|make|pension|benefits?|flat|apartment|number|reads|"
    r"reading|says|extension|hotline|room|unit|house|street|rent is|savings)"
    r"( is| of| at| only| about| just| was)*$"
)
_NOT_DUE_AFTER = frozenset(
    {
        "units",
        "kilowatt",
        "kilowatts",
        "kwh",
        "cubic",
        "percent",
        "days",
        "day",
        "weeks",
        "week",
        "months",
        "month",
        "years",
        "year",
        "times",
        "minutes",
        "minute",
        "hours",
        "hour",
        "oclock",
        "am",
        "pm",
        "installments",
        "gallons",
        "people",
        "kids",
        "children",
        "street",
        "o",
        "calls",
        "th",
        "st",
        "nd",
        "rd",
    }
)
_TAKEN_BACK = re.compile(r"\b(no|sorry|wait|actually|rather|scratch|correction|make it|i meant|not)\b")


def amounts_en(text: str, *, bare: bool) -> list[Decimal]:
    """Sums in spoken order. ``bare``: a number alone is a sum too, for the question was how much."""
    words = text.split()
    found: list[tuple[int, int, Decimal]] = []
    at = 0
    while at < len(words):
        end = _run(words, at)
        if end == at:
            at += 1
            continue
        value, end = _with_cents(words, at, end)
        if value is not None and 0 < value < 10**8 and _is_sum(words, at, end, value, bare=bare):
            found.append((at, end, value))
        at = max(end, at + 1)
    kept = [one for place, one in enumerate(found) if not _replaced(words, found, place)]
    return [value.quantize(_CENT) for _, _, value in kept]


def _run(words: Sequence[str], at: int) -> int:
    """The end of the number words that begin at ``at``."""
    end = at
    while end < len(words):
        word = words[end]
        if _numeric(word):
            end += 1
        elif word in ("and", "a") and end + 1 < len(words):
            if word == "and" and (end == at or not _numeric(words[end + 1])):
                break
            if word == "a" and (end != at or words[end + 1] not in ("hundred", "thousand")):
                break
            end += 1
        else:
            break
    return end


def _is_sum(words: Sequence[str], at: int, end: int, value: Decimal, *, bare: bool) -> bool:
    unit = (end < len(words) and words[end] in _UNITS) or words[end - 1] in _UNITS | _CENTS
    if _NOT_DUE_BEFORE.search(" ".join(words[:at])):
        return False
    if unit:
        return True
    if (end < len(words) and words[end] in _NOT_DUE_AFTER) or (
        at and words[at - 1] in ("a few", "few", "at", "in", "over")
    ):
        return False
    if value < 10 or end - at > 8:
        return False
    if bare:
        return True
    large = "hundred" in words[at:end] or "thousand" in words[at:end]
    return large or (bool(at) and words[at - 1] in _PAYS and value >= 20)


def _replaced(words: Sequence[str], found: list[tuple[int, int, Decimal]], at: int) -> bool:
    """Whether a sum is taken back right after it was said: "two fifty no three hundred"."""
    if at + 1 >= len(found):
        return False
    between = words[found[at][1] : found[at + 1][0]]
    return len(between) <= 5 and bool(_TAKEN_BACK.search(" ".join(between))) and "and" not in between


def _with_cents(words: Sequence[str], at: int, end: int) -> tuple[Decimal | None, int]:
    """The number in ``words[at:end]`` with 'point five', 'dollars and thirty two cents' behind it."""
    value = en_number(words[at:end])
    if value is None:
        return None, end
    if end < len(words) and words[end] in _CENTS:
        return value / 100, end + 1
    if end < len(words) and words[end] == "point":
        stop = end + 1
        while stop < len(words) and words[stop] in EN_DIGITS and stop - end <= 2:
            stop += 1
        if stop > end + 1:
            return value + Decimal(f"0.{en_digit_string(words[end + 1 : stop])}"), stop
    if end < len(words) and words[end] in _UNITS:
        start = end + 1
        if start < len(words) and words[start] == "and":
            start += 1
        stop = start
        while stop < len(words) and _numeric(words[stop]):
            stop += 1
        cents = en_number(words[start:stop]) if stop > start else None
        if cents is not None and cents < 100 and stop < len(words) and words[stop] in _CENTS:
            return value + cents / 100, stop + 1
        if (
            cents is not None
            and 10 <= cents < 100
            and (stop == len(words) or words[stop] not in _NOT_DUE_AFTER)
        ):
            return value + cents / 100, stop
    return value, end


def _numeric(word: str) -> bool:
    return word in EN_NUMBER_WORDS or word.replace(".", "", 1).isdigit()


# ------------------------------------------------------------------------------------------------------- telephone digits


def phone_tail_en(text: str) -> str | None:
    """The last four digits of a number that was read out, with "double" and "triple"."""
    runs: list[list[str]] = [[]]
    for word in text.split():
        digit = word in EN_DIGITS or word in EN_ONES or word in EN_TENS or word.isdigit()
        if digit or word in ("double", "triple"):
            runs[-1].append(word)
        elif runs[-1]:
            runs.append([])
    spoken = [digits for run in runs if run and len(digits := en_digit_string(run)) >= 4]
    if not spoken or not (len(spoken[-1]) == 4 or len(spoken[-1]) >= 7):
        return None
    return spoken[-1][-4:]


# ------------------------------------------------------------------------------------------------------- months of a plan

_PERIODS = re.compile(
    r"\b(?:(three|3|six|6|twelve|12)(?: \w+)?? (?:months?|monthly|installments?|payments?|parts|"
    r"periods?|rates)|(half a year)|(a|one|the) year|over (three|six|twelve))\b"
)
_NOT_PERIODS = re.compile(r"\b(not|no|than|except)( the| over| in)*$")
_MONTHS = {"three": 3, "3": 3, "six": 6, "6": 6, "twelve": 12, "12": 12}


def periods_en(text: str, *, bare: bool) -> list[int]:
    """Terms of a plan in months, in spoken order: 3, 6 and 12 only. ``bare``: a number alone is a term."""
    found: list[int] = []
    for match in _PERIODS.finditer(text):
        before, after = text[: match.start()].rstrip(), text[match.end() :]
        if _NOT_PERIODS.search(before) or re.match(r" (is|are) (too|not)| ago", after):
            continue
        found.append(_MONTHS[match[1] or match[4]] if match[1] or match[4] else 6 if match[2] else 12)
    if bare and not found:
        found = [_MONTHS[word] for word in text.split() if word in _MONTHS]
    return list(dict.fromkeys(found))


# ------------------------------------------------------------------------------------------------------- times of day

_HOURS = {word: value for word, value in EN_ONES.items() if 1 <= value <= 12} | {
    str(hour): hour for hour in range(1, 25)
}
_HOUR = "(?P<hour>" + "|".join(sorted(_HOURS, key=len, reverse=True)) + ")"
_MINUTE = r"(?: (?P<minute>thirty|fifteen|forty five|twenty|ten|oh five|[0-5][05]))?"
_PART = (
    r"(?: ?(?P<part>am|pm|a m|p m|o clock|oclock|in the morning|in the afternoon|in the evening|"
    r"at night|this evening|tonight|this afternoon))?"
)
_TIMES: tuple[re.Pattern[str], ...] = (
    re.compile(rf"\bhalf (?:past )?{_HOUR}\b{_PART}"),
    re.compile(rf"\b(?P<quarter>quarter (?:past|to)) {_HOUR}\b{_PART}"),
    re.compile(
        rf"\b(?:at|after|around|about|by|before|from|past|until|"
        rf"till) {_HOUR}\b{_MINUTE}{_PART}(?! (?:days?|weeks?|months?|minutes?|hours?|dollars|hundred))"
    ),
    re.compile(
        rf"\b{_HOUR}\b{_MINUTE} ?(?P<part>am|pm|a m|p m|o clock|oclock|in the morning|in the afternoon|"
        rf"in the evening|at night)\b"
    ),
    re.compile(r"\b(?P<noon>noon|midday|lunchtime)\b"),
)
_MINUTES = {"thirty": 30, "fifteen": 15, "forty five": 45, "twenty": 20, "ten": 10, "oh five": 5}
_AFTER = re.compile(
    r"\b(?:in|after|give me) (?:about |around |like )?(?:(?P<half>half an hour)|(?P<n>an?|[a-z]+|"
    r"[0-9]+)(?: (?P<ones>one|two|three|four|five|six|seven|eight|nine))?"
    r" (?P<unit>hours?|minutes?|mins?)(?P<plus> and a half)?)"
)


def times_en(text: str, now: datetime) -> list[time]:
    """Times of day in spoken order; a bare hour of 1 to 7 is in the afternoon, "in half an hour" counts from ``now``."""
    found: list[tuple[int, int, time]] = []
    for match in _AFTER.finditer(text):
        minutes = _minutes(match)
        if minutes is not None and 0 < minutes <= 720:
            later = now + timedelta(minutes=minutes)
            found.append((match.start(), match.end(), time(later.hour, later.minute)))
    for number, pattern in enumerate(_TIMES):
        for match in pattern.finditer(text):
            if any(start < match.end() and match.start() < end for start, end, _ in found):
                continue
            value = _time(match, half=number == 0, context=text)
            if value is not None:
                found.append((match.start(), match.end(), value))
    return list(dict.fromkeys(value for _, _, value in sorted(found)))


def _time(match: re.Match[str], *, half: bool, context: str) -> time | None:
    groups = match.groupdict()
    if groups.get("noon"):
        return time(12, 0)
    hour = _HOURS[match["hour"]]
    part = (groups.get("part") or "").replace(" ", "")
    minute = groups.get("minute") or ""
    minutes = 30 if half else _MINUTES.get(minute, int(minute) if minute.isdigit() else 0)
    quarter = groups.get("quarter") or ""
    if quarter:
        minutes = 15 if quarter.endswith("past") else 45
        hour -= not quarter.endswith("past")
    morning = part in ("am", "inthemorning") or (not part and "morning" in context)
    evening = part in (
        "pm",
        "intheafternoon",
        "intheevening",
        "atnight",
        "thisevening",
        "tonight",
        "thisafternoon",
    )
    evening = evening or (
        not part and re.search(r"\b(evening|afternoon|tonight)\b", context) is not None and not morning
    )
    if hour < 12 and (evening or (not morning and 0 <= hour <= 7)):
        hour += 12
    if hour == 12 and morning:
        hour = 0
    return time(hour, minutes) if 0 <= hour < 24 else None


def _minutes(match: re.Match[str]) -> int | None:
    if match["half"]:
        return 30
    word = match["n"]
    count = (
        1 if word in ("a", "an") else int(word) if word.isdigit() else EN_ONES.get(word, EN_TENS.get(word))
    )
    if count is None:
        return None
    count += EN_ONES.get(match["ones"] or "", 0)
    return count * 60 + (30 if match["plus"] else 0) if match["unit"].startswith("hour") else count
