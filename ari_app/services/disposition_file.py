"""Reading ``dialplan/dispositions.yaml`` into the disposition table."""

from __future__ import annotations

from pathlib import Path

from ari_app.dialogue.source import Node, Reader
from ari_app.domain.disposition import DispositionKind, DispositionRow, DispositionTable, RetryRule
from ari_app.services.source_nodes import parse_nodes, read_nodes

_KIND_KEYS = ("retry", "min_delay_hours", "right_party", "meaning")
_FLAGS = ("invited", "answered", "progressed")
_WORDS = ("heard", "result", "reason")
_ROW_KEYS = ("disposition", *_FLAGS, "sip", "q850", *_WORDS)
_LONGEST_DELAY_HOURS = 24.0 * 90


def read_dispositions(path: Path) -> DispositionTable:
    """The table of a file; raises InputError with file and line of every fault."""
    return _table(read_nodes(path), str(path))


def parse_dispositions(text: str, file: str = "dispositions.yaml") -> DispositionTable:
    """The table of a YAML text; ``file`` names it in errors."""
    return _table(parse_nodes(text, file), file)


def known_dispositions(dialplan: Path) -> tuple[str, ...]:
    """Every disposition of an operators' folder; none where it has no table. Raises InputError as ``read_dispositions``."""
    path = dialplan / "dispositions.yaml"
    return tuple(kind.name for kind in read_dispositions(path).kinds) if path.exists() else ()


def _table(root: Node, file: str) -> DispositionTable:
    reader = Reader(file)
    top = reader.mapping(root, "", ("kinds", "rows"), ("kinds", "rows"))
    kinds = (
        tuple(_kind(reader, name, node) for name, node in reader.mapping(top["kinds"], "kinds").items())
        if "kinds" in top
        else ()
    )
    names = {kind.name for kind in kinds}
    rows: list[DispositionRow] = []
    used: set[str] = set()
    nodes = reader.sequence(top["rows"], "rows") if "rows" in top else ()
    for number, node in enumerate(nodes, 1):
        row = _row(reader, f"row {number}", node, names)
        used.add(row.disposition)
        rows.append(row)
        catch_all = row == DispositionRow(row.disposition)
        if catch_all and number < len(nodes):
            reader.fault(
                node.line,
                f"row {number}",
                "a row without a condition fits every call, so no row below it counts",
                "put it last",
            )
        if not catch_all and number == len(nodes):
            reader.fault(
                node.line,
                f"row {number}",
                "the last row has a condition, so a call could end without a disposition",
                "a last row that names a disposition only",
            )
    if "kinds" in top:
        for name in sorted(names - used):
            line = top["kinds"].key_lines.get(name, top["kinds"].line)
            reader.fault(line, name, "no row leads to this disposition", "a row for it, or remove it")
    reader.finish()
    return DispositionTable(kinds, tuple(rows))


def _kind(reader: Reader, name: str, node: Node) -> DispositionKind:
    entries = reader.mapping(node, name, _KIND_KEYS, ("retry", "meaning"))
    if not (name.isascii() and name.replace("_", "").isalnum() and name == name.lower() and len(name) <= 40):
        reader.fault(
            node.line, name[:40], "this is no name for a disposition", "lower-case letters, digits and _"
        )
    rule = (
        reader.choice(entries["retry"], name, "retry rule", (item.value for item in RetryRule))
        if "retry" in entries
        else ""
    )
    delay = 0.0
    if "min_delay_hours" in entries:
        delay = reader.number(
            entries["min_delay_hours"], f"{name}.min_delay_hours", 0.0, _LONGEST_DELAY_HOURS
        )
        if rule and rule not in (RetryRule.PLAN, RetryRule.AGAIN):
            reader.fault(
                entries["min_delay_hours"].line,
                name,
                f"a delay means nothing with retry: {rule}",
                "retry: plan or again",
            )
    return DispositionKind(
        name=name,
        retry=RetryRule(rule) if rule else RetryRule.DONE,
        min_delay_hours=delay,
        right_party=reader.flag(entries["right_party"], name) if "right_party" in entries else False,
        meaning=reader.string(entries["meaning"], name) if "meaning" in entries else "",
    )


def _row(reader: Reader, where: str, node: Node, names: set[str]) -> DispositionRow:
    entries = reader.mapping(node, where, _ROW_KEYS, ("disposition",))
    disposition = (
        reader.choice(entries["disposition"], where, "disposition", names) if "disposition" in entries else ""
    )
    flags = {key: reader.flag(entries[key], f"{where}.{key}") if key in entries else None for key in _FLAGS}
    words = {
        key: frozenset(
            reader.string(item, f"{where}.{key}", longest=60) for item in reader.sequence(entries[key], where)
        )
        if key in entries
        else frozenset[str]()
        for key in _WORDS
    }
    return DispositionRow(
        disposition=disposition,
        invited=flags["invited"],
        answered=flags["answered"],
        progressed=flags["progressed"],
        sip_status=_codes(reader, entries.get("sip"), f"{where}.sip", 300, 699),
        q850_cause=_codes(reader, entries.get("q850"), f"{where}.q850", 1, 127),
        heard=words["heard"],
        result=words["result"],
        reason=words["reason"],
    )


def _codes(reader: Reader, node: Node | None, where: str, least: int, most: int) -> frozenset[int]:
    if node is None:
        return frozenset()
    return frozenset(reader.integer(item, where, least, most) for item in reader.sequence(node, where))
