"""How promises to pay are judged."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from ari_app.domain.debt.breach import BREACHES, PromiseRule


class PromiseSettings(BaseModel):
    """When a promise is kept, and what follows where several are not."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True, validate_default=True)

    grace_days: int = Field(
        0,
        ge=0,
        le=30,
        description="Money that comes within so many days after the promised day still keeps a promise",
    )
    breaches: int = Field(
        BREACHES,
        ge=1,
        le=20,
        description="So many broken promises in a row, over all bills, put the customer on the list `special`",
    )

    @property
    def rule(self) -> PromiseRule:
        return PromiseRule(self.grace_days, self.breaches)
