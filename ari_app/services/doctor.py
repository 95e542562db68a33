"""Is everything there that calling people needs? Each check says ok, warn or fail, and how to mend it.

This module holds what a check is and the checks of the machine itself; those that talk to Asterisk stand with the command.
"""

from __future__ import annotations

import importlib.metadata
import os
import platform
import re
import shutil
import socket
import sys
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_DISK_WARN_BYTES = 5_000_000_000
_DISK_FAIL_BYTES = 500_000_000
#: Before this the clock of the machine cannot be right.
_NOT_BEFORE = datetime(2026, 1, 1, tzinfo=UTC)


class Health(StrEnum):
    """How a check ended; only ``fail`` stops the product from calling."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Check:
    """One line of the report: what was looked at, what was found, and how to mend it when it is not ok."""

    name: str
    health: Health
    found: str
    mend: str = ""


def ok(name: str, found: str) -> Check:
    """All is well."""
    return Check(name, Health.OK, found)


def warn(name: str, found: str, mend: str) -> Check:
    """The product works, but something is missing."""
    return Check(name, Health.WARN, found, mend)


def fail(name: str, found: str, mend: str) -> Check:
    """Calls cannot be made like this."""
    return Check(name, Health.FAIL, found, mend)


def check_python() -> Check:
    """The interpreter's version."""
    version = sys.version_info[:2]
    found = f"{platform.python_implementation()} {platform.python_version()}"
    if (3, 11) <= version <= (3, 13):
        return ok("python", found)
    return fail("python", found, "use Python 3.11, 3.12 or 3.13")


def check_packages() -> Check:
    """Whether every package that the product requires is installed."""
    try:
        required = importlib.metadata.requires("ari-app") or []
    except importlib.metadata.PackageNotFoundError:
        return warn("packages", "ari-app itself is not installed", "run ./scripts/setup")
    needed = [
        re.split(r"[^A-Za-z0-9._-]", line, maxsplit=1)[0] for line in required if "extra ==" not in line
    ]
    missing = []
    for name in needed:
        try:
            importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            missing.append(name)
    if missing:
        return fail("packages", f"missing: {', '.join(sorted(missing))}", "run ./scripts/setup")
    return ok("packages", f"{len(needed)} of {len(needed)}")


def check_data_dir(folder: Path) -> Check:
    """Whether the data folder can be written, tried by writing."""
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with tempfile.NamedTemporaryFile(dir=folder, prefix=".doctor-") as probe:
            probe.write(b"x" * 4096)
            probe.flush()
            os.fsync(probe.fileno())
    except OSError as error:
        return fail(
            "data folder",
            f"{folder}: {error.strerror or error}",
            "set data_dir to a folder that can be written",
        )
    return ok("data folder", str(folder))


def check_disk(folder: Path) -> Check:
    """Free space where recordings go: about 2 MB a minute of a recorded call."""
    place = next((each for each in (folder, *folder.parents) if each.exists()), Path("/"))
    try:
        free = shutil.disk_usage(place).free
    except OSError as error:
        return fail("disk", f"{place}: {error.strerror or error}", "look at the file system")
    found = f"{free / 1e9:.1f} GB free at {place}"
    if free < _DISK_FAIL_BYTES:
        return fail("disk", found, "free some space; calls are recorded at about 2 MB a minute")
    if free < _DISK_WARN_BYTES:
        return warn("disk", found, "5 GB hold about 40 hours of recordings")
    return ok("disk", found)


def check_hostname() -> Check:
    """Whether this machine's own name resolves: without it Asterisk waits about 5 s before each SDP."""
    name = socket.gethostname()
    try:
        addresses = sorted({str(info[4][0]) for info in socket.getaddrinfo(name, None)})
    except OSError:
        return fail("hostname", f"{name} does not resolve", f"add '127.0.1.1 {name}' to /etc/hosts")
    return ok("hostname", f"{name} is {', '.join(addresses[:3])}")


def check_clock(now: datetime, zones: Iterable[str]) -> Check:
    """Whether the clock can be right and the time zones of the trade are known."""
    missing = []
    for zone in zones:
        try:
            ZoneInfo(zone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            missing.append(zone)
    if missing:
        return fail("clock", f"unknown time zones: {', '.join(missing)}", "install the package tzdata")
    if now < _NOT_BEFORE:
        return fail("clock", f"{now:%Y-%m-%d %H:%M} UTC is in the past", "set the clock; run an NTP client")
    return ok("clock", f"{now:%Y-%m-%d %H:%M:%S} UTC")


def check_private(path: Path, what: str) -> Check:
    """Whether a file that holds secrets is closed to others."""
    try:
        mode = path.stat().st_mode
    except OSError as error:
        return fail(what, f"{path}: {error.strerror or error}", "name a file that can be read")
    if mode & 0o077:
        return warn(what, f"{path} can be read by others", f"chmod 600 {path}")
    return ok(what, str(path))


def worst(checks: Iterable[Check]) -> Health:
    """The worst health of a report."""
    found = {check.health for check in checks}
    return next((health for health in (Health.FAIL, Health.WARN) if health in found), Health.OK)
