"""All shards, on the cores there are, and their files joined: the same bytes however many cores worked on them."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from heapq import merge
from itertools import islice
from pathlib import Path
from typing import Any

from ari_app.simulate.crew import side_by_side
from ari_app.simulate.order import Order
from ari_app.simulate.shards import AT, FILES, part_of, simulate_shard
from ari_app.simulate.state import Instant
from ari_app.simulate.tally import Tally

#: Lines that are joined before they are written.
_BATCH = 1000
#: Told the share of all work that is done, 0 to 1.
Progress = Callable[[float], None]


@dataclass(frozen=True, slots=True)
class Simulated:
    """What was added up, and the SHA-256 of each file."""

    tally: Tally
    digests: dict[str, str]


def simulate(
    order: Order, folder: Path, workers: int | None = None, progress: Progress = lambda _: None
) -> Simulated:
    """Simulate an order into the files of an empty folder.

    :param workers: processes; the cores there are when None. The result does not depend on it.
    """
    if order.listed is not None:
        order = replace(order, accounts=len(order.listed))
    count = order.shards
    workers = min(workers or len(os.sched_getaffinity(0)), count)
    tallies = (
        _here(order, folder, progress) if workers == 1 else side_by_side(order, folder, workers, progress)
    )
    total = Tally()
    for tally in tallies:
        total.add(tally)
    total.work.sort()
    digests = {name: _joined(folder, name, count) for name in FILES}
    progress(1.0)
    return Simulated(total, digests)


def _here(order: Order, folder: Path, progress: Progress) -> Iterator[Tally]:
    begins, length = order.begins, order.ends - order.begins
    for shard in range(order.shards):

        def passed(at: Instant, before: int = shard) -> None:
            progress((before + (at - begins) / length) / order.shards)

        tally, lines = simulate_shard(order, shard, passed)
        lines.save(folder, shard)
        yield tally


def _joined(folder: Path, name: str, shards: int) -> str:
    """Join the parts of a file in the order of time; its digest."""
    digest = hashlib.sha256()
    parts = [part_of(folder, name, shard) for shard in range(shards)]
    with ExitStack() as opened, (folder / f"{name}.jsonl").open("wb") as whole:
        streams = [opened.enter_context(part.open("rb")) for part in parts]
        # Accounts have no instant: shard by shard. Of one instant the lines of earlier shards come first.
        lines = merge(*streams, key=lambda line: line[:AT]) if name != "accounts" else _one_by_one(streams)
        while batch := b"".join(islice(lines, _BATCH)):
            whole.write(batch)
            digest.update(batch)
    for part in parts:
        part.unlink()
    return digest.hexdigest()


def _one_by_one(streams: list[Any]) -> Iterator[bytes]:
    for stream in streams:
        yield from stream
