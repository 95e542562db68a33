"""No way through any shipped flow, with any input in any order, crosses a red line.

Each walk is one conversation with a random account and random answers: right and wrong keys, sentences of the labelled
sets at any question, mixtures of the trade's words, silence, noise, hanging up.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from pathlib import Path
from random import Random

import pytest
from hypothesis import settings

from ari_app.dialogue import guard, spoken
from ari_app.dialogue.flow import Flow
from ari_app.dialogue.flow_conversation import FlowConversation
from ari_app.dialogue.guard import wording_fault
from ari_app.dialogue.model import CustomerInput, FlowStep, InputKind
from ari_app.dialogue.understanding import understand
from ari_app.domain.account import Account, AccountDetails
from ari_app.domain.experiment import Arms
from ari_app.services.flow_sources import read_flow_file
from tests.support.talks import COMPANY, NAMES, ROOT, TAIL, an_account, asking_flows

pytestmark = pytest.mark.fakes

FLOWS = asking_flows()
#: Walks of each flow, in groups that each end soon.
#: Of each flow; `scripts/test tests/fakes/test_red_lines.py --hypothesis-profile=thorough` walks 10,000.
MOST_WALKS = 10_000
WALKS = MOST_WALKS if settings.get_current_profile_name() == "thorough" else 2_000
GROUPS = 4
#: So many say what share of calls is verified.
ENOUGH = 500

UTTERANCES = ROOT / "tests" / "data" / "understanding"
SENTENCES = {
    language: [
        json.loads(line)["text"]
        for part in ("rules", "test")
        for line in (UTTERANCES / f"{language}.{part}.jsonl").read_text(encoding="utf-8").splitlines()
    ]
    for language in spoken.LANGUAGES
}
#: What the labelled sets hold nothing of.
SENTENCES["zh"] += [
    "爸爸妈妈不在家",
    "我家有个刚满月的宝宝",
    "什么时候能恢复供电",
    "我拍了照片",
    "抄表",
    "还没有",
]
SENTENCES["en"] += [
    "i am ten years old",
    "we have a baby at home",
    "i paid but i am still cut off",
    "i can send a photo",
    "the meter",
    "not yet",
]
#: What the labelled sets hardly ever say, and flows have an end for.
RARE = {
    "zh": (
        "我才八岁",
        "我不想活了",
        "说英语",
        "我要讲粤语",
        "听不懂普通话",
        "他去年过世了",
        "我要投诉你们",
        "我不交",
        "不要录音",
    ),
    "en": (
        "i am eight years old",
        "i want to kill myself",
        "speak chinese",
        "spanish please",
        "no english",
        "he passed away",
        "i will complain",
        "i will not pay",
        "do not record me",
    ),
}
ODD = (
    "",
    "   ",
    "{amount}",
    "<script>",
    "\u202eabc",
    "0" * 300,
    "我" * 500,
    "\x00",
    "８０００",
    "8000",
    "{name}",
    "%s",
)


def an_input(random: Random, language: str, step: FlowStep) -> CustomerInput:
    """Anything that a call can bring; now and then what helps it on, so that walks come far."""
    context = step.question.context if step.question is not None else ""
    if context in ("opening", "verify_tail") and random.random() < 0.5:
        return CustomerInput(InputKind.KEYS, TAIL if context == "verify_tail" else "1")
    if context in ("ask_when", "ask_amount", "ask_plan", "confirm_ptp") and random.random() < 0.3:
        return CustomerInput(InputKind.KEYS, "1")
    kind = random.random()
    if kind < 0.3:
        return CustomerInput(InputKind.KEYS, random.choice("0123456789*"))
    if kind < 0.45:
        wrong = "".join(random.choice("0123456789*#") for _ in range(random.randint(1, 11)))
        return CustomerInput(InputKind.KEYS, random.choice((TAIL, TAIL, wrong)))
    if kind < 0.52:
        return CustomerInput(InputKind.SILENCE)
    if kind < 0.6:
        return CustomerInput(InputKind.SPEECH, random.choice(ODD), random.random())
    text = random.choice(RARE[language] if random.random() < 0.05 else SENTENCES[language])
    if kind < 0.7:
        other = random.choice(SENTENCES[random.choice(spoken.LANGUAGES)])
        text = text + (" " if language == "en" else "") + other
    return CustomerInput(InputKind.SPEECH, text, random.choice((1.0, 0.9, 0.6, 0.3)), "test")


def a_customer(random: Random, language: str) -> Account:
    amount = random.choice(("568.32", "0.01", "99999999.99", "100", "12.50", "1000000"))
    due = date(2026, 3, 11) + timedelta(days=random.choice((-900, -95, -45, -10, -1, 0, 1, 3, 30)))
    name = random.choice((NAMES[language], "张*", "", "{amount}", "Bill Debt", "欠费先生", "O'Brien-Smith"))
    details = AccountDetails(
        service=random.choice(("", "water", "telecom")),
        service_state=random.choice(("", "active", "suspended")),
        suspension_on=random.choice((None, *(date(2026, 3, day) for day in (9, 11, 12, 20)))),
        suspension_at=random.choice((None, time(9), time(14, 30))),
        legal_stage=random.random() < 0.2,
    )
    return replace(an_account(language, amount=amount, due=due, name=name), details=details)


def spoken_facts(account: Account, language: str, today: date) -> list[str]:
    facts = (
        spoken.amount(account.amount_due, account.currency, language),
        spoken.day(account.due_date, language, today=today),
        str(account.amount_due),
    )
    return [fact for fact in facts if len(fact) >= 3]


def parts_of(step: FlowStep, names: tuple[str, ...]) -> dict[str, str]:
    """What is said without the customer's and the company's names, by language."""
    said: dict[str, str] = {}
    for one in (*step.say, *step.filler):
        if not one.personal and one.text not in names:
            said[one.language] = said.get(one.language, "") + " " + one.text
    return said


def words_of(step: FlowStep) -> str:
    return " ".join(fragment.text for fragment in (*step.say, *step.filler))


def some_arms(flow: Flow, seed: int) -> Arms:
    """Arms by the number of the walk, so that every arm and nobody's are walked in turn."""
    found: list[tuple[str, str]] = []
    for experiment in flow.experiments:
        choices = ("", *experiment.arm_names)
        seed, place = divmod(seed, len(choices))
        found += [(experiment.name, choices[place])] if choices[place] else []
    return tuple(sorted(found))


def walk(flow: Flow, seed: int) -> None:
    random = Random(seed)
    language = random.choice(flow.languages)
    account = a_customer(random, language)
    now = datetime(2026, 3, 11, 2, 30, tzinfo=UTC) + timedelta(hours=random.choice((0, 0, 0, 13, 14, 7000)))
    arms = some_arms(flow, seed)
    dialogue = FlowConversation(flow, account, COMPANY[language], arms=arms, companies=COMPANY)
    today = now.astimezone().date()
    facts = [fact for spoken_in in flow.languages for fact in spoken_facts(account, spoken_in, today)]
    step = dialogue.start(now)
    for _ in range(flow.most_questions() + 2):
        said, verified = words_of(step), dialogue.verified
        trail = f"{flow.name}, seed {seed}: {said!r}"
        names = (account.name, *COMPANY.values())
        plain = said
        for name in names:
            plain = plain.replace(name, " ") if name else plain
        if not verified:
            assert not [fact for fact in facts if fact in plain], trail
        legal = account.details.legal_stage
        for spoken_in, worded in parts_of(step, names).items():
            assert not wording_fault(worded, spoken_in, verified=verified, legal=legal), trail
        if step.result is not None:
            break
        step = (
            dialogue.hung_up()
            if random.random() < 0.02
            else dialogue.answer(an_input(random, step.language or language, step), now)
        )
    result = step.result
    assert result is not None, f"{flow.name}, seed {seed}: it does not end"
    assert dialogue.breaches == 0, f"{flow.name}, seed {seed}"
    told = f"{flow.name}, seed {seed}: {result}"
    assert result.verified or not (result.promises or result.plan or result.dispute or result.reasons), told
    for promise in result.promises:
        assert 0 < promise.amount <= account.amount_due, told
        assert sum(one.amount for one in result.promises) <= account.amount_due, told
        assert (
            now.date() - timedelta(days=1)
            <= date.fromisoformat(promise.date)
            <= now.date() + timedelta(days=92)
        ), told
    days = [promise.date for promise in result.promises]
    assert days == sorted(set(days)), told
    assert bool(result.promises) == (result.result == "promise_to_pay"), told
    assert "verified" not in result.coverage or result.verified, told
    assert "arrears_fact" not in result.coverage or result.verified, told


@pytest.fixture(autouse=True, scope="module")
def remembered_meanings() -> Iterator[None]:
    """The same words mean and hold the same each time; walks repeat them, so each is looked at once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ari_app.dialogue.flow_answers.understand", cache(understand))
        patch.setattr(guard, "matchable", cache(guard.matchable))
        yield


@pytest.mark.parametrize("path", FLOWS, ids=lambda path: path.stem)
@pytest.mark.parametrize("group", range(GROUPS))
def test_no_walk_crosses_a_red_line(path: Path, group: int) -> None:
    flow = read_flow_file(path)
    for seed in range(group, WALKS, GROUPS):
        walk(flow, seed)


@pytest.mark.parametrize("path", FLOWS, ids=lambda path: path.stem)
def test_the_walks_reach_every_result_and_both_sides_of_verification(path: Path) -> None:
    """The walks are worth something: they come to nearly every end."""
    flow = read_flow_file(path)
    ends = {state.end.result for state in flow.states.values() if state.end is not None}
    reached: set[str] = set()
    verified: list[bool] = []
    for seed in range(MOST_WALKS):
        random = Random(seed)
        language = random.choice(flow.languages)
        account = a_customer(random, language)
        dialogue = FlowConversation(flow, account, COMPANY[language], companies=COMPANY)
        now = datetime(2026, 3, 11, 2, 30, tzinfo=UTC)
        step = dialogue.start(now)
        while step.result is None:
            step = dialogue.answer(an_input(random, step.language, step), now)
        reached.add(step.result.result)
        verified.append(step.result.verified)
        if len(verified) >= ENOUGH and reached >= ends:
            break
    assert reached >= ends, ends - reached
    assert 0.2 < sum(verified) / len(verified) < 0.8
