"""A team of agents as a script says it."""

from __future__ import annotations

from ari_app.ports import TeamNow


class FakeAgents:
    """``now`` is the team at this moment; ``there`` says whether an agent takes the next answered call."""

    def __init__(self, now: TeamNow, *, there: bool = True) -> None:
        self.now = now
        self.there = there
        self.taken: list[tuple[str, str]] = []

    def team(self, name: str) -> TeamNow:
        return self.now

    async def take(self, team: str, attempt_id: str, patience_s: float) -> bool:
        self.taken.append((team, attempt_id))
        return self.there
