"""What protects somebody is heard at every question of the shipped flows: no calls, no recording, a person."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ari_app.dialogue.dispute_answers import DESCRIPTION
from ari_app.services.flow_sources import read_flow_file
from tests.support.talks import TAIL, an_account, asking_flows, talk

pytestmark = pytest.mark.pure

FLOWS = {path.stem: read_flow_file(path) for path in asking_flows()}
QUESTIONS = [
    (name, state.name)
    for name, flow in FLOWS.items()
    for state in flow.states.values()
    if state.ask is not None and state.ask.note != DESCRIPTION  # there he tells what happened
]
#: Questions that end with no more calls whatever is said but no.
LAST = frozenset({"confirm_stop", "confirm_stop_verified"})


@pytest.mark.parametrize("wish", ["stop_calling", "recording_refused", "complaint_threat", "request_human"])
@pytest.mark.parametrize(("name", "state"), QUESTIONS)
def test_a_wish_is_heard_at_every_question(name: str, state: str, wish: str) -> None:
    ask = FLOWS[name].states[state].ask
    assert ask is not None
    assert wish in ask.on or (wish == "request_human" and state in LAST)


@pytest.mark.parametrize("name", FLOWS)
@pytest.mark.parametrize("language", ["zh", "en"])
def test_who_speaks_of_his_debt_before_the_digits_is_asked_for_them(name: str, language: str) -> None:
    said = {"zh": "我已经交过了", "en": "i already paid"}[language]
    told = talk(FLOWS[name], an_account(language), "1", said)
    assert told.context == "verify_tail"
    assert {"zh": "核对身份", "en": "check who you are"}[language] in told.said
    assert not told.dialogue.verified


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_part_stays_promised_whatever_is_wished_at_the_rest(language: str) -> None:
    stop, part = {"zh": ("别再给我打电话了", "200#"), "en": ("stop calling me", "200#")}[language]
    for on_the_way in ((), ("1",), ("1", "1")):
        told = talk(FLOWS["overdue"], an_account(language), "1", TAIL, "1", part, "1", *on_the_way, stop)
        result = told.last.result
        assert result is not None
        assert [str(promise.amount) for promise in result.promises] == ["200.00"]
        assert result.do_not_contact


@pytest.mark.parametrize(
    "answers",
    [("2", "1", "1"), ("5",), ("6",), ("", ""), ("我没钱",), ("你把链接发给我",), ("我不交", "1")],
)
def test_a_reminder_to_a_case_with_lawyers_is_not_called_a_reminder_only(answers: tuple[str, ...]) -> None:
    usual = an_account()
    legal = replace(usual, details=replace(usual.details, legal_stage=True))
    said = {
        stage: talk(FLOWS["reminder"], one, "1", TAIL, *answers) for stage, one in ((0, usual), (1, legal))
    }
    assert said[0].result == said[1].result is not None
    assert "仅为服务提醒" in said[0].said
    assert "服务提醒" not in said[1].said
