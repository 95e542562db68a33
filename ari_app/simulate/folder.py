"""The folder of a simulation: it appears under its name only when it is whole."""

from __future__ import annotations

import os
import shutil
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from ari_app.errors import AriAppError

#: A folder that holds this is one of ours, and may be replaced when asked to.
MARK = "report.html"


@contextmanager
def whole_folder(out: Path, *, force: bool) -> Iterator[Path]:
    """A new folder to be filled, which becomes ``out`` when all went well; otherwise nothing of it stays, also where the
    process is told to end (SIGTERM, SIGHUP).

    Raises AriAppError where ``out`` exists: without ``force``, or where it is no folder of a simulation.
    """
    _may_be(out, force)
    with _ends_in_order():
        yield from _filled(out)


def _filled(out: Path) -> Iterator[Path]:
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
            except BaseException:
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


@contextmanager
def _ends_in_order() -> Iterator[None]:
    """A signal to end is an exception like Ctrl-C, so that everything is cleaned up; its exit code is the usual one.

    The first one counts: another does not disturb the cleaning. One that was ignored before (``nohup``) stays ignored.
    """
    if threading.current_thread() is not threading.main_thread():  # only there a handler may be set
        yield
        return

    heard = [each for each in (signal.SIGTERM, signal.SIGHUP) if signal.getsignal(each) != signal.SIG_IGN]

    def end(number: int, frame: FrameType | None) -> None:
        for each in heard:
            signal.signal(each, signal.SIG_IGN)
        raise SystemExit(128 + number)

    before = {each: signal.signal(each, end) for each in heard}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _may_be(out: Path, force: bool) -> None:
    if not out.exists():
        return
    if not force:
        raise AriAppError(f"{out} exists; name another folder, or replace it with --force")
    if not out.is_dir() or (any(out.iterdir()) and not (out / MARK).is_file()):
        raise AriAppError(f"{out} is not the folder of a simulation, so it is not replaced")
