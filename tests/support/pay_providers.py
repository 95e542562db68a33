"""The far ends of payments: keys and certificates made here, and callbacks as WeChat, Alipay and a bank write them."""

from __future__ import annotations

import json
import os
from base64 import b64encode
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cache
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from cryptography.x509.oid import NameOID

from ari_app.gateways.payments.alipay import Alipay, AlipayTerms
from ari_app.gateways.payments.generic import GenericProvider
from ari_app.gateways.payments.wechat import WeChatPay, WeChatTerms
from tests.support.clock import MONDAY_MORNING

Callback = tuple[dict[str, str], bytes]

API_KEY = "0123456789abcdef0123456789ABCDEF"
SECRET = "a-secret-of-a-bank-that-is-long-enough"
NOTIFY = "https://pay.example/payments"
BEIJING = ZoneInfo("Asia/Shanghai")


@dataclass(frozen=True)
class KeyPair:
    """An RSA key of 2048 bits."""

    key: rsa.RSAPrivateKey

    @property
    def private_pem(self) -> str:
        return self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()

    @property
    def public_pem(self) -> str:
        return self.key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()

    def sign(self, text: str) -> str:
        return b64encode(self.key.sign(text.encode(), padding.PKCS1v15(), SHA256())).decode()


@cache
def key_pair(name: str) -> KeyPair:
    """One for each name, made once a run."""
    return KeyPair(rsa.generate_private_key(65537, 2048))


@cache
def certificate(name: str, serial: int, begins: datetime = MONDAY_MORNING - timedelta(days=30)) -> str:
    """A certificate of the platform, valid for a year, in PEM."""
    pair = key_pair(name)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(pair.key.public_key())
        .serial_number(serial)
        .not_valid_before(begins)
        .not_valid_after(begins + timedelta(days=365))
        .sign(pair.key, SHA256())
    )
    return made.public_bytes(Encoding.PEM).decode()


def wechat(**changes: object) -> WeChatPay:
    """A merchant whose platform signs with the certificate 1A2B or the public key PUB_KEY_ID_1."""
    fields: dict[str, object] = {
        "mchid": "1900000001",
        "appid": "wx0001",
        "serial": "ABCDEF01",
        "private_key": key_pair("merchant").private_pem,
        "api_v3_key": API_KEY,
        "notify_url": f"{NOTIFY}/wechat/callback",
        "certificates": (certificate("platform", 0x1A2B),),
        "public_keys": {"PUB_KEY_ID_1": key_pair("platform2").public_pem},
    }
    return WeChatPay(WeChatTerms(**{**fields, **changes}))  # type: ignore[arg-type]


def wechat_signed(body: bytes, now: datetime, serial: str = "1A2B", by: str = "platform") -> Callback:
    """Headers for a body, as the platform signs it."""
    stamp, nonce = str(int(now.timestamp())), "n0nce"
    signature = key_pair(by).sign(f"{stamp}\n{nonce}\n{body.decode()}\n")
    return {
        "wechatpay-timestamp": stamp,
        "wechatpay-nonce": nonce,
        "wechatpay-signature": signature,
        "wechatpay-serial": serial,
        "wechatpay-signature-type": "WECHATPAY2-SHA256-RSA2048",
    }, body


def wechat_event(
    event: str, event_id: str, inner: dict[str, object], now: datetime, key: str = API_KEY
) -> Callback:
    """A notification with an encrypted resource."""
    nonce = os.urandom(6).hex()
    sealed = AESGCM(key.encode()).encrypt(nonce.encode(), json.dumps(inner).encode(), b"transaction")
    resource = {
        "algorithm": "AEAD_AES_256_GCM",
        "ciphertext": b64encode(sealed).decode(),
        "nonce": nonce,
        "associated_data": "transaction",
        "original_type": "transaction",
    }
    told = {
        "id": event_id,
        "create_time": now.isoformat(),
        "resource_type": "encrypt-resource",
        "event_type": event,
        "summary": "支付成功",
        "resource": resource,
    }
    return wechat_signed(json.dumps(told).encode(), now)


def wechat_paid(
    order_no: str, amount: Decimal, now: datetime, reference: str = "42000001", /, **changes: object
) -> Callback:
    """A payment, as WeChat tells it."""
    inner: dict[str, object] = {
        "mchid": "1900000001",
        "appid": "wx0001",
        "out_trade_no": order_no,
        "transaction_id": reference,
        "trade_type": "MWEB",
        "trade_state": "SUCCESS",
        "success_time": now.astimezone(BEIJING).isoformat(timespec="seconds"),
        "amount": {"total": int(amount * 100), "payer_total": int(amount * 100), "currency": "CNY"},
    }
    return wechat_event("TRANSACTION.SUCCESS", f"ev-{reference}", {**inner, **changes}, now)


def wechat_refunded(
    order_no: str, amount: Decimal, now: datetime, reference: str = "50000001", reverses: str = "42000001"
) -> Callback:
    """A refund, as WeChat tells it."""
    inner: dict[str, object] = {
        "mchid": "1900000001",
        "out_trade_no": order_no,
        "transaction_id": reverses,
        "out_refund_no": f"r-{reference}",
        "refund_id": reference,
        "refund_status": "SUCCESS",
        "success_time": now.astimezone(BEIJING).isoformat(timespec="seconds"),
        "amount": {"total": 56832, "refund": int(amount * 100), "payer_total": 56832},
    }
    return wechat_event("REFUND.SUCCESS", f"ev-{reference}", inner, now)


def alipay(**changes: object) -> Alipay:
    """An application whose notices are signed with the key "alipay"."""
    fields: dict[str, object] = {
        "app_id": "2021000000000001",
        "private_key": key_pair("application").private_pem,
        "public_key": key_pair("alipay").public_pem,
        "notify_url": f"{NOTIFY}/alipay/callback",
        "seller_id": "2088000000000001",
    }
    return Alipay(AlipayTerms(**{**fields, **changes}))  # type: ignore[arg-type]


def alipay_notice(now: datetime, by: str = "alipay", **values: str) -> Callback:
    """A notice as a form, signed over its fields in the order of their names."""
    wall = now.astimezone(BEIJING).strftime("%Y-%m-%d %H:%M:%S")
    fields = {
        "app_id": "2021000000000001",
        "seller_id": "2088000000000001",
        "notify_id": "n-1",
        "notify_time": wall,
        "notify_type": "trade_status_sync",
        "charset": "utf-8",
        "version": "1.0",
        "subject": "账单 & 费用",
        "trade_no": "2026112300001",
        "trade_status": "TRADE_SUCCESS",
        "gmt_payment": wall,
        **values,
    }
    text = "&".join(f"{name}={fields[name]}" for name in sorted(fields))
    signed = {**fields, "sign_type": "RSA2", "sign": key_pair(by).sign(text)}
    return {"content-type": "application/x-www-form-urlencoded"}, urlencode(signed).encode()


def bank() -> GenericProvider:
    """A provider with the house's own signature."""
    return GenericProvider("bank", SECRET, "https://bank.example/pay")


def bank_told(now: datetime, **values: object) -> Callback:
    """A callback of the bank."""
    body = json.dumps(values, ensure_ascii=False).encode()
    stamp = str(int(now.timestamp()))
    return {"x-payment-timestamp": stamp, "x-payment-signature": f"v1={bank().sign(stamp, body)}"}, body
