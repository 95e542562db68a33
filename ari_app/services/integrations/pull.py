"""Pulls a list page by page: retries with back-off, a pace, a most of pages, records and bytes, and no endless cursor."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from hashlib import sha256
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit, urlunsplit

import structlog

from ari_app.domain.integration.mapping import value_at
from ari_app.ports.integrations import Fetch, Fetched, FetchError
from ari_app.services.exact_json import DECODER, JSON_FAULTS, fault_text
from ari_app.services.integrations.definition import HttpPart

log = structlog.get_logger(__name__)

#: Waits between tries, in seconds; the last one is repeated.
BACK_OFF_S = (1.0, 5.0, 15.0, 30.0, 60.0)
#: "Retry-After" is kept up to this many seconds.
MOST_WAIT_S = 300.0
#: Longest cursor, link or position.
MOST_CURSOR = 4000
_MEGA = 1_000_000
_LINK = re.compile(r"<([^<>]*)>\s*((?:;\s*[^,;]+)*)")
_NEXT = re.compile(r';\s*rel\s*=\s*"?([^";,]*)"?', re.IGNORECASE)

Sleep = Callable[[float], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Page:
    """One answer that holds records, as it came, its records, and from where the next pull goes on."""

    body: bytes = field(repr=False)
    records: Sequence[object] = field(repr=False)
    position: str


async def pull(
    spec: HttpPart, fetch: Fetch, secret: str, position: str, sleep: Sleep
) -> AsyncGenerator[Page, None]:
    """All pages, in order. ``position`` is where the last complete pull ended ('' for the first one).

    Raises FetchError when a page could not be had; what came before is good, but the position must not be kept then.
    """
    headers = {"Accept": "application/json", **spec.headers}
    if spec.auth is not None:
        headers[spec.auth.header] = f"{spec.auth.prefix}{secret}"
    first = _first_url(spec, position)
    url: str | None = first
    seen: set[bytes] = set()
    pages = records = octets = 0
    while url is not None:
        if pages:
            await sleep(1.0 / spec.per_second)
        answer, document = await _asked(spec, fetch, url, headers, sleep)
        pages += 1
        octets += len(answer.body)
        found = _records(spec, document)
        records += len(found)
        if octets > spec.most_mb * _MEGA:
            raise FetchError(f"more than most_mb {spec.most_mb:g}", again=False)
        if records > spec.most_records:
            raise FetchError(f"more than most_records {spec.most_records}", again=False)
        if found:
            # The same page under another number is a list that never ends.
            mark = sha256(answer.body).digest()
            if mark in seen:
                raise FetchError("the same page came twice: the list does not end", again=False)
            seen.add(mark)
            position = _greatest(spec, found, position)
            yield Page(answer.body, found, position)
        url = _next_url(spec, first, answer, document, found, pages)
        if url is not None:
            mark = sha256(b"url " + url.encode()).digest()
            if mark in seen:
                raise FetchError("a cursor came twice: the list does not end", again=False)
            seen.add(mark)
            if pages >= spec.paging.most_pages:
                raise FetchError(f"more than most_pages {spec.paging.most_pages}", again=False)


async def _asked(
    spec: HttpPart, fetch: Fetch, url: str, headers: dict[str, str], sleep: Sleep
) -> tuple[Fetched, object]:
    """The answer to one request and what it says, after as many tries as are allowed."""
    tries = 0
    while True:
        wait_s = BACK_OFF_S[min(tries, len(BACK_OFF_S) - 1)]
        try:
            answer = await fetch.get(
                url, headers, timeout_s=spec.timeout_s, most_bytes=int(spec.most_mb * _MEGA)
            )
            if answer.status == 200:
                return answer, _document(answer.body)
            again = answer.status in (408, 425, 429) or answer.status >= 500
            wait_s = max(wait_s, _retry_after(answer.headers.get("retry-after", "")))
            raise FetchError(f"the address answered {answer.status}", again=again)
        except FetchError as error:
            if not error.again or tries >= spec.retries:
                raise
            tries += 1
            log.info("pulled again", fault=str(error), tries=tries, wait_s=wait_s)
            await sleep(wait_s)


def _document(body: bytes) -> object:
    try:
        return DECODER.decode(body.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise FetchError("the answer is not UTF-8", again=True) from None
    except JSON_FAULTS as error:
        raise FetchError(f"the answer is {fault_text(error)[:80]}", again=True) from None


def _records(spec: HttpPart, document: object) -> Sequence[object]:
    found = value_at(document, spec.records) if spec.records else document
    if not isinstance(found, list):
        place = ".".join(spec.records) or "the answer"
        raise FetchError(f"{place} is not a list", again=False)
    return found


def _first_url(spec: HttpPart, position: str) -> str:
    asked = dict(spec.params)
    paging = spec.paging
    if paging.size_param is not None:
        asked[paging.size_param] = str(paging.size)
    if paging.kind == "page" and paging.param is not None:
        asked[paging.param] = str(paging.start)
    if spec.since is not None and (position or spec.since.first):
        asked[spec.since.param] = position or str(spec.since.first)
    return _with(spec.url, asked)


def _next_url(
    spec: HttpPart, first: str, answer: Fetched, document: object, found: Sequence[object], pages: int
) -> str | None:
    paging = spec.paging
    match paging.kind:
        case "page" if found and paging.param is not None:
            return _with(first, {paging.param: str(paging.start + pages)})
        case "cursor" if paging.next is not None and paging.param is not None:
            cursor = value_at(document, paging.next)
            if cursor is None or cursor in ("", False):
                return None
            if not isinstance(cursor, str | int) or len(str(cursor)) > MOST_CURSOR:
                raise FetchError("the cursor is neither text nor a number, or too long", again=False)
            return _with(first, {paging.param: str(cursor)})
        case "link":
            return _linked(answer.headers.get("link", ""), first)
    return None


def _linked(header: str, first: str) -> str | None:
    """The address of ``rel="next"`` (RFC 8288); only where it leads to the same place: the secret goes with it."""
    for target, parameters in _LINK.findall(header[: 4 * MOST_CURSOR]):
        relations = {word for each in _NEXT.findall(parameters) for word in each.lower().split()}
        if "next" not in relations:
            continue
        url = str(urljoin(first, target))
        one, other = urlsplit(first), urlsplit(url)
        if (one.scheme, one.netloc) != (other.scheme, other.netloc) or len(url) > MOST_CURSOR:
            raise FetchError("the next page lies at another address", again=False)
        return url
    return None


def _with(url: str, asked: dict[str, str]) -> str:
    parts = urlsplit(url)
    kept = [(key, value) for key, value in parse_qsl(parts.query, True) if key not in asked]
    return urlunsplit(parts._replace(query=urlencode([*kept, *asked.items()])))


def _retry_after(text: str) -> float:
    """Seconds to wait, as a server asks for it (RFC 9110, 10.2.3); a date counts as nothing said."""
    text = text.strip()
    seconds = float(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0.0
    return min(MOST_WAIT_S, seconds)


def _greatest(spec: HttpPart, found: Sequence[object], position: str) -> str:
    """The position by numbers where all are numbers, else by text: ISO instants order as text."""
    if spec.since is None:
        return ""
    values = [value_at(record, spec.since.field) for record in found]
    texts = [
        str(value)
        for value in values
        if isinstance(value, str | int | Decimal) and not isinstance(value, bool) and value != ""
    ]
    candidates = [text for text in [position, *texts] if text and len(text) <= MOST_CURSOR]
    if not candidates:
        return position
    if all(re.fullmatch(r"[0-9]{1,30}(\.[0-9]{1,30})?", text, re.ASCII) for text in candidates):
        return max(candidates, key=Decimal)
    return max(candidates)
