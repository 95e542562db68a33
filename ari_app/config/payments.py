"""Links to the payment page, and the providers that take money."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from ari_app.services.model_problems import RefusedError

_PROVIDER = re.compile(r"[a-z][a-z0-9_\-]{0,31}")
#: Names that stand for something else in a ledger.
RESERVED = frozenset({"wechat", "alipay", "manual"})


def _absolute(path: Path) -> Path:
    if any(ord(sign) < 32 or ord(sign) == 127 for sign in str(path)):
        raise RefusedError("holds control characters", "a path in UTF-8")
    return path.expanduser().absolute()


def _web_address(text: str) -> str:
    """``https://HOST[/PATH]``; plain http on loopback only."""
    allowed = "https://HOST, or http:// on 127.0.0.1, ::1 or localhost"
    try:
        parts = urlsplit(text)
        port_ok = parts.port is None or 0 < parts.port < 65536
    except ValueError:
        raise RefusedError("is not a URL", allowed) from None
    loopback = parts.hostname in ("127.0.0.1", "::1", "localhost")
    good = parts.scheme == "https" or (parts.scheme == "http" and loopback)
    if not good or not parts.hostname or not port_ok or parts.username or parts.password:
        raise RefusedError("is not an address that customers may be sent to", allowed)
    if parts.query or parts.fragment or any(ord(sign) <= 32 for sign in text):
        raise RefusedError("has more than host, port and path", allowed)
    return text.rstrip("/")


def _provider_name(text: str) -> str:
    if not _PROVIDER.fullmatch(text) or text in RESERVED:
        raise RefusedError(
            "is no name for a provider", f"a-z, 0-9, _ and -, and none of {', '.join(sorted(RESERVED))}"
        )
    return text


FilePath = Annotated[Path, AfterValidator(_absolute)]
WebAddress = Annotated[str, AfterValidator(_web_address)]
ProviderName = Annotated[str, AfterValidator(_provider_name)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True, validate_default=True)


class GenericProviderSettings(_Part):
    """A bank, an aggregator or a till of one's own that calls back with the house's own signature."""

    name: ProviderName = Field(description="Its name in ledgers and in the address of its callbacks")
    secret_file: FilePath = Field(
        description="A file with the secret that signs its callbacks, 32 bytes or more"
    )
    pay_url: WebAddress | None = Field(
        None,
        description="Where customers pay; `order`, `amount`, `currency`, `expires` and `signature` are added to it",
    )


class WeChatSettings(_Part):
    """WeChat Pay, version 3."""

    mchid: Annotated[str, Field(pattern=r"^[0-9]{1,32}$")] = Field(description="Merchant number")
    appid: Annotated[str, Field(pattern=r"^[A-Za-z0-9]{1,32}$")] = Field(
        description="Application that the customer pays in"
    )
    serial: Annotated[str, Field(pattern=r"^[0-9A-Fa-f]{1,64}$")] = Field(
        description="Serial number of the merchant's certificate"
    )
    private_key_file: FilePath = Field(description="The merchant's private key (PEM)")
    api_v3_key_file: FilePath = Field(description="A file with the APIv3 key, 32 characters")
    platform_cert_files: list[FilePath] = Field(
        [], max_length=20, description="Certificates of the platform (PEM) that sign callbacks"
    )
    public_key_file: FilePath | None = Field(
        None, description="The platform's public key (PEM), where it signs with one"
    )
    public_key_id: Annotated[str, Field(pattern=r"^[A-Za-z0-9_]{1,64}$")] | None = Field(
        None, description="Its id: PUB_KEY_ID_..."
    )
    methods: list[Literal["h5", "native"]] = Field(
        ["h5", "native"],
        description="What the page offers: `h5` in the telephone's browser, `native` by QR code",
    )
    gateway: WebAddress = Field("https://api.mch.weixin.qq.com", description="Address of its API")

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if (self.public_key_file is None) != (self.public_key_id is None):
            raise RefusedError(
                "payments.wechat: of public_key_file and public_key_id one is missing", "both, or neither"
            )
        return self


class AlipaySettings(_Part):
    """Alipay with RSA2."""

    app_id: Annotated[str, Field(pattern=r"^[0-9]{1,32}$")] = Field(description="Application")
    private_key_file: FilePath = Field(description="The application's private key (PEM)")
    public_key_file: FilePath = Field(description="Alipay's public key (PEM), not the application's")
    seller_id: Annotated[str, Field(pattern=r"^[0-9]{1,32}$")] | None = Field(
        None, description="Whom notices must name as the seller, where given"
    )
    methods: list[Literal["wap", "page"]] = Field(
        ["wap", "page"], description="What the page offers: `wap` on a telephone, `page` on a computer"
    )
    gateway: WebAddress = Field("https://openapi.alipay.com/gateway.do", description="Address of its gateway")


class PaymentSettings(_Part):
    """Links to the payment page, and the providers behind it."""

    base_url: WebAddress | None = Field(
        None, description="Address of the payment page as customers reach it; without it no link is made"
    )
    link_keys_file: FilePath | None = Field(
        None,
        description="Keys that sign links, one a line: the first signs, all are accepted. `payment-links.keys` in"
        " `data_dir` when not given; made at the first use",
    )
    link_days: int = Field(7, ge=1, le=90, description="Days that a link lasts")
    link_uses: int = Field(50, ge=1, le=1000, description="How often a link opens the page")
    session_minutes: int = Field(
        30, ge=5, le=240, description="How long the page stays open after the question was answered"
    )
    order_minutes: int = Field(30, ge=5, le=1440, description="How long an order at a provider can be paid")
    promise_days: int = Field(
        14, ge=1, le=90, description="The latest day, from today, that a customer may promise on the page"
    )
    generic: list[GenericProviderSettings] = Field(
        [], max_length=20, description="Providers with the house's own signature"
    )
    wechat: WeChatSettings | None = Field(None, description="WeChat Pay; absent: not offered")
    alipay: AlipaySettings | None = Field(None, description="Alipay; absent: not offered")

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.base_url is None:
            for name in ("wechat", "alipay"):
                if getattr(self, name) is not None:
                    raise RefusedError(
                        f"payments.{name} is given, and payments.base_url is not",
                        "the address that the provider calls back to",
                    )
        names = [each.name for each in self.generic]
        for name in sorted({name for name in names if names.count(name) > 1}):
            raise RefusedError(f"the provider {name} stands twice in payments.generic", "each name once")
        return self
