"""What went wrong, as problem details (RFC 9457); never a trace, never a value that was sent."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from ari_app.errors import AriAppError, InputError, StoreUnavailable, UnknownRecord, WrongState
from ari_app.errors import Problem as Fault
from ari_app.services.model_problems import RefusedError

MEDIA_TYPE = "application/problem+json"
TYPE = "urn:ari-app:problem:"
MOST_FAULTS = 100
_LONGEST = 300


class FieldProblem(BaseModel):
    """One fault of what was sent: where, what is wrong, and what would be right."""

    field: str = Field(description="Path of the field, such as `strategy.window[0]`; '' is the whole")
    wrong: str
    allowed: str = ""


class ProblemDetails(BaseModel):
    """RFC 9457."""

    type: str = Field(description="Stable name of the kind of problem", examples=[f"{TYPE}validation"])
    title: str
    status: int
    detail: str = ""
    instance: str = Field("", description="The request, as its `X-Request-Id` says")
    problems: list[FieldProblem] = []


class ApiProblem(HTTPException):
    """A refusal with its kind; answered as problem details."""

    def __init__(
        self,
        status: int,
        kind: str,
        detail: str,
        *,
        problems: Sequence[FieldProblem] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(status, detail, dict(headers or {}))
        self.kind = kind
        self.problems = tuple(problems)


def not_found(what: str) -> ApiProblem:
    """404."""
    return ApiProblem(404, "not-found", f"there is no such {what}")


def problem_response(
    request_id: str,
    status: int,
    kind: str,
    detail: str = "",
    problems: Sequence[FieldProblem] = (),
    headers: Mapping[str, str] | None = None,
) -> Response:
    """The answer to a request that was refused or failed."""
    body = ProblemDetails(
        type=TYPE + kind,
        title=HTTPStatus(status).phrase,
        status=status,
        detail=detail[:_LONGEST],
        instance=f"urn:request:{request_id}" if request_id else "",
        problems=list(problems[:MOST_FAULTS]),
    )
    content = json.dumps(body.model_dump(), ensure_ascii=True).encode()
    return Response(content, status, dict(headers or {}), media_type=MEDIA_TYPE)


#: Kinds of the statuses that the framework itself answers with.
KINDS: Mapping[int, str] = {
    400: "malformed",
    401: "unauthenticated",
    403: "forbidden",
    404: "not-found",
    405: "method-not-allowed",
    406: "not-acceptable",
    408: "too-slow",
    409: "conflict",
    412: "precondition-failed",
    413: "too-large",
    415: "unsupported-media-type",
    416: "range-not-satisfiable",
    422: "validation",
    429: "too-many-requests",
    500: "internal",
    503: "unavailable",
}


def _request_id(request: Request) -> str:
    return str(getattr(request.state, "request_id", ""))


def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if isinstance(error, ApiProblem):
        kind, problems = error.kind, error.problems
    else:
        kind, problems = KINDS.get(error.status_code, "refused"), ()
    return problem_response(
        _request_id(request), error.status_code, kind, str(error.detail), problems, error.headers
    )


def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    found = [_field_problem(detail) for detail in error.errors()]
    media = next((one for one in error.errors() if one["type"] == "model_attributes_type"), None)
    if media is not None and not _is_json(request):
        return problem_response(
            _request_id(request),
            415,
            KINDS[415],
            "the body is not declared as JSON: Content-Type: application/json",
        )
    return problem_response(_request_id(request), 422, KINDS[422], "the request is not valid", found)


def _is_json(request: Request) -> bool:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    return kind == "application/json" or (kind.startswith("application/") and kind.endswith("+json"))


def _field_problem(detail: Mapping[str, Any]) -> FieldProblem:
    path = [part for part in detail["loc"][1:] if part != "[key]"]
    field = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).lstrip(".")
    context = detail.get("ctx") or {}
    refused = context.get("error")
    if isinstance(refused, RefusedError):
        return FieldProblem(field=field[:_LONGEST], wrong=refused.wrong, allowed=refused.allowed)
    wrong, allowed = str(detail["msg"]).removeprefix("Value error, "), ""
    match detail["type"]:
        case "missing":
            wrong, allowed = "is missing", "this field has to be given"
        case "extra_forbidden":
            wrong, allowed = "is not a known field", "leave it out; openapi.json has every field"
        case "literal_error" | "enum":
            wrong = "is not one of the known values"
            allowed = str(context.get("expected", "")).replace("'", "").replace(" or ", ", ")
    return FieldProblem(field=field[:_LONGEST], wrong=wrong[:_LONGEST], allowed=allowed[:_LONGEST])


def field_problems(error: InputError) -> list[FieldProblem]:
    """The faults of an input; places of files mean nothing to a program that sent a request."""
    return [_of_fault(fault) for fault in error.problems]


def _of_fault(fault: Fault) -> FieldProblem:
    return FieldProblem(
        field=fault.field[:_LONGEST], wrong=fault.wrong[:_LONGEST], allowed=fault.allowed[:_LONGEST]
    )


def _known_error(request: Request, error: Exception) -> Response:
    if isinstance(error, InputError):
        return problem_response(
            _request_id(request), 422, KINDS[422], "the request is not valid", field_problems(error)
        )
    if isinstance(error, StoreUnavailable):
        return problem_response(
            _request_id(request),
            503,
            KINDS[503],
            "nothing can be stored at this moment",
            (),
            {"Retry-After": "5"},
        )
    if isinstance(error, UnknownRecord):
        return problem_response(_request_id(request), 404, KINDS[404], str(error))
    if isinstance(error, WrongState):
        return problem_response(_request_id(request), 409, "wrong-state", str(error))
    raise error


#: Errors of the trade that mean something to a client; any other is a fault of ours.
_KNOWN: tuple[type[AriAppError], ...] = (InputError, StoreUnavailable, UnknownRecord, WrongState)


def add_handlers(app: FastAPI) -> None:
    """Every error leaves as problem details; what nobody expected is caught further out (``edge.py``)."""
    app.add_exception_handler(HTTPException, _refused)
    app.add_exception_handler(RequestValidationError, _invalid)
    for kind in _KNOWN:
        app.add_exception_handler(kind, _known_error)
