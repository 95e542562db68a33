"""Makes the customers and accounts of a shard, or takes those of a list and adds what it does not say."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from math import exp

from ari_app.domain.account import Account, AccountDetails, aging_bucket
from ari_app.domain.contact_facts import Flag, ListEntry, ListKind, StandingFlag
from ari_app.domain.windows import Window
from ari_app.errors import InputError, Problem
from ari_app.services.phones import zones_beside
from ari_app.simulate import assumptions as assumed
from ari_app.simulate.dice import Choices, Dice
from ari_app.simulate.state import Debt, Person, Phone
from ari_app.simulate.world import Place, World

_TYPES = Choices({name: kind.share for name, kind in assumed.DEBTORS.items()})
_RISKS = Choices(assumed.RISKS)
_AGES = Choices(assumed.AGE_BANDS)
_WISHES = (Window(9 * 60, 12 * 60), Window(14 * 60, 18 * 60), Window(18 * 60, 20 * 60))
_LEAST = Decimal("5.00")
_CENT = Decimal("0.01")


class Population:
    """The people of shard ``shard`` of ``shards``. ``first`` numbers its accounts, so that ids differ between shards."""

    def __init__(
        self, world: World, dice: Dice, start: date, shard: int = 0, shards: int = 1, first: int = 0
    ) -> None:
        self._world = world
        self._dice = dice
        self._start = start
        self._number = first
        self._shards = shards
        self._block = 10**world.digits // shards
        self._next = dict.fromkeys((place.prefix for place in world.places), shard * self._block)
        self._end = (shard + 1) * self._block
        self._zones: dict[tuple[str, str], tuple[str, ...]] = {}
        self._places = Choices({str(index): place.weight for index, place in enumerate(world.places)})
        self._since = datetime(start.year, start.month, start.day, tzinfo=UTC) - timedelta(days=30)

    def invented(self, accounts: int) -> Iterator[Person]:
        """Customers with so many accounts together. Raises InputError where the world has not so many numbers."""
        dice, made = self._dice, 0
        before: tuple[Phone, Place] | None = None
        while made < accounts:
            drawn = dice.share()
            one, two, _ = assumed.ACCOUNTS_OF_ONE
            wanted = min(1 if drawn < one else 2 if drawn < one + two else 3, accounts - made)
            place = self._place()
            if before is not None and dice.chance(assumed.SHARES_A_PHONE):
                phone, place = before
            else:
                phone = self._phone(place)
            if dice.chance(assumed.MOVED_AWAY):
                place = self._place()
            before = (phone, place)
            person = self._person(f"c-{self._number:07d}", phone, place.region)
            for _ in range(wanted):
                self._debt(person, place)
                self._number += 1
            made += wanted
            yield person

    def listed(self, accounts: Iterable[Account]) -> Iterator[Person]:
        """The customers of a list; what it does not say of them is drawn."""
        phones: dict[str, Phone] = {}
        people: dict[str, Person] = {}
        for account in accounts:
            phone = phones.get(account.phone)
            if phone is None:
                phone = phones[account.phone] = Phone(account.phone, self._condition())
            person = people.get(account.customer_id)
            if person is not None and person not in phone.people:
                phone.people.append(person)
            if person is None:
                person = self._person(account.customer_id, phone, account.details.region)
                person.risk_level = account.details.risk_level or person.risk_level
                person.age_band = account.details.age_band or person.age_band
                people[account.customer_id] = person
            person.debts.append(
                Debt(
                    account,
                    person,
                    phone,
                    zones_beside(account.phone, account.timezone),
                    account.details.debt_type or self._type(account.due_date),
                )
            )
        yield from people.values()

    # ------------------------------------------------------------------------------------------- parts

    def _place(self) -> Place:
        return self._world.places[int(self._dice.pick(self._places))]

    def _condition(self) -> str:
        drawn = self._dice.share()
        for condition, share in (
            ("empty", assumed.NUMBER_EMPTY),
            ("wrong", assumed.NUMBER_WRONG),
            ("suspended", assumed.NUMBER_SUSPENDED),
        ):
            if drawn < share:
                return condition
            drawn -= share
        return "good"

    def _phone(self, place: Place) -> Phone:
        """A number that no other customer has, of the place where it is not used up."""
        for prefix in (place.prefix, *self._next):
            number = self._next[prefix]
            if number < self._end:
                self._next[prefix] = number + 1
                return Phone(f"{prefix}{number:0{self._world.digits}d}", self._condition())
        most = self._block * len(self._next) * self._shards
        raise InputError(
            [Problem("--accounts", "", "more customers than simulated numbers", f"fewer than {most}")]
        )

    def _person(self, customer_id: str, phone: Phone, region: str) -> Person:
        dice = self._dice
        person = Person(
            customer_id,
            phone,
            age_band=dice.pick(_AGES),
            region=region,
            risk_level=dice.pick(_RISKS),
            consent=dice.chance(assumed.HAS_CONSENT),
            dnc=dice.chance(assumed.ON_DNC),
        )
        if dice.chance(assumed.HAS_WISHES):
            person.wishes = (_WISHES[dice.whole(len(_WISHES))],)
        phone.people.append(person)
        if person.consent:
            person.flags.append(StandingFlag(Flag.CONSENT, "a form", self._since))
        if person.dnc:
            person.listed.append(ListEntry(ListKind.DO_NOT_CONTACT, "on record at the start"))
        drawn = dice.share()
        for name, share in assumed.STANDING.items():
            if drawn < share:
                person.flags.append(StandingFlag(Flag(name), "on record at the start", self._since))
                break
            drawn -= share
        return person

    def _type(self, due: date) -> str:
        if (self._start - due).days >= assumed.LEGACY_AGE[0]:
            return "legacy"
        while (found := self._dice.pick(_TYPES)) == "legacy":
            pass
        return found

    def _due(self, debt_type: str) -> date:
        dice = self._dice
        if debt_type == "legacy":
            first, last = assumed.LEGACY_AGE
        else:
            drawn = dice.share() * sum(weight for weight, _, _ in assumed.AGES)
            for weight, first, last in assumed.AGES:  # noqa: B007 - the last one is meant where none was broken off at
                if drawn < weight:
                    break
                drawn -= weight
        return self._start - timedelta(days=first + dice.whole(last - first + 1))

    def _debt(self, person: Person, place: Place) -> None:
        dice, number = self._dice, self._number
        debt_type = dice.pick(_TYPES)
        kind = assumed.DEBTORS[debt_type]
        spread = assumed.AMOUNT_SPREAD
        drawn = kind.mean_amount * exp(spread * dice.normal() - spread * spread / 2)
        due = self._due(debt_type)
        account = Account(
            customer_id=person.customer_id,
            account_id=f"a-{number:07d}",
            bill_id=f"b-{number:07d}",
            name=f"Customer {number}",
            phone=person.phone.number,
            amount_due=max(Decimal(drawn).quantize(_CENT), _LEAST),
            due_date=due,
            currency=self._world.currency,
            timezone=place.timezone,
            language=self._world.language,
            aging_bucket=aging_bucket(due, self._start),
            preferred_windows=person.wishes,
            details=AccountDetails(
                risk_level=person.risk_level,
                region=person.region,
                age_band=person.age_band,
                debt_type=debt_type,
            ),
        )
        zones = self._zones_beside(account)
        person.debts.append(Debt(account, person, person.phone, zones, debt_type))

    def _zones_beside(self, account: Account) -> tuple[str, ...]:
        """As ``phones.zones_beside``; all simulated numbers that begin alike lie in the same zones."""
        key = (account.phone[: -self._world.digits], account.timezone)
        found = self._zones.get(key)
        if found is None:
            found = self._zones[key] = zones_beside(account.phone, account.timezone)
        return found
