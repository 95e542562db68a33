"""The carrier's own call records (cdr_csv, Master.csv), kept as the second witness beside the lab's."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

_COLUMNS = 18


@dataclass(frozen=True, slots=True)
class CarrierCdr:
    """One row. ``number`` is the dialled number; ``disposition`` Asterisk's word (ANSWERED, NO ANSWER, BUSY, FAILED)."""

    number: str
    caller_id: str
    caller: str
    channel: str
    started_at: datetime
    answered_at: datetime | None
    ended_at: datetime
    duration: int
    billed: int
    disposition: str
    unique_id: str


def read_cdr(path: Path) -> list[CarrierCdr]:
    """Rows of calls that came in over the trunk; empty when no call has ended yet.

    Asterisk also writes rows for media sockets and for the legs of a bridge: only rows with a dialled number count, and
    each call once. Raises OSError when the file is there and cannot be read.
    """
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return []
    found: dict[str, CarrierCdr] = {}
    for row in csv.reader(text.splitlines()):
        if len(row) < _COLUMNS or not row[5].startswith("PJSIP/"):
            continue
        cdr = CarrierCdr(
            number=row[17] or row[2],  # the lab puts the number there before the dialplan moves the call on
            caller_id=row[1],
            caller=row[4],
            channel=row[5],
            started_at=_instant(row[9]) or datetime.min.replace(tzinfo=UTC),
            answered_at=_instant(row[10]),
            ended_at=_instant(row[11]) or datetime.min.replace(tzinfo=UTC),
            duration=_whole(row[12]),
            billed=_whole(row[13]),
            disposition=row[14],
            unique_id=row[16],
        )
        before = found.get(cdr.unique_id)
        if before is None or cdr.answered_at is not None:
            found[cdr.unique_id] = cdr
    return list(found.values())


def _instant(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text).replace(tzinfo=UTC)
    except ValueError:
        return None


def _whole(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() else 0
