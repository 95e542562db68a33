"""Every counter is a metric, every metric is documented, and no label tells of a customer."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest

from ari_app.asterisk.ami import AmiMetrics
from ari_app.asterisk.ari_types import AriMetrics
from ari_app.asterisk.call_leg import CallMetrics
from ari_app.asterisk.media import MediaMetrics
from ari_app.speech.funasr import FunasrCounters
from ari_app.speech.funasr_sockets import SocketCounters
from ari_app.speech.prompt_settings import PromptCounters
from ari_app.speech.recognisers import ChoiceCounters
from ari_app.speech.sound_store import StoreCounters
from ari_app.speech.workers import WorkerCounters
from ari_app.web.api.counters import RouteCounters
from ari_app.web.metric_table import LABELS, METRICS, Kind
from ari_app.web.server import ServerCounters

pytestmark = pytest.mark.pure

PAGE = (Path(__file__).parents[2] / "docs" / "metrics.md").read_text(encoding="utf-8")
COUNTERS: dict[str, type] = {
    "ami": AmiMetrics,
    "ari": AriMetrics,
    "api": RouteCounters,
    "calls": CallMetrics,
    "funasr": FunasrCounters,
    "funasr_socket": SocketCounters,
    "media": MediaMetrics,
    "metrics": ServerCounters,
    "prompt_store": StoreCounters,
    "prompts": PromptCounters,
    "recogniser_choice": ChoiceCounters,
    "recogniser_worker": WorkerCounters,
}


@pytest.mark.parametrize("group", sorted(COUNTERS))
def test_every_counter_is_a_metric(group: str) -> None:
    """A counter that was added has to be added to the table and to docs/metrics.md."""
    counted = {field.name for field in fields(COUNTERS[group])}
    shown = {row.field for row in METRICS if row.group == group and row.kind is Kind.COUNTER}
    assert shown == counted


def test_names_keep_to_the_conventions() -> None:
    names = [row.name for row in METRICS]
    assert len(names) == len(set(names))
    for row in METRICS:
        assert re.fullmatch(r"ari_app(_[a-z0-9]+)+", row.name)
        assert row.name.endswith("_total") == (row.kind is Kind.COUNTER)
        assert not row.name.endswith("_total_total")
        assert not re.search(r"_(ms|milliseconds|kb|minutes)(_|$)", row.name)
        assert row.meaning
        assert not row.meaning.endswith(".")


def test_labels_name_nothing_of_a_customer() -> None:
    assert set(LABELS.values()) == {
        *("engine", "language", "route", "task", "trunk"),
        *("channel", "provider", "rule", "severity", "state"),
    }
    assert set(LABELS) <= {row.group for row in METRICS}


@pytest.mark.parametrize("row", METRICS, ids=lambda row: row.name)
def test_every_metric_is_documented_with_its_meaning_and_what_to_do(row: object) -> None:
    name, meaning = getattr(row, "name", ""), getattr(row, "meaning", "")
    line = re.search(rf"^\| `{name}` \| (.*?) \| (.*?) \|$", PAGE, re.MULTILINE)
    assert line is not None, f"docs/metrics.md has no line | `{name}` | {meaning} | ALERT |"
    assert line[1] == meaning
    assert line[2].strip(), "say when to be alarmed, or that there is no reason to"


def test_no_metric_is_documented_that_is_not_there() -> None:
    documented = re.findall(r"^\| `(ari_app_[a-z0-9_]+)` \|", PAGE, re.MULTILINE)
    assert sorted(documented) == sorted({row.name for row in METRICS} | {"ari_app_info"})
