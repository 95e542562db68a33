"""Assessing accounts: the score of a model, risk level and type of debt by rules, early warnings.

Of a campaign's accounts in the store, where strategies see what was found, or of a list, which comes out with it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from ari_app.domain.account import Account
from ari_app.domain.account_assessment import WARN_HOURS, AccountAssessment, assess_account
from ari_app.domain.behaviour import History
from ari_app.domain.risk import RiskTable
from ari_app.domain.score_model import ScoreModel
from ari_app.errors import InputError, Problem
from ari_app.ports import Store
from ari_app.services.account_row import FieldFault, RowDefaults, read_row
from ari_app.services.list_columns import match_columns
from ari_app.services.list_files import open_list
from ari_app.services.list_rows import Row

BATCH = 1000
Assessed = tuple[Account, AccountAssessment]


@dataclass(frozen=True, slots=True)
class Assessor:
    """What accounts are assessed with; without a model and a history the rules alone speak."""

    table: RiskTable
    now: datetime
    model: ScoreModel | None = None
    histories: Mapping[tuple[str, str], History] = field(default_factory=dict, repr=False)
    warn_hours: float = WARN_HOURS

    def assess(self, account: Account) -> AccountAssessment:
        """What is found of an account as its list says it."""
        history = self.histories.get((account.customer_id, account.account_id))
        return assess_account(account, self.now, self.table, self.model, history, self.warn_hours)


@dataclass(slots=True)
class Tally:
    """What was found, in numbers. ``changed``: accounts of the store that a strategy now sees differently."""

    accounts: int = 0
    scored: int = 0
    warned: int = 0
    changed: int = 0
    refused: int = 0
    levels: Counter[str] = field(default_factory=Counter)
    debt_types: Counter[str] = field(default_factory=Counter)
    rules: Counter[str] = field(default_factory=Counter)

    def count(self, found: AccountAssessment) -> None:
        """Count one account in."""
        self.accounts += 1
        self.scored += found.score is not None
        self.warned += found.warning is not None
        self.levels[found.risk_level.value] += 1
        self.debt_types[found.debt_type.value] += 1
        self.rules[found.risk_level.rule] += 1


async def assess_campaign(
    store: Store,
    campaign_id: str,
    assessor: Assessor,
    told: Callable[[Assessed], None],
    *,
    dry_run: bool = False,
) -> Tally:
    """Assess the accounts of a campaign that are still to be called, tell each, and (unless ``dry_run``) keep it.

    Kept in batches; a run that broke off is simply done again. Raises InputError for an unknown campaign.
    """
    if await store.campaign(campaign_id) is None:
        problem = Problem(campaign_id[:100], "campaign", "does not exist", "an id that campaign list shows")
        raise InputError([problem])
    tally = Tally()
    batch: list[AccountAssessment] = []

    async def keep() -> None:
        if not dry_run:
            keep_scores = assessor.model is None
            tally.changed += await store.record_assessments(batch, assessor.now, keep_scores=keep_scores)
        batch.clear()

    async for account in store.iter_accounts(campaign_id, listed=True):
        found = assessor.assess(account)
        tally.count(found)
        told((account, found))
        batch.append(found)
        if len(batch) == BATCH:
            await keep()
    await keep()
    return tally


def assess_list(
    path: Path, assessor: Assessor, defaults: RowDefaults, refused: Callable[[int, list[FieldFault]], None]
) -> Iterator[Assessed]:
    """Every good account of a list with what is found of it; a row with a fault goes to ``refused``.

    Raises InputError where the file is no list.
    """
    listing = open_list(path)
    try:
        columns = match_columns(listing.headings, {}, listing.source)
        for row in listing.rows:
            if not isinstance(row, Row):
                refused(row.number, [FieldFault("row", row.wrong, row.allowed)])
                continue
            typed = not listing.headings
            here = match_columns(tuple(row.cells), {}, "", require=False) if typed else columns
            account = read_row({name: row.cells.get(at) for name, at in here.items()}, defaults, typed=typed)
            if isinstance(account, Account):
                yield account, assessor.assess(account)
            else:
                refused(row.number, account)
    finally:
        listing.close()


def with_assessment(account: Account, found: AccountAssessment) -> Account:
    """The account as strategies see it: what its list says goes first, then what was found."""
    details = account.details
    own = details.score is not None
    return replace(
        account,
        details=replace(
            details,
            risk_level=details.risk_level or found.risk_level.value,
            debt_type=details.debt_type or found.debt_type.value,
            score=details.score if own else found.score,
            score_model=details.score_model if own else found.score_model,
            early_warning=details.early_warning or found.warning is not None,
        ),
    )
