"""How a call ended: one disposition from Q.850 cause, SIP status, what was heard and what was agreed.

The mapping is data (``dialplan/dispositions.yaml``): a list of rows, the first that fits decides. This module holds
the meaning of a row and the choice; reading the file is the work of the configuration.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class RetryRule(StrEnum):
    """What a disposition means for the next attempt."""

    PLAN = "plan"
    """Follow the campaign's retry offsets."""
    DONE = "done"
    """The purpose is reached, or a person must act: no further attempt in this campaign."""
    NEVER = "never"
    """This number is never dialled again (603, unallocated, wrong number)."""
    AGAIN = "again"
    """No INVITE left: the slot is not used up and the attempt is planned again."""


@dataclass(frozen=True, slots=True)
class CallEnd:
    """The facts of an ended call.

    ``sip_status`` is the final SIP status (RFC 3261) or None; ``q850_cause`` the ITU-T Q.850 cause or None;
    ``heard`` what call progress recognised ('switched_off', 'voicemail', ...); ``result`` what the conversation
    ended with; ``reason`` why we ended it ('ring_timeout', 'stopped', ...); ``invited`` whether an INVITE left;
    ``progressed`` whether anything at all came back from the network (a 1xx above 100, or an answer).
    """

    invited: bool
    answered: bool
    progressed: bool
    sip_status: int | None = None
    q850_cause: int | None = None
    heard: str | None = None
    result: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class DispositionRow:
    """One row of the table; a condition left None (or empty) does not matter."""

    disposition: str
    invited: bool | None = None
    answered: bool | None = None
    progressed: bool | None = None
    sip_status: frozenset[int] = frozenset()
    q850_cause: frozenset[int] = frozenset()
    heard: frozenset[str] = frozenset()
    result: frozenset[str] = frozenset()
    reason: frozenset[str] = frozenset()

    def fits(self, end: CallEnd) -> bool:
        """Whether every stated condition holds."""
        return (
            (self.invited is None or self.invited == end.invited)
            and (self.answered is None or self.answered == end.answered)
            and (self.progressed is None or self.progressed == end.progressed)
            and (not self.sip_status or end.sip_status in self.sip_status)
            and (not self.q850_cause or end.q850_cause in self.q850_cause)
            and (not self.heard or end.heard in self.heard)
            and (not self.result or end.result in self.result)
            and (not self.reason or end.reason in self.reason)
        )


@dataclass(frozen=True, slots=True)
class DispositionKind:
    """One disposition: its name, what it means for retries, and the least delay before the next attempt."""

    name: str
    retry: RetryRule
    min_delay_hours: float = 0.0
    right_party: bool = False
    meaning: str = ""


@dataclass(frozen=True, slots=True)
class DispositionTable:
    """All kinds and the ordered rows. The last row has no condition, so that every call ends with a disposition."""

    kinds: tuple[DispositionKind, ...]
    rows: tuple[DispositionRow, ...]

    def __post_init__(self) -> None:
        names = {kind.name for kind in self.kinds}
        if len(names) != len(self.kinds):
            raise ValueError("a disposition is defined twice")
        unknown = sorted({row.disposition for row in self.rows} - names)
        if unknown:
            raise ValueError(f"rows name dispositions that are not defined: {', '.join(unknown)}")
        if not self.rows or self.rows[-1] != DispositionRow(self.rows[-1].disposition):
            raise ValueError(
                "the last row must have no condition, so that every call ends with a disposition"
            )

    def kind(self, name: str) -> DispositionKind:
        """The definition of a disposition; KeyError for an unknown name."""
        for kind in self.kinds:
            if kind.name == name:
                return kind
        raise KeyError(name)


def classify(table: DispositionTable, end: CallEnd) -> DispositionKind:
    """The disposition of a call: that of the first row that fits."""
    for row in table.rows:
        if row.fits(end):
            return table.kind(row.disposition)
    raise AssertionError("the last row of a disposition table fits every call")
