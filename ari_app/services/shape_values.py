"""What the shapes of requests share: parts without unknown keys, numbers as JSON writers put them, voices and speeds."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from ari_app.domain.voice_style import ALLOWED, FASTEST, SLOWEST, voice_choice
from ari_app.services.model_problems import RefusedError


class Part(BaseModel):
    """A part of a request; an unknown key is refused, and a value never stands in an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, hide_input_in_errors=True)


def as_decimal(value: object) -> Decimal:
    """A JSON number or a number in quotes."""
    if isinstance(value, str) and re.fullmatch(r"[0-9]{1,13}(\.[0-9]{1,12})?", value, re.ASCII):
        return Decimal(value)
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise RefusedError("is not a number", "a number, such as 50 or 50.5")
    return Decimal(value)


def whole(value: object) -> object:
    """Accepts ``3.0`` for 3, as some JSON writers put it."""
    if isinstance(value, Decimal) and abs(value) < 10**9 and value == int(value):
        return int(value)
    return value


def _voice(value: str) -> str:
    try:
        voice_choice(value)
    except ValueError as error:
        raise RefusedError(str(error), ALLOWED) from error
    return value


def _speed(value: Decimal) -> Decimal:
    if not Decimal(str(SLOWEST)) <= value <= Decimal(str(FASTEST)):
        raise RefusedError("is not a speed", f"{SLOWEST} to {FASTEST}; 1 is the voice's own")
    return value


Number = Annotated[Decimal, BeforeValidator(as_decimal)]
VoiceName = Annotated[str, Field(max_length=100), AfterValidator(_voice)]
Speed = Annotated[Number, AfterValidator(_speed)]
