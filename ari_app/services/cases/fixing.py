"""Fixing the evidence of a case: what is stored of it and the files that belong to it, in one package (F24, K2, K12)."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import structlog

from ari_app.domain.script_coverage import EVIDENCE
from ari_app.errors import AriAppError
from ari_app.ports import Clock
from ari_app.ports.cases import CaseRecord, Cases, Dossier, FixedEvidence
from ari_app.services.cases.package import Content, as_document, write_package

log = structlog.get_logger(__name__)

#: Flags of old debts (requirement A30): files that should be there are not; no recording can prove the debt.
INCOMPLETE, NO_EVIDENCE = "file_incomplete", "legal_evidence_missing"


@dataclass(frozen=True, slots=True)
class CaseFolders:
    """Where packages are written, and where the files that go into them lie."""

    packages: Path
    recordings: Path
    transcripts: Path
    evidence: Path


@dataclass(frozen=True, slots=True)
class Gathered:
    """The content of a package, what it lacks, and what its manifest says of it."""

    contents: tuple[Content, ...]
    missing: tuple[str, ...]
    about: dict[str, object]


class EvidenceFixer:
    """:meth:`run` looks for bills that grow old; :meth:`fix` makes the package of one case."""

    def __init__(self, cases: Cases, folders: CaseFolders, clock: Clock) -> None:
        self._cases, self._folders, self._clock = cases, folders, clock

    async def run(self, day: int, limit: int) -> int:
        """Fix the evidence of cases that are ``day`` days overdue or more, at most ``limit``; how many were.

        One that cannot be written keeps no other one waiting, and is tried again the next time.
        """
        done = 0
        for case_id in await self._cases.open_due(day, self._clock.now(), limit):
            try:
                await self.fix(case_id, "ari-app")
            except AriAppError as error:
                log.error("evidence could not be fixed", case=case_id, error=str(error))
            else:
                done += 1
        if done:
            log.info("evidence fixed", cases=done)
        return done

    async def fix(self, case_id: str, by: str) -> CaseRecord:
        """Put together what there is now; a package of before stays where it is. Raises UnknownRecord, WrongState,
        AriAppError for what cannot be written."""
        now = self._clock.now()
        dossier = await self._cases.dossier(case_id, now)
        name = f"{case_id}-{now:%Y%m%dT%H%M%S}.zip"
        evidence = await asyncio.to_thread(write_evidence, dossier, self._folders, name)
        return await self._cases.fixed(case_id, evidence, by, now)


def write_evidence(dossier: Dossier, folders: CaseFolders, name: str) -> FixedEvidence:
    """Write the package of a dossier; it blocks on the disk. Raises AriAppError."""
    found = gather(dossier, folders)
    written = write_package(folders.packages / name, found.contents, found.about)
    missing = (*found.missing, *(f"{each}: could not be read" for each in written.unreadable))
    return FixedEvidence(name, written.sha256, missing, dossier.days_overdue)


def gather(dossier: Dossier, folders: CaseFolders) -> Gathered:
    """What goes into the package of a dossier. Never fails for what is not there: that is listed."""
    contents = [Content(name, as_document(value)) for name, value in dossier.documents.items()]
    missing: list[str] = []
    proving: list[str] = []
    for call in dossier.calls:
        files = (
            ("recording", call.recording, folders.recordings, "recordings", ".wav"),
            ("transcript", call.transcript, folders.transcripts, "transcripts", ".jsonl"),
        )
        there: set[str] = set()
        for what, stored, folder, into, ending in files:
            path = _inside(folder, stored)
            if path is not None and path.is_file():
                contents.append(Content(f"{into}/{call.attempt_id}{path.suffix or ending}", path=path))
                there.add(what)
            elif stored or call.talked:
                missing.append(f"{what} of {call.attempt_id}")
        if call.talked and not call.consent:
            missing.append(f"consent to the recording of {call.attempt_id}")
        if call.talked and not call.lacking and "recording" in there:
            proving.append(call.attempt_id)
    for path_text, digest in dossier.evidence:
        path = _inside(folders.evidence, path_text)
        if path is not None and path.is_file() and _digest(path) == digest:
            contents.append(Content(f"evidence/{Path(path_text).name}", path=path))
        else:
            missing.append(f"evidence {digest[:12]}")
    incomplete = bool(missing)
    if not proving:
        missing.append("a recording in which he is identified, told of the debt and given a date")
    flags = [*([INCOMPLETE] if incomplete else []), *([] if proving else [NO_EVIDENCE])]
    return Gathered(_each_once(contents), tuple(missing), _about(dossier, proving, missing, flags))


def _about(
    dossier: Dossier, proving: Sequence[str], missing: Sequence[str], flags: Sequence[str]
) -> dict[str, object]:
    return {
        "case": dossier.case_id,
        "customer": dossier.bill.customer_id,
        "account": dossier.bill.account_id,
        "bill": dossier.bill.bill_id,
        "fixed_at": dossier.at.isoformat(),
        "days_overdue": dossier.days_overdue,
        "three_elements": {
            "wanted": list(EVIDENCE),
            "proved_by": list(proving),
            "calls": [
                {"attempt": each.attempt_id, "lacking": list(each.lacking)}
                for each in dossier.calls
                if each.talked
            ],
        },
        "missing": list(missing),
        "flags": list(flags),
    }


def _each_once(contents: Sequence[Content]) -> tuple[Content, ...]:
    """Every name once: the same file of two disputes is one."""
    return tuple({each.name: each for each in contents}.values())


def _inside(folder: Path, stored: str) -> Path | None:
    """A stored path, if it lies in the folder where such files are kept; None for any other."""
    if not stored:
        return None
    path = (folder / stored).resolve()  # an absolute path stays what it is
    return path if path.is_relative_to(folder.resolve()) else None


def _digest(path: Path) -> str:
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError:
        return ""
