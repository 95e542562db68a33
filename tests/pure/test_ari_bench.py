"""How the figures of the benchmarks are formed."""

from __future__ import annotations

import itertools
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ari_app.bench.ari import ari_metrics
from ari_app.bench.report import BenchReport, machine_facts, median, percentile

pytestmark = pytest.mark.pure

VALUES = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=50)


@given(VALUES, st.floats(0, 100))
def test_a_percentile_lies_between_the_smallest_and_the_largest(values: list[float], percent: float) -> None:
    assert min(values) - 1e-6 <= percentile(values, percent) <= max(values) + 1e-6


@given(VALUES)
def test_percentiles_do_not_fall(values: list[float]) -> None:
    found = [percentile(values, percent) for percent in range(0, 101, 5)]
    assert all(after >= before - 1e-6 for before, after in itertools.pairwise(found))
    assert (found[0], found[-1]) == (min(values), max(values))


@pytest.mark.parametrize(
    ("values", "wanted"), [([3.0], 3.0), ([1.0, 9.0, 2.0], 2.0), ([1.0, 2.0, 3.0, 10.0], 2.5)]
)
def test_the_median(values: list[float], wanted: float) -> None:
    assert median(values) == wanted


@pytest.mark.parametrize(("values", "percent"), [([], 50.0), ([1.0], -1.0), ([1.0], 101.0)])
def test_no_percentile_of_nothing(values: list[float], percent: float) -> None:
    with pytest.raises(ValueError, match="percentile"):
        percentile(values, percent)


def test_each_client_counts_at_the_better_of_its_two_ways() -> None:
    medians = {
        "socket.serial_rate": 100.0,
        "socket.concurrent_rate": 1000.0,
        "socket.p50_ms": 0.1,
        "socket.p99_ms": 0.2,
        "httpx.serial_rate": 50.0,
        "httpx.concurrent_rate": 20.0,
        "aiohttp.serial_rate": 80.0,
        "aiohttp.concurrent_rate": 400.0,
    } | {f"{name}.cpu_us": 9.0 for name in ("socket", "httpx", "aiohttp")}
    metrics = ari_metrics(medians)
    assert metrics["ari.ratio_httpx"] == 20.0
    assert metrics["ari.ratio_aiohttp"] == 2.5
    assert metrics["ari.ratio_httpx_serial"] == 2.0
    assert metrics["ari.ratio_aiohttp_serial"] == 1.25
    assert metrics["ari.p50_ms"] == 0.1


def test_a_report_is_one_json_object_with_medians_of_its_runs() -> None:
    report = BenchReport("ari", machine_facts(("websockets",)), method="so")
    report.runs = [{"a": 1.0, "b": 5.0}, {"a": 3.23456}, {"a": 2.0, "b": 7.0}]
    report.metrics = report.medians()
    found = json.loads(report.to_json())
    assert found["metrics"] == {"a": 2.0}
    assert found["runs"][1] == {"a": 3.235}
    assert {"cpu", "cores", "python", "event_loop", "websockets"} <= found["machine"].keys()
    assert BenchReport("x", {}).medians() == {}
