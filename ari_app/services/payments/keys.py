"""The keys that sign links: a file of lines, made at the first use, readable by its owner alone."""

from __future__ import annotations

import os
import re
import secrets
import stat
from collections.abc import Sequence
from pathlib import Path

from ari_app.errors import ConfigError

_KEY_BYTES = 32
_SHORTEST = 32
_MOST_KEYS = 20
_LARGEST_FILE = 65_536
_KEY = re.compile(rf"[!-~]{{{_SHORTEST},512}}")


class LinkKeys:
    """Keys of one file; the first signs, all are accepted. Their texts stand in no log and no repr."""

    __slots__ = ("_keys",)

    def __init__(self, keys: Sequence[str]) -> None:
        if not keys:
            raise ValueError("at least one key is needed")
        self._keys = tuple(keys)

    @property
    def oldest_first(self) -> list[str]:
        """As itsdangerous wants them: the last one signs."""
        return list(reversed(self._keys))

    def __repr__(self) -> str:
        return f"LinkKeys({len(self._keys)} keys)"


def link_keys(path: Path) -> LinkKeys:
    """The keys of a file, one a line, ``#`` begins a remark; where there is no file, one is made with a new key.

    Raises ConfigError for a file that others may read, and for keys that are too short.
    """
    if not path.exists():
        _make(path)
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        with os.fdopen(descriptor, encoding="utf-8") as stream:
            mode = stat.S_IMODE(os.fstat(stream.fileno()).st_mode)
            text = stream.read(_LARGEST_FILE + 1)
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} cannot be read: {getattr(error, 'strerror', 'not UTF-8')}") from error
    if mode & 0o077:
        raise ConfigError(f"{path} holds keys and may be read by others (mode {mode:04o}): chmod 600 it")
    keys = [line.strip() for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    if not keys or len(keys) > _MOST_KEYS or len(text) > _LARGEST_FILE:
        raise ConfigError(f"{path} must hold 1 to {_MOST_KEYS} keys, one a line")
    if not all(_KEY.fullmatch(key) for key in keys):
        raise ConfigError(f"{path}: a key has {_SHORTEST} to 512 printable characters without blanks")
    if len(set(keys)) != len(keys):
        raise ConfigError(f"{path} holds a key twice")
    return LinkKeys(keys)


def _make(path: Path) -> None:
    """Written whole under another name and then linked: of two processes at once, both read the key of the first."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    text = (
        f"# Keys of payment links. To rotate: put a new line on top, delete the old one a link's life later.\n"
        f"{secrets.token_urlsafe(_KEY_BYTES)}\n"
    )
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
                stream.write(text)
                stream.flush()
                os.fsync(stream.fileno())
            os.link(part, path)
        except FileExistsError:
            pass  # another process was first: its key holds
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        raise ConfigError(f"{path} cannot be made: {error.strerror or error}") from error
