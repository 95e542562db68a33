"""Alipay with RSA2: signed orders, and notices that are verified with Alipay's public key."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl
from zoneinfo import ZoneInfo

from ari_app.domain.payments.notice import NoticeKind
from ari_app.errors import ConfigError
from ari_app.gateways.payments import reading
from ari_app.ports.payments import Answer, CallbackRefused, Notice, OrderRequest, ProviderError

NAME = "alipay"
WAP, PAGE = "wap", "page"
CURRENCY = "CNY"
#: Alipay writes the wall clock of Beijing.
ZONE = ZoneInfo("Asia/Shanghai")
_METHODS = {
    WAP: ("alipay.trade.wap.pay", "QUICK_WAP_WAY"),
    PAGE: ("alipay.trade.page.pay", "FAST_INSTANT_TRADE_PAY"),
}
_PAID = frozenset({"TRADE_SUCCESS", "TRADE_FINISHED"})
_MOST_FIELDS = 100


@dataclass(frozen=True, slots=True)
class AlipayTerms:
    """The application and Alipay's key, both PEM. ``seller_id`` '': not looked at."""

    app_id: str
    private_key: str = field(repr=False)
    public_key: str = field(repr=False)
    notify_url: str
    gateway: str = "https://openapi.alipay.com/gateway.do"
    seller_id: str = ""
    offered: Sequence[str] = (WAP, PAGE)


class Alipay:
    """See ``ports.payments.PaymentProvider``. Raises ConfigError for keys that cannot be used."""

    name = NAME

    def __init__(self, terms: AlipayTerms) -> None:
        from alipay import AliPay

        self._terms = terms
        try:
            self._alipay: Any = AliPay(
                appid=terms.app_id,
                app_notify_url=terms.notify_url,
                app_private_key_string=terms.private_key,
                alipay_public_key_string=terms.public_key,
                sign_type="RSA2",
            )
        except (ValueError, IndexError, TypeError) as error:
            raise ConfigError("payments.alipay: a key file holds no RSA key in PEM") from error

    @property
    def methods(self) -> Sequence[str]:
        return self._terms.offered

    async def order(self, request: OrderRequest, now: datetime) -> str:
        """The signed address; nothing is sent, the customer's browser goes there."""
        if request.method not in _METHODS or request.currency != CURRENCY:
            raise ProviderError("alipay: this way to pay or this currency is not offered")
        method, product = _METHODS[request.method]
        content = {
            "subject": request.subject[:256],
            "out_trade_no": request.order_no,
            "total_amount": str(request.amount),
            "product_code": product,
            "time_expire": _wall(request.expires_at),
        }
        signed = self._alipay.client_api(
            method,
            biz_content=content,
            return_url=request.come_back,
            notify_url=self._terms.notify_url,
            timestamp=_wall(now),
        )
        return f"{self._terms.gateway}?{signed}"

    def read(self, headers: Mapping[str, str], body: bytes, now: datetime) -> Notice:
        values = _fields(body)
        signature = values.pop("sign", "")
        if values.pop("sign_type", "") != "RSA2" or not signature:
            raise CallbackRefused("it is not signed with RSA2")
        try:
            good = self._alipay.verify(dict(values), signature)
        except (ValueError, TypeError) as error:
            raise CallbackRefused("its signature cannot be checked") from error
        if not good:
            raise CallbackRefused("its signature is not Alipay's")
        if values.get("app_id") != self._terms.app_id:
            raise CallbackRefused("it is for another application")
        if self._terms.seller_id and values.get("seller_id") != self._terms.seller_id:
            raise CallbackRefused("it is for another seller")
        return _notice(values, now)

    def accepted(self) -> Answer:
        return Answer(200, "text/plain", "success")

    def refused(self, status: int) -> Answer:
        return Answer(status, "text/plain", "failure")


def _fields(body: bytes) -> dict[str, str]:
    if len(body) > reading.MOST_BYTES:
        raise CallbackRefused("it is too long")
    try:
        pairs = parse_qsl(
            body.decode("ascii"),
            keep_blank_values=True,
            strict_parsing=True,
            encoding="utf-8",
            errors="strict",
            max_num_fields=_MOST_FIELDS,
        )
    except ValueError as error:
        raise CallbackRefused("its body is not a form in UTF-8") from error
    values = dict(pairs)
    if len(values) != len(pairs):
        raise CallbackRefused("a field of it stands twice")
    return values


def _notice(values: Mapping[str, str], now: datetime) -> Notice:
    event_id, status = reading.text(values, "notify_id"), reading.text(values, "trade_status")
    refunded = reading.text(values, "refund_fee", optional=True)
    if refunded.strip("0."):
        # The sum of all refunds of this trade so far; out_biz_no names the refund that it tells of.
        at = reading.text(values, "gmt_refund", optional=True) or reading.text(values, "notify_time")
        trade = reading.text(values, "trade_no")
        amount = reading.decimal(refunded, "refund_fee")
        named = reading.text(values, "out_biz_no", optional=True)
        return Notice(
            provider=NAME,
            event_id=event_id,
            kind=NoticeKind.REVERSAL,
            amount=amount,
            currency=CURRENCY,
            occurred_at=reading.plausible(reading.wall_instant(at, ZONE), now),
            reference=f"{trade}/{named or amount}",
            reverses=trade,
            order_no=reading.text(values, "out_trade_no"),
            total=True,
        )
    if status not in _PAID:
        return Notice(NAME, event_id, NoticeKind.OTHER)
    at = reading.text(values, "gmt_payment", optional=True) or reading.text(values, "notify_time")
    return Notice(
        provider=NAME,
        event_id=event_id,
        kind=NoticeKind.PAYMENT,
        amount=reading.decimal(values.get("total_amount"), "total_amount"),
        currency=CURRENCY,
        occurred_at=reading.plausible(reading.wall_instant(at, ZONE), now),
        reference=reading.text(values, "trade_no"),
        order_no=reading.text(values, "out_trade_no"),
    )


def _wall(at: datetime) -> str:
    return at.astimezone(ZONE).strftime("%Y-%m-%d %H:%M:%S")
