"""Whoever sends calls into the PBX, from the trunk's own address too, reaches neither the network nor the controller."""

from __future__ import annotations

import socket
import uuid

import pytest

from ari_app.asterisk.instance import AsteriskInstance

pytestmark = pytest.mark.asterisk

SDP = (
    "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
    "m=audio 40000 RTP/AVP 8\r\na=rtpmap:8 PCMA/8000\r\n"
)


def final_status(
    pbx: AsteriskInstance, user: str, *, name: str = "x", headers: str = "", sdp: str = SDP
) -> int:
    """Sends one INVITE from loopback, the address by which the trunk is known, and acknowledges the final answer."""
    port = pbx.ports.sip
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as phone:
        phone.bind(("127.0.0.1", 0))
        phone.settimeout(10)
        here = phone.getsockname()[1]
        call = uuid.uuid4().hex
        common = (
            f"Via: SIP/2.0/UDP 127.0.0.1:{here};branch=z9hG4bK{call}\r\nMax-Forwards: 70\r\n"
            f'From: "{name}" <sip:02155550100@127.0.0.1>;tag={call}\r\nCall-ID: {call}@127.0.0.1\r\n'
        )
        to = f"To: <sip:{user}@127.0.0.1>"
        body = sdp.encode()
        invite = (
            f"INVITE sip:{user}@127.0.0.1:{port} SIP/2.0\r\n{common}{to}\r\nCSeq: 1 INVITE\r\n"
            f"Contact: <sip:x@127.0.0.1:{here}>\r\n{headers}"
            f"Content-Type: application/sdp\r\nContent-Length: {len(body)}\r\n\r\n"
        ).encode() + body
        phone.sendto(invite, ("127.0.0.1", port))
        while True:
            lines = phone.recv(65_535).decode("utf-8", "replace").split("\r\n")
            status = int(lines[0].split()[1])
            if status < 200:
                continue
            to = next(line for line in lines if line.lower().startswith("to:"))
            ack = f"ACK sip:{user}@127.0.0.1:{port} SIP/2.0\r\n{common}{to}\r\nCSeq: 1 ACK\r\nContent-Length: 0\r\n\r\n"
            phone.sendto(ack.encode(), ("127.0.0.1", port))
            return status


@pytest.mark.parametrize(
    "user",
    [
        "13800000001",
        "+8613800000001",
        "0013800000001",
        "s",
        "h",
        "ari-app",
        "1000",
        "s;x=Local/9",
        "%24%7BSHELL(id)%7D",
    ],
)
def test_nothing_can_be_called_through_the_pbx(pbx: AsteriskInstance, user: str) -> None:
    assert final_status(pbx, user) in (403, 404)


def test_hostile_headers_and_bodies_are_refused_and_the_pbx_lives(pbx: AsteriskInstance) -> None:
    assert final_status(pbx, "13800000001", name="张三\u202e\x1b[31m") == 403
    replaces = "Replaces: x;to-tag=1;from-tag=2\r\n"
    assert final_status(pbx, "13800000001", headers=replaces) in (403, 404, 481)
    huge = "v=0\r\na=x:" + "y" * 50_000 + "\r\n"
    assert 400 <= final_status(pbx, "13800000001", sdp=huge) < 600
    assert final_status(pbx, "13800000001") == 403
