"""Several numbers of one customer in the store: whose turn it is, one budget, each with a state of its own."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from datetime import time, timedelta
from pathlib import Path

import pytest

from ari_app.cli.explain import Standing, _tell
from ari_app.domain.account import AccountDetails
from ari_app.domain.attempt import ReservedAttempt
from ari_app.domain.compliance import ContactFacts, Rule, next_allowed
from ari_app.domain.contact_facts import ListKind
from ari_app.domain.placement import events_of, place
from ari_app.services.wrap_up import WrapUp
from ari_app.store.sqlite_store import SqliteStore
from tests.support.clock import FakeClock
from tests.support.floor import TABLE
from tests.support.store_rows import NOW, account, allow, broken_promises, campaign, ids, outcome
from tests.support.verdicts import BOOK, decide

pytestmark = pytest.mark.fakes

FIRST, SECOND, THIRD = (account(1).phone, "+8613900000002", "+8613900000003")
SEVERAL = account(1, other_phones=(SECOND, THIRD))
FAR = NOW + timedelta(days=60)


async def claimed(store: SqliteStore, at: timedelta = timedelta(0)) -> ReservedAttempt | None:
    found = await store.claim_due("c1", NOW + at, 1, allow, ids(f"att{at.total_seconds():.0f}"))
    return found[0] if found else None


async def dial(store: SqliteStore, folder: Path, at: timedelta, disposition: str) -> str | None:
    """One attempt with its wrap-up; the number that was dialled."""
    attempt = await claimed(store, at)
    if attempt is None:
        return None
    await store.mark_dialled(attempt.attempt_id, NOW + at, allow)
    wrap_up = WrapUp(store, FakeClock(), TABLE, None, folder)
    ended = outcome(attempt, disposition, ended_at=NOW + at + timedelta(seconds=30))
    await wrap_up.write(ended, TABLE.kind(disposition))
    return attempt.account.phone


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "numbers.db"


async def test_numbers_have_their_turn_within_one_budget(path: Path, tmp_path: Path) -> None:
    async with await SqliteStore.open(path) as store:
        await store.put_campaign(campaign())
        await store.load_accounts("c1", [SEVERAL], NOW)
        dialled = [await dial(store, tmp_path, timedelta(days=day), "no_answer") for day in (0, 1, 3, 9)]
    assert dialled == [FIRST, FIRST, SECOND, None], "two tries each, three attempts in all"
    assert broken_promises(path) == []


async def test_a_dead_number_hands_over_to_the_next_at_the_next_offset(path: Path, tmp_path: Path) -> None:
    async with await SqliteStore.open(path) as store:
        await store.put_campaign(campaign())
        await store.load_accounts("c1", [SEVERAL], NOW)
        dialled = [
            await dial(store, tmp_path, timedelta(days=0), "unallocated"),
            await dial(store, tmp_path, timedelta(hours=23), "busy"),
            await dial(store, tmp_path, timedelta(hours=24), "wrong_person"),
            await dial(store, tmp_path, timedelta(hours=72), "busy"),
        ]
        assert dialled == [FIRST, None, SECOND, THIRD]
        assert set(await store.dead_numbers()) == {FIRST, SECOND}
        (facts,) = await store.contact_facts("cust-1", FAR)
        assert [(each.phone, each.dead, each.unreached) for each in facts.numbers] == [
            (FIRST, "unallocated", 1),
            (SECOND, "wrong_person", 1),
            (THIRD, None, 1),
        ]
        assert facts.account.phone == THIRD
    assert broken_promises(path) == []


async def test_a_last_dead_number_ends_it_until_a_list_brings_another(path: Path, tmp_path: Path) -> None:
    async with await SqliteStore.open(path) as store:
        await store.put_campaign(campaign())
        await store.load_accounts("c1", [account(1, other_phones=(SECOND,))], NOW)
        for hours in (0, 24):
            assert await dial(store, tmp_path, timedelta(hours=hours), "unallocated") is not None
        assert await claimed(store, timedelta(days=20)) is None
        await store.load_accounts("c1", [account(1, other_phones=(SECOND, THIRD))], NOW)
        attempt = await claimed(store, timedelta(days=21))
        assert attempt is not None
        assert attempt.account.phone == THIRD


async def test_a_list_may_forbid_one_number_or_the_customer(path: Path) -> None:
    async with await SqliteStore.open(path) as store:
        await store.put_campaign(campaign())
        await store.load_accounts("c1", [SEVERAL], NOW)
        await store.add_do_not_contact(FIRST, "who has this number now", NOW)
        (facts,) = await store.contact_facts("cust-1", NOW)
        assert facts.account.phone == SECOND
        assert decide(facts, NOW).allowed
        for phone in (SECOND, THIRD):
            await store.add_list_entry(ListKind.BLACK, phone, "x", NOW)
        (facts,) = await store.contact_facts("cust-1", NOW)
        assert decide(facts, NOW).rule is Rule.DO_NOT_CONTACT
        assert await store.claim_due("c1", NOW, 1, decide, ids()) == []
        assert await store.remove_list_entry(ListKind.BLACK, THIRD)
        (attempt,) = await store.claim_due("c1", NOW, 1, decide, ids("later"))
        assert attempt.account.phone == THIRD


def test_explain_tells_which_number_is_next_and_where_events_have_their_place(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    details = AccountDetails(suspension_on=NOW.date() + timedelta(days=3), suspension_at=time(3))

    async def prepare() -> list[ContactFacts]:
        async with await SqliteStore.open(path) as store:
            await store.put_campaign(campaign())
            await store.load_accounts("c1", [account(1, other_phones=(SECOND,), details=details)], NOW)
            await store.add_do_not_contact(FIRST, "who has this number now", NOW)
            return await store.contact_facts("cust-1", NOW)

    (facts,) = asyncio.run(prepare())
    events = tuple(place(BOOK, facts, wanted) for wanted in events_of(facts.account, (), NOW))
    standing = Standing(facts, decide(facts, NOW), (), next_allowed(BOOK, facts, NOW), events)
    _tell("cust-1", NOW, [standing], [], [], full=False)
    told = " ".join(capsys.readouterr().out.split())
    assert "on a list" in told
    assert "0 dials without success, the next one" in told
    assert SECOND[-8:] not in told
    assert "suspension_24h: 2026-11-24 19:59:00 CST (at the last allowed instant before it)" in told


async def test_every_number_has_its_zone(path: Path) -> None:
    abroad = account(1, other_phones=("+12125550123",))
    async with await SqliteStore.open(path) as store:
        await store.put_campaign(campaign())
        await store.load_accounts("c1", [abroad], NOW)
        (facts,) = await store.contact_facts("cust-1", NOW)
    assert facts.account.phone == FIRST
    assert "America/New_York" in facts.zones, "whichever number is dialled"


async def test_a_number_that_a_list_takes_away_is_not_dialled_any_more(path: Path) -> None:
    async with await SqliteStore.open(path) as store:
        await store.put_campaign(campaign())
        await store.load_accounts("c1", [SEVERAL], NOW)
        attempt = await claimed(store)
        assert attempt is not None
        before = await store.revision()
        await store.load_accounts("c1", [account(1, phone=SECOND)], NOW)
        assert await store.revision() > before
        verdict = await store.mark_dialled(attempt.attempt_id, NOW, allow)
        assert not verdict.allowed


async def test_a_reserved_number_may_change_its_place(path: Path) -> None:
    async with await SqliteStore.open(path) as store:
        await store.put_campaign(campaign())
        await store.load_accounts("c1", [SEVERAL], NOW)
        attempt = await claimed(store)
        assert attempt is not None
        await store.load_accounts("c1", [account(1, phone=SECOND, other_phones=(FIRST,))], NOW)
        assert (await store.mark_dialled(attempt.attempt_id, NOW, allow)).allowed
    with closing(sqlite3.connect(path)) as connection:
        rows = connection.execute("SELECT position, phone FROM other_phone ORDER BY 1").fetchall()
    assert rows == [(1, FIRST)]
