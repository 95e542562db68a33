"""The JSON Schema of strategy files, made from the tables that the reader checks against."""

from __future__ import annotations

from typing import Any

from ari_app.domain.account import MAX_SCORE
from ari_app.domain.aging import MOST_PAY_DAYS, Scheme
from ari_app.domain.experiment import MOST_ARMS, MOST_EXPERIMENTS, MOST_WEIGHT
from ari_app.domain.segment import MESSAGE_CHANNELS, OFFERS, TONES, StepKind
from ari_app.domain.voice_style import FASTEST, SLOWEST
from ari_app.services import strategy_parts as parts
from ari_app.services.strategy_file import (
    AGING_KEYS,
    NUMBERS,
    ROLLOUT_KEYS,
    SEGMENT_KEYS,
    SETTING_KEYS,
    TOP_KEYS,
    WEEKDAYS,
)

_DRAFT = "https://json-schema.org/draft/2020-12/schema"
_WORD = {"type": "string", "pattern": "^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$"}
_TEXT = {"type": "string", "minLength": 1}
_WINDOW = {"type": "string", "pattern": "^[0-9]{2}:[0-9]{2}-[0-9]{2}:[0-9]{2}$"}
_WHEN = {
    "type": "string",
    "pattern": "^(start|bill|due|bucket|suspension|promise)([+-][0-9]{1,4}[dh])?$",
}


def strategy_schema() -> dict[str, Any]:
    """The schema (draft 2020-12) of ``dialplan/strategies/NAME.yaml``."""
    settings = _settings()
    segment = _object(
        SEGMENT_KEYS,
        {"name": _WORD, "when": _conditions(), "steps": {"type": "array", "items": _step()}, **settings},
        ("name",),
    )
    top = {
        "strategy": {"type": "string", "pattern": "^[a-z][a-z0-9-]{0,39}$"},
        "version": {"type": "string", "pattern": "^[A-Za-z0-9][A-Za-z0-9.-]{0,39}$"},
        "title": {"type": "string", "maxLength": 100},
        "rule_pack": _TEXT,
        "timezone": _TEXT,
        "aging": _object(
            AGING_KEYS,
            {
                "scheme": {"enum": [each.value for each in Scheme]},
                "buckets": _by_name(
                    {"type": "array", "items": {"type": "integer"}, "minItems": 2, "maxItems": 2}
                ),
                "pay_days": _number("integer", 1, MOST_PAY_DAYS),
            },
        ),
        "caller_ids": _by_name(_some(_TEXT)),
        "teams": _some(_WORD),
        "rollout": _object(
            ROLLOUT_KEYS,
            {
                "shares": _by_name(_number("number", 0, 100)),
                "regions": _some(_TEXT),
                "most_customers": _number("integer", 1, 10_000_000),
            },
        ),
        "defaults": _object(SETTING_KEYS, settings),
        "segments": {"type": "array", "items": segment, "minItems": 1},
    }
    schema = _object(TOP_KEYS, top, ("strategy", "version", "segments"))
    return {"$schema": _DRAFT, "title": "Strategy", **schema}


def _settings() -> dict[str, Any]:
    hours = {"type": "array", "items": _number("number", 0, parts.MOST_RETRY_HOURS), "minItems": 1}
    return {
        "windows": _some(_WINDOW),
        "closed_weekdays": {"type": "array", "items": {"enum": list(WEEKDAYS)}},
        "open_holidays": {"type": "boolean"},
        "retry_hours": hours,
        **{key: _number("integer", *bounds) for key, bounds in NUMBERS.items()},
        "delays": _by_name({"anyOf": [_number("number", 0, parts.MOST_RETRY_HOURS), {"const": parts.NEVER}]}),
        "channels": _some({"enum": list(MESSAGE_CHANNELS)}),
        "tone": {"enum": list(TONES)},
        "flow": _WORD,
        "voice": _TEXT,
        "speed": _number("number", SLOWEST, FASTEST),
        "experiments": {**_by_name(_experiment()), "maxProperties": MOST_EXPERIMENTS},
        "caller_ids": _WORD,
        "team": _WORD,
        "offers": _object(
            parts.OFFER_KEYS,
            {
                "instalments": _some(_number("integer", 2, 60)),
                "deferral_days": _number("integer", 0, 365),
                "others": _some({"enum": list(OFFERS)}),
            },
        ),
        "promises": {"type": "array", "items": _step()},
    }


def _experiment() -> dict[str, Any]:
    arm = _object(
        parts.ARM_KEYS,
        {
            "weight": _number("integer", 0, MOST_WEIGHT),
            "voice": _TEXT,
            "speed": _number("number", SLOWEST, FASTEST),
        },
    )
    arms = {**_by_name(arm), "minProperties": 2, "maxProperties": MOST_ARMS}
    return _object(
        parts.EXPERIMENT_KEYS, {"arms": arms, "share_percent": _number("number", 0, 100)}, ("arms",)
    )


def _conditions() -> dict[str, Any]:
    def span(kind: str, most: int) -> dict[str, Any]:
        return _object(("from", "below"), dict.fromkeys(("from", "below"), _number(kind, 0, most)))

    words = {
        key: _some(_TEXT if known is None else {"enum": list(known)})
        for key, (_, known) in parts.WORD_CONDITIONS.items()
    }
    return _object(
        parts.CONDITION_KEYS,
        {
            "bucket": _some(_TEXT),
            "amount": span("number", parts.MOST_AMOUNT),
            "score": span("integer", MAX_SCORE + 1),
            **words,
            "broken_promises": _number("integer", 1, 99),
            **{key: {"type": "boolean"} for key in parts.FLAG_CONDITIONS},
        },
    )


def _step() -> dict[str, Any]:
    return _object(
        parts.STEP_KEYS,
        {
            "do": {"enum": [each.value for each in StepKind]},
            "when": _WHEN,
            "name": _WORD,
            "at": {"type": "string", "pattern": "^[0-9]{2}:[0-9]{2}$"},
            "template": _WORD,
            "channels": _some({"enum": list(MESSAGE_CHANNELS)}),
            "retry_hours": {
                "type": "array",
                "items": _number("number", 0, parts.MOST_RETRY_HOURS),
                "minItems": 1,
            },
            "flow": _WORD,
            "tone": {"enum": list(TONES)},
        },
        ("do", "when"),
    )


def _some(item: dict[str, Any]) -> dict[str, Any]:
    """One value or a list of them."""
    return {"anyOf": [item, {"type": "array", "items": item}]}


def _number(kind: str, least: float, most: float) -> dict[str, Any]:
    return {"type": kind, "minimum": least, "maximum": most}


def _by_name(item: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "additionalProperties": item}


def _object(
    keys: tuple[str, ...], properties: dict[str, Any], required: tuple[str, ...] = ()
) -> dict[str, Any]:
    return {
        "type": "object",
        "required": list(required),
        "additionalProperties": False,
        "properties": {key: properties[key] for key in keys},
    }
