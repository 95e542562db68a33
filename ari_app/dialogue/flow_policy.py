"""What a flow may agree to: days of a promise, instalments, deferral, ways to pay (requirements F1, F9, F10)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from itertools import compress

from ari_app.dialogue.flow_conditions import Condition
from ari_app.domain.account import Treatment
from ari_app.domain.plan import InstalmentOption, InstalmentTerms, instalment_terms

SERVICE_REMINDER, FORMAL_COLLECTION, BY_STAGE = "service_reminder", "formal_collection", "by_stage"
#: The statement of a flow's calls; by stage: a formal one where the case has come to that.
STATEMENT_MODES = (SERVICE_REMINDER, FORMAL_COLLECTION, BY_STAGE)


@dataclass(frozen=True, slots=True)
class Policy:
    """The limits of a flow; the defaults hold where its ``policy`` says nothing.

    ``least_promise`` is the smallest sum that a promise may name (a debt below it may be promised in full);
    ``most_promises`` how many payments a customer may promise at once; ``instalments`` the option table, empty: no plans;
    ``instalments_when`` the arms in which alone each of its rows holds, empty: in all; ``least_instalment_amount`` a debt
    below it gets no plan; ``first_instalment_days`` until the first rate; ``latest_deferral_days`` 0: no deferral;
    ``payment_methods`` ids of channels; ``dispute_days`` working days to an answer; ``restore_hours`` from payment until
    service is back; ``emergency_phone`` digits of the number for emergencies of the service, empty where there is none;
    ``statement_mode`` which statement calls end with, one of ``STATEMENT_MODES``.
    """

    latest_promise_days: int = 31
    least_promise: Decimal = Decimal("0.01")
    most_promises: int = 1
    instalments: tuple[InstalmentOption, ...] = ()
    instalments_when: tuple[tuple[Condition, ...], ...] = ()
    least_instalment_amount: Decimal = Decimal(0)
    first_instalment_days: int = 7
    latest_deferral_days: int = 0
    payment_methods: tuple[str, ...] = ("app", "bank_transfer")
    dispute_days: int = 3
    restore_hours: int = 24
    emergency_phone: str = ""
    statement_mode: str = SERVICE_REMINDER

    def latest(self, today: date) -> date:
        """The last day that a promise may name."""
        return today + timedelta(days=self.latest_promise_days)

    def latest_deferral(self, today: date) -> date:
        """The last day to which payment may be put off."""
        return today + timedelta(days=self.latest_deferral_days)

    def offers(self, amount: Decimal, today: date) -> tuple[InstalmentTerms, ...]:
        """Every plan that this debt may be paid by, in the order of the table."""
        if amount < self.least_instalment_amount:
            return ()
        return tuple(
            terms for option in self.instalments if (terms := self._terms(amount, option, today)) is not None
        )

    def offer(self, periods: int, amount: Decimal, today: date) -> InstalmentTerms | None:
        """The plan of so many months; None where it is not offered for this debt."""
        return next((terms for terms in self.offers(amount, today) if terms.periods == periods), None)

    def within(self, treatment: Treatment) -> Policy:
        """The policy with no more than a treatment offers."""
        months, days = treatment.instalments, treatment.deferral_days
        if months is None and days is None:
            return self
        kept = [months is None or option.periods in months for option in self.instalments]
        return replace(
            self,
            instalments=tuple(compress(self.instalments, kept)),
            instalments_when=tuple(compress(self.instalments_when, kept)),
            latest_deferral_days=self.latest_deferral_days
            if days is None
            else min(days, self.latest_deferral_days),
        )

    def _terms(self, amount: Decimal, option: InstalmentOption, today: date) -> InstalmentTerms | None:
        try:
            return instalment_terms(amount, option, today + timedelta(days=self.first_instalment_days))
        except ValueError:
            return None  # a debt of a few cents cannot be paid in twelve rates


USUAL_POLICY = Policy()
