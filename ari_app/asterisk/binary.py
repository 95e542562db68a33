"""Which Asterisk this machine has, and whether it is new enough.

Asked in this order: the environment variable ``ARI_APP_ASTERISK``, the program path, the private root that
``scripts/setup`` unpacks into the user's cache. At least 22.8 is needed: media sockets have their JSON
control messages (``f(json)``) since then; REST over the event WebSocket and ``chan_websocket`` itself are older.
"""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from ari_app.errors import TelephonyError

MINIMUM_VERSION = (22, 8, 0)
ENVIRONMENT_VARIABLE = "ARI_APP_ASTERISK"
SYSTEM_FOLDERS = ("/usr/sbin", "/usr/local/sbin")
"""Where a server's Asterisk stands; a plain user's PATH often lacks them."""
_VERSION_SECONDS = 20.0
_VERSION = re.compile(r"Asterisk (?:certified[/-])?(\d+)\.(\d+)(?:[.-](?:cert)?(\d+))?")


class AsteriskMissing(TelephonyError):
    """No Asterisk that this product can work with; the message says what was tried and how to mend it."""


@dataclass(frozen=True, slots=True)
class AsteriskBinary:
    """An Asterisk program and the folders that belong to its build.

    ``modules_dir`` holds its ``*.so`` modules, ``data_dir`` its read-only data (``documentation/``, ``rest-api/``).
    """

    path: Path
    version: tuple[int, int, int]
    modules_dir: Path
    data_dir: Path

    @property
    def version_text(self) -> str:
        return ".".join(str(part) for part in self.version)


def parse_version(text: str) -> tuple[int, int, int] | None:
    """The version in what ``asterisk -V`` prints, or None where it prints something else.

    ``Asterisk 22.10.1~dfsg+...`` gives (22, 10, 1); a git build (``Asterisk GIT-22-1a2b3c``) has no number.
    """
    found = _VERSION.search(text)
    if found is None:
        return None
    return int(found[1]), int(found[2]), int(found[3] or 0)


def cache_folder(environ: dict[str, str] | None = None) -> Path:
    """Where ``scripts/setup`` keeps its private Asterisk roots; all clones of one user share it."""
    env = dict(os.environ) if environ is None else environ
    base = env.get("XDG_CACHE_HOME", "")
    root = Path(base) if base.startswith("/") else Path(env.get("HOME") or Path.home()) / ".cache"
    return root / "ari-app"


def find_asterisk(environ: dict[str, str] | None = None) -> AsteriskBinary:
    """The Asterisk to use.

    :param environ: environment to look into; this process's own when None.
    :raises AsteriskMissing: none is new enough, or the one named by ``ARI_APP_ASTERISK`` cannot be used (a named
        one is never silently replaced by another).
    """
    env = dict(os.environ) if environ is None else environ
    named = env.get(ENVIRONMENT_VARIABLE, "").strip()
    if named:
        return _inspect(Path(named))
    refused: list[str] = []
    found = shutil.which("asterisk", path=_program_path(env))
    candidates = [Path(found)] if found else []
    machine = platform.machine()
    candidates += sorted(cache_folder(env).glob(f"asterisk-*-{machine}/asterisk"), reverse=True)
    for candidate in candidates:
        try:
            return _inspect(candidate)
        except AsteriskMissing as error:
            refused.append(str(error))
    tried = "; ".join(refused) or "none on the program path, none in the cache"
    raise AsteriskMissing(
        f"no usable Asterisk: {tried}. Run ./scripts/setup, or name one by {ENVIRONMENT_VARIABLE}=/path/to/asterisk"
    )


def _program_path(env: dict[str, str]) -> str:
    parts = [part for part in env.get("PATH", os.defpath).split(os.pathsep) if part]
    return os.pathsep.join([*parts, *(extra for extra in SYSTEM_FOLDERS if extra not in parts)])


def _inspect(path: Path) -> AsteriskBinary:
    if not (path.is_file() and os.access(path, os.X_OK)):
        raise AsteriskMissing(f"{path} is not a program that can be run")
    try:
        answer = subprocess.run(
            [str(path), "-V"],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_VERSION_SECONDS,
            check=False,
            stdin=subprocess.DEVNULL,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise AsteriskMissing(f"{path} -V did not work: {error}") from error
    version = parse_version(answer.stdout)
    if version is None:
        raise AsteriskMissing(
            f"{path} -V named no version: {(answer.stdout + answer.stderr).strip()[:200]!r}"
        )
    if version < MINIMUM_VERSION:
        wanted = ".".join(str(part) for part in MINIMUM_VERSION[:2])
        raise AsteriskMissing(f"{path} is {'.'.join(map(str, version))}, at least {wanted} is needed")
    modules, data = _folders(path)
    return AsteriskBinary(path.absolute(), version, modules, data)


def _folders(path: Path) -> tuple[Path, Path]:
    """Module and data folders of a build: a private root beside the wrapper first, then where packages put them."""
    root = path.resolve().parent / "root"
    prefixes = [root / "usr"] if root.is_dir() else [Path("/usr"), Path("/usr/local"), Path("/opt/asterisk")]
    for prefix in prefixes:
        libraries = [*sorted(prefix.glob("lib/*-linux-gnu*")), prefix / "lib64", prefix / "lib"]
        modules = next(
            (lib / "asterisk/modules" for lib in libraries if (lib / "asterisk/modules").is_dir()), None
        )
        if modules is None:
            continue
        data = prefix / "share/asterisk"
        return modules, data if data.is_dir() else Path("/var/lib/asterisk")
    raise AsteriskMissing(f"{path}: its module folder was not found under {', '.join(map(str, prefixes))}")
