"""Connections: one that writes, some that read."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path
from urllib.parse import quote

from sqlite_utils import Database

from ari_app.errors import StoreError
from ari_app.store.checkpoints import MOST_PAGES
from ari_app.store.faults import store_error

#: How long a statement waits for the lock of another process (an import beside a serving controller), seconds.
BUSY_TIMEOUT_S = 10.0

_CACHED_STATEMENTS = 256

#: Turns to switch a new file to WAL while other processes do the same; each turn waits for the other to finish.
_WAL_TURNS = 20


def connect_writer(path: Path, busy_timeout_s: float = BUSY_TIMEOUT_S) -> Database:
    """The writing connection; makes the file, readable by its owner only, where there is none. Raises StoreError.

    Transactions are begun by hand (``BEGIN IMMEDIATE``): a deferred one that turns into a writer fails at once when
    another process has written meanwhile, whatever the busy time-out.
    """
    if not path.parent.is_dir():
        raise StoreError(f"database {path}: the folder {path.parent} does not exist; make it first")
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))  # personal data: owner only
    except OSError as error:
        raise StoreError(f"database {path}: {error.strerror or error}") from error
    try:
        connection = sqlite3.connect(
            path,
            timeout=busy_timeout_s,
            isolation_level=None,
            check_same_thread=False,  # opened, used and closed by the one writer thread, one after the other
            cached_statements=_CACHED_STATEMENTS,
        )
    except sqlite3.Error as error:
        raise store_error(error, path) from error
    try:
        return _prepare(connection, path)
    except BaseException:
        connection.close()
        raise


def _prepare(connection: sqlite3.Connection, path: Path) -> Database:
    try:
        connection.row_factory = sqlite3.Row
        connection.execute("PRAGMA foreign_keys = ON")
        mode = _write_ahead(connection)
        # FULL: a commit is on the disk when it returns. A dial that a power cut forgets would be dialled again.
        connection.execute("PRAGMA synchronous = FULL")
        # The log is moved beside the writer (checkpoints.py); a commit does it only when it has grown too long.
        connection.execute(f"PRAGMA wal_autocheckpoint = {MOST_PAGES}")
        database = Database(connection, recursive_triggers=False, execute_plugins=False)
    except sqlite3.Error as error:
        raise store_error(error, path) from error
    if mode != "wal":
        raise StoreError(
            f"database {path}: this file system has no write-ahead log (mode {mode}); use a local disk"
        )
    return database


def _write_ahead(connection: sqlite3.Connection) -> str:
    """Switch to WAL; the switch itself does not wait for locks, so that a turn of waiting comes between."""
    for _ in range(_WAL_TURNS):
        try:
            return str(connection.execute("PRAGMA journal_mode = WAL").fetchone()[0])
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                raise
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("ROLLBACK")
    return str(connection.execute("PRAGMA journal_mode = WAL").fetchone()[0])


def connect_reader(path: Path, busy_timeout_s: float = BUSY_TIMEOUT_S) -> sqlite3.Connection:
    """A connection that cannot write. Raises sqlite3.Error."""
    connection = sqlite3.connect(
        f"file:{quote(str(path.absolute()))}?mode=ro",
        uri=True,
        timeout=busy_timeout_s,
        isolation_level=None,
        check_same_thread=False,  # used by its own pool thread; closed after that thread has ended
        cached_statements=_CACHED_STATEMENTS,
    )
    connection.row_factory = sqlite3.Row
    return connection
