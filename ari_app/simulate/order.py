"""What is to be simulated, and how it is cut into parts that know nothing of each other."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, timedelta, tzinfo

from ari_app.domain.account import Account
from ari_app.domain.campaign import DiallerSpec
from ari_app.domain.compliance import zone_of
from ari_app.domain.disposition import DispositionTable
from ari_app.domain.rule_pack import RuleBook, Rules
from ari_app.domain.strategy import Strategy
from ari_app.domain.windows import local_instant
from ari_app.errors import InputError, Problem
from ari_app.simulate.state import Instant, instant
from ari_app.simulate.world import World, world_of

#: Parts at least: their number never depends on the machine, so results do not either. Larger populations have more.
LEAST_SHARDS = 16
MOST_IN_A_SHARD = 10_000


@dataclass(frozen=True, slots=True)
class Order:
    """``accounts`` of an invented population, or those of a list (``listed``), for ``days`` days from ``start`` on.

    ``lines`` calls at one time and ``calls_per_second`` starts are those of the whole campaign; every shard has its share.
    """

    strategy: Strategy
    book: RuleBook
    table: DispositionTable
    accounts: int
    start: date
    days: int
    seed: int = 1
    lines: int = 120
    calls_per_second: float = 10.0
    dialler: DiallerSpec = field(default_factory=DiallerSpec)
    listed: tuple[Account, ...] | None = None

    @property
    def rules(self) -> Rules:
        """The rule pack of the strategy. Raises InputError where there is none."""
        name = self.strategy.rule_pack
        found = self.book.find(name)
        if isinstance(found, str):
            raise InputError([Problem(name, "rule pack", found, ", ".join(sorted(self.book.rules)))])
        return found

    @property
    def world(self) -> World:
        """Where its customers live."""
        return world_of(self.rules.calendar.country)

    @property
    def zone(self) -> tzinfo:
        """The clock by which days begin."""
        return zone_of(self.strategy.timezone) or UTC

    @property
    def begins(self) -> Instant:
        """Midnight of the first day."""
        return instant(local_instant(self.start, 0, self.zone))

    @property
    def ends(self) -> Instant:
        """Midnight after the last day."""
        return instant(local_instant(self.start + timedelta(days=self.days), 0, self.zone))

    @property
    def shards(self) -> int:
        """How many parts there are."""
        wanted = max(LEAST_SHARDS, -(-self.accounts // MOST_IN_A_SHARD))
        return max(1, min(wanted, self.lines, self.accounts))


def on_pack(order: Order, rule_pack: str) -> Order:
    """The same strategy within another rule pack. In another country the clock of its windows is that country's.

    Raises InputError where there is no such pack.
    """
    moved = replace(order, strategy=replace(order.strategy, rule_pack=rule_pack))
    if moved.world is order.world:
        return moved
    return replace(moved, strategy=replace(moved.strategy, timezone=moved.world.zone))


def share_of(total: int, shard: int, shards: int) -> int:
    """The share of one part of a whole number; all shares add up to it."""
    return total // shards + (shard < total % shards)


def shared_out(accounts: Sequence[Account], shards: int) -> list[list[Account]]:
    """A list cut into parts of about the same size, so that a customer, and all who share a number, stay together."""
    leader: dict[str, str] = {}

    def find(name: str) -> str:
        path = [name]
        while (above := leader.setdefault(path[-1], path[-1])) != path[-1]:
            path.append(above)
        leader.update(dict.fromkeys(path, path[-1]))
        return path[-1]

    for account in accounts:
        leader[find(f"c {account.customer_id}")] = find(f"p {account.phone}")
    groups: dict[str, list[Account]] = {}
    for account in accounts:
        groups.setdefault(find(f"p {account.phone}"), []).append(account)
    return _filled(groups.values(), shards)


def _filled(groups: Iterable[list[Account]], shards: int) -> list[list[Account]]:
    parts: list[list[Account]] = [[] for _ in range(shards)]
    for position, group in enumerate(groups):
        parts[position % shards].extend(group)
    return parts
