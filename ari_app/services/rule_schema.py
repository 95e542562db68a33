"""The JSON Schemas of rule packs and calendars, made from the tables that the readers check against."""

from __future__ import annotations

from typing import Any

from ari_app.domain.rule_pack import Closing, CountsBy
from ari_app.services.calendar_file import CALENDAR_KEYS, COUNTRIES
from ari_app.services.rule_pack_file import (
    CAPS,
    CLOSINGS,
    COUNTED_BY,
    DEMANDS,
    HOUR_KEYS,
    LIMITS,
    PACK_KEYS,
    REQUIRED,
    VERSION_KEYS,
)

_DRAFT = "https://json-schema.org/draft/2020-12/schema"
_NAME = {"type": "string", "pattern": "^[a-z][a-z0-9-]{0,39}$"}
_DAY = {"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"}
_WINDOW = {"type": "string", "pattern": "^[0-9]{2}:[0-9]{2}-[0-9]{2}:[0-9]{2}$"}
_SOURCE = {"type": "string", "minLength": 1, "maxLength": 500}


def rule_pack_schema() -> dict[str, Any]:
    """The schema (draft 2020-12) of ``dialplan/rules/NAME.yaml``."""
    windows = {"type": "array", "items": _WINDOW, "minItems": 1}
    hours = _object({key: windows for key in HOUR_KEYS if key != "source"}, ("working",))
    limits = {
        key: _object(
            {
                "value": {"type": "number" if most <= 1 else "integer", "minimum": least, "maximum": most},
                **({"counts_by": {"enum": [each.value for each in CountsBy]}} if key in COUNTED_BY else {}),
            }
        )
        for key, (least, most) in LIMITS.items()
    }
    caps = {
        key: _object(
            {word: {"type": "integer", "minimum": least, "maximum": most} for word in ("usual", "hard")}
        )
        for key, (least, most) in CAPS.items()
    }
    closings = dict.fromkeys(CLOSINGS, _object({"closed": {"enum": [each.value for each in Closing]}}))
    known = {
        "version": {"type": "string", "pattern": "^[A-Za-z0-9._-]{1,40}$"},
        "from": _DAY,
        "hours": hours,
        **closings,
        **caps,
        **limits,
        **dict.fromkeys(DEMANDS, _object({"value": {"type": "boolean"}})),
    }
    version = {
        "type": "object",
        "required": list(REQUIRED),
        "additionalProperties": False,
        "properties": {key: known[key] for key in VERSION_KEYS},
    }
    top = {
        "pack": _NAME,
        "title": {"type": "string", "maxLength": 100},
        "calendar": _NAME,
        "versions": {"type": "array", "items": version, "minItems": 1},
    }
    return _document("Rule pack", PACK_KEYS, top)


def calendar_schema() -> dict[str, Any]:
    """The schema (draft 2020-12) of ``dialplan/calendars/NAME.yaml``."""
    days = {
        "type": "object",
        "propertyNames": _DAY,
        "additionalProperties": {"type": "string", "maxLength": 100},
    }
    top = {
        "calendar": _NAME,
        "country": {"enum": list(COUNTRIES)},
        "confirmed": {
            "type": "object",
            "propertyNames": {"pattern": "^20[0-9]{2}$"},
            "additionalProperties": _SOURCE,
        },
        "holidays": days,
        "make_up": days,
        "working": {"type": "array", "items": _DAY},
    }
    return _document("Calendar", CALENDAR_KEYS, top)


def _object(properties: dict[str, Any], required: tuple[str, ...] | None = None) -> dict[str, Any]:
    """A mapping that also has to name its source."""
    return {
        "type": "object",
        "required": [*(properties if required is None else required), "source"],
        "additionalProperties": False,
        "properties": {**properties, "source": _SOURCE},
    }


def _document(title: str, keys: tuple[str, ...], properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "$schema": _DRAFT,
        "title": title,
        "type": "object",
        "required": list(keys),
        "additionalProperties": False,
        "properties": {key: properties[key] for key in keys},
    }
