"""How fast a month passes: a shipped strategy against invented accounts, the files and the verdicts with it."""

from __future__ import annotations

import resource
import tempfile
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

from ari_app.bench.report import BenchReport, machine_facts
from ari_app.config import Settings
from ari_app.domain.campaign import DiallerSpec
from ari_app.services.disposition_file import read_dispositions
from ari_app.services.rule_directory import RuleDirectory
from ari_app.services.strategy_file import read_strategy
from ari_app.simulate.order import Order
from ari_app.simulate.run import simulate

STRATEGY = "telecom-overdue"
DAYS = 30


async def bench_simulate(
    progress: Callable[[str], None] = lambda _: None, largest: int = 100_000
) -> dict[str, object]:
    """Simulate so many accounts for 30 days on all cores, once."""
    dialplan = Settings().dialplan_dir
    strategy = read_strategy(dialplan / "strategies" / f"{STRATEGY}.yaml").strategy
    numbers = tuple(number for group in strategy.caller_ids.values() for number in group)
    lines = max(16, largest // 800)
    order = Order(
        strategy=strategy,
        book=RuleDirectory(dialplan).book,
        table=read_dispositions(dialplan / "dispositions.yaml"),
        accounts=largest,
        start=date(2026, 9, 21),
        days=DAYS,
        lines=lines,
        calls_per_second=max(1.0, lines / 10),
        dialler=DiallerSpec(caller_id_pool=numbers),
    )
    report = BenchReport("simulate", machine_facts(["numpy"]))
    report.method = (
        f"{largest} invented accounts, {DAYS} days, the strategy {STRATEGY}, on all cores, files and digests with it; "
        "contacts are calls and messages, each with two verdicts beside those that refuse."
    )
    with tempfile.TemporaryDirectory(prefix="ari-app-bench-") as name:
        began, used = time.perf_counter(), _processor_s()
        done = simulate(order, Path(name))
        took, worked = time.perf_counter() - began, _processor_s() - used
    tally = done.tally
    contacts = tally.dials + tally.messages
    progress(f"{contacts} contacts and {tally.verdicts} verdicts in {took:.1f} s")
    run = {
        "contacts_per_s": contacts / took,
        "verdicts_per_s": tally.verdicts / took,
        "contacts_per_cpu_s": contacts / worked,
        "seconds": took,
        "contacts": float(contacts),
    }
    report.runs.append(run)
    report.metrics |= {f"simulate.{key}": value for key, value in run.items()}
    return report.to_dict()


def _processor_s() -> float:
    """Processor time of this process and of the workers that have ended."""
    kinds = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return sum(found.ru_utime + found.ru_stime for found in map(resource.getrusage, kinds))
