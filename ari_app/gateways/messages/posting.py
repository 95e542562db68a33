"""One HTTP request, and whether it may have had its effect: what at-most-once needs to know."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import aiohttp

from ari_app import __version__

#: Most bytes of an answer that are read.
MOST_BYTES: Final = 65_536
#: "Retry-After" is kept up to this, in seconds.
MOST_WAIT_S: Final = 3600.0


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer of a server; ``body`` is {} where it is no JSON object."""

    status: int
    body: Mapping[str, object] = field(repr=False)
    wait_s: float | None = None


@dataclass(frozen=True, slots=True)
class NoAnswer:
    """``left``: the request may have reached the server."""

    left: bool
    why: str


class Poster:
    """Requests with one total time each, and no redirects, cookies, compression or proxies of the environment."""

    def __init__(self, timeout_s: float, most_at_once: int = 8) -> None:
        self._timeout = aiohttp.ClientTimeout(total=timeout_s, connect=min(timeout_s, 5.0))
        self._most = most_at_once
        self._session: aiohttp.ClientSession | None = None

    async def ask(
        self,
        method: str,
        url: str,
        *,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        as_json: object = None,
        form: Mapping[str, str] | None = None,
    ) -> Answer | NoAnswer:
        """The answer, whatever its status. Nothing of a request stands in what went wrong."""
        if self._session is None:
            self._session = aiohttp.ClientSession(
                timeout=self._timeout,
                cookie_jar=aiohttp.DummyCookieJar(),
                connector=aiohttp.TCPConnector(limit=self._most),
                headers={"User-Agent": f"ari-app/{__version__}", "Accept": "application/json"},
                auto_decompress=False,
            )
        # Written here, so that what the letter says is what is sent: no escapes that a provider would count as signs.
        data = None if as_json is None else json.dumps(as_json, ensure_ascii=False).encode()
        sent = dict(headers or {})
        if data is not None:
            sent.setdefault("Content-Type", "application/json; charset=utf-8")
        try:
            async with self._session.request(
                method,
                url,
                params=params,
                headers=sent,
                data=data if data is not None else form,
                allow_redirects=False,
            ) as response:
                raw = await _beginning(response.content)
                return Answer(response.status, _object(raw), _wait(response.headers.get("Retry-After")))
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.InvalidURL) as error:
            return NoAnswer(False, f"not reached ({type(error).__name__})")
        except TimeoutError:
            return NoAnswer(True, "no answer in time")
        except (aiohttp.ClientError, OSError) as error:
            return NoAnswer(True, f"the connection broke ({type(error).__name__})")

    async def close(self) -> None:
        """Release its connections."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()


async def _beginning(content: aiohttp.StreamReader) -> bytes:
    """A body up to the most that is read; it comes in pieces, and one read gives no more than what is there."""
    found = bytearray()
    while len(found) < MOST_BYTES and (piece := await content.read(MOST_BYTES - len(found))):
        found += piece
    return bytes(found)


def _object(raw: bytes) -> dict[str, object]:
    try:
        value = json.loads(raw)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _wait(text: str | None) -> float | None:
    """The seconds of a Retry-After; a date is not read."""
    if text is None or not text.strip().isascii() or not text.strip().isdigit() or len(text) > 9:
        return None
    return min(float(text), MOST_WAIT_S)


def at(body: Mapping[str, object], path: str) -> object:
    """A value of an answer by its dotted path (``data.0.id``); None where it is not there."""
    value: object = body
    for part in path.split(".") if path else ():
        match value:
            case dict():
                value = value.get(part)
            case list() if part.isascii() and part.isdigit() and int(part[:6]) < len(value):
                value = value[int(part[:6])]
            case _:
                return None
    return value


def words(value: object, longest: int = 200) -> str:
    """A scalar of an answer as bounded, printable text; '' for anything else."""
    if isinstance(value, bool):
        return str(value).lower()
    if not isinstance(value, (str, int, float)):
        return ""
    return "".join(sign if sign.isprintable() else " " for sign in str(value)[:longest])
