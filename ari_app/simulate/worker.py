"""A process that simulates shards: their numbers come in by standard input, how far it is goes out by standard output."""

from __future__ import annotations

import pickle
import sys
from pathlib import Path

from ari_app.simulate.order import Order
from ari_app.simulate.shards import part_of, simulate_shard
from ari_app.simulate.state import Instant

ORDER = "order.part"
TALLY = "tally"
DONE = "done"


def work(folder: Path) -> None:
    """Simulate each shard that is asked for, until nothing more is; what comes of it lies in the folder."""
    # Written by the process that started this one, into a new folder of its own.
    order: Order = pickle.loads((folder / ORDER).read_bytes())  # noqa: S301
    begins, length = order.begins, order.ends - order.begins
    for line in sys.stdin:
        shard = int(line)

        def passed(at: Instant, number: int = shard) -> None:
            _tell(number, f"{(at - begins) / length:.4f}")

        tally, lines = simulate_shard(order, shard, passed)
        lines.save(folder, shard)
        part_of(folder, TALLY, shard).write_bytes(pickle.dumps(tally))
        _tell(shard, DONE)


def _tell(shard: int, what: str) -> None:
    sys.stdout.write(f"{shard} {what}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    work(Path(sys.argv[1]))
