"""The benchmarks of the voice, for a moment, on calls of their own: every figure is there, and is read from the far end."""

from __future__ import annotations

import pytest

from ari_app.bench.barge_in import bench_barge_in
from ari_app.bench.turn import bench_turn

pytestmark = [pytest.mark.asterisk, pytest.mark.alone, pytest.mark.timeout(150)]


def metrics_of(found: dict[str, object]) -> dict[str, float]:
    metrics = found["metrics"]
    assert isinstance(metrics, dict)
    return metrics


async def test_turns_are_measured_on_real_calls() -> None:
    said: list[str] = []
    found = await bench_turn(calls=2, questions=3, concurrency=2, progress=said.append)
    metrics = metrics_of(found)
    assert found["name"] == "turn"
    assert metrics["turn.n"] == metrics["turn.spoken"] == 6
    assert metrics["turn.missed"] == 0
    # The far end's clock and the product's own ledger tell of the same replies.
    assert 0 < metrics["turn.ledger_p50_ms"] < metrics["turn.p50_ms"]
    assert metrics["turn.p50_ms"] <= metrics["turn.p95_ms"] <= metrics["turn.max_ms"]
    assert "turn.opening_p50_ms" in metrics
    assert said[-1] == "2 of 2 calls are over"


async def test_interruptions_and_false_stops_are_measured_on_real_calls() -> None:
    found = await bench_barge_in(speakers=1, times=2, listeners=4, seconds=24.0)
    metrics = metrics_of(found)
    assert found["name"] == "barge-in"
    assert metrics["barge_in.n"] + metrics["barge_in.missed"] == 2
    assert metrics["barge_in.n"] > 0
    assert 0 < metrics["barge_in.p50_ms"] <= metrics["barge_in.p95_ms"]
    assert metrics["barge_in.minutes_listened"] > 0.1
    assert metrics["barge_in.false_stops_resumed"] <= metrics["barge_in.false_stops"]
    assert {"barge_in.noise_stops_per_hour", "barge_in.clicks_stops_per_hour"} <= metrics.keys()
    assert metrics["barge_in.back_channels_stops"] <= metrics["barge_in.false_stops"]
