"""What SQLite complains about, said so that a person can act on it."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from ari_app.errors import StoreError, StoreUnavailable

_SENTENCES: dict[int, str] = {
    sqlite3.SQLITE_FULL: "the disk is full; nothing was written, free some space and it goes on",
    sqlite3.SQLITE_READONLY: "the file or its folder is read-only; give this user write permission",
    sqlite3.SQLITE_BUSY: "another process keeps it locked; find out which (for example with fuser) and let it finish",
    sqlite3.SQLITE_LOCKED: "another process keeps it locked; find out which (for example with fuser) and let it finish",
    sqlite3.SQLITE_CORRUPT: "the file is damaged; restore it from a backup (sqlite3 FILE .recover may save the rest)",
    sqlite3.SQLITE_NOTADB: "the file is not an SQLite database, or its beginning is damaged",
    sqlite3.SQLITE_CANTOPEN: "the file cannot be opened; check that its folder exists and may be written",
    sqlite3.SQLITE_IOERR: "the disk reports an error; nothing was written",
    sqlite3.SQLITE_TOOBIG: "a value is too large to be stored",
    sqlite3.SQLITE_CONSTRAINT: "the change would break a rule of the database, so it was refused",
}

_FOR_NOW = frozenset(
    {
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_IOERR,
    }
)
"""Faults of the disk or of others, which may pass: the same change can succeed later."""


def store_error(error: Exception, path: Path) -> StoreError:
    """The error of the product for an error of the driver. Never quotes a value of a row."""
    code = getattr(error, "sqlite_errorcode", None)
    sentence = _SENTENCES.get(code & 0xFF) if isinstance(code, int) else None
    if sentence is None:
        return StoreError(f"database {path}: {error}")
    kind = StoreUnavailable if isinstance(code, int) and code & 0xFF in _FOR_NOW else StoreError
    return kind(f"database {path}: {sentence} ({error})")
