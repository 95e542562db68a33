"""The integrations of ``DIALPLAN/integrations``, read again when somebody has changed a file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import structlog

from ari_app.errors import InputError, Problem
from ari_app.services.integrations.definition import Definition, read_definition

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class IntegrationDirectory:
    """What the files say. A file with a fault does nothing until it is mended; the others go on."""

    folder: Path
    found: dict[str, Definition] = field(default_factory=dict)
    faults: dict[str, tuple[Problem, ...]] = field(default_factory=dict)
    _stamps: dict[Path, tuple[int, int, int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.refresh()

    @property
    def problems(self) -> tuple[Problem, ...]:
        return tuple(problem for name in sorted(self.faults) for problem in self.faults[name])

    @property
    def definitions(self) -> Mapping[str, Definition]:
        """Those that can be read, by name."""
        return {name: self.found[name] for name in sorted(self.found)}

    def refresh(self) -> bool:
        """Read what has changed; whether anything has."""
        stamps = {}
        for path in sorted(self.folder.glob("*.yaml")):
            try:
                about = path.stat()
            except OSError:
                continue
            stamps[path] = (about.st_mtime_ns, about.st_ctime_ns, about.st_size)
        changed = [path for path, stamp in stamps.items() if self._stamps.get(path) != stamp]
        gone = [path for path in self._stamps if path not in stamps]
        for path in [*changed, *gone]:
            self.found.pop(path.stem, None)
            self.faults.pop(path.stem, None)
        for path in changed:
            try:
                self.found[path.stem] = read_definition(path)
            except InputError as error:
                self.faults[path.stem] = tuple(error.problems)
                log.error(
                    "integration has faults and does nothing", file=str(path), faults=len(error.problems)
                )
        self._stamps = stamps
        return bool(changed or gone)
