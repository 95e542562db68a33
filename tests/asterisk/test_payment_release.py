"""A provider's callback over HTTP releases the telephone that rings for the bill, and no other."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import aiohttp
import pytest

from ari_app.gateways.payments.generic import GenericProvider
from ari_app.lab.agreement import comparable
from ari_app.lab.scenario import parse_scenario
from ari_app.site import Site, local_site
from tests.support.serving import DIALPLAN, create, everybody_called, serving, until

pytestmark = [pytest.mark.asterisk, pytest.mark.usefixtures("kept_prompts"), pytest.mark.timeout(120)]

SCENARIO = parse_scenario("""
region: CN
caller_ids: ["01055550100"]
personas:
  pays: {about: Lets it ring; pays meanwhile., ring: forever}
  waits: {about: Lets it ring., ring: forever}
numbers:
  "+8613800000101": pays
  "+8613800000102": waits
""")
SECRET = "a-secret-of-a-bank-that-is-long-enough"


def ringing(site: Site) -> set[str]:
    """Numbers that ring now, by the network's own records."""
    return {call.dialled for call in site.lab.records() if call.ringing_at and not call.ended_at}


def free_port() -> int:
    """A port that nobody has at this moment."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])


async def test_a_callback_releases_the_telephone_that_rings_for_its_bill(tmp_path: Path) -> None:
    secret, port = tmp_path / "bank-secret", free_port()
    secret.write_text(SECRET, encoding="ascii")
    settings = {
        "api": {"port": port},
        "payments": {"generic": [{"name": "bank", "secret_file": str(secret)}]},
    }
    async with (
        local_site(tmp_path, SCENARIO, dialplan_dir=DIALPLAN, settings=settings) as site,
        serving(site) as controller,
    ):
        await create(site, SCENARIO)
        await controller.start()
        await until(site, lambda found: len(ringing(site)) == 2, 60.0, controller.words)
        told = {
            "eventId": "e1",
            "type": "payment",
            "amount": "100.00",
            "currency": "CNY",
            "reference": "tx-1",
        }
        bill = {"customerId": "c001", "accountId": "a001", "billId": "b001"}
        body = json.dumps({**told, **bill}).encode()
        stamp = str(int(site.clock.now().timestamp()))
        headers = {
            "X-Payment-Timestamp": stamp,
            "X-Payment-Signature": f"v1={GenericProvider('bank', SECRET).sign(stamp, body)}",
        }
        url = f"http://127.0.0.1:{port}/payments/bank/callback"
        async with aiohttp.ClientSession() as client, client.post(url, data=body, headers=headers) as answer:
            assert answer.status == 200, await answer.text()
        found = await until(site, everybody_called(SCENARIO), 60.0, controller.words)
        await controller.stop()
        calls = {comparable(call.dialled, "CN"): call for call in site.lab.records()}
    by_phone = {record.phone: record for record in found}
    pays, waits = by_phone["+8613800000101"], by_phone["+8613800000102"]
    assert (pays.disposition, waits.disposition) == ("withdrawn", "no_answer")
    assert calls[comparable(pays.phone, "CN")].ended_by == "caller", "the network saw the CANCEL"
    assert calls[comparable(pays.phone, "CN")].answered_at is None
    assert pays.ended_at is not None
    assert waits.ended_at is not None
    assert pays.ended_at < waits.ended_at, "released by the payment, not by the ring timer"
