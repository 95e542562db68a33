"""Files that customers and agents send in: checked by what they hold, kept under names of our own, never run or shown.

What a browser or a reader of mail says of a file counts for nothing: only what its first bytes are, and they have to agree
with the type that was named. A file is written whole, readable by its owner alone, and named by its SHA-256.
"""

from __future__ import annotations

import hashlib
import os
import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import uuid4

from ari_app.errors import AriAppError, InputError, Problem
from ari_app.ports.disputes import Disputes, EvidenceFile

#: What is taken: photographs, videos, documents (requirement F15); the ending that it is kept under.
CONTENT_TYPES = {
    "image/jpeg": ".jpg",
    "image/png": ".png",
    "image/webp": ".webp",
    "image/heic": ".heic",
    "video/mp4": ".mp4",
    "application/pdf": ".pdf",
}
#: Major brands of ISO base media files (ISO/IEC 14496-12) that are taken.
_BRANDS = {
    "image/heic": frozenset({b"heic", b"heix", b"mif1", b"msf1"}),
    "video/mp4": frozenset(
        {
            b"isom",
            b"iso2",
            b"iso4",
            b"iso5",
            b"iso6",
            b"mp41",
            b"mp42",
            b"avc1",
            b"M4V ",
            b"3gp4",
            b"3gp5",
            b"3gp6",
        }
    ),
}
_CASE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}", re.ASCII)
_LONGEST_NAME = 120


@dataclass(frozen=True, slots=True)
class EvidenceLimits:
    """The largest file in bytes, and how many files a dispute may have."""

    largest: int = 10 * 1024 * 1024
    files: int = 20


def content_type_of(beginning: bytes) -> str | None:
    """The type of a file by its first bytes; None for what is not taken."""
    if beginning.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if beginning.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if beginning.startswith(b"RIFF") and beginning[8:12] == b"WEBP":
        return "image/webp"
    if beginning.startswith(b"%PDF-"):
        return "application/pdf"
    if beginning[4:8] == b"ftyp":
        return next((kind for kind, brands in _BRANDS.items() if beginning[8:12] in brands), None)
    return None


def shown_name(name: str) -> str:
    """What a sender calls his file, fit to be shown: the last part of a path, one line, no control characters."""
    last = re.split(r"[\\/]", name)[-1]
    plain = "".join(sign for sign in last if sign.isprintable()).strip()
    return plain[:_LONGEST_NAME] or "file"


class EvidenceFiles:
    """Keeps files below a folder. :meth:`add` is the only way in."""

    def __init__(self, folder: Path, disputes: Disputes, limits: EvidenceLimits | None = None) -> None:
        self._folder, self._disputes = folder, disputes
        self._limits = limits or EvidenceLimits()

    async def add(
        self,
        case_id: str,
        name: str,
        content: bytes,
        *,
        source: str,
        by: str,
        now: datetime,
        content_type: str = "",
    ) -> EvidenceFile:
        """Keep a file for a dispute, once. Raises InputError for what is not taken, UnknownRecord and WrongState.

        ``content_type`` is what the sender says it is ('': nothing).
        """
        found = self._checked(content, content_type)
        await self._disputes.case(case_id)
        known = await self._disputes.evidence(case_id)
        digest = hashlib.sha256(content).hexdigest()
        for each in known:
            if each.sha256 == digest:
                return each
        if len(known) >= self._limits.files:
            raise _refused(
                "files", "this dispute has as many as it may have", f"at most {self._limits.files}"
            )
        path = f"{_folder_name(case_id)}/{digest}{CONTENT_TYPES[found]}"
        # The file first: a row without its file would promise what is not there, a file without a row harms nobody.
        write_whole(self._folder / path, content)
        return await self._disputes.add_evidence(
            EvidenceFile(
                evidence_id=f"ev-{uuid4().hex}",
                case_id=case_id,
                name=shown_name(name),
                content_type=found,
                size=len(content),
                sha256=digest,
                path=path,
                source=source,
                added_by=by,
                added_at=now,
            )
        )

    def read(self, file: EvidenceFile) -> bytes:
        """The content of a file, if it is still what it was. Raises AriAppError where it is gone or has changed."""
        path = (self._folder / file.path).resolve()
        if not path.is_relative_to(self._folder.resolve()):
            raise AriAppError(f"evidence {file.evidence_id} lies outside its folder")
        try:
            content = path.read_bytes()
        except OSError as error:
            raise AriAppError(f"evidence {file.evidence_id} cannot be read: {error.strerror}") from error
        if hashlib.sha256(content).hexdigest() != file.sha256:
            raise AriAppError(f"evidence {file.evidence_id} is not what it was: its SHA-256 differs")
        return content

    def _checked(self, content: bytes, content_type: str) -> str:
        if not content:
            raise _refused("content", "the file is empty", "a file that holds something")
        if len(content) > self._limits.largest:
            raise _refused("size", f"{len(content)} bytes", f"at most {self._limits.largest}")
        found = content_type_of(content[:16])
        if found is None:
            raise _refused("content", "this is no file of a kind that is taken", ", ".join(CONTENT_TYPES))
        said = content_type.partition(";")[0].strip().lower()
        if said and said not in (found, "application/octet-stream"):
            raise _refused("content type", f"it is said to be {said[:60]!r}, and is {found}", found)
        return found


def write_whole(path: Path, content: bytes) -> None:
    """Write a file that appears under its name only when complete, readable by its owner alone. Raises AriAppError."""
    part = path.with_name(f".{uuid4().hex}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as stream:
                stream.write(content)
                stream.flush()
                os.fsync(stream.fileno())
            part.replace(path)
        except BaseException:
            part.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise AriAppError(f"{path} cannot be written: {error.strerror or error}") from error


def _folder_name(case_id: str) -> str:
    if not _CASE.fullmatch(case_id) or ".." in case_id:
        raise _refused("dispute", "this is no id of a dispute", "letters, digits, . _ -")
    return case_id


def _refused(field: str, wrong: str, allowed: str) -> InputError:
    return InputError([Problem("evidence", field, wrong, allowed)])
