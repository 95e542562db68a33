"""What one Asterisk instance is: role, ports, users, the other end of its trunk, and the values of its templates."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal, Self

from ari_app.asterisk.binary import AsteriskBinary
from ari_app.asterisk.instance_ports import InstancePorts

Role = Literal["pbx", "carrier"]
_T1_MS = 200


@dataclass(frozen=True, slots=True)
class InstanceCredentials:
    """Users of one instance; passwords are random and never leave its folder (mode 0600)."""

    ari_user: str = "ari-app"
    ari_password: str = field(default_factory=lambda: secrets.token_hex(16), repr=False)
    ami_user: str = "ari-app"
    ami_secret: str = field(default_factory=lambda: secrets.token_hex(16), repr=False)


def default_conf_root() -> Path:
    """The folder ``asterisk_conf`` of this checkout, or the one named by ``ARI_APP_ASTERISK_CONF``."""
    named = os.environ.get("ARI_APP_ASTERISK_CONF", "").strip()
    return Path(named) if named else Path(__file__).resolve().parents[2] / "asterisk_conf"


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceSettings:
    """See :class:`ari_app.asterisk.instance.AsteriskInstance` for the fields."""

    role: Role
    ports: InstancePorts
    host: str
    trunk_host: str
    trunk_port: int
    silent_port: int | None
    credentials: InstanceCredentials
    conf_root: Path
    dialplan: Path
    values: Mapping[str, str]

    def layers(self) -> list[Path]:
        """Template folders, the last one winning."""
        root = self.conf_root
        if self.role == "carrier":
            return [root / "common", root / "lab" / "carrier"]
        lab = [root / "lab" / "pbx"] if self.silent_port is not None else []
        return [root / "common", root / "pbx", *lab]

    def placeholder_values(self, folder: Path, run_dir: Path, binary: AsteriskBinary) -> dict[str, str]:
        """A value for every placeholder of every layer."""
        values = {
            "ETC_DIR": folder / "etc",
            "LIB_DIR": folder / "lib",
            "DB_DIR": folder / "db",
            "CACHE_DIR": folder / "cache",
            "SPOOL_DIR": folder / "spool",
            "LOG_DIR": folder / "log",
            "RUN_DIR": run_dir,
            "MODULES_DIR": binary.modules_dir,
            "DATA_DIR": binary.data_dir,
            "DIALPLAN_DIR": self.dialplan,
            "SYSTEM_NAME": f"{self.role}-{self.ports.sip}",
            "BIND_ADDRESS": self.host,
            "CONTROL_ADDRESS": self.host,
            "MEDIA_ADDRESS": self.host,
            "SIP_PORT": self.ports.sip,
            "HTTP_PORT": self.ports.http,
            "AMI_PORT": self.ports.ami,
            "RTP_START": self.ports.rtp_start,
            "RTP_END": self.ports.rtp_end,
            # Loopback has no distance: a short T1 lets a dead trunk be noticed in 64 * T1 (RFC 3261, timer B).
            "SIP_T1_MS": _T1_MS,
            "SIP_B_MS": 64 * _T1_MS,
            "QUALIFY_SECONDS": 2,
            "TRUNK_HOST": self.trunk_host,
            "TRUNK_PORT": self.trunk_port,
            "TRUNK_MATCH": self.trunk_host,
            "SILENT_PORT": self.silent_port or self.ports.silent,
            "AMI_PERMIT": f"{self.host}/255.255.255.255",
            "ARI_USER": self.credentials.ari_user,
            "ARI_PASSWORD": self.credentials.ari_password,
            "AMI_USER": self.credentials.ami_user,
            "AMI_SECRET": self.credentials.ami_secret,
        }
        return {name: str(value) for name, value in values.items()} | dict(self.values)

    def to_json(self) -> dict[str, Any]:
        """A JSON object that :meth:`from_json` reads; it holds the passwords."""
        return asdict(self) | {"conf_root": str(self.conf_root), "dialplan": str(self.dialplan)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """:raises KeyError, TypeError: not what :meth:`to_json` wrote."""
        return cls(
            **{
                **data,
                "ports": InstancePorts(**data["ports"]),
                "credentials": InstanceCredentials(**data["credentials"]),
                "conf_root": Path(data["conf_root"]),
                "dialplan": Path(data["dialplan"]),
            }
        )
