"""Reading this repository's own texts: Markdown, the command tree, the settings tree."""

from __future__ import annotations

import re
import types
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Union, get_args, get_origin

from pydantic import BaseModel

ROOT = Path(__file__).parents[2]

#: Folders that tools and the running product write; nothing in them is committed.
NOT_OURS = frozenset(
    {
        *(
            ".git",
            ".venv",
            ".cache",
            ".mypy_cache",
            ".ruff_cache",
            ".pytest_cache",
            ".hypothesis",
            "__pycache__",
        ),
        *(".import_linter_cache", "build", "dist", "var", "run", "out", "recordings", "node_modules"),
    }
)
TEXT_SUFFIXES = frozenset(
    {
        *(".py", ".md", ".toml", ".yaml", ".yml", ".sql", ".json", ".conf", ".sh", ".cfg", ".txt", ".csv"),
        *(".html", ".css", ".js", ".in", ".tmpl", ".j2", ".jsonl", ""),
    }
)

_LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^()\s]+)(?:\s+\"[^\"]*\")?\)|!\[[^\]]*\]\(([^()\s]+)\)")
_HEADING = re.compile(r"^#{1,6}\s+(.*?)\s*#*\s*$", re.MULTILINE)
_FENCE = re.compile(r"^(```|~~~).*?^\1\s*$", re.MULTILINE | re.DOTALL)


def texts(root: Path = ROOT) -> Iterator[Path]:
    """Every text file of the tree that could be committed."""
    for path in sorted(root.iterdir()):
        if path.name in NOT_OURS or path.name.endswith(".egg-info") or path.is_symlink():
            continue
        if path.is_dir():
            yield from texts(path)
        elif path.suffix in TEXT_SUFFIXES:
            yield path


def markdown_files() -> list[Path]:
    """README, CONTRIBUTING, CHANGELOG and everything under docs/."""
    return [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]


def table_keys(page: str) -> list[list[str]]:
    """Of each row of the tables of a page, what stands in its first column between backquotes."""
    rows = re.findall(r"^\| (.*?) \|", re.sub(r"^```.*?^```$", "", page, flags=re.M | re.S), re.M)
    return [re.findall(r"`[^`]+`", cell) for cell in rows]


def anchor(heading: str) -> str:
    """The fragment under which hosting sites show a heading."""
    bare = re.sub(r"[`*]|\[([^\]]*)\]\([^)]*\)", r"\1", heading).casefold()
    return re.sub(r"[^\w\- ]", "", bare).replace(" ", "-")


def broken_links(page: Path, text: str) -> list[str]:
    """Relative links of a page that lead nowhere, to a missing file or a missing heading."""
    faults = []
    for hit in _LINK.finditer(_FENCE.sub("", text)):
        target = hit[1] or hit[2]
        if re.match(r"[a-z][a-z0-9+.-]*:", target):
            continue
        file, _, fragment = target.partition("#")
        there = (page.parent / file).resolve() if file else page
        if not there.exists():
            faults.append(f"{page.name}: {target}: no such file")
        elif fragment and there.suffix == ".md":
            content = text if there == page else there.read_text(encoding="utf-8")
            if fragment not in {anchor(head) for head in _HEADING.findall(_FENCE.sub("", content))}:
                faults.append(f"{page.name}: {target}: no such heading")
    return faults


def commands(group: Any, path: tuple[str, ...]) -> Iterator[tuple[str, list[str]]]:
    """``("ari-app campaign create", ["--window", ...])`` for each command that is not hidden."""
    children: Mapping[str, Any] | None = getattr(group, "commands", None)
    if children is None:
        options = [
            max(parameter.opts, key=len)
            for parameter in group.params
            if parameter.param_type_name == "option"
            and not parameter.hidden
            and "--help" not in parameter.opts
        ]
        yield " ".join(path), options
        return
    for name, child in children.items():
        if not child.hidden:
            yield from commands(child, (*path, name))


def _models_in(annotation: object) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    elif get_origin(annotation) in (Union, types.UnionType, list, tuple, dict):
        for part in get_args(annotation):
            yield from _models_in(part)


def setting_names(model: type[BaseModel], prefix: str = "") -> Iterator[str]:
    """Dotted names of all settings, sections entered: ``ari.url``."""
    for name, field in model.model_fields.items():
        written = field.alias or name
        sections = list(_models_in(field.annotation))
        if not sections:
            yield f"{prefix}{written}"
        for section in sections:
            yield from setting_names(section, f"{prefix}{written}.")
