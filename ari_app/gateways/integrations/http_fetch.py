"""GET by HTTP within bounds: a time for each answer, a most of bytes, and nothing that the other side may lead us to.

No redirects (a header with a secret would follow them), no proxies, no cookies, no compression (a small answer could
become a large one), and no address inside but those that the definition names. Nothing of a request or an answer stands in
an error or a log.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import TracebackType
from typing import Self

import aiohttp

from ari_app import __version__
from ari_app.domain.webhooks.reach import PUBLIC, Reach
from ari_app.gateways.webhooks.guarded_resolver import AddressRefused, GuardedResolver
from ari_app.ports.integrations import Fetched, FetchError
from ari_app.services.webhooks.addresses import refused_url


class HttpFetch:
    """The protocol of ``ports.integrations.Fetch``; use as an async context manager."""

    def __init__(self, reach: Reach = PUBLIC) -> None:
        self._reach = reach
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                limit=4, resolver=GuardedResolver(self._reach), use_dns_cache=False
            ),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"User-Agent": f"ari-app/{__version__}", "Accept-Encoding": "identity"},
            timeout=aiohttp.ClientTimeout(total=None),
            auto_decompress=False,
            trust_env=False,
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def get(
        self, url: str, headers: Mapping[str, str], *, timeout_s: float, most_bytes: int
    ) -> Fetched:
        """See ``Fetch.get``."""
        if self._session is None:
            raise FetchError("the client is closed", again=False)
        inside = refused_url(url, self._reach)
        if inside:
            raise FetchError(f"{inside} (allowed: networks)", again=False)
        try:
            async with self._session.get(
                url,
                headers=dict(headers),
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(total=timeout_s),
            ) as response:
                try:
                    body = await _body(response, most_bytes)
                finally:
                    if not response.content.at_eof():
                        response.close()  # nothing more is read from it
                found = {name.lower(): value for name, value in response.headers.items()}
                return Fetched(response.status, found, body)
        except TimeoutError:
            raise FetchError("no answer in time", again=True) from None
        except aiohttp.ClientConnectorDNSError as error:
            refused = isinstance(error.os_error, AddressRefused)
            wrong = f"{error.os_error} (allowed: networks)" if refused else "the name is not known"
            raise FetchError(wrong, again=not refused) from None
        except aiohttp.InvalidURL:
            raise FetchError("the address is not a URL", again=False) from None
        except (
            aiohttp.ClientError,
            aiohttp.http_exceptions.HttpProcessingError,
            OSError,
            ValueError,
        ) as error:
            # The kind alone: the text of such errors may quote what was sent or received.
            raise FetchError(f"no answer: {type(error).__name__}", again=True) from None


async def _body(response: aiohttp.ClientResponse, most: int) -> bytes:
    if response.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise FetchError("a compressed answer", again=False)
    if (response.content_length or 0) > most:
        raise FetchError("an answer that is too long", again=False)
    body = bytearray()
    async for piece in response.content.iter_any():
        body += piece
        if len(body) > most:
            raise FetchError("an answer that is too long", again=False)
    return bytes(body)
