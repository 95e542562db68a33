"""The benchmark of the store, for a moment: every figure is there, and they hang together."""

from __future__ import annotations

from pathlib import Path

import pytest

from ari_app.bench.store import bench_store, write_list
from ari_app.services.account_row import RowDefaults
from ari_app.services.importer import import_list
from tests.support.lists import CAMPAIGN, CountingStore
from tests.support.store_rows import NOW

pytestmark = [pytest.mark.fakes, pytest.mark.timeout(60)]

FIGURES = (
    "import_rows_per_s",
    "claim_p50_ms",
    "claim_p99_ms",
    "nightly_s",
    "nightly_claim_p99_ms",
    "peak_mib",
)


async def test_every_figure_is_there() -> None:
    said: list[str] = []
    found = await bench_store(largest=200, claims=10, progress=said.append)
    metrics = found["metrics"]
    assert isinstance(metrics, dict)
    assert [name for name in FIGURES if not metrics[f"store.{name}_200"] > 0] == []
    assert metrics["store.claim_p50_ms_200"] <= metrics["store.claim_p99_ms_200"]
    assert metrics["store.nightly_aged_200"] > 0, "a day on, some bills are in another bucket"
    assert len(said) == 3
    assert "synced to the disk" in str(found["method"])


async def test_every_row_of_its_list_is_good_and_no_two_are_the_same(tmp_path: Path) -> None:
    write_list(tmp_path / "list.csv", 300)
    store = CountingStore(CAMPAIGN)
    report = await import_list(tmp_path / "list.csv", CAMPAIGN.campaign_id, store, RowDefaults(now=NOW))  # type: ignore[arg-type]
    assert (report.added, report.rejected) == (300, 0)
    accounts = list(store.accounts.values())
    assert len({each.customer_id for each in accounts}) == 273
    assert sum(bool(each.other_phones) for each in accounts) == 15
    assert sum(each.details.suspension_on is not None for each in accounts) == 3
