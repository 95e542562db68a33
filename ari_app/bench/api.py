"""What a request to the HTTP API costs, beside a bare FastAPI route on the same server in the same run.

Server and client are two processes on loopback, so on two cores neither takes the other's time. Every POST is a payment
that is settled and synced to the disk before it is answered.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import aiohttp

from ari_app.bench.report import BenchReport, machine_facts, median, percentile
from ari_app.bench.webhooks import measure_webhooks
from ari_app.domain.account import Account
from ari_app.domain.api_scope import Scope
from ari_app.domain.attempt import CallOutcome
from ari_app.domain.campaign import Campaign, CampaignStrategy, DiallerSpec
from ari_app.domain.compliance import ContactFacts, DialVerdict, Rule
from ari_app.domain.retry import RetryDecision
from ari_app.ports.debt import BillKey
from ari_app.services.api.tokens import new_token
from ari_app.store.sqlite_store import SqliteStore
from ari_app.web.api.values import reference_of

Say = Callable[[str], None]
#: Sends one request by its number, and raises where the answer is not the right one.
Ask = Callable[[aiohttp.ClientSession, int], Awaitable[None]]

_CAMPAIGN = "bench"
_METHOD = (
    "{accounts} accounts, {attempts} closed attempts; server and client in two processes over loopback, {clients} "
    "connections that are kept open; {requests} requests of each kind, the kinds one after the other, {rounds} rounds: "
    "GET one account, POST one payment (settled, synced to the disk), GET 50 attempts, and a bare FastAPI route that "
    "answers with a model of ten fields. p50_ms and p99_ms are over the three kinds together, rate is requests a second "
    "of the three, ratio_bare is the median of GET one account over that of the bare route. webhooks.events_per_s: "
    "{events} events of {event_accounts} accounts out of the store, signed, to a receiver in a process of its own, "
    "32 at once, each written down as sent (synced to the disk)"
)


async def bench_api(
    *,
    accounts: int = 2000,
    attempts: int = 200,
    clients: int = 4,
    requests: int = 1000,
    rounds: int = 3,
    events: int = 3000,
    progress: Say | None = None,
) -> dict[str, object]:
    """Measure, and return the object that ``ari-app bench api --json`` prints."""
    say = progress or (lambda line: None)
    report = BenchReport("api", machine_facts(["fastapi", "starlette", "uvicorn", "pydantic"]))
    report.method = _METHOD.format(
        accounts=accounts,
        attempts=attempts,
        clients=clients,
        requests=requests,
        rounds=rounds,
        events=events,
        event_accounts=_lanes(events),
    )
    carried: list[float] = []
    with tempfile.TemporaryDirectory(prefix="ari-app-bench-") as name:
        token = await _fill(Path(name), accounts, attempts)
        say(f"{accounts} accounts and {attempts} attempts are there")
        async with _server("api", name) as api, _server("bare", name) as bare:
            for number in range(rounds):
                report.runs.append(await _round(api, bare, token, accounts, clients, requests, number))
                said = ", ".join(f"{key} {value:,.2f}" for key, value in report.runs[-1].items())
                say(f"round {number + 1}: {said}")
        for number in range(rounds):
            folder = Path(name) / f"webhooks-{number}"
            folder.mkdir()
            figures = await measure_webhooks(folder, events, _lanes(events))
            carried.append(figures.events_per_s)
            say(f"webhooks {number + 1}: {figures.events_per_s:,.0f} events a second")
    report.metrics = {f"api.{key}": value for key, value in report.medians().items()}
    report.metrics["webhooks.events_per_s"] = round(median(carried), 1)
    return report.to_dict()


def _lanes(events: int) -> int:
    """Of so many accounts are the events: three of each, one after the other."""
    return max(1, events // 3)


async def _round(
    api: str, bare: str, token: str, accounts: int, clients: int, requests: int, number: int
) -> dict[str, float]:
    def account(n: int) -> str:
        return reference_of(BillKey(f"cust-{n % accounts}", f"acc-{n % accounts}", "b1"))

    async def get_account(session: aiohttp.ClientSession, n: int) -> None:
        async with session.get(f"{api}/v1/accounts/{account(n)}") as answer:
            await _right(answer, 200)

    async def list_attempts(session: aiohttp.ClientSession, n: int) -> None:
        async with session.get(f"{api}/v1/attempts?limit=50&taskId={_CAMPAIGN}") as answer:
            await _right(answer, 200)

    async def pay(session: aiohttp.ClientSession, n: int) -> None:
        body = {
            "customerId": f"cust-{n % accounts}",
            "accountId": f"acc-{n % accounts}",
            "billId": "b1",
            "amount": 0.01,
            "currency": "CNY",
            "occurredAt": "2025-01-15T10:00:00+08:00",
            "provider": "bench",
            "reference": f"{number}-{n}",
        }
        async with session.post(f"{api}/v1/payments", json=body) as answer:
            await _right(answer, 201)

    async def ask_bare(session: aiohttp.ClientSession, n: int) -> None:
        async with session.get(f"{bare}/bare/{account(n)}") as answer:
            await _right(answer, 200)

    found: dict[str, float] = {}
    together: list[float] = []
    took = 0.0
    medians: dict[str, float] = {}
    for kind, ask in (
        ("bare", ask_bare),
        ("get_account", get_account),
        ("post_payment", pay),
        ("list_attempts", list_attempts),
    ):
        times, seconds = await _load(ask, token, clients, requests)
        medians[kind] = percentile(times, 50)
        found |= {f"{kind}_p50_ms": medians[kind], f"{kind}_p99_ms": percentile(times, 99)}
        if kind != "bare":
            together += times
            took += seconds
    return found | {
        "p50_ms": percentile(together, 50),
        "p99_ms": percentile(together, 99),
        "rate": len(together) / took,
        "ratio_bare": medians["get_account"] / medians["bare"],
    }


async def _load(ask: Ask, token: str, clients: int, requests: int) -> tuple[list[float], float]:
    """The milliseconds of each request, and the seconds of all."""
    numbers = iter(range(requests))
    times: list[float] = []

    async def client(session: aiohttp.ClientSession) -> None:
        for number in numbers:
            began = time.perf_counter()
            await ask(session, number)
            times.append((time.perf_counter() - began) * 1000)

    headers = {"Authorization": f"Bearer {token}"}
    connector = aiohttp.TCPConnector(limit=clients)
    async with aiohttp.ClientSession(headers=headers, connector=connector) as session:
        await ask(session, requests)  # the first one also makes what is made once
        began = time.perf_counter()
        await asyncio.gather(*(client(session) for _ in range(clients)))
        return times, time.perf_counter() - began


async def _right(answer: aiohttp.ClientResponse, status: int) -> None:
    body = await answer.read()
    if answer.status != status or not body:
        raise AssertionError(f"{answer.status}: {body[:300]!r}")


@asynccontextmanager
async def _server(kind: str, folder: str) -> AsyncIterator[str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "ari_app.bench.api_server",
        kind,
        folder,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        line = await asyncio.wait_for(process.stdout.readline(), 120)
        if not line:
            raise AssertionError("the server did not start")
        yield f"http://127.0.0.1:{int(line)}"
    finally:
        process.stdin.close()
        await asyncio.wait_for(process.wait(), 60)


async def _fill(folder: Path, accounts: int, attempts: int) -> str:
    """Accounts and closed attempts; the text of a token that may ask for them."""
    now = datetime.now(UTC)

    def allow(facts: ContactFacts, at: datetime) -> DialVerdict:
        return DialVerdict(True, Rule.ALLOWED, "a measurement", None, at)

    async with await SqliteStore.open(folder / "ari-app.sqlite3") as store:
        await store.put_campaign(
            Campaign(_CAMPAIGN, _CAMPAIGN, CampaignStrategy(), DiallerSpec("ai", 500, ("+861055550100",)))
        )
        listed = [
            Account(
                f"cust-{n}",
                f"acc-{n}",
                "b1",
                "王小明",
                f"+86138{n:08d}",
                Decimal("568.32"),
                date(2026, 10, 1),
                aging_bucket="D31-D60",
            )
            for n in range(accounts)
        ]
        for first in range(0, accounts, 500):
            await store.load_accounts(_CAMPAIGN, listed[first : first + 500], now)
        names = iter(f"att-{n}" for n in range(attempts))
        for reserved in await store.claim_due(_CAMPAIGN, now, attempts, allow, lambda: next(names)):
            await store.mark_dialled(reserved.attempt_id, now, allow)
            outcome = CallOutcome(reserved.attempt_id, "busy", ended_at=now + timedelta(seconds=3))
            await store.close_attempt(
                outcome, lambda history: RetryDecision(None, "measured"), lambda history: []
            )
        made = new_token("bench", Scope, now, timedelta(hours=2))
        await store.api.add_token(made.token)
        return made.text
