"""However the network cuts the bytes: the same messages come out, in order, and no bytes bring the reader down."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.client import ClientProtocol
from websockets.protocol import State
from websockets.uri import parse_uri

from ari_app.asterisk.media_socket import MediaSocket

pytestmark = pytest.mark.fakes


class Heard:
    """What a socket told."""

    def __init__(self) -> None:
        self.messages: list[bytes | str] = []

    def sound(self, message: bytes) -> None:
        self.messages.append(message)

    def text(self, message: str) -> None:
        self.messages.append(message)

    def ended(self, socket: MediaSocket, why: str) -> None:
        raise AssertionError("nothing has ended it")


def heard(pieces: list[bytes]) -> list[bytes | str]:
    """Messages that come of these reads, on a socket that is open."""

    async def read() -> list[bytes | str]:
        user = Heard()
        protocol = ClientProtocol(parse_uri("ws://127.0.0.1/media/x"), state=State.OPEN, max_size=65_536)
        socket = MediaSocket(user, protocol)
        socket._ready.set_result(None)
        socket._plain = True
        for piece in pieces:
            socket.data_received(piece)
        return user.messages

    return asyncio.run(read())


def frame(data: bytes, first: int) -> bytes:
    if len(data) < 126:
        return bytes([first, len(data)]) + data
    return bytes([first, 126]) + len(data).to_bytes(2, "big") + data


SOUNDS = st.sampled_from([640, 640, 640, 0, 1, 320, 1_280, 125, 126]).map(
    lambda size: bytes([size % 251]) * size
)
WIRE = st.lists(
    st.one_of(
        SOUNDS.map(lambda data: (frame(data, 0x82), data)),
        st.text(max_size=20).map(lambda text: (frame(text.encode(), 0x81), text)),
        st.binary(max_size=20).map(lambda data: (frame(data, 0x89), None)),
        st.tuples(SOUNDS, SOUNDS).map(
            lambda halves: (
                frame(halves[0], 0x02) + frame(b"", 0x8A) + frame(halves[1], 0x80),
                b"".join(halves),
            )
        ),
    ),
    max_size=12,
)


@given(WIRE, st.lists(st.integers(1, 3_000), max_size=40))
def test_messages_do_not_hang_on_how_they_were_cut(
    wire: list[tuple[bytes, bytes | str | None]], cuts: list[int]
) -> None:
    data = b"".join(each for each, _ in wire)
    pieces: list[bytes] = []
    for size in cuts:
        pieces.append(data[:size])
        data = data[size:]
    assert heard([each for each in [*pieces, data] if each]) == [said for _, said in wire if said is not None]


@given(st.lists(st.binary(min_size=1, max_size=200), max_size=10))
def test_no_bytes_bring_the_reader_down(pieces: list[bytes]) -> None:
    heard(pieces)
