"""Killed between any two instructions, no answered payment is lost, and none counts twice when it is told again."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest

from ari_app.ports.debt import BillKey
from ari_app.services.payments.callbacks import CallbackDesk
from ari_app.store.sqlite_store import SqliteStore
from tests.support import pay_providers as far
from tests.support.clock import FakeClock
from tests.support.store_rows import NOW, account, broken_promises, campaign

pytestmark = pytest.mark.fakes

PAYMENTS = 120
#: Takes callbacks, sixteen at a time, and says which were answered.
WORKER = """
import asyncio, sys
from pathlib import Path
from ari_app.services.payments.callbacks import CallbackDesk
from ari_app.store.sqlite_store import SqliteStore
from tests.fakes.payments.test_callback_crash import PAYMENTS, told
from tests.support import pay_providers as far
from tests.support.clock import FakeClock
from tests.support.store_rows import NOW

async def take(desk, number):
    answer = await desk.receive("bank", *told(number))
    print(answer.status, number, flush=True)

async def main():
    async with await SqliteStore.open(Path(sys.argv[1])) as store:
        desk = CallbackDesk(store.payments, {"bank": far.bank()}, FakeClock(NOW))
        numbers = [(int(sys.argv[2]) + number) % PAYMENTS for number in range(PAYMENTS)]
        for first in range(0, PAYMENTS, 16):
            await asyncio.gather(*(take(desk, number) for number in numbers[first:first + 16]))

asyncio.run(main())
"""


def told(number: int) -> far.Callback:
    """The callback of a payment of NUMBER + 1 fen."""
    return far.bank_told(
        NOW,
        eventId=f"e{number}",
        type="payment",
        amount=str(Decimal(number + 1).scaleb(-2)),
        currency="CNY",
        reference=f"t{number}",
        customerId="cust-1",
        accountId="acc-1",
        billId="b1",
    )


async def test_no_answered_payment_is_lost_and_none_counts_twice(tmp_path: Path) -> None:
    path = tmp_path / "s.db"
    async with await SqliteStore.open(path) as store:
        await store.put_campaign(campaign())
        await store.load_accounts("c1", [account()], NOW)
    moments = random.Random(11)
    answered: set[str] = set()
    for turn in range(2):
        answered |= _killed_after(path, turn * 60, moments.randrange(10, 70))
        assert broken_promises(path) == []
    async with await SqliteStore.open(path) as store:
        bill = BillKey("cust-1", "acc-1", "b1")
        there = {entry.reference for entry in await store.debts.ledger(bill)}
        assert {f"t{number}" for number in answered} <= there, "an answered payment is forgotten"
        desk = CallbackDesk(store.payments, {"bank": far.bank()}, FakeClock(NOW))
        for number in range(PAYMENTS):
            assert (await desk.receive("bank", *told(number))).status == 200
        entries = await store.debts.ledger(bill)
        assert len(entries) == PAYMENTS
        paid = sum((entry.amount for entry in entries), Decimal(0))
        assert paid == Decimal(PAYMENTS * (PAYMENTS + 1) // 2).scaleb(-2)
        (found,) = await store.customer_accounts("cust-1")
        assert found.account.amount_due == Decimal("568.32") - paid
    assert len(answered) > 10, "killed too early to show anything"


def _killed_after(path: Path, first: int, lines: int) -> set[str]:
    with subprocess.Popen(
        [sys.executable, "-c", WORKER, path, str(first)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[3],
    ) as worker:
        assert worker.stdout is not None
        said: list[str] = []
        for line in worker.stdout:
            if line.startswith("200 "):  # beside them stand the lines of the log
                said.append(line.split()[1])
            if len(said) == lines:
                worker.send_signal(signal.SIGKILL)
        worker.wait()
    return set(said)
