"""The lab's own call records: an independent witness of what was dialled, when, from which caller ID, and what was heard.

One JSON object a line (``calls.jsonl``), appended and synced to the disk as things happen: ``invite`` when a call
arrives, ``ringing``, ``progress`` and ``answered`` on the way, ``call`` with everything when it has ended. A lab that
is killed has therefore lost nothing that happened before. All instants are ISO 8601 with offset.
"""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from ari_app.errors import InputError, Problem

RECORDS_FILE = "calls.jsonl"
CSV_FILE = "calls.csv"
_KINDS = frozenset({"invite", "ringing", "progress", "answered", "call"})
_LONGEST_FOREIGN = 256


@dataclass(slots=True)
class LabCall:
    """One call as the network saw it. ``complete`` is False for a call whose end the lab did not see.

    ``ended_by``: ``far_end`` (the subscriber or the network released it), ``caller``, or ``lab`` (the lab was stopped
    or failed). ``cause_sent`` is the Q.850 cause, ``status_sent`` the SIP status that the lab asked for; ``invites``
    counts INVITE datagrams where they are counted (the trunk that never replies).
    """

    call: int
    dialled: str
    caller_id: str
    invited_at: str
    caller_name: str = ""
    sip_call_id: str = ""
    channel: str = ""
    persona: str = ""
    ringing_at: str | None = None
    progress_at: str | None = None
    answered_at: str | None = None
    ended_at: str | None = None
    ended_by: str = ""
    cause_sent: int | None = None
    status_sent: int | None = None
    cause_received: int | None = None
    keys: str = ""
    said: list[str] = field(default_factory=list)
    recording: str | None = None
    recorded_from: str | None = None
    heard_seconds: float = 0.0
    said_seconds: float = 0.0
    invites: int = 1
    problems: list[str] = field(default_factory=list)
    complete: bool = False


_COLUMNS = tuple(each.name for each in fields(LabCall))


def foreign(text: object) -> str:
    """A text of a SIP header as it is stored: printable, one line, at most 256 characters."""
    found = text if isinstance(text, str) else ""
    return "".join(
        sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in found[:_LONGEST_FOREIGN]
    )


class CallRecords:
    """Appends records of one lab; one writer at a time."""

    def __init__(self, folder: Path) -> None:
        """Opens (or continues) the records of a folder. Raises OSError; InputError where they are damaged."""
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.path = folder / RECORDS_FILE
        self.csv_path = folder / CSV_FILE
        before = read_records(self.path) if self.path.exists() else []
        self._next = max((each.call for each in before), default=0) + 1
        descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._file: IO[bytes] = os.fdopen(descriptor, "ab")
        self._mend_end()

    def _mend_end(self) -> None:
        """A lab before this one was killed while it wrote: a torn last line goes, a whole one gets its line end."""
        whole, _, last = self.path.read_bytes().rpartition(b"\n")
        if last and _is_object(last):
            self._file.write(b"\n")
        elif last:
            os.truncate(self.path, len(whole) + 1 if whole else 0)

    def invite(self, call: LabCall) -> LabCall:
        """Number a new call and write its invite record."""
        call.call = self._next
        self._next += 1
        self._write("invite", asdict(call))
        return call

    def step(self, kind: str, call: LabCall, at: datetime) -> None:
        """Write that a call rang, had progress or was answered."""
        stamp = at.isoformat()
        setattr(call, f"{kind}_at", stamp)
        self._write(kind, {"call": call.call, "at": stamp})

    def end(self, call: LabCall) -> None:
        """Write the complete record of a call that has ended."""
        call.complete = True
        self._write("call", asdict(call))

    def _write(self, kind: str, data: Mapping[str, object]) -> None:
        line = json.dumps({"type": kind, **data}, ensure_ascii=False)
        self._file.write(line.encode("utf-8", "backslashreplace") + b"\n")
        self._file.flush()
        os.fsync(self._file.fileno())

    def write_csv(self) -> Path:
        """Write the CSV view of all records so far beside them."""
        temporary = self.csv_path.with_suffix(".csv.new")
        temporary.write_text(records_csv(read_records(self.path)), encoding="utf-8", newline="")
        temporary.replace(self.csv_path)
        return self.csv_path

    def close(self) -> None:
        """Close the file; safe to call twice."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.close()


def read_records(path: Path) -> list[LabCall]:
    """All calls of a records file, in order of their numbers; a last line that was cut off by a kill is left out.

    :raises InputError: a line that is no record; OSError: the file cannot be read.
    """
    calls: dict[int, LabCall] = {}
    problems: list[Problem] = []
    lines = path.read_bytes().split(b"\n")
    for number, raw in enumerate(lines, start=1):
        if not raw.strip():
            continue
        try:
            _merge(calls, raw)
        except (ValueError, TypeError, KeyError) as error:
            if number == len(lines) and not _is_object(raw):
                continue  # a kill cut it off: nothing follows it, not even a line end
            problems.append(Problem(f"{path}:{number}", "", f"no call record: {error}"))
    if problems:
        raise InputError(problems)
    return [calls[number] for number in sorted(calls)]


def _is_object(raw: bytes) -> bool:
    try:
        return isinstance(json.loads(raw), dict)
    except ValueError:
        return False


def _merge(calls: dict[int, LabCall], raw: bytes) -> None:
    data = json.loads(raw)
    if not isinstance(data, dict) or data.get("type") not in _KINDS:
        raise ValueError(f"a type is wanted: {', '.join(sorted(_KINDS))}")
    kind = data.pop("type")
    if kind in ("invite", "call"):
        known = {key: value for key, value in data.items() if key in _COLUMNS}
        found = LabCall(**known)
        calls[int(found.call)] = found
        return
    call = calls[int(data["call"])]
    if not call.complete:
        setattr(call, f"{kind}_at", str(data["at"]))


def records_csv(calls: Iterable[LabCall]) -> str:
    """Calls as CSV (RFC 4180), lists joined by `` | ``; texts that a spreadsheet would run as a formula get a quote."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(_COLUMNS)
    for call in calls:
        writer.writerow([_cell(name, getattr(call, name)) for name in _COLUMNS])
    return out.getvalue()


def _cell(name: str, value: object) -> object:
    text = " | ".join(str(part) for part in value) if isinstance(value, list) else value
    if (
        isinstance(text, str)
        and name not in ("dialled", "caller_id")
        and text.startswith(("=", "+", "-", "@"))
    ):
        return f"'{text}"
    return text
