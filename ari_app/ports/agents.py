"""The people who take calls, as the dialler needs to know them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class TeamNow:
    """A team at this moment. ``talking`` and ``wrapping_up``: for how many seconds each agent has been doing so.

    ``asked`` is how many previews agents have accepted and wait for the call of (mode ``preview``).
    """

    free: int = 0
    talking: tuple[float, ...] = ()
    wrapping_up: tuple[float, ...] = ()
    asked: int = 0

    @property
    def total(self) -> int:
        """Agents who are there, whatever they do; one who has a break is not."""
        return self.free + len(self.talking) + len(self.wrapping_up)


class Agents(Protocol):
    """Who is there to take calls. Instants of talks are the adapter's business; this is what it comes to now."""

    def team(self, name: str) -> TeamNow: ...

    async def take(self, team: str, attempt_id: str, patience_s: float) -> bool:
        """Reserve an agent for a call that a person has answered; False when none got free within ``patience_s``."""
        ...
