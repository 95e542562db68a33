"""What is known of a customer at the moment of deciding: lists, standing, contacts so far."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from ari_app.domain.account import Account
from ari_app.domain.campaign import Campaign
from ari_app.domain.numbers import NumberState
from ari_app.domain.strategy_book import NOWHERE, Placement
from ari_app.domain.verdict import Refusal


class ListKind(StrEnum):
    """A governed list of numbers and customers (requirements A21, A22)."""

    DO_NOT_CONTACT = "do_not_contact"
    """Does not want to be contacted, or a register says so."""
    BLACK = "black"
    """The company has decided not to call."""
    COMPLAINT = "complaint"
    """Has complained: a person handles it, no machine calls."""
    SPECIAL = "special"
    """Treated by a strategy of his own, such as repeatedly broken promises. Refuses nothing."""
    WHITE = "white"
    """Known as an exception to strategies. Refuses nothing, and lifts no rule."""


class Flag(StrEnum):
    """What stands in the way of calling a customer (or about one of his accounts), until somebody clears it."""

    DISPUTE = "dispute"
    PAID = "paid"
    DECEASED = "deceased"
    BANKRUPT = "bankrupt"
    REPRESENTED = "represented"
    """A lawyer speaks for him."""
    GUARDIAN = "guardian"
    """Only a guardian may be spoken to."""
    NO_CONSENT = "no_consent"
    """Consent was refused or taken back."""
    HANDED_OVER = "handed_over"
    """An agency or a law firm has the case. Nobody sets it: it follows from the case, and ends with it."""
    CONSENT = "consent"
    """Consent is on record: what a pack may demand; it stands in nobody's way."""


@dataclass(frozen=True, slots=True)
class ListEntry:
    """An entry that is in force: the list, where it came from, and when it lapses (None: never)."""

    kind: ListKind
    source: str
    expires_at: datetime | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class StandingFlag:
    """A flag that is set, where it came from, and since when. ``account_id`` '' is the whole customer."""

    flag: Flag
    source: str
    since: datetime
    account_id: str = ""


@dataclass(frozen=True, slots=True)
class Contact:
    """A contact with a customer, over whatever campaign, number or channel.

    ``at`` is when the INVITE left (a message: when it was sent), ``account_id`` the debt that it was about.
    ``conversation``: somebody who may be the customer was talked to. ``reminder``: it was not after the due date.
    """

    at: datetime
    account_id: str = ""
    conversation: bool = False
    reminder: bool = False


@dataclass(frozen=True, slots=True)
class RunningPlan:
    """A plan of the bill that runs and is kept: nobody asks for the rest before ``until``, when the day of its next
    instalment is over where the customer lives (UTC; None: no instalment is left)."""

    kind: str
    until: datetime | None


@dataclass(frozen=True, slots=True)
class ContactFacts:
    """What the store knows at the moment of deciding.

    ``zones`` are time zones in which the number may be, beside that of the account: a call must be lawful in all of them.
    ``contacts`` of the customer ascend by time and reach back 62 days. ``attempts_made`` counts dials to the customer in
    this campaign; ``due_at`` is the planned time of the next one. ``number_dead`` is the disposition by which the number
    is never dialled again. ``account.phone`` is the number that would be dialled; ``numbers`` has the state of each, in the
    order of the list, where the customer has several. ``message_channel``: the company can write to this customer;
    ``contacted_before``: this debt has been the subject of a contact already. ``plan``: one of the bill runs, and is kept.

    Where the campaign names a strategy file, ``campaign`` has what it says of the account's segment, ``by_strategy`` is why
    it refuses, ``placement`` which version, segment and step that is; ``made_in_segment`` and ``made_in_step`` count the
    dials of this segment and step, None without a file.
    """

    account: Account
    campaign: Campaign
    zones: Sequence[str] = ()
    listed: Sequence[ListEntry] = ()
    flags: Sequence[StandingFlag] = ()
    number_dead: str | None = None
    account_open: bool = True
    open_attempt: bool = False
    attempts_made: int = 0
    due_at: datetime | None = None
    contacts: Sequence[Contact] = field(default=(), repr=False)
    has_caller_id: bool = True
    message_channel: bool = False
    contacted_before: bool = False
    numbers: Sequence[NumberState] = field(default=(), repr=False)
    plan: RunningPlan | None = None
    by_strategy: Refusal | None = None
    placement: Placement = NOWHERE
    made_in_segment: int | None = None
    made_in_step: int | None = None


#: Ends of a conversation in which nobody was talked to who may have been the customer.
_NOBODY = frozenset({"abandoned", "no_input", "hung_up", "wrong_person", "third_party"})


def is_conversation(result: str | None, verified: bool) -> bool:
    """Whether a call was a conversation with the customer, by what it ended with (None: nobody was talked to).

    In doubt it was one: who did not prove who he is may still have been the customer.
    """
    return result is not None and (verified or result not in _NOBODY)


#: Ends by which what was said is lost: with the controller or Asterisk, and with our own side of an answered call.
_LOST = frozenset({"interrupted", "gone"})
_LOST_IF_ANSWERED = frozenset({"conversation_failed", "internal_error"})


def may_have_talked(reason: str | None, answered: bool) -> bool:
    """Whether a call without a result may have been a conversation all the same, by the reason of its end."""
    return reason in _LOST or (answered and reason in _LOST_IF_ANSWERED)
