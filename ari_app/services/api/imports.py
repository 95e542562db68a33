"""Lists that were uploaded are loaded one after the other, beside everything else.

A file is kept under its job's name until it is loaded. A job says every few seconds that it lives; one that does not was
interrupted with its program, and the same file sent again goes on: what was loaded already is found unchanged.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import structlog

from ari_app.errors import AriAppError
from ari_app.ports import Clock, Store
from ari_app.ports.api import ApiStore, ImportJob, ImportState
from ari_app.services.account_row import RowDefaults
from ari_app.services.importer import ImportReport, import_list

log = structlog.get_logger(__name__)

ALIVE_S = 5.0
#: A job that has said nothing for so long belongs to a program that has gone.
GONE = timedelta(seconds=60)
#: Jobs that may wait in this process.
MOST_WAITING = 50
#: Files and refused rows are kept so long.
KEPT = timedelta(days=7)


class Imports:
    """Made once for each process; ``running`` is a context."""

    def __init__(
        self, store: Store, jobs: ApiStore, clock: Clock, folder: Path, defaults: Callable[[], RowDefaults]
    ) -> None:
        self._store, self._jobs, self._clock = store, jobs, clock
        self._folder, self._defaults = folder, defaults
        self._queue: asyncio.Queue[ImportJob] = asyncio.Queue(MOST_WAITING)

    def path_of(self, job_id: str) -> Path:
        """Where the file of a job is."""
        return self._folder / f"{job_id}.list"

    def rejects_of(self, job_id: str) -> Path:
        """Where its refused rows are, once there are some."""
        return self._folder / f"{job_id}.rejects.csv"

    @property
    def full(self) -> bool:
        """Whether no further list can be taken at this moment."""
        return self._queue.full()

    def add(self, job: ImportJob) -> None:
        """Load a job's file when its turn comes; it lies at ``path_of``. Raises asyncio.QueueFull."""
        self._queue.put_nowait(job)

    async def find(self, job_id: str) -> ImportJob | None:
        """A job as it stands; one whose program has gone is interrupted."""
        job = await self._jobs.import_job(job_id)
        if job is None or job.finished_at is not None or job.alive_at > self._clock.now() - GONE:
            return job
        await self.interrupt_gone()
        return await self._jobs.import_job(job_id)

    async def interrupt_gone(self) -> None:
        """Say of jobs whose programs have gone that they were interrupted."""
        now = self._clock.now()
        await self._jobs.interrupt_imports(now - GONE, now)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Load what is added while the context lasts; what is not done at its end is interrupted."""
        await self.sweep()
        await self.interrupt_gone()
        worker = asyncio.create_task(self._work())
        try:
            yield
        finally:
            worker.cancel()
            await asyncio.gather(worker, return_exceptions=True)
            while not self._queue.empty():
                await self._end(self._queue.get_nowait(), ImportState.INTERRUPTED)

    async def sweep(self) -> None:
        """Delete files and refused rows that have been kept long enough."""
        await asyncio.to_thread(self._sweep)

    def _sweep(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        old = (self._clock.now() - KEPT).timestamp()
        for path in self._folder.iterdir():
            if path.is_file() and path.stat().st_mtime < old:
                path.unlink(missing_ok=True)

    async def _work(self) -> None:
        while True:
            job = await self._queue.get()
            try:
                await self._load(job)
            except AriAppError as error:  # the store is away: the job is found interrupted later on
                log.error("a list was not loaded to its end", job=job.job_id, error=str(error))

    async def _load(self, job: ImportJob) -> None:
        share = 0.0

        def progress(read: float) -> None:
            nonlocal share
            share = read

        async def alive() -> None:
            while True:
                await self._jobs.put_import(
                    replace(job, state=ImportState.RUNNING, share=share, alive_at=self._clock.now())
                )
                await asyncio.sleep(ALIVE_S)

        beating = asyncio.create_task(alive())
        try:
            report = await import_list(
                self.path_of(job.job_id),
                job.campaign_id,
                self._store,
                self._defaults(),
                rejects_path=self.rejects_of(job.job_id),
                progress=progress,
            )
        except AriAppError as error:
            await _stop(beating)
            shown = str(error).replace(str(self.path_of(job.job_id)), job.file_name)
            await self._end(replace(job, problem=shown[:2000]), ImportState.FAILED)
        except BaseException:  # the program ends
            await _stop(beating)
            await self._end(replace(job, share=share), ImportState.INTERRUPTED)
            raise
        else:
            await _stop(beating)
            await self._end(_done(job, report, str(self.path_of(job.job_id))), ImportState.DONE)

    async def _end(self, job: ImportJob, state: ImportState) -> None:
        now = self._clock.now()
        await self._jobs.put_import(replace(job, state=state, alive_at=now, finished_at=now))
        if state is not ImportState.INTERRUPTED:
            await asyncio.to_thread(self.path_of(job.job_id).unlink, missing_ok=True)


def _done(job: ImportJob, report: ImportReport, path: str) -> ImportJob:
    stopped = (report.stopped or "").replace(path, job.file_name)
    return replace(
        job,
        share=1.0,
        rows=report.rows,
        added=report.added,
        updated=report.updated,
        unchanged=report.unchanged,
        rejected=report.rejected,
        problem=stopped[:2000],
    )


async def _stop(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
