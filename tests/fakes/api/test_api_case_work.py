"""Plans, disputes, services, messages, alerts, webhooks and timelines over HTTP, as each room promises."""

from __future__ import annotations

from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from ari_app.domain.api_scope import Scope
from ari_app.domain.call_result import PlanKind, PlanRequest
from ari_app.domain.campaign import CampaignStrategy
from ari_app.domain.debt.plan import PlanState
from ari_app.ports.cases import FixedEvidence
from ari_app.ports.debt import BillKey
from ari_app.web.api.files import below
from tests.support.api import Served, served
from tests.support.store_rows import campaign

pytestmark = pytest.mark.fakes

KEY = BillKey("cust-1", "acc-1", "b1")
BILL = {"customerId": "cust-1", "accountId": "acc-1", "billId": "b1"}
PNG = b"\x89PNG\r\n\x1a\n" + b"x" * 100


@pytest.fixture
async def it(tmp_path: Path) -> AsyncIterator[Served]:
    async with served(tmp_path) as found:
        yield found


async def a_waiver(it: Served, by: str = "Li Na") -> dict[str, Any]:
    """A waiver that waits for its approval."""
    wish = PlanRequest(PlanKind.WAIVER, "CNY", waived=Decimal("50.00"))
    reply = await it.store.plans.request(KEY, wish, source="agent", by=by, now=it.clock.now())
    assert reply.plan is not None
    assert reply.plan.state is PlanState.AWAITING_APPROVAL, reply.reason
    found: dict[str, Any] = (await it.client.get(f"/v1/plans/{reply.plan.plan_id}")).json()
    return found


async def test_a_plan_is_asked_for_within_what_is_offered(it: Served) -> None:
    wanted = {**BILL, "by": "Li Na", "kind": "installment"}
    await it.store.put_campaign(campaign(strategy=CampaignStrategy(flow="overdue")))
    refused = await it.client.post("/v1/plans", json={**wanted, "periods": 59})
    assert (refused.status_code, "are not offered" in refused.text) == (422, True), refused.text
    for wrong in ({}, {"periods": 3, "until": "2026-12-31"}, {"waived": 5}):
        assert (await it.client.post("/v1/plans", json={**wanted, **wrong})).status_code == 422
    made = await it.client.post("/v1/plans", json={**wanted, "periods": 3})
    assert made.status_code == 201, made.text
    plan = made.json()
    assert (plan["kind"], plan["source"], plan["requestedBy"]) == ("installment", "api", "Li Na")
    assert sum(each["amount"] for each in plan["instalments"]) == pytest.approx(plan["amount"] + plan["fee"])
    nowhere = await it.client.post("/v1/plans", json={**wanted, "billId": "none", "periods": 3})
    assert nowhere.status_code == 404


async def test_a_plan_is_approved_by_others_than_who_asked(it: Served) -> None:
    plan = await a_waiver(it)
    url, role = f"/v1/plans/{plan['planId']}", plan["roles"][0]
    own = await it.client.post(f"{url}/approve", json={"by": "Li Na", "role": role})
    assert (own.status_code, own.json()["type"]) == (409, "urn:ari-app:problem:refused")
    stale = {"If-Match": '"stale"'}
    refused = await it.client.post(f"{url}/approve", json={"by": "Wang", "role": role}, headers=stale)
    assert refused.status_code == 412
    for number in range(plan["people"]):
        body = {"by": f"Wang {number}", "role": role, "note": "fits"}
        answer = await it.client.post(f"{url}/approve", json=body)
        assert answer.status_code == 200, answer.text
    assert (await it.client.get(url)).json()["state"] == "approved"
    accepted = await it.client.post(f"{url}/accept", json={"by": "customer"})
    assert accepted.json()["state"] in ("active", "completed")
    assert (await it.client.get("/v1/accounts")).json()["items"][0]["amountDue"] == 518.32
    (listed,) = (await it.client.get("/v1/plans?customerId=cust-1")).json()["items"]
    assert (listed["waived"], listed["steps"]) == (50, [])
    late = await it.client.post(f"{url}/reject", json={"by": "Wu", "role": role, "reason": "no"})
    assert late.status_code == 409
    assert (await it.client.post("/v1/plans/none/accept", json={"by": "x"})).status_code == 404


async def test_a_dispute_is_opened_worked_on_and_decided(it: Served) -> None:
    body = BILL | {"category": "bill", "by": "Li", "description": "13800138000 misread", "reference": "t-1"}
    opened = await it.client.post("/v1/disputes", json=body)
    assert (opened.status_code, opened.json()["state"] in ("open", "in_review")) == (201, True)
    again = await it.client.post("/v1/disputes", json=body)
    assert (again.status_code, again.json()["disputeId"]) == (200, opened.json()["disputeId"])
    url = opened.headers["location"]
    review = {"step": "review", "by": "Wang", "team": "billing", "assignee": "Wang"}
    assert (await it.client.post(f"{url}/steps", json=review)).json()["assignee"] == "Wang"
    file = {"file": ("../meter.png", PNG, "image/png")}
    kept = await it.client.post(f"{url}/evidence", files=file)
    assert (kept.status_code, kept.json()["name"]) == (201, "meter.png")
    again_url = f"{url}/evidence/{kept.json()['evidenceId']}"
    back = await it.client.get(again_url)
    assert (back.content, back.headers["content-type"]) == (PNG, "application/octet-stream")
    assert back.headers["content-disposition"].startswith("attachment")
    assert (await it.client.get(f"{url}/evidence/none")).status_code == 404
    headers = await it.asking(Scope.READ_DISPUTES)
    assert (await it.client.get(again_url, headers=headers)).status_code == 403
    bad = await it.client.post(f"{url}/evidence", files={"file": ("x.png", b"MZ evil", "image/png")})
    assert bad.status_code == 422
    decision = {"verdict": "upheld", "by": "Wang", "reason": "misread", "corrected": 468.32}
    decided = await it.client.post(f"{url}/decision", json=decision)
    assert (decided.json()["state"], decided.json()["credited"]) == ("decided", 100)
    assert [each["step"] for each in decided.json()["history"]][-1] == "decide"
    wrong = await it.client.post(f"{url}/decision", json=decision)
    assert (wrong.status_code, wrong.json()["type"]) == (409, "urn:ari-app:problem:wrong-state")
    headers = await it.asking(Scope.READ_DISPUTES)
    assert "13800138000" not in (await it.client.get(url, headers=headers)).text
    assert (await it.client.get("/v1/disputes/none")).status_code == 404
    assert (await it.client.post("/v1/disputes", json=body | {"billId": "none"})).status_code == 404


async def test_a_protected_customer_is_not_suspended(it: Served) -> None:
    wish = {"customerId": "cust-1", "accountId": "acc-1", "by": "Li"}
    refused = await it.client.post("/v1/orders/suspension", json=wish)
    assert refused.status_code in (404, 409)
    assert refused.json()["detail"]
    assert (await it.client.get("/v1/orders/none")).status_code == 404
    assert (await it.client.post("/v1/orders/none/confirm", json={"by": "x"})).status_code == 404
    assert (await it.client.get("/v1/services")).json() == {"items": [], "nextCursor": None}


async def test_a_message_is_planned_once_for_its_reference(it: Served) -> None:
    body = BILL | {"template": "payment_link", "reference": "crm-1"}
    planned = await it.client.post("/v1/messages", json=body)
    assert planned.status_code == 202
    assert (await it.client.post("/v1/messages", json=body)).json() == planned.json()
    found = (await it.client.get(planned.headers["location"])).json()
    assert (found["state"], found["origin"], found["taskId"]) == ("planned", "operator", "c1")
    again = await it.client.post(f"{planned.headers['location']}/resend")
    assert again.status_code == 409
    assert (await it.client.post("/v1/messages", json=body | {"billId": "none"})).status_code == 404
    assert (await it.client.get("/v1/replies?waiting=true")).json()["items"] == []
    assert (await it.client.post("/v1/replies/none/handled", json={"by": "x"})).status_code == 409


async def test_webhooks_are_listed_switched_and_replayed(it: Served) -> None:
    wish: dict[str, Any] = {
        "name": "crm",
        "url": "https://crm.example.com/hook",
        "events": ["payment.settled"],
        "secret": "whsec_" + "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    }
    made = await it.client.post("/v1/webhooks/endpoints", json=wish)
    assert (made.status_code, made.json()["state"]) == (201, "active")
    assert wish["secret"] not in made.text
    assert (await it.client.post("/v1/webhooks/endpoints", json=wish)).status_code == 409
    unknown = await it.client.post("/v1/webhooks/endpoints", json=wish | {"name": "x", "events": ["nothing"]})
    assert unknown.status_code == 422
    for url in ("http://127.0.0.1/x", "https://u:p@crm.example.com/", "ftp://crm.example.com/x"):
        inward = await it.client.post("/v1/webhooks/endpoints", json=wish | {"name": "x", "url": url})
        assert [each["field"] for each in inward.json()["problems"]] == ["url"], url
    pattern = wish | {"name": "all", "events": ["collection.*"]}
    assert (await it.client.post("/v1/webhooks/endpoints", json=pattern)).status_code == 201
    off = await it.client.post(
        "/v1/webhooks/endpoints/crm/switch", json={"enabled": False, "reason": "moving"}
    )
    assert off.json()["state"] == "disabled"
    paid = {"amount": 568.32, "currency": "CNY", "occurredAt": "2026-11-23T02:00:00Z", "provider": "bank"}
    await it.client.post("/v1/payments", json=BILL | paid | {"reference": "t"})
    found = (await it.client.get("/v1/webhooks/deliveries?endpoint=crm")).json()["items"]
    assert [each["event"] for each in found] == ["payment.settled"]
    headers = await it.asking(Scope.READ_WEBHOOKS)
    (veiled,) = (await it.client.get("/v1/webhooks/deliveries?endpoint=crm", headers=headers)).json()["items"]
    assert (veiled["payload"], found[0]["payload"]["billId"]) == (None, "b1")
    assert (await it.client.post("/v1/webhooks/replay", json={})).json() == {"deliveries": 0}
    assert (
        await it.client.post("/v1/webhooks/endpoints/none/switch", json={"enabled": True})
    ).status_code == 404


async def test_the_timeline_is_read_page_by_page_and_masked(it: Served) -> None:
    await it.client.post("/v1/lists/black", json={"phone": "13800000001", "source": "desk"})
    paid = {"amount": 1, "currency": "CNY", "occurredAt": "2026-11-23T02:00:00Z", "provider": "bank"}
    for number in range(4):
        await it.client.post("/v1/payments", json=BILL | paid | {"reference": f"t-{number}"})
    whole = (await it.client.get("/v1/customers/cust-1/timeline?limit=200")).json()
    seen: list[dict[str, Any]] = []
    url: str | None = "/v1/customers/cust-1/timeline?limit=2"
    while url is not None:
        answer = await it.client.get(url)
        seen += answer.json()["items"]
        link = answer.headers.get("link")
        url = link.partition(">")[0].removeprefix("<") if link else None
    assert seen == whole["items"]
    assert [each["what"] for each in seen if each["source"] == "ledger"] == ["payment"] * 4
    headers = await it.asking(Scope.READ_CASES)
    masked = await it.client.get("/v1/customers/cust-1/timeline?limit=200", headers=headers)
    assert "13800000001" not in masked.text
    assert "+8613800000001" in str(whole)
    assert (await it.client.get("/v1/customers/nobody/timeline")).status_code == 404


async def test_a_case_is_handed_over_and_closed(it: Served) -> None:
    case_id = await it.store.cases.open(KEY, "Li", it.clock.now())
    url = f"/v1/cases/{case_id}"
    assert (await it.client.get("/v1/cases?state=watching")).json()["items"][0]["caseId"] == case_id
    early = await it.client.post(
        f"{url}/hand-over", json={"to": "agency", "name": "Fair", "by": "Li", "reviewedBy": "Wang"}
    )
    assert (early.status_code, early.json()["type"]) == (409, "urn:ari-app:problem:wrong-state")
    assert (await it.client.get(f"{url}/package")).status_code == 404
    fixed = FixedEvidence("2026/case.zip", "0" * 64, (), 100)
    await it.store.cases.fixed(case_id, fixed, "Li", it.clock.now())
    folder = it.settings.data_dir / "cases"
    (folder / "2026").mkdir(parents=True)
    (folder / "2026" / "case.zip").write_bytes(b"PK evidence")
    package = await it.client.get(f"{url}/package")
    assert (package.content, package.headers["content-type"]) == (b"PK evidence", "application/zip")
    body = {"to": "agency", "name": "Fair", "by": "Li", "reviewedBy": "Wang"}
    handed = await it.client.post(f"{url}/hand-over", json=body)
    assert (handed.status_code, handed.json()["state"]) == (200, "handed_over"), handed.text
    await it.client.post(f"{url}/progress", json={"by": "Fair", "note": "wrote a letter"})
    ended = await it.client.post(
        f"{url}/close", json={"outcome": "written_off", "by": "Li", "reason": "insolvent"}
    )
    assert (ended.json()["state"], ended.json()["outcome"]) == ("closed", "written_off")
    assert len(ended.json()["history"]) >= 4
    assert (await it.client.get("/v1/cases/none")).status_code == 404


def test_no_package_leads_out_of_its_folder(tmp_path: Path) -> None:
    folder = tmp_path / "cases"
    (folder / "a").mkdir(parents=True)
    (folder / "a" / "good.zip").write_bytes(b"x")
    (tmp_path / "secret").write_bytes(b"x")
    (folder / "link").symlink_to(tmp_path / "secret")
    assert below(folder, "a/good.zip") == folder / "a" / "good.zip"
    wrong = ["../secret", "link", "a", "/etc/passwd", "none", "a/../../secret", "\0", "x" * 5000]
    assert [below(folder, each) for each in wrong] == [None] * len(wrong)


async def test_alerts_that_are_not_there_are_not_found(it: Served) -> None:
    assert (await it.client.get("/v1/alerts?severity=P1&overdue=true")).json()["items"] == []
    assert (await it.client.get("/v1/alerts/none")).status_code == 404
    signal = {"signal": "acknowledge", "by": "Li"}
    assert (await it.client.post("/v1/alerts/none/signals", json=signal)).status_code == 404
