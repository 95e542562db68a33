"""Somebody speaks of ending his life: at every question, before and after verification, a person is called for at once."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from ari_app.dialogue.understanding import understand
from ari_app.domain.call_result import ConversationResult
from ari_app.domain.contact_facts import ListKind
from ari_app.domain.standing import lists_after
from ari_app.services.flow_sources import read_flow_file
from tests.support.serving import DIALPLAN

pytestmark = pytest.mark.pure

NOW = datetime(2026, 11, 30, 2, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("zh", "我不想活了"),
        ("zh", "你们这是要逼死我"),
        ("zh", "再打电话我就去跳楼"),
        ("zh", "我真的想死"),
        ("zh", "活着没意思"),
        ("zh", "没钱还了我只能自杀"),
        ("en", "I want to kill myself"),
        ("en", "I don't want to live any more"),
        ("en", "honestly I'd be better off dead"),
        ("en", "I am going to end it all"),
        ("en", "sometimes I wish I was dead"),
    ],
)
@pytest.mark.parametrize("context", ["opening", "verify_tail", "ask_when", "confirm_ptp", "closing"])
def test_who_speaks_of_ending_his_life_is_heard(language: str, text: str, context: str) -> None:
    assert understand(text, language, context, NOW).finer == "distress"


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("zh", "气死我了"),
        ("zh", "我最近忙死了"),
        ("zh", "他去年去世了"),
        ("zh", "你去死吧"),
        ("zh", "我不想参加活动"),
        ("zh", "手机快没电了要死机了"),
        ("en", "I am dying to get this over with"),
        ("en", "he is dead"),
        ("en", "my phone is going to die"),
        ("en", "I will pay it myself on friday"),
    ],
)
def test_figures_of_speech_are_none(language: str, text: str) -> None:
    assert understand(text, language, "ask_when", NOW).finer != "distress"


@pytest.mark.parametrize("name", ["reminder", "overdue", "suspension", "dispute"])
def test_every_question_of_every_shipped_flow_leads_to_a_person(name: str) -> None:
    flow = read_flow_file(DIALPLAN / "flows" / f"{name}.yaml")
    asking = {state.name: state.ask for state in flow.states.values() if state.ask is not None}
    assert {where for where, ask in asking.items() if "distress" not in ask.on} == set()
    assert {move.go for ask in asking.values() for move in ask.on["distress"]} == {"distress"}
    end = flow.states["distress"].end
    assert end is not None
    assert (end.result, end.transfer) == ("distress", "distress")


def test_no_machine_calls_him_again() -> None:
    assert lists_after("distress", ConversationResult("distress")) == (ListKind.COMPLAINT,)
