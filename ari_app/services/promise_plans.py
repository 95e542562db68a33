"""Plans the next call again where a promise came from a page, a message, an agent or a program, or is expected no more."""

from __future__ import annotations

from collections.abc import Callable

import structlog

from ari_app.domain.placement import first_follow_up
from ari_app.domain.rule_pack import RuleBook
from ari_app.ports import Clock, Debts

log = structlog.get_logger(__name__)


class PromisePlans:
    """:meth:`look` now and then: what a promise of a call does at its end is done here for all others."""

    def __init__(self, debts: Debts, clock: Clock, book: Callable[[], RuleBook]) -> None:
        """:param book: gives the rule packs by which a call finds its place, as they are now."""
        self._debts, self._clock, self._book = debts, clock, book

    async def look(self) -> int:
        """Plan what is to be planned; how many attempts have a new time. Raises StoreError."""
        now, after, planned = self._clock.now(), 0, 0
        while found := await self._debts.attempts_to_replan(now, after):
            for each in found:
                placed = first_follow_up(self._book(), each.follow_ups)
                at = each.otherwise if placed is None or placed.at is None else placed.at
                planned += await self._debts.replan(each, at)
            after = found[-1].campaign_account
        if planned:
            log.info("calls planned again after promises", attempts=planned)
        return planned
