"""Reading ``dialplan/approvals.yaml``: who has to approve a plan, and whom it may be given at all."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path

import structlog

from ari_app.dialogue.source import Node, Reader
from ari_app.domain.call_result import PlanKind
from ari_app.domain.debt.approval import (
    APPROVER_ROLES,
    CAUTIOUS_TABLE,
    MOST_PEOPLE,
    ApprovalLevel,
    ApprovalTable,
    PlanLimits,
)
from ari_app.domain.plan import MOST_PERIODS
from ari_app.errors import InputError
from ari_app.services.source_nodes import parse_nodes, read_nodes

log = structlog.get_logger(__name__)

APPROVAL_FILE = "approvals.yaml"
_KINDS = tuple(kind.value for kind in PlanKind)
_LEVEL_KEYS = ("level", "kinds", "up_to", "up_to_periods", "people", "roles")
_LIMIT_KEYS = ("least", "most", "most_percent", "broken_plans")
_MOST_MONEY = 1_000_000_000
_MOST_LEVELS, _MOST_GRACE, _MOST_BROKEN = 50, 60, 99
_NAME = re.compile(r"[a-z0-9_]{1,40}", re.ASCII)


def read_approvals(path: Path) -> ApprovalTable:
    """The table of a file; raises InputError with file and line of every fault."""
    return _table(read_nodes(path), str(path))


def parse_approvals(text: str, file: str = APPROVAL_FILE) -> ApprovalTable:
    """The table of a YAML text; ``file`` names it in errors."""
    return _table(parse_nodes(text, file), file)


class ApprovalFile:
    """The table as the file has it now: read again when the file has changed.

    A file with a fault changes nothing: the last table without one holds, and before there was one two people approve
    everything. What a plan was asked for under stays with it.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / APPROVAL_FILE
        self._seen: tuple[int, int] | None = None
        self._table = CAUTIOUS_TABLE

    def table(self) -> ApprovalTable:
        """The table by which a plan is asked for at this moment."""
        try:
            found = self._path.stat()
        except OSError:
            return self._table
        stamp = (found.st_mtime_ns, found.st_size)
        if stamp != self._seen:
            self._seen = stamp
            try:
                self._table = read_approvals(self._path)
            except InputError as error:
                log.error("approvals not read, the table of before holds", faults=str(error))
        return self._table


def _table(root: Node, file: str) -> ApprovalTable:
    reader = Reader(file)
    top = reader.mapping(root, "", ("grace_days", "limits", "levels"), ("levels",))
    levels = _levels(reader, top["levels"]) if "levels" in top else ()
    table = ApprovalTable(
        levels=levels,
        limits=_limits(reader, top["limits"]) if "limits" in top else {},
        grace_days=reader.integer(top["grace_days"], "grace_days", 0, _MOST_GRACE)
        if "grace_days" in top
        else CAUTIOUS_TABLE.grace_days,
    )
    reader.finish()
    return table


def _levels(reader: Reader, node: Node) -> tuple[ApprovalLevel, ...]:
    items = reader.sequence(node, "levels")
    if len(items) > _MOST_LEVELS:
        reader.fault(node.line, "levels", f"this table has {len(items)} rows", f"at most {_MOST_LEVELS}")
        return ()
    levels: list[ApprovalLevel] = []
    for number, item in enumerate(items, 1):
        where = f"levels {number}"
        level = _level(reader, item, where)
        if level.name in {each.name for each in levels}:
            reader.fault(
                item.line, where, f"two rows are called {level.name!r}", "a name of its own for each"
            )
        if level.kinds and all(any(_takes(each, level, kind) for each in levels) for kind in level.kinds):
            reader.fault(
                item.line, where, "a row above takes every plan of this one", "the smaller sums first"
            )
        levels.append(level)
    for kind in PlanKind:
        if not any(
            kind in each.kinds and each.up_to is None and each.up_to_periods is None for each in levels
        ):
            reader.fault(
                node.line,
                "levels",
                f"nobody decides about every {kind.value}",
                f"a last row for {kind.value} without up_to and up_to_periods",
            )
    return tuple(levels)


def _takes(above: ApprovalLevel, level: ApprovalLevel, kind: PlanKind) -> bool:
    """Whether a row above takes all plans of a kind that a row would."""
    return (
        kind in above.kinds
        and _reaches(above.up_to, level.up_to)
        and _reaches(above.up_to_periods, level.up_to_periods)
    )


def _reaches(above: Decimal | int | None, own: Decimal | int | None) -> bool:
    return above is None or (own is not None and above >= own)


def _level(reader: Reader, node: Node, where: str) -> ApprovalLevel:
    entries = reader.mapping(node, where, _LEVEL_KEYS, ("level", "people"))
    name = reader.string(entries["level"], f"{where}.level", longest=40) if "level" in entries else ""
    if name and not _NAME.fullmatch(name):
        reader.fault(node.line, where, f"{name!r} is no name of a level", "lower-case letters, digits and _")
    people = (
        reader.integer(entries["people"], f"{where}.people", 0, MOST_PEOPLE) if "people" in entries else 0
    )
    roles = _words(reader, entries, "roles", where, "office", APPROVER_ROLES)
    if people and not roles:
        reader.fault(node.line, where, "nobody has an office to approve it", "roles: [supervisor]")
    if roles and not people:
        reader.fault(
            node.line, where, "nobody has to approve it, and roles are named", "people: 1, or no roles"
        )
    kinds = _words(reader, entries, "kinds", where, "kind of plan", _KINDS) if "kinds" in entries else _KINDS
    return ApprovalLevel(
        name=name,
        people=people,
        roles=tuple(dict.fromkeys(roles)),
        kinds=tuple(PlanKind(kind) for kind in dict.fromkeys(kinds)),
        up_to=_money(reader, entries, "up_to", where),
        up_to_periods=reader.integer(entries["up_to_periods"], f"{where}.up_to_periods", 1, MOST_PERIODS)
        if "up_to_periods" in entries
        else None,
    )


def _words(
    reader: Reader, entries: Mapping[str, Node], key: str, where: str, what: str, allowed: Sequence[str]
) -> tuple[str, ...]:
    return reader.choices(entries[key], f"{where}.{key}", what, allowed) if key in entries else ()


def _limits(reader: Reader, node: Node) -> dict[PlanKind, PlanLimits]:
    found: dict[PlanKind, PlanLimits] = {}
    for kind, given in reader.mapping(node, "limits", _KINDS).items():
        if kind not in _KINDS:
            continue
        where = f"limits.{kind}"
        entries = reader.mapping(given, where, _LIMIT_KEYS)
        least, most = (_money(reader, entries, key, where) for key in ("least", "most"))
        if least is not None and most is not None and least > most:
            reader.fault(
                given.line, where, f"least {least} is more than most {most}", "the smaller one first"
            )
        if "most_percent" in entries and kind != PlanKind.WAIVER:
            reader.fault(given.line, where, "most_percent is for waivers", "least, most, broken_plans")
        usual = PlanLimits()
        found[PlanKind(kind)] = PlanLimits(
            least=usual.least if least is None else least,
            most=most,
            broken_plans=reader.integer(entries["broken_plans"], f"{where}.broken_plans", 0, _MOST_BROKEN)
            if "broken_plans" in entries
            else usual.broken_plans,
            most_percent=Decimal(str(reader.number(entries["most_percent"], f"{where}.most_percent", 0, 100)))
            if "most_percent" in entries
            else usual.most_percent,
        )
    return found


def _money(reader: Reader, entries: Mapping[str, Node], key: str, where: str) -> Decimal | None:
    if key not in entries:
        return None
    amount = reader.number(entries[key], f"{where}.{key}", 0, _MOST_MONEY)
    return Decimal(str(amount)).quantize(Decimal("0.01"))
