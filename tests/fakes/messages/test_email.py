"""E-mail against a real SMTP server."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from ari_app.gateways.messages.email import SmtpChannel, SmtpTerms
from ari_app.ports.messages import Handed, Letter
from tests.support.message_providers import certificate

pytestmark = pytest.mark.fakes

LETTER = Letter("msg-1", "email", "wang@example.com", "您好\n应缴 1.00 元\n.dot", subject="账单提醒")


@dataclass
class Office:
    """What came, and how the server answers the next commands."""

    letters: list[Envelope] = field(default_factory=list)
    rcpt: str = ""
    data: str = ""
    hang: bool = False
    port: int = 0

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.rcpt:
            return self.rcpt
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        if self.hang:
            assert isinstance(server.transport, asyncio.Transport)
            server.transport.abort()
        if self.data:
            return self.data
        self.letters.append(envelope)
        return "250 2.0.0 taken"


class Desk(SMTP):
    """One connection, which a test can see the end of."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.raw: asyncio.BaseTransport | None = None
        self.ended = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.raw = self.raw or transport
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        super().connection_lost(error)
        self.ended.set()

    async def end(self) -> None:
        for each in (self.transport, self.raw):
            if isinstance(each, asyncio.Transport):
                each.abort()
        if self.raw is not None:
            await self.ended.wait()


def login(
    server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: LoginPassword
) -> AuthResult:
    return AuthResult(success=data.password == b"right", handled=False)


@asynccontextmanager
async def office(
    tls: ssl.SSLContext | None = None, *, from_the_start: bool = False, **how: Any
) -> AsyncIterator[Office]:
    found = Office(**how)
    options: dict[str, Any] = {}
    if tls is not None:
        options = {"authenticator": login}
        if not from_the_start:
            options |= {"tls_context": tls, "require_starttls": True, "auth_required": True}
        else:
            options |= {"auth_require_tls": False}
    desks: list[Desk] = []

    def desk() -> Desk:
        desks.append(Desk(found, hostname="mail.test", enable_SMTPUTF8=True, **options))
        return desks[-1]

    server = await asyncio.get_running_loop().create_server(
        desk,
        "127.0.0.1",
        0,
        ssl=tls if from_the_start else None,
    )
    found.port = server.sockets[0].getsockname()[1]
    try:
        yield found
    finally:
        server.close()
        for each in desks:
            await each.end()


def terms(found: Office, **changes: object) -> SmtpTerms:
    fields: dict[str, object] = {
        "host": "127.0.0.1",
        "port": found.port,
        "sender": "bills@example.com",
        "sender_name": "示例公司",
        "security": "none",
        "reply_to": "answers@example.com",
        "timeout_s": 5.0,
    }
    return SmtpTerms(**{**fields, **changes})  # type: ignore[arg-type]


async def test_a_letter_arrives_whole() -> None:
    async with office() as found:
        result = await SmtpChannel(terms(found)).send(LETTER)
        assert (result.handed, result.reference) == (Handed.ACCEPTED, "msg-1@example.com")
        (envelope,) = found.letters
        assert envelope.rcpt_tos == ["wang@example.com"]
        assert isinstance(envelope.content, bytes)
        letter = message_from_bytes(envelope.content, policy=default)
        assert letter["Subject"] == "账单提醒"
        assert letter["From"] == "示例公司 <bills@example.com>"
        assert letter["List-Unsubscribe"] == "<mailto:answers@example.com?subject=STOP>"
        assert letter["Auto-Submitted"] == "auto-generated"
        assert letter.get_content().replace("\r\n", "\n").strip() == LETTER.text


@pytest.mark.parametrize(
    "address", ["x@例子.example", "张三@example.com", "wang@example.com\r\nRCPT TO:<a@b.c>", ""]
)
async def test_an_address_that_no_envelope_can_carry_is_refused_and_never_raised(address: str) -> None:
    async with office() as found:
        result = await SmtpChannel(terms(found)).send(replace(LETTER, contact=address))
        assert (result.handed, result.bad_address) == (Handed.REJECTED, True)
        assert found.letters == []


@pytest.mark.parametrize(
    ("how", "handed", "bad_address"),
    [
        ({"rcpt": "550 5.1.1 no such user"}, Handed.REJECTED, True),
        ({"rcpt": "452 4.2.2 mailbox full"}, Handed.BUSY, True),
        ({"rcpt": "552 5.2.2 over quota"}, Handed.REJECTED, False),
        ({"data": "451 4.3.0 try later"}, Handed.BUSY, False),
        ({"data": "554 5.7.1 spam"}, Handed.REJECTED, False),
        ({"hang": True}, Handed.UNKNOWN, False),
    ],
)
async def test_what_an_answer_means(how: dict[str, Any], handed: Handed, bad_address: bool) -> None:
    async with office(**how) as found:
        result = await SmtpChannel(terms(found)).send(LETTER)
        assert result.handed is handed
        if handed is Handed.REJECTED:
            assert result.bad_address is bad_address
        assert "wang" not in result.detail


async def test_a_server_that_is_not_there_took_nothing() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        result = await SmtpChannel(terms(Office(port=free.getsockname()[1]))).send(LETTER)
    assert result.handed is Handed.BUSY


@pytest.mark.parametrize("security", ["tls", "starttls"])
@pytest.mark.parametrize(("password", "handed"), [("right", Handed.ACCEPTED), ("wrong", Handed.BUSY)])
async def test_over_tls_with_a_password(tmp_path: Path, security: Any, password: str, handed: Handed) -> None:
    cert, key = certificate(tmp_path)
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(cert, key)
    async with office(tls, from_the_start=security == "tls") as found:
        channel = SmtpChannel(
            terms(found, host="localhost", security=security, user="u", password=password, ca_file=cert)
        )
        result = await channel.send(LETTER)
        assert result.handed is handed
        assert password not in result.detail


async def test_a_certificate_that_nobody_vouches_for_is_refused(tmp_path: Path) -> None:
    cert, key = certificate(tmp_path)
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(cert, key)
    async with office(tls, from_the_start=True) as found:
        result = await SmtpChannel(terms(found, host="localhost", security="tls")).send(LETTER)
        assert result.handed is Handed.BUSY
        assert found.letters == []


@pytest.mark.parametrize("contact", ["not an address", "a@b@c", "x\r\nBcc: y@example.com", "", "<>"])
async def test_an_address_that_is_none_puts_nothing_into_the_headers(contact: str) -> None:
    async with office() as found:
        result = await SmtpChannel(terms(found)).send(Letter("msg-1", "email", contact, "x"))
        assert (result.handed, found.letters) == (Handed.REJECTED, [])


async def test_a_subject_from_a_template_stays_one_line() -> None:
    async with office() as found:
        await SmtpChannel(terms(found)).send(
            Letter("msg-1", "email", "w@example.com", "x", subject="a\r\nBcc: b@c.de")
        )
        (envelope,) = found.letters
        assert isinstance(envelope.content, bytes)
        assert message_from_bytes(envelope.content, policy=default)["Bcc"] is None
