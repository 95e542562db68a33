"""Commands per second: REST over the event socket against HTTP with httpx and with aiohttp.

All send the same write command (set a global variable) to the same Asterisk, with the same number of callers, in
turns within each round, and each keeps its connections open. The HTTP clients get a capped pool of connections, which
suits them better than an open one: each new connection costs more than a request.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from ari_app.asterisk.ari import AriConnection
from ari_app.asterisk.ari_socket import basic_authorization
from ari_app.asterisk.ari_types import AriSettings
from ari_app.asterisk.instance import AsteriskInstance, InstancePorts
from ari_app.bench.report import BenchReport, machine_facts, percentile
from ari_app.errors import ConfigError

Ask = Callable[[], Awaitable[None]]

APP = "ari-app-bench"
CLIENTS = ("socket", "httpx", "aiohttp")
_PATH = "asterisk/variable"
_PARAMS = {"variable": "ARI_APP_BENCH", "value": "1"}
_METHOD = (
    "POST asterisk/variable, {serial_s:g} s one at a time and {concurrent_s:g} s by {callers} callers, {rounds} rounds "
    "with the clients in turns, medians of the rounds. ratio_X = best median rate of the socket / best median rate of X "
    "(each at the better of its two ways); ratio_X_serial = one at a time against one at a time; HTTP pools of {callers} "
    "kept-alive connections; cpu_us is this process's CPU per concurrent command."
)


async def bench_ari(
    settings: AriSettings | None = None,
    *,
    rounds: int = 5,
    serial_s: float = 0.5,
    concurrent_s: float = 1.0,
    callers: int = 32,
    progress: Callable[[str], None] | None = None,
) -> dict[str, object]:
    """Measure, and return the object that ``ari-app bench ari --json`` prints.

    :param settings: an Asterisk that runs already; a PBX of our own is started and ended when None.
    :param serial_s: how long one caller asks, in each round and for each client.
    :param concurrent_s: how long ``callers`` callers ask, likewise.
    :param progress: is told a line at each step.
    :raises ConfigError: httpx or aiohttp is not installed.
    """
    try:
        import aiohttp  # noqa: F401 - asked for before an Asterisk is started in vain
        import httpx  # noqa: F401
    except ImportError as error:
        raise ConfigError(f"bench ari needs {error.name}: install ari-app[bench]") from error
    say = progress or (lambda line: None)
    async with AsyncExitStack() as stack:
        if settings is None:
            say("starting an Asterisk")
            settings = await stack.enter_async_context(_own_asterisk())
        clients = {
            "socket": await stack.enter_async_context(_socket(settings)),
            "httpx": await stack.enter_async_context(_httpx(settings, callers)),
            "aiohttp": await stack.enter_async_context(_aiohttp(settings, callers)),
        }
        report = BenchReport(
            "ari",
            machine_facts(("websockets", "httpx", "aiohttp")),
            method=_METHOD.format(
                serial_s=serial_s, concurrent_s=concurrent_s, callers=callers, rounds=rounds
            ),
        )
        for name in CLIENTS:
            await _concurrent(clients[name], 0.05, callers)  # opens the pools
        for number in range(rounds):
            run: dict[str, float] = {}
            for name in CLIENTS[number % 3 :] + CLIENTS[: number % 3]:
                say(f"round {number + 1} of {rounds}: {name}")
                rate, p50_ms, p99_ms = await _serial(clients[name], serial_s)
                run |= {f"{name}.serial_rate": rate, f"{name}.p50_ms": p50_ms, f"{name}.p99_ms": p99_ms}
                rate, cpu_us = await _concurrent(clients[name], concurrent_s, callers)
                run |= {f"{name}.concurrent_rate": rate, f"{name}.cpu_us": cpu_us}
            report.runs.append(run)
        report.metrics = ari_metrics(report.medians())
        return report.to_dict()


def ari_metrics(medians: dict[str, float]) -> dict[str, float]:
    """Ratios and rates from the medians of the rounds."""

    def best(name: str) -> float:
        return max(medians[f"{name}.serial_rate"], medians[f"{name}.concurrent_rate"])

    metrics = {"ari.p50_ms": medians["socket.p50_ms"], "ari.p99_ms": medians["socket.p99_ms"]}
    for name in CLIENTS[1:]:
        metrics[f"ari.ratio_{name}"] = best("socket") / best(name)
        metrics[f"ari.ratio_{name}_serial"] = medians["socket.serial_rate"] / medians[f"{name}.serial_rate"]
    for name in CLIENTS:
        prefix = "ari" if name == "socket" else f"ari.{name}"
        metrics[f"{prefix}.rate_serial"] = medians[f"{name}.serial_rate"]
        metrics[f"{prefix}.rate_concurrent"] = medians[f"{name}.concurrent_rate"]
        metrics[f"{prefix}.cpu_us"] = medians[f"{name}.cpu_us"]
    return metrics


async def _serial(ask: Ask, seconds: float) -> tuple[float, float, float]:
    """Requests per second one at a time, and the median and 99th percentile in milliseconds."""
    took: list[float] = []
    began = now = time.perf_counter()
    while now - began < seconds:
        start = now
        await ask()
        now = time.perf_counter()
        took.append((now - start) * 1000)
    return len(took) / (now - began), percentile(took, 50), percentile(took, 99)


async def _concurrent(ask: Ask, seconds: float, callers: int) -> tuple[float, float]:
    """Requests per second with ``callers`` callers, each asking for its next as soon as one is answered.

    :returns: the rate, and microseconds of this process's CPU per request.
    """
    cpu_began, began = time.process_time(), time.perf_counter()
    end = began + seconds

    async def caller() -> int:
        count = 0
        while time.perf_counter() < end:
            await ask()
            count += 1
        return count

    count = sum(await asyncio.gather(*(caller() for _ in range(callers))))
    cpu_us = (time.process_time() - cpu_began) * 1e6 / max(count, 1)
    return count / (time.perf_counter() - began), cpu_us


@asynccontextmanager
async def _socket(settings: AriSettings) -> AsyncIterator[Ask]:
    ari = AriConnection(settings)
    await ari.start(10.0)

    async def ask() -> None:
        await ari.request("POST", _PATH, params=_PARAMS)

    try:
        yield ask
    finally:
        await ari.close()


@asynccontextmanager
async def _httpx(settings: AriSettings, pool: int) -> AsyncIterator[Ask]:
    import httpx

    limits = httpx.Limits(max_connections=pool, max_keepalive_connections=pool)
    async with httpx.AsyncClient(
        base_url=f"{settings.url}/ari/",
        auth=httpx.BasicAuth(settings.user, settings.password),
        limits=limits,
        trust_env=False,
    ) as client:

        async def ask() -> None:
            (await client.post(_PATH, params=_PARAMS)).raise_for_status()

        yield ask


@asynccontextmanager
async def _aiohttp(settings: AriSettings, pool: int) -> AsyncIterator[Ask]:
    import aiohttp

    async with aiohttp.ClientSession(
        base_url=f"{settings.url}/ari/",
        headers=basic_authorization(settings),
        connector=aiohttp.TCPConnector(limit=pool),
        raise_for_status=True,
    ) as client:

        async def ask() -> None:
            async with client.post(_PATH, params=_PARAMS) as answer:
                await answer.read()

        yield ask


@asynccontextmanager
async def _own_asterisk() -> AsyncIterator[AriSettings]:
    with tempfile.TemporaryDirectory(prefix="ari-app-bench-") as folder:
        ports = InstancePorts.free()
        pbx = AsteriskInstance(
            Path(folder) / "pbx", "pbx", ports, trunk_port=ports.silent, die_with_parent=True
        )
        async with pbx:
            yield AriSettings(pbx.http_url, pbx.credentials.ari_user, pbx.credentials.ari_password, APP)
