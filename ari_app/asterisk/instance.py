"""One Asterisk of our own: rendered configuration, start, CLI, stop.

Used for the lab, the demo, tests and benchmarks, where the controller brings its PBX along. A production PBX
is run by its own service manager from the same templates (docs/telecom-engineer.md).
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Self

from ari_app.asterisk.binary import (
    MINIMUM_VERSION,
    AsteriskBinary,
    AsteriskMissing,
    cache_folder,
    find_asterisk,
    parse_version,
)
from ari_app.asterisk.conf_render import ConfRenderError, render_layers
from ari_app.asterisk.instance_ports import InstancePorts, PortInUse
from ari_app.asterisk.instance_process import AsteriskProcess, pause
from ari_app.asterisk.instance_settings import (
    InstanceCredentials,
    InstanceSettings,
    Role,
    default_conf_root,
)
from ari_app.asterisk.modules import REQUIRED_MODULES, running_modules
from ari_app.errors import TelephonyError

__all__ = [
    "MINIMUM_VERSION",
    "REQUIRED_MODULES",
    "AsteriskBinary",
    "AsteriskInstance",
    "AsteriskMissing",
    "BootFailed",
    "CliFailed",
    "ConfRenderError",
    "InstanceCredentials",
    "InstancePorts",
    "InstanceSettings",
    "PortInUse",
    "Role",
    "cache_folder",
    "default_conf_root",
    "find_asterisk",
    "parse_version",
]

_BOOT_SECONDS = 30.0
_STOP_SECONDS = 5.0
_CLI_SECONDS = 15.0
_SOCKET_PATH_LIMIT = 107  # bytes of sun_path before its NUL
_PROBLEM_LINE = re.compile(r"\b(?:ERROR|WARNING)\[")


class BootFailed(TelephonyError):
    """Asterisk ended or did not come up in time; the message ends with the last errors of its log."""


class CliFailed(TelephonyError):
    """A CLI command could not be given: Asterisk is not running or did not answer."""


class AsteriskInstance:
    """An Asterisk with its own folder, ports, users and logs.

    ``pbx`` has the trunk ``trunk`` (to ``trunk_host:trunk_port``) and, where ``silent_port`` is given,
    ``trunk-silent`` (to a port where nothing answers SIP). ``carrier`` is the lab's telephone network: every
    number that the PBX dials arrives in the ARI application ``lab``.

    Usable as a context manager, plain or async: started on entry, stopped on exit.
    """

    def __init__(
        self,
        folder: Path,
        role: Role,
        ports: InstancePorts,
        *,
        trunk_port: int,
        trunk_host: str = "127.0.0.1",
        silent_port: int | None = None,
        host: str = "127.0.0.1",
        credentials: InstanceCredentials | None = None,
        binary: AsteriskBinary | None = None,
        conf_root: Path | None = None,
        dialplan: Path | None = None,
        values: Mapping[str, str] | None = None,
        die_with_parent: bool = False,
    ) -> None:
        """:param folder: everything this instance writes goes here; it is created at the start.
        :param trunk_port: SIP port of the other end of the trunk.
        :param host: loopback address that every port binds to.
        :param dialplan: the operators' ``*.conf``; ``dialplan/asterisk`` beside ``conf_root`` when None.
        :param values: placeholders that replace the ones made here (``{"QUALIFY_SECONDS": "5"}``).
        :param die_with_parent: the kernel ends Asterisk when the thread that started it ends.
        :raises AsteriskMissing: no usable Asterisk on this machine.
        """
        root = (conf_root or default_conf_root()).absolute()
        self.settings = InstanceSettings(
            role=role,
            ports=ports,
            host=host,
            trunk_host=trunk_host,
            trunk_port=trunk_port,
            silent_port=silent_port,
            credentials=credentials or InstanceCredentials(),
            conf_root=root,
            dialplan=(dialplan or root.parent / "dialplan" / "asterisk").absolute(),
            values=dict(values or {}),
        )
        self.folder = folder.absolute()
        self.binary = binary or find_asterisk()
        self._die_with_parent = die_with_parent
        self._process = AsteriskProcess(self.conf_file)
        self._run_dir = self.folder / "run"

    @property
    def role(self) -> Role:
        return self.settings.role

    @property
    def ports(self) -> InstancePorts:
        return self.settings.ports

    @property
    def host(self) -> str:
        return self.settings.host

    @property
    def credentials(self) -> InstanceCredentials:
        return self.settings.credentials

    # --- places ---------------------------------------------------------------------------------

    @property
    def conf_file(self) -> Path:
        return self.folder / "etc" / "asterisk.conf"

    @property
    def log_file(self) -> Path:
        """Notices, warnings and errors of this instance."""
        return self.folder / "log" / "messages.log"

    @property
    def recordings_dir(self) -> Path:
        """Where MixMonitor writes a file named without a folder."""
        return self.folder / "spool" / "monitor"

    @property
    def ari_recordings_dir(self) -> Path:
        """Where ARI's own recordings (``POST channels/{id}/record``) go."""
        return self.folder / "spool" / "recording"

    @property
    def cdr_file(self) -> Path:
        """CDR rows as CSV, in the column order of Asterisk's cdr_csv; absent until the first call has ended."""
        return self.folder / "log" / "cdr-csv" / "Master.csv"

    @property
    def http_url(self) -> str:
        """Base of ARI (``/ari/...``) and of the media sockets (``/media/...``); no slash at the end."""
        return f"http://{self.host}:{self.ports.http}"

    @property
    def pid(self) -> int | None:
        """Process id while Asterisk runs, else None."""
        return self._process.pid

    # --- life -----------------------------------------------------------------------------------

    def start(self, timeout: float = _BOOT_SECONDS) -> Self:
        """Renders, starts and waits until Asterisk is fully booted. A stopped instance may be started again.

        :raises PortInUse: another process has the SIP, HTTP or AMI port.
        :raises ConfRenderError: the templates cannot be rendered.
        :raises BootFailed: it ended, was not up after ``timeout`` seconds, or lacks a required module; it has been
            ended then.
        """
        self._spawn()
        try:
            self._wait_booted(timeout)
        except BaseException:  # an interrupt while waiting must not leave the process behind
            self.kill()
            raise
        return self

    async def start_async(self, timeout: float = _BOOT_SECONDS) -> Self:
        """As :meth:`start`, without blocking the event loop; ends Asterisk when cancelled."""
        self._spawn()
        try:
            await asyncio.to_thread(self._wait_booted, timeout)
        except BaseException:
            self.kill()
            raise
        return self

    def stop(self, timeout: float = _STOP_SECONDS) -> None:
        """Ends Asterisk: SIGTERM, and SIGKILL after ``timeout`` seconds. Harmless when it has ended."""
        if not self._process.terminate(timeout):
            self.kill()
        self._remove_run_dir()

    async def stop_async(self, timeout: float = _STOP_SECONDS) -> None:
        """As :meth:`stop`, without blocking the event loop."""
        await asyncio.to_thread(self.stop, timeout)

    def kill(self) -> None:
        """Ends Asterisk with SIGKILL, as a power cut would; :meth:`start` may follow in the same folder.

        :raises TelephonyError: the kernel could not end it (a process stuck in a device).
        """
        if not self._process.kill(_STOP_SECONDS):
            raise TelephonyError(f"process {self.pid} does not end")
        self._remove_run_dir()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    async def __aenter__(self) -> Self:
        return await self.start_async()

    async def __aexit__(self, *_: object) -> None:
        await self.stop_async()

    @classmethod
    def attach(cls, folder: Path, *, binary: AsteriskBinary | None = None) -> AsteriskInstance:
        """The instance that was started in ``folder``, maybe by another process (running or not; see ``pid``).

        :raises TelephonyError: no instance was ever started there.
        """
        try:
            state = json.loads((folder / "instance.json").read_text(encoding="utf-8"))
            settings = InstanceSettings.from_json(state["settings"])
            instance = cls(
                folder,
                settings.role,
                settings.ports,
                trunk_port=settings.trunk_port,
                trunk_host=settings.trunk_host,
                silent_port=settings.silent_port,
                host=settings.host,
                credentials=settings.credentials,
                binary=binary,
                conf_root=settings.conf_root,
                dialplan=settings.dialplan,
                values=settings.values,
            )
            instance._process = AsteriskProcess(instance.conf_file, int(state["pid"]))
            instance._run_dir = Path(state["run_dir"])
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise TelephonyError(f"{folder} holds no Asterisk instance: {error}") from error
        return instance

    # --- use ------------------------------------------------------------------------------------

    def cli(self, command: str, timeout: float = _CLI_SECONDS) -> str:
        """What Asterisk's console answers to ``command``.

        :raises CliFailed: not running, no answer within ``timeout`` seconds, or more than one line given.
        """
        if any(ord(sign) < 32 for sign in command):
            raise CliFailed(f"a CLI command is one line, not {command!r}")
        try:
            answer = subprocess.run(
                [str(self.binary.path), "-C", str(self.conf_file), "-rx", command],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=timeout,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise CliFailed(f"CLI {command!r}: {error}") from error
        if answer.returncode != 0:
            raise CliFailed(f"CLI {command!r}: {(answer.stdout + answer.stderr).strip()[:300]}")
        return answer.stdout

    async def cli_async(self, command: str, timeout: float = _CLI_SECONDS) -> str:
        """As :meth:`cli`, without blocking the event loop."""
        return await asyncio.to_thread(self.cli, command, timeout)

    def missing_modules(self) -> frozenset[str]:
        """Which of :data:`REQUIRED_MODULES` are not loaded and running.

        :raises CliFailed: Asterisk is not running.
        """
        return REQUIRED_MODULES - running_modules(self.cli("module show"))

    def problems(self) -> list[str]:
        """Every ERROR and WARNING line of the log, of all runs in this folder."""
        return [line for line in _read_lines(self.log_file) if _PROBLEM_LINE.search(line)]

    # --- inside ---------------------------------------------------------------------------------

    def _spawn(self) -> None:
        if self._process.alive():
            raise TelephonyError(f"the {self.role} instance in {self.folder} is running already")
        taken = self.ports.taken(self.host)
        if taken:
            raise PortInUse(f"{', '.join(taken)}: in use by another process")
        self._make_folders()
        values = self.settings.placeholder_values(self.folder, self._run_dir, self.binary)
        render_layers(self.settings.layers(), self.conf_file.parent, values)
        console = self.folder / "log" / "console.log"
        self._process.spawn(self.binary.path, console, die_with_parent=self._die_with_parent)
        self._write_state()

    def _make_folders(self) -> None:
        if len(os.fsencode(self._run_dir / "asterisk.ctl")) > _SOCKET_PATH_LIMIT:
            self._run_dir = Path(tempfile.mkdtemp(prefix="ari-app-run-"))
        for path in (self.folder, self._run_dir):
            path.mkdir(parents=True, exist_ok=True)
            path.chmod(0o700)
        inside = (
            "etc",
            "lib/keys",
            "db",
            "cache",
            "log/cdr-csv",
            "spool/monitor",
            "spool/recording",
            "spool/tmp",
        )
        for name in inside:
            (self.folder / name).mkdir(parents=True, exist_ok=True)

    def _write_state(self) -> None:
        state = {"settings": self.settings.to_json(), "pid": self._process.pid, "run_dir": str(self._run_dir)}
        path = self.folder / "instance.json"
        path.touch(mode=0o600)
        path.write_text(json.dumps(state, indent=1), encoding="utf-8")

    def _wait_booted(self, timeout: float) -> None:
        deadline = time.monotonic() + timeout
        control = self._run_dir / "asterisk.ctl"
        while True:
            remaining = deadline - time.monotonic()
            if not self._process.alive():
                raise self._boot_failed("ended while starting")
            if remaining <= 0:
                raise self._boot_failed(f"was not up after {timeout:g} s")
            if control.exists():
                try:
                    if "fully booted" in self.cli("core waitfullybooted", remaining):
                        break
                except CliFailed:
                    pass  # the socket does not listen yet, or is left from a run that was killed
            pause()
        # Asterisk boots, content, without a single module.
        missing = self.missing_modules()
        if missing:
            raise self._boot_failed(f"came up without {', '.join(sorted(missing))}")

    def _boot_failed(self, what: str) -> BootFailed:
        found = self.problems() or _read_lines(self.folder / "log" / "console.log")
        tail = "\n  ".join(found[-8:]) or "its log is empty"
        return BootFailed(f"Asterisk ({self.role}, {self.folder}) {what}:\n  {tail}")

    def _remove_run_dir(self) -> None:
        if self._run_dir.parent != self.folder:
            shutil.rmtree(self._run_dir, ignore_errors=True)


def _read_lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8", errors="replace").splitlines()
    except FileNotFoundError:
        return []
