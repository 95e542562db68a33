"""What happens to bills in dispute, to services, and to cases over 90 days."""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from ari_app.services.model_problems import RefusedError


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True, validate_default=True)


class DisputeSettings(_Section):
    """Files of disputes. By when disputes are answered stands in ``dialplan/disputes.yaml``."""

    evidence_mb: float = Field(10.0, gt=0, le=200, description="Largest file that proves something, in MiB")
    close_after_days: int = Field(
        14,
        ge=0,
        le=365,
        description="Days after which a dispute whose customer was told is closed; 0: by hand alone",
    )
    evidence_files: int = Field(20, ge=1, le=200, description="Files of one dispute at most")


class ServiceSettings(_Section):
    """Suspending and restoring services."""

    order_suspensions: bool = Field(
        False, description="Whether suspensions are ordered from here; otherwise the billing system decides"
    )
    warning_tries: int = Field(
        3,
        ge=1,
        le=20,
        description="Warnings after which one counts as given although none has reached anybody",
    )
    confirm_hours: float = Field(
        4.0, gt=0, le=240, description="Hours after which an order that nobody has confirmed is told"
    )


def _ascending(steps: list[CommissionStep]) -> list[CommissionStep]:
    if any(later.recovered_percent <= one.recovered_percent for one, later in pairwise(steps)):
        raise RefusedError("does not ascend", "each step from more recovered than the one before")
    return steps


class CommissionStep(_Section):
    """What an agency gets on top from a share of recovery on."""

    recovered_percent: float = Field(
        gt=0, le=100, description="Share of the debt that has been recovered, at least"
    )
    percent: float = Field(
        ge=0, le=100, description="What it gets on top, in percent of the debt handed over"
    )


class CaseSettings(_Section):
    """Cases over 90 days: evidence, hand-over, commission."""

    evidence_day: int = Field(
        80, ge=1, le=89, description="Day overdue on which the evidence is put together"
    )
    evidence_each_run: int = Field(
        200, ge=1, le=100_000, description="Packages that one run of the job makes at most"
    )
    high_amount: float = Field(
        5000.0, ge=0, le=1e12, description="Above this a second person reviews a hand-over"
    )
    commission_percent: float = Field(
        5.0, ge=0, le=100, description="What an agency gets in any case, in percent of the debt handed over"
    )
    commission_steps: Annotated[list[CommissionStep], Field(max_length=20), AfterValidator(_ascending)] = (
        Field(
            [
                CommissionStep(recovered_percent=70, percent=8),
                CommissionStep(recovered_percent=90, percent=12),
            ],
            description="What it gets on top by how much was recovered; the last step that is reached counts",
        )
    )
