"""Conversations over scripted sound: answers by key, silence, no sound at all, the customer who hangs up."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from ari_app.dialogue.model import CustomerInput, FlowStep, Grammar, KeyInput, Question
from ari_app.domain.call_result import ConversationResult
from ari_app.errors import MediaClosed, SpeechError
from ari_app.ports import EngineHealth, Transcript
from ari_app.services.conversation import Conversation, Ears
from ari_app.services.flow_files import FlowDirectory
from tests.support.calls import FakeMedia, FakePrompts, NoDetector, OneQuestion, QuietGate
from tests.support.clock import LoopClock
from tests.support.serving import DIALPLAN
from tests.support.store_rows import account

pytestmark = [pytest.mark.fakes, pytest.mark.virtual_time]


async def nothing_to_stop() -> None:
    raise AssertionError("nobody refused the recording")


def converse(media: FakeMedia, dialogue: OneQuestion) -> Conversation:
    clock = LoopClock(asyncio.get_running_loop())
    ears = Ears(QuietGate(), NoDetector(), lambda _: None)
    return Conversation(dialogue, media, FakePrompts(), ears, clock, nothing_to_stop)


async def test_a_key_answers_and_the_closing_is_played_out() -> None:
    media, dialogue = FakeMedia(), OneQuestion()
    asyncio.get_running_loop().call_later(2.0, media.press, "1")
    ended = await converse(media, dialogue).run()
    assert ended.result == "promise_to_pay"
    assert len(media.played) == 2
    assert asyncio.get_running_loop().time() >= 2.5


async def test_a_key_during_the_prompt_stops_the_playout() -> None:
    media, dialogue = FakeMedia(), OneQuestion()
    asyncio.get_running_loop().call_later(0.1, media.press, "1")
    await converse(media, dialogue).run()
    assert media.flushed == 1


async def test_silence_is_an_answer_and_the_question_is_asked_again() -> None:
    media, dialogue = FakeMedia(), OneQuestion(asks=2)
    ended = await converse(media, dialogue).run()
    assert ended.result == "no_input"
    assert [given.kind.value for given in dialogue.given] == ["silence", "silence"]


async def test_a_far_end_without_any_rtp_is_told_from_a_silent_person() -> None:
    media, dialogue = FakeMedia(frames=False), OneQuestion()
    conversation = converse(media, dialogue)
    ended = await conversation.run()
    assert ended.result == "no_media"
    assert dialogue.given == []
    assert conversation.so_far().result.result == "no_media"


async def test_lost_sound_ends_the_conversation_and_what_was_said_is_kept() -> None:
    media, dialogue = FakeMedia(), OneQuestion()
    asyncio.get_running_loop().call_later(1.0, media.lose)
    conversation = converse(media, dialogue)
    with pytest.raises(MediaClosed):
        await conversation.run()
    kept = conversation.so_far()
    assert kept.result.result == "hung_up"
    assert [turn.kind for turn in kept.turns] == ["prompt"]


async def test_a_machine_that_answers_hears_nothing_more() -> None:
    class Machine:
        def push(self, frame: bytes, at: float) -> str | None:
            return "machine" if at > 1.0 else None

    media, dialogue = FakeMedia(), OneQuestion()
    clock = LoopClock(asyncio.get_running_loop())
    conversation = Conversation(
        dialogue, media, FakePrompts(), Ears(QuietGate(), Machine(), lambda _: None), clock, nothing_to_stop
    )
    ended = await conversation.run()
    assert (ended.result, ended.heard) == ("voicemail", "voicemail")
    assert len(media.played) == 1


class SpeaksFrom:
    """A gate that hears speech from one second of the call on, for half a second at a time."""

    def __init__(self, *moments: float) -> None:
        self.voiced = False
        self._moments = moments

    def push(self, frame: bytes) -> bool:
        now = asyncio.get_running_loop().time()
        self.voiced = any(moment <= now < moment + 0.5 for moment in self._moments)
        return self.voiced


class SlowRecogniser:
    """Understands "yes" after two seconds, or cannot be opened at all."""

    name = "slow"

    def __init__(self, *, broken: str = "") -> None:
        self._broken = broken
        self.cancelled = 0

    def supports(self, language: str) -> bool:
        return True

    def health(self) -> Sequence[EngineHealth]:
        return ()

    def open(self, grammar: Grammar) -> SlowRecogniser:
        if self._broken == "open":
            raise SpeechError("no worker can be started")
        return self

    def feed(self, pcm: bytes) -> None:
        if self._broken == "feed":
            raise SpeechError("the worker has gone")

    async def partial(self, timeout_s: float) -> Transcript:
        raise SpeechError("no partial results")

    async def result(self, timeout_s: float) -> Transcript:
        await asyncio.sleep(2.0)
        return Transcript("yes", 0.9, self.name)

    def cancel(self) -> None:
        self.cancelled += 1

    async def warm_up(self, timeout_s: float) -> None: ...

    async def close(self) -> None: ...


class Spoken(OneQuestion):
    """The question by voice or key, asked up to three times."""

    def __init__(self) -> None:
        super().__init__(asks=3)
        self._question = Question("opening", KeyInput(1, 1), Grammar("yes", "en"), no_input_s=3.0)


def listening(media: FakeMedia, dialogue: OneQuestion, gate: SpeaksFrom, ear: SlowRecogniser) -> Conversation:
    clock = LoopClock(asyncio.get_running_loop())
    ears = Ears(gate, NoDetector(), lambda _: ear)
    return Conversation(dialogue, media, FakePrompts(), ears, clock, nothing_to_stop)


async def test_a_key_pressed_while_speech_is_recognised_does_not_answer_the_next_question() -> None:
    media, dialogue = FakeMedia(), Spoken()
    # Speech from 1.0 to 1.5 s, understood about 4.5 s; the key comes in between, before the next question is asked.
    asyncio.get_running_loop().call_later(3.0, media.press, "1")
    ended = await listening(media, dialogue, SpeaksFrom(1.0), SlowRecogniser()).run()
    assert [(given.kind.value, given.text) for given in dialogue.given] == [
        ("speech", "yes"),
        ("silence", ""),
        ("silence", ""),
    ]
    assert ended.result == "no_input"


@pytest.mark.parametrize("broken", ["open", "feed"])
async def test_a_recogniser_that_fails_leaves_the_customer_the_keys(broken: str) -> None:
    media, dialogue = FakeMedia(), Spoken()
    asyncio.get_running_loop().call_later(5.0, media.press, "1")
    ended = await listening(media, dialogue, SpeaksFrom(1.0), SlowRecogniser(broken=broken)).run()
    assert [(given.kind.value, given.text) for given in dialogue.given] == [("speech", ""), ("keys", "1")]
    assert ended.result == "promise_to_pay"


@pytest.mark.parametrize("language", ["zh", "en"])
async def test_a_customer_who_hangs_up_before_a_word_was_said_has_a_result(language: str) -> None:
    flows = FlowDirectory(DIALPLAN / "flows", {"zh": "示例公司", "en": "Example"})
    dialogue = flows.open("reminder", account(language=language))
    conversation = converse(FakeMedia(), dialogue)  # type: ignore[arg-type]
    assert conversation.so_far().result.result == "hung_up"
    assert not conversation.so_far().result.verified


async def test_a_hash_after_the_last_digit_belongs_to_the_digits() -> None:
    class FourDigitsThenOne(OneQuestion):
        def start(self, now: object) -> FlowStep:
            return FlowStep(self._say, Question("verify_tail", KeyInput(1, 4), None, no_input_s=5.0))

        def answer(self, given: CustomerInput, now: object) -> FlowStep:
            self.given.append(given)
            if len(self.given) == 2:
                return FlowStep((), result=ConversationResult("promise_to_pay"))
            return FlowStep(self._say, self._question)

    media, dialogue = FakeMedia(), FourDigitsThenOne()
    loop = asyncio.get_running_loop()
    loop.call_later(1.0, media.press, "0001#")
    loop.call_later(3.0, media.press, "1")
    await converse(media, dialogue).run()
    assert [given.text for given in dialogue.given] == ["0001", "1"]


async def test_a_hash_that_comes_much_later_is_a_key_of_its_own() -> None:
    class FourDigitsThenMenu(OneQuestion):
        def start(self, now: object) -> FlowStep:
            return FlowStep(self._say, Question("verify_tail", KeyInput(1, 4), None, no_input_s=5.0))

        def answer(self, given: CustomerInput, now: object) -> FlowStep:
            self.given.append(given)
            if len(self.given) == 2:
                return FlowStep((), result=ConversationResult("informed"))
            return FlowStep(self._say, Question("closing", KeyInput(1, 1), None, no_input_s=10.0))

    media, dialogue = FakeMedia(), FourDigitsThenMenu()
    loop = asyncio.get_running_loop()
    loop.call_later(1.0, media.press, "0001")
    loop.call_later(7.0, media.press, "#")
    await converse(media, dialogue).run()
    assert [given.text for given in dialogue.given] == ["0001", "#"]
