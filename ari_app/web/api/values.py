"""Values as the API writes and reads them: camelCase, amounts as JSON numbers, instants of RFC 3339."""

from __future__ import annotations

import base64
import hashlib
import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any, Generic, TypeVar

from fastapi import Path, Query, Request, Response
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    WithJsonSchema,
)
from pydantic.alias_generators import to_camel

from ari_app.ports.debt import BillKey
from ari_app.services.api.cursors import Cursors, listing_name
from ari_app.services.model_problems import RefusedError
from ari_app.web.api.problems import KINDS, ApiProblem

T = TypeVar("T")

MOST_AMOUNT = Decimal("999999999.99")
_HUNDREDTH = Decimal("0.01")


class Model(BaseModel):
    """A body of the API; unknown fields are refused, values are never quoted in an error."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        populate_by_name=True,
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,
        serialize_by_alias=True,
    )


def _number(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise RefusedError("is not a number", "a JSON number such as 568.32")
    return value if isinstance(value, Decimal) else Decimal(str(value))


def _hundredths(value: Decimal) -> Decimal:
    if not value.is_finite() or not 0 <= value <= MOST_AMOUNT:
        raise RefusedError("is out of range", f"0 to {MOST_AMOUNT}")
    if value != value.quantize(_HUNDREDTH):
        raise RefusedError("has more than two decimal places", "hundredths, such as 568.32")
    return value.quantize(_HUNDREDTH)


def _above_nothing(value: Decimal) -> Decimal:
    if value <= 0:
        raise RefusedError("is out of range", f"above 0, at most {MOST_AMOUNT}")
    return value


def _described(**bound: float) -> WithJsonSchema:
    return WithJsonSchema(
        {"type": "number", "maximum": float(MOST_AMOUNT), "examples": [568.32], **bound}, mode="validation"
    )


#: An amount in an answer: a JSON number.
Money = Annotated[
    Decimal,
    PlainSerializer(float, return_type=float),
    WithJsonSchema({"type": "number"}, mode="serialization"),
]
#: An amount in a request: a JSON number above nothing, in hundredths.
Amount = Annotated[
    Decimal,
    BeforeValidator(_number),
    AfterValidator(_hundredths),
    AfterValidator(_above_nothing),
    _described(exclusiveMinimum=0),
]
#: The same, where nothing is an amount too.
AmountOrNothing = Annotated[
    Decimal, BeforeValidator(_number), AfterValidator(_hundredths), _described(minimum=0)
]


def _aware(value: datetime) -> datetime:
    if value.tzinfo is None:
        raise RefusedError("has no offset", "RFC 3339, such as 2026-03-02T10:00:00+08:00")
    try:
        return value.astimezone(UTC)
    except OverflowError as error:
        raise RefusedError("is out of range", "years 1 to 9999, UTC") from error


def _text_instant(value: Any) -> Any:
    if not isinstance(value, str | datetime):
        raise RefusedError("is not an instant", "RFC 3339, such as 2026-03-02T10:00:00+08:00")
    return value


#: An instant in a request: RFC 3339 with its offset.
Instant = Annotated[datetime, BeforeValidator(_text_instant), AfterValidator(_aware)]


def _plain_text(value: str) -> str:
    if any(ord(sign) < 32 or ord(sign) == 127 for sign in value):
        raise RefusedError("holds control characters", "one line of text")
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise RefusedError("holds half a character", "whole Unicode characters") from error
    return value


Line = Annotated[str, AfterValidator(_plain_text)]
Id = Annotated[str, AfterValidator(_plain_text), Field(min_length=1, max_length=100)]
FilterId = Annotated[str, AfterValidator(_plain_text), Query(max_length=100)]
Currency = Annotated[str, Field(pattern="^[A-Z]{3}$", description="ISO 4217")]


class Bill(Model):
    """What names one bill of one customer."""

    customer_id: Id
    account_id: Id
    bill_id: Id

    def key(self) -> BillKey:
        return BillKey(self.customer_id, self.account_id, self.bill_id)


# --------------------------------------------------------------------------------------------- references of accounts


def reference_of(bill: BillKey) -> str:
    """One word for the three ids of a bill, for paths."""
    text = json.dumps(
        [bill.customer_id, bill.account_id, bill.bill_id], ensure_ascii=False, separators=(",", ":")
    )
    return base64.urlsafe_b64encode(text.encode("utf-8", "surrogatepass")).decode().rstrip("=")


def bill_of(reference: str) -> BillKey | None:
    """The bill of such a word; None for anything else."""
    try:
        raw = base64.urlsafe_b64decode(reference.encode("ascii") + b"=" * (-len(reference) % 4))
        match json.loads(raw):
            case [str(customer), str(account), str(bill)]:
                return BillKey(customer, account, bill)
    except (ValueError, RecursionError):
        return None
    return None


Reference = Annotated[str, Path(max_length=1200, description="`accountRef` of an account")]
Name = Annotated[str, Path(min_length=1, max_length=200)]

# --------------------------------------------------------------------------------------------- pages

Cursor = Annotated[str | None, Query(max_length=1000, description="`nextCursor` of the page before")]
Limit = Annotated[int, Query(ge=1, le=200, description="Most rows of the page")]


class Listing(Model, Generic[T]):
    """A page of a list; `nextCursor` is missing on the last one."""

    items: list[T]
    next_cursor: str | None = None


class Pager:
    """The place of a page, and the cursor of the next one, for a list with its filters."""

    def __init__(self, cursors: Cursors, request: Request, name: str, **filters: object) -> None:
        self._cursors, self._request = cursors, request
        self._name = listing_name(
            name, {key: value for key, value in filters.items() if value not in ("", None)}
        )

    def after(self, cursor: str | None) -> tuple[int | str, ...] | None:
        """Where the page begins. Raises InputError for a cursor of something else."""
        return None if cursor is None else self._cursors.read(self._name, cursor)

    def next(self, response: Response, after: tuple[int | str, ...] | None) -> str | None:
        """The cursor of the next page, also told in a Link header (RFC 8288)."""
        if after is None:
            return None
        cursor = self._cursors.write(self._name, after)
        url = self._request.url.include_query_params(cursor=cursor)
        response.headers["Link"] = f'<{url.path}?{url.query}>; rel="next"'
        return cursor


# --------------------------------------------------------------------------------------------- entity tags


def tag_of(body: BaseModel) -> str:
    """The entity tag of a representation: a digest of it."""
    return f'"{hashlib.sha256(body.model_dump_json(by_alias=True).encode()).hexdigest()[:32]}"'


def _tags(header: str) -> list[str]:
    return [tag.strip().removeprefix("W/") for tag in header.split(",")][:50]


def tagged(request: Request, body: BaseModel) -> Response:
    """A single resource with its entity tag; 304 where the client has it already (RFC 9110, 13.1.2)."""
    tag = tag_of(body)
    wanted = request.headers.get("if-none-match")
    if wanted is not None and (wanted.strip() == "*" or tag in _tags(wanted)):
        return Response(status_code=304, headers={"ETag": tag})
    return Response(body.model_dump_json(by_alias=True), media_type="application/json", headers={"ETag": tag})


def must_match(request: Request, body: BaseModel) -> None:
    """If-Match: what is to be changed is what the client has seen. Raises ApiProblem 412."""
    wanted = request.headers.get("if-match")
    if wanted is None or wanted.strip() == "*" or tag_of(body) in _tags(wanted):
        return
    raise ApiProblem(
        412, KINDS[412], "the resource has changed since; read it again", headers={"ETag": tag_of(body)}
    )
