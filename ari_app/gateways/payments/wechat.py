"""WeChat Pay, version 3: orders, and callbacks that are signed by the platform and encrypted for us.

Signatures and ciphers are those of ``wechatpayv3``; requests go by the house's own client, so that a callback with an
unknown serial number never sends this program to the network.
"""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlsplit

import aiohttp
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.x509 import Certificate
from wechatpayv3 import utils

from ari_app.domain.payments.notice import NoticeKind
from ari_app.errors import ConfigError
from ari_app.gateways.payments import reading
from ari_app.ports.payments import Answer, CallbackRefused, Notice, OrderRequest, ProviderError

NAME = "wechat"
H5, NATIVE, JSAPI = "h5", "native", "jsapi"
CURRENCY = "CNY"
_ALGORITHM = "WECHATPAY2-SHA256-RSA2048"
_ANSWERS = {H5: "h5_url", NATIVE: "code_url", JSAPI: "prepay_id"}
_PAID, _REFUNDED = "SUCCESS", "SUCCESS"
_MOST_ANSWER = 65_536


@dataclass(frozen=True, slots=True)
class WeChatTerms:
    """The merchant and the platform. Certificates and keys are PEM; ``public_keys`` go by their ids."""

    mchid: str
    appid: str
    serial: str
    private_key: str = field(repr=False)
    api_v3_key: str = field(repr=False)
    notify_url: str
    gateway: str = "https://api.mch.weixin.qq.com"
    certificates: Sequence[str] = ()
    public_keys: Mapping[str, str] = field(default_factory=dict)
    offered: Sequence[str] = (H5, NATIVE)
    timeout_s: float = 8.0


class WeChatPay:
    """See ``ports.payments.PaymentProvider``. Raises ConfigError for keys that cannot be used."""

    name = NAME

    def __init__(self, terms: WeChatTerms) -> None:
        self._terms = terms
        if len(terms.api_v3_key.encode()) != 32:
            raise ConfigError("payments.wechat: the APIv3 key has not 32 bytes")
        try:
            self._private_key = utils.load_private_key(terms.private_key)
            self._public_keys = {name: utils.load_public_key(key) for name, key in terms.public_keys.items()}
        except Exception as error:  # the library raises nothing more special
            raise ConfigError("payments.wechat: a key file holds no key in PEM") from error
        self._certificates: dict[int, Certificate] = {}
        for text in terms.certificates:
            certificate = utils.load_certificate(text)
            if certificate is None:
                raise ConfigError(
                    "payments.wechat: a file of platform_cert_files holds no certificate in PEM"
                )
            self._certificates[certificate.serial_number] = certificate
        if not self._certificates and not self._public_keys:
            raise ConfigError("payments.wechat: neither platform_cert_files nor public_key_file is given")

    @property
    def methods(self) -> Sequence[str]:
        return self._terms.offered

    @property
    def certified_until(self) -> datetime | None:
        """Until when the platform's newest certificate is good; None where it signs with a public key."""
        ends = [each.not_valid_after_utc for each in self._certificates.values()]
        return None if self._public_keys or not ends else max(ends)

    # ------------------------------------------------------------------------------------------- orders

    async def order(self, request: OrderRequest, now: datetime) -> str:
        """h5: an address; native: what the QR code holds; jsapi: the signed parameters of ``WeixinJSBridge``, as JSON."""
        if request.method not in _ANSWERS or request.currency != CURRENCY:
            raise ProviderError("wechat: this way to pay or this currency is not offered")
        answer = await self._post(
            f"/v3/pay/transactions/{request.method}", _order_body(self._terms, request), now
        )
        found = answer.get(_ANSWERS[request.method])
        if not isinstance(found, str) or not 0 < len(found) <= 2048:
            raise ProviderError("wechat: the answer names no way to pay")
        if request.method == H5:
            return f"{found}&redirect_url={quote(request.come_back, safe='')}" if request.come_back else found
        return found if request.method == NATIVE else self._bridge(found, now)

    def _bridge(self, prepay_id: str, now: datetime) -> str:
        stamp, nonce = str(int(now.timestamp())), secrets.token_hex(16)
        package = f"prepay_id={prepay_id}"
        signed = f"{self._terms.appid}\n{stamp}\n{nonce}\n{package}\n"
        return json.dumps(
            {
                "appId": self._terms.appid,
                "timeStamp": stamp,
                "nonceStr": nonce,
                "package": package,
                "signType": "RSA",
                "paySign": utils.rsa_sign(self._private_key, signed),
            }
        )

    async def _post(self, path: str, values: Mapping[str, object], now: datetime) -> Mapping[str, object]:
        body = json.dumps(values, ensure_ascii=False, separators=(",", ":"))
        stamp, nonce = str(int(now.timestamp())), secrets.token_hex(16)
        prefix = urlsplit(self._terms.gateway).path
        signature = utils.rsa_sign(
            self._private_key, "\n".join(["POST", prefix + path, stamp, nonce, body, ""])
        )
        headers = {
            "Accept": "application/json",
            "Content-Type": "application/json",
            "Authorization": (
                f'{_ALGORITHM} mchid="{self._terms.mchid}",nonce_str="{nonce}",signature="{signature}",'
                f'timestamp="{stamp}",serial_no="{self._terms.serial}"'
            ),
        }
        try:
            async with (
                asyncio.timeout(self._terms.timeout_s),
                aiohttp.ClientSession(trust_env=False, cookie_jar=aiohttp.DummyCookieJar()) as session,
                session.post(
                    self._terms.gateway + path, data=body.encode(), headers=headers, allow_redirects=False
                ) as answer,
            ):
                raw = await answer.content.read(_MOST_ANSWER + 1)
                status = answer.status
                told = {name.lower(): value for name, value in answer.headers.items()}
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise ProviderError(f"wechat: {type(error).__name__}") from error
        if status != 200 or len(raw) > _MOST_ANSWER:
            raise ProviderError(f"wechat: the order was answered with {status}")
        try:
            self._verify(told, raw, now)
            return reading.json_object(raw)
        except CallbackRefused as error:
            raise ProviderError(f"wechat: the answer is not the platform's: {error}") from error

    # ------------------------------------------------------------------------------------------- callbacks

    def read(self, headers: Mapping[str, str], body: bytes, now: datetime) -> Notice:
        self._verify(headers, body, now)
        told = reading.json_object(body)
        event_id, event = reading.text(told, "id"), reading.text(told, "event_type")
        if told.get("resource_type") != "encrypt-resource":
            raise CallbackRefused("it encloses nothing")
        inner = self._decrypted(reading.part(told, "resource"))
        if reading.text(inner, "mchid") != self._terms.mchid:
            raise CallbackRefused("it is for another merchant")
        if event == "TRANSACTION.SUCCESS":
            return self._payment(event_id, inner, now)
        if event.startswith("REFUND."):
            return self._refund(event_id, inner, now)
        return Notice(NAME, event_id, NoticeKind.OTHER)

    def accepted(self) -> Answer:
        return Answer(200, "application/json", json.dumps({"code": "SUCCESS"}))

    def refused(self, status: int) -> Answer:
        return Answer(status, "application/json", json.dumps({"code": "FAIL", "message": "not accepted"}))

    def _verify(self, headers: Mapping[str, str], body: bytes, now: datetime) -> None:
        stamp, nonce = headers.get("wechatpay-timestamp", ""), headers.get("wechatpay-nonce", "")
        signature, serial = headers.get("wechatpay-signature", ""), headers.get("wechatpay-serial", "")
        kind = headers.get("wechatpay-signature-type", _ALGORITHM)
        if kind != _ALGORITHM:
            raise CallbackRefused("it is signed by another algorithm")
        key = self._key(serial, now)
        try:
            text = body.decode("utf-8")
            good = utils.rsa_verify(stamp, nonce, text, signature, key)
        except (ValueError, TypeError, UnsupportedAlgorithm) as error:
            raise CallbackRefused("its signature cannot be checked") from error
        if not good:
            raise CallbackRefused("its signature is not the platform's")
        reading.fresh(stamp, now)

    def _key(self, serial: str, now: datetime) -> Any:
        if serial in self._public_keys:
            return self._public_keys[serial]
        try:
            certificate = self._certificates.get(int(serial, 16)) if len(serial) <= 64 else None
        except ValueError:
            certificate = None
        if certificate is None:
            raise CallbackRefused("it is signed by a certificate that we do not have")
        if not certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc:
            raise CallbackRefused("it is signed by a certificate that is not valid now")
        return certificate.public_key()

    def _decrypted(self, resource: Mapping[str, object]) -> Mapping[str, object]:
        if resource.get("algorithm") != "AEAD_AES_256_GCM":
            raise CallbackRefused("it is encrypted by another algorithm")
        try:
            text = utils.aes_decrypt(
                reading.text(resource, "nonce"),
                reading.text(resource, "ciphertext", longest=reading.MOST_BYTES),
                reading.text(resource, "associated_data", optional=True),
                self._terms.api_v3_key,
            )
        except ValueError as error:
            raise CallbackRefused("what it encloses cannot be decrypted") from error
        if not isinstance(text, str):
            raise CallbackRefused("what it encloses is not encrypted for us")
        return reading.json_text(text)

    def _payment(self, event_id: str, inner: Mapping[str, object], now: datetime) -> Notice:
        if reading.text(inner, "appid") != self._terms.appid:
            raise CallbackRefused("it is for another application")
        if reading.text(inner, "trade_state") != _PAID:
            return Notice(NAME, event_id, NoticeKind.OTHER)
        amount = reading.part(inner, "amount")
        return Notice(
            provider=NAME,
            event_id=event_id,
            kind=NoticeKind.PAYMENT,
            amount=reading.minor(amount.get("total"), "amount.total"),
            currency=reading.currency(reading.text(amount, "currency", optional=True) or CURRENCY),
            occurred_at=reading.plausible(reading.iso_instant(reading.text(inner, "success_time")), now),
            reference=reading.text(inner, "transaction_id"),
            order_no=reading.text(inner, "out_trade_no"),
        )

    def _refund(self, event_id: str, inner: Mapping[str, object], now: datetime) -> Notice:
        if reading.text(inner, "refund_status") != _REFUNDED:
            return Notice(NAME, event_id, NoticeKind.OTHER)
        amount = reading.part(inner, "amount")
        return Notice(
            provider=NAME,
            event_id=event_id,
            kind=NoticeKind.REVERSAL,
            amount=reading.minor(amount.get("refund"), "amount.refund"),
            currency=reading.currency(reading.text(amount, "currency", optional=True) or CURRENCY),
            occurred_at=reading.plausible(reading.iso_instant(reading.text(inner, "success_time")), now),
            reference=reading.text(inner, "refund_id"),
            reverses=reading.text(inner, "transaction_id"),
            order_no=reading.text(inner, "out_trade_no"),
        )


def _order_body(terms: WeChatTerms, request: OrderRequest) -> dict[str, object]:
    values: dict[str, object] = {
        "appid": terms.appid,
        "mchid": terms.mchid,
        "description": request.subject[:127],
        "out_trade_no": request.order_no,
        "time_expire": request.expires_at.isoformat(timespec="seconds"),
        "notify_url": terms.notify_url,
        "amount": {"total": int(request.amount * 100), "currency": request.currency},
    }
    if request.method == JSAPI:
        if not request.payer:
            raise ProviderError("wechat: jsapi needs the payer's openid")
        values["payer"] = {"openid": request.payer}
    if request.method == H5:
        values["scene_info"] = {
            "payer_client_ip": request.payer_address or "127.0.0.1",
            "h5_info": {"type": "Wap"},
        }
    return values
