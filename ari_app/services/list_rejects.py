"""Rows that were not loaded: what was wrong with each, and the file in which they can be mended."""

from __future__ import annotations

import csv
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self, TextIO

from ari_app.errors import AriAppError
from ari_app.services.account_row import FIELDS, FieldFault


@dataclass(frozen=True, slots=True)
class RejectedRow:
    """A row that was not loaded; ``row`` as in the file (line, sheet row, or list position from 1)."""

    row: int
    faults: tuple[FieldFault, ...]

    def __str__(self) -> str:
        return f"row {self.row}: " + "; ".join(map(str, self.faults))


class RejectsFile:
    """The rows that were not loaded, as CSV with the reasons in front, to be mended and loaded again.

    Written beside its final name and renamed at the end, readable by its owner alone; no row, no file.
    """

    def __init__(self, path: Path, headings: tuple[str, ...]) -> None:
        self.path = path
        self.written = 0
        self._headings = tuple(heading for heading in headings if heading) or tuple(FIELDS)
        self._part = path.with_name(f".{path.name}.{os.getpid()}.part")
        self._stream: TextIO | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._stream is None:
            return
        try:
            self._stream.close()
            self._part.replace(self.path)
        except OSError as fault:
            raise self._unwritable(fault) from fault

    def write(self, rejected: RejectedRow, cells: Mapping[str, object]) -> None:
        """Add a row. Raises AriAppError when it cannot be written."""
        try:
            if self._stream is None:
                descriptor = os.open(self._part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
                self._stream = os.fdopen(descriptor, "w", encoding="utf-8-sig", newline="")
                csv.writer(self._stream).writerow(["row", "reasons", *self._headings])
            values = [safe_cell(cells.get(heading)) for heading in self._headings]
            csv.writer(self._stream).writerow([rejected.row, "; ".join(map(str, rejected.faults)), *values])
        except OSError as error:
            raise self._unwritable(error) from error
        self.written += 1

    def _unwritable(self, error: OSError) -> AriAppError:
        return AriAppError(f"the rejected rows cannot be written to {self.path}: {error.strerror or error}")


_NUMBER = re.compile(r"[+-]?[0-9][0-9 .-]*", re.ASCII)


def safe_cell(value: object) -> str:
    """A value for a CSV cell that a spreadsheet will not run as a formula, and without control characters."""
    text = "" if value is None else str(value)[:500]
    text = "".join(sign if ord(sign) >= 32 and ord(sign) != 127 else " " for sign in text)
    formula = text[:1] in ("=", "+", "-", "@") and not _NUMBER.fullmatch(text)
    return f"'{text}" if formula else text
