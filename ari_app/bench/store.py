"""What a large list costs: loading it, claiming from it, and the nightly job, each at growing sizes.

A list is made as CSV and loaded by the importer that loads every list. One attempt after the other is claimed with the
shipped rules, dialled and closed as busy in the store (no telephone is involved); then the night's work is done while
claims go on. Every figure contains the commits with their syncs to the disk.
"""

from __future__ import annotations

import asyncio
import csv
import itertools
import math
import resource
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from ari_app.bench.report import BenchReport, machine_facts, percentile
from ari_app.config import Settings
from ari_app.domain.attempt import CallOutcome
from ari_app.domain.campaign import Campaign, CampaignStrategy, DiallerSpec
from ari_app.domain.contact_facts import Flag, ListKind
from ari_app.domain.disposition import DispositionKind
from ari_app.services.account_row import RowDefaults
from ari_app.services.disposition_file import read_dispositions
from ari_app.services.importer import import_list
from ari_app.services.nightly import Nightly
from ari_app.services.rule_directory import RuleDirectory
from ari_app.services.wrap_up import WrapUp
from ari_app.store.sqlite_store import SqliteStore

Say = Callable[[str], None]

SIZES = (10_000, 100_000, 1_000_000)
#: Wednesday, 10:30 in China; every year of the shipped calendars is confirmed for it.
_START = datetime(2026, 3, 11, 2, 30, tzinfo=UTC)
_CAMPAIGN = "bench"
_HEADINGS = (
    "customerId",
    "name",
    "phone",
    "accountId",
    "billId",
    "amountDue",
    "dueDate",
    "phone2",
    "suspensionOn",
)
_METHOD = (
    "accounts {sizes}: a CSV list through the importer; {claims} claims one by one with the shipped rules, each dialled "
    "and closed as busy; the nightly job on the next day with claims going on; every commit is synced to the disk. Every "
    "eleventh account is a second one of the same customer, every twentieth has a second number, every hundredth is "
    "suspended within four days; of the first 5,000 customers one in fifty is on the do-not-contact list, one in a hundred "
    "has paid. peak_mib is the largest memory of the whole process so far"
)


class FixedClock:
    """A clock that is set by hand, so that no window closes while something is measured."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def now(self) -> datetime:
        """Aware UTC time."""
        return self.at

    def monotonic(self) -> float:
        """Seconds of the machine."""
        return time.monotonic()


async def bench_store(
    *, largest: int = SIZES[-1], claims: int = 1000, progress: Say | None = None
) -> dict[str, object]:
    """Measure, and return the object that ``ari-app bench store --json`` prints.

    :param largest: accounts of the largest list; sizes above it are left out, and it is measured itself.
    """
    say = progress or (lambda line: None)
    sizes = sorted({size for size in SIZES if size < largest} | {largest})
    report = BenchReport("store", machine_facts(["sqlite-utils", "phonenumbers"]))
    report.method = _METHOD.format(sizes=", ".join(map(_named, sizes)), claims=claims)
    rules = RuleDirectory(Settings().dialplan_dir)
    busy = read_dispositions(Settings().dialplan_dir / "dispositions.yaml").kind("busy")
    for size in sizes:
        with tempfile.TemporaryDirectory(prefix="ari-app-bench-") as name:
            found = await _measure(Path(name), size, min(claims, size // 10), rules, busy, say)
        report.runs.append(found)
        report.metrics |= {f"store.{key}_{_named(size)}": value for key, value in found.items()}
    return report.to_dict()


async def _measure(
    folder: Path, size: int, claims: int, rules: RuleDirectory, busy: DispositionKind, say: Say
) -> dict[str, float]:
    listing = folder / "list.csv"
    await asyncio.to_thread(write_list, listing, size)
    clock = FixedClock(_START)
    async with await SqliteStore.open(folder / "bench.sqlite3") as store:
        await store.put_campaign(
            Campaign(_CAMPAIGN, _CAMPAIGN, CampaignStrategy(), DiallerSpec("ai", 500, ("+861055550100",)))
        )
        began = time.perf_counter()
        report = await import_list(listing, _CAMPAIGN, store, RowDefaults(now=clock.now()))
        took = time.perf_counter() - began
        if report.added != size:
            raise AssertionError(f"{size - report.added} of {size} rows were not added: {report.rejects[:3]}")
        found = {"import_rows_per_s": size / took}
        say(f"{_named(size)}: {found['import_rows_per_s']:,.0f} rows/s loaded, {_peak_mib():.0f} MiB at most")
        await _stand_in_the_way(store, clock)
        caller = _Caller(store, clock, rules, busy, folder)
        times = [await caller.claim() for _ in range(claims)]
        found |= {"claim_p50_ms": percentile(times, 50), "claim_p99_ms": percentile(times, 99)}
        say(f"{_named(size)}: claim p50 {found['claim_p50_ms']:.2f} ms, p99 {found['claim_p99_ms']:.2f} ms")
        clock.at += timedelta(days=1)
        night = asyncio.create_task(Nightly(store, clock, lambda: rules.book).run())
        began = time.perf_counter()
        beside = [await caller.claim()]
        while not night.done():
            await asyncio.sleep(0.01)
            beside.append(await caller.claim())
        done = night.result()
        found |= {
            "nightly_s": time.perf_counter() - began,
            "nightly_aged": float(done.aged),
            "nightly_pulled": float(done.pulled),
            "nightly_claim_p99_ms": percentile(beside, 99),
            "database_mib": (folder / "bench.sqlite3").stat().st_size / 2**20,
            "peak_mib": _peak_mib(),
        }
        say(
            f"{_named(size)}: nightly {found['nightly_s']:.1f} s ({done.aged} aged, {done.pulled} pulled forward), claims "
            f"beside it p99 {found['nightly_claim_p99_ms']:.2f} ms; database {found['database_mib']:.0f} MiB"
        )
    return found


@dataclass
class _Caller:
    """Claims one account at a time, dials it in the store and closes it as busy."""

    store: SqliteStore
    clock: FixedClock
    rules: RuleDirectory
    busy: DispositionKind
    folder: Path

    def __post_init__(self) -> None:
        self._numbers: Iterator[int] = itertools.count(1)
        self._wrap_up = WrapUp(
            self.store,
            self.clock,
            read_dispositions(Settings().dialplan_dir / "dispositions.yaml"),
            None,
            self.folder,
        )

    def _new_id(self) -> str:
        return f"att-{next(self._numbers):020d}"

    async def claim(self) -> float:
        """Milliseconds that one claim took."""
        now = self.clock.now()
        began = time.perf_counter()
        claimed = await self.store.claim_due(_CAMPAIGN, now, 1, self.rules.decide, self._new_id)
        took = (time.perf_counter() - began) * 1000.0
        for attempt in claimed:
            if (await self.store.mark_dialled(attempt.attempt_id, now, self.rules.decide)).allowed:
                ended = CallOutcome(attempt.attempt_id, self.busy.name, now + timedelta(seconds=1))
                await self._wrap_up.write(ended, self.busy)
        return took


async def _stand_in_the_way(store: SqliteStore, clock: FixedClock) -> None:
    """List entries and flags for some of the first customers: those that the claims meet."""
    for number in range(0, 5000, 50):
        await store.add_list_entry(ListKind.DO_NOT_CONTACT, _customer(number), "bench", clock.now())
    for number in range(0, 5000, 100):
        await store.set_flag(_customer(number + 7), Flag.PAID, "bench", clock.now())


def write_list(path: Path, size: int) -> None:
    """A CSV list of ``size`` rows; nothing of it is kept in memory."""
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(_HEADINGS)
        writer.writerows(_row(number) for number in range(size))


def _row(number: int) -> Sequence[object]:
    owner = _owner(number)
    due = _START.date() - timedelta(days=number % 120)
    return (
        _customer(number),
        "张三",
        f"138{owner:08d}",
        f"a{number:08d}",
        f"b{number:08d}",
        f"{50 + number % 5000}.{number % 100:02d}",
        due.isoformat(),
        f"139{owner:08d}" if number % 20 == 0 else "",
        _suspension(number) if number % 100 == 0 else "",
    )


def _suspension(number: int) -> date:
    return _START.date() + timedelta(days=2 + number // 100 % 3)


def _owner(number: int) -> int:
    """The row whose customer a row belongs to: every eleventh belongs to that of the row before it."""
    return number - 1 if number % 11 == 10 else number


def _customer(number: int) -> str:
    return f"c{_owner(number):08d}"


def _named(size: int) -> str:
    power = round(math.log10(size))
    return f"1e{power}" if 10**power == size else str(size)


def _peak_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024.0
