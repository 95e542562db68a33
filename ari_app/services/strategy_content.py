"""What a version of a strategy says, in one canonical form: for its digest, which people sign, and for differences.

Comments, the order of keys and defaults that are written out change nothing of it. The roll-out is not part of it: how many
customers a signed version reaches may grow without new signatures, what it does with them may not change.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter

from ari_app.domain.strategy import Strategy

_STRATEGY = TypeAdapter(Strategy)


def content_of(strategy: Strategy) -> dict[str, Any]:
    """A strategy as plain values, without its roll-out; segments and steps by name."""
    found: dict[str, Any] = _STRATEGY.dump_python(strategy, mode="json")
    del found["rollout"]
    return found


def canonical(strategy: Strategy) -> str:
    """The content as one line of JSON with sorted keys."""
    return json.dumps(content_of(strategy), sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def digest_of(strategy: Strategy) -> str:
    """SHA-256 of the content, 64 hexadecimal digits."""
    return hashlib.sha256(canonical(strategy).encode("utf-8", "surrogatepass")).hexdigest()


@dataclass(frozen=True, slots=True)
class Difference:
    """What one version says otherwise than another; '' where one of them says nothing."""

    where: str
    old: str
    new: str


def differences(old: Strategy, new: Strategy) -> list[Difference]:
    """Everything that differs, in the order of the newer version; what is gone stands at the end."""
    before, after = (dict(_flat(content_of(each), "")) for each in (old, new))
    found = [
        Difference(key, before.get(key, ""), value)
        for key, value in after.items()
        if before.get(key) != value
    ]
    found += [Difference(key, value, "") for key, value in before.items() if key not in after]
    orders = [[segment.name for segment in each.segments] for each in (old, new)]
    if orders[0] != orders[1] and set(orders[0]) == set(orders[1]):
        found.append(Difference("order of segments", ", ".join(orders[0]), ", ".join(orders[1])))
    return found


def _flat(value: object, where: str) -> Iterator[tuple[str, str]]:
    """Every value with its place; what has a name is found by it, wherever it stands."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _flat(item, f"{where}.{key}".removeprefix("."))
    elif isinstance(value, list) and value and isinstance(value[0], Mapping) and "name" in value[0]:
        for item in value:
            rest = {key: each for key, each in item.items() if key != "name"}
            yield from _flat(rest, f"{where}[{item['name']}]")
    elif value not in (None, [], {}, ""):
        yield where, value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def strategy_of(content: str) -> Strategy:
    """The strategy of a canonical content, with the roll-out to everybody."""
    return _STRATEGY.validate_json(content)
