"""YAML 1.2 with line numbers: what people write by hand is answered with file, line, and what is allowed.

A file is read into plain values (dict, list, str, int, float, bool, None) beside a table of lines. Read
strictly: one document, unique keys that are text, no tags of anybody's own. ``20:30``, ``no`` and
``2026-03-01`` are text; a number with a leading zero is refused, because a telephone number without quotes
would lose it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from ari_app.errors import InputError, Problem

KeyPath = tuple[str | int, ...]
"""Where a value stands: keys of mappings and positions in lists, from 0."""

MAX_BYTES = 1_000_000
_MAX_NODES = 100_000
_MAX_DEPTH = 40
_TAG = "tag:yaml.org,2002:"
_LEADING_ZERO = re.compile(r"[-+]?0[0-9_]+")
_BOOLEANS = {"true": True, "false": False}


@dataclass(frozen=True, slots=True)
class YamlDocument:
    """A YAML file as plain values; ``lines`` maps the path of each key and list item to its line (from 1)."""

    source: str
    value: object
    lines: dict[KeyPath, int] = field(repr=False)

    def line(self, path: Iterable[str | int]) -> int:
        """The line of a path, or of its nearest ancestor that stands in the file."""
        wanted = tuple(path)
        while wanted and wanted not in self.lines:
            wanted = wanted[:-1]
        return self.lines.get(wanted, 1)

    def where(self, path: Iterable[str | int] = ()) -> str:
        """``file:line`` of a path, for the ``where`` of a Problem."""
        return f"{self.source}:{self.line(path)}"


def dotted(path: Iterable[str | int]) -> str:
    """A path as people write it: ``trunks[0].name``."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def read_yaml(path: Path) -> YamlDocument:
    """Read a YAML file (UTF-8, at most 1 MB).

    Raises InputError with the line of the fault; nothing is returned from a file with a fault.
    """
    return load_yaml(read_yaml_text(path), str(path))


def read_yaml_text(path: Path) -> str:
    """The text of a YAML file (UTF-8, at most 1 MB); raises InputError where it is none."""
    try:
        with path.open("rb") as stream:
            raw = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise InputError([Problem(str(path), "", f"cannot be read: {error.strerror or error}")]) from error
    if len(raw) > MAX_BYTES:
        raise InputError([Problem(str(path), "", "the file is too long", f"at most {MAX_BYTES} bytes")])
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise InputError([Problem(f"{path}:{line}", "", "not UTF-8", "a text file in UTF-8")]) from error


def load_yaml(text: str, source: str) -> YamlDocument:
    """Read YAML text; ``source`` names it in errors. An empty text is the value None. Raises InputError."""
    yaml = YAML(typ="safe", pure=True)
    yaml.allow_duplicate_keys = True  # found below, all of them, with both lines
    try:
        root = yaml.compose(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark is not None else 1
        what = " ".join(part for part in (error.context, error.problem) if part) or "not YAML"
        raise InputError([Problem(f"{source}:{line}", "", f"not YAML: {what}")]) from error
    except RecursionError as error:
        raise InputError([Problem(f"{source}:1", "", "nested too deeply", f"{_MAX_DEPTH} levels")]) from error
    except (YAMLError, ValueError) as error:
        what = str(error).splitlines()[0] if str(error) else "not YAML"
        raise InputError([Problem(f"{source}:1", "", f"not YAML: {what}")]) from error
    reader = _Reader(source)
    value = None if root is None else reader.read(root, ())
    if reader.problems:
        raise InputError(reader.problems)
    return YamlDocument(source, value, reader.lines)


class _Reader:
    """Turns the node tree into plain values and collects every fault."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.lines: dict[KeyPath, int] = {}
        self.problems: list[Problem] = []
        self._nodes = 0

    def _fault(self, node: Node, path: KeyPath, wrong: str, allowed: str = "") -> None:
        self.problems.append(
            Problem(f"{self.source}:{node.start_mark.line + 1}", dotted(path), wrong, allowed)
        )

    def read(self, node: Node, path: KeyPath) -> object:
        self._nodes += 1
        # An alias is the same node again: without a limit, aliases to aliases fill the memory.
        if self._nodes > _MAX_NODES or len(path) > _MAX_DEPTH:
            what = "nested too deeply" if len(path) > _MAX_DEPTH else "too many values, aliases counted"
            raise InputError([Problem(f"{self.source}:{node.start_mark.line + 1}", dotted(path[:3]), what)])
        self.lines.setdefault(path, node.start_mark.line + 1)
        if isinstance(node, MappingNode):
            return self._mapping(node, path)
        if isinstance(node, SequenceNode):
            if node.tag != f"{_TAG}seq":
                self._fault(node, path, f"the tag {node.tag} is not known", "plain lists")
            return [self.read(item, (*path, index)) for index, item in enumerate(node.value)]
        assert isinstance(node, ScalarNode)
        return self._scalar(node, path)

    def _mapping(self, node: MappingNode, path: KeyPath) -> dict[str, object]:
        if node.tag != f"{_TAG}map":
            self._fault(node, path, f"the tag {node.tag} is not known", "plain mappings")
        found: dict[str, object] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, ScalarNode):
                self._fault(key_node, path, "a key is one word or text, not a list or mapping")
                continue
            key = str(key_node.value)
            here = (*path, key)
            if key_node.tag == f"{_TAG}merge":
                self._fault(key_node, here, "merge keys are not supported", "write the keys out")
            elif key in found:
                self._fault(
                    key_node, here, f"written twice, first in line {self.lines[here]}", "each key once"
                )
            else:
                self.lines[here] = key_node.start_mark.line + 1
                found[key] = self.read(value_node, here)
        return found

    def _scalar(self, node: ScalarNode, path: KeyPath) -> object:
        text, tag = str(node.value), str(node.tag).removeprefix(_TAG)
        match tag:
            case "str" | "timestamp":
                return text
            case "null":
                return None
            case "bool" if text.lower() in _BOOLEANS:
                return _BOOLEANS[text.lower()]
            case "int":
                return self._integer(node, text, path)
            case "float":
                try:
                    return float(text.replace("_", "").replace(".inf", "inf").replace(".nan", "nan"))
                except ValueError:
                    self._fault(node, path, f"{text[:40]!r} is not a number")
            case _:
                self._fault(node, path, f"the tag {node.tag} is not known", "plain values")
        return None

    def _integer(self, node: ScalarNode, text: str, path: KeyPath) -> int | None:
        if _LEADING_ZERO.fullmatch(text):
            shown = text[:40]
            self._fault(node, path, f"{shown} would lose its leading zero", f'text in quotes: "{shown}"')
            return None
        if len(text) > 40:
            self._fault(node, path, "a number with more than 40 digits", "text in quotes")
            return None
        try:
            return int(text.replace("_", ""), 0)
        except ValueError:
            self._fault(node, path, f"{text!r} is not a number")
            return None
