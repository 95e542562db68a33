"""The trunk that never replies, and a lab that is asked about and ended from another process."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ari_app.errors import TelephonyError
from ari_app.lab.black_hole import BlackHole
from ari_app.lab.records import CallRecords, read_records
from ari_app.lab.state import (
    STATE_FILE,
    LabNotRunning,
    end_lab,
    lab_status,
    read_state,
    remove_state,
    start_tick,
    write_state,
)
from tests.support.clock import FakeClock

pytestmark = pytest.mark.fakes

INVITE = (
    "INVITE sip:+8613800000001@127.0.0.1 SIP/2.0\r\n"
    'From: "Water" <sip:01055550100@127.0.0.1>;tag=1\r\nCall-ID: {}\r\n\r\n'
)


async def test_a_silent_trunk_notes_each_call_once_and_answers_nothing(tmp_path: Path) -> None:
    loop = asyncio.get_running_loop()
    noted = asyncio.Event()
    with (
        CallRecords(tmp_path) as records,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as caller,
    ):
        caller.setblocking(False)
        hole = BlackHole(records, FakeClock(), lambda call: noted.set() if call.call == 2 else None)
        port = await hole.start("127.0.0.1", 0)
        with pytest.raises(TelephonyError, match=f"UDP 127.0.0.1:{port}"):
            await BlackHole(records, FakeClock()).start("127.0.0.1", port)
        await loop.sock_connect(caller, ("127.0.0.1", port))
        for data in (
            INVITE.format("a"),
            INVITE.format("a"),
            "OPTIONS sip:x SIP/2.0\r\n\r\n",
            "\x00",
            INVITE.format("b"),
        ):
            await loop.sock_sendall(caller, data.encode())
        await noted.wait()
        hole.close()
        hole.close()
        with pytest.raises(BlockingIOError):
            caller.recv(1)
    calls = read_records(records.path)
    assert [(each.sip_call_id, each.invites, each.complete) for each in calls] == [
        ("a", 2, True),
        ("b", 1, True),
    ]
    assert (hole.calls, hole.datagrams, hole.ignored) == (2, 5, 2)
    assert {each.persona for each in calls} == {"black_hole"}
    assert calls[0].caller_name == "Water"


LAB = """
import signal, sys
from pathlib import Path
from ari_app.lab.state import write_state
write_state(Path(sys.argv[1]), scenario="x", ports={}, instances={}, secrets={"ari": "geheim"})
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
print("up", flush=True)
signal.pause()
"""


@contextmanager
def a_lab(folder: Path) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen([sys.executable, "-c", LAB, str(folder)], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "up\n"
        yield process
    finally:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


def test_a_running_lab_is_found_and_ended_from_another_process(tmp_path: Path) -> None:
    with a_lab(tmp_path) as process:
        state = read_state(tmp_path)
        assert state.running
        assert "geheim" not in repr(state)
        assert (tmp_path / STATE_FILE).stat().st_mode & 0o777 == 0o600
        status = lab_status(tmp_path)
        assert (status.running, status.calls, status.active, status.answered) == (True, 0, 0, 0)
        with pytest.raises(TelephonyError, match="already"):
            write_state(tmp_path, scenario="y", ports={}, instances={}, secrets={})
        assert end_lab(tmp_path)
        assert process.wait() == 0
    with pytest.raises(LabNotRunning, match="lab up"):
        read_state(tmp_path)


def test_a_killed_lab_is_seen_as_killed_and_tidied_away(tmp_path: Path) -> None:
    with a_lab(tmp_path) as process:
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert not lab_status(tmp_path).running
        assert end_lab(tmp_path)
    assert not (tmp_path / STATE_FILE).exists()


def test_another_process_with_the_same_id_is_not_the_lab(tmp_path: Path) -> None:
    write_state(tmp_path, scenario="x", ports={"sip": 1}, instances={}, secrets={})
    path = tmp_path / STATE_FILE
    path.write_text(path.read_text().replace(start_tick(os.getpid()), "1"))
    assert not read_state(tmp_path).running
    assert end_lab(tmp_path)  # and this process is still here
    remove_state(tmp_path)


@pytest.mark.parametrize("text", ["", "[]", '{"pid": "x"}', '{"pid": 1, "started": "2", "more": 3}'])
def test_a_damaged_state_is_an_error_that_names_the_file(text: str, tmp_path: Path) -> None:
    (tmp_path / STATE_FILE).write_text(text)
    with pytest.raises(TelephonyError, match=STATE_FILE):
        read_state(tmp_path)
