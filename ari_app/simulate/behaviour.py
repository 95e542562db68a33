"""What comes of a call or a message: drawn by the hour, the customer and the number; its meaning is the product's own.

Each end of a call is a ``CallEnd`` as the network and the conversation would have given it; the disposition table says what
it is, ``domain/standing.py`` what it leaves behind.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from ari_app.domain.call_result import ConversationResult
from ari_app.domain.contact_facts import ListKind, is_conversation
from ari_app.domain.disposition import CallEnd, DispositionKind, DispositionTable, classify
from ari_app.domain.standing import FlagFound, flags_after, lists_after
from ari_app.simulate import assumptions as assumed
from ari_app.simulate.dice import Choices, Dice
from ari_app.simulate.state import Debt

_WEEKEND = 5


@dataclass(frozen=True, slots=True)
class Outcome:
    """An end of a call, by name, with all that follows from it."""

    name: str
    kind: DispositionKind
    end: CallEnd
    talk: ConversationResult | None
    conversation: bool
    flags: tuple[FlagFound, ...]
    lists: tuple[ListKind, ...]

    @property
    def person(self) -> bool:
        """Whether a person answered."""
        return self.talk is not None


#: Ends that the network tells: SIP status, Q.850 cause, what was heard.
_NETWORK: Mapping[str, CallEnd] = {
    "no_answer": CallEnd(True, False, True, 487, None, None, None, "ring_timeout"),
    "busy": CallEnd(True, False, True, 486, 17),
    "switched_off": CallEnd(True, False, True, 480, 20, "switched_off"),
    "out_of_reach": CallEnd(True, False, True, 480, 20, "out_of_reach"),
    "suspended": CallEnd(True, False, True, 480, 31, "suspended"),
    "empty_number": CallEnd(True, False, True, 404, 1, "empty_number"),
    "rejected": CallEnd(True, False, True, 603, 21),
    "congestion": CallEnd(True, False, True, 503, 34),
    "call_barred": CallEnd(True, False, True, 403, 57),
    "voicemail": CallEnd(True, True, True, 200, 16, "voicemail"),
    "call_assistant": CallEnd(True, True, True, 200, 16, "call_assistant"),
}
#: Talks in which nobody proves to be the customer.
_UNVERIFIED = frozenset(
    {"third_party", "hung_up", "no_input", "not_verified", "wrong_person", "deceased", "recording_refused"}
)
_MENTIONED_STOP = frozenset({"stop_calling"})


def outcomes_of(table: DispositionTable) -> Mapping[str, Outcome]:
    """Every end of a call, by its name, as this disposition table takes it."""
    found = {name: _outcome(table, name, end, None) for name, end in _NETWORK.items()}
    talks = {name for kind in assumed.DEBTORS.values() for name in kind.talks}
    for name in sorted(talks | _UNVERIFIED):
        verified = name not in _UNVERIFIED
        talk = ConversationResult(name, verified, do_not_contact=name in _MENTIONED_STOP)
        end = CallEnd(True, True, True, 200, 16, None, name)
        found[name] = _outcome(table, name, end, talk)
    found["forbidden"] = _outcome(
        table, "forbidden", CallEnd(False, False, False, reason="dial_forbidden"), None
    )
    return found


def _outcome(table: DispositionTable, name: str, end: CallEnd, talk: ConversationResult | None) -> Outcome:
    kind = classify(table, end)
    return Outcome(
        name,
        kind,
        end,
        talk,
        talk is not None and is_conversation(talk.result, talk.verified),
        flags_after(kind.name, talk),
        lists_after(kind.name, talk),
    )


@dataclass(frozen=True, slots=True)
class Dialled:
    """What comes of a dial: after ``ring_s`` seconds an answer or the end, then ``talk_s`` seconds."""

    outcome: Outcome
    ring_s: float
    talk_s: float


class Behaviour:
    """How the called behave."""

    def __init__(self, outcomes: Mapping[str, Outcome], dice: Dice) -> None:
        self.outcomes = outcomes
        self._dice = dice
        self._unanswered = Choices(assumed.UNANSWERED)
        self._talks = {name: Choices(kind.talks) for name, kind in assumed.DEBTORS.items()}

    def dialled(self, debt: Debt, local: datetime, ring_timeout_s: float) -> Dialled:
        """What comes of a dial at an instant on the customer's wall clock."""
        dice = self._dice
        name, ring = self._answer(debt, local)
        low, high = assumed.RING_S["person" if ring == "person" else name] if ring else (0.0, 0.0)
        ring_s = min(dice.between(low, high), ring_timeout_s) if ring else ring_timeout_s
        if ring == "person":
            name = self._talk(debt)
        talk_s = assumed.TALK_S.get(name, 0.0) * dice.between(0.4, 1.6)
        return Dialled(self.outcomes[name], round(ring_s, 3), round(talk_s, 3))

    def _answer(self, debt: Debt, local: datetime) -> tuple[str, str]:
        """The network's end of the call, or ``person``; and whose ringing time holds ('': until it is given up)."""
        dice, condition = self._dice, debt.phone.condition
        if condition == "empty":
            return "empty_number", "empty_number"
        if condition == "suspended" or debt.suspended:
            return "suspended", "suspended"
        likely = assumed.ANSWERS_BY_HOUR[local.hour]
        if local.weekday() >= _WEEKEND:
            likely *= assumed.ANSWERS_ON_WEEKENDS
        likely *= assumed.ANSWERS_BY_AGE.get(debt.person.age_band, 1.0)
        likely *= assumed.ANSWERS_BY_RISK.get(debt.person.risk_level, 1.0)
        likely *= assumed.ANSWERS_AGAIN ** (debt.dials_made - 1)
        if dice.chance(min(likely, 0.95)):
            return "person", "person"
        name = dice.pick(self._unanswered)
        return name, "" if name == "no_answer" else name

    def _talk(self, debt: Debt) -> str:
        """How it ends once a person has answered."""
        dice = self._dice
        if debt.phone.condition == "wrong":
            return "wrong_person" if dice.chance(assumed.SAYS_WRONG_PERSON) else "hung_up"
        drawn = dice.share()
        for name, share in assumed.NOT_THE_CUSTOMER.items():
            if drawn < share:
                return name
            drawn -= share
        return dice.pick(self._talks[debt.debt_type])

    def pays_after(self, debt: Debt, what: str) -> float | None:
        """In how many days a talk or a message leads to a payment; None where it does not."""
        likely, days = assumed.PAYS_AFTER.get(what, (0.0, 0.0))
        if not self._dice.chance(likely * assumed.DEBTORS[debt.debt_type].follows):
            return None
        return self._dice.waiting(days)
