"""The independent checker finds a violation of each kind that somebody plants, and none where all is well."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.support.docs import ROOT
from tests.support.simulations import violations, write_lines

pytestmark = pytest.mark.pure

Lines = dict[str, list[dict[str, Any]]]

#: A Wednesday morning in China, and in the middle of the day in New York.
CHINA, USA = datetime(2026, 9, 16, 2, 0, tzinfo=UTC), datetime(2026, 9, 16, 16, 0, tzinfo=UTC)


def text(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def account(**changes: Any) -> dict[str, Any]:
    return {
        "customer_id": "c1",
        "account_id": "a1",
        "phones": ["+8612100000001"],
        "timezone": "Asia/Shanghai",
        "due_date": "2026-08-01",
        "dnc": False,
        "consent": True,
        "standing": [],
        "preferred_windows": [],
        **changes,
    }


def contact(at: datetime, channel: str = "call", **changes: Any) -> dict[str, Any]:
    ended = at + timedelta(seconds=40)
    return {
        "at": text(at),
        "customer_id": "c1",
        "account_id": "a1",
        "phone": "+8612100000001",
        "caller_id": "+861065551234" if channel == "call" else "",
        "channel": channel,
        "ended_at": ended.isoformat(),
        "disposition": "no_answer" if channel == "call" else "message_sent",
        "rule_pack": "cn-telecom/2025.1",
        "ring_s": 40.0,
        "ring_timeout_s": 40.0,
        "conversation": False,
        "verdict": {moment: {"rule": "allowed", "at": text(at)} for moment in ("plan", "dial")},
        **changes,
    }


def event(at: datetime, name: str, **more: Any) -> dict[str, Any]:
    return {"at": text(at), "customer_id": "c1", "account_id": "a1", "event": name, **more}


def fine(at: datetime = CHINA) -> Lines:
    """A message, and a call on the next day."""
    return {
        "accounts": [account()],
        "events": [],
        "contacts": [contact(at - timedelta(days=1), "sms"), contact(at)],
        "verdicts": [],
    }


def fine_in_usa() -> Lines:
    lines = fine(USA)
    for each in lines["contacts"]:
        each |= {"phone": "+12125550001", "rule_pack": "us-reg-f/2021.1"}
    lines["accounts"] = [account(phones=["+12125550001"], timezone="America/New_York")]
    return lines


def found(tmp_path: Path, lines: Lines, pack: str = "cn-telecom", *, hard: bool = False) -> dict[str, int]:
    for name in ("accounts", "events", "contacts", "verdicts"):
        write_lines(tmp_path, name, lines[name])
    summary = {"caller_ids": ["+861065551234"], "lines": 2}
    (tmp_path / "summary.json").write_text(json.dumps(summary), encoding="utf-8")
    return violations(tmp_path, pack, hard=hard)


def test_nothing_is_found_where_all_is_well(tmp_path: Path) -> None:
    assert found(tmp_path, fine()) == {}
    assert found(tmp_path, fine_in_usa(), "us-reg-f") == {}


def calls(lines: Lines, *at: datetime, **changes: Any) -> object:
    """Further calls."""
    usual = {key: lines["contacts"][-1][key] for key in ("phone", "rule_pack")}
    lines["contacts"] += [contact(each, **{**usual, **changes}) for each in at]
    return lines


def also(*done: object) -> object:
    """Several changes of one plant."""
    return done


def change(lines: Lines, name: str, position: int, **changes: Any) -> object:
    """Other values in a line."""
    lines[name][position].update(changes)
    return lines


def add(lines: Lines, name: str, *more: dict[str, Any]) -> object:
    """Further lines."""
    lines[name].extend(more)
    return lines


HOUR, DAY = timedelta(hours=1), timedelta(days=1)

PLANTED: dict[str, tuple[str, Callable[[Lines], object]]] = {
    "a line out of order": ("order", lambda lines: lines["contacts"].reverse()),
    "an unknown account": ("unknown", lambda lines: change(lines, "contacts", 1, account_id="a9")),
    "on the list from the start": ("dnc", lambda lines: change(lines, "accounts", 0, dnc=True)),
    "a wish not to be called": (
        "dnc",
        lambda lines: add(lines, "events", event(CHINA - HOUR, "opt_out", phone="+8612100000001")),
    ),
    "a register": ("dnc", lambda lines: add(lines, "events", event(CHINA - HOUR, "dnc_added"))),
    "a death": ("deceased", lambda lines: add(lines, "events", event(CHINA - HOUR, "deceased"))),
    "somebody else's number": (
        "wrong_number",
        lambda lines: add(lines, "events", event(CHINA - HOUR, "wrong_number", phone="+8612100000001")),
    ),
    "insolvent from the start": (
        "standing",
        lambda lines: change(lines, "accounts", 0, standing=["bankrupt"]),
    ),
    "a payment": ("paid", lambda lines: add(lines, "events", event(CHINA - HOUR, "paid"))),
    "a dispute": ("dispute", lambda lines: add(lines, "events", event(CHINA - HOUR, "dispute_opened"))),
    "another number": ("number", lambda lines: change(lines, "contacts", 1, phone="+8612100000002")),
    "a weekend": ("closed_day", lambda lines: calls(lines, CHINA + 3 * DAY)),
    "a holiday": ("closed_day", lambda lines: calls(lines, CHINA + 15 * DAY)),
    "an unconfirmed year": ("closed_day", lambda lines: calls(lines, CHINA + 120 * DAY)),
    "at night": ("hours", lambda lines: calls(lines, CHINA + 13 * HOUR)),
    "at night where he lives": (
        "hours",
        lambda lines: change(lines, "accounts", 0, timezone="America/New_York"),
    ),
    "at night where his number is": (
        "hours",
        lambda lines: also(
            change(lines, "accounts", 0, timezone="Asia/Urumqi"), calls(lines, CHINA + 12.5 * HOUR)
        ),
    ),
    "outside his own windows": (
        "wishes",
        lambda lines: change(lines, "accounts", 0, preferred_windows=["18:00-20:00"]),
    ),
    "another version": ("version", lambda lines: change(lines, "contacts", 1, rule_pack="cn-telecom/2024.9")),
    "a verdict that refused": (
        "verdict",
        lambda lines: lines["contacts"][1]["verdict"]["dial"].update(rule="daily_cap"),
    ),
    "a verdict after the dial": (
        "verdict",
        lambda lines: lines["contacts"][1]["verdict"]["dial"].update(at=text(CHINA + HOUR)),
    ),
    "too short a ring by rule": ("ring_time", lambda lines: change(lines, "contacts", 1, ring_timeout_s=4.0)),
    "too short a ring": ("ring_time", lambda lines: change(lines, "contacts", 1, ring_s=3.0)),
    "a foreign caller ID": (
        "caller_id",
        lambda lines: change(lines, "contacts", 1, caller_id="+861065550000"),
    ),
    "too soon": ("gap", lambda lines: calls(lines, CHINA + timedelta(minutes=29))),
    "after a complaint": (
        "ended",
        lambda lines: (change(lines, "contacts", 1, disposition="complaint"), calls(lines, CHINA + DAY)),
    ),
    "after it was said to be paid": (
        "ended",
        lambda lines: (change(lines, "contacts", 1, disposition="already_paid"), calls(lines, CHINA + DAY)),
    ),
    "too many attempts": (
        "attempts",
        lambda lines: calls(lines, *(CHINA + n * DAY for n in (1, 6, 7))),
    ),
    "two calls at once": (
        "at_once",
        lambda lines: also(
            change(lines, "contacts", 1, ended_at=(CHINA + 2 * HOUR).isoformat()),
            calls(lines, CHINA + HOUR),
        ),
    ),
    "a call first": (
        "first_contact",
        lambda lines: also(
            add(lines, "accounts", account(account_id="a2")),
            calls(lines, CHINA + DAY, account_id="a2"),
        ),
    ),
    "three on a day": ("day_cap", lambda lines: calls(lines, CHINA + HOUR, CHINA + 2 * HOUR)),
    "seven in a week": (
        "week_cap",
        lambda lines: calls(
            lines, *(CHINA + n * DAY + m * HOUR for n, m in ((0, 3), (1, 0), (1, 3), (2, 0), (2, 3)))
        ),
    ),
    "three reminders": (
        "reminders",
        lambda lines: (change(lines, "accounts", 0, due_date="2026-12-01"), calls(lines, CHINA + DAY)),
    ),
    "a number that was given up": (
        "dead_number",
        lambda lines: (change(lines, "contacts", 1, disposition="empty_number"), calls(lines, CHINA + DAY)),
    ),
    "more calls than lines": (
        "lines",
        lambda lines: also(
            add(lines, "accounts", *(account(customer_id=f"c{n}", account_id=f"a{n}") for n in (2, 3))),
            add(
                lines, "contacts", *(contact(CHINA, customer_id=f"c{n}", account_id=f"a{n}") for n in (2, 3))
            ),
        ),
    ),
}


@pytest.mark.parametrize("what", PLANTED)
def test_a_planted_violation_is_found(what: str, tmp_path: Path) -> None:
    kind, plant = PLANTED[what]
    lines = fine()
    plant(lines)
    assert kind in found(tmp_path, lines)


PLANTED_IN_USA: dict[str, tuple[str, Callable[[Lines], object]]] = {
    "no consent": ("consent", lambda lines: change(lines, "accounts", 0, consent=False)),
    "too early where his number is": (
        "hours",
        lambda lines: also(
            change(lines, "accounts", 0, phones=["+18085550001"]),
            [change(lines, "contacts", position, phone="+18085550001") for position in (0, 1)],
        ),
    ),
    "quiet days": (
        "quiet_days",
        lambda lines: (change(lines, "contacts", 1, conversation=True), calls(lines, USA + 6 * DAY)),
    ),
    "an hour earlier since the clocks changed": (
        "hours",
        lambda lines: calls(lines, datetime(2026, 11, 3, 12, 30, tzinfo=UTC)),
    ),
}


@pytest.mark.parametrize("what", PLANTED_IN_USA)
def test_a_planted_violation_of_regulation_f_is_found(what: str, tmp_path: Path) -> None:
    kind, plant = PLANTED_IN_USA[what]
    lines = fine_in_usa()
    plant(lines)
    assert kind in found(tmp_path, lines, "us-reg-f")


def test_eight_calls_in_seven_days_are_found(tmp_path: Path) -> None:
    lines = fine_in_usa()
    monday = USA - 2 * DAY
    lines["contacts"] = []
    for hour in range(8):
        at = monday + (hour // 2) * DAY + (hour % 2) * 3 * HOUR
        add(
            lines,
            "contacts",
            contact(at, phone="+12125550001", rule_pack="us-reg-f/2021.1", disposition="busy"),
        )
    assert "seven_days" in found(tmp_path, lines, "us-reg-f", hard=True)
    lines["contacts"].pop()
    assert found(tmp_path, lines, "us-reg-f", hard=True) == {}


def test_a_second_conversation_on_a_day_is_found(tmp_path: Path) -> None:
    lines = fine()
    lines["contacts"][1] |= {"conversation": True, "rule_pack": "cn-utilities/2025.1"}
    calls(lines, CHINA + 3 * HOUR, rule_pack="cn-utilities/2025.1")
    assert found(tmp_path, lines, "cn-utilities", hard=True).keys() >= {"conversations"}


def refusal(at: datetime, rule: str, until: datetime | None = None) -> dict[str, Any]:
    return {
        "at": text(at),
        "customer_id": "c1",
        "account_id": "a1",
        "rule": rule,
        "until": None if until is None else text(until),
    }


@pytest.mark.parametrize("rule", ["do_not_contact", "deceased", "dispute_open", "paid", "hard_floor"])
def test_a_refusal_without_ground_is_found(rule: str, tmp_path: Path) -> None:
    lines = fine()
    add(lines, "verdicts", refusal(CHINA + HOUR, rule))
    assert found(tmp_path, lines) == {"groundless": 1}


def test_a_refusal_with_its_ground_is_none(tmp_path: Path) -> None:
    lines = fine()
    add(lines, "events", event(CHINA + HOUR, "paid"))
    add(
        lines,
        "verdicts",
        refusal(CHINA + HOUR, "paid"),
        refusal(CHINA + 13 * HOUR, "hard_floor", CHINA + 22 * HOUR),
    )
    assert found(tmp_path, lines) == {}
    add(lines, "verdicts", refusal(CHINA + 14 * HOUR, "weekly_cap", CHINA))
    assert found(tmp_path, lines) == {"groundless": 1}


def test_a_closed_dispute_lets_calls_go_on(tmp_path: Path) -> None:
    lines = fine()
    lines["events"] = [event(CHINA - 2 * HOUR, "dispute_opened"), event(CHINA - HOUR, "dispute_closed")]
    assert found(tmp_path, lines) == {}


def test_the_checker_shares_nothing_with_the_product() -> None:
    source = (ROOT / "scripts" / "check_simulation.py").read_text(encoding="utf-8")
    assert "ari_app" not in source.replace("`ari-app", "")
