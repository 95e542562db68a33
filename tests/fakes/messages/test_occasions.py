"""Messages that calls promise, that follow unanswered calls, and that follow events of an account."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from ari_app.domain.call_result import ConversationResult
from ari_app.domain.contact_facts import Flag
from ari_app.domain.debt.ledger import EntryKind
from ari_app.domain.messages.message import MessageState, Origin, Purpose
from ari_app.domain.segment import Segment
from ari_app.ports import Movement
from ari_app.ports.messages import Occasion
from tests.support.messages import BILL, WINDOWS, World, strategy_of, world
from tests.support.store_rows import account, allow, enough, ids, no_events, outcome, tomorrow
from tests.support.strategies import step

pytestmark = pytest.mark.fakes

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
#: Calls only: what is written comes from elsewhere.
CALLS = strategy_of(Segment("rest", steps=(step("start"),), windows=WINDOWS))
UNANSWERED = {"call.unanswered": Occasion("note", times=2)}


async def call(
    here: World,
    prefix: str,
    *,
    answered: bool = False,
    last: bool = False,
    said: str = "",
    result: str = "informed",
) -> None:
    """One call, now."""
    now = here.clock.now()
    (attempt,) = await here.store.claim_due("c1", now, 1, allow, ids(prefix))
    await here.store.mark_dialled(attempt.attempt_id, now, allow)
    changes: dict[str, object] = {"ended_at": now + timedelta(seconds=30)}
    if answered:
        talk = ConversationResult(result, verified=True, message=said, language="en")
        changes |= {"answered_at": now + timedelta(seconds=5), "conversation": talk}
    end = outcome(attempt, result if answered else "no_answer", **changes)
    plan = enough if last else lambda history: replace(tomorrow(history), due_at=now + DAY)
    await here.store.close_attempt(end, plan, no_events)
    here.clock.advance(60)


async def test_what_a_call_has_promised_goes_out_at_once_over_the_number_that_was_called(
    tmp_path: Path,
) -> None:
    async with world(tmp_path / "s.db", strategy=CALLS) as here:
        await call(here, "a", answered=True, said="note")
        await here.round()
        (message,) = await here.messages()
        assert (message.origin, message.purpose, message.state) == (
            Origin.CALL,
            Purpose.ASKED,
            MessageState.SENT,
        )
        assert (message.contact, message.language) == ("+8613800000001", "en")
        # Asked for or not, it counts: the rules of the next call see it.
        assert message.contact_at == here.clock.now()


@pytest.mark.parametrize("result", ["disputed", "already_paid"])
async def test_who_objects_still_gets_what_he_asked_for_but_nobody_who_wants_no_contact(
    tmp_path: Path, result: str
) -> None:
    async with world(tmp_path / "s.db", strategy=CALLS) as here:
        await call(here, "a", answered=True, said="note", result=result)
        assert any(each.flag in (Flag.DISPUTE, Flag.PAID) for each in await here.store.flags("cust-1"))
        await here.round()
        assert await here.states() == ["sent"]
    async with world(tmp_path / "t.db", strategy=CALLS) as here:
        await call(here, "a", answered=True, said="note", result=result)
        await here.store.add_do_not_contact("cust-1", "test", here.clock.now())
        await here.round()
        assert await here.states() == ["suppressed"]


async def test_what_was_asked_for_keeps_the_hours_of_the_pack_but_not_our_own_windows(tmp_path: Path) -> None:
    async with world(tmp_path / "s.db", strategy=CALLS) as here:
        await call(here, "a", answered=True, said="note")
        here.clock.set(datetime(2026, 11, 23, 14, 30, tzinfo=UTC))  # 22:30 in Shanghai
        await here.round()
        (message,) = await here.messages()
        assert (message.state, message.rule) == (MessageState.PLANNED, "hard_floor")
        assert message.due_at == datetime(
            2026, 11, 24, 0, 0, tzinfo=UTC
        )  # 08:00, before our own windows open
        here.clock.set(message.due_at)
        await here.round()
        assert await here.states() == ["sent"]


async def test_after_so_many_unanswered_calls_one_message_follows(tmp_path: Path) -> None:
    async with world(tmp_path / "s.db", strategy=CALLS, occasions=UNANSWERED) as here:
        await call(here, "a")
        assert await here.states() == []
        here.clock.advance(DAY)
        await call(here, "b")
        (message,) = await here.messages()
        assert (message.origin, message.purpose) == (Origin.UNANSWERED, Purpose.CONTACT)
        here.clock.advance(DAY)
        await call(here, "c")
        assert len(await here.messages()) == 1  # one for each row of unanswered calls
        here.clock.advance(DAY)
        await call(here, "d", answered=True)
        for prefix in "ef":
            here.clock.advance(DAY)
            await call(here, prefix)
        assert len(await here.messages()) == 2


async def test_the_last_call_is_followed_by_a_message_however_few_there_were(tmp_path: Path) -> None:
    async with world(tmp_path / "s.db", strategy=CALLS, occasions=UNANSWERED) as here:
        await call(here, "a", last=True)
        (message,) = await here.messages()
        await here.round()
        # The gap after the call holds for it, as for any contact.
        (message,) = await here.messages()
        assert (message.state, message.rule) == (MessageState.PLANNED, "minimum_gap")
        await here.round(HOUR)
        assert await here.states() == ["sent"]


async def test_a_payment_is_confirmed_although_nothing_is_owed_any_more(tmp_path: Path) -> None:
    occasions = {"payment.settled": Occasion("payment_receipt", notice=True)}
    async with world(tmp_path / "s.db", strategy=CALLS, occasions=occasions) as here:
        paid = Movement(BILL, EntryKind.PAYMENT, Decimal("568.32"), "CNY", here.clock.now(), "bank", "tx-1")
        for _ in range(2):
            await here.store.debts.post(paid, here.clock.now())
        await here.round()
        (message,) = await here.messages()
        assert (message.template, message.state) == ("payment_receipt", MessageState.SENT)
        assert "已结清" in here.channels[0].took[0].text
        # One that wants something is refused by then.
        await here.store.messages.plan(
            BILL, "note", occasion="x", purpose=Purpose.CONTACT, origin=Origin.OPERATOR, now=here.clock.now()
        )
        await here.round(HOUR)
        assert (await here.messages())[-1].rule == "paid"


async def test_without_a_channel_nothing_is_planned_for_calls_and_the_result_keeps_the_wish(
    tmp_path: Path,
) -> None:
    async with world(tmp_path / "s.db", strategy=CALLS) as here:
        await here.store.messages.open_channels({}, {}, here.clock.now())
        await call(here, "a", answered=True, said="note")
        assert await here.messages() == []


async def test_a_promise_reminder_comes_the_day_before_with_the_promise_in_it(tmp_path: Path) -> None:
    from ari_app.domain.call_result import PromiseToPay
    from ari_app.domain.segment import StepKind

    remind = step("promise-1d", StepKind.MESSAGE, template="promise_reminder", channels=("sms",), at=10 * 60)
    chosen = strategy_of(Segment("rest", steps=(step("start"), remind), windows=WINDOWS, closed_weekdays=()))
    async with world(tmp_path / "s.db", strategy=chosen) as here:
        day = (here.clock.now() + 3 * DAY).date()
        now = here.clock.now()
        (attempt,) = await here.store.claim_due("c1", now, 1, allow, ids())
        await here.store.mark_dialled(attempt.attempt_id, now, allow)
        talk = ConversationResult(
            "promise_to_pay",
            verified=True,
            promises=(PromiseToPay(Decimal("300.00"), day.isoformat(), "CNY"),),
        )
        end = outcome(
            attempt,
            "promise_to_pay",
            answered_at=now,
            conversation=talk,
            ended_at=now + timedelta(seconds=60),
        )
        await here.store.close_attempt(end, tomorrow, no_events)
        await here.round(timedelta(seconds=61))
        assert await here.messages() == []
        await here.round(2 * DAY)
        (message,) = await here.messages()
        assert message.state is MessageState.SENT
        assert f"{day.month}月{day.day}日" in here.channels[0].took[0].text
        assert "300.00 元" in here.channels[0].took[0].text


async def test_the_list_loaded_again_plans_nothing_twice(tmp_path: Path) -> None:
    async with world(tmp_path / "s.db") as here:
        await here.round()
        for day in range(3):
            await here.store.load_accounts(
                "c1", [account(1, amount_due=Decimal(600 + day))], here.clock.now()
            )
            await here.round(HOUR)
        assert await here.states() == ["sent"]
