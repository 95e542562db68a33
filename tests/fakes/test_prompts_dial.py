"""A call is dialled when everything it may say is ready, in its campaign's voice; otherwise it is not dialled."""

from __future__ import annotations

import asyncio
import os
from dataclasses import replace
from pathlib import Path

import pytest

from ari_app.app import conversations, purge_prompts
from ari_app.config import Settings
from ari_app.dialogue.model import Fragment
from ari_app.domain.call_machine import Event, EventKind
from ari_app.domain.campaign import Campaign
from ari_app.domain.voice_style import VoiceStyle
from ari_app.services.dialler import Dialler
from ari_app.services.flow_files import FlowDirectory
from ari_app.speech.prompt_cache import PromptCache
from tests.support.calls import FakeLeg, FakeMedia, FakePrompts
from tests.support.clock import LoopClock
from tests.support.docs import ROOT
from tests.support.fake_voice import FakeVoice
from tests.support.floor import floor, within
from tests.support.store_rows import allow, campaign

pytestmark = [pytest.mark.fakes, pytest.mark.virtual_time]


def rings(call_id: str) -> FakeLeg:
    return FakeLeg(call_id, [(0.1, Event(EventKind.RINGING))], media=FakeMedia())


def speaking(style: VoiceStyle) -> Campaign:
    one = campaign()
    return replace(one, strategy=replace(one.strategy, voice=style))


async def all_calls_over(dialler: Dialler) -> None:
    await within(60.0, lambda: not dialler.owned())


async def test_a_voice_that_cannot_render_stops_the_dial_and_nobody_is_called(tmp_path: Path) -> None:
    broken = FakeVoice()
    broken.broken = True
    cache = PromptCache(tmp_path / "prompts", [broken])
    async with floor(tmp_path, rings, prompts=cache) as place:
        await place.dialler.turn()
        await all_calls_over(place.dialler)
        assert await place.dispositions() == ["no_prompt"]
        assert place.dials() == 0
        assert broken.said


async def test_what_a_call_says_is_rendered_before_it_is_dialled(tmp_path: Path) -> None:
    voice = FakeVoice()
    voice.gate.clear()
    cache = PromptCache(tmp_path / "prompts", [voice])
    async with floor(tmp_path, rings, prompts=cache) as place:
        await place.dialler.turn()
        await voice.asked.wait()
        assert place.dials() == 0
        voice.gate.set()


async def test_the_style_of_the_campaign_reaches_the_rendering(tmp_path: Path) -> None:
    prompts = FakePrompts()
    style = VoiceStyle("espeak-ng+f2", 1.5)
    async with floor(tmp_path, rings, prompts=prompts, campaigns=[speaking(style)]) as place:
        await place.dialler.turn()
        assert (await place.store.campaigns())[0].strategy.voice == style
        await within(10.0, lambda: bool(prompts.prepared))
    assert prompts.styles == [style]


async def test_the_conversation_speaks_in_the_style_of_its_campaign(tmp_path: Path) -> None:
    prompts = FakePrompts()
    style = VoiceStyle("espeak-ng+f2", 1.5)
    flows = FlowDirectory(ROOT / "dialplan" / "flows", {"zh": "公司", "en": "the company"})
    converse = conversations(flows, prompts, lambda _: None, LoopClock(asyncio.get_running_loop()))
    async with floor(tmp_path, rings, campaigns=[speaking(style)]) as place:
        (attempt,) = await place.store.claim_due("c1", place.clock.now(), 1, allow, lambda: "att-1")
    converse(attempt, FakeMedia(), nothing_to_stop)
    assert prompts.styles == [style]


async def nothing_to_stop() -> None:
    raise AssertionError("nobody asked for the recording to end")


async def test_old_personal_prompts_are_deleted_and_a_folder_that_refuses_is_no_disaster(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings.model_validate({"data_dir": str(tmp_path)})
    cache = PromptCache(settings.prompt_cache_dir, [FakeVoice()])
    await cache.prepare([Fragment("Mr Fox", "en", personal=True), Fragment("Hello.", "en")])
    assert settings.speech.personal_prompt_days == 30
    assert await purge_prompts(cache, 30) == 0
    (old,) = (settings.prompt_cache_dir / "personal").glob("*/*")
    os.utime(old, (1_000_000, 1_000_000))
    with monkeypatch.context() as patch:

        def refuse(path: Path) -> None:
            raise PermissionError(13, "Permission denied")

        patch.setattr(Path, "unlink", refuse)
        assert await purge_prompts(cache, 30) == 0
    assert await purge_prompts(cache, 30) == 1
    assert [path.parent.parent.name for path in settings.prompt_cache_dir.glob("*/*/*")] == ["shared"]
