"""The measurement of the API runs, and its figures are what it says."""

from __future__ import annotations

import pytest

from ari_app.bench.api import bench_api

pytestmark = pytest.mark.fakes


async def test_every_kind_of_request_is_measured_beside_the_bare_route() -> None:
    found = await bench_api(accounts=20, attempts=5, clients=2, requests=10, rounds=1, events=30)
    metrics = found["metrics"]
    assert isinstance(metrics, dict)
    assert {"api.p50_ms", "api.p99_ms", "api.rate", "api.ratio_bare"} <= set(metrics)
    assert metrics["api.p50_ms"] <= metrics["api.p99_ms"]
    assert metrics["webhooks.events_per_s"] > 0
    ratio = metrics["api.get_account_p50_ms"] / metrics["api.bare_p50_ms"]
    assert metrics["api.ratio_bare"] == pytest.approx(ratio, rel=0.01)
