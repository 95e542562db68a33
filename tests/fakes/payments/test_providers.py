"""Providers of payments: what they tell is believed only when it is theirs, fresh, whole and for us."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from urllib.parse import parse_qs, urlsplit

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from ari_app.domain.payments.notice import NoticeKind
from ari_app.errors import ConfigError
from ari_app.gateways.payments.generic import GenericProvider
from ari_app.ports.debt import BillKey
from ari_app.ports.payments import CallbackRefused, OrderRequest, PaymentProvider, ProviderError
from tests.support import pay_providers as far
from tests.support.pay_providers import BEIJING, Callback
from tests.support.store_rows import NOW

pytestmark = pytest.mark.fakes

SUM = Decimal("568.32")
LATER = NOW + timedelta(minutes=30)


def request(method: str, amount: Decimal = SUM, **changes: object) -> OrderRequest:
    fields: dict[str, object] = {
        "order_no": "AR261123020000ABCDEFGHJKMN",
        "amount": amount,
        "currency": "CNY",
        "subject": "账单",
        "expires_at": LATER,
        "method": method,
        "payer_address": "203.0.113.9",
        "come_back": "https://pay.example/pay/t/done",
    }
    return OrderRequest(**{**fields, **changes})  # type: ignore[arg-type]


# --------------------------------------------------------------------------------------------------- WeChat


def test_a_payment_of_wechat_is_verified_and_decrypted() -> None:
    notice = far.wechat().read(*far.wechat_paid("AR1", SUM, NOW), NOW)
    assert (notice.kind, notice.amount, notice.currency) == (NoticeKind.PAYMENT, SUM, "CNY")
    assert (notice.order_no, notice.reference, notice.event_id) == ("AR1", "42000001", "ev-42000001")
    assert notice.occurred_at == NOW


def test_a_refund_of_wechat_takes_its_payment_back() -> None:
    notice = far.wechat().read(*far.wechat_refunded("AR1", Decimal("0.01"), NOW), NOW)
    assert (notice.kind, notice.amount) == (NoticeKind.REVERSAL, Decimal("0.01"))
    assert (notice.reference, notice.reverses) == ("50000001", "42000001")


def test_wechat_may_sign_with_a_public_key_too() -> None:
    headers, body = far.wechat_paid("AR1", SUM, NOW)
    headers, body = far.wechat_signed(body, NOW, "PUB_KEY_ID_1", "platform2")
    assert far.wechat().read(headers, body, NOW).amount == SUM


def test_an_order_of_wechat_that_was_not_paid_moves_nothing() -> None:
    told = far.wechat_paid("AR1", SUM, NOW, trade_state="CLOSED")
    assert far.wechat().read(*told, NOW).kind is NoticeKind.OTHER


def _changed(name: str, value: str) -> Callable[[Callback], Callback]:
    return lambda told: ({**told[0], name: value}, told[1])


@pytest.mark.parametrize(
    "spoil",
    [
        lambda told: (told[0], told[1].replace(b"ev-", b"EV-")),
        lambda told: ({}, told[1]),
        _changed("wechatpay-serial", "FFFF"),
        _changed("wechatpay-serial", "not hex"),
        _changed("wechatpay-serial", "f" * 500),
        _changed("wechatpay-serial", "PUB_KEY_ID_1"),
        _changed("wechatpay-signature", "AAAA"),
        _changed("wechatpay-signature", "é"),
        _changed("wechatpay-nonce", "other"),
        _changed("wechatpay-timestamp", str(int(NOW.timestamp()) + 1)),
        _changed("wechatpay-signature-type", "WECHATPAY2-SM2-WITH-SM3"),
        lambda told: far.wechat_signed(b"\xe4\xbd\xa0"[:3], NOW),
        lambda told: far.wechat_signed(b"[]", NOW),
        lambda told: far.wechat_signed(b"{}", NOW),
        lambda told: far.wechat_event("TRANSACTION.SUCCESS", "e", {}, NOW),
        lambda told: far.wechat_event("TRANSACTION.SUCCESS", "e", {"mchid": "1900000001"}, NOW, "k" * 32),
        lambda told: far.wechat_paid("AR1", SUM, NOW, mchid="1900000002"),
        lambda told: far.wechat_paid("AR1", SUM, NOW, appid="wx0002"),
        lambda told: far.wechat_paid("AR1", SUM, NOW, amount={"total": 568.32, "currency": "CNY"}),
        lambda told: far.wechat_paid("AR1", SUM, NOW, amount={"total": -5, "currency": "CNY"}),
        lambda told: far.wechat_paid("AR1", SUM, NOW, amount={"total": True, "currency": "CNY"}),
        lambda told: far.wechat_paid("AR1", SUM, NOW, success_time="2026-11-23T10:00:00"),
        lambda told: far.wechat_paid("AR1", SUM, NOW, success_time="1999-11-23T10:00:00+08:00"),
    ],
)
def test_what_is_not_of_wechat_is_refused(spoil: Callable[[Callback], Callback]) -> None:
    with pytest.raises(CallbackRefused):
        far.wechat().read(*spoil(far.wechat_paid("AR1", SUM, NOW)), NOW)


def test_a_callback_of_wechat_is_not_believed_later() -> None:
    told = far.wechat_paid("AR1", SUM, NOW)
    with pytest.raises(CallbackRefused, match="too far from now"):
        far.wechat().read(*told, NOW + timedelta(minutes=6))


def test_a_certificate_that_has_run_out_signs_nothing() -> None:
    old = far.certificate("platform", 0x1A2B, NOW - timedelta(days=400))
    with pytest.raises(CallbackRefused, match="not valid now"):
        far.wechat(certificates=(old,)).read(*far.wechat_paid("AR1", SUM, NOW), NOW)


@pytest.mark.parametrize(
    "changes",
    [
        {"api_v3_key": "short"},
        {"private_key": "no key"},
        {"certificates": ("no certificate",)},
        {"certificates": (), "public_keys": {}},
    ],
)
def test_keys_of_wechat_that_cannot_work_stop_the_start(changes: dict[str, object]) -> None:
    with pytest.raises(ConfigError):
        far.wechat(**changes)


class Platform:
    """WeChat's API in this process."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, dict[str, object], str]] = []
        self.answer: dict[str, object] = {}
        self.status, self.signer = 200, "platform"

    async def serve(self, asked: web.Request) -> web.Response:
        text = await asked.text()
        self.asked.append((asked.path, json.loads(text), asked.headers["Authorization"]))
        body = json.dumps(self.answer).encode()
        headers, _ = far.wechat_signed(body, NOW, by=self.signer)
        return web.Response(body=body, status=self.status, headers=headers)


@pytest.fixture
async def platform() -> object:
    served = Platform()
    app = web.Application()
    app.router.add_post("/{path:.*}", served.serve)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    served.url = f"http://127.0.0.1:{runner.addresses[0][1]}"  # type: ignore[attr-defined]
    yield served
    await runner.cleanup()


@pytest.mark.parametrize(
    ("method", "answer", "wanted"),
    [
        (
            "h5",
            {"h5_url": "https://wx.example/h5?x=1"},
            "https://wx.example/h5?x=1&redirect_url=https%3A%2F%2F",
        ),
        ("native", {"code_url": "weixin://wxpay/bizpayurl?pr=1"}, "weixin://wxpay/bizpayurl?pr=1"),
        ("jsapi", {"prepay_id": "wx1"}, '{"appId": "wx0001"'),
    ],
)
async def test_an_order_at_wechat(
    platform: Platform, method: str, answer: dict[str, object], wanted: str
) -> None:
    platform.answer = answer
    pay = far.wechat(gateway=platform.url)  # type: ignore[attr-defined]
    assert (await pay.order(request(method, payer="openid-1"), NOW)).startswith(wanted)
    ((path, body, authorization),) = platform.asked
    assert path == f"/v3/pay/transactions/{method}"
    assert body["amount"] == {"total": 56832, "currency": "CNY"}
    assert body["out_trade_no"] == "AR261123020000ABCDEFGHJKMN"
    assert body["notify_url"] == "https://pay.example/payments/wechat/callback"
    assert authorization.startswith('WECHATPAY2-SHA256-RSA2048 mchid="1900000001"')


async def test_an_answer_that_is_not_the_platforms_is_no_order(platform: Platform) -> None:
    pay = far.wechat(gateway=platform.url)  # type: ignore[attr-defined]
    platform.answer, platform.signer = {"code_url": "weixin://evil"}, "merchant"
    with pytest.raises(ProviderError, match="not the platform's"):
        await pay.order(request("native"), NOW)
    platform.signer, platform.answer = "platform", {}
    with pytest.raises(ProviderError, match="no way to pay"):
        await pay.order(request("native"), NOW)
    platform.status = 500
    with pytest.raises(ProviderError, match="500"):
        await pay.order(request("native"), NOW)
    gone = far.wechat(gateway="http://127.0.0.1:9", timeout_s=2.0)
    with pytest.raises(ProviderError):
        await gone.order(request("native"), NOW)
    with pytest.raises(ProviderError, match="not offered"):
        await pay.order(request("native", currency="USD"), NOW)
    with pytest.raises(ProviderError, match="openid"):
        await pay.order(request("jsapi"), NOW)


# --------------------------------------------------------------------------------------------------- Alipay


def test_a_payment_of_alipay_is_verified() -> None:
    told = far.alipay_notice(NOW, out_trade_no="AR1", total_amount="568.32")
    notice = far.alipay().read(*told, NOW)
    assert (notice.kind, notice.amount, notice.currency) == (NoticeKind.PAYMENT, SUM, "CNY")
    assert (notice.order_no, notice.reference, notice.occurred_at) == ("AR1", "2026112300001", NOW)


def test_a_refund_of_alipay_tells_the_sum_of_all_refunds() -> None:
    told = far.alipay_notice(
        NOW,
        out_trade_no="AR1",
        total_amount="568.32",
        refund_fee="100.00",
        out_biz_no="r1",
        gmt_refund=_wall(),
    )
    notice = far.alipay().read(*told, NOW)
    assert (notice.kind, notice.amount, notice.total) == (NoticeKind.REVERSAL, Decimal("100.00"), True)
    assert (notice.reference, notice.reverses) == ("2026112300001/r1", "2026112300001")


def _wall() -> str:
    return NOW.astimezone(BEIJING).strftime("%Y-%m-%d %H:%M:%S.000")


@pytest.mark.parametrize(
    "values", [{"trade_status": "WAIT_BUYER_PAY"}, {"trade_status": "TRADE_CLOSED", "refund_fee": "0.00"}]
)
def test_a_trade_of_alipay_that_was_not_paid_moves_nothing(values: dict[str, str]) -> None:
    told = far.alipay_notice(NOW, out_trade_no="AR1", total_amount="568.32", **values)
    assert far.alipay().read(*told, NOW).kind is NoticeKind.OTHER


@pytest.mark.parametrize(
    "spoil",
    [
        lambda body: body.replace(b"568.32", b"568.33"),
        lambda body: body.replace(b"sign=", b"sign=A"),
        lambda body: body.replace(b"RSA2", b"RSA"),
        lambda body: body + b"&total_amount=1.00",
        lambda body: b"",
        lambda body: b"sign=AA&sign_type=RSA2",
        lambda body: b"&" * 5000,
        lambda body: b"a=%ff&sign=x&sign_type=RSA2",
        lambda body: far.alipay_notice(NOW, "merchant", out_trade_no="AR1", total_amount="568.32")[1],
        lambda body: far.alipay_notice(NOW, app_id="1", out_trade_no="AR1", total_amount="568.32")[1],
        lambda body: far.alipay_notice(NOW, seller_id="1", out_trade_no="AR1", total_amount="568.32")[1],
        lambda body: far.alipay_notice(NOW, out_trade_no="AR1", total_amount="568.321")[1],
        lambda body: far.alipay_notice(NOW, out_trade_no="AR1", total_amount="-1")[1],
        lambda body: far.alipay_notice(NOW, out_trade_no="AR1", total_amount="1e3")[1],
        lambda body: far.alipay_notice(NOW, total_amount="1.00")[1],
    ],
)
def test_what_is_not_of_alipay_is_refused(spoil: Callable[[bytes], bytes]) -> None:
    headers, body = far.alipay_notice(NOW, out_trade_no="AR1", total_amount="568.32")
    with pytest.raises(CallbackRefused):
        far.alipay().read(headers, spoil(body), NOW)


@pytest.mark.parametrize(
    ("method", "api"), [("wap", "alipay.trade.wap.pay"), ("page", "alipay.trade.page.pay")]
)
async def test_an_order_at_alipay_is_a_signed_address(method: str, api: str) -> None:
    address = await far.alipay().order(request(method), NOW)
    query = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
    assert address.startswith("https://openapi.alipay.com/gateway.do?")
    assert query["method"] == api
    assert query["timestamp"] == NOW.astimezone(BEIJING).strftime("%Y-%m-%d %H:%M:%S")
    content = json.loads(query["biz_content"])
    assert (content["total_amount"], content["out_trade_no"]) == ("568.32", "AR261123020000ABCDEFGHJKMN")
    assert query["notify_url"] == "https://pay.example/payments/alipay/callback"
    # As Alipay checks it: the fields in the order of their names, without the signature.
    signature = query.pop("sign")
    text = "&".join(f"{name}={query[name]}" for name in sorted(query))
    assert far.key_pair("application").sign(text) == signature


def test_keys_of_alipay_that_cannot_work_stop_the_start() -> None:
    with pytest.raises(ConfigError):
        far.alipay(public_key="no key")


# --------------------------------------------------------------------------------------------------- the house's own

PAID = {
    "eventId": "e1",
    "type": "payment",
    "amount": "568.32",
    "currency": "CNY",
    "reference": "tx-1",
    "occurredAt": "2026-11-23T10:00:00+08:00",
    "customerId": "cust-1",
    "accountId": "acc-1",
    "billId": "b1",
}


def test_a_payment_of_a_bank_names_its_bill() -> None:
    notice = far.bank().read(*far.bank_told(NOW, **PAID), NOW)
    assert (notice.kind, notice.amount, notice.bill) == (
        NoticeKind.PAYMENT,
        SUM,
        BillKey("cust-1", "acc-1", "b1"),
    )
    assert notice.occurred_at == NOW


@pytest.mark.parametrize("amount", [568.32, "568.32", 568, "568", "0.01"])
def test_amounts_are_exact(amount: object) -> None:
    notice = far.bank().read(*far.bank_told(NOW, **{**PAID, "amount": amount}), NOW)
    assert notice.amount == Decimal(str(amount))


@pytest.mark.parametrize(
    "changes",
    [
        {"amount": "0"},
        {"amount": "-1"},
        {"amount": "1.001"},
        {"amount": "NaN"},
        {"amount": "1e5"},
        {"amount": True},
        {"amount": None},
        {"amount": "99999999999"},
        {"currency": "cny"},
        {"reference": ""},
        {"reference": "x" * 129},
        {"reference": "a\nb"},
        {"eventId": 7},
        {"type": "reversal"},
        {"customerId": ""},
        {"occurredAt": "soon"},
        {"occurredAt": "0001-01-01T00:00:00+14:00"},
        {"occurredAt": "9999-12-31T23:59:59-14:00"},
        {"occurredAt": True},
        {"occurredAt": "2026-11-23T10:00:00"},
        {"occurredAt": "2028-11-23T10:00:00Z"},
    ],
)
def test_a_callback_with_a_faulty_value_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(CallbackRefused):
        far.bank().read(*far.bank_told(NOW, **{**PAID, **changes}), NOW)


@pytest.mark.parametrize("seconds", [-301, 301])
def test_an_old_callback_or_one_of_the_future_is_refused(seconds: int) -> None:
    told = far.bank_told(NOW, **PAID)
    with pytest.raises(CallbackRefused, match="too far"):
        far.bank().read(*told, NOW + timedelta(seconds=seconds))
    far.bank().read(*told, NOW + timedelta(seconds=seconds - (1 if seconds > 0 else -1)))


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"x-payment-signature": "v1=" + "0" * 64},
        {"x-payment-signature": "v2=x"},
        {"x-payment-signature": "v1=é"},
        {"x-payment-timestamp": "9" * 400},
        {"x-payment-timestamp": "-1"},
        {"x-payment-timestamp": ""},
    ],
)
def test_an_unsigned_callback_is_refused(headers: dict[str, str]) -> None:
    good, body = far.bank_told(NOW, **PAID)
    with pytest.raises(CallbackRefused):
        far.bank().read({**good, **headers} if headers else {}, body, NOW)


def test_while_a_secret_is_exchanged_both_signatures_may_stand_there() -> None:
    headers, body = far.bank_told(NOW, **PAID)
    both = {**headers, "x-payment-signature": f"v1={'0' * 64}, {headers['x-payment-signature']}"}
    assert far.bank().read(both, body, NOW).amount == SUM


def test_a_short_secret_stops_the_start() -> None:
    with pytest.raises(ConfigError, match="32 bytes"):
        GenericProvider("bank", "short")


async def test_an_order_at_a_bank_is_a_signed_address() -> None:
    address = await far.bank().order(request("page"), NOW)
    query, _, signature = urlsplit(address).query.partition("&signature=")
    assert far.bank().sign(str(int(LATER.timestamp())), query.encode()) == signature
    assert parse_qs(query)["amount"] == ["568.32"]
    with pytest.raises(ProviderError):
        await GenericProvider("bank", far.SECRET).order(request("page"), NOW)


def test_no_secret_stands_in_a_text() -> None:
    assert far.SECRET not in repr(far.bank())
    pay = far.wechat()
    assert far.API_KEY not in repr(pay._terms)


@given(st.binary(max_size=300), st.dictionaries(st.text(max_size=30), st.text(max_size=60), max_size=6))
def test_whatever_comes_is_refused_and_nothing_breaks(body: bytes, headers: dict[str, str]) -> None:
    providers: list[PaymentProvider] = [far.bank(), _ALIPAY, _WECHAT]
    for provider in providers:
        with pytest.raises(CallbackRefused):
            provider.read(headers, body, NOW)


_ALIPAY, _WECHAT = far.alipay(), far.wechat()
