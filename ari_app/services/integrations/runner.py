"""Runs integrations: when they are due, one at a time each, every run remembered, no file read half or twice."""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import shutil
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import structlog

from ari_app.domain.integration.mapping import value_at
from ari_app.domain.webhooks.reach import Reach
from ari_app.errors import AriAppError, InputError, Problem, StoreError
from ari_app.ports import Clock
from ari_app.ports.integrations import Fetch, IntegrationRuns, Run, RunResult
from ari_app.services.account_row import RowDefaults
from ari_app.services.exact_json import DECODER
from ari_app.services.integrations.definition import Definition, HttpPart
from ari_app.services.integrations.directory import IntegrationDirectory
from ari_app.services.integrations.inbox import (
    COPY,
    DONE,
    FAILED,
    InboxError,
    Stamp,
    Taken,
    complete_files,
    put_away,
    take,
)
from ari_app.services.integrations.loading import Loaded, Places, load
from ari_app.services.integrations.mapped_rows import listing_of, mapped_listing
from ari_app.services.integrations.pull import Sleep, pull
from ari_app.services.list_files import open_list
from ari_app.services.list_rows import ListFile

log = structlog.get_logger(__name__)

#: Longest secret of a file, in bytes.
_MOST_SECRET = 10_000
#: Rejects that a file's report quotes.
_QUOTED = 100
#: How long after a failed run the next try comes, at most: a nightly pull is not lost for a day.
AGAIN = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What runs need. ``work`` is a folder of our own, for spools, copies and rejects; ``failed`` is told of failures."""

    places: Places
    runs: IntegrationRuns
    clock: Clock
    defaults: Callable[[datetime], RowDefaults]
    work: Path
    fetch: Callable[[Reach], AbstractAsyncContextManager[Fetch]]
    sleep: Sleep = asyncio.sleep
    wall: Callable[[], float] = time.time
    failed: Callable[[Run], Awaitable[None]] | None = None


class BusyError(AriAppError):
    """The integration is running already, in this process or another."""


class Integrations:
    """The integrations of a directory, at work."""

    def __init__(self, directory: IntegrationDirectory, around: Surroundings) -> None:
        self._directory, self._around = directory, around
        #: Files that could not be put away: not looked at again before somebody has changed them.
        self._stuck: dict[Path, Stamp] = {}
        self._running: dict[str, asyncio.Task[None]] = {}

    async def look(self) -> None:
        """Begin with what is due; the clock calls this every few seconds. A slow one holds up no other."""
        await asyncio.to_thread(self._directory.refresh)
        for name, definition in self._directory.definitions.items():
            if definition.enabled and name not in self._running and await self._due(definition):
                task = asyncio.create_task(self._run_quietly(definition), name=f"integration {name}")
                self._running[name] = task
                task.add_done_callback(partial(self._over, name))

    async def settled(self) -> None:
        """Return when nothing runs that :meth:`look` has begun."""
        while self._running:
            await asyncio.wait(set(self._running.values()))

    async def close(self) -> None:
        """End what runs; a pull loads nothing then, and a file is taken again."""
        for task in self._running.values():
            task.cancel()
        await self.settled()

    def _over(self, name: str, task: asyncio.Task[None]) -> None:
        self._running.pop(name, None)
        if not task.cancelled() and task.exception() is not None:
            log.error("integration broke off", integration=name, exc_info=task.exception())

    async def _run_quietly(self, definition: Definition) -> None:
        """What fails is told and tried again."""
        try:
            await self.run(definition)
        except BusyError:
            pass  # a command runs it: it is looked at again
        except (StoreError, OSError) as error:
            log.error("integration cannot write", integration=definition.integration, fault=str(error))

    async def _due(self, definition: Definition) -> bool:
        last = await self._around.runs.last(definition.integration)
        if last is None:
            return True
        if definition.folder is not None and (last.result is RunResult.DONE or last.file):
            return True  # looking into a folder costs nothing
        wait = timedelta(minutes=definition.every_minutes)
        if last.result is RunResult.FAILED:
            wait = min(wait, AGAIN)
        return self._around.clock.now() >= last.started_at + wait

    async def run(self, definition: Definition) -> list[Run]:
        """Pull once, or take every complete file; one Run for each. Raises BusyError, StoreError."""
        work = self._around.work / definition.integration
        work.mkdir(parents=True, exist_ok=True, mode=0o700)
        with _alone(work / "lock"):
            await asyncio.to_thread(_swept, work)
            if definition.http is not None:
                found = [await self._pull(definition, definition.http, work)]
            else:
                found = await self._files(definition, work)
            for run in found:
                await self._remember(run)
            return found

    async def _remember(self, run: Run) -> None:
        if run.digest == "" or run.result is RunResult.FAILED:
            await self._around.runs.add(run)
        told = {"integration": run.integration, "records": run.records, "rejected": run.rejected}
        if run.result is RunResult.DONE:
            log.info("integration ran", added=run.added, updated=run.updated, **told)
            return
        log.error("integration failed", fault=run.fault[:300], **told)
        if self._around.failed is not None:
            await self._around.failed(run)

    # -------------------------------------------------------------------------------------------- HTTP

    async def _pull(self, definition: Definition, spec: HttpPart, work: Path) -> Run:
        now = self._around.clock.now()
        spool = work / "spool"
        name = definition.integration
        run = Run(name, now, now, RunResult.FAILED)
        try:
            secret = await asyncio.to_thread(read_secret, spec)
            position = await self._around.runs.position(name)
            pages, position = await self._spooled(spec, secret, position, spool)
            listing = listing_of(
                name, _records(spool, pages, spec), definition.field_maps, definition.required
            )
            loaded = (
                await self._load(listing, definition, work / f"{name}.rejects.csv", now)
                if pages
                else Loaded()
            )
            run = _told(run, loaded)
            if not loaded.fault:
                run = replace(run, result=RunResult.DONE, position=position)
        except StoreError:
            raise
        except (AriAppError, OSError) as error:
            run = replace(run, fault=str(error)[:1000])
        finally:
            shutil.rmtree(spool, ignore_errors=True)
        return replace(run, ended_at=self._around.clock.now())

    async def _spooled(self, spec: HttpPart, secret: str, position: str, spool: Path) -> tuple[int, str]:
        """All pages on the disk before the first record is loaded: what breaks off in the middle loads nothing."""
        await asyncio.to_thread(_emptied, spool)
        number = 0
        async with self._around.fetch(spec.reach) as fetch:
            async for page in pull(spec, fetch, secret, position, self._around.sleep):
                number += 1
                await asyncio.to_thread(_write, spool / str(number), page.body)
                position = page.position
        return number, position

    async def _load(self, listing: ListFile, definition: Definition, rejects: Path, now: datetime) -> Loaded:
        around = self._around
        return await load(listing, definition, around.places, around.defaults(now), rejects)

    # -------------------------------------------------------------------------------------------- files

    async def _files(self, definition: Definition, work: Path) -> list[Run]:
        assert definition.folder is not None
        found: list[Run] = []
        try:
            paths = await asyncio.to_thread(complete_files, definition.folder, self._around.wall())
        except InboxError as error:
            now = self._around.clock.now()
            return [Run(definition.integration, now, now, RunResult.FAILED, fault=str(error))]
        for path in paths:
            if path in self._stuck and await asyncio.to_thread(_stamp, path) == self._stuck[path]:
                continue
            run = await self._file(definition, path, work)
            if run is not None:
                found.append(run)
        return found

    async def _file(self, definition: Definition, path: Path, work: Path) -> Run | None:
        spec, now, name = definition.folder, self._around.clock.now(), definition.integration
        assert spec is not None
        run = Run(name, now, now, RunResult.FAILED, file=path.name[:200])
        try:
            taken = await asyncio.to_thread(take, path, spec, work)
        except InboxError as error:
            return await self._away(path, None, replace(run, fault=f"{path.name}: {error}"), ())
        if taken is None:
            return None  # still being written
        try:
            if await self._around.runs.taken(name, taken.digest):
                log.info("a file came again", integration=name, digest=taken.digest[:8])
                again = replace(run, result=RunResult.DONE, digest=taken.digest)
                await self._away(path, taken.stamp, again, ("loaded before: the same content",))
                return None
            run = replace(run, digest=taken.digest)
            rejects: tuple[str, ...] = ()
            try:
                loaded = await self._loaded(definition, taken, work, now)
                run, rejects = _told(run, loaded), tuple(map(str, loaded.rejects[:_QUOTED]))
                if not loaded.fault:
                    run = replace(run, result=RunResult.DONE)
            except StoreError:
                raise
            except (AriAppError, OSError) as error:
                # The copy's name says nothing to whoever put the file there.
                run = replace(run, fault=str(error).replace(str(taken.copy), path.name)[:1000])
            run = replace(run, ended_at=self._around.clock.now())
            if run.result is RunResult.DONE:
                # Before it is put away: a crash in between finds it known, and loads it no second time.
                await self._around.runs.add(run)
            return await self._away(path, taken.stamp, run, rejects)
        finally:
            taken.copy.unlink(missing_ok=True)

    async def _loaded(self, definition: Definition, taken: Taken, work: Path, now: datetime) -> Loaded:
        assert definition.folder is not None
        encoding = definition.folder.encoding
        listing = await asyncio.to_thread(lambda: open_list(taken.copy, encoding=encoding))
        mapped = mapped_listing(listing, definition.field_maps, definition.required)
        rejects = work / f"{taken.path.name}.{taken.digest[:8]}.rejects.csv"
        return await self._load(mapped, definition, rejects, now)

    async def _away(self, path: Path, stamp: Stamp | None, run: Run, rejects: tuple[str, ...]) -> Run:
        folder = DONE if run.result is RunResult.DONE else FAILED
        prefix = run.started_at.strftime("%Y%m%dT%H%M%SZ")
        try:
            await asyncio.to_thread(put_away, path, stamp, folder, prefix, _report(run, rejects))
        except InboxError as error:
            log.error("file stays where it is", integration=run.integration, fault=str(error))
            stays = await asyncio.to_thread(_stamp, path)
            if stays is not None:
                self._stuck[path] = stays
        return run


def _stamp(path: Path) -> Stamp | None:
    try:
        return Stamp.of(path.lstat())
    except OSError:
        return None


def _told(run: Run, loaded: Loaded) -> Run:
    return replace(
        run,
        records=loaded.records,
        added=loaded.added,
        updated=loaded.updated,
        unchanged=loaded.unchanged,
        rejected=loaded.rejected,
        fault=loaded.fault[:1000],
        rejects_file=loaded.rejects_file,
    )


def _report(run: Run, rejects: tuple[str, ...]) -> str:
    """What came of a file, for whoever put it there: no content of it, but row, field and fault."""
    told = {
        "file": run.file,
        "result": run.result.value,
        "fault": run.fault or None,
        "records": run.records,
        "added": run.added,
        "updated": run.updated,
        "unchanged": run.unchanged,
        "rejected": run.rejected,
        "sha256": run.digest,
        "at": run.started_at.isoformat(),
        "rejects": list(rejects),
    }
    return json.dumps(told, ensure_ascii=False, indent=2) + "\n"


def _swept(work: Path) -> None:
    """What a run that was killed has left; nobody else is at work here."""
    for path in [*work.glob(f"{COPY}*"), *work.glob(".*.part")]:
        path.unlink(missing_ok=True)


def _emptied(spool: Path) -> None:
    shutil.rmtree(spool, ignore_errors=True)
    spool.mkdir(mode=0o700)


def _write(path: Path, body: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "wb") as out:
        out.write(body)


def _records(spool: Path, pages: int, spec: HttpPart) -> Iterator[object]:
    """The records of all pages, one after the other; each page is in memory alone."""
    for number in range(1, pages + 1):
        document = DECODER.decode((spool / str(number)).read_bytes().decode("utf-8-sig"))
        found = value_at(document, spec.records) if spec.records else document
        if isinstance(found, list):
            yield from found


def read_secret(spec: HttpPart) -> str:
    """The secret of a definition, '' where it needs none. Raises InputError without quoting it."""
    if spec.auth is None:
        return ""
    path = spec.auth.secret_file
    try:
        with path.open("rb") as stream:
            raw = stream.read(_MOST_SECRET + 1)
        text = raw.decode().strip()
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "not UTF-8"
        raise InputError([Problem(str(path), "auth.secret_file", f"cannot be read: {why}")]) from None
    if not text or len(raw) > _MOST_SECRET or not text.isprintable():
        raise InputError([Problem(str(path), "auth.secret_file", "holds no secret", "one line of text")])
    return text


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """One run of an integration at a time, over all processes; the kernel gives the lock back when one dies."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise BusyError(f"{path.parent.name} is running already") from None
        yield
    finally:
        os.close(descriptor)
