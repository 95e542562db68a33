"""Messages of a company's application in WeCom, DingTalk and Feishu, as their open platforms document them.

Each gets a token with its secret, keeps it as long as it lasts, and gets another one once when it is refused. WeCom:
developer.work.weixin.qq.com, "send application messages"; DingTalk: open.dingtalk.com, "work notifications"
(``asyncsend_v2``); Feishu: open.feishu.cn, "send a message" (``im/v1/messages``).
"""

from __future__ import annotations

import asyncio
import json
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from ari_app.gateways.messages.posting import Answer, NoAnswer, Poster, at, words
from ari_app.ports.messages import Handed, Letter, SendResult

#: A token is not used in its last seconds.
MARGIN_S: Final = 120.0
_LONGEST_TOKEN_S: Final = 86_400


@dataclass(frozen=True, slots=True)
class MessengerTerms:
    """An application: ``app`` is its id (WeCom: of the corporation; DingTalk: the app key), ``agent`` its number if any."""

    url: str
    app: str
    secret: str = field(repr=False)
    agent: int = 0
    timeout_s: float = 15.0


class _TokenRefused(Exception):
    """The platform does not take the token any more."""


class Messenger(ABC):
    """What the three have in common; see ``ports.messages.MessageChannel``.

    The codes of an answer say: the token is none, it is too much at once, the address is none.
    """

    token_codes: frozenset[int]
    busy_codes: frozenset[int]
    address_codes: frozenset[int]
    code_field = "errcode"
    text_field = "errmsg"

    def __init__(self, channel: str, terms: MessengerTerms, *, recognises: bool = False) -> None:
        self.channel, self.provider = channel, channel
        self.recognises, self.tells = recognises, False
        self._terms = terms
        self._poster = Poster(terms.timeout_s)
        self._token, self._until = "", 0.0
        self._asking = asyncio.Lock()

    async def send(self, letter: Letter) -> SendResult:
        for _ in range(2):
            token = await self._current_token()
            if isinstance(token, SendResult):
                return token
            try:
                return self._read(await self._send(letter, token))
            except _TokenRefused:
                # Refused before anything was done with the message, so asking once more sends it once.
                self._token = ""
        return SendResult(Handed.BUSY, detail="the token is refused")

    @abstractmethod
    async def _ask_token(self) -> Answer | NoAnswer: ...

    @abstractmethod
    def _token_of(self, body: Mapping[str, object]) -> tuple[object, object]:
        """The token and its seconds."""

    @abstractmethod
    async def _send(self, letter: Letter, token: str) -> Answer | NoAnswer: ...

    @abstractmethod
    def _reference(self, body: Mapping[str, object]) -> str: ...

    async def _current_token(self) -> str | SendResult:
        loop = asyncio.get_running_loop()
        async with self._asking:
            if self._token and loop.time() < self._until:
                return self._token
            answer = await self._ask_token()
            if isinstance(answer, NoAnswer):
                return SendResult(Handed.BUSY, detail=f"no token: {answer.why}")
            token, seconds = self._token_of(answer.body)
            if not isinstance(token, str) or not token:
                said = words(at(answer.body, self.text_field)) or f"HTTP {answer.status}"
                return SendResult(Handed.BUSY, detail=f"no token: {said}")
            self._token, self._until = token, loop.time() + max(0.0, _lasts(seconds) - MARGIN_S)
            return token

    def _read(self, answer: Answer | NoAnswer) -> SendResult:
        if isinstance(answer, NoAnswer):
            return SendResult(Handed.UNKNOWN if answer.left else Handed.BUSY, detail=answer.why)
        code, said = at(answer.body, self.code_field), words(at(answer.body, self.text_field))
        if not isinstance(code, int) or isinstance(code, bool):
            busy = answer.status in (429, 503)
            detail = f"HTTP {answer.status}"
            return SendResult(Handed.BUSY if busy else Handed.UNKNOWN, detail=detail, wait_s=answer.wait_s)
        if code in self.token_codes:
            raise _TokenRefused
        detail = f"{code} {said}"[:200]
        if code in self.busy_codes or answer.status == 429:
            return SendResult(Handed.BUSY, detail=detail, wait_s=answer.wait_s)
        if code != 0:
            return SendResult(Handed.REJECTED, detail=detail, bad_address=code in self.address_codes)
        if self._nobody(answer.body):
            return SendResult(Handed.REJECTED, detail="no such user", bad_address=True)
        return SendResult(Handed.ACCEPTED, self._reference(answer.body))

    def _nobody(self, body: Mapping[str, object]) -> bool:
        """Whether a success names the addressee as unknown."""
        return False

    async def close(self) -> None:
        await self._poster.close()


def _lasts(seconds: object) -> float:
    """How long a token lasts, as it was told, within a day; the usual two hours where nothing sensible was told."""
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)) or not seconds > 0:
        return 7200.0
    return float(min(seconds, _LONGEST_TOKEN_S))


class WeCom(Messenger):
    """WeCom (企业微信): ``cgi-bin/message/send``."""

    token_codes = frozenset({40001, 40014, 41001, 42001})
    busy_codes = frozenset({-1, 45009, 45033})
    address_codes = frozenset({40003, 60111, 81013})

    def __init__(self, terms: MessengerTerms) -> None:
        super().__init__("wecom", terms)

    async def send(self, letter: Letter) -> SendResult:
        if letter.contact.startswith("@"):
            # "@all" is everybody who has the application: a list may name it, and a debt would be told to all of them.
            return SendResult(Handed.REJECTED, detail="the address is no user's id", bad_address=True)
        return await super().send(letter)

    async def _ask_token(self) -> Answer | NoAnswer:
        asked = {"corpid": self._terms.app, "corpsecret": self._terms.secret}
        return await self._poster.ask("GET", f"{self._terms.url}/cgi-bin/gettoken", params=asked)

    def _token_of(self, body: Mapping[str, object]) -> tuple[object, object]:
        return body.get("access_token"), body.get("expires_in")

    async def _send(self, letter: Letter, token: str) -> Answer | NoAnswer:
        return await self._poster.ask(
            "POST",
            f"{self._terms.url}/cgi-bin/message/send",
            params={"access_token": token},
            as_json={
                "touser": letter.contact,
                "msgtype": "text",
                "agentid": self._terms.agent,
                "text": {"content": letter.text},
                "safe": 0,
            },
        )

    def _nobody(self, body: Mapping[str, object]) -> bool:
        return bool(words(body.get("invaliduser"))) or bool(words(body.get("unlicenseduser")))

    def _reference(self, body: Mapping[str, object]) -> str:
        return words(body.get("msgid"))


class DingTalk(Messenger):
    """DingTalk (钉钉): ``topapi/message/corpconversation/asyncsend_v2``."""

    token_codes = frozenset({40001, 40014, 42001})
    busy_codes = frozenset({-1, 90002, 90005, 90006, 90018, 130101})
    address_codes = frozenset({33012, 60121})

    def __init__(self, terms: MessengerTerms) -> None:
        super().__init__("dingtalk", terms)

    async def _ask_token(self) -> Answer | NoAnswer:
        asked = {"appkey": self._terms.app, "appsecret": self._terms.secret}
        return await self._poster.ask("GET", f"{self._terms.url}/gettoken", params=asked)

    def _token_of(self, body: Mapping[str, object]) -> tuple[object, object]:
        return body.get("access_token"), body.get("expires_in")

    async def _send(self, letter: Letter, token: str) -> Answer | NoAnswer:
        return await self._poster.ask(
            "POST",
            f"{self._terms.url}/topapi/message/corpconversation/asyncsend_v2",
            params={"access_token": token},
            as_json={
                "agent_id": self._terms.agent,
                "userid_list": letter.contact,
                "msg": {"msgtype": "text", "text": {"content": letter.text}},
            },
        )

    def _reference(self, body: Mapping[str, object]) -> str:
        return words(body.get("task_id"))


class Feishu(Messenger):
    """Feishu (飞书): ``open-apis/im/v1/messages``; the same ``uuid`` within an hour is one message there."""

    token_codes = frozenset({99991661, 99991663, 99991668})
    busy_codes = frozenset({99991400, 230020})
    address_codes = frozenset({230013, 230034})
    code_field = "code"
    text_field = "msg"

    def __init__(self, terms: MessengerTerms) -> None:
        super().__init__("feishu", terms, recognises=True)

    async def _ask_token(self) -> Answer | NoAnswer:
        return await self._poster.ask(
            "POST",
            f"{self._terms.url}/open-apis/auth/v3/tenant_access_token/internal",
            as_json={"app_id": self._terms.app, "app_secret": self._terms.secret},
        )

    def _token_of(self, body: Mapping[str, object]) -> tuple[object, object]:
        return body.get("tenant_access_token"), body.get("expire")

    async def _send(self, letter: Letter, token: str) -> Answer | NoAnswer:
        return await self._poster.ask(
            "POST",
            f"{self._terms.url}/open-apis/im/v1/messages",
            params={"receive_id_type": "open_id"},
            headers={"Authorization": f"Bearer {token}"},
            as_json={
                "receive_id": letter.contact,
                "msg_type": "text",
                "content": json.dumps({"text": letter.text}, ensure_ascii=False),
                "uuid": letter.message_id[:50],
            },
        )

    def _reference(self, body: Mapping[str, object]) -> str:
        return words(at(body, "data.message_id"))
