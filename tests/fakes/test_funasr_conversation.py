"""A whole conversation in Chinese speech over a FunASR server: sound in, guesses while the customer pauses, a promise out.

Everything between the media stream and the server's socket is the product's own; only the voice and its words are
scripted. It runs in real time, because a real socket does.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from ari_app.dialogue.flow_conversation import FlowConversation
from ari_app.domain.answer_progress import AnswerProgress
from ari_app.ports import MediaEvent, MediaFrame, MediaMark
from ari_app.services.conversation import Conversation, Ears
from ari_app.speech.funasr import FunasrRecogniser
from ari_app.speech.recognisers import RecogniserChoice
from tests.support.calls import FakeMedia, FakePrompts, NoDetector
from tests.support.clock import LoopClock
from tests.support.conversing import nothing_to_stop
from tests.support.fake_funasr import FakeFunasr, Line, fake_funasr
from tests.support.talks import COMPANY, NOW, an_account, shipped_flow

pytestmark = pytest.mark.fakes

VOICE = b"\x10\x20" * 320


class SpeakingMedia(FakeMedia):
    """The customer speaks for the next of ``answers`` (seconds) a moment after each prompt."""

    def __init__(self, answers: Sequence[float]) -> None:
        super().__init__()
        self._answers = list(answers)
        self._speech = (0.0, 0.0)

    async def receive(self, timeout_s: float) -> MediaEvent | None:
        event = await super().receive(timeout_s)
        if isinstance(event, MediaMark) and self._answers:
            self._speech = (event.at + 0.1, event.at + 0.1 + self._answers.pop(0))
        if isinstance(event, MediaFrame) and self._speech[0] <= event.at < self._speech[1]:
            return MediaFrame(VOICE, event.at)
        return event


class HearsVoice:
    """A gate that knows the voice."""

    voiced = False

    def push(self, frame: bytes) -> bool:
        self.voiced = frame == VOICE
        return self.voiced


class Noting(FlowConversation):
    """Remembers which guesses it was asked about."""

    guesses: list[str]

    def progress(self, text: str, *, over_prompt: bool = False) -> AnswerProgress:
        self.guesses.append(text)
        return super().progress(text, over_prompt=over_prompt)


def talk(media: FakeMedia, recogniser: RecogniserChoice) -> tuple[Conversation, Noting]:
    dialogue = Noting(shipped_flow(), an_account(), COMPANY["zh"])
    dialogue.guesses = []
    ears = Ears(
        HearsVoice(), NoDetector(), lambda language: recogniser if recogniser.supports(language) else None
    )
    clock = LoopClock(asyncio.get_running_loop(), NOW)
    return Conversation(dialogue, media, FakePrompts(0.05), ears, clock, nothing_to_stop), dialogue


async def converse(fake: FakeFunasr, answers: Sequence[float]) -> tuple[Conversation, Noting, str]:
    choice = RecogniserChoice([FunasrRecogniser(fake.url)])
    try:
        await choice.warm_up(10.0)
        conversation, dialogue = talk(SpeakingMedia(answers), choice)
        ended = await conversation.run()
    finally:
        await choice.close()
    return conversation, dialogue, ended.result


async def test_a_promise_is_made_in_speech_alone() -> None:
    async with fake_funasr() as fake:
        fake.lines = [
            Line(("是的",), "是的，我就是。"),
            Line(("尾号八零", "零零"), "尾号八零零零。"),
            Line(("我明天还",), "我明天还全部。"),
            Line((), "对，没错。"),
        ]
        conversation, dialogue, result = await converse(fake, [0.8, 1.4, 0.8, 0.3])
        assert result == "promise_to_pay"
        so_far = conversation.so_far()
        assert so_far.result.promise is not None
        assert so_far.result.promise.date == "2026-03-12"
        heard = [turn for turn in so_far.turns if turn.speaker == "customer"]
        assert [(turn.text, turn.engine) for turn in heard] == [
            ("是的，我就是。", "funasr"),
            ("尾号八零零零。", "funasr"),
            ("我明天还全部。", "funasr"),
            ("对，没错。", "funasr"),
        ]
        assert [turn.confidence for turn in heard] == [0.95, 0.95, 0.95, 0.75]
        # The guesses steered the waiting; none of them became an answer.
        assert set(dialogue.guesses) <= {"是的", "尾号八零", "尾号八零零零", "我明天还"}
        assert dialogue.guesses
        assert len(fake.utterances) == 4
        hot = str(fake.utterances[2].first["hotwords"])
        assert "明天" in hot


async def test_a_server_that_breaks_in_the_middle_is_asked_past() -> None:
    """Two utterances are lost: the question is asked again, then the call goes on by key."""
    async with fake_funasr() as fake:
        fake.drop_after = 3200
        media_answers = [0.5, 0.5, 0.5]
        conversation, _, result = await converse(fake, media_answers)
        assert result in ("no_input", "not_verified")
        heard = [turn for turn in conversation.so_far().turns if turn.speaker == "customer"]
        assert {turn.text for turn in heard} == {""}
