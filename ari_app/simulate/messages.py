"""Message steps: a contact like any other, asked for twice, sent over the first channel of its step."""

from __future__ import annotations

from datetime import date
from functools import partial

from ari_app.domain.compliance import DialVerdict, Rule
from ari_app.domain.triggers import DueStep
from ari_app.simulate.agenda import Agenda
from ari_app.simulate.behaviour import Behaviour
from ari_app.simulate.dice import Dice
from ari_app.simulate.gate import Gate
from ari_app.simulate.life import Life
from ari_app.simulate.records import Contacted, Records
from ari_app.simulate.state import DAY, MINUTE, SECOND, Debt, Instant, instant, moment
from ari_app.simulate.tally import Stage, Tally

#: A message that may not be sent within this time is not sent any more.
_LATEST = 3 * DAY
#: While the customer is called about another account.
_AGAIN = 5 * MINUTE
#: Seconds from planning to sending, and whether the channel reaches him.
_SENDING_S = (0.5, 5.0)


class Messages:
    """Sends the messages of a strategy."""

    def __init__(
        self,
        gate: Gate,
        agenda: Agenda,
        dice: Dice,
        behaviour: Behaviour,
        life: Life,
        records: Records,
        tally: Tally,
        start: Instant,
    ) -> None:
        self._gate, self._agenda, self._dice = gate, agenda, dice
        self._behaviour, self._life, self._records, self._tally = behaviour, life, records, tally
        self._start = start
        self._sent = 0

    def fall_due(self, debt: Debt, due: DueStep, at: Instant) -> None:
        """A message is wanted now."""
        self._plan(debt, due, debt.promised, at + _LATEST, at)

    def _plan(self, debt: Debt, due: DueStep, promised: date | None, latest: Instant, at: Instant) -> None:
        """Send it soon, unless the account is done or has promised something else meanwhile."""
        if debt.paid or debt.promised != promised or (debt.over and promised is None):
            return
        verdict = self._gate.for_message(debt, self._gate.terms(debt, at), at, "plan")
        if not verdict.allowed:
            self._later(debt, due, latest, verdict, at)
            return
        sent = at + int(self._dice.between(*_SENDING_S) * SECOND)
        self._agenda.at(sent, partial(self._send, debt, due, promised, latest, verdict))

    def _later(self, debt: Debt, due: DueStep, latest: Instant, verdict: DialVerdict, at: Instant) -> None:
        if verdict.rule is Rule.OPEN_ATTEMPT:
            again = at + _AGAIN
        elif verdict.until is not None:
            again = max(instant(verdict.until), at + 1)
        else:
            return
        if again <= latest:
            self._agenda.at(again, partial(self._plan, debt, due, debt.promised, latest))

    def _send(
        self,
        debt: Debt,
        due: DueStep,
        promised: date | None,
        latest: Instant,
        planned: DialVerdict,
        at: Instant,
    ) -> None:
        if debt.promised != promised:
            return
        terms = self._gate.terms(debt, at)
        verdict = self._gate.for_message(debt, terms, at, "dial")
        if not verdict.allowed:
            self._later(debt, due, latest, verdict, at)
            return
        now, tally = moment(at), self._tally
        reminder = self._gate.contacted(debt, now)
        self._sent += 1
        debt.reached = max(debt.reached, Stage.CONTACTED)
        tally.messages_by_day[(at - self._start) // DAY] += 1
        segment = terms.segment
        tally.by_step[f"{segment.name}: {due.step.name}"] += 1
        channels = due.step.channels or segment.channels
        self._records.contact(
            debt,
            Contacted(
                attempt_id=f"msg-{debt.account.account_id}-{self._sent:07d}",
                number=self._sent,
                channel=channels[0] if channels else "sms",
                caller_id="",
                reserved_at=planned.decided_at,
                at=now,
                ended_at=now,
                planned=planned,
                dialled=verdict,
                segment=segment,
                due=due,
                strategy=terms.effective.strategy.name,
                strategy_version=terms.effective.strategy.version,
                ring_timeout_s=0.0,
                reminder=reminder,
                disposition="message_sent",
            ),
        )
        if (days := self._behaviour.pays_after(debt, "message")) is not None:
            self._life.pays_later(debt, days)
