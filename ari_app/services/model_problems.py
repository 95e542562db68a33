"""What pydantic found wrong, told as problems with place, key, fault and what is allowed."""

from __future__ import annotations

import difflib
import types
from collections.abc import Callable, Iterable
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from ari_app.errors import Problem
from ari_app.yaml_lines import KeyPath, dotted

Where = Callable[[KeyPath], str]


class RefusedError(ValueError):
    """A value that a validator does not accept: what is wrong, and what is allowed.

    Raised inside pydantic validators and by the row checks of the importer. ``wrong`` never quotes a secret, a
    name or a whole telephone number.
    """

    def __init__(self, wrong: str, allowed: str = "") -> None:
        self.wrong = wrong
        self.allowed = allowed
        super().__init__(f"{wrong} (allowed: {allowed})" if allowed else wrong)


def nearest(word: str, known: Iterable[str]) -> str:
    """``did you mean X? one of ...`` for an unknown word, or just the known ones when nothing is near."""
    names = sorted(known)
    near = difflib.get_close_matches(word[:64], names, n=1, cutoff=0.6)
    listed = ", ".join(names)
    return f"did you mean {near[0]}? one of {listed}" if near else f"one of {listed}"


def problems_of(error: ValidationError, model: type[BaseModel], where: Where) -> list[Problem]:
    """One Problem for each fault of a validation; ``where`` names the place of a key path.

    The values themselves are not quoted: they may be secrets, names or telephone numbers.
    """
    return [_problem(detail, model, where) for detail in error.errors(include_url=False)]


def _problem(detail: ErrorDetails, model: type[BaseModel], where: Where) -> Problem:
    path = tuple(part for part in detail["loc"] if part != "[key]")
    context = detail.get("ctx", {})
    place, key = where(path), dotted(path)
    match detail["type"]:
        case "missing":
            return Problem(place, key, "is missing")
        case "extra_forbidden":
            return Problem(
                place, key, "is not a known key", nearest(str(path[-1]), keys_at(model, path[:-1]))
            )
        case "literal_error" | "enum":
            allowed = str(context.get("expected", "")).replace("'", "").replace(" or ", ", ")
            return Problem(place, key, "is not one of the known values", allowed)
        case "value_error" if isinstance(context.get("error"), RefusedError):
            refused = context["error"]
            return Problem(place, key, refused.wrong, refused.allowed)
        case _:
            text = detail["msg"].removeprefix("Value error, ")
            return Problem(place, key, text[:1].lower() + text[1:])


def keys_at(model: type[BaseModel], path: Iterable[str | int]) -> list[str]:
    """The keys that the model knows at a path; empty where it has no model there."""
    here: type[BaseModel] | None = model
    named = False
    for part in path:
        if isinstance(part, int) or named:
            named = False
            continue  # a list, or a mapping by names, holds the model that its field already led to
        if here is None:
            return []
        annotation = next(
            (field.annotation for name, field in here.model_fields.items() if part in (name, field.alias)),
            None,
        )
        here, named = _model_in(annotation), _by_names(annotation)
    return [field.alias or name for name, field in here.model_fields.items()] if here is not None else []


def _by_names(annotation: Any) -> bool:
    """Whether an annotation is that of a mapping: the key below it is a name that anybody may choose."""
    if get_origin(annotation) is Annotated:
        return _by_names(get_args(annotation)[0])
    return get_origin(annotation) is dict


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """The model class inside an annotation such as ``list[X]``, ``X | None`` or ``Annotated[X, ...]``."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    if get_origin(annotation) in (list, tuple, dict, Union, types.UnionType, Annotated):
        for inner in get_args(annotation):
            found = _model_in(inner)
            if found is not None:
                return found
    return None
