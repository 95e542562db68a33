"""Reading ``dialplan/integrations/NAME.yaml``: where records come from, what their fields mean, what they become.

Every fault is told with file, line, key and what would be right. Secrets never stand in the file: it names the files they
are read from at each run.
"""

from __future__ import annotations

import re
from datetime import datetime
from enum import StrEnum
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from ari_app.domain.compliance import zone_of
from ari_app.domain.integration.mapping import Act, FieldMap, Step
from ari_app.domain.webhooks.reach import Reach
from ari_app.errors import InputError, Problem
from ari_app.services.account_row import FIELDS as ACCOUNT_FIELDS
from ari_app.services.http_headers import free_header
from ari_app.services.integrations.payment_row import PAYMENT_FIELDS
from ari_app.services.integrations.ticket_row import TICKET_FIELDS
from ari_app.services.model_problems import RefusedError, nearest, problems_of
from ari_app.services.webhooks.addresses import refused_url
from ari_app.yaml_lines import YamlDocument, read_yaml

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,39}", re.ASCII)
_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}", re.ASCII)
_KEY = re.compile(r"[^\x00-\x20\x7f]{1,100}")
_BARE = frozenset({Act.STRIP, Act.UPPER, Act.LOWER, Act.TEXT, Act.FEN})
_STEPS = (
    ", ".join(_BARE)
    + ", date: FORM, instant: FORM, epoch: s or ms, day_in: ZONE, values: TABLE, default: VALUE"
)


class Into(StrEnum):
    """What records become."""

    ACCOUNTS = "accounts"
    PAYMENTS = "payments"
    TICKETS = "tickets"

    @property
    def fields(self) -> dict[str, bool]:
        """The fields that a record may have; True: must."""
        match self:
            case Into.ACCOUNTS:
                return ACCOUNT_FIELDS
            case Into.PAYMENTS:
                return PAYMENT_FIELDS
            case _:
                return TICKET_FIELDS


class Part(BaseModel):
    """A part of a definition; unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True, validate_default=True)


def _one_line(text: str) -> str:
    if any(ord(sign) < 32 or ord(sign) == 127 for sign in text):
        raise RefusedError("holds control characters", "one line of text")
    return text


def _key(text: str) -> str:
    if not _KEY.fullmatch(text):
        raise RefusedError("is not a name of a parameter", "one word")
    return text


def _header(text: str) -> str:
    if not _HEADER.fullmatch(text):
        raise RefusedError("is not a name of a header", "such as Authorization")
    return free_header(text)


def _address(text: str) -> str:
    allowed = "https://HOST/PATH, or http:// where plain: true or on loopback"
    try:
        parts = urlsplit(text)
        good = parts.scheme in ("http", "https") and bool(parts.hostname)
        good = good and (parts.port is None or parts.port > 0)
    except ValueError:
        raise RefusedError("is not a URL", allowed) from None
    if not good or parts.fragment or any(ord(sign) <= 32 or ord(sign) == 127 for sign in text):
        raise RefusedError("is not a URL of the right kind", allowed)
    if parts.username or parts.password:
        raise RefusedError("carries a user or password", "auth with secret_file")
    return text


def on_loopback(url: str) -> bool:
    """Whether a URL leads to this machine."""
    host = urlsplit(url).hostname or ""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _path(value: object) -> object:
    """``person.name`` as its parts; a list holds keys that have dots themselves."""
    parts = value.split(".") if isinstance(value, str) else value
    if not isinstance(parts, list | tuple) or not 1 <= len(parts) <= 10:
        raise RefusedError("is not a path", "keys with dots between, such as person.name, or a list of keys")
    if not all(isinstance(part, str) and 1 <= len(part) <= 100 for part in parts):
        raise RefusedError("is not a path", "keys with dots between; [1] is written .1")
    return tuple(parts)


def _root(value: object) -> object:
    return () if value in ("", ()) else _path(value)


def _number_as_text(value: object) -> object:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


Text = Annotated[
    str, BeforeValidator(_number_as_text), Field(min_length=1, max_length=500), AfterValidator(_one_line)
]
PathParts = Annotated[tuple[str, ...], BeforeValidator(_path)]
RootPath = Annotated[tuple[str, ...], BeforeValidator(_root)]
Key = Annotated[str, AfterValidator(_key)]
Header = Annotated[str, AfterValidator(_header)]


class AuthPart(Part):
    """The header that proves who we are; the secret is read from its file at each run."""

    header: Header = "Authorization"
    prefix: Annotated[str, Field(max_length=50), AfterValidator(_one_line)] = "Bearer "
    secret_file: Path


class PagingPart(Part):
    """How a list of several pages is asked for."""

    kind: Literal["none", "page", "cursor", "link"] = "none"
    param: Key | None = None
    start: Annotated[int, Field(ge=0, le=1_000_000)] = 1
    size_param: Key | None = None
    size: Annotated[int, Field(ge=1, le=10_000)] | None = None
    next: PathParts | None = None
    most_pages: Annotated[int, Field(ge=1, le=100_000)] = 1000

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.kind in ("page", "cursor") and self.param is None:
            raise RefusedError(f"paging by {self.kind} without param", "the parameter that asks for a page")
        if self.kind == "cursor" and self.next is None:
            raise RefusedError("paging by cursor without next", "the path of the next cursor in an answer")
        if (self.size_param is None) != (self.size is None):
            raise RefusedError("size and size_param belong together", "both or neither")
        return self


class SincePart(Part):
    """Only what has changed: the greatest value at ``field`` of all records so far is sent as ``param``."""

    param: Key
    field: PathParts
    first: Annotated[str, Field(max_length=200), AfterValidator(_one_line)] | None = None


class HttpPart(Part):
    """A list behind an address."""

    url: Annotated[str, Field(max_length=2000), AfterValidator(_address)]
    plain: bool = False
    networks: Annotated[list[Text], Field(max_length=20)] = []
    auth: AuthPart | None = None
    headers: dict[Header, Text] = {}
    params: dict[Key, Text] = {}
    records: RootPath = ()
    paging: PagingPart = PagingPart()
    since: SincePart | None = None
    timeout_s: Annotated[float, Field(ge=0.1, le=300)] = 30.0
    retries: Annotated[int, Field(ge=0, le=10)] = 4
    per_second: Annotated[float, Field(gt=0, le=1000)] = 5.0
    most_mb: Annotated[float, Field(gt=0, le=1000)] = 20.0
    most_records: Annotated[int, Field(ge=1, le=2_000_000)] = 200_000

    @property
    def reach(self) -> Reach:
        """What may be reached beyond the public internet."""
        return Reach.of(self.networks)

    @model_validator(mode="after")
    def _private(self) -> Self:
        try:
            reach = self.reach
        except ValueError:
            raise RefusedError("networks holds what is none", "such as 10.1.0.0/16 or an address") from None
        if refused := refused_url(self.url, reach):
            raise RefusedError(f"the address is not reached: {refused}", "networks that name where it lies")
        if self.url.startswith("http://") and not self.plain and not on_loopback(self.url):
            raise RefusedError(
                "sends customers' data and the secret in the clear",
                "https://, or plain: true in a network of your own",
            )
        return self


class FolderPart(Part):
    """A folder into which another system (by SFTP, say) puts files."""

    inbox: Path
    complete: Literal["still", "done", "rename"] = "still"
    still_s: Annotated[float, Field(ge=1, le=86_400)] = 30.0
    names: Annotated[list[Text], Field(min_length=1, max_length=20)] = ["*.csv", "*.xlsx", "*.json"]
    encoding: Text | None = None
    most_mb: Annotated[float, Field(gt=0, le=4000)] = 500.0

    @model_validator(mode="after")
    def _absolute(self) -> Self:
        if not self.inbox.is_absolute():
            raise RefusedError("inbox is not an absolute path", "such as /srv/sftp/billing")
        return self


def _step(value: object) -> Step:
    if isinstance(value, str) and value in _BARE:
        return Step(Act(value))
    if not isinstance(value, dict) or len(value) != 1:
        raise RefusedError("is not a step", _STEPS)
    ((name, of),) = value.items()
    match name:
        case "date" | "instant" if isinstance(of, str) and _form(of):
            return Step(Act(name), of)
        case "epoch" if of in ("s", "ms"):
            return Step(Act.EPOCH, str(of))
        case "day_in" if isinstance(of, str) and zone_of(of) is not None:
            return Step(Act.DAY_IN, of)
        case "default" if isinstance(of, str | int) and not isinstance(of, bool):
            return Step(Act.DEFAULT, str(of))
        case "values" if isinstance(of, dict) and of and all(isinstance(each, str) for each in of.values()):
            return Step(Act.VALUES, table={str(key): str(each) for key, each in of.items()})
    raise RefusedError("is not a step", _STEPS)


def _form(text: str) -> bool:
    """Whether a form can be read back: what strftime writes, strptime must understand."""
    try:
        sample = datetime(2026, 11, 23, 10, 0).strftime(text)  # noqa: DTZ001 - a sample, not a time
        datetime.strptime(sample, text)  # noqa: DTZ007
    except ValueError:
        return False
    return "%" in text and len(text) <= 100


class FieldPart(Part):
    """Where a field comes from. A text alone is its path."""

    path: PathParts | None = Field(None, alias="from")
    join: Annotated[list[PathParts], Field(min_length=2, max_length=5)] | None = None
    between: Annotated[str, Field(max_length=10), AfterValidator(_one_line)] = "-"
    const: Text | None = None
    do: Annotated[list[Annotated[Any, AfterValidator(_step)]], Field(max_length=10)] = []

    @model_validator(mode="before")
    @classmethod
    def _short(cls, value: object) -> object:
        return {"from": value} if isinstance(value, str) else value

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if [self.path, self.join, self.const].count(None) != 2:
            raise RefusedError("names not exactly one place", "one of from, join, const")
        return self

    @property
    def field_map(self) -> FieldMap:
        paths = tuple(self.join) if self.join is not None else () if self.path is None else (self.path,)
        return FieldMap(paths, self.between, self.const, tuple(self.do))


class Definition(Part):
    """One integration: its file's name, where it comes from, what it becomes."""

    integration: str
    into: Into
    campaign: Annotated[str, Field(min_length=1, max_length=64), AfterValidator(_one_line)] | None = None
    provider: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,39}$")] | None = None
    enabled: bool = True
    every_minutes: Annotated[float, Field(ge=0.1, le=10_080)] = 60.0
    http: HttpPart | None = None
    folder: FolderPart | None = None
    fields: dict[str, FieldPart] = Field({}, alias="map")
    required: list[str] = []

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if (self.http is None) == (self.folder is None):
            raise RefusedError("comes from not exactly one place", "one of http, folder")
        if (self.campaign is None) == (self.into is Into.ACCOUNTS):
            raise RefusedError("campaign and into do not fit", "a campaign for accounts, none otherwise")
        if self.provider is not None and self.into is not Into.PAYMENTS:
            raise RefusedError("provider is for payments", "no provider")
        if self.http is not None and not self.fields:
            raise RefusedError("has no map", "map, with a field for each that is needed")
        return self

    @property
    def ledger_provider(self) -> str:
        """Under whose name payments stand in the ledger."""
        return self.provider or self.integration

    @property
    def field_maps(self) -> dict[str, FieldMap]:
        return {name: part.field_map for name, part in self.fields.items()}


def read_definition(path: Path) -> Definition:
    """The integration of a file, whose name it bears. Raises InputError with file and line of every fault."""
    document = read_yaml(path)
    if not isinstance(document.value, dict):
        raise InputError([Problem(document.where(), "", "is not an integration", "keys such as integration")])
    try:
        found = Definition.model_validate(document.value)
    except ValidationError as error:
        raise InputError(problems_of(error, Definition, document.where)) from None
    problems = _names(found, document, path)
    if problems:
        raise InputError(problems)
    return found


def _names(found: Definition, document: YamlDocument, path: Path) -> list[Problem]:
    problems = []
    if found.integration != path.stem or not _NAME.fullmatch(found.integration):
        wrong = f"stands in the file {path.name}"
        problems.append(
            Problem(document.where(("integration",)), "integration", wrong, "the file's name without .yaml")
        )
    known = found.into.fields
    problems += [
        Problem(document.where(("map", name)), f"map.{name}", "is not a field", nearest(name, known))
        for name in found.fields
        if name not in known
    ]
    problems += [
        Problem(document.where(("map",)), "map", f"{name} is missing", "where it comes from")
        for name, needed in known.items()
        if found.fields and needed and name not in found.fields
    ]
    wrong, allowed = "names {!r}, which is not mapped", "a field of map"
    problems += [
        Problem(document.where(("required",)), "required", wrong.format(name[:100]), allowed)
        for name in found.required
        if name not in found.fields
    ]
    return problems
