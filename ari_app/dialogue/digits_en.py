"""English: digits of a telephone number and terms of a plan out of normalised text."""

from __future__ import annotations

import re

from ari_app.dialogue.numerals import EN_DIGITS, EN_ONES, EN_TENS, REPEATS, en_digit_string

#: What recognisers write for a digit; believed only among digits.
_MISHEARD = {
    written: digit
    for digit, words in {
        "oh": "owe ow aught",
        "one": "won",
        "two": "to too tu",
        "three": "tree free",
        "four": "for fore",
        "five": "fife hive",
        "six": "sex sicks sick",
        "seven": "heaven sven",
        "eight": "ate hate",
        "nine": "nein line mine niner",
    }.items()
    for written in words.split()
}
_BETWEEN = frozenset({"and", "then", "dash", "um", "uh", "space", "er"})
_OWN_NUMBER = re.compile(
    r"\b(my|our|this|his|her) (\w+ )?(number|cell|mobile|phone|line|landline)\b|\b(me|us|him|her)( back)? (on|at)\b"
)


def phone_tail_en(text: str) -> str | None:
    """The last four digits of a number that was read out, with "double" and "triple"; the last where it was corrected."""
    words = text.split()
    for lenient in (False, True):
        spoken = [digits for digits in _spoken(words, lenient=lenient) if len(digits) >= 4]
        if spoken and (len(spoken[-1]) == 4 or len(spoken[-1]) >= 7):
            return spoken[-1][-4:]
    return None


def called_number_tail_en(text: str) -> str | None:
    """The last four digits of a full telephone number on which the caller wants to be reached, else None."""
    if not _OWN_NUMBER.search(text):
        return None
    spoken = [digits for digits in _spoken(text.split(), lenient=False) if 7 <= len(digits) <= 13]
    return spoken[-1][-4:] if spoken else None


def _spoken(words: list[str], *, lenient: bool) -> list[str]:
    """The runs of digits of an utterance. ``lenient``: near-sounding words count, where two real digits stand there."""
    runs: list[list[str]] = [[]]
    for place, word in enumerate(words):
        right = _MISHEARD.get(word, word) if lenient else word
        digit = (
            right in EN_DIGITS or right in EN_ONES or right in EN_TENS or right.isdigit() or right in REPEATS
        )
        if digit or (right == "hundred" and runs[-1]):
            runs[-1].append(right)
        elif not (right in _BETWEEN and runs[-1] and place + 1 < len(words)) and runs[-1]:
            runs.append([])
    real = [run for run in runs if run and (not lenient or sum(word in words for word in run) >= 2)]
    return [en_digit_string(run) for run in real]


# ------------------------------------------------------------------------------------------------------- months of a plan

_TERM = r"(three|3|six|6|twelve|12)"
_PERIODS = re.compile(
    rf"\b(?:{_TERM}(?= (?:or|to|and) (?:three|3|six|6|twelve|12) (?:months?|monthly|installments?|payments?|parts))|"
    rf"{_TERM}(?: \w+)?? (?:months?|monthly|installments?|payments?|parts|periods?|rates|instalments)|"
    r"(half (?:a |the )?year)|(a year|one year|the year|year long|one year s|a whole year|the full year|a full year)|"
    rf"(?:over|across|into|in|by) {_TERM}(?= (?:for|please|or|if|then|i|instead|is|would)\b|$))\b"
)
_NOT_PERIODS = re.compile(
    r"\b(not|no|than|except|for the (last|past)|last|past|every|been|since)( the| a| over| in| for| about| do)*$"
)
_NOT_PERIODS_AFTER = re.compile(
    r" (is|are|would be|seems?) (way |far |a bit )?(too|not|no|heavy|forever|short|tight)\b| ago| old| "
    r"(pregnant|late|behind|overdue|left|sober)|"
    r" (without|since|off|of (being|no))|(?: in a row)"
)
_MONTHS = {"three": 3, "3": 3, "six": 6, "6": 6, "twelve": 12, "12": 12}
#: After a term that stands alone: the end or a word of grammar, no noun that is counted.
_BARE_AFTER = re.compile(
    r"$|(please|would|is|will|sounds?|works?|then|i|if|thanks|thank|ok|okay|fine|one|option|plan|it|that|"
    r"and|or|because|yes|"
    r"no|for me|suits?|seems?|longer|better|easier|looks?|should|might|maybe|probably|definitely|go|let|"
    r"do|put|ones|the|but|so|what)\b"
)


def periods_en(text: str, *, bare: bool) -> list[int]:
    """Terms of a plan in months, in spoken order: 3, 6 and 12 only. ``bare``: a number alone is a term."""
    found: list[tuple[int, int]] = []
    for match in _PERIODS.finditer(text):
        before, after = text[: match.start()].rstrip(), text[match.end() :]
        if _refused(before, after):
            continue
        term = match[1] or match[2] or match[5]
        found.append((match.start(), _MONTHS[term] if term else 6 if match[3] else 12))
    if bare:
        for single in re.finditer(rf"\b{_TERM}\b", text):
            before, after = text[: single.start()].rstrip(), text[single.end() :]
            taken = any(abs(place - single.start()) < 3 for place, _ in found)
            if (
                taken
                or _refused(before, after)
                or re.match(r"( \w+){0,2} no \w+|( no)?( hang on| sorry| wait)", after)
            ):
                continue
            if _BARE_AFTER.match(after.lstrip()) and not re.search(
                r"\b(at|to|past|half|after|before|around|by|and|twenty|thirty|hundred|oh|of us|of)$", before
            ):
                found.append((single.start(), _MONTHS[single[1]]))
    return list(dict.fromkeys(months for _, months in _kept(sorted(found), text)))


def _refused(before: str, after: str) -> bool:
    return bool(_NOT_PERIODS.search(before)) or bool(_NOT_PERIODS_AFTER.match(after))


def _kept(found: list[tuple[int, int]], text: str) -> list[tuple[int, int]]:
    """Without terms that were taken back: "twelve months no wait six"."""
    return [
        one
        for place, one in enumerate(found)
        if not (
            place + 1 < len(found)
            and re.search(r"\b(no|wait|sorry|hang on|make it|rather)\b", text[one[0] : found[place + 1][0]])
        )
    ]
