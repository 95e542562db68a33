"""A floor of agents and the calls made for them, as a discrete event simulation: the same people for every dialler.

Each call that is dialled takes the next person of one list, drawn beforehand: whether and when he answers, how long he
talks, how long the agent wraps up. Two diallers that are compared meet the same people in the same order.
"""

from __future__ import annotations

import heapq
import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from itertools import count
from typing import Protocol


class Answer(IntEnum):
    """What becomes of a dial. ``MISJUDGED``: a person whom the detector takes for a machine, and hangs up on."""

    NOBODY = 0
    MACHINE = 1
    PERSON = 2
    MISJUDGED = 3


@dataclass(frozen=True, slots=True)
class Callee:
    """One person of the list: ``luck`` (0 to 1) decides with the hour whether he answers, ``machine`` what does if not."""

    luck: float
    machine: float
    misjudged: float
    answers_s: float
    ends_s: float
    talk_s: float
    wrap_up_s: float


@dataclass(frozen=True, slots=True)
class World:
    """How people behave. ``answer_share`` swings by ``swing`` of itself over a shift; times are means in seconds."""

    answer_share: float = 0.25
    swing: float = 0.3
    machine_share: float = 0.15
    misjudged_share: float = 0.005
    ring_s: float = 11.0
    ring_timeout_s: float = 30.0
    talk_s: float = 140.0
    wrap_up_s: float = 30.0
    patience_s: float = 2.0
    shift_s: float = 8 * 3600.0

    def share_at(self, second: float) -> float:
        """The share of dials that a person answers at this second of the shift."""
        return self.answer_share * (
            1.0 + self.swing * math.sin(2.0 * math.pi * second / (self.shift_s / 2.0))
        )


class People:
    """The list, drawn as far as somebody has dialled it."""

    def __init__(self, world: World, seed: int) -> None:
        self._world = world
        self._random = random.Random(seed)  # noqa: S311 - nothing secret
        self._drawn: list[Callee] = []

    def __getitem__(self, index: int) -> Callee:
        while len(self._drawn) <= index:
            self._drawn.append(self._draw())
        return self._drawn[index]

    def _draw(self) -> Callee:
        draw, world = self._random, self._world
        quick = draw.random() < 0.25
        return Callee(
            luck=draw.random(),
            machine=draw.random(),
            misjudged=draw.random(),
            answers_s=min(
                3.0 + draw.gammavariate(2.5, (world.ring_s - 3.0) / 2.5), world.ring_timeout_s - 0.5
            ),
            ends_s=draw.uniform(1.0, 5.0) if quick else world.ring_timeout_s,
            talk_s=5.0 + draw.lognormvariate(math.log(world.talk_s - 5.0) - 0.32, 0.8),
            wrap_up_s=3.0 + draw.gammavariate(2.0, (world.wrap_up_s - 3.0) / 2.0),
        )


@dataclass(slots=True)
class FloorNow:
    """The floor as a dialler sees it; seconds are those of the shift at which each thing began."""

    agents: int
    free: int
    now: float = 0.0
    talking: dict[int, float] = field(default_factory=dict)
    wrapping_up: dict[int, float] = field(default_factory=dict)
    ringing: dict[int, float] = field(default_factory=dict)
    waiting: dict[int, float] = field(default_factory=dict)


class Dialling(Protocol):
    """A dialler in the comparison: asked once a second how many calls start now, and told what happens."""

    def start(self, floor: FloorNow) -> int: ...

    def rang(self, seconds: float, answer: Answer) -> None: ...

    def served(self, now: float, *, abandoned: bool) -> None: ...

    def talked(self, seconds: float) -> None: ...

    def wrapped_up(self, seconds: float) -> None: ...


@dataclass(frozen=True, slots=True)
class Shift:
    """What a shift came to. ``occupancy``: time in talk and wrap-up of all agents' time. ``abandoned`` of ``live``."""

    occupancy: float
    live: int
    abandoned: int
    dials: int
    worst_share: float
    """The highest share of the day so far that was seen after the first 200 people."""

    @property
    def abandon_share(self) -> float:
        return self.abandoned / self.live if self.live else 0.0


class _Kind(IntEnum):
    ENDED = 0
    TALK_OVER = 1
    WRAPPED_UP = 2
    TICK = 3


def simulate(world: World, people: People, agents: int, dialler: Dialling) -> Shift:  # noqa: C901 - one loop
    """One shift of ``agents`` with a dialler; all times are virtual."""
    floor = FloorNow(agents, agents)
    heap: list[tuple[float, int, _Kind, int]] = []
    order = count()
    answers: dict[int, Answer] = {}
    dials = live = lost = 0
    busy_s = worst = 0.0

    def put(at: float, kind: _Kind, number: int) -> None:
        heapq.heappush(heap, (at, next(order), kind, number))

    def lose(now: float) -> None:
        nonlocal live, lost, worst
        live, lost = live + 1, lost + 1
        if live >= 200:
            worst = max(worst, lost / live)
        dialler.served(now, abandoned=True)

    def drop_late(now: float) -> None:
        while floor.waiting and now - next(iter(floor.waiting.values())) > world.patience_s:
            floor.waiting.pop(next(iter(floor.waiting)))
            lose(now)

    def connect(now: float, number: int) -> None:
        nonlocal live
        live += 1
        floor.free -= 1
        floor.talking[number] = now
        dialler.served(now, abandoned=False)
        put(now + people[number].talk_s, _Kind.TALK_OVER, number)

    def dial(now: float) -> None:
        nonlocal dials
        for _ in range(dialler.start(floor)):
            number, callee = dials, people[dials]
            dials += 1
            share = world.share_at(now)
            if callee.luck < share:
                answer = Answer.MISJUDGED if callee.misjudged < world.misjudged_share else Answer.PERSON
            else:
                answer = Answer.MACHINE if callee.machine < world.machine_share else Answer.NOBODY
            answers[number] = answer
            floor.ringing[number] = now
            put(now + (callee.ends_s if answer is Answer.NOBODY else callee.answers_s), _Kind.ENDED, number)

    put(0.0, _Kind.TICK, 0)
    while heap:
        now, _, kind, number = heapq.heappop(heap)
        if now >= world.shift_s:
            break
        floor.now = now
        drop_late(now)
        match kind:
            case _Kind.ENDED:
                answer = answers.pop(number)
                dialler.rang(now - floor.ringing.pop(number), answer)
                if answer is Answer.MISJUDGED:
                    lose(now)
                elif answer is Answer.PERSON:
                    if floor.free > 0:
                        connect(now, number)
                    else:
                        floor.waiting[number] = now
            case _Kind.TALK_OVER:
                began = floor.talking.pop(number)
                busy_s += now - began
                dialler.talked(now - began)
                floor.wrapping_up[number] = now
                put(now + people[number].wrap_up_s, _Kind.WRAPPED_UP, number)
            case _Kind.WRAPPED_UP:
                began = floor.wrapping_up.pop(number)
                busy_s += now - began
                dialler.wrapped_up(now - began)
                floor.free += 1
                if floor.waiting:
                    waited = next(iter(floor.waiting))
                    del floor.waiting[waited]
                    connect(now, waited)
            case _Kind.TICK:
                dial(now)
                put(now + 1.0, _Kind.TICK, 0)
    busy_s += sum(world.shift_s - began for began in (*floor.talking.values(), *floor.wrapping_up.values()))
    return Shift(busy_s / (agents * world.shift_s), live, lost, dials, worst)


def shifts(
    world: World, seeds: Sequence[int], agents: int, make: Callable[[], Dialling], lists: dict[int, People]
) -> list[Shift]:
    """One shift for each seed, each with a dialler of its own and the list of its seed."""
    found = []
    for seed in seeds:
        if seed not in lists:
            lists[seed] = People(world, seed)
        found.append(simulate(world, lists[seed], agents, make()))
    return found
