"""Worker processes side by side: each gets the next shard when it has done one."""

from __future__ import annotations

import os
import pickle
import selectors
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import ari_app
from ari_app.errors import AriAppError
from ari_app.simulate.order import Order
from ari_app.simulate.shards import part_of
from ari_app.simulate.tally import Tally
from ari_app.simulate.worker import DONE, ORDER, TALLY

_BLOCK = 1 << 16
_PATIENCE_S = 10.0

Worker = subprocess.Popen[bytes]


def side_by_side(
    order: Order, folder: Path, workers: int, progress: Callable[[float], None]
) -> Iterator[Tally]:
    """The tallies of all shards, in their order. Raises AriAppError where a worker ends too early."""
    (folder / ORDER).write_bytes(pickle.dumps(order))
    with _crew(folder, workers) as crew:
        _lead(crew, order.shards, progress)
    (folder / ORDER).unlink()
    for shard in range(order.shards):
        part = part_of(folder, TALLY, shard)
        yield pickle.loads(part.read_bytes())  # noqa: S301 - written by a worker of ours
        part.unlink()


@contextmanager
def _crew(folder: Path, workers: int) -> Iterator[list[Worker]]:
    """Workers that are gone when this is over, whatever happened."""
    environment = {**os.environ, "PYTHONPATH": str(Path(ari_app.__file__).parents[1])}
    command = [sys.executable, "-m", "ari_app.simulate.worker", str(folder)]
    crew: list[Worker] = []
    try:
        for _ in range(workers):
            worker = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment, bufsize=0
            )
            crew.append(worker)  # at once: whatever fails later, this one is ended
        yield crew
        for worker in crew:
            assert worker.stdin is not None
            worker.stdin.close()
            worker.wait(_PATIENCE_S)
    finally:
        for worker in crew:
            worker.kill()
            worker.wait()
            for pipe in (worker.stdin, worker.stdout):
                if pipe is not None:
                    pipe.close()


def _lead(crew: list[Worker], shards: int, progress: Callable[[float], None]) -> None:
    """Hand out the shards; progress is the mean of how far they are."""
    shares, left, done = [0.0] * shards, iter(range(shards)), 0
    with selectors.DefaultSelector() as selector:
        unread: dict[int, bytes] = {}
        for worker in crew:
            assert worker.stdout is not None
            selector.register(worker.stdout, selectors.EVENT_READ, worker)
            unread[worker.pid] = b""
            _hand(worker, next(left, None))
        while done < shards:
            for key, _ in selector.select():
                worker = key.data
                told = os.read(key.fd, _BLOCK)
                if not told:
                    raise AriAppError(f"a worker of the simulation ended with code {worker.wait()}")
                *whole, unread[worker.pid] = (unread[worker.pid] + told).split(b"\n")
                for line in whole:
                    shard, _, what = line.decode().partition(" ")
                    shares[int(shard)] = 1.0 if what == DONE else float(what)
                    if what == DONE:
                        done += 1
                        _hand(worker, next(left, None))
            progress(sum(shares) / shards)


def _hand(worker: Worker, shard: int | None) -> None:
    if shard is not None:
        assert worker.stdin is not None
        worker.stdin.write(f"{shard}\n".encode())
