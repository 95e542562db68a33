"""What a relay reads and rewrites in SIP: the audio's address, the length, the Contact, and nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ari_app.lab.sip_sdp import SipMessage, audio_address, parse_sip, with_audio_address, with_contact

pytestmark = pytest.mark.pure

HERE, RELAY = ("127.0.0.1", 10_000), ("127.0.0.1", 40_000)
SDP = (
    "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=Asterisk\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
    "m=audio 10012 RTP/AVP 8 0 101\r\na=rtpmap:8 PCMA/8000\r\na=sendrecv\r\n"
)


def invite(sdp: str = SDP) -> bytes:
    body = sdp.encode()
    head = (
        "INVITE sip:+8613800000000@127.0.0.1:40000 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:10000;rport;branch=z9\r\n"
        "From: <sip:1@127.0.0.1>;tag=a\r\nContact: <sip:asterisk@127.0.0.1:10000;ob>\r\nCall-ID: abc-1\r\n"
        f"Content-Type: application/sdp\r\nContent-Length:  {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def parsed(data: bytes) -> SipMessage:
    message = parse_sip(data)
    assert message is not None
    return message


def test_the_audio_goes_to_the_relay_and_the_length_is_right() -> None:
    message = with_audio_address(parsed(invite()), ("127.0.0.1", 40_002))
    assert audio_address(message.body) == ("127.0.0.1", 40_002)
    assert b"m=audio 40002 RTP/AVP 8 0 101\r\n" in message.body
    assert f"Content-Length:  {len(message.body)}\r\n".encode() in message.to_bytes()
    head, _, body = message.to_bytes().partition(b"\r\n\r\n")
    assert body == message.body
    assert b"\n" not in head.replace(b"\r\n", b"")


def test_an_address_of_the_stream_alone_counts_before_that_of_the_session() -> None:
    sdp = SDP.replace("a=rtpmap", "c=IN IP4 127.0.0.9\r\na=rtcp:10013 IN IP4 127.0.0.9\r\na=rtpmap")
    assert audio_address(sdp.encode()) == ("127.0.0.9", 10_012)
    body = with_audio_address(parsed(invite(sdp)), RELAY).body
    assert audio_address(body) == RELAY
    assert b"a=rtcp:40001 IN IP4 127.0.0.1\r\n" in body
    assert body.count(b"127.0.0.9") == 0


def test_other_streams_stay_where_they_are() -> None:
    video = "m=video 10020 RTP/AVP 99\r\nc=IN IP4 127.0.0.5\r\na=rtcp:10021\r\n"
    body = with_audio_address(parsed(invite(SDP + video)), ("127.0.0.7", 40_000)).body
    assert body.endswith(video.encode())
    assert audio_address(body) == ("127.0.0.7", 40_000)


@pytest.mark.parametrize(
    "sdp",
    [
        "",
        "v=0\r\n",
        SDP.replace("audio 10012", "audio 0"),
        SDP.replace("audio 10012", "audio 70000"),
        SDP.replace("c=IN IP4 127.0.0.1", "c=IN IP4 0.0.0.0"),
        SDP.replace("c=IN IP4 127.0.0.1", "c=IN IP6 ::1"),
        SDP.replace("m=audio", "m=image"),
        SDP.replace("c=IN IP4 127.0.0.1\r\n", ""),
    ],
)
def test_a_body_without_a_usable_audio_stream_has_no_address(sdp: str) -> None:
    assert audio_address(sdp.encode()) is None


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\r\n\r\n",
        b"x" * 70_000,
        b"INVITE sip:a SIP/2.0\r\nVia: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nCall-ID: 1\r\n\r\n",
    ],
    ids=lambda data: repr(data[:12]),
)
def test_what_is_no_sip_message_is_none(data: bytes) -> None:
    assert parse_sip(data) is None


def test_later_requests_come_by_because_the_contact_names_the_relay() -> None:
    message = with_contact(parsed(invite()), HERE, RELAY)
    assert b"Contact: <sip:asterisk@127.0.0.1:40000;ob>\r\n" in message.head
    assert b"Via: SIP/2.0/UDP 127.0.0.1:10000;rport" in message.head, "answers go where the request came from"
    other = with_contact(parsed(invite()), ("127.0.0.1", 1_000), RELAY)
    assert other.head == parsed(invite()).head, "a port that only begins alike is another port"


@given(st.binary(max_size=400))
def test_any_bytes_are_read_without_harm(data: bytes) -> None:
    message = parse_sip(data)
    assert message is None or message.to_bytes() == data
    audio_address(data)


@given(st.binary(max_size=60), st.integers(1, 65_534))
def test_what_follows_the_stream_is_kept(tail: bytes, port: int) -> None:
    body = SDP.encode() + b"a=x:" + tail.replace(b"\n", b"").replace(b"\r", b"") + b"\r\n"
    message = with_audio_address(SipMessage(b"INVITE x SIP/2.0", body, "1"), ("127.0.0.1", port))
    assert message.body == body.replace(b"m=audio 10012", b"m=audio %d" % port)
