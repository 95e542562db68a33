"""Alerts by e-mail (SMTP, RFC 5321)."""

from __future__ import annotations

from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import Literal

import aiosmtplib

from ari_app.errors import NotTold
from ari_app.ports.alerts import DueNotice
from ari_app.services.alerts.letter import body, subject_line


@dataclass(frozen=True, slots=True)
class MailTerms:
    """The mail server. ``tls``: from the first byte, by STARTTLS, or not at all."""

    host: str
    port: int
    sender: str
    tls: Literal["tls", "starttls", "none"] = "starttls"
    user: str = ""
    password: str = field(default="", repr=False)
    timeout_s: float = 20.0


class MailNotifier:
    """See ``ports.alerts.Notifier``."""

    def __init__(self, terms: MailTerms) -> None:
        self._terms = terms

    async def tell(self, notice: DueNotice) -> str:
        """See ``Notifier.tell``; the receipt is what the mail server said when it took the letter."""
        terms = self._terms
        letter = self._written(notice)
        try:
            refused, answer = await aiosmtplib.send(
                letter,
                hostname=terms.host,
                port=terms.port,
                username=terms.user or None,
                password=terms.password or None,
                use_tls=terms.tls == "tls",
                start_tls=terms.tls == "starttls",
                timeout=terms.timeout_s,
            )
        except aiosmtplib.SMTPRecipientsRefused as error:
            code = max((each.code for each in error.recipients), default=0)
            raise NotTold(f"the mail server refused the address: {code}", again=code < 500) from None
        except aiosmtplib.SMTPResponseException as error:
            raise NotTold(f"the mail server answered {error.code}", again=error.code < 500) from None
        except (aiosmtplib.SMTPException, OSError, UnicodeError) as error:
            # The kind alone: the text of such errors may quote what was received.
            raise NotTold(f"no mail server: {type(error).__name__}") from None
        if refused:
            raise NotTold("the mail server refused the address", again=False)
        return "".join(sign if sign.isprintable() else " " for sign in answer)[:200]

    def _written(self, notice: DueNotice) -> EmailMessage:
        """Raises NotTold for what no letter can carry: the notices behind it are told all the same."""
        terms = self._terms
        letter = EmailMessage()
        try:
            letter["From"], letter["To"] = terms.sender, notice.address
            letter["Subject"] = subject_line(notice)
            letter["Message-ID"] = f"<{notice.alert_id}.{notice.id}@{terms.sender.rpartition('@')[2]}>"
            letter["Auto-Submitted"] = "auto-generated"
            letter.set_content(body(notice))
        except ValueError as error:
            raise NotTold(f"it cannot be written as a letter: {type(error).__name__}", again=False) from None
        return letter
