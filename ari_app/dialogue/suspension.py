"""When service ends: what may truthfully be said of it, and how a promise stands to it (requirements F19, F21, D17).

The list says the day, perhaps the time of that day, and whether service has ended already. What lies behind without the
list saying so is not known, and nothing is said of it.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Final

from ari_app.domain.account import AccountDetails

SUSPENSION_CONDITIONS: Final = (
    "suspension_ahead",
    "suspension_today",
    "suspension_time_known",
    "suspension_past",
    "promise_after_suspension",
)


def suspension_condition(
    name: str, details: AccountDetails, promised: date | None, now: datetime
) -> bool | None:
    """Whether a condition of ``SUSPENSION_CONDITIONS`` holds, None for any other name.

    ``now`` is local to the customer; ``promised`` the day that he has offered.
    """
    match name:
        case "suspension_ahead":
            return lies_ahead(details, now)
        case "suspension_today":
            return lies_ahead(details, now) and details.suspension_on == now.date()
        case "suspension_time_known":
            return details.suspension_on is not None and details.suspension_at is not None
        case "suspension_past":
            return has_ended(details) and details.suspension_on is not None and _is_over(details, now)
        case "promise_after_suspension":
            day = details.suspension_on
            return lies_ahead(details, now) and promised is not None and day is not None and promised > day
        case _:
            return None


def has_ended(details: AccountDetails) -> bool:
    """Whether the list says that service has been suspended."""
    return details.service_state == "suspended"


def lies_ahead(details: AccountDetails, now: datetime) -> bool:
    """Whether service still runs and ends at a day, or a time of today, that has not come yet."""
    return details.suspension_on is not None and not has_ended(details) and not _is_over(details, now)


def _is_over(details: AccountDetails, now: datetime) -> bool:
    """Whether the day, or the time of today, has come; a day without a time is over when the next one begins."""
    day, at = details.suspension_on, details.suspension_at
    if day is None or day > now.date():
        return False
    if day < now.date() or has_ended(details):
        return True
    return at is not None and at <= now.time()
