"""A folder of strategies: edits are taken over, a faulty one keeps the last good version; content and schema."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings

from ari_app.domain.rollout import Rollout
from ari_app.domain.strategy import Strategy
from ari_app.services.strategy_check import Surroundings
from ari_app.services.strategy_content import canonical, differences, digest_of, strategy_of
from ari_app.services.strategy_directory import StrategyDirectory
from ari_app.services.strategy_file import SEGMENT_KEYS, TOP_KEYS, parse_strategy
from ari_app.services.strategy_parts import CONDITION_KEYS, STEP_KEYS
from ari_app.services.strategy_schema import strategy_schema
from tests.support import strategies as given_
from tests.support.docs import ROOT
from tests.support.rules import shipped

pytestmark = pytest.mark.pure

SMALL = """\
strategy: small
version: "1"
segments:
  - name: rest
    steps:
      - {do: message, when: start, template: notice}
      - {do: call, when: start+1d}
"""


def around(versions: Callable[[str], Collection[str]]) -> Surroundings:
    return Surroundings(shipped(), date(2026, 11, 29), versions=versions)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "strategies").mkdir()
    return tmp_path


def write(folder: Path, text: str, name: str = "small.yaml") -> None:
    """Save a file with a time of its own, however quickly one edit follows another."""
    path = folder / "strategies" / name
    before = path.stat().st_mtime_ns if path.exists() else 0
    path.write_text(text, encoding="utf-8")
    os.utime(path, ns=(before + 1_000_000_000, before + 1_000_000_000))


def test_an_edit_is_taken_over_and_a_faulty_one_is_not(folder: Path) -> None:
    write(folder, SMALL)
    found = StrategyDirectory(folder, around)
    assert not found.problems
    assert not found.refresh()
    write(folder, SMALL.replace("start+1d", "start+2d").replace('"1"', '"2"'))
    assert found.refresh()
    good = found.book.current["small"]
    assert good.strategy.version == "2"
    write(folder, SMALL.replace("start+1d", "start-1d"))
    assert found.refresh()
    assert found.book.current["small"] == good
    assert "small.yaml:7" in str(found.problems[0])
    write(folder, SMALL)
    assert found.refresh()
    assert found.problems == ()
    assert found.book.current["small"].strategy.version == "1"


def test_a_file_that_never_was_good_calls_nobody_and_says_why(folder: Path) -> None:
    write(folder, SMALL.replace("do: call", "do: ring"))
    found = StrategyDirectory(folder, around)
    assert found.book.current == {}
    assert "small.yaml:7" in found.book.faults["small"]


def test_a_file_that_is_gone_is_no_strategy_any_more(folder: Path) -> None:
    write(folder, SMALL)
    found = StrategyDirectory(folder, around)
    (folder / "strategies" / "small.yaml").unlink()
    assert found.refresh()
    assert found.book.current == {}


def test_an_older_version_is_kept_beside_the_new_one(folder: Path) -> None:
    write(folder, SMALL, "small.v1.yaml")
    write(folder, SMALL.replace('"1"', '"2"') + 'rollout: {shares: {"2": 20, "1": 80}}\n')
    found = StrategyDirectory(folder, around)
    assert found.problems == ()
    assert found.book.current["small"].strategy.version == "2"
    kept = found.book.version("small", "1")
    assert kept is not None
    assert kept.strategy.version == "1"
    assert found.book.version("small", "3") is None


def test_a_fault_that_something_else_has_mended_is_none_any_more(folder: Path) -> None:
    write(folder, SMALL.replace('"1"', '"2"') + 'rollout: {shares: {"2": 20, "1": 80}}\n')
    found = StrategyDirectory(folder, around)
    assert "version '1' has no file" in str(found.problems[0])
    assert not found.refresh(), "nothing has changed"
    write(folder, SMALL, "small.v1.yaml")
    assert found.refresh()
    assert found.problems == ()
    assert found.book.current["small"].strategy.version == "2"
    assert not found.refresh()


# ------------------------------------------------------------------------------------------------- content


def test_comments_order_defaults_and_roll_out_change_no_signature() -> None:
    plain = parse_strategy(SMALL, "small.yaml").strategy
    written = SMALL.replace("strategy: small\n", "# a comment\ntimezone: Asia/Shanghai\nstrategy: small\n")
    assert digest_of(parse_strategy(written, "small.yaml").strategy) == digest_of(plain)
    assert digest_of(replace(plain, rollout=Rollout(most_customers=3))) == digest_of(plain)
    assert digest_of(replace(plain, version="2")) != digest_of(plain)


@given(given_.strategies)
@settings(max_examples=15)
def test_a_signed_content_gives_the_strategy_back(found: Strategy) -> None:
    assert strategy_of(canonical(found)) == found
    assert differences(found, found) == []


def test_a_difference_is_told_by_segment_and_key() -> None:
    old = parse_strategy(SMALL, "small.yaml").strategy
    new = parse_strategy(SMALL.replace("name: rest", "name: rest\n    tone: gentle"), "small.yaml").strategy
    assert [(each.where, each.old, each.new) for each in differences(old, new)] == [
        ("segments[rest].tone", "neutral", "gentle")
    ]


# ------------------------------------------------------------------------------------------------- schema


def fits(value: Any, schema: dict[str, Any]) -> bool:
    """As much of JSON Schema as these schemas use."""
    if "anyOf" in schema:
        return any(fits(value, one) for one in schema["anyOf"])
    if "enum" in schema:
        return value in schema["enum"]
    if "const" in schema:
        return bool(value == schema["const"])
    kind = schema["type"]
    if kind == "object":
        known = schema.get("properties", {})
        other = schema.get("additionalProperties") or {}
        return isinstance(value, dict) and all(
            fits(item, known[key]) if key in known else bool(other) and fits(item, other)
            for key, item in value.items()
        )
    if kind == "array":
        return isinstance(value, list) and all(fits(item, schema["items"]) for item in value)
    if kind in ("integer", "number"):
        least, most = schema.get("minimum", value), schema.get("maximum", value)
        return isinstance(value, int | float) and least <= value <= most
    return isinstance(value, {"string": str, "boolean": bool}[kind])


@pytest.mark.parametrize(
    "path", sorted((ROOT / "dialplan" / "strategies").glob("*.yaml")), ids=lambda path: path.stem
)
def test_what_ships_fits_the_schema(path: Path) -> None:
    from ari_app.yaml_lines import read_yaml

    assert fits(read_yaml(path).value, strategy_schema())
    assert not fits({"strategy": "x", "segments": [{"name": "x", "tone": "angry"}]}, strategy_schema())


def test_every_key_is_documented() -> None:
    page = (ROOT / "docs" / "strategies.md").read_text(encoding="utf-8")
    for key in (*TOP_KEYS, *SEGMENT_KEYS, *CONDITION_KEYS, *STEP_KEYS):
        assert f"`{key}`" in page or f"`{key}:" in page, key
