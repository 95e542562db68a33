"""What a running lab leaves in its folder, so that another process can ask how it is and end it.

``lab.json`` (mode 0600: it holds the passwords of the lab's Asterisk instances) names the process that runs the lab; it
ends the lab in order when it gets SIGTERM.
"""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from ari_app.errors import TelephonyError
from ari_app.lab.records import RECORDS_FILE, read_records

STATE_FILE = "lab.json"
_LOOK_S = 0.05


class LabNotRunning(TelephonyError):
    """No lab runs in that folder."""


@dataclass(frozen=True, slots=True)
class LabState:
    """A running lab. ``ports`` and ``secrets`` by name; ``instances`` are the folders of its Asterisk instances;
    ``started`` is the start tick of the process, which tells it from a later one with the same id."""

    pid: int
    started: str
    scenario: str
    ports: Mapping[str, int] = field(default_factory=dict)
    instances: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def running(self) -> bool:
        """Whether the process that wrote this is still there."""
        return start_tick(self.pid) == self.started


@dataclass(frozen=True, slots=True)
class LabStatus:
    """How a lab is: ``calls`` it has seen, ``active`` ones without an end, ``answered``."""

    state: LabState
    running: bool
    calls: int
    active: int
    answered: int


def start_tick(pid: int) -> str:
    """When a process started, in clock ticks since boot; empty when there is no such process (or it is a zombie)."""
    try:
        fields = (
            Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()
        )
    except OSError:
        return ""
    return "" if fields[0] in ("Z", "X") else fields[19]


def write_state(
    folder: Path,
    *,
    scenario: str,
    ports: Mapping[str, int],
    instances: Mapping[str, str],
    secrets: Mapping[str, str],
) -> LabState:
    """Note that this process runs the lab of a folder.

    :raises TelephonyError: another lab runs there already.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    before = _state_of(folder)
    if before is not None and before.running and before.pid != os.getpid():
        raise TelephonyError(
            f"a lab runs in {folder} already (process {before.pid}); end it with: ari-app lab down"
        )
    state = LabState(
        os.getpid(), start_tick(os.getpid()), scenario, dict(ports), dict(instances), dict(secrets)
    )
    path, temporary = folder / STATE_FILE, folder / f"{STATE_FILE}.new"
    temporary.unlink(missing_ok=True)
    temporary.touch(mode=0o600)
    temporary.write_text(json.dumps(asdict(state), indent=1), encoding="utf-8")
    temporary.replace(path)
    return state


def remove_state(folder: Path) -> None:
    """The lab of a folder has ended."""
    (folder / STATE_FILE).unlink(missing_ok=True)


def read_state(folder: Path) -> LabState:
    """The lab of a folder, running or killed.

    :raises LabNotRunning: none was started there, or it ended in order.
    """
    state = _state_of(folder)
    if state is None:
        raise LabNotRunning(f"no lab runs in {folder.parent}; start one with: ari-app lab up")
    return state


def lab_status(folder: Path) -> LabStatus:
    """How the lab of a folder is. Raises LabNotRunning."""
    state = read_state(folder)
    path = folder / RECORDS_FILE
    calls = read_records(path) if path.exists() else []
    return LabStatus(
        state=state,
        running=state.running,
        calls=len(calls),
        active=sum(not each.complete for each in calls),
        answered=sum(each.answered_at is not None for each in calls),
    )


def end_lab(folder: Path, timeout_s: float = 20.0) -> bool:
    """Ask the process of a lab to end, by SIGTERM, and wait; True when it has ended. A killed lab's state is removed.

    Blocks; call it in a thread where an event loop runs. Raises LabNotRunning.
    """
    state = read_state(folder)
    if state.running:
        try:
            os.kill(state.pid, signal.SIGTERM)
        except ProcessLookupError:
            pass  # it ended between the look and the signal
        deadline, pause = time.monotonic() + timeout_s, threading.Event()
        while state.running:
            if time.monotonic() >= deadline:
                return False
            pause.wait(_LOOK_S)
    remove_state(folder)
    return True


def _state_of(folder: Path) -> LabState | None:
    try:
        data = json.loads((folder / STATE_FILE).read_text(encoding="utf-8"))
        return LabState(**{**data, "pid": int(data["pid"]), "started": str(data["started"])})
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise TelephonyError(f"{folder / STATE_FILE} is no state of a lab: {error}") from error
