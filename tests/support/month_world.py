"""The world of a month: who owes, who answers, who pays when, who objects, drawn from a seed and nothing else.

Whatever is asked twice is answered in the same way, so a life that was killed and begun again meets the same world. It
reads what was promised and planned straight from the database file, as a customer knows what he has promised.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("Asia/Shanghai")
#: A Monday, before anybody may be called.
START = datetime(2026, 11, 23, 8, 0, tzinfo=ZONE).astimezone(UTC)
#: The hours (where customers live) at which the engine looks; in those of CALLS it dials.
LOOKS = (time(8, 40), time(9, 30), time(11, 10), time(14, 20), time(17, 30), time(19, 10), time(23, 30))
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class MonthPlan:
    """What a month is run with. ``kills``: after how many steps each life is killed; then one lives to the end."""

    folder: str
    seed: int
    accounts: int
    days: int
    kills: tuple[int, ...]
    hook: str
    smtp_port: int = 0

    @property
    def database(self) -> Path:
        return Path(self.folder) / "month.db"

    @property
    def told(self) -> Path:
        """Every callback of a provider, one line for each delivery, written before it is delivered."""
        return Path(self.folder) / "told.jsonl"

    @property
    def place(self) -> Path:
        """The look that was finished last."""
        return Path(self.folder) / "place"


@dataclass(frozen=True, slots=True)
class Payer:
    """A customer with one bill; ``manner`` is what he does without being asked."""

    number: int
    fen: int
    manner: str
    day: int

    @property
    def bill(self) -> tuple[str, str, str]:
        return (f"cust-{self.number}", f"acc-{self.number}", "b1")


@dataclass(frozen=True, slots=True)
class Told:
    """A callback of the bank: ``occurred`` and ``arrives`` in seconds since 1970."""

    reference: str
    kind: str
    bill: tuple[str, str, str]
    fen: int
    occurred: int
    arrives: int
    reverses: str = ""

    @property
    def by_file(self) -> bool:
        """Those who pay unasked, and for good, do so at a bank that sends files instead of callbacks."""
        return self.reference.startswith("u") and int(self.bill[0].removeprefix("cust-")) % len(MANNERS) in (
            4,
            5,
        )

    @property
    def row(self) -> str:
        """A line of such a file."""
        customer, account, bill = self.bill
        at = datetime.fromtimestamp(self.occurred, UTC).isoformat()
        return f"{customer},{account},{bill},{self.fen},{self.reference},{at}\n"

    @property
    def fields(self) -> dict[str, object]:
        """The body, as the house's own signature of payment providers wants it."""
        customer, account, bill = self.bill
        told: dict[str, object] = {
            "eventId": f"ev-{self.reference}",
            "type": self.kind,
            "amount": f"{self.fen // 100}.{self.fen % 100:02d}",
            "currency": "CNY",
            "occurredAt": self.occurred,
            "reference": self.reference,
            "customerId": customer,
            "accountId": account,
            "billId": bill,
        }
        return told | ({"reverses": self.reverses} if self.reverses else {})


MANNERS = (
    *("waits",) * 4,
    *("pays", "part", "back", "early_back", "objects", "opts_out", "plans", "says_twice"),
)


class World:
    """Everything outside the program."""

    def __init__(self, plan: MonthPlan) -> None:
        self._plan = plan
        self.payers = [self._payer(number) for number in range(1, plan.accounts + 1)]

    def chance(self, *what: object) -> Random:
        """The dice of one thing: always the same for the same thing."""
        return Random(f"{self._plan.seed}|{'|'.join(map(str, what))}")

    def _payer(self, number: int) -> Payer:
        dice = self.chance("payer", number)
        manner = MANNERS[number % len(MANNERS)]
        return Payer(
            number, dice.randint(5_000, 90_000), manner, dice.randint(3, max(4, self._plan.days - 9))
        )

    def looks(self) -> list[datetime]:
        """The instants at which the engine looks, from the first day to the last."""
        first = START.astimezone(ZONE).date()
        days = (first + timedelta(days=number) for number in range(self._plan.days))
        return [datetime.combine(day, at, ZONE).astimezone(UTC) for day in days for at in LOOKS]

    # ------------------------------------------------------------------------------------------- money

    def callbacks(self, after: datetime, upto: datetime) -> list[Told]:
        """What the bank delivers in an interval, in an order of its own; most of it comes twice, days apart at worst."""
        found = []
        for told in self._all():
            dice = self.chance("bank", told.reference)
            times = [told.arrives]
            if dice.random() < 0.8:
                times.append(told.arrives + dice.randint(1, 3 * 86_400))
            low, high = after.timestamp(), upto.timestamp()
            found += [told for at in times if low < at <= high]
        self.chance("order", upto.isoformat()).shuffle(found)
        return found

    def _all(self) -> Iterator[Told]:
        for payer in self.payers:
            yield from self._unasked(payer)
        yield from self._promised()
        yield from self._planned()

    def _unasked(self, payer: Payer) -> Iterator[Told]:
        at = int((START + timedelta(days=payer.day, hours=5)).timestamp())
        name = f"u{payer.number}"
        match payer.manner:
            case "pays":
                yield Told(f"{name}-1", "payment", payer.bill, payer.fen, at, at + 7_200)
            case "part":
                yield Told(f"{name}-1", "payment", payer.bill, payer.fen // 3, at, at + 90_000)
                yield Told(f"{name}-2", "payment", payer.bill, payer.fen // 2, at + 86_400, at + 87_000)
            case "back":
                yield Told(f"{name}-1", "payment", payer.bill, payer.fen, at, at + 600)
                back = at + 4 * 86_400
                yield Told(f"{name}-r", "reversal", payer.bill, payer.fen, back, back + 600, f"{name}-1")
            case "early_back":
                # The bank tells of the charge-back two days before it tells of the payment.
                yield Told(
                    f"{name}-r", "reversal", payer.bill, payer.fen // 2, at + 3_600, at + 7_200, f"{name}-1"
                )
                yield Told(f"{name}-1", "payment", payer.bill, payer.fen, at, at + 2 * 86_400)

    def _promised(self) -> Iterator[Told]:
        """What becomes of promises: in time, late, in part, or nothing; the bank tells when it likes."""
        asked = """SELECT p.promise_id, p.amount_minor, p.day, p.made_at, a.customer_id, a.account_id, a.bill_id
            FROM promise_to_pay AS p JOIN account AS a ON a.id = p.account ORDER BY p.promise_id"""
        for name, fen, day, made_at, *bill in self._read(asked):
            dice = self.chance("promise", name)
            what = dice.random()
            if what < 0.3:
                continue  # nothing
            part = fen if what < 0.85 else fen // 2
            noon = datetime.combine(date.fromisoformat(day), time(12), ZONE)
            hours = dice.choice((-26, -3, 0, 5, 20, 50))
            occurred = max(int(noon.timestamp()) + hours * 3_600, made_at // 1_000_000 + 3_600)
            yield Told(
                f"p-{name}", "payment", (bill[0], bill[1], bill[2]), part, occurred,
                occurred + dice.choice((60, 3_600, 40_000, 200_000)),
            )  # fmt: skip

    def _planned(self) -> Iterator[Told]:
        asked = """SELECT i.plan_id, i.position, i.amount_minor, i.day, p.activated_at,
            a.customer_id, a.account_id, a.bill_id
            FROM plan_instalment AS i JOIN plan_case AS p ON p.plan_id = i.plan_id JOIN account AS a ON a.id = p.account
            WHERE p.activated_at IS NOT NULL ORDER BY i.plan_id, i.position"""
        for plan, position, fen, day, began, *bill in self._read(asked):
            # The id is drawn by chance; what hangs on it must not be.
            dice = self.chance("instalment", bill, position)
            if dice.random() < 0.25:
                continue
            noon = datetime.combine(date.fromisoformat(day), time(12), ZONE)
            occurred = max(
                int(noon.timestamp()) + dice.choice((-30, 0, 30, 60)) * 3_600, began // 1_000_000 + 60
            )
            name = f"i-{bill[0]}-{position}-{plan[-6:]}"
            yield Told(
                name,
                "payment",
                (bill[0], bill[1], bill[2]),
                fen,
                occurred,
                occurred + dice.choice((60, 90_000)),
            )

    def _read(self, sql: str) -> list[Any]:
        with closing(sqlite3.connect(f"file:{self._plan.database}?mode=ro", uri=True)) as connection:
            return connection.execute(sql).fetchall()

    # ------------------------------------------------------------------------------------------- calls

    def call(self, customer: str, number: int, day: date) -> str:
        """How a call ends: a disposition."""
        payer = self.payers[int(customer.removeprefix("cust-")) - 1]
        if payer.manner in ("objects", "opts_out", "plans"):
            return "no_answer"  # so that calls are still planned when he says what he has to say
        dice = self.chance("call", customer, number, day)
        kinds = {
            "no_answer": 30,
            "busy": 8,
            "voicemail": 7,
            "promise_to_pay": 30,
            "refused": 6,
            "informed": 6,
            "disputed": 4,
            "plan_requested": 5,
            "stop_calling": 2,
            "hung_up": 2,
        }
        return dice.choices(list(kinds), list(kinds.values()))[0]


def tell(plan: MonthPlan, told: Told) -> None:
    """Write a delivery down before it is made: a life that dies behind it has told it all the same."""
    descriptor = os.open(plan.told, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(descriptor, json.dumps(asdict(told)).encode() + b"\n")
    finally:
        os.close(descriptor)
