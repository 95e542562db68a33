"""Plans: money covers the instalments in the order of their days; states only as in the table; four eyes stay four."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import partial
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ari_app.domain.call_result import PlanKind, PlanRequest
from ari_app.domain.debt.approval import (
    CAUTIOUS,
    ApprovalLevel,
    ApprovalTable,
    PlanLimits,
    approval_refused,
    person_key,
)
from ari_app.domain.debt.eligibility import PlanCircumstances, PlanRefusal, ineligible
from ari_app.domain.debt.ledger import ZERO, EntryKind, LedgerEntry, settled_at
from ari_app.domain.debt.plan import (
    BY_LEDGER,
    NEXT,
    Instalment,
    InstalmentState,
    PlanStanding,
    PlanState,
    PlanTerms,
    plan_standing,
    schedule_of,
)
from ari_app.domain.debt.plan_words import plan_words
from ari_app.domain.debt.settlement import midnight
from ari_app.domain.plan import InstalmentOption, instalment_terms

pytestmark = pytest.mark.pure

ZONE = ZoneInfo("Asia/Shanghai")
AGREED = datetime(2026, 11, 2, 10, tzinfo=ZONE)
BEGINS = partial(midnight, zone=ZONE)
DAYS = (date(2026, 11, 10), date(2026, 12, 10), date(2027, 1, 10))
TERMS = PlanTerms(AGREED, tuple(Instalment(day, Decimal("100.00")) for day in DAYS))


def paid(amount: str, at: datetime, known: datetime | None = None) -> LedgerEntry:
    number = f"{at.isoformat()} {amount}"
    return LedgerEntry(number, EntryKind.PAYMENT, Decimal(amount), known or at, at, "bank", number)


def back(of: LedgerEntry, at: datetime) -> LedgerEntry:
    return LedgerEntry(
        f"back {of.entry_id}",
        EntryKind.REVERSAL,
        of.amount,
        at,
        at,
        "bank",
        f"back {of.reference}",
        of.reference,
    )


def found(now: datetime, *entries: LedgerEntry, stated: str = "300.00") -> PlanStanding:
    settled = settled_at(Decimal(stated), AGREED - timedelta(days=1), entries)
    return plan_standing(TERMS, entries, settled, now, BEGINS)


def states(standing: PlanStanding) -> list[str]:
    return [each.state.value for each in standing.instalments]


def at(month: int, day: int, hour: int = 12) -> datetime:
    return datetime(2026, month, day, hour, tzinfo=ZONE)


def test_an_instalment_is_open_then_due_then_late_on_the_customers_own_clock() -> None:
    assert states(found(at(11, 9, 23)))[0] == "open"
    assert states(found(at(11, 10, 0)))[0] == "due"
    assert states(found(datetime(2026, 11, 10, 16, 0, tzinfo=UTC)))[0] == "late"  # midnight in Shanghai
    assert not found(at(11, 10, 23)).late
    assert found(at(11, 11, 1)).late


def test_money_covers_the_instalments_in_the_order_of_their_days() -> None:
    standing = found(at(11, 9), paid("150.00", at(11, 8)))
    assert [each.covered for each in standing.instalments] == [Decimal("100.00"), Decimal("50.00"), ZERO]
    assert states(standing) == ["paid", "open", "open"]
    assert standing.state is PlanState.ACTIVE


def test_money_from_before_the_sum_was_worked_out_does_not_count_for_it() -> None:
    assert found(at(11, 9), paid("150.00", AGREED - timedelta(hours=1)), stated="450.00").covered == ZERO


def test_a_plan_is_breached_when_the_days_of_grace_are_over_and_not_before() -> None:
    assert found(at(11, 13, 23)).state is PlanState.ACTIVE
    breached = found(at(11, 14, 0))
    assert (breached.state, breached.missed) == (PlanState.BREACHED, 1)
    in_grace = paid("100.00", at(11, 13))
    assert found(at(11, 14, 0), in_grace).state is PlanState.ACTIVE
    # What comes later does not undo a breach; what the bank tells late, but came in time, does.
    assert found(at(11, 20), paid("100.00", at(11, 15))).state is PlanState.BREACHED
    assert found(at(11, 20), paid("100.00", at(11, 12), known=at(11, 18))).state is PlanState.ACTIVE


def test_a_plan_is_completed_by_its_last_instalment_and_a_charge_back_reopens_it() -> None:
    money = [paid("100.00", at(11, 9)), paid("200.00", at(12, 1))]
    assert found(at(12, 2), *money).state is PlanState.COMPLETED
    again = found(at(12, 3), *money, back(money[1], at(12, 3)))
    assert (again.state, states(again)) == (PlanState.ACTIVE, ["paid", "open", "open"])
    gone = found(at(12, 20), *money, back(money[1], at(12, 3)))
    assert (gone.state, gone.missed) == (PlanState.BREACHED, 2)


def test_a_plan_is_completed_when_nothing_is_owed_any_more_by_whatever() -> None:
    credit = LedgerEntry("c", EntryKind.CREDIT, Decimal("300.00"), at(11, 5), at(11, 5), "desk", "c")
    assert found(at(11, 20), credit).state is PlanState.COMPLETED


def test_a_deferral_is_one_instalment_and_a_waiver_is_over_at_once() -> None:
    until = date(2026, 11, 20)
    assert schedule_of(PlanRequest(PlanKind.DEFERRAL, until=until), Decimal("9.00")) == (
        Instalment(until, Decimal("9.00")),
    )
    assert schedule_of(PlanRequest(PlanKind.WAIVER, waived=Decimal(1)), Decimal("9.00")) == ()
    waiver = plan_standing(PlanTerms(AGREED, ()), (), None, AGREED, BEGINS)
    assert waiver.state is PlanState.COMPLETED


def test_a_request_without_its_day_is_no_schedule() -> None:
    with pytest.raises(ValueError, match="deferral"):
        schedule_of(PlanRequest(PlanKind.DEFERRAL), Decimal("9.00"))
    with pytest.raises(ValueError, match="first day"):
        schedule_of(PlanRequest(PlanKind.INSTALLMENT, periods=3), Decimal("9.00"))


AMOUNTS = st.integers(1, 100_000).map(lambda cents: Decimal(cents).scaleb(-2))


@given(
    AMOUNTS,
    st.sampled_from([3, 6, 12]),
    st.sampled_from(["0", "0.5", "1", "10"]),
    st.dates(date(2026, 1, 1), date(2090, 1, 1)),
)
def test_the_instalments_add_up_to_the_cent(amount: Decimal, periods: int, fee: str, first: date) -> None:
    try:
        terms = instalment_terms(amount, InstalmentOption(periods, Decimal(fee)), first)
    except ValueError:
        return  # too little for so many rates
    schedule = schedule_of(terms.request("CNY"), amount)
    assert sum(each.amount for each in schedule) == amount + terms.fee
    assert [each.day for each in schedule] == sorted(each.day for each in schedule)
    assert schedule[0].day == first


@st.composite
def ledgers(draw: st.DrawFn) -> list[LedgerEntry]:
    """Payments over half a year, some of them told late, some taken back."""
    entries: list[LedgerEntry] = []
    for number in range(draw(st.integers(0, 6))):
        happened = AGREED + timedelta(hours=draw(st.integers(-100, 3000)))
        known = happened + timedelta(hours=draw(st.sampled_from([0, 0, 1, 72])))
        amount = Decimal(draw(st.integers(1, 20_000))).scaleb(-2)
        entries.append(
            LedgerEntry(f"p{number}", EntryKind.PAYMENT, amount, known, happened, "bank", f"p{number}")
        )
        if draw(st.booleans()):
            gone = known + timedelta(hours=draw(st.integers(0, 500)))
            part = min(amount, Decimal(draw(st.integers(1, 20_000))).scaleb(-2))
            entries.append(
                LedgerEntry(
                    f"r{number}", EntryKind.REVERSAL, part, gone, gone, "bank", f"r{number}", f"p{number}"
                )
            )
    return entries


@given(ledgers(), st.integers(0, 4000), st.randoms(use_true_random=False))
def test_no_more_is_covered_than_was_paid_in_whatever_order_it_is_told(
    entries: list[LedgerEntry], hours: int, shuffled: object
) -> None:
    now = AGREED + timedelta(hours=hours)
    standing = found(now, *entries)
    money = sum((each.amount for each in entries if each.kind is EntryKind.PAYMENT), ZERO) - sum(
        (each.amount for each in entries if each.kind is EntryKind.REVERSAL), ZERO
    )
    assert ZERO <= standing.covered <= min(money, Decimal("300.00"))
    for each in standing.instalments:
        assert ZERO <= each.covered <= each.instalment.amount
        assert (each.state is InstalmentState.PAID) == (each.covered == each.instalment.amount)
    other = list(entries)
    shuffled.shuffle(other)  # type: ignore[attr-defined]
    assert found(now, *other) == standing
    assert found(now, *entries, *entries) == standing


@given(ledgers(), st.lists(st.integers(0, 4000), min_size=1, max_size=12))
def test_a_plan_moves_only_as_the_table_says(entries: list[LedgerEntry], hours: list[int]) -> None:
    """The clock goes on, and what is known grows."""
    before = PlanState.ACTIVE
    for hour in sorted(hours):
        now = AGREED + timedelta(hours=hour)
        state = found(now, *(each for each in entries if each.at <= now)).state
        assert state in BY_LEDGER
        assert state is before or state in NEXT[before]
        before = state


def test_every_state_can_be_reached_and_only_two_are_for_good() -> None:
    reached = {PlanState.REQUESTED}
    while True:
        more = reached | {after for state in reached for after in NEXT[state]}
        if more == reached:
            break
        reached = more
    assert reached == set(PlanState)
    assert {state for state in PlanState if not NEXT[state]} == {PlanState.REJECTED, PlanState.CANCELLED}


# ------------------------------------------------------------------------------------------------- approvals


@pytest.mark.parametrize("other", ["wang li", " WANG  LI ", "Wang\u200b Li", "Ｗａｎｇ Ｌｉ", "Wang\u00a0Li"])
def test_a_name_is_one_person_however_it_is_written(other: str) -> None:
    assert person_key(other) == person_key("Wang Li") != ""


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=20))
def test_a_key_is_its_own_key(name: str) -> None:
    assert person_key(person_key(name)) == person_key(name)
    assert person_key(name.upper()) == person_key(name.upper().swapcase()) or not name.isascii()


NAMES = st.sampled_from(["Wang Li", "wang li", "WANG LI ", "Zhao", "zhao", "Chen", "", " "])


@given(NAMES, st.lists(st.tuples(NAMES, st.sampled_from(["finance", "legal", "agent"])), max_size=8))
def test_four_eyes_are_never_bypassed(requester: str, tries: list[tuple[str, str]]) -> None:
    roles, asked = ("finance", "legal"), person_key(requester)
    approved: list[str] = []
    for name, role in tries:
        if not approval_refused(roles, asked, approved, person_key(name), role):
            approved.append(person_key(name))
    assert len(set(approved)) == len(approved)
    assert "" not in approved
    assert not asked or asked not in approved
    assert all(any(person_key(name) == each and role in roles for name, role in tries) for each in approved)


def test_the_first_row_that_fits_decides_and_none_means_the_cautious_one() -> None:
    small = ApprovalLevel("small", 0, (), (PlanKind.INSTALLMENT,), Decimal(500))
    large = ApprovalLevel("large", 1, ("finance",), (PlanKind.INSTALLMENT,))
    table = ApprovalTable((small, large))
    assert table.level(PlanKind.INSTALLMENT, Decimal(500)) is small
    assert table.level(PlanKind.INSTALLMENT, Decimal("500.01")) is large
    assert table.level(PlanKind.WAIVER, Decimal(1)) is CAUTIOUS


OWED = PlanCircumstances(Decimal("300.00"), "CNY", date(2026, 11, 2))
WAIVER = PlanRequest(PlanKind.WAIVER, waived=Decimal("30.00"))
RATES = instalment_terms(Decimal("300.00"), InstalmentOption(3, Decimal(1)), DAYS[0]).request("CNY")
DEFERRAL = PlanRequest(PlanKind.DEFERRAL, until=date(2026, 11, 20))


@pytest.mark.parametrize(
    ("wish", "changes", "limits", "refusal"),
    [
        (WAIVER, {}, PlanLimits(), None),
        (WAIVER, {"owed": ZERO}, PlanLimits(), PlanRefusal.NOTHING_OWED),
        (WAIVER, {"currency": "USD"}, PlanLimits(), PlanRefusal.WRONG_CURRENCY),
        (WAIVER, {"disputed": True}, PlanLimits(), PlanRefusal.DISPUTE_OPEN),
        (WAIVER, {"plan_active": True}, PlanLimits(), PlanRefusal.PLAN_ACTIVE),
        (WAIVER, {"broken_plans": 2}, PlanLimits(), PlanRefusal.BROKEN_PLANS),
        (WAIVER, {"broken_plans": 1}, PlanLimits(), None),
        (WAIVER, {"offered": False}, PlanLimits(), PlanRefusal.NOT_OFFERED),
        (WAIVER, {}, PlanLimits(least=Decimal(31)), PlanRefusal.BELOW_LEAST),
        (WAIVER, {}, PlanLimits(most=Decimal(29)), PlanRefusal.ABOVE_MOST),
        (WAIVER, {}, PlanLimits(most_percent=Decimal(10)), None),
        (WAIVER, {}, PlanLimits(most_percent=Decimal(9)), PlanRefusal.ABOVE_MOST),
        (DEFERRAL, {}, PlanLimits(), None),
        (DEFERRAL, {"today": date(2026, 11, 21)}, PlanLimits(), PlanRefusal.DAY_PASSED),
        (DEFERRAL, {}, PlanLimits(most=Decimal(299)), PlanRefusal.ABOVE_MOST),
        (RATES, {}, PlanLimits(), None),
        (RATES, {"owed": Decimal("300.01")}, PlanLimits(), PlanRefusal.OTHER_SUM),
        (RATES, {"owed": Decimal("200.00")}, PlanLimits(), PlanRefusal.OTHER_SUM),
        (RATES, {"owed": Decimal("200.00"), "paid": Decimal("100.00")}, PlanLimits(), None),
        (PlanRequest(PlanKind.DEFERRAL), {}, PlanLimits(), PlanRefusal.INCOMPLETE),
        (PlanRequest(PlanKind.WAIVER), {}, PlanLimits(), PlanRefusal.INCOMPLETE),
        (PlanRequest(PlanKind.INSTALLMENT, periods=3), {}, PlanLimits(), PlanRefusal.INCOMPLETE),
    ],
)
def test_who_may_have_a_plan(
    wish: PlanRequest, changes: dict[str, object], limits: PlanLimits, refusal: PlanRefusal | None
) -> None:
    fields = {name: getattr(OWED, name) for name in PlanCircumstances.__slots__}
    found = ineligible(wish, PlanCircumstances(**(fields | changes)), limits)
    assert (None if found is None else found.refusal) is refusal


# ----------------------------------------------------------------------------------------------------- in words


@pytest.mark.parametrize(
    ("kind", "language", "words"),
    [
        (PlanKind.INSTALLMENT, "zh", "分 3 期，每期 100.00 元，首期 2026年11月10日"),
        (PlanKind.INSTALLMENT, "en", "3 payments of CNY 100.00, the first on 10 November 2026"),
        (PlanKind.DEFERRAL, "zh", "100.00 元，延期至 2026年11月10日"),
        (PlanKind.DEFERRAL, "en", "CNY 100.00, to be paid by 10 November 2026"),
        (PlanKind.WAIVER, "zh", "减免 9.50 元"),
        (PlanKind.WAIVER, "en", "CNY 9.50 is let off"),
    ],
)
def test_terms_are_told_in_a_few_words(kind: PlanKind, language: str, words: str) -> None:
    schedule = {PlanKind.WAIVER: (), PlanKind.DEFERRAL: TERMS.schedule[:1]}.get(kind, TERMS.schedule)
    assert plan_words(kind, schedule, Decimal("9.50"), "CNY", language) == words


def test_a_last_sum_that_differs_is_told() -> None:
    schedule = (*TERMS.schedule[:2], Instalment(DAYS[2], Decimal("100.01")))
    assert "末期 100.01 EUR" in plan_words(PlanKind.INSTALLMENT, schedule, ZERO, "EUR", "zh")
    assert "the last one EUR 100.01" in plan_words(PlanKind.INSTALLMENT, schedule, ZERO, "EUR", "en")
