"""The operating system's side of an Asterisk instance: one process, known by its id, started here or found again."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import threading
import time
from pathlib import Path

from ari_app.errors import TelephonyError

_POLL_SECONDS = 0.02
# Asterisk looks its own host name up twice while it starts; where nobody knows that name, each look-up would wait
# for the resolver's 2 * 5 s. Calls look nothing up: transport and media addresses are given.
_RESOLVER = {"RES_OPTIONS": "timeout:1 attempts:1"}


class AsteriskProcess:
    """One Asterisk process, told from any other by ``-C conf_file`` on its command line.

    ``pid`` is given where another process of ours has started it (it may have ended since).
    """

    def __init__(self, conf_file: Path, pid: int | None = None) -> None:
        self._conf_file = conf_file
        self._pid = pid
        self._child: subprocess.Popen[bytes] | None = None
        self._found = False

    @property
    def pid(self) -> int | None:
        """Process id while it runs, else None."""
        return self._pid if self.alive() else None

    def spawn(self, program: Path, console_log: Path, *, die_with_parent: bool = False) -> int:
        """Starts Asterisk in the foreground mode, with its console output in ``console_log``; returns its id.

        :param die_with_parent: the kernel sends SIGTERM when the thread that calls this ends.
        :raises TelephonyError: ``die_with_parent`` without util-linux's ``setpriv``, or the program cannot be run.
        """
        arguments = [str(program), "-f", "-C", str(self._conf_file)]
        if die_with_parent:
            setpriv = shutil.which("setpriv")
            if setpriv is None:
                raise TelephonyError("die_with_parent needs setpriv (package util-linux)")
            arguments = [setpriv, "--pdeathsig", "TERM", *arguments]
        with console_log.open("ab") as console:
            try:
                # A session of its own: Ctrl-C at the terminal reaches the controller, which ends Asterisk in order.
                self._child = subprocess.Popen(
                    arguments,
                    stdin=subprocess.DEVNULL,
                    stdout=console,
                    stderr=subprocess.STDOUT,
                    cwd=self._conf_file.parent,
                    env=os.environ | _RESOLVER,
                    start_new_session=True,
                )
            except OSError as error:
                raise TelephonyError(f"{program} could not be started: {error}") from error
        self._pid = self._child.pid
        return self._pid

    def alive(self) -> bool:
        """Whether it runs; a child of ours that has ended is reaped."""
        if self._child is not None:
            return self._child.poll() is None
        if self._pid is None:
            return False
        process = Path(f"/proc/{self._pid}")
        try:
            command = (process / "cmdline").read_bytes()
            stat = (process / "stat").read_text(encoding="utf-8", errors="replace")
            threads = len(list((process / "task").iterdir()))
        except OSError:
            return False
        ended = stat.rpartition(")")[2].split()[0] in "ZX"
        if ended and threads <= 1:  # the first thread may end before the others
            return False
        if command:
            # The id may be somebody else's by now.
            self._found = os.fsencode(self._conf_file) in command.split(b"\0")
        # An ending process has no command line any more and still holds its ports.
        return self._found

    def terminate(self, timeout: float) -> bool:
        """SIGTERM; whether it ended within ``timeout`` seconds. True when it had ended before."""
        return self._end(signal.SIGTERM, timeout)

    def kill(self, timeout: float) -> bool:
        """SIGKILL; whether it ended within ``timeout`` seconds. True when it had ended before."""
        return self._end(signal.SIGKILL, timeout)

    def _end(self, number: signal.Signals, timeout: float) -> bool:
        if self._pid is None or not self.alive():
            return True
        try:
            os.kill(self._pid, number)
        except ProcessLookupError:
            pass  # it ended between the look and the signal
        deadline = time.monotonic() + timeout
        while self.alive():
            if time.monotonic() >= deadline:
                return False
            pause()
        return True


def pause() -> None:
    """Waits one polling step (20 ms); for threads that look after a process, never for the event loop."""
    threading.Event().wait(_POLL_SECONDS)
