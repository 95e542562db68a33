"""One shard from beginning to end: its own people, dice, lines and files."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from ari_app.domain import compliance
from ari_app.domain.openings import Openings
from ari_app.simulate.agenda import Agenda
from ari_app.simulate.behaviour import Behaviour, outcomes_of
from ari_app.simulate.dice import Dice
from ari_app.simulate.engine import Engine, Limits
from ari_app.simulate.life import Life
from ari_app.simulate.order import Order, share_of, shared_out
from ari_app.simulate.planner import Planner
from ari_app.simulate.population import Population
from ari_app.simulate.records import Records
from ari_app.simulate.state import Instant, Person
from ari_app.simulate.tally import Tally

FILES: tuple[str, ...] = ("accounts", "events", "contacts", "verdicts")
#: Characters of a line that are its instant: ``{"at":"2026-10-12T01:00:00.000000Z"``.
AT = 35
_PEOPLE, _LIFE, _CALLS = range(3)


@dataclass(slots=True)
class Lines:
    """The lines of one shard, file by file; contacts are written when they end and sorted by their beginning."""

    accounts: list[str]
    events: list[str]
    contacts: list[str]
    verdicts: list[str]

    def save(self, folder: Path, shard: int) -> None:
        """Write them, in the order of time."""
        self.contacts.sort(key=lambda line: line[:AT])
        for name in FILES:
            path = part_of(folder, name, shard)
            with path.open("w", encoding="utf-8", newline="") as stream:
                stream.writelines(getattr(self, name))


def part_of(folder: Path, name: str, shard: int) -> Path:
    """The file of a shard."""
    return folder / f"{name}.{shard:04d}.part"


def people_of(order: Order, shard: int) -> list[Person]:
    """The customers of a shard: the same for every strategy."""
    shards = order.shards
    first = sum(share_of(order.accounts, earlier, shards) for earlier in range(shard))
    dice = Dice(order.seed, shard, _PEOPLE)
    population = Population(order.world, dice, order.start, shard, shards, first)
    if order.listed is not None:
        return list(population.listed(shared_out(order.listed, shards)[shard]))
    return list(population.invented(share_of(order.accounts, shard, shards)))


def simulate_shard(
    order: Order, shard: int, passed: Callable[[Instant], None] | None = None
) -> tuple[Tally, Lines]:
    """Simulate one shard. ``passed`` is told now and then how far it has come."""
    tally, lines = Tally(), Lines([], [], [], [])
    records = Records(
        lines.accounts.append, lines.events.append, lines.contacts.append, lines.verdicts.append
    )
    agenda = Agenda(order.begins)
    life = Life(agenda, Dice(order.seed, shard, _LIFE), records, tally, order.begins)
    dice = Dice(order.seed, shard, _CALLS)
    engine = Engine(
        name=f"{shard:02d}",
        start=order.begins,
        end=order.ends,
        decide=partial(compliance.decide, order.book, openings=Openings()),
        planner=Planner(order.strategy, order.dialler),
        behaviour=Behaviour(outcomes_of(order.table), dice),
        dice=dice,
        life=life,
        agenda=agenda,
        records=records,
        tally=tally,
        limits=Limits(share_of(order.lines, shard, order.shards), order.calls_per_second / order.shards),
    )
    with _no_collection():
        engine.run(people_of(order, shard), order.days, passed)
    return tally, lines


@contextmanager
def _no_collection() -> Iterator[None]:
    """Nothing is looked through for cycles: all that is made here stays to the end, or is freed when it is let go."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()
