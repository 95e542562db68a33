"""Facts for tests of the verdict, and the packs that ship in a world without holidays."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from ari_app.domain import compliance
from ari_app.domain.account import Account
from ari_app.domain.calendar import Calendar
from ari_app.domain.campaign import Campaign, CampaignStatus, CampaignStrategy, DiallerSpec
from ari_app.domain.compliance import ContactFacts, DialVerdict
from ari_app.domain.contact_facts import Contact, Flag, StandingFlag
from ari_app.domain.rule_pack import RuleBook, Rules
from tests.support.rules import shipped

DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)

#: Every year confirmed and no holiday at all, so that the clocks alone have a say.
ANY_YEAR = Calendar("any", dict.fromkeys(range(1, 10000), "a test"))


def any_year(book: RuleBook) -> RuleBook:
    """The packs, in force since ever, with the calendar of no holidays."""
    return RuleBook(
        {
            name: Rules(
                replace(rules.pack, versions=(replace(rules.pack.versions[-1], since=date.min),)), ANY_YEAR
            )
            for name, rules in book.rules.items()
        }
    )


BOOK = any_year(shipped())


def decide(given_facts: ContactFacts, now: datetime) -> DialVerdict:
    """The verdict by the packs that ship, in whatever year."""
    return compliance.decide(BOOK, given_facts, now)


def dials(*at: datetime) -> tuple[Contact, ...]:
    """Contacts in which nobody was reached."""
    return tuple(Contact(each, "acc-1") for each in sorted(at))


#: Monday 2026-11-23, 10:00 in China.
MONDAY = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)


def account(**changes: object) -> Account:
    fields: dict[str, object] = {
        "customer_id": "cust-1",
        "account_id": "acc-1",
        "bill_id": "bill-1",
        "name": "n",
        "phone": "+8613800000001",
        "amount_due": Decimal("100.00"),
        "due_date": date(2026, 10, 1),
        "aging_bucket": "D31-D60",
    }
    return Account(**{**fields, **changes})  # type: ignore[arg-type]


def campaign(
    strategy: CampaignStrategy | None = None, status: CampaignStatus = CampaignStatus.RUNNING
) -> Campaign:
    return Campaign("c1", "c", strategy or CampaignStrategy(), DiallerSpec(), status=status)


def facts(**changes: object) -> ContactFacts:
    fields: dict[str, object] = {"account": account(), "campaign": campaign()}
    return ContactFacts(**{**fields, **changes})  # type: ignore[arg-type]


def flag(name: Flag, account_id: str = "") -> dict[str, object]:
    """Facts with one flag."""
    return {"flags": (StandingFlag(name, "a letter", MONDAY, account_id),)}
