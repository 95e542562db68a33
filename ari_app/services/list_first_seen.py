"""Where each key of a list was seen first, in 48 to 96 bytes a key."""

from __future__ import annotations

import hashlib
from array import array
from collections.abc import Sequence

_FIRST_SLOTS = 1024
_KEY_BYTES = 16


class FirstSeen:
    """Open addressing over flat arrays; a key is a digest of 128 bits, so that two keys are never taken for one."""

    def __init__(self) -> None:
        self._count = 0
        self._make(_FIRST_SLOTS)

    def __len__(self) -> int:
        return self._count

    def row_of(self, key: Sequence[str], row: int) -> int:
        """The row (0 or more) in which this key came first: ``row`` itself when it is new."""
        digest = hashlib.blake2b("\0".join(key).encode(), digest_size=_KEY_BYTES).digest()
        high, low = int.from_bytes(digest[:8], "big"), int.from_bytes(digest[8:], "big")
        slot = self._slot(high, low)
        if self._rows[slot]:
            return self._rows[slot] - 1
        self._high[slot], self._low[slot], self._rows[slot] = high, low, row + 1
        self._count += 1
        if 2 * self._count > self._mask:
            self._grow()
        return row

    def _slot(self, high: int, low: int) -> int:
        """The slot of a key, or the free one in which it belongs."""
        slot = low & self._mask
        while self._rows[slot] and (self._low[slot] != low or self._high[slot] != high):
            slot = (slot + 1) & self._mask
        return slot

    def _make(self, slots: int) -> None:
        self._mask = slots - 1
        self._high, self._low = array("Q", bytes(8 * slots)), array("Q", bytes(8 * slots))
        self._rows = array("Q", bytes(8 * slots))

    def _grow(self) -> None:
        old = zip(self._high, self._low, self._rows, strict=True)
        self._make(2 * (self._mask + 1))
        for high, low, row in old:
            if row:
                slot = self._slot(high, low)
                self._high[slot], self._low[slot], self._rows[slot] = high, low, row
