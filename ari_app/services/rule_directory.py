"""Rule packs and calendars of a folder: read, checked, and read again when somebody has changed them.

Other than with flows, a file with a fault takes effect at once: whoever would be called by it is called no more until it
is mended. What nobody can read allows nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Generic, TypeVar

import structlog

from ari_app.domain import compliance
from ari_app.domain.calendar import Calendar
from ari_app.domain.compliance import ContactFacts, DialVerdict
from ari_app.domain.rule_pack import RuleBook, RulePack, Rules
from ari_app.errors import InputError, Problem
from ari_app.services.calendar_file import read_calendar
from ari_app.services.rule_pack_file import read_rule_pack

log = structlog.get_logger(__name__)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Stamp:
    """What tells that a file has changed: itself, or who may read it (``changed_ns``)."""

    modified_ns: int
    changed_ns: int
    size: int


class _Files(Generic[T]):
    """The files of one folder, by name: what each says, or its faults."""

    def __init__(self, folder: Path, read: Callable[[Path], T]) -> None:
        self._folder, self._read = folder, read
        self._stamps: dict[Path, _Stamp] = {}
        self.found: dict[str, T] = {}
        self.faults: dict[str, tuple[Problem, ...]] = {}

    def refresh(self) -> bool:
        """Read what has changed, and what could not be read; whether anything says something else now."""
        stamps = {path: stamp for path in sorted(self._folder.glob("*.yaml")) if (stamp := _stamp(path))}
        again = [
            path
            for path, stamp in stamps.items()
            if self._stamps.get(path) != stamp or path.stem in self.faults
        ]
        changed = False
        gone = [path for path in self._stamps if path not in stamps]
        for path in gone:
            self.found.pop(path.stem, None)
            self.faults.pop(path.stem, None)
            log.warning("file is gone", file=str(path))
        for path in again:
            try:
                self.found[path.stem] = self._read(path)
            except InputError as error:
                problems = tuple(error.problems)
                if self.faults.get(path.stem) == problems:
                    continue
                self.found.pop(path.stem, None)
                self.faults[path.stem] = problems
                log.error(
                    "file has faults, nobody is called by it", file=str(path), faults=len(error.problems)
                )
            else:
                self.faults.pop(path.stem, None)
            changed = True
        self._stamps = stamps
        return changed or bool(gone)


class RuleDirectory:
    """The rule packs of ``DIALPLAN/rules`` with the calendars of ``DIALPLAN/calendars``.

    Reading never raises for a fault in a file; ``problems`` has them, and :meth:`decide` refuses by them.
    """

    def __init__(self, dialplan: Path) -> None:
        self._packs: _Files[RulePack] = _Files(dialplan / "rules", read_rule_pack)
        self._calendars: _Files[Calendar] = _Files(dialplan / "calendars", read_calendar)
        self.book = RuleBook({})
        """The packs as they are now; replaced as a whole, so that any thread may read it."""
        self.refresh()

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What is wrong with the files as they are now."""
        found = [*self._packs.faults.values(), *self._calendars.faults.values()]
        return tuple(problem for faults in found for problem in faults)

    def calendars(self) -> Mapping[str, Calendar]:
        """Every calendar that can be read."""
        return dict(self._calendars.found)

    def refresh(self) -> bool:
        """Read what has changed since the last time; whether anything has."""
        changed = [self._packs.refresh(), self._calendars.refresh()]
        if any(changed):
            again = bool(self.book.rules or self.book.faults)
            self.book = self._bound()
            if again:  # at the start whoever asked for them tells
                log.info("rules read", packs=sorted(self.book.rules), unreadable=sorted(self.book.faults))
        return any(changed)

    def decide(self, facts: ContactFacts, now: datetime) -> DialVerdict:
        """The verdict by the packs as they are now (``compliance.decide``)."""
        return compliance.decide(self.book, facts, now)

    def _bound(self) -> RuleBook:
        rules: dict[str, Rules] = {}
        faults = {name: _first("rule pack", name, found) for name, found in self._packs.faults.items()}
        for name, pack in self._packs.found.items():
            calendar = self._calendars.found.get(pack.calendar)
            if calendar is not None:
                rules[name] = Rules(pack, calendar)
            elif pack.calendar in self._calendars.faults:
                faults[name] = _first("calendar", pack.calendar, self._calendars.faults[pack.calendar])
            else:
                faults[name] = (
                    f"the rule pack {name} names the calendar {pack.calendar!r}, which is not there"
                )
        return RuleBook(rules, faults)


def _first(what: str, name: str, problems: tuple[Problem, ...]) -> str:
    more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
    return f"the {what} {name} cannot be read: {problems[0]}{more}"


def _stamp(path: Path) -> _Stamp | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return _Stamp(status.st_mtime_ns, status.st_ctime_ns, status.st_size)
