"""Instances of a real Asterisk: boot, modules, ARI, the trunk between two, restart, stop."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import threading
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest

from ari_app.asterisk.instance import AsteriskInstance, BootFailed, CliFailed, InstancePorts, PortInUse
from ari_app.errors import RequestRefused
from tests.support.lab_pbx import connected, start_instances, stop_instances

pytestmark = pytest.mark.asterisk

PATIENCE_TURNS = 500  # of 20 ms


def until(true: Callable[[], bool]) -> None:
    """Looks every 20 ms, for at most ten seconds."""
    for _ in range(PATIENCE_TURNS):
        if true():
            return
        threading.Event().wait(0.02)
    raise AssertionError("it did not become true")


def ari_info(instance: AsteriskInstance, password: str | None = None) -> dict[str, object]:
    login = f"{instance.credentials.ari_user}:{password or instance.credentials.ari_password}"
    request = urllib.request.Request(
        f"{instance.http_url}/ari/asterisk/info",
        headers={"Authorization": "Basic " + base64.b64encode(login.encode()).decode()},
    )
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(request, timeout=10) as answer:
        found: dict[str, object] = json.load(answer)
    return found


def test_all_required_modules_run_and_the_log_has_no_complaint(tmp_path: Path) -> None:
    # Instances of its own: other tests send the shared ones what they must complain about.
    running = start_instances(tmp_path)
    try:
        for instance in (running.pbx, running.carrier):
            assert instance.missing_modules() == frozenset()
            assert instance.problems() == []
    finally:
        stop_instances(running)


def test_ari_answers_to_its_user_and_to_nobody_else(pbx: AsteriskInstance) -> None:
    info = ari_info(pbx)
    assert info["system"]["version"].startswith(pbx.binary.version_text)  # type: ignore[index]
    with pytest.raises(urllib.error.HTTPError) as caught:
        ari_info(pbx, "wrong")
    assert caught.value.code == 401
    caught.value.close()


def test_each_end_of_the_trunk_knows_that_the_other_answers(
    pbx: AsteriskInstance, carrier: AsteriskInstance
) -> None:
    for instance in (pbx, carrier):
        until(lambda instance=instance: "Avail" in contact_line(instance, "trunk-aor"))  # type: ignore[misc]
    assert "NonQual" in contact_line(pbx, "trunk-silent-aor")


def contact_line(instance: AsteriskInstance, aor: str) -> str:
    lines = instance.cli("pjsip show contacts").splitlines()
    return next(line for line in lines if f"{aor}/" in line).replace("Unavail", "no answer")


def test_ports_are_bound_to_loopback_alone(pbx: AsteriskInstance) -> None:
    wanted = {pbx.ports.sip, pbx.ports.http, pbx.ports.ami}
    bound: dict[int, set[str]] = {}
    for table in ("tcp", "tcp6", "udp", "udp6"):
        for line in Path(f"/proc/{pbx.pid}/net/{table}").read_text().splitlines()[1:]:
            address, port = line.split()[1].split(":")
            if int(port, 16) in wanted and line.split()[2].endswith(":0000"):
                bound.setdefault(int(port, 16), set()).add(address)
    assert bound == {port: {"0100007F"} for port in wanted}


async def test_a_call_without_a_lab_controller_is_released_as_out_of_order(
    pbx: AsteriskInstance, carrier: AsteriskInstance
) -> None:
    assert await released(pbx, "PJSIP/13800000001@trunk") == (38, 500)
    # The record is written by a thread of its own, after the release has been sent.
    until(lambda: carrier.cdr_file.is_file() and '"13800000001"' in carrier.cdr_file.read_text())


async def test_a_trunk_that_never_replies_is_given_up(tmp_path: Path) -> None:
    ports = InstancePorts.free()
    quick = {"SIP_T1_MS": "100", "SIP_B_MS": "6400"}
    pbx = AsteriskInstance(
        tmp_path, "pbx", ports, trunk_port=ports.silent, silent_port=ports.silent, values=quick
    )
    async with pbx:
        cause, status = await released(pbx, "PJSIP/1@trunk-silent")
        assert (cause, status) == (18, 408)


async def released(pbx: AsteriskInstance, endpoint: str) -> tuple[object, object]:
    """Q.850 cause and SIP status with which a dialled call ends."""
    ended: asyncio.Future[tuple[object, object]] = asyncio.get_running_loop().create_future()
    async with connected(pbx, "test-instance") as ari:

        def take(event: object) -> None:
            data = getattr(event, "data", {})
            if getattr(event, "type", "") == "ChannelDestroyed" and not ended.done():
                ended.set_result((data.get("cause"), data.get("tech_cause")))

        unsubscribe = ari.subscribe(take)
        await ari.request(
            "POST",
            "channels",
            params={"endpoint": endpoint, "app": "test-instance", "channelId": f"t-{os.urandom(4).hex()}"},
        )
        try:
            return await asyncio.wait_for(ended, 30)
        finally:
            unsubscribe()


def test_a_killed_instance_starts_again_in_its_folder_and_is_found_by_others(tmp_path: Path) -> None:
    ports = InstancePorts.free()
    first = AsteriskInstance(tmp_path / "pbx", "pbx", ports, trunk_port=ports.silent)
    with first:
        pid = first.pid
        assert pid is not None
        with pytest.raises(PortInUse):
            AsteriskInstance(tmp_path / "second", "pbx", ports, trunk_port=ports.silent).start()
        first.kill()
        assert not Path(f"/proc/{pid}").exists()
        with pytest.raises(CliFailed):
            first.cli("core show uptime")
        first.start()
        assert first.pid != pid
        found = AsteriskInstance.attach(tmp_path / "pbx")
        assert found.pid == first.pid
        assert "System uptime" in found.cli("core show uptime")
        assert ari_info(found)["system"] is not None
        found.stop()
        assert first.pid is None


def test_stop_leaves_no_process(tmp_path: Path) -> None:
    ports = InstancePorts.free()
    instance = AsteriskInstance(tmp_path, "carrier", ports, trunk_port=ports.silent, die_with_parent=True)
    with instance:
        pid = instance.pid
    assert instance.pid is None
    assert not Path(f"/proc/{pid}").exists()
    assert ports.taken() == []


def test_an_asterisk_without_its_modules_is_no_asterisk(tmp_path: Path) -> None:
    ports = InstancePorts.free()
    instance = AsteriskInstance(
        tmp_path / "x", "carrier", ports, trunk_port=ports.silent, values={"MODULES_DIR": str(tmp_path)}
    )
    with pytest.raises(BootFailed, match=r"came up without .*chan_pjsip.*\n(.*\n)*.*ERROR"):
        instance.start()
    assert instance.pid is None
    assert ports.taken() == []


async def test_a_trunk_known_to_be_down_refuses_calls_at_once(tmp_path: Path) -> None:
    ports = InstancePorts.free()
    async with AsteriskInstance(tmp_path, "pbx", ports, trunk_port=ports.silent) as pbx:
        until(lambda: "no answer" in contact_line(pbx, "trunk-aor"))
        with pytest.raises(RequestRefused, match="Allocation failed"):
            await released(pbx, "PJSIP/1@trunk")


def test_an_operators_dialplan_is_taken_over_by_a_reload(tmp_path: Path) -> None:
    ports = InstancePorts.free()
    dialplan = tmp_path / "dialplan"
    dialplan.mkdir()
    (dialplan / "extensions.conf").write_text("[inbound]\nexten => 100,1,Hangup(17)\n")
    with AsteriskInstance(tmp_path / "pbx", "pbx", ports, trunk_port=ports.silent, dialplan=dialplan) as pbx:
        assert "Hangup(17)" in pbx.cli("dialplan show 100@from-trunk")
        (dialplan / "extensions.conf").write_text("[inbound]\nexten => 100,1,Hangup(34)\n")
        pbx.cli("dialplan reload")
        until(lambda: "Hangup(34)" in pbx.cli("dialplan show 100@from-trunk"))
