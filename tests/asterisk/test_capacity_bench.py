"""The measurement of capacity with two calls: they are made, recorded, spoken to, answered, and measured."""

from __future__ import annotations

import pytest

from ari_app.bench.capacity import bench_capacity

pytestmark = [pytest.mark.asterisk, pytest.mark.alone, pytest.mark.timeout(120)]


async def test_two_calls_are_answered_with_and_without_a_recogniser() -> None:
    told: list[str] = []
    found = await bench_capacity(step=2, most=2, seconds=8.0, progress=told.append)
    metrics, runs = found["metrics"], found["runs"]
    assert isinstance(metrics, dict)
    assert isinstance(runs, list)
    assert [(run["calls"], run["recogniser"]) for run in runs] == [(2, 1), (2, 0)]
    assert all(run["sentences"] >= 2 and run["missed"] == 0 for run in runs), told
    assert all(run["heard"] >= 2 for run in runs), told
    for name in ("controller", "pbx", "carrier"):
        assert metrics[f"capacity.{name}_cpu_ms_per_call_second"] > 0
    assert metrics["capacity.late_p99_ms"] > 0
