"""The create-task request for OpenAPI; ``services/campaign_shape.py`` is what reads it, and a test compares the two."""

from __future__ import annotations

from typing import Any

from ari_app.domain.account import BUCKET_NAMES
from ari_app.domain.campaign import DialMode
from ari_app.domain.event_names import EVENTS
from ari_app.services.account_row import FIELDS
from ari_app.services.campaign_shape import WEEKDAYS

Schema = dict[str, Any]

_WINDOW = r"^([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-4]):[0-5]\d$"
_NAME = "^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$"


def _object(properties: Schema, required: list[str]) -> Schema:
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": properties,
        "required": required,
    }


def _integer(least: int, most: int, **more: object) -> Schema:
    return {"type": "integer", "minimum": least, "maximum": most, **more}


def task_schema() -> Schema:
    """JSON Schema of the request (requirement I1)."""
    strategy = _object(
        {
            "timezone": {"type": "string", "examples": ["Asia/Shanghai"]},
            "window": {
                "type": "array",
                "minItems": 1,
                "maxItems": 10,
                "items": {"type": "string", "pattern": _WINDOW},
            },
            "maxAttempts": _integer(1, 10),
            "retryHours": {
                "type": "array",
                "maxItems": 10,
                "items": {"type": "number", "minimum": 0, "maximum": 2160},
                "description": "Ascending hours after the first attempt, beginning with 0",
            },
            "agingBuckets": {"type": "array", "uniqueItems": True, "items": {"enum": list(BUCKET_NAMES)}},
            "minAmount": {"type": "number", "minimum": 0},
            "closedWeekdays": {"type": "array", "uniqueItems": True, "items": {"enum": list(WEEKDAYS)}},
            "flow": {"type": "string", "pattern": _NAME},
            "voice": {"type": ["string", "null"]},
            "speed": {"type": "number", "minimum": 0.5, "maximum": 2},
            "experiments": {"type": "object"},
            "rulePack": {"type": "string", "pattern": "^[a-z][a-z0-9-]{0,39}$"},
            "dialsPerDay": _integer(1, 20),
            "dialsPerWeek": _integer(1, 50),
            "minGapMinutes": _integer(0, 10_080),
            "openHolidays": {"type": "boolean"},
            "file": {"type": "string", "pattern": "^[a-z][a-z0-9-]{0,39}$"},
            "numberTries": _integer(1, 10),
        },
        [],
    )
    dialer = _object(
        {
            "type": {"enum": [mode.value for mode in DialMode]},
            "concurrency": _integer(1, 5000),
            "callerIdPool": {
                "type": "array",
                "minItems": 1,
                "maxItems": 1000,
                "items": {"type": "string"},
            },
            "ringTimeoutSeconds": _integer(15, 120),
            "team": {"type": "string", "pattern": _NAME},
            "weight": _integer(1, 100),
        },
        ["callerIdPool"],
    )
    webhook = _object(
        {
            "events": {
                "type": "array",
                "minItems": 1,
                "uniqueItems": True,
                "items": {"enum": sorted(EVENTS)},
            },
            "url": {"type": "string", "format": "uri", "maxLength": 2000},
            "secret": {"type": "string", "minLength": 1, "maxLength": 200, "writeOnly": True},
        },
        ["events", "url", "secret"],
    )
    row = {
        "type": "object",
        "properties": {name: {} for name in FIELDS},
        "required": [name for name, wanted in FIELDS.items() if wanted],
        "description": "A row of the list; one that is wrong is reported and the others load",
    }
    return _object(
        {
            "name": {"type": "string", "minLength": 1, "maxLength": 200},
            "strategy": strategy,
            "dialer": dialer,
            "list": {"type": "array", "items": row},
            "webhook": webhook,
        },
        ["name", "strategy", "dialer"],
    )
