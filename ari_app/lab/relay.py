"""A bad line for the laboratory: a relay between PBX and carrier that loses, delays and jitters real RTP.

It stands in the trunk: the PBX takes it for the carrier, the carrier for the PBX. SIP goes through unharmed, with the
addresses in its SDP and Contact replaced (RFC 3264), so that the sound of every call comes by; each RTP packet then
meets the faults of its direction, RTCP does not. On loopback, for tests and demonstrations alone.
"""

from __future__ import annotations

import asyncio
import random
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

import structlog

from ari_app.errors import TelephonyError
from ari_app.lab.sip_sdp import (
    Address,
    SipMessage,
    audio_address,
    parse_sip,
    with_audio_address,
    with_contact,
)

log = structlog.get_logger(__name__)

HOST = "127.0.0.1"
MOST_CALLS = 250
"""Calls whose sound is relayed at one time; beyond, the one that was set up first loses its relay."""
MOST_DELAYED = 5_000
"""Packets that wait for their delay at one time; beyond, a packet is dropped and counted."""
MOST_WAITING_SIP = 1_000
"""SIP messages that wait for ports; beyond, one is dropped and counted (its sender repeats it)."""
_PORT_TRIES = 50


@dataclass(frozen=True, slots=True)
class LineFaults:
    """What happens to RTP of one direction.

    ``loss`` is the share of packets that never arrive (0 to 1), each decided by itself; the others wait ``delay_s``
    and up to ``jitter_s`` more, and keep their order, as in the queue of a router.
    """

    loss: float = 0.0
    delay_s: float = 0.0
    jitter_s: float = 0.0

    def __post_init__(self) -> None:
        if not 0.0 <= self.loss <= 1.0:
            raise ValueError(f"loss is a share from 0 to 1, not {self.loss:g}")
        if not (0.0 <= self.delay_s <= 5.0 and 0.0 <= self.jitter_s <= 5.0):
            raise ValueError("delay and jitter are 0 to 5 seconds")


NO_FAULTS = LineFaults()

_Heard = Callable[[bytes, Address], None]


@dataclass(slots=True)
class RelayCounts:
    """What went through, both directions together."""

    sip: int = 0
    calls: int = 0
    rtp_in: int = 0
    rtp_out: int = 0
    lost: int = 0
    """RTP packets lost on purpose."""
    dropped: int = 0
    """Packets that could not be relayed: their far address is not known yet, or too many wait."""


class TrunkRelay:
    """Use as ``async with TrunkRelay(pbx_port, carrier_port) as relay``; or ``start`` and ``close``.

    The PBX's trunk goes to ``port_for_pbx``, the carrier's to ``port_for_carrier``. ``to_pbx`` (what the customer
    says) and ``to_carrier`` (what the customer hears) may be replaced at any time and count from the next packet on.
    """

    def __init__(
        self,
        pbx_port: int,
        carrier_port: int,
        *,
        to_pbx: LineFaults = NO_FAULTS,
        to_carrier: LineFaults = NO_FAULTS,
        seed: int = 1,
    ) -> None:
        """:param pbx_port, carrier_port: UDP ports of the two instances' SIP on 127.0.0.1.
        :param seed: of the chance that decides which packets are lost.
        """
        self.to_pbx = to_pbx
        self.to_carrier = to_carrier
        self.counts = RelayCounts()
        self.port_for_pbx = 0
        self.port_for_carrier = 0
        self._pbx_sip, self._carrier_sip = (HOST, pbx_port), (HOST, carrier_port)
        self._chance = random.Random(seed)  # noqa: S311 - the same losses each time, no secret
        self._facing_pbx: asyncio.DatagramTransport | None = None
        self._facing_carrier: asyncio.DatagramTransport | None = None
        self._calls: OrderedDict[str, _CallRelay] = OrderedDict()
        self._timers: set[_Delay] = set()
        self._sip_tasks: set[asyncio.Task[None]] = set()
        self._sip_order = asyncio.Lock()
        self._closed = False

    async def start(self) -> Self:
        """Take two free ports.

        :raises TelephonyError: none can be had.
        """
        try:
            self._facing_pbx = await _bind(_Ear(lambda data, _: self._sip(data, from_pbx=True)), 0)
            self._facing_carrier = await _bind(_Ear(lambda data, _: self._sip(data, from_pbx=False)), 0)
        except OSError as error:
            self.close()
            raise TelephonyError(f"the relay has no port: {error}") from error
        self.port_for_pbx, self.port_for_carrier = _port(self._facing_pbx), _port(self._facing_carrier)
        return self

    def close(self) -> None:
        """Relay nothing any more; safe to call twice."""
        self._closed = True
        for task in self._sip_tasks:
            task.cancel()
        for delay in self._timers:
            if delay.timer is not None:
                delay.timer.cancel()
        self._timers.clear()
        for call in self._calls.values():
            call.close()
        self._calls.clear()
        for transport in (self._facing_pbx, self._facing_carrier):
            if transport is not None:
                transport.close()

    async def __aenter__(self) -> Self:
        return await self.start()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
        if self._sip_tasks:
            await asyncio.wait(self._sip_tasks)
        await asyncio.sleep(0)  # transports close their sockets at the loop's next turn

    # --- SIP ------------------------------------------------------------------------------------

    def _sip(self, data: bytes, *, from_pbx: bool) -> None:
        self.counts.sip += 1
        if len(self._sip_tasks) >= MOST_WAITING_SIP:
            self.counts.dropped += 1
            return
        task = asyncio.create_task(self._pass_on(data, from_pbx), name="relay-sip")
        self._sip_tasks.add(task)
        task.add_done_callback(self._sip_tasks.discard)

    async def _pass_on(self, data: bytes, from_pbx: bool) -> None:
        async with self._sip_order:  # one after the other, in the order of arrival
            message = parse_sip(data)
            if message is not None:
                try:
                    data = (await self._rewritten(message, from_pbx)).to_bytes()
                except OSError as error:
                    log.warning("the sound of a call is not relayed: no port", error=str(error))
            out = self._facing_carrier if from_pbx else self._facing_pbx
            if out is not None and not self._closed:
                out.sendto(data, self._carrier_sip if from_pbx else self._pbx_sip)

    async def _rewritten(self, message: SipMessage, from_pbx: bool) -> SipMessage:
        here = self._pbx_sip if from_pbx else self._carrier_sip
        seen_at = self.port_for_carrier if from_pbx else self.port_for_pbx
        message = with_contact(message, here, (HOST, seen_at))
        speaker = audio_address(message.body)
        if speaker is None:
            return message
        call = self._calls.get(message.call_id)
        if call is None:
            call = await self._new_call(message.call_id)
        return with_audio_address(message, call.advertise(speaker, from_pbx))

    async def _new_call(self, call_id: str) -> _CallRelay:
        while len(self._calls) >= MOST_CALLS:
            self._calls.popitem(last=False)[1].close()
        call = _CallRelay(self)
        await call.open()
        self._calls[call_id] = call
        self.counts.calls += 1
        return call

    # --- sound ----------------------------------------------------------------------------------

    def impair(self, stream: _Stream, data: bytes, faults: LineFaults) -> None:
        """Lose, delay or forward one RTP packet."""
        self.counts.rtp_in += 1
        if faults.loss and self._chance.random() < faults.loss:
            self.counts.lost += 1
            return
        loop = asyncio.get_running_loop()
        due = loop.time() + faults.delay_s + faults.jitter_s * self._chance.random()
        if due <= loop.time() and not stream.waiting:
            self._forward(stream, data)
        elif len(self._timers) >= MOST_DELAYED:
            self.counts.dropped += 1
        else:
            stream.last_due = max(due, stream.last_due)
            stream.waiting.append(data)
            self._timers.add(delay := _Delay())
            delay.timer = loop.call_at(stream.last_due, self._forward_oldest, stream, delay)

    def _forward_oldest(self, stream: _Stream, delay: _Delay) -> None:
        """One timer, one packet: timers of the same instant may fire in any order, packets may not."""
        self._timers.discard(delay)
        self._forward(stream, stream.waiting.popleft())

    def _forward(self, stream: _Stream, data: bytes) -> None:
        if stream.send(data):
            self.counts.rtp_out += 1
        else:
            self.counts.dropped += 1


@dataclass(slots=True, eq=False)
class _Delay:
    timer: asyncio.TimerHandle | None = None


@dataclass(slots=True)
class _Stream:
    """One direction of one call: where it goes, and the socket that the receiver knows as its source."""

    out: asyncio.DatagramTransport | None = None
    to: Address | None = None
    last_due: float = 0.0
    waiting: deque[bytes] = field(default_factory=deque, repr=False)

    def send(self, data: bytes) -> bool:
        if self.out is None or self.to is None or self.out.is_closing():
            return False
        self.out.sendto(data, self.to)
        return True


class _CallRelay:
    """Four sockets: RTP and RTCP towards the PBX, RTP and RTCP towards the carrier."""

    def __init__(self, relay: TrunkRelay) -> None:
        self._relay = relay
        self._transports: list[asyncio.DatagramTransport] = []
        self._ports = {True: 0, False: 0}
        self._rtp = {True: _Stream(), False: _Stream()}  # by whether it goes to the PBX
        self._rtcp = {True: _Stream(), False: _Stream()}

    async def open(self) -> None:
        """Take the ports. Raises OSError."""
        for facing_pbx in (True, False):
            to_pbx = not facing_pbx  # what arrives from the PBX goes to the carrier
            rtp, rtcp = await _bind_pair(_Ear(self._rtp_from(to_pbx)), _Ear(self._rtcp_from(to_pbx)))
            self._transports += [rtp, rtcp]
            self._ports[facing_pbx] = _port(rtp)
            self._rtp[facing_pbx].out, self._rtcp[facing_pbx].out = rtp, rtcp

    def advertise(self, speaker: Address, from_pbx: bool) -> Address:
        """Note where this side wants its sound; the address that the other side is told instead."""
        self._rtp[from_pbx].to = speaker
        self._rtcp[from_pbx].to = (speaker[0], speaker[1] + 1)
        return HOST, self._ports[not from_pbx]

    def _rtp_from(self, to_pbx: bool) -> _Heard:
        stream, relay = self._rtp[to_pbx], self._relay

        def heard(data: bytes, _: Address) -> None:
            relay.impair(stream, data, relay.to_pbx if to_pbx else relay.to_carrier)

        return heard

    def _rtcp_from(self, to_pbx: bool) -> _Heard:
        stream = self._rtcp[to_pbx]

        def heard(data: bytes, _: Address) -> None:
            stream.send(data)

        return heard

    def close(self) -> None:
        for transport in self._transports:
            transport.close()


class _Ear(asyncio.DatagramProtocol):
    """Hands on what arrives; an ICMP error (nobody listens there yet or any more) is what UDP is like."""

    def __init__(self, heard: _Heard) -> None:
        self._heard = heard

    def datagram_received(self, data: bytes, addr: Address) -> None:
        self._heard(data, addr)

    def error_received(self, exc: Exception) -> None:
        pass  # see the class


async def _bind(ear: _Ear, port: int) -> asyncio.DatagramTransport:
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(lambda: ear, local_addr=(HOST, port))
    return transport


async def _bind_pair(rtp: _Ear, rtcp: _Ear) -> tuple[asyncio.DatagramTransport, asyncio.DatagramTransport]:
    """An even port and the odd one above it (RFC 3550, 11)."""
    last: OSError | None = None
    for _ in range(_PORT_TRIES):
        first = await _bind(rtp, 0)
        port = _port(first)
        if port % 2 == 0:
            try:
                return first, await _bind(rtcp, port + 1)
            except OSError as error:
                last = error
        first.close()
    raise last or OSError("no even port is free")


def _port(transport: asyncio.DatagramTransport) -> int:
    return int(transport.get_extra_info("sockname")[1])
