"""The nightly job: bills grow older, warnings before a suspension find their place, calls find their order.

It reads beside the writer and writes in short transactions, so that claims come between. Running it twice changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime

import structlog

from ari_app.domain.account import aged_bucket
from ari_app.domain.compliance import ContactFacts, zone_of
from ari_app.domain.placement import place, suspension_warnings
from ari_app.domain.rule_pack import RuleBook
from ari_app.ports import Clock, Store

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class NightlyReport:
    """``aged`` accounts came into another bucket; ``pulled`` attempts were planned for a warning before a suspension, and
    ``no_place`` warnings have no allowed instant; ``reordered`` accounts have another place in the order of calls.
    """

    aged: int
    pulled: int
    no_place: int
    reordered: int = 0


class Nightly:
    """:meth:`run` once a night, or by hand."""

    def __init__(self, store: Store, clock: Clock, book: Callable[[], RuleBook]) -> None:
        """:param book: gives the rule packs as they are now."""
        self._store, self._clock, self._book = store, clock, book

    async def run(self) -> NightlyReport:
        """Do the night's work. Raises StoreError; what is done by then stays done."""
        now = self._clock.now()
        aged = await self._store.age_accounts(bucket_on(now))
        pulled, no_place = await self._store.plan_warnings(now, warning_place(self._book(), now))
        reordered = await self._store.order_accounts(now)
        report = NightlyReport(aged, pulled, no_place, reordered)
        log.info("nightly job done", aged=aged, pulled=pulled, no_place=no_place, reordered=reordered)
        return report


def bucket_on(now: datetime) -> Callable[[str, date, str], str]:
    """The bucket of a bill on the local day of its customer; zones are looked up once."""
    days: dict[str, date] = {}
    known: dict[tuple[str, date, str], str] = {}

    def bucket(before: str, due: date, timezone: str) -> str:
        asked = (before, due, timezone)
        found = known.get(asked)
        if found is None:
            day = days.get(timezone)
            if day is None:
                day = days[timezone] = now.astimezone(zone_of(timezone) or UTC).date()
            found = known[asked] = aged_bucket(before, due, day)
        return found

    return bucket


def warning_place(
    book: RuleBook, now: datetime
) -> Callable[[ContactFacts], tuple[datetime | None, str | None]]:
    """Where the next warning of an account has its place, or the reason why none of those to come has one."""

    def find(facts: ContactFacts) -> tuple[datetime | None, str | None]:
        reason: str | None = None
        for wanted in suspension_warnings(facts.account, now):
            placed = place(book, facts, wanted)
            if placed.at is not None:
                return placed.at, None
            reason = placed.reason
        return None, reason

    return find
