"""What the bot says: interrupted and resumed, lost with the line, late; and how it stands in the transcript."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import replace

import pytest

from ari_app.dialogue.model import Fragment, KeyInput, Question
from ari_app.domain.answer_progress import AnswerProgress
from ari_app.domain.attempt import Turn
from ari_app.domain.voice_style import VoiceStyle
from ari_app.errors import MediaClosed, SpeechError
from tests.support.calls import FakeMedia, NoDetector
from tests.support.conversing import YES_OR_NO, Asks, Scene, ScriptedEar, Utterance, scene
from tests.support.leaks import leaked_tasks

pytestmark = [pytest.mark.fakes, pytest.mark.virtual_time]

BY_KEY = Question("closing", KeyInput(1, 1), None, no_input_s=3.0)
NOTICE = replace(YES_OR_NO, barge_in=False)


def words(seconds: float) -> bytes:
    """Words of half a second with pauses of a tenth of one between them."""
    word = b"\x00\x20" * 8_000 + bytes(3_200)
    whole = word * (int(seconds / 0.6) + 1)
    return whole[: 2 * round(seconds * 16_000)]


class LongPrompts:
    """Prompts of three seconds with pauses in them; some come late."""

    def __init__(self, *, late: dict[str, float] | None = None, broken: tuple[str, ...] = ()) -> None:
        self._late = late or {}
        self._broken = broken

    async def prepare(self, fragments: Iterable[Fragment]) -> None: ...

    def styled(self, style: VoiceStyle) -> LongPrompts:
        return self

    async def pcm(self, fragments: Sequence[Fragment]) -> bytes:
        text = fragments[0].text
        if text in self._broken:
            raise SpeechError("no voice")
        if text in self._late:
            await asyncio.sleep(self._late[text])
        return words(1.0 if text == "one moment" else 3.0)


def turn_of(there: Scene, text: str) -> Turn:
    (turn,) = [turn for turn in there.conversation.so_far().turns if turn.text == text]
    return turn


# ------------------------------------------------------------------------------------------- false interruptions

NOISE = ScriptedEar(Utterance("", partial_after=0.05))


async def test_after_a_false_interruption_the_prompt_goes_on_at_the_last_pause() -> None:
    asked = Asks(YES_OR_NO)
    there = scene(asked, (1.0, 1.14), ear=NOISE, prompts=LongPrompts())
    await there.conversation.run()
    stopped = there.media.flushed_at[0]
    assert 1.0 < stopped < 1.2
    assert len(there.media.played) == 3
    # 0.6 s is the start of the second word, and the last pause before the stop.
    assert len(there.media.played[1]) / 32_000 == pytest.approx(3.0 - 0.6, abs=0.05)
    turn = turn_of(there, "sentence 0")
    assert not turn.interrupted
    assert turn.covers == ("opening",)
    assert turn.end_s == pytest.approx(there.media.played_at[1] + 2.4, abs=0.1)
    # Silence counts from the end of the resumed prompt.
    assert asked.given[0].kind.value == "silence"
    assert asked.given_at[0] == pytest.approx(turn.end_s + YES_OR_NO.no_input_s, abs=0.1)


async def test_a_prompt_that_two_sounds_stopped_goes_on_over_the_third() -> None:
    asked = Asks(YES_OR_NO)
    noises = ((1.0, 1.14), (2.5, 2.66), (3.6, 3.82))  # each needs more than the one before
    ear = ScriptedEar(Utterance("", partial_after=0.05))
    there = scene(asked, *noises, ear=ear, prompts=LongPrompts())
    there.after(6.0, there.media.press, "1")
    await there.conversation.run()
    assert len(there.media.flushed_at) == 2
    assert len(there.media.played) == 4
    assert len(ear.heard) == 3
    assert [given.text for given in asked.given] == ["1"]
    assert not turn_of(there, "sentence 0").interrupted


async def test_a_back_channel_over_the_prompt_lets_it_go_on() -> None:
    asked = Asks(YES_OR_NO, progress={"uh huh": AnswerProgress.BACK_CHANNEL})
    there = scene(
        asked, (0.9, 1.3), ear=ScriptedEar(Utterance("uh huh", partial_after=0.05)), prompts=LongPrompts()
    )
    await there.conversation.run()
    assert asked.over_prompt[0] is True
    assert [given.kind.value for given in asked.given] == ["silence"]
    assert len(there.media.played) == 3


NODS = {"uh huh": AnswerProgress.BACK_CHANNEL, "yes": AnswerProgress.COMPLETE}


async def test_after_one_back_channel_prompts_are_not_stopped_by_the_next_and_still_by_an_answer() -> None:
    asked = Asks(YES_OR_NO, progress=NODS)
    nod = Utterance("uh huh", partial_after=0.05)
    ear = ScriptedEar(nod, Utterance("uh huh", partial_after=0.05), Utterance("yes", partial_after=0.05))
    there = scene(asked, (0.3, 0.7), (1.5, 1.9), (2.5, 2.9), ear=ear, prompts=LongPrompts())
    await there.conversation.run()
    assert [given.text for given in asked.given] == ["yes"]
    first, second = there.media.flushed_at
    assert first < 0.5
    assert second == pytest.approx(3.05, abs=0.05)
    assert asked.over_prompt[:3] == [True, True, True]
    assert turn_of(there, "sentence 0").interrupted
    assert ear.heard[1].cancelled


@pytest.mark.parametrize(("confidence", "stops"), [(0.3, False), (0.6, False), (0.9, True)])
async def test_short_words_that_nobody_is_sure_of_do_not_answer_over_a_prompt(
    confidence: float, stops: bool
) -> None:
    asked = Asks(YES_OR_NO, progress=NODS)
    heard = Utterance("yes", partial_after=0.05, confidence=confidence)
    there = scene(asked, (0.9, 1.3), ear=ScriptedEar(heard), prompts=LongPrompts())
    await there.conversation.run()
    assert [given.kind.value for given in asked.given] == ["speech" if stops else "silence"]
    assert len(there.media.played) == (2 if stops else 3)


@pytest.mark.parametrize(("progress", "left_s"), [("back_channel", 2.0), ("assent", 2.0), ("assent", 0.3)])
async def test_a_back_channel_without_a_guess_is_known_by_its_text(progress: str, left_s: float) -> None:
    """A recogniser that has no partial results for so short a word."""
    asked = Asks(YES_OR_NO, progress={"uh huh": AnswerProgress(progress)})
    heard = Utterance("uh huh", partial_after=None, result_after=0.1)
    began = 3.0 - left_s
    there = scene(asked, (began, began + 0.4), ear=ScriptedEar(heard), prompts=LongPrompts())
    await there.conversation.run()
    answered = progress == "assent" and left_s < 0.7
    assert [given.kind.value for given in asked.given] == ["speech" if answered else "silence"]
    assert turn_of(there, "sentence 0").interrupted is answered
    assert len(there.media.played) == (2 if answered else 3)


@pytest.mark.parametrize(("text", "confidence"), [("uh huh", 0.9), ("maybe", 0.6), ("", 0.0)])
async def test_a_prompt_goes_on_behind_the_filler_that_a_slow_recogniser_made_necessary(
    text: str, confidence: float
) -> None:
    asked = Asks(YES_OR_NO, progress=NODS | {"": AnswerProgress.NOTHING})
    heard = Utterance(text, partial_after=None, result_after=1.0, confidence=confidence)
    there = scene(asked, (1.0, 1.4), ear=ScriptedEar(heard), prompts=LongPrompts())
    await there.conversation.run()
    assert [given.kind.value for given in asked.given] == ["silence"]
    bot = [text for speaker, text in there.said() if speaker == "bot"]
    assert bot == ["sentence 0", "one moment", "sentence 1"]
    prompt, filler = turn_of(there, "sentence 0"), turn_of(there, "one moment")
    assert len(there.media.played[2]) / 32_000 == pytest.approx(3.0 - 0.6, abs=0.05)
    assert not prompt.interrupted
    assert not filler.interrupted
    assert prompt.end_s == pytest.approx(filler.end_s + 2.4, abs=0.1)
    assert asked.given_at[0] == pytest.approx(prompt.end_s + YES_OR_NO.no_input_s, abs=0.1)


async def test_an_answer_whose_text_comes_late_does_not_cut_the_filler_off() -> None:
    asked = Asks(YES_OR_NO, progress=NODS)
    heard = Utterance("yes", partial_after=None, result_after=1.5)
    there = scene(asked, (1.0, 1.4), ear=ScriptedEar(heard), prompts=LongPrompts())
    await there.conversation.run()
    assert [given.text for given in asked.given] == ["yes"]
    assert not turn_of(there, "one moment").interrupted
    assert len(there.media.flushed_at) == 1


async def test_an_answer_without_a_guess_stops_a_prompt_that_went_on_over_it() -> None:
    asked = Asks(YES_OR_NO, progress=NODS)
    ear = ScriptedEar(
        Utterance("uh huh", partial_after=0.05), Utterance("yes", partial_after=None, result_after=0.1)
    )
    there = scene(asked, (0.3, 0.7), (1.0, 1.4), ear=ear, prompts=LongPrompts())
    await there.conversation.run()
    assert [given.text for given in asked.given] == ["yes"]
    assert there.media.flushed_at == [pytest.approx(0.35, abs=0.03), pytest.approx(2.7, abs=0.06)]
    assert turn_of(there, "sentence 0").interrupted
    assert [text for speaker, text in there.said() if speaker == "bot"] == ["sentence 0", "sentence 1"]


async def test_back_channels_without_guesses_do_not_hold_up_a_prompt_for_ever() -> None:
    asked = Asks(YES_OR_NO, progress=NODS)
    ear = ScriptedEar(Utterance("uh huh", partial_after=None, result_after=0.1))
    said = [(0.4 + 2.5 * number, 0.8 + 2.5 * number) for number in range(9)]
    there = scene(asked, *said, ear=ear, prompts=LongPrompts())
    await there.conversation.run()
    assert len(there.media.flushed_at) == 1
    assert not turn_of(there, "sentence 0").interrupted


async def test_an_interruption_stands_in_the_transcript_where_it_came() -> None:
    asked = Asks(YES_OR_NO)
    there = scene(
        asked, (1.0, 1.8), ear=ScriptedEar(Utterance("yes", partial_after=0.01)), prompts=LongPrompts()
    )
    await there.conversation.run()
    prompt, answer = turn_of(there, "sentence 0"), turn_of(there, "yes")
    assert prompt.interrupted
    assert prompt.covers == ()
    assert prompt.end_s == pytest.approx(there.media.flushed_at[0])
    assert answer.start_s == pytest.approx(1.0, abs=0.03)
    assert answer.end_s == pytest.approx(1.78, abs=0.03)
    assert answer.start_s < prompt.end_s


async def test_what_is_said_over_a_notice_stops_nothing() -> None:
    asked = Asks(NOTICE)
    there = scene(
        asked, (1.0, 1.8), ear=ScriptedEar(Utterance("yes", partial_after=0.01)), prompts=LongPrompts()
    )
    await there.conversation.run()
    assert there.media.flushed == 0
    assert turn_of(there, "sentence 0").covers == ("opening",)


# ------------------------------------------------------------------------------------------- the line


async def test_a_prompt_that_was_lost_with_the_line_is_said_from_where_it_stopped() -> None:
    asked = Asks(BY_KEY)
    there = scene(asked, prompts=LongPrompts())
    there.after(1.0, there.media.lose_for, 2.0)
    there.after(6.5, there.media.press, "1")
    await there.conversation.run()
    assert len(there.media.played) == 3
    assert there.media.played_at[1] == pytest.approx(3.0, abs=0.05)
    assert len(there.media.played[1]) / 32_000 == pytest.approx(3.0 - 0.6, abs=0.05)
    assert [given.text for given in asked.given] == ["1"]
    turn = turn_of(there, "sentence 0")
    assert not turn.interrupted
    assert turn.end_s == pytest.approx(3.0 + 2.4, abs=0.1)


async def test_a_line_that_comes_back_late_in_the_prompt_leaves_the_whole_time_to_answer() -> None:
    asked = Asks(BY_KEY)
    there = scene(asked, prompts=LongPrompts())
    there.after(0.5, there.media.lose_for, 6.2)  # longer than prompt and grace
    await there.conversation.run()
    again = there.media.played_at[1]
    assert again == pytest.approx(6.7, abs=0.05)
    assert asked.given_at[0] >= again + 2.4 + BY_KEY.no_input_s


async def test_a_line_that_was_lost_while_the_customer_thinks_changes_nothing() -> None:
    asked = Asks(BY_KEY)
    there = scene(asked, prompts=LongPrompts())
    there.after(4.0, there.media.lose_for, 0.5)
    there.after(5.0, there.media.press, "1")
    await there.conversation.run()
    assert len(there.media.played) == 2
    assert [given.text for given in asked.given] == ["1"]


async def test_a_line_that_was_lost_while_he_speaks_does_not_lose_his_answer() -> None:
    asked = Asks(YES_OR_NO)
    there = scene(
        asked, (4.0, 5.0), ear=ScriptedEar(Utterance("maybe", partial_after=0.01)), prompts=LongPrompts()
    )
    there.after(4.5, there.media.lose_for, 0.2)
    await there.conversation.run()
    assert [given.text for given in asked.given] == ["maybe"]
    assert len(there.media.played) == 2


async def test_a_back_channel_that_was_lost_with_the_line_is_forgotten() -> None:
    asked = Asks(YES_OR_NO, progress=NODS)
    ear = ScriptedEar(Utterance("uh huh", partial_after=0.05), Utterance("uh huh", partial_after=1e6))
    there = scene(asked, (0.3, 0.7), (1.5, 2.0), ear=ear, prompts=LongPrompts())
    there.after(1.8, there.media.lose_for, 0.6)
    await there.conversation.run()
    assert ear.heard[1].cancelled
    assert len(there.media.flushed_at) == 1
    assert [given.kind.value for given in asked.given] == ["silence"]
    assert not turn_of(there, "sentence 0").interrupted


async def test_a_prompt_that_began_after_the_line_came_back_is_not_said_twice() -> None:
    asked = Asks(BY_KEY, BY_KEY)
    there = scene(asked, prompts=LongPrompts())
    there.after(4.0, there.media.press, "1")
    there.after(4.0, there.media.lose_for, 0.0)
    await there.conversation.run()
    assert len(there.media.played) == 3


async def test_the_last_words_are_said_to_their_end_though_the_line_was_lost() -> None:
    asked = Asks(BY_KEY)
    there = scene(asked, prompts=LongPrompts())
    there.after(4.0, there.media.press, "1")
    there.after(5.0, there.media.lose_for, 1.0)
    ended = await there.conversation.run()
    assert ended.result == "informed"
    assert len(there.media.played) == 3
    assert asyncio.get_running_loop().time() >= 6.0 + 2.4


@pytest.mark.parametrize("moment", [0.5, 3.5])
async def test_a_line_that_does_not_come_back_ends_the_conversation(moment: float) -> None:
    there = scene(Asks(BY_KEY), prompts=LongPrompts())
    there.after(moment, there.media.lose)
    with pytest.raises(MediaClosed):
        await there.conversation.run()
    turn = turn_of(there, "sentence 0")
    assert turn.end_s == pytest.approx(min(moment, 3.0), abs=0.05)
    assert not turn.interrupted
    assert turn.covers == (("opening",) if moment > 3.0 else ())


async def test_who_can_hear_but_sends_no_sound_is_not_left_in_silence() -> None:
    asked = Asks(replace(BY_KEY, no_input_s=8.0))
    there = scene(asked, media=FakeMedia(frames=False), prompts=LongPrompts())
    assert (await there.conversation.run()).result == "no_media"
    assert asyncio.get_running_loop().time() == pytest.approx(3.0 + 2.5, abs=0.06)


async def test_who_sends_no_sound_can_still_press_keys() -> None:
    asked = Asks(replace(BY_KEY, no_input_s=8.0))
    there = scene(asked, media=FakeMedia(frames=False), prompts=LongPrompts())
    there.after(4.0, there.media.press, "1")
    assert (await there.conversation.run()).result == "informed"
    assert [given.text for given in asked.given] == ["1"]


# ------------------------------------------------------------------------------------------- a voice that is late


async def test_a_prompt_that_is_rendered_slowly_is_bridged() -> None:
    asked = Asks(BY_KEY)
    there = scene(asked, prompts=LongPrompts(late={"sentence 1": 2.0}))
    there.after(4.0, there.media.press, "1")
    await there.conversation.run()
    assert [text for speaker, text in there.said() if speaker == "bot"] == [
        "sentence 0",
        "one moment",
        "sentence 1",
    ]
    assert turn_of(there, "one moment").start_s == pytest.approx(4.0 + 1.2, abs=0.06)
    assert turn_of(there, "sentence 1").start_s >= turn_of(there, "one moment").end_s


async def test_a_prompt_that_never_comes_ends_the_conversation_in_time() -> None:
    there = scene(Asks(BY_KEY), prompts=LongPrompts(late={"sentence 1": 1e6}))
    there.after(4.0, there.media.press, "1")
    with pytest.raises(SpeechError, match="in time"):
        await there.conversation.run()
    assert asyncio.get_running_loop().time() < 4.0 + 5.0
    assert await leaked_tasks() == []


@pytest.mark.parametrize("fault", ["late", "broken"])
async def test_a_filler_that_cannot_be_said_is_left_out(fault: str) -> None:
    late = {"sentence 1": 3.0} | ({"one moment": 1e6} if fault == "late" else {})
    prompts = LongPrompts(late=late, broken=("one moment",) if fault == "broken" else ())
    there = scene(Asks(BY_KEY), prompts=prompts)
    there.after(4.0, there.media.press, "1")
    await there.conversation.run()
    assert [text for speaker, text in there.said() if speaker == "bot"] == ["sentence 0", "sentence 1"]
    assert await leaked_tasks() == []


# ------------------------------------------------------------------------------------------- the ledger


async def test_each_answer_of_the_bot_has_its_latency_ledger() -> None:
    asked = Asks(YES_OR_NO, YES_OR_NO, YES_OR_NO)
    ear = ScriptedEar(Utterance("yes", partial_after=0.01), Utterance("maybe", result_after=0.3))
    there = scene(asked, (1.0, 1.5), (4.0, 4.5), ear=ear)
    there.after(7.0, there.media.press, "1")
    await there.conversation.run()
    first, guessed, recognised, keyed = (
        turn for turn in there.conversation.so_far().turns if turn.speaker == "bot"
    )
    assert first.timing is None
    for turn in (guessed, recognised):
        timing = turn.timing
        assert timing is not None
        steps = (
            timing.speech_ended_s,
            timing.final_text_s,
            timing.decided_s,
            timing.audio_sent_s,
            timing.on_wire_s,
        )
        assert None not in steps
        assert list(steps) == sorted(steps)  # type: ignore[type-var]
        assert turn.start_s == timing.on_wire_s
    assert guessed.timing is not None
    assert guessed.timing.speech_ended_s == pytest.approx(1.48, abs=0.01)
    assert guessed.timing.final_text_s == pytest.approx(1.59, abs=0.01)
    assert guessed.timing.decided_s == pytest.approx(1.68, abs=0.03)
    assert recognised.timing is not None
    assert recognised.timing.final_text_s is not None
    assert recognised.timing.final_text_s > 4.48 + 0.6 - 0.2
    assert keyed.timing is not None
    assert keyed.timing.speech_ended_s is None
    assert keyed.timing.final_text_s == pytest.approx(7.0, abs=0.01)


async def test_keys_stand_in_the_transcript_when_they_were_pressed() -> None:
    asked = Asks(replace(BY_KEY, keys=KeyInput(1, 4)))
    there = scene(asked)
    for number, digit in enumerate("800"):
        there.after(1.0 + number, there.media.press, digit)
    await there.conversation.run()
    turn = turn_of(there, "800")
    assert turn.start_s == pytest.approx(1.0)
    assert turn.end_s == pytest.approx(3.0)
    assert asked.given_at[0] == pytest.approx(6.0, abs=0.06)


async def test_a_prompt_to_silence_answers_nothing() -> None:
    there = scene(Asks(BY_KEY))
    await there.conversation.run()
    assert [turn.timing for turn in there.conversation.so_far().turns] == [None, None, None]


# ------------------------------------------------------------------------------------------- who is there


class Says:
    """A detector with a verdict at each of the given times."""

    def __init__(self, *verdicts: tuple[float, str]) -> None:
        self._left = list(verdicts)

    def push(self, frame: bytes, at: float) -> str | None:
        return self._left.pop(0)[1] if self._left and at >= self._left[0][0] else None


@pytest.mark.parametrize(
    ("verdict", "heard"),
    [("machine", "voicemail"), ("assistant", "call_assistant"), ("ivr", "ivr"), ("fax", "fax")],
)
async def test_what_is_no_person_hears_nothing_more(verdict: str, heard: str) -> None:
    there = scene(Asks(BY_KEY), detector=Says((2.0, verdict)), prompts=LongPrompts())
    ended = await there.conversation.run()
    assert (ended.result, ended.heard) == (heard, heard)
    kept = there.conversation.so_far()
    assert kept.answer_verdict == verdict
    assert kept.verdict_s == pytest.approx(2.0, abs=0.03)
    assert kept.result.result == heard
    assert len(there.media.played) == 1
    assert turn_of(there, "sentence 0").end_s == pytest.approx(2.0, abs=0.03)


async def test_a_person_is_noted_and_may_still_turn_out_to_be_a_machine() -> None:
    there = scene(Asks(BY_KEY, BY_KEY), detector=Says((1.0, "human"), (5.0, "machine")))
    ended = await there.conversation.run()
    assert ended.heard == "voicemail"
    assert there.conversation.so_far().verdict_s == pytest.approx(5.0, abs=0.03)


async def test_the_first_moment_of_a_verdict_counts() -> None:
    there = scene(Asks(BY_KEY), detector=Says(*((0.5 + number / 10, "human") for number in range(20))))
    await there.conversation.run()
    assert there.conversation.so_far().verdict_s == pytest.approx(0.5, abs=0.03)


async def test_machines_are_looked_for_in_the_first_half_minute_only() -> None:
    there = scene(Asks(*[BY_KEY] * 12), detector=Says((31.0, "machine")))
    assert (await there.conversation.run()).heard is None
    assert asyncio.get_running_loop().time() > 35.0


async def test_who_presses_a_key_is_a_person() -> None:
    there = scene(Asks(BY_KEY, BY_KEY), detector=Says((2.0, "machine")))
    there.after(1.0, there.media.press, "1")
    assert (await there.conversation.run()).heard is None
    kept = there.conversation.so_far()
    assert kept.answer_verdict == "human"
    assert kept.verdict_s == pytest.approx(1.0)


async def test_nobody_knows_who_was_there_without_a_verdict() -> None:
    there = scene(Asks(BY_KEY), detector=NoDetector())
    await there.conversation.run()
    kept = there.conversation.so_far()
    assert (kept.answer_verdict, kept.verdict_s) == (None, None)


async def test_a_machine_that_is_found_while_an_answer_is_recognised_hears_nothing_more() -> None:
    ear = ScriptedEar(Utterance(result_after=1.0))
    there = scene(Asks(YES_OR_NO), (1.0, 1.5), ear=ear, detector=Says((2.5, "machine")))
    assert (await there.conversation.run()).heard == "voicemail"
    assert await leaked_tasks() == []


class HearsWords(Says):
    """A detector that knows when speech began, and is told of answers."""

    heard = None

    def __init__(self, first_word_at: float | None) -> None:
        super().__init__()
        self.first_word_at = first_word_at
        self.answers: list[float] = []

    def answered(self, at: float) -> None:
        self.answers.append(at)

    async def close(self) -> None: ...


@pytest.mark.parametrize(
    ("confidence", "first_word_at", "person"),
    [
        (0.9, 0.5, True),  # sure words
        (0.2, 3.5, True),  # not sure, but the prompt of three seconds was heard out
        (0.2, 0.5, False),  # what has talked since the answer may be a greeting
        (0.2, None, False),
    ],
)
async def test_who_answers_a_question_is_a_person_from_then_on(
    confidence: float, first_word_at: float | None, person: bool
) -> None:
    detector = HearsWords(first_word_at)
    ear = ScriptedEar(Utterance("yes", confidence=confidence))
    there = scene(Asks(YES_OR_NO), (3.5, 4.0), ear=ear, detector=detector, prompts=LongPrompts())
    await there.conversation.run()
    assert bool(detector.answers) is person
    assert there.conversation.so_far().answer_verdict == ("human" if person else None)


async def test_who_answers_a_short_word_of_the_bot_may_still_be_a_machine() -> None:
    detector = HearsWords(1.5)
    ear = ScriptedEar(Utterance("", confidence=0.0))
    there = scene(Asks(YES_OR_NO), (1.5, 2.0), ear=ear, detector=detector)
    await there.conversation.run()
    assert detector.answers == []
