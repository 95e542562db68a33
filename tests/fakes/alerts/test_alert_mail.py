"""Letters about alerts, taken by a real SMTP server on loopback."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from email import message_from_bytes, policy
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session

from ari_app.domain.alerts.alert import AlertState, Severity
from ari_app.errors import NotTold
from ari_app.gateways.alerts.mail import MailNotifier, MailTerms
from ari_app.ports.alerts import DueNotice

pytestmark = pytest.mark.fakes

NOW = datetime(2026, 11, 29, 10, 0, tzinfo=UTC)
NOTICE = DueNotice(
    id=7,
    alert_id="al-1",
    level=1,
    person="owner",
    address="owner@example.com",
    copy=True,
    tries=0,
    rule="high_risk",
    severity=Severity.P1,
    text="高风险客户\r\nBcc: everybody@example.com",
    subject="c_10001",
    count=2,
    state=AlertState.OPEN,
    raised_at=NOW,
    ack_due=NOW,
    contact_due=NOW,
)


class Box:
    """What has come; ``answer`` is what DATA and RCPT are answered."""

    def __init__(self) -> None:
        self.letters: list[Envelope] = []
        self.data = "250 kept as 42"
        self.recipient = ""

    async def handle_RCPT(
        self, _: SMTP, __: Session, envelope: Envelope, address: str, ___: list[str]
    ) -> str:
        if self.recipient:
            return self.recipient
        envelope.rcpt_tos.append(address)
        return "250 fine"

    async def handle_DATA(self, _: SMTP, __: Session, envelope: Envelope) -> str:
        self.letters.append(envelope)
        return self.data


@asynccontextmanager
async def mail_server() -> AsyncIterator[tuple[Box, int]]:
    box = Box()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: SMTP(box, hostname="mail.test", loop=loop), "127.0.0.1", 0, family=socket.AF_INET
    )
    try:
        yield box, server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await server.wait_closed()


def notifier(port: int) -> MailNotifier:
    return MailNotifier(MailTerms("127.0.0.1", port, "alerts@example.com", "none", timeout_s=5.0))


async def test_a_letter_arrives_and_the_receipt_is_what_the_server_said() -> None:
    async with mail_server() as (box, port):
        assert "kept as 42" in await notifier(port).tell(NOTICE)
        (envelope,) = box.letters
        assert envelope.rcpt_tos == ["owner@example.com"]
        content = envelope.content
        assert isinstance(content, bytes)
        letter = message_from_bytes(content, policy=policy.default)
        assert letter["Subject"] == "[P1 overdue, level 1] 高风险客户  Bcc: everybody@example.com"
        assert letter["Bcc"] is None
        text = letter.get_body()
        assert text is not None
        assert "al-1" in text.get_content()
        assert "You get this as a copy." in text.get_content()


@pytest.mark.parametrize("sign", ["\x85", "\u2028", "\x1c", "\x0b", "\0", "\u202e"])
async def test_no_sign_in_a_text_keeps_the_letter_from_being_written(sign: str) -> None:
    async with mail_server() as (box, port):
        await notifier(port).tell(replace(NOTICE, text=f"late{sign}Bcc: everybody@example.com"))
        (envelope,) = box.letters
        assert isinstance(envelope.content, bytes)
        letter = message_from_bytes(envelope.content, policy=policy.default)
        assert letter["Subject"] == "[P1 overdue, level 1] late Bcc: everybody@example.com"
        assert envelope.rcpt_tos == ["owner@example.com"]


@pytest.mark.parametrize("changes", [{"text": "\ud800"}, {"address": "duty@x.example\nBcc: a@b.example"}])
async def test_what_no_letter_can_carry_is_told_as_such(changes: dict[str, Any]) -> None:
    async with mail_server() as (box, port):
        with pytest.raises(NotTold, match="cannot be written") as found:
            await notifier(port).tell(replace(NOTICE, **changes))
        assert not found.value.again
        assert box.letters == []


@pytest.mark.parametrize(
    ("recipient", "data", "why", "again"),
    [
        ("550 no such mailbox", "250 fine", "the mail server refused the address: 550", False),
        ("450 later", "250 fine", "the mail server refused the address: 450", True),
        ("", "451 busy", "the mail server answered 451", True),
        ("", "554 no", "the mail server answered 554", False),
    ],
)
async def test_a_letter_that_is_not_taken_is_told_with_why(
    recipient: str, data: str, why: str, again: bool
) -> None:
    async with mail_server() as (box, port):
        box.recipient, box.data = recipient, data
        with pytest.raises(NotTold) as caught:
            await notifier(port).tell(NOTICE)
        assert (str(caught.value), caught.value.again) == (why, again)


async def test_no_server_is_a_reason_to_try_again() -> None:
    async with mail_server() as (_, port):
        pass
    with pytest.raises(NotTold, match="no mail server") as caught:
        await notifier(port).tell(NOTICE)
    assert caught.value.again
