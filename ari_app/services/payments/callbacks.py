"""A provider's callback: verified first, then kept and applied in one transaction, and answered only after that."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

import structlog

from ari_app.errors import StoreError
from ari_app.ports import Clock
from ari_app.ports.payments import Answer, CallbackRefused, Notice, NoticeRecord, PaymentProvider

log = structlog.get_logger(__name__)

NOT_ITS_OWN, TOO_LONG, LATER = 401, 413, 503
MOST_BYTES = 65_536


class Inbox(Protocol):
    """Where notices are kept."""

    async def take(self, notice: Notice, body: bytes, now: datetime, source: str) -> NoticeRecord: ...


@dataclass(slots=True)
class CallbackCounters:
    """What came of one provider."""

    not_verified: int = 0
    """Not signed by it, stale, or not as it writes: nothing of it is kept."""
    not_kept: int = 0
    """The store could not be written: the provider tells it again."""
    applied: int = 0
    received: int = 0
    unmatched: int = 0
    refused: int = 0
    """By state after each delivery; told again, it counts again."""


class CallbackDesk:
    """Takes the callbacks of all providers."""

    def __init__(self, inbox: Inbox, providers: Mapping[str, PaymentProvider], clock: Clock) -> None:
        self._inbox, self._providers, self._clock = inbox, providers, clock
        self.counters = {name: CallbackCounters() for name in providers}

    def knows(self, provider: str) -> bool:
        """Whether there is such a provider."""
        return provider in self._providers

    def too_long(self, provider: str) -> Answer:
        """The answer to a body above ``MOST_BYTES``."""
        self.counters[provider].not_verified += 1
        return self._providers[provider].refused(TOO_LONG)

    async def receive(self, provider: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Take a callback; header names are in lower case."""
        gateway, now = self._providers[provider], self._clock.now()
        try:
            notice = gateway.read(headers, body, now)
        except CallbackRefused as error:
            self.counters[provider].not_verified += 1
            log.warning("a payment callback was refused", provider=provider, why=str(error))
            return gateway.refused(NOT_ITS_OWN)
        try:
            record = await self._inbox.take(notice, body, now, f"callback {provider}")
        except StoreError as error:
            self.counters[provider].not_kept += 1
            log.error("a payment callback could not be kept", provider=provider, error=str(error))
            return gateway.refused(LATER)
        counters = self.counters[provider]
        setattr(counters, record.state.value, getattr(counters, record.state.value) + 1)
        log.info(
            "payment callback",
            provider=provider,
            kind=notice.kind,
            state=record.state,
            reason=record.reason,
            notice=record.seq,
            deliveries=record.deliveries,
        )
        return gateway.accepted()
