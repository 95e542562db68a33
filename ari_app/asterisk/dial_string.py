"""What may stand in a channel id, a dial string and a caller ID: nothing that could name something else."""

from __future__ import annotations

import re

MEDIA_SUFFIX = "-media"
BRIDGE_SUFFIX = "-bridge"

_OWN_SUFFIX = re.compile(r"-(?:media|bridge)[0-9]{0,2}$")
_CALL_ID = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,62}[A-Za-z0-9])?")
_ENDPOINT = re.compile(r"[A-Za-z0-9]+/[+0-9A-Za-z_.-]+@?[A-Za-z0-9_.-]*")
_NUMBER = re.compile(r"\+?[0-9*#]{1,32}")
_NAME_LENGTH = 64


def checked_call_id(call_id: str) -> str:
    """The id itself, where it can stand in a channel id and in the path of a request.

    :raises ValueError: other characters than letters, digits, ``_ . -``, too long, or one of our own suffixes.
    """
    if not _CALL_ID.fullmatch(call_id) or _OWN_SUFFIX.search(call_id):
        raise ValueError(f"not a call id: {call_id[:80]!r} (letters, digits, '_', '.', '-', at most 64)")
    return call_id


def media_channel_id(call_id: str, number: int) -> str:
    """The id of a call's media channel; ``number`` 1 is the first, 2 the one that took its place after a fault ..."""
    return f"{call_id}{MEDIA_SUFFIX}{number if number > 1 else ''}"


def call_of(channel_id: str) -> str:
    """The call to which a channel belongs: its own id for a customer's channel."""
    return _OWN_SUFFIX.sub("", channel_id)


def checked_endpoint(endpoint: str) -> str:
    """The endpoint itself (``PJSIP/13800000000@trunk``); anything that could name a second one is refused.

    :raises ValueError: it does not have that shape.
    """
    if len(endpoint) > 128 or not _ENDPOINT.fullmatch(endpoint):
        raise ValueError(
            f"not an endpoint: {endpoint[:80]!r} (allowed: TECHNOLOGY/number or TECHNOLOGY/number@trunk)"
        )
    return endpoint


def checked_caller_id(number: str) -> str:
    """The caller's number itself; empty for a withheld one.

    :raises ValueError: anything but digits, ``*``, ``#`` and a leading ``+``, 32 at most.
    """
    if number and not _NUMBER.fullmatch(number):
        raise ValueError(f"not a caller ID: {number[:40]!r} (allowed: digits, '*', '#', a leading '+')")
    return number


def safe_caller_name(name: str) -> str:
    """A display name that cannot leave its place in a SIP header (RFC 3261 section 25.1), 64 characters at most.

    Control and format characters, line breaks, quotes, angle brackets, backslash, comma and semicolon become spaces;
    names are not refused for them, because a list's spelling must not stop a campaign.
    """
    kept = (sign if sign.isprintable() and sign not in "\"'<>;\\,&" else " " for sign in name)
    return " ".join("".join(kept).split())[:_NAME_LENGTH].rstrip()
