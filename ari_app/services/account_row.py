"""One row of a list, from any file or request, checked field by field and turned into an Account (requirement A3).

Every fault of a row is reported, with field, reason and what is allowed. A row is hostile text: lengths are bounded before
anything is parsed, control characters are refused, and a formula is text like any other.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import TypeVar

from ari_app.domain.account import BUCKET_NAMES, Account, aging_bucket
from ari_app.domain.compliance import zone_of
from ari_app.domain.numbers import MOST_OTHER_NUMBERS
from ari_app.domain.windows import Window, parse_window
from ari_app.services.account_details import DETAIL_FIELDS, read_details
from ari_app.services.model_problems import RefusedError
from ari_app.services.phones import parse_phone, time_zones_of_valid
from ari_app.services.row_values import MAX_FIELD, MAX_ID, MAX_NAME, amount_of, day_of, text_of

T = TypeVar("T")

#: Fields with an address, and the channel of messages that it is for.
ADDRESS_FIELDS: dict[str, str] = {
    "email": "email",
    "appUser": "app",
    "imUser": "im",
    "wecomUser": "wecom",
    "dingtalkUser": "dingtalk",
    "feishuUser": "feishu",
    "wechatUser": "wechat",
}
#: One mailbox, as a list writes it; whether it exists only a message shows.
_EMAIL = re.compile(
    r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,8}", re.ASCII
)
_MAX_EMAIL = 254

#: Names as in the create-task request; those with True must be there.
FIELDS: dict[str, bool] = {
    "customerId": True,
    "name": True,
    "phone": True,
    "accountId": True,
    "billId": True,
    "amountDue": True,
    "dueDate": True,
    "agingBucket": False,
    "preferredTimeWindow": False,
    "language": False,
    "currency": False,
    "timezone": False,
    "phone2": False,
    "phone3": False,
    "otherPhones": False,
    **dict.fromkeys(ADDRESS_FIELDS, False),
} | dict.fromkeys(DETAIL_FIELDS, False)

_MAX_WINDOWS = 5
_NO_WINDOWS: tuple[Window, ...] = ()

_LANGUAGES = {"zh": "zh", "zh-cn": "zh", "zh_cn": "zh", "中文": "zh", "chinese": "zh", "普通话": "zh"}
_LANGUAGES |= {
    "en": "en",
    "en-us": "en",
    "en-gb": "en",
    "en_us": "en",
    "英文": "en",
    "english": "en",
    "英语": "en",
}
_CURRENCIES = {"RMB": "CNY", "人民币": "CNY", "元": "CNY"}


@dataclass(frozen=True, slots=True)
class RowDefaults:
    """What holds where a row or a request says nothing. ``now`` (aware) is the moment of loading, for the aging bucket;
    ``ring_timeout_s`` how long a phone may ring in a campaign that does not say.
    """

    now: datetime
    country: str = "CN"
    language: str = "zh"
    currency: str = "CNY"
    timezone: str = "Asia/Shanghai"
    ring_timeout_s: float = 45.0


@dataclass(frozen=True, slots=True)
class FieldFault:
    """What is wrong with one field of a row; never quotes names, numbers or amounts."""

    field: str
    wrong: str
    allowed: str = ""

    def __str__(self) -> str:
        return f"{self.field}: {self.wrong}" + (f" (allowed: {self.allowed})" if self.allowed else "")


def read_row(
    row: Mapping[str, object], defaults: RowDefaults, *, typed: bool = False
) -> Account | list[FieldFault]:
    """The account of a row, or every fault it has. Total: no row raises.

    ``row`` maps the names of ``FIELDS`` to text, numbers, dates or None. ``typed`` is for JSON: ids and telephone
    numbers must be text there, because a JSON number has lost its leading zeros.
    """
    reading = RowFields(row, typed, FIELDS)
    customer_id = reading.take("customerId", _identifier)
    account_id = reading.take("accountId", _identifier)
    bill_id = reading.take("billId", _identifier)
    name = reading.take("name", _person_name)
    phone = reading.take(
        "phone", lambda value, typed: parse_phone(_digits_text(value, typed), defaults.country)
    )
    others = _other_phones(reading, phone, defaults.country)
    addresses = _addresses(reading)
    amount = reading.take("amountDue", lambda value, typed: amount_of(value))
    due = reading.take("dueDate", lambda value, typed: day_of(value, defaults.now.date()))
    language = reading.take("language", _language, defaults.language)
    currency = reading.take("currency", _currency, defaults.currency)
    windows = reading.take("preferredTimeWindow", _windows, _NO_WINDOWS)
    zone = reading.take("timezone", _zone, "")
    bucket = reading.take("agingBucket", _bucket, "")
    details = read_details(reading, amount, defaults.now.date())
    if phone and zone == "":
        zone = reading.guard("timezone", lambda: _zone_of_phone(phone, defaults.timezone))
    if (
        customer_id is None
        or account_id is None
        or bill_id is None
        or name is None
        or phone is None
        or zone is None
    ):
        return reading.faults
    if (
        amount is None
        or due is None
        or language is None
        or currency is None
        or windows is None
        or others is None
        or bucket is None
        or reading.faults
    ):
        return reading.faults
    return Account(
        customer_id=customer_id,
        account_id=account_id,
        bill_id=bill_id,
        name=name,
        phone=phone,
        amount_due=amount,
        due_date=due,
        currency=currency,
        timezone=zone,
        language=language,
        aging_bucket=bucket or aging_bucket(due, defaults.now.astimezone(_known(zone)).date()),
        preferred_windows=windows,
        details=details,
        other_phones=others,
        addresses=addresses,
    )


class RowFields:
    """Takes fields out of a row and collects the faults; ``fields`` says which of them must be there."""

    def __init__(self, row: Mapping[str, object], typed: bool, fields: Mapping[str, bool]) -> None:
        self._row = row
        self._typed = typed
        self._fields = fields
        self.faults: list[FieldFault] = []

    def take(self, name: str, read: Callable[[object, bool], T], default: T | None = None) -> T | None:
        value = self._row.get(name)
        if isinstance(value, str):
            value = value.strip()
        if not value and (value is None or value == ""):
            if self._fields[name]:
                self.faults.append(FieldFault(name, "is missing"))
            return default
        return self.guard(name, lambda: read(value, self._typed))

    def guard(self, name: str, read: Callable[[], T]) -> T | None:
        try:
            return read()
        except RefusedError as error:
            self.faults.append(FieldFault(name, error.wrong, error.allowed))
            return None


def _identifier(value: object, typed: bool) -> str:
    if typed and not isinstance(value, str):
        raise RefusedError("is not text", "text in quotes")
    return text_of(value, MAX_ID)


def _person_name(value: object, typed: bool) -> str:
    if typed and not isinstance(value, str):
        raise RefusedError("is not text", "text in quotes")
    return text_of(value, MAX_NAME)


def _digits_text(value: object, typed: bool) -> str:
    """A telephone number as text; its own reader bounds and checks it."""
    if isinstance(value, str):
        return value
    if typed:
        raise RefusedError("is not text", 'text in quotes, such as "13800138000"')
    return text_of(value, MAX_ID)


def _other_phones(reading: RowFields, phone: str | None, country: str) -> tuple[str, ...] | None:
    """The numbers of ``phone2``, ``phone3`` and ``otherPhones`` in this order, each once; None where one has a fault."""
    found: list[str] = []
    for name in ("phone2", "phone3"):
        one = reading.take(name, lambda value, typed: parse_phone(_digits_text(value, typed), country), "")
        if one is None:
            return None
        found.append(one)
    none: tuple[str, ...] = ()
    several = reading.take(
        "otherPhones",
        lambda value, typed: tuple(parse_phone(each, country) for each in _parts(value, typed)),
        none,
    )
    if several is None:
        return None
    others = tuple(each for each in dict.fromkeys((*found, *several)) if each and each != phone)
    if len(others) > MOST_OTHER_NUMBERS:
        reading.faults.append(
            FieldFault("otherPhones", f"{len(others)} further numbers", f"at most {MOST_OTHER_NUMBERS}")
        )
        return None
    return others


def _addresses(reading: RowFields) -> tuple[tuple[str, str], ...]:
    """Where he can be written to; a fault is noted and leaves that address out."""
    found = []
    for name, channel in ADDRESS_FIELDS.items():
        address = reading.take(name, _email if name == "email" else _address)
        if address:
            found.append((channel, address))
    return tuple(sorted(found))


def _email(value: object, typed: bool) -> str:
    if typed and not isinstance(value, str):
        raise RefusedError("is not text", "text in quotes")
    text = text_of(value, _MAX_EMAIL)
    if not _EMAIL.fullmatch(text):
        raise RefusedError("is not an e-mail address", "NAME@DOMAIN")
    return text


def _address(value: object, typed: bool) -> str:
    if typed and not isinstance(value, str):
        raise RefusedError("is not text", "text in quotes")
    text = text_of(value, MAX_NAME)
    if any(sign.isspace() or sign in "|,;" for sign in text):
        raise RefusedError("is not one user's id", "one id, without blanks, commas, semicolons and bars")
    return text


def _parts(value: object, typed: bool) -> list[str]:
    """Several numbers in one field: a JSON array, or text with separators that no number has."""
    if isinstance(value, list):
        return [_digits_text(each, typed) for each in value[: 2 * MOST_OTHER_NUMBERS]]
    text = _digits_text(value, typed)
    if len(text) > MAX_FIELD:
        raise RefusedError(f"is too long: {len(text)} characters", f"at most {MAX_FIELD}")
    return [part for part in re.split(r"[,;|/，；、]", text) if part.strip()]


def _language(value: object, typed: bool) -> str:
    found = _LANGUAGES.get(text_of(value, MAX_ID).lower())
    if found is None:
        raise RefusedError("is not a language that is spoken here", "zh, en")
    return found


def _currency(value: object, typed: bool) -> str:
    text = text_of(value, MAX_ID).upper()
    text = _CURRENCIES.get(text, text)
    if not re.fullmatch(r"[A-Z]{3}", text, re.ASCII):
        raise RefusedError("is not a currency", "three letters of ISO 4217, such as CNY")
    return text


def _windows(value: object, typed: bool) -> tuple[Window, ...]:
    parts: list[object]
    if isinstance(value, list):
        parts = value
    else:
        text = (
            text_of(value, MAX_FIELD)
            .replace("—", "-")
            .replace("～", "-")
            .replace("~", "-")
            .replace("：", ":")
        )
        parts = [part for part in re.split(r"[,;|，；、]", text) if part.strip()]
    if len(parts) > _MAX_WINDOWS:
        raise RefusedError(f"holds {len(parts)} windows", f"at most {_MAX_WINDOWS}")
    found = []
    for part in parts:
        text = text_of(part, MAX_ID).replace(" ", "")
        hour = re.fullmatch(r"([0-9]):([0-9]{2})-(.+)", text, re.ASCII)
        try:
            found.append(parse_window(f"0{text}" if hour else text))
        except ValueError as error:
            raise RefusedError(str(error), "HH:MM-HH:MM, such as 18:00-20:00") from error
    return tuple(found)


def _known(zone: str) -> tzinfo:
    found = zone_of(zone)
    if found is None:
        raise RefusedError("is not a known time zone", "an IANA name such as Asia/Shanghai")
    return found


def _zone(value: object, typed: bool) -> str:
    name = text_of(value, MAX_ID)
    _known(name)
    return name


def _zone_of_phone(phone: str, default: str) -> str:
    """Where the number is. Where that cannot be told, the lawful hours cannot be told either."""
    zones = time_zones_of_valid(phone)
    if len(zones) == 1:
        return zones[0]
    if default in zones:
        return default
    if not zones:
        raise RefusedError(
            "is missing, and the number does not tell it", "an IANA name in the column timezone"
        )
    raise RefusedError(
        f"is missing, and the number may be in {len(zones)} of them", "an IANA name in the column timezone"
    )


def _bucket(value: object, typed: bool) -> str:
    text = text_of(value, MAX_ID)
    found = {name.lower(): name for name in BUCKET_NAMES}.get(text.lower())
    if found is None:
        raise RefusedError("is not an aging bucket", ", ".join(BUCKET_NAMES))
    return found
