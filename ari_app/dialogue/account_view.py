"""What a conversation may know of an account, before and after verification.

A conversation holds an ``OpeningView``: company and name, no debt. The debt lies in a ``SealedAccount``, which gives a
``VerifiedView`` for the right last four digits and nothing else.
"""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from ari_app.dialogue import spoken
from ari_app.dialogue.guard import TELLING_NAMES
from ari_app.domain.account import NO_DETAILS, Account, AccountDetails

CENT = Decimal("0.01")

_ANONYMOUS = {"zh": "机主本人", "en": "the owner of this number"}
_MASKED = {"zh": "{}先生或女士", "en": "{}"}
_LONGEST_NAME = 40
#: What an English voice cannot read out.
_CHARACTERS = re.compile(r"[\u3400-\u9fff]")


@dataclass(frozen=True, slots=True)
class OpeningView:
    """What may be said to anybody."""

    company: str
    name: str = field(repr=False)
    language: str


@dataclass(frozen=True, slots=True)
class VerifiedView:
    """What may be said to the customer; exists only after verification."""

    opening: OpeningView
    amount_due: Decimal = field(repr=False)
    currency: str
    due_date: date = field(repr=False)
    phone_tail: str = field(repr=False)
    details: AccountDetails = field(default=NO_DETAILS, repr=False)
    tone: str = ""

    def half(self) -> Decimal:
        """Half of the amount due, rounded up to the cent."""
        return half(self.amount_due)


def half(amount: Decimal) -> Decimal:
    """Half of a sum, rounded up to the cent."""
    return (amount / 2).quantize(CENT, ROUND_HALF_UP)


class SealedAccount:
    """The debt behind the last four digits of the telephone number."""

    __slots__ = ("__view",)

    def __init__(self, account: Account, opening: OpeningView) -> None:
        self.__view = VerifiedView(
            opening=opening,
            amount_due=account.amount_due.quantize(CENT, ROUND_HALF_UP),
            currency=account.currency,
            due_date=account.due_date,
            phone_tail=account.phone_tail,
            details=account.details,
            tone=account.treatment.tone,
        )

    def open(self, phone_tail: str | None) -> VerifiedView | None:
        """The debt, for the right four digits."""
        view = self.__view
        return (
            view
            if phone_tail is not None and len(phone_tail) == 4 and phone_tail == view.phone_tail
            else None
        )

    def reworded(self, opening: OpeningView) -> SealedAccount:
        """The same debt, to be told in the language of another view."""
        other = SealedAccount.__new__(SealedAccount)
        other.__view = replace(self.__view, opening=opening)
        return other

    def secrets(self, today: date) -> tuple[str, ...]:
        """The debt's facts in the words in which they would be spoken, for the guard."""
        view, language = self.__view, self.__view.opening.language
        facts = (
            spoken.amount(view.amount_due, view.currency, language),
            spoken.day(view.due_date, language, today=today),
            spoken.day(view.due_date, language),
        )
        # A very short text ("零元") could stand in an innocent sentence; it is no secret either.
        return tuple(fact for fact in facts if len(fact) >= 3)


def opening_view(account: Account, company: str, language: str = "") -> OpeningView:
    """The view for an unverified listener, in the account's language or another one."""
    language = language or account.language
    return OpeningView(company=company, name=spoken_name(account.name, language), language=language)


def spoken_name(name: str, language: str) -> str:
    """A name fit to be spoken: letters, spaces, hyphens and dots; a masked or empty one becomes a general address."""
    text = unicodedata.normalize("NFKC", name)
    masked = bool(re.search(r"[*＊●×?•]", text))
    text = "".join(sign if sign.isalpha() or sign in " -'·." else " " for sign in text)
    text = " ".join(word for word in text.split() if any(sign.isalpha() for sign in word))
    text = text[:_LONGEST_NAME].strip(" -'·.")
    if not text or TELLING_NAMES.search(text) or (language == "en" and _CHARACTERS.search(text)):
        return _ANONYMOUS[language]
    return _MASKED[language].format(text) if masked and len(text) == 1 else text


@dataclass(frozen=True, slots=True, order=True)
class Payment:
    """One of the payments that a customer promises."""

    date: dt.date
    amount: Decimal = field(repr=False)


@dataclass(frozen=True, slots=True)
class Promised:
    """What has been offered so far in a conversation: payments, the months of a plan, the day of a deferral.

    ``date`` and ``amount`` are those of the first payment, ``later`` the others in the order of their days; there are
    later ones only where the first is known. ``kept`` are the payments of parts that were confirmed before these.
    """

    date: dt.date | None = None
    amount: Decimal | None = field(default=None, repr=False)
    periods: int = 0
    deferral: dt.date | None = None
    later: tuple[Payment, ...] = ()
    kept: tuple[Payment, ...] = ()

    def left(self, due: Decimal) -> Decimal:
        """What of a debt no kept promise names."""
        return due - sum((one.amount for one in self.kept), Decimal(0))

    @property
    def payments(self) -> tuple[Payment, ...]:
        """Every payment on offer of which day and sum are known, in the order of their days."""
        if self.date is None or self.amount is None:
            return ()
        return (Payment(self.date, self.amount), *self.later)

    @property
    def total(self) -> Decimal:
        """The sum of what is on offer, with a day or without."""
        return sum((one.amount for one in self.later), self.amount or Decimal(0))

    @property
    def last_date(self) -> dt.date | None:
        """The day of the last payment on offer."""
        return self.later[-1].date if self.later else self.date


#: Every variable of a prompt, and whether its value belongs to the account (and is kept from online voices).
PERSONAL: dict[str, bool] = {
    "company": False,
    "name": True,
    "amount": True,
    "due_date": True,
    "days_overdue": True,
    "phone_tail": True,
    # The days on which anybody may promise to pay: the same for everybody who is called on one day.
    "latest_date": False,
    "ptp_date": False,
    "ptp_amount": True,
    "ptp_all": True,
    "rest": True,
    "plan_options": False,
    "plan_periods": False,
    "plan_monthly": True,
    "plan_fee": True,
    "plan_total": True,
    "plan_first_date": False,
    "deferral_date": False,
    "latest_deferral_date": False,
    "payment_methods": False,
    "dispute_days": False,
    "restore_hours": False,
    "service": True,
    "fees": True,
    "late_fee": True,
    "suspension_date": True,
    "suspension_time": True,
    "emergency_phone": False,
}


def render(
    variable: str, view: OpeningView | VerifiedView, promised: Promised, *, today: date, latest: date
) -> str | None:
    """A variable in words; None when this view does not hold it (an unverified view holds no debt)."""
    opening = view.opening if isinstance(view, VerifiedView) else view
    language = opening.language
    if variable == "company":
        return opening.company
    if variable == "name":
        return opening.name
    if not isinstance(view, VerifiedView):
        return None
    match variable:
        case "amount":
            return spoken.amount(view.amount_due, view.currency, language)
        case "due_date":
            return spoken.day(view.due_date, language, today=today)
        case "days_overdue":
            return spoken.days(max(0, (today - view.due_date).days), language)
        case "phone_tail":
            return spoken.digits(view.phone_tail, language)
        case "latest_date":
            return spoken.day(latest, language, today=today)
        case "ptp_date" if promised.date is not None:
            return spoken.day(promised.date, language, today=today)
        case "ptp_amount" if promised.amount is not None:
            return spoken.amount(promised.amount, view.currency, language)
        case "rest":
            rest = promised.left(view.amount_due) - promised.total
            return spoken.amount(max(Decimal(0), rest), view.currency, language)
        case _:
            return None
