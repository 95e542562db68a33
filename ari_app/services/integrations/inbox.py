"""Files that another system puts into a folder: taken when they are complete, read from a copy, and put away.

A file counts as complete by one of three signs: nothing has changed it for a while (``still``: by the time that the
file system keeps of changes, which a copy that preserves times cannot set back), a second file ``NAME.done`` says so
(``done``), or it has its final name (``rename``: other systems write under ``.NAME`` or ``NAME.part`` first). It is copied
into a folder that nobody else writes to, and only the copy is read; where the file changed meanwhile, the copy is thrown
away.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

from ari_app.errors import AriAppError
from ari_app.services.integrations.definition import FolderPart

#: Ends of names under which files are still being written.
UNFINISHED = (".part", ".tmp", ".filepart", ".partial", ".crdownload", ".swp")
MARKER = ".done"
DONE, FAILED = "done", "failed"
#: How the names of our copies begin.
COPY = "taken-"
_CHUNK = 1 << 20
_MEGA = 1_000_000
#: Files that are looked at in one go.
MOST_FILES = 1000


class InboxError(AriAppError):
    """A file cannot be taken, and will not be taken the next time either."""


@dataclass(frozen=True, slots=True)
class Stamp:
    """What tells that a file is the same and unchanged."""

    device: int
    inode: int
    size: int
    changed_ns: int
    modified_ns: int

    @classmethod
    def of(cls, found: os.stat_result) -> Stamp:
        return cls(found.st_dev, found.st_ino, found.st_size, found.st_ctime_ns, found.st_mtime_ns)


@dataclass(frozen=True, slots=True)
class Taken:
    """A copy of a complete file, and what it is a copy of."""

    path: Path
    copy: Path
    digest: str
    stamp: Stamp


def complete_files(spec: FolderPart, now: float) -> list[Path]:
    """The files that are complete, the oldest first; ``now`` in seconds since 1970 by the clock of the file system.

    Folders, links, pipes and names that do not fit are left alone. Raises InboxError when the folder cannot be read.
    """
    found: list[tuple[int, str, Path]] = []
    try:
        with os.scandir(spec.inbox) as entries:
            for entry in entries:
                if not _fits(spec, entry.name):
                    continue
                with suppress(FileNotFoundError):
                    about = entry.stat(follow_symlinks=False)
                    if stat.S_ISREG(about.st_mode) and _complete(spec, entry.name, about, now):
                        found.append((about.st_mtime_ns, entry.name, Path(entry.path)))
                if len(found) >= MOST_FILES:
                    break
    except OSError as error:
        raise InboxError(f"{spec.inbox} cannot be read: {error.strerror or error}") from error
    return [path for _, _, path in sorted(found)]


def _fits(spec: FolderPart, name: str) -> bool:
    lower = name.lower()
    if name.startswith(".") or lower.endswith((MARKER, *UNFINISHED)):
        return False
    return any(fnmatch(lower, pattern.lower()) for pattern in spec.names)


def _complete(spec: FolderPart, name: str, about: os.stat_result, now: float) -> bool:
    match spec.complete:
        case "done":
            marker = spec.inbox / f"{name}{MARKER}"
            return marker.is_file() and not marker.is_symlink()
        case "rename":
            return True
        case _:
            return now - max(about.st_ctime, about.st_mtime) >= spec.still_s


def take(path: Path, spec: FolderPart, to: Path) -> Taken | None:
    """Copy a file and know it by its SHA-256; None when it changed meanwhile (or is gone): not complete after all.

    Raises InboxError for a file that is too long or cannot be read.
    """
    copy = to / f"{COPY}{os.getpid()}-{path.name[-100:]}"
    most = int(spec.most_mb * _MEGA)
    try:
        source = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise InboxError(f"cannot be read: {error.strerror or error}") from error
    try:
        with os.fdopen(source, "rb") as stream:
            before = os.fstat(stream.fileno())
            if not stat.S_ISREG(before.st_mode):
                return None
            if before.st_size > most:
                raise InboxError(f"is too long: more than most_mb {spec.most_mb:g}")
            digest = _copied(stream.read, copy, most)
            after = os.fstat(stream.fileno())
    except OSError as error:
        copy.unlink(missing_ok=True)
        raise InboxError(f"cannot be read: {error.strerror or error}") from error
    if digest is None or Stamp.of(before) != Stamp.of(after) or copy.stat().st_size != before.st_size:
        copy.unlink(missing_ok=True)
        return None
    return Taken(path, copy, digest, Stamp.of(before))


def _copied(read: Callable[[int], bytes], copy: Path, most: int) -> str | None:
    """The digest of what was copied; None where it grew beyond the most meanwhile."""
    known, size = hashlib.sha256(), 0
    descriptor = os.open(copy, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "wb") as out:
        while chunk := read(_CHUNK):
            size += len(chunk)
            if size > most:
                return None
            known.update(chunk)
            out.write(chunk)
    return known.hexdigest()


def put_away(path: Path, stamp: Stamp | None, folder: str, prefix: str, report: str) -> Path | None:
    """Move a file (and its marker) into ``done`` or ``failed`` beside it, with a report; where it lies then.

    None when another file has its name meanwhile (``stamp`` tells): that one is new and stays. Raises InboxError when it
    cannot be moved.
    """
    try:
        if stamp is not None and Stamp.of(path.lstat()) != stamp:
            return None
        target = path.parent / folder
        target.mkdir(exist_ok=True, mode=0o700)
        if not stat.S_ISDIR(target.lstat().st_mode):
            # Whoever puts files here may put links here as well, and nothing is moved or written where they lead.
            raise InboxError(f"cannot be put away: {folder} is no folder")
        place = _free(target, f"{prefix}-{path.name}")
        path.rename(place)
        path.with_name(f"{path.name}{MARKER}").unlink(missing_ok=True)
        _written(place.with_name(f"{place.name}.report.json"), report)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise InboxError(f"cannot be put away: {error.strerror or error}") from error
    return place


def _written(path: Path, text: str) -> None:
    """A file of ours: never through a link, and never over another one."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as out:
        out.write(text)


def _free(folder: Path, name: str) -> Path:
    """A name that is not taken: nothing is ever written over."""
    place, number = folder / name, 1
    while os.path.lexists(place) or os.path.lexists(f"{place}.report.json"):
        number += 1
        place = folder / f"{number}-{name}"
    return place
