"""The templates of ``DIALPLAN/messages``: read, checked, and read again when somebody has changed them.

A file with a fault does not take effect: what it said before goes on, as with flows. One that never was right is none.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import structlog

from ari_app.domain.messages.template import Template
from ari_app.errors import InputError, Problem
from ari_app.services.messages.template_file import read_template

log = structlog.get_logger(__name__)

_Stamp = tuple[int, int, int]


class TemplateDirectory:
    """The templates by name; ``problems`` are those of the files as they are now."""

    def __init__(self, folder: Path, read: Callable[[Path], Template] = read_template) -> None:
        self._folder, self._read = folder, read
        self._stamps: dict[Path, _Stamp] = {}
        self._faults: dict[str, tuple[Problem, ...]] = {}
        self._found: dict[str, Template] = {}
        self.refresh()

    @property
    def templates(self) -> Mapping[str, Template]:
        return self._found

    @property
    def problems(self) -> tuple[Problem, ...]:
        return tuple(problem for found in self._faults.values() for problem in found)

    def find(self, name: str) -> Template | None:
        """The template as it is now; None where there is none, or none that was ever right."""
        return self._found.get(name)

    def refresh(self) -> bool:
        """Read what has changed since the last time; whether anything says something else now."""
        stamps: dict[Path, _Stamp] = {}
        for path in sorted(self._folder.glob("*.yaml")):
            try:
                status = path.stat()
            except OSError:
                continue
            stamps[path] = (status.st_mtime_ns, status.st_ctime_ns, status.st_size)
        changed = False
        for path in self._stamps.keys() - stamps.keys():
            self._found.pop(path.stem, None)
            self._faults.pop(path.stem, None)
            log.warning("message template is gone", file=str(path))
            changed = True
        for path, stamp in stamps.items():
            if self._stamps.get(path) == stamp and path.stem not in self._faults:
                continue
            changed = self._take(path) or changed
        self._stamps = stamps
        return changed

    def _take(self, path: Path) -> bool:
        try:
            template = self._read(path)
        except InputError as error:
            problems = tuple(error.problems)
            if self._faults.get(path.stem) == problems:
                return False
            self._faults[path.stem] = problems
            log.error(
                "message template has faults",
                file=str(path),
                faults=len(problems),
                goes_on=path.stem in self._found,
            )
            return True
        self._faults.pop(path.stem, None)
        self._found[path.stem] = template
        return True
