"""The JSON Schemas of flows and of parts, made from the very tables that the reader checks against: never stale."""

from __future__ import annotations

from typing import Any

from ari_app.dialogue.answer_notes import NOTES
from ari_app.dialogue.flow import COVERAGE, MESSAGES, RESULTS, TRANSFER_REASONS
from ari_app.dialogue.flow_arms_reader import EXPERIMENT_KEYS
from ari_app.dialogue.flow_conditions import condition_words
from ari_app.dialogue.flow_keys import (
    ANSWERS,
    ASK_KEYS,
    DEFAULT_KEYS,
    FLOW_KEYS,
    MEANINGS,
    PART_KEYS,
    STATE_KEYS,
)
from ari_app.dialogue.flow_policy_reader import OPTION_KEYS, POLICY_KEYS
from ari_app.dialogue.grammar import GROUPS
from ari_app.dialogue.spoken import LANGUAGES
from ari_app.dialogue.understanding import CONTEXTS
from ari_app.domain.experiment import MOST_ARMS, MOST_EXPERIMENTS, MOST_WEIGHT, NAME

_NAME = {"type": "string", "pattern": "^[a-z][a-z0-9_]{0,39}$"}
_ARM = rf"^(not )?arm\.{NAME.pattern}\.{NAME.pattern}$"
_TEXTS = {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}


def flow_schema() -> dict[str, Any]:
    """A schema (draft 2020-12) of the shape of a flow; what only the whole graph tells is left to ``flow check``."""
    own = {
        "flow": _NAME,
        "languages": _some(LANGUAGES),
        "start": {"type": "string"},
        "parts": _TEXTS,
        "policy": {
            "type": "object",
            "additionalProperties": False,
            "properties": _only(POLICY_KEYS, {"instalments": _instalments()}),
        },
        "min_confidence": {"type": "number", "minimum": 0, "maximum": 1},
        "required": _some(COVERAGE),
    }
    return _whole("Flow", ["flow", "version", "languages", "start", "states"], FLOW_KEYS, own)


def part_schema() -> dict[str, Any]:
    """A schema (draft 2020-12) of the shape of a part."""
    return _whole("Part of flows", ["part", "version", "states"], PART_KEYS, {"part": _NAME})


def _whole(title: str, required: list[str], keys: tuple[str, ...], own: dict[str, Any]) -> dict[str, Any]:
    """The schema of a file with these keys; what a flow and a part have in common is added to ``own``."""
    prompt = {"$ref": "#/$defs/prompt"}
    common = {
        "version": {"type": ["string", "number"]},
        "experiments": {
            "type": "object",
            "propertyNames": {"pattern": f"^{NAME.pattern}$"},
            "maxProperties": MOST_EXPERIMENTS,
            "additionalProperties": _experiment(),
        },
        "defaults": {
            "type": "object",
            "propertyNames": {"enum": sorted(DEFAULT_KEYS)},
            "additionalProperties": prompt,
        },
        "answers": {"type": "object", "additionalProperties": _on()},
        "states": {"type": "object", "additionalProperties": {"$ref": "#/$defs/state"}},
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": title,
        "type": "object",
        "required": required,
        "additionalProperties": False,
        "properties": _only(keys, own | common),
        "$defs": _definitions(),
    }


def _definitions() -> dict[str, Any]:
    prompt = {"$ref": "#/$defs/prompt"}
    moves = {"$ref": "#/$defs/moves"}
    retry = {"anyOf": [{"type": "string"}, {"$ref": "#/$defs/retry"}]}
    return {
        "prompt": _prompt(),
        "when": _when(condition_words()),
        "move": {
            "type": "object",
            "additionalProperties": False,
            "properties": {
                "go": {"type": "string"},
                "again": {"type": "boolean"},
                "say": prompt,
                "when": {"$ref": "#/$defs/when"},
                "forget": _TEXTS,
                "switch": {"type": "boolean"},
                "keep": {"type": "boolean"},
            },
        },
        "moves": {
            "anyOf": [
                {"type": "string"},
                {"$ref": "#/$defs/move"},
                {"type": "array", "items": {"anyOf": [{"type": "string"}, {"$ref": "#/$defs/move"}]}},
            ]
        },
        "retry": {
            "type": "object",
            "required": ["then"],
            "additionalProperties": False,
            "properties": {
                "say": prompt,
                "then": {"type": "string"},
                "times": {"type": "integer", "minimum": 1, "maximum": 5},
            },
        },
        "state": {
            "type": "object",
            "additionalProperties": False,
            "properties": _only(
                STATE_KEYS,
                {
                    "say": prompt,
                    "covers": _some(COVERAGE),
                    "hung_up": {"enum": sorted(RESULTS)},
                    "next": moves,
                    "end": _end(),
                    "ask": {"$ref": "#/$defs/ask"},
                },
            ),
            "oneOf": [{"required": [key]} for key in ("ask", "next", "end")],
        },
        "ask": {
            "type": "object",
            "required": ["context", "no_input", "no_match"],
            "additionalProperties": False,
            "properties": _only(
                ASK_KEYS,
                {
                    "context": {"enum": sorted(CONTEXTS)},
                    "again": prompt,
                    "keys": {
                        "type": "object",
                        "propertyNames": {"pattern": "^[0-9*]$"},
                        "additionalProperties": {
                            "anyOf": [
                                {"enum": sorted(MEANINGS)},
                                {"type": "object", "required": ["intent"]},
                            ]
                        },
                    },
                    "digits": {"type": "string"},
                    "hear": _some(GROUPS),
                    "include": _TEXTS,
                    "on": _on(),
                    "no_input": retry,
                    "no_match": retry,
                    "max_tries": {"type": "integer", "minimum": 1, "maximum": 5},
                    "no_input_s": {"type": "number", "minimum": 1, "maximum": 30},
                    "barge_in": {"type": "boolean"},
                    "answers_questions": {"type": "boolean"},
                    "note": {"enum": sorted(NOTES)},
                },
            ),
        },
    }


def _on() -> dict[str, Any]:
    return {
        "type": "object",
        "propertyNames": {"enum": sorted(ANSWERS)},
        "additionalProperties": {"$ref": "#/$defs/moves"},
    }


def _only(keys: tuple[str, ...], known: dict[str, Any]) -> dict[str, Any]:
    """Every key that the reader takes; one without a shape of its own takes anything."""
    return {key: known.get(key, {}) for key in keys}


def _some(words: Any) -> dict[str, Any]:
    one = {"enum": sorted(words)}
    return {"anyOf": [one, {"type": "array", "items": one}]}


def _when(words: Any) -> dict[str, Any]:
    """Conditions, and arms of experiments, whose names no schema can know."""
    one = {"anyOf": [{"enum": sorted(words)}, {"type": "string", "pattern": _ARM}]}
    return {"anyOf": [one, {"type": "array", "items": one}]}


def _experiment() -> dict[str, Any]:
    weights = {
        "type": "object",
        "propertyNames": {"pattern": f"^{NAME.pattern}$"},
        "minProperties": 2,
        "maxProperties": MOST_ARMS,
        "additionalProperties": {"type": "integer", "minimum": 0, "maximum": MOST_WEIGHT},
    }
    share = {"type": "number", "minimum": 0, "maximum": 100}
    return {
        "type": "object",
        "required": ["arms"],
        "additionalProperties": False,
        "properties": _only(EXPERIMENT_KEYS, {"arms": weights, "share_percent": share}),
    }


def _instalments() -> dict[str, Any]:
    row = {
        "type": "object",
        "required": ["periods"],
        "additionalProperties": False,
        "properties": _only(OPTION_KEYS, {"when": _when(())}),
    }
    return {"anyOf": [row, {"type": "array", "items": row}]}


def _prompt() -> dict[str, Any]:
    wording = {
        "type": "object",
        "additionalProperties": False,
        "properties": {"when": {"$ref": "#/$defs/when"}, **dict.fromkeys(LANGUAGES, _sentences())},
    }
    return {"anyOf": [wording, {"type": "array", "items": wording, "minItems": 1}]}


def _sentences() -> dict[str, Any]:
    other = {
        "type": "object",
        "additionalProperties": False,
        "properties": {language: {"type": "string"} for language in LANGUAGES},
    }
    sentence = {"anyOf": [{"type": "string"}, other]}
    return {"anyOf": [*sentence["anyOf"], {"type": "array", "items": sentence}]}


def _end() -> dict[str, Any]:
    result = {"enum": sorted(RESULTS)}
    whole = {
        "type": "object",
        "required": ["result"],
        "additionalProperties": False,
        "properties": {
            "result": result,
            "do_not_contact": {"type": "boolean"},
            "transfer": {"enum": list(TRANSFER_REASONS)},
            "message": {"enum": list(MESSAGES)},
            "kept": {"type": "boolean"},
        },
    }
    return {"anyOf": [result, whole]}
