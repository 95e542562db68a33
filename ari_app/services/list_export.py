"""Accounts as rows of a list that can be loaded again."""

from __future__ import annotations

import json

from ari_app.domain.account import Account
from ari_app.domain.account_assessment import AccountAssessment
from ari_app.services.account_row import ADDRESS_FIELDS, FIELDS

LIST_HEADINGS: tuple[str, ...] = tuple(FIELDS)
#: Beside them: what was found. A list leaves columns alone that are no field, so loading the file again does not make
#: of a finding what the list says.
FOUND_HEADINGS: tuple[str, ...] = (
    "foundScore",
    "foundScoreModel",
    "foundRiskLevel",
    "riskRule",
    "foundDebtType",
    "debtTypeRule",
    "warningRule",
    "reasons",
)


def list_row(account: Account) -> dict[str, str]:
    """The cells of an account under ``LIST_HEADINGS``; reading them gives the same account."""
    details = account.details
    items = [{"label": item.label, "amount": str(item.amount)} for item in details.fee_items]
    return {
        "customerId": account.customer_id,
        "name": account.name,
        "phone": account.phone,
        "phone2": "",
        "phone3": "",
        "otherPhones": ",".join(account.other_phones),
        **{name: dict(account.addresses).get(channel, "") for name, channel in ADDRESS_FIELDS.items()},
        "accountId": account.account_id,
        "billId": account.bill_id,
        "amountDue": str(account.amount_due),
        "dueDate": account.due_date.isoformat(),
        "agingBucket": account.aging_bucket,
        "preferredTimeWindow": ",".join(map(str, account.preferred_windows)),
        "language": account.language,
        "currency": account.currency,
        "timezone": account.timezone,
        "service": details.service,
        "feeItems": json.dumps(items, ensure_ascii=False) if items else "",
        "lateFee": _text(details.late_fee),
        "serviceState": details.service_state,
        "suspensionOn": _text(details.suspension_on),
        "suspensionAt": "" if details.suspension_at is None else details.suspension_at.isoformat("minutes"),
        "customerLevel": details.customer_level,
        "riskLevel": details.risk_level,
        "brokenPromises": str(details.broken_promises),
        "goodRecord": _yes(details.good_record),
        "legalStage": _yes(details.legal_stage),
        "minor": _yes(details.minor),
        "region": details.region,
        "ageBand": details.age_band,
        "incomeBand": details.income_band,
        "debtType": details.debt_type,
        "debtCause": details.debt_cause,
        "score": _text(details.score),
        "scoreModel": details.score_model,
        "earlyWarning": _yes(details.early_warning),
    }


def found_row(found: AccountAssessment) -> dict[str, str]:
    """The cells of a finding under ``FOUND_HEADINGS``."""
    return {
        "foundScore": _text(found.score),
        "foundScoreModel": found.score_model,
        "foundRiskLevel": found.risk_level.value,
        "riskRule": found.risk_level.rule,
        "foundDebtType": found.debt_type.value,
        "debtTypeRule": found.debt_type.rule,
        "warningRule": found.warning.rule if found.warning is not None else "",
        "reasons": "; ".join(found.reasons),
    }


def _text(value: object) -> str:
    return "" if value is None else str(value)


def _yes(value: bool) -> str:
    return "yes" if value else "no"
