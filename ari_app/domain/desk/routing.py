"""Which waiting customer meets which free agent (requirements B17, G11, G12, G14, G22).

Whoever fits a call must have its skills, speak its language and be of its team; among those the agent who knew the case
before comes first, then whoever has the fewest skills that are not needed (so that specialists stay free), then the one who
has been free for longest. Among customers the more urgent comes first, then the one who has waited longest; waiting raises
the urgency, so that nobody waits for ever.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from ari_app.domain.desk.agent import Agent

#: Cases that one collector has at most, where nothing else is said.
CASELOAD = 500
#: Urgency of a call, 0 to 100, that each minute of waiting adds.
URGENCY_A_MINUTE = 10.0


@dataclass(frozen=True, slots=True)
class Seat:
    """What an agent is able and allowed to take. ``languages`` empty: any; ``level`` is how senior he is, from 0;
    ``order`` decides between those who are equal in everything else."""

    agent: Agent
    team: str
    skills: frozenset[str] = frozenset()
    languages: frozenset[str] = frozenset()
    level: int = 0
    cases: int = 0
    caseload: int = CASELOAD
    order: int = 0


@dataclass(frozen=True, slots=True)
class Caller:
    """A customer who waits for a person. ``knows`` are agents who have had his case, the last one first.

    ``level`` is how senior an agent has to be (0 anybody): large sums and high risk ask for more. ``urgency`` 0 to 100.
    """

    call_id: str
    since: datetime
    teams: tuple[str, ...]
    language: str = ""
    skills: frozenset[str] = frozenset()
    level: int = 0
    urgency: float = 0.0
    knows: tuple[str, ...] = ()
    refused_by: frozenset[str] = frozenset()
    new_case: bool = False


@dataclass(frozen=True, slots=True)
class Match:
    """A customer, and the agent who is offered to him."""

    call_id: str
    agent_id: str


def fits(seat: Seat, caller: Caller) -> str:
    """Why this agent may not take this call; '' when he may, as far as he is free."""
    if seat.team not in caller.teams:
        return "another team"
    if not caller.skills <= seat.skills:
        return "a skill is missing"
    if caller.language and seat.languages and caller.language not in seat.languages:
        return "another language"
    if seat.level < caller.level:
        return "not senior enough"
    if seat.agent.agent_id in caller.refused_by:
        return "has not taken it before"
    if caller.new_case and seat.cases >= seat.caseload:
        return "has as many cases as he may have"
    return ""


def match(seats: Iterable[Seat], callers: Iterable[Caller], now: datetime) -> tuple[Match, ...]:
    """Who is offered whom at this moment; each agent and each customer once."""
    free = [seat for seat in seats if seat.agent.free]
    found: list[Match] = []
    for caller in in_order(callers, now):
        fitting = [seat for seat in free if not fits(seat, caller)]
        if fitting:
            best = min(fitting, key=partial(_rank, caller))
            free.remove(best)
            found.append(Match(caller.call_id, best.agent.agent_id))
    return tuple(found)


def in_order(callers: Iterable[Caller], now: datetime) -> list[Caller]:
    """Those who wait, the next one first."""
    return sorted(callers, key=lambda each: (-_urgency(each, now), each.since, each.call_id))


def position(call_id: str, callers: Sequence[Caller], now: datetime) -> int | None:
    """The place of a customer among those who wait for any of his teams, from 1; None when he does not wait."""
    own = next((each for each in callers if each.call_id == call_id), None)
    if own is None:
        return None
    beside = [each for each in callers if set(each.teams) & set(own.teams)]
    return in_order(beside, now).index(own) + 1


def hope(seats: Iterable[Seat], caller: Caller) -> bool:
    """Whether somebody who is logged in could take the call, now or once he is free."""
    return any(seat.agent.state.value != "logged_out" and not fits(seat, caller) for seat in seats)


def _urgency(caller: Caller, now: datetime) -> float:
    waited = max(0.0, (now - caller.since).total_seconds() / 60.0)
    return caller.urgency + waited * URGENCY_A_MINUTE


def _rank(caller: Caller, seat: Seat) -> tuple[int, int, int, float, int, str]:
    agent = seat.agent
    known = caller.knows.index(agent.agent_id) if agent.agent_id in caller.knows else len(caller.knows)
    since = 0.0 if agent.free_since is None else agent.free_since.timestamp()
    return (
        known,
        len(seat.skills - caller.skills),
        seat.level - caller.level,
        since,
        seat.order,
        agent.agent_id,
    )
