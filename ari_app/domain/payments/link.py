"""A link to the page of one bill: whether it may be used, as a value with a reason."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

#: Wrong answers to the question that protects the page; then this link opens it no more.
MAX_FAILURES = 5


class Purpose(StrEnum):
    """What a link is for. A token signed for one purpose is none for another."""

    PAY = "pay"
    """Opens the page of a bill."""


class LinkRefusal(StrEnum):
    """Why a link does not open the page. Only the log and the operator learn it; the page says the same to all."""

    UNKNOWN = "unknown"
    """No link of ours, or a damaged, forged or foreign one."""
    EXPIRED = "expired"
    REVOKED = "revoked"
    LOCKED = "locked"
    """Too many wrong answers."""
    USED_UP = "used_up"
    """Opened as often as it may be."""


@dataclass(frozen=True, slots=True)
class LinkTerms:
    """How long a new link lasts, and how often it opens the page; a link is sent again while half of its life is left."""

    lasts: timedelta = timedelta(days=7)
    uses: int = 50


@dataclass(frozen=True, slots=True)
class LinkStanding:
    """Where a link stands. ``uses`` counts the times that the question was answered rightly, ``failures`` the others."""

    expires_at: datetime
    max_uses: int
    revoked_at: datetime | None = None
    uses: int = 0
    failures: int = 0


def refusal(link: LinkStanding, now: datetime, *, opening: bool = False) -> LinkRefusal | None:
    """Why a link may not be used at ``now``; None where it may.

    ``opening``: the question is about to be answered. Who has answered it already goes on to the end of his visit, even
    if this was the last use.
    """
    if link.revoked_at is not None:
        return LinkRefusal.REVOKED
    if now >= link.expires_at:
        return LinkRefusal.EXPIRED
    if link.failures >= MAX_FAILURES:
        return LinkRefusal.LOCKED
    if opening and link.uses >= link.max_uses:
        return LinkRefusal.USED_UP
    return None
