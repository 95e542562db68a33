"""Messages to customers: the providers of each channel, and what makes messages by itself."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from ari_app.domain.event_names import EVENTS
from ari_app.services.http_headers import free_header, header_value
from ari_app.services.messages.template_file import NAME
from ari_app.services.model_problems import RefusedError, nearest

_PROVIDER = re.compile(r"[a-z][a-z0-9_\-]{0,31}")
_HEADER = re.compile(r"[A-Za-z0-9\-]{1,60}")
#: Names of providers that have a section of their own.
_TAKEN = frozenset({"smtp", "wecom", "dingtalk", "feishu"})
_LINKS = frozenset({"form_link", "tariff_link", "guide_link", "survey_link"})


def _absolute(path: Path) -> Path:
    if any(ord(sign) < 32 or ord(sign) == 127 for sign in str(path)):
        raise RefusedError("holds control characters", "a path in UTF-8")
    return path.expanduser().absolute()


def _address(text: str) -> str:
    """``https://HOST[/PATH]``; plain http on loopback only, where nobody else listens."""
    allowed = "https://HOST/PATH, or http:// on 127.0.0.1, ::1 or localhost"
    try:
        parts = urlsplit(text)
        port_ok = parts.port is None or 0 < parts.port < 65536
    except ValueError:
        raise RefusedError("is not a URL", allowed) from None
    loopback = parts.hostname in ("127.0.0.1", "::1", "localhost")
    good = parts.scheme == "https" or (parts.scheme == "http" and loopback)
    if not good or not parts.hostname or not port_ok or parts.username or parts.password:
        raise RefusedError("is not an address that names and texts may be sent to", allowed)
    if any(ord(sign) <= 32 for sign in text):
        raise RefusedError("holds blanks", allowed)
    return text


def _provider(text: str) -> str:
    if not _PROVIDER.fullmatch(text):
        raise RefusedError("is no name for a provider", "a-z, 0-9, _ and -")
    return text


def _header(text: str) -> str:
    if not _HEADER.fullmatch(text):
        raise RefusedError("is no name of a header", "letters, digits and -")
    return free_header(text)


def _template(text: str) -> str:
    if not NAME.fullmatch(text):
        raise RefusedError("is no name of a template", "a-z, 0-9 and _")
    return text


def _event(text: str) -> str:
    if text not in EVENTS:
        raise RefusedError("is no event", nearest(text, EVENTS))
    if text.startswith("message."):
        raise RefusedError("would make messages that make messages", "an event that no message causes")
    return text


def _mailbox(text: str) -> str:
    name, at, host = text.rpartition("@")
    if (
        not at
        or not name
        or "." not in host
        or any(sign.isspace() or not sign.isprintable() for sign in text)
    ):
        raise RefusedError("is not an e-mail address", "NAME@DOMAIN")
    return text


FilePath = Annotated[Path, AfterValidator(_absolute)]
Address = Annotated[str, AfterValidator(_address), Field(max_length=500)]
Provider = Annotated[str, AfterValidator(_provider)]
Header = Annotated[str, AfterValidator(_header)]
TemplateName = Annotated[str, AfterValidator(_template)]
EventName = Annotated[str, AfterValidator(_event)]
Mailbox = Annotated[str, AfterValidator(_mailbox), Field(max_length=254)]
Place = Annotated[str, Field(max_length=100, pattern=r"^[A-Za-z0-9_.\-]*$")]
Status = Literal["sent", "delivered", "failed"]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True, validate_default=True)


class CallbackSettings(_Part):
    """What a provider tells us by HTTP: receipts and replies, under ``/messages/receipts`` and ``/messages/inbound``."""

    secret_file: FilePath = Field(
        description="A file with the secret that its callbacks carry or are signed with, 16 bytes or more"
    )
    signature_header: Header | None = Field(
        None,
        description="The header with the hex HMAC-SHA256 of the body; without it `Authorization: Bearer SECRET`",
    )
    items: Place = Field(
        "", description="Where the list of receipts stands in the body; empty: the body is one, or a list"
    )
    reference: Place = Field("id", description="The provider's name for the message or the reply")
    message_id: Place = Field("", description="Where our own id is given back, if it is")
    status: Place = Field("status", description="What has become of the message")
    statuses: dict[Annotated[str, Field(max_length=60)], Status] = Field(
        {
            "DELIVRD": "delivered",
            "UNDELIV": "failed",
            "EXPIRED": "failed",
            "REJECTD": "failed",
            "ACCEPTD": "sent",
        },
        description="What its words mean: `sent`, `delivered`, `failed`; others are left alone",
        max_length=100,
    )
    bounced: list[Annotated[str, Field(max_length=60)]] = Field(
        [], max_length=100, description="Words that say that there is no such address"
    )
    detail: Place = Field("", description="Where it says why")
    sender: Place = Field("from", description="Of a reply: who wrote")
    text: Place = Field("text", description="Of a reply: what he wrote")


class HttpGatewaySettings(_Part):
    """A provider by HTTP, with its request and its answer."""

    channel: Literal["sms", "app", "im", "wechat"] = Field(description="What it sends")
    provider: Provider = Field(description="Its name in records and in the address of its callbacks")
    url: Address = Field(description="Where a message is posted")
    method: Literal["POST", "PUT", "GET"] = Field(
        "POST", description="The method; with GET the body becomes the query"
    )
    headers: dict[Header, Annotated[str, Field(max_length=500), AfterValidator(header_value)]] = Field(
        {}, max_length=20, description="Further headers, without secrets"
    )
    format: Literal["json", "form"] = Field("json", description="How the body is written")
    body: dict[str, object] = Field(
        {"to": "{to}", "text": "{text}", "id": "{message_id}"},
        description="The body; its texts may hold [places](messages.md#a-gateway-by-http) such as `{to}` and `{text}`",
    )
    country_code: Annotated[str, Field(pattern=r"^(\+[0-9]{1,4})?$")] = Field(
        "", description="What `{to_local}` leaves off the number: `+86`"
    )
    bearer_file: FilePath | None = Field(
        None, description="A file with the token for `Authorization: Bearer`"
    )
    user: Annotated[str, Field(max_length=200)] = Field("", description="User for `Authorization: Basic`")
    password_file: FilePath | None = Field(None, description="A file with that user's password")
    ok_field: Place = Field(
        "", description="Where the answer says whether it took the message; empty: the HTTP status alone"
    )
    ok_values: list[Annotated[str, Field(max_length=60)]] = Field(
        ["0"], max_length=20, description="Values of it that mean yes"
    )
    busy_values: list[Annotated[str, Field(max_length=60)]] = Field(
        [], max_length=50, description="Values that mean: not taken, later perhaps"
    )
    bad_address_values: list[Annotated[str, Field(max_length=60)]] = Field(
        [], max_length=50, description="Values that mean: there is no such address"
    )
    reference_field: Place = Field("id", description="Where the answer names the message")
    detail_field: Place = Field("", description="Where it says why")
    key_header: Header | None = Field(
        None,
        description="The header by which it recognises the same message; only with it one of unknown outcome is sent again",
    )
    timeout_s: float = Field(15.0, gt=0, le=120, description="How long a request may take")
    per_second: float | None = Field(
        None, gt=0, le=1000, description="Messages a second that it takes at most; null: as many as there are"
    )
    callbacks: CallbackSettings | None = Field(None, description="Receipts and replies that it posts to us")


class SmtpSettings(_Part):
    """E-mail."""

    host: Annotated[str, Field(min_length=1, max_length=253, pattern=r"^[A-Za-z0-9.:\-]+$")] = Field(
        description="The mail server"
    )
    port: int = Field(587, ge=1, le=65535, description="Its port: 587 with `starttls`, 465 with `tls`")
    security: Literal["tls", "starttls", "none"] = Field(
        "starttls", description="`tls` from the start, `starttls`, or `none` on this machine only"
    )
    sender: Mailbox = Field(description="The address that letters come from")
    sender_name: Annotated[str, Field(max_length=100)] = Field("", description="The name beside it")
    reply_to: Mailbox | None = Field(
        None, description="Where answers go, and the address that `List-Unsubscribe` names"
    )
    user: Annotated[str, Field(max_length=200)] = Field("", description="User, where the server wants one")
    password_file: FilePath | None = Field(None, description="A file with that user's password")
    ca_file: FilePath | None = Field(
        None, description="Certificates (PEM) that count instead of the system's"
    )
    timeout_s: float = Field(30.0, gt=0, le=300, description="How long each step may take")

    @model_validator(mode="after")
    def _in_the_clear(self) -> SmtpSettings:
        if self.security == "none" and self.host not in ("127.0.0.1", "::1", "localhost"):
            raise RefusedError(
                "sends letters in the clear", "security: starttls or tls, or a server on this machine"
            )
        return self


class MessengerSettings(_Part):
    """A company's application in WeCom, DingTalk or Feishu."""

    channel: Literal["wecom", "dingtalk", "feishu"] = Field(description="Which of them")
    app: Annotated[str, Field(pattern=r"^[A-Za-z0-9_\-]{1,64}$")] = Field(
        description="Corporation id (WeCom), app key (DingTalk), app id (Feishu)"
    )
    secret_file: FilePath = Field(description="A file with the application's secret")
    agent: int = Field(0, ge=0, description="The application's number (WeCom, DingTalk)")
    url: Address | None = Field(None, description="Address of the platform, where it is not the usual one")
    timeout_s: float = Field(15.0, gt=0, le=120, description="How long a request may take")


class UnansweredSettings(_Part):
    """The message after calls that nobody answers."""

    template: TemplateName = Field("missed_call", description="Which template")
    after: int = Field(2, ge=1, le=20, description="After so many in a row; at the latest with the last call")


class FollowSettings(_Part):
    """The message that follows an event by itself."""

    template: TemplateName = Field(description="Which template")
    notice: bool = Field(
        True,
        description="It tells something and asks for nothing: also where nothing is owed or a dispute is open",
    )


class MessageSettings(_Part):
    """Messages to customers. A channel without a section sends nothing."""

    gateways: list[HttpGatewaySettings] = Field(
        [], max_length=4, description="Text messages, push messages, messengers of one's own, WeChat: by HTTP"
    )
    email: SmtpSettings | None = Field(None, description="E-mail")
    messengers: list[MessengerSettings] = Field(
        [], max_length=3, description="Applications in WeCom (企业微信), DingTalk (钉钉), Feishu (飞书)"
    )
    private_channels: list[Literal["sms", "app", "email", "im", "wecom", "dingtalk", "feishu", "wechat"]] = (
        Field(
            ["sms", "app", "email", "im", "wechat"],
            description="Channels that nobody but the customer reads: only these carry a template that tells of a debt",
        )
    )
    hotline: Annotated[str, Field(max_length=40)] | None = Field(
        None, description="The number that `{hotline}` names"
    )
    links: dict[str, Address] = Field(
        {}, description="Pages of the company: `form_link`, `tariff_link`, `guide_link`, `survey_link`"
    )
    unanswered: UnansweredSettings | None = Field(
        UnansweredSettings(), description="The message after calls that nobody answers; null: none"
    )
    events: dict[EventName, FollowSettings] = Field(
        {
            "payment.settled": FollowSettings(template="payment_receipt"),
            "collection.dispute.decided": FollowSettings(template="dispute_decided"),
            "collection.plan.activated": FollowSettings(template="plan_approved"),
        },
        max_length=50,
        description="Messages that follow an event by themselves",
    )
    concurrency: int = Field(8, ge=1, le=64, description="Messages that are handed over at once")
    every_s: float = Field(5.0, ge=1, le=60, description="How often what is due is looked for")

    @model_validator(mode="after")
    def _known(self) -> MessageSettings:
        unknown = sorted(self.links.keys() - _LINKS)
        if unknown:
            raise RefusedError(f"links: {unknown[0][:40]} is not known", ", ".join(sorted(_LINKS)))
        channels: list[str] = [each.channel for each in self.gateways]
        channels += [each.channel for each in self.messengers]
        if len(set(channels)) < len(channels):
            raise RefusedError("two providers have the same channel", "one for each channel")
        names = [each.provider for each in self.gateways]
        if len(set(names)) < len(names) or set(names) & _TAKEN:
            raise RefusedError(
                "a provider's name is taken",
                f"a name of its own for each, and none of {', '.join(sorted(_TAKEN))}",
            )
        return self
