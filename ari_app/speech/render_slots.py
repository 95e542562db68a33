"""How many prompts are rendered at a time, and who goes first.

Calls that are being prepared may ask for hundreds of prompts; a call that is talking and needs one now must not stand
behind them.
"""

from __future__ import annotations

import asyncio


class RenderSlots:
    """At most ``usual`` renderings at a time, and ``reserve`` more that only urgent ones may take.

    Waiting is first come, first served, the urgent before the others. One key waits once.
    """

    def __init__(self, usual: int, reserve: int) -> None:
        self._usual = usual
        self._reserve = reserve
        self._busy = 0
        self._waiting: dict[str, asyncio.Future[None]] = {}
        self._urgent: dict[str, asyncio.Future[None]] = {}

    @property
    def busy(self) -> int:
        """Slots that are taken."""
        return self._busy

    async def take(self, key: str, *, urgent: bool) -> None:
        """Wait for a slot; whoever has got one gives it back with ``free``."""
        granted: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        (self._urgent if urgent else self._waiting)[key] = granted
        self._grant()
        try:
            await granted
        except asyncio.CancelledError:
            self._waiting.pop(key, None)
            self._urgent.pop(key, None)
            if granted.done() and not granted.cancelled():
                self.free()  # granted in the moment in which it was no longer wanted
            raise

    def promote(self, key: str) -> None:
        """Somebody now waits for this one in the middle of a call."""
        granted = self._waiting.pop(key, None)
        if granted is not None:
            self._urgent[key] = granted
            self._grant()

    def free(self) -> None:
        """Give a slot back."""
        self._busy -= 1
        self._grant()

    def _grant(self) -> None:
        for line, most in ((self._urgent, self._usual + self._reserve), (self._waiting, self._usual)):
            while line and self._busy < most:
                granted = line.pop(next(iter(line)))
                if not granted.done():
                    self._busy += 1
                    granted.set_result(None)
