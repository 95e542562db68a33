"""Invented customers, chance by seed, and how a population is cut into parts."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ari_app.domain.account import Account, aging_bucket
from ari_app.errors import InputError
from ari_app.services.phones import zones_beside
from ari_app.simulate import assumptions as assumed
from ari_app.simulate.dice import Choices, Dice
from ari_app.simulate.order import share_of, shared_out
from ari_app.simulate.population import Population
from ari_app.simulate.shards import people_of
from ari_app.simulate.state import Person
from ari_app.simulate.world import WORLDS
from tests.support.simulations import order
from tests.support.verdicts import account

pytestmark = pytest.mark.pure

START = date(2026, 9, 21)


def invented(country: str, accounts: int = 300, seed: int = 1, shard: int = 0) -> list[Person]:
    population = Population(WORLDS[country], Dice(seed, shard), START, shard, 16)
    return list(population.invented(accounts))


def facts(people: list[Person]) -> list[tuple[object, ...]]:
    return [
        (debt.account, debt.debt_type, debt.zones, debt.phone.condition, person.flags, person.listed)
        for person in people
        for debt in person.debts
    ]


def test_the_same_seed_makes_the_same_people() -> None:
    assert facts(invented("CN", 50)) == facts(invented("CN", 50))
    assert facts(invented("CN", 50)) != facts(invented("CN", 50, seed=2))


@pytest.mark.parametrize("country", sorted(WORLDS))
def test_an_account_says_what_a_list_would(country: str) -> None:
    people = invented(country)
    debts = [debt for person in people for debt in person.debts]
    assert len(debts) == 300
    assert len({debt.account.key for debt in debts}) == 300
    for debt in debts:
        each = debt.account
        assert each.aging_bucket == aging_bucket(each.due_date, START)
        assert each.amount_due >= Decimal("5.00")
        assert each.phone == debt.phone.number
        assert debt.zones == zones_beside(each.phone, each.timezone)
        assert each.details.debt_type in assumed.DEBTORS


def test_types_come_in_their_shares() -> None:
    found = Counter(debt.debt_type for person in invented("CN", 1000) for debt in person.debts)
    for name, kind in assumed.DEBTORS.items():
        assert abs(found[name] / 1000 - kind.share) < 0.06, name


def test_some_share_a_telephone_and_some_have_several_accounts() -> None:
    people = invented("CN", 900)
    phones = Counter(person.phone.number for person in people)
    assert max(phones.values()) > 1
    assert {len(person.debts) for person in people} == {1, 2, 3}
    for person in people:
        assert person in person.phone.people


def test_people_of_two_shards_share_nothing() -> None:
    def numbers(shard: int) -> set[str]:
        return {person.phone.number for person in invented("US", 400, shard=shard)}

    assert not numbers(0) & numbers(1)


def test_a_customer_may_be_in_several_zones() -> None:
    assert any(debt.zones for person in invented("US") for debt in person.debts)
    assert any(debt.zones for person in invented("CN") for debt in person.debts)


def test_more_people_than_numbers_are_refused() -> None:
    small = replace(WORLDS["US"], digits=1)
    with pytest.raises(InputError, match="more customers than simulated numbers"):
        list(Population(small, Dice(1), START).invented(1000))


def test_the_people_are_the_same_whatever_the_strategy() -> None:
    one, other = order(accounts=40), order(accounts=40, lines=2)
    assert one.shards != other.shards
    assert facts(people_of(one, 0)) == facts(people_of(replace(one, days=9), 0))


def test_the_accounts_of_a_list_are_kept() -> None:
    accounts = (account(account_id="a"), account(account_id="b"), account(customer_id="c2", account_id="c"))
    people = list(Population(WORLDS["CN"], Dice(1), START).listed(accounts))
    assert [debt.account for person in people for debt in person.debts] == list(accounts)
    assert len(people) == 2
    assert people[0].phone is people[1].phone


@given(st.integers(0, 10_000), st.integers(1, 40))
def test_shares_add_up(total: int, shards: int) -> None:
    found = [share_of(total, shard, shards) for shard in range(shards)]
    assert sum(found) == total
    assert max(found) - min(found) <= 1


@given(st.lists(st.tuples(st.integers(0, 8), st.integers(0, 8)), max_size=30), st.integers(1, 5))
def test_whoever_shares_a_number_stays_together(pairs: list[tuple[int, int]], shards: int) -> None:
    accounts: list[Account] = [
        account(customer_id=f"c{customer}", account_id=f"a{number}", phone=f"+86138000000{phone:02d}")
        for number, (customer, phone) in enumerate(pairs)
    ]
    parts = shared_out(accounts, shards)
    assert sorted(each.account_id for part in parts for each in part) == sorted(
        each.account_id for each in accounts
    )
    for kind in ("customer_id", "phone"):
        homes: dict[str, set[int]] = {}
        for number, part in enumerate(parts):
            for each in part:
                homes.setdefault(getattr(each, kind), set()).add(number)
        assert all(len(found) == 1 for found in homes.values())


@given(st.dictionaries(st.text(max_size=3), st.floats(0.01, 100), min_size=1, max_size=6), st.integers(0, 99))
def test_dice_draw_what_there_is_to_draw(weights: dict[str, float], seed: int) -> None:
    dice, again = Dice(seed), Dice(seed)
    choices = Choices(weights)
    drawn = [dice.pick(choices) for _ in range(20)]
    assert set(drawn) <= set(weights)
    assert drawn == [again.pick(choices) for _ in range(20)]
    assert choices.at(0.0) in weights
    assert choices.at(1.0) in weights


def test_streams_differ_by_purpose() -> None:
    assert Dice(1, 0, 0).share() != Dice(1, 0, 1).share()


def test_weights_that_say_nothing_are_refused() -> None:
    with pytest.raises(ValueError, match="above 0"):
        Choices({"a": 0.0})
