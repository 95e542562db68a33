"""The figures of the controller for Prometheus: read where they stand, at most once a second, when somebody asks."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
)
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

from ari_app import __version__
from ari_app.ports import RESULT_BUCKETS_S, EngineHealth, EngineState
from ari_app.web.metric_table import LABELS, METRICS, PREFIX, Kind, Row

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
KEPT_S: Final = 1.0
"""A page is made anew after so long; who asks more often gets the same one, and calls notice nothing."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where the values of a group stand. ``read`` returns an object with a field for each row of the group.

    ``label`` is the value of the group's label, '' where it has none.
    """

    group: str
    read: Callable[[], object]
    label: str = ""


class ControllerCollector(Collector):
    """Prometheus' view of the sources; nothing is stored twice."""

    def __init__(self, sources: Sequence[Source], engines: Callable[[], Iterable[EngineHealth]]) -> None:
        self._sources = tuple(sources)
        self._engines = engines

    def collect(self) -> Iterator[Metric]:
        """Every metric whose source is there (a controller without AMI has no AMI metrics)."""
        yield InfoMetricFamily(PREFIX, "The version of the controller", {"version": __version__})
        engines = tuple(self._engines())
        readings: dict[str, list[tuple[str, object]]] = {
            "recogniser": [(health.name, _EngineReading.of(health)) for health in engines]
        }
        for source in self._sources:
            readings.setdefault(source.group, []).append((source.label, source.read()))
        for row in METRICS:
            if readings.get(row.group):
                yield _family(row, readings[row.group])


@dataclass(frozen=True, slots=True)
class _EngineReading:
    """Health of an engine under the names of the table."""

    up: bool
    utterances: int
    failures: int
    timeouts: int
    result_seconds: EngineHealth

    @classmethod
    def of(cls, health: EngineHealth) -> _EngineReading:
        ready = health.state is EngineState.READY
        return cls(ready, health.utterances, health.failures, health.timeouts, health)


def _family(row: Row, readings: Sequence[tuple[str, object]]) -> Metric:
    label = LABELS.get(row.group)
    labels = [label] if label else []
    name = f"{PREFIX}_{row.group}_{row.field}"
    if row.kind is Kind.HISTOGRAM:
        histogram = HistogramMetricFamily(name, row.meaning, labels=labels)
        for value, reading in readings:
            health = getattr(reading, row.field)
            histogram.add_metric([value], _cumulated(health.took_counts), health.took_sum_s)
        return histogram
    family: CounterMetricFamily | GaugeMetricFamily
    if row.kind is Kind.COUNTER:
        family = CounterMetricFamily(name, row.meaning, labels=labels)
    else:
        family = GaugeMetricFamily(name, row.meaning, labels=labels)
    for value, reading in readings:
        family.add_metric([value] if label else [], float(getattr(reading, row.field)))
    return family


def _cumulated(counts: Sequence[int]) -> list[tuple[str, float]]:
    """Prometheus' buckets hold all that is at most so long."""
    ends = [*(str(end) for end in RESULT_BUCKETS_S), "+Inf"]
    sums, so_far = [], 0
    for end, count in zip(ends, counts, strict=True):
        so_far += count
        sums.append((end, float(so_far)))
    return sums


class Exposition:
    """The page with all metrics."""

    def __init__(
        self,
        sources: Sequence[Source],
        engines: Callable[[], Iterable[EngineHealth]],
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._registry = CollectorRegistry()
        self._registry.register(ControllerCollector(sources, engines))
        ProcessCollector(registry=self._registry)
        self._clock = clock
        self._page = b""
        self._made_at = float("-inf")

    def page(self) -> bytes:
        """The text, at most a second old."""
        now = self._clock()
        if now - self._made_at >= KEPT_S:
            self._page, self._made_at = generate_latest(self._registry), now
        return self._page


@dataclass(frozen=True, slots=True)
class Readings:
    """Values of a group that stand in no object of their own, by name."""

    values: Mapping[str, float]

    def __getattr__(self, name: str) -> float:
        try:
            return self.values[name]
        except KeyError:
            raise AttributeError(name) from None
