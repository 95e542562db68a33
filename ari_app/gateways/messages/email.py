"""E-mail by SMTP (RFC 5321), with TLS from the start or by STARTTLS."""

from __future__ import annotations

import asyncio
import ssl
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from email.utils import format_datetime
from pathlib import Path
from typing import Final, Literal

import aiosmtplib

from ari_app.ports.messages import Handed, Letter, SendResult

#: Answers to RCPT that say: there is no such mailbox (RFC 5321, 4.2.3).
_NO_MAILBOX: Final = frozenset({550, 551, 553})


@dataclass(frozen=True, slots=True)
class SmtpTerms:
    """A mail server. ``security``: tls (from the start), starttls, or none (a server on this machine only)."""

    host: str
    port: int
    sender: str
    security: Literal["tls", "starttls", "none"] = "starttls"
    sender_name: str = ""
    reply_to: str = ""
    user: str = ""
    password: str = field(default="", repr=False)
    ca_file: Path | None = None
    provider: str = "smtp"
    timeout_s: float = 30.0


class SmtpChannel:
    """See ``ports.messages.MessageChannel``. One connection a message: letters are few and servers are near."""

    def __init__(self, terms: SmtpTerms) -> None:
        self.channel, self.provider = "email", terms.provider
        self.recognises, self.tells = False, False
        self._terms = terms
        self._tls = None if terms.security == "none" else ssl.create_default_context(cafile=terms.ca_file)

    async def send(self, letter: Letter) -> SendResult:
        terms = self._terms
        try:
            message = self._written(letter)
        except ValueError:
            return SendResult(Handed.REJECTED, detail="the address is none", bad_address=True)
        client = aiosmtplib.SMTP(
            hostname=terms.host,
            port=terms.port,
            timeout=terms.timeout_s,
            use_tls=terms.security == "tls",
            start_tls=terms.security == "starttls",
            tls_context=self._tls,
        )
        left = False
        try:
            async with asyncio.timeout(terms.timeout_s * 2):
                await client.connect()
                if terms.user:
                    await client.login(terms.user, terms.password)
                await client.mail(terms.sender)
                await client.rcpt(letter.contact)
                left = True  # from the first byte of DATA on the server may have it
                answer = await client.data(message.as_bytes(policy=SMTP_POLICY))
                return SendResult(Handed.ACCEPTED, message["Message-ID"].strip("<>"), answer.message[:100])
        except aiosmtplib.SMTPRecipientRefused as error:
            later = 400 <= error.code < 500
            return SendResult(
                Handed.BUSY if later else Handed.REJECTED,
                detail=f"{error.code} recipient",
                bad_address=error.code in _NO_MAILBOX,
            )
        except aiosmtplib.SMTPResponseException as error:
            # The server has answered, so it has not taken the message; 4yz: later perhaps (RFC 5321, 4.2.1).
            later = 400 <= error.code < 500 or isinstance(error, aiosmtplib.SMTPAuthenticationError)
            return SendResult(Handed.BUSY if later else Handed.REJECTED, detail=f"SMTP {error.code}")
        except (aiosmtplib.SMTPException, TimeoutError, OSError) as error:
            return SendResult(Handed.UNKNOWN if left else Handed.BUSY, detail=type(error).__name__)
        finally:
            # What the end of the session says changes nothing about the message.
            with suppress(aiosmtplib.SMTPException, OSError, TimeoutError):
                if client.is_connected:
                    async with asyncio.timeout(1.0):
                        await client.quit()
            client.close()

    def _written(self, letter: Letter) -> EmailMessage:
        """The letter as RFC 5322 has it. Raises ValueError for an address that cannot stand in a header."""
        terms = self._terms
        if not letter.contact.isascii():
            raise ValueError("an address that needs SMTPUTF8, which few servers take")
        message = EmailMessage(policy=SMTP_POLICY)
        message["From"] = Address(terms.sender_name, addr_spec=terms.sender)
        try:
            message["To"] = Address(addr_spec=letter.contact)
        except (IndexError, AttributeError, MessageError) as error:
            # What the standard library's parser makes of odd addresses.
            raise ValueError("not an address") from error
        message["Subject"] = " ".join((letter.subject or letter.text.split("\n", 1)[0])[:150].split())
        message["Date"] = format_datetime(datetime.now(UTC))
        message["Message-ID"] = f"<{letter.message_id}@{terms.sender.rpartition('@')[2]}>"
        message["Auto-Submitted"] = "auto-generated"
        if terms.reply_to:
            message["Reply-To"] = terms.reply_to
            message["List-Unsubscribe"] = f"<mailto:{terms.reply_to}?subject=STOP>"
        message.set_content(letter.text, charset="utf-8")
        return message

    async def close(self) -> None:
        """Nothing is held between messages."""
