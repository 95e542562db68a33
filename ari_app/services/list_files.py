"""Lists as files: CSV, XLSX and JSON as a stream of rows, in bounded memory, whatever the file claims to be.

A row comes as the cells under the file's own headings. What is wrong with the file as a whole raises InputError; what is
wrong with one row comes as a ``BadRow``, and reading goes on behind it.
"""

from __future__ import annotations

import codecs
import zipfile
from pathlib import Path

from ari_app.errors import InputError, Problem
from ari_app.services.list_csv import open_csv
from ari_app.services.list_json import open_json
from ari_app.services.list_rows import MAX_RECORD, ListFile, Progress, no_progress
from ari_app.services.list_xlsx import open_xlsx

_CHUNK = 1 << 16


def open_list(path: Path, *, encoding: str | None = None, progress: Progress = no_progress) -> ListFile:
    """Open a CSV, XLSX or JSON list; the kind is told from its content, not from its name.

    ``encoding`` overrides the detection for CSV. Raises InputError when the file cannot be a list.
    """
    source = str(path)
    try:
        if not path.is_file():
            raise InputError([Problem(source, "", "is not a file" if path.exists() else "does not exist")])
        with path.open("rb") as stream:
            start = stream.read(_CHUNK)
        if not start.strip(b"\x00\t\r\n \xef\xbb\xbf"):
            raise InputError([Problem(source, "", "the file is empty", "headings and at least one row")])
        if start.startswith(b"PK\x03\x04"):
            return open_xlsx(path, progress)
        if start.startswith(b"\xd0\xcf\x11\xe0"):
            allowed = "save it as .xlsx without a password, or as CSV"
            raise InputError([Problem(source, "", "an old or encrypted Excel workbook", allowed)])
        text = encoding or detect_encoding(path)
        first = start.decode(text, errors="replace").lstrip("\ufeff \t\r\n")[:1]
        if first in ("[", "{"):
            return open_json(path, text, progress)
        return open_csv(path, text, progress)
    except OSError as error:
        raise InputError([Problem(source, "", f"cannot be read: {error.strerror or error}")]) from error
    except zipfile.BadZipFile as error:
        raise InputError([Problem(source, "", f"a damaged workbook: {error}")]) from error


def detect_encoding(path: Path) -> str:
    """The encoding of a text file: by its byte order mark, else UTF-8 where all of it is, else GB18030.

    The whole file is read once, so that a row far down does not come as a surprise. Raises InputError with the line
    where no encoding fits.
    """
    with path.open("rb") as stream:
        start = stream.read(4096)
    if start.startswith(codecs.BOM_UTF8):
        return _certain(path, "utf-8-sig")
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return _certain(path, "utf-16")
    # Without a mark, UTF-16 of mostly ASCII has a zero in every second byte.
    zeros = [start[offset::2].count(0) for offset in (0, 1)]
    if max(zeros) > len(start) // 5 and min(zeros) * 4 < max(zeros):
        return _certain(path, "utf-16-be" if zeros[0] > zeros[1] else "utf-16-le")
    line = _undecodable(path, "utf-8")
    if line is None:
        return "utf-8"
    if _mostly_utf8(path):
        wrong = "not UTF-8 text, as most other lines are"
        allowed = "one encoding for all lines; --encoding names one that was not recognised"
        raise InputError([Problem(f"{path}:{line}", "", wrong, allowed)])
    return _certain(path, "gb18030")


def _mostly_utf8(path: Path) -> bool:
    """Whether most lines that are not ASCII are UTF-8: then the others are damaged or were pasted from another file.

    As GB18030 nearly all bytes decode, and every good name would turn into a wrong one.
    """
    fits = others = 0
    with path.open("rb") as stream:
        while line := stream.readline(MAX_RECORD):
            if line.isascii():
                continue
            try:
                line.decode("utf-8")
            except UnicodeDecodeError:
                others += 1
            else:
                fits += 1
    return fits > others


def _certain(path: Path, encoding: str) -> str:
    line = _undecodable(path, encoding)
    if line is not None:
        allowed = "UTF-8, GBK/GB18030 or UTF-16; name another with --encoding"
        raise InputError([Problem(f"{path}:{line}", "", f"not {encoding.upper()} text", allowed)])
    return encoding


def _undecodable(path: Path, encoding: str) -> int | None:
    """The line (from 1) at which a file is not of an encoding, None when all of it is."""
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    line = 1
    with path.open("rb") as stream:
        while True:
            chunk = stream.read(_CHUNK)
            try:
                line += decoder.decode(chunk, final=not chunk).count("\n")
            except UnicodeDecodeError as error:
                return line + error.object[: error.start].count(b"\n")
            except UnicodeError:
                return line
            if not chunk:
                return None
