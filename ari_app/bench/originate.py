"""Answered calls per second: the whole way through gate, reservation and call machine, against a bare loop.

Both dial the same carrier, which answers at once, over the same trunk of the same PBX, with the same number of calls in
progress, in turns within each round. A call is created, dialled, answered and hung up; no sound is exchanged on either
side, so that what is compared is the cost of deciding, recording and steering. The bare loop does nothing else: three
requests a call and the events that tell when to send them.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

from ari_app.asterisk.ari import AriConnection
from ari_app.asterisk.ari_types import AriSettings
from ari_app.asterisk.instance import AsteriskInstance, InstancePorts
from ari_app.asterisk.telephony import AsteriskTelephony
from ari_app.bench.report import BenchReport, machine_facts
from ari_app.clock import ShiftedClock
from ari_app.config import Settings
from ari_app.domain.account import Account
from ari_app.domain.campaign import Campaign, CampaignStrategy, DiallerSpec
from ari_app.errors import TelephonyError
from ari_app.ports import AriEvent, MediaStream
from ari_app.services.call_session import CallLimits, CallServices, DialPlan
from ari_app.services.controller import Controller
from ari_app.services.conversation import Conversation
from ari_app.services.dialler import Dialler, DiallerLimits
from ari_app.services.disposition_file import read_dispositions
from ari_app.services.progress_watch import ProgressWatch
from ari_app.services.reconcile import Reconciler
from ari_app.services.rule_directory import RuleDirectory
from ari_app.services.wrap_up import WrapUp
from ari_app.store.sqlite_store import SqliteStore

Say = Callable[[str], None]
_START = datetime(2026, 3, 11, 2, 30, tzinfo=UTC)
_METHOD = (
    "{calls} answered calls a round and side, {callers} in progress, {rounds} rounds in turns, medians; "
    "ratio_raw = rate through the product / rate of the bare loop of the same round; no media on either side"
)


async def bench_originate(
    *, rounds: int = 5, calls: int = 600, callers: int = 48, progress: Say | None = None
) -> dict[str, object]:
    """Measure, and return the object that ``ari-app bench originate --json`` prints.

    :param calls: calls of each side in each round; :param callers: calls in progress at one time.
    :raises AsteriskMissing, BootFailed: no Asterisk here; TelephonyError: calls that were not answered.
    """
    say = progress or (lambda line: None)
    report = BenchReport("originate", machine_facts(["websockets", "uvloop"]))
    report.method = _METHOD.format(calls=calls, callers=callers, rounds=rounds)
    with tempfile.TemporaryDirectory(prefix="ari-app-bench-") as name:
        folder = Path(name)
        async with _pbx(folder) as settings:
            await bare_loop(settings, 100, callers)  # warm
            for number in range(1, rounds + 1):
                raw = await bare_loop(settings, calls, callers)
                (folder / f"round-{number}").mkdir()
                ours = await product(settings, folder / f"round-{number}", calls, callers)
                report.runs.append(
                    {"originate.raw_rate": raw, "originate.rate": ours, "originate.ratio_raw": ours / raw}
                )
                say(
                    f"round {number} of {rounds}: bare {raw:.0f}/s, product {ours:.0f}/s, ratio {ours / raw:.2f}"
                )
    report.metrics.update(report.medians())
    return report.to_dict()


@asynccontextmanager
async def _pbx(folder: Path) -> AsyncIterator[AsteriskInstance]:
    pbx_ports, carrier_ports = InstancePorts.free(), InstancePorts.free()
    carrier = AsteriskInstance(folder / "carrier", "carrier", carrier_ports, trunk_port=pbx_ports.sip)
    pbx = AsteriskInstance(folder / "pbx", "pbx", pbx_ports, trunk_port=carrier_ports.sip)
    async with carrier, pbx:
        yield pbx


def _ari(pbx: AsteriskInstance, app: str) -> AriConnection:
    who = pbx.credentials
    return AriConnection(
        AriSettings(pbx.http_url, who.ari_user, who.ari_password, app), request_timeout_s=20.0
    )


class _BareCall:
    """Create, dial, answered, hang up: as little as it takes."""

    def __init__(self, ari: AriConnection, number: int) -> None:
        self.channel = f"bare-{number}"
        self.in_stasis, self.answered, self.ended = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self._ari = ari
        self._number = number

    def take(self, event: AriEvent) -> None:
        match event.type:
            case "StasisStart":
                self.in_stasis.set()
            case "ChannelStateChange" if event.data.get("channel", {}).get("state") == "Up":  # type: ignore[attr-defined]
                self.answered.set()
            case "ChannelDestroyed":
                self.ended.set()

    async def run(self) -> None:
        endpoint = f"PJSIP/+999{self._number:07d}@trunk"
        app = self._ari.settings.app
        await self._ari.request(
            "POST", "channels/create", params={"endpoint": endpoint, "app": app, "channelId": self.channel}
        )
        await self.in_stasis.wait()
        await self._ari.request("POST", f"channels/{self.channel}/dial", params={"timeout": "30"})
        await self.answered.wait()
        await self._ari.request("DELETE", f"channels/{self.channel}")
        await self.ended.wait()


async def bare_loop(pbx: AsteriskInstance, calls: int, callers: int) -> float:
    """Answered calls per second of the bare loop."""
    ari = _ari(pbx, "ari-app-bare")
    await ari.start(patience_s=10.0)
    under_way: dict[str, _BareCall] = {}

    def take(event: AriEvent) -> None:
        call = under_way.get(event.channel_id or "")
        if call is not None:
            call.take(event)

    numbers = iter(range(calls))

    async def caller() -> None:
        for number in numbers:
            call = _BareCall(ari, number)
            under_way[call.channel] = call
            await call.run()
            del under_way[call.channel]

    unsubscribe = ari.subscribe(take)
    try:
        began = time.perf_counter()
        async with asyncio.timeout(120.0):
            await asyncio.gather(*(caller() for _ in range(callers)))
        return calls / (time.perf_counter() - began)
    finally:
        unsubscribe()
        await ari.close()


async def product(pbx: AsteriskInstance, folder: Path, calls: int, callers: int) -> float:
    """Answered calls per second through dialler, gate, durable reservation, call machine and wrap-up."""
    clock = ShiftedClock(_START)
    campaign = Campaign(
        "bench",
        "bench",
        CampaignStrategy(max_attempts=1, retry_hours=(0,)),
        DiallerSpec("ai", callers, ("+861055550100",), 30.0),
    )
    accounts = [
        Account(f"c{n}", f"a{n}", f"b{n}", "n", f"+999{n:07d}", Decimal("10.00"), date(2026, 3, 1))
        for n in range(calls)
    ]
    store = await SqliteStore.open(folder / "bench.sqlite3")
    ari = _ari(pbx, "ari-app")
    try:
        await store.put_campaign(campaign)
        await store.load_accounts("bench", accounts, clock.now())
        await ari.start(patience_s=10.0)
        telephony = AsteriskTelephony(ari)
        try:
            rate = await _drive(store, telephony, clock, folder, calls, callers)
        finally:
            await telephony.close()
        answered = sum(record.answered_at is not None for record in await store.attempts(campaign_id="bench"))
        if answered != calls:
            raise TelephonyError(f"{calls - answered} of {calls} calls were not answered")
        return rate
    finally:
        await ari.close()
        await store.close()


async def _drive(
    store: SqliteStore,
    telephony: AsteriskTelephony,
    clock: ShiftedClock,
    folder: Path,
    calls: int,
    callers: int,
) -> float:
    table = read_dispositions(Settings().dialplan_dir / "dispositions.yaml")
    decide = RuleDirectory(Settings().dialplan_dir).decide
    wrap_up = WrapUp(store, clock, table, None, folder)

    def no_conversation(_: object, __: MediaStream, ___: object) -> Conversation:
        raise AssertionError("a call without media has no conversation")

    def no_watch(_: object, __: MediaStream) -> ProgressWatch:
        raise AssertionError("a call without media has no early media")

    services = CallServices(
        store, clock, decide, wrap_up, None, CallLimits(60.0, 8.0), no_conversation, no_watch
    )
    dialler = Dialler(
        store,
        telephony,
        clock,
        decide,
        services,
        lambda attempt: DialPlan(f"PJSIP/{attempt.account.phone}@trunk", with_media=False),
        None,
        None,
        DiallerLimits(callers, 1e6, callers),
    )
    controller = Controller(telephony, dialler, Reconciler(store, telephony, wrap_up, dialler.owned))
    began = time.perf_counter()
    await controller.start()
    try:
        async with asyncio.timeout(120.0):
            while dialler.finished < calls:  # noqa: ASYNC110 - a look every 5 ms costs nothing and tells no one
                await asyncio.sleep(0.005)
        return calls / (time.perf_counter() - began)
    finally:
        await controller.stop()
