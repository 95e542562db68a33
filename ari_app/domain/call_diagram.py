"""The call machine as a picture and a table, made from the table that runs."""

from __future__ import annotations

from ari_app.domain.call_machine import TABLE, EventKind, State

HEADER = """\
# The call machine

Made from `ari_app/domain/call_machine.py` by `ari-app docs call-machine`; a test compares the two. Every pair of state and
event that is not listed is an event that came too late or twice: it is counted and changes nothing.
"""


def mermaid() -> str:
    """A Mermaid state diagram; transitions between the same two states share an arrow."""
    arrows: dict[tuple[State, State], list[EventKind]] = {}
    for (state, event), row in TABLE.items():
        arrows.setdefault((state, row.next), []).append(event)
    lines = ["stateDiagram-v2", f"    [*] --> {State.RESERVED.value}"]
    for (before, after), events in arrows.items():
        label = ", ".join(event.value for event in events)
        lines.append(f"    {before.value} --> {after.value}: {label}")
    lines.append(f"    {State.CLOSED.value} --> [*]")
    return "\n".join(lines)


def markdown() -> str:
    """The page ``docs/call-machine.md``."""
    rows = [
        f"| {state.value} | {event.value} | {row.next.value} | {', '.join(c.value for c in row.commands) or '-'} |"
        for (state, event), row in TABLE.items()
    ]
    table = "\n".join(["| state | event | next | commands |", "|---|---|---|---|", *rows])
    return f"{HEADER}\n```mermaid\n{mermaid()}\n```\n\n{table}\n"
