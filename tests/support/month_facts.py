"""What a month must have come to, worked out again from the tables of the database by rules written down here.

Nothing of the program is imported: money is whole hundredths, instants are microseconds, and each rule is that of the
documents in the plainest form. A fault is a line of text.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("Asia/Shanghai")
Row = dict[str, Any]


@dataclass(slots=True)
class Bill:
    """One bill with all that is known of it."""

    account: Row
    statements: list[tuple[int, int]]
    """Sums stated, with the instant of each; the last one holds."""
    entries: list[Row]
    promises: list[Row] = field(default_factory=list)
    plans: list[Row] = field(default_factory=list)
    disputes: list[Row] = field(default_factory=list)
    dials: list[Row] = field(default_factory=list)
    letters: list[Row] = field(default_factory=list)
    """Messages that may have left."""
    moves: list[Row] = field(default_factory=list)

    @property
    def name(self) -> str:
        return str(self.account["customer_id"])

    def stated(self, at: int | None = None) -> tuple[int, int]:
        """The statement in force at an instant: when it was made, and its sum."""
        known = [each for each in self.statements if at is None or each[0] <= at]
        return known[-1] if known else self.statements[0]


@dataclass(slots=True)
class Sums:
    """What a statement and what moved since come to."""

    stated: int
    paid: int = 0
    back: int = 0
    waived: int = 0
    credited: int = 0
    fees: int = 0

    @property
    def open(self) -> int:
        """Below nothing: too much was paid."""
        return self.stated + self.fees + self.back - self.paid - self.waived - self.credited


def read(path: Path) -> list[Bill]:
    """All bills of a database file."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db:
        db.row_factory = sqlite3.Row

        def rows(sql: str) -> list[Row]:
            return [dict(row) for row in db.execute(sql)]

        bills = {
            row["id"]: Bill(row, [(row["stated_at"], row["stated_minor"])], [])
            for row in rows("SELECT * FROM account ORDER BY id")
        }
        before = "SELECT account, at, fields ->> '$.amount_minor' AS sum FROM case_event WHERE subject = 'statement'"
        for row in rows(f"{before} ORDER BY seq DESC"):
            bills[row["account"]].statements.insert(0, (row["at"], row["sum"]))
        for row in rows("SELECT * FROM ledger_entry ORDER BY at, entry_id"):
            bills[row["account"]].entries.append(row)
        for row in rows("SELECT * FROM promise_to_pay ORDER BY day, made_at, promise_id"):
            bills[row["account"]].promises.append(row)
        for row in rows("SELECT * FROM plan_case ORDER BY requested_at"):
            plan = row["plan_id"]
            rates = "SELECT * FROM plan_instalment WHERE plan_id = ? ORDER BY position"
            steps = "SELECT state, at FROM plan_step WHERE plan_id = ? ORDER BY position"
            row["rates"] = [dict(each) for each in db.execute(rates, (plan,))]
            row["steps"] = [dict(each) for each in db.execute(steps, (plan,))]
            bills[row["account"]].plans.append(row)
        for row in rows("SELECT * FROM dispute_case"):
            bills[row["account"]].disputes.append(row)
        dials = "SELECT t.*, ca.account AS of FROM attempt AS t JOIN campaign_account AS ca ON ca.id = t.campaign_account"
        for row in rows(f"{dials} WHERE t.dialled_at IS NOT NULL ORDER BY t.dialled_at"):
            bills[row["of"]].dials.append(row)
        letters = "SELECT m.*, ca.account AS of FROM message AS m JOIN campaign_account AS ca ON ca.id = m.campaign_account"
        for row in rows(f"{letters} WHERE m.contact_at IS NOT NULL ORDER BY m.contact_at"):
            bills[row["of"]].letters.append(row)
        for row in rows("SELECT * FROM case_event WHERE subject <> 'statement' ORDER BY seq"):
            bills[row["account"]].moves.append(row)
        return list(bills.values())


# ------------------------------------------------------------------------------------------------- money


def sums(bill: Bill, at: int | None = None) -> Sums:
    """Where the bill stands at an instant (None: at the end)."""
    since, stated = bill.stated(at)
    known = [each for each in bill.entries if at is None or each["at"] <= at]
    found = Sums(stated)
    left = {
        (each["provider"], each["reference"]): each["amount_minor"]
        for each in known
        if each["kind"] == "payment"
    }
    came = {(each["provider"], each["reference"]): each["at"] for each in known if each["kind"] == "payment"}
    for each in known:
        amount = each["amount_minor"]
        if each["kind"] == "reversal":
            of = (each["provider"], each["reverses"])
            amount = min(amount, left.get(of, 0))
            if of in left:
                left[of] -= amount
        if max(each["at"], came.get((each["provider"], each["reverses"]), 0)) <= since:
            continue  # the statement knew it, and the payment that it takes back
        match each["kind"]:
            case "payment":
                found.paid += amount
            case "reversal":
                found.back += amount
            case "waiver":
                found.waived += amount
            case "credit":
                found.credited += amount
            case "fee":
                found.fees += amount
    return found


def settled(bill: Bill) -> int | None:
    """Since when nothing is owed; None while something is."""
    if sums(bill).open > 0:
        return None
    since, _ = bill.stated()
    instants = sorted({each["at"] for each in bill.entries if each["at"] > since}, reverse=True)
    found = since
    for at in instants:
        if sums(bill, at - 1).open > 0 and at - 1 >= since:
            return int(at)
    return int(found)


def money(bill: Bill, after: int = 0) -> list[tuple[int, int]]:
    """What has stayed of payments that were learnt of behind an instant: when each happened, and how much."""
    back: dict[tuple[str, str], int] = {}
    for each in bill.entries:
        if each["kind"] == "reversal":
            of = (each["provider"], each["reverses"])
            back[of] = back.get(of, 0) + each["amount_minor"]
    found = [
        (
            min(each["at"], each["occurred_at"]),
            each["amount_minor"] - back.get((each["provider"], each["reference"]), 0),
        )
        for each in bill.entries
        if each["kind"] == "payment" and each["at"] > after
    ]
    return sorted(each for each in found if each[1] > 0)


def money_faults(bills: Iterable[Bill]) -> Iterator[str]:
    for bill in bills:
        owed = max(0, sums(bill).open)
        if owed != bill.account["amount_minor"]:
            yield f"{bill.name}: owes {bill.account['amount_minor']}, should be {owed}"


# ------------------------------------------------------------------------------------------------- promises


def midnight(day: str | date, later: int = 0) -> int:
    """The instant at which a day (or one so many days later) begins."""
    found = (date.fromisoformat(day) if isinstance(day, str) else day) + timedelta(days=later)
    return int(datetime(found.year, found.month, found.day, tzinfo=ZONE).timestamp()) * 1_000_000


def promise_faults(bills: Iterable[Bill], now: int) -> Iterator[str]:
    for bill in bills:
        for promise, wanted in _promises(bill, now):
            if promise["state"] != wanted:
                yield f"{bill.name}: promise {promise['promise_id']} is {promise['state']}, should be {wanted}"


def _promises(bill: Bill, now: int) -> list[tuple[Row, str]]:
    ends = {}
    for promise in bill.promises:
        stops = [(midnight(promise["day"], 1), False)]
        if promise["withdrawn_at"] is not None:
            stops.append((promise["withdrawn_at"], True))
        stops += [
            (other["made_at"], True)
            for other in bill.promises
            if other["made_at"] > promise["made_at"] and other["made_in"] != promise["made_in"]
        ]
        ends[promise["promise_id"]] = min(stops)
    got = dict.fromkeys(ends, 0)
    for at, amount in money(bill):
        left = amount
        for promise in bill.promises:  # in the order of their days
            name = promise["promise_id"]
            if promise["made_at"] <= at < ends[name][0]:
                part = min(left, promise["amount_minor"] - got[name])
                got[name] += part
                left -= part
    gone = settled(bill)
    found = []
    for promise in bill.promises:
        name = promise["promise_id"]
        end, stopped = ends[name]
        some = got[name] > 0
        if got[name] >= promise["amount_minor"]:
            state = "kept"
        elif gone is not None and gone < end:
            state = "kept" if some else "withdrawn"
        elif stopped and end <= now:
            state = "withdrawn"
        elif now < midnight(promise["day"]):
            state = "open"
        elif now < midnight(promise["day"], 1):
            state = "due"
        else:
            state = "partly_kept" if some else "broken"
        found.append((promise, state))
    return found


# ------------------------------------------------------------------------------------------------- plans


def plan_faults(bills: Iterable[Bill], now: int) -> Iterator[str]:
    for bill in bills:
        begun = [plan for plan in bill.plans if plan["state"] in ("active", "completed", "breached")]
        # The money decides about the plan that was begun last; one before it stays as that one found it.
        for plan in sorted(begun, key=lambda each: int(each["activated_at"]))[-1:]:
            wanted = _plan(bill, plan, now)
            if plan["state"] != wanted:
                yield f"{bill.name}: plan {plan['plan_id']} is {plan['state']}, should be {wanted}"
        if sum(plan["state"] == "active" for plan in bill.plans) > 1:
            yield f"{bill.name}: two plans run"


def _plan(bill: Bill, plan: Row, now: int) -> str:
    came = money(bill, plan["sum_at"])
    gone, wanted = settled(bill), 0
    for rate in plan["rates"]:
        wanted += rate["amount_minor"]
        over = midnight(rate["day"], 1 + plan["grace_days"])
        if over > now or (gone is not None and gone < over):
            break
        if sum(amount for at, amount in came if at < over) < wanted:
            return "breached"
    whole = sum(rate["amount_minor"] for rate in plan["rates"])
    return "completed" if gone is not None or sum(amount for _, amount in came) >= whole else "active"


# ------------------------------------------------------------------------------------------------- contacts


def contact_faults(bills: Sequence[Bill], path: Path) -> Iterator[str]:
    """Nobody is dialled about a paid bill, a disputed one or one whose plan is kept, nor who wants no calls."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db:
        listed = dict(
            db.execute("SELECT contact, added_at FROM list_entry WHERE kind = 'do_not_contact'").fetchall()
        )
    for bill in bills:
        for letter in bill.letters:
            at = letter["contact_at"]
            if letter["purpose"] == "contact" and sums(bill, at).open <= 0:
                yield f"{bill.name}: {letter['message_id']} was sent about a paid bill"
            if letter["purpose"] == "contact" and listed.get(bill.name, at) < at:
                yield f"{bill.name}: {letter['message_id']} was sent although no contact is wanted"
        for dial in bill.dials:
            at, which = dial["dialled_at"], f"{bill.name}: {dial['attempt_id']}"
            hour = datetime.fromtimestamp(at / 1_000_000, ZONE).hour
            if sums(bill, at).open <= 0:
                yield f"{which} was dialled about a paid bill"
            if not 9 <= hour < 20:
                yield f"{which} was dialled at {hour} o'clock"
            for who in (bill.name, bill.account["phone"]):
                if listed.get(who, at) < at:
                    yield f"{which} was dialled although {who[:5]} wants no calls"
            for dispute in bill.disputes:
                ends = [each for each in (dispute["decided_at"], dispute["closed_at"]) if each is not None]
                if dispute["opened_at"] < at and all(at < each for each in ends):
                    yield f"{which} was dialled while {dispute['case_id']} was open"
            for plan in bill.plans:
                if _kept_at(bill, plan, at):
                    yield f"{which} was dialled while plan {plan['plan_id']} was kept"


def _kept_at(bill: Bill, plan: Row, at: int) -> bool:
    """Whether a plan runs at an instant and no instalment is late, by what was known then."""
    states = [step["state"] for step in plan["steps"] if step["at"] < at]
    if not states or states[-1] != "active":
        return False
    known = Bill(bill.account, bill.statements, [each for each in bill.entries if each["at"] < at])
    came, wanted = sum(amount for _, amount in money(known, plan["sum_at"])), 0
    for rate in plan["rates"]:
        wanted += rate["amount_minor"]
        if midnight(rate["day"], 1) <= at and came < wanted:
            return False
    return bool(plan["rates"])


# ------------------------------------------------------------------------------------------------- history


def history_faults(bills: Iterable[Bill]) -> Iterator[str]:
    """The moves of each promise follow one another, from open to where it stands, and no clock goes back."""
    for bill in bills:
        for promise in bill.promises:
            state, at = "open", promise["made_at"]
            for move in bill.moves:
                if move["subject"] != "promise" or move["subject_id"] != promise["promise_id"]:
                    continue
                if move["was"] != state or move["at"] < at:
                    yield f"{bill.name}: {promise['promise_id']} came from {move['was']}, was {state}"
                state, at = move["became"], move["at"]
            if state != promise["state"]:
                yield f"{bill.name}: {promise['promise_id']} moved to {state}, is {promise['state']}"
