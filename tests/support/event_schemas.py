"""The schemas of events under docs/events, and what of an event they do not know."""

from __future__ import annotations

import json
from collections.abc import Mapping
from copy import deepcopy
from functools import cache
from typing import Any

from jsonschema import Draft202012Validator

from tests.support.docs import ROOT

FOLDER = ROOT / "docs" / "events"


@cache
def schemas() -> Mapping[str, Mapping[str, Any]]:
    """Every schema by the name of its event, which is that of its file."""
    return {
        path.name.removesuffix(".schema.json"): json.loads(path.read_text(encoding="utf-8"))
        for path in sorted(FOLDER.glob("*.schema.json"))
    }


@cache
def strict(event: str) -> Draft202012Validator:
    """A schema that knows no key but those it names: receivers are to let others pass, and we are to name them all."""
    schema = deepcopy(dict(schemas()[event]))
    _close(schema)
    return Draft202012Validator(schema)


def _close(part: object) -> None:
    if isinstance(part, dict):
        if part.get("type") == "object" and "properties" in part:
            part.setdefault("additionalProperties", False)
        for each in part.values():
            _close(each)
    elif isinstance(part, list):
        for each in part:
            _close(each)


def faults(payload: Mapping[str, object]) -> list[str]:
    """What of a written event its schema does not say; of an event without a name or a schema nothing."""
    event = payload.get("event")
    if not isinstance(event, str) or event not in schemas():
        return []
    return [
        f"docs/events/{event}.schema.json: {'.'.join(map(str, fault.absolute_path)) or event}: {fault.message}"
        for fault in strict(event).iter_errors(payload)
    ]
