"""A flow as a picture: Mermaid text, and an SVG of its own in which states stand in layers from the start downwards."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html import escape

from ari_app.dialogue.flow import Flow, State

_WIDTH, _HEIGHT, _GAP_X, _GAP_Y, _MARGIN = 190, 44, 26, 76, 24
_LABEL = 34
_COLOURS = {"ask": "#dbeafe", "end": "#dcfce7", "next": "#f3f4f6"}

_OPEN = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
    ' font-family="sans-serif" font-size="11">'
)
_TIP = (
    '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
    '<path d="M0 0L8 4L0 8z" fill="#6b7280"/></marker></defs><rect width="100%" height="100%" fill="white"/>'
)


@dataclass(frozen=True, slots=True)
class Arrow:
    """A way from one state to another; ``label`` says on what."""

    source: str
    target: str
    label: str
    fallback: bool = False


def arrows(flow: Flow) -> list[Arrow]:
    """Every way between two different states, those of the same two joined; without what asks the same again."""
    labels: dict[tuple[str, str, bool], list[str]] = {}
    for state in flow.states.values():
        for target, label, fallback in _ways(state):
            if target and target != state.name:
                found = labels.setdefault((state.name, target, fallback), [])
                if label and label not in found:
                    found.append(label)
    return [Arrow(source, target, ", ".join(found), back) for (source, target, back), found in labels.items()]


def mermaid(flow: Flow) -> str:
    """A Mermaid state diagram."""
    lines = ["stateDiagram-v2", f"    [*] --> {flow.start}"]
    lines += [
        f"    {arrow.source} --> {arrow.target}" + (f": {_short(arrow.label, 60)}" if arrow.label else "")
        for arrow in arrows(flow)
    ]
    lines += [f"    {state.name} --> [*]: {state.end.result}" for state in flow.states.values() if state.end]
    return "\n".join(lines) + "\n"


def svg(flow: Flow) -> str:
    """A complete SVG document; blue asks, grey goes on, green ends the call; a state of a part has a broken edge."""
    ways = arrows(flow)
    layers = _layers(flow, ways)
    places = _places(layers)
    width = max(x for x, _ in places.values()) + _WIDTH + _MARGIN
    height = max(y for _, y in places.values()) + _HEIGHT + _MARGIN
    parts = [
        _OPEN.format(width=width, height=height),
        f"<title>{escape(flow.name)} {escape(flow.version)}</title>",
        _TIP,
    ]
    parts += [_line(arrow, places) for arrow in ways]
    parts += [_box(state, places[state.name]) for state in flow.states.values() if state.name in places]
    return "\n".join([*parts, "</svg>"]) + "\n"


def _ways(state: State) -> Iterator[tuple[str, str, bool]]:
    for move in state.next:
        yield move.go, _conditions(move.when), False
    if state.ask is not None:
        for meaning, moves in state.ask.on.items():
            for move in moves:
                conditions = _conditions(move.when)
                yield move.go, f"{meaning} [{conditions}]" if conditions else meaning, False
        yield state.ask.no_input.then, "no input", True
        yield state.ask.no_match.then, "no match", True


def _conditions(when: tuple[object, ...]) -> str:
    return " & ".join(str(condition) for condition in when)


def _layers(flow: Flow, ways: list[Arrow]) -> list[list[str]]:
    """States by their distance from the start; within a layer near to where they come from (one barycentre sweep)."""
    following: dict[str, list[str]] = {}
    for arrow in ways:
        following.setdefault(arrow.source, []).append(arrow.target)
    depth = {flow.start: 0}
    queue = [flow.start]
    for name in queue:
        for target in following.get(name, []):
            if target not in depth:
                depth[target] = depth[name] + 1
                queue.append(target)
    lowest = max(depth.values())
    for name, state in flow.states.items():
        if state.end is not None and name in depth:
            depth[name] = max(depth[name], lowest)
    layers: list[list[str]] = [[] for _ in range(max(depth.values()) + 1)]
    for name in queue:
        layers[depth[name]].append(name)
    at: dict[str, float] = {name: float(place) for place, name in enumerate(layers[0])}
    for layer in layers[1:]:
        sources = {
            name: [at[way.source] for way in ways if way.target == name and way.source in at]
            for name in layer
        }
        layer.sort(key=lambda name: sum(sources[name]) / len(sources[name]) if sources[name] else 0.0)
        at |= {name: float(place) for place, name in enumerate(layer)}
    return [layer for layer in layers if layer]


def _places(layers: list[list[str]]) -> dict[str, tuple[int, int]]:
    """The upper left corner of each box."""
    widest = max(len(layer) for layer in layers)
    places: dict[str, tuple[int, int]] = {}
    for row, layer in enumerate(layers):
        indent = (widest - len(layer)) * (_WIDTH + _GAP_X) // 2
        for column, name in enumerate(layer):
            places[name] = (_MARGIN + indent + column * (_WIDTH + _GAP_X), _MARGIN + row * (_HEIGHT + _GAP_Y))
    return places


def _line(arrow: Arrow, places: Mapping[str, tuple[int, int]]) -> str:
    if arrow.source not in places or arrow.target not in places:
        return ""
    (x1, y1), (x2, y2) = places[arrow.source], places[arrow.target]
    down = y2 > y1
    begin = (x1 + _WIDTH // 2, y1 + (_HEIGHT if down else 0))
    end = (x2 + _WIDTH // 2, y2 + (0 if down else _HEIGHT))
    bend = _GAP_Y * 2 // 3 if down else -_GAP_Y * 2 // 3
    dash = ' stroke-dasharray="3 3"' if arrow.fallback else ""
    title = escape(f"{arrow.source} -> {arrow.target}: {arrow.label}")
    return (
        f'<path d="M{begin[0]} {begin[1]}C{begin[0]} {begin[1] + bend} {end[0]} {end[1] - bend} {end[0]} {end[1]}"'
        f' fill="none" stroke="#9ca3af"{dash} marker-end="url(#tip)"><title>{title}</title></path>'
    )


def _box(state: State, place: tuple[int, int]) -> str:
    x, y = place
    kind = "ask" if state.ask is not None else "end" if state.end is not None else "next"
    below = state.end.result if state.end is not None else state.ask.context if state.ask is not None else ""
    name, hint = escape(_short(state.name, _LABEL)), escape(_short(below, _LABEL))
    size = f'width="{_WIDTH}" height="{_HEIGHT}" rx="6"' + (' stroke-dasharray="6 3"' if state.part else "")
    tip = f"<title>{escape(state.part)}</title>" if state.part else ""
    middle = x + _WIDTH // 2
    return (
        f'<g><rect x="{x}" y="{y}" {size} fill="{_COLOURS[kind]}" stroke="#6b7280"/>{tip}'
        f'<text x="{middle}" y="{y + 18}" text-anchor="middle" font-weight="bold">{name}</text>'
        f'<text x="{middle}" y="{y + 34}" text-anchor="middle" fill="#4b5563">{hint}</text></g>'
    )


def _short(text: str, longest: int) -> str:
    return text if len(text) <= longest else text[: longest - 1] + "…"
