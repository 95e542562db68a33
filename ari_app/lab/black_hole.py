"""A trunk that never replies: a UDP port on loopback that takes SIP in, answers nothing, and notes each new INVITE.

What arrives is hostile: any bytes, any size. Only the request line, Call-ID and From are looked at (RFC 3261 7.1, 20.8,
20.20); anything that is not clearly an INVITE is counted and forgotten.
"""

from __future__ import annotations

import asyncio
import re
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import unquote

import structlog

from ari_app.errors import TelephonyError
from ari_app.lab.records import CallRecords, LabCall, foreign
from ari_app.ports import Clock

log = structlog.get_logger(__name__)

PERSONA = "black_hole"
REMEMBERED = 10_000
"""Calls that are kept apart by their Call-ID; the oldest are forgotten first."""
_LONGEST = 65_535
_REQUEST_LINE = re.compile(r"INVITE +sips?:([^@;>\s]{1,256})@[^\s]{1,1024} +SIP/2\.0", re.IGNORECASE)
_URI_USER = re.compile(r"sips?:([^@;>\s\"]{1,256})@", re.IGNORECASE)
_QUOTED_NAME = re.compile(r'^\s*"((?:[^"\\]|\\.){0,256})"\s*<')
_PLAIN_NAME = re.compile(r"^\s*([^<\"]{1,256}?)\s*<")


@dataclass(frozen=True, slots=True)
class SipInvite:
    """What is read of an INVITE."""

    number: str
    call_id: str
    caller_id: str
    caller_name: str


def parse_invite(data: bytes) -> SipInvite | None:
    """An INVITE, or None for anything else; never raises."""
    if len(data) > _LONGEST:
        return None
    head = data.split(b"\r\n\r\n", 1)[0].decode("utf-8", "replace")
    lines = head.split("\r\n")
    request = _REQUEST_LINE.fullmatch(lines[0])
    if request is None:
        return None
    headers: dict[str, str] = {}
    for line in lines[1:]:
        name, colon, value = line.partition(":")
        if colon:
            headers.setdefault(name.strip().lower(), value.strip())
    call_id = headers.get("call-id") or headers.get("i") or ""
    sender = headers.get("from") or headers.get("f") or ""
    if not call_id or not sender:
        return None
    user = _URI_USER.search(sender)
    quoted = _QUOTED_NAME.match(sender)
    plain = None if quoted else _PLAIN_NAME.match(sender)
    name = re.sub(r"\\(.)", r"\1", quoted[1]) if quoted else plain[1] if plain else ""
    return SipInvite(
        foreign(unquote(request[1])),
        foreign(call_id),
        foreign(unquote(user[1])) if user else "",
        foreign(name),
    )


class BlackHole(asyncio.DatagramProtocol):
    """The silent end of a trunk; ``start`` before use, ``close`` at the end."""

    def __init__(
        self, records: CallRecords, clock: Clock, on_change: Callable[[LabCall], None] | None = None
    ) -> None:
        self.datagrams = 0
        self.ignored = 0
        """Datagrams that are no INVITE (keep-alives, OPTIONS, rubbish)."""
        self.calls = 0
        self._records = records
        self._clock = clock
        self._on_change = on_change
        self._known: OrderedDict[str, LabCall] = OrderedDict()
        self._transport: asyncio.DatagramTransport | None = None

    async def start(self, host: str, port: int) -> int:
        """Bind; ``port`` 0 takes a free one. Returns the port. Raises TelephonyError when it is taken."""
        loop = asyncio.get_running_loop()
        try:
            transport, _ = await loop.create_datagram_endpoint(lambda: self, local_addr=(host, port))
        except OSError as error:
            raise TelephonyError(
                f"the silent trunk's port UDP {host}:{port} cannot be had: {error}"
            ) from error
        self._transport = transport
        return int(transport.get_extra_info("sockname")[1])

    def datagram_received(self, data: bytes, addr: tuple[str | int, ...]) -> None:
        """Note a new INVITE; a repeated one is counted with its call."""
        self.datagrams += 1
        invite = parse_invite(data)
        if invite is None:
            self.ignored += 1
            return
        call = self._known.get(invite.call_id)
        if call is not None:
            call.invites += 1
            return
        self.calls += 1
        call = LabCall(
            call=0,
            dialled=invite.number,
            caller_id=invite.caller_id,
            caller_name=invite.caller_name,
            sip_call_id=invite.call_id,
            invited_at=self._clock.now().isoformat(),
            persona=PERSONA,
        )
        try:
            self._known[invite.call_id] = self._records.invite(call)
        except OSError as error:
            log.error("a call record could not be written", error=str(error))
        while len(self._known) > REMEMBERED:
            self._finish(self._known.popitem(last=False)[1])
        if self._on_change is not None:
            self._on_change(call)

    def error_received(self, exc: Exception) -> None:
        """An ICMP error for something that we never sent; counted with the rest."""
        self.ignored += 1

    def _finish(self, call: LabCall) -> None:
        """Nothing tells when such a call ends: the caller gives up in silence. It is complete when the lab forgets it."""
        call.ended_by = "caller"
        try:
            self._records.end(call)
        except OSError as error:
            log.error("a call record could not be written", error=str(error))

    def close(self) -> None:
        """Unbind and complete the records; safe to call twice."""
        if self._transport is not None:
            self._transport.close()
            self._transport = None
        while self._known:
            self._finish(self._known.popitem(last=False)[1])
