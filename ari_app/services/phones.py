"""Telephone numbers: whatever people write, checked and turned into E.164, or refused with a reason.

Source: ITU-T E.164 for the form, the numbering plans that ``phonenumbers`` carries for the rest. Texts are bounded before
anything is parsed; only ASCII and the full-width signs that Chinese keyboards write are understood, so that no look-alike
digit of another script becomes a number.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

import phonenumbers
from phonenumbers import PhoneNumberType, ValidationResult, shortnumberinfo, timezone
from phonenumbers.tzdata import TIMEZONE_DATA

from ari_app.services.model_problems import RefusedError

#: Longest text that is looked at; the longest number has 15 digits (E.164).
MAX_TEXT = 40
_MAX_DIGITS = 20  # an international prefix may stand before them

_FULL_WIDTH = str.maketrans("０１２３４５６７８９＋－（）．　", "0123456789+-(). ")
#: Invisible marks that copying from address books and spreadsheets leaves at the ends.
_INVISIBLE_ENDS = "\u200b\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff\u00a0 "
_WRITTEN = re.compile(r"\+?[0-9 .()\-]*", re.ASCII)

#: Kinds of numbers at which a person can be reached; the others cost the customer or reach a service.
_PERSONAL = frozenset(
    {
        PhoneNumberType.FIXED_LINE,
        PhoneNumberType.MOBILE,
        PhoneNumberType.FIXED_LINE_OR_MOBILE,
        PhoneNumberType.PERSONAL_NUMBER,
        PhoneNumberType.VOIP,
        PhoneNumberType.UNKNOWN,
    }
)
_SHOWN = _PERSONAL | {PhoneNumberType.UAN, PhoneNumberType.TOLL_FREE, PhoneNumberType.SHARED_COST}
_KIND_NAMES = {
    PhoneNumberType.PREMIUM_RATE: "a premium-rate number",
    PhoneNumberType.TOLL_FREE: "a toll-free service number",
    PhoneNumberType.SHARED_COST: "a shared-cost service number",
    PhoneNumberType.UAN: "a company's service number",
    PhoneNumberType.PAGER: "a pager",
    PhoneNumberType.VOICEMAIL: "a voice mailbox",
}
_LENGTH_REASONS = {
    ValidationResult.TOO_SHORT: "too short for its country",
    ValidationResult.TOO_LONG: "too long for its country",
    ValidationResult.INVALID_LENGTH: "not of a length that its country uses",
    ValidationResult.INVALID_COUNTRY_CODE: "of an unknown country code",
    ValidationResult.IS_POSSIBLE_LOCAL_ONLY: "without its area code",
}
_ALLOWED = "a fixed or mobile number, such as 13800138000, 010-65551234 or +8613800138000"


def parse_phone(text: str, country: str = "CN") -> str:
    """A customer's number as E.164 (``+8613800138000``). ``country`` (ISO 3166-1) is that of numbers without ``+``.

    Raises RefusedError; the reason never quotes the number.
    """
    return _e164(text, country, _PERSONAL)


def parse_caller_id(text: str, country: str = "CN") -> str:
    """A caller ID of ours as E.164; service numbers (400 ...) may be shown too. Raises RefusedError.

    A placeholder such as ``010-6xxxxxxx`` is refused as one.
    """
    if len(text) <= MAX_TEXT and re.search(r"[0-9][0-9-]*[xX*]{2,}", text):
        raise RefusedError(
            "is a placeholder: x stands for digits that are not given",
            "the whole number, such as 010-65551234",
        )
    return _e164(text, country, _SHOWN)


def time_zones_of(phone: str) -> tuple[str, ...]:
    """The IANA time zones in which an E.164 number may be; empty when nothing is known of it."""
    zones = timezone.time_zones_for_number(phonenumbers.parse(phone))
    return tuple(zone for zone in zones if zone != "Etc/Unknown")


def time_zones_of_valid(phone: str) -> tuple[str, ...]:
    """The same for a number that :func:`parse_phone` has given: a country's one zone is known without parsing again."""
    zones = _zones_of_country(phone[1:4])
    return time_zones_of(phone) if zones is None else zones


@lru_cache(maxsize=50_000)
def zones_beside(phone: str, name: str) -> tuple[str, ...]:
    """The zones in which an E.164 number may be, beside the zone ``name`` that is known of its owner.

    Empty where that zone is one of the number's own: then the number tells nothing else. Empty too where nothing is known
    of the number.
    """
    zones = _zones_of_country(phone[1:4])
    if zones is None:
        try:
            zones = time_zones_of(phone)
        except phonenumbers.NumberParseException:
            return ()
    return () if name in zones else zones


@lru_cache(maxsize=1000)
def _zones_of_country(beginning: str) -> tuple[str, ...] | None:
    """The zones of every number that begins so; None where they differ within the country."""
    code = next(
        (beginning[:n] for n in (1, 2, 3) if beginning[:n].isdecimal() and _is_code(beginning[:n])), None
    )
    if code is None:
        return None
    zones = {TIMEZONE_DATA[prefix] for prefix in TIMEZONE_DATA if prefix.startswith(code)}
    return zones.pop() if len(zones) == 1 else None


def _is_code(digits: str) -> bool:
    return int(digits) in phonenumbers.COUNTRY_CODE_TO_REGION_CODE


def as_dialled(phone: str, number_format: str, country: str = "CN") -> str:
    """An E.164 number as a carrier wants it: ``e164`` (digits), ``e164_plus``, or ``national``.

    ``national`` is how the number is dialled inside ``country``: ``13800138000``, ``01065551234``, and ``00`` with
    the country code for numbers abroad.
    """
    digits = phone.removeprefix("+")
    if number_format == "e164_plus":
        return f"+{digits}"
    if number_format == "e164":
        return digits
    number = phonenumbers.parse(f"+{digits}")
    if phonenumbers.country_code_for_region(country) != number.country_code:
        return f"00{digits}"
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.NATIONAL).translate(_SEPARATORS)


_SEPARATORS = str.maketrans("", "", " -().")


def _e164(text: str, country: str, kinds: frozenset[int]) -> str:
    digits = _written_digits(text)
    try:
        number = phonenumbers.parse(digits, country)
    except phonenumbers.NumberParseException as error:
        raise RefusedError("is not a telephone number", _ALLOWED) from error
    # Every emergency number is among the short numbers of its country.
    if not digits.startswith("+") and shortnumberinfo.is_valid_short_number_for_region(number, country):
        raise RefusedError("is an emergency or short number", _ALLOWED)
    possible = phonenumbers.is_possible_number_with_reason(number)
    if possible != ValidationResult.IS_POSSIBLE:
        raise RefusedError(f"is {_LENGTH_REASONS.get(possible, 'not possible')}", _ALLOWED)
    kind = phonenumbers.number_type(number)
    if kind == PhoneNumberType.UNKNOWN and not phonenumbers.is_valid_number(number):
        raise RefusedError("is not in use in its country's numbering plan", _ALLOWED)
    if kind not in kinds:
        raise RefusedError(f"is {_KIND_NAMES.get(kind, 'not a number of a person')}", _ALLOWED)
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _written_digits(text: str) -> str:
    """The digits of a text, with the leading ``+`` where it has one."""
    if len(text) > MAX_TEXT:
        raise RefusedError(f"is too long: {len(text)} characters", f"at most {MAX_TEXT}, of them 15 digits")
    plain = text.strip(_INVISIBLE_ENDS).translate(_FULL_WIDTH).strip()
    if not plain:
        raise RefusedError("is empty", _ALLOWED)
    known = (
        plain.isascii() and _WRITTEN.fullmatch(plain) is not None
    )  # nearly every number: nothing more to look for
    for sign in "" if known else plain:
        category = unicodedata.category(sign)
        if category in ("Cc", "Cf", "Cs", "Zl", "Zp"):
            raise RefusedError("holds control or invisible characters", _ALLOWED)
        if category == "Nd" and not sign.isascii():
            raise RefusedError("holds digits of another script", "the digits 0 to 9")
        if category.startswith("L"):
            raise RefusedError("holds letters", _ALLOWED)
    if not known and not _WRITTEN.fullmatch(plain):
        raise RefusedError(
            "holds characters that are no part of a number", "digits, + in front, spaces - . ( )"
        )
    digits = "".join(sign for sign in plain if sign.isdigit())
    if not digits:
        raise RefusedError("holds no digit", _ALLOWED)
    if len(digits) > _MAX_DIGITS:
        raise RefusedError(
            f"is too long: {len(digits)} digits", "at most 15 digits and an international prefix"
        )
    return f"+{digits}" if plain.startswith("+") else digits


def region_of(phone: str) -> str | None:
    """The country (ISO 3166-1) of an E.164 number; None where it belongs to none or cannot be read."""
    try:
        return phonenumbers.region_code_for_number(phonenumbers.parse(phone))
    except phonenumbers.NumberParseException:
        return None
