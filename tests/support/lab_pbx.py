"""A bare PBX that calls into the lab over real SIP and RTP, for tests of the lab: it dials, hears, speaks, sees keys."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

from ari_app.asterisk.ari import AriConnection
from ari_app.asterisk.ari_types import AriSettings
from ari_app.asterisk.instance import AsteriskInstance, InstancePorts
from ari_app.asterisk.media import ChanWebsocketMedia
from ari_app.clock import SystemClock
from ari_app.errors import MediaClosed, RequestRefused
from ari_app.lab.line import Arrivals, Line, OpenMedia
from ari_app.lab.network import APP, Lab
from ari_app.lab.records import LabCall
from ari_app.lab.scenario import Scenario
from ari_app.ports import Ari, AriEvent, MediaStream, Voice

PATIENCE = 15.0


@dataclass(slots=True)
class Instances:
    """A PBX and the lab's carrier, running."""

    pbx: AsteriskInstance
    carrier: AsteriskInstance


def start_instances(folder: Path) -> Instances:
    """Two Asterisk instances with a trunk between them; ``stop_instances`` ends them."""
    pbx_ports, carrier_ports = InstancePorts.free(), InstancePorts.free()
    carrier = AsteriskInstance(
        folder / "carrier", "carrier", carrier_ports, trunk_port=pbx_ports.sip, die_with_parent=True
    )
    pbx = AsteriskInstance(
        folder / "pbx",
        "pbx",
        pbx_ports,
        trunk_port=carrier_ports.sip,
        silent_port=carrier_ports.silent,
        die_with_parent=True,
    )
    carrier.start()
    try:
        pbx.start()
        try:
            wait_for_trunk(pbx)
        except BaseException:
            pbx.stop()
            raise
    except BaseException:
        carrier.stop()
        raise
    return Instances(pbx, carrier)


def wait_for_trunk(pbx: AsteriskInstance) -> None:
    """Asterisk refuses calls by a trunk of which it has not heard yet that it answers."""
    deadline = time.monotonic() + 2 * PATIENCE
    while not re.search(r"\btrunk-aor/\S+.*\bAvail\b", contacts := pbx.cli("pjsip show contacts")):
        if time.monotonic() > deadline:
            raise AssertionError(f"the carrier does not answer: {contacts}")


def stop_instances(instances: Instances) -> None:
    instances.pbx.stop()
    instances.carrier.stop()


def settings_of(instance: AsteriskInstance, app: str) -> AriSettings:
    users = instance.credentials
    return AriSettings(url=instance.http_url, user=users.ari_user, password=users.ari_password, app=app)


def media_of(instance: AsteriskInstance, app: str) -> OpenMedia:
    settings = settings_of(instance, app)

    async def open_media(connection_id: str) -> MediaStream:
        return await ChanWebsocketMedia.open(settings, connection_id)

    return open_media


@asynccontextmanager
async def connected(instance: AsteriskInstance, app: str) -> AsyncIterator[AriConnection]:
    connection = AriConnection(settings_of(instance, app))
    await connection.start(PATIENCE)
    try:
        yield connection
    finally:
        await connection.close()


@asynccontextmanager
async def running_lab(
    instances: Instances, folder: Path, scenario: Scenario, voice: Voice, announcements: Path | None = None
) -> AsyncIterator[LabBench]:
    """A lab on the carrier, and a caller on the PBX."""
    async with connected(instances.carrier, APP) as carrier, connected(instances.pbx, "pbx") as pbx:
        seen = Changes()
        lab = Lab(
            scenario=scenario,
            ari=carrier,
            open_media=media_of(instances.carrier, APP),
            voice=voice,
            clock=SystemClock(),
            folder=folder,
            silent_port=instances.carrier.ports.silent,
            announcements=announcements,
            on_change=seen,
        )
        async with lab:
            yield LabBench(lab, pbx, media_of(instances.pbx, "pbx"), seen)


def presented(number: str, name: str) -> dict[str, str]:
    """Variables of a channel to be dialled: an outgoing channel presents its connected line."""
    return {
        "CALLERID(num)": number,
        "CALLERID(name)": name,
        "CONNECTEDLINE(num,i)": number,
        "CONNECTEDLINE(name,i)": name,
    }


class Changes:
    """Collects what the lab tells, and wakes who waits for it."""

    def __init__(self) -> None:
        self.calls: list[LabCall] = []
        self._changed = asyncio.Event()

    def __call__(self, call: LabCall) -> None:
        self.calls.append(call)
        self._changed.set()

    async def until(self, true: Callable[[LabCall], bool]) -> LabCall:
        async with asyncio.timeout(PATIENCE):
            while True:
                for call in self.calls:
                    if true(call):
                        return call
                self._changed.clear()
                await self._changed.wait()


@dataclass(slots=True)
class Seen:
    """What the PBX saw of one call."""

    progressed: bool = False
    rang: bool = False
    answered: bool = False
    q850: int | None = None
    sip: int | None = None
    keys: str = ""


@dataclass(slots=True)
class Outgoing:
    """One call from the PBX, with its sound where it was asked for."""

    ari: Ari
    channel: str
    seen: Seen = field(default_factory=Seen)
    line: Line | None = None
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    ended: asyncio.Event = field(default_factory=asyncio.Event)

    def take(self, event: AriEvent) -> None:
        match event.type:
            case "Dial":
                match event.data.get("dialstatus"):
                    case "PROGRESS":
                        self.seen.progressed = True
                    case "RINGING":
                        self.seen.rang = True
                    case "ANSWER":
                        self.seen.answered = True
            case "ChannelDtmfReceived":
                self.seen.keys += str(event.data.get("digit"))
            case "ChannelDestroyed":
                cause, status = event.data.get("cause"), event.data.get("tech_cause")
                self.seen.q850 = cause if isinstance(cause, int) else None
                self.seen.sip = status if isinstance(status, int) else None
                self.ended.set()
        self.changed.set()

    async def until(self, true: Callable[[], bool]) -> None:
        """Wait until something is true of this call; looked at after each event and every 20 ms."""
        async with asyncio.timeout(PATIENCE):
            while not true():
                self.changed.clear()
                try:
                    await asyncio.wait_for(self.changed.wait(), 0.02)
                except TimeoutError:
                    pass

    async def end(self) -> Seen:
        """Wait until the call has ended."""
        async with asyncio.timeout(PATIENCE):
            await self.ended.wait()
        return self.seen

    async def hang_up(self) -> Seen:
        try:
            await self.ari.request("DELETE", f"channels/{self.channel}")
        except RequestRefused:
            pass
        return await self.end()

    @property
    def sound(self) -> Line:
        assert self.line is not None
        return self.line

    @property
    def heard_frames(self) -> int:
        return self.sound._media.frames_received if self.sound._media is not None else 0


@dataclass(slots=True)
class LabBench:
    """A running lab and the PBX that calls into it."""

    lab: Lab
    pbx: AriConnection
    open_media: OpenMedia
    seen: Changes

    @asynccontextmanager
    async def call(
        self,
        number: str,
        *,
        sound: bool = False,
        caller_id: str = "01055550100",
        caller_name: str = "",
        trunk: str = "trunk",
    ) -> AsyncIterator[Outgoing]:
        """Dial a number in two steps; whatever is left is released at the end."""
        channel = f"call-{uuid4().hex}"
        outgoing = Outgoing(self.pbx, channel)
        arrivals = Arrivals()
        arrived = arrivals.expect(channel)

        def take(event: AriEvent) -> None:
            if event.type == "StasisStart" and event.channel_id is not None:
                arrivals.arrived(event.channel_id)
            if event.channel_id == channel:
                outgoing.take(event)

        unsubscribe = self.pbx.subscribe(take)
        try:
            await self.pbx.request(
                "POST",
                "channels/create",
                params={"endpoint": f"PJSIP/{number}@{trunk}", "app": "pbx", "channelId": channel},
                body={"variables": presented(caller_id, caller_name)},
            )
            async with asyncio.timeout(PATIENCE):
                await arrived.wait()
            if sound:
                outgoing.line = Line(self.pbx, self.open_media, arrivals, SystemClock(), "pbx", channel)
                await outgoing.line.open()
            await self.pbx.request("POST", f"channels/{channel}/dial", params={"timeout": "60"})
            yield outgoing
        finally:
            try:
                await self.pbx.request("DELETE", f"channels/{channel}")
            except RequestRefused:
                pass
            if outgoing.line is not None:
                try:
                    await outgoing.line.close()
                except MediaClosed:
                    pass
            unsubscribe()

    async def record_of(self, number: str) -> LabCall:
        """The complete record of the call to a number."""
        return await self.seen.until(lambda call: call.dialled == number and call.complete)
