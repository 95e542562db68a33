"""Everything that happened to a customer or one of his accounts, in order, each entry with where it comes from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol


class Source(StrEnum):
    """Where an entry comes from. At the same instant, entries stand in the order in which these stand here."""

    STATEMENT = "statement"
    """A list or the billing system stated what is owed."""
    CAMPAIGN = "campaign"
    ASSESSMENT = "assessment"
    """A score model and the risk rules; the last one only."""
    REFUSAL = "refusal"
    """A rule forbade a contact; refusals of one rule on one day (UTC) are one entry."""
    CONTACT = "contact"
    """A call."""
    MESSAGE = "message"
    REPLY = "reply"
    """What the customer wrote."""
    PAGE = "page"
    """Links to the page of a bill, what was done there, payments that were begun."""
    PROMISE = "promise"
    PLAN_REQUEST = "plan_request"
    PLAN = "plan"
    DISPUTE_CLAIM = "dispute_claim"
    DISPUTE = "dispute"
    LEDGER = "ledger"
    """Payments, reversals, waivers, credits and fees."""
    NOTICE = "notice"
    """What a provider told that no ledger holds: refused, or of no known bill."""
    SERVICE = "service"
    """Orders to suspend and to restore a service."""
    CASE = "case"
    """A case over 90 days."""
    MOVE = "move"
    """A promise, an instalment, a message or a service came into another state."""
    FLAG = "flag"
    LIST = "list"
    ALERT = "alert"
    """Something needed a person, and what was done about it."""
    EVENT = "event"
    """What webhooks are told."""


@dataclass(frozen=True, slots=True)
class TimelineEntry:
    """One thing that happened. ``ref`` names it within its source; ``account_id`` and ``bill_id`` are '' where it concerns
    the whole customer. ``what`` is the source's own word (a disposition, a rule, a kind, a state). ``fields`` hold amounts
    as Decimal, instants as aware datetime, and personal data in full: ``services.timeline.shown`` masks it.
    """

    at: datetime
    source: Source
    ref: str
    account_id: str
    bill_id: str
    what: str
    fields: Mapping[str, object] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class TimelineQuery:
    """Whose timeline: of a customer, or of one of his accounts or bills (then with what concerns the customer as a whole);
    from ``since`` on."""

    customer_id: str
    account_id: str | None = None
    bill_id: str | None = None
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Cursor:
    """The place of the last entry of a page."""

    at: datetime
    source: Source
    ref: str


@dataclass(frozen=True, slots=True)
class TimelinePage:
    """Entries in order; ``after`` where more follow."""

    entries: tuple[TimelineEntry, ...]
    after: Cursor | None


class Timeline(Protocol):
    """What happened, read page by page; entries that come while it is read turn up at their instant."""

    async def known(self, customer_id: str) -> bool:
        """Whether there is such a customer."""
        ...

    async def page(
        self, query: TimelineQuery, after: Cursor | None = None, limit: int = 200
    ) -> TimelinePage: ...
