"""A voice that keeps what it was asked to say, and says it as a tone."""

from __future__ import annotations

import asyncio

from ari_app.errors import SpeechError
from tests.support.sounds import tone


class FakeVoice:
    """Says every text as a tone of one second; fails when told to; may be held back."""

    def __init__(self, name: str = "fake", *, online: bool = False, hz: float = 300.0) -> None:
        self.name = name
        self.online = online
        self.said: list[str] = []
        self.broken = False
        self.refuses: set[str] = set()
        self.asked = asyncio.Event()
        self.gate = asyncio.Event()
        self.gate.set()
        self._hz = hz

    def supports(self, language: str) -> bool:
        return language in {"en", "zh"}

    async def synthesise(self, text: str, language: str) -> bytes:
        self.said.append(text)
        self.asked.set()
        await self.gate.wait()
        if self.broken or text in self.refuses:
            raise SpeechError(f"{self.name} is out")
        return tone(1.0, self._hz)
