"""Receipts in any order, and replies that are honoured at once."""

from __future__ import annotations

from datetime import timedelta
from itertools import permutations
from pathlib import Path

import pytest

from ari_app.domain.contact_facts import Flag
from ari_app.domain.messages.message import MessageState, Origin, Purpose
from ari_app.domain.segment import Segment, StepKind
from ari_app.ports.messages import Receipt, Reply, ReplyAction
from ari_app.services.messages.replies import Replies
from tests.support.messages import BILL, WINDOWS, Played, World, strategy_of, world
from tests.support.rules import decide
from tests.support.store_rows import account, ids
from tests.support.strategies import step

pytestmark = pytest.mark.fakes

HOUR = timedelta(hours=1)
PHONE = "+8613800000001"


def receipt(here: World, reference: str, status: str, **changes: object) -> Receipt:
    return Receipt("gw", reference, status, here.clock.now(), **changes)  # type: ignore[arg-type]


async def write(here: World, text: str, number: int = 1, contact: str = PHONE) -> ReplyAction | None:
    desk = Replies(here.store.messages, here.clock)
    found = await desk.take(Reply("gw", f"in-{number}", "sms", contact, text, here.clock.now()))
    return None if found is None else found.action


@pytest.mark.parametrize("order", list(permutations(["sent", "failed", "delivered"])))
async def test_receipts_lead_to_the_same_end_in_any_order_and_number(
    tmp_path: Path, order: tuple[str, ...]
) -> None:
    async with world(tmp_path / "s.db") as here:
        await here.round()
        (message,) = await here.messages()
        for status in order:
            assert await here.store.messages.receipt(
                receipt(here, message.reference, status), here.clock.now()
            )
            assert not await here.store.messages.receipt(
                receipt(here, message.reference, status), here.clock.now()
            )
        assert (await here.messages())[0].state is MessageState.DELIVERED
        assert (await here.events()).count("message.delivered") == 1


async def test_a_receipt_that_comes_before_the_answer_waits_for_it(tmp_path: Path) -> None:
    async with world(tmp_path / "s.db") as here:
        await here.sender.plan()
        (reserved,) = await here.store.messages.claim(here.clock.now(), 5, here.decide)
        expected = f"ref-1-{reserved.message_id[-6:]}"
        assert await here.store.messages.receipt(receipt(here, expected, "delivered"), here.clock.now())
        await here.sender.recover(at_start=True)
        await here.sender.send_due()
        assert await here.states() == ["delivered"]


async def test_a_receipt_by_our_own_key_is_believed_of_its_own_provider_only(tmp_path: Path) -> None:
    async with world(tmp_path / "s.db") as here:
        await here.round()
        (message,) = await here.messages()
        stranger = Receipt("other", "x", "failed", here.clock.now(), message_id=message.message_id)
        await here.store.messages.receipt(stranger, here.clock.now())
        assert await here.states() == ["sent"]
        await here.store.messages.receipt(
            receipt(here, "y", "delivered", message_id=message.message_id), here.clock.now()
        )
        assert await here.states() == ["delivered"]


async def test_a_bounce_marks_the_address_and_the_next_channel_follows_unless_it_arrives_after_all(
    tmp_path: Path,
) -> None:
    notice = step("start", StepKind.MESSAGE, template="note", channels=("sms", "app"))
    chosen = strategy_of(Segment("rest", steps=(notice,), windows=WINDOWS))
    channels = [Played(), Played("app", "push")]
    async with world(tmp_path / "s.db", channels=channels, strategy=chosen) as here:
        await here.store.load_accounts("c1", [account(1, addresses=(("app", "u-1"),))], here.clock.now())
        await here.round()
        (message,) = await here.messages()
        await here.store.messages.receipt(
            receipt(here, message.reference, "failed", bounced=True), here.clock.now()
        )
        assert await here.states() == ["failed", "planned"]
        # What may have left counts: the next channel keeps the gap.
        await here.round()
        assert (await here.messages())[1].rule == "minimum_gap"
        await here.store.messages.receipt(receipt(here, message.reference, "delivered"), here.clock.now())
        assert await here.states() == ["delivered", "expired"]
        await here.store.messages.plan(
            BILL,
            "note",
            occasion="x",
            purpose=Purpose.CONTACT,
            origin=Origin.OPERATOR,
            now=here.clock.now(),
            channels=("sms", "app"),
        )
        await here.round(HOUR)
        assert (await here.messages())[-1].channel == "app"
        assert await here.store.messages.mark_address("sms", PHONE, None, "operator", here.clock.now())


async def test_who_opts_out_hears_nothing_more_over_any_channel_from_that_moment(tmp_path: Path) -> None:
    async with world(tmp_path / "s.db") as here:
        await here.round()
        await here.store.messages.plan(
            BILL, "note", occasion="x", purpose=Purpose.CONTACT, origin=Origin.OPERATOR, now=here.clock.now()
        )
        assert await write(here, "退订") is ReplyAction.OPT_OUT
        assert await here.states() == ["sent", "suppressed"]
        listed = await here.store.do_not_contact()
        assert {"cust-1", PHONE} <= set(listed)
        here.clock.advance(24 * HOUR)
        assert await here.store.claim_due("c1", here.clock.now(), 5, decide, ids()) == []
        await here.store.messages.plan(
            BILL, "note", occasion="y", purpose=Purpose.ASKED, origin=Origin.OPERATOR, now=here.clock.now()
        )
        await here.round()
        assert (await here.messages())[-1].rule == "do_not_contact"
        assert (await here.events())[-2:] == ["customer.opted_out", "message.replied"]


async def test_the_same_reply_told_twice_is_one(tmp_path: Path) -> None:
    async with world(tmp_path / "s.db") as here:
        await here.round()
        assert await write(here, "STOP") is ReplyAction.OPT_OUT
        assert await write(here, "STOP") is None
        assert len(await here.store.messages.replies()) == 1


async def test_a_stranger_is_honoured_too(tmp_path: Path) -> None:
    async with world(tmp_path / "s.db") as here:
        assert await write(here, "STOP", contact="+8613999999999") is ReplyAction.OPT_OUT
        assert "+8613999999999" in await here.store.do_not_contact()
        (found,) = await here.store.messages.replies()
        assert found.customer_id == ""


async def test_a_wish_about_text_messages_leaves_other_channels(tmp_path: Path) -> None:
    async with world(tmp_path / "s.db") as here:
        await here.round()
        assert await write(here, "不要再给我发短信") is ReplyAction.OPT_OUT_CHANNEL
        assert await here.store.do_not_contact() == {}
        await here.store.messages.plan(
            BILL, "note", occasion="x", purpose=Purpose.CONTACT, origin=Origin.OPERATOR, now=here.clock.now()
        )
        await here.round(HOUR)
        assert (await here.messages())[-1].why == "no channel reaches this customer"


async def test_replies_set_flags_plan_calls_and_send_the_link(tmp_path: Path) -> None:
    async with world(tmp_path / "s.db") as here:
        await here.round()
        assert await write(here, "我已经付了", 1) is ReplyAction.PAID
        assert await write(here, "这个账单不对，我没有用那么多", 2) is ReplyAction.DISPUTE
        flags = {each.flag for each in await here.store.flags("cust-1")}
        assert flags == {Flag.PAID, Flag.DISPUTE}
        assert await write(here, "把链接发给我", 3) is ReplyAction.LINK
        assert (await here.messages())[-1].template == "payment_link"
        assert await write(here, "明天下午三点给我打电话", 4) is ReplyAction.CALL_BACK
        (found,) = await here.store.customer_accounts("cust-1")
        assert found.planned_at is not None
        assert found.planned_at.isoformat() == "2026-11-24T07:00:00+00:00"


async def test_what_is_not_understood_waits_for_a_person(tmp_path: Path) -> None:
    async with world(tmp_path / "s.db") as here:
        await here.round()
        assert await write(here, "我周五付300") is ReplyAction.WAITS
        (waiting,) = await here.store.messages.replies(waiting=True)
        assert waiting.customer_id == "cust-1"
        assert await here.store.messages.handle_reply(waiting.reply_id, "Wu", here.clock.now())
        assert not await here.store.messages.handle_reply(waiting.reply_id, "Li", here.clock.now())
        assert await here.store.messages.replies(waiting=True) == []
