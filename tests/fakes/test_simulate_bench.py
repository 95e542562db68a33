"""``ari-app bench simulate``, in small."""

from __future__ import annotations

import pytest

from ari_app.bench.simulate import bench_simulate

pytestmark = pytest.mark.fakes


async def test_a_small_measurement_has_its_figures() -> None:
    said: list[str] = []
    found = await bench_simulate(said.append, largest=16)
    metrics = found["metrics"]
    assert isinstance(metrics, dict)
    assert metrics["simulate.contacts_per_s"] > 0
    assert metrics["simulate.contacts"] > 0
    assert len(said) == 1
