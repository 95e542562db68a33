"""What every benchmark prints: one JSON object with the machine, the metrics and the single runs behind them."""

from __future__ import annotations

import asyncio
import json
import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path


def median(values: Sequence[float]) -> float:
    """The middle value; the mean of the two middle ones for an even count.

    :raises ValueError: no values.
    """
    return percentile(values, 50.0)


def percentile(values: Sequence[float], percent: float) -> float:
    """The value below which ``percent`` of the values lie, linear between neighbours; 0 <= percent <= 100.

    :raises ValueError: no values, or another percentage.
    """
    if not values or not 0.0 <= percent <= 100.0:
        raise ValueError("a percentile needs values and a percentage from 0 to 100")
    ordered = sorted(values)
    place = (len(ordered) - 1) * percent / 100.0
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)


def machine_facts(packages: Sequence[str] = ()) -> dict[str, str | int | float]:
    """What figures depend on: processor, cores, memory in MiB, load, kernel, Python, event loop, package versions."""
    facts: dict[str, str | int | float] = {
        "cpu": _cpu_model(),
        "cores": os.cpu_count() or 0,
        "memory_mib": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20,
        "load_1min": round(os.getloadavg()[0], 2),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "event_loop": _loop_name(),
    }
    for package in packages:
        facts[package] = metadata.version(package)
    return facts


def _cpu_model() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.machine())


def _loop_name() -> str:
    try:
        return type(asyncio.get_running_loop()).__module__.partition(".")[0]
    except RuntimeError:
        return "none"


@dataclass(slots=True)
class BenchReport:
    """One benchmark's result. ``metrics`` are medians of ``runs``, which hold one mapping a round."""

    name: str
    machine: Mapping[str, str | int | float]
    metrics: dict[str, float] = field(default_factory=dict)
    runs: list[dict[str, float]] = field(default_factory=list)
    method: str = ""
    """How it was measured and how the ratios are formed, in a sentence or two."""

    def medians(self) -> dict[str, float]:
        """The median of every figure that each run has."""
        if not self.runs:
            return {}
        shared = set.intersection(*(set(run) for run in self.runs))
        return {name: median([run[name] for run in self.runs]) for name in sorted(shared)}

    def to_dict(self) -> dict[str, object]:
        """The object that ``--json`` prints; figures rounded to four significant digits."""
        return {
            "name": self.name,
            "method": self.method,
            "machine": dict(self.machine),
            "metrics": {name: _rounded(value) for name, value in self.metrics.items()},
            "runs": [{name: _rounded(value) for name, value in run.items()} for run in self.runs],
        }

    def to_json(self) -> str:
        return json.dumps(self.to_dict(), ensure_ascii=False)


def _rounded(value: float) -> float:
    return float(f"{value:.4g}")
