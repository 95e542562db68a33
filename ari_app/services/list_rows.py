"""Rows of a list as they come out of a file, whatever its kind, and the limits that hold for every kind."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from ari_app.errors import InputError, Problem

MAX_COLUMNS = 200
MAX_ROWS = 2_000_000
#: Longest row of a text file, in characters.
MAX_RECORD = 65_536


@dataclass(frozen=True, slots=True)
class Row:
    """The cells of one row under the file's headings; ``number`` is the line, sheet row or list position (from 1)."""

    number: int
    cells: dict[str, object] = field(repr=False)


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that could not be taken apart."""

    number: int
    wrong: str
    allowed: str = ""
    name: str = "row"
    """The field at fault, where it is known."""
    cells: dict[str, object] = field(default_factory=dict, repr=False)
    """What there is of it, for the file of rejected rows."""


Progress = Callable[[float], None]
"""Told now and then how much of the file has been read, 0 to 1."""


@dataclass(frozen=True, slots=True)
class ListFile:
    """An opened list: its headings (empty for JSON), what it is, and its rows, to be read once; close it behind you."""

    source: str
    kind: str
    headings: tuple[str, ...]
    rows: Iterator[Row | BadRow]
    close: Callable[[], None]


def no_progress(share: float) -> None:
    """For callers that do not show progress."""


def checked_headings(source: str, cells: list[str]) -> tuple[str, ...]:
    """Headings, trimmed; raises InputError for too many of them or none."""
    while cells and not cells[-1].strip():
        cells.pop()
    if len(cells) > MAX_COLUMNS:
        raise InputError(
            [Problem(source, "headings", f"more than {MAX_COLUMNS} columns", f"at most {MAX_COLUMNS}")]
        )
    headings = tuple(" ".join(cell.split())[:100] for cell in cells)
    if not any(headings):
        raise InputError([Problem(source, "headings", "are missing", "a first row that names the columns")])
    return headings


def row_of(number: int, headings: tuple[str, ...], cells: list[object]) -> Row | BadRow | None:
    """A row under its headings; None for an empty one."""
    while cells and (cells[-1] is None or cells[-1] == ""):
        cells.pop()
    if not cells:
        return None
    if len(cells) > len(headings):
        return BadRow(number, "has more cells than there are headings", f"at most {len(headings)} cells")
    return Row(number, {heading: cell for heading, cell in zip(headings, cells, strict=False) if heading})
