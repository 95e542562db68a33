"""Recognising while the customer pauses; and recognisers that are late, hang, fail or die."""

from __future__ import annotations

import asyncio
import math
from dataclasses import replace

import pytest

from ari_app.dialogue.flow_conversation import FlowConversation
from ari_app.dialogue.model import InputKind
from ari_app.domain.answer_progress import AnswerProgress
from tests.support.calls import FakeMedia
from tests.support.conversing import YES_OR_NO, Asks, ScriptedEar, Utterance, scene
from tests.support.leaks import leaked_tasks
from tests.support.talks import COMPANY, an_account, shipped_flow

pytestmark = [pytest.mark.fakes, pytest.mark.virtual_time]

NEVER = math.inf


async def test_a_complete_guess_is_the_answer_and_nothing_is_recognised_twice() -> None:
    heard = Utterance("yes", partial_after=0.01)
    asked = Asks(YES_OR_NO)
    await scene(asked, (1.0, 1.5), ear=ScriptedEar(heard)).conversation.run()
    assert [(given.kind, given.text, given.engine) for given in asked.given] == [
        (InputKind.SPEECH, "yes", "scripted")
    ]
    assert asked.given_at[0] == pytest.approx(1.5 + 0.2, abs=0.021)
    assert (heard.partials, heard.results, heard.cancelled) == (1, 0, True)


async def test_a_guess_that_comes_between_two_frames_does_not_wait_for_the_next() -> None:
    heard = Utterance("yes", partial_after=0.1531)
    asked = Asks(YES_OR_NO)
    await scene(asked, (1.0, 1.5), ear=ScriptedEar(heard)).conversation.run()
    # The last voiced frame comes at 1.48, the guess is asked for 0.1 s later.
    assert asked.given_at[0] == pytest.approx(1.58 + 0.1531, abs=0.001)


async def test_a_provisional_guess_shortens_the_wait_and_is_not_taken_for_the_answer() -> None:
    heard = Utterance("yes", partial_after=0.01, provisional=True, result_after=0.3)
    asked = Asks(YES_OR_NO)
    await scene(asked, (1.0, 1.5), ear=ScriptedEar(heard)).conversation.run()
    assert asked.given[0].text == "yes"
    assert heard.results == 1
    assert asked.given_at[0] == pytest.approx(1.48 + 0.2 + 0.3, abs=0.03)


@pytest.mark.parametrize("error", [RuntimeError, TimeoutError, None])
async def test_a_guess_that_fails_is_no_guess(error: type[Exception] | None) -> None:
    heard = Utterance("yes", partial_after=None)
    heard.error = error or heard.error
    asked = Asks(YES_OR_NO)
    await scene(asked, (1.0, 1.5), ear=ScriptedEar(heard)).conversation.run()
    assert asked.over_prompt == []  # nobody was asked what nothing amounts to
    assert asked.given[0].text == "yes"
    assert asked.given_at[0] > 1.5 + YES_OR_NO.endpoint_s - 0.03


async def test_a_guess_that_fails_does_not_make_a_noise_of_a_short_word() -> None:
    asked = Asks(YES_OR_NO)
    await scene(asked, (1.0, 1.2), ear=ScriptedEar(Utterance("yes"))).conversation.run()
    assert [given.text for given in asked.given] == ["yes"]


async def test_a_guess_of_which_nobody_is_sure_does_not_shorten_the_wait() -> None:
    asked = Asks(YES_OR_NO)
    ear = ScriptedEar(Utterance("yes", partial_after=0.01, confidence=0.2))
    await scene(asked, (1.0, 1.5), ear=ear).conversation.run()
    assert asked.given_at[0] > 1.5 + YES_OR_NO.endpoint_s - 0.03


async def test_speech_that_goes_on_drops_the_guess_and_a_new_one_is_made() -> None:
    heard = Utterance("yes", partial_after=0.3)
    asked = Asks(YES_OR_NO)
    await scene(asked, (1.0, 1.5), (1.8, 2.3), ear=ScriptedEar(heard)).conversation.run()
    assert heard.partials == 2
    assert heard.most_at_once == 1
    assert len(asked.over_prompt) == 1  # the guess of before was never looked at
    assert heard.results == 0
    assert [given.text for given in asked.given] == ["yes"]


async def test_a_guess_that_comes_after_the_end_is_waited_for() -> None:
    heard = Utterance("maybe", partial_after=1.0, result_after=0.9)
    asked = Asks(YES_OR_NO)
    await scene(asked, (1.0, 1.5), ear=ScriptedEar(heard)).conversation.run()
    assert asked.given[0].text == "maybe"
    assert heard.results == 0
    assert asked.given_at[0] == pytest.approx(1.58 + 1.0, abs=0.03)


async def test_a_guess_that_hangs_does_not_hold_up_the_answer() -> None:
    heard = Utterance("maybe", partial_after=NEVER, result_after=0.1)
    asked = Asks(YES_OR_NO)
    await scene(asked, (1.0, 1.5), ear=ScriptedEar(heard)).conversation.run()
    assert asked.given[0].text == "maybe"
    assert asked.given_at[0] < 1.5 + 4.0


async def test_over_the_prompt_the_dialogue_is_told_so() -> None:
    asked = Asks(replace(YES_OR_NO), replace(YES_OR_NO))
    ear = ScriptedEar(Utterance("yes", partial_after=0.01))
    # The first prompt is played from 0 to 0.5 s, the second from 0.97 on.
    await scene(asked, (0.2, 0.8), (3.0, 3.5), ear=ear).conversation.run()
    assert asked.over_prompt == [True, True, False]  # the guess, and the text once more


async def test_after_a_false_interruption_words_are_an_answer_to_the_question() -> None:
    asked = Asks(YES_OR_NO)
    ear = ScriptedEar(Utterance("", partial_after=0.01), Utterance("yes", partial_after=0.01))
    # The noise stops the prompt of half a second, which is resumed.
    await scene(asked, (0.2, 0.34), (2.0, 2.5), ear=ear).conversation.run()
    assert asked.over_prompt == [True, False]
    assert [given.text for given in asked.given] == ["yes"]


# ------------------------------------------------------------------------------------------- faults


async def test_a_result_that_hangs_is_given_up_and_the_filler_said_meanwhile() -> None:
    asked = Asks(YES_OR_NO)
    there = scene(asked, (1.0, 1.5), ear=ScriptedEar(Utterance(result_after=NEVER)))
    await there.conversation.run()
    assert [(given.kind, given.text) for given in asked.given] == [(InputKind.SPEECH, "")]
    assert asked.given_at[0] == pytest.approx(1.48 + 4.0, abs=0.06)
    assert there.said() == [
        ("bot", "sentence 0"),
        ("bot", "one moment"),
        ("customer", ""),
        ("bot", "sentence 1"),
    ]
    assert there.media.played_at[1] == pytest.approx(1.48 + 1.2, abs=0.06)


async def test_a_result_in_time_needs_no_filler() -> None:
    asked = Asks(YES_OR_NO)
    there = scene(asked, (1.0, 1.5), ear=ScriptedEar(Utterance(result_after=0.4)))
    await there.conversation.run()
    assert len(there.media.played) == 2


async def test_each_slow_answer_has_its_filler_and_a_quick_one_none() -> None:
    asked = Asks(YES_OR_NO, YES_OR_NO, YES_OR_NO)
    ear = ScriptedEar(*(Utterance(f"words {after}", result_after=after) for after in (1.0, 0.4, 1.0)))
    there = scene(asked, (1.0, 1.5), (5.5, 6.0), (9.0, 9.5), ear=ear)
    await there.conversation.run()
    texts = [text for _, text in there.said()]
    assert texts.count("one moment") == 2
    assert texts[texts.index("words 0.4") - 1] == "sentence 1"
    assert [given.text for given in asked.given] == ["words 1.0", "words 0.4", "words 1.0"]


async def test_after_a_long_pause_the_text_is_given_a_moment_before_the_filler() -> None:
    asked = Asks(replace(YES_OR_NO, endpoint_s=1.4))
    there = scene(asked, (1.0, 1.5), ear=ScriptedEar(Utterance(result_after=0.2)))
    await there.conversation.run()
    assert ("bot", "one moment") not in there.said()
    assert asked.given[0].text == "yes"


async def test_two_results_that_never_came_are_two_faults() -> None:
    asked = Asks(YES_OR_NO, YES_OR_NO, YES_OR_NO)
    ear = ScriptedEar(*(Utterance(result_after=NEVER) for _ in range(3)))
    there = scene(asked, (1.0, 1.5), (7.0, 7.5), (13.0, 13.5), ear=ear)
    await there.conversation.run()
    assert len(ear.heard) == 2
    assert [given.text for given in asked.given] == ["", "", ""]


async def test_after_a_filler_the_next_prompt_waits_for_its_end() -> None:
    asked = Asks(YES_OR_NO, YES_OR_NO)
    there = scene(asked, (1.0, 1.5), ear=ScriptedEar(Utterance(result_after=0.8)))
    await there.conversation.run()
    texts = [turn.text for turn in there.conversation.so_far().turns if turn.speaker == "bot"]
    turns = {turn.text: turn for turn in there.conversation.so_far().turns}
    assert texts == ["sentence 0", "one moment", "sentence 1", "sentence 2"]
    assert turns["sentence 1"].start_s >= turns["one moment"].end_s
    # Silence is counted from the end of the prompt, not of the filler.
    assert asked.given_at[1] >= turns["sentence 1"].end_s + YES_OR_NO.no_input_s


@pytest.mark.parametrize("error", ["SpeechError", "RuntimeError"])
@pytest.mark.parametrize("dies", ["at once", "in mid-utterance", "at the end"])
async def test_after_two_faults_the_call_goes_on_by_key(dies: str, error: str) -> None:
    def dying() -> Utterance:
        feeds = {"at once": 0, "in mid-utterance": 10}.get(dies, 1_000_000)
        made = Utterance(result_after=None, feeds=feeds)
        made.error = RuntimeError if error == "RuntimeError" else made.error
        return made

    asked = Asks(*[YES_OR_NO] * 5)
    ear = ScriptedEar(dying(), dying(), dying())
    there = scene(asked, *((start, start + 0.5) for start in (1.0, 5.0, 9.8, 30.0)), ear=ear)
    there.after(8.0, there.media.press, "1")
    await there.conversation.run()
    assert [(given.kind.value, given.text) for given in asked.given] == [
        ("speech", ""),
        ("speech", ""),
        ("keys", "1"),
        ("speech", ""),  # from 9.8 s on: nobody listens to it, but he is answered
        ("silence", ""),
    ]
    assert asked.given_at[3] == pytest.approx(10.28 + 1.2, abs=0.05)
    assert len(ear.heard) == 2
    assert all(heard.cancelled for heard in ear.heard)


async def test_where_nothing_could_be_heard_from_the_beginning_a_noise_is_no_answer() -> None:
    asked = Asks(YES_OR_NO)
    there = scene(asked, (1.0, 1.5))
    there.conversation._listener._find = lambda _: None
    await there.conversation.run()
    assert [given.kind.value for given in asked.given] == ["silence"]


async def test_one_fault_is_forgiven() -> None:
    asked = Asks(YES_OR_NO, YES_OR_NO)
    ear = ScriptedEar(Utterance(result_after=None), Utterance("no"))
    await scene(asked, (1.0, 1.5), (4.0, 4.5), ear=ear).conversation.run()
    assert [given.text for given in asked.given] == ["", "no"]


@pytest.mark.parametrize("language", ["zh", "en"])
async def test_with_a_dead_recogniser_the_shipped_flow_tells_the_keys_and_comes_to_its_exit(
    language: str,
) -> None:
    dialogue = FlowConversation(shipped_flow(), an_account(language), COMPANY[language])
    starts = [3.0 * step for step in range(100)]
    ear = ScriptedEar(Utterance(result_after=NEVER))
    there = scene(dialogue, *((start, start + 0.8) for start in starts), ear=ear)
    ended = await there.conversation.run()
    assert ended.result == "not_verified" or ended.result == "no_input"
    turns = there.conversation.so_far().turns
    asked_again = [turn.text for turn in turns if turn.speaker == "bot"][2]
    assert ("按一" in asked_again) if language == "zh" else ("Press one" in asked_again)
    assert len(ear.heard) == 2
    # Whoever has spoken hears something within three seconds.
    sounds = [turn for turn in turns if turn.speaker == "bot"]
    for turn in turns:
        if turn.kind == "speech":
            assert min(bot.start_s for bot in sounds if bot.end_s > turn.end_s) - turn.end_s <= 3.0


@pytest.mark.parametrize("moment", [1.2, 1.6, 2.2, 2.9, 4.0])
async def test_a_hang_up_at_any_moment_of_recognition_leaves_no_task(moment: float) -> None:
    asked = Asks(YES_OR_NO)
    ear = ScriptedEar(Utterance(partial_after=NEVER, result_after=NEVER))
    there = scene(asked, (1.0, 1.5), ear=ear)
    running = asyncio.create_task(there.conversation.run())
    await asyncio.sleep(moment)
    running.cancel()
    await asyncio.wait({running})
    assert running.cancelled()
    assert await leaked_tasks() == []
    assert ear.heard[0].cancelled
    assert there.conversation.so_far().result.result == "hung_up"


class Stubborn(Utterance):
    """Does not let its result be cancelled."""

    async def result(self, timeout_s: float) -> object:  # type: ignore[override]
        until = asyncio.get_running_loop().time() + 30.0
        while (left := until - asyncio.get_running_loop().time()) > 0:
            try:
                await asyncio.sleep(left)
            except asyncio.CancelledError:
                continue
        return await super().result(timeout_s)


async def test_a_recogniser_that_does_not_let_itself_be_cancelled_holds_nobody() -> None:
    asked = Asks(YES_OR_NO)
    there = scene(asked, (1.0, 1.5), ear=ScriptedEar(Stubborn()))
    ended = await there.conversation.run()
    assert ended.result == "informed"
    assert asked.given[0].text == ""
    assert asyncio.get_running_loop().time() < 10.0
    await asyncio.sleep(30.0)
    assert await leaked_tasks() == []


# ------------------------------------------------------------------------------------------- endless talk


async def test_a_far_end_that_talks_for_ten_minutes_comes_to_the_exit_of_the_flow() -> None:
    dialogue = FlowConversation(shipped_flow(), an_account("en"), COMPANY["en"])
    ear = ScriptedEar(*(Utterance("bla bla bla") for _ in range(50)))
    there = scene(dialogue, (0.5, 600.0), ear=ear, media=FakeMedia())
    ended = await there.conversation.run()
    assert ended.result == "not_verified"
    assert asyncio.get_running_loop().time() < 90.0
    assert all(heard.fed <= 17.0 * 32_000 for heard in ear.heard)
    texts = [turn.text for turn in there.conversation.so_far().turns if turn.kind == "speech"]
    assert texts == ["bla bla bla"] * len(texts)
    assert texts


async def test_talk_that_is_understood_is_answered_though_it_does_not_end() -> None:
    asked = Asks(YES_OR_NO, progress={"yes": AnswerProgress.COMPLETE})
    await scene(asked, (1.0, 600.0), ear=ScriptedEar(Utterance("yes"))).conversation.run()
    assert asked.given[0].text == "yes"
    assert asked.given_at[0] == pytest.approx(1.0 + YES_OR_NO.max_speech_s, abs=0.2)
