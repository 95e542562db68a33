"""What a call leaves behind: the next attempt, flags and lists, promises and wishes, its line in the files, its counts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil

from ari_app.domain.call_result import Callback
from ari_app.domain.campaign import CampaignStrategy
from ari_app.domain.compliance import DialVerdict
from ari_app.domain.contact_facts import Flag, ListEntry, StandingFlag
from ari_app.domain.disposition import DispositionKind, RetryRule
from ari_app.domain.retry import RetryDecision, callback_at, plan_retry
from ari_app.simulate import assumptions as assumed
from ari_app.simulate.behaviour import Behaviour, Dialled, Outcome
from ari_app.simulate.life import Life
from ari_app.simulate.planner import Terms
from ari_app.simulate.records import Contacted, Records, promise_text
from ari_app.simulate.state import DAY, HOUR, Debt, Instant, instant, moment
from ari_app.simulate.tally import Stage, Tally, hundredths


@dataclass(eq=False, slots=True)
class Call:
    """An attempt on its way, filled in as it goes. ``planned`` and ``dialled`` are its verdicts."""

    attempt_id: str
    debt: Debt
    terms: Terms
    planned: DialVerdict
    number: int
    caller_id: str
    dialled: DialVerdict | None = None
    dialled_at: Instant = 0
    came: Dialled | None = None
    reminder: bool = False


@dataclass(frozen=True, slots=True)
class Planned:
    """When the next attempt is wanted; ``closed``: never by itself."""

    due_at: Instant | None
    closed: bool


class Aftermath:
    """Everything that follows from verdicts, dials and ends of calls, but for the next attempt itself."""

    def __init__(
        self, behaviour: Behaviour, life: Life, records: Records, tally: Tally, start: Instant
    ) -> None:
        self._behaviour, self._life, self._records, self._tally = behaviour, life, records, tally
        self._start = start

    # ------------------------------------------------------------------------------------------- counts

    def entered(self, debt: Debt) -> None:
        """An account has come into the campaign."""
        self._tally.accounts_by_type[debt.debt_type] += 1
        self._tally.due[debt.debt_type] += hundredths(debt.account.amount_due)

    def counted(self, debt: Debt) -> None:
        """The simulation is over: how far the account came."""
        self._tally.reached[debt.reached] += 1

    def dialled(self, debt: Debt, came: Dialled, local: datetime, at: Instant) -> None:
        """An INVITE has left."""
        tally, outcome = self._tally, came.outcome
        slot = local.weekday() * 24 + local.hour
        tally.dials_by_hour[slot] += 1
        tally.dials_by_day[(at - self._start) // DAY] += 1
        tally.line_seconds_by_hour[(at - self._start) // HOUR] += round(came.ring_s + came.talk_s)
        reached = Stage.DIALLED
        if outcome.end.answered:
            tally.billed_minutes += ceil(came.talk_s / 60.0)
            tally.talk_seconds += came.talk_s
        if outcome.person:
            tally.answers_by_hour[slot] += 1
            reached = Stage.ANSWERED
            if outcome.kind.right_party:
                reached = Stage.RIGHT_PARTY
        debt.reached = max(debt.reached, reached)

    # ------------------------------------------------------------------------------------------- the end

    def close(self, call: Call, at: Instant) -> Planned:
        """Write down how a call ended and what it leaves standing; when the next one is wanted."""
        debt, now = call.debt, moment(at)
        outcome = self._behaviour.outcomes["forbidden"] if call.came is None else call.came.outcome
        kind, strategy = outcome.kind, call.terms.campaign.strategy
        callback = self._life.wishes(debt, now) if outcome.name == "callback" else None
        wished = None
        if callback is not None:
            least = timedelta(hours=kind.min_delay_hours)
            wished = callback_at(callback, debt.zone, now, least)
        decision = plan_retry(
            strategy,
            kind,
            first_dialled_at=debt.first_dialled_at,
            dials_made=debt.dials[debt.under_way],
            ended_at=now,
            wished_at=wished,
        )
        self._tally.dispositions[kind.name] += 1
        if call.came is None:
            return _planned(decision, kind, strategy)
        self._stand(call, call.came.outcome, decision, at)
        promise = None
        if outcome.name == "promise_to_pay":
            amount, day = self._life.promises(debt, now)
            promise = promise_text(amount, debt.account.currency, day)
            debt.reached = max(debt.reached, Stage.PROMISE)
            self._event(debt, now, "promise_made", amount=str(amount), date=day)
        elif outcome.person and (days := self._behaviour.pays_after(debt, outcome.name)) is not None:
            self._life.pays_later(debt, days)
        if wished is not None:
            self._event(debt, now, "callback_requested", wished_at=wished.isoformat())
        if minutes := assumed.PERSONS_MINUTES.get(outcome.name):
            self._tally.work.append(((at - self._start) / HOUR, minutes))
        self._write(call, call.came, now, decision, promise, callback)
        return _planned(decision, kind, strategy)

    def _stand(self, call: Call, outcome: Outcome, decision: RetryDecision, at: Instant) -> None:
        debt, person, now = call.debt, call.debt.person, moment(at)
        account_id, said = debt.account.account_id, f"on the telephone (attempt {call.attempt_id})"
        if outcome.conversation:
            self._talked(debt, call.dialled_at)
            self._event(debt, now, "conversation", attempt_id=call.attempt_id)
        for found in outcome.flags:
            if found.flag is Flag.DISPUTE:
                self._life.disputes(debt, said, at)
            elif found.flag is Flag.DECEASED:
                self._life.deceased(person, at, said)
            else:
                whole = "" if found.whole_customer else account_id
                person.flags.append(StandingFlag(found.flag, said, now, whole))
        for kind in outcome.lists:
            person.listed.append(ListEntry(kind, f"said so {said}"))
        if outcome.talk is not None and outcome.talk.do_not_contact:
            self._life.stops(person, debt.phone, at, said)
        if decision.number_dead:
            debt.phone.dead = outcome.kind.name
            if outcome.name == "wrong_person":
                self._tally.events["wrong_number"] += 1
                self._records.of_number(now, "wrong_number", debt.phone)

    def _talked(self, debt: Debt, dialled_at: Instant) -> None:
        """The contact of this call turns out to have been a conversation."""
        contacts, at = debt.person.contacts, moment(dialled_at)
        for position in range(len(contacts) - 1, -1, -1):
            contact = contacts[position]
            if contact.at == at:
                contacts[position] = type(contact)(contact.at, contact.account_id, True, contact.reminder)
                return

    def _event(self, debt: Debt, at: datetime, event: str, **more: object) -> None:
        self._tally.events[event] += 1
        self._records.event(at, event, debt.person, debt, **more)

    def _write(
        self,
        call: Call,
        came: Dialled,
        now: datetime,
        decision: RetryDecision,
        promise: dict[str, object] | None,
        callback: Callback | None,
    ) -> None:
        effective, step = call.terms.effective, call.debt.step
        dialled_at = moment(call.dialled_at)
        answered = dialled_at + timedelta(seconds=came.ring_s) if came.outcome.end.answered else None
        assert call.dialled is not None
        if step is not None:
            self._tally.by_step[f"{effective.segment.name}: {step.step.name}"] += 1
        self._records.contact(
            call.debt,
            Contacted(
                attempt_id=call.attempt_id,
                number=call.number,
                channel="call",
                caller_id=call.caller_id,
                reserved_at=call.planned.decided_at,
                at=dialled_at,
                ended_at=now,
                planned=call.planned,
                dialled=call.dialled,
                segment=effective.segment,
                due=step,
                strategy=effective.strategy.name,
                strategy_version=effective.strategy.version,
                ring_timeout_s=call.terms.campaign.dialler.ring_timeout_s,
                reminder=call.reminder,
                disposition=came.outcome.kind.name,
                came=came,
                answered_at=answered,
                next_at=decision.due_at,
                next_reason=decision.reason,
                promise=promise,
                callback=None
                if callback is None or callback.day is None or callback.at is None
                else {"day": callback.day.isoformat(), "time": callback.at.isoformat("minutes")},
            ),
        )


def _planned(decision: RetryDecision, kind: DispositionKind, strategy: CampaignStrategy) -> Planned:
    """``closed`` where the product closes the account: by its disposition, or by the strategy's word for it."""
    due = None if decision.due_at is None else instant(decision.due_at)
    over = kind.retry in (RetryRule.DONE, RetryRule.NEVER)
    return Planned(due, closed=over or dict(strategy.delays).get(kind.name, 0.0) is None)
