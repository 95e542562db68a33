"""Tells, while calls go on, that the guard has stopped a sentence of the bot: an event that raises an alert."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from uuid import uuid4

from ari_app.dialogue.guard import Breach
from ari_app.ports import Clock
from ari_app.ports.webhooks import NewEvent, Webhooks

RED_LINE = "compliance.red_line"


class RedLineWatch:
    """Compares what was stopped with what was told. ``stopped`` counts by red line, and only ever grows."""

    def __init__(self, stopped: Callable[[], Mapping[Breach, int]], store: Webhooks, clock: Clock) -> None:
        self._stopped, self._store, self._clock = stopped, store, clock
        self._told: Counter[Breach] = Counter()
        self._run = uuid4().hex

    async def look(self) -> None:
        """Write one event for each red line that was met since the last look. Raises StoreError: told the next time."""
        now = self._clock.now()
        for line, count in dict(self._stopped()).items():
            fresh = count - self._told[line]
            if fresh <= 0:
                continue
            payload = {
                "event": RED_LINE,
                "taskId": None,
                "redLine": line.value,
                "count": fresh,
                "timestamp": int(now.timestamp()),
            }
            # The same count of the same run told twice is one event.
            event = NewEvent(RED_LINE, f"++{RED_LINE}+{self._run}+{line.value}+{count}", payload)
            await self._store.add_events([event], now)
            self._told[line] = count
