"""Reading ``dialplan/messages/NAME.yaml``: a template, every fault with file and line."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from ari_app.dialogue.source import MAPPING, Node, Reader
from ari_app.domain.messages.message import CHANNELS
from ari_app.domain.messages.template import (
    LANGUAGES,
    USUAL_PARTS,
    USUAL_VARIANT,
    VARIABLES,
    Template,
    Variant,
    Wording,
    faults_of,
    variables_in,
)
from ari_app.services.source_nodes import parse_nodes, read_nodes

KEYS: Final = (
    "template",
    "title",
    "discloses",
    "notice",
    "channels",
    "optional",
    "most_parts",
    "weight",
    "subject",
    "text",
    "variants",
)
VARIANT_KEYS: Final = ("weight", "subject", "text")
NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,39}", re.ASCII)
VARIANT: Final = re.compile(r"[B-Z]", re.ASCII)
MOST_LINES, LONGEST_LINE, LONGEST_SUBJECT = 40, 500, 100


def read_template(path: Path) -> Template:
    """The template of a file, whose name it bears; raises InputError with file and line of every fault."""
    return _template(read_nodes(path), str(path), path.stem)


def parse_template(text: str, file: str = "template.yaml") -> Template:
    """The template of a YAML text; ``file`` names it in errors, and the template."""
    return _template(parse_nodes(text, file), file, Path(file).stem)


def _template(root: Node, file: str, stem: str) -> Template:
    reader = Reader(file)
    top = reader.mapping(root, "", KEYS, ("template", "discloses", "text"))
    name = reader.string(top["template"], "template", longest=40) if "template" in top else ""
    if name and (name != stem or not NAME.fullmatch(name)):
        reader.fault(top["template"].line, "template", f"{name!r} stands in the file {Path(file).name}", stem)
    variants = [_variant(reader, USUAL_VARIANT, top, "")] if "text" in top else []
    if "variants" in top:
        for letter, node in reader.mapping(top["variants"], "variants").items():
            where = f"variants.{letter}"
            if not VARIANT.fullmatch(letter):
                reader.fault(node.line, where, f"{letter!r} is no name of a variant", "one letter from B on")
            variants.append(
                _variant(reader, letter, reader.mapping(node, where, VARIANT_KEYS, ("text",)), f"{where}.")
            )
    if variants and not any(each.weight for each in variants):
        reader.fault(root.line, "weight", "no variant has a weight above 0")
    template = Template(
        name=name or stem,
        variants=tuple(variants),
        title=reader.string(top["title"], "title", longest=100) if "title" in top else "",
        discloses=reader.flag(top["discloses"], "discloses") if "discloses" in top else True,
        notice=reader.flag(top["notice"], "notice") if "notice" in top else False,
        channels=reader.choices(top["channels"], "channels", "channel", CHANNELS)
        if "channels" in top
        else (),
        optional=frozenset(reader.choices(top["optional"], "optional", "variable", VARIABLES))
        if "optional" in top
        else frozenset(),
        most_parts=reader.integer(top["most_parts"], "most_parts", 1, 10)
        if "most_parts" in top
        else USUAL_PARTS,
    )
    if not reader.problems:
        line = top["text"].line if "text" in top else root.line
        for wrong in faults_of(template):
            reader.fault(line, "text", wrong)
        for unused in sorted(template.optional - template.variables):
            reader.fault(top["optional"].line, "optional", f"{unused} stands in no text")
    reader.finish()
    return template


def _variant(reader: Reader, name: str, entries: Mapping[str, Node], where: str) -> Variant:
    texts = entries.get("text")
    subjects = entries.get("subject")
    lines: dict[str, tuple[str, ...]] = {}
    titles: dict[str, str] = {}
    if texts is not None:
        for language, node in reader.mapping(texts, f"{where}text", LANGUAGES, LANGUAGES).items():
            lines[language] = _lines(reader, node, f"{where}text.{language}")
    if subjects is not None:
        for language, node in reader.mapping(subjects, f"{where}subject", LANGUAGES).items():
            at = f"{where}subject.{language}"
            titles[language] = reader.string(node, at, longest=LONGEST_SUBJECT)
            _known(reader, node, at, titles[language])
    weight = reader.integer(entries["weight"], f"{where}weight", 0, 1000) if "weight" in entries else 50
    words = {language: Wording(found, titles.get(language, "")) for language, found in lines.items() if found}
    return Variant(name, weight, words)


def _lines(reader: Reader, node: Node, where: str) -> tuple[str, ...]:
    items = reader.sequence(node, where)
    if len(items) > MOST_LINES:
        reader.fault(node.line, where, f"{len(items)} lines", f"at most {MOST_LINES}")
        return ()
    found = []
    for item in items:
        if item.kind == MAPPING:
            wrong = "a line is one text"
            reader.fault(item.line, where, wrong, "quotes around a line that has a colon or begins with {")
            continue
        text = reader.string(item, where, longest=LONGEST_LINE)
        _known(reader, item, where, text)
        found.append(text)
    return tuple(found)


def _known(reader: Reader, node: Node, where: str, text: str) -> None:
    for name in variables_in(text):
        if name not in VARIABLES:
            reader.fault(node.line, where, f"unknown variable {{{name[:40]}}}", ", ".join(VARIABLES))
    if text.count("{") != text.count("}") or len(variables_in(text)) != text.count("{"):
        reader.fault(node.line, where, "a brace stands alone", "{name} for a variable, and no other braces")
    if any(not sign.isprintable() for sign in text):
        reader.fault(node.line, where, "holds control characters", "one line of text for each item")
