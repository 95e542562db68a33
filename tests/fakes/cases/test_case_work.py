"""The clocks of disputes, services and cases, as the controller runs them."""

from __future__ import annotations

import inspect
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from ari_app.case_work import case_work, commission, service_rules
from ari_app.config import Settings
from ari_app.config.follow_up import CaseSettings, CommissionStep, ServiceSettings
from ari_app.domain.account import AccountDetails
from ari_app.domain.campaign import WebhookSpec
from ari_app.domain.cases.case import CaseState
from ari_app.domain.debt.ledger import EntryKind
from ari_app.domain.disputes.case import DisputeDecision, DisputeState, DisputeStep, DisputeVerdict
from ari_app.domain.event_names import EVENTS
from ari_app.ports import BillKey, Movement
from ari_app.ports.disputes import NewDispute
from ari_app.services.rule_directory import RuleDirectory
from ari_app.store.sqlite_store import SqliteStore
from tests.support.clock import FakeClock
from tests.support.docs import ROOT
from tests.support.store_rows import NOW, account, campaign

pytestmark = pytest.mark.fakes

BILL = BillKey("cust-1", "acc-1", "b1")
DAY = timedelta(days=1)
Job = Callable[[], Awaitable[object] | None]


class Place:
    """A store with its clocks: :meth:`tick` runs every job once, as the scheduler would."""

    def __init__(self, store: SqliteStore, folder: Path) -> None:
        self.store, self.folder, self.clock = store, folder, FakeClock(NOW)
        self.jobs: list[tuple[float, Job]] = []
        settings = Settings(data_dir=folder / "data", dialplan_dir=folder / "dialplan")
        calendars = RuleDirectory(ROOT / "dialplan").calendars
        case_work(settings, store, self.clock, calendars, lambda every, job: self.jobs.append((every, job)))

    async def tick(self, after: timedelta) -> None:
        self.clock.advance(after)
        for _, job in self.jobs:
            found = job()
            if inspect.isawaitable(found):
                await found

    async def events(self) -> list[str]:
        return [each.event for each in await self.store.outbox()]


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    (tmp_path / "dialplan").mkdir()
    shutil.copy(ROOT / "dialplan" / "disputes.yaml", tmp_path / "dialplan")
    async with await SqliteStore.open(tmp_path / "s.db") as store:
        await store.put_campaign(
            replace(campaign(), webhook=WebhookSpec("https://e.invalid/h", tuple(EVENTS)))
        )
        details = AccountDetails(service_state="suspended")
        await store.load_accounts("c1", [account(details=details, due_date=date(2026, 9, 10))], NOW)
        yield Place(store, tmp_path)


async def test_a_dispute_is_late_when_its_working_days_are_over(place: Place) -> None:
    opened = await place.store.disputes.open(NewDispute(BILL, "meter", "api", "r1"), NOW)
    assert opened is not None
    await place.tick(7 * DAY)
    assert (await place.store.disputes.case(opened.case_id)).state is DisputeState.IN_REVIEW
    await place.tick(DAY)
    assert (await place.store.disputes.case(opened.case_id)).state is DisputeState.ESCALATED
    await place.tick(DAY)
    assert (await place.events()).count("collection.dispute.escalated") == 1


async def test_who_was_told_and_says_nothing_agrees(place: Place) -> None:
    opened = await place.store.disputes.open(NewDispute(BILL, "bill", "api", "r1"), NOW)
    assert opened is not None
    decision = DisputeDecision(DisputeVerdict.REJECTED, "right")
    await place.store.disputes.decide(opened.case_id, decision, "li", NOW)
    await place.tick(20 * DAY)
    assert (await place.store.disputes.case(opened.case_id)).state is DisputeState.DECIDED, "nobody told him"
    await place.store.disputes.take(opened.case_id, DisputeStep.NOTIFY, "li", place.clock.now())
    await place.tick(13 * DAY)
    assert (await place.store.disputes.case(opened.case_id)).state is DisputeState.NOTIFIED
    await place.tick(DAY)
    assert (await place.store.disputes.case(opened.case_id)).state is DisputeState.CLOSED


async def test_an_edited_table_counts_for_what_is_opened_next(place: Place) -> None:
    file = place.folder / "dialplan" / "disputes.yaml"
    file.write_text(
        file.read_text(encoding="utf-8").replace("team: finance,", "team: billing-office,"), "utf-8"
    )
    await place.tick(timedelta(seconds=5))
    opened = await place.store.disputes.open(NewDispute(BILL, "bill", "api", "r1"), NOW)
    assert opened is not None
    assert (await place.store.disputes.case(opened.case_id)).team == "billing-office"


async def test_what_is_not_restored_in_time_is_told(place: Place) -> None:
    paid = Movement(BILL, EntryKind.PAYMENT, Decimal("568.32"), "CNY", NOW, "bank", "tx")
    await place.store.debts.post(paid, NOW)
    await place.tick(timedelta(hours=3, minutes=59))
    assert "service.restoration.overdue" not in await place.events()
    await place.tick(timedelta(minutes=1))
    assert "service.restoration.overdue" in await place.events()


async def test_evidence_is_fixed_before_the_90th_day_and_a_paid_case_ends(place: Place) -> None:
    await place.tick(timedelta())
    assert await place.store.cases.cases() == []
    await place.tick(6 * DAY)
    (case,) = await place.store.cases.cases()
    assert (case.state, case.package_day) == (CaseState.EVIDENCE_FIXED, 80)
    assert (place.folder / "data" / "cases" / case.package).is_file()
    paid = Movement(BILL, EntryKind.PAYMENT, Decimal("568.32"), "CNY", NOW, "bank", "tx")
    await place.store.debts.post(paid, place.clock.now())
    await place.tick(timedelta(minutes=1))
    assert (await place.store.cases.case(case.case_id)).state is CaseState.CLOSED


def test_settings_say_what_the_rules_are() -> None:
    settings = Settings(
        service=ServiceSettings(order_suspensions=True, warning_tries=2, confirm_hours=1.5),
        cases=CaseSettings(
            commission_percent=3, commission_steps=[CommissionStep(recovered_percent=50, percent=2.5)]
        ),
    )
    rules = service_rules(settings)
    assert (rules.order_suspensions, rules.tries, rules.confirm_hours) == (True, 2, 1.5)
    assert commission(settings).amount(Decimal(100), Decimal(50)) == Decimal("5.50")
    with pytest.raises(ValueError, match="does not ascend"):
        CaseSettings(
            commission_steps=[
                CommissionStep(recovered_percent=90, percent=2),
                CommissionStep(recovered_percent=70, percent=3),
            ]
        )
