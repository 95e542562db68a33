"""Which plans an account may be offered: the policy of its flow, narrowed by its strategy (requirements F9, F10, X12)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal

from ari_app.dialogue.flow_policy import Policy
from ari_app.domain.call_result import PlanKind, PlanRequest
from ari_app.domain.compliance import ContactFacts, zone_of
from ari_app.domain.plan import InstalmentTerms
from ari_app.errors import InputError, Problem


@dataclass(frozen=True, slots=True)
class PlanOffers:
    """What is offered for a bill today: plans in instalments, and until which day payment may be put off (None: not)."""

    instalments: tuple[InstalmentTerms, ...]
    latest_deferral: date | None

    def instalment(self, periods: int) -> InstalmentTerms | None:
        """The plan of so many months."""
        return next((each for each in self.instalments if each.periods == periods), None)

    def allows(self, wish: PlanRequest) -> bool:
        """Whether a wish asks for no more than is offered. Waivers are nobody's offer: people decide about them."""
        match wish.kind:
            case PlanKind.WAIVER:
                return True
            case PlanKind.DEFERRAL:
                latest = self.latest_deferral
                return latest is not None and wish.until is not None and wish.until <= latest
            case PlanKind.INSTALLMENT:
                terms = self.instalment(wish.periods)
                return terms is not None and (terms.monthly, terms.last, terms.fee) == (
                    wish.monthly,
                    wish.last,
                    wish.fee,
                )


def best_offers(
    facts: Sequence[ContactFacts], policy_of: Callable[[str], Policy], now: datetime
) -> PlanOffers:
    """The offers for one bill by its facts in each of its campaigns: those of the first campaign that offers anything.

    ``policy_of`` gives the policy of a flow by its name. ``ValueError`` where the bill is in no campaign.
    """
    if not facts:
        raise ValueError("a bill that is in no campaign is offered nothing")
    found = [offers_for(each, policy_of(each.campaign.strategy.flow), now) for each in facts]
    return next((each for each in found if each.instalments or each.latest_deferral), found[0])


def plan_wish(
    kind: PlanKind,
    offers: PlanOffers,
    currency: str,
    *,
    periods: int = 0,
    until: date | None = None,
    waived: Decimal | None = None,
) -> PlanRequest:
    """A plan in the terms that are offered: ``periods`` (instalments), ``until`` a day (deferral), or so much ``waived``.

    Raises InputError for a number of periods that is not offered.
    """
    match kind:
        case PlanKind.INSTALLMENT:
            terms = offers.instalment(periods)
            if terms is None:
                offered = ", ".join(str(each.periods) for each in offers.instalments)
                wrong = f"{periods} are not offered for this bill"
                raise InputError([Problem("months", "", wrong, offered or "no instalments at all")])
            return terms.request(currency)
        case PlanKind.DEFERRAL:
            return PlanRequest(kind, currency, until=until)
        case PlanKind.WAIVER:
            return PlanRequest(kind, currency, waived=waived)


def offers_for(facts: ContactFacts, policy: Policy, now: datetime) -> PlanOffers:
    """The offers for the bill of an account in a campaign; ``policy`` is that of the flow its calls follow."""
    account = facts.account
    today = now.astimezone(zone_of(account.timezone) or UTC).date()
    narrowed = policy.within(account.treatment)
    return PlanOffers(
        instalments=narrowed.offers(account.amount_due, today) if account.amount_due > Decimal(0) else (),
        latest_deferral=narrowed.latest_deferral(today) if narrowed.latest_deferral_days else None,
    )
