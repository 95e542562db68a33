"""What happens to customers beside our calls: they pay, dispute, keep promises, write that they want no calls, die.

Whatever changes a fact changes it for the very next verdict.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import partial

from ari_app.domain.call_result import Callback
from ari_app.domain.contact_facts import Flag, ListEntry, ListKind, StandingFlag
from ari_app.domain.windows import MINUTES_A_DAY, local_instant
from ari_app.simulate import assumptions as assumed
from ari_app.simulate.agenda import Agenda
from ari_app.simulate.dice import Dice
from ari_app.simulate.records import Records
from ari_app.simulate.state import DAY, HOUR, Debt, Instant, Person, Phone, instant, moment
from ari_app.simulate.tally import Stage, Tally, hundredths

_MONTH_DAYS = 30.0
_CENT = Decimal("0.01")
#: Callbacks are wished for within so many days, at a full hour of these.
_CALLBACK_DAYS = 3
_CALLBACK_HOURS = (9, 19)
#: Nobody pays in the depth of the night.
_PAYS_FROM, _PAYS_UNTIL = 7, 23


class Life:
    """Facts that change, each at its time.

    ``changed`` is told of a customer for whom a refusal may have ended, ``broken`` of an account whose promise was broken.
    """

    def __init__(self, agenda: Agenda, dice: Dice, records: Records, tally: Tally, start: Instant) -> None:
        self._agenda, self._dice, self._records, self._tally = agenda, dice, records, tally
        self._start = start
        self.changed: Callable[[Person], None] = lambda person: None
        self.broken: Callable[[Debt, date], None] = lambda debt, day: None

    # ------------------------------------------------------------------------------------------- beforehand

    def foresee(self, person: Person, days: float) -> None:
        """Draw what will happen to a customer without any contact, so that it is the same for every strategy."""
        for debt in person.debts:
            self._foresee_account(debt, days)
        self._maybe(assumed.WRITES_STOP, days, partial(self._writes, person))
        self._maybe(assumed.JOINS_REGISTER, days, partial(self._registers, person.phone))
        self._maybe(assumed.DIES, days, partial(self._dies, person))

    def _foresee_account(self, debt: Debt, days: float) -> None:
        kind = assumed.DEBTORS[debt.debt_type]
        part = self._dice.chance(assumed.PAYS_A_PART)
        pays = partial(self.pays, debt, part)
        share = 1.0 - (1.0 - kind.pays_alone) ** (days / _MONTH_DAYS)
        if self._dice.chance(share):
            at = self._start + int(self._dice.between(0.0, days) * DAY)
            self._agenda.at(self._by_day(debt, at), pays)
        self._maybe(assumed.OPENS_DISPUTE, days, partial(self.disputes, debt, "in writing"))
        if debt.account.due_date < moment(self._start).date():
            self._maybe(assumed.SUSPENDED, days, partial(self._suspends, debt))

    def _maybe(self, share_a_month: float, days: float, deed: Callable[[Instant], None]) -> None:
        happens = self._dice.chance(min(1.0, share_a_month * days / _MONTH_DAYS))
        at = self._start + int(self._dice.between(0.0, days) * DAY)
        if happens:
            self._agenda.at(at, deed)

    def _by_day(self, debt: Debt, at: Instant) -> Instant:
        """The instant, or one of the same day at which people are awake."""
        hour = moment(at).astimezone(debt.zone).hour
        if _PAYS_FROM <= hour < _PAYS_UNTIL:
            return at
        return at + int(self._dice.between(_PAYS_FROM - hour + 1, _PAYS_UNTIL - hour) % 24 * HOUR)

    # ------------------------------------------------------------------------------------------- payments

    def pays_later(self, debt: Debt, days: float) -> None:
        """A talk or a message leads to a payment in so many days."""
        part = self._dice.chance(assumed.PAYS_A_PART)
        at = self._by_day(debt, self._agenda.now + int(days * DAY))
        self._agenda.at(at, partial(self.pays, debt, part))

    def promises(self, debt: Debt, now: datetime) -> tuple[Decimal, str]:
        """A promise of the whole sum for one of the next days: amount and day. It is kept or broken in its time."""
        dice, zone = self._dice, debt.zone
        day = now.astimezone(zone).date() + timedelta(days=1 + dice.whole(assumed.PROMISE_DAYS))
        debt.promised = day
        ends = instant(local_instant(day, MINUTES_A_DAY, zone))
        if dice.chance(assumed.DEBTORS[debt.debt_type].keeps):
            at = ends - int(dice.between(1.0, assumed.KEPT_WITHIN_HOURS) * HOUR)
            self._agenda.at(max(at, instant(now) + HOUR), partial(self.pays, debt, False))
        self._agenda.at(ends, partial(self._looks_after, debt, day))
        return debt.account.amount_due, day.isoformat()

    def _looks_after(self, debt: Debt, day: date, at: Instant) -> None:
        """The day of a promise is over."""
        if debt.paid or debt.promised != day:
            return
        debt.promised = None
        details = debt.account.details
        debt.account = replace(
            debt.account, details=replace(details, broken_promises=details.broken_promises + 1)
        )
        debt.segment = None
        self._event(at, "promise_broken", debt)
        self.broken(debt, day)

    def pays(self, debt: Debt, part: bool, at: Instant) -> None:
        """Money comes in: all that is owed, or a part of it."""
        account = debt.account
        if debt.paid or account.amount_due <= 0:
            return
        amount = account.amount_due
        if part:
            amount = (amount * Decimal(self._dice.between(0.2, 0.7))).quantize(_CENT)
        cents, tally = hundredths(amount), self._tally
        tally.recovered_by_day[(at - self._start) // DAY] += cents
        tally.recovered[debt.debt_type] += cents
        if debt.contacted:
            tally.recovered_after_contact += cents
        debt.account = replace(account, amount_due=account.amount_due - amount)
        debt.segment = None
        if debt.account.amount_due > 0:
            self._event(at, "part_paid", debt, amount=str(amount), left=str(debt.account.amount_due))
            return
        debt.paid = True
        tally.paid_accounts += 1
        if debt.promised is not None:
            debt.reached = Stage.PROMISE_KEPT
        debt.person.flags.append(StandingFlag(Flag.PAID, "payments", moment(at), account.account_id))
        self._event(at, "paid", debt, amount=str(amount))
        if debt.suspended:
            back = at + int(self._dice.between(*assumed.RESTORED_HOURS) * HOUR)
            self._agenda.at(back, partial(self._restores, debt))

    def wishes(self, debt: Debt, now: datetime) -> Callback:
        """When a customer wants to be called again: at a full hour of one of the next days."""
        today = now.astimezone(debt.zone).date()
        first, last = _CALLBACK_HOURS
        hour = first + self._dice.whole(last - first)
        return Callback(today + timedelta(days=1 + self._dice.whole(_CALLBACK_DAYS)), time(hour))

    # ------------------------------------------------------------------------------------------- standing

    def disputes(self, debt: Debt, where: str, at: Instant) -> None:
        """The bill is disputed; somebody answers within some days, and the debt stands."""
        if debt.paid or self._disputed(debt):
            return
        flag = StandingFlag(Flag.DISPUTE, where, moment(at), debt.account.account_id)
        debt.person.flags.append(flag)
        self._event(at, "dispute_opened", debt, where=where)
        answered = at + int(self._dice.between(*assumed.DISPUTE_DAYS) * DAY)
        self._agenda.at(answered, partial(self._answers, debt, flag))

    def _disputed(self, debt: Debt) -> bool:
        account_id = debt.account.account_id
        return any(
            each.flag is Flag.DISPUTE and each.account_id in ("", account_id) for each in debt.person.flags
        )

    def _answers(self, debt: Debt, flag: StandingFlag, at: Instant) -> None:
        debt.person.flags.remove(flag)
        self._event(at, "dispute_closed", debt)
        self.changed(debt.person)

    def stops(self, person: Person, phone: Phone, at: Instant, where: str) -> None:
        """He wants no more calls: customer and number go on the list."""
        entry = ListEntry(ListKind.DO_NOT_CONTACT, f"asked for it {where}")
        person.listed.append(entry)
        phone.listed.append(entry)
        now = moment(at)
        self._tally.events["opt_out"] += 1
        for other in phone.people:
            if other is not person:
                self._records.event(now, "opt_out", other, None, phone=phone.number, where=where)
        self._records.event(now, "opt_out", person, None, phone=phone.number, where=where)

    def _writes(self, person: Person, at: Instant) -> None:
        self.stops(person, person.phone, at, "in writing")

    def _registers(self, phone: Phone, at: Instant) -> None:
        phone.listed.append(ListEntry(ListKind.DO_NOT_CONTACT, "a register"))
        self._tally.events["dnc_added"] += 1
        self._records.of_number(moment(at), "dnc_added", phone)

    def _dies(self, person: Person, at: Instant) -> None:
        self.deceased(person, at, "a letter")

    def deceased(self, person: Person, at: Instant, where: str) -> None:
        """The customer is said to have died."""
        if any(each.flag is Flag.DECEASED for each in person.flags):
            return
        person.flags.append(StandingFlag(Flag.DECEASED, where, moment(at)))
        self._tally.events["deceased"] += 1
        self._records.event(moment(at), "deceased", person, None, where=where)

    def _suspends(self, debt: Debt, at: Instant) -> None:
        if debt.paid or debt.suspended:
            return
        debt.suspended = True
        self._event(at, "suspended", debt)

    def _restores(self, debt: Debt, at: Instant) -> None:
        debt.suspended = False
        self._event(at, "restored", debt)

    def _event(self, at: Instant, event: str, debt: Debt, **more: object) -> None:
        self._tally.events[event] += 1
        self._records.event(moment(at), event, debt.person, debt, **more)
