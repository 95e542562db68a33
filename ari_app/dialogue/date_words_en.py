"""English: the words of which spoken dates are made, as patterns and values."""

from __future__ import annotations

from ari_app.dialogue.numerals import EN_ONES, EN_TENS

WEEKDAYS = {
    name: number
    for number, names in enumerate(
        (
            ("monday", "mon"),
            ("tuesday", "tues", "tue"),
            ("wednesday", "wed"),
            ("thursday", "thurs", "thur", "thu"),
            ("friday", "fri"),
            ("saturday",),
            ("sunday",),
        )
    )
    for name in names
}
MONTHS = {
    name: number
    for number, name in enumerate(
        [
            "january",
            "february",
            "march",
            "april",
            "may",
            "june",
            "july",
            "august",
            "september",
            "october",
            "november",
            "december",
        ],
        1,
    )
}
_ORDINAL_WORDS = (
    "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth "
    "fifteenth sixteenth seventeenth eighteenth nineteenth twentieth"
)
ORDINALS = {word: number for number, word in enumerate(_ORDINAL_WORDS.split(), 1)}
ORDINALS |= {f"twenty {word}": 20 + number for word, number in tuple(ORDINALS.items())[:9]}
ORDINALS |= {"thirtieth": 30, "thirty first": 31}
#: "march twenty", "on the sixteen": cardinals stand for ordinals there.
CARDINALS = {word: value for word, value in EN_ONES.items() if value} | {
    "twenty": 20,
    "thirty": 30,
    "thirty one": 31,
}
CARDINALS |= {f"twenty {word}": 20 + value for word, value in EN_ONES.items() if 0 < value < 10}


def _any_of(words: object) -> str:
    return "|".join(sorted(words, key=len, reverse=True))  # type: ignore[call-overload]


DAY = f"(?P<day>{_any_of(WEEKDAYS)})"
MONTH_NAMES = "|".join(MONTHS)
MONTH = f"(?P<month>{MONTH_NAMES})"
NTH = f"(?P<nth>{_any_of(ORDINALS)}|[0-9]{{1,2}} ?(?:st|nd|rd|th))"
#: From the fourth on; first, second and third are also common words.
SURE_NTH = f"(?P<nth>{_any_of(ORDINALS.keys() - {'first', 'second', 'third'})}|[0-9]{{1,2}} ?(?:st|nd|rd|th))"
CARDINAL = _any_of(CARDINALS)
YEAR = r"(?: (?:of )?(?:two thousand (?:and )?|twenty )(?:twenty )?(?:five|six|seven)| 202[5-7])?"
_TEENS = "|".join(word for word in EN_ONES if EN_ONES[word] >= 10)
_ONES = "|".join(word for word in EN_ONES if 0 < EN_ONES[word] < 10)
COUNT = (
    rf"(?P<n>(?:{_any_of(EN_TENS)})(?: (?:{_ONES}))?|{_TEENS}|{_ONES}|a couple of|a couple|couple of|a "
    r"few|few|several|an?|[0-9]{1,3})"
)
MONEY = "hundred|dollars|bucks|pounds|yuan|rupees|cents|[0-9]+"
VAGUE_COUNTS = frozenset({"a few", "few", "several"})


def count(words: str) -> int | None:
    """How many 'a', 'a couple of', 'twenty one' are; None for 'a few'."""
    if words in VAGUE_COUNTS:
        return None
    if words in ("a", "an"):
        return 1
    if "couple" in words:
        return 2
    if words.isdigit():
        return int(words)
    return sum(EN_ONES.get(word, EN_TENS.get(word, 0)) for word in words.split())
