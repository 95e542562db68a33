"""Strict reading of one YAML mapping: each key once, of the right kind, nothing unknown, every fault with its line."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable

from ari_app.errors import Problem
from ari_app.yaml_lines import KeyPath, YamlDocument, dotted

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


class Fields:
    """A mapping at ``path`` of a document; problems are collected in ``problems`` and never raised here."""

    def __init__(
        self,
        document: YamlDocument,
        path: KeyPath,
        value: object,
        problems: list[Problem],
        what: str = "a mapping",
    ) -> None:
        self.document = document
        self.path = path
        self.problems = problems
        self._values: dict[str, object] = {}
        self._read: set[str] = set()
        if isinstance(value, dict):
            self._values = value
        else:
            self.fault("", f"this is {_kind(value)}", what)
        self._broken = not isinstance(value, dict)

    def fault(self, key: str | int, wrong: str, allowed: str = "") -> None:
        """Note a problem with one key (or with the mapping itself for an empty one)."""
        path = self.path if key == "" else (*self.path, key)
        self.problems.append(Problem(self.document.where(path), dotted(path), wrong, allowed))

    def __contains__(self, key: str) -> bool:
        return key in self._values

    def keys(self) -> list[str]:
        return list(self._values)

    def take(self, key: str) -> object:
        """The value as it stands (None when it is not there); the key counts as known."""
        self._read.add(key)
        return self._values.get(key)

    def number(self, key: str, default: float, low: float, high: float) -> float:
        """A number within limits."""
        value = self.take(key)
        if key not in self._values:
            return default
        right = isinstance(value, int | float) and not isinstance(value, bool)
        if right and isinstance(value, int | float) and math.isfinite(value) and low <= value <= high:
            return float(value)
        self.fault(key, f"this is {_kind(value)}", f"a number from {low:g} to {high:g}")
        return default

    def optional_number(self, key: str, low: float, high: float) -> float | None:
        """A number within limits, or None when the key is not there."""
        return self.number(key, low, low, high) if key in self._values else None

    def flag(self, key: str, default: bool) -> bool:
        """``true`` or ``false``."""
        value = self.take(key)
        if key not in self._values:
            return default
        if isinstance(value, bool):
            return value
        self.fault(key, f"this is {_kind(value)}", "true or false")
        return default

    def text(
        self,
        key: str,
        default: str = "",
        *,
        required: bool = False,
        one_of: Iterable[str] = (),
        pattern: str = "",
        means: str = "",
        longest: int = 500,
    ) -> str:
        """A text: one of some words, or matching a pattern that ``means`` explains; no control characters."""
        value = self.take(key)
        if key not in self._values:
            if required and not self._broken:
                self.fault("", f"the key {key} is missing", means or "one line of text")
            return default
        allowed = ", ".join(one_of) or means or f"one line of text, at most {longest} characters"
        if not isinstance(value, str):
            self.fault(key, f"this is {_kind(value)}", allowed)
            return default
        wrong = (
            not value.strip()
            or len(value) > longest
            or _CONTROL.search(value) is not None
            or (bool(one_of) and value not in one_of)
            or (bool(pattern) and re.fullmatch(pattern, value) is None)
        )
        if wrong:
            self.fault(key, f"{value[:60]!r} cannot be used", allowed)
            return default
        return value

    def nested(self, key: str, what: str) -> Fields:
        """The mapping under a key; empty where the key is not there."""
        value = self.take(key)
        return Fields(
            self.document, (*self.path, key), {} if key not in self._values else value, self.problems, what
        )

    def items(self, key: str, what: str, most: int = 200) -> list[tuple[KeyPath, object]]:
        """The list under a key with the path of each item; empty where the key is not there."""
        value = self.take(key)
        if key not in self._values:
            return []
        if not isinstance(value, list) or len(value) > most:
            self.fault(key, f"this is {_kind(value)}", f"a list of at most {most} {what}")
            return []
        return [((*self.path, key, index), item) for index, item in enumerate(value)]

    def finish(self, allowed: Iterable[str] = ()) -> None:
        """Note every key that nobody asked for."""
        known = self._read | set(allowed)
        for key in self._values:
            if key not in known:
                self.fault(key, "unknown key", ", ".join(sorted(known)))


def _kind(value: object) -> str:
    match value:
        case None:
            return "empty"
        case dict():
            return "a mapping"
        case list():
            return f"a list of {len(value)}"
        case bool():
            return "true" if value else "false"
        case str():
            return f"the text {value[:60]!r}"
        case _:
            return f"{value}"[:60]
