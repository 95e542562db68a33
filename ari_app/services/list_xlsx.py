"""XLSX workbooks: the first sheet, row by row. A workbook is a ZIP of XML: what it claims to hold is bounded first."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from datetime import date, datetime, time
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree.ElementTree import ParseError

from ari_app.errors import InputError, Problem
from ari_app.services.list_rows import (
    MAX_COLUMNS,
    BadRow,
    ListFile,
    Progress,
    Row,
    checked_headings,
    row_of,
)

if TYPE_CHECKING:
    from openpyxl.workbook import Workbook

#: Bounds of what a workbook unpacks to; a sheet of half a million rows is about 300 MB of XML.
MAX_UNPACKED = 1_500_000_000
MAX_STRINGS = 200_000_000
MAX_RATIO = 200
MAX_PARTS = 2000
#: Rows of a sheet at most (the format's own limit).
SHEET_ROWS = 1_048_576
#: Longest cell that is looked at, in characters; longer than any field may be.
MAX_CELL = 4096
_EVERY = 1000


def open_xlsx(path: Path, progress: Progress) -> ListFile:
    """Open the first sheet of a workbook; formulas come as their text. Raises InputError."""
    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    source = str(path)
    _bounded(path, source)
    stream = path.open("rb")
    try:
        workbook = load_workbook(stream, read_only=True, data_only=False, keep_links=False)
        if not workbook.worksheets:
            raise InputError([Problem(source, "", "has no sheet", "a sheet with headings and rows")])
        sheet = workbook.worksheets[0]
        first = next(sheet.iter_rows(min_row=1, max_row=1, max_col=MAX_COLUMNS + 1, values_only=True), ())
        headings = checked_headings(source, ["" if cell is None else str(cell) for cell in first])
    except (InvalidFileException, KeyError, ValueError, TypeError, AttributeError, ParseError) as error:
        stream.close()
        raise InputError([Problem(source, "", "not a workbook that can be read", ".xlsx, or CSV")]) from error
    except BaseException:
        stream.close()
        raise

    def close() -> None:
        workbook.close()
        stream.close()

    return ListFile(source, "XLSX", headings, _rows(workbook, headings, source, progress), close)


def _bounded(path: Path, source: str) -> None:
    """Refuse a workbook that unpacks to more than it may, before anything is unpacked."""
    with zipfile.ZipFile(path) as archive:
        parts = archive.infolist()
    if len(parts) > MAX_PARTS:
        raise InputError([Problem(source, "", f"a workbook of {len(parts)} parts", f"at most {MAX_PARTS}")])
    for part in parts:
        strings = part.filename.lower().endswith("sharedstrings.xml")
        limit = MAX_STRINGS if strings else MAX_UNPACKED
        ratio = part.file_size / max(1, part.compress_size)
        if part.file_size > limit or (part.file_size > 10_000_000 and ratio > MAX_RATIO):
            what = f"its part {part.filename[-60:]!r} unpacks to {part.file_size // 1_000_000} MB"
            raise InputError(
                [Problem(source, "", what, f"at most {limit // 1_000_000} MB and {MAX_RATIO} times its size")]
            )
    if sum(part.file_size for part in parts) > MAX_UNPACKED:
        raise InputError(
            [Problem(source, "", "unpacks to too much", f"at most {MAX_UNPACKED // 1_000_000} MB")]
        )


def _rows(
    workbook: Workbook, headings: tuple[str, ...], source: str, progress: Progress
) -> Iterator[Row | BadRow]:
    """The rows below the headings. Bounds are asked for, because those that the sheet states may be a lie."""
    sheet = workbook.worksheets[0]
    total = min(sheet.max_row or SHEET_ROWS, SHEET_ROWS)
    try:
        rows = sheet.iter_rows(min_row=2, max_row=SHEET_ROWS, max_col=len(headings) + 1, values_only=True)
        for number, cells in enumerate(rows, start=2):
            if number % _EVERY == 0:
                progress(min(1.0, number / total))
            row = row_of(number, headings, [_value(value) for value in cells])
            if row is not None:
                yield row
    except (zipfile.BadZipFile, ParseError, KeyError, ValueError, TypeError, EOFError, OSError) as error:
        raise InputError([Problem(source, "", f"the sheet is damaged: {type(error).__name__}")]) from error
    progress(1.0)


def _value(value: object) -> object:
    """A cell as text, number or date, a time as text; anything else (an array formula) as text that no field accepts."""
    if value is None or isinstance(value, bool | int | float | datetime | date):
        return value
    if isinstance(value, time):
        return value.isoformat()
    text = value if isinstance(value, str) else "=formula"
    return text if len(text) <= MAX_CELL else text[: MAX_CELL + 1]
