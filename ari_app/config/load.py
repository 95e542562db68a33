"""Reads the settings: a YAML file, overridden by environment variables. Every fault names its place."""

from __future__ import annotations

import difflib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import SecretStr, ValidationError
from pydantic_settings import BaseSettings, EnvSettingsSource, SettingsError

from ari_app.config.model import Settings
from ari_app.errors import ConfigError, InputError, Problem
from ari_app.services.model_problems import nearest, problems_of
from ari_app.yaml_lines import KeyPath, YamlDocument, read_yaml

CONFIG_VARIABLE = "ARI_APP_CONFIG"
CONFIG_NAME = "ari-app.yaml"
_PREFIX = "ARI_APP_"
_PATHS: tuple[KeyPath, ...] = (
    ("data_dir",),
    ("dialplan_dir",),
    ("ari", "password_file"),
    ("ami", "secret_file"),
    ("recordings", "dir"),
    ("speech", "funasr_ca_file"),
    ("llm", "api_key_file"),
    ("llm", "ca_file"),
    ("webhooks", "ca_file"),
    ("alerts", "smtp_password_file"),
    ("speech", "whisper_model"),
    ("payments", "link_keys_file"),
    ("payments", "generic", "secret_file"),
    ("payments", "wechat", "private_key_file"),
    ("payments", "wechat", "api_v3_key_file"),
    ("payments", "wechat", "platform_cert_files"),
    ("payments", "wechat", "public_key_file"),
    ("payments", "alipay", "private_key_file"),
    ("payments", "alipay", "public_key_file"),
    ("messages", "gateways", "bearer_file"),
    ("messages", "gateways", "password_file"),
    ("messages", "gateways", "callbacks", "secret_file"),
    ("messages", "email", "password_file"),
    ("messages", "email", "ca_file"),
    ("messages", "messengers", "secret_file"),
)
#: A name where there is no such folder: it lies in a cache, not beside the file.
_PATH_OR_NAME: frozenset[KeyPath] = frozenset({("speech", "whisper_model")})
_SECRET_BYTES = 4096


class _Environment(Settings, BaseSettings):  # type: ignore[misc]  # never made, only its fields are looked at
    """The same settings, for the reader of the environment."""


def load_settings(config: Path | None = None) -> Settings:
    """The settings of a file, overridden by the environment.

    The file is ``config``, else the one that ``ARI_APP_CONFIG`` names, else ``./ari-app.yaml`` if it exists,
    else there is none and the defaults hold. ``ARI_APP_SECTION__KEY`` overrides ``section.key``. A relative path
    in the file counts from the file's folder. Secrets that stand in files of their own are read.

    Raises ConfigError with every fault: file and line or variable, key, what is wrong and what is allowed.
    """
    path = config_path(config)
    try:
        document = YamlDocument("settings", None, {}) if path is None else read_yaml(path)
    except InputError as error:
        raise ConfigError(str(error)) from error
    values = {} if document.value is None else document.value
    if not isinstance(values, dict):
        raise ConfigError(f"{document.where()}: the settings are a mapping: keys, each with its value")
    if path is not None:
        _anchor(values, path.absolute().parent)
    faults = _unknown_variables()
    try:
        settings = Settings.model_validate(_merge(values, _environment()))
    except ValidationError as error:
        faults += problems_of(error, Settings, lambda where: _place(where, document))
        raise ConfigError("\n".join(map(str, faults))) from error
    if faults:
        raise ConfigError("\n".join(map(str, faults)))
    return _with_secrets(settings)


def config_path(config: Path | None) -> Path | None:
    """Which file the settings come from; None when there is none and none was asked for."""
    if config is not None:
        return config
    named = os.environ.get(CONFIG_VARIABLE, "").strip()
    if named:
        return Path(named)
    return Path(CONFIG_NAME) if Path(CONFIG_NAME).is_file() else None


def _environment() -> dict[str, Any]:
    source = EnvSettingsSource(
        _Environment, env_prefix=_PREFIX, env_nested_delimiter="__", env_ignore_empty=True
    )
    try:
        return source()
    except SettingsError as error:
        # Its text names the field; its cause could quote the value, which may be a secret.
        raise ConfigError(f"environment: {error}: write lists and mappings as JSON") from None


def _merge(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(below)
    for key, value in above.items():
        old = merged.get(key)
        merged[key] = _merge(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
    return merged


def _anchor(values: dict[str, Any], folder: Path) -> None:
    """Make the relative paths of a file count from its folder."""
    for *sections, key in _PATHS:
        here: list[object] = [values]
        for section in sections:
            here = [inner for each in here if isinstance(each, dict) for inner in _each(each.get(section))]
        for each in here:
            if isinstance(each, dict) and key in each:
                each[key] = _anchored(each[key], folder, (*sections, key) in _PATH_OR_NAME)


def _each(value: object) -> list[object]:
    return value if isinstance(value, list) else [value]


def _anchored(value: object, folder: Path, or_name: bool) -> object:
    if isinstance(value, list):
        return [_anchored(each, folder, or_name) for each in value]
    if not isinstance(value, str):
        return value
    path = folder / Path(value).expanduser()
    name = or_name and not value.startswith((".", "~"))
    return value if name and not path.is_dir() else str(path)


def _variable_of(path: KeyPath) -> str | None:
    """The environment variable that set a key or one of its ancestors; None when none did."""
    set_names = {name.upper(): name for name, value in os.environ.items() if value}
    for length in range(len(path), 0, -1):
        name = _PREFIX + "__".join(str(part) for part in path[:length]).upper()
        if name in set_names:
            return set_names[name]
    return None


def _place(path: KeyPath, document: YamlDocument) -> str:
    variable = _variable_of(path)
    return (
        f"environment variable {variable}"
        if variable is not None
        else document.where(path)
        if document.lines
        else document.source
    )


def _unknown_variables() -> list[Problem]:
    """Variables that look like settings and are none: a typo would be passed over in silence."""
    faults = []
    known = list(Settings.model_fields)
    for name in sorted(os.environ):
        if not name.upper().startswith(_PREFIX):
            continue
        section = name[len(_PREFIX) :].lower().split("__")[0]
        near = difflib.get_close_matches(section, known, n=1, cutoff=0.8)
        if section not in known and ("__" in name or near):
            place = f"environment variable {name}"
            faults.append(Problem(place, section, "is not a known section", nearest(section, known)))
    return faults


def _with_secrets(settings: Settings) -> Settings:
    ari, ami, llm = settings.ari, settings.ami, settings.llm
    if ari.password_file is not None:
        secret = _secret(ari.password_file, "ari.password_file")
        ari = ari.model_copy(update={"password": secret})
    if ami.secret_file is not None:
        ami = ami.model_copy(update={"secret": _secret(ami.secret_file, "ami.secret_file")})
    if llm.api_key_file is not None:
        llm = llm.model_copy(update={"api_key": _secret(llm.api_key_file, "llm.api_key_file")})
    alerts = settings.alerts
    if alerts.smtp_password_file is not None:
        secret = _secret(alerts.smtp_password_file, "alerts.smtp_password_file")
        alerts = alerts.model_copy(update={"smtp_password": secret})
    return settings.model_copy(update={"ari": ari, "ami": ami, "llm": llm, "alerts": alerts})


def _secret(path: Path, key: str) -> SecretStr:
    try:
        with path.open(encoding="utf-8") as stream:
            text = stream.read(_SECRET_BYTES + 1).rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"{key}: {path} cannot be read: {getattr(error, 'strerror', 'not UTF-8')}"
        ) from error
    if not text or len(text) > _SECRET_BYTES or "\n" in text:
        raise ConfigError(f"{key}: {path} must hold the secret alone, in one line")
    return SecretStr(text)
