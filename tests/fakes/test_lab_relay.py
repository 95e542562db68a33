"""The bad line in the trunk: what goes through, what is lost, what waits, and what hostile datagrams do."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

import pytest

from ari_app.lab import relay as relay_module
from ari_app.lab.relay import LineFaults, TrunkRelay
from ari_app.lab.sip_sdp import audio_address
from tests.support.until import until

pytestmark = pytest.mark.fakes

Address = tuple[str, int]


@dataclass(eq=False)
class Socket(asyncio.DatagramProtocol):
    """A UDP socket that remembers what it got, and from where."""

    got: list[tuple[bytes, Address]] = field(default_factory=list)
    transport: asyncio.DatagramTransport | None = None

    def datagram_received(self, data: bytes, addr: Address) -> None:
        self.got.append((data, addr))

    @property
    def port(self) -> int:
        assert self.transport is not None
        return int(self.transport.get_extra_info("sockname")[1])

    def send(self, data: bytes, port: int) -> None:
        assert self.transport is not None
        self.transport.sendto(data, ("127.0.0.1", port))


async def socket() -> Socket:
    loop = asyncio.get_running_loop()
    made = Socket()
    made.transport, _ = await loop.create_datagram_endpoint(lambda: made, local_addr=("127.0.0.1", 0))
    return made


@dataclass(slots=True)
class Line:
    """A PBX and a carrier with the sockets of one call each, and the relay between."""

    relay: TrunkRelay
    pbx_sip: Socket
    carrier_sip: Socket
    pbx_rtp: Socket
    carrier_rtp: Socket

    async def set_up(self, call_id: str = "call-1") -> tuple[int, int]:
        """Offer and answer; the relay's ports as the PBX and as the carrier see them."""
        before = len(self.carrier_sip.got), len(self.pbx_sip.got)
        self.pbx_sip.send(sip("INVITE sip:1@x SIP/2.0", call_id, self.pbx_rtp.port), self.relay.port_for_pbx)
        await until(lambda: len(self.carrier_sip.got) > before[0])
        self.carrier_sip.send(
            sip("SIP/2.0 200 OK", call_id, self.carrier_rtp.port), self.relay.port_for_carrier
        )
        await until(lambda: len(self.pbx_sip.got) > before[1])
        return sdp_port(self.pbx_sip.got[-1][0]), sdp_port(self.carrier_sip.got[-1][0])


def sip(start: str, call_id: str, port: int) -> bytes:
    body = f"v=0\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio {port} RTP/AVP 8\r\n"
    return f"{start}\r\nCall-ID: {call_id}\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()


def sdp_port(data: bytes) -> int:
    address = audio_address(data.partition(b"\r\n\r\n")[2])
    assert address is not None
    return address[1]


@pytest.fixture
async def line() -> AsyncIterator[Line]:
    ends = [await socket() for _ in range(4)]
    async with TrunkRelay(ends[0].port, ends[1].port) as relay:
        yield Line(relay, *ends)
    for end in ends:
        assert end.transport is not None
        end.transport.close()
    await asyncio.sleep(0)


async def test_sound_goes_both_ways_and_comes_from_the_address_that_was_told(line: Line) -> None:
    as_pbx_sees, as_carrier_sees = await line.set_up()
    line.pbx_rtp.send(b"from pbx", as_pbx_sees)
    line.carrier_rtp.send(b"from carrier", as_carrier_sees)
    await until(lambda: bool(line.carrier_rtp.got and line.pbx_rtp.got))
    assert line.carrier_rtp.got == [(b"from pbx", ("127.0.0.1", as_carrier_sees))]
    assert line.pbx_rtp.got == [(b"from carrier", ("127.0.0.1", as_pbx_sees))]
    assert as_pbx_sees % 2 == as_carrier_sees % 2 == 0


async def test_a_repeated_offer_keeps_its_ports(line: Line) -> None:
    first = await line.set_up()
    assert await line.set_up() == first
    assert await line.set_up("call-2") != first
    assert line.relay.counts.calls == 2


async def test_each_direction_has_its_own_loss(line: Line) -> None:
    as_pbx_sees, as_carrier_sees = await line.set_up()
    line.relay.to_carrier = LineFaults(loss=1.0)
    line.pbx_rtp.send(b"lost", as_pbx_sees)
    line.carrier_rtp.send(b"kept", as_carrier_sees)
    await until(lambda: line.relay.counts.rtp_in == 2 and len(line.pbx_rtp.got) == 1)
    assert line.carrier_rtp.got == []
    assert line.relay.counts.lost == 1


async def test_about_the_asked_share_is_lost_and_the_same_each_time(line: Line) -> None:
    as_pbx_sees, _ = await line.set_up()
    line.relay.to_carrier = LineFaults(loss=0.3)
    for number in range(1_000):
        line.pbx_rtp.send(number.to_bytes(2, "big"), as_pbx_sees)
        if number % 50 == 49:
            await until(lambda sent=number + 1: line.relay.counts.rtp_in == sent)  # type: ignore[misc]
    assert 250 < line.relay.counts.lost < 350
    await until(lambda: len(line.carrier_rtp.got) == 1_000 - line.relay.counts.lost)


async def test_jitter_keeps_the_order(line: Line) -> None:
    as_pbx_sees, _ = await line.set_up()
    line.relay.to_carrier = LineFaults(delay_s=0.005, jitter_s=0.02)
    for number in range(100):
        line.pbx_rtp.send(bytes([number]), as_pbx_sees)
    await until(lambda: len(line.carrier_rtp.got) == 100)
    assert [data[0] for data, _ in line.carrier_rtp.got] == list(range(100))


async def test_more_packets_than_may_wait_are_dropped_and_counted(
    line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay_module, "MOST_DELAYED", 5)
    as_pbx_sees, _ = await line.set_up()
    line.relay.to_carrier = LineFaults(delay_s=5.0)
    for _ in range(8):
        line.pbx_rtp.send(b"x", as_pbx_sees)
    await until(lambda: line.relay.counts.rtp_in == 8)
    assert line.relay.counts.dropped == 3


async def test_sound_before_the_answer_has_nowhere_to_go_and_is_counted(line: Line) -> None:
    line.pbx_sip.send(sip("INVITE sip:1@x SIP/2.0", "c", line.pbx_rtp.port), line.relay.port_for_pbx)
    await until(lambda: len(line.carrier_sip.got) == 1)
    early = sdp_port(line.carrier_sip.got[0][0])
    line.carrier_rtp.send(b"early", early)
    await until(lambda: len(line.pbx_rtp.got) == 1)
    assert line.relay.counts.dropped == 0, "the PBX has told its address in the offer"


@pytest.mark.parametrize("data", [b"\0\0", b"OPTIONS sip:x SIP/2.0\r\nCall-ID: 1\r\n\r\n", b"\xff" * 9_000])
async def test_what_holds_no_sound_goes_through_as_it_is(line: Line, data: bytes) -> None:
    line.pbx_sip.send(data, line.relay.port_for_pbx)
    await until(lambda: len(line.carrier_sip.got) == 1)
    assert line.carrier_sip.got[0][0] == data


async def test_the_number_of_calls_is_bounded(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relay_module, "MOST_CALLS", 2)
    ports = [await line.set_up(f"call-{number}") for number in range(4)]
    assert len(line.relay._calls) == 2
    line.pbx_rtp.send(b"newest", ports[-1][0])
    await until(lambda: len(line.carrier_rtp.got) == 1)


@pytest.mark.parametrize(
    "make",
    [
        lambda: LineFaults(loss=1.1),
        lambda: LineFaults(loss=-0.1),
        lambda: LineFaults(delay_s=6.0),
        lambda: LineFaults(jitter_s=-1.0),
        lambda: LineFaults(loss=float("nan")),
    ],
)
def test_faults_that_make_no_sense_are_refused(make: Callable[[], LineFaults]) -> None:
    with pytest.raises(ValueError, match=r"loss|delay"):
        make()
