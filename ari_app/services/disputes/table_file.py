"""Reading ``dialplan/disputes.yaml``: by when disputes are answered, and by whom; read again when it has changed."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path

import structlog

from ari_app.dialogue.source import Node, Reader
from ari_app.domain.calendar import Calendar
from ari_app.domain.disputes.sla import DEFAULT_TABLE, CategoryTerms, DisputeTable
from ari_app.domain.review import DISPUTE_CATEGORIES
from ari_app.errors import InputError, Problem
from ari_app.services.source_nodes import parse_nodes, read_nodes

log = structlog.get_logger(__name__)

FILE = "disputes.yaml"
_KEYS = ("days", "team", "escalation", "review")
_TEAM = re.compile(r"[a-z][a-z0-9_.-]{0,39}", re.ASCII)
#: No answer may take longer.
MOST_DAYS = 60


def read_dispute_table(path: Path, calendars: Mapping[str, Calendar]) -> DisputeTable:
    """The table of a file; raises InputError with file and line of every fault."""
    return _table(read_nodes(path), str(path), calendars)


def parse_dispute_table(text: str, calendars: Mapping[str, Calendar], file: str = FILE) -> DisputeTable:
    """The table of a YAML text; ``file`` names it in errors."""
    return _table(parse_nodes(text, file), file, calendars)


def _table(root: Node, file: str, calendars: Mapping[str, Calendar]) -> DisputeTable:
    reader = Reader(file)
    top = reader.mapping(root, "", ("calendar", "categories"), ("calendar", "categories"))
    calendar: Calendar | None = None
    if "calendar" in top:
        name = reader.choice(top["calendar"], "calendar", "calendar", calendars)
        calendar = calendars.get(name)
    categories: dict[str, CategoryTerms] = {}
    if "categories" in top:
        found = reader.mapping(top["categories"], "categories", DISPUTE_CATEGORIES, DISPUTE_CATEGORIES)
        categories = {name: _terms(reader, name, node) for name, node in found.items()}
    reader.finish()
    return DisputeTable(categories, calendar)


def _terms(reader: Reader, category: str, node: Node) -> CategoryTerms:
    where = f"categories.{category}"
    entries = reader.mapping(node, where, _KEYS, ("days", "team", "escalation"))
    days = reader.integer(entries["days"], f"{where}.days", 0, MOST_DAYS) if "days" in entries else 0
    team, escalation = (
        _team(reader, entries[key], f"{where}.{key}") if key in entries else "?"
        for key in ("team", "escalation")
    )
    review = reader.flag(entries["review"], f"{where}.review") if "review" in entries else True
    return CategoryTerms(days, team, escalation, review)


def _team(reader: Reader, node: Node, where: str) -> str:
    name = reader.string(node, where, longest=40)
    if name and not _TEAM.fullmatch(name):
        reader.fault(node.line, where, f"{name!r} is no name of a team", "lower-case letters, digits, _ . -")
    return name or "?"


class DisputeTableFile:
    """The table of ``DIALPLAN/disputes.yaml``, read again when it has changed.

    A file with a fault changes nothing: the table of before holds, at the start that of the product. Disputes that are open
    keep the day and the teams that they were opened with.
    """

    def __init__(self, dialplan: Path, calendars: Callable[[], Mapping[str, Calendar]]) -> None:
        self._path, self._calendars = dialplan / FILE, calendars
        self._seen: tuple[object, ...] | None = None
        self.table = DEFAULT_TABLE
        """The table as it is now; replaced as a whole, so that any thread may read it."""
        self.problems: tuple[Problem, ...] = ()
        self.refresh()

    def refresh(self) -> bool:
        """Read the file where it, or a calendar, has changed; whether the table is another one now."""
        calendars = self._calendars()
        try:
            status = self._path.stat()
            seen: tuple[object, ...] = (status.st_mtime_ns, status.st_ctime_ns, status.st_size, calendars)
        except OSError:
            return self._without_file()
        if seen == self._seen:
            return False
        self._seen = seen
        try:
            table = read_dispute_table(self._path, calendars)
        except InputError as error:
            self.problems = tuple(error.problems)
            log.error("the table of disputes has faults, that of before holds", faults=len(error.problems))
            return False
        self.problems = ()
        changed, self.table = table != self.table, table
        return changed

    def _without_file(self) -> bool:
        """Who has no file of his own has the terms of the product; a file that goes away leaves what it said."""
        if self._seen is None:
            log.info("no table of disputes, so the usual one holds", file=str(self._path))
        elif self._seen != ():
            log.warning("the table of disputes is gone, what it said holds", file=str(self._path))
        self._seen = ()
        return False
