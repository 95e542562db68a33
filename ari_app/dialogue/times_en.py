"""English: callback times out of normalised text."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, time, timedelta

from ari_app.dialogue.numerals import EN_ONES, EN_TENS

_HOURS = {word: value for word, value in EN_ONES.items() if 1 <= value <= 12} | {
    str(hour): hour for hour in range(1, 25)
}
#: What an hour is taken for by recognisers.
_MISHEARD_HOURS = {
    "for": 4,
    "fore": 4,
    "to": 2,
    "too": 2,
    "ate": 8,
    "won": 1,
    "tree": 3,
    "sex": 6,
    "tan": 10,
    "heaven": 11,
}
_HOURS |= _MISHEARD_HOURS
_SURE_HOURS = "|".join(sorted(_HOURS.keys() - _MISHEARD_HOURS.keys(), key=len, reverse=True))
_HOUR = f"(?P<hour>{_SURE_HOURS})"
_ANY_HOUR = "(?P<hour>" + "|".join(sorted(_HOURS, key=len, reverse=True)) + ")"
_TENS = "|".join(word for word in EN_TENS if EN_TENS[word] < 60)
_TEENS = "|".join(word for word in EN_ONES if EN_ONES[word] >= 10)
_ONES = "|".join(word for word in EN_ONES if 0 < EN_ONES[word] < 10)
_COUNT = rf"(?:(?:{_TENS})(?: (?:{_ONES}))?|{_TEENS}|{_ONES}|[0-9]{{1,2}})"
_MINUTE = rf"(?: (?P<minute>(?:{_TENS})(?: (?:{_ONES}))?|{_TEENS}|oh (?:{_ONES})|[0-5][0-9]))?"
_PARTS = (
    r"am|pm|a m|p m|morning|in the morning|in the afternoon|in the evening|at night|this evening|tonight|"
    r"this afternoon|"
    r"this morning|tomorrow morning|tomorrow afternoon|tomorrow evening|tomorrow night"
)
_PART = rf"(?: ?(?:o clock|oclock|sharp|ish))?(?: ?(?P<part>{_PARTS}))?"
#: Not an hour: what follows makes a sum, a count or a date of it.
_NO_HOUR = (
    r"(?! (?:days?|weeks?|months?|minutes?|mins|hours?|years?|dollars|pounds|hundred|thousand|times|of|"
    r"percent|and a half|"
    r"installments?|people|kids|jobs|other|more|payments?|to|past|th|bucks|units)\b)"
)
_CALL = (
    r"(?:call|ring|phone|try|reach|catch|get|buzz|bell|shout)(?: (?:me|us|him|her|them|back|again|up|"
    r"tomorrow|today|then|on|please|say|maybe|\|+))*"
)
_TIMES: tuple[re.Pattern[str], ...] = (
    re.compile(rf"\b(?:at )?(?P<hour>{_TEENS}|{_ONES}) hundred hours\b"),
    re.compile(rf"\b(?P<half>half) (?:past )?{_HOUR}\b{_PART}"),
    re.compile(
        rf"\b(?P<away>{_COUNT}|a quarter|quarter)(?: minutes)? (?P<side>past|to|till|after|before) "
        rf"{_ANY_HOUR}\b{_PART}{_NO_HOUR}"
    ),
    re.compile(
        rf"\b(?:at|after|around|about|by|before|from|past|until|till|between|say|like) (?:about |around |"
        rf"like |maybe |say )?"
        rf"{_HOUR}\b{_MINUTE}{_PART}{_NO_HOUR}"
    ),
    re.compile(
        rf"\b(?:at|after|around|before) {_ANY_HOUR}(?= ?(?:$|\||tomorrow|today|please|thirty|fifteen|if|"
        rf"when|because|o clock|pm|p m|am|a m|this|in the)){_MINUTE}{_PART}"
    ),
    re.compile(
        rf"\b{_ANY_HOUR}\b{_MINUTE} ?(?:(?P<part>{_PARTS})|o clock|oclock)\b(?: (?P<late>{_PARTS})\b)?"
    ),
    re.compile(rf"\b(?P<clock>[01]?[0-9]|2[0-3]) (?P<minutes>[0-5][0-9])(?: ?(?P<part>{_PARTS}))?\b"),
    re.compile(r"\b(?P<noon>noon|midday|twelve noon)\b"),
    re.compile(
        rf"\b{_CALL} {_HOUR}\b{_MINUTE}{_PART}{_NO_HOUR}(?= ?(?:$|\||tomorrow|today|please|sharp|if|when|"
        rf"because|and|or|then|that|i|my|this|on|would|should|works?|ok|okay))"
    ),
)
_AND_HOUR = re.compile(
    rf"^(?: and| or| to| or maybe)(?: at| around| after)? {_HOUR}\b{_MINUTE}{_PART}{_NO_HOUR}"
)
_RELATIVE = re.compile(
    rf"\b(?P<lead>in|after|give me|give us|within|another)?(?: (?:about|around|like|maybe|say|another|just|"
    rf"at least))* ?"
    rf"(?:(?P<half>half an hour|half hour|half a hour|a half hour)|(?P<threequarter>three quarters of an hour)|"
    rf"(?P<quarter>(?:a )?quarter of an hour)|(?P<n>an?|a couple of|couple of|{_COUNT})(?: or so)? "
    rf"(?P<unit>hours?|minutes?|mins?)"
    rf"(?P<plus> and a half)?(?P<also> and (?:a half|(?:{_COUNT}) minutes))?)(?: s)?(?P<tail> time| from "
    rf"now| or so)?\b"
)
_IN_MINUTES = re.compile(
    rf"\b{_CALL} in (?:about |like )?(?P<n>five|ten|fifteen|twenty|thirty|forty five|"
    rf"forty)(?= ?(?:$|please|ok|and|i|when))"
)
_NOT_RELATIVE = re.compile(r"\b(every|for|last|past|these|each|only|take|takes|took|been|ago|not|under)$")
_THEN_CALL = re.compile(
    r" (and )?(then |you )?(can |could )?(call|ring|phone|try)|( is)? (fine|better|good|ok|okay)"
)
#: Hours of other things than the call.
_OTHER_HOUR = re.compile(
    r"\b(finish\w*|start\w*|work\w*|clos\w*|opens?|ends?|shift|rang|called|up|home|"
    r"off|back)( \w+)? (at|until|till|by|around|about)$|\b(until|till)$"
)
#: What may follow a bare hour: the end or a word of grammar.
_AFTER_HOUR = re.compile(
    r"^ ?($|\||(o clock|sharp|ish|if|when|because|and|or|then|that|i|my|this|on|would|should|works?|ok|"
    r"okay|tomorrow|today|please|is|in|at|but|so|"
    r"for|not|no|we|you|he|she|it|they|the|after|before|will|can|cause|as|once|while|would|suits?|be|next|"
    r"thanks|thank|to|from|with|are|maybe|"
    r"probably|instead|latest|earliest|onwards?|exactly|call|ring|phone|try|give|"
    r"[a-z]+day)\b)"
)
_MORNING = re.compile(r"\bmorning\b")
_EVENING = re.compile(r"\b(evening|afternoon|tonight|night)\b")


def times_en(text: str, now: datetime) -> list[time]:
    """Times of day in spoken order; a bare hour of 1 to 7 is in the afternoon, "in half an hour" counts from ``now``."""
    found: list[tuple[int, int, time]] = []
    for match in _RELATIVE.finditer(text):
        minutes = _minutes(match)
        if (
            minutes is None
            or not 0 < minutes <= 720
            or re.match(r" (ago|late|notice|a (day|week)|calls?|overdue)", text[match.end() :])
        ):
            continue
        before = text[: match.start()].rstrip()
        if (
            not match["lead"]
            and not match["tail"]
            and (
                _NOT_RELATIVE.search(before)
                or not (re.search(rf"{_CALL}$", before) or _THEN_CALL.match(text[match.end() :]))
            )
        ):
            continue
        later = now + timedelta(minutes=minutes)
        found.append((match.start(), match.end(), time(later.hour, later.minute)))
    for match in _IN_MINUTES.finditer(text):
        later = now + timedelta(minutes=_number(match["n"]))
        found.append((match.start(), match.end(), time(later.hour, later.minute)))
    for pattern in _TIMES:
        for match in pattern.finditer(text):
            if any(start < match.end() and match.start() < end for start, end, _ in found):
                continue
            value = _time(match, text)
            if value is not None and _plain_hour(match, text):
                found.append((match.start(), match.end(), value))
                _next_one(found, text)
    return list(dict.fromkeys(value for _, _, value in _meant(sorted(found), text)))


def _plain_hour(match: re.Match[str], text: str) -> bool:
    """Whether an hour without minutes and part of the day is one: nothing that is counted follows it."""
    groups = match.groupdict()
    if any(groups.get(name) for name in ("minute", "part", "half", "away", "noon", "clock", "late")):
        return True
    if re.match(r"(by|like|say|from|about|around|until|till|past)\b", match.group()) and not re.search(
        rf"\b{_CALL}", text
    ):
        return False
    return match.group().endswith("clock") or bool(_AFTER_HOUR.match(text[match.end() :]))


def _next_one(found: list[tuple[int, int, time]], text: str) -> None:
    """The second hour of "between four and six"."""
    start, end, _ = found[-1]
    if not re.search(r"\bbetween\b", text[:start] + text[start:end]):
        return
    second = _AND_HOUR.match(text[end:])
    value = _time(second, text) if second else None
    if second and value is not None:
        found.append((end, end + second.end(), value))


def _meant(found: Sequence[tuple[int, int, time]], text: str) -> list[tuple[int, int, time]]:
    """Without refused times ("not at five") and those that were taken back ("at four no five")."""
    kept = [
        one
        for one in found
        if not re.search(r"\b(not|never|no good|except)( \w+)?$", text[: one[0]].rstrip())
    ]
    if len(kept) > 1:
        kept = [
            one
            for one in kept
            if not _OTHER_HOUR.search(text[: one[0]].rstrip() + f" {text[one[0] :].split(maxsplit=1)[0]}")
        ] or kept
    return [
        one
        for place, one in enumerate(kept)
        if not (
            place + 1 < len(kept)
            and kept[place + 1][0] - one[1] <= 30
            and re.search(
                r"\b(no|sorry|wait|make it|make that|actually|rather)\b", text[one[1] : kept[place + 1][0]]
            )
        )
    ]


def _time(match: re.Match[str], text: str) -> time | None:
    groups = match.groupdict()
    if groups.get("noon"):
        return time(12, 0)
    clock = groups.get("clock")
    hour = int(clock) if clock else _HOURS.get(match["hour"], EN_ONES.get(match["hour"], 24))
    part = (groups.get("part") or groups.get("late") or "").replace(" ", "")
    minutes = (
        int(groups["minutes"]) if clock else 30 if groups.get("half") else _number(groups.get("minute") or "")
    )
    away = groups.get("away")
    if away:
        minutes = 15 if away.endswith("quarter") else _number(away)
        if groups["side"] in ("to", "till", "before"):
            minutes, hour = 60 - minutes, hour - 1
    if not 0 <= minutes < 60:
        return None
    near = text[max(0, match.start() - 22) : match.end() + 22]
    morning = part in ("am", "morning", "inthemorning", "thismorning", "tomorrowmorning")
    evening = bool(part) and not morning
    if not part:
        morning = bool(_MORNING.search(near))
        evening = bool(_EVENING.search(near)) and not morning
    if hour < 12 and (evening or (not morning and 0 <= hour <= 7)):
        hour += 12
    if hour == 12 and morning and part in ("am", "inthemorning"):
        hour = 0
    return time(hour, minutes) if 0 <= hour < 24 else None


def _number(words: str) -> int:
    """Minutes in words or figures: 'twenty five' is 25, 'oh five' 5, '' 0."""
    if words.isdigit():
        return int(words)
    return sum(EN_ONES.get(word, EN_TENS.get(word, 0)) for word in words.split())


def _minutes(match: re.Match[str]) -> int | None:
    if match["half"]:
        return 30
    if match["threequarter"]:
        return 45
    if match["quarter"]:
        return 15
    word = match["n"]
    count = 1 if word in ("a", "an") else 2 if word.endswith("couple of") else _number(word)
    if not match["unit"].startswith("hour"):
        return count
    also = match["also"] or ""
    extra = (
        30
        if match["plus"] or also.endswith("a half")
        else _number(also.removeprefix(" and ").removesuffix(" minutes"))
    )
    return count * 60 + extra
