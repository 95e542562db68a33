"""A campaign that sends messages over channels whose provider a test plays, on a real store."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

from ari_app.domain import compliance
from ari_app.domain.campaign import CampaignStrategy, WebhookSpec
from ari_app.domain.compliance import ContactFacts, DialVerdict
from ari_app.domain.event_names import EVENTS
from ari_app.domain.messages.template import Template
from ari_app.domain.rule_pack import RuleBook
from ari_app.domain.segment import Segment, StepKind
from ari_app.domain.strategy import Strategy
from ari_app.domain.strategy_book import KnownStrategy, Role, StrategyBook
from ari_app.domain.windows import Window
from ari_app.ports import BillKey, SignOff
from ari_app.ports.messages import Handed, Letter, MessageRecord, Occasion, SendResult
from ari_app.services.messages.sender import MessageSender
from ari_app.services.messages.template_file import parse_template, read_template
from ari_app.services.messages.wording import House
from ari_app.services.strategy_content import canonical, digest_of
from ari_app.store.sqlite_store import SqliteStore
from tests.support.clock import FakeClock
from tests.support.docs import ROOT
from tests.support.rules import shipped
from tests.support.store_rows import NOW, account, campaign
from tests.support.strategies import step

BILL = BillKey("cust-1", "acc-1", "b1")
NOTICE = step("start", StepKind.MESSAGE, template="note", channels=("sms",))
#: Every day from nine to half past seven: what is tested is the message, not the calendar.
WINDOWS = (Window(9 * 60, 19 * 60 + 30),)
NOTE = parse_template(
    'template: note\ndiscloses: true\ntext:\n  zh: ["{company} {name} {amount}"]\n  en: ["{company} {name} {amount}"]\n',
    "note.yaml",
)


@dataclass
class Played:
    """A channel whose provider answers as the test says; ``took`` is what reached it."""

    channel: str = "sms"
    provider: str = "gw"
    recognises: bool = False
    tells: bool = True
    answers: list[SendResult] = field(default_factory=list)
    took: list[Letter] = field(default_factory=list)
    stall: asyncio.Event | None = None
    reached: asyncio.Event = field(default_factory=asyncio.Event)

    async def send(self, letter: Letter) -> SendResult:
        self.took.append(letter)
        self.reached.set()
        if self.stall is not None:
            await self.stall.wait()
        if self.answers:
            return self.answers.pop(0)
        return SendResult(Handed.ACCEPTED, f"ref-{len(self.took)}-{letter.message_id[-6:]}")

    async def close(self) -> None:
        pass


def strategy_of(*segments: Segment) -> Strategy:
    """A strategy in which every day is open."""
    return Strategy(
        "s", "1", segments or (Segment("rest", steps=(NOTICE, step("start+1d")), windows=WINDOWS),)
    )


def book_of(chosen: Strategy) -> StrategyBook:
    """The one strategy that there is."""
    return StrategyBook({chosen.name: KnownStrategy(chosen, digest_of(chosen))})


@dataclass
class World:
    """A store with one campaign, and what sends its messages."""

    store: SqliteStore
    clock: FakeClock
    channels: list[Played]
    templates: dict[str, Template]
    sender: MessageSender
    rules: RuleBook = field(default_factory=shipped)

    def decide(self, facts: ContactFacts, now: datetime) -> DialVerdict:
        return compliance.decide(self.rules, facts, now)

    async def round(self, after: timedelta = timedelta(0)) -> None:
        """What the controller does every few seconds."""
        self.clock.advance(after)
        await self.sender.plan()
        await self.sender.send_due()

    async def messages(self) -> list[MessageRecord]:
        """Oldest first."""
        return list(reversed(await self.store.messages.messages(limit=1000)))

    async def states(self) -> list[str]:
        return [each.state.value for each in await self.messages()]

    async def events(self) -> list[str]:
        return [
            each.event for each in await self.store.outbox() if each.event.startswith(("message", "customer"))
        ]


def sender_for(
    store: SqliteStore, clock: FakeClock, channels: Sequence[Played], templates: dict[str, Template]
) -> MessageSender:
    """As the composition root makes it."""
    return MessageSender(
        store.messages,
        channels,
        templates.get,
        clock,
        lambda facts, now: compliance.decide(shipped(), facts, now),
        shipped,
        House({"zh": "示例公司", "en": "Example Ltd"}, hotline="400-1"),
    )


@asynccontextmanager
async def world(
    path: Path,
    *,
    channels: Sequence[Played] = (),
    strategy: Strategy | None = None,
    occasions: dict[str, Occasion] | None = None,
    customers: int = 1,
    now: datetime = NOW,
) -> AsyncIterator[World]:
    """A campaign of a signed strategy with some customers, loaded at ``now``."""
    chosen = strategy or strategy_of()
    book = book_of(chosen)
    async with await SqliteStore.open(path) as store:
        store.use_strategies(lambda: book)
        task = campaign(strategy=CampaignStrategy(file=chosen.name))
        await store.put_campaign(replace(task, webhook=WebhookSpec("https://e.invalid/h", tuple(EVENTS))))
        for role in Role:
            found = SignOff(chosen.name, "1", digest_of(chosen), role, f"Li of {role}", now)
            await store.sign_strategy(found, canonical(chosen))
        clock, played = FakeClock(now), list(channels) or [Played()]
        names = {each.channel: each.provider for each in played}
        await store.messages.open_channels(names, occasions or {}, now)
        templates = {"note": NOTE} | {
            file.stem: read_template(file) for file in (ROOT / "dialplan" / "messages").glob("*.yaml")
        }
        await store.load_accounts("c1", [account(each) for each in range(1, customers + 1)], now)
        yield World(store, clock, played, templates, sender_for(store, clock, played, templates))
