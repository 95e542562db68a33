"""A call that nobody has answered is taken back by what stands in its way, never by hours, caps or its own dial."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ari_app.domain.call_machine import Call, Command, Event, EventKind, State, step
from ari_app.domain.campaign import CampaignStatus, CampaignStrategy
from ari_app.domain.contact_facts import Contact, Flag, ListEntry, ListKind
from ari_app.domain.disposition import classify
from ari_app.domain.verdict import DialVerdict, Refusal, Rule
from ari_app.domain.withdrawal import as_when_dialled, withdraws
from ari_app.services.disposition_file import read_dispositions
from tests.support.serving import DIALPLAN
from tests.support.verdicts import MINUTE, MONDAY, account, campaign, decide, facts, flag

pytestmark = pytest.mark.pure

DIALLED = MONDAY - timedelta(seconds=20)
RINGING = (EventKind.START, EventKind.LEGS_READY, EventKind.DIAL_CONFIRMED, EventKind.RINGING)


def under_way(**changes: object) -> DialVerdict:
    """The verdict on a call that was dialled 20 s ago; its dial is the customer's third and the account's last."""
    own = Contact(DIALLED, "acc-1")
    found = facts(contacts=(own,), attempts_made=3, open_attempt=True, due_at=MONDAY + MINUTE, **changes)
    return decide(as_when_dialled(found, DIALLED, has_caller_id=True), MONDAY)


def test_its_own_dial_and_reservation_never_take_a_call_back() -> None:
    assert under_way().allowed


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        (flag(Flag.PAID), Rule.PAID),
        (flag(Flag.DISPUTE), Rule.DISPUTE_OPEN),
        (flag(Flag.HANDED_OVER), Rule.HANDED_OVER),
        (flag(Flag.DECEASED), Rule.DECEASED),
        ({"listed": (ListEntry(ListKind.DO_NOT_CONTACT, "a letter"),)}, Rule.DO_NOT_CONTACT),
        ({"listed": (ListEntry(ListKind.BLACK, "a letter"),)}, Rule.BLACK_LIST),
        ({"campaign": campaign(status=CampaignStatus.PAUSED)}, Rule.CAMPAIGN_NOT_RUNNING),
        ({"number_dead": "unallocated"}, Rule.NUMBER_DEAD),
    ],
)
def test_what_arrives_while_it_rings_takes_it_back(changes: dict[str, object], rule: Rule) -> None:
    verdict = under_way(**changes)
    assert verdict.rule is rule
    assert withdraws(verdict)


def test_a_step_that_its_own_dial_has_used_up_hides_nothing_that_takes_it_back() -> None:
    used_up = Refusal(Rule.STEP_NOT_DUE, "all attempts of the step are used", MONDAY + timedelta(days=9))
    assert under_way(by_strategy=used_up).allowed
    least = campaign(CampaignStrategy(min_amount=Decimal(50)))
    verdict = under_way(by_strategy=used_up, account=account(amount_due=Decimal(1)), campaign=least)
    assert verdict.rule is Rule.BELOW_MINIMUM_AMOUNT
    assert withdraws(verdict)
    assert withdraws(under_way(by_strategy=Refusal(Rule.STRATEGY_STOPPED, "complaints")))


def test_hours_and_caps_do_not() -> None:
    assert not withdraws(decide(facts(), MONDAY + timedelta(hours=11)))
    assert not withdraws(decide(facts(contacts=(Contact(MONDAY - MINUTE, "acc-1"),) * 9), MONDAY))
    assert not withdraws(decide(facts(attempts_made=9), MONDAY))
    assert not withdraws(decide(facts(), MONDAY))


@given(st.lists(st.sampled_from([*EventKind]), max_size=12))
def test_whoever_has_answered_is_never_cut_off_by_it(kinds: list[EventKind]) -> None:
    call = Call()
    for kind in (*RINGING, EventKind.ANSWERED, *kinds):
        if call.state is State.UP:
            after, commands = step(call, Event(EventKind.WITHDRAWN, "withdrawn"), MONDAY)
            assert (replace(after, ignored=call.ignored), commands) == (call, ())
        call, _ = step(call, Event(kind), MONDAY)


@pytest.mark.parametrize("known", range(1, len(RINGING) + 1))
def test_before_the_answer_it_is_released_at_once_and_has_a_name_of_its_own(known: int) -> None:
    call = Call()
    for kind in RINGING[:known]:
        call, _ = step(call, Event(kind), MONDAY)
    call, commands = step(call, Event(EventKind.WITHDRAWN, "withdrawn"), MONDAY)
    assert Command.HANG_UP in commands
    call, _ = step(call, Event(EventKind.DESTROYED, sip_status=487, q850_cause=16), MONDAY)
    assert call.state is State.CLOSED
    disposition = classify(read_dispositions(DIALPLAN / "dispositions.yaml"), call.end())
    assert disposition.name == ("withdrawn" if known > 2 else "forbidden"), "a dial that left is a dial"
