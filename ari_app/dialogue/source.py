"""A configuration text as a tree that remembers its lines, and a reader that collects every problem found.

Pure: whoever parses the text (YAML, JSON) builds ``Node`` trees; rules read them through ``Reader``, so that
each fault is told with file, line, what is wrong and what is allowed, all faults at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from ari_app.errors import InputError, Problem

MAPPING, SEQUENCE = "mapping", "list"

#: Kinds as they are told in an error.
_KINDS = {
    MAPPING: "a mapping",
    SEQUENCE: "a list",
    "text": "a text",
    "int": "a number",
    "float": "a number",
    "bool": "true or false",
    "null": "empty",
}

_TRUE, _FALSE = frozenset({"true", "True", "TRUE"}), frozenset({"false", "False", "FALSE"})


class Line(int):
    """The number of a line, from 1, which remembers the file that it stands in ('': that of the reader)."""

    file: str

    def __new__(cls, number: int, file: str = "") -> Line:
        line = super().__new__(cls, number)
        line.file = file
        return line


def file_of(line: int, otherwise: str) -> str:
    """The file that a line stands in; ``otherwise`` where it does not say."""
    return (line.file if isinstance(line, Line) else "") or otherwise


@dataclass(frozen=True, slots=True)
class Node:
    """One value of the text. ``line`` counts from 1, and may be a ``Line``.

    ``kind`` is ``mapping``, ``list``, ``text``, ``int``, ``float``, ``bool`` or ``null``; a scalar's
    value stands in ``text``. ``entries`` are the pairs of a mapping in their order, ``key_lines`` where their keys
    stand.
    """

    kind: str
    line: int
    text: str = ""
    items: tuple[Node, ...] = ()
    entries: Mapping[str, Node] = field(default_factory=dict)
    key_lines: Mapping[str, int] = field(default_factory=dict)


class Reader:
    """Typed access to ``Node`` values; a fault becomes a Problem, and a stand-in value lets reading go on.

    ``file`` names the text in faults, save for a ``Line`` that stands in another one.
    """

    def __init__(self, file: str) -> None:
        self.file = file
        self.problems: list[Problem] = []

    def fault(self, line: int, where: str, wrong: str, allowed: str = "") -> None:
        """Note a fault."""
        self.problems.append(Problem(f"{file_of(line, self.file)}:{line}", where, wrong, allowed))

    def finish(self) -> None:
        """Raise InputError with every fault noted so far, sorted by file and line; return when there is none."""
        if self.problems:
            raise InputError(sorted(dict.fromkeys(self.problems), key=self._place))

    def _place(self, problem: Problem) -> tuple[bool, str, int]:
        """Where a fault stands; those of the reader's own file come first."""
        file, line = problem.where.rsplit(":", 1)
        return file != self.file, file, int(line)

    def mapping(
        self, node: Node, where: str, allowed: Iterable[str] | None = None, required: Sequence[str] = ()
    ) -> Mapping[str, Node]:
        """The entries of a mapping; unknown and missing keys are faults. ``allowed`` None takes any key."""
        if node.kind != MAPPING:
            self.fault(node.line, where, f"this is {_KINDS[node.kind]}, not a mapping", "key: value pairs")
            return {}
        if allowed is not None:
            known = tuple(allowed)
            for key in node.entries:
                if key not in known:
                    self.fault(
                        node.key_lines.get(key, node.line),
                        where,
                        f"unknown key {_short(key)}",
                        ", ".join(known),
                    )
        for key in required:
            if key not in node.entries:
                self.fault(node.line, where, f"the key {key!r} is missing")
        return node.entries

    def sequence(self, node: Node, where: str) -> tuple[Node, ...]:
        """The items of a list; a single value counts as a list of one."""
        if node.kind == SEQUENCE:
            return node.items
        if node.kind == "null":
            self.fault(node.line, where, "this is empty", "a value or a list of values")
            return ()
        return (node,)

    def string(self, node: Node, where: str, *, longest: int = 500) -> str:
        """A non-empty text of at most ``longest`` characters."""
        if node.kind != "text" or not node.text.strip():
            found = (
                "this is empty"
                if node.kind in ("null", "text")
                else f"{_short(node.text)} is {_KINDS[node.kind]}"
            )
            self.fault(
                node.line, where, f"{found}, not a text", "a text, in quotes where it looks like a number"
            )
            return ""
        if len(node.text) > longest:
            self.fault(node.line, where, f"this text has {len(node.text)} characters", f"at most {longest}")
            return ""
        return node.text.strip()

    def choice(self, node: Node, where: str, what: str, allowed: Iterable[str]) -> str:
        """One of the allowed words; '' after a fault."""
        text = self.string(node, where)
        known = sorted(allowed)
        if text and text not in known:
            self.fault(node.line, where, f"unknown {what} {_short(text)}", ", ".join(known))
            return ""
        return text

    def choices(self, node: Node, where: str, what: str, allowed: Iterable[str]) -> tuple[str, ...]:
        """A list of allowed words."""
        known = frozenset(allowed)
        return tuple(
            word for item in self.sequence(node, where) if (word := self.choice(item, where, what, known))
        )

    def integer(self, node: Node, where: str, least: int, most: int) -> int:
        """A whole number within bounds; ``least`` after a fault."""
        if node.kind == "int" and len(node.text) <= 10:
            try:
                number = int(node.text)
            except ValueError:
                number = least - 1
            if least <= number <= most:
                return number
        self.fault(
            node.line,
            where,
            f"{_short(node.text) or node.kind} does not fit",
            f"a whole number {least} to {most}",
        )
        return least

    def number(self, node: Node, where: str, least: float, most: float) -> float:
        """A number within bounds; ``least`` after a fault."""
        if node.kind in ("int", "float") and len(node.text) <= 20:
            try:
                number = float(node.text)
            except ValueError:
                number = least - 1
            if least <= number <= most:
                return number
        self.fault(
            node.line,
            where,
            f"{_short(node.text) or node.kind} does not fit",
            f"a number {least:g} to {most:g}",
        )
        return least

    def flag(self, node: Node, where: str) -> bool:
        """true or false."""
        if node.kind == "bool" and node.text in _TRUE | _FALSE:
            return node.text in _TRUE
        self.fault(node.line, where, f"{_short(node.text) or node.kind} does not fit", "true or false")
        return False


def _short(text: str) -> str:
    """An excerpt fit for an error message."""
    if not text:
        return ""
    return repr(text if len(text) <= 40 else text[:37] + "...")
