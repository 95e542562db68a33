"""A call that goes on in another language: its prompts, without a call that waits for them before it is dialled.

Before the dial a call's own language is rendered whole. What is the same for all customers in the other languages is
rendered beside the first call that is answered, a few sentences at a time, and stays in the cache. The account's own
prompts (name, amounts) follow when the customer has asked for the language, while the first words in it are spoken.
"""

from __future__ import annotations

from collections.abc import Coroutine
from dataclasses import replace

import structlog

from ari_app.dialogue.model import Fragment
from ari_app.domain.attempt import ReservedAttempt
from ari_app.domain.voice_style import VoiceStyle
from ari_app.errors import AriAppError
from ari_app.ports import Clock, Flows, Prompts

log = structlog.get_logger(__name__)

#: Fragments that are asked for at a time, so that other calls' prompts do not stand behind them.
AT_ONCE = 8


class OtherLanguages:
    """What all calls share: which prompts of other languages lie ready, by flow, language of the call and style."""

    def __init__(self, flows: Flows, clock: Clock) -> None:
        self.flows = flows
        self.clock = clock
        self.ready: dict[tuple[str, str, VoiceStyle], tuple[Fragment, ...]] = {}

    def of(self, attempt: ReservedAttempt, prompts: Prompts) -> CallLanguages:
        """For one call; ``prompts`` are in the style of its campaign."""
        return CallLanguages(self, attempt, prompts)


class CallLanguages:
    """The languages of one call. What fails is told in the log, and tried again when it is spoken."""

    def __init__(self, shared: OtherLanguages, attempt: ReservedAttempt, prompts: Prompts) -> None:
        self._shared = shared
        self._attempt = attempt
        self._prompts = prompts
        self._language: str | None = None

    def speaks(self, language: str) -> Coroutine[None, None, None] | None:
        """The call speaks in a language: what there is to do beside it now."""
        before, self._language = self._language, language
        if before is None:
            return self._others()
        if language == before:
            return None
        log.info("the call goes on in another language", language=language)
        return self._own(language)

    async def _others(self) -> None:
        """What everybody may hear in another language of the flow."""
        attempt, shared = self._attempt, self._shared
        key = (attempt.flow, attempt.account.language, attempt.voice)
        try:
            wanted = shared.flows.other_prompts(attempt.flow, attempt.account, shared.clock.now())
            if shared.ready.get(key) == wanted:
                return
            for start in range(0, len(wanted), AT_ONCE):
                await self._prompts.prepare(wanted[start : start + AT_ONCE])
        except AriAppError as error:
            log.warning("another language is not ready", error=str(error))
        else:
            shared.ready[key] = wanted

    async def _own(self, language: str) -> None:
        """What this customer may hear in a language."""
        attempt, shared = self._attempt, self._shared
        account = replace(attempt.account, language=language)
        try:
            wanted = shared.flows.prompts(attempt.flow, account, shared.clock.now(), attempt.arms)
            await self._prompts.prepare(wanted)
        except AriAppError as error:
            log.warning("another language is not ready", error=str(error))
