"""The dialler in virtual time: steps fall due, lines come free, verdicts are asked twice, calls end and are planned again.

It does what the dialler, the gate of the store and wrap-up do, with the same rules: ``decide`` at planning and at the dial,
``plan_retry`` after the end, the evenly spread starts of ``SteadyRate`` before it, ``choose_caller_id`` for the number
shown.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from heapq import heappop, heappush

from ari_app.domain.caller_id import choose_caller_id
from ari_app.domain.compliance import Decide, DialVerdict, Rule
from ari_app.domain.pacing import AHEAD_S, SteadyRate
from ari_app.domain.segment import Anchor, StepKind
from ari_app.domain.triggers import DueStep
from ari_app.simulate import assumptions as assumed
from ari_app.simulate.aftermath import Aftermath, Call
from ari_app.simulate.agenda import Agenda
from ari_app.simulate.behaviour import Behaviour
from ari_app.simulate.dice import Dice
from ari_app.simulate.gate import Gate
from ari_app.simulate.life import Life
from ari_app.simulate.messages import Messages
from ari_app.simulate.planner import Planner
from ari_app.simulate.records import Records
from ari_app.simulate.state import MINUTE, SECOND, Debt, Instant, Person, instant, moment
from ari_app.simulate.tally import Tally

#: A refusal that only an edited file would end is asked again after this, as by the gate of the store.
_FILES_AGAIN = 15 * MINUTE
#: Standing refusals that the end of a call ends, and those that a cleared flag does (as ``rearm_*`` of the store).
_ENDED_BY_CALL = frozenset({Rule.OPEN_ATTEMPT.value})
_ENDED_BY_CHANGE = frozenset({Rule.DISPUTE_OPEN.value})
#: A call step that falls due while the customer is called about this account waits for the end of the call.
_STEP_AGAIN = 5 * MINUTE


@dataclass(frozen=True, slots=True)
class Limits:
    """``lines`` calls of this shard at one time, ``calls_per_second`` starts."""

    lines: int
    calls_per_second: float


class Engine:
    """One shard: its customers, its share of the lines, from ``start`` to ``end``."""

    def __init__(
        self,
        name: str,
        start: Instant,
        end: Instant,
        decide: Decide,
        planner: Planner,
        behaviour: Behaviour,
        dice: Dice,
        life: Life,
        agenda: Agenda,
        records: Records,
        tally: Tally,
        limits: Limits,
    ) -> None:
        self._name, self._ends = name, end
        self._planner, self._gate = planner, Gate(decide, planner, records, tally)
        self._behaviour, self._dice, self._life = behaviour, dice, life
        self._agenda, self._records, self._tally = agenda, records, tally
        self._limits = limits
        self._schedule = SteadyRate(limits.calls_per_second, start / SECOND)
        self._ready: list[tuple[int, Instant, int, Debt]] = []
        self._queued = self._attempts = self._busy = 0
        self._wakes_at: Instant | None = None
        self._begun = moment(start)
        self._after = Aftermath(behaviour, life, records, tally, start)
        self._messages = Messages(self._gate, agenda, dice, behaviour, life, records, tally, start)
        life.changed = partial(self._rearm, _ENDED_BY_CHANGE)
        life.broken = self._promise_broken

    # ------------------------------------------------------------------------------------------- whole runs

    def run(
        self, people: Iterable[Person], days: float, passed: Callable[[Instant], None] | None = None
    ) -> None:
        """Let the days pass. ``passed`` is told now and then how far the simulation has come."""
        since, until = self._begun - timedelta(microseconds=1), moment(self._ends)
        everybody = list(people)
        for person in everybody:
            self._tally.customers += 1
            for debt in person.debts:
                self._enter(debt, since, until)
            self._life.foresee(person, days)
        self._agenda.run(self._ends, passed)
        for person in everybody:
            for debt in person.debts:
                self._after.counted(debt)

    def _enter(self, debt: Debt, since: datetime, until: datetime) -> None:
        self._records.account(debt)
        self._after.entered(debt)
        for due in self._planner.steps(debt, self._begun, since, until):
            self._agenda.at(instant(due.at), partial(self._step, debt, due))

    # ------------------------------------------------------------------------------------------- steps

    def _step(self, debt: Debt, due: DueStep, at: Instant) -> None:
        """A step of the strategy falls due."""
        today = moment(at).astimezone(debt.zone).date()
        promised = due.step.when.anchor is Anchor.PROMISE
        if debt.paid or (debt.over and not promised) or not self._planner.still_meant(debt, due, today):
            return
        if due.step.kind is StepKind.MESSAGE:
            self._messages.fall_due(debt, due, at)
        elif debt.state == "open":
            self._agenda.at(at + _STEP_AGAIN, partial(self._step, debt, due))
        else:
            debt.step, debt.refused_by = due, None
            debt.first_dialled_at = None
            debt.state = "waiting"
            self.wait(debt, at)

    def wait(self, debt: Debt, planned: Instant) -> None:
        """The next attempt of an account is wanted at ``planned``."""
        debt.planned_at = planned
        self._look_at(debt, planned)

    def _look_at(self, debt: Debt, due: Instant) -> None:
        debt.due_at = due
        self._agenda.at(due, partial(self._due, debt))

    def _due(self, debt: Debt, at: Instant) -> None:
        if debt.state != "waiting" or debt.due_at != at:
            return  # planned otherwise meanwhile
        priority = self._gate.terms(debt, at).segment.priority
        self._queued += 1
        heappush(self._ready, (-priority, at, self._queued, debt))
        self._serve(at)

    def _promise_broken(self, debt: Debt, day: date) -> None:
        """The account is taken up again by the steps that are still to come, and by those that follow a promise."""
        if debt.state == "done":
            debt.state = "idle"
        self._follow_promise(debt, day, self._agenda.now)

    def _rearm(self, ended: frozenset[str], person: Person) -> None:
        """Something about a customer has changed: whoever waits for such a change is looked at again."""
        for debt in person.debts:
            if debt.state == "waiting" and debt.due_at is None and debt.refused_by in ended:
                debt.refused_by = None
                self._look_at(debt, max(debt.planned_at, self._agenda.now))

    # ------------------------------------------------------------------------------------------- lines

    def _serve(self, at: Instant) -> None:
        """Start what may be started now, the dearest and oldest first."""
        ready, limits = self._ready, self._limits
        while ready:
            free = limits.lines - self._busy
            if free <= 0:
                return
            if not self._schedule.moments(at / SECOND, AHEAD_S):
                self._wake(at)
                return
            _, due, _, debt = heappop(ready)
            if debt.state == "waiting" and debt.due_at == due:
                self._claim(debt, at)

    def _wake(self, at: Instant) -> None:
        """Come back when the next start may be prepared."""
        if self._wakes_at is not None and self._wakes_at > at:
            return
        self._wakes_at = max(at, int((self._schedule.next_at - AHEAD_S) * SECOND)) + 1
        self._agenda.at(self._wakes_at, self._serve)

    # ------------------------------------------------------------------------------------------- attempts

    def _claim(self, debt: Debt, at: Instant) -> None:
        """Ask the verdict and reserve an attempt, which is dialled when it is prepared and its moment has come."""
        terms = self._gate.terms(debt, at)
        if terms.segment.name != debt.under_way[0]:
            debt.state = "idle"  # it has come into another segment, whose steps have times of their own
            return
        verdict = self._gate.for_call(debt, terms, at, "plan")
        if not verdict.allowed:
            self._refused(debt, verdict, at)
            return
        self._attempts += 1
        self._busy += 1
        debt.person.busy, debt.state = True, "open"
        self._schedule, moment_s = self._schedule.take(at / SECOND)
        prepared = at + int(self._dice.between(*assumed.PREPARING_S) * SECOND)
        number = debt.dials_made + 1
        caller_id = choose_caller_id(terms.campaign.dialler.caller_id_pool, debt.account.customer_id, number)
        call = Call(f"sim-{self._name}-{self._attempts:07d}", debt, terms, verdict, number, caller_id)
        self._agenda.at(max(prepared, int(moment_s * SECOND)), partial(self._dial, call))

    def _refused(self, debt: Debt, verdict: DialVerdict, at: Instant) -> None:
        until = verdict.until
        if verdict.rule in (Rule.RULES_UNREADABLE, Rule.UNCONFIRMED_YEAR) and until is None:
            self._look_at(debt, at + _FILES_AGAIN)
        elif until is not None:
            self._look_at(debt, max(instant(until), at + 1))
        else:
            debt.due_at, debt.refused_by = None, verdict.rule.value
            if debt.paid:
                debt.state = "done"

    def _dial(self, call: Call, at: Instant) -> None:
        """The last verdict; then the INVITE leaves."""
        debt = call.debt
        verdict = self._gate.for_call(debt, call.terms, at, "dial")
        call.dialled, call.dialled_at = verdict, at
        if not verdict.allowed:
            self._end(call, at)
            return
        now = moment(at)
        local = now.astimezone(debt.zone)
        debt.dials_made += 1
        debt.dials[debt.under_way] += 1
        debt.first_dialled_at = debt.first_dialled_at or now
        reminder = self._gate.contacted(debt, now)
        ring_timeout_s = call.terms.campaign.dialler.ring_timeout_s
        came = self._behaviour.dialled(debt, local, ring_timeout_s)
        self._after.dialled(debt, came, local, at)
        call.came, call.reminder = came, reminder
        self._agenda.at(at + int((came.ring_s + came.talk_s) * SECOND), partial(self._end, call))

    def _end(self, call: Call, at: Instant) -> None:
        """Close the attempt, plan the next one, free the line."""
        debt, person = call.debt, call.debt.person
        self._busy -= 1
        person.busy = False
        planned = self._after.close(call, at)
        if debt.paid:
            debt.state = "done"
        elif planned.due_at is not None:
            debt.state = "waiting"
            self.wait(debt, planned.due_at)
        else:
            debt.state = "done" if planned.closed else "idle"
        if debt.state == "done" and debt.promised is not None:
            self._follow_promise(debt, debt.promised, at)
        self._rearm(_ENDED_BY_CALL, person)
        self._serve(at)

    def _follow_promise(self, debt: Debt, day: date, at: Instant) -> None:
        """Steps that count from a promised day: before it as long as the promise stands, after it once it was broken."""
        for due in self._planner.promise_steps(debt, day, moment(at), moment(self._ends)):
            self._agenda.at(instant(due.at), partial(self._promise_step, debt, due, debt.promised))

    def _promise_step(self, debt: Debt, due: DueStep, promised: date | None, at: Instant) -> None:
        if debt.promised == promised and not debt.paid:
            self._step(debt, due, at)
