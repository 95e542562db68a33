"""A language model that advises: nothing needs it, and nothing follows from it that the rules refuse."""

from __future__ import annotations

from typing import Protocol

from ari_app.dialogue.advice import Doubt, FreeQuestion, Opinion, ToldCall, WrittenSummary


class LanguageModel(Protocol):
    """An endpoint. Its answers have the right shape and size, and that is all that is known of them.

    Every method raises LanguageModelError (also at once, when too many requests are under way or the endpoint rests after
    faults) and TimeoutError.
    """

    name: str

    async def understand(self, doubt: Doubt, timeout_s: float) -> Opinion:
        """What it makes of an answer."""
        ...

    async def answer(self, question: FreeQuestion, timeout_s: float) -> str:
        """What it would say, with names of facts in braces; '' where it has no answer."""
        ...

    async def summarise(self, call: ToldCall, timeout_s: float) -> WrittenSummary:
        """A call in short."""
        ...

    async def close(self) -> None:
        """Release its connections."""
        ...
