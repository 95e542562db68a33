"""The engine: real rules in virtual time, checked by somebody who does not know them."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ari_app.domain.campaign import DiallerSpec
from ari_app.domain.record import EXPORT_FIELDS
from ari_app.domain.segment import Conditions, Segment
from ari_app.domain.strategy import segment_of
from ari_app.domain.windows import Window
from ari_app.simulate.agenda import Agenda
from ari_app.simulate.desk import desk_load
from ari_app.simulate.figures import USUAL_PRICES, figures_of
from ari_app.simulate.order import Order
from ari_app.simulate.planner import Planner
from ari_app.simulate.records import CONTACT_FIELDS, EVENTS
from ari_app.simulate.run import Simulated, simulate
from ari_app.simulate.state import Debt, Person, Phone
from ari_app.simulate.tally import Stage, Tally
from tests.support.simulations import PACKS, STEPS, order, read_lines, step, strategy, violations
from tests.support.verdicts import account

pytestmark = pytest.mark.pure

Simulation = tuple[Order, Simulated, Path]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Simulation]:
    """A small simulation within a pack, made once."""
    found: dict[str, Simulation] = {}

    def make(pack: str) -> Simulation:
        if pack not in found:
            folder = tmp_path_factory.mktemp(pack)
            asked = order(pack)
            done = simulate(asked, folder, workers=1)
            figures = figures_of(asked, done, 1, USUAL_PRICES[asked.world.currency])
            (folder / "summary.json").write_text(json.dumps(figures.summary), encoding="utf-8")
            found[pack] = asked, done, folder
        return found[pack]

    return make


@pytest.mark.parametrize("pack", PACKS)
def test_no_rule_is_broken(pack: str, made: Callable[[str], Simulation]) -> None:
    _, done, folder = made(pack)
    assert done.tally.dials > 60
    assert done.tally.messages > 30
    assert violations(folder, pack, hard=True) == {}


def test_the_same_seed_gives_the_same_files(made: Callable[[str], Simulation], tmp_path: Path) -> None:
    asked = order(accounts=16, days=9)
    digests = [simulate(replace(asked, seed=seed), tmp_path, workers=1).digests for seed in (7, 7, 8)]
    assert digests[0] == digests[1] != digests[2]


def test_files_have_what_they_promise(made: Callable[[str], Simulation]) -> None:
    _, done, folder = made("cn-telecom")
    accounts, events, contacts, verdicts = (
        read_lines(folder, name) for name in ("accounts", "events", "contacts", "verdicts")
    )
    assert len(accounts) == 60
    assert len(contacts) == done.tally.dials + done.tally.messages
    assert len(set(CONTACT_FIELDS)) == len(CONTACT_FIELDS)
    for each in contacts:
        assert set(EXPORT_FIELDS) <= each.keys()
        assert each.keys() == set(CONTACT_FIELDS)
    for lines in (events, contacts, verdicts):
        assert [each["at"] for each in lines] == sorted(each["at"] for each in lines)
    assert {each["event"] for each in events} <= set(EVENTS)
    assert {each["channel"] for each in contacts} == {"call", "app"}
    assert len({each["attempt_id"] for each in contacts}) == len(contacts)


def test_both_moments_are_asked(made: Callable[[str], Simulation]) -> None:
    """Facts change between planning and dialling, and then the dial is refused."""
    refused: Counter[str] = Counter()
    for pack in PACKS:
        refused += made(pack)[1].tally.refusals
    assert any(key.startswith("dial:") for key in refused)
    assert any(key.startswith("plan:") for key in refused)


def test_every_call_is_one_end_of_a_line(made: Callable[[str], Simulation]) -> None:
    asked, done, folder = made("cn-consumer-finance")
    tally = done.tally
    assert tally.dispositions.total() >= tally.dials
    funnel = tally.funnel()
    assert list(funnel.values()) == sorted(funnel.values(), reverse=True)
    assert funnel["accounts"] == asked.accounts
    assert funnel["dialled"] <= tally.dials
    paid = [each for each in read_lines(folder, "events") if each["event"] == "paid"]
    assert len(paid) == tally.paid_accounts


def test_an_account_that_comes_into_no_step_is_not_called(tmp_path: Path) -> None:
    silent = strategy(Segment("nobody", steps=()))
    done = simulate(order(strategy=silent, accounts=20), tmp_path, workers=1)
    assert done.tally.dials == done.tally.messages == 0


def test_narrow_windows_of_the_strategy_hold(tmp_path: Path) -> None:
    narrow = strategy(Segment("all", steps=STEPS, windows=(Window(15 * 60, 16 * 60),), max_attempts=5))
    simulate(order(strategy=narrow, accounts=40), tmp_path, workers=1)
    hours = {each["at"][11:13] for each in read_lines(tmp_path, "contacts")}
    assert hours == {"07"}  # 15:00 in China, wherever the customer is


def test_steps_after_a_promise_come_when_it_was_broken(made: Callable[[str], Simulation]) -> None:
    broken: dict[str, str] = {}
    after = []
    for pack in PACKS:
        folder = made(pack)[2]
        for each in read_lines(folder, "events"):
            if each["event"] == "promise_broken":
                broken.setdefault(f"{pack} {each['account_id']}", each["at"])
        after += [
            (f"{pack} {each['account_id']}", each["at"])
            for each in read_lines(folder, "contacts")
            if each["trigger"] == "promise+1d"
        ]
    assert after
    assert all(broken[account] < at for account, at in after)


def test_starts_of_a_part_are_spread_by_its_share_of_the_rate(tmp_path: Path) -> None:
    asked = order(accounts=60, days=5)
    asked = replace(asked, calls_per_second=asked.shards / 100)
    simulate(asked, tmp_path, workers=1)
    starts: dict[str, list[datetime]] = {}
    for each in read_lines(tmp_path, "contacts"):
        if each["channel"] == "call":
            part = each["attempt_id"].split("-")[1]
            starts.setdefault(part, []).append(datetime.fromisoformat(each["at"]))
    gaps = [
        (later - earlier).total_seconds() for each in starts.values() for earlier, later in pairwise(each)
    ]
    assert len(gaps) > 20
    assert 97.0 < min(gaps) < 103.0, "one in 100 s, prepared within 2 s"


def test_a_message_comes_first_where_the_pack_asks_for_it(tmp_path: Path) -> None:
    calls_only = strategy(
        Segment("all", steps=(step("start"), STEPS[0]), windows=(Window(9 * 60, 20 * 60),), max_attempts=3)
    )
    simulate(order(strategy=calls_only, accounts=40), tmp_path, workers=1)
    first: dict[str, str] = {}
    for each in read_lines(tmp_path, "contacts"):
        first.setdefault(each["account_id"], each["channel"])
    assert set(first.values()) == {"app"}


def test_a_list_is_called_as_it_is(tmp_path: Path) -> None:
    listed = tuple(
        account(customer_id=f'客"{number}" \\ 5 %s', account_id=f"a{number}", phone=f"+861380000{number:04d}")
        for number in range(30)
    )
    asked = order(accounts=30, listed=listed)
    simulate(asked, tmp_path, workers=1)
    found = {each["account_id"] for each in read_lines(tmp_path, "accounts")}
    assert found == {each.account_id for each in listed}
    contacts = read_lines(tmp_path, "contacts")
    assert {each["phone"] for each in contacts} <= {each.phone for each in listed}
    assert contacts
    assert {each["customer_id"] for each in contacts} <= {each.customer_id for each in listed}


# ------------------------------------------------------------------------------------------- parts


def test_deeds_come_in_the_order_of_time() -> None:
    agenda = Agenda(100)
    seen: list[tuple[str, int]] = []

    def first(at: int) -> None:
        seen.append(("first", at))
        agenda.at(150, lambda at: seen.append(("now", at)))

    agenda.at(300, lambda at: seen.append(("late", at)))
    agenda.at(200, first)
    agenda.at(200, lambda at: seen.append(("second", at)))
    agenda.at(500, lambda at: seen.append(("never", at)))
    assert agenda.run(400) == 4
    assert seen == [("first", 200), ("second", 200), ("now", 200), ("late", 300)]
    assert agenda.now == 400


@given(st.lists(st.integers(-40, 120), min_size=1, max_size=6))
def test_the_segment_of_a_day_is_that_of_the_strategy(days: list[int]) -> None:
    """Whatever a planner remembers of other days, and also after the account has changed."""
    by_age = strategy(
        Segment("young", Conditions(buckets=("D1-D30",), broken_promises_from=1)),
        Segment("middle", Conditions(buckets=("D1-D30", "D31-D60"))),
        Segment("rest"),
    )
    planner, owes = Planner(by_age, DiallerSpec()), account(due_date=date(2026, 9, 1))
    phone = Phone(owes.phone)
    debt = Debt(owes, Person(owes.customer_id, phone), phone, (), "legacy")
    for number, days_later in enumerate(days):
        today = owes.due_date + timedelta(days=days_later)
        assert planner.terms(debt, today).segment is segment_of(by_age, debt.account, today)
        if number == 2:
            debt.account = replace(owes, details=replace(owes.details, broken_promises=1))
            debt.segment = None


def test_agents_work_only_while_the_desk_is_open() -> None:
    load = desk_load([(2.0, 60.0), (17.5, 60.0), (17.6, 30.0)], 1, [0, 1])
    assert dict(load.minutes_by_hour) == {9: 60, 17: 60, 33: 30}
    assert load.left == 0
    assert load.occupancy == pytest.approx(150 / (18 * 60))
    assert desk_load([(1.0, 5.0)], 0, [0]).left == 1
    assert desk_load([(1.0, 600.0)], 1, [0]).left == 1
    assert desk_load([], 1, []).occupancy == 0.0


def test_counts_of_shards_add_up() -> None:
    total, one, other = Tally(), Tally(), Tally()
    one.dials_by_day[3], other.dials_by_day[3] = 2, 5
    one.work, other.work = [(1.0, 2.0)], [(0.5, 1.0)]
    one.verdicts, other.verdicts = 3, 4
    one.reached[Stage.PROMISE], other.reached[Stage.ACCOUNTS] = 1, 2
    total.add(one)
    total.add(other)
    assert (total.dials, total.verdicts, len(total.work)) == (7, 7, 2)
    assert total.funnel() == {
        "accounts": 3,
        "contacted": 1,
        "dialled": 1,
        "answered": 1,
        "right_party": 1,
        "promise": 1,
        "promise_kept": 0,
    }


def test_figures_come_out_of_the_counts(made: Callable[[str], Simulation]) -> None:
    asked, done, _ = made("cn-telecom")
    found: Any = figures_of(asked, done, 2, USUAL_PRICES["CNY"]).summary["figures"]
    assert found["contacts"] == done.tally.dials + done.tally.messages
    assert 0 < found["answer_rate"] < 1
    assert 0 < found["recovery_rate"] < 1
    assert found["recovered"] == pytest.approx(done.tally.recovered.total() / 100)
