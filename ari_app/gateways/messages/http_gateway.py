"""A provider by HTTP whose request and answer are described in the settings: SMS, push, messengers of one's own."""

from __future__ import annotations

import asyncio
import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from ari_app.gateways.messages.posting import Answer, NoAnswer, Poster, at, words
from ari_app.ports.messages import Handed, Letter, SendResult

_PLACE = re.compile(r"\{([a-z_]+)\}")
_BUSY = frozenset({429, 503})


@dataclass(frozen=True, slots=True)
class HttpGatewayTerms:
    """How a gateway is asked and how its answer is read (docs/messages.md has each key).

    ``body`` is JSON with places in its texts, or a flat form. A status of 2xx is a success where ``ok_field``
    is '' or its value is among ``ok_values``. ``busy_values`` of that field mean: not taken, later perhaps.
    """

    provider: str
    url: str = field(repr=False)
    method: str = "POST"
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: Mapping[str, object] = field(default_factory=dict)
    form: bool = False
    bearer: str = field(default="", repr=False)
    user: str = ""
    password: str = field(default="", repr=False)
    ok_field: str = ""
    ok_values: tuple[str, ...] = ()
    busy_values: tuple[str, ...] = ()
    bad_address_values: tuple[str, ...] = ()
    reference_field: str = ""
    detail_field: str = ""
    key_header: str = ""
    """The header by which it recognises the same message; '' where it does not."""
    receipts: bool = False
    country_code: str = ""
    """Taken off the front of ``to_local``: +86 for a gateway that wants 13800138000."""
    timeout_s: float = 15.0
    per_second: float | None = None


class HttpGateway:
    """See ``ports.messages.MessageChannel``."""

    def __init__(self, channel: str, terms: HttpGatewayTerms, most_at_once: int = 8) -> None:
        self.channel, self.provider = channel, terms.provider
        self.recognises, self.tells = bool(terms.key_header), terms.receipts
        self._terms = terms
        self._poster = Poster(terms.timeout_s, most_at_once)
        self._free_at = 0.0

    async def send(self, letter: Letter) -> SendResult:
        await self._turn()
        terms = self._terms
        values = {
            "to": letter.contact,
            "to_local": letter.contact.removeprefix(terms.country_code),
            "text": letter.text,
            "subject": letter.subject,
            "message_id": letter.message_id,
            "template": letter.template,
            "variant": letter.variant,
            "language": letter.language,
            "channel": letter.channel,
        }
        filled = _filled(terms.body, values)
        headers = dict(terms.headers)
        if terms.bearer:
            headers["Authorization"] = f"Bearer {terms.bearer}"
        elif terms.user:
            pair = f"{terms.user}:{terms.password}".encode()
            headers["Authorization"] = f"Basic {base64.b64encode(pair).decode()}"
        if terms.key_header:
            headers[terms.key_header] = letter.message_id
        flat = {str(key): str(value) for key, value in filled.items()} if isinstance(filled, dict) else {}
        answer = await self._poster.ask(
            terms.method,
            terms.url,
            headers=headers,
            params=flat if terms.method == "GET" else None,
            as_json=None if terms.form or terms.method == "GET" else filled,
            form=flat if terms.form and terms.method != "GET" else None,
        )
        return self._read(answer)

    async def _turn(self) -> None:
        """Wait until the provider takes another message."""
        if self._terms.per_second is None:
            return
        now = asyncio.get_running_loop().time()
        mine = max(now, self._free_at)
        self._free_at = mine + 1.0 / self._terms.per_second
        if mine > now:
            await asyncio.sleep(mine - now)

    def _read(self, answer: Answer | NoAnswer) -> SendResult:
        terms = self._terms
        if isinstance(answer, NoAnswer):
            return SendResult(Handed.UNKNOWN if answer.left else Handed.BUSY, detail=answer.why)
        said = words(at(answer.body, terms.ok_field)) if terms.ok_field else ""
        detail = words(at(answer.body, terms.detail_field)) if terms.detail_field else ""
        detail = detail or f"HTTP {answer.status}" + (f", {said}" if said else "")
        if answer.status in _BUSY or (said and said in terms.busy_values):
            return SendResult(Handed.BUSY, detail=detail, wait_s=answer.wait_s)
        if said and said in terms.bad_address_values:
            return SendResult(Handed.REJECTED, detail=detail, bad_address=True)
        if 200 <= answer.status < 300:
            if terms.ok_field and not said:
                # A proxy's page in place of the gateway's answer says nothing of what the gateway did.
                return SendResult(Handed.UNKNOWN, detail="an answer that nobody can read")
            if terms.ok_field and said not in terms.ok_values:
                return SendResult(Handed.REJECTED, detail=detail)
            reference = words(at(answer.body, terms.reference_field)) if terms.reference_field else ""
            return SendResult(Handed.ACCEPTED, reference)
        return SendResult(Handed.UNKNOWN if answer.status >= 500 else Handed.REJECTED, detail=detail)

    async def close(self) -> None:
        await self._poster.close()


def _filled(value: object, values: Mapping[str, str]) -> object:
    """A template with its places filled; what stands in a value is never read as a place itself."""
    match value:
        case str():
            return _PLACE.sub(lambda found: values.get(found[1], found[0]), value)
        case Mapping():
            return {str(key): _filled(item, values) for key, item in value.items()}
        case list() | tuple():
            return [_filled(item, values) for item in value]
        case _:
            return value
