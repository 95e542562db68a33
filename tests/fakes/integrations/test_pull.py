"""Pulling from a real HTTP server on this machine: pages, faults, secrets, and what ends a list that does not end."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from ari_app.domain.campaign import WebhookSpec
from ari_app.gateways.integrations.http_fetch import HttpFetch
from ari_app.ports import BillKey
from ari_app.ports.disputes import NewDispute
from ari_app.ports.integrations import FetchError, Run, RunResult
from ari_app.services.account_row import RowDefaults
from ari_app.services.integrations.definition import read_definition
from ari_app.services.integrations.directory import IntegrationDirectory
from ari_app.services.integrations.loading import Places
from ari_app.services.integrations.runner import BusyError, Integrations, Surroundings, _alone
from ari_app.services.integrations.trial import personal_paths, trial
from ari_app.store.sqlite_store import SqliteStore
from tests.support.clock import FakeClock
from tests.support.store_rows import NOW, account, campaign

pytestmark = pytest.mark.fakes

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


def record(number: int, **changes: object) -> dict[str, object]:
    return {
        "id": number,
        "person": {"name": f"客户{number}", "phone": f"138{number:08d}"},
        "no": f"b{number}",
        "fen": 1000 + number,
        "due": "01/10/2026",
        "updated": f"2026-11-{number % 28 + 1:02d}T00:00:00Z",
        **changes,
    }


class Server:
    """A billing system: what it answers is set by a test; what it was asked is kept."""

    def __init__(self) -> None:
        self.asked: list[web.Request] = []
        self.answer: Answer = self.nothing
        self.url = ""

    async def nothing(self, request: web.Request) -> web.StreamResponse:
        return web.json_response({"data": []})

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(request)
        return await self.answer(request)

    def in_turn(self, *answers: object) -> None:
        """Each request gets the next answer: a status, raw bytes, or the records of a page; the last one is repeated."""
        left = list(answers)

        async def answer(request: web.Request) -> web.StreamResponse:
            now = left.pop(0) if len(left) > 1 else left[0]
            match now:
                case int():
                    return web.Response(status=now, headers={"Retry-After": "7"}, text="no")
                case bytes():
                    return web.Response(body=now)
                case _:
                    return web.json_response({"data": now})

        self.answer = answer


@asynccontextmanager
async def serving() -> AsyncIterator[Server]:
    server = Server()
    app = web.Application()
    app.router.add_get("/{rest:.*}", server.handle)
    runner = web.AppRunner(app, shutdown_timeout=1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    assert runner.addresses
    server.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield server
    finally:
        await runner.cleanup()


class Bench:
    """An integration ``billing`` against a server, with a store of its own."""

    def __init__(self, tmp_path: Path, server: Server, store: SqliteStore) -> None:
        self.server, self.store, self.clock = server, store, FakeClock(NOW)
        self.slept: list[float] = []
        self.failed: list[Run] = []
        self.folder = tmp_path / "integrations"
        self.folder.mkdir()
        self.work = tmp_path / "work"
        self.around = Surroundings(
            places=Places(store, store.debts, store.disputes),
            runs=store.integration_runs,
            clock=self.clock,
            defaults=RowDefaults,
            work=self.work,
            fetch=HttpFetch,
            sleep=self._sleep,
            failed=self._failed,
        )

    async def _sleep(self, seconds: float) -> None:
        self.slept.append(seconds)

    async def _failed(self, run: Run) -> None:
        self.failed.append(run)

    def write(self, http: str = "", into: str = "accounts") -> None:
        fields = "customerId: {from: id, do: [text]}\n  accountId: {from: id, do: [text]}\n  billId: no\n"
        if into == "accounts":
            fields += "  name: person.name\n  phone: person.phone\n  amountDue: {from: fen, do: [fen]}\n"
            fields += '  dueDate: {from: due, do: [{date: "%d/%m/%Y"}]}\n'
        else:
            fields += "  amount: {from: fen, do: [fen]}\n  reference: ref\n"
        text = f"integration: billing\ninto: {into}\n" + ("campaign: c1\n" if into == "accounts" else "")
        text += f"http:\n  url: {self.server.url}/debts\n  networks: [127.0.0.1]\n  records: data\n{http}map:\n  {fields}"
        (self.folder / "billing.yaml").write_text(text, encoding="utf-8")

    def integrations(self) -> Integrations:
        directory = IntegrationDirectory(self.folder)
        assert directory.problems == ()
        return Integrations(directory, self.around)

    async def run(self) -> Run:
        directory = IntegrationDirectory(self.folder)
        assert directory.problems == (), directory.problems
        (found,) = await Integrations(directory, self.around).run(directory.definitions["billing"])
        return found

    async def customers(self) -> list[str]:
        return sorted([account.customer_id async for account in self.store.iter_accounts("c1")], key=int)


async def looked(integrations: Integrations) -> None:
    await integrations.look()
    await integrations.settled()


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    async with serving() as server, await SqliteStore.open(tmp_path / "s.db") as store:
        hook = WebhookSpec("https://e.invalid/h", ("integration.*",))
        await store.put_campaign(replace(campaign(), webhook=hook))
        yield Bench(tmp_path, server, store)


async def test_records_become_accounts_by_the_same_checks_as_a_list(bench: Bench) -> None:
    bench.write()
    bad_phone = record(3, person={"name": "x", "phone": "12"})
    bench.server.in_turn([record(1), record(2), bad_phone, record(4, fen=None), "nonsense", record(1)])
    run = await bench.run()
    assert (run.result, run.records, run.added, run.rejected) == (RunResult.DONE, 6, 2, 4)
    assert await bench.customers() == ["1", "2"]
    (found,) = await bench.store.customer_accounts("1")
    assert (found.account.amount_due, found.account.bill_id) == (Decimal("10.01"), "b1")
    rejects = Path(run.rejects_file).read_text(encoding="utf-8-sig")
    assert [line.split(",")[0] for line in rejects.splitlines()] == ["row", "3", "4", "5", "6"]
    assert "is not a telephone number" in rejects or "phone" in rejects
    assert Path(run.rejects_file).stat().st_mode & 0o077 == 0
    again = await bench.run()
    assert (again.added, again.unchanged) == (0, 2)


async def test_the_answer_itself_may_be_the_list(bench: Bench) -> None:
    bench.write()
    path = bench.folder / "billing.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("  records: data\n", ""), encoding="utf-8")
    bench.server.in_turn(json.dumps([record(1), record(2)]).encode())
    assert (await bench.run()).added == 2


async def test_payments_go_to_the_ledger_once(bench: Bench) -> None:
    bench.write()
    bench.server.in_turn([record(1), record(2)])
    await bench.run()
    bench.clock.advance(timedelta(hours=1))
    bench.write(into="payments")
    paid = [
        {"id": 1, "no": "b1", "fen": 1001, "ref": "t1"},
        {"id": 2, "no": "b2", "fen": 500, "ref": "t2"},
        {"id": 9, "no": "b9", "fen": 500, "ref": "t3"},
        {"id": 2, "no": "b2", "fen": 501, "ref": "t2"},
        {"id": 2, "no": "b2", "fen": 0, "ref": "t4"},
    ]
    bench.server.in_turn(paid)
    run = await bench.run()
    assert (run.result, run.records, run.added, run.rejected) == (RunResult.DONE, 5, 2, 3)
    assert [(await bench.store.customer_accounts(each))[0].account.amount_due for each in ("1", "2")] == [
        Decimal("0.00"),
        Decimal("5.02"),
    ]
    again = await bench.run()
    assert (again.added, again.unchanged, again.rejected) == (0, 2, 3)


async def test_tickets_move_disputes_to_where_they_stand_there(bench: Bench) -> None:
    await bench.store.load_accounts("c1", [account(), account(2)], NOW - timedelta(hours=1))
    cases = []
    for number in (1, 2):
        bill = BillKey(f"cust-{number}", f"acc-{number}", "b1")
        opened = await bench.store.disputes.open(NewDispute(bill, "bill", "api", f"r{number}"), NOW)
        assert opened is not None
        cases.append(opened.case_id)
    text = (
        f"integration: billing\ninto: tickets\nhttp:\n  url: {bench.server.url}/t\n  networks: [127.0.0.1]\n"
    )
    text += "  records: data\nmap:\n  disputeId: external\n  verdict: verdict\n  reason: why\n"
    text += "  corrected: {from: fen, do: [fen]}\n"
    text += "  status: {from: state, do: [{values: {asked: waiting_for_customer, done: decided}}]}\n"
    (bench.folder / "billing.yaml").write_text(text, encoding="utf-8")
    bench.server.in_turn(
        [
            {"external": cases[0], "state": "asked"},
            {"external": cases[1], "state": "done", "verdict": "upheld", "fen": 10000, "why": "read wrongly"},
            {"external": "dis-nobody", "state": "asked"},
            {"external": cases[0], "state": "done"},
            {"external": cases[0], "state": "new"},
        ]
    )
    run = await bench.run()
    assert (run.result, run.added, run.rejected) == (RunResult.DONE, 2, 3)
    assert [(await bench.store.disputes.case(each)).state.value for each in cases] == [
        "waiting_for_customer",
        "decided",
    ]
    (found,) = await bench.store.customer_accounts("cust-2")
    assert found.account.amount_due == Decimal("100.00")
    assert (await bench.store.disputes.case(cases[1])).decided_by == "billing"
    again = await bench.run()
    assert (again.added, again.unchanged, again.rejected) == (0, 2, 3)


@pytest.mark.parametrize("kind", ["page", "cursor", "link"])
async def test_all_pages_are_read(bench: Bench, kind: str) -> None:
    paging = {
        "page": "{kind: page, param: p, size_param: n, size: 2}",
        "cursor": "{kind: cursor, param: c, next: meta.next}",
        "link": "{kind: link}",
    }
    bench.write(f"  params: {{state: open}}\n  paging: {paging[kind]}\n")
    pages = [[record(1), record(2)], [record(3), record(4)], [record(5)]]

    async def answer(request: web.Request) -> web.StreamResponse:
        assert request.query["state"] == "open"
        place = {"page": int(request.query.get("p", 1)) - 1, "cursor": int(request.query.get("c", 0))}
        number = place.get(kind, int(request.query.get("at", 0)))
        found = pages[number] if number < len(pages) else []
        headers = {}
        if kind == "link" and number + 1 < len(pages):
            headers["Link"] = f'</debts>; rel="first", </debts?state=open&at={number + 1}>; rel="next"'
        meta = {"next": number + 1 if number + 1 < len(pages) else None}
        return web.json_response({"data": found, "meta": meta}, headers=headers)

    bench.server.answer = answer
    run = await bench.run()
    assert (run.result, run.added) == (RunResult.DONE, 5)
    assert await bench.customers() == ["1", "2", "3", "4", "5"]
    assert bench.slept == [0.2] * (3 if kind == "page" else 2)  # five a second


async def test_the_next_pull_goes_on_where_the_last_complete_one_ended(bench: Bench) -> None:
    bench.write('  since: {param: since, field: updated, first: "2026-01-01"}\n  retries: 0\n')
    bench.server.in_turn([record(3), record(7), record(5)])
    assert (await bench.run()).position == "2026-11-08T00:00:00Z"
    bench.server.in_turn(500)
    assert (await bench.run()).result is RunResult.FAILED
    bench.server.in_turn([])
    assert (await bench.run()).position == "2026-11-08T00:00:00Z"
    assert [request.query["since"] for request in bench.server.asked] == [
        "2026-01-01",
        "2026-11-08T00:00:00Z",
        "2026-11-08T00:00:00Z",
    ]


async def test_what_passes_is_tried_again_with_patience(bench: Bench) -> None:
    bench.write("  retries: 4\n")
    bench.server.in_turn(500, 429, b"{garbage", b"\xff\xfe", [record(1)])
    run = await bench.run()
    assert (run.result, run.added) == (RunResult.DONE, 1)
    assert bench.slept == [7.0, 7.0, 15.0, 30.0]  # Retry-After where the server names one
    assert bench.failed == []


@pytest.mark.parametrize(
    ("answer", "fault", "tries"),
    [
        (503, "the address answered 503", 3),
        (401, "the address answered 401", 1),
        (b"not json", "the answer is not JSON", 3),
        (b'{"data": {"a": 1}}', "data is not a list", 1),
        (b'{"other": []}', "data is not a list", 1),
        (b"[" * 100_000, "the answer is nested too deeply", 3),
        (b'{"data": [' + b"1," * 3_000_000 + b"1]}", "an answer that is too long", 1),
    ],
)
async def test_what_does_not_pass_fails_is_told_and_loads_nothing(
    bench: Bench, answer: object, fault: str, tries: int
) -> None:
    bench.write("  retries: 2\n  most_mb: 1\n")
    bench.server.in_turn(answer)
    run = await bench.run()
    assert (run.result, fault in run.fault, len(bench.server.asked)) == (RunResult.FAILED, True, tries)
    assert [each.fault for each in bench.failed] == [run.fault]
    assert await bench.customers() == []
    assert (await bench.store.integration_runs.last("billing")) == run
    (told,) = await bench.store.outbox()
    assert (told.event, told.payload["integration"], told.payload["why"]) == (
        "integration.failed",
        "billing",
        run.fault,
    )
    bench.server.in_turn([])
    assert (await bench.run()).result is RunResult.DONE
    assert (await bench.run()).result is RunResult.DONE
    assert [each.event for each in await bench.store.outbox()] == [
        "integration.failed",
        "integration.recovered",
    ]


async def test_what_breaks_off_in_the_middle_loads_nothing(bench: Bench) -> None:
    bench.write("  retries: 0\n  paging: {kind: page, param: p}\n")
    bench.server.in_turn([record(1)], [record(2)], 500)
    assert (await bench.run()).result is RunResult.FAILED
    assert await bench.customers() == []
    assert not (bench.work / "billing" / "spool").exists()


async def test_a_server_that_does_not_answer_in_time_is_left(bench: Bench) -> None:
    bench.write("  retries: 1\n  timeout_s: 0.1\n")

    over = asyncio.Event()

    async def never(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b'{"data": [')
        await over.wait()
        return response

    bench.server.answer = never
    run = await bench.run()
    over.set()
    assert (run.fault, len(bench.server.asked)) == ("no answer in time", 2)


@pytest.mark.parametrize("kind", ["cursor", "link", "page", "growing"])
async def test_a_list_that_does_not_end_is_ended(bench: Bench, kind: str) -> None:
    paging = {
        "cursor": "{kind: cursor, param: c, next: next}",
        "link": "{kind: link}",
        "page": "{kind: page, param: p}",
        "growing": "{kind: cursor, param: c, next: next, most_pages: 20}",
    }
    bench.write(f"  paging: {paging[kind]}\n  retries: 0\n")

    async def answer(request: web.Request) -> web.StreamResponse:
        asked = len(bench.server.asked)
        same = {"cursor": "same", "growing": f"c{asked}"}.get(kind)
        link = {"Link": '</debts?again=1>; rel="next"'} if kind == "link" else {}
        number = 1 if kind == "page" else asked
        return web.json_response({"data": [record(number)], "next": same}, headers=link)

    bench.server.answer = answer
    run = await bench.run()
    assert run.result is RunResult.FAILED
    assert "twice" in run.fault or "most_pages 20" in run.fault
    assert len(bench.server.asked) <= 20
    assert await bench.customers() == []


async def test_the_secret_goes_to_its_address_alone_and_into_no_log(
    bench: Bench, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    secret = tmp_path / "secret"
    secret.write_text("s3cr3t-value\n", encoding="utf-8")
    bench.write(
        f"  auth: {{header: X-Key, prefix: 'Key ', secret_file: {secret}}}\n  paging: {{kind: link}}\n  retries: 0\n"
    )
    async with serving() as other:

        async def away(request: web.Request) -> web.StreamResponse:
            link = f'<{other.url}/debts>; rel="next"'
            return web.json_response({"data": [record(1)]}, headers={"Link": link})

        bench.server.answer = away
        run = await bench.run()
        assert "another address" in run.fault

        async def redirect(request: web.Request) -> web.StreamResponse:
            raise web.HTTPFound(f"{other.url}/debts")

        bench.server.answer = redirect
        assert "the address answered 302" in (await bench.run()).fault
        assert other.asked == []
    assert [request.headers["X-Key"] for request in bench.server.asked] == ["Key s3cr3t-value"] * 2
    secret.unlink()
    missing = await bench.run()
    assert (missing.result, "secret_file" in missing.fault) == (RunResult.FAILED, True)
    captured = capsys.readouterr()
    assert "s3cr3t-value" not in captured.out + captured.err + missing.fault


async def test_nothing_inside_is_reached_but_what_the_definition_names() -> None:
    async with serving() as server, HttpFetch() as fetch:
        for host in ("127.0.0.1", "localhost"):
            url = server.url.replace("127.0.0.1", host)
            with pytest.raises(FetchError, match="allowed: networks"):
                await fetch.get(url, {}, timeout_s=2, most_bytes=1000)
        assert server.asked == []


async def test_it_runs_when_it_is_due_and_sooner_after_a_failure(bench: Bench) -> None:
    bench.write()
    bench.server.in_turn([record(1)])
    integrations = bench.integrations()
    for minutes, asked in ((0, 1), (1, 1), (58, 1), (1, 2)):
        bench.clock.advance(timedelta(minutes=minutes))
        await looked(integrations)
        assert len(bench.server.asked) == asked
    bench.write("  retries: 0\n")  # read again by itself
    bench.server.in_turn(404)
    bench.clock.advance(timedelta(minutes=60))
    await looked(integrations)
    bench.clock.advance(timedelta(minutes=14))
    await looked(integrations)
    assert len(bench.server.asked) == 3
    bench.clock.advance(timedelta(minutes=1))
    await looked(integrations)
    assert len(bench.server.asked) == 4
    assert len(bench.failed) == 2


async def test_a_slow_one_holds_up_no_other_and_is_ended_with_the_program(bench: Bench) -> None:
    bench.write("  timeout_s: 60\n")
    other = (bench.folder / "billing.yaml").read_text(encoding="utf-8").replace("billing", "other", 1)
    (bench.folder / "other.yaml").write_text(other, encoding="utf-8")
    over, asked = asyncio.Event(), asyncio.Event()

    async def hangs(request: web.Request) -> web.StreamResponse:
        if len(bench.server.asked) == 2:
            asked.set()
        await over.wait()
        return web.json_response({"data": [record(1)]})

    bench.server.answer = hangs
    integrations = bench.integrations()
    await integrations.look()
    await asyncio.wait_for(asked.wait(), 10)
    await integrations.look()  # neither is begun twice
    await integrations.close()
    over.set()
    assert len(bench.server.asked) == 2
    assert await bench.store.integration_runs.runs() == []
    assert await bench.customers() == []


async def test_one_that_is_switched_off_does_nothing_by_itself(bench: Bench) -> None:
    bench.write()
    path = bench.folder / "billing.yaml"
    path.write_text(path.read_text(encoding="utf-8") + "enabled: false\n", encoding="utf-8")
    await looked(bench.integrations())
    assert bench.server.asked == []


async def test_two_runs_at_once_are_one(bench: Bench) -> None:
    bench.write()
    folder = bench.work / "billing"
    folder.mkdir(parents=True)
    with _alone(folder / "lock"), pytest.raises(BusyError, match="running already"):
        await bench.run()
    assert bench.server.asked == []
    assert (await bench.run()).result is RunResult.DONE


async def test_a_campaign_that_does_not_exist_is_told(bench: Bench) -> None:
    bench.write()
    path = bench.folder / "billing.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("c1", "none"), encoding="utf-8")
    bench.server.in_turn([record(1)])
    assert "does not exist" in (await bench.run()).fault


async def test_a_trial_shows_before_and_after_with_every_fault_and_stores_nothing(bench: Bench) -> None:
    bench.write("  paging: {kind: page, param: p}\n")
    bench.server.in_turn([record(1), record(2, due="soon", person={"name": "x"})], [record(3)], [])
    definition = read_definition(bench.folder / "billing.yaml")
    found = await trial(definition, bench.around, 2)
    assert len(bench.server.asked) == 1
    first, second = found
    assert first.before["fen"] == 1001
    assert (first.after["amountDue"], first.after["dueDate"], first.faults) == ("10.01", "2026-10-01", ())
    assert {fault.field for fault in second.faults} == {"dueDate", "phone"}
    assert {"person.name", "person.phone", "name"} <= personal_paths(definition)
    assert await bench.customers() == []
    assert await bench.store.integration_runs.runs() == []


async def test_runs_are_remembered_but_not_for_ever(bench: Bench) -> None:
    runs: Any = bench.store.integration_runs
    for number in range(1010):
        position = "p-0" if number == 0 else ""
        await runs.add(Run("x", NOW, NOW, RunResult.DONE, position=position))
    assert len(await runs.runs("x", 5000)) == 1001
    assert await runs.position("x") == "p-0"
    assert json.dumps([each.integration for each in await runs.runs(None, 1)]) == '["x"]'
