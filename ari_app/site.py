"""A site of one's own on loopback: a PBX, and the laboratory's telephone network behind its trunk.

Used by the demonstration, by ``ari-app lab up``, by benchmarks and tests. Nothing here is needed in production.
"""

from __future__ import annotations

import json
import os
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from ari_app.asterisk.ari import AriConnection
from ari_app.asterisk.ari_types import AriSettings
from ari_app.asterisk.instance import AsteriskInstance, InstancePorts
from ari_app.asterisk.media import ChanWebsocketMedia
from ari_app.clock import ShiftedClock, SystemClock
from ari_app.lab.network import APP, Lab
from ari_app.lab.records import LabCall
from ari_app.lab.relay import LineFaults, TrunkRelay
from ari_app.lab.scenario import Scenario
from ari_app.ports import MediaStream
from ari_app.speech.espeak import EspeakVoice

#: The lab's Wednesday: inside every calling window of a customer in China.
LAB_START = datetime(2026, 3, 11, 2, 30, tzinfo=UTC)
#: The section of the settings that says how a local site dials.
DIALLER: Mapping[str, object] = {
    "tick_s": 0.2,
    "calls_per_second": 4.0,
    "max_concurrency": 30,
    "ring_timeout_s": 15.0,
}


@dataclass(frozen=True, slots=True)
class Site:
    """What runs. ``config`` is the settings file for ``ari-app --config``."""

    folder: Path
    pbx: AsteriskInstance
    carrier: AsteriskInstance
    lab: Lab
    clock: SystemClock
    config: Path
    relay: TrunkRelay | None = None
    """In the trunk, when faults of the line were asked for; its ``to_pbx`` and ``to_carrier`` may be replaced."""


@asynccontextmanager
async def local_site(
    folder: Path,
    scenario: Scenario,
    *,
    dialplan_dir: Path,
    settings: Mapping[str, object] | None = None,
    on_change: Callable[[LabCall], None] | None = None,
    line: LineFaults | None = None,
) -> AsyncIterator[Site]:
    """Start carrier, lab and PBX; everything is ended with the context, or by the kernel when this process dies.

    ``settings`` replaces whole sections of the settings file that is written. The instances are started by the calling
    thread, whose end ends them. ``line`` puts a relay with these faults, both ways, between PBX and carrier.

    Raises AsteriskMissing, PortInUse, BootFailed, InputError (scenario), SpeechError.
    """
    origin = datetime.now(UTC)
    clock = ShiftedClock(LAB_START, origin)
    pbx_ports, carrier_ports = InstancePorts.free(), InstancePorts.free()
    async with AsyncExitStack() as stack:
        relay: TrunkRelay | None = None
        if line is not None:
            relay = TrunkRelay(pbx_ports.sip, carrier_ports.sip, to_pbx=line, to_carrier=line)
            await stack.enter_async_context(relay)
        carrier = AsteriskInstance(
            folder / "carrier",
            "carrier",
            carrier_ports,
            trunk_port=pbx_ports.sip if relay is None else relay.port_for_carrier,
            die_with_parent=True,
        )
        stack.enter_context(carrier)
        lab = await stack.enter_async_context(
            _lab(carrier, scenario, clock, folder / "lab", dialplan_dir / "announcements", on_change)
        )
        pbx = AsteriskInstance(
            folder / "pbx",
            "pbx",
            pbx_ports,
            trunk_port=carrier_ports.sip if relay is None else relay.port_for_pbx,
            silent_port=lab.silent_port,
            die_with_parent=True,
        )
        stack.enter_context(pbx)
        config = write_config(folder, pbx, scenario, dialplan_dir, origin, settings or {})
        yield Site(folder, pbx, carrier, lab, clock, config, relay)


@asynccontextmanager
async def _lab(
    carrier: AsteriskInstance,
    scenario: Scenario,
    clock: ShiftedClock,
    folder: Path,
    announcements: Path,
    on_change: Callable[[LabCall], None] | None,
) -> AsyncIterator[Lab]:
    ari_settings = AriSettings(
        carrier.http_url, carrier.credentials.ari_user, carrier.credentials.ari_password, APP
    )
    ari = AriConnection(ari_settings)
    await ari.start(patience_s=10.0)

    async def open_media(connection_id: str) -> MediaStream:
        return await ChanWebsocketMedia.open(ari_settings, connection_id)

    try:
        async with Lab(
            scenario=scenario,
            ari=ari,
            open_media=open_media,
            voice=EspeakVoice(words_per_minute=150),
            clock=clock,
            folder=folder,
            silent_port=0,
            announcements=announcements,
            on_change=on_change,
        ) as lab:
            yield lab
    finally:
        await ari.close()


def write_config(
    folder: Path,
    pbx: AsteriskInstance,
    scenario: Scenario,
    dialplan_dir: Path,
    origin: datetime,
    settings: Mapping[str, object],
) -> Path:
    """Write the settings file of a local site (mode 0600: it holds the PBX's passwords); returns its path."""
    folder.mkdir(parents=True, exist_ok=True)
    sections: dict[str, object] = {
        "data_dir": str(folder / "data"),
        "dialplan_dir": str(dialplan_dir.absolute()),
        "company": {"name": "示例供水公司", "name_en": "Example Water Company"},
        "ari": {
            "url": pbx.http_url,
            "user": pbx.credentials.ari_user,
            "password": pbx.credentials.ari_password,
        },
        "ami": {
            "host": pbx.host,
            "port": pbx.ports.ami,
            "user": pbx.credentials.ami_user,
            "secret": pbx.credentials.ami_secret,
        },
        "trunks": [
            {"name": "carrier", "endpoint": "PJSIP/{number}@trunk", "host": pbx.host},
            {"name": "silent", "endpoint": "PJSIP/{number}@trunk-silent", "host": pbx.host},
        ],
        "routes": [
            {"prefix": "+", "trunk": "carrier"},
            *({"prefix": number, "trunk": "silent"} for number in sorted(scenario.silent_numbers())),
        ],
        "dialler": dict(DIALLER),
        "metrics": {"port": None},
        "webhooks": {"send": False},  # a laboratory tells nobody outside
        "lab": {"clock_start": LAB_START.isoformat(), "clock_origin": origin.isoformat()},
    }
    sections.update(settings)
    path = folder / "ari-app.yaml"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        # JSON is YAML 1.2, and needs no second opinion about quoting.
        file.write(json.dumps(sections, ensure_ascii=False, indent=2) + "\n")
    return path
