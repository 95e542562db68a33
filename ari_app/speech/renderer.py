"""Rendering of texts by voices: each text once however many ask, bounded, the urgent first, failing voices left alone."""

from __future__ import annotations

import asyncio
import hashlib
import json
from typing import Final

from ari_app.errors import SpeechError
from ari_app.ports import Voice
from ari_app.speech.prompt_settings import PromptCounters, PromptSettings
from ari_app.speech.render_slots import RenderSlots
from ari_app.speech.rendering import speakable
from ari_app.speech.sound_store import SoundStore

RENDERING: Final = "2"
"""Changes when the way that sound is finished changes, so that old files are not used."""


class Renderer:
    """Gives the sound of a text by a voice: from the store, or rendered into it."""

    def __init__(self, store: SoundStore, settings: PromptSettings, counters: PromptCounters) -> None:
        self._store = store
        self._settings = settings
        self._counters = counters
        self._running: dict[str, asyncio.Task[bytes]] = {}
        self._failed_at: dict[str, float] = {}
        self._slots = {
            False: RenderSlots(settings.offline_slots, settings.urgent_slots),
            True: RenderSlots(settings.online_slots, settings.urgent_slots),
        }

    def key(self, voice: Voice, text: str, language: str) -> str:
        """The content address: voice (with its speed), language, text, level, and the way that sound is finished."""
        parts = [RENDERING, voice.name, language, speakable(text), self._settings.level_dbfs]
        return hashlib.sha256(json.dumps(parts, ensure_ascii=False).encode("utf-8", "replace")).hexdigest()

    def rested(self, voice: Voice) -> bool:
        """Whether a voice may be asked: an online one is left alone for a while after it has failed."""
        failed_at = self._failed_at.get(engine_of(voice))
        return (
            failed_at is None or asyncio.get_running_loop().time() - failed_at >= self._settings.voice_retry_s
        )

    async def sound(self, voice: Voice, text: str, language: str, *, personal: bool, urgent: bool) -> bytes:
        """The sound of a text; raises SpeechError. Who stops waiting does not disturb the others."""
        key = self.key(voice, text, language)
        found = await self._store.load(key, personal=personal)
        if found is not None:
            return found
        task = self._running.get(key)
        if task is None:
            task = asyncio.create_task(
                self._render(voice, text, language, key, personal, urgent), name="render prompt"
            )
            self._running[key] = task
            task.add_done_callback(lambda done: self._done(key, done))
        elif urgent:
            self._slots[voice.online].promote(key)
        return await asyncio.shield(task)

    async def close(self) -> None:
        """End rendering that nobody waits for any more."""
        tasks = list(self._running.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _done(self, key: str, task: asyncio.Task[bytes]) -> None:
        self._running.pop(key, None)
        if not task.cancelled():
            task.exception()  # seen here, in case that nobody waits for it any more

    async def _render(
        self, voice: Voice, text: str, language: str, key: str, personal: bool, urgent: bool
    ) -> bytes:
        loop = asyncio.get_running_loop()
        asked_at = loop.time()
        slots = self._slots[voice.online]
        await slots.take(key, urgent=urgent)
        try:
            if self._failed_at.get(engine_of(voice), asked_at) > asked_at:
                # A service that is out is asked once, not once for each of a hundred prompts.
                raise SpeechError(f"{engine_of(voice)} has just failed")
            try:
                pcm = await voice.synthesise(text, language)
            except SpeechError:
                self._counters.voice_failures += 1
                if voice.online:
                    self._failed_at[engine_of(voice)] = loop.time()
                raise
        finally:
            slots.free()
        self._counters.rendered += 1
        self._failed_at.pop(engine_of(voice), None)
        await self._store.save(key, pcm, personal=personal)
        return pcm


def engine_of(voice: Voice) -> str:
    """The engine's name, with which the name of each of its voices begins."""
    return voice.name.split()[0]
