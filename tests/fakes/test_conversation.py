"""Conversations over scripted sound: answers by key, silence, no sound at all, the customer who hangs up."""

from __future__ import annotations

import asyncio

import pytest

from ari_app.errors import MediaClosed
from ari_app.services.conversation import Conversation, Ears
from tests.support.calls import FakeMedia, FakePrompts, NoDetector, OneQuestion, QuietGate
from tests.support.clock import LoopClock

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
