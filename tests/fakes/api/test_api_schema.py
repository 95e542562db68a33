"""The API is what its description says: generated requests, good and bad, find no failure and no answer beside it."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import Case, GenerationMode
from schemathesis.core.result import Err
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    ignored_auth,
    negative_data_rejection,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)

from ari_app.ports.debt import BillKey
from ari_app.web.api.server import ServerOptions, serving
from ari_app.web.api.values import reference_of
from tests.support.api import Served, served
from tests.support.store_rows import NOW, allow, enough, ids, no_events, talked

pytestmark = pytest.mark.fakes


async def some_of_each(it: Served) -> dict[str, str]:
    """One attempt with a recording, one movement, one list; and the names of all that is there."""
    it.settings.recordings_dir.mkdir()
    (it.settings.recordings_dir / "x.wav").write_bytes(b"RIFF" * 100)
    (reserved,) = await it.store.claim_due("c1", NOW, 1, allow, ids())
    await it.store.mark_dialled(reserved.attempt_id, NOW, allow)
    await it.store.close_attempt(replace(talked(reserved), recording="x.wav"), enough, no_events)
    bill = {"customerId": "cust-1", "accountId": "acc-1", "billId": "b1"}
    movement = {"amount": 1, "currency": "CNY", "occurredAt": "2026-11-23T02:00:00Z", "provider": "bank"}
    paid = await it.client.post("/v1/payments", json=bill | movement | {"reference": "known"})
    row = "customerId,name,phone,accountId,billId,amountDue,dueDate\nc,n,12,a,b,1,2026-01-01\n"
    taken = await it.client.post("/v1/tasks/c1/imports", files={"file": ("x.csv", row.encode())})
    return bill | {
        "task_id": "c1",
        "customer_id": "cust-1",
        "account_ref": reference_of(BillKey("cust-1", "acc-1", "b1")),
        "attempt_id": reserved.attempt_id,
        "payment_id": paid.json()["paymentId"],
        "job_id": taken.json()["jobId"],
        "kind": "black",
        "currency": "CNY",
        "occurredAt": "2026-11-23T02:00:00Z",
    }


class Behind:
    """A server in a thread of its own: its address and a token with every right."""

    def __init__(self, folder: Path) -> None:
        self.url = self.authorization = ""
        self.known: dict[str, str] = {}
        self._folder = folder
        self._ready = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._end = asyncio.Event()
        self._thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._serve())

    async def _serve(self) -> None:
        wide: Any = {"anonymous_rate_per_s": 10_000, "anonymous_burst": 100_000}
        try:
            async with (
                served(self._folder, **wide) as it,
                serving(it.api.app, ServerOptions(port=0), it.api.closing) as port,
            ):
                self.url = f"http://127.0.0.1:{port}"
                self.authorization = it.client.headers["Authorization"]
                self.known = await some_of_each(it)
                self._ready.set()
                await self._end.wait()
        finally:
            self._ready.set()

    def __enter__(self) -> Behind:
        self._thread.start()
        self._ready.wait(30)
        assert self.url
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._end.set)
        self._thread.join(30)


CHECKS: list[Any] = [
    content_type_conformance,
    ignored_auth,
    negative_data_rejection,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
]
#: A stream never ends; test_api_server.py reads it.
ENDLESS = "/v1/events/stream"


def at_what_is_there(case: Case[Any], known: dict[str, str]) -> None:
    """Point a request at things that exist, so that it is answered by more than "not found"."""
    for name in list(case.path_parameters or {}):
        if name in known:
            case.path_parameters[name] = known[name]
    if isinstance(case.body, dict):
        case.body |= {name: known[name] for name in case.body if name in known}


def test_no_request_finds_a_failure_or_an_answer_beside_the_schema(tmp_path: Path) -> None:
    statuses: Counter[tuple[str, int]] = Counter()
    with Behind(tmp_path) as server:
        described = schemathesis.openapi.from_url(f"{server.url}/openapi.json")
        for found in described.exclude(path=ENDLESS).get_all_operations():
            for mode in GenerationMode:
                assert not isinstance(found, Err)
                operation = found.ok()

                @settings(
                    max_examples=3,
                    deadline=None,
                    database=None,
                    phases=[Phase.generate],
                    suppress_health_check=list(HealthCheck),
                )
                @given(operation.as_strategy(generation_mode=mode))
                def ask(case: Case[Any]) -> None:
                    if mode is GenerationMode.POSITIVE:  # noqa: B023 - called at once
                        at_what_is_there(case, server.known)
                    response = case.call(headers={"Authorization": server.authorization})
                    statuses[operation.label, response.status_code] += 1  # noqa: B023 - called at once
                    assert response.status_code < 500, (case.as_curl_command(), response.text)
                    case.validate_response(response, checks=CHECKS)

                with contextlib.suppress(Unsatisfiable):  # nothing of this operation can be wrong
                    ask()
    answered = {label for label, status in statuses if status < 300}
    asked = {label for label, _ in statuses}
    assert len(asked) > 25
    assert len(answered) > 25, answered
