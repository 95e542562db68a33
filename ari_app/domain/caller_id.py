"""Which caller ID a call shows: one of the campaign's own, the same for the same customer where possible."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence


def choose_caller_id(pool: Sequence[str], customer_id: str, attempt_number: int) -> str:
    """A caller ID of the pool: spread evenly over customers, and the next one at each further attempt.

    Raises ValueError for an empty pool: a call never shows a number that the campaign does not own.
    """
    if not pool:
        raise ValueError("the caller-ID pool is empty")
    spread = int.from_bytes(hashlib.sha256(customer_id.encode()).digest()[:8], "big")
    return pool[(spread + attempt_number - 1) % len(pool)]
