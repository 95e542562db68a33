"""A language model behind an OpenAI-compatible address (``/chat/completions``), kept within bounds.

One total time for each request, a most of requests at once, a most of bytes, no redirects, no proxies, no cookies, no
compression. After faults in a row each kind of request rests for a while (``engine_health``). Nothing of a request or an
answer stands in an error or a log.
"""

from __future__ import annotations

import asyncio
import json
import ssl
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final, TypeVar

import aiohttp
import structlog
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ari_app import __version__
from ari_app.dialogue.advice import Doubt, FreeQuestion, Opinion, ToldCall, WrittenSummary
from ari_app.errors import ConfigError, LanguageModelError
from ari_app.gateways.llm_messages import (
    MOST_CONTENT,
    AnswerText,
    Ask,
    OpinionText,
    SummaryText,
    ask_answer,
    ask_summary,
    ask_understanding,
    read_content,
)
from ari_app.ports import EngineHealth
from ari_app.services.engine_health import EngineAccount

log = structlog.get_logger(__name__)

#: Most bytes that the body of an answer may have.
MOST_BYTES: Final = 65_536
#: "Retry-After" is kept, within these bounds, in seconds.
LEAST_REST_S, MOST_REST_S, USUAL_REST_S = 1.0, 60.0, 10.0
#: How the shape of an answer is asked for, the strictest first; a server that refuses one is asked by the next.
FORMATS: Final = ("json_schema", "json_object", "none")
#: Statuses with which servers refuse a field that they do not know.
_REFUSES_FIELD: Final = frozenset({400, 422})

_Shape = TypeVar("_Shape", OpinionText, AnswerText, SummaryText)


class Task(StrEnum):
    """What a model is asked for."""

    UNDERSTAND = "understand"
    ANSWER = "answer"
    SUMMARISE = "summarise"


@dataclass(frozen=True, slots=True)
class LlmTerms:
    """Where the model is and how it is asked. ``response_format``: one of FORMATS, or auto; ``key`` is sent as bearer."""

    url: str
    model: str
    key: str = field(default="", repr=False)
    max_concurrency: int = 8
    response_format: str = "auto"
    ca_file: Path | None = None


@dataclass(slots=True)
class TaskCounters:
    """What became of the requests of one kind, besides their health."""

    invalid: int = 0
    """Answers of the wrong shape, size or kind."""
    turned_away: int = 0
    """Not asked: too many requests under way, or resting."""


class _Lenient(BaseModel):
    """Servers add fields of their own around an answer."""

    model_config = ConfigDict(extra="ignore", strict=True, frozen=True, hide_input_in_errors=True)


class _Message(_Lenient):
    content: Annotated[str, Field(max_length=MOST_CONTENT)]


class _Choice(_Lenient):
    message: _Message
    finish_reason: str | None = None


class _Completion(_Lenient):
    choices: Annotated[list[_Choice], Field(min_length=1, max_length=8)]


class OpenAiModel:
    """The LanguageModel of the product. Raises ConfigError for a key or certificates that cannot be used."""

    def __init__(self, terms: LlmTerms) -> None:
        if not terms.key.isascii() or not terms.key.isprintable():
            raise ConfigError("llm.api_key: holds signs that no HTTP header may have")
        self.name = terms.model
        self.counters = {task: TaskCounters() for task in Task}
        self._terms = terms
        self._tls = _tls(terms.ca_file)
        self._accounts = {task: EngineAccount(task.value) for task in Task}
        self._formats: tuple[str, ...] = (
            FORMATS if terms.response_format == "auto" else (terms.response_format,)
        )
        self._under_way = 0
        self._quiet_until = 0.0
        self._session: aiohttp.ClientSession | None = None

    # ------------------------------------------------------------------------------------------- ports.LanguageModel

    async def understand(self, doubt: Doubt, timeout_s: float) -> Opinion:
        """See ``LanguageModel.understand``."""
        read = await self._ask(Task.UNDERSTAND, ask_understanding(doubt), OpinionText, timeout_s)
        return Opinion(read.meaning, tuple(read.quotes), read.confidence)

    async def answer(self, question: FreeQuestion, timeout_s: float) -> str:
        """See ``LanguageModel.answer``."""
        return (await self._ask(Task.ANSWER, ask_answer(question), AnswerText, timeout_s)).answer

    async def summarise(self, call: ToldCall, timeout_s: float) -> WrittenSummary:
        """See ``LanguageModel.summarise``."""
        read = await self._ask(Task.SUMMARISE, ask_summary(call), SummaryText, timeout_s)
        return WrittenSummary(read.text, tuple(read.key_points))

    async def close(self) -> None:
        """Release its connections."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    def health(self, task: Task) -> EngineHealth:
        """Figures of one kind of request; returns at once."""
        return self._accounts[task].health(asyncio.get_running_loop().time())

    # ------------------------------------------------------------------------------------------- one request

    async def _ask(self, task: Task, ask: Ask, shape: type[_Shape], timeout_s: float) -> _Shape:
        loop, account = asyncio.get_running_loop(), self._accounts[task]
        began = loop.time()
        if self._under_way >= self._terms.max_concurrency:
            self.counters[task].turned_away += 1
            raise LanguageModelError("too many requests are under way")
        if began < self._quiet_until or not account.willing(began):
            self.counters[task].turned_away += 1
            raise LanguageModelError("the endpoint rests after faults")
        self._under_way += 1
        try:
            async with asyncio.timeout(timeout_s):
                read = await self._read(ask, shape)
        except TimeoutError:
            account.timed_out(loop.time())
            raise
        except _InvalidAnswer:
            self.counters[task].invalid += 1
            account.failed(loop.time())
            raise
        except LanguageModelError:
            account.failed(loop.time())
            raise
        finally:
            self._under_way -= 1
        account.succeeded(loop.time() - began)
        return read

    async def _read(self, ask: Ask, shape: type[_Shape]) -> _Shape:
        """The answer, with the strictest shape that the server takes."""
        formats = self._formats
        for number, kind in enumerate(formats):
            try:
                body = await self._post(ask, kind)
            except _FieldRefused:
                continue
            if number:
                self._formats = formats[number:]
            try:
                return read_content(_content(body), shape)
            except LanguageModelError as error:
                raise _InvalidAnswer(str(error)) from None
        raise LanguageModelError("the endpoint refuses the request")

    async def _post(self, ask: Ask, kind: str) -> bytes:
        fields = {
            "model": self._terms.model,
            "messages": list(ask.messages),
            "temperature": 0,
            "max_tokens": ask.most_tokens,
            "stream": False,
        }
        wanted = ask.response_format(kind)
        if wanted is not None:
            fields["response_format"] = wanted
        headers = {
            "Content-Type": "application/json",
            "Accept": "application/json",
            "Accept-Encoding": "identity",
        }
        if self._terms.key:
            headers["Authorization"] = f"Bearer {self._terms.key}"
        try:
            async with self._client().post(
                f"{self._terms.url}/chat/completions",
                data=json.dumps(fields).encode("ascii"),
                headers=headers,
                allow_redirects=False,
            ) as response:
                try:
                    return await self._body(response)
                finally:
                    if not response.content.at_eof():
                        response.close()  # nothing more is read from it, and it is not used again
        except (
            aiohttp.ClientError,
            aiohttp.http_exceptions.HttpProcessingError,
            OSError,
            ValueError,
        ) as error:
            if isinstance(error, TimeoutError):
                raise
            # The kind alone: the text of such errors may quote what was received.
            raise LanguageModelError(f"no answer: {type(error).__name__}") from None

    async def _body(self, response: aiohttp.ClientResponse) -> bytes:
        if response.status in _REFUSES_FIELD:
            raise _FieldRefused
        if response.status == 429:
            rest_s = _rest_s(response.headers.get("Retry-After", ""))
            self._quiet_until = asyncio.get_running_loop().time() + rest_s
        if response.status != 200:
            raise LanguageModelError(f"the endpoint answered {response.status}")
        if response.headers.get("Content-Encoding", "identity").lower() != "identity":
            raise _InvalidAnswer("a compressed answer")
        if (response.content_length or 0) > MOST_BYTES:
            raise _InvalidAnswer("an answer that is too long")
        body = bytearray()
        async for piece in response.content.iter_any():
            body += piece
            if len(body) > MOST_BYTES:
                raise _InvalidAnswer("an answer that is too long")
        return bytes(body)

    def _client(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=self._terms.max_concurrency, ssl=self._tls),
                cookie_jar=aiohttp.DummyCookieJar(),
                headers={"User-Agent": f"ari-app/{__version__}"},
                timeout=aiohttp.ClientTimeout(total=None),
                auto_decompress=False,
                trust_env=False,
            )
        return self._session


class _FieldRefused(Exception):
    """The server does not take this request; perhaps it takes a plainer one."""


class _InvalidAnswer(LanguageModelError):
    """An answer came and cannot be used."""


def _content(body: bytes) -> str:
    """The text of a completion."""
    try:
        choice = _Completion.model_validate_json(body).choices[0]
    except ValidationError:
        raise LanguageModelError("an answer that is no completion") from None
    if choice.finish_reason == "length":
        raise LanguageModelError("an answer that was cut off")
    return choice.message.content


def _rest_s(retry_after: str) -> float:
    """Seconds to wait, as a server asks for it (RFC 9110, 10.2.3); a date counts as the usual time."""
    text = retry_after.strip()
    seconds = float(text) if text.isascii() and text.isdigit() and len(text) < 10 else USUAL_REST_S
    return min(MOST_REST_S, max(LEAST_REST_S, seconds))


def _tls(ca_file: Path | None) -> ssl.SSLContext | bool:
    if ca_file is None:
        return True
    try:
        return ssl.create_default_context(cafile=str(ca_file))
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(f"llm.ca_file: {ca_file} holds no certificates in PEM") from error
