"""Lists loaded into a task: uploaded, then loaded beside everything else."""

from __future__ import annotations

import asyncio
import hashlib
import os
from datetime import datetime
from pathlib import Path
from typing import Annotated
from uuid import uuid4

from fastapi import APIRouter, File, Request, Response, UploadFile
from fastapi.responses import FileResponse

from ari_app.domain.api_scope import Scope
from ari_app.ports import Store
from ari_app.ports.api import ApiStore, ImportJob, ImportState
from ari_app.services.api.imports import Imports
from ari_app.web.api.access import needs
from ari_app.web.api.problems import KINDS, ApiProblem, not_found
from ari_app.web.api.routing import Door
from ari_app.web.api.values import Listing, Model, Name, tagged

_CHUNK = 1 << 20


class ImportBody(Model):
    """An uploaded list; `share` of it (0 to 1) has been read. `rejected` rows stand in `rejectsUrl`, to be mended."""

    job_id: str
    task_id: str
    state: ImportState
    file_name: str
    bytes: int
    share: float
    rows: int
    added: int
    updated: int
    unchanged: int
    rejected: int
    problem: str
    created_at: datetime
    finished_at: datetime | None
    rejects_url: str | None


def import_body(job: ImportJob) -> ImportBody:
    """A job."""
    there = job.state is ImportState.DONE and job.rejected
    return ImportBody(
        job_id=job.job_id,
        task_id=job.campaign_id,
        state=job.state,
        file_name=job.file_name,
        bytes=job.bytes,
        share=job.share,
        rows=job.rows,
        added=job.added,
        updated=job.updated,
        unchanged=job.unchanged,
        rejected=job.rejected,
        problem=job.problem,
        created_at=job.created_at,
        finished_at=job.finished_at,
        rejects_url=f"/v1/imports/{job.job_id}/rejects" if there else None,
    )


def imports_router(door: Door, store: Store, jobs: ApiStore, imports: Imports) -> APIRouter:
    """``/v1/tasks/{taskId}/imports`` and ``/v1/imports``."""
    router = door.router("", "imports")

    @router.post(
        "/tasks/{task_id}/imports",
        status_code=202,
        dependencies=[needs(Scope.WRITE_TASKS)],
        summary="Upload a list",
    )
    async def upload_list(
        request: Request,
        response: Response,
        task_id: Name,
        file: Annotated[UploadFile, File(description="A list as CSV, XLSX or JSON")],
    ) -> ImportBody:
        """The kind is told from the content. Loading the same list twice changes nothing, so a load that was interrupted is
        gone on with by sending the same file again."""
        if await store.campaign(task_id) is None:
            raise not_found("task")
        if imports.full:
            raise ApiProblem(
                503, KINDS[503], "too many lists wait to be loaded", headers={"Retry-After": "30"}
            )
        job_id, now = f"imp-{uuid4().hex[:20]}", door.clock.now()
        digest, size = await _keep(file, imports.path_of(job_id))
        job = ImportJob(job_id, task_id, digest, _shown(file.filename), size, ImportState.WAITING, now, now)
        found, fresh = await jobs.begin_import(job)
        if found.job_id != job_id:
            await asyncio.to_thread(imports.path_of(job_id).replace, imports.path_of(found.job_id))
        if fresh:
            imports.add(found)
        response.headers["Location"] = f"/v1/imports/{found.job_id}"
        return import_body(found)

    @router.get("/tasks/{task_id}/imports", dependencies=[needs(Scope.READ_TASKS)], summary="Lists of a task")
    async def list_imports(task_id: Name) -> Listing[ImportBody]:
        """The 100 that were uploaded last, the newest first."""
        if await store.campaign(task_id) is None:
            raise not_found("task")
        await imports.interrupt_gone()
        return Listing(items=[import_body(job) for job in await jobs.import_jobs(task_id, 100)])

    @router.get(
        "/imports/{job_id}",
        dependencies=[needs(Scope.READ_TASKS)],
        summary="How far a list is",
        response_model=ImportBody,
    )
    async def get_import(request: Request, job_id: Name) -> Response:
        """With an entity tag."""
        job = await imports.find(job_id)
        if job is None:
            raise not_found("import")
        return tagged(request, import_body(job))

    @router.get(
        "/imports/{job_id}/rejects",
        dependencies=[needs(Scope.READ_TASKS, Scope.READ_PERSONAL)],
        summary="Rows that were refused",
        response_class=FileResponse,
        responses={
            200: {"content": {"text/csv": {}}, "description": "CSV: row, reasons, then the list's columns"}
        },
    )
    async def get_rejects(job_id: Name) -> Response:
        """To be mended and uploaded again. Kept for a week."""
        job = await imports.find(job_id)
        path = None if job is None else imports.rejects_of(job.job_id)
        if path is None or not await asyncio.to_thread(path.is_file):
            raise not_found("file of refused rows")
        return FileResponse(path, media_type="text/csv; charset=utf-8", filename=f"{job_id}.rejects.csv")

    return router


def _shown(name: str | None) -> str:
    """The name of an upload, for people alone: no file is opened by it."""
    base = (name or "list").replace("\\", "/").rpartition("/")[2]
    return "".join(sign for sign in base if sign.isprintable())[:100] or "list"


async def _keep(file: UploadFile, path: Path) -> tuple[bytes, int]:
    """Write an upload to a file of ours; its SHA-256 and its length."""
    digest, size = hashlib.sha256(), 0
    descriptor = await asyncio.to_thread(
        os.open, path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600
    )
    try:
        with os.fdopen(descriptor, "wb") as stream:
            while chunk := await file.read(_CHUNK):
                digest.update(chunk)
                size += len(chunk)
                await asyncio.to_thread(stream.write, chunk)
    except BaseException:  # a full disk, or a client that has gone: half a list is none
        await asyncio.to_thread(path.unlink, missing_ok=True)
        raise
    return digest.digest(), size
