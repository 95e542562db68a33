"""How evenly calls leave: the real dialler on a real store and the real clock, against a network that is always busy.

Nothing is simulated but the network: claims, verdicts, reservations and outcomes are written as ever, and the moment of
each dial is taken where the INVITE would leave.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

from ari_app.bench.report import percentile
from ari_app.clock import ShiftedClock
from ari_app.config import Settings
from ari_app.domain.account import Account
from ari_app.domain.call_machine import Event, EventKind
from ari_app.domain.campaign import Campaign, CampaignStrategy, DiallerSpec
from ari_app.domain.pacing import pacing_error
from ari_app.ports import MediaStream
from ari_app.services.call_session import CallLimits, CallServices, DialPlan
from ari_app.services.dialler import Dialler, DiallerLimits
from ari_app.services.disposition_file import read_dispositions
from ari_app.services.rule_directory import RuleDirectory
from ari_app.services.trunks import TrunkDesk, TrunkLimits
from ari_app.services.wrap_up import WrapUp
from ari_app.store.sqlite_store import SqliteStore

_START = datetime(2026, 3, 11, 2, 30, tzinfo=UTC)
#: How long a busy customer takes to say so, in seconds.
_BUSY_S = 0.3


class _BusyLeg:
    """A call to a line that is busy; it notes when its INVITE would have left."""

    def __init__(self, call_id: str, dialled: list[float]) -> None:
        self.call_id = call_id
        self.media: MediaStream | None = None
        self.in_touch = True
        self._dialled = dialled
        self._over = asyncio.Event()

    async def next_event(self) -> Event:
        await self._over.wait()
        await asyncio.sleep(_BUSY_S)
        return Event(EventKind.DESTROYED, sip_status=486, q850_cause=17)

    async def prepare(self, *, endpoint: str, caller_id: str, caller_name: str, with_media: bool) -> None: ...

    async def dial(self, timeout_s: float) -> None:
        self._dialled.append(time.monotonic())
        self._over.set()

    async def start_recording(self, path: str) -> None: ...

    async def stop_recording(self) -> None: ...

    async def pause_recording(self) -> None: ...

    async def resume_recording(self) -> None: ...

    async def hang_up(self, reason: str = "normal") -> None:
        self._over.set()

    async def release(self) -> None: ...


class _BusyNetwork:
    """A PBX on which every line is busy."""

    connected = True

    def __init__(self) -> None:
        self.dialled: list[float] = []

    def call(self, call_id: str) -> _BusyLeg:
        return _BusyLeg(call_id, self.dialled)

    async def live_calls(self) -> frozenset[str]:
        return frozenset()

    async def hang_up_orphan(self, call_id: str) -> None: ...

    def on_reconnect(self, callback: Callable[[], None]) -> None: ...


async def steady_figures(per_second: float = 20.0, seconds: float = 10.0) -> dict[str, float]:
    """``pacing.error_percent`` of the rate over the run, and how far gaps between dials are from their length.

    :param per_second: what the trunk is asked for; the controller may do ten times that.
    """
    network = _BusyNetwork()
    calls = int(per_second * seconds)
    with tempfile.TemporaryDirectory(prefix="ari-app-bench-") as name:
        async with await SqliteStore.open(Path(name) / "bench.sqlite3") as store:
            await _run(store, network, Path(name), per_second, calls)
    gaps = [later - earlier for earlier, later in pairwise(network.dialled)]
    off = [abs(gap * per_second - 1.0) * 100.0 for gap in gaps]
    return {
        "pacing.asked_per_second": per_second,
        "pacing.error_percent": 100.0 * pacing_error(network.dialled, per_second),
        "pacing.gap_off_percent_p50": percentile(off, 50.0),
        "pacing.gap_off_percent_p95": percentile(off, 95.0),
    }


async def _run(
    store: SqliteStore, network: _BusyNetwork, folder: Path, per_second: float, calls: int
) -> None:
    clock = ShiftedClock(_START)
    spec = DiallerSpec("ai", 5000, ("+861055550100",), 30.0)
    await store.put_campaign(
        Campaign("bench", "bench", CampaignStrategy(max_attempts=1, retry_hours=(0,)), spec)
    )
    accounts = [
        Account(f"c{n}", f"a{n}", f"b{n}", "n", f"+999{n:07d}", Decimal("10.00"), date(2026, 3, 1))
        for n in range(calls)
    ]
    await store.load_accounts("bench", accounts, clock.now())
    settings = Settings()
    table = read_dispositions(settings.dialplan_dir / "dispositions.yaml")
    decide = RuleDirectory(settings.dialplan_dir).decide
    wrap_up = WrapUp(store, clock, table, None, folder)

    def nothing(*_: object) -> object:
        raise AssertionError("a call without media has neither conversation nor early media")

    services = CallServices(
        store,
        clock,
        decide,
        wrap_up,
        None,
        CallLimits(60.0, 8.0),
        nothing,  # type: ignore[arg-type]
        nothing,  # type: ignore[arg-type]
    )
    trunks = TrunkDesk([TrunkLimits("carrier", calls_per_second=per_second)], lambda phone: "carrier", clock)
    dialler = Dialler(
        store,
        network,
        clock,
        decide,
        services,
        lambda attempt: DialPlan(f"PJSIP/{attempt.account.phone}@carrier", with_media=False),
        None,
        None,
        DiallerLimits(5000, per_second * 10.0),
        trunks,
    )
    dialler.halted = False
    serving = asyncio.create_task(dialler.run())
    try:
        async with asyncio.timeout(30.0 + 3.0 * calls / per_second):
            while dialler.finished < calls:
                dialler.wake()
                await asyncio.sleep(0.25)
    finally:
        serving.cancel()
        await asyncio.wait([serving])
        await dialler.stop()
