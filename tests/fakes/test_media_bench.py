"""The measurement of the media path for a moment, and what is done where its rival cannot be installed."""

from __future__ import annotations

from pathlib import Path

import pytest

from ari_app.bench import media as media_bench
from ari_app.bench import pipecat_venv
from ari_app.bench.media import ContestantFailed, _cost, bench_media
from ari_app.bench.pipecat_venv import PipecatMissing, pipecat_python

pytestmark = [pytest.mark.fakes, pytest.mark.timeout(120)]


async def test_all_contestants_take_their_frames(monkeypatch: pytest.MonkeyPatch) -> None:
    async def missing(say: object) -> Path:
        raise PipecatMissing("pipecat could not be installed: no index")

    monkeypatch.setattr(media_bench, "pipecat_python", missing)
    told: list[str] = []
    found = await bench_media(rounds=1, calls=3, seconds=0.5, progress=told.append)
    metrics = found["metrics"]
    assert isinstance(metrics, dict)
    assert set(metrics) == {
        "media.cpu_ms_per_call_second",
        "media.detecting_cpu_ms_per_call_second",
        "media.sink_cpu_ms_per_call_second",
        "media.ratio_sink",
    }
    assert all(value > 0 for value in metrics.values())
    assert told[0] == "pipecat could not be installed: no index; its figures are left out"


async def test_a_contestant_that_falls_over_is_named_with_its_last_words() -> None:
    with pytest.raises(ContestantFailed, match="ZeroDivisionError"):
        await _cost(["python3", "-c", "1/0"], 1, 1, 0.1)


async def test_an_environment_is_made_once_and_never_half(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran: list[tuple[str, ...]] = []

    async def run(*command: str) -> None:
        ran.append(command)
        Path(command[-1]).mkdir(parents=True, exist_ok=True) if "venv" in command else None
        if "pip" in command and len(ran) == 2:
            raise PipecatMissing("ERROR: no matching distribution")

    monkeypatch.setattr(pipecat_venv, "_run", run)
    with pytest.raises(PipecatMissing, match="no matching distribution"):
        await pipecat_python(print, folder=tmp_path)
    assert list(tmp_path.iterdir()) == [], "nothing half-made stays"
    python = await pipecat_python(print, folder=tmp_path)
    assert python.parent.parent.joinpath("complete").exists()
    before = len(ran)
    assert await pipecat_python(print, folder=tmp_path) == python
    assert len(ran) == before
