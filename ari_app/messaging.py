"""Joins messages to the controller: the channels of the settings, the clock of the steps, receipts and replies."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger
from fastapi import APIRouter

from ari_app.config import Settings
from ari_app.config.messages import CallbackSettings, HttpGatewaySettings, MessengerSettings, SmtpSettings
from ari_app.domain import compliance
from ari_app.domain.rule_pack import RuleBook
from ari_app.errors import ConfigError
from ari_app.gateways.messages.email import SmtpChannel, SmtpTerms
from ari_app.gateways.messages.http_gateway import HttpGateway, HttpGatewayTerms
from ari_app.gateways.messages.messengers import DingTalk, Feishu, Messenger, MessengerTerms, WeCom
from ari_app.payment_site import payment_links
from ari_app.ports import Clock
from ari_app.ports.messages import MessageChannel, Occasion
from ari_app.services.messages.replies import Replies
from ari_app.services.messages.sender import MessageSender
from ari_app.services.messages.templates import TemplateDirectory
from ari_app.services.messages.wording import House
from ari_app.store.messages.planning import UNANSWERED
from ari_app.store.sqlite_store import SqliteStore
from ari_app.web.messages.callbacks import CallbackTerms
from ari_app.web.messages.router import message_router

log = structlog.get_logger(__name__)

#: Adds the readings of a group of metrics, by a function and a label (``Observed.add``).
Show = Callable[[str, Callable[[], object], str], None]
#: How often what a crash or a provider has left is taken up, and messages are counted.
RECOVERY_S = 60.0
#: Of which time messages are counted by state.
COUNTED = timedelta(days=1)
#: The hour, by the clocks of defaults.timezone, behind that in which bills grow older and scores are taken over.
NIGHTLY_HOUR = 1
_SECRET_BYTES = 4096
_PLATFORMS = {
    "wecom": "https://qyapi.weixin.qq.com",
    "dingtalk": "https://oapi.dingtalk.com",
    "feishu": "https://open.feishu.cn",
}
_MESSENGERS: dict[str, type[WeCom] | type[DingTalk] | type[Feishu]] = {
    "wecom": WeCom,
    "dingtalk": DingTalk,
    "feishu": Feishu,
}


@asynccontextmanager
async def messaging(
    settings: Settings,
    store: SqliteStore,
    clock: Clock,
    scheduler: AsyncIOScheduler,
    book: Callable[[], RuleBook],
    show: Show | None = None,
) -> AsyncIterator[MessageSender | None]:
    """Messages are planned and sent while the context lasts; None where the settings have no channel.

    ``book`` gives the rule packs as they are now. Raises ConfigError for secrets that cannot be read.
    """
    channels = make_channels(settings)
    names = {each.channel: each.provider for each in channels}
    await store.messages.open_channels(names, occasions(settings) if channels else {}, clock.now())
    if not channels:
        yield None
        return
    templates = await asyncio.to_thread(template_directory, settings)
    sender = MessageSender(
        store.messages,
        channels,
        templates.find,
        clock,
        lambda facts, now: compliance.decide(book(), facts, now),
        book,
        house(settings),
        payment_links(settings, store),
        settings.messages.concurrency,
    )
    rounds = _Rounds(store, clock, sender, templates, show)
    try:
        await sender.recover(at_start=True)
        for seconds, job in ((settings.messages.every_s, rounds.send), (RECOVERY_S, rounds.recover)):
            scheduler.add_job(
                job,
                IntervalTrigger(seconds=int(seconds), timezone=UTC),
                max_instances=1,
                coalesce=True,
                misfire_grace_time=None,
            )
        scheduler.add_job(
            store.messages.look_again,
            CronTrigger(hour=NIGHTLY_HOUR, minute=40, timezone=settings.defaults.timezone),
            next_run_time=datetime.now(UTC),  # at once too: strategy files may have changed while nothing ran
            max_instances=1,
            coalesce=True,
            misfire_grace_time=None,
        )
        log.info("messages", channels=sorted(names), templates=len(templates.templates))
        yield sender
    finally:
        await sender.close()


class _Rounds:
    """What is done again and again."""

    def __init__(
        self,
        store: SqliteStore,
        clock: Clock,
        sender: MessageSender,
        templates: TemplateDirectory,
        show: Show | None,
    ) -> None:
        self._store, self._clock, self._sender, self._templates, self._show = (
            store,
            clock,
            sender,
            templates,
            show,
        )
        self._book = store.current_book()
        self._counts: dict[str, int] = {}
        self._shown: set[str] = set()
        if show is not None:
            for channel, counters in sender.counters.items():
                show("message", partial(_same, counters), channel)

    async def send(self) -> None:
        """Plan what has come due, and send it."""
        await asyncio.to_thread(self._templates.refresh)
        book = self._store.current_book()
        if book is not self._book:
            self._book = book
            await self._store.messages.look_again()
        await self._sender.plan()
        await self._sender.send_due()

    async def recover(self) -> None:
        """Take up what was left, and count."""
        await self._sender.recover()
        self._counts = dict(await self._store.messages.counts(self._clock.now() - COUNTED))
        if self._show is not None:
            for name in self._counts.keys() - self._shown:
                self._shown.add(name)
                state, _, rule = name.partition("_")
                if state == "suppressed" and rule:
                    self._show("message_refusal", partial(self._refusals, name), rule)
                else:
                    self._show("message_state", partial(self._in_state, name), name)

    def _refusals(self, name: str) -> object:
        return _Reading(suppressed=self._counts.get(name, 0))

    def _in_state(self, name: str) -> object:
        return _Reading(messages=self._counts.get(name, 0))


class _Reading:
    """A figure under a name."""

    def __init__(self, **figures: int) -> None:
        self.__dict__.update(figures)


def _same(value: object) -> object:
    return value


def template_directory(settings: Settings) -> TemplateDirectory:
    """The templates of ``DIALPLAN/messages``."""
    return TemplateDirectory(settings.dialplan_dir / "messages")


def house(settings: Settings) -> House:
    """What messages tell of the company."""
    wanted = settings.messages
    return House(
        names={"zh": settings.company.name, "en": settings.company.name_en},
        hotline=wanted.hotline or "",
        links=dict(wanted.links),
        private=frozenset(wanted.private_channels),
    )


def occasions(settings: Settings) -> dict[str, Occasion]:
    """What makes a message by itself."""
    wanted = settings.messages
    found = {event: Occasion(each.template, each.notice) for event, each in wanted.events.items()}
    if wanted.unanswered is not None:
        found[UNANSWERED] = Occasion(wanted.unanswered.template, times=wanted.unanswered.after)
    return found


def message_routers(settings: Settings, store: SqliteStore, clock: Clock) -> list[APIRouter]:
    """The addresses under which providers tell of receipts and replies; none where no provider does."""
    terms = {
        each.provider: _callbacks(each.channel, each.callbacks, settings.defaults.country)
        for each in settings.messages.gateways
        if each.callbacks is not None
    }
    if not terms:
        return []
    return [message_router(terms, store.messages, Replies(store.messages, clock), clock)]


def make_channels(settings: Settings) -> list[MessageChannel]:
    """The channels of the settings. Raises ConfigError for secrets that cannot be read."""
    wanted = settings.messages
    found: list[MessageChannel] = [
        HttpGateway(each.channel, _gateway(each), wanted.concurrency) for each in wanted.gateways
    ]
    if wanted.email is not None:
        found.append(SmtpChannel(_smtp(wanted.email)))
    return found + [_messenger(each) for each in wanted.messengers]


def _gateway(wanted: HttpGatewaySettings) -> HttpGatewayTerms:
    return HttpGatewayTerms(
        provider=wanted.provider,
        url=wanted.url,
        method=wanted.method,
        headers=dict(wanted.headers),
        body=dict(wanted.body),
        form=wanted.format == "form",
        bearer=secret(wanted.bearer_file),
        user=wanted.user,
        password=secret(wanted.password_file),
        ok_field=wanted.ok_field,
        ok_values=tuple(wanted.ok_values),
        busy_values=tuple(wanted.busy_values),
        bad_address_values=tuple(wanted.bad_address_values),
        reference_field=wanted.reference_field,
        detail_field=wanted.detail_field,
        key_header=wanted.key_header or "",
        receipts=wanted.callbacks is not None,
        country_code=wanted.country_code,
        timeout_s=wanted.timeout_s,
        per_second=wanted.per_second,
    )


def _smtp(wanted: SmtpSettings) -> SmtpTerms:
    return SmtpTerms(
        host=wanted.host,
        port=wanted.port,
        sender=wanted.sender,
        security=wanted.security,
        sender_name=wanted.sender_name,
        reply_to=wanted.reply_to or "",
        user=wanted.user,
        password=secret(wanted.password_file),
        ca_file=wanted.ca_file,
        timeout_s=wanted.timeout_s,
    )


def _messenger(wanted: MessengerSettings) -> Messenger:
    terms = MessengerTerms(
        url=(wanted.url or _PLATFORMS[wanted.channel]).rstrip("/"),
        app=wanted.app,
        secret=secret(wanted.secret_file),
        agent=wanted.agent,
        timeout_s=wanted.timeout_s,
    )
    return _MESSENGERS[wanted.channel](terms)


def _callbacks(channel: str, wanted: CallbackSettings, country: str) -> CallbackTerms:
    key = secret(wanted.secret_file)
    if len(key.encode()) < 16:
        raise ConfigError(f"{wanted.secret_file}: a secret of callbacks has 16 bytes or more")
    return CallbackTerms(
        channel=channel,
        secret=key,
        signature_header=wanted.signature_header or "",
        items=wanted.items,
        reference=wanted.reference,
        message_id=wanted.message_id,
        status=wanted.status,
        statuses=dict(wanted.statuses),
        bounced=frozenset(wanted.bounced),
        detail=wanted.detail,
        sender=wanted.sender,
        text=wanted.text,
        country=country,
    )


def secret(path: Path | None) -> str:
    """The secret of a file, without the blanks around it; '' for none. Raises ConfigError."""
    if path is None:
        return ""
    try:
        with path.open("rb") as stream:
            raw = stream.read(_SECRET_BYTES + 1)
        found = raw.decode("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"{path} cannot be read: {getattr(error, 'strerror', None) or 'not UTF-8'}"
        ) from error
    if not found or len(raw) > _SECRET_BYTES or any(not sign.isprintable() for sign in found):
        raise ConfigError(f"{path} must hold one secret, on one line")
    return found
