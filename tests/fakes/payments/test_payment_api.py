"""Links and notices over the HTTP API, and what doctor says of payments."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import httpx
import pytest

from ari_app.cli.doctor_checks import secret_files
from ari_app.cli.doctor_payments import check_payments
from ari_app.config import Settings
from ari_app.domain.api_scope import Scope
from ari_app.domain.payments.notice import NoticeKind
from ari_app.http_api import build_api
from ari_app.ports.debt import BillKey
from ari_app.ports.payments import Notice
from ari_app.services.api.tokens import new_token
from ari_app.services.doctor import Health
from ari_app.store.sqlite_store import SqliteStore
from tests.fakes.payments.test_payment_site import written
from tests.support.clock import FakeClock
from tests.support.store_rows import NOW, account, campaign

pytestmark = pytest.mark.fakes

BILL = {"customerId": "cust-1", "accountId": "acc-1", "billId": "b1"}


@asynccontextmanager
async def served(
    folder: Path, base_url: str | None, *scopes: Scope
) -> AsyncIterator[tuple[httpx.AsyncClient, SqliteStore]]:
    settings = Settings(data_dir=folder, payments={"base_url": base_url})  # type: ignore[arg-type]
    clock = FakeClock()
    async with await SqliteStore.open(settings.database) as store:
        await store.put_campaign(campaign())
        await store.load_accounts("c1", [account()], NOW)
        made = await build_api(settings, store, clock)
        token = new_token("test", scopes, clock.now(), timedelta(days=1))
        await store.api.add_token(token.token)
        transport = httpx.ASGITransport(made.app, raise_app_exceptions=True)
        headers = {"Authorization": f"Bearer {token.text}"}
        async with (
            made.app.router.lifespan_context(made.app),
            httpx.AsyncClient(transport=transport, base_url="http://api.test", headers=headers) as client,
        ):
            yield client, store


async def test_a_link_is_made_and_revoked(tmp_path: Path) -> None:
    async with served(tmp_path, "https://pay.example", Scope.WRITE_PAYMENTS) as (client, _):
        made = await client.post("/v1/payment-links", json=BILL)
        assert made.status_code == 201
        assert made.json()["url"].startswith("https://pay.example/pay/")
        assert (await client.post("/v1/payment-links", json=BILL)).json() == made.json()
        stranger = await client.post("/v1/payment-links", json={**BILL, "billId": "b9"})
        assert stranger.status_code == 404
        revoked = await client.post("/v1/payment-links/revoke", json={**BILL, "reason": "wrong number"})
        assert revoked.json() == {"revoked": 1}
        assert (await client.post("/v1/payment-links", json=BILL)).json()["url"] != made.json()["url"]
        assert (await client.get("/v1/payment-notices")).status_code == 403


async def test_without_an_address_of_the_page_no_link_is_made(tmp_path: Path) -> None:
    async with served(tmp_path, None, Scope.WRITE_PAYMENTS) as (client, _):
        refused = await client.post("/v1/payment-links", json=BILL)
        assert refused.status_code == 409
        assert "base_url" in refused.json()["detail"]


async def test_what_waits_for_its_bill_is_matched_or_refused(tmp_path: Path) -> None:
    async with served(tmp_path, None, Scope.READ_PAYMENTS, Scope.WRITE_PAYMENTS) as (client, store):
        for number in (1, 2):
            notice = Notice(
                "bank", f"e{number}", NoticeKind.PAYMENT, Decimal("5.00"), "CNY", NOW, reference=f"t{number}"
            )
            await store.payments.take(notice, b"", NOW, "callback bank")
        listed = (await client.get("/v1/payment-notices", params={"state": "unmatched"})).json()["items"]
        assert [(each["reference"], each["amount"], each["reason"]) for each in listed] == [
            ("t2", 5.0, "unknown_bill"),
            ("t1", 5.0, "unknown_bill"),
        ]
        first, second = listed[1]["noticeId"], listed[0]["noticeId"]
        matched = await client.post(f"/v1/payment-notices/{first}/match", json={**BILL, "by": "anna"})
        assert (matched.status_code, matched.json()["state"]) == (200, "applied")
        again = await client.post(f"/v1/payment-notices/{first}/match", json={**BILL, "by": "anna"})
        assert again.status_code == 409
        refused = await client.post(
            f"/v1/payment-notices/{second}/refuse", json={"by": "anna", "reason": "not ours"}
        )
        assert (refused.json()["state"], refused.json()["note"]) == ("refused", "anna: not ours")
        (entry,) = await store.debts.ledger(BillKey("cust-1", "acc-1", "b1"))
        assert entry.amount == Decimal("5.00")


def test_doctor_looks_at_keys_page_and_certificates(tmp_path: Path) -> None:
    (nothing,) = check_payments(Settings(data_dir=tmp_path), NOW)
    assert nothing.health is Health.OK
    settings = written(tmp_path)
    found = check_payments(settings, NOW)
    assert [each.health for each in found] == [Health.OK, Health.WARN]
    assert "api.port" in str(found[1])
    later = check_payments(settings, NOW + timedelta(days=320))
    assert "certificate" in str(later[2])
    names = [name for name, _ in secret_files(settings, None)]
    assert names == [
        "secret of bank",
        "WeChat Pay's private key",
        "WeChat Pay's APIv3 key",
        "Alipay's private key",
    ]
    (tmp_path / "keys" / "bank").write_text("short", encoding="ascii")
    (broken,) = check_payments(settings, NOW)
    assert broken.health is Health.FAIL
