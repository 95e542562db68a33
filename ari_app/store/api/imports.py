"""Uploaded lists, and how far each is."""

from __future__ import annotations

import sqlite3
from dataclasses import replace

from ari_app.ports.api import ImportJob, ImportState
from ari_app.store.codec import Params, instant, instant_or_none, micros, micros_or_none, plain
from ari_app.store.queries import SQL


def job_params(job: ImportJob) -> Params:
    """The row of a job."""
    return {
        "job_id": job.job_id,
        "campaign_id": job.campaign_id,
        "digest": job.digest,
        "file_name": plain(job.file_name),
        "bytes": job.bytes,
        "state": job.state.value,
        "share": min(1.0, max(0.0, job.share)),
        "rows": job.rows,
        "added": job.added,
        "updated": job.updated,
        "unchanged": job.unchanged,
        "rejected": job.rejected,
        "problem": plain(job.problem),
        "created_at": micros(job.created_at),
        "alive_at": micros(job.alive_at),
        "finished_at": micros_or_none(job.finished_at),
    }


def job_of(row: sqlite3.Row) -> ImportJob:
    """The job of a row."""
    return ImportJob(
        job_id=row["job_id"],
        campaign_id=row["campaign_id"],
        digest=row["digest"],
        file_name=row["file_name"],
        bytes=row["bytes"],
        state=ImportState(row["state"]),
        created_at=instant(row["created_at"]),
        alive_at=instant(row["alive_at"]),
        share=row["share"],
        rows=row["rows"],
        added=row["added"],
        updated=row["updated"],
        unchanged=row["unchanged"],
        rejected=row["rejected"],
        problem=row["problem"],
        finished_at=instant_or_none(row["finished_at"]),
    )


def begin(connection: sqlite3.Connection, job: ImportJob) -> tuple[ImportJob, bool]:
    """See ``ApiStore.begin_import``."""
    params = job_params(job)
    row = connection.execute(SQL["api_import_to_go_on"], params).fetchone()
    if row is None:
        connection.execute(SQL["put_api_import"], params)
        return job, True
    found = job_of(row)
    if found.state is ImportState.INTERRUPTED:
        found = replace(found, state=ImportState.WAITING, alive_at=job.alive_at, finished_at=None, share=0.0)
        connection.execute(SQL["put_api_import"], job_params(found))
        return found, True
    return found, False


def put(connection: sqlite3.Connection, job: ImportJob) -> None:
    """See ``ApiStore.put_import``."""
    connection.execute(SQL["put_api_import"], job_params(job))


def find(connection: sqlite3.Connection, job_id: str) -> ImportJob | None:
    """See ``ApiStore.import_job``."""
    row = connection.execute(SQL["api_import"], {"job_id": plain(job_id)}).fetchone()
    return None if row is None else job_of(row)


def newest(connection: sqlite3.Connection, campaign_id: str, limit: int) -> list[ImportJob]:
    """See ``ApiStore.import_jobs``."""
    asked = {"campaign_id": plain(campaign_id), "limit": limit}
    return [job_of(row) for row in connection.execute(SQL["api_imports"], asked).fetchall()]


def interrupt(connection: sqlite3.Connection, alive_before: int, now: int) -> int:
    """See ``ApiStore.interrupt_imports``."""
    return connection.execute(SQL["interrupt_api_imports"], {"before": alive_before, "now": now}).rowcount
