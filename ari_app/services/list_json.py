"""JSON lists: an array of objects, or one object a line, taken apart one by one."""

from __future__ import annotations

import io
import json
from collections.abc import Generator
from pathlib import Path

from ari_app.errors import InputError, Problem
from ari_app.services.exact_json import DECODER, JSON_FAULTS, fault_text
from ari_app.services.list_rows import MAX_RECORD, MAX_ROWS, BadRow, ListFile, Progress, Row

_CHUNK = 1 << 16
_BLANK = " \t\r\n"
#: Longest token but a string: what breaks off this close to the end of the window may go on behind it.
_TAIL = 64
_EVERY = 2000


def open_json(path: Path, encoding: str, progress: Progress) -> ListFile:
    """Open a JSON list. It is read through once before the first row is given out, so that a file that breaks off
    in the middle loads nothing. Raises InputError.
    """
    source = str(path)
    for _ in _objects(path, encoding, source, None):
        pass
    rows = _objects(path, encoding, source, progress)
    return ListFile(source, "JSON", (), rows, rows.close)


class _Text:
    """A text through a window of bounded size."""

    def __init__(self, stream: io.TextIOBase, source: str) -> None:
        self._stream = stream
        self._source = source
        self._line = 1
        self._buffer = ""
        self._at = 0
        self._ended = False

    def fault(self, wrong: str, allowed: str = "") -> InputError:
        line = self._line + self._buffer.count("\n", 0, self._at)
        return InputError([Problem(f"{self._source}:{line}", "", wrong, allowed)])

    def _more(self) -> None:
        chunk = self._stream.read(_CHUNK)
        self._ended = not chunk
        self._line += self._buffer.count("\n", 0, self._at)
        self._buffer = self._buffer[self._at :] + chunk
        self._at = 0

    def _within(self, error: Exception) -> InputError:
        """A fault within the window; one that only its end makes is an object that goes on too long."""
        cut = isinstance(error, json.JSONDecodeError) and (
            error.pos > len(self._buffer) - _TAIL or error.msg.startswith("Unterminated")
        )
        if cut:
            return self.fault("the object is too long", f"at most {MAX_RECORD} characters")
        return self.fault(fault_text(error))

    def peek(self) -> str:
        """The next sign that is not blank; empty at the end."""
        while True:
            while self._at < len(self._buffer) and self._buffer[self._at] in _BLANK:
                self._at += 1
            if self._at < len(self._buffer):
                return self._buffer[self._at]
            if self._ended:
                return ""
            self._more()

    def skip(self) -> None:
        self._at += 1

    def value(self) -> object:
        """The next JSON value."""
        while True:
            try:
                found, end = DECODER.raw_decode(self._buffer, self._at)
            except JSON_FAULTS as error:
                if self._ended:
                    raise self.fault(fault_text(error)) from error
                if len(self._buffer) - self._at > MAX_RECORD:
                    raise self._within(error) from error
            else:
                # A number or word at the very end of the window might go on.
                if end < len(self._buffer) or self._ended:
                    if end - self._at > MAX_RECORD:
                        raise self.fault("the object is too long", f"at most {MAX_RECORD} characters")
                    self._at = end
                    return found
            self._more()


def _objects(
    path: Path, encoding: str, source: str, progress: Progress | None
) -> Generator[Row | BadRow, None, None]:
    size = max(1, path.stat().st_size)
    with path.open("rb") as raw, io.TextIOWrapper(raw, encoding=encoding, errors="strict") as stream:
        text = _Text(stream, source)
        if text.peek() == "\ufeff":
            text.skip()
        array = text.peek() == "["
        if array:
            text.skip()
        number = 0
        while True:
            sign = text.peek()
            if sign == "" or (array and sign == "]"):
                break
            if number and array:
                if sign != ",":
                    raise text.fault("a comma is missing between two objects")
                text.skip()
                text.peek()
            value = text.value()
            number += 1
            if number > MAX_ROWS:
                raise InputError([Problem(source, "", "the list is too long", f"at most {MAX_ROWS} rows")])
            if progress is not None and number % _EVERY == 0:
                progress(min(1.0, raw.tell() / size))
            if not isinstance(value, dict):
                yield BadRow(number, "is not an object", "keys and values in braces")
            elif not array and number == 1 and "list" in value:
                raise text.fault("a create-task request, not a list", "load it with campaign create")
            else:
                yield Row(number, value)
        if array and sign != "]":
            raise text.fault("the list is not closed", "a ] at its end")
        if array:
            text.skip()
            if text.peek():
                raise text.fault("something stands behind the list", "one list in a file")
        if progress is not None:
            progress(1.0)
