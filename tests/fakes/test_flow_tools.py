"""The operator's tools: check, draw, talk, test and schema, over the shipped flows and over broken ones."""

from __future__ import annotations

import json
import shutil
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ari_app.cli.main import app
from ari_app.dialogue.flow_picture import arrows, mermaid, svg
from ari_app.dialogue.flow_schema import flow_schema
from ari_app.services.flow_sources import read_flow_file
from tests.support.talks import ROOT

pytestmark = pytest.mark.fakes

FLOWS = sorted((ROOT / "dialplan" / "flows").glob("*.yaml"))


def ran(*arguments: str, typed: str | None = None, dialplan: Path | None = None) -> tuple[int, str]:
    """Exit status and output of ``ari-app flow ...`` with this dialplan folder."""
    env = {"ARI_APP_DIALPLAN_DIR": str(dialplan or ROOT / "dialplan")}
    result = CliRunner().invoke(app, ["flow", *arguments], input=typed, env=env)
    return result.exit_code, result.output + (str(result.exception) if result.exception else "")


@pytest.fixture
def dialplan(tmp_path: Path) -> Path:
    """A copy of the shipped folder, to be broken."""
    folder = tmp_path / "dialplan"
    shutil.copytree(ROOT / "dialplan" / "flows", folder / "flows")
    return folder


def test_the_shipped_flows_have_no_fault() -> None:
    code, told = ran("check", "--json")
    assert code == 0, told
    found = json.loads(told)
    assert found["problems"] == []
    assert [one["flow"] for one in found["flows"]] == [path.stem for path in FLOWS]


def test_a_fault_is_told_with_file_line_and_what_is_allowed(dialplan: Path) -> None:
    path = dialplan / "flows" / "parts" / "common.yaml"
    lines = path.read_text(encoding="utf-8").splitlines()
    number = next(place for place, line in enumerate(lines, 1) if line.strip() == "context: verify_tail")
    lines[number - 1] = lines[number - 1].replace("verify_tail", "verify_tale")
    path.write_text("\n".join(lines), encoding="utf-8")
    code, told = ran("check", "reminder", dialplan=dialplan)
    assert code == 1
    assert f"common.yaml:{number}:" in told.replace("\n", "")
    assert "verify_tail" in told


def test_a_part_that_no_flow_has_is_looked_at_alone(dialplan: Path) -> None:
    spare = dialplan / "flows" / "parts" / "spare.yaml"
    spare.write_text("part: spare\nversion: 1\nstates:\n  a: {next: elsewhere}\n", encoding="utf-8")
    assert ran("check", dialplan=dialplan)[0] == 0
    spare.write_text("part: spare\nversion: 1\nstates:\n  a: {nxet: elsewhere}\n", encoding="utf-8")
    code, told = ran("check", dialplan=dialplan)
    assert code == 1
    assert "spare.yaml:4: states.a: unknown key 'nxet'" in told.replace("\n", "")


def test_the_schema_of_a_part_names_every_key_of_the_shipped_parts() -> None:
    code, told = ran("schema", "--part")
    assert code == 0
    for path in (ROOT / "dialplan" / "flows" / "parts").glob("*.yaml"):
        lines = path.read_text(encoding="utf-8").splitlines()
        keys = {line.split(":")[0] for line in lines if line[:1].isalpha()}
        assert keys <= set(json.loads(told)["properties"]), path


def test_a_flow_that_is_not_there_is_told_with_those_that_are(dialplan: Path) -> None:
    code, told = ran("check", "remindre", dialplan=dialplan)
    assert code != 0
    assert "reminder" in told


@pytest.mark.parametrize("path", FLOWS, ids=lambda path: path.stem)
def test_a_flow_can_be_drawn(path: Path) -> None:
    flow = read_flow_file(path)
    picture = ET.fromstring(svg(flow))
    drawn = {text.text for text in picture.iter("{http://www.w3.org/2000/svg}text")}
    assert {name for name in flow.states if len(name) <= 34} <= drawn
    ways = {(arrow.source, arrow.target) for arrow in arrows(flow)}
    text = mermaid(flow)
    assert text.startswith("stateDiagram-v2\n")
    assert all(f"    {source} --> {target}" in text for source, target in ways)


def test_a_picture_is_written_to_a_file(tmp_path: Path) -> None:
    out = tmp_path / "reminder.svg"
    assert ran("draw", "reminder", "--out", str(out))[0] == 0
    assert ET.parse(out).getroot().tag.endswith("svg")
    assert ran("draw", "reminder", "--format", "png")[0] == 2
    assert ran("draw", "reminder", "--out", str(tmp_path / "no" / "where.svg"))[0] != 0


def test_somebody_talks_to_a_flow() -> None:
    code, told = ran("talk", "reminder", "--now", "2026-03-11T10:30", typed="1\n8000\n下周五\n1\n1\n")
    assert code == 0, told
    assert "result: promise_to_pay, verified" in told
    assert "568.32 CNY on 2026-03-20" in told
    assert "date=2026-03-20" in told


@pytest.mark.parametrize(
    ("flow", "typed", "expected"),
    [
        ("reminder", "1\n8000\n6\n", "dispute: other, answer within 3 working days, open"),
        ("reminder", "call me back tomorrow at three\n", "callback: 2026-03-12 15:00"),
    ],
)
def test_what_was_agreed_is_told_in_words(flow: str, typed: str, expected: str) -> None:
    code, told = ran("talk", flow, "--lang", "en", "--now", "2026-03-11T10:30", typed=typed)
    assert code == 0, told
    assert expected in told


def test_somebody_hangs_up_on_a_flow() -> None:
    for typed in ("q\n", ""):
        code, told = ran("talk", "reminder", "--lang", "en", typed=typed)
        assert (code, "result: hung_up" in told) == (0, True), told


def test_somebody_with_an_arm_talks_to_a_flow() -> None:
    code, told = ran("talk", "reminder", "--lang", "en", "--arm", "opening=brief", typed="q\n")
    assert code == 0, told
    assert "for you in person" not in told
    assert "variants: opening=brief" in told
    code, usual = ran("talk", "reminder", "--lang", "en", typed="q\n")
    assert "for you in person" in usual
    assert "variants" not in usual


def test_flows_that_share_an_experiment_have_the_same_arms(dialplan: Path) -> None:
    small = """\
flow: {}
version: 1
languages: [en]
start: bye
experiments: {{ending: {{arms: {{short: 1, {}: 1}}}}}}
states:
  bye:
    say: [{{when: arm.ending.short, en: Bye.}}, {{en: Goodbye.}}]
    end: callback
"""
    told = ""
    for name, arm, expected in (("alpha", "long", 0), ("beta", "long", 0), ("gamma", "longer", 1)):
        (dialplan / "flows" / f"{name}.yaml").write_text(small.format(name, arm), encoding="utf-8")
        code, told = ran("check", dialplan=dialplan)
        assert code == expected, told
    assert "gamma.yaml:1: experiments.ending: it has other arms in the flow alpha" in told.replace("\n", "")


def test_a_conversation_with_an_unknown_arm_is_told(dialplan: Path) -> None:
    path = dialplan / "flows" / "tests" / "reminder.yaml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("{opening: brief}", "{opening: breif}"), encoding="utf-8")
    code, told = ran("test", "reminder", dialplan=dialplan)
    assert code == 1
    assert "no such arm: opening=breif (allowed: opening=brief, opening=usual)" in told.replace("\n", "")


@pytest.mark.parametrize(
    "wrong",
    [
        "--set=amount=1",
        "--set=amountDue=x",
        "--now=yesterday",
        "--lang=fr",
        "--arm=opening",
        "--arm=opening=breif",
        "--arm=nothing=brief",
    ],
)
def test_what_a_trial_cannot_use_is_told(wrong: str) -> None:
    code, told = ran("talk", "reminder", wrong, typed="q\n")
    assert code == 2, told


def test_the_shipped_conversations_end_as_they_have_to() -> None:
    code, told = ran("test", "--json")
    assert code == 0, told
    assert json.loads(told)["conversations"] >= 10


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("result: promise_to_pay", "result: informed", "is 'promise_to_pay', not 'informed'"),
        ("date: 2026-03-12", "date: 2026-03-13", "date is '2026-03-12', not '2026-03-13'"),
        ('["1", "8000", "2", "1", "1"]', '["1", "8000", "2", "1"]', "it has not ended"),
        (
            '["1", "8000", "2", "1", "1"]',
            '["1", "8000", "2", "1", "1", "1"]',
            "it ended with 'promise_to_pay' before",
        ),
        ("三月十二日]", "三月十三日]", "not said"),
        ("never_says: [五百六十八", "never_says: [抱歉", "said: ['抱歉']"),
        ("intents: [already_paid]", "intents: [dispute]", "dispute missing"),
    ],
)
def test_a_conversation_that_ends_otherwise_is_told_with_its_line(
    dialplan: Path, before: str, after: str, expected: str
) -> None:
    path = dialplan / "flows" / "tests" / "reminder.yaml"
    text = path.read_text(encoding="utf-8")
    assert before in text
    path.write_text(text.replace(before, after, 1), encoding="utf-8")
    code, told = ran("test", "reminder", dialplan=dialplan)
    assert code == 1
    assert expected in told, told
    assert "reminder.yaml:" in told


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "flow: reminder\nconversations:\n  - {name: a, customer: ['1'], expect: {results: x}}\n",
            "unknown key",
        ),
        (
            (
                "flow: reminder\nconversations:\n"
                "  - {name: a, customer: ['1'], expect: {result: x}, account: {amountDue: no}}\n"
            ),
            "amount",
        ),
        (
            "flow: reminder\nnow: soon\nconversations:\n  - {name: a, customer: ['1'], expect: {result: x}}\n",
            "no time",
        ),
        ("flow: reminder\n", "conversations"),
    ],
)
def test_a_conversation_file_with_a_fault_is_told(dialplan: Path, text: str, expected: str) -> None:
    (dialplan / "flows" / "tests" / "reminder.yaml").write_text(text, encoding="utf-8")
    code, told = ran("test", "reminder", dialplan=dialplan)
    assert code != 0
    assert expected in told, told


def test_the_schema_names_every_key_of_the_shipped_flows() -> None:
    code, told = ran("schema")
    assert code == 0
    schema = json.loads(told)
    assert schema == json.loads(json.dumps(flow_schema()))
    for path in FLOWS:
        keys = {
            line.split(":")[0] for line in path.read_text(encoding="utf-8").splitlines() if line[:1].isalpha()
        }
        assert keys <= set(schema["properties"]), path
