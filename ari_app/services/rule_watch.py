"""Looks at the files of rule packs, calendars and strategies, and asks again what they had refused for good."""

from __future__ import annotations

import asyncio

import structlog

from ari_app.ports import Store
from ari_app.services.rule_directory import RuleDirectory
from ari_app.services.strategy_directory import StrategyDirectory

log = structlog.get_logger(__name__)


class RuleWatch:
    """:meth:`look` is called every few seconds; the first time also for what was changed before the start."""

    def __init__(
        self, rules: RuleDirectory, store: Store, strategies: StrategyDirectory | None = None
    ) -> None:
        self._rules, self._store, self._strategies = rules, store, strategies
        self._untold = True
        self._changed = False

    async def look(self) -> None:
        """Read changed files. Raises StoreError where the store cannot be told; the next time tells it."""
        self._changed |= await asyncio.to_thread(self._rules.refresh)
        if self._strategies is not None:
            self._changed |= await asyncio.to_thread(self._strategies.refresh)
        self._untold |= self._changed
        if self._untold:
            asked = await self._store.ask_rules_again(moved=self._changed)
            self._untold = self._changed = False
            if asked:
                log.info("asked again by the rules as they are now", accounts=asked)
