"""What the pure rooms may import and call, read from the source without running it."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

#: Standard modules that bring in a clock, randomness, I/O, concurrency or logging. ``io``, ``csv`` and ``wave``
#: are not among them: they also read and write texts in memory, and ``open()`` is refused by its own rule.
IMPURE_MODULES = frozenset(
    {
        *("asyncio", "concurrent", "contextvars", "multiprocessing", "queue", "sched", "select", "selectors"),
        *("signal", "socket", "socketserver", "ssl", "subprocess", "threading"),
        *("random", "secrets", "uuid", "tempfile", "time"),
        *("logging", "warnings", "syslog"),
        *("fileinput", "glob", "mmap", "os", "pathlib", "pickle", "shelve", "shutil", "sqlite3"),
        *("http", "smtplib", "ftplib", "urllib", "xmlrpc", "sys", "getpass", "platform"),
    }
)

#: Calls that read the clock or the world through modules that are allowed otherwise.
IMPURE_CALLS = frozenset({"now", "utcnow", "today", "open", "print", "input", "exec", "eval"})

#: Attributes of those names that are no clock: ``state.open(...)`` is a method of ours.
ONLY_BARE = frozenset({"open", "print", "input", "exec", "eval"})


@dataclass(frozen=True)
class Room:
    """A pure room of the house: its folder and what it may import beside the standard library."""

    folder: str
    ours: tuple[str, ...]
    theirs: tuple[str, ...] = ()


ROOMS = (
    Room("domain", ("ari_app.domain", "ari_app.errors")),
    Room("dialogue", ("ari_app.dialogue", "ari_app.domain", "ari_app.errors")),
    Room(
        "voice",
        ("ari_app.voice", "ari_app.domain", "ari_app.errors", "ari_app.dialogue.model"),
        ("numpy", "webrtcvad", "audioop"),
    ),
)


def _imports(tree: ast.AST) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.lineno, ("." * node.level) + (node.module or "")


def _import_fault(room: Room, name: str) -> str | None:
    top = name.split(".", maxsplit=1)[0]
    if name == "__future__" or top in room.theirs:
        return None
    if any(name == ours or name.startswith(ours + ".") for ours in room.ours):
        return None
    if top == "ari_app" or not top:
        return f"imports {name}: {room.folder}/ may use {', '.join(room.ours)}"
    if top not in sys.stdlib_module_names:
        return (
            f"imports {name}: {room.folder}/ may use {', '.join(room.theirs) or 'the standard library only'}"
        )
    if top in IMPURE_MODULES:
        return f"imports {name}: a pure room has no clock, chance, I/O, concurrency or logging"
    return None


def _call_fault(node: ast.AST) -> str | None:
    match node:
        case ast.Call(func=ast.Name(id=name)) if name in ONLY_BARE:
            return f"calls {name}()"
        case ast.Call(func=ast.Attribute(attr=name), args=[]) if name in IMPURE_CALLS - ONLY_BARE:
            return f"calls .{name}(): time is an argument"
        case ast.Call(
            func=ast.Attribute(attr="now" | "fromtimestamp" as name, value=ast.Name(id="datetime"))
        ):
            return f"calls datetime.{name}(): time is an argument"
        case ast.AsyncFunctionDef(name=name) | ast.AsyncFor(target=ast.Name(id=name)):
            return f"async {name}: a pure room has no concurrency"
        case ast.Global(names=names):
            return f"global {', '.join(names)}: a pure room keeps no state"
        case _:
            return None


def purity_faults(room: Room, source: str, place: str) -> list[str]:
    """One line for each breach in one module's source, ``place:line: what``."""
    tree = ast.parse(source)
    found = [(line, _import_fault(room, name)) for line, name in _imports(tree)]
    found += [(getattr(node, "lineno", 0), _call_fault(node)) for node in ast.walk(tree)]
    return [f"{place}:{line}: {fault}" for line, fault in found if fault is not None]


def room_faults(room: Room, root: Path) -> list[str]:
    """All breaches of a room under ``root`` (the package's folder)."""
    faults = []
    for path in sorted((root / room.folder).rglob("*.py")):
        faults += purity_faults(room, path.read_text(encoding="utf-8"), str(path.relative_to(root.parent)))
    return faults
