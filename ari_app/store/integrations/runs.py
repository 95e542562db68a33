"""The protocol of ``ports.integrations.IntegrationRuns`` on SQLite."""

from __future__ import annotations

import sqlite3

from ari_app.ports.integrations import Run, RunResult
from ari_app.store.codec import instant, micros, plain
from ari_app.store.debt.telling import tell_campaigns
from ari_app.store.queries import SQL
from ari_app.store.readers import Readers
from ari_app.store.writer import Writer

#: Pulls of an integration that are remembered.
KEPT = 1000


class SqliteIntegrationRuns:
    """See ``ports.integrations.IntegrationRuns``."""

    def __init__(self, writer: Writer, readers: Readers) -> None:
        self._writer, self._readers = writer, readers

    async def add(self, run: Run) -> None:
        started = micros(run.started_at)
        row = {
            "integration": run.integration,
            "started_at": started,
            # A wall clock may be set back meanwhile.
            "ended_at": max(started, micros(run.ended_at)),
            "result": run.result.value,
            "records": run.records,
            "added": run.added,
            "updated": run.updated,
            "unchanged": run.unchanged,
            "rejected": run.rejected,
            "file": plain(run.file),
            "digest": run.digest,
            "fault": plain(run.fault),
            "position": plain(run.position),
            "rejects_file": plain(run.rejects_file),
        }

        def write(connection: sqlite3.Connection) -> None:
            asked = {"integration": run.integration, "limit": 1}
            before = connection.execute(SQL["integration_runs"], asked).fetchone()
            if connection.execute(SQL["add_integration_run"], row).rowcount:
                _tell(
                    connection, run, before is not None and before["result"] == "failed", micros(run.ended_at)
                )
            connection.execute(SQL["forget_integration_runs"], {"integration": run.integration, "kept": KEPT})

        await self._writer.run(write)

    async def last(self, integration: str) -> Run | None:
        found = await self.runs(integration, 1)
        return found[0] if found else None

    async def position(self, integration: str) -> str:
        def read(connection: sqlite3.Connection) -> str:
            row = connection.execute(SQL["integration_position"], {"integration": integration}).fetchone()
            return "" if row is None else str(row["position"])

        return await self._readers.run(read)

    async def taken(self, integration: str, digest: str) -> bool:
        def read(connection: sqlite3.Connection) -> bool:
            asked = {"integration": integration, "digest": digest}
            return connection.execute(SQL["integration_file"], asked).fetchone() is not None

        return await self._readers.run(read)

    async def runs(self, integration: str | None = None, limit: int = 50) -> list[Run]:
        def read(connection: sqlite3.Connection) -> list[Run]:
            asked = {"integration": integration, "limit": limit}
            return [_run(row) for row in connection.execute(SQL["integration_runs"], asked).fetchall()]

        return await self._readers.run(read)


def _tell(connection: sqlite3.Connection, run: Run, failed_before: bool, now: int) -> None:
    """Each failure, and that it has passed: an alert hangs on both."""
    failed = run.result is RunResult.FAILED
    if not failed and not failed_before:
        return
    fields = {
        "integration": run.integration,
        "file": run.file or None,
        "why": run.fault or None,
        "records": run.records,
        "rejected": run.rejected,
    }
    event = "integration.failed" if failed else "integration.recovered"
    tell_campaigns(connection, event, f"{run.integration}+{run.digest[:12]}+{now}", fields, now)


def _run(row: sqlite3.Row) -> Run:
    return Run(
        integration=row["integration"],
        started_at=instant(row["started_at"]),
        ended_at=instant(row["ended_at"]),
        result=RunResult(row["result"]),
        records=row["records"],
        added=row["added"],
        updated=row["updated"],
        unchanged=row["unchanged"],
        rejected=row["rejected"],
        file=row["file"],
        digest=row["digest"],
        fault=row["fault"],
        position=row["position"],
        rejects_file=row["rejects_file"],
    )
