"""A call that goes on in another language hears in it, and has its prompts rendered beside the call."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

import pytest

from ari_app.app import conversations
from ari_app.dialogue.model import Fragment
from ari_app.domain.attempt import ReservedAttempt
from ari_app.domain.compliance import DialVerdict, Rule
from ari_app.domain.voice_style import VoiceStyle
from ari_app.errors import SpeechError
from ari_app.ports import Recogniser
from ari_app.services.call_languages import AT_ONCE, OtherLanguages
from ari_app.services.flow_files import FlowDirectory
from tests.support.calls import FakeMedia, FakePrompts
from tests.support.clock import LoopClock
from tests.support.talks import COMPANY, NOW, ROOT, an_account

pytestmark = [pytest.mark.fakes, pytest.mark.virtual_time]

FLOWS = FlowDirectory(ROOT / "dialplan" / "flows", COMPANY)


class Batches(FakePrompts):
    """Remembers what was asked for at a time; ``missing`` cannot be rendered."""

    def __init__(self, missing: str = "") -> None:
        super().__init__()
        self.batches: list[tuple[Fragment, ...]] = []
        self._missing = missing

    async def prepare(self, fragments: Iterable[Fragment]) -> None:
        batch = tuple(fragments)
        self.batches.append(batch)
        if any(fragment.language == self._missing for fragment in batch):
            raise SpeechError("no voice")


async def nothing_to_stop() -> None:
    raise AssertionError("nobody refused the recording")


ALLOWED = DialVerdict(True, Rule.ALLOWED, "", None, NOW)
ATTEMPT = ReservedAttempt("att-1", "k", an_account("en"), "+861055501234", 1, NOW, ALLOWED, "reminder")


async def test_the_other_language_is_heard_and_rendered_beside_the_call() -> None:
    asked: list[str] = []

    def find(language: str) -> Recogniser | None:
        asked.append(language)
        return None

    loop, media, prompts = asyncio.get_running_loop(), FakeMedia(), Batches()
    converse = conversations(FLOWS, prompts, find, LoopClock(loop))
    conversation = converse(ATTEMPT, media, nothing_to_stop)
    loop.call_later(2.0, media.press, "8")
    loop.call_later(6.0, media.press, "0")
    ended = await conversation.run()
    result = conversation.so_far().result
    assert (ended.result, result.language) == ("request_human", "zh")
    assert asked == ["en", "zh"], "the recogniser of each question's language"
    *others, own = prompts.batches
    assert {fragment.language for batch in others for fragment in batch} == {"zh", "en"}
    assert not any(fragment.personal for batch in others for fragment in batch)
    assert max(len(batch) for batch in others) <= AT_ONCE
    assert any(fragment.personal for fragment in own)
    spoken = " ".join(turn.text for turn in conversation.so_far().turns if turn.speaker == "bot")
    assert "我们用中文继续" in spoken


async def test_what_lies_ready_is_not_asked_for_again() -> None:
    prompts = Batches()
    languages = OtherLanguages(FLOWS, LoopClock(asyncio.get_running_loop()))
    for _ in range(3):
        work = languages.of(ATTEMPT, prompts).speaks("en")
        assert work is not None
        await work
    assert len(prompts.batches) == -(
        -len(FLOWS.other_prompts("reminder", ATTEMPT.account, languages.clock.now())) // AT_ONCE
    )
    assert set(languages.ready) == {("reminder", "en", VoiceStyle())}


async def test_a_call_that_stays_in_its_language_renders_nothing_of_its_own() -> None:
    call = OtherLanguages(FLOWS, LoopClock(asyncio.get_running_loop())).of(ATTEMPT, Batches())
    first = call.speaks("en")
    assert first is not None
    first.close()
    assert call.speaks("en") is None


async def test_a_language_that_cannot_be_rendered_is_tried_again_and_harms_no_call() -> None:
    languages = OtherLanguages(FLOWS, LoopClock(asyncio.get_running_loop()))
    for _ in range(2):
        call = languages.of(ATTEMPT, Batches(missing="zh"))
        for language in ("en", "zh"):
            work = call.speaks(language)
            assert work is not None
            await work
    assert languages.ready == {}
