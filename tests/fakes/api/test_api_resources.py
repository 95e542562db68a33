"""Each resource over a real store: what goes in comes out, pages hold still, and nothing leads out of its folder."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from ari_app.domain.api_scope import Scope
from ari_app.domain.campaign import CampaignStatus
from ari_app.domain.debt.promise import PromiseState
from ari_app.errors import StoreUnavailable
from ari_app.ports.api import ImportJob, ImportState
from ari_app.services.campaign_shape import CampaignShape, DialerShape, StrategyShape, WebhookShape
from ari_app.web.api.files import inside
from ari_app.web.api.task_schema import task_schema
from tests.support.api import Served, served
from tests.support.store_rows import NOW, account, allow, enough, ids, no_events, talked

pytestmark = pytest.mark.fakes

BILL = {"customerId": "cust-1", "accountId": "acc-1", "billId": "b1"}
#: The example of the create-task request (requirement I1), word for word but for caller IDs with digits that stand open.
TASK: dict[str, Any] = {
    "name": "collection_overdue_D1_D30",
    "strategy": {
        "timezone": "Asia/Shanghai",
        "window": ["09:00-12:00", "14:00-19:30"],
        "maxAttempts": 3,
        "retryHours": [0, 24, 72],
        "agingBuckets": ["D1-D30"],
        "minAmount": 50,
    },
    "dialer": {"type": "ai", "concurrency": 200, "callerIdPool": ["010-6xxxxxxx", "010-5xxxxxxx"]},
    "list": [
        {
            "customerId": "c_10001",
            "name": "张三",
            "phone": "13800000001",
            "accountId": "a_20001",
            "billId": "b_30001",
            "amountDue": 568.32,
            "dueDate": "2025-10-07",
        }
    ],
    "webhook": {
        "events": ["call.completed", "collection.ptp.created", "payment.settled", "alert.triggered"],
        "url": "https://crm.example.com/webhook",
        "secret": "xxx",
    },
}


@pytest.fixture
async def it(tmp_path: Path) -> AsyncIterator[Served]:
    async with served(tmp_path) as found:
        yield found


async def test_the_create_task_example_is_taken_as_it_stands(it: Served) -> None:
    refused = await it.client.post("/v1/tasks", json=TASK)
    assert refused.status_code == 422
    assert {each["field"] for each in refused.json()["problems"]} == {
        "dialer.callerIdPool[0]",
        "dialer.callerIdPool[1]",
    }
    made = await it.client.post("/v1/tasks?allowPlaceholders=true", json=TASK)
    assert made.status_code == 201
    found = made.json()
    assert (found["placeholders"], found["loaded"]["added"]) == (2, 1)
    assert (found["task"]["status"], found["task"]["strategy"]["minAmount"]) == ("paused", 50)
    assert "xxx" not in made.text
    task_id = found["task"]["taskId"]
    assert made.headers["location"] == f"/v1/tasks/{task_id}"
    (loaded,) = (await it.client.get(f"/v1/accounts?taskId={task_id}")).json()["items"]
    assert (loaded["customerId"], loaded["amountDue"], loaded["phone"]) == (
        "c_10001",
        568.32,
        "+8613800000001",
    )
    again = await it.client.post("/v1/tasks?allowPlaceholders=true", json=TASK)
    assert (again.status_code, again.json()["changed"], again.json()["loaded"]["unchanged"]) == (
        200,
        False,
        1,
    )


async def test_a_bad_row_is_reported_and_the_others_load(it: Served) -> None:
    body = TASK | {
        "dialer": {"callerIdPool": ["+861088880001"]},
        "list": [TASK["list"][0], TASK["list"][0] | {"billId": "b2", "phone": "12"}, 7],
    }
    found = (await it.client.post("/v1/tasks?id=mine&paused=true", json=body)).json()
    assert (found["task"]["taskId"], found["task"]["status"]) == ("mine", "paused")
    assert [(each["row"], each["field"]) for each in found["rejects"]] == [(1, "phone"), (2, "")]
    assert found["loaded"]["added"] == 1


async def test_a_task_that_fits_nothing_is_refused_before_anything_is_stored(it: Served) -> None:
    body = TASK | {
        "strategy": {"flow": "nowhere", "rulePack": "none"},
        "dialer": {"callerIdPool": ["+861088880001"]},
    }
    refused = await it.client.post("/v1/tasks", json=body)
    assert [each["field"] for each in refused.json()["problems"]] == ["strategy.flow"]
    assert "/" not in refused.json()["problems"][0]["wrong"].replace("dialplan/flows", "")
    assert [each.campaign_id for each in await it.store.campaigns()] == ["c1"]


async def test_a_task_is_paused_and_resumed_by_who_has_seen_it(it: Served) -> None:
    seen = await it.client.get("/v1/tasks/c1")
    tag = seen.headers["etag"]
    assert (await it.client.get("/v1/tasks/c1", headers={"If-None-Match": f'"x", {tag}'})).status_code == 304
    paused = await it.client.patch("/v1/tasks/c1", json={"status": "paused"}, headers={"If-Match": tag})
    assert (paused.status_code, paused.json()["status"]) == (200, "paused")
    stale = await it.client.patch("/v1/tasks/c1", json={"status": "running"}, headers={"If-Match": tag})
    assert (stale.status_code, stale.headers["etag"]) == (412, paused.headers["etag"])
    stored = await it.store.campaign("c1")
    assert stored is not None
    assert stored.status is CampaignStatus.PAUSED
    progress = (await it.client.get("/v1/tasks/c1/progress")).json()
    assert (progress["accounts"], progress["waiting"]) == (1, 1)
    assert (await it.client.get("/v1/tasks/none/progress")).status_code == 404


async def test_of_changes_at_once_by_who_has_seen_the_same_one_is_made(it: Served) -> None:
    tag = (await it.client.get("/v1/tasks/c1")).headers["etag"]
    wishes = [
        it.client.patch("/v1/tasks/c1", json={"status": "paused"}, headers={"If-Match": tag})
        for _ in range(4)
    ]
    answers = await asyncio.gather(*wishes)
    assert sorted(each.status_code for each in answers) == [200, 412, 412, 412]


def test_the_described_request_has_the_names_that_are_read() -> None:
    described = task_schema()

    def names(shape: type[Any]) -> set[str]:
        return {field.alias or name for name, field in shape.model_fields.items()}

    assert set(described["properties"]) == names(CampaignShape)
    for key, shape in (("strategy", StrategyShape), ("dialer", DialerShape), ("webhook", WebhookShape)):
        assert set(described["properties"][key]["properties"]) == names(shape), key


CSV = (
    "customerId,name,phone,accountId,billId,amountDue,dueDate\n"
    "c_1,张三,13800000011,a_1,b_1,100.50,2026-10-01\n"
    "c_2,李四,13800000012,a_2,b_2,200,2026-10-01\n"
    "c_3,王五,12,a_3,b_3,300,2026-10-01\n"
)


async def finished(it: Served, job_id: str) -> dict[str, Any]:
    for _ in range(500):
        found: dict[str, Any] = (await it.client.get(f"/v1/imports/{job_id}")).json()
        if found["finishedAt"] is not None:
            return found
        await asyncio.sleep(0.01)
    raise AssertionError("the list is not loaded")


async def test_a_list_is_uploaded_loaded_and_its_bad_rows_come_back(it: Served) -> None:
    upload = {"file": ("名单 .csv", CSV.encode(), "text/csv")}
    headers = {"Idempotency-Key": "up-1"}
    taken = await it.client.post("/v1/tasks/c1/imports", files=upload, headers=headers)
    assert taken.status_code == 202
    job_id = taken.json()["jobId"]
    # The same form again has another boundary and is the same request all the same.
    again = await it.client.post("/v1/tasks/c1/imports", files=upload, headers=headers)
    assert (again.json()["jobId"], again.headers["idempotency-replayed"]) == (job_id, "true")
    found = await finished(it, job_id)
    assert (found["state"], found["share"], found["rows"]) == ("done", 1, 3)
    assert (found["added"], found["rejected"], found["fileName"]) == (2, 1, "名单 .csv")
    rejects = await it.client.get(found["rejectsUrl"])
    assert rejects.headers["content-type"].startswith("text/csv")
    assert "phone" in rejects.text.splitlines()[1]
    assert [each["jobId"] for each in (await it.client.get("/v1/tasks/c1/imports")).json()["items"]] == [
        job_id
    ]
    second = await it.client.post("/v1/tasks/c1/imports", files=upload)
    repeated = await finished(it, second.json()["jobId"])
    assert (repeated["jobId"] != job_id, repeated["unchanged"], repeated["added"]) == (True, 2, 0)


async def test_a_file_that_is_no_list_fails_with_its_reason(it: Served) -> None:
    for content in (b"", b"\x00\x01\x02", b"PK\x03\x04 no workbook", b"a,b\n1,2\n", b"[" * 10_000):
        taken = await it.client.post("/v1/tasks/c1/imports", files={"file": ("../../x.csv", content)})
        assert taken.json()["fileName"] == "x.csv"
        found = await finished(it, taken.json()["jobId"])
        assert (found["state"], found["added"]) == ("failed", 0), content[:10]
        assert found["problem"]
        assert str(it.settings.data_dir) not in found["problem"]


async def test_a_load_that_was_interrupted_goes_on_with_the_same_file(tmp_path: Path) -> None:
    import hashlib

    async with served(tmp_path) as it:
        old = it.clock.now() - timedelta(minutes=10)
        digest = hashlib.sha256(CSV.encode()).digest()
        job = ImportJob("imp-old", "c1", digest, "x.csv", len(CSV), ImportState.RUNNING, old, old, 0.5)
        await it.store.api.put_import(job)  # as a program that was killed has left it
        assert (await it.client.get("/v1/imports/imp-old")).json()["state"] == "interrupted"
        taken = await it.client.post("/v1/tasks/c1/imports", files={"file": ("x.csv", CSV.encode())})
        assert taken.json()["jobId"] == "imp-old"
        found = await finished(it, "imp-old")
        assert (found["state"], found["added"], found["rejected"]) == ("done", 2, 1)


async def test_old_answers_and_files_are_forgotten(tmp_path: Path) -> None:
    folder = tmp_path / "imports"
    folder.mkdir()
    old, new = folder / "imp-1.rejects.csv", folder / "imp-2.rejects.csv"
    for path, days in ((old, 8), (new, 6)):
        path.write_text("x", encoding="utf-8")
        stamp = (NOW - timedelta(days=days)).timestamp()
        os.utime(path, (stamp, stamp))
    async with served(tmp_path) as it:
        assert (old.exists(), new.exists()) == (False, True)
        await it.client.post(
            "/v1/lists/black", json={"customerId": "c", "source": "s"}, headers={"Idempotency-Key": "k"}
        )
        assert await it.store.api.forget_requests(it.clock.now()) == 0
        assert await it.store.api.forget_requests(it.clock.now() + timedelta(seconds=1)) == 1


async def test_a_load_says_that_it_was_interrupted_when_its_program_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with served(tmp_path) as it:
        begun = asyncio.Event()

        async def never(*_: object) -> None:
            begun.set()
            await asyncio.Event().wait()

        monkeypatch.setattr(it.store, "load_accounts", never)
        taken = [
            (await it.client.post("/v1/tasks/c1/imports", files={"file": ("x.csv", text.encode())})).json()
            for text in (CSV, CSV + "\n")
        ]
        await begun.wait()
        store, ids_of = it.store, [each["jobId"] for each in taken]
        ended: list[ImportState] = []
        close = store.close

        async def look_and_close() -> None:
            for job_id in ids_of:
                job = await store.api.import_job(job_id)
                assert job is not None
                ended.append(job.state)
            await close()

        monkeypatch.setattr(store, "close", look_and_close)
    assert ended == [ImportState.INTERRUPTED] * 2


async def test_pages_hold_still_while_rows_are_added(it: Served) -> None:
    await it.store.load_accounts("c1", [account(number) for number in range(2, 8)], NOW)
    seen: list[str] = []
    url: str | None = "/v1/accounts?limit=3"
    turns = 0
    while url is not None:
        answer = await it.client.get(url)
        seen += [each["customerId"] for each in answer.json()["items"]]
        turns += 1
        await it.store.load_accounts("c1", [account(100 + turns)], NOW)
        link = answer.headers.get("link")
        assert (link is None) == (answer.json()["nextCursor"] is None)
        url = link.partition(">")[0].removeprefix("<") if link else None
    assert seen[:7] == [f"cust-{number}" for number in range(1, 8)]
    assert len(seen) == len(set(seen))


async def test_a_cursor_fits_its_own_list_alone(it: Served) -> None:
    await it.store.load_accounts("c1", [account(number) for number in range(2, 5)], NOW)
    cursor = (await it.client.get("/v1/accounts?limit=1")).json()["nextCursor"]
    good = await it.client.get("/v1/accounts", params={"limit": 1, "cursor": cursor})
    assert [each["customerId"] for each in good.json()["items"]] == ["cust-2"]
    for params in (
        {"cursor": cursor, "customerId": "cust-1"},
        {"cursor": cursor[:-1] + ("A" if cursor[-1] != "A" else "B")},
        {"cursor": cursor + "x"},
        {"cursor": "é"},
    ):
        assert (await it.client.get("/v1/accounts", params=params)).status_code == 422
    assert (await it.client.get("/v1/attempts", params={"cursor": cursor})).status_code == 422


async def test_an_account_is_found_by_its_reference_and_changed_where_that_is_allowed(it: Served) -> None:
    (listed,) = (await it.client.get("/v1/accounts", params=BILL)).json()["items"]
    url = f"/v1/accounts/{listed['accountRef']}"
    seen = await it.client.get(url)
    assert seen.json() == listed
    await it.client.post(
        "/v1/payments",
        json=BILL
        | {
            "amount": 68.32,
            "currency": "CNY",
            "occurredAt": "2026-11-23T02:00:00Z",
            "provider": "bank",
            "reference": "t",
        },
    )
    stale = await it.client.patch(url, json={"name": "王大明"}, headers={"If-Match": seen.headers["etag"]})
    assert stale.status_code == 412
    changed = await it.client.patch(
        url, json={"phone": "13900000009", "preferredTimeWindow": "10:00-11:00", "language": "en"}
    )
    assert changed.status_code == 200
    found = changed.json()
    assert (found["phone"], found["language"]) == ("+8613900000009", "en")
    assert (found["preferredWindows"], found["name"]) == (["10:00-11:00"], "王小明")
    assert (found["amountDue"], found["stated"]) == (500, 568.32)
    for wrong in ({}, {"phone": "12"}, {"amountDue": 1}, {"timezone": "Mars/Olympus"}, {"language": "fr"}):
        assert (await it.client.patch(url, json=wrong)).status_code == 422, wrong
    for reference in ("x", "W10", "WyJhIiwiYiJd", "%2e%2e", "a" * 1201):
        assert (await it.client.get(f"/v1/accounts/{reference}")).status_code in (404, 422)


async def test_lists_and_flags_hold_and_tell_what_changed(it: Served) -> None:
    body = {"phone": "138 0000 0001", "source": "letter", "reason": "asked us"}
    added = (await it.client.post("/v1/lists/do_not_contact", json=body)).json()
    assert (added["contact"], added["listed"], added["changed"]) == ("+8613800000001", True, True)
    assert (await it.client.post("/v1/lists/do_not_contact", json=body)).json()["changed"] is False
    assert list(await it.store.do_not_contact()) == ["+8613800000001"]
    headers = await it.asking(Scope.READ_LISTS)
    (masked,) = (await it.client.get("/v1/lists/do_not_contact?inForce=true", headers=headers)).json()[
        "items"
    ]
    assert masked["contact"] == "***01"
    off = await it.client.post("/v1/lists/do_not_contact/remove", json={"phone": "+8613800000001"})
    assert off.json()["changed"] is True
    for wrong in ({"source": "x"}, body | {"customerId": "c"}, {"phone": "12", "source": "x"}):
        assert (await it.client.post("/v1/lists/black", json=wrong)).status_code == 422
    assert (await it.client.post("/v1/lists/grey", json=body)).status_code == 422
    flag = {"flag": "represented", "source": "letter"}
    assert (await it.client.post("/v1/customers/cust-1/flags", json=flag)).json()["changed"] is True
    assert (await it.client.post("/v1/customers/cust-1/flags", json=flag)).json()["changed"] is False
    assert (await it.client.post("/v1/customers/cust-1/flags/clear", json=flag)).json()["changed"] is True
    (kept,) = (await it.client.get("/v1/customers/cust-1/flags")).json()["items"]
    assert (kept["flag"], kept["clearedSource"]) == ("represented", "letter")


async def test_promises_are_added_listed_and_withdrawn(it: Served) -> None:
    parts = [
        {"amount": 300, "date": "2026-11-30"},
        {"amount": 268.32, "date": "2026-12-07", "channel": "alipay"},
    ]
    made = await it.client.post("/v1/promises", json=BILL | {"currency": "CNY", "promises": parts})
    assert made.status_code == 201
    assert [each["amount"] for each in made.json()["promises"]] == [300, 268.32]
    listed = (await it.client.get("/v1/promises?customerId=cust-1&state=open&limit=1")).json()
    assert len(listed["items"]) == 1
    rest = await it.client.get(
        "/v1/promises",
        params={"customerId": "cust-1", "state": "open", "limit": 1, "cursor": listed["nextCursor"]},
    )
    assert {listed["items"][0]["date"], rest.json()["items"][0]["date"]} == {"2026-11-30", "2026-12-07"}
    gone = await it.client.post("/v1/promises/withdraw", json=BILL | {"reason": "paid at the counter"})
    assert gone.status_code == 204
    states = [each.state for each in await it.store.debts.promises_of("cust-1")]
    assert states == [PromiseState.WITHDRAWN] * 2
    for wrong, field in (
        ({"promises": [{"amount": 1000, "date": "2026-12-01"}]}, "promises"),
        ({"promises": [{"amount": 1, "date": "2020-01-01"}]}, "promises"),
        ({"promises": []}, "promises"),
        ({"currency": "USD"}, "currency"),
    ):
        body = BILL | {"currency": "CNY", "promises": parts} | wrong
        refused = await it.client.post("/v1/promises", json=body)
        assert [each["field"] for each in refused.json()["problems"]] == [field]
    nobody = BILL | {"billId": "none", "currency": "CNY", "promises": parts}
    assert (await it.client.post("/v1/promises", json=nobody)).status_code == 404


async def test_a_promise_whose_answer_was_lost_is_made_once_under_its_key(
    it: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep = it.store.api.finish_request

    async def lost(*_: object) -> None:
        monkeypatch.setattr(it.store.api, "finish_request", keep)
        raise StoreUnavailable("the disk is full")

    monkeypatch.setattr(it.store.api, "finish_request", lost)
    body = BILL | {"currency": "CNY", "promises": [{"amount": 300, "date": "2026-11-30"}]}
    headers = {"Idempotency-Key": "promise-1"}
    assert (await it.client.post("/v1/promises", json=body, headers=headers)).status_code == 503
    again = await it.client.post("/v1/promises", json=body, headers=headers)
    assert again.status_code == 201
    assert [each["amount"] for each in again.json()["promises"]] == [300]
    made = await it.store.debts.promises_of("cust-1")
    assert [each.state for each in made] == [PromiseState.OPEN]
    stranger = await it.asking(Scope.WRITE_PROMISES)
    theirs = await it.client.post("/v1/promises", json=body, headers=headers | stranger)
    assert theirs.json()["madeIn"] != again.json()["madeIn"]


async def test_a_payment_is_posted_found_and_taken_back(it: Served) -> None:
    body = BILL | {
        "amount": 568.32,
        "currency": "CNY",
        "occurredAt": "2026-11-23T10:00:00+08:00",
        "provider": "bank",
        "reference": "tx-1",
    }
    made = await it.client.post("/v1/payments", json=body)
    assert (made.status_code, made.json()["owed"]) == (201, 0)
    same = await it.client.post("/v1/payments", json=body)
    assert (same.status_code, same.json()["result"]) == (200, "repeated")
    other = await it.client.post("/v1/payments", json=body | {"amount": 1})
    assert (other.status_code, other.json()["type"]) == (409, "urn:ari-app:problem:contradiction")
    url = made.headers["location"]
    assert (await it.client.get(url)).json()["occurredAt"] == "2026-11-23T02:00:00Z"
    back = {"amount": 568.32, "occurredAt": "2026-11-23T03:00:00Z", "reference": "back-1"}
    reversed_ = await it.client.post(f"{url}/reversal", json=back)
    assert (reversed_.status_code, reversed_.json()["owed"]) == (201, 568.32)
    kinds = [each["kind"] for each in (await it.client.get("/v1/payments?customerId=cust-1")).json()["items"]]
    assert kinds == ["reversal", "payment"]
    again = await it.client.post(f"/v1/payments/{reversed_.json()['paymentId']}/reversal", json=back)
    assert again.status_code == 409


@pytest.mark.parametrize("at", ["0001-01-02T00:00:00Z", "1970-01-01T00:00:00Z", "9999-12-31T23:59:59Z"])
async def test_a_movement_of_no_plausible_instant_is_refused(it: Served, at: str) -> None:
    body = BILL | {"amount": 10, "currency": "CNY", "provider": "bank", "reference": "tx-1"}
    refused = await it.client.post("/v1/payments", json=body | {"occurredAt": at})
    assert (refused.status_code, refused.json()["problems"][0]["field"]) == (422, "occurredAt")
    made = await it.client.post("/v1/payments", json=body | {"occurredAt": "2026-11-23T02:00:00Z"})
    back = {"amount": 10, "occurredAt": at, "reference": "back-1"}
    refused = await it.client.post(f"{made.headers['location']}/reversal", json=back)
    assert (refused.status_code, refused.json()["problems"][0]["field"]) == (422, "occurredAt")


async def an_attempt(it: Served, recording: str | None) -> str:
    """An answered attempt with a promise and two turns."""
    (reserved,) = await it.store.claim_due("c1", NOW, 1, allow, ids())
    await it.store.mark_dialled(reserved.attempt_id, NOW, allow)
    outcome = replace(talked(reserved), recording=recording)
    await it.store.close_attempt(outcome, enough, no_events)
    return reserved.attempt_id


async def test_an_attempt_is_told_with_its_transcript(it: Served) -> None:
    attempt_id = await an_attempt(it, None)
    (listed,) = (await it.client.get("/v1/attempts?taskId=c1&disposition=promise_to_pay")).json()["items"]
    assert (listed["attemptId"], listed["recordingUrl"], listed["phone"]) == (
        attempt_id,
        None,
        "+8613800000001",
    )
    assert listed["promises"][0]["amount"] == 300
    whole = await it.client.get(f"/v1/attempts/{attempt_id}")
    assert [each["text"] for each in whole.json()["turns"]] == ["您好", "下周一付三百"]
    assert whole.headers["etag"]
    headers = await it.asking(Scope.READ_ATTEMPTS)
    assert (await it.client.get(f"/v1/attempts/{attempt_id}", headers=headers)).json()["phone"] == "***01"
    assert (await it.client.get("/v1/attempts?since=2026-11-24T00:00:00Z")).json()["items"] == []
    assert (await it.client.get("/v1/attempts/att-")).status_code == 404
    assert (await it.client.get(f"/v1/attempts/{attempt_id}/recording")).status_code == 404


async def test_a_recording_is_played_from_anywhere(it: Served) -> None:
    it.settings.recordings_dir.mkdir()
    sound = bytes(range(256)) * 4
    (it.settings.recordings_dir / "x.wav").write_bytes(sound)
    attempt_id = await an_attempt(it, "/elsewhere/recordings/x.wav")
    url = f"/v1/attempts/{attempt_id}/recording"
    whole = await it.client.get(url)
    assert (whole.status_code, whole.content, whole.headers["content-type"]) == (200, sound, "audio/wav")
    tag = whole.headers["etag"]
    part = await it.client.get(url, headers={"Range": "bytes=10-19", "If-Range": tag})
    assert (part.status_code, part.content) == (206, sound[10:20])
    assert part.headers["content-range"] == "bytes 10-19/1024"
    assert (await it.client.get(url, headers={"Range": "bytes=-4"})).content == sound[-4:]
    assert (await it.client.get(url, headers={"Range": "bytes=9-2", "If-Range": '"x"'})).status_code == 200
    beyond = await it.client.get(url, headers={"Range": "bytes=5000-"})
    assert (beyond.status_code, beyond.headers["content-type"]) == (416, "application/problem+json")
    headers = await it.asking(Scope.READ_ATTEMPTS)
    assert (await it.client.get(url, headers=headers)).status_code == 403


def test_no_recording_leads_out_of_its_folder(tmp_path: Path) -> None:
    folder = tmp_path / "recordings"
    folder.mkdir()
    (tmp_path / "secret.wav").write_bytes(b"x")
    (folder / "good.wav").write_bytes(b"x")
    (folder / "link.wav").symlink_to(tmp_path / "secret.wav")
    (folder / "folder.wav").mkdir()
    assert inside(folder, "good.wav") == folder / "good.wav"
    assert inside(folder, "/a/../b/good.wav") == folder / "good.wav"
    wrong = ["../secret.wav", "..", ".", "", "/", "link.wav", "folder.wav", "none.wav", "a\0b", "x" * 5000]
    assert [inside(folder, each) for each in wrong] == [None] * len(wrong)


async def test_events_are_read_page_by_page(it: Served) -> None:
    body = BILL | {
        "amount": 568.32,
        "currency": "CNY",
        "occurredAt": "2026-11-23T02:00:00Z",
        "provider": "bank",
        "reference": "t",
    }
    await it.client.post("/v1/payments", json=body)
    found = (await it.client.get("/v1/events")).json()["items"]
    event = next(each for each in found if each["event"] == "payment.settled")
    assert (event["event"], event["payload"]["billId"]) == ("payment.settled", "b1")
    assert event["key"].startswith("c1+b1+payment.settled+")
    behind = (await it.client.get(f"/v1/events?after={event['id']}&limit=1")).json()["items"]
    assert [each["id"] for each in behind] == [each["id"] for each in found if each["id"] > event["id"]][:1]
    last = found[-1]["id"]
    assert (await it.client.get(f"/v1/events?after={last}")).json()["items"] == []
