"""What call progress is recognised by, as operators edit it: announcements and tones, read again when they have changed.

A folder with a fault does not take effect: calls go on with what was read last without one, and the fault stands in
``problems`` and in the log until it is mended.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import structlog

from ari_app.errors import InputError, Problem
from ari_app.services.announcement_files import FILE_NAME, read_announcements, read_entries
from ari_app.services.tone_file import read_tones
from ari_app.voice.announcement import AnnouncementReferences
from ari_app.voice.progress import ANY_COUNTRY
from ari_app.voice.tone_plan import DEFAULT, TonePlans

log = structlog.get_logger(__name__)

TONES_NAME: Final = "tones.yaml"
_Stamps = dict[Path, tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Known:
    """What calls are compared with. Made once, shared by all calls until a file has changed."""

    references: AnnouncementReferences
    tones: TonePlans


def read_known(dialplan: Path) -> Known:
    """Read ``announcements/`` and ``tones.yaml`` of a folder; without a ``tones.yaml`` one plan serves all countries.

    Raises InputError with every fault of both.
    """
    problems: list[Problem] = []
    references: AnnouncementReferences | None = None
    tones = TonePlans({DEFAULT: ANY_COUNTRY})
    try:
        references = _references(dialplan / "announcements")
    except InputError as error:
        problems += error.problems
    try:
        if (dialplan / TONES_NAME).exists():
            tones = read_tones(dialplan / TONES_NAME)
    except InputError as error:
        problems += error.problems
    if problems or references is None:
        raise InputError(problems)
    return Known(references, tones)


def _references(folder: Path) -> AnnouncementReferences:
    recordings = read_announcements(folder)
    try:
        return AnnouncementReferences(recordings)
    except ValueError as error:
        raise InputError([Problem(str(folder / FILE_NAME), "announcements", str(error))]) from None


class ProgressFiles:
    """Holds the latest :class:`Known`. The constructor raises InputError; ``refresh`` never does."""

    def __init__(self, dialplan: Path) -> None:
        self._dialplan = dialplan
        self._stamps = self._look()
        self.known = read_known(dialplan)
        self.problems: tuple[Problem, ...] = ()
        self._reading = False

    async def refresh(self) -> bool:
        """Look whether a file has changed, and read all again in a thread; whether something new is known now.

        While one call reads, the others go on with what is known.
        """
        if self._reading:
            return False
        self._reading = True
        try:
            return await asyncio.to_thread(self._refresh)
        finally:
            self._reading = False

    def _refresh(self) -> bool:
        stamps = self._look()
        if stamps == self._stamps:
            return False
        self._stamps = stamps
        try:
            self.known = read_known(self._dialplan)
        except InputError as error:
            self.problems = tuple(error.problems)
            log.error(
                "announcements or tones have faults; what was read before stays",
                folder=str(self._dialplan),
                faults=len(error.problems),
            )
            return False
        self.problems = ()
        log.info("announcements and tones read", announcements=len(self.known.references.meanings))
        return True

    def _look(self) -> _Stamps:
        """What tells that a file has changed: of the lists, and of every WAV file beside them."""
        folder = self._dialplan / "announcements"
        stamps: _Stamps = {}
        for path in (self._dialplan / TONES_NAME, folder / FILE_NAME, *sorted(folder.glob("*.wav"))):
            try:
                status = path.stat()
            except OSError:
                continue
            stamps[path] = (status.st_mtime_ns, status.st_size)
        return stamps


def unlisted(dialplan: Path) -> list[Path]:
    """WAV files of the folder that no entry names, and that are therefore not recognised. Raises InputError."""
    folder = dialplan / "announcements"
    listed = {entry.path for entry in read_entries(folder)}
    return [path for path in sorted(folder.glob("*.wav")) if path not in listed]
