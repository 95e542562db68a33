"""Rows to values of the trade and back. What comes out of the file is checked like any other input."""

from __future__ import annotations

import json
import math
import sqlite3
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

from pydantic import TypeAdapter, ValidationError

from ari_app.domain.account import Account, AccountDetails, FeeItem
from ari_app.domain.attempt import Turn, TurnTiming
from ari_app.domain.campaign import Campaign, CampaignStatus, CampaignStrategy, DiallerSpec, WebhookSpec
from ari_app.domain.windows import parse_window
from ari_app.errors import StoreError

Params = dict[str, object]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_HUNDREDTH = Decimal("0.01")
_MAX_INTEGER = 2**63 - 1

_STRATEGY = TypeAdapter(CampaignStrategy)
_DIALLER = TypeAdapter(DiallerSpec)
_WEBHOOK = TypeAdapter(WebhookSpec)


def micros(at: datetime) -> int:
    """Microseconds since 1970 UTC, exact. ``at`` is aware; ValueError otherwise."""
    if at.tzinfo is None:
        raise ValueError("an instant without a time zone cannot be stored")
    return (at - _EPOCH) // _MICROSECOND


def micros_or_none(at: datetime | None) -> int | None:
    return None if at is None else micros(at)


def instant(value: int) -> datetime:
    """The instant of stored microseconds, UTC."""
    return _EPOCH + timedelta(microseconds=value)


def instant_or_none(value: int | None) -> datetime | None:
    return None if value is None else _EPOCH + timedelta(microseconds=value)


def minor_units(amount: Decimal) -> int:
    """Hundredths of an amount; half a hundredth is rounded up. Raises StoreError when it does not fit the column."""
    try:
        minor = int((amount.quantize(_HUNDREDTH, rounding=ROUND_HALF_UP)) * 100)
    except (InvalidOperation, OverflowError, ValueError) as error:
        raise StoreError(
            "an amount is not a finite number of a sensible size, so it is not stored"
        ) from error
    if abs(minor) > _MAX_INTEGER:
        raise StoreError("an amount is too large to be stored")
    return minor


def minor_or_none(amount: Decimal | None) -> int | None:
    return None if amount is None else minor_units(amount)


def amount(minor: int) -> Decimal:
    """The amount of stored hundredths, with two decimal places."""
    return Decimal(minor).scaleb(-2)


def amount_or_none(minor: int | None) -> Decimal | None:
    return None if minor is None else amount(minor)


def iso_or_none(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


def day_or_none(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)


def plain(text: str) -> str:
    """Text that UTF-8 can hold: a lone surrogate (possible in JSON) becomes U+FFFD."""
    return text.encode("utf-8", "surrogatepass").decode("utf-8", "replace")


def document(value: Mapping[str, object]) -> str:
    """JSON of a mapping; what JSON does not know is written as text. Raises StoreError for NaN and infinity."""
    try:
        return json.dumps(value, default=str, allow_nan=False, separators=(",", ":"))
    except ValueError as error:
        raise StoreError(f"a value cannot be written as JSON: {error}") from error


def mapping(text: str) -> dict[str, object]:
    """The object of a stored JSON document."""
    value = json.loads(text)
    if not isinstance(value, dict):
        raise StoreError("a stored document is not a JSON object; the row was edited by hand")
    return value


def words(values: Sequence[str]) -> str:
    """Words as a JSON array."""
    return json.dumps([plain(value) for value in values], ensure_ascii=False, separators=(",", ":"))


def listed(text: str) -> list[object]:
    """The array of a stored JSON document."""
    value = json.loads(text)
    if not isinstance(value, list):
        raise StoreError("a stored document is not a JSON array; the row was edited by hand")
    return value


def words_of(text: str) -> tuple[str, ...]:
    """The words of a stored JSON array."""
    return tuple(str(value) for value in listed(text))


def campaign_params(campaign: Campaign) -> Params:
    """The row of a campaign."""
    return {
        "campaign_id": campaign.campaign_id,
        "name": plain(campaign.name),
        "status": campaign.status.value,
        "strategy": _STRATEGY.dump_json(campaign.strategy).decode(),
        "dialler": _DIALLER.dump_json(campaign.dialler).decode(),
        "webhook": None if campaign.webhook is None else _WEBHOOK.dump_json(campaign.webhook).decode(),
    }


def campaign_of(row: sqlite3.Row) -> Campaign:
    """The campaign of a row. Raises StoreError that names the campaign and the field that is wrong."""
    try:
        return Campaign(
            campaign_id=row["campaign_id"],
            name=row["name"],
            status=CampaignStatus(row["status"]),
            strategy=_STRATEGY.validate_json(row["strategy"], strict=True),
            dialler=_DIALLER.validate_json(row["dialler"], strict=True),
            webhook=None if row["webhook"] is None else webhook_of(row["webhook"]),
        )
    except ValidationError as error:
        # Without the input values: they may hold a webhook's secret.
        details = "; ".join(
            f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}"
            for fault in error.errors(include_input=False)
        )
        raise StoreError(
            f"campaign {row['campaign_id']}: the stored {error.title} is not valid: {details}"
        ) from None
    except ValueError as error:
        raise StoreError(f"campaign {row['campaign_id']}: {error}") from error


def webhook_of(text: str) -> WebhookSpec:
    """The webhook of its stored document. Raises ValidationError."""
    return _WEBHOOK.validate_json(text, strict=True)


def account_params(account: Account) -> Params:
    """The row of an account."""
    return {
        "customer_id": account.customer_id,
        "account_id": account.account_id,
        "bill_id": account.bill_id,
        "name": plain(account.name),
        "phone": account.phone,
        "timezone": account.timezone,
        "language": account.language,
        "amount_minor": minor_units(account.amount_due),
        "currency": account.currency,
        "due_date": account.due_date.isoformat(),
        "aging_bucket": account.aging_bucket,
        "preferred_windows": ",".join(str(window) for window in account.preferred_windows),
        **_details_params(account.details),
    }


def _details_params(details: AccountDetails) -> Params:
    items = [[plain(item.label), minor_units(item.amount)] for item in details.fee_items]
    return {
        "service": plain(details.service),
        "fee_items": json.dumps(items, ensure_ascii=False, separators=(",", ":")),
        "late_fee_minor": minor_or_none(details.late_fee),
        "service_state": details.service_state,
        "suspension_on": iso_or_none(details.suspension_on),
        "suspension_at": None
        if details.suspension_at is None
        else details.suspension_at.isoformat("minutes"),
        "customer_level": details.customer_level,
        "risk_level": details.risk_level,
        "broken_promises": details.broken_promises,
        "good_record": int(details.good_record),
        "legal_stage": int(details.legal_stage),
        "minor": int(details.minor),
        "region": plain(details.region),
        "age_band": details.age_band,
        "income_band": details.income_band,
        "debt_type": details.debt_type,
        "debt_cause": details.debt_cause,
        "score": details.score,
        "score_model": plain(details.score_model),
        "early_warning": int(details.early_warning),
    }


def _details_of(row: sqlite3.Row) -> AccountDetails:
    return AccountDetails(
        service=row["service"],
        fee_items=tuple(_fee_item(item) for item in listed(row["fee_items"])),
        late_fee=amount_or_none(row["late_fee_minor"]),
        service_state=row["service_state"],
        suspension_on=day_or_none(row["suspension_on"]),
        suspension_at=None if row["suspension_at"] is None else time.fromisoformat(row["suspension_at"]),
        customer_level=row["customer_level"],
        risk_level=row["risk_level"],
        broken_promises=row["broken_promises"],
        good_record=bool(row["good_record"]),
        legal_stage=bool(row["legal_stage"]),
        minor=bool(row["minor"]),
        region=row["region"],
        age_band=row["age_band"],
        income_band=row["income_band"],
        debt_type=row["debt_type"],
        debt_cause=row["debt_cause"],
        score=row["score"],
        score_model=row["score_model"],
        early_warning=bool(row["early_warning"]),
    )


def _fee_item(item: object) -> FeeItem:
    match item:
        case [str(label), int(minor)]:
            return FeeItem(label, amount(minor))
        case _:
            raise ValueError("a fee item is no pair of a label and hundredths")


def account_of(row: sqlite3.Row) -> Account:
    """The account of a row. Raises StoreError that names the customer."""
    windows = row["preferred_windows"]
    try:
        return Account(
            customer_id=row["customer_id"],
            account_id=row["account_id"],
            bill_id=row["bill_id"],
            name=row["name"],
            phone=row["phone"],
            amount_due=amount(row["amount_minor"]),
            due_date=date.fromisoformat(row["due_date"]),
            currency=row["currency"],
            timezone=row["timezone"],
            language=row["language"],
            aging_bucket=row["aging_bucket"],
            preferred_windows=tuple(parse_window(text) for text in windows.split(",")) if windows else (),
            details=_details_of(row),
        )
    except ValueError as error:
        raise StoreError(
            f"customer {row['customer_id']}: the stored account is not valid: {error}"
        ) from error


def finite(value: float | None) -> float | None:
    """A figure as it is stored; what is no finite number counts as not measured."""
    return value if value is not None and math.isfinite(value) else None


def not_negative(value: float | None) -> float | None:
    """As :func:`finite`, and below nothing is not measured either."""
    return value if value is not None and math.isfinite(value) and value >= 0.0 else None


def turn_params(attempt_id: str, seq: int, turn: Turn) -> Params:
    """The row of a turn; a figure that is no number becomes 0, so that no engine's fault costs an outcome."""
    timing = turn.timing or TurnTiming()
    return {
        "attempt_id": attempt_id,
        "seq": seq,
        "speaker": turn.speaker,
        "kind": turn.kind,
        "text": plain(turn.text),
        "start_s": finite(turn.start_s) or 0.0,
        "end_s": finite(turn.end_s) or 0.0,
        "confidence": finite(turn.confidence) or 0.0,
        "engine": plain(turn.engine),
        "interrupted": int(turn.interrupted),
        "covers": " ".join(turn.covers),
        "speech_ended_s": finite(timing.speech_ended_s),
        "final_text_s": finite(timing.final_text_s),
        "decided_s": finite(timing.decided_s),
        "audio_sent_s": finite(timing.audio_sent_s),
        "on_wire_s": finite(timing.on_wire_s),
    }


def turn_of(row: sqlite3.Row) -> Turn:
    """The turn of a row; a ledger of which nothing is known is None."""
    timing = TurnTiming(
        row["speech_ended_s"], row["final_text_s"], row["decided_s"], row["audio_sent_s"], row["on_wire_s"]
    )
    return Turn(
        speaker=row["speaker"],
        kind=row["kind"],
        text=row["text"],
        start_s=row["start_s"],
        end_s=row["end_s"],
        confidence=row["confidence"],
        engine=row["engine"],
        interrupted=bool(row["interrupted"]),
        timing=None if timing == TurnTiming() else timing,
        covers=tuple(row["covers"].split()),
    )
