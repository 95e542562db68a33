"""Which events an endpoint is told of: names, or patterns with ``*`` and ``?``."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from fnmatch import fnmatchcase
from typing import Final

#: What an event's name is written in, and the two wildcards. No brackets: their negation is written in two ways, and the
#: store's is not that of shells. Bounded: the store asks each pattern about every event, and one that is too long for it
#: would keep every event, and what it tells of, from being written.
_PATTERN: Final = re.compile(r"[a-z0-9_.*?-]{1,100}", re.ASCII)


def fitting_none(patterns: Iterable[str], events: Collection[str]) -> str | None:
    """The first pattern that no event can ever fit; None where each fits some."""
    for pattern in patterns:
        if not _PATTERN.fullmatch(pattern) or not any(fnmatchcase(event, pattern) for event in events):
            return pattern
    return None
