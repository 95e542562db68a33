"""A virtual environment of its own for pipecat, made on first use: it shall not weigh on the product's."""

from __future__ import annotations

import asyncio
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

from ari_app.asterisk.binary import cache_folder
from ari_app.errors import AriAppError

VERSION = "1.14.0"
REQUIREMENTS = (f"pipecat-ai[websocket]=={VERSION}", "uvloop>=0.21")
INSTALL_S = 420.0


class PipecatMissing(AriAppError):
    """pipecat cannot be installed here; the message says why, and its figures are left out."""


async def pipecat_python(say: Callable[[str], None], *, folder: Path | None = None) -> Path:
    """The interpreter of an environment that has pipecat, which pip installs from its configured index.

    :raises PipecatMissing: it could not be installed (no index, no network, no room on the disk).
    """
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    place = (folder or cache_folder()) / f"pipecat-{VERSION}-py{version}"
    python = place / "bin" / "python"
    if (place / "complete").exists():
        return python
    say(f"installing pipecat {VERSION} into {place} (once, about half a gigabyte)")
    shutil.rmtree(place, ignore_errors=True)
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        async with asyncio.timeout(INSTALL_S):
            await _run(sys.executable, "-m", "venv", str(place))
            await _run(str(python), "-m", "pip", "install", "--quiet", *REQUIREMENTS)
        (place / "complete").touch()
    except (OSError, TimeoutError, PipecatMissing) as error:
        shutil.rmtree(place, ignore_errors=True)
        raise PipecatMissing(f"pipecat could not be installed: {str(error) or 'it took too long'}") from error
    return python


async def _run(*command: str) -> None:
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        _, errors = await process.communicate()
    except BaseException:
        process.kill()
        await process.wait()
        raise
    if process.returncode != 0:
        lines = [line for line in errors.decode("utf-8", "replace").splitlines() if line.startswith("ERROR")]
        raise PipecatMissing(
            lines[0] if lines else f"{Path(command[0]).name} ended with {process.returncode}"
        )
