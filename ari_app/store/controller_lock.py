"""One controller per database: a lock that ends with the process that holds it."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from ari_app.errors import StoreError


class ControllerLock:
    """An ``flock`` on a file beside the database; the kernel releases it when the process dies, however it dies.

    The descriptor is not inherited by programs that are started. A process forked without exec would keep the lock.

    The file itself stays (removing it would let two processes hold locks on two files of the same name).
    """

    def __init__(self, database: Path) -> None:
        self.path = database.with_name(database.name + ".lock")
        self._descriptor: int | None = None

    def acquire(self) -> None:
        """Take the lock at once. Raises StoreError, with the process id of the holder, when another has it."""
        try:
            # Not inherited by child processes, so that a child that outlives us keeps nobody out.
            descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise StoreError(f"lock file {self.path}: {error.strerror or error}") from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        except BlockingIOError:
            holder = os.pread(descriptor, 32, 0).decode(errors="replace").strip()
            os.close(descriptor)
            raise StoreError(
                f"another controller (process {holder if holder.isdecimal() else 'unknown'}) serves this database; "
                f"stop it first, or use another database (lock file {self.path})"
            ) from None
        except OSError as error:
            os.close(descriptor)
            raise StoreError(f"lock file {self.path}: {error.strerror or error}") from error
        self._descriptor = descriptor

    def release(self) -> None:
        """Give the lock back; safe to call twice."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
