"""The scenario of conversations: on paper every persona leads to what his account expects."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from ari_app.lab.expected import differences
from ari_app.lab.persona import Say
from ari_app.lab.scenario import LabAccount, load_scenario
from ari_app.site import LAB_START
from tests.support.on_paper import on_paper
from tests.support.talks import asking_flows

pytestmark = pytest.mark.pure

NOW = LAB_START.astimezone(ZoneInfo("Asia/Shanghai"))
SCENARIO = load_scenario(Path("dialogue"))
TALKING = [account for account in SCENARIO.accounts if account.expected.values is not None]


@pytest.mark.parametrize("account", TALKING, ids=[account.persona for account in TALKING])
def test_on_paper_a_persona_leads_to_what_his_account_expects(account: LabAccount) -> None:
    exported, said, on_the_list = on_paper(account, SCENARIO.personas[account.persona], NOW)
    assert differences(account.expected, exported, said, on_the_list=on_the_list) == []


def test_every_flow_and_every_result_of_a_conversation_has_its_persona() -> None:
    assert set(SCENARIO.flows()) == {path.stem for path in asking_flows()}
    assert len(TALKING) >= 60
    assert SCENARIO.concurrency <= 12
    languages = Counter(account.language for account in TALKING)
    assert min(languages["zh"], languages["en"]) >= 25


def test_chinese_personas_answer_by_keys() -> None:
    for account in TALKING:
        if account.language == "zh" and account.expected.values["language"] == "zh":  # type: ignore[index]
            said = [step for step in SCENARIO.personas[account.persona].steps[1:] if isinstance(step, Say)]
            assert said == [], account.persona
