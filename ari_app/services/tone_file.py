"""Reading ``dialplan/tones.yaml``: the tones of each country."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from ari_app.dialogue.source import MAPPING, SEQUENCE, Node, Reader
from ari_app.services.source_nodes import parse_nodes, read_nodes
from ari_app.voice.tone_plan import DEFAULT, SIGNALS, Pattern, Sound, TonePlan, TonePlans

_LOWEST_HZ: Final = 300
_HIGHEST_HZ: Final = 3_400
_LONGEST_S: Final = 10.0
_SHORTEST_S: Final = 0.04
_MOST_SEGMENTS: Final = 8
_MOST_FREQUENCIES: Final = 4


def read_tones(path: Path) -> TonePlans:
    """The plans of a file; raises InputError with file and line of every fault."""
    return _plans(read_nodes(path), str(path))


def parse_tones(text: str, file: str = "tones.yaml") -> TonePlans:
    """The plans of a YAML text; ``file`` names it in errors."""
    return _plans(parse_nodes(text, file), file)


def _plans(root: Node, file: str) -> TonePlans:
    reader = Reader(file)
    top = reader.mapping(root, "", ("countries",), ("countries",))
    plans: dict[str, TonePlan] = {}
    if "countries" in top:
        countries = top["countries"]
        for name, node in reader.mapping(countries, "countries", None, (DEFAULT,)).items():
            if name != DEFAULT and not (
                len(name) == 2 and name.isascii() and name.isalpha() and name.isupper()
            ):
                reader.fault(
                    countries.key_lines.get(name, node.line),
                    name[:40],
                    "this is no country",
                    f"two capital letters of ISO 3166-1, such as CN, or {DEFAULT}",
                )
            plans[name] = TonePlan(_patterns(reader, name, node))
    reader.finish()
    return TonePlans(plans)


def _patterns(reader: Reader, country: str, node: Node) -> tuple[Pattern, ...]:
    found: list[Pattern] = []
    for signal, given in reader.mapping(node, country, SIGNALS).items():
        if signal in SIGNALS:
            for number, item in enumerate(given.items if given.kind == SEQUENCE else (given,), 1):
                where = f"{country}.{signal}" + (f" {number}" if given.kind == SEQUENCE else "")
                found.append(_pattern(reader, where, signal, item))
    if not found:
        reader.fault(node.line, country, "this country has no tone", "at least ringback or busy")
    return tuple(found)


def _pattern(reader: Reader, where: str, signal: str, node: Node) -> Pattern:
    entries = reader.mapping(node, where, ("hz", "cadence"), ("hz", "cadence"))
    sound = _sound(reader, f"{where}.hz", entries["hz"]) if "hz" in entries else Sound()
    cadence = _cadence(reader, f"{where}.cadence", entries["cadence"]) if "cadence" in entries else ()
    return Pattern(signal, sound, cadence)


def _sound(reader: Reader, where: str, node: Node) -> Sound:
    if node.kind == MAPPING:
        ends = reader.mapping(node, where, ("from", "to"), ("from", "to"))
        if len(ends) < 2:
            return Sound()
        low, high = (_hz(reader, where, ends[key]) for key in ("from", "to"))
        if low >= high:
            reader.fault(
                node.line, where, f"from {low:g} to {high:g} is no band", "the lower frequency first"
            )
        return Sound(band=(low, high))
    items = reader.sequence(node, where)
    if not 0 < len(items) <= _MOST_FREQUENCIES:
        reader.fault(node.line, where, f"{len(items)} frequencies", f"1 to {_MOST_FREQUENCIES}")
    return Sound(tuple(_hz(reader, where, item) for item in items))


def _hz(reader: Reader, where: str, node: Node) -> float:
    return reader.number(node, where, _LOWEST_HZ, _HIGHEST_HZ)


def _cadence(reader: Reader, where: str, node: Node) -> tuple[float, ...]:
    if node.kind != SEQUENCE:
        reader.fault(
            node.line, where, "this is no list", "[seconds on, seconds off, ...], or [] for a steady tone"
        )
        return ()
    if len(node.items) % 2 or len(node.items) > _MOST_SEGMENTS:
        reader.fault(
            node.line,
            where,
            f"{len(node.items)} times",
            f"pairs of on and off, at most {_MOST_SEGMENTS} times",
        )
    return tuple(reader.number(item, where, _SHORTEST_S, _LONGEST_S) for item in node.items)
