"""Reading beside the writer: a small pool of threads, each with a connection that cannot write."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from ari_app.errors import StoreError
from ari_app.store.connection import BUSY_TIMEOUT_S, connect_reader
from ari_app.store.faults import store_error

_T = TypeVar("_T")

POOL_SIZE = 2


class Readers:
    """Runs queries. A query sees everything committed before it began; it fetches all its rows before it returns,
    so that no snapshot is held open.
    """

    def __init__(self, path: Path, busy_timeout_s: float = BUSY_TIMEOUT_S) -> None:
        self._path = path
        self._busy_timeout_s = busy_timeout_s
        self._executor = ThreadPoolExecutor(max_workers=POOL_SIZE, thread_name_prefix="store-read")
        self._local = threading.local()
        self._connections: list[sqlite3.Connection] = []
        self._under_way = 0
        self._idle = asyncio.Event()
        self._idle.set()
        self._closed = False

    async def run(self, query: Callable[[sqlite3.Connection], _T]) -> _T:
        """The value of a query. Raises StoreError."""
        if self._closed:
            raise StoreError(f"database {self._path}: it has been closed")
        self._under_way += 1
        self._idle.clear()
        future = asyncio.get_running_loop().run_in_executor(self._executor, self._query, query)
        future.add_done_callback(lambda _: self._query_done())
        return await future

    async def close(self) -> None:
        """Wait for running queries, then close. Safe to call twice."""
        self._closed = True
        await self._idle.wait()
        self._executor.shutdown(wait=True)  # no query is under way, so this returns at once
        while self._connections:
            self._connections.pop().close()

    def _query_done(self) -> None:
        self._under_way -= 1
        if not self._under_way:
            self._idle.set()

    def _query(self, query: Callable[[sqlite3.Connection], _T]) -> _T:
        try:
            connection = getattr(self._local, "connection", None)
            if connection is None:
                connection = connect_reader(self._path, self._busy_timeout_s)
                self._connections.append(connection)
                self._local.connection = connection
            return query(connection)
        except sqlite3.Error as error:
            raise store_error(error, self._path) from error
