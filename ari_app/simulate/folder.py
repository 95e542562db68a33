"""The folder of a simulation: it appears under its name only when it is whole."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ari_app.errors import AriAppError

#: A folder that holds this is one of ours, and may be replaced when asked to.
MARK = "report.html"


@contextmanager
def whole_folder(out: Path, *, force: bool) -> Iterator[Path]:
    """A new folder to be filled, which becomes ``out`` when all went well; otherwise nothing of it stays.

    Raises AriAppError where ``out`` exists: without ``force``, or where it is no folder of a simulation.
    """
    _may_be(out, force)
    part = out.with_name(f".{out.name}.{os.getpid()}.part")
    try:
        part.mkdir(parents=True)
    except OSError as error:
        raise AriAppError(f"{out} cannot be written: {error.strerror or error}") from error
    try:
        yield part
        if out.exists():
            old = out.with_name(f".{out.name}.{os.getpid()}.old")
            out.replace(old)
            try:
                part.replace(out)
            except OSError:
                old.replace(out)
                raise
            shutil.rmtree(old, ignore_errors=True)
        else:
            part.replace(out)
    except OSError as error:
        shutil.rmtree(part, ignore_errors=True)
        raise AriAppError(f"{out} cannot be written: {error.strerror or error}") from error
    except BaseException:
        shutil.rmtree(part, ignore_errors=True)
        raise


def _may_be(out: Path, force: bool) -> None:
    if not out.exists():
        return
    if not force:
        raise AriAppError(f"{out} exists; name another folder, or replace it with --force")
    if not out.is_dir() or (any(out.iterdir()) and not (out / MARK).is_file()):
        raise AriAppError(f"{out} is not the folder of a simulation, so it is not replaced")
