"""The one writer: a thread, a connection, and small changes committed together.

Operations that arrive while a commit is on its way to the disk wait for it and then go together, in the order in which
they came: one thread hop, one transaction and one fsync for all of them. Each has a savepoint of its own, so that one
that fails takes nothing of its neighbours with it. Under no load an operation is committed alone, at once.

The queue holds one entry for each coroutine that waits, so it is bounded by their number; nothing is ever dropped. A
coroutine that is cancelled stops waiting; its operation is carried out all the same.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from sqlite_utils import Database

from ari_app.errors import StoreError
from ari_app.store.checkpoints import Checkpointer
from ari_app.store.connection import BUSY_TIMEOUT_S, connect_writer
from ari_app.store.faults import store_error
from ari_app.store.migrate import migrate

_T = TypeVar("_T")

#: A change: it gets the connection inside a transaction, and neither begins nor commits anything.
Operation = Callable[[sqlite3.Connection], _T]

#: Operations in one transaction. More would not be faster, and would make the first of them wait for the last.
MAX_GROUP = 64


@dataclass(frozen=True, slots=True)
class _Done:
    """What became of one operation: a value, or the error to raise where it is awaited."""

    value: object = None
    error: BaseException | None = None


class _TransactionLostError(Exception):
    """SQLite has rolled back the whole transaction (full disk, I/O error): no operation of it has happened."""


class Writer:
    """Runs operations one after the other. Made by :meth:`open`; every method belongs to one event loop."""

    def __init__(self, path: Path, database: Database, executor: ThreadPoolExecutor) -> None:
        self._path = path
        self._connection = database.conn
        self._executor = executor
        self._waiting: deque[tuple[Operation[Any], asyncio.Future[Any]]] = deque()
        self._running: asyncio.Future[list[_Done]] | None = None
        self._idle = asyncio.Event()
        self._idle.set()
        self._closed = False
        self.checkpoints = Checkpointer(path)
        self.commits = 0
        self.operations = 0

    @classmethod
    async def open(cls, path: Path, busy_timeout_s: float = BUSY_TIMEOUT_S) -> Writer:
        """Open the database, make or migrate it where needed. Raises StoreError."""

        def start() -> Database:
            database = connect_writer(path, busy_timeout_s)
            try:
                migrate(database, path)
            except BaseException:
                database.close()
                raise
            return database

        executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="store-write")
        try:
            database = await asyncio.get_running_loop().run_in_executor(executor, start)
        except BaseException:
            executor.shutdown(wait=True)
            raise
        return cls(path, database, executor)

    async def run(self, operation: Operation[_T]) -> _T:
        """The operation's value, once it is on the disk. Raises what it raised (then nothing of it is written), or
        StoreError when the database could not do it.
        """
        if self._closed:
            raise StoreError(f"database {self._path}: it has been closed")
        future: asyncio.Future[_T] = asyncio.get_running_loop().create_future()
        self._waiting.append((operation, future))
        if self._running is None:
            self._start_group()
        return await future

    async def close(self) -> None:
        """Carry out what waits, then close. Safe to call twice."""
        if self._closed:
            return
        self._closed = True
        await self._idle.wait()
        await self.checkpoints.close()
        await asyncio.get_running_loop().run_in_executor(self._executor, self._connection.close)
        self._executor.shutdown(wait=True)  # its thread is idle, so this returns at once

    # ------------------------------------------------------------------------------------------- the loop's side

    def _start_group(self) -> None:
        group = [self._waiting.popleft() for _ in range(min(MAX_GROUP, len(self._waiting)))]
        operations = [operation for operation, _ in group]
        waiters = [future for _, future in group]
        self._idle.clear()
        self._running = asyncio.get_running_loop().run_in_executor(self._executor, self._commit, operations)
        self._running.add_done_callback(lambda running: self._group_done(waiters, running))

    def _group_done(
        self, waiters: Sequence[asyncio.Future[Any]], running: asyncio.Future[list[_Done]]
    ) -> None:
        broken = running.exception()
        results = [_Done(error=broken)] * len(waiters) if broken is not None else running.result()
        for waiter, done in zip(waiters, results, strict=True):
            if waiter.done():  # its coroutine was cancelled
                continue
            if done.error is None:
                waiter.set_result(done.value)
            else:
                waiter.set_exception(done.error)
        self._running = None
        self.checkpoints.committed(self.commits)
        if self._waiting:
            self._start_group()
        else:
            self._idle.set()

    # ------------------------------------------------------------------------------------------- the thread's side

    def _commit(self, operations: Sequence[Operation[Any]]) -> list[_Done]:
        self.operations += len(operations)
        if len(operations) == 1:
            return [self._alone(operations[0])]
        try:
            self._begin()
        except sqlite3.Error as error:  # locked by another process: each would only wait in vain again
            return [_Done(error=store_error(error, self._path)) for _ in operations]
        try:
            done = [self._in_savepoint(operation) for operation in operations]
            self._connection.execute("COMMIT")
        except (_TransactionLostError, sqlite3.Error):
            self._roll_back()
            # Nothing of the group is written. One by one, so that the one that is too much fails alone.
            return [self._alone(operation) for operation in operations]
        self.commits += 1
        return done

    def _in_savepoint(self, operation: Operation[Any]) -> _Done:
        self._connection.execute("SAVEPOINT operation")
        try:
            value = operation(self._connection)
        except Exception as error:
            if not self._connection.in_transaction:
                raise _TransactionLostError from error
            self._connection.execute("ROLLBACK TO operation")
            self._connection.execute("RELEASE operation")
            return self._failed(error)
        self._connection.execute("RELEASE operation")
        return _Done(value)

    def _alone(self, operation: Operation[Any]) -> _Done:
        try:
            self._begin()
            value = operation(self._connection)
            self._connection.execute("COMMIT")
        except Exception as error:  # noqa: BLE001 - handed to the coroutine that waits for it
            self._roll_back()
            return self._failed(error)
        self.commits += 1
        return _Done(value)

    def _begin(self) -> None:
        self._roll_back()  # what a failed rollback left behind
        self._connection.execute("BEGIN IMMEDIATE")

    def _roll_back(self) -> None:
        if self._connection.in_transaction:
            self._connection.execute("ROLLBACK")

    def _failed(self, error: Exception) -> _Done:
        if isinstance(error, sqlite3.Error | OverflowError | UnicodeEncodeError):
            translated = store_error(error, self._path)
            translated.__cause__ = error
            return _Done(error=translated)
        return _Done(error=error)
