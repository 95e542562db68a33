"""The files that a flow is made of: its own, and those of the parts that it names, in the folder ``parts`` beside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from ari_app.dialogue.flow import Flow
from ari_app.dialogue.flow_reader import part_names, read_flow, read_part
from ari_app.dialogue.source import Node
from ari_app.errors import InputError, Problem
from ari_app.services.source_nodes import parse_nodes, read_nodes

PARTS = "parts"


@dataclass(frozen=True, slots=True)
class Stamp:
    """What tells that a file has changed."""

    modified_ns: int
    size: int


@dataclass(frozen=True, slots=True)
class FlowReading:
    """What came of reading a flow: the flow or its faults, and every file whose edit may change that.

    The stamps are from before the reading, None for a file that is not there.
    """

    flow: Flow | None
    problems: tuple[Problem, ...]
    stamps: Mapping[Path, Stamp | None]


def read_flow_file(path: Path) -> Flow:
    """One flow; its name is the file's. Raises InputError with file and line of every fault."""
    reading = read_flow_files(path)
    if reading.flow is None:
        raise InputError(list(reading.problems))
    return reading.flow


def read_flow_files(path: Path) -> FlowReading:
    """One flow with its parts; never raises for a fault in a file."""
    stamps = {path: stamp_of(path)}
    try:
        root = read_nodes(path)
        wanted = {
            name: path.parent / PARTS / f"{name}.yaml" for name in part_names(root) if _is_file_name(name)
        }
        stamps |= {part: stamp_of(part) for part in wanted.values()}
        parts: dict[str, Node | None] = {
            part.stem: read_nodes(part) if part.stem in wanted else None for part in part_files(path.parent)
        }
        flow = read_flow(root, str(path), parts)
        if flow.name != path.stem:
            wrong = f"{flow.name!r} stands in the file {path.name}"
            raise InputError([Problem(f"{path}:1", "flow", wrong, f"flow: {path.stem}")])
    except InputError as error:
        return FlowReading(None, tuple(error.problems), stamps)
    return FlowReading(flow, (), stamps)


def stamp_of(path: Path) -> Stamp | None:
    """The stamp of a file; None where it cannot be looked at."""
    try:
        status = path.stat()
    except OSError:
        return None
    return Stamp(status.st_mtime_ns, status.st_size)


def part_files(folder: Path) -> list[Path]:
    """The parts that stand in a folder of flows."""
    return sorted((folder / PARTS).glob("*.yaml"))


def check_part_file(path: Path) -> int:
    """Look at a part alone, as far as that can be without a flow; the number of its states. Raises InputError."""
    return len(read_part(read_nodes(path), str(path), path.stem))


def parse_flow(text: str, file: str = "flow.yaml", parts: Mapping[str, str] | None = None) -> Flow:
    """One flow of a YAML text; ``file`` names it in errors. ``parts``: the text of each part, by name."""
    root, there = parse_nodes(text, file), parts or {}
    wanted = part_names(root)
    nodes = {name: _part_nodes(there[name], name) if name in wanted else None for name in there}
    return read_flow(root, file, nodes)


@lru_cache(maxsize=8)
def _part_nodes(text: str, name: str) -> Node:
    """A part that many texts of flows take in is parsed once."""
    return parse_nodes(text, f"{PARTS}/{name}.yaml")


def _is_file_name(name: str) -> bool:
    return bool(name) and len(name) <= 40 and not set(name) & set("/\\\0")
