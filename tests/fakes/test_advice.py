"""A language model's advice in running conversations: waited for only so long, and never needed."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import pytest
from structlog.testing import capture_logs

from ari_app.dialogue.advice import FREE_QUESTION, Opinion
from ari_app.dialogue.flow import Flow
from ari_app.dialogue.flow_conversation import FlowConversation
from ari_app.dialogue.model import Fragment
from ari_app.errors import SpeechError
from ari_app.services.advice import AdviceTerms, Adviser
from tests.support.advising import ScriptedModel
from tests.support.calls import FakePrompts
from tests.support.conversing import Scene, ScriptedEar, Utterance, scene
from tests.support.leaks import leaked_tasks
from tests.support.talks import COMPANY, TAIL, an_account, shipped_flow

pytestmark = [pytest.mark.fakes, pytest.mark.virtual_time]

UNCLEAR = "well the thing is you know how it goes with us"
SPEECH = (7.0, 7.5)
"""The customer says something at the question when he will pay."""
FILLER = "One moment, please."


def asking() -> Flow:
    flow = shipped_flow()
    state = flow.states["ask_when"]
    assert state.ask is not None
    open_to_questions = replace(state, ask=replace(state.ask, answers_questions=True))
    return replace(flow, states={**flow.states, "ask_when": open_to_questions})


def call(
    model: ScriptedModel | None,
    *heard: str,
    speech: Sequence[tuple[float, float]] = (SPEECH,),
    terms: AdviceTerms | None = None,
    prompts: FakePrompts | None = None,
    confidence: float = 0.9,
) -> tuple[Scene, Adviser | None]:
    """A verified customer who is asked when he will pay, says what is ``heard``, and is silent from then on."""
    adviser = None if model is None else Adviser(model, terms or AdviceTerms(answers=True))
    dialogue = FlowConversation(asking(), an_account("en"), COMPANY["en"])
    ear = ScriptedEar(*(Utterance(text, confidence=confidence) for text in heard or (UNCLEAR,)))
    now = asyncio.get_running_loop().time()
    spoken = [(now + start, now + end) for start, end in speech]
    there = scene(dialogue, *spoken, ear=ear, prompts=prompts, adviser=adviser)
    there.after(1.0, there.media.press, "1")
    there.after(2.0, there.media.press, TAIL)
    return there, adviser


def after(there: Scene, text: str) -> list[str]:
    """What the bot said after the customer's words, up to his next turn."""
    said = there.said()
    at = said.index(("customer", text))
    bot = []
    for speaker, words in said[at + 1 :]:
        if speaker != "bot":
            break
        bot.append(words)
    return bot


async def test_an_opinion_in_time_is_gone_by() -> None:
    model = ScriptedModel([Opinion("ask_payment_method", (), 0.9)])
    there, adviser = call(model)
    await there.conversation.run()
    assert after(there, UNCLEAR)[0].startswith("You can pay by")
    assert adviser is not None
    assert (adviser.counters.asked, adviser.counters.used) == (1, 1)
    assert FILLER not in [text for _, text in there.said()]
    (doubt,) = model.doubts
    assert doubt.text == UNCLEAR
    assert "five hundred" not in repr(model.doubts)


async def test_without_a_model_the_question_is_asked_again() -> None:
    there, _ = call(None)
    await there.conversation.run()
    assert after(there, UNCLEAR)[0].startswith("Sorry, I did not get that.")


async def test_what_the_rules_understand_is_not_asked() -> None:
    model = ScriptedModel([Opinion("refuse_to_pay", (), 0.9)])
    there, _ = call(model, "on friday")
    await there.conversation.run()
    assert model.doubts == []
    assert after(there, "on friday")[0].startswith("How much will you pay?")


@pytest.mark.parametrize("keeps_time", [True, False], ids=["client keeps the time", "client does not"])
async def test_a_late_opinion_was_never_given_and_the_filler_is_said_meanwhile(keeps_time: bool) -> None:
    model = ScriptedModel([Opinion("ask_payment_method", (), 0.9)], takes=60.0, keeps_time=keeps_time)
    there, adviser = call(model)
    await there.conversation.run()
    said = [text for _, text in there.said()]
    assert FILLER in said
    assert after(there, UNCLEAR)[-1].startswith("Sorry, I did not get that.")
    assert adviser is not None
    assert (adviser.counters.late, adviser.counters.used) == (1, 0)
    assert await leaked_tasks() == []


async def test_a_late_opinion_holds_the_customer_for_the_budget_and_no_longer() -> None:
    delays = []
    for takes in (0.0, 60.0):
        model = ScriptedModel([None], takes=takes)
        there, _ = call(model)
        await there.conversation.run()
        turns = there.conversation.so_far().turns
        spoke = next(turn for turn in turns if turn.text == UNCLEAR)
        again = next(turn for turn in turns if turn.text.startswith("Sorry, I did not get that."))
        delays.append(
            again.timing.decided_s - spoke.end_s if again.timing and again.timing.decided_s else 0.0
        )
    assert delays[1] - delays[0] == pytest.approx(AdviceTerms().budget_s, abs=0.1)


async def test_a_model_that_fails_changes_nothing() -> None:
    there, adviser = call(ScriptedModel([None]))
    await there.conversation.run()
    without, _ = call(None)
    await without.conversation.run()
    assert there.said() == without.said()
    assert adviser is not None
    assert (adviser.counters.failed, adviser.counters.used) == (1, 0)


@pytest.mark.parametrize(
    "opinion",
    [
        Opinion("affirm", (), 1.0),
        Opinion("promise_to_pay", ("friday",), 1.0),
        Opinion("identity_confirm", ("8000",), 1.0),
        Opinion("unclear", (), 0.0),
        Opinion("mark_as_paid", (), 1.0),
        Opinion(FREE_QUESTION, (), 1.0),
        Opinion("deny", (), float("nan")),
    ],
)
async def test_an_opinion_that_may_not_be_changes_nothing(opinion: Opinion) -> None:
    there, adviser = call(ScriptedModel([opinion]))
    await there.conversation.run()
    without, _ = call(None)
    await without.conversation.run()
    assert there.said() == without.said()
    assert there.conversation.so_far().result == without.conversation.so_far().result
    assert adviser is not None
    assert adviser.counters.refused == 1


async def test_a_promise_by_opinion_counts_only_when_the_customer_has_confirmed_it() -> None:
    said = "me mum reckons friday init"
    model = ScriptedModel([Opinion("promise_to_pay", ("friday",), 1.0)])
    there, _ = call(model, said, terms=AdviceTerms(below=0.7), confidence=0.6)
    there.after(12.0, there.media.press, "1")
    await there.conversation.run()
    result = there.conversation.so_far().result
    assert model.doubts
    assert result.promises == ()
    assert result.result == "informed"


async def test_a_promise_by_opinion_that_was_confirmed_waits_for_a_person() -> None:
    said = "me mum reckons friday init"
    model = ScriptedModel([Opinion("promise_to_pay", ("friday",), 1.0)])
    there, _ = call(model, said, terms=AdviceTerms(below=0.7), confidence=0.6)
    there.after(12.0, there.media.press, "1")
    there.after(16.0, there.media.press, "1")
    await there.conversation.run()
    (promise,) = there.conversation.so_far().result.promises
    assert promise.confidence <= 0.5


# ------------------------------------------------------------------------------------------- free questions


async def test_a_free_question_is_answered_from_the_facts() -> None:
    model = ScriptedModel([Opinion(FREE_QUESTION, (), 0.9)], ["It was due on {due_date}."])
    there, adviser = call(model)
    await there.conversation.run()
    assert after(there, UNCLEAR)[0].startswith("It was due on Sunday, March first. Please say a day")
    assert adviser is not None
    assert (adviser.counters.asked, adviser.counters.used) == (2, 1)


@pytest.mark.parametrize(
    "answer", ["", "You owe 1 yuan.", "We cancel {amount}.", "{amount} or jail", "Mark it as paid.", None]
)
async def test_an_answer_that_may_not_be_spoken_is_not(answer: str | None) -> None:
    there, adviser = call(ScriptedModel([Opinion(FREE_QUESTION, (), 0.9)], [answer]))
    await there.conversation.run()
    assert after(there, UNCLEAR)[0].startswith("Sorry, I did not get that.")
    assert adviser is not None
    assert adviser.counters.used == 0


async def test_where_answers_are_switched_off_no_fact_leaves_the_program() -> None:
    model = ScriptedModel([Opinion(FREE_QUESTION, (), 0.9)], ["It was due on {due_date}."])
    there, _ = call(model, terms=AdviceTerms(answers=False))
    await there.conversation.run()
    assert FREE_QUESTION not in model.doubts[0].meanings
    assert model.questions == []
    assert after(there, UNCLEAR)[0].startswith("Sorry, I did not get that.")


async def test_an_answer_that_no_voice_can_speak_is_left_out() -> None:
    class NoImprovising(FakePrompts):
        async def pcm(self, fragments: Sequence[Fragment]) -> bytes:
            if any("The day was" in part.text for part in fragments):
                raise SpeechError("no voice may speak it")
            return await super().pcm(fragments)

    model = ScriptedModel([Opinion(FREE_QUESTION, (), 0.9)], ["The day was {due_date}."])
    there, _ = call(model, prompts=NoImprovising())
    ended = await there.conversation.run()
    assert ended.result == "informed"
    assert after(there, UNCLEAR)[0].startswith("Please say a day")


# ------------------------------------------------------------------------------------------- ends


@pytest.mark.parametrize("moment", [8.3, 8.6, 9.4])
async def test_a_hang_up_while_advice_is_waited_for_leaves_nothing_behind(moment: float) -> None:
    there, _ = call(ScriptedModel(takes=60.0, keeps_time=False))
    running = asyncio.create_task(there.conversation.run())
    await asyncio.sleep(moment)
    running.cancel()
    await asyncio.wait({running})
    assert await leaked_tasks() == []
    assert there.conversation.so_far().result.result == "informed"


async def test_nothing_of_what_was_said_stands_in_the_log() -> None:
    model = ScriptedModel([Opinion(FREE_QUESTION, ("well",), 0.9)], ["It was due on {due_date}."])
    there, _ = call(model)
    with capture_logs() as logs:
        await there.conversation.run()
    written = repr(logs)
    assert "advice" in written
    for secret in (UNCLEAR, "well", "due on", "March", "five hundred"):
        assert secret not in written
