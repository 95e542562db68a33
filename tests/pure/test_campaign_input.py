"""The create-task request: the sample's shape is taken, every fault is told with its path, no amount is approximated."""

from __future__ import annotations

import json
from copy import deepcopy
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ari_app.domain.campaign import CampaignStatus
from ari_app.domain.windows import Window
from ari_app.errors import InputError
from ari_app.services.campaign_input import CampaignInput, campaign_id_of, parse_campaign, read_campaign
from tests.support.lists import DEFAULTS

pytestmark = pytest.mark.pure

REQUEST: dict[str, Any] = {
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


def request(**changes: object) -> dict[str, Any]:
    """A good request; ``strategy__window=[...]`` changes a value inside a part, ``None`` takes a key away."""
    made = deepcopy(REQUEST)
    made["dialer"]["callerIdPool"] = ["010-65551234"]
    for path, value in changes.items():
        *parts, key = path.split("__")
        here = made
        for part in parts:
            here = here[part]
        here[key] = value
        if value is None:
            del here[key]
    return made


def parse(document: object, **options: Any) -> CampaignInput:
    return parse_campaign(json.dumps(document).encode(), "task.json", DEFAULTS, **options)


def wrong(document: object, **options: Any) -> str:
    with pytest.raises(InputError) as caught:
        parse(document, **options)
    return str(caught.value)


def test_a_request_becomes_a_campaign_and_accounts() -> None:
    found = parse(request())
    campaign = found.campaign
    assert campaign.name == "collection_overdue_D1_D30"
    assert campaign.strategy.windows == (Window(540, 720), Window(840, 1170))
    assert (campaign.strategy.max_attempts, campaign.strategy.retry_hours) == (3, (0, 24, 72))
    assert campaign.strategy.aging_buckets == ("D1-D30",)
    assert campaign.strategy.min_amount == Decimal(50)
    assert campaign.dialler.concurrency == 200
    assert campaign.dialler.caller_id_pool == ("+861065551234",)
    assert campaign.status is CampaignStatus.RUNNING
    assert campaign.webhook is not None
    assert campaign.webhook.events == tuple(REQUEST["webhook"]["events"])
    assert [account.amount_due for account in found.accounts] == [Decimal("568.32")]
    assert found.accounts[0].aging_bucket == "D91+"
    assert found.rejects == ()


def test_the_sample_as_it_stands_has_placeholders_for_caller_ids() -> None:
    text = wrong(REQUEST)
    assert "dialer.callerIdPool[0]: is a placeholder" in text
    assert "dialer.callerIdPool[1]: is a placeholder" in text
    found = parse(REQUEST, allow_placeholders=True)
    assert (found.placeholders, found.campaign.dialler.caller_id_pool) == (2, ())
    assert found.campaign.status is CampaignStatus.PAUSED
    assert len(found.accounts) == 1


def test_a_secret_never_stands_in_a_representation() -> None:
    assert "s3cret" not in repr(parse(request(webhook__secret="s3cret")))
    assert "s3cret" not in wrong(request(webhook__secret="s3cret" * 100))


def test_the_same_request_is_the_same_campaign() -> None:
    assert parse(request()) == parse(request())
    assert parse(request()).campaign.campaign_id == campaign_id_of("collection_overdue_D1_D30")
    assert parse(request(), campaign_id="task_20251005_001").campaign.campaign_id == "task_20251005_001"
    assert campaign_id_of("催缴") != campaign_id_of("提醒")
    assert campaign_id_of("催缴").startswith("campaign-")
    for bad in ("", "../x", "a b", "-x", "x" * 65, "a\n"):
        assert "campaign id" in wrong(request(), campaign_id=bad)


def test_amounts_are_exact_as_numbers_and_as_text() -> None:
    rows = [
        REQUEST["list"][0] | {"billId": f"b{n}", "amountDue": amount}
        for n, amount in enumerate([0.1, "0.10", 1])
    ]
    assert [account.amount_due for account in parse(request(list=rows)).accounts] == [
        Decimal("0.10"),
        Decimal("0.10"),
        Decimal("1.00"),
    ]
    raw = json.dumps(request(strategy__minAmount=1)).replace('"minAmount": 1', '"minAmount": 49.99')
    assert parse_campaign(raw.encode(), "t", DEFAULTS).campaign.strategy.min_amount == Decimal("49.99")


def test_what_is_left_out_has_defaults() -> None:
    found = parse({"name": "x", "strategy": {}, "dialer": {"callerIdPool": ["4008001234"]}})
    strategy = found.campaign.strategy
    assert (strategy.timezone, strategy.windows) == ("Asia/Shanghai", (Window(540, 1200),))
    assert (strategy.max_attempts, strategy.retry_hours) == (3, (0, 24, 72))
    assert (strategy.closed_weekdays, strategy.flow) == ((5, 6), "reminder")
    assert (found.accounts, found.campaign.webhook) == ((), None)
    assert found.campaign.dialler.ring_timeout_s == 45.0
    quick = parse_campaign(json.dumps(request()).encode(), "t", replace(DEFAULTS, ring_timeout_s=12.0))
    assert quick.campaign.dialler.ring_timeout_s == 12.0
    assert parse(request(dialer__ringTimeoutSeconds=20)).campaign.dialler.ring_timeout_s == 20.0
    one = parse(request(strategy__retryHours=[0], strategy__maxAttempts=None)).campaign.strategy
    assert (one.max_attempts, one.retry_hours) == (1, (0,))
    open_days = parse(
        request(strategy__closedWeekdays=["sun"], strategy__flow="reminder-en")
    ).campaign.strategy
    assert (open_days.closed_weekdays, open_days.flow) == ((6,), "reminder-en")


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"name": None}, "name: is missing"),
        ({"name": 5}, "name: input should be a valid string"),
        ({"name": "a\nb"}, "name: is empty or holds control characters"),
        ({"strategy": None}, "strategy: is missing"),
        ({"strategy": []}, "strategy: "),
        ({"stragety": {}}, "stragety: is not a known key (allowed: did you mean strategy?"),
        ({"strategy__windows": []}, "strategy.windows: is not a known key (allowed: did you mean window?"),
        (
            {"strategy__window": ["25:00-26:00"]},
            "strategy.window[0]: '25:00-26:00': 25:00 is not a time of day",
        ),
        ({"strategy__window": ["22:00-08:00"]}, "split one that passes midnight"),
        ({"strategy__window": "09:00-12:00"}, "strategy.window: "),
        ({"strategy__window": []}, "strategy.window: "),
        ({"strategy__window": [900]}, "strategy.window[0]: is not text"),
        ({"strategy__timezone": "Asia/Beijing"}, "strategy.timezone: is not a known time zone"),
        ({"strategy__timezone": "../../etc/localtime"}, "strategy.timezone: is not a known time zone"),
        ({"strategy__maxAttempts": 0}, "strategy.maxAttempts: "),
        ({"strategy__maxAttempts": 11}, "strategy.maxAttempts: "),
        ({"strategy__maxAttempts": "3"}, "strategy.maxAttempts: "),
        ({"strategy__maxAttempts": True}, "strategy.maxAttempts: "),
        ({"strategy__maxAttempts": 5}, "maxAttempts is 5, but retryHours has 3 offsets"),
        ({"strategy__retryHours": [24, 0]}, "strategy.retryHours: is not a plan"),
        ({"strategy__retryHours": [1, 24, 72]}, "beginning with 0"),
        ({"strategy__retryHours": [0, 24, 24]}, "ascending"),
        ({"strategy__retryHours": [0, 24, 99999]}, "at most 2160"),
        ({"strategy__retryHours": [0, -1, "x"]}, "strategy.retryHours[2]: is not a number"),
        ({"strategy__agingBuckets": ["D1-D31"]}, "did you mean D1-D30?"),
        ({"strategy__agingBuckets": ["D1-D30", "D1-D30"]}, "twice"),
        ({"strategy__minAmount": -1}, "strategy.minAmount: is not an amount"),
        ({"strategy__minAmount": "50a"}, "strategy.minAmount: is not a number"),
        ({"strategy__minAmount": 0.001}, "strategy.minAmount: is not an amount"),
        ({"strategy__flow": "../x"}, "strategy.flow: "),
        ({"strategy__closedWeekdays": ["Sunday"]}, "strategy.closedWeekdays[0]: is not a weekday"),
        ({"dialer__type": "predictiv"}, "dialer.type: is not a way of dialling"),
        ({"dialer__weight": 0}, "dialer.weight"),
        ({"dialer__ringTimeoutSeconds": 14}, "dialer.ringTimeoutSeconds"),
        ({"dialer__team": "a b"}, "dialer.team"),
        ({"dialer__concurrency": 0}, "dialer.concurrency: "),
        ({"dialer__concurrency": 1.5}, "dialer.concurrency: "),
        ({"dialer__ringTimeoutSeconds": 3}, "dialer.ringTimeoutSeconds: "),
        ({"dialer__callerIdPool": []}, "dialer.callerIdPool: "),
        ({"dialer__callerIdPool": ["123&Local/9@x"]}, "dialer.callerIdPool[0]: holds letters"),
        ({"dialer__callerIdPool": ["13800138000\r\nX: y"]}, "dialer.callerIdPool[0]: holds control"),
        ({"dialer__callerIdPool": ["9" * 10_000]}, "dialer.callerIdPool[0]: is too long"),
        ({"dialer__callerIdPool": ["110"]}, "dialer.callerIdPool[0]: is an emergency or short number"),
        ({"webhook__url": "file:///etc/passwd"}, "webhook.url: is not a web address"),
        ({"webhook__url": "javascript:alert(1)"}, "webhook.url: is not a web address"),
        ({"webhook__url": "https://u:p@crm.example.com/"}, "webhook.url: carries a user or password"),
        ({"webhook__url": "https://x/\r\nHost: y"}, "webhook.url: is not a web address"),
        ({"webhook__url": "https://[::1"}, "webhook.url: is not a web address"),
        ({"webhook__events": []}, "webhook.events: "),
        (
            {"webhook__events": ["call.complete"]},
            "webhook.events[0]: is not an event (allowed: did you mean",
        ),
        ({"webhook__secret": ""}, "webhook.secret: "),
        ({"list": {}}, "list: is not a list"),
    ],
)
def test_every_fault_has_its_path(changes: dict[str, object], expected: str) -> None:
    assert expected in wrong(request(**changes))


def test_all_faults_are_told_at_once() -> None:
    text = wrong(request(name="", strategy__window=["25:00-26:00"], dialer__type="manual", webhook__url="x"))
    assert len(text.splitlines()) == 4


def test_bad_rows_are_told_and_the_good_ones_kept() -> None:
    good = REQUEST["list"][0]
    rows = [
        good,
        good | {"phone": 13800000002},
        "x",
        good | {"billId": "b2", "fone": "1"},
        good,
        good | {"billId": "b3", "agingBucket": "D1-D30", "preferredTimeWindow": "18:00-20:00"},
    ]
    found = parse(request(list=rows))
    assert [account.bill_id for account in found.accounts] == ["b_30001", "b3"]
    told = {reject.row: [fault.field for fault in reject.faults] for reject in found.rejects}
    assert told == {1: ["phone"], 2: [""], 3: ["fone"], 4: ["billId"]}


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b"", "not JSON"),
        (b"{", "not JSON"),
        (b"[]", "is not an object"),
        (b"null", "is not an object"),
        (b'{"name": "a", "name": "b"}', "stands twice"),
        (b'{"strategy": {"minAmount": NaN}}', "NaN is not a number"),
        (b'{"a": ' + b"9" * 10_000 + b"}", "10000 digits"),
        (b'{"a": 1.' + b"9" * 10_000 + b"}", "characters"),
        (b'{"a":' * 50_000, "nested too deeply"),
        (b"\xff\xfe{}", "not UTF-8"),
        (b'{"a":\n\n x}', "task.json:3: not JSON"),
    ],
)
def test_what_is_no_json_object_is_refused_with_its_place(raw: bytes, expected: str) -> None:
    with pytest.raises(InputError, match=expected):
        parse_campaign(raw, "task.json", DEFAULTS)


def test_files(tmp_path: Path) -> None:
    path = tmp_path / "task.json"
    with pytest.raises(InputError, match="cannot be read"):
        read_campaign(path, DEFAULTS)
    path.write_text(json.dumps(request()), encoding="utf-8-sig")
    assert read_campaign(path, DEFAULTS) == parse(request())
    path.write_bytes(b" " * 20_000_001)
    with pytest.raises(InputError, match="load longer lists with import"):
        read_campaign(path, DEFAULTS)


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
paths = st.sampled_from(
    [
        "name", "strategy", "dialer", "list", "webhook", "strategy__window", "strategy__retryHours",
        "strategy__minAmount", "strategy__agingBuckets", "dialer__callerIdPool", "dialer__concurrency",
        "webhook__events", "webhook__url",
    ]
)  # fmt: skip


@given(paths, values)
def test_wrong_types_anywhere_are_told_and_never_crash(path: str, value: object) -> None:
    document = request()
    *parts, key = path.split("__")
    here = document
    for part in parts:
        here = here[part]
    here[key] = value
    places: set[str] = set()
    try:
        parse(document)
    except InputError as error:
        places = {problem.where for problem in error.problems}
    assert places <= {"task.json"}
