"""The settings' channels joined to a store: from the step over a real HTTP gateway to the receipt, with a payment link."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from fastapi import FastAPI

from ari_app.cli.doctor_messages import check_messages, message_secrets
from ari_app.config import Settings, load_settings
from ari_app.domain.messages.message import MessageState, Origin, Purpose
from ari_app.errors import ConfigError
from ari_app.messaging import make_channels, message_routers, messaging, occasions
from ari_app.store.messages.planning import UNANSWERED
from tests.support import message_providers as far
from tests.support.docs import ROOT
from tests.support.message_providers import Provider
from tests.support.messages import BILL, world
from tests.support.rules import shipped

pytestmark = pytest.mark.fakes

SECRET = "a-secret-of-callbacks"


def settings(folder: Path, provider: Provider, **changes: Any) -> Settings:
    """As an operator would write them."""
    (folder / "token").write_text("the-token\n", encoding="utf-8")
    (folder / "callback").write_text(SECRET, encoding="utf-8")
    gateway = {
        "channel": "sms",
        "provider": "acme",
        "url": f"{provider.url}/send",
        "bearer_file": "token",
        "body": {"mobile": "{to_local}", "content": "{text}", "ref": "{message_id}"},
        "country_code": "+86",
        "ok_field": "code",
        "reference_field": "data.0.sid",
        "key_header": "Idempotency-Key",
        "callbacks": {"secret_file": "callback", "reference": "sid", "status": "stat"},
    }
    written = {
        "data_dir": "data",
        "dialplan_dir": str(ROOT / "dialplan"),
        "company": {"name": "示例通信", "name_en": "Example"},
        "payments": {"base_url": "https://pay.example.com"},
        "messages": {"gateways": [gateway], "hotline": "400-1", **changes},
    }
    file = folder / "ari-app.yaml"
    file.write_text(json.dumps(written), encoding="utf-8")
    (folder / "data").mkdir(exist_ok=True)
    return load_settings(file)


async def test_a_message_goes_out_with_its_link_and_its_receipt_comes_back(tmp_path: Path) -> None:
    async with far.gateway(Provider()) as provider, world(tmp_path / "s.db") as here:
        wanted = settings(tmp_path, provider)
        scheduler = AsyncIOScheduler()
        async with messaging(wanted, here.store, here.clock, scheduler, shipped) as sender:
            assert sender is not None
            asked = await here.store.messages.plan(
                BILL,
                "payment_link",
                occasion="x",
                purpose=Purpose.ASKED,
                origin=Origin.OPERATOR,
                now=here.clock.now(),
                channels=("sms",),
            )
            await sender.send_due()
            (request,) = provider.asked
            assert request.json["mobile"] == "13800000001"
            assert request.json["content"].startswith(
                "【示例通信】您好，您要的缴费链接（账单尾号 b1）：https://pay.example.com/pay/"
            )
            assert request.headers["authorization"] == "Bearer the-token"
            app = FastAPI()
            for router in message_routers(wanted, here.store, here.clock):
                app.include_router(router)
            async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://api") as http:
                told = {"sid": f"sid-{asked}", "stat": "DELIVRD"}
                answer = await http.post(
                    "/messages/receipts/acme", json=told, headers={"Authorization": f"Bearer {SECRET}"}
                )
                assert answer.status_code == 204
        assert asked is not None
        found = await here.store.messages.message(asked)
        assert found is not None
        assert found.state is MessageState.DELIVERED


async def test_what_broke_off_is_given_again_to_a_provider_that_knows_its_key(tmp_path: Path) -> None:
    async with far.gateway(Provider(trouble=["cut"])) as provider, world(tmp_path / "s.db") as here:
        wanted = settings(tmp_path, provider)
        async with messaging(wanted, here.store, here.clock, AsyncIOScheduler(), shipped) as sender:
            assert sender is not None
            await here.store.messages.plan(
                BILL,
                "note",
                occasion="x",
                purpose=Purpose.ASKED,
                origin=Origin.OPERATOR,
                now=here.clock.now(),
            )
            await sender.send_due()
        (message,) = await here.messages()
        # This template is not among those that ship.
        assert (message.state, message.why) == (MessageState.FAILED, "there is no template note")
        async with messaging(wanted, here.store, here.clock, AsyncIOScheduler(), shipped) as sender:
            assert sender is not None
            await here.store.messages.plan(
                BILL,
                "due_soon",
                occasion="y",
                purpose=Purpose.ASKED,
                origin=Origin.OPERATOR,
                now=here.clock.now(),
            )
            await sender.send_due()
            assert (await here.messages())[-1].state is MessageState.UNKNOWN
            here.clock.advance(timedelta(minutes=10))
            await sender.recover()
            (first, second) = provider.asked
            assert first.headers["idempotency-key"] == second.headers["idempotency-key"]
            assert (first.body, provider.delivered) == (second.body, 1)
            found = (await here.messages())[-1]
            assert (found.state, found.contact_at) == (
                MessageState.SENT,
                here.clock.now() - timedelta(minutes=10),
            )


async def test_without_channels_nothing_is_sent_and_nothing_follows_by_itself(tmp_path: Path) -> None:
    async with far.gateway(Provider()) as provider, world(tmp_path / "s.db") as here:
        wanted = settings(tmp_path, provider, gateways=[])
        async with messaging(wanted, here.store, here.clock, AsyncIOScheduler(), shipped) as sender:
            assert sender is None
        assert message_routers(wanted, here.store, here.clock) == []


def test_what_follows_by_itself_is_as_the_settings_say(tmp_path: Path) -> None:
    found = occasions(settings(tmp_path, Provider(url="http://127.0.0.1:1")))
    assert found[UNANSWERED].times == 2
    assert found["payment.settled"].notice
    none = settings(tmp_path, Provider(url="http://127.0.0.1:1"), unanswered=None, events={})
    assert occasions(none) == {}


def test_secrets_come_from_files_and_stand_in_no_text(tmp_path: Path) -> None:
    wanted = settings(tmp_path, Provider(url="http://127.0.0.1:1"))
    assert "the-token" not in repr(wanted)
    (tmp_path / "token").write_text("", encoding="utf-8")
    with pytest.raises(ConfigError, match="one secret"):
        make_channels(wanted)
    (tmp_path / "token").unlink()
    with pytest.raises(ConfigError, match="cannot be read"):
        make_channels(wanted)


def test_the_doctor_tells_of_channels_templates_and_secrets(tmp_path: Path) -> None:
    wanted = settings(tmp_path, Provider(url="http://127.0.0.1:1"))
    (found,) = check_messages(wanted)
    assert "sms by acme" in found.found
    assert {path.name for _, path in message_secrets(wanted) if path is not None} == {"token", "callback"}
    (tmp_path / "token").unlink()
    (found,) = check_messages(wanted)
    assert "cannot be read" in found.found
    without = wanted.model_copy(update={"payments": wanted.payments.model_copy(update={"base_url": None})})
    (tmp_path / "token").write_text("x", encoding="utf-8")
    assert "payment_link" in check_messages(without)[-1].found


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        (
            {"gateways": [{"channel": "sms", "provider": "a", "url": "http://sms.example.com/"}]},
            "not an address that names and texts",
        ),
        ({"gateways": [{"channel": "pigeon", "provider": "a", "url": "https://x.example"}]}, "channel"),
        ({"gateways": [{"channel": "sms", "provider": "smtp", "url": "https://x.example"}]}, "taken"),
        (
            {"email": {"host": "mail.example.com", "sender": "a@example.com", "security": "none"}},
            "in the clear",
        ),
        ({"links": {"pay_link": "https://x.example"}}, "pay_link"),
        ({"events": {"no.such": {"template": "x"}}}, "no event"),
        ({"events": {"message.failed": {"template": "x"}}}, "messages that make messages"),
    ],
)
def test_settings_that_cannot_be_right_are_refused(
    tmp_path: Path, changes: dict[str, Any], fault: str
) -> None:
    with pytest.raises(ConfigError, match=fault):
        settings(tmp_path, Provider(url="http://127.0.0.1:1"), **changes)
