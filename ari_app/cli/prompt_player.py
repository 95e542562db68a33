"""Listening to a prompt: a WAV file, or the loudspeaker with whatever player this machine has."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Final

from ari_app.errors import AriAppError

PLAYERS: Final[tuple[tuple[str, ...], ...]] = (
    ("aplay", "-q"),
    ("ffplay", "-autoexit", "-nodisp", "-loglevel", "error"),
    ("play", "-q"),
)
"""ALSA, FFmpeg, SoX: the first that is installed."""

LONGEST_S: Final = 180.0


def player() -> tuple[str, ...] | None:
    """The command of an installed player."""
    return next((command for command in PLAYERS if shutil.which(command[0])), None)


def write_sound(path: Path, wav: bytes) -> None:
    """Write a WAV file; raises AriAppError when that is not possible."""
    try:
        path.write_bytes(wav)
    except OSError as error:
        raise AriAppError(f"{path} cannot be written: {error.strerror or error}") from error


def temporary_sound(wav: bytes) -> Path:
    """A file of its own that only its owner can read."""
    descriptor, name = tempfile.mkstemp(prefix="ari-app-prompt-", suffix=".wav")
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(wav)
    return Path(name)


def play_sound(path: Path, command: tuple[str, ...]) -> str | None:
    """Play a file; None when it was played, else why not (no sound card, for instance)."""
    try:
        # The path is absolute or made by ourselves, so that it is never taken for an option.
        done = subprocess.run(
            [*command, str(path.absolute())],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            timeout=LONGEST_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"{command[0]}: {type(error).__name__}"
    if done.returncode == 0:
        return None
    told = done.stderr.decode("utf-8", "replace").strip().splitlines()
    return f"{command[0]}: {told[-1] if told else f'ended with status {done.returncode}'}"
