"""Files of utterances, one JSON object a line: to be understood, or labelled to be scored.

Every line is hostile text: lengths are bounded, and each faulty line is told with file and line.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TextIO

from ari_app.dialogue.understanding import CONTEXTS, INTENTS
from ari_app.dialogue.understanding_score import Labelled
from ari_app.dialogue.understanding_slots import SLOTS, SlotValue
from ari_app.errors import InputError, Problem

#: The question that is taken where a line names none.
DEFAULT_CONTEXT = "inform"
#: Longest line, in characters; a longer one is a fault.
MAX_LINE = 20_000
_MAX_ID = 200
_MAX_FAULTS = 50


@dataclass(frozen=True, slots=True)
class Utterance:
    """One line: its id, the transcript, the question that had been asked."""

    id: str
    text: str
    context: str


def read_utterances(stream: TextIO, file: str) -> list[Utterance]:
    """The utterances of a file; raises InputError with every faulty line. Other keys of a line are ignored."""
    faults: list[Problem] = []
    found = [
        Utterance(_id(entry), _text(entry), context)
        for where, entry in _objects(stream, file, faults)
        if _common(where, entry, faults) and (context := _context(where, entry, faults))
    ]
    _raise(faults)
    return found


def read_labelled(stream: TextIO, file: str) -> list[Labelled]:
    """The labelled utterances of a file; raises InputError with every faulty line."""
    faults: list[Problem] = []
    found: list[Labelled] = []
    for where, entry in _objects(stream, file, faults):
        if not _common(where, entry, faults) or not (context := _context(where, entry, faults)):
            continue
        intent, also = entry.get("intent"), entry.get("also", [])
        slots = entry.get("slots", {})
        if intent not in INTENTS:
            faults.append(
                Problem(where, "intent", f"{str(intent)[:40]!r} is no intent", ", ".join(sorted(INTENTS)))
            )
        elif not isinstance(also, list) or not set(map(str, also)) <= INTENTS:
            faults.append(Problem(where, "also", "this is no list of intents", ", ".join(sorted(INTENTS))))
        elif (
            not isinstance(slots, dict)
            or not slots.keys() <= set(SLOTS)
            or not all(map(_is_value, slots.values()))
        ):
            faults.append(Problem(where, "slots", "these are no slots", ", ".join(SLOTS)))
        else:
            found.append(
                Labelled(
                    _id(entry),
                    _text(entry),
                    context,
                    str(intent),
                    tuple(map(str, also)),
                    {name: _value(name, value) for name, value in slots.items()},
                    entry.get("ambiguous") is True,
                )
            )
    _raise(faults)
    return found


def _objects(stream: TextIO, file: str, faults: list[Problem]) -> Iterator[tuple[str, Mapping[str, object]]]:
    for number, line in enumerate(stream, 1):
        where = f"{file}:{number}"
        if not line.strip():
            continue
        if len(line) > MAX_LINE:
            faults.append(Problem(where, "", f"the line has {len(line)} characters", f"at most {MAX_LINE}"))
            continue
        try:
            entry = json.loads(line.removeprefix("\ufeff"))
        except (ValueError, RecursionError):
            faults.append(
                Problem(where, "", "this is no JSON", '{"id": "1", "text": "...", "context": "ask_when"}')
            )
            continue
        if not isinstance(entry, dict):
            faults.append(
                Problem(where, "", "this is no object", '{"id": "1", "text": "...", "context": "ask_when"}')
            )
            continue
        yield where, entry


def _common(where: str, entry: Mapping[str, object], faults: list[Problem]) -> bool:
    identity, text = entry.get("id"), entry.get("text")
    if isinstance(identity, bool) or not isinstance(identity, str | int) or len(str(identity)) > _MAX_ID:
        faults.append(Problem(where, "id", "is missing or no id", "a text or a number"))
        return False
    if not isinstance(text, str):
        faults.append(
            Problem(where, "text", "is missing or no text", "what the recogniser returned; may be empty")
        )
        return False
    return True


def _context(where: str, entry: Mapping[str, object], faults: list[Problem]) -> str:
    context = entry.get("context") or DEFAULT_CONTEXT
    if context not in CONTEXTS:
        faults.append(
            Problem(where, "context", f"{str(context)[:40]!r} is no question", ", ".join(sorted(CONTEXTS)))
        )
        return ""
    return str(context)


def _id(entry: Mapping[str, object]) -> str:
    return str(entry["id"])


def _text(entry: Mapping[str, object]) -> str:
    return str(entry["text"])


def _is_value(value: object) -> bool:
    one = (str, int)
    return isinstance(value, one) or (
        isinstance(value, list) and all(isinstance(item, one) for item in value)
    )


def _value(name: str, value: object) -> SlotValue:
    if name == "periods" and isinstance(value, str) and value.isdecimal():
        return int(value)  # months are whole numbers, also where somebody wrote them as text
    if isinstance(value, list):
        return [str(item) for item in value] if any(isinstance(item, str) for item in value) else list(value)
    return value if isinstance(value, int) else str(value)


def _raise(faults: list[Problem]) -> None:
    if faults:
        more = len(faults) - _MAX_FAULTS
        shown = faults[:_MAX_FAULTS]
        if more > 0:
            shown.append(Problem(faults[-1].where, "", f"and {more} faults more"))
        raise InputError(shown)
