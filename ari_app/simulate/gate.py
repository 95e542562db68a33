"""The verdict in the simulation: the facts of an account as they stand, asked with the real rules, at both moments."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from ari_app.domain.compliance import Decide, DialVerdict
from ari_app.domain.contact_facts import Contact, ContactFacts, ListEntry
from ari_app.simulate.planner import Planner, Terms
from ari_app.simulate.records import Records
from ari_app.simulate.state import Debt, Instant, moment
from ari_app.simulate.tally import CAPS, Tally

#: Contacts older than this say nothing to any rule.
_HISTORY = timedelta(days=62)


class Gate:
    """Asks, and keeps what was refused."""

    def __init__(self, decide: Decide, planner: Planner, records: Records, tally: Tally) -> None:
        self._decide, self._planner, self._records, self._tally = decide, planner, records, tally
        self._capped: set[tuple[int, str]] = set()
        self._day: tuple[Debt | None, Instant, date] = (None, 0, date.min)

    def terms(self, debt: Debt, at: Instant) -> Terms:
        """What holds for an account now."""
        known, when, today = self._day
        if known is not debt or when != at:  # an account that falls due is mostly dialled in the same instant
            today = moment(at).astimezone(debt.zone).date()
            self._day = debt, at, today
        return self._planner.terms(debt, today)

    def for_call(self, debt: Debt, terms: Terms, at: Instant, asked: str) -> DialVerdict:
        """The verdict on a call. ``asked``: plan, or dial: the attempt that is open then is this very one."""
        dialling, under_way = asked == "dial", debt.under_way
        facts = ContactFacts(
            account=debt.account,
            campaign=terms.campaign,
            zones=debt.zones,
            listed=_listed(debt),
            flags=debt.person.flags,
            number_dead=debt.phone.dead,
            account_open=dialling or not debt.over,
            open_attempt=debt.person.busy and not dialling,
            attempts_made=debt.dials_made,
            due_at=None if dialling else moment(debt.planned_at),
            contacts=debt.person.contacts,
            has_caller_id=bool(terms.campaign.dialler.caller_id_pool),
            message_channel=self._planner.sends_messages,
            contacted_before=debt.contacted,
            made_in_segment=debt.dialled_in(under_way[0]),
            made_in_step=debt.dials.get(under_way, 0),
        )
        return self._asked(debt, facts, at, asked, "call")

    def for_message(self, debt: Debt, terms: Terms, at: Instant, asked: str) -> DialVerdict:
        """The verdict on a message: a contact like a call, but no attempt of one."""
        facts = ContactFacts(
            account=debt.account,
            campaign=terms.campaign,
            zones=debt.zones,
            listed=_listed(debt),
            flags=debt.person.flags,
            number_dead=debt.phone.dead,
            open_attempt=debt.person.busy,
            contacts=debt.person.contacts,
        )
        return self._asked(debt, facts, at, asked, "message")

    def _asked(self, debt: Debt, facts: ContactFacts, at: Instant, asked: str, channel: str) -> DialVerdict:
        verdict = self._decide(facts, moment(at))
        tally = self._tally
        tally.verdicts += 1
        if not verdict.allowed:
            rule = verdict.rule.value
            tally.refusals[f"{asked}:{rule}"] += 1
            if rule in CAPS and (id(debt), rule) not in self._capped:
                self._capped.add((id(debt), rule))
                tally.capped[rule] += 1
            self._records.refusal(debt, verdict, asked, channel)
        return verdict

    def contacted(self, debt: Debt, now: datetime) -> bool:
        """A contact is made now; whether it is a reminder of a bill that is not overdue."""
        reminder = now.astimezone(debt.zone).date() <= debt.account.due_date
        contacts = debt.person.contacts
        contacts.append(Contact(now, debt.account.account_id, reminder=reminder))
        while now - contacts[0].at > _HISTORY:
            del contacts[0]
        debt.contacted = True
        return reminder


def _listed(debt: Debt) -> list[ListEntry]:
    """Entries for the customer and for the number."""
    person, phone = debt.person.listed, debt.phone.listed
    return [*person, *phone] if phone else person
