"""Joins payments to what they need: settings and store in; links, providers and the routers of page and callbacks out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta

from fastapi import APIRouter

from ari_app.case_work import evidence_files
from ari_app.config import Settings
from ari_app.config.payments import AlipaySettings, WeChatSettings
from ari_app.domain.payments.link import LinkTerms
from ari_app.gateways.payments.alipay import Alipay, AlipayTerms
from ari_app.gateways.payments.generic import GenericProvider
from ari_app.gateways.payments.reading import key_file
from ari_app.gateways.payments.wechat import WeChatPay, WeChatTerms
from ari_app.ports import Clock
from ari_app.ports.payments import PaymentProvider
from ari_app.services.payments.callbacks import CallbackDesk
from ari_app.services.payments.keys import LinkKeys, link_keys
from ari_app.services.payments.links import SignedLinks
from ari_app.services.payments.orders import OrderDesk
from ari_app.services.payments.visits import Visits
from ari_app.store.sqlite_store import SqliteStore
from ari_app.web.payments.callbacks import callback_router
from ari_app.web.payments.desk import Desk
from ari_app.web.payments.page import PaymentPage
from ari_app.web.payments.visitor import Porter
from ari_app.web.payments.wishes import Wishes

#: Adds the readings of a group of metrics, by a function and a label.
Show = Callable[[str, Callable[[], object], str], None]


def payment_keys(settings: Settings) -> LinkKeys:
    """The keys that sign links, made where there are none. Raises ConfigError."""
    return link_keys(settings.payments.link_keys_file or settings.data_dir / "payment-links.keys")


def payment_links(settings: Settings, store: SqliteStore) -> SignedLinks | None:
    """What makes links; None where no address of the page is set. Raises ConfigError for keys that cannot be used."""
    wanted = settings.payments
    if wanted.base_url is None:
        return None
    terms = LinkTerms(timedelta(days=wanted.link_days), wanted.link_uses)
    return SignedLinks(store.payments, payment_keys(settings), wanted.base_url, terms)


def payment_providers(settings: Settings) -> dict[str, PaymentProvider]:
    """The providers of these settings, by name. Raises ConfigError for keys that cannot be used."""
    wanted = settings.payments
    found: dict[str, PaymentProvider] = {}
    if wanted.wechat is not None:
        found["wechat"] = _wechat(wanted.wechat, _notify(settings, "wechat"))
    if wanted.alipay is not None:
        found["alipay"] = _alipay(wanted.alipay, _notify(settings, "alipay"))
    for each in wanted.generic:
        secret = key_file(each.secret_file, f"payments.generic, {each.name}")
        found[each.name] = GenericProvider(each.name, secret, each.pay_url or "")
    return found


def payment_routers(
    settings: Settings, store: SqliteStore, clock: Clock, show: Show | None = None
) -> list[APIRouter]:
    """The callbacks of the providers, and the page where its address is set. They want no token of the API.

    ``show`` adds what came to the metrics.
    """
    providers = payment_providers(settings)
    callbacks = CallbackDesk(store.payments, providers, clock)
    if show is not None:
        for name, counters in callbacks.counters.items():
            show("payment_callback", lambda counters=counters: counters, name)  # type: ignore[misc]
    routers = [callback_router(callbacks)] if providers else []
    links = payment_links(settings, store)
    if links is None:
        return routers
    wanted, company = settings.payments, settings.company
    visits = Visits(links.keys, timedelta(minutes=wanted.session_minutes))
    porter = Porter(links, visits, clock, {"zh": company.name, "en": company.name_en})
    desk = Desk(porter, store.payments)
    orders = OrderDesk(store.payments, providers, clock, timedelta(minutes=wanted.order_minutes))
    page = PaymentPage(desk, orders, Wishes(desk, wanted.promise_days, evidence_files(settings, store)))
    return [*routers, page.router()]


def _notify(settings: Settings, provider: str) -> str:
    """Where a provider calls back."""
    return f"{settings.payments.base_url or ''}/payments/{provider}/callback"


def _wechat(wanted: WeChatSettings, notify_url: str) -> WeChatPay:
    what = "payments.wechat"
    public: Mapping[str, str] = {}
    if wanted.public_key_file is not None and wanted.public_key_id is not None:
        public = {wanted.public_key_id: key_file(wanted.public_key_file, what)}
    return WeChatPay(
        WeChatTerms(
            mchid=wanted.mchid,
            appid=wanted.appid,
            serial=wanted.serial,
            private_key=key_file(wanted.private_key_file, what),
            api_v3_key=key_file(wanted.api_v3_key_file, what),
            notify_url=notify_url,
            gateway=wanted.gateway,
            certificates=tuple(key_file(each, what) for each in wanted.platform_cert_files),
            public_keys=public,
            offered=tuple(wanted.methods),
        )
    )


def _alipay(wanted: AlipaySettings, notify_url: str) -> Alipay:
    what = "payments.alipay"
    return Alipay(
        AlipayTerms(
            app_id=wanted.app_id,
            private_key=key_file(wanted.private_key_file, what),
            public_key=key_file(wanted.public_key_file, what),
            notify_url=notify_url,
            gateway=wanted.gateway,
            seller_id=wanted.seller_id or "",
            offered=tuple(wanted.methods),
        )
    )
