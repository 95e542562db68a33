"""What a call leaves standing about a customer: flags and lists that hold for every campaign (requirements C19, F16)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ari_app.domain.call_result import ConversationResult
from ari_app.domain.contact_facts import Flag, ListKind


@dataclass(frozen=True, slots=True)
class FlagFound:
    """A flag to be set: for the whole customer, or for the account that the call was about."""

    flag: Flag
    whole_customer: bool


#: By the end of a call. What was only said is believed until somebody has looked: a call too few harms nobody.
_FLAGS: Mapping[str, FlagFound] = {
    "disputed": FlagFound(Flag.DISPUTE, whole_customer=False),
    "already_paid": FlagFound(Flag.PAID, whole_customer=False),
    "deceased": FlagFound(Flag.DECEASED, whole_customer=True),
    "minor": FlagFound(Flag.GUARDIAN, whole_customer=True),
}

#: Ends after which people, and no machine, speak to the customer.
_FOR_PEOPLE = frozenset({"complaint", "distress"})


def flags_after(disposition: str, conversation: ConversationResult | None) -> tuple[FlagFound, ...]:
    """The flags that a call sets. A dispute counts also where the call ended with something else."""
    ends = [disposition] if conversation is None else [disposition, conversation.result]
    if conversation is not None and conversation.dispute is not None:
        ends.append("disputed")
    return tuple(dict.fromkeys(_FLAGS[end] for end in ends if end in _FLAGS))


def lists_after(disposition: str, conversation: ConversationResult | None) -> tuple[ListKind, ...]:
    """The lists that a call puts the customer on, beside the do-not-contact list."""
    ends = {disposition} if conversation is None else {disposition, conversation.result}
    return (ListKind.COMPLAINT,) if ends & _FOR_PEOPLE else ()
