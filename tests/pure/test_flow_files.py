"""A folder of flows: read at start, read again after an edit, never replaced by a faulty one."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from ari_app.dialogue.model import Fragment
from ari_app.errors import ConfigError, InputError
from ari_app.ports import Dialogue, Flows
from ari_app.services.flow_files import FlowDirectory
from tests.support.talks import COMPANY, FLOW_FILE, NOW, PARTS, TAIL, an_account, keys, words

pytestmark = [pytest.mark.pure, pytest.mark.long]

TEXT = FLOW_FILE.read_text(encoding="utf-8")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write(tmp_path / "reminder.yaml", TEXT)
    (tmp_path / "parts").mkdir()
    for name, text in PARTS.items():
        write(tmp_path / "parts" / f"{name}.yaml", text)
    return tmp_path


def write(path: Path, text: str) -> None:
    """Write a file with a time of its own, since an edit within one tick of the file system is no edit."""
    before = path.stat().st_mtime_ns if path.exists() else 10**18
    path.write_text(text, encoding="utf-8")
    os.utime(path, ns=(before + 10**9, before + 10**9))


def opening(flows: FlowDirectory) -> str:
    return words(flows.open("reminder", an_account()).start(NOW))


def test_it_is_what_the_use_cases_ask_for(folder: Path) -> None:
    flows: Flows = FlowDirectory(folder, COMPANY)
    dialogue: Dialogue = flows.open("reminder", an_account())
    step = dialogue.start(NOW)
    assert step.question is not None
    assert dialogue.hung_up().result is not None
    assert all(isinstance(fragment, Fragment) for fragment in flows.prompts("reminder", an_account(), NOW))


def test_an_edit_holds_from_the_next_call_on(folder: Path) -> None:
    flows = FlowDirectory(folder, COMPANY)
    running = flows.open("reminder", an_account())
    write(folder / "reminder.yaml", TEXT.replace("请问您哪一天缴费？", "您哪天缴费？", 1))
    known = flows.prompts("reminder", an_account(), NOW)
    assert "您哪天缴费？" in [fragment.text for fragment in known]
    for dialogue, asked in (
        (running, "请问您哪一天缴费"),
        (flows.open("reminder", an_account()), "您哪天缴费"),
    ):
        dialogue.start(NOW)
        dialogue.answer(keys("1"), NOW)
        assert asked in words(dialogue.answer(keys(TAIL), NOW)), "a running call keeps its flow"


def test_a_faulty_edit_is_told_and_changes_nothing(folder: Path) -> None:
    flows = FlowDirectory(folder, COMPANY)
    before = opening(flows)
    write(folder / "reminder.yaml", TEXT.replace("start: opening", "start: opnin"))
    assert not flows.refresh()
    assert [problem.field for problem in flows.problems] == ["start"]
    assert flows.problems[0].where == f"{folder / 'reminder.yaml'}:9"
    assert opening(flows) == before
    write(folder / "reminder.yaml", TEXT)
    assert flows.refresh()
    assert flows.problems == ()


def test_nothing_is_read_again_without_an_edit(folder: Path) -> None:
    flows = FlowDirectory(folder, COMPANY)
    assert not flows.refresh()
    write(folder / "reminder.yaml", "flow: [")
    flows.refresh()
    faults = flows.problems
    flows.refresh()
    assert flows.problems is not faults
    assert flows.problems == faults


def test_a_file_that_disappears_leaves_its_last_version(folder: Path) -> None:
    flows = FlowDirectory(folder, COMPANY)
    (folder / "reminder.yaml").unlink()
    flows.refresh()
    assert "is gone" in flows.problems[0].wrong
    assert "云杉通信" in opening(flows)
    write(folder / "reminder.yaml", TEXT)
    assert flows.refresh()
    assert flows.problems == ()


def test_a_new_file_is_a_new_flow(folder: Path) -> None:
    flows = FlowDirectory(folder, COMPANY)
    write(folder / "second.yaml", TEXT.replace("flow: reminder", "flow: second", 1))
    assert flows.refresh()
    assert flows.names == ("reminder", "second")


def test_faults_at_start_are_refused(folder: Path, tmp_path: Path) -> None:
    write(folder / "other.yaml", TEXT)
    with pytest.raises(InputError, match=r"other\.yaml:1: flow: 'reminder' stands in the file other\.yaml"):
        FlowDirectory(folder, COMPANY)
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(ConfigError, match="there is no flow"):
        FlowDirectory(empty, COMPANY)


def test_a_company_name_that_tells_a_stranger_is_refused(folder: Path) -> None:
    for name in ({"zh": "平安催收中心", "en": "x"}, {"zh": "云杉", "en": "Swift Debt Collections"}):
        with pytest.raises(ConfigError, match="tells a stranger"):
            FlowDirectory(folder, name)


def test_unknown_flows_and_languages_are_refused(folder: Path) -> None:
    flows = FlowDirectory(folder, COMPANY)
    with pytest.raises(ConfigError, match=r"no flow 'remind' .*there are: reminder"):
        flows.open("remind", an_account())
    with pytest.raises(ConfigError, match="not written in 'fr'"):
        flows.prompts("reminder", replace(an_account(), language="fr"), NOW)
    with pytest.raises(ConfigError, match="no name in the language"):
        FlowDirectory(folder, {"zh": "云杉"}).open("reminder", an_account("en"))


def test_a_telephone_number_without_four_digits_is_never_verified(folder: Path) -> None:
    flows = FlowDirectory(folder, COMPANY)
    account = replace(an_account(), phone="+86")
    assert flows.prompts("reminder", account, NOW)
    dialogue = flows.open("reminder", account)
    dialogue.start(NOW)
    dialogue.answer(keys("1"), NOW)
    dialogue.answer(keys(TAIL), NOW)
    assert not dialogue.verified


# ------------------------------------------------------------------------------------------------ parts


@pytest.fixture
def two_flows(folder: Path) -> Path:
    """``second`` shares the part ``common``; ``alone`` has no part."""
    write(folder / "second.yaml", TEXT.replace("flow: reminder", "flow: second", 1))
    write(
        folder / "alone.yaml",
        "flow: alone\nversion: 1\nlanguages: [zh, en]\nstart: bye\n"
        "states: {bye: {say: {zh: 再见。, en: Goodbye.}, end: no_input}}\n",
    )
    return folder


def test_an_edit_of_a_part_holds_for_every_flow_that_has_it(two_flows: Path) -> None:
    flows = FlowDirectory(two_flows, COMPANY)
    running = flows.open("second", an_account())
    running.start(NOW)
    before = flows.flow("alone")
    write(two_flows / "parts" / "common.yaml", PARTS["common"].replace("为了保护您的信息，", "", 1))
    assert flows.refresh()
    for name in ("reminder", "second"):
        fresh = flows.open(name, an_account())
        fresh.start(NOW)
        assert "为了保护" not in words(fresh.answer(keys("1"), NOW))
    assert flows.flow("alone") is before, "who has no part is not read again"
    assert "为了保护" in words(running.answer(keys("1"), NOW)), "a running call keeps its flow"
    assert not flows.refresh()


def test_a_faulty_part_replaces_no_flow_and_is_told_once(two_flows: Path) -> None:
    flows = FlowDirectory(two_flows, COMPANY)
    part = two_flows / "parts" / "common.yaml"
    write(part, PARTS["common"].replace("context: opening", "context: openning"))
    assert not flows.refresh()
    assert [problem.field for problem in flows.problems] == ["states.opening.ask.context"]
    assert flows.problems[0].where.startswith(f"{part}:")
    assert "云杉通信" in words(flows.open("second", an_account()).start(NOW))
    write(part, "part: [")
    assert not flows.refresh()
    assert [problem.where.startswith(f"{part}:") for problem in flows.problems] == [True]
    write(part, PARTS["common"])
    assert flows.refresh()
    assert flows.problems == ()


def test_a_part_that_suits_one_flow_only_is_taken_over_by_that_one(two_flows: Path) -> None:
    flows = FlowDirectory(two_flows, COMPANY)
    write(two_flows / "second.yaml", (two_flows / "second.yaml").read_text(encoding="utf-8") + EXTRA)
    flows.refresh()
    write(
        two_flows / "parts" / "common.yaml",
        PARTS["common"].replace("        deny: verify_tail\n", "        deny: extra\n", 1),
    )
    assert flows.refresh()
    assert "extra" in flows.flow("second").states
    assert "extra" not in flows.flow("reminder").states
    assert [problem.field for problem in flows.problems] == ["parts"]
    assert "no state 'extra'" in flows.problems[0].wrong


EXTRA = """
  extra:
    say: {zh: 再见。, en: Goodbye.}
    end: not_verified
"""


def test_a_part_that_comes_later_is_found(folder: Path) -> None:
    part = folder / "parts" / "common.yaml"
    flows = FlowDirectory(folder, COMPANY)
    part.unlink()
    assert not flows.refresh()
    assert "unknown part 'common'" in flows.problems[0].wrong
    assert "云杉通信" in opening(flows), "its last version stays"
    write(part, PARTS["common"])
    assert flows.refresh()
    assert flows.problems == ()
