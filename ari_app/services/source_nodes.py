"""YAML documents as the trees that pure rules read."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from ari_app.dialogue.source import MAPPING, SEQUENCE, Line, Node
from ari_app.yaml_lines import KeyPath, YamlDocument, load_yaml, read_yaml_text


def read_nodes(path: Path) -> Node:
    """The tree of a YAML file; raises InputError with the line of the fault."""
    return parse_nodes(read_yaml_text(path), str(path))


@lru_cache(maxsize=32)
def parse_nodes(text: str, file: str) -> Node:
    """The tree of a YAML text; ``file`` names it in errors. Trees never change, so a part of many flows is parsed once."""
    return nodes_of(load_yaml(text, file))


def nodes_of(document: YamlDocument) -> Node:
    """The tree of a document."""
    return _node(document, document.value, ())


def _node(document: YamlDocument, value: object, path: KeyPath) -> Node:
    line = Line(document.line(path), document.source)
    match value:
        case dict():
            entries = {str(key): _node(document, item, (*path, str(key))) for key, item in value.items()}
            key_lines = {key: Line(document.line((*path, key)), document.source) for key in entries}
            return Node(MAPPING, line, entries=entries, key_lines=key_lines)
        case list():
            return Node(
                SEQUENCE, line, items=tuple(_node(document, item, (*path, n)) for n, item in enumerate(value))
            )
        case bool():
            return Node("bool", line, text="true" if value else "false")
        case int():
            return Node("int", line, text=str(value))
        case float():
            return Node("float", line, text=repr(value))
        case None:
            return Node("null", line)
        case _:
            return Node("text", line, text=str(value))
