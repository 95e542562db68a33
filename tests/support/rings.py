"""The rule of the four rings: every test has exactly one, and lives in its room."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import PurePath
from typing import Protocol

RINGS = ("pure", "fakes", "asterisk", "browser")


class Marker(Protocol):
    """What is needed of a pytest mark."""

    @property
    def name(self) -> str: ...


class Item(Protocol):
    """What is needed of a collected test."""

    @property
    def nodeid(self) -> str: ...

    def iter_markers(self) -> Iterable[Marker]: ...


def ring_faults(items: Iterable[Item]) -> list[str]:
    """One line for each test that breaks the rule; an empty list when all is well."""
    faults = []
    for item in items:
        rings = sorted({mark.name for mark in item.iter_markers() if mark.name in RINGS})
        if len(rings) != 1:
            found = " and ".join(rings) if rings else "no ring"
            faults.append(f"{item.nodeid}: {found}; a test has exactly one of {', '.join(RINGS)}")
            continue
        room = PurePath(item.nodeid.split("::", 1)[0]).parts[:-1]
        if rings[0] not in room:
            faults.append(f"{item.nodeid}: marked {rings[0]}, so it lives in tests/{rings[0]}/")
    return faults
