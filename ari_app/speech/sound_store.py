"""Finished sounds under their content address: the most recent in memory, all of them in files.

Several processes may share the folder: a file appears whole under its name or not at all, and carries a checksum, so that
what a full disk, a crash or a bad block has spoilt is found when it is read, and rendered again.
"""

from __future__ import annotations

import asyncio
import secrets
import struct
import zlib
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ari_app.voice.pcm import pcm_of_wav, wav_bytes

SHARED: Final = "shared"
PERSONAL: Final = "personal"
_CHUNK: Final = b"crc "
_CHUNK_BYTES: Final = 12
_LEFT_OVER_S: Final = 3_600.0
"""A temporary file this old belongs to a process that was killed while it wrote."""


@dataclass(slots=True)
class StoreCounters:
    """What the store did."""

    from_memory: int = 0
    from_files: int = 0
    write_failures: int = 0
    damaged_files: int = 0
    evicted: int = 0


class SoundStore:
    """slin16 sounds by key. ``memory_bytes`` bounds what is kept in memory; the least recently used goes first.

    Personal sounds lie in a folder of their own and leave the memory with ``purge``.
    """

    def __init__(self, directory: Path, memory_bytes: int) -> None:
        self.counters = StoreCounters()
        self._directory = directory
        self._memory_bytes = memory_bytes
        self._memory: OrderedDict[str, bytes] = OrderedDict()
        self._personal: set[str] = set()
        self._size = 0

    @property
    def in_memory(self) -> int:
        """Bytes of sound in memory."""
        return self._size

    def path(self, key: str, *, personal: bool) -> Path:
        """Where the file of a sound lies."""
        return self._directory / (PERSONAL if personal else SHARED) / key[:2] / f"{key}.wav"

    def kept(self, key: str) -> bytes | None:
        """The sound if it is in memory."""
        pcm = self._memory.get(key)
        if pcm is not None:
            self._memory.move_to_end(key)
            self.counters.from_memory += 1
        return pcm

    async def load(self, key: str, *, personal: bool) -> bytes | None:
        """The sound from memory or a file; None where there is none that is whole.

        A personal text may have been rendered as one that is the same for everybody (a date), but not the other way round.
        """
        pcm = self.kept(key)
        if pcm is not None:
            return pcm
        found = await asyncio.to_thread(self._read, key, personal)
        self.counters.damaged_files += found.damaged
        if found.pcm is not None:
            self.counters.from_files += 1
            self.keep(key, found.pcm, personal=found.personal)
        return found.pcm

    async def save(self, key: str, pcm: bytes, *, personal: bool) -> None:
        """Keep a sound in memory and in a file. A file that cannot be written is counted; the sound is there anyway."""
        self.keep(key, pcm, personal=personal)
        try:
            await asyncio.to_thread(_write, self.path(key, personal=personal), pcm)
        except OSError:
            self.counters.write_failures += 1

    def keep(self, key: str, pcm: bytes, *, personal: bool = False) -> None:
        """Keep a sound in memory."""
        self._forget(key)
        self._memory[key] = pcm
        self._size += len(pcm)
        if personal:
            self._personal.add(key)
        while self._size > self._memory_bytes and len(self._memory) > 1:
            self._forget(next(iter(self._memory)))
            self.counters.evicted += 1

    async def purge(self, older_than_s: float, now: float, *, personal_only: bool) -> int:
        """Remove files last written ``older_than_s`` before ``now`` (Unix seconds); returns how many went.

        Personal sounds leave the memory, and what killed processes have left half-written goes as well.
        """
        for key in list(self._personal):
            self._forget(key)
        return await asyncio.to_thread(self._remove_old, now - older_than_s, now, personal_only)

    def _forget(self, key: str) -> None:
        self._size -= len(self._memory.pop(key, b""))
        self._personal.discard(key)

    def _read(self, key: str, personal: bool) -> _Found:
        damaged = 0
        for room in (True, False) if personal else (False,):
            try:
                data = self.path(key, personal=room).read_bytes()
            except OSError:
                continue
            pcm = _unsealed(data)
            if pcm is not None:
                return _Found(pcm, room, damaged)
            damaged += 1
        return _Found(None, personal, damaged)

    def _remove_old(self, before: float, now: float, personal_only: bool) -> int:
        removed = 0
        for room in (PERSONAL, SHARED):
            whole = room == PERSONAL or not personal_only
            for path in (self._directory / room).glob("*/*"):
                left_over = path.name.startswith(".")
                if not (whole or left_over):
                    continue
                try:
                    written = path.stat().st_mtime
                    if (whole and written < before) or (left_over and written < now - _LEFT_OVER_S):
                        path.unlink()
                        removed += not left_over
                except FileNotFoundError:
                    continue  # another process was faster
        return removed


@dataclass(frozen=True, slots=True)
class _Found:
    pcm: bytes | None
    personal: bool
    damaged: int


def _sealed(pcm: bytes) -> bytes:
    """A WAV file with a checksum in a chunk of its own, which players pass over."""
    wav = wav_bytes(pcm)
    riff_size = struct.pack("<I", len(wav) - 8 + _CHUNK_BYTES)
    return wav[:4] + riff_size + wav[8:] + _CHUNK + struct.pack("<II", 4, zlib.crc32(pcm))


def _unsealed(data: bytes) -> bytes | None:
    """The sound of such a file; None where it is not as it was written."""
    try:
        pcm = pcm_of_wav(data)
    except ValueError:
        return None
    return pcm if pcm and data == _sealed(pcm) else None


def _write(path: Path, pcm: bytes) -> None:
    """Under a temporary name first: a reader sees a whole file or none."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        temporary.write_bytes(_sealed(pcm))
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
