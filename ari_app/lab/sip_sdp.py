"""Where the sound of a call goes, as SIP messages say it: read and rewritten in their SDP (RFC 3261, RFC 8866).

Only what a relay needs: Call-ID, Contact, Content-Length and the first audio stream of the body. Messages are
hostile bytes; whatever is not clearly a SIP message with an audio stream is left exactly as it is.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_START = re.compile(rb"(?:SIP/2\.0 \d{3} [^\r\n]*|[A-Z]{1,20} \S{1,2048} SIP/2\.0)")
_CALL_ID = re.compile(rb"^(?:Call-ID|i)[ \t]*:[ \t]*(\S{1,512})[ \t]*$", re.IGNORECASE | re.MULTILINE)
_LENGTH = re.compile(rb"^(Content-Length|l)([ \t]*:[ \t]*)\d{1,6}[ \t]*$", re.IGNORECASE | re.MULTILINE)
_CONTACT = re.compile(rb"^(?:Contact|m)[ \t]*:[^\r\n]*$", re.IGNORECASE | re.MULTILINE)
_AUDIO = re.compile(rb"^m=audio (\d{1,5})((?:/\d+)? [^\r\n]*)(?=\r?$)", re.MULTILINE)
_OTHER_STREAM = re.compile(rb"^m=", re.MULTILINE)
_CONNECTION = re.compile(rb"^c=IN IP4 (\d{1,3}(?:\.\d{1,3}){3})(?=[ \t\r]*$)", re.MULTILINE)
_RTCP = re.compile(rb"^a=rtcp:\d{1,5}[^\r\n]*(?=\r?$)", re.MULTILINE)

Address = tuple[str, int]


@dataclass(frozen=True, slots=True)
class SipMessage:
    """A SIP message cut at its empty line; ``head`` ends without a line break."""

    head: bytes
    body: bytes
    call_id: str

    def to_bytes(self) -> bytes:
        return self.head + b"\r\n\r\n" + self.body


def parse_sip(data: bytes) -> SipMessage | None:
    """A message with a Call-ID, or None for anything else (keep-alives, rubbish); never raises."""
    head, separator, body = data.partition(b"\r\n\r\n")
    lines = head.replace(b"\r\n", b"\n")
    first, _, rest = lines.partition(b"\n")
    found = _CALL_ID.search(rest)
    if not separator or _START.fullmatch(first) is None or found is None:
        return None
    return SipMessage(head, body, found[1].decode("utf-8", "replace"))


def audio_address(body: bytes) -> Address | None:
    """Where the sender of this SDP wants its audio; None without an audio stream, with a refused one (port 0), or
    with one on hold (0.0.0.0)."""
    audio = _AUDIO.search(body)
    if audio is None or not 0 < int(audio[1]) < 65_535:
        return None
    host = _audio_connection(body, audio)
    if host is None or host[1] == b"0.0.0.0":
        return None
    return host[1].decode("ascii"), int(audio[1])


def with_audio_address(message: SipMessage, address: Address) -> SipMessage:
    """The message with its first audio stream at ``address``, RTCP at the next port, Content-Length made right.

    The body must have an :func:`audio_address`.
    """
    host, port = address[0].encode("ascii"), address[1]
    audio = _AUDIO.search(message.body)
    connection = None if audio is None else _audio_connection(message.body, audio)
    if audio is None or connection is None:
        raise ValueError("the message has no audio stream")
    end = _stream_end(message.body, audio)
    session, stream, after = (
        message.body[: audio.start()],
        message.body[audio.start() : end],
        message.body[end:],
    )
    stream = _AUDIO.sub(lambda found: b"m=audio %d" % port + found[2], stream, count=1)
    stream = _RTCP.sub(b"a=rtcp:%d IN IP4 %s" % (port + 1, host), stream)
    line = b"c=IN IP4 " + host
    if connection.start() >= audio.start():
        stream = _CONNECTION.sub(line, stream, count=1)
    elif _OTHER_STREAM.search(after) is None:
        session = _CONNECTION.sub(line, session, count=1)
    else:  # the session's address is that of the other streams too: this one gets its own
        first, newline, rest = stream.partition(b"\n")
        stream = first + newline + line + b"\r\n" + rest
    body = session + stream + after
    head = _LENGTH.sub(lambda found: found[1] + found[2] + str(len(body)).encode(), _lf(message.head))
    return SipMessage(head.replace(b"\n", b"\r\n"), body, message.call_id)


def with_contact(message: SipMessage, here: Address, there: Address) -> SipMessage:
    """The message with ``here`` replaced by ``there`` in its Contact, so that later requests come by as well."""
    old, new = (f"{host}:{port}".encode() for host, port in (here, there))
    swap = re.compile(re.escape(old) + rb"(?=[;>,\s]|$)")
    head = _CONTACT.sub(lambda found: swap.sub(new, found[0]), _lf(message.head))
    return SipMessage(head.replace(b"\n", b"\r\n"), message.body, message.call_id)


def _lf(head: bytes) -> bytes:
    """``$`` of a pattern stands before a line feed, not before CRLF."""
    return head.replace(b"\r\n", b"\n")


def _stream_end(body: bytes, audio: re.Match[bytes]) -> int:
    following = _OTHER_STREAM.search(body, audio.end())
    return len(body) if following is None else following.start()


def _audio_connection(body: bytes, audio: re.Match[bytes]) -> re.Match[bytes] | None:
    """The address line that counts for the audio stream: its own, else the session's."""
    first = _OTHER_STREAM.search(body)
    own = _CONNECTION.search(body, audio.end(), _stream_end(body, audio))
    return own or _CONNECTION.search(body, 0, audio.start() if first is None else first.start())
