"""docs/lab.md names every key, step, release, persona and record field that there is."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest

from ari_app.lab.persona_yaml import PERSONA_KEYS, STEP_NAMES
from ari_app.lab.records import LabCall
from ari_app.lab.release import CAUSE_OF_STATUS, STATUS_OF_NAME
from ari_app.lab.scenario import LabAccount, Scenario, shipped_personas

pytestmark = pytest.mark.pure

TEXT = (Path(__file__).parents[2] / "docs" / "lab.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("key", PERSONA_KEYS)
def test_every_key_of_a_persona_is_explained(key: str) -> None:
    assert f"`{key}`" in TEXT


@pytest.mark.parametrize("name", STEP_NAMES)
def test_every_step_is_explained(name: str) -> None:
    assert f"| `{name}" in TEXT


def test_every_release_stands_with_its_status() -> None:
    for name, status in STATUS_OF_NAME.items():
        cause = {603: 21, 600: 17}.get(status) or CAUSE_OF_STATUS[status]
        assert f"| `{name}` | {status} | {cause} |" in TEXT


def test_every_shipped_persona_record_field_and_key_of_a_scenario_is_named() -> None:
    names = {*shipped_personas(), *(each.name for each in fields(LabCall))}
    names |= {each.name for each in fields(Scenario)} - {"source"}
    names |= {each.name for each in fields(LabAccount)}
    assert {name for name in names if f"`{name}`" not in TEXT} == set()
