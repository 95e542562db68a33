"""Finding an Asterisk, picking ports, and starts that go wrong: with programs that only pretend to be Asterisk."""

from __future__ import annotations

import asyncio
import gc
import os
import platform
import re
import socket
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from ari_app.asterisk.binary import AsteriskMissing, find_asterisk
from ari_app.asterisk.instance import AsteriskInstance, BootFailed, CliFailed, PortInUse
from ari_app.asterisk.instance_ports import MAX_RTP_PORTS, InstancePorts
from ari_app.errors import TelephonyError

pytestmark = pytest.mark.fakes


def fake_asterisk(folder: Path, version: str = "22.10.1", otherwise: str = "exit 1") -> Path:
    """A program that answers -V, and does ``otherwise`` (shell) for anything else."""
    (folder / "root/usr/lib/x86_64-linux-gnu/asterisk/modules").mkdir(parents=True)
    path = folder / "asterisk"
    path.write_text(f'#!/bin/sh\n[ "$1" = -V ] && {{ echo "Asterisk {version}"; exit 0; }}\n{otherwise}\n')
    path.chmod(0o755)
    return path


def environment(tmp_path: Path, **more: str) -> dict[str, str]:
    return {"HOME": str(tmp_path), "PATH": str(tmp_path / "bin"), **more}


@pytest.fixture(autouse=True)
def no_system_asterisk(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server's own Asterisk must not answer for the ones of the test."""
    monkeypatch.setattr("ari_app.asterisk.binary.SYSTEM_FOLDERS", ())


# --- which Asterisk ---------------------------------------------------------------------------------


def test_no_asterisk_is_said_with_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(AsteriskMissing, match=r"none on the program path.*scripts/setup.*ARI_APP_ASTERISK"):
        find_asterisk(environment(tmp_path))


def test_an_asterisk_that_is_too_old_is_said_and_passed_over(tmp_path: Path) -> None:
    fake_asterisk(tmp_path / "bin", "22.7.0~dfsg")
    with pytest.raises(AsteriskMissing, match=r"22\.7\.0, at least 22\.8 is needed"):
        find_asterisk(environment(tmp_path))
    cached = fake_asterisk(tmp_path / ".cache/ari-app" / f"asterisk-forky-{platform.machine()}")
    assert find_asterisk(environment(tmp_path)).path == cached


def test_the_named_asterisk_goes_first_and_is_never_replaced(tmp_path: Path) -> None:
    on_path = fake_asterisk(tmp_path / "bin", "22.9.0")
    named = fake_asterisk(tmp_path / "own", "23.1.0")
    assert find_asterisk(environment(tmp_path)).path == on_path
    found = find_asterisk(environment(tmp_path, ARI_APP_ASTERISK=str(named)))
    assert (found.path, found.version) == (named, (23, 1, 0))
    assert found.modules_dir == tmp_path / "own/root/usr/lib/x86_64-linux-gnu/asterisk/modules"
    with pytest.raises(AsteriskMissing, match="not a program"):
        find_asterisk(environment(tmp_path, ARI_APP_ASTERISK=str(tmp_path / "nowhere")))


def test_a_cache_of_another_machine_type_is_left_alone(tmp_path: Path) -> None:
    fake_asterisk(tmp_path / ".cache/ari-app/asterisk-forky-z80")
    with pytest.raises(AsteriskMissing):
        find_asterisk(environment(tmp_path))


def test_a_program_that_names_no_version_is_refused(tmp_path: Path) -> None:
    fake_asterisk(tmp_path / "bin", "GIT-master")
    with pytest.raises(AsteriskMissing, match="named no version"):
        find_asterisk(environment(tmp_path))


# --- ports ------------------------------------------------------------------------------------------


def test_ports_picked_together_never_overlap() -> None:
    picked = [InstancePorts.free(rtp_ports=100) for _ in range(3)]
    seen: set[int] = set()
    for ports in picked:
        own = {ports.sip, ports.http, ports.ami, ports.silent, *range(ports.rtp_start, ports.rtp_end + 1)}
        assert len(own) == 104
        assert not own & seen
        seen |= own


def test_another_process_gets_other_ports() -> None:
    mine = InstancePorts.free()
    code = "from ari_app.asterisk.instance_ports import InstancePorts; print(InstancePorts.free().sip)"
    # The same place to start from: only the guard keeps the two apart.
    code = f"import os; os.getpid = lambda: {os.getpid()}; {code}"
    other = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=Path.cwd()
    )
    assert int(other.stdout) != mine.sip


def test_a_block_is_free_again_when_nobody_holds_it() -> None:
    first = InstancePorts.free()
    sip = first.sip
    del first
    gc.collect()
    assert InstancePorts.free().sip == sip


def test_a_block_whose_port_is_taken_is_passed_over() -> None:
    first = InstancePorts.free()
    http = first.http
    with socket.create_server(("127.0.0.1", http)):
        assert first.taken() == [f"TCP 127.0.0.1:{http} (http)"]
        del first
        gc.collect()
        assert InstancePorts.free().http != http


@pytest.mark.parametrize("size", [0, 1, MAX_RTP_PORTS + 1])
def test_an_rtp_range_that_cannot_be_is_refused(size: int) -> None:
    with pytest.raises(ValueError, match="rtp_ports"):
        InstancePorts.free(rtp_ports=size)


# --- starts that go wrong ---------------------------------------------------------------------------


def instance(tmp_path: Path, otherwise: str, folder: Path | None = None) -> AsteriskInstance:
    program = fake_asterisk(tmp_path / "own", otherwise=otherwise)
    return AsteriskInstance(
        folder or tmp_path / "pbx",
        "pbx",
        InstancePorts.free(),
        trunk_port=5060,
        binary=find_asterisk(environment(tmp_path, ARI_APP_ASTERISK=str(program))),
    )


def test_an_end_while_starting_is_told_with_what_it_said(tmp_path: Path) -> None:
    pbx = instance(tmp_path, 'echo "ERROR[1] no timing module"; exit 1')
    with pytest.raises(BootFailed, match=r"ended while starting:\n.*no timing module"):
        pbx.start()
    assert pbx.pid is None


def test_one_that_never_comes_up_is_ended(tmp_path: Path) -> None:
    pbx = instance(tmp_path, 'echo $$ > "$0.pid"; exec sleep 600')
    with pytest.raises(BootFailed, match=r"was not up after 0\.3 s"):
        pbx.start(timeout=0.3)
    assert pbx.pid is None
    assert not Path(f"/proc/{(tmp_path / 'own/asterisk.pid').read_text().strip()}").exists()


async def test_a_cancelled_start_leaves_no_process(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "started")
    pbx = instance(tmp_path, f'echo > "{tmp_path}/started"; exec sleep 600')
    start = asyncio.create_task(pbx.start_async())
    await asyncio.to_thread((tmp_path / "started").read_text)
    assert pbx.pid is not None
    start.cancel()
    with pytest.raises(asyncio.CancelledError):
        await start
    assert pbx.pid is None


def test_one_that_ignores_the_term_signal_is_killed(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "started")
    pbx = instance(tmp_path, f'trap "" TERM; echo > "{tmp_path}/started"; while :; do sleep 0.05; done')
    pbx._spawn()
    (tmp_path / "started").read_text()
    pbx.stop(timeout=0.2)
    assert pbx.pid is None


def test_a_port_in_use_is_named_and_nothing_is_started(tmp_path: Path) -> None:
    pbx = instance(tmp_path, 'touch "$0.ran"')
    with (
        socket.create_server(("127.0.0.1", pbx.ports.ami)),
        pytest.raises(PortInUse, match=rf"TCP 127\.0\.0\.1:{pbx.ports.ami} \(ami\): in use"),
    ):
        pbx.start()
    assert not (tmp_path / "own/asterisk.ran").exists()


def test_secrets_are_for_the_owner_alone(tmp_path: Path) -> None:
    pbx = instance(tmp_path, "exit 1")
    with pytest.raises(BootFailed):
        pbx.start()
    assert stat.S_IMODE(pbx.folder.stat().st_mode) == 0o700
    for path in pbx.folder.rglob("*"):
        if path.is_file() and pbx.credentials.ari_password in path.read_text():
            assert stat.S_IMODE(path.stat().st_mode) == 0o600, path


def test_a_folder_too_deep_for_a_socket_gets_a_run_folder_elsewhere(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 100) / "pbx"
    pbx = instance(tmp_path, "exit 1", deep)
    with pytest.raises(BootFailed):
        pbx.start()
    (line,) = [line for line in pbx.conf_file.read_text().splitlines() if line.startswith("astrundir")]
    run_dir = Path(line.split("=> ")[1])
    assert len(str(run_dir / "asterisk.ctl")) < 108
    pbx.stop()
    assert not run_dir.exists()


def test_a_found_instance_knows_whether_its_process_is_still_the_same(tmp_path: Path) -> None:
    pbx = instance(tmp_path, "exit 1")
    with pytest.raises(BootFailed):
        pbx.start()
    state = pbx.folder / "instance.json"
    state.write_text(state.read_text().replace('"pid": ', f'"pid": {os.getpid()}, "was": '))
    found = AsteriskInstance.attach(pbx.folder, binary=pbx.binary)
    assert found.settings == pbx.settings
    assert found.pid is None  # this process's id, but no Asterisk
    found.stop()


@pytest.mark.parametrize("text", [None, "", "[]", "{}", '{"settings": {}, "pid": 1, "run_dir": "x"}'])
def test_a_folder_without_an_instance_is_said(tmp_path: Path, text: str | None) -> None:
    if text is not None:
        (tmp_path / "instance.json").write_text(text)
    with pytest.raises(TelephonyError, match="holds no Asterisk instance"):
        AsteriskInstance.attach(tmp_path)


def test_a_cli_command_is_one_line_to_a_running_asterisk(tmp_path: Path) -> None:
    pbx = instance(tmp_path, 'echo "Unable to connect to remote asterisk"; exit 1')
    with pytest.raises(CliFailed, match="Unable to connect"):
        pbx.cli("core show version")
    with pytest.raises(CliFailed, match="one line"):
        pbx.cli("core show version\ncore stop now")


# --- the container's entry point --------------------------------------------------------------------


def render_in_container(tmp_path: Path, **values: str) -> subprocess.CompletedProcess[str]:
    root = Path(__file__).resolve().parents[2]
    modules = tmp_path / "usr-lib"
    modules.mkdir(exist_ok=True)
    return subprocess.run(
        [str(root / "scripts/asterisk-entrypoint"), "render"],
        env={
            "PATH": os.environ["PATH"],
            "ARI_APP_HOME": str(root),
            "DATA_FOLDER": str(tmp_path / "data"),
            "MODULES_DIR": str(modules),
            **values,
        },
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_container_renders_every_template_of_the_pbx(tmp_path: Path) -> None:
    done = render_in_container(
        tmp_path, ARI_PASSWORD="a&b|c/d", AMI_SECRET="s", TRUNK_HOST="192.0.2.7", SIP_PORT="5070"
    )
    assert (done.returncode, done.stderr) == (0, "")
    etc = tmp_path / "data/etc"
    assert "password = a&b|c/d\n" in (etc / "ari.conf").read_text()
    assert "contact = sip:192.0.2.7:5080\n" in (etc / "pjsip_trunks.conf").read_text()
    assert "bind = 127.0.0.1:5070\n" in (etc / "pjsip.conf").read_text()
    for path in etc.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert not re.findall(r"@[A-Z][A-Z0-9_]*@", path.read_text()), path


def test_the_containers_site_files_go_in_as_they_are(tmp_path: Path) -> None:
    (tmp_path / "site").mkdir()
    (tmp_path / "site/pjsip_site.conf").write_text("[agent-101]\ntype = endpoint\n")
    done = render_in_container(tmp_path, ARI_PASSWORD="a", AMI_SECRET="s", SITE_FOLDER=str(tmp_path / "site"))
    assert done.returncode == 0
    assert "[agent-101]" in (tmp_path / "data/etc/pjsip_site.conf").read_text()


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"AMI_SECRET": "s"}, "set ARI_PASSWORD"),
        ({"ARI_PASSWORD": "a"}, "set AMI_SECRET"),
        ({"ARI_PASSWORD": "a\n[general]", "AMI_SECRET": "s"}, "the value of ARI_PASSWORD"),
        ({"ARI_PASSWORD": "a", "AMI_SECRET": "s;x"}, "the value of AMI_SECRET"),
        ({"ARI_PASSWORD": "a", "AMI_SECRET": "s", "TRUNK_HOST": " 192.0.2.7"}, "the value of TRUNK_HOST"),
    ],
)
def test_the_container_refuses_values_that_would_leave_their_line(
    tmp_path: Path, values: dict[str, str], said: str
) -> None:
    done = render_in_container(tmp_path, **values)
    assert done.returncode != 0
    assert said in done.stderr
    assert not (tmp_path / "data/etc/ari.conf").exists()
