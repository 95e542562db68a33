"""Caller IDs that the company owns and may show."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from ari_app.domain.caller_id import NumberRules
from ari_app.services.model_problems import RefusedError


def _number(text: str) -> str:
    if not (text.startswith("+") and text[1:].isascii() and text[1:].isdigit() and 5 <= len(text) <= 16):
        raise RefusedError("is not a number in E.164", '"+861065551234": + and 4 to 15 digits')
    return text


def _region(text: str) -> str:
    if not (text.startswith("+") and text[1:].isascii() and text[1:].isdigit() and len(text) <= 12):
        raise RefusedError("is not the beginning of an E.164 number", '"+86", "+8610" ...')
    return text


class CallerIdSettings(BaseModel):
    """A number of the company, approved by the carrier to be shown."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True, validate_default=True)

    number: Annotated[str, AfterValidator(_number)] = Field(description="The number, in E.164")
    regions: list[Annotated[str, AfterValidator(_region)]] = Field(
        [],
        max_length=200,
        description="Beginnings of the numbers that it is shown to first; none: everywhere alike",
    )
    per_day: int | None = Field(None, ge=1, le=100_000, description="Dials in 24 hours at most")
    cool_down_s: float = Field(0.0, ge=0, le=86_400, description="Least time between two dials that show it")
    max_concurrency: int | None = Field(
        None, ge=1, le=5000, description="Calls in progress at most that show it"
    )

    @property
    def rules(self) -> NumberRules:
        return NumberRules(tuple(self.regions), self.per_day, self.cool_down_s, self.max_concurrency)
