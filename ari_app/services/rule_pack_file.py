"""Reading ``dialplan/rules/NAME.yaml``: a rule pack, every number with its source, every fault with file and line."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

from ari_app.dialogue.source import Node, Reader
from ari_app.domain.rule_pack import (
    Cap,
    Closed,
    Closing,
    CountsBy,
    Demand,
    Hours,
    Limit,
    PackVersion,
    RulePack,
)
from ari_app.domain.windows import Window, parse_window
from ari_app.services.source_nodes import parse_nodes, read_nodes

PACK_KEYS = ("pack", "title", "calendar", "versions")
NAME = re.compile(r"[a-z][a-z0-9-]{0,39}", re.ASCII)
DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)

#: Each limit of a version: what kind of value it is, and the least and the most that a sane file says.
CAPS: Mapping[str, tuple[int, int]] = {
    "dials_per_day": (1, 20),
    "dials_per_week": (1, 50),
    "attempts_per_task": (1, 20),
}
LIMITS: Mapping[str, tuple[float, float]] = {
    "dials_per_7_days": (1, 50),
    "quiet_days": (0, 60),
    "conversations_per_day": (1, 20),
    "reminders_per_week": (1, 20),
    "min_gap_minutes": (0, 1440),
    "ring_at_least_s": (5, 60),
    "abandon_share": (0, 0.1),
}
COUNTED_BY = ("dials_per_7_days", "quiet_days")
CLOSINGS = ("weekends", "holidays")
DEMANDS = ("first_contact_by_message", "consent_required", "opt_out_in_messages")
REQUIRED = (
    "version",
    "from",
    "hours",
    "weekends",
    "holidays",
    "dials_per_day",
    "attempts_per_task",
    "min_gap_minutes",
)
HOUR_KEYS = ("working", "weekend", "holiday", "source")
VERSION_KEYS = ("version", "from", "hours", *CLOSINGS, *CAPS, *LIMITS, *DEMANDS)

_NO_HOURS = Hours((Window(0, 1),), (), (), "")


def read_rule_pack(path: Path) -> RulePack:
    """The pack of a file, whose name it bears; raises InputError with file and line of every fault."""
    return _pack(read_nodes(path), str(path), path.stem)


def parse_rule_pack(text: str, file: str = "pack.yaml") -> RulePack:
    """The pack of a YAML text; ``file`` names it in errors, and the pack."""
    return _pack(parse_nodes(text, file), file, Path(file).stem)


def _pack(root: Node, file: str, stem: str) -> RulePack:
    reader = Reader(file)
    top = reader.mapping(root, "", PACK_KEYS, PACK_KEYS)
    name = reader.string(top["pack"], "pack", longest=40) if "pack" in top else ""
    if "pack" in top and name and (name != stem or not NAME.fullmatch(name)):
        reader.fault(top["pack"].line, "pack", f"{name!r} stands in the file {Path(file).name}", stem)
    nodes = reader.sequence(top["versions"], "versions") if "versions" in top else ()
    versions = tuple(_version(reader, node, f"versions[{index}]") for index, node in enumerate(nodes))
    for (earlier, later), node in zip(pairwise(versions), nodes[1:], strict=True):
        # date.min stands for a day that is missing or wrong, which has been told.
        if date.min < later.since <= earlier.since:
            wrong = f"begins on {later.since}, not after the version before it ({earlier.since})"
            reader.fault(node.line, "versions", wrong, "versions in the order of their days, each later")
    for position, (version, node) in enumerate(zip(versions, nodes, strict=True)):
        if version.version and version.version in [each.version for each in versions[:position]]:
            reader.fault(
                node.line, "versions", f"{version.version!r} stands there twice", "a name of its own"
            )
    if "versions" in top and not versions:
        reader.fault(top["versions"].line, "versions", "there is none", "at least one version")
    pack = RulePack(
        name=name,
        title=reader.string(top["title"], "title", longest=100) if "title" in top else "",
        calendar=reader.string(top["calendar"], "calendar", longest=40) if "calendar" in top else "",
        versions=versions,
    )
    reader.finish()
    return pack


def _version(reader: Reader, node: Node, where: str) -> PackVersion:
    entries = reader.mapping(node, where, VERSION_KEYS, REQUIRED)
    found: dict[str, Any] = {}

    def read(key: str, how: Callable[[Node, str], Any], stand_in: Any) -> None:
        if key in entries:
            found[key] = how(entries[key], f"{where}.{key}")
        elif key in REQUIRED:
            found[key] = stand_in

    read("hours", partial(_hours, reader), _NO_HOURS)
    for key in CLOSINGS:
        read(key, partial(_closed, reader), Closed(Closing.ALWAYS, ""))
    for key, bounds in CAPS.items():
        read(key, partial(_cap, reader, bounds), Cap(0, 0, ""))
    for key, limits in LIMITS.items():
        read(key, partial(_limit, reader, limits, key in COUNTED_BY), Limit(0, ""))
    for key in DEMANDS:
        read(key, partial(_demand, reader), None)
    return PackVersion(
        version=_label(reader, entries["version"], f"{where}.version") if "version" in entries else "",
        since=read_day(reader, entries["from"], f"{where}.from") if "from" in entries else date.min,
        **found,
    )


def _label(reader: Reader, node: Node, where: str) -> str:
    text = reader.string(node, where, longest=40)
    if text and not re.fullmatch(r"[A-Za-z0-9._-]+", text, re.ASCII):
        reader.fault(node.line, where, f"{text!r} is no name", 'letters, digits, . _ -, such as "2026.1"')
    return text


def read_day(reader: Reader, node: Node, where: str) -> date:
    """A day ``YYYY-MM-DD``; ``date.min`` after a fault."""
    return day_of(reader, node.text if node.kind == "text" else "", node.line, where)


def day_of(reader: Reader, text: str, line: int, where: str) -> date:
    """The same for a text, which may be a key."""
    if DAY.fullmatch(text):
        try:
            return date.fromisoformat(text)
        except ValueError:
            pass
    reader.fault(line, where, f"{text[:40]!r} is not a day of the calendar", "YYYY-MM-DD")
    return date.min


def _source(reader: Reader, entries: Mapping[str, Node], where: str) -> str:
    return reader.string(entries["source"], f"{where}.source") if "source" in entries else ""


def _hours(reader: Reader, node: Node, where: str) -> Hours:
    entries = reader.mapping(node, where, HOUR_KEYS, ("working", "source"))
    working = _windows(reader, entries["working"], f"{where}.working") if "working" in entries else ()
    other = {
        key: _windows(reader, entries[key], f"{where}.{key}") if key in entries else working
        for key in ("weekend", "holiday")
    }
    return Hours(working, other["weekend"], other["holiday"], _source(reader, entries, where))


def _windows(reader: Reader, node: Node, where: str) -> tuple[Window, ...]:
    found = []
    for item in reader.sequence(node, where):
        try:
            found.append(parse_window(reader.string(item, where, longest=40)))
        except ValueError as error:
            reader.fault(item.line, where, str(error), "HH:MM-HH:MM, such as 08:00-22:00")
    if not found and node.kind == "list" and not node.items:
        reader.fault(node.line, where, "there is no window", "at least one of HH:MM-HH:MM")
    return tuple(sorted(found))


def _closed(reader: Reader, node: Node, where: str) -> Closed:
    entries = reader.mapping(node, where, ("closed", "source"), ("closed", "source"))
    word = ""
    if "closed" in entries:
        word = reader.choice(
            entries["closed"], f"{where}.closed", "way of closing", [each.value for each in Closing]
        )
    return Closed(Closing(word) if word else Closing.ALWAYS, _source(reader, entries, where))


def _cap(reader: Reader, bounds: tuple[int, int], node: Node, where: str) -> Cap:
    least, most = bounds
    entries = reader.mapping(node, where, ("usual", "hard", "source"), ("usual", "hard", "source"))
    before = len(reader.problems)
    usual, hard = (
        reader.integer(entries[key], f"{where}.{key}", least, most) if key in entries else least
        for key in ("usual", "hard")
    )
    if usual > hard and len(reader.problems) == before:
        reader.fault(
            node.line, where, f"the usual number {usual} is above the hard one {hard}", f"up to {hard}"
        )
    return Cap(min(usual, hard), hard, _source(reader, entries, where))


def _limit(reader: Reader, bounds: tuple[float, float], counted: bool, node: Node, where: str) -> Limit:
    least, most = bounds
    keys = ("value", "counts_by", "source") if counted else ("value", "source")
    entries = reader.mapping(node, where, keys, keys)
    value, counts_by = least, CountsBy.CUSTOMER
    if "value" in entries:
        value = (
            reader.integer(entries["value"], f"{where}.value", int(least), int(most))
            if most > 1
            else reader.number(entries["value"], f"{where}.value", least, most)
        )
    if "counts_by" in entries:
        words = [each.value for each in CountsBy]
        word = reader.choice(entries["counts_by"], f"{where}.counts_by", "way of counting", words)
        counts_by = CountsBy(word) if word else counts_by
    return Limit(value, _source(reader, entries, where), counts_by)


def _demand(reader: Reader, node: Node, where: str) -> Demand:
    entries = reader.mapping(node, where, ("value", "source"), ("value", "source"))
    wanted = reader.flag(entries["value"], f"{where}.value") if "value" in entries else True
    return Demand(wanted, _source(reader, entries, where))
