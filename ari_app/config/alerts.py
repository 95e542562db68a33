"""Alerts: who writes the letters."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, model_validator

from ari_app.services.model_problems import RefusedError


def _here(path: Path) -> Path:
    return path.expanduser().absolute()


class AlertSettings(BaseModel):
    """Alerts are told by e-mail where a mail server is named; rules and people stand in `dialplan/alerts.yaml`."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True, validate_default=True)

    smtp_host: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.:\-]{1,253}$")] | None = Field(
        None, description="Mail server; without one people are told by events alone"
    )
    smtp_port: int = Field(587, ge=1, le=65535, description="Its port")
    smtp_tls: Literal["tls", "starttls", "none"] = Field(
        "starttls", description="`tls` from the first byte, by STARTTLS, or `none`"
    )
    smtp_user: str = Field("", max_length=200, description="User, where it wants one")
    smtp_password: SecretStr | None = Field(None, description="Its password")
    smtp_password_file: Annotated[Path, AfterValidator(_here)] | None = Field(
        None, description="A file with the password, instead of `smtp_password`"
    )
    sender: str = Field(
        "alerts@localhost", pattern=r"^[^@\s]+@[^@\s]+$", max_length=200, description="From whom letters come"
    )

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.smtp_user and self.smtp_tls == "none":
            raise RefusedError("smtp_user would send a password in the clear", "smtp_tls: tls or starttls")
        return self
