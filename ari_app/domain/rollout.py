"""Gradual roll-out of a version of a strategy: a small share, a pilot group, then everybody (requirement C22).

Each customer has a place between 0 and 100 that a hash of the strategy's name and his id gives him for good. The version
that is rolled out takes the places from 0 on, so whoever has it keeps it when its share grows.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

#: In the shares: customers whom no version calls for the time being.
HELD_BACK = "hold"


@dataclass(frozen=True, slots=True)
class Share:
    """``percent`` of the customers are treated by ``version`` (``HELD_BACK``: by none)."""

    version: str
    percent: float


@dataclass(frozen=True, slots=True)
class Rollout:
    """Who is treated by which version; without ``shares`` everybody by the file's own.

    ``regions`` are the pilot group: nobody else is called; empty: everybody. ``most_customers`` is how many different
    customers the file's own version may have dialled, such as the first 1000; None: any number.
    """

    shares: tuple[Share, ...] = ()
    regions: tuple[str, ...] = ()
    most_customers: int | None = None


EVERYBODY = Rollout()


def place_of(strategy: str, customer_id: str) -> float:
    """The place of a customer in the roll-outs of a strategy, 0 up to (not including) 100; always the same."""
    text = f"rollout\n{strategy}\n{customer_id}".encode("utf-8", "surrogatepass")
    bits = int.from_bytes(hashlib.sha256(text).digest()[:8], "big") >> 11
    return 100.0 * bits / 2**53


def version_for(strategy: str, own_version: str, rollout: Rollout, customer_id: str) -> str:
    """The version by which a customer is treated; ``HELD_BACK`` for none."""
    if not rollout.shares:
        return own_version
    place, end = place_of(strategy, customer_id), 0.0
    for share in rollout.shares:
        end += share.percent
        if place < end:
            return share.version
    return rollout.shares[-1].version  # what rounding leaves open


def shares_fault(shares: tuple[Share, ...], own_version: str) -> str:
    """What is wrong with the shares of a roll-out; '' when nothing is."""
    if not shares:
        return ""
    if shares[0].version != own_version:
        return f"the first share is that of {shares[0].version!r}, not of this version {own_version!r}"
    names = [share.version for share in shares]
    if len(set(names)) != len(names):
        return "a version stands there twice"
    total = sum(share.percent for share in shares)
    return "" if abs(total - 100.0) < 1e-6 else f"the shares add up to {total:g}, not to 100"
