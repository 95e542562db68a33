"""Robots that write into a group of colleagues: WeCom, DingTalk and Feishu, the last two signed. For alerts, not customers.

Documented at developer.work.weixin.qq.com ("group robots"), open.dingtalk.com ("custom robots") and open.feishu.cn ("custom
bots"). Their address is a secret itself: it stands in no error and no log.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Literal

from ari_app.gateways.messages.posting import NoAnswer, Poster, at, words
from ari_app.ports.messages import Handed, SendResult

RobotKind = Literal["wecom", "dingtalk", "feishu"]
#: Codes that mean: too much at once.
_BUSY: Final[Mapping[str, frozenset[int]]] = {
    "wecom": frozenset({-1, 45009}),
    "dingtalk": frozenset({-1, 130101, 410100}),
    "feishu": frozenset({11232, 11233}),
}
#: The platforms cut or refuse longer texts (WeCom counts 2048 bytes).
_MOST_BYTES: Final = 2000


@dataclass(frozen=True, slots=True)
class RobotTerms:
    """``url`` is the address with its key or token; ``secret`` signs (DingTalk, Feishu), '' where the robot wants none."""

    kind: RobotKind
    url: str = field(repr=False)
    secret: str = field(default="", repr=False)
    timeout_s: float = 10.0


class Robot:
    """Writes a text into its group. Close it when it is not needed any more."""

    def __init__(self, terms: RobotTerms) -> None:
        self._terms = terms
        self._poster = Poster(terms.timeout_s, 2)

    async def say(self, text: str, now: datetime) -> SendResult:
        """Post a text, cut to what the platforms take. ``now`` signs it. Never raises for what the network does."""
        terms, said = self._terms, _cut(text)
        params: dict[str, str] = {}
        body: dict[str, object] = {"msgtype": "text", "text": {"content": said}}
        if terms.kind == "feishu":
            body = {"msg_type": "text", "content": {"text": said}}
        if terms.secret and terms.kind == "dingtalk":
            stamp = str(int(now.timestamp() * 1000))
            params = {"timestamp": stamp, "sign": dingtalk_sign(terms.secret, stamp)}
        if terms.secret and terms.kind == "feishu":
            stamp = str(int(now.timestamp()))
            body |= {"timestamp": stamp, "sign": feishu_sign(terms.secret, stamp)}
        answer = await self._poster.ask("POST", terms.url, params=params or None, as_json=body)
        if isinstance(answer, NoAnswer):
            return SendResult(Handed.UNKNOWN if answer.left else Handed.BUSY, detail=answer.why)
        names = ("code", "msg") if terms.kind == "feishu" else ("errcode", "errmsg")
        code, detail = at(answer.body, names[0]), words(at(answer.body, names[1]))
        if not isinstance(code, int) or isinstance(code, bool):
            busy = answer.status in (429, 503)
            return SendResult(Handed.BUSY if busy else Handed.UNKNOWN, detail=f"HTTP {answer.status}")
        if code == 0:
            return SendResult(Handed.ACCEPTED)
        busy = code in _BUSY[terms.kind]
        return SendResult(Handed.BUSY if busy else Handed.REJECTED, detail=f"{code} {detail}"[:200])

    async def close(self) -> None:
        """Release its connections."""
        await self._poster.close()


def dingtalk_sign(secret: str, stamp: str) -> str:
    """HMAC-SHA256 over ``stamp`` (milliseconds), a line end and the secret, keyed with the secret; Base64."""
    found = hmac.new(secret.encode(), f"{stamp}\n{secret}".encode(), hashlib.sha256)
    return base64.b64encode(found.digest()).decode()


def feishu_sign(secret: str, stamp: str) -> str:
    """HMAC-SHA256 over nothing, keyed with ``stamp`` (seconds), a line end and the secret; Base64."""
    found = hmac.new(f"{stamp}\n{secret}".encode(), b"", hashlib.sha256)
    return base64.b64encode(found.digest()).decode()


def _cut(text: str) -> str:
    """As much of a text as fits, whole characters only."""
    return text.encode("utf-8", "replace")[:_MOST_BYTES].decode("utf-8", "ignore")
