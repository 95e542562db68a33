"""Sends what is due: reserve, word, ask once more, hand over, and write down what became of it.

Each message goes through by itself, so that a slow provider holds up nobody else's; what a crash leaves is taken up by
:meth:`MessageSender.recover`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from ari_app.domain.compliance import Decide
from ari_app.domain.messages.template import Template, Unfit
from ari_app.domain.rule_pack import RuleBook
from ari_app.errors import StoreError
from ari_app.ports.clock import Clock
from ari_app.ports.messages import (
    Handed,
    Letter,
    MessageChannel,
    Messages,
    ReservedMessage,
    SendResult,
)
from ari_app.ports.payments import PaymentLinks
from ari_app.services.messages.wording import House, Wording

log = structlog.get_logger(__name__)

#: Accounts whose steps are planned in one transaction, and messages that are reserved in one.
PLANNED, RESERVED = 50, 25
#: What was reserved or begun so long ago was left by a crash: nothing takes longer.
LEFT_BY_A_CRASH = timedelta(minutes=5)
#: Failures in a row after which a provider is left alone, and for how long.
TROUBLED_AFTER, REST = 5, timedelta(minutes=1)


@dataclass(slots=True)
class ChannelCounters:
    """What became of the messages of one channel since the start."""

    sent: int = 0
    rejected: int = 0
    busy: int = 0
    unknown: int = 0
    refused: int = 0
    """A rule stood in the way at the last moment."""
    resting: int = 0
    """1 while the provider is left alone after failures."""
    in_a_row: int = 0


class MessageSender:
    """One of it for a controller. ``find`` gives a template by name."""

    def __init__(
        self,
        messages: Messages,
        channels: Sequence[MessageChannel],
        find: Callable[[str], Template | None],
        clock: Clock,
        decide: Decide,
        rules: Callable[[], RuleBook],
        house: House,
        links: PaymentLinks | None = None,
        most_at_once: int = 8,
    ) -> None:
        self._messages, self._clock, self._decide, self._find = messages, clock, decide, find
        self._channels: Mapping[str, MessageChannel] = {each.channel: each for each in channels}
        self._rules, self._house, self._links = rules, house, links
        self._room = asyncio.Semaphore(most_at_once)
        self._rests: dict[str, datetime] = {}
        self.counters = {channel: ChannelCounters() for channel in self._channels}

    async def plan(self) -> int:
        """Plan the message steps that have come due; how many accounts were looked at."""
        looked = 0
        while found := await self._messages.plan_steps(self._clock.now(), PLANNED):
            looked += found
            if found < PLANNED:
                break
        return looked

    async def send_due(self) -> int:
        """Send what is due now; how many messages were handed over or refused on the way."""
        done = 0
        while True:
            now = self._clock.now()
            reserved = await self._messages.claim(now, RESERVED, self._decide)
            if not reserved:
                return done
            await asyncio.gather(*map(self._one, reserved))
            done += len(reserved)

    async def recover(self, *, at_start: bool = False) -> int:
        """Take up what a crash has left (at the start: everything that is open); how many were handed over again."""
        now = self._clock.now()
        since = now if at_start else now - LEFT_BY_A_CRASH
        recognising = [each.provider for each in self._channels.values() if each.recognises]
        telling = [each.provider for each in self._channels.values() if each.tells]
        letters = await self._messages.recover(now, since, recognising, telling)
        for letter in letters:
            with self._by_itself(letter.message_id):
                await self._hand_over(letter, again=True)
        return len(letters)

    async def _one(self, message: ReservedMessage) -> None:
        async with self._room:
            with self._by_itself(message.message_id):
                letter = await self._written(message)
                if letter is not None:
                    await self._hand_over(letter)

    @contextmanager
    def _by_itself(self, message_id: str) -> Iterator[None]:
        """What goes wrong with one message breaks off no other one, which may be on its way at that moment.

        Nothing was sent, or what was sent is on record as begun: the next recovery takes it up.
        """
        try:
            yield
        except StoreError as error:
            log.error("a message cannot be recorded", message_id=message_id, error=str(error))
        except Exception as error:  # noqa: BLE001 - a fault of ours, told by its kind alone: its text may quote an address
            log.error("a message broke off", message_id=message_id, error=type(error).__name__)

    async def _written(self, message: ReservedMessage) -> Letter | None:
        """The letter over the first channel that can carry it; None where none can, which is written down."""
        now = self._clock.now()
        template = self._find(message.template)
        why = f"there is no template {message.template}"
        if template is not None:
            wording = Wording(self._house, self._rules(), self._links)
            why = "no channel of this controller reaches him"
            for channel, contact in message.reach:
                if channel not in self._channels:
                    continue
                found = await wording.write(message, template, channel, now)
                if isinstance(found, Unfit):
                    why = found.why
                    continue
                return Letter(
                    message_id=message.message_id,
                    channel=channel,
                    contact=contact,
                    text=found.text,
                    subject=found.subject,
                    language=found.language,
                    template=template.name,
                    variant=found.variant,
                    parts=found.parts,
                )
        log.warning("a message cannot be worded", template=message.template, why=why)
        await self._messages.unfit(message.message_id, why, now)
        return None

    async def _hand_over(self, letter: Letter, *, again: bool = False) -> None:
        channel, now = self._channels.get(letter.channel), self._clock.now()
        if channel is None:
            return
        counters = self.counters[letter.channel]
        rests_until = self._rests.get(channel.provider)
        counters.resting = int(rests_until is not None and now < rests_until)
        if rests_until is not None and now < rests_until:
            if not again:  # what may have left already stays as it is, for the next recovery
                wait_s = (rests_until - now).total_seconds()
                busy = SendResult(Handed.BUSY, detail="the provider rests after failures", wait_s=wait_s)
                await self._messages.handed(letter.message_id, busy, now)
            return
        verdict = await self._messages.begin(letter, channel.provider, now, self._decide)
        if not verdict.allowed:
            counters.refused += 1
            return
        # Stopped from here on, it may have left: the recovery of the next start finds it in `sending`.
        result = await channel.send(letter)
        self._note(channel, result, counters, now)
        state = await self._messages.handed(letter.message_id, result, self._clock.now())
        log.info(
            "message handed over",
            message_id=letter.message_id,
            channel=letter.channel,
            template=letter.template,
            state=state.value,
            detail=result.detail,
        )

    def _note(
        self, channel: MessageChannel, result: SendResult, counters: ChannelCounters, now: datetime
    ) -> None:
        match result.handed:
            case Handed.ACCEPTED:
                counters.sent += 1
            case Handed.REJECTED:
                counters.rejected += 1
            case Handed.BUSY:
                counters.busy += 1
            case Handed.UNKNOWN:
                counters.unknown += 1
        troubled = result.handed in (Handed.BUSY, Handed.UNKNOWN)
        counters.in_a_row = counters.in_a_row + 1 if troubled else 0
        if counters.in_a_row >= TROUBLED_AFTER:
            counters.in_a_row = 0
            self._rests[channel.provider] = now + REST
            log.warning("a provider of messages rests after failures", provider=channel.provider)

    async def close(self) -> None:
        """Release the connections of all channels."""
        for each in self._channels.values():
            await each.close()
