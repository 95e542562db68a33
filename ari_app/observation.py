"""Joins the figures of the running parts to the endpoint that shows them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol, runtime_checkable

from ari_app.asterisk.ami import AmiConnection
from ari_app.asterisk.telephony import AsteriskTelephony
from ari_app.config import Settings
from ari_app.ports import EngineHealth, Recogniser
from ari_app.services.controller import Controller
from ari_app.services.flow_files import FlowDirectory
from ari_app.services.trunks import TrunkDesk
from ari_app.speech.funasr import FunasrRecogniser
from ari_app.speech.prompt_cache import PromptCache
from ari_app.speech.recognisers import RecogniserChoice
from ari_app.store.sqlite_store import SqliteStore
from ari_app.web.health import HealthReport
from ari_app.web.metrics import Exposition, Readings, Source
from ari_app.web.server import MetricsServer, ServerCounters, serve_metrics


@runtime_checkable
class _HasWorkers(Protocol):
    """A recogniser with worker processes."""

    @property
    def counters(self) -> object: ...


@dataclass(slots=True)
class Observed:
    """What is looked at; the composition root adds each part as it makes it."""

    sources: list[Source] = field(default_factory=list)
    recognisers: dict[str, Recogniser] = field(default_factory=dict)

    def add(self, group: str, read: Callable[[], object], label: str = "") -> None:
        """The readings of a group of metrics (``web/metric_table.py``)."""
        self.sources.append(Source(group, read, label))

    def add_telephony(self, telephony: AsteriskTelephony) -> None:
        """ARI, calls and media sockets."""
        self.add("ari", lambda: _AriReadings(telephony))
        self.add("calls", lambda: telephony.call_metrics)
        self.add("media", lambda: telephony.media_metrics)

    def add_ami(self, ami: AmiConnection) -> None:
        """AMI, where there is one."""
        self.add("ami", lambda: ami.metrics)

    def add_trunks(self, trunks: TrunkDesk) -> None:
        """Each trunk: its calls, its failures, its circuit breaker."""
        for name in trunks.readings():
            self.add("trunk", partial(_trunk, trunks, name), name)

    def add_prompts(self, prompts: PromptCache) -> None:
        """The prompt cache and its files."""
        self.add("prompts", lambda: prompts.counters)
        self.add("prompt_store", lambda: prompts.store.counters)

    def add_recognisers(
        self, made: Mapping[str, Recogniser], choices: Mapping[str, RecogniserChoice]
    ) -> None:
        """Every recogniser, and the choice between them for each language."""
        self.recognisers.update(made)
        for language, choice in choices.items():
            self.add("recogniser_choice", partial(_counters, choice), language)
        for name, recogniser in made.items():
            if isinstance(recogniser, FunasrRecogniser):
                self.add("funasr", partial(_counters, recogniser))
                self.add("funasr_socket", partial(getattr, recogniser, "socket_counters"))
            elif isinstance(recogniser, _HasWorkers):
                self.add("recogniser_worker", partial(_counters, recogniser), name)

    def health(self) -> Iterator[EngineHealth]:
        """Of each recogniser."""
        for recogniser in self.recognisers.values():
            yield from recogniser.health()


def _trunk(trunks: TrunkDesk, name: str) -> object:
    return trunks.readings()[name]


def _counters(owner: _HasWorkers) -> object:
    return owner.counters


class _AriReadings:
    """The counters of the connection, and whether there is one."""

    def __init__(self, telephony: AsteriskTelephony) -> None:
        self._telephony = telephony

    def __getattr__(self, name: str) -> object:
        if name == "connected":
            return self._telephony.connected
        return getattr(self._telephony.ari.metrics, name)


@asynccontextmanager
async def observation(
    settings: Settings,
    observed: Observed,
    controller: Controller,
    telephony: AsteriskTelephony,
    store: SqliteStore,
    flows: FlowDirectory,
) -> AsyncIterator[MetricsServer | None]:
    """Serve figures and health of a controller while the context lasts; None where the settings want none."""
    if settings.metrics.port is None:
        yield None
        return
    dialler = controller.dialler
    counters = ServerCounters()
    observed.add(
        "dialler",
        lambda: Readings(
            {
                "calls": len(dialler.sessions()),
                "halted": dialler.halted,
                "finished_calls": dialler.finished,
                "held_back": len(dialler.held_back()),
                "abandoned_calls": dialler.abandoned(),
            }
        ),
    )
    observed.add("store", lambda: store)
    observed.add(
        "flow",
        lambda: Readings({"file_problems": len(flows.problems), "guard_breaches": flows.tally.breaches}),
    )
    observed.add("metrics", lambda: counters)
    health = HealthReport(
        lambda: telephony.connected, controller.reconciled.is_set, store.ping, observed.health
    )
    exposition = Exposition(observed.sources, observed.health)
    async with serve_metrics(
        settings.metrics.host, settings.metrics.port, exposition, health, counters
    ) as server:
        yield server
