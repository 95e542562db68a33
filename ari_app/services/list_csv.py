"""CSV: comma, semicolon or tab, quoted as in RFC 4180; a quotation mark left open costs one row, not the file."""

from __future__ import annotations

import csv
import io
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from ari_app.errors import InputError, Problem
from ari_app.services.list_rows import (
    MAX_RECORD,
    MAX_ROWS,
    BadRow,
    ListFile,
    Progress,
    Row,
    checked_headings,
    row_of,
)

_DELIMITERS = (",", ";", "\t")
_MAX_RECORD_LINES = 100
_EVERY = 2000
_QUOTING = 'cells with " in quotes, the " doubled'


class _OpenQuoteError(Exception):
    """A record that runs on and on: a quotation mark is not closed."""


class _Lines:
    """The lines of a text, bounded in length, with those of the current record kept so that they can be read again."""

    def __init__(self, text: io.TextIOBase, source: str) -> None:
        self._text = text
        self._source = source
        self._again: deque[tuple[int, str]] = deque()
        self._next = 1
        self.record: list[tuple[int, str]] = []

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        if self._again:
            number, line = self._again.popleft()
        else:
            line = self._text.readline(MAX_RECORD + 1)
            if not line:
                raise StopIteration
            if len(line) > MAX_RECORD:
                place = f"{self._source}:{self._next}"
                raise InputError(
                    [Problem(place, "", "the line is too long", f"at most {MAX_RECORD} characters")]
                )
            number = self._next
            self._next += 1
        self.record.append((number, line))
        if len(self.record) > _MAX_RECORD_LINES or sum(len(text) for _, text in self.record) > MAX_RECORD:
            raise _OpenQuoteError
        return line

    def begin(self) -> None:
        """A new record begins."""
        self.record.clear()

    def give_back(self) -> None:
        """Read all lines of the record again but its first."""
        self._again.extendleft(reversed(self.record[1:]))


def open_csv(path: Path, encoding: str, progress: Progress) -> ListFile:
    """Open a CSV file whose encoding is known; reads the headings. Raises InputError."""
    source = str(path)
    raw = path.open("rb")
    try:
        text = io.TextIOWrapper(raw, encoding=encoding, errors="strict", newline="")
        lines = _Lines(text, source)
        head = next(lines, "")
        delimiter = _delimiter(head)
        cells = _one_record(head, delimiter)
        headings = checked_headings(source, cells)
    except (csv.Error, _OpenQuoteError, UnicodeError) as error:
        raw.close()
        raise InputError(
            [Problem(f"{source}:1", "headings", "cannot be read", "one line of headings")]
        ) from error
    except BaseException:
        raw.close()
        raise
    kind = f"CSV, {encoding.removesuffix('-sig').upper()}"
    return ListFile(
        source, kind, headings, _rows(raw, lines, headings, delimiter, source, path, progress), raw.close
    )


def _delimiter(head: str) -> str:
    """The delimiter that stands most often in the headings, outside quotes."""
    outside = "".join(head.split('"')[::2])
    return max(_DELIMITERS, key=outside.count)


def _one_record(line: str, delimiter: str) -> list[str]:
    return next(csv.reader([line], delimiter=delimiter, strict=True), [])


def _rows(
    raw: BinaryIO,
    lines: _Lines,
    headings: tuple[str, ...],
    delimiter: str,
    source: str,
    path: Path,
    progress: Progress,
) -> Iterator[Row | BadRow]:
    size = max(1, path.stat().st_size)
    with raw:
        for count in range(MAX_ROWS + 1):
            if count % _EVERY == 0:
                progress(min(1.0, raw.tell() / size))
            found = _record(lines, delimiter)
            if found is None:
                progress(1.0)
                return
            number = lines.record[0][0]
            if isinstance(found, BadRow):
                yield found
                continue
            row = row_of(number, headings, list(found))
            if _swallowed(lines.record, delimiter, len(headings)):
                # A quotation mark left open joins rows that do not belong together: take them apart again.
                row = BadRow(number, "a quotation mark is not closed", _QUOTING)
                lines.give_back()
            if row is not None:
                yield row
        raise InputError([Problem(source, "", "the list is too long", f"at most {MAX_ROWS} rows")])


def _record(lines: _Lines, delimiter: str) -> list[str] | BadRow | None:
    """The next record; None at the end of the file."""
    lines.begin()
    try:
        return next(csv.reader(lines, delimiter=delimiter, strict=True), None)
    except (csv.Error, _OpenQuoteError) as error:
        lines.give_back()
        number = lines.record[0][0]
        what = str(error) if isinstance(error, csv.Error) else ""
        if "expected after" in what:
            return BadRow(
                number, "text stands behind a closing quotation mark", 'a " inside a cell written as ""'
            )
        return BadRow(number, "a quotation mark is not closed", _QUOTING)


def _swallowed(record: list[tuple[int, str]], delimiter: str, columns: int) -> bool:
    """Whether a record of several lines holds a line that is a whole row by itself; a remark with line breaks does not."""
    return any(
        len(next(csv.reader([line], delimiter=delimiter), [])) == columns
        for _, line in record[1:]
        if columns > 1
    )
