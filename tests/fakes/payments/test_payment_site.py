"""Payments as they are served: from settings and key files to a page and callbacks over a real socket."""

from __future__ import annotations

import json
import re
import subprocess
from io import BytesIO
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from ari_app.config import load_settings
from ari_app.config.model import Settings
from ari_app.errors import ConfigError
from ari_app.http_api import http_api
from ari_app.payment_site import payment_links, payment_providers
from ari_app.ports.debt import BillKey
from ari_app.store.sqlite_store import SqliteStore
from tests.support import pay_providers as far
from tests.support.clock import FakeClock
from tests.support.docs import ROOT
from tests.support.store_rows import NOW, account, campaign

pytestmark = pytest.mark.fakes

BILL = BillKey("cust-1", "acc-1", "b1")


def written(folder: Path, **payments: Any) -> Settings:
    """Settings with all three kinds of providers, from files of relative paths."""
    keys = folder / "keys"
    keys.mkdir()
    for name, text in {
        "merchant.pem": far.key_pair("merchant").private_pem,
        "platform.pem": far.certificate("platform", 0x1A2B),
        "apiv3": far.API_KEY + "\n",
        "app.pem": far.key_pair("application").private_pem,
        "alipay.pem": far.key_pair("alipay").public_pem,
        "bank": far.SECRET + "\n",
    }.items():
        (keys / name).write_text(text, encoding="ascii")
    wanted = {
        "base_url": "https://pay.example",
        "wechat": {
            "mchid": "1900000001",
            "appid": "wx0001",
            "serial": "ABCDEF01",
            "private_key_file": "keys/merchant.pem",
            "api_v3_key_file": "keys/apiv3",
            "platform_cert_files": ["keys/platform.pem"],
        },
        "alipay": {
            "app_id": "2021000000000001",
            "private_key_file": "keys/app.pem",
            "public_key_file": "keys/alipay.pem",
        },
        "generic": [{"name": "bank", "secret_file": "keys/bank"}],
        **payments,
    }
    path = folder / "ari-app.yaml"
    path.write_text(json.dumps({"data_dir": "data", "payments": wanted}), encoding="utf-8")
    return load_settings(path)


async def test_a_callback_and_the_page_are_served_by_the_api(tmp_path: Path) -> None:
    settings = written(tmp_path)
    settings = settings.model_copy(update={"api": settings.api.model_copy(update={"port": _free_port()})})
    clock = FakeClock(NOW)
    async with await SqliteStore.open(tmp_path / "s.db") as store:
        await store.put_campaign(campaign())
        await store.load_accounts("c1", [account()], NOW)
        async with http_api(settings, store, clock) as port, aiohttp.ClientSession() as client:
            base = f"http://127.0.0.1:{port}"
            links = payment_links(settings, store)
            assert links is not None
            address = await links.link_for(BILL, NOW)
            assert address is not None
            path = address.removeprefix("https://pay.example")
            async with client.get(base + path) as answer:
                assert answer.status == 200
                assert "王*" in await answer.text()
                assert "default-src 'none'; style-src 'self'" in answer.headers["Content-Security-Policy"]
                assert answer.headers["Referrer-Policy"] == "no-referrer"
            told = far.bank_told(
                NOW,
                eventId="e1",
                type="payment",
                amount="568.32",
                currency="CNY",
                reference="t1",
                customerId="cust-1",
                accountId="acc-1",
                billId="b1",
            )
            url = f"{base}/payments/bank/callback"
            async with client.post(url, data=told[1], headers=told[0]) as answer:
                assert (answer.status, await answer.json()) == (200, {"status": "accepted"})
            async with client.post(url, data=told[1]) as answer:
                assert answer.status == 401
            # As many as a busy minute brings, from the one address of the provider; a stranger's share is not theirs.
            again = [client.post(url, data=told[1], headers=told[0]) for _ in range(120)]
            assert {(await each).status for each in again} == {200}
            notice = far.alipay_notice(NOW, out_trade_no="none", total_amount="1.00")
            url = f"{base}/payments/alipay/callback"
            async with client.post(url, data=notice[1], headers=notice[0]) as answer:
                assert (answer.status, await answer.text()) == (200, "success")
            async with client.get(f"{base}/openapi.json") as answer:
                assert "/pay/" not in await answer.text()
        (found,) = await store.customer_accounts("cust-1")
        assert found.account.amount_due == 0
        assert len(await store.payments.notices()) == 2


async def test_a_photo_of_some_megabytes_comes_through(tmp_path: Path) -> None:
    settings = written(tmp_path)
    settings = settings.model_copy(update={"api": settings.api.model_copy(update={"port": _free_port()})})
    async with await SqliteStore.open(tmp_path / "s.db") as store:
        await store.put_campaign(campaign())
        await store.load_accounts("c1", [account()], NOW)
        jar = aiohttp.CookieJar(unsafe=True)
        async with (
            http_api(settings, store, FakeClock(NOW)) as port,
            aiohttp.ClientSession(cookie_jar=jar) as it,
        ):
            links = payment_links(settings, store)
            assert links is not None
            address = await links.link_for(BILL, NOW)
            assert address is not None
            page = f"http://127.0.0.1:{port}{address.removeprefix('https://pay.example')}"

            async def form(path: str) -> str:
                async with it.get(page + path, headers=cookie) as shown:
                    found = re.search(r'name="form" value="([^"]+)"', await shown.text())
                    assert found is not None
                    return found[1]

            cookie: dict[str, str] = {}
            answered = {"digits": "0001", "form": await form("")}
            async with it.post(f"{page}/answer", data=answered, allow_redirects=False) as answer:
                # A browser sends it over TLS alone; this client is told to send it here.
                cookie["Cookie"] = answer.headers["Set-Cookie"].partition(";")[0]
            upload = aiohttp.FormData()
            upload.add_field("form", await form("/objection"))
            upload.add_field("category", "meter")
            upload.add_field("description", "读数不对")
            photo = b"\x89PNG\r\n\x1a\n" + bytes(3_000_000)
            upload.add_field("evidence", BytesIO(photo), filename="m.png", content_type="image/png")
            url = f"{page}/objection"
            async with it.post(url, data=upload, headers=cookie, allow_redirects=False) as answer:
                assert (answer.status, answer.headers["Location"][-13:]) == (303, "said=objected")
        (case,) = await store.disputes.cases("cust-1")
        (kept,) = await store.disputes.evidence(case.case_id)
        assert kept.size == len(photo)


def _free_port() -> int:
    import socket

    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])


def test_providers_are_made_of_key_files(tmp_path: Path) -> None:
    providers = payment_providers(written(tmp_path))
    assert {name: list(each.methods) for name, each in providers.items()} == {
        "wechat": ["h5", "native"],
        "alipay": ["wap", "page"],
        "bank": [],
    }


@pytest.mark.parametrize("file", ["merchant.pem", "platform.pem", "apiv3", "app.pem", "alipay.pem", "bank"])
def test_a_key_file_that_cannot_be_used_stops_the_start(tmp_path: Path, file: str) -> None:
    settings = written(tmp_path)
    (tmp_path / "keys" / file).write_text("nonsense", encoding="ascii")
    with pytest.raises(ConfigError) as caught:
        payment_providers(settings)
    assert "nonsense" not in str(caught.value)
    (tmp_path / "keys" / file).unlink()
    with pytest.raises(ConfigError, match="cannot be read"):
        payment_providers(settings)


@pytest.mark.parametrize(
    ("payments", "fault"),
    [
        ({"base_url": None}, "payments.base_url is not"),
        ({"base_url": "http://pay.example"}, "not an address that customers may be sent to"),
        ({"base_url": "https://pay.example/?x=1"}, "more than host, port and path"),
        ({"generic": [{"name": "wechat", "secret_file": "x"}]}, "no name for a provider"),
        ({"generic": [{"name": "a", "secret_file": "x"}, {"name": "a", "secret_file": "y"}]}, "stands twice"),
        ({"link_days": 0}, "greater than or equal to 1"),
        ({"wechat": {"mchid": "x"}}, "mchid"),
    ],
)
def test_settings_that_cannot_work_are_told(tmp_path: Path, payments: dict[str, Any], fault: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(fault)):
        written(tmp_path, **payments)


def test_the_example_of_a_callback_is_signed_as_the_page_says(tmp_path: Path) -> None:
    text = (ROOT / "docs" / "payments.md").read_text(encoding="utf-8")
    example = re.search(r"```sh\n(.*?)```", text, re.S)
    assert example is not None
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "bank-secret").write_text(far.SECRET + "\n", encoding="ascii")
    # curl only tells what it was asked to send; the time is ours.
    script = example[1].replace("$(date +%s)", str(int(NOW.timestamp())))
    script = "curl() { printf '%s\\n' \"$@\"; }\n" + script
    done = subprocess.run(["sh", "-c", script], cwd=tmp_path, capture_output=True, text=True, check=True)
    sent = done.stdout.splitlines()
    headers = dict(
        each.lower().split(": ", 1) for each in sent if each.startswith(("X-Payment", "Content-Type"))
    )
    body = sent[sent.index("-d") + 1].encode()
    notice = far.bank().read(headers, body, NOW)
    assert (str(notice.amount), notice.reference) == ("568.32", "tx-1")
    assert notice.bill == BillKey("c_10001", "a_20001", "b_30001")
