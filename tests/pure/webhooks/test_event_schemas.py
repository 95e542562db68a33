"""The schemas that integrators read: one for each event, with an example. conftest.py holds to them what is written."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from ari_app.domain.account import Account
from ari_app.domain.attempt import CallOutcome
from ari_app.domain.call_result import CallSummary, ConversationResult, PromiseToPay
from ari_app.domain.event_names import EVENTS
from ari_app.ports import AttemptHistory
from ari_app.services.events import call_completed, promises_created
from tests.support.event_schemas import faults, schemas, strict
from tests.support.store_rows import account, campaign

pytestmark = pytest.mark.pure

#: The payload of the source (section 11) with its keys, types and figures, in words of our own.
WANTED: dict[str, Any] = {
    "event": "collection.ptp.created",
    "taskId": "task_20251005_001",
    "customerId": "c_10001",
    "accountId": "a_20001",
    "billId": "b_30001",
    "amountDue": 568.32,
    "ptp": {"amount": 300, "date": "2025-10-08", "channel": "wechatpay", "confidence": 0.92},
    "summary": {"text": "先付三百元，其余想分期。", "riskLevel": "M", "nextAction": "发送缴费链接，次日确认"},
    "recordingUrl": "https://cdn.example.com/rec/xyz.mp3",
    "transcriptUrl": "https://cdn.example.com/asr/xyz.txt",
    "timestamp": 1769971200,
}


def test_every_event_has_a_schema_and_every_schema_an_event() -> None:
    assert sorted(set(EVENTS) - set(schemas())) == [], "write docs/events/NAME.schema.json"
    assert sorted(set(schemas()) - set(EVENTS)) == []


@pytest.mark.parametrize("event", sorted(schemas()))
def test_a_schema_is_one_and_its_example_fits(event: str) -> None:
    schema = schemas()[event]
    Draft202012Validator.check_schema(dict(schema))
    assert (schema["title"], schema["$id"]) == (event, f"{event}.schema.json")
    assert schema["properties"]["event"] == {"const": event}
    assert {"event", "timestamp"} <= set(schema["required"])
    (example,) = schema["examples"]
    assert list(strict(event).iter_errors(example)) == []
    assert undescribed(schema) == []


def undescribed(schema: Any, path: str = "") -> list[str]:
    """Properties of which nothing is said."""
    found: list[str] = []
    for name, part in schema.get("properties", {}).items():
        if "const" not in part and "description" not in part and "anyOf" not in part:
            found.append(f"{path}{name}")
        for inner in (part, part.get("items", {}), *part.get("anyOf", ())):
            found += undescribed(inner, f"{path}{name}.") if inner.get("properties") else []
    return found


def test_what_a_schema_does_not_know_is_found() -> None:
    (example,) = schemas()["payment.settled"]["examples"]
    assert faults(example) == []
    assert faults({**example, "paid": "all"}) == [
        "docs/events/payment.settled.schema.json: paid: 'all' is not of type 'number'"
    ]
    assert "surprise" in faults({**example, "surprise": 1})[0]
    assert faults({"event": "payment.settled"})
    assert faults({"attemptId": "a"}) == []


def test_the_payload_of_the_source_fits_the_schema() -> None:
    assert list(Draft202012Validator(dict(schemas()["collection.ptp.created"])).iter_errors(WANTED)) == []
    for key in WANTED:
        less = {name: value for name, value in WANTED.items() if name != key}
        assert not Draft202012Validator(dict(schemas()["collection.ptp.created"])).is_valid(less), key


def made(public_url: str = "https://cdn.example.com") -> tuple[AttemptHistory, CallOutcome]:
    """A call with the figures of the source."""
    history = AttemptHistory(
        campaign=campaign("task_20251005_001"),
        first_dialled_at=None,
        dials_made=1,
        account=Account(**{**_fields(account()), **_SEED}),
    )
    outcome = CallOutcome(
        "att-1",
        "promise_to_pay",
        datetime.fromtimestamp(1769971200, UTC),
        recording="r.wav",
        transcript="t.jsonl",
        conversation=ConversationResult(
            "promise_to_pay",
            verified=True,
            promises=(PromiseToPay(Decimal("300.00"), "2025-10-08", "CNY", "wechatpay", 0.92),),
            summary=CallSummary(text=WANTED["summary"]["text"], risk_level="M", next_action="await_payment"),
        ),
    )
    return history, outcome


_SEED: dict[str, Any] = {
    "customer_id": "c_10001",
    "account_id": "a_20001",
    "bill_id": "b_30001",
    "amount_due": Decimal("568.32"),
}


def _fields(of: Account) -> dict[str, Any]:
    return {name: getattr(of, name) for name in of.__slots__}


def test_the_event_that_is_written_says_what_the_source_wants_field_by_field() -> None:
    history, outcome = made()
    (event,) = promises_created(history, outcome, "https://cdn.example.com")
    written = json.loads(json.dumps(event.payload))
    assert faults(written) == []
    for key, value in WANTED.items():
        if key in ("recordingUrl", "transcriptUrl"):
            assert written[key].startswith("https://cdn.example.com/v1/attempts/att-1"), key
        elif key == "summary":
            assert {**written[key], "nextAction": value["nextAction"], "keyPoints": []} == {
                **value,
                "keyPoints": [],
            }
        else:
            assert written[key] == value, key
    assert event.key == "task_20251005_001+b_30001+collection.ptp.created+att-1+1", "taskId+billId goes first"


def test_without_an_address_of_the_api_the_files_are_named_and_without_files_nothing() -> None:
    history, outcome = made()
    (event,) = promises_created(history, outcome)
    assert (event.payload["recordingUrl"], event.payload["transcriptUrl"]) == ("r.wav", "t.jsonl")
    nothing = CallOutcome("att-1", "busy", outcome.ended_at)
    payload = call_completed(history, nothing, "https://cdn.example.com").payload
    assert (payload["recordingUrl"], payload["transcriptUrl"]) == (None, None)
    assert faults(payload) == []
