"""A PBX with our application and a scripted far end on a second Asterisk, over real SIP and RTP."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from ari_app.asterisk.ami import AmiConnection, AmiSettings
from ari_app.asterisk.ari import AriConnection
from ari_app.asterisk.ari_types import AriSettings
from ari_app.asterisk.instance import AsteriskInstance, InstancePorts
from ari_app.asterisk.recorder import MixMonitorRecorder
from ari_app.asterisk.telephony import AsteriskTelephony
from ari_app.errors import TelephonyError
from ari_app.lab.relay import TrunkRelay
from ari_app.ports import AriEvent
from tests.support.lab_pbx import wait_for_trunk

PATIENCE = 20.0

Script = Callable[["Subscriber"], Awaitable[None]]


@dataclass(slots=True)
class Pair:
    """Two running instances."""

    pbx: AsteriskInstance
    carrier: AsteriskInstance

    def stop(self) -> None:
        self.pbx.stop()
        self.carrier.stop()


def start_pair(folder: Path) -> Pair:
    """A PBX and a carrier, each other's trunk; ``stop`` ends them."""
    pbx_ports, carrier_ports = InstancePorts.free(), InstancePorts.free()
    pair = _started(folder, pbx_ports, carrier_ports, carrier_ports.sip, pbx_ports.sip)
    try:
        wait_for_trunk(pair.pbx)
    except BaseException:
        pair.stop()
        raise
    return pair


@asynccontextmanager
async def relayed_pair(folder: Path) -> AsyncIterator[tuple[Pair, TrunkRelay]]:
    """As :func:`start_pair`, with a relay in the trunk that does no harm until its faults are set."""
    pbx_ports, carrier_ports = InstancePorts.free(), InstancePorts.free()
    async with TrunkRelay(pbx_ports.sip, carrier_ports.sip) as relay:
        # In this thread: the instances end with the thread that started them.
        pair = _started(folder, pbx_ports, carrier_ports, relay.port_for_pbx, relay.port_for_carrier)
        try:
            yield pair, relay
        finally:
            pair.stop()


def _started(
    folder: Path, pbx_ports: InstancePorts, carrier_ports: InstancePorts, pbx_trunk: int, carrier_trunk: int
) -> Pair:
    pbx = AsteriskInstance(folder / "pbx", "pbx", pbx_ports, trunk_port=pbx_trunk, die_with_parent=True)
    carrier = AsteriskInstance(
        folder / "carrier", "carrier", carrier_ports, trunk_port=carrier_trunk, die_with_parent=True
    )
    carrier.start()
    try:
        pbx.start()
    except BaseException:
        carrier.stop()
        raise
    return Pair(pbx, carrier)


def ari_settings(instance: AsteriskInstance, app: str, url: str | None = None) -> AriSettings:
    users = instance.credentials
    return AriSettings(url or instance.http_url, users.ari_user, users.ari_password, app)


def ami_settings(instance: AsteriskInstance) -> AmiSettings:
    users = instance.credentials
    return AmiSettings(instance.host, instance.ports.ami, users.ami_user, users.ami_secret)


@dataclass(slots=True)
class Subscriber:
    """One call as the far end sees it."""

    ari: AriConnection
    channel_id: str
    caller_number: str
    caller_name: str
    keys: str = ""

    async def do(self, what: str, **params: str) -> None:
        await self.ari.request("POST", f"channels/{self.channel_id}/{what}", params=params)

    async def sound(self, hertz: float) -> None:
        """Play a tone until :meth:`silence`."""
        await self.do("play", media=f"tone:{hertz:.0f}", playbackId=f"tone-{self.channel_id}")

    async def silence(self) -> None:
        """End the tone; Asterisk lets ``answer`` wait, and with it the whole
        ARI socket, until a playback has ended."""
        await self.ari.request("DELETE", f"playbacks/tone-{self.channel_id}")

    async def reject(self, sip_status: int) -> None:
        await self.do("continue", context="lab-release", extension=str(sip_status), priority="1")

    async def hang_up(self) -> None:
        await self.ari.request("DELETE", f"channels/{self.channel_id}")


@dataclass(slots=True)
class FarEnd:
    """Runs a script for each call that arrives, by the number that was dialled."""

    ari: AriConnection
    scripts: dict[str, Script] = field(default_factory=dict)
    calls: list[Subscriber] = field(default_factory=list)
    errors: list[BaseException] = field(default_factory=list)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    def take(self, event: AriEvent) -> None:
        channel, arguments = event.data.get("channel"), event.data.get("args")
        if event.type == "StasisStart" and isinstance(channel, dict) and isinstance(arguments, list):
            caller = channel["caller"]
            call = Subscriber(self.ari, str(channel["id"]), caller["number"], caller["name"])
            self.calls.append(call)
            task = asyncio.create_task(self._run(self.scripts[arguments[0]], call))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        elif event.type == "ChannelDtmfReceived":
            for call in self.calls:
                if call.channel_id == event.channel_id:
                    call.keys += str(event.data["digit"])

    async def _run(self, script: Script, call: Subscriber) -> None:
        try:
            await script(call)
        except TelephonyError as error:
            self.errors.append(error)  # the PBX hung up in the middle of the script

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)


@dataclass(slots=True)
class Bench:
    """Our telephony on the PBX, and the far end."""

    pair: Pair
    ari: AriConnection
    telephony: AsteriskTelephony
    recorder: MixMonitorRecorder
    ami: AmiConnection
    far: FarEnd


@asynccontextmanager
async def bench(pair: Pair, *, url: str | None = None, app: str = "ari-app") -> AsyncIterator[Bench]:
    """Connections to both instances; ``url`` puts a proxy between us and ARI."""
    async with AsyncExitStack() as stack:
        far_ari = AriConnection(ari_settings(pair.carrier, "lab"))
        await far_ari.start(PATIENCE)
        stack.push_async_callback(far_ari.close)
        far = FarEnd(far_ari)
        stack.push_async_callback(far.close)
        far_ari.subscribe(far.take)
        ami = AmiConnection(ami_settings(pair.pbx), ping_s=1.0)
        await ami.start()
        stack.push_async_callback(ami.close)
        recorder = MixMonitorRecorder(ami, pair.pbx.recordings_dir)
        ari = AriConnection(ari_settings(pair.pbx, app, url), backoff_s=0.05, backoff_max_s=0.2, ping_s=1.0)
        telephony = AsteriskTelephony(ari, recorder=recorder)
        await ari.start(PATIENCE)
        stack.push_async_callback(ari.close)
        stack.push_async_callback(telephony.close)
        yield Bench(pair, ari, telephony, recorder, ami, far)
