"""An account made of a few facts, to ask what a strategy would do with it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from ari_app.domain.account import (
    AGE_BANDS,
    DEBT_CAUSES,
    DEBT_TYPES,
    MAX_SCORE,
    SERVICES,
    Account,
    AccountDetails,
)
from ari_app.domain.compliance import zone_of
from ari_app.errors import InputError, Problem
from ari_app.services.model_problems import nearest
from ari_app.services.strategy_parts import FLAG_CONDITIONS, LANGUAGES, LEVELS, RISKS, STATES

#: Facts that are words: the field of ``AccountDetails``, and the words that there are (None: any).
WORDS: Mapping[str, tuple[str, tuple[str, ...] | None]] = {
    "customer_level": ("customer_level", LEVELS),
    "risk_level": ("risk_level", RISKS),
    "debt_type": ("debt_type", DEBT_TYPES),
    "debt_cause": ("debt_cause", DEBT_CAUSES),
    "region": ("region", None),
    "age_band": ("age_band", AGE_BANDS),
    "service": ("service", SERVICES),
    "service_state": ("service_state", STATES),
}
FACTS: Final = (
    "overdue",
    "amount",
    "score",
    "broken_promises",
    *FLAG_CONDITIONS,
    "suspension_in",
    "promised_in",
    "language",
    "customer",
    *WORDS,
)


def account_with(facts: Mapping[str, str], now: datetime, timezone: str) -> tuple[Account, date | None]:
    """An account of these facts, and the day of a promise where one is named.

    ``overdue`` are days after the due date (negative: before it), ``suspension_in`` hours from now, ``promised_in`` days.
    Raises InputError that names each fact that cannot be used.
    """
    problems: list[Problem] = []

    def fault(key: str, wrong: str, allowed: str) -> None:
        problems.append(Problem(f"--fact {key[:40]}", "", wrong, allowed))

    def whole(key: str, least: int, most: int) -> int:
        text = facts.get(key, "0")
        digits = text.removeprefix("-")
        if digits.isascii() and digits.isdigit() and len(digits) <= 9 and least <= int(text) <= most:
            return int(text)
        fault(key, f"{text[:20]!r} does not fit", f"a whole number {least} to {most}")
        return 0

    for key in facts:
        if key not in FACTS:
            fault(key, "is not a known fact", nearest(key, FACTS))
    here = now.astimezone(zone_of(timezone) or UTC)
    details: dict[str, Any] = {}
    for key, (field, words) in WORDS.items():
        if key not in facts:
            continue
        if words is not None and facts[key] not in words:
            fault(key, f"{facts[key][:40]!r} is no such word", nearest(facts[key], words))
        details[field] = facts[key]
    if "score" in facts:
        details["score"] = whole("score", 0, MAX_SCORE)
    details["broken_promises"] = whole("broken_promises", 0, 99)
    for key in FLAG_CONDITIONS:
        if facts.get(key, "false") not in ("true", "false"):
            fault(key, f"{facts[key][:20]!r} does not fit", "true or false")
        details[key] = facts.get(key) == "true"
    if "suspension_in" in facts:
        ends = here + timedelta(hours=whole("suspension_in", 0, 9999))
        details["suspension_on"] = ends.date()
        details["suspension_at"] = ends.time().replace(second=0, microsecond=0)
    language = facts.get("language", "zh")
    if language not in LANGUAGES:
        fault("language", f"{language[:20]!r} is no such word", ", ".join(LANGUAGES))
    try:
        amount = Decimal(facts.get("amount", "100"))
    except InvalidOperation:
        amount = Decimal("NaN")
    if not amount.is_finite():
        fault("amount", f"{facts['amount'][:20]!r} is not an amount", "a number such as 568.32")
        amount = Decimal(0)
    due = here.date() - timedelta(days=whole("overdue", -400, 9999))
    promised = (
        here.date() + timedelta(days=whole("promised_in", -400, 400)) if "promised_in" in facts else None
    )
    if problems:
        raise InputError(problems)
    account = Account(
        customer_id=facts.get("customer", "example"),
        account_id="example",
        bill_id="example",
        name="example",
        phone="+8613800000000",
        amount_due=amount,
        due_date=due,
        timezone=timezone,
        language=language,
        details=AccountDetails(**details),
    )
    return account, promised
