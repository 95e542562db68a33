"""Who has to approve a plan, and whether somebody may (requirements F11, F12)."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from ari_app.domain.call_result import PlanKind

#: Offices that may approve plans.
APPROVER_ROLES: tuple[str, ...] = ("agent", "supervisor", "quality", "legal", "finance", "admin")
#: More people than this never have to agree.
MOST_PEOPLE = 5


@dataclass(frozen=True, slots=True)
class ApprovalLevel:
    """One row of the table: plans of these ``kinds`` up to ``up_to`` (None: any sum) are approved by ``people`` different
    people, each with one of ``roles``. ``people`` 0: nobody has to. The sum is what is put off, or what is waived;
    ``up_to_periods`` is the most instalments (None: any)."""

    name: str
    people: int
    roles: tuple[str, ...] = ()
    kinds: tuple[PlanKind, ...] = tuple(PlanKind)
    up_to: Decimal | None = None
    up_to_periods: int | None = None

    def fits(self, kind: PlanKind, amount: Decimal, periods: int = 0) -> bool:
        """Whether this row decides about such a plan."""
        within = self.up_to_periods is None or periods <= self.up_to_periods
        return kind in self.kinds and within and (self.up_to is None or amount <= self.up_to)


@dataclass(frozen=True, slots=True)
class PlanLimits:
    """Whom a plan of a kind may be given at all: sums from ``least`` to ``most`` (None: any); nobody who has breached more
    than ``broken_plans`` plans. A waiver is at most ``most_percent`` of what is owed."""

    least: Decimal = Decimal(0)
    most: Decimal | None = None
    broken_plans: int = 1
    most_percent: Decimal = Decimal(100)


NO_LIMITS = PlanLimits()

#: What holds where there is no table, or none that can be read: two people look at everything.
CAUTIOUS = ApprovalLevel("cautious", 2, ("supervisor", "finance", "legal", "admin"))


@dataclass(frozen=True, slots=True)
class ApprovalTable:
    """The levels, of which the first that fits decides; the limits by kind; and the days of grace of an instalment."""

    levels: tuple[ApprovalLevel, ...] = (CAUTIOUS,)
    limits: Mapping[PlanKind, PlanLimits] = field(default_factory=dict)
    grace_days: int = 3

    def level(self, kind: PlanKind, amount: Decimal, periods: int = 0) -> ApprovalLevel:
        """Who decides about such a plan; the cautious level where no row fits."""
        return next((each for each in self.levels if each.fits(kind, amount, periods)), CAUTIOUS)

    def limits_of(self, kind: PlanKind) -> PlanLimits:
        return self.limits.get(kind, NO_LIMITS)


CAUTIOUS_TABLE = ApprovalTable()


def person_key(name: str) -> str:
    """A name as it is compared, so that one person counts once however the name is written; '' for no name.

    Compatibility forms, letter case, accents that are written apart, invisible characters and spaces make no other person.
    """
    text = unicodedata.normalize("NFKC", name).casefold()
    text = "".join(
        sign for sign in text if unicodedata.category(sign) not in ("Cf", "Cc", "Mn") or sign.isspace()
    )
    return " ".join(unicodedata.normalize("NFKC", text).split())


def approval_refused(
    roles: Sequence[str], requester: str, approved_by: Collection[str], person: str, role: str
) -> str:
    """Why somebody may not approve a plan; '' where he may. ``requester``, ``approved_by`` and ``person`` are
    :func:`person_key` of the one who asked for it (''; the customer himself), those who have approved it, and him."""
    if not person:
        return "whoever approves says who he is"
    if role not in roles:
        return f"this plan is approved by {' or '.join(roles) or 'nobody'}, not by {role or 'an office without a name'}"
    if person == requester:
        return "nobody approves the plan that he has asked for"
    if person in approved_by:
        return "he has approved it already; another person has to"
    return ""
