"""Messages from a step to the customer: planned once, asked twice, handed over at most once, and counted."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from ari_app.domain.compliance import Rule
from ari_app.domain.contact_facts import Flag, ListKind
from ari_app.domain.messages.message import MessageState, Origin, Purpose
from ari_app.domain.segment import Segment, StepKind
from ari_app.domain.windows import Window
from ari_app.errors import StoreError
from ari_app.ports.messages import Handed, Letter, SendResult
from tests.support.messages import BILL, WINDOWS, Played, sender_for, strategy_of, world
from tests.support.rules import decide
from tests.support.store_rows import NOW, account, ids
from tests.support.strategies import step

pytestmark = pytest.mark.fakes

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


async def test_a_step_is_sent_once_however_often_it_is_looked_at(tmp_path: Path) -> None:
    async with world(tmp_path / "s.db") as here:
        for _ in range(3):
            await here.round()
            await here.store.messages.look_again()
        (letter,) = here.channels[0].took
        assert letter.text == "示例公司 王小明 568.32 元 回复TD退订"
        assert letter.contact == "+8613800000001"
        assert await here.states() == ["sent"]
        assert await here.events() == ["message.sent"]
        (found,) = await here.messages()
        assert (found.step, found.trial, found.parts, found.reference) == (
            "message-start",
            1,
            1,
            f"ref-1-{letter.message_id[-6:]}",
        )


async def test_both_answers_of_the_rules_are_kept(tmp_path: Path) -> None:
    async with world(tmp_path / "s.db") as here:
        await here.round()
        (message,) = await here.messages()
        asked = [
            each for each in await here.store.verdicts("cust-1") if each.attempt_id == message.message_id
        ]
        assert [(each.asked, each.verdict.allowed, each.channel) for each in asked] == [
            ("plan", True, "sms"),
            ("dial", True, "sms"),
        ]


async def test_the_first_call_waits_for_the_message_and_then_for_the_gap_after_it(tmp_path: Path) -> None:
    segment = Segment(
        "rest",
        steps=(step("start", StepKind.MESSAGE, template="note", channels=("sms",)), step("start")),
        windows=WINDOWS,
    )
    async with world(tmp_path / "s.db", strategy=strategy_of(segment)) as here:
        claimed = await here.store.claim_due("c1", NOW, 5, decide, ids())
        assert claimed == []
        assert (await here.store.verdicts("cust-1"))[-1].verdict.rule is Rule.FIRST_CONTACT_BY_MESSAGE
        await here.round(timedelta(seconds=1))
        assert await here.states() == ["sent"]
        assert await here.store.claim_due("c1", here.clock.now(), 5, decide, ids()) == []
        assert (await here.store.verdicts("cust-1"))[-1].verdict.rule is Rule.MINIMUM_GAP
        here.clock.advance(31 * 60)
        assert len(await here.store.claim_due("c1", here.clock.now(), 5, decide, ids())) == 1


async def test_a_message_that_was_tried_in_vain_leaves_nobody_uncalled(tmp_path: Path) -> None:
    segment = Segment(
        "rest",
        steps=(step("start", StepKind.MESSAGE, template="note", channels=("sms",)), step("start")),
        windows=WINDOWS,
    )
    refusing = Played(answers=[SendResult(Handed.REJECTED, detail="no", bad_address=True)])
    async with world(tmp_path / "s.db", channels=[refusing], strategy=strategy_of(segment)) as here:
        assert await here.store.claim_due("c1", NOW, 5, decide, ids()) == []
        await here.round(timedelta(seconds=1))
        assert await here.states() == ["failed"]
        # What never left is no contact: nothing has to be waited for.
        assert len(await here.store.claim_due("c1", here.clock.now(), 5, decide, ids())) == 1


async def test_a_call_under_way_holds_a_message_back(tmp_path: Path) -> None:
    segment = Segment(
        "rest",
        steps=(step("start+1d"), step("start+1d", StepKind.MESSAGE, template="note", channels=("sms",))),
        windows=WINDOWS,
    )
    async with world(tmp_path / "s.db", strategy=strategy_of(segment)) as here:
        here.clock.advance(DAY)
        (attempt,) = await here.store.claim_due(
            "c1",
            here.clock.now(),
            5,
            lambda facts, now: decide(replace(facts, message_channel=False), now),
            ids(),
        )
        await here.round()
        (message,) = await here.messages()
        assert (message.state, message.rule) == (MessageState.PLANNED, "open_attempt")
        assert attempt.account.customer_id == "cust-1"


@pytest.mark.parametrize(
    ("list_kind", "rule"),
    [
        (ListKind.DO_NOT_CONTACT, "do_not_contact"),
        (ListKind.BLACK, "black_list"),
        (ListKind.COMPLAINT, "complaint_list"),
    ],
)
async def test_lists_suppress_messages(tmp_path: Path, list_kind: ListKind, rule: str) -> None:
    async with world(tmp_path / "s.db") as here:
        await here.store.add_list_entry(list_kind, "cust-1", "test", NOW)
        await here.round()
        (message,) = await here.messages()
        assert (message.state, message.rule) == (MessageState.SUPPRESSED, rule)
        assert here.channels[0].took == []
        assert (await here.store.messages.counts(NOW))[f"suppressed_{rule}"] == 1


@pytest.mark.parametrize(
    "flag", [Flag.DISPUTE, Flag.PAID, Flag.DECEASED, Flag.BANKRUPT, Flag.REPRESENTED, Flag.NO_CONSENT]
)
async def test_flags_suppress_messages_that_want_something(tmp_path: Path, flag: Flag) -> None:
    async with world(tmp_path / "s.db") as here:
        await here.store.set_flag(
            "cust-1", flag, "test", NOW, "" if flag not in (Flag.DISPUTE, Flag.PAID) else "acc-1"
        )
        await here.round()
        assert await here.states() == ["suppressed"]


async def test_what_comes_in_between_the_two_answers_stops_the_message(tmp_path: Path) -> None:
    async with world(tmp_path / "s.db") as here:
        await here.sender.plan()
        (reserved,) = await here.store.messages.claim(NOW, 5, here.decide)
        await here.store.add_list_entry(ListKind.DO_NOT_CONTACT, "cust-1", "test", NOW)
        letter = Letter(reserved.message_id, "sms", reserved.reach[0][1], "x")
        verdict = await here.store.messages.begin(letter, "gw", NOW, here.decide)
        assert (verdict.allowed, verdict.rule) == (False, Rule.DO_NOT_CONTACT)
        assert await here.states() == ["suppressed"]


async def test_outside_the_windows_a_message_waits_for_the_morning(tmp_path: Path) -> None:
    late = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)  # 22:00 in Shanghai
    async with world(tmp_path / "s.db", now=late) as here:
        await here.round()
        assert await here.states() == []
        await here.round(10 * HOUR)
        assert await here.states() == []
        await here.round(HOUR)  # 09:00
        assert await here.states() == ["sent"]


@pytest.mark.parametrize(
    ("day", "first_utc_hour"),
    [
        (datetime(2026, 3, 8, 2, 0, tzinfo=UTC), 13),  # clocks go forward in the night: 09:00 is 13:00 UTC
        (datetime(2026, 11, 1, 1, 0, tzinfo=UTC), 14),  # and back: 09:00 is 14:00 UTC
    ],
)
async def test_quiet_hours_follow_the_customers_clock_across_a_change_of_it(
    tmp_path: Path, day: datetime, first_utc_hour: int
) -> None:
    segment = Segment(
        "rest",
        steps=(step("start", StepKind.MESSAGE, template="note", channels=("sms",)),),
        windows=(Window(9 * 60, 20 * 60),),
        closed_weekdays=(),
    )
    chosen = replace(strategy_of(segment), rule_pack="us-reg-f", timezone="America/New_York")
    async with world(tmp_path / "s.db", strategy=chosen, now=day) as here:
        await here.store.set_flag("cust-9", Flag.CONSENT, "form", day)
        where = account(
            9, timezone="America/New_York", phone="+12125550123", language="en", due_date=day.date()
        )
        await here.store.load_accounts("c1", [where], day)
        sent_at = None
        for _ in range(30):
            await here.round(HOUR / 2)
            sent = [
                each for each in await here.messages() if each.customer_id == "cust-9" and each.contact_at
            ]
            if sent:
                sent_at = sent[0].contact_at
                break
        assert sent_at is not None
        assert (sent_at.hour, sent_at.minute) == (first_utc_hour, 0)


async def test_a_provider_that_is_busy_is_asked_again_later_and_one_that_refuses_is_not(
    tmp_path: Path,
) -> None:
    busy = SendResult(Handed.BUSY, wait_s=90.0)
    async with world(tmp_path / "s.db", channels=[Played(answers=[busy, busy])]) as here:
        await here.round()
        (message,) = await here.messages()
        assert (message.state, message.tries, message.contact_at) == (MessageState.PLANNED, 1, None)
        assert message.due_at == NOW + timedelta(seconds=90)
        await here.round(timedelta(seconds=30))
        assert len(here.channels[0].took) == 1
        await here.round(timedelta(seconds=61))
        await here.round(timedelta(seconds=91))
        assert await here.states() == ["sent"]
        assert len(here.channels[0].took) == 3


async def test_of_an_unknown_outcome_nothing_is_sent_again_and_it_counts(tmp_path: Path) -> None:
    async with world(tmp_path / "s.db", channels=[Played(answers=[SendResult(Handed.UNKNOWN)])]) as here:
        await here.round()
        for _ in range(5):
            await here.sender.recover()
            await here.round(HOUR)
        assert await here.states() == ["unknown"]
        assert len(here.channels[0].took) == 1
        here.clock.advance(4 * DAY)
        await here.sender.recover()
        assert await here.states() == ["expired"]


class Breaking(Played):
    """A channel with a fault of ours in it: the first message breaks off while the others are on their way."""

    async def send(self, letter: Letter) -> SendResult:
        first = not self.took
        self.took.append(letter)
        if first:
            raise ValueError("x@例子.example")
        await asyncio.sleep(0)
        return SendResult(Handed.ACCEPTED, f"ref-{letter.message_id}")


async def test_one_message_that_breaks_off_breaks_no_other_one_off(tmp_path: Path) -> None:
    async with world(tmp_path / "s.db", channels=[Breaking()], customers=3) as here:
        with capture_logs() as told:
            await here.round()
        assert sorted(await here.states()) == ["sending", "sent", "sent"]
        assert [each["error"] for each in told if each["log_level"] == "error"] == ["ValueError"]
        assert "例子" not in str(told)
        here.clock.advance(timedelta(minutes=6))
        await here.sender.recover()
        assert sorted(await here.states()) == ["sent", "sent", "unknown"], "it may have left: not sent again"
        assert len(here.channels[0].took) == 3


async def test_a_kill_between_reserving_and_sending_sends_it_once_afterwards(tmp_path: Path) -> None:
    async with world(tmp_path / "s.db") as here:
        await here.sender.plan()
        assert len(await here.store.messages.claim(NOW, 5, here.decide)) == 1
        # The controller dies here. The next one takes up what was reserved.
        next_one = sender_for(here.store, here.clock, here.channels, here.templates)
        await next_one.recover(at_start=True)
        await next_one.send_due()
        await next_one.send_due()
        assert len(here.channels[0].took) == 1
        assert await here.states() == ["sent"]


async def test_a_kill_while_it_is_being_sent_never_sends_it_twice(tmp_path: Path) -> None:
    stalled = Played(stall=asyncio.Event())
    async with world(tmp_path / "s.db", channels=[stalled]) as here:
        await here.sender.plan()
        sending = asyncio.create_task(here.sender.send_due())
        await stalled.reached.wait()
        sending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sending
        assert await here.states() == ["sending"]
        stalled.stall = None
        next_one = sender_for(here.store, here.clock, here.channels, here.templates)
        await next_one.recover(at_start=True)
        await next_one.send_due()
        assert await here.states() == ["unknown"]
        assert len(stalled.took) == 1


async def test_a_provider_that_recognises_the_message_gets_it_again_under_the_same_key(
    tmp_path: Path,
) -> None:
    stalled = Played(stall=asyncio.Event(), recognises=True)
    async with world(tmp_path / "s.db", channels=[stalled]) as here:
        await here.sender.plan()
        sending = asyncio.create_task(here.sender.send_due())
        await stalled.reached.wait()
        sending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sending
        stalled.stall = None
        here.clock.advance(60)
        next_one = sender_for(here.store, here.clock, here.channels, here.templates)
        assert await next_one.recover(at_start=True) == 1
        assert stalled.took[0] == stalled.took[1]
        (message,) = await here.messages()
        assert (message.state, message.contact_at) == (MessageState.SENT, NOW)
        # An hour later nobody knows its key any more.
        here.clock.advance(2 * HOUR)
        assert await next_one.recover(at_start=True) == 0


async def test_a_second_answer_of_busy_does_not_make_the_first_try_undone(tmp_path: Path) -> None:
    answers = [SendResult(Handed.UNKNOWN)]
    channel = Played(recognises=True, answers=answers)
    async with world(tmp_path / "s.db", channels=[channel]) as here:
        await here.sender.plan()
        (reserved,) = await here.store.messages.claim(NOW, 5, here.decide)
        letter = Letter(reserved.message_id, "sms", reserved.reach[0][1], "x")
        await here.store.messages.begin(letter, "gw", NOW, here.decide)
        here.clock.advance(60)
        channel.answers = [SendResult(Handed.BUSY)]
        assert await here.sender.recover(at_start=True) == 1
        assert await here.states() == ["unknown"]


async def test_only_a_reserved_message_can_be_begun(tmp_path: Path) -> None:
    async with world(tmp_path / "s.db") as here:
        await here.round()
        (message,) = await here.messages()
        again = Letter(message.message_id, "sms", message.contact, "x")
        with pytest.raises(StoreError, match="only a reserved one is sent"):
            await here.store.messages.begin(again, "gw", NOW, here.decide)


async def test_the_next_channel_is_tried_when_one_fails(tmp_path: Path) -> None:
    notice = step("start", StepKind.MESSAGE, template="note", channels=("app", "email", "sms"))
    chosen = strategy_of(Segment("rest", steps=(notice,), windows=WINDOWS))
    app = Played("app", "push", answers=[SendResult(Handed.REJECTED, detail="uninstalled", bad_address=True)])
    mail, sms = Played("email", "smtp"), Played("sms", "gw")
    async with world(tmp_path / "s.db", channels=[app, mail, sms], strategy=chosen) as here:
        whose = account(1, addresses=(("app", "u-1"), ("email", "w@example.com")))
        await here.store.load_accounts("c1", [whose], NOW)
        await here.round()
        found = await here.messages()
        assert [(each.channel, each.state.value, each.trial) for each in found] == [
            ("app", "failed", 1),
            ("email", "sent", 2),
        ]
        assert sms.took == []
        # The dead push address is not used for the next message.
        await here.store.messages.plan(
            BILL,
            "note",
            occasion="x",
            purpose=Purpose.CONTACT,
            origin=Origin.OPERATOR,
            now=here.clock.now(),
            channels=("app", "sms"),
        )
        await here.round(HOUR)
        assert (await here.messages())[-1].channel == "sms"


async def test_a_text_that_tells_of_a_debt_goes_over_private_channels_only(tmp_path: Path) -> None:
    notice = step("start", StepKind.MESSAGE, template="note", channels=("wecom", "sms"))
    chosen = strategy_of(Segment("rest", steps=(notice,), windows=WINDOWS))
    wecom, sms = Played("wecom", "wecom"), Played()
    async with world(tmp_path / "s.db", channels=[wecom, sms], strategy=chosen) as here:
        await here.store.load_accounts("c1", [account(1, addresses=(("wecom", "wang"),))], NOW)
        await here.round()
        assert (wecom.took, len(sms.took)) == ([], 1)


async def test_a_message_without_words_or_address_is_told_and_asked_for_no_more(tmp_path: Path) -> None:
    async with world(tmp_path / "s.db", channels=[Played("email", "smtp")]) as here:
        await here.round()
        (message,) = await here.messages()
        assert (message.state, message.why) == (MessageState.FAILED, "no channel reaches this customer")
    segment = Segment(
        "rest",
        steps=(step("start", StepKind.MESSAGE, template="payment_link", channels=("sms",)),),
        windows=WINDOWS,
    )
    async with world(tmp_path / "t.db", strategy=strategy_of(segment)) as here:
        await here.round()
        (message,) = await here.messages()
        assert (message.state, message.why) == (MessageState.FAILED, "nothing is known of pay_link")


async def test_a_message_whose_time_has_passed_is_not_sent(tmp_path: Path) -> None:
    async with world(tmp_path / "s.db") as here:
        await here.sender.plan()
        here.clock.advance(4 * DAY)
        await here.sender.send_due()
        assert await here.states() == ["expired"]
    async with world(tmp_path / "t.db") as here:
        here.clock.advance(4 * DAY)  # nobody was there to plan it
        await here.sender.plan()
        assert await here.states() == []


async def test_a_provider_in_trouble_rests_and_nothing_is_lost(tmp_path: Path) -> None:
    down = Played(answers=[SendResult(Handed.BUSY, detail="not reached")] * 5)
    async with world(tmp_path / "s.db", channels=[down], customers=8) as here:
        await here.round()
        tried = len(down.took)
        await here.round(timedelta(seconds=31))
        assert here.sender.counters["sms"].resting == 1 or len(down.took) == tried
        for _ in range(6):
            await here.round(timedelta(minutes=3))
        assert await here.states() == ["sent"] * 8
        contacts = [each.customer_id for each in await here.messages()]
        assert len(set(contacts)) == 8


async def test_many_that_are_refused_keep_nobody_else_from_his_message(tmp_path: Path) -> None:
    async with world(tmp_path / "s.db", customers=60) as here:
        for number in range(1, 60):
            await here.store.add_list_entry(ListKind.BLACK, f"cust-{number}", "test", NOW)
        await here.round()
        assert [letter.contact[-2:] for letter in here.channels[0].took] == ["60"]


async def test_paused_campaigns_send_nothing_and_go_on_afterwards(tmp_path: Path) -> None:
    from ari_app.domain.campaign import CampaignStatus

    async with world(tmp_path / "s.db") as here:
        await here.store.set_campaign_status("c1", CampaignStatus.PAUSED)
        await here.round()
        assert await here.states() == []
        await here.store.set_campaign_status("c1", CampaignStatus.RUNNING)
        await here.round()
        assert await here.states() == ["sent"]


async def test_a_message_can_be_planned_by_hand_once_and_sent_again_where_it_did_not_leave(
    tmp_path: Path,
) -> None:
    async with world(tmp_path / "s.db") as here:
        await here.round()
        plan = here.store.messages.plan
        first = await plan(
            BILL,
            "note",
            occasion="by hand",
            purpose=Purpose.CONTACT,
            origin=Origin.OPERATOR,
            now=here.clock.now(),
        )
        assert first == await plan(
            BILL,
            "note",
            occasion="by hand",
            purpose=Purpose.CONTACT,
            origin=Origin.OPERATOR,
            now=here.clock.now(),
        )
        here.channels[0].answers = [SendResult(Handed.REJECTED, detail="spam filter")]
        await here.round(HOUR)
        assert first is not None
        again = await here.store.messages.resend(first, here.clock.now())
        assert again is not None
        assert again != first
        await here.round(HOUR)
        assert await here.states() == ["sent", "failed", "sent"]
        assert await here.store.messages.resend(again, here.clock.now()) is None
