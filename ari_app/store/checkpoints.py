"""Moving the write-ahead log into the database, beside the writer and not in the middle of somebody's commit.

SQLite does it in the commit that makes the log longer than a bound: that one commit then waits for a thousand pages to be
written and synced. Here a second connection does it without stopping the writer (a passive checkpoint, which takes no lock
that a writer needs). The bound stays, higher, for a log that grows faster than it is moved.
"""

from __future__ import annotations

import asyncio
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import structlog

log = structlog.get_logger(__name__)

#: Commits after which the log is moved.
EVERY_COMMITS = 100

#: Pages of 4 KiB in the log at which a commit moves it all the same.
MOST_PAGES = 16_000


class Checkpointer:
    """Told of each commit; moves the log now and then in a thread of its own. Belongs to one event loop."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="store-checkpoint")
        self._connection: sqlite3.Connection | None = None
        self._running: asyncio.Future[None] | None = None
        self._commits = 0
        self.done = 0
        """Times that the log was moved."""

    def committed(self, commits: int) -> None:
        """So many commits have been made since the start."""
        if self._running is None and commits - self._commits >= EVERY_COMMITS:
            self._commits = commits
            self._running = asyncio.get_running_loop().run_in_executor(self._executor, self._move)
            self._running.add_done_callback(self._moved)

    async def close(self) -> None:
        """Wait for what is under way, then end."""
        if self._running is not None:
            await asyncio.wait([self._running])
        if self._connection is not None:
            await asyncio.get_running_loop().run_in_executor(self._executor, self._connection.close)
        self._executor.shutdown(wait=True)  # its thread is idle, so this returns at once

    def _moved(self, running: asyncio.Future[None]) -> None:
        self._running = None
        if (error := running.exception()) is not None:
            # Nothing is lost: the log is whole, and a commit moves it when it has grown too long.
            log.warning("the write-ahead log was not moved", error=str(error))
        else:
            self.done += 1

    def _move(self) -> None:
        if self._connection is None:
            self._connection = sqlite3.connect(
                self._path, isolation_level=None, check_same_thread=False, timeout=0.0
            )
        self._connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
