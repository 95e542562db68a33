"""Which message templates strategies and flows name, and where."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ari_app.errors import InputError
from ari_app.yaml_lines import KeyPath, YamlDocument, read_yaml

#: Folders of the operators, and the key by which a file there names a template.
_KEYS = (("strategies", "template"), ("flows", "message"))


def named_templates(dialplan: Path) -> dict[str, list[str]]:
    """Names of templates, each with the places (``file:line``) that want it. Files that cannot be read are left out."""
    found: dict[str, list[str]] = {}
    for folder, key in _KEYS:
        for path in sorted((dialplan / folder).rglob("*.yaml")):
            if "tests" in path.relative_to(dialplan / folder).parts:
                continue
            try:
                document = read_yaml(path)
            except InputError:
                continue  # strategy check and flow check tell of those
            for name, where in _named(document, document.value, (), key):
                found.setdefault(name, []).append(where)
    return found


def _named(document: YamlDocument, value: object, path: KeyPath, key: str) -> Iterator[tuple[str, str]]:
    match value:
        case dict():
            for name, inner in value.items():
                if name == key and isinstance(inner, str):
                    yield inner, document.where((*path, name))
                else:
                    yield from _named(document, inner, (*path, name), key)
        case list():
            for position, inner in enumerate(value):
                yield from _named(document, inner, (*path, position), key)
