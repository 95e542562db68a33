"""Numbered migrations, each applied together with its record in one transaction."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from importlib import resources
from pathlib import Path

from sqlite_utils import Database, Migrations

from ari_app.errors import StoreError
from ari_app.store.faults import store_error

MIGRATION_SET = "ari-app"


def statements(text: str) -> Iterator[str]:
    """The statements of an SQL script, one by one (``executescript`` would commit the open transaction)."""
    pending = ""
    for line in text.splitlines():
        if not pending and (not line.strip() or line.startswith("--")):
            continue
        pending += line + "\n"
        if sqlite3.complete_statement(pending):
            yield pending
            pending = ""
    if pending.strip():
        raise ValueError(f"a statement does not end: {pending.strip()[:60]}")


def shipped() -> dict[str, str]:
    """The migrations of this version: ``{number_name: script}`` in order."""
    folder = resources.files(__package__).joinpath("migrations")
    scripts = {item.name: item for item in folder.iterdir() if item.name.endswith(".sql")}
    return {name.removesuffix(".sql"): scripts[name].read_text(encoding="utf-8") for name in sorted(scripts)}


def migrate(database: Database, path: Path, scripts: Mapping[str, str] | None = None) -> list[str]:
    """Bring the database up to this version; returns the names applied.

    Two processes at once: one waits for the other, then finds nothing to do. Raises StoreError for a database that a
    newer version has written, and for one that belongs to something else; neither is touched.
    """
    known = shipped() if scripts is None else dict(scripts)
    migrations = Migrations(MIGRATION_SET)
    for name, script in known.items():
        migrations(name=name)(_runner(script))
    done: list[str] = []
    connection = database.conn
    while True:
        try:
            connection.execute("BEGIN IMMEDIATE")
            try:
                pending = _pending(database, migrations, known, path)
                if pending:
                    # Inside our own transaction the bookkeeping nests as a savepoint: script and record are one.
                    migrations.apply(database, stop_before=pending[1:])
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise
        except sqlite3.Error as error:
            raise store_error(error, path) from error
        if not pending:
            return done
        done.append(pending[0])


def _pending(database: Database, migrations: Migrations, known: Mapping[str, str], path: Path) -> list[str]:
    applied = [record.name for record in migrations.applied(database)]
    foreign = [name for name in applied if name not in known]
    if foreign:
        raise StoreError(
            f"database {path}: written by a newer version of ari-app (it has {foreign[-1]}, this version knows up to "
            f"{max(known)}); install that version, or use another database"
        )
    if not applied and database.table_names():
        raise StoreError(f"database {path}: the file holds other tables and is no database of ari-app")
    return [name for name in known if name not in applied]


def _runner(script: str) -> Callable[[Database], None]:
    def run(database: Database) -> None:
        for statement in statements(script):
            database.conn.execute(statement)

    run.__name__ = "run"
    return run
