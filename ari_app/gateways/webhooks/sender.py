"""Carries signed events to receivers that may be slow, broken or hostile (Standard Webhooks over HTTP)."""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Final
from urllib.parse import quote

import aiohttp
from standardwebhooks.webhooks import Webhook

from ari_app import __version__
from ari_app.domain.webhooks.delivery import Answer
from ari_app.domain.webhooks.message import Message, secret_key
from ari_app.domain.webhooks.reach import PUBLIC, Reach
from ari_app.errors import ConfigError
from ari_app.gateways.webhooks.guarded_resolver import AddressRefused, GuardedResolver, Lookup
from ari_app.ports import Clock
from ari_app.services.webhooks.addresses import refused_url

#: Of an answer's body so much is read, and thrown away, so that the connection can be used again.
MOST_BYTES: Final = 16_384
#: How long that may take: the status has been heard by then.
BODY_S: Final = 1.0
#: Bytes of the header lines of an answer.
_MOST_HEADER: Final = 8_190
#: What a network may do wrong.
_NETWORK: Final = (
    aiohttp.ClientError,
    aiohttp.http_exceptions.HttpProcessingError,
    OSError,  # time-outs too
    ValueError,
)


@dataclass(frozen=True, slots=True)
class SenderTerms:
    """Time-outs in seconds. ``ca_file``: certificates that count instead of the system's."""

    connect_s: float = 5.0
    total_s: float = 15.0
    reach: Reach = PUBLIC
    connections: int = 100
    ca_file: Path | None = None


class HttpSender:
    """See ``ports.webhooks.Sender``. Raises ConfigError for certificates that cannot be used."""

    def __init__(self, terms: SenderTerms, clock: Clock, lookup: Lookup | None = None) -> None:
        self._terms = terms
        self._clock = clock
        self._lookup = lookup
        self._tls = _tls(terms.ca_file)
        self._session: aiohttp.ClientSession | None = None

    async def send(self, message: Message) -> Answer:
        """See ``Sender.send``: whatever goes wrong on the way is the answer's fault, told without the receiver's words."""
        refused = refused_url(message.url, self._terms.reach)
        if refused:
            return Answer(fault=refused)
        body = message.payload.encode("utf-8", "replace")
        headers = signed_headers(message, self._clock.now())
        answer: Answer | None = None
        try:
            async with (
                asyncio.timeout(self._terms.total_s),
                self._client().post(
                    message.url, data=body, headers=headers, allow_redirects=False
                ) as response,
            ):
                answer = _answer(response, self._clock.now())
                await _throw_away(response)
        except _NETWORK as error:
            # Once the status has been heard, what follows it changes nothing.
            return answer or Answer(fault=_fault(error))
        return answer

    async def close(self) -> None:
        """Release its connections."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    def _client(self) -> aiohttp.ClientSession:
        if self._session is None:
            connector = aiohttp.TCPConnector(
                limit=self._terms.connections,
                ssl=self._tls,
                resolver=GuardedResolver(self._terms.reach, self._lookup),
                use_dns_cache=False,
            )
            self._session = aiohttp.ClientSession(
                connector=connector,
                cookie_jar=aiohttp.DummyCookieJar(),
                headers={"User-Agent": f"ari-app/{__version__}"},
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=self._terms.connect_s),
                auto_decompress=False,
                trust_env=False,
                max_line_size=_MOST_HEADER,
                max_field_size=_MOST_HEADER,
            )
        return self._session


def signed_headers(message: Message, now: datetime) -> dict[str, str]:
    """The headers of a message sent at ``now``. Each secret signs, so that a receiver may know the old or the new one."""
    at = now.astimezone(UTC)
    # Words that no header may have are written in per cent; a usual key stays as it is.
    headers = {
        "Content-Type": "application/json",
        "Accept-Encoding": "identity",
        "webhook-id": message.message_id,
        "webhook-timestamp": str(int(at.timestamp())),
        "idempotency-key": quote(message.key, safe="+.:@_~-,=/"),
        "webhook-event": message.event,
    }
    signatures = [
        Webhook(secret_key(secret)).sign(message.message_id, at, message.payload)
        for secret in message.secrets
    ]
    if signatures:
        headers["webhook-signature"] = " ".join(signatures)
    return headers


def _fault(error: Exception) -> str:
    """What went wrong, in a few words; never the text of the error, which may quote what was received."""
    match error:
        case TimeoutError():
            return "no answer in time"
        case aiohttp.ClientConnectorDNSError(os_error=AddressRefused() as refused):
            return str(refused)
        case aiohttp.ClientConnectorDNSError():
            return "the name is not known"
        case aiohttp.ClientConnectorCertificateError():
            return "its certificate is not trusted"
        case aiohttp.ClientConnectorError():
            return "no connection"
        case aiohttp.ServerDisconnectedError():
            return "it hung up"
        case _:
            return f"no HTTP answer: {type(error).__name__}"


def _answer(response: aiohttp.ClientResponse, now: datetime) -> Answer:
    fault = "answered with a redirect" if 300 <= response.status < 400 else ""
    return Answer(response.status, fault, retry_after(response.headers.get("Retry-After", ""), now))


def retry_after(text: str, now: datetime) -> float | None:
    """Seconds of a ``Retry-After`` (RFC 9110, 10.2.3): a number or a date; None for anything else."""
    text = text.strip()[:64]
    if text.isascii() and text.isdigit():
        return float(text) if len(text) < 10 else 1e9
    try:
        at = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError):
        return None
    if at.tzinfo is None:
        at = at.replace(tzinfo=UTC)
    return max((at - now).total_seconds(), 0.0)


async def _throw_away(response: aiohttp.ClientResponse) -> None:
    """Read the little that is expected of a body; close where there is more, or where it does not come."""
    read = 0
    try:
        async with asyncio.timeout(BODY_S):
            async for piece in response.content.iter_any():
                read += len(piece)
                if read > MOST_BYTES:
                    break
    except (TimeoutError, aiohttp.ClientError, aiohttp.http_exceptions.HttpProcessingError, OSError):
        response.close()  # the status stands: what follows it says nothing
        return
    if not response.content.at_eof():
        response.close()


def _tls(ca_file: Path | None) -> ssl.SSLContext | bool:
    if ca_file is None:
        return True
    try:
        return ssl.create_default_context(cafile=str(ca_file))
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(f"webhooks.ca_file: {ca_file} holds no certificates in PEM") from error
