"""What ``ari-app score`` has found of accounts: as a list, for people and for programs."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import TYPE_CHECKING

from ari_app.cli.common import console, masked_phone, print_json, written_whole

if TYPE_CHECKING:
    from ari_app.domain.account import Account
    from ari_app.domain.account_assessment import AccountAssessment
    from ari_app.domain.risk import Rule
    from ari_app.ports import AssessmentRecord
    from ari_app.services.scoring import Assessed, Tally


def write_list(path: Path, kept: list[Assessed]) -> None:
    """The accounts as a list, with what was found in columns beside it."""
    from ari_app.services.list_export import FOUND_HEADINGS, LIST_HEADINGS, found_row, list_row
    from ari_app.services.list_rejects import safe_cell

    with written_whole(path) as stream:
        stream.write("\ufeff")  # a spreadsheet takes UTF-8 for something else without it
        writer = csv.DictWriter(stream, (*LIST_HEADINGS, *FOUND_HEADINGS))
        writer.writeheader()
        for account, found in kept:
            cells = list_row(account) | found_row(found)
            # Fee items are JSON, which no spreadsheet runs, and may be longer than a cell that is shortened.
            writer.writerow(
                {key: cell if cell[:1] == "[" else safe_cell(cell) for key, cell in cells.items()}
            )


def tell(tally: Tally, dry_run: bool, json_output: bool, more: dict[str, object]) -> None:
    """What was found in numbers, for people or programs; ``more`` stands in the JSON beside it."""
    if json_output:
        print_json(
            {
                "accounts": tally.accounts,
                "scored": tally.scored,
                "refused": tally.refused,
                "changed": tally.changed,
                "risk_levels": dict(tally.levels),
                "debt_types": dict(tally.debt_types),
                "rules": dict(tally.rules),
                "early_warnings": tally.warned,
            }
            | more
        )
        return
    out = console()
    levels = ", ".join(f"{count} {name}" for name, count in sorted(tally.levels.items()))
    types = ", ".join(f"{count} {name}" for name, count in tally.debt_types.most_common())
    out.print(f"{tally.accounts} accounts, {tally.scored} with a score, {tally.warned} early warnings")
    out.print(f"risk levels: {levels or 'none'}; types of debt: {types or 'none'}")
    rules = ", ".join(f"{name} {count}" for name, count in tally.rules.most_common())
    out.print(f"decided by: {rules or 'no rule'}")
    if tally.refused:
        out.print(f"{tally.refused} rows were refused")
    out.print("worked out, nothing stored" if dry_run else f"{tally.changed} accounts changed in the store")


def warning_object(account: Account, found: AccountAssessment, *, full: bool) -> dict[str, object]:
    """An early warning for programs."""
    return {
        "customer_id": account.customer_id,
        "account_id": account.account_id,
        "bill_id": account.bill_id,
        "phone": masked_phone(account.phone, full),
        "due_date": account.due_date.isoformat(),
        "score": found.score,
        "score_model": found.score_model,
        "rule": found.warning.rule if found.warning is not None else "",
        "reasons": list(found.reasons),
        "risk_level": found.risk_level.value,
    }


def record_object(record: AssessmentRecord) -> dict[str, object]:
    """A stored finding for programs."""
    found = record.assessment
    return {
        "account_id": found.key[1],
        "bill_id": found.key[2],
        "due_date": record.due_date.isoformat(),
        "at": record.at,
        "score": found.score,
        "score_model": found.score_model,
        "reasons": list(found.reasons),
        "risk_level": found.risk_level.value,
        "risk_rule": found.risk_level.rule,
        "debt_type": found.debt_type.value,
        "debt_type_rule": found.debt_type.rule,
        "warning_rule": found.warning.rule if found.warning is not None else "",
    }


def when_text(rule: Rule) -> str:
    """The conditions of a rule in one line."""
    parts = []
    for condition in rule.conditions:
        if condition.flag is not None:
            parts.append(f"{condition.fact} {'yes' if condition.flag else 'no'}")
        elif condition.words:
            parts.append(f"{condition.fact} {', '.join(sorted(condition.words))}")
        else:
            low = "" if condition.least is None else f">= {condition.least:g}"
            high = "" if condition.most is None else f"<= {condition.most:g}"
            parts.append(f"{condition.fact} {' and '.join(filter(None, (low, high)))}")
    return "; ".join(parts) or "always"
