"""What broken promises lead to: the special list, and the count that strategies and risk read (requirements F6, A22)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

#: So many promises broken in a row put a customer on the special list.
BREACHES = 2


@dataclass(frozen=True, slots=True)
class PromiseRule:
    """By what promises are judged: money that comes within ``grace_days`` after the day still keeps one, and ``breaches``
    broken ones in a row put the customer on the special list."""

    grace_days: int = 0
    breaches: int = BREACHES


class OnSpecial(StrEnum):
    """What happens to a customer's entry on the special list."""

    ADD = "add"
    REMOVE = "remove"
    KEEP = "keep"


def special(consecutive: int, rule: PromiseRule, *, listed: bool) -> OnSpecial:
    """Whether the customer comes onto the list or leaves it. ``listed``: he is on it for broken promises; an entry that
    somebody else has made is never asked about."""
    if consecutive >= rule.breaches:
        return OnSpecial.KEEP if listed else OnSpecial.ADD
    return OnSpecial.REMOVE if listed else OnSpecial.KEEP
