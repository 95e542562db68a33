"""The life of a message, as one table of what may follow what (requirements H7, H9).

A message is planned, reserved when the rules allow it, and handed to a provider once they have been asked again. What
became of it there the provider tells, in any order and as often as it likes: ``delivered`` outweighs ``failed``, which
outweighs ``sent``. Where nobody knows whether a message left, it counts as a contact and is not sent a second time.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

#: Ways to write to a customer. ``im`` and ``wechat`` are whatever the company's own gateway makes of them.
CHANNELS: Final = ("sms", "app", "email", "im", "wecom", "dingtalk", "feishu", "wechat")
#: The channel whose address is the telephone number of the list.
BY_PHONE: Final = "sms"


class MessageState(StrEnum):
    """Where a message stands."""

    PLANNED = "planned"
    """Waits for its time, or for a rule to stop refusing."""
    RESERVED = "reserved"
    """The rules allow it; nothing has been sent."""
    SENDING = "sending"
    """Being handed to the provider: from here on it may have left."""
    SENT = "sent"
    """The provider has taken it."""
    UNKNOWN = "unknown"
    """It may have left and may not; it is never sent again unless the provider can tell it is the same one."""
    DELIVERED = "delivered"
    FAILED = "failed"
    EXPIRED = "expired"
    """Its time has passed without it."""
    SUPPRESSED = "suppressed"
    """A rule refuses it for good."""


class Happened(StrEnum):
    """What moves a message on."""

    ALLOWED = "allowed"
    REFUSED = "refused"
    """By a rule, for good."""
    POSTPONED = "postponed"
    """By a rule, or by a provider that did not take it."""
    TOO_LATE = "too_late"
    BEGUN = "begun"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    LOST = "lost"
    """The connection broke, or the program ended, while it was being sent."""
    REPEATED = "repeated"
    """It is sent once more under the key by which the provider knows it."""
    DELIVERED = "delivered"
    BOUNCED = "bounced"


_S, _H = MessageState, Happened

#: The whole machine: everything that is not here changes nothing.
TABLE: Mapping[MessageState, Mapping[Happened, MessageState]] = {
    _S.PLANNED: {
        _H.ALLOWED: _S.RESERVED,
        _H.REFUSED: _S.SUPPRESSED,
        _H.POSTPONED: _S.PLANNED,
        _H.TOO_LATE: _S.EXPIRED,
        _H.REJECTED: _S.FAILED,
    },
    _S.RESERVED: {
        _H.BEGUN: _S.SENDING,
        _H.REFUSED: _S.SUPPRESSED,
        _H.POSTPONED: _S.PLANNED,
        _H.TOO_LATE: _S.EXPIRED,
        _H.REJECTED: _S.FAILED,
        _H.LOST: _S.UNKNOWN,
        _H.DELIVERED: _S.DELIVERED,
        _H.BOUNCED: _S.FAILED,
    },
    _S.SENDING: {
        _H.ACCEPTED: _S.SENT,
        _H.REJECTED: _S.FAILED,
        _H.POSTPONED: _S.PLANNED,
        _H.LOST: _S.UNKNOWN,
        _H.REPEATED: _S.RESERVED,
        _H.DELIVERED: _S.DELIVERED,
        _H.BOUNCED: _S.FAILED,
    },
    _S.UNKNOWN: {
        _H.ACCEPTED: _S.SENT,
        _H.REJECTED: _S.FAILED,
        _H.DELIVERED: _S.DELIVERED,
        _H.BOUNCED: _S.FAILED,
        _H.REPEATED: _S.RESERVED,
        _H.TOO_LATE: _S.EXPIRED,
    },
    _S.SENT: {_H.DELIVERED: _S.DELIVERED, _H.BOUNCED: _S.FAILED, _H.TOO_LATE: _S.EXPIRED},
    _S.FAILED: {_H.DELIVERED: _S.DELIVERED},
    _S.EXPIRED: {_H.DELIVERED: _S.DELIVERED, _H.BOUNCED: _S.FAILED},
    _S.DELIVERED: {},
    _S.SUPPRESSED: {},
}

#: Nothing is known to follow by itself.
OVER: Final = frozenset({_S.DELIVERED, _S.FAILED, _S.EXPIRED, _S.SUPPRESSED})


def after(state: MessageState, happened: Happened) -> MessageState | None:
    """The state that follows; None where nothing changes (a receipt told twice, or one that comes too late)."""
    return TABLE[state].get(happened)


class Purpose(StrEnum):
    """Why a message is written; the rules are asked accordingly (``store/messages/facts.py``)."""

    CONTACT = "contact"
    """We want something: the rules of a call hold, caps and hours included."""
    ASKED = "asked"
    """The customer has just asked for it: no cap and no window of ours stands in the way, the hours of the pack do."""
    NOTICE = "notice"
    """He is told something that he waits for (a receipt, a decision): also where nothing is owed, or a dispute is open."""


class Origin(StrEnum):
    """What a message comes from."""

    STEP = "step"
    CALL = "call"
    """A call has promised it."""
    UNANSWERED = "unanswered"
    """Calls were not answered (requirements C11, H3)."""
    EVENT = "event"
    OPERATOR = "operator"
