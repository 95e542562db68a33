"""The benchmark of call progress, small."""

from __future__ import annotations

import pytest

from ari_app.asterisk.binary import AsteriskMissing, find_asterisk
from ari_app.bench.progress import bench_progress

pytestmark = [pytest.mark.asterisk, pytest.mark.alone, pytest.mark.timeout(180)]


async def test_it_measures_both_sides_on_the_same_clips_and_says_how() -> None:
    try:
        find_asterisk()
    except AsteriskMissing as error:
        pytest.fail(str(error))
    told: list[str] = []
    found = await bench_progress(clips=30, early=26, calls=12, at_once=6, part="tuning", progress=told.append)
    metrics = found["metrics"]
    assert isinstance(metrics, dict)
    assert metrics["progress.balanced_accuracy"] > 0.8
    assert metrics["progress.human_as_machine"] == 0.0
    assert metrics["progress.early_accuracy"] > 0.9
    assert metrics["progress.call_balanced_accuracy"] > metrics["progress.app_amd_balanced_accuracy"]
    assert {"progress.verdict_p50_ms", "progress.app_amd_verdict_p50_ms"} <= set(metrics)
    assert "12 of the clips" in str(found["method"])
    assert told
