"""How the lab's network releases a call before the answer: SIP status, Q.850 cause, and the way to send it.

Asterisk turns a hang-up's Q.850 cause into a SIP status (seen on 22.10: 16 gives 603, 17 gives 486, ...). A status
that no cause leads to is sent by the carrier's dialplan (context ``lab-release``, ``PJSIPHangup``).
Sources: RFC 3261 section 21, RFC 3398 section 7.2.4, ITU-T Q.850.
"""

from __future__ import annotations

from dataclasses import dataclass

#: SIP status to the Q.850 cause whose hang-up makes Asterisk send exactly that status.
CAUSE_OF_STATUS: dict[int, int] = {
    403: 21,
    404: 1,
    408: 18,
    410: 22,
    480: 19,
    484: 28,
    486: 17,
    488: 58,
    500: 38,
    501: 29,
    502: 27,
    503: 34,
    603: 16,
}

#: What operators may write instead of a SIP status.
STATUS_OF_NAME: dict[str, int] = {
    "busy": 486,
    "rejected": 603,
    "unallocated": 404,
    "congestion": 503,
    "unavailable": 480,
    "barred": 403,
    "timeout": 408,
    "number_changed": 410,
    "incomplete": 484,
    "out_of_order": 502,
    "busy_everywhere": 600,
}

#: Final statuses that a SIP server may send for a call (RFC 3261: 400 to 699; 401 and 407 would ask for a password,
#: 487 answers a CANCEL, 491 and 422 belong to re-INVITEs and session timers).
_NOT_A_RELEASE = frozenset({401, 407, 422, 487, 491})


@dataclass(frozen=True, slots=True)
class Release:
    """A release before the answer. ``q850`` is None where the status has no hang-up cause of its own."""

    sip_status: int

    def __post_init__(self) -> None:
        if not 400 <= self.sip_status <= 699 or self.sip_status in _NOT_A_RELEASE:
            raise ValueError(f"{self.sip_status} is not a SIP status that releases a call")

    @property
    def q850(self) -> int | None:
        """The hang-up cause that makes Asterisk send this status."""
        return CAUSE_OF_STATUS.get(self.sip_status)


def parse_release(value: object) -> Release:
    """A release from a name or a SIP status.

    :raises ValueError: neither; the message says what is allowed.
    """
    allowed = f"{', '.join(STATUS_OF_NAME)}, or a SIP status from 400 to 699"
    if isinstance(value, str) and value in STATUS_OF_NAME:
        return Release(STATUS_OF_NAME[value])
    if isinstance(value, int) and not isinstance(value, bool):
        try:
            return Release(value)
        except ValueError:
            pass  # answered below, with what is allowed
    raise ValueError(f"allowed: {allowed}")
