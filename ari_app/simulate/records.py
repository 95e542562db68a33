"""The lines of the files: JSON with the instant first, so that sorted lines are in the order of time."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from decimal import Decimal
from functools import lru_cache

from ari_app.domain.compliance import DialVerdict
from ari_app.domain.contact_facts import Flag
from ari_app.domain.record import EXPORT_FIELDS
from ari_app.domain.segment import Segment
from ari_app.domain.strategy import tone_of
from ari_app.domain.triggers import DueStep
from ari_app.simulate.behaviour import Dialled
from ari_app.simulate.state import Debt, Person, Phone

Write = Callable[[str], object]

#: Fields of contacts.jsonl beside those of ``attempts export``.
CONTACT_FIELDS: tuple[str, ...] = (
    "at",
    *EXPORT_FIELDS,
    "strategy_version",
    "ring_s",
    "ring_timeout_s",
    "reminder",
    "conversation",
    "verdict",
)
EVENTS: tuple[str, ...] = (
    "paid",
    "part_paid",
    "dispute_opened",
    "dispute_closed",
    "opt_out",
    "dnc_added",
    "promise_made",
    "promise_broken",
    "callback_requested",
    "conversation",
    "wrong_number",
    "deceased",
    "suspended",
    "restored",
)
#: Of the refusals of a rule in a shard the first that many are kept, and then every so many.
KEPT_FIRST, KEPT_EVERY = 20, 100

#: Characters of ``2026-10-12T01:00:00.000000``.
_NAIVE = 26

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), check_circular=False).encode


def utc_text(at: datetime) -> str:
    """An instant as the files have it: always as long, so that texts sort as times do."""
    if at.tzinfo is not UTC:
        at = at.astimezone(UTC)
    return at.isoformat(timespec="microseconds")[:_NAIVE] + "Z"


@dataclass(slots=True)
class Contacted:
    """A contact to be written at once: a call or a message. ``planned`` and ``dialled`` are the two verdicts."""

    attempt_id: str
    number: int
    channel: str
    caller_id: str
    reserved_at: datetime
    at: datetime
    ended_at: datetime
    planned: DialVerdict
    dialled: DialVerdict
    segment: Segment
    due: DueStep | None
    strategy: str
    strategy_version: str
    ring_timeout_s: float
    reminder: bool
    disposition: str
    came: Dialled | None = None
    answered_at: datetime | None = None
    next_at: datetime | None = None
    next_reason: str = ""
    promise: Mapping[str, object] | None = None
    callback: Mapping[str, object] | None = None


class Records:
    """Writes the lines of one shard."""

    def __init__(self, accounts: Write, events: Write, contacts: Write, verdicts: Write) -> None:
        self._accounts, self._events = accounts, events
        self._contacts, self._verdicts = contacts, verdicts
        self._refused: Counter[str] = Counter()
        self._triggers: dict[tuple[str, str], str] = {}

    def account(self, debt: Debt) -> None:
        """The facts of an account at the start."""
        account, person, details = debt.account, debt.person, debt.account.details
        standing = [
            each.flag.value
            for each in person.flags
            if each.flag is not Flag.CONSENT and each.account_id in ("", account.account_id)
        ]
        self._accounts(
            _encode(
                {
                    "customer_id": account.customer_id,
                    "account_id": account.account_id,
                    "bill_id": account.bill_id,
                    "phones": list(account.phones),
                    "timezone": account.timezone,
                    "zones_of_number": list(debt.zones),
                    "language": account.language,
                    "amount_due": str(account.amount_due),
                    "currency": account.currency,
                    "due_date": account.due_date.isoformat(),
                    "aging_bucket": account.aging_bucket,
                    "dnc": person.dnc,
                    "consent": person.consent,
                    "standing": standing,
                    "preferred_windows": [str(window) for window in account.preferred_windows],
                    "region": person.region,
                    "age_band": person.age_band,
                    "debt_type": debt.debt_type,
                    "risk_level": person.risk_level,
                    "customer_level": details.customer_level,
                    "service": details.service,
                }
            )
            + "\n"
        )

    def event(self, at: datetime, event: str, person: Person, debt: Debt | None, **more: object) -> None:
        """Something that happened; ``debt`` None: to the customer, not to one account."""
        self._events(
            _encode(
                {
                    "at": utc_text(at),
                    "customer_id": person.customer_id,
                    "account_id": None if debt is None else debt.account.account_id,
                    "event": event,
                    **more,
                }
            )
            + "\n"
        )

    def of_number(self, at: datetime, event: str, phone: Phone, **more: object) -> None:
        """Something that holds for everybody who has a number."""
        for person in phone.people:
            self.event(at, event, person, None, phone=phone.number, **more)

    def contact(self, debt: Debt, made: Contacted) -> None:
        """A dial or a message, with what came of it."""
        account, came, zone = debt.account, made.came, debt.zone
        talk = None if came is None else came.outcome.talk
        at, promise = utc_text(made.at), _json(made.promise)
        wall = _on_the_wall(made.at, zone)
        ended = wall if made.ended_at is made.at else _on_the_wall(made.ended_at, zone)
        decided = at if made.dialled.decided_at == made.at else utc_text(made.dialled.decided_at)
        self._contacts(
            _line(
                {
                    "at": f'"{at}"',
                    "attempt_id": _quoted(made.attempt_id),
                    "campaign_id": '"simulation"',
                    "customer_id": _quoted(account.customer_id),
                    "account_id": _quoted(account.account_id),
                    "bill_id": _quoted(account.bill_id),
                    "phone": _quoted(account.phone),
                    "caller_id": _quoted(made.caller_id),
                    "channel": _quoted(made.channel),
                    "attempt": str(made.number),
                    "reserved_at": _on_the_wall(made.reserved_at, zone),
                    "dialled_at": wall,
                    "answered_at": _on_the_wall(made.answered_at, zone),
                    "ended_at": ended,
                    "timezone": _quoted(account.timezone),
                    "sip_status": "null" if came is None else _number(came.outcome.end.sip_status),
                    "q850_cause": "null" if came is None else _number(came.outcome.end.q850_cause),
                    "disposition": _quoted(made.disposition),
                    "talk_seconds": "0.0" if came is None else _number(came.talk_s),
                    "strategy": _quoted(f"{made.strategy}/{made.strategy_version}"),
                    "tone": _quoted(tone_of(made.segment, None if made.due is None else made.due.step)),
                    "rule_pack": _quoted(f"{made.dialled.rule_pack}/{made.dialled.rule_pack_version}"),
                    "next_attempt_at": _on_the_wall(made.next_at, zone),
                    "next_attempt_reason": _quoted(made.next_reason) if made.next_reason else "null",
                    "promise": promise,
                    "promises": "[]" if made.promise is None else f"[{promise}]",
                    "callback": _json(made.callback),
                    "result": "null" if talk is None else _json(talk.result),
                    "verified": "null" if talk is None else _TRUTH[talk.verified],
                    "variants": "{}",
                    "segment": _quoted(made.segment.name),
                    "step": "null" if made.due is None else _quoted(made.due.step.name),
                    "trigger": "null" if made.due is None else self._trigger(made.due),
                    "strategy_version": _quoted(made.strategy_version),
                    "ring_s": "null" if came is None else _number(came.ring_s),
                    "ring_timeout_s": "null" if came is None else _number(made.ring_timeout_s),
                    "reminder": _TRUTH[made.reminder],
                    "conversation": _TRUTH[came is not None and came.outcome.conversation],
                    "verdict": f'{{"plan":{_asked(made.planned, utc_text(made.planned.decided_at))},'
                    f'"dial":{_asked(made.dialled, decided)}}}',
                }
            )
        )

    def _trigger(self, due: DueStep) -> str:
        key = (due.segment.name, due.step.name)
        found = self._triggers.get(key)
        if found is None:
            found = self._triggers[key] = _quoted(str(due.step.when))
        return found

    def refusal(self, debt: Debt, verdict: DialVerdict, asked: str, channel: str) -> None:
        """A refusal; a sample of them is kept."""
        rule = verdict.rule.value
        count = self._refused[rule] = self._refused[rule] + 1
        if count > KEPT_FIRST and count % KEPT_EVERY:
            return
        account = debt.account
        self._verdicts(
            _encode(
                {
                    "at": utc_text(verdict.decided_at),
                    "customer_id": account.customer_id,
                    "account_id": account.account_id,
                    "asked": asked,
                    "channel": channel,
                    "rule": rule,
                    "reason": verdict.reason,
                    "until": None if verdict.until is None else utc_text(verdict.until),
                    "rule_pack": f"{verdict.rule_pack}/{verdict.rule_pack_version}",
                }
            )
            + "\n"
        )


# A contact's line is put together from texts: an encoder that has to look what each value is takes twice as long.

_quoted: Callable[[str], str] = _encode
_TRUTH = ("false", "true")


def _number(value: float | None) -> str:
    return "null" if value is None else repr(value)


def _json(value: str | Mapping[str, object] | None) -> str:
    return "null" if value is None else _encode(value)


def _on_the_wall(at: datetime | None, zone: tzinfo) -> str:
    """As ``local_iso`` of a zone that is known."""
    return "null" if at is None else f'"{at.astimezone(zone).isoformat()}"'


def _asked(verdict: DialVerdict, at: str) -> str:
    return f'{{"rule":"{verdict.rule.value}","at":"{at}"}}'


@lru_cache(maxsize=8)
def _form(known: tuple[str, ...]) -> str:
    """A contact's line with a place for every field that is known, and null for the others."""
    others = "".join(f',"{name}":null' for name in CONTACT_FIELDS if name not in known)
    return "{" + ",".join(f'"{name}":%s' for name in known) + others + "}\n"


def _line(found: dict[str, str]) -> str:
    """A contact's line of the JSON texts of its fields."""
    return _form(tuple(found)) % tuple(found.values())


def promise_text(amount: Decimal, currency: str, day: str) -> dict[str, object]:
    """A promise as ``attempts export`` has it."""
    return {"amount": str(amount), "currency": currency, "date": day, "channel": "", "confidence": 1.0}
