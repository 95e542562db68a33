"""The benchmark of commands, for a moment, on an Asterisk that it starts and ends itself."""

from __future__ import annotations

import pytest

from ari_app.asterisk.binary import AsteriskMissing, find_asterisk
from ari_app.bench.ari import bench_ari

pytestmark = pytest.mark.asterisk


async def test_every_client_gets_its_commands_through() -> None:
    pytest.importorskip("httpx")
    pytest.importorskip("aiohttp")
    try:
        find_asterisk()
    except AsteriskMissing as error:
        pytest.fail(str(error))
    said: list[str] = []
    found = await bench_ari(rounds=2, serial_s=0.05, concurrent_s=0.05, callers=4, progress=said.append)
    metrics, runs = found["metrics"], found["runs"]
    assert isinstance(metrics, dict)
    assert isinstance(runs, list)
    assert found["name"] == "ari"
    assert len(runs) == 2
    assert {"ari.ratio_httpx", "ari.ratio_aiohttp", "ari.p50_ms"} <= metrics.keys()
    assert all(value > 0 for run in runs for value in run.values())
    assert said[0] == "starting an Asterisk"
