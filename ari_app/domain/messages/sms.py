"""How many parts a text message has (3GPP TS 23.038 for the alphabet, TS 23.040 for concatenation)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

#: The basic character set of GSM 7 bit, TS 23.038 section 6.2.1; the escape itself is no character of a text.
_BASIC: Final = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
#: Its extension table, section 6.2.1.1: two septets each.
_EXTENDED: Final = frozenset("^{}\\[~]|€\f")

#: Septets and UTF-16 units of a message alone, and of one part of several (a header of six octets takes the rest).
SINGLE_GSM, PART_GSM = 160, 153
SINGLE_UCS2, PART_UCS2 = 70, 67


@dataclass(frozen=True, slots=True)
class SmsSize:
    """``encoding`` is gsm-7 or ucs-2; ``units`` are septets or UTF-16 units, ``parts`` what is paid for."""

    encoding: str
    units: int
    parts: int


def sms_size(text: str) -> SmsSize:
    """The size of a text; an empty one has one part. A character is never cut in two between parts."""
    gsm = all(sign in _BASIC or sign in _EXTENDED for sign in text)
    if gsm:
        weights = [2 if sign in _EXTENDED else 1 for sign in text]
        single, part = SINGLE_GSM, PART_GSM
    else:
        weights = [2 if ord(sign) > 0xFFFF else 1 for sign in text]
        single, part = SINGLE_UCS2, PART_UCS2
    units = sum(weights)
    encoding = "gsm-7" if gsm else "ucs-2"
    if units <= single:
        return SmsSize(encoding, units, 1)
    parts, room = 1, part
    for weight in weights:
        if weight > room:
            parts, room = parts + 1, part
        room -= weight
    return SmsSize(encoding, units, parts)
