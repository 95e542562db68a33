"""One Asterisk process of our own: rendered configuration, start, CLI, stop.

Used for the lab, the demo, tests and benchmarks, where the controller brings its PBX along. A production PBX is
run by its own service manager from the same templates (docs/telecom-engineer.md).
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import secrets
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Literal, Self

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
    "PortInUse",
    "Role",
    "cache_folder",
    "find_asterisk",
    "parse_version",
]

Role = Literal["pbx", "carrier"]

REQUIRED_MODULES: frozenset[str] = frozenset(
    {
        "app_mixmonitor",
        "app_stasis",
        "bridge_simple",
        "bridge_softmix",
        "cdr_csv",
        "chan_pjsip",
        "chan_websocket",
        "codec_alaw",
        "codec_resample",
        "codec_ulaw",
        "format_wav",
        "pbx_config",
        "res_ari",
        "res_ari_applications",
        "res_ari_asterisk",
        "res_ari_bridges",
        "res_ari_channels",
        "res_ari_endpoints",
        "res_ari_events",
        "res_ari_playbacks",
        "res_ari_recordings",
        "res_http_websocket",
        "res_pjsip",
        "res_pjsip_caller_id",
        "res_pjsip_endpoint_identifier_ip",
        "res_pjsip_outbound_registration",
        "res_pjsip_sdp_rtp",
        "res_pjsip_session",
        "res_rtp_asterisk",
        "res_sorcery_config",
        "res_stasis",
        "res_stasis_playback",
        "res_stasis_recording",
        "res_stasis_snoop",
        "res_timing_timerfd",
        "res_websocket_client",
    }
)
"""Modules (without ``.so``) that the product cannot work without, on the PBX and on the lab's carrier alike."""

_BOOT_SECONDS = 30.0
_STOP_SECONDS = 5.0
_CLI_SECONDS = 15.0
_POLL_SECONDS = 0.02
_SOCKET_PATH_LIMIT = 100  # sun_path holds 108 bytes; the socket's name and a NUL must fit behind the folder
# Asterisk looks its own host name up twice while it starts; where nobody knows that name, each look-up would wait
# for the resolver's 2 * 5 s. Calls look nothing up: transport and media addresses are given.
_RESOLVER = {"RES_OPTIONS": "timeout:1 attempts:1"}
_PROBLEM_LINE = re.compile(r"\b(?:ERROR|WARNING)\[")


class BootFailed(TelephonyError):
    """Asterisk ended or did not come up in time; the message ends with the last errors of its log."""


class CliFailed(TelephonyError):
    """A CLI command could not be given: Asterisk is not running or did not answer."""


@dataclass(frozen=True, slots=True)
class InstanceCredentials:
    """Users of one instance; passwords are random and never leave its folder (mode 0600)."""

    ari_user: str = "ari_app"
    ari_password: str = field(default_factory=lambda: secrets.token_hex(16), repr=False)
    ami_user: str = "ari_app"
    ami_secret: str = field(default_factory=lambda: secrets.token_hex(16), repr=False)


def default_conf_root() -> Path:
    """The folder ``asterisk_conf`` of this checkout, or the one named by ``ARI_APP_ASTERISK_CONF``."""
    named = os.environ.get("ARI_APP_ASTERISK_CONF", "").strip()
    return Path(named) if named else Path(__file__).resolve().parents[2] / "asterisk_conf"


class AsteriskInstance:
    """An Asterisk with its own folder, ports, users and logs.

    ``pbx`` has trunks ``trunk`` (to ``trunk_host:trunk_port``) and, where ``silent_port`` is given,
    ``trunk-silent`` (to a port where nothing answers SIP). ``carrier`` is the lab's telephone network: every
    number that the PBX dials arrives in the ARI application ``lab``.

    Usable as a context manager: started on entry, stopped on exit.
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
        """:param folder: everything this instance writes goes here; it is created.
        :param trunk_port: SIP port of the other end of the trunk.
        :param host: loopback address that every port binds to.
        :param dialplan: folder with the operators' ``*.conf``; ``dialplan/asterisk`` beside ``conf_root`` when None.
        :param values: placeholders that replace the ones made here (``{"QUALIFY_SECONDS": "5"}``).
        :param die_with_parent: the kernel ends Asterisk when the starting thread ends (``setpriv`` of util-linux).
        :raises AsteriskMissing: no usable Asterisk on this machine.
        """
        self.folder = folder.absolute()
        self.role: Role = role
        self.ports = ports
        self.host = host
        self.trunk_host, self.trunk_port, self.silent_port = trunk_host, trunk_port, silent_port
        self.credentials = credentials or InstanceCredentials()
        self.binary = binary or find_asterisk()
        self._conf_root = (conf_root or default_conf_root()).absolute()
        self._dialplan = (dialplan or self._conf_root.parent / "dialplan" / "asterisk").absolute()
        self._values = dict(values or {})
        self._die_with_parent = die_with_parent
        self._process: subprocess.Popen[bytes] | None = None
        self._pid: int | None = None
        self._run_dir: Path | None = None

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
        """CDR rows as CSV, in the column order of the Asterisk documentation (cdr_csv, Master.csv)."""
        return self.folder / "log" / "cdr-csv" / "Master.csv"

    @property
    def http_url(self) -> str:
        """Base of ARI (``/ari/...``) and of the media sockets (``/media/...``), without a slash at the end."""
        return f"http://{self.host}:{self.ports.http}"

    @property
    def pid(self) -> int | None:
        """Process id while Asterisk runs, else None."""
        return self._pid if self._pid is not None and self._alive() else None

    # --- life -----------------------------------------------------------------------------------

    def start(self, timeout: float = _BOOT_SECONDS) -> Self:
        """Renders, starts and waits until Asterisk is fully booted.

        :raises PortInUse: another process has the SIP, HTTP or AMI port.
        :raises ConfRenderError: the templates cannot be rendered.
        :raises BootFailed: it ended or was not up after ``timeout`` seconds; it has been ended then.
        """
        self._spawn()
        self._wait_booted(timeout)
        return self

    async def start_async(self, timeout: float = _BOOT_SECONDS) -> Self:
        """As :meth:`start`, without blocking the event loop; ends Asterisk when cancelled."""
        self._spawn()
        try:
            await asyncio.to_thread(self._wait_booted, timeout)
        except asyncio.CancelledError:
            self.kill()
            raise
        return self

    def stop(self, timeout: float = _STOP_SECONDS) -> None:
        """Ends Asterisk by its process id: SIGTERM, after ``timeout`` seconds SIGKILL. Harmless when it has ended."""
        if self._pid is not None and self._alive():
            self._signal(signal.SIGTERM)
            if not self._wait_gone(timeout):
                self.kill()
        self._forget()

    async def stop_async(self, timeout: float = _STOP_SECONDS) -> None:
        """As :meth:`stop`, without blocking the event loop."""
        await asyncio.to_thread(self.stop, timeout)

    def kill(self) -> None:
        """Ends Asterisk with SIGKILL, as a power cut would; :meth:`start` may follow in the same folder."""
        if self._pid is not None and self._alive():
            self._signal(signal.SIGKILL)
            self._wait_gone(_STOP_SECONDS)
        self._forget()

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
        """The instance that another process started in ``folder`` (running or not; see :attr:`pid`).

        :raises TelephonyError: no instance was ever started there.
        """
        try:
            state = json.loads((folder / "instance.json").read_text(encoding="utf-8"))
            instance = cls(
                folder,
                state["role"],
                InstancePorts(**state["ports"]),
                trunk_port=state["trunk_port"],
                trunk_host=state["trunk_host"],
                silent_port=state["silent_port"],
                host=state["host"],
                credentials=InstanceCredentials(**state["credentials"]),
                binary=binary,
                conf_root=Path(state["conf_root"]),
                dialplan=Path(state["dialplan"]),
                values=state["values"],
            )
            instance._pid = int(state["pid"])
            instance._run_dir = Path(state["run_dir"])
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise TelephonyError(f"{folder} holds no Asterisk instance: {error}") from error
        return instance

    # --- use ------------------------------------------------------------------------------------

    def cli(self, command: str, timeout: float = _CLI_SECONDS) -> str:
        """What Asterisk's console answers to ``command``.

        :raises CliFailed: not running, or no answer within ``timeout`` seconds.
        """
        if any(ord(sign) < 32 for sign in command):
            raise CliFailed(f"a CLI command is one line, not {command!r}")
        arguments = [str(self.binary.path), "-C", str(self.conf_file), "-rx", command]
        try:
            answer = subprocess.run(
                arguments,
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

        :raises CliFailed: not running.
        """
        running = {
            words[0].removesuffix(".so")
            for words in (line.split() for line in self.cli("module show").splitlines())
            if len(words) > 2 and words[0].endswith(".so") and "Running" in words and "Not" not in words
        }
        return REQUIRED_MODULES - running

    def problems(self) -> list[str]:
        """Every ERROR and WARNING line of the log since the folder was made."""
        return [line for line in _read_lines(self.log_file) if _PROBLEM_LINE.search(line)]

    # --- inside ---------------------------------------------------------------------------------

    def _render(self) -> None:
        run_dir = self.folder / "run"
        if len(str(run_dir).encode()) > _SOCKET_PATH_LIMIT - len("/asterisk.ctl"):
            run_dir = self._run_dir or Path(tempfile.mkdtemp(prefix="ari-app-run-"))
        self._run_dir = run_dir
        folders = {
            "ETC_DIR": self.folder / "etc",
            "LIB_DIR": self.folder / "lib",
            "DB_DIR": self.folder / "db",
            "CACHE_DIR": self.folder / "cache",
            "SPOOL_DIR": self.folder / "spool",
            "LOG_DIR": self.folder / "log",
            "RUN_DIR": run_dir,
        }
        for path in [
            self.folder,
            *folders.values(),
            self.recordings_dir,
            self.ari_recordings_dir,
            self.cdr_file.parent,
            self.folder / "lib" / "keys",
        ]:
            path.mkdir(parents=True, exist_ok=True, mode=0o700)
        values = {name: str(path) for name, path in folders.items()}
        values |= {
            "MODULES_DIR": str(self.binary.modules_dir),
            "DATA_DIR": str(self.binary.data_dir),
            "DIALPLAN_DIR": str(self._dialplan),
            "SYSTEM_NAME": f"{self.role}-{self.ports.sip}",
            "BIND_ADDRESS": self.host,
            "MEDIA_ADDRESS": self.host,
            "SIP_PORT": str(self.ports.sip),
            "HTTP_PORT": str(self.ports.http),
            "AMI_PORT": str(self.ports.ami),
            "RTP_START": str(self.ports.rtp_start),
            "RTP_END": str(self.ports.rtp_end),
            "SIP_T1_MS": "200",
            "SIP_B_MS": "12800",
            "QUALIFY_SECONDS": "10",
            "TRUNK_HOST": self.trunk_host,
            "TRUNK_PORT": str(self.trunk_port),
            "TRUNK_MATCH": self.trunk_host,
            "AMI_PERMIT": f"{self.host}/255.255.255.255",
            "SILENT_PORT": str(self.silent_port or self.ports.silent),
            "ARI_USER": self.credentials.ari_user,
            "ARI_PASSWORD": self.credentials.ari_password,
            "AMI_USER": self.credentials.ami_user,
            "AMI_SECRET": self.credentials.ami_secret,
        }
        layers = [self._conf_root / "common"]
        if self.role == "carrier":
            layers.append(self._conf_root / "lab" / "carrier")
        else:
            layers.append(self._conf_root / "pbx")
            if self.silent_port is not None:
                layers.append(self._conf_root / "lab" / "pbx")
        render_layers(layers, self.folder / "etc", values | self._values)

    def _spawn(self) -> None:
        if self._pid is not None and self._alive():
            raise TelephonyError(f"the {self.role} instance in {self.folder} is running already")
        taken = self.ports.taken(self.host)
        if taken:
            raise PortInUse(f"{', '.join(taken)} already in use by another process")
        self._render()
        arguments = [str(self.binary.path), "-f", "-C", str(self.conf_file)]
        if self._die_with_parent:
            setpriv = shutil.which("setpriv")
            if setpriv is None:
                raise BootFailed("die_with_parent needs setpriv (Debian package util-linux)")
            arguments = [setpriv, "--pdeathsig", "TERM", *arguments]
        with (self.folder / "log" / "console.log").open("ab") as console:
            # A session of its own: Ctrl-C at the terminal reaches the controller, which ends Asterisk in order.
            self._process = subprocess.Popen(
                arguments,
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=subprocess.STDOUT,
                cwd=self.folder,
                env=os.environ | _RESOLVER,
                start_new_session=True,
            )
        self._pid = self._process.pid
        self._write_state()

    def _write_state(self) -> None:
        state = {
            "role": self.role,
            "ports": asdict(self.ports),
            "trunk_host": self.trunk_host,
            "trunk_port": self.trunk_port,
            "silent_port": self.silent_port,
            "host": self.host,
            "credentials": asdict(self.credentials),
            "conf_root": str(self._conf_root),
            "dialplan": str(self._dialplan),
            "values": self._values,
            "pid": self._pid,
            "run_dir": str(self._run_dir),
        }
        path = self.folder / "instance.json"
        path.touch(mode=0o600)
        path.write_text(json.dumps(state, indent=1), encoding="utf-8")

    def _wait_booted(self, timeout: float) -> None:
        deadline = time.monotonic() + timeout
        assert self._run_dir is not None
        control = self._run_dir / "asterisk.ctl"
        while True:
            remaining = deadline - time.monotonic()
            if not self._alive():
                raise self._boot_failed("ended while starting")
            if remaining <= 0:
                raise self._boot_failed(f"was not up after {timeout:g} s")
            if control.exists():
                try:
                    if "fully booted" in self.cli("core waitfullybooted", remaining):
                        return
                except CliFailed:
                    pass  # the socket of a start that has not listened yet, or of a run before this one
            threading.Event().wait(_POLL_SECONDS)

    def _boot_failed(self, what: str) -> BootFailed:
        self.kill()
        errors = self.problems() or _read_lines(self.folder / "log" / "console.log")
        tail = "\n  ".join(errors[-8:]) or "its log is empty"
        return BootFailed(f"Asterisk ({self.role}, {self.folder}) {what}:\n  {tail}")

    def _alive(self) -> bool:
        if self._process is not None:
            return self._process.poll() is None
        if self._pid is None:
            return False
        try:
            command = Path(f"/proc/{self._pid}/cmdline").read_bytes()
        except OSError:
            return False
        return str(self.conf_file).encode() in command  # the id may belong to somebody else by now

    def _signal(self, number: signal.Signals) -> None:
        assert self._pid is not None
        try:
            os.kill(self._pid, number)
        except ProcessLookupError:
            pass  # it ended between the look and the signal

    def _wait_gone(self, timeout: float) -> bool:
        deadline = time.monotonic() + timeout
        pause = threading.Event()
        while self._alive():
            if time.monotonic() >= deadline:
                return False
            pause.wait(_POLL_SECONDS)
        return True

    def _forget(self) -> None:
        self._process = None
        self._pid = None
        if self._run_dir is not None and self._run_dir.parent != self.folder:
            shutil.rmtree(self._run_dir, ignore_errors=True)


def _read_lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8", errors="replace").splitlines()
    except FileNotFoundError:
        return []
