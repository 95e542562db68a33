"""Adapter for SQLite: schema, migrations, the one writer, repositories."""

from ari_app.store.controller_lock import ControllerLock
from ari_app.store.sqlite_store import SqliteStore

__all__ = ["ControllerLock", "SqliteStore"]
