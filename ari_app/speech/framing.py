"""Messages between the controller and its speech workers: a JSON head and a block of bytes, over pipes.

On the wire: length of the head (4 bytes, big-endian), length of the block (4 bytes), head, block. A message of requests
has the head ``{"requests": [...], "bytes": [...]}`` and all their blocks one after the other.
"""

from __future__ import annotations

import asyncio
import json
import struct
from collections.abc import Mapping, Sequence
from typing import BinaryIO, Final

from ari_app.errors import SpeechError

LARGEST_HEAD: Final = 256 * 1024
LARGEST_BLOCK: Final = 32 * 1024 * 1024
_LENGTHS: Final = struct.Struct(">II")

Head = Mapping[str, object]


def packed(head: Head, block: bytes = b"") -> bytes:
    """One message."""
    text = json.dumps(head).encode()
    if len(text) > LARGEST_HEAD or len(block) > LARGEST_BLOCK:
        raise SpeechError(f"a message of {len(text)} + {len(block)} bytes is too long for a speech worker")
    return _LENGTHS.pack(len(text), len(block)) + text + block


def joined(requests: Sequence[tuple[Head, bytes]]) -> bytes:
    """One message of several requests."""
    head = {"requests": [head for head, _ in requests], "bytes": [len(block) for _, block in requests]}
    return packed(head, b"".join(block for _, block in requests))


def split(head: Head, block: bytes) -> list[tuple[dict[str, object], bytes]]:
    """The requests of a message, in the worker; raises SpeechError when it is none."""
    heads, lengths = head.get("requests"), head.get("bytes")
    if not (isinstance(heads, list) and isinstance(lengths, list) and len(heads) == len(lengths)):
        raise SpeechError("the controller sent something that holds no requests")
    requests, at = [], 0
    for one, length in zip(heads, lengths, strict=True):
        requests.append((one, block[at : at + length]))
        at += length
    return requests


async def receive(reader: asyncio.StreamReader) -> tuple[dict[str, object], bytes]:
    """The next message of a worker; raises SpeechError when it ended or talks nonsense."""
    try:
        head, block = _LENGTHS.unpack(await reader.readexactly(_LENGTHS.size))
        if head > LARGEST_HEAD or block > LARGEST_BLOCK:
            raise SpeechError("the speech worker sent something that is no message")
        text = await reader.readexactly(head)
        return _head(text), await reader.readexactly(block)
    except (asyncio.IncompleteReadError, ConnectionError):
        raise SpeechError("the speech worker ended") from None


def read(stream: BinaryIO) -> tuple[dict[str, object], bytes] | None:
    """The next message, in the worker; None when the controller has gone."""
    lengths = stream.read(_LENGTHS.size)
    if len(lengths) < _LENGTHS.size:
        return None
    head, block = _LENGTHS.unpack(lengths)
    text, data = stream.read(head), stream.read(block)
    return (_head(text), data) if len(text) == head and len(data) == block else None


def _head(text: bytes) -> dict[str, object]:
    try:
        head = json.loads(text)
    except ValueError:
        head = None
    if not isinstance(head, dict):
        raise SpeechError("the speech worker sent something that is no message")
    return head
