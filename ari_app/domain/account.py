"""Who owes what: one row of a list, checked."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, time
from decimal import Decimal

from ari_app.domain.windows import Window


@dataclass(frozen=True, slots=True)
class FeeItem:
    """One line of a bill: what it is for, as it may be spoken, and how much."""

    label: str
    amount: Decimal


@dataclass(frozen=True, slots=True)
class AccountDetails:
    """What a list may say of an account besides the bill itself (requirements A12, A15, B4 to B16); all optional.

    ``service``: electricity, water, gas, heating, telecom, broadband, rent, property, subscription, loan or ''.
    ``fee_items`` add up to the amount due; ``late_fee`` is the part of it that is a late fee. ``service_state``:
    active, suspended or ''; ``suspension_on`` the day on which service ends or ended, ``suspension_at`` the time of
    that day where the customer lives. ``customer_level``: vip, ordinary, high_risk or ''. ``risk_level``: L, M, H or
    ''. ``legal_stage``: the case has been given to lawyers, so legal means may be mentioned (D17). ``good_record``:
    pays on time as a rule. ``minor``: a guardian has to be spoken to (D24).

    ``region`` is the company's own word. ``age_band``, ``income_band``, ``debt_type`` and ``debt_cause`` are words of
    the vocabularies below, or ''. ``score``: how likely the customer pays on time, 0 to ``MAX_SCORE`` (100: surely);
    None where nobody has worked it out; ``score_model`` names the model. ``early_warning``: the bill falls due within
    72 hours and is likely to be missed.
    """

    service: str = ""
    fee_items: tuple[FeeItem, ...] = field(default=(), repr=False)
    late_fee: Decimal | None = field(default=None, repr=False)
    service_state: str = ""
    suspension_on: date | None = None
    suspension_at: time | None = None
    customer_level: str = ""
    risk_level: str = ""
    broken_promises: int = 0
    good_record: bool = False
    legal_stage: bool = False
    minor: bool = False
    region: str = ""
    age_band: str = ""
    income_band: str = ""
    debt_type: str = ""
    debt_cause: str = ""
    score: int | None = None
    score_model: str = ""
    early_warning: bool = False


NO_DETAILS = AccountDetails()


@dataclass(frozen=True, slots=True)
class Treatment:
    """How a strategy wants an account to be treated in a call: ``tone`` gentle, neutral, serious or '' (as the account
    itself suggests); the numbers of months over which instalments may be offered, and the most days of a deferral. None:
    whatever the flow's policy offers. No treatment offers more than that."""

    tone: str = ""
    instalments: tuple[int, ...] | None = None
    deferral_days: int | None = None


AS_IT_IS = Treatment()

SERVICES: tuple[str, ...] = (
    "electricity",
    "water",
    "gas",
    "heating",
    "telecom",
    "broadband",
    "rent",
    "property",
    "subscription",
    "loan",
)

#: A score of 100 is a customer who surely pays on time (requirement B10 warns below 60).
MAX_SCORE = 100

#: Age bands: (name, first year, last year), both inclusive. Whoever is younger is a minor (``AccountDetails.minor``).
AGE_YEARS: tuple[tuple[str, int, int], ...] = (
    ("18-24", 18, 24),
    ("25-34", 25, 34),
    ("35-44", 35, 44),
    ("45-54", 45, 54),
    ("55-64", 55, 64),
    ("65+", 65, 120),
)
AGE_BANDS: tuple[str, ...] = tuple(name for name, _, _ in AGE_YEARS)
INCOME_BANDS: tuple[str, ...] = ("low", "middle", "high")

#: Kinds of debt (requirement B6): evaded on purpose, not on purpose, of long ago, of a new line of business.
DEBT_TYPES: tuple[str, ...] = ("malicious", "non_malicious", "legacy", "new_business")

#: Why a bill is not paid (requirements B7 and B8), and what customers say themselves in a call (``reason.*`` of flows).
DEBT_CAUSES: tuple[str, ...] = (
    "evasion",
    "loophole",
    "payment_failed",
    "bill_in_doubt",
    "lost_contact",
    "short_of_money",
    "forgot",
    "job_loss",
    "illness",
    "bereavement",
    "no_bill",
    "away",
)


def age_band(years: int) -> str:
    """The band of an age in years; '' for what is no adult's age."""
    return next((name for name, first, last in AGE_YEARS if first <= years <= last), "")


@dataclass(frozen=True, slots=True)
class Account:
    """One bill in arrears (or about to fall due) of one customer.

    ``phone`` is E.164, and so are ``other_phones``, which have their turn where it does not reach him; ``timezone`` is an
    IANA name; ``amount_due`` has two decimal places in ``currency`` (ISO 4217); ``language`` is ``zh`` or ``en``. The same
    ``customer_id`` may own several accounts: contact limits count per customer. ``treatment`` is set for an attempt by a
    strategy file, and never stored. ``addresses`` are pairs of a channel of messages and the address there, sorted.
    """

    customer_id: str
    account_id: str
    bill_id: str
    name: str = field(repr=False)
    phone: str = field(repr=False)
    amount_due: Decimal
    due_date: date
    currency: str = "CNY"
    timezone: str = "Asia/Shanghai"
    language: str = "zh"
    aging_bucket: str = ""
    preferred_windows: tuple[Window, ...] = ()
    details: AccountDetails = NO_DETAILS
    other_phones: tuple[str, ...] = field(default=(), repr=False)
    treatment: Treatment = AS_IT_IS
    addresses: tuple[tuple[str, str], ...] = field(default=(), repr=False)

    @property
    def phones(self) -> tuple[str, ...]:
        """Every number, the first one first."""
        return (self.phone, *self.other_phones)

    @property
    def phone_tail(self) -> str:
        """The last four digits, which the customer confirms before anything about a debt is said."""
        return self.phone[-4:]

    @property
    def key(self) -> tuple[str, str, str]:
        """What makes a row the same row when a list is loaded again."""
        return (self.customer_id, self.account_id, self.bill_id)


#: More days than the calendar has: a due date in 1900 is an odd one, but it has its bucket.
_ANY_DAYS = date.max.toordinal()

#: Day scheme of aging buckets: (name, first day overdue, last day overdue), both inclusive (requirement B2).
DAY_BUCKETS: tuple[tuple[str, int, int], ...] = (
    ("pre-due", -_ANY_DAYS, -1),
    ("due-day", 0, 0),
    ("D1-D30", 1, 30),
    ("D31-D60", 31, 60),
    ("D61-D90", 61, 90),
    ("D91+", 91, 730),
    ("legacy", 731, _ANY_DAYS),
)

BUCKET_NAMES: tuple[str, ...] = tuple(name for name, _, _ in DAY_BUCKETS)


def aging_bucket(due_date: date, today: date) -> str:
    """The aging bucket of a bill on a given local day."""
    overdue = (today - due_date).days
    return next(name for name, first, last in DAY_BUCKETS if first <= overdue <= last)


_RANK = {name: rank for rank, name in enumerate(BUCKET_NAMES)}


def aged_bucket(before: str, due_date: date, today: date) -> str:
    """The bucket of an account that has been in ``before``: it only grows older, whatever a list has said of it.

    A name that is none of the day scheme stays.
    """
    found = aging_bucket(due_date, today)
    return found if _RANK.get(before, len(_RANK)) < _RANK[found] else before
