"""Files that are handed out: in whole or in part, and never from outside their folder."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from fastapi.responses import FileResponse
from starlette.datastructures import Headers
from starlette.types import Message, Receive, Scope, Send

from ari_app.web.api.problems import KINDS, problem_response


class WatchedFile(FileResponse):
    """A file in whole or in part; a range that is none is refused as everything else is."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        refused = False

        async def watched(message: Message) -> None:
            nonlocal refused
            if message["type"] == "http.response.start" and message["status"] in (400, 416):
                refused = True
                headers = Headers(raw=message["headers"])
                kept = {name: headers[name] for name in ("content-range",) if name in headers}
                said = "the range is none, or lies outside the file"
                status: int = message["status"]
                request_id = str(scope["state"]["request_id"])
                answer = problem_response(request_id, status, KINDS[status], said, (), kept)
                await answer(scope, receive, send)
            elif not refused:
                await send(message)

        await super().__call__(scope, receive, watched)


def inside(folder: Path, written: str) -> Path | None:
    """The file that a stored path names, where it is a plain file in the folder; None for whatever leads out of it."""
    path = folder / Path(written).name
    try:
        found = os.lstat(path)
    except (OSError, ValueError):  # not there, or no name of a file at all
        return None
    return path if stat.S_ISREG(found.st_mode) else None


def below(folder: Path, written: str) -> Path | None:
    """The file of a stored path in or below the folder; None for whatever leads out of it, by ``..`` or by a link."""
    try:
        path = (folder / written).resolve(strict=True)
        inside_it = path.is_relative_to(folder.resolve(strict=True))
    except (OSError, ValueError):
        return None
    return path if inside_it and path.is_file() else None
