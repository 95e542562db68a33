"""What another process writes while a call rings releases it; an answered call goes on."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from ari_app.domain.account import AccountDetails
from ari_app.domain.call_machine import Event, EventKind, State
from ari_app.domain.campaign import CampaignStatus
from ari_app.domain.compliance import Rule
from ari_app.domain.contact_facts import Flag, ListKind
from ari_app.domain.debt.ledger import EntryKind
from ari_app.errors import StoreUnavailable
from ari_app.ports import BillKey, Movement
from ari_app.services.withdrawal_watch import WithdrawalWatch
from ari_app.store.sqlite_store import SqliteStore
from tests.support.calls import FakeLeg, FakeMedia
from tests.support.floor import Floor, floor, within
from tests.support.store_rows import NOW, account, broken_promises
from tests.support.verdicts import decide

pytestmark = [pytest.mark.fakes, pytest.mark.virtual_time]

RINGS_LONG = [(1.0, Event(EventKind.RINGING))]
ANSWERS = [(1.0, Event(EventKind.RINGING)), (2.0, Event(EventKind.ANSWERED))]

WHOLE = Movement(
    bill=BillKey("cust-1", "acc-1", "b1"),
    kind=EntryKind.PAYMENT,
    amount=account(1).amount_due,
    currency="CNY",
    occurred_at=NOW,
    provider="bank",
    reference="tx-1",
)

Change = Callable[[SqliteStore], Awaitable[object]]


def rings(call_id: str) -> FakeLeg:
    return FakeLeg(call_id, RINGS_LONG, media=FakeMedia())


def watch_of(place: Floor) -> WithdrawalWatch:
    return WithdrawalWatch(place.store, place.clock, decide, place.dialler.sessions)


async def in_state(place: Floor, state: State) -> None:
    await within(20.0, lambda: [session.state for session in place.dialler.sessions()] == [state])


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        (lambda store: store.set_flag("cust-1", Flag.PAID, "the bank", NOW), Rule.PAID),
        (lambda store: store.set_flag("cust-1", Flag.DISPUTE, "a letter", NOW, "acc-1"), Rule.DISPUTE_OPEN),
        (lambda store: store.set_flag("cust-1", Flag.DECEASED, "a letter", NOW), Rule.DECEASED),
        (lambda store: store.add_do_not_contact("cust-1", "a letter", NOW), Rule.DO_NOT_CONTACT),
        (lambda store: store.add_list_entry(ListKind.BLACK, account(1).phone, "x", NOW), Rule.BLACK_LIST),
        (lambda store: store.set_campaign_status("c1", CampaignStatus.PAUSED), Rule.CAMPAIGN_NOT_RUNNING),
        (
            lambda store: store.load_accounts("c1", [account(1, phone="+8613900000077")], NOW),
            Rule.NUMBER_DEAD,
        ),
        (
            lambda store: store.load_accounts("c1", [account(1, details=AccountDetails(minor=True))], NOW),
            Rule.GUARDIAN,
        ),
        (lambda store: store.debts.post(WHOLE, NOW), Rule.PAID),
    ],
    ids=[
        "said to be paid",
        "dispute",
        "death",
        "do-not-contact",
        "black list",
        "pause",
        "another number",
        "minor",
        "payment",
    ],
)
async def test_a_ringing_call_is_released_and_closed_as_withdrawn(
    tmp_path: Path, change: Change, rule: Rule
) -> None:
    async with floor(tmp_path, rings, decide=decide) as place:
        watch = watch_of(place)
        await place.dialler.turn()
        await in_state(place, State.RINGING)
        assert await watch.look() == 0
        async with await SqliteStore.open(place.store.path) as beside:
            await change(beside)
        assert await watch.look() == 1
        await within(20.0, lambda: not place.dialler.owned())
        (record,) = await place.records()
        assert record.disposition == "withdrawn"
        assert record.dialled_at is not None, "the dial counts: it left"
        (leg,) = place.telephony.legs.values()
        assert "hang_up" in leg.log
        last = (await place.store.verdicts("cust-1"))[-1]
        assert (last.verdict.rule, last.attempt_id) == (rule, record.attempt_id)
        assert await place.dialler.turn() == 0, "and it stops the next attempt"
    assert broken_promises(tmp_path / "floor.db") == []


class Unwritable:
    """A store that can be read, while its writer waits for another process in vain."""

    def __init__(self, store: SqliteStore) -> None:
        self._store = store

    def __getattr__(self, name: str) -> object:
        return getattr(self._store, name)

    async def record_withdrawn(self, *_: object) -> None:
        raise StoreUnavailable("the database is locked")


async def test_a_call_is_released_also_while_nothing_can_be_written(tmp_path: Path) -> None:
    async with floor(tmp_path, rings, decide=decide) as place:
        store = Unwritable(place.store)
        watch = WithdrawalWatch(store, place.clock, decide, place.dialler.sessions)  # type: ignore[arg-type]
        await place.dialler.turn()
        await in_state(place, State.RINGING)
        await place.store.set_flag("cust-1", Flag.PAID, "the bank", NOW)
        with pytest.raises(StoreUnavailable):
            await watch.look()
        await within(20.0, lambda: not place.dialler.owned())
        (leg,) = place.telephony.legs.values()
        assert "hang_up" in leg.log


async def test_an_answered_call_goes_on(tmp_path: Path) -> None:
    async with floor(
        tmp_path, lambda call_id: FakeLeg(call_id, ANSWERS, media=FakeMedia()), decide=decide
    ) as place:
        await place.dialler.turn()
        await in_state(place, State.UP)
        await place.store.set_flag("cust-1", Flag.PAID, "the bank", NOW)
        assert await watch_of(place).look() == 0
        (session,) = place.dialler.sessions()
        assert session.state is State.UP


async def test_an_answer_that_crosses_the_release_of_somebody_else_is_not_cut_off(tmp_path: Path) -> None:
    async with floor(tmp_path, rings, accounts=2, decide=decide) as place:
        watch = watch_of(place)
        await place.dialler.turn()
        await within(
            20.0, lambda: [session.state for session in place.dialler.sessions()] == [State.RINGING] * 2
        )
        await place.store.set_flag("cust-1", Flag.PAID, "the bank", NOW)
        assert await watch.look() == 1
        await within(20.0, lambda: len(place.dialler.owned()) == 1)
        (left,) = place.dialler.sessions()
        assert (left.attempt.account.customer_id, left.state) == ("cust-2", State.RINGING)


async def test_nothing_is_asked_while_nothing_has_changed(tmp_path: Path) -> None:
    asked = 0

    def counting(*arguments: object) -> object:
        nonlocal asked
        asked += 1
        return decide(*arguments)  # type: ignore[arg-type]

    async with floor(tmp_path, rings, decide=decide) as place:
        watch = WithdrawalWatch(place.store, place.clock, counting, place.dialler.sessions)  # type: ignore[arg-type]
        await place.dialler.turn()
        await in_state(place, State.RINGING)
        await watch.look()
        assert asked == 1
        for _ in range(5):
            await asyncio.sleep(1.0)
            await watch.look()
        assert asked == 1
        await place.store.clear_flag("cust-1", Flag.PAID, "nobody", NOW)
        await watch.look()
        assert asked == 1, "a flag that was not set has not been cleared"
