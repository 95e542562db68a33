"""What a row may say of an account besides its bill: fees, service, customer, risk (requirements A12, A15, B4 to B16)."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from datetime import date, time
from decimal import Decimal
from functools import partial
from typing import Protocol, TypeVar

from ari_app.domain.account import (
    AGE_BANDS,
    AGE_YEARS,
    DEBT_CAUSES,
    DEBT_TYPES,
    INCOME_BANDS,
    MAX_SCORE,
    SERVICES,
    AccountDetails,
    FeeItem,
    age_band,
)
from ari_app.services.model_problems import RefusedError
from ari_app.services.row_values import MAX_FIELD, MAX_ID, amount_of, day_of, text_of

T = TypeVar("T")

DETAIL_FIELDS: tuple[str, ...] = (
    "service",
    "feeItems",
    "lateFee",
    "serviceState",
    "suspensionOn",
    "suspensionAt",
    "customerLevel",
    "riskLevel",
    "brokenPromises",
    "goodRecord",
    "legalStage",
    "minor",
    "region",
    "ageBand",
    "incomeBand",
    "debtType",
    "debtCause",
    "score",
    "scoreModel",
    "earlyWarning",
)

MAX_ITEMS, MAX_LABEL, MAX_BROKEN = 20, 30, 999
#: What may stand in a label besides letters and digits: it is spoken.
_LABEL_SIGNS = frozenset(" -()（）·、/&%.")
_ITEMS_ALLOWED = (
    f'"label:amount; label:amount" or JSON [{{"label": ..., "amount": ...}}], at most {MAX_ITEMS}'
)

_SERVICES = {name: name for name in SERVICES} | {
    "电": "electricity",
    "电费": "electricity",
    "用电": "electricity",
    "水": "water",
    "水费": "water",
    "用水": "water",
    "燃气": "gas",
    "燃气费": "gas",
    "煤气": "gas",
    "天然气": "gas",
    "供暖": "heating",
    "暖气": "heating",
    "采暖": "heating",
    "电信": "telecom",
    "话费": "telecom",
    "手机": "telecom",
    "宽带": "broadband",
    "房租": "rent",
    "租金": "rent",
    "物业": "property",
    "物业费": "property",
    "订阅": "subscription",
    "会员": "subscription",
    "贷款": "loan",
    "分期": "loan",
}
_STATES = {"active": "active", "suspended": "suspended", "正常": "active", "在用": "active"}
_STATES |= {"停机": "suspended", "停供": "suspended", "已停": "suspended", "暂停": "suspended"}
_LEVELS = {"vip": "vip", "ordinary": "ordinary", "high_risk": "high_risk", "high-risk": "high_risk"}
_LEVELS |= {"high risk": "high_risk", "重要": "vip", "普通": "ordinary", "高风险": "high_risk"}
_RISKS = {
    "l": "L",
    "m": "M",
    "h": "H",
    "low": "L",
    "medium": "M",
    "high": "H",
    "低": "L",
    "中": "M",
    "高": "H",
}
_INCOMES = {name: name for name in INCOME_BANDS} | {
    "低": "low",
    "中": "middle",
    "高": "high",
    "medium": "middle",
}
_DEBT_TYPES = {name: name for name in DEBT_TYPES} | {
    "恶意": "malicious",
    "恶意欠费": "malicious",
    "非恶意": "non_malicious",
    "非恶意欠费": "non_malicious",
    "历史遗留": "legacy",
    "历史遗留欠费": "legacy",
    "新增业务": "new_business",
    "新增业务欠费": "new_business",
}
_CAUSES = {name: name for name in DEBT_CAUSES} | {
    "恶意逃费": "evasion",
    "套取优惠": "loophole",
    "扣费失败": "payment_failed",
    "系统扣费失败": "payment_failed",
    "账单争议": "bill_in_doubt",
    "失联": "lost_contact",
    "用户失联": "lost_contact",
    "资金周转困难": "short_of_money",
    "忘记缴费": "forgot",
    "失业": "job_loss",
    "生病": "illness",
    "丧事": "bereavement",
    "未收到账单": "no_bill",
    "外出": "away",
}
_ANSWERS = {"yes": True, "no": False, "true": True, "false": False, "1": True, "0": False}
_ANSWERS |= {"y": True, "n": False, "是": True, "否": False}


class Fields(Protocol):
    """The fields of one row; faults are collected, and a field that has one is None."""

    def take(self, name: str, read: Callable[[object, bool], T], default: T | None = None) -> T | None: ...

    def guard(self, name: str, read: Callable[[], T]) -> T | None: ...


def read_details(fields: Fields, amount_due: Decimal | None, today: date) -> AccountDetails:
    """What a row says besides its bill; where it says nothing, nothing is known.

    Fee items that do not add up to the amount due, a late fee above it, and the name of a model without its score are
    faults of the row.
    """
    items = fields.take("feeItems", _items) or ()
    late_fee = fields.take("lateFee", _late_fee)
    if amount_due is not None:
        fields.guard("feeItems", lambda: _adds_up(items, amount_due))
        fields.guard("lateFee", lambda: _is_part(late_fee, amount_due))
    suspension_on = fields.take("suspensionOn", lambda value, typed: day_of(value, today))
    suspension_at = fields.take("suspensionAt", _time)
    fields.guard("suspensionAt", lambda: _has_its_day(suspension_on, suspension_at))
    score = fields.take("score", _score)
    score_model = fields.take("scoreModel", lambda value, typed: text_of(value, MAX_ID)) or ""
    fields.guard("scoreModel", lambda: _has_its_score(score, score_model))
    return AccountDetails(
        service=fields.take("service", partial(_word, _SERVICES, "is not a known service")) or "",
        fee_items=items,
        late_fee=late_fee or None,
        service_state=fields.take("serviceState", partial(_word, _STATES, "is not a state of a service"))
        or "",
        suspension_on=suspension_on,
        suspension_at=suspension_at,
        customer_level=fields.take("customerLevel", partial(_word, _LEVELS, "is not a customer level")) or "",
        risk_level=fields.take("riskLevel", partial(_word, _RISKS, "is not a risk level")) or "",
        broken_promises=fields.take("brokenPromises", _count) or 0,
        good_record=fields.take("goodRecord", read_yes_or_no) or False,
        legal_stage=fields.take("legalStage", read_yes_or_no) or False,
        minor=fields.take("minor", read_yes_or_no) or False,
        region=fields.take("region", lambda value, typed: text_of(value, MAX_ID)) or "",
        age_band=fields.take("ageBand", read_age_band) or "",
        income_band=fields.take("incomeBand", read_income_band) or "",
        debt_type=fields.take("debtType", partial(_word, _DEBT_TYPES, "is not a type of debt")) or "",
        debt_cause=fields.take("debtCause", partial(_word, _CAUSES, "is not a cause of a debt")) or "",
        score=score,
        score_model=score_model,
        early_warning=fields.take("earlyWarning", read_yes_or_no) or False,
    )


def _word(known: Mapping[str, str], wrong: str, value: object, typed: bool) -> str:
    found = known.get(text_of(value, MAX_ID).lower())
    if found is None:
        raise RefusedError(wrong, ", ".join(dict.fromkeys(known.values())))
    return found


def read_yes_or_no(value: object, typed: bool) -> bool:
    """Yes or no, in the usual ways of writing it."""
    if isinstance(value, bool):
        return value
    found = _ANSWERS.get(text_of(value, MAX_ID).lower())
    if found is None:
        raise RefusedError("is neither yes nor no", "yes, no, true, false, 1, 0, 是, 否")
    return found


def _count(value: object, typed: bool) -> int:
    text = text_of(value, MAX_ID)
    if not re.fullmatch(r"[0-9]{1,3}", text, re.ASCII):
        raise RefusedError("is not a number of promises", f"0 to {MAX_BROKEN}")
    return int(text)


def read_age_band(value: object, typed: bool) -> str:
    """A band, or an age in years, of which the band alone is kept."""
    allowed = (
        f"{', '.join(AGE_BANDS)}, or an age in years from {AGE_YEARS[0][1]}; mark minors in the column minor"
    )
    text = text_of(value, MAX_ID).replace("–", "-")
    band = age_band(int(text)) if re.fullmatch(r"[0-9]{1,3}", text, re.ASCII) else text
    if band not in AGE_BANDS:
        raise RefusedError("is not an age band", allowed)
    return band


def read_income_band(value: object, typed: bool) -> str:
    """Low, middle or high, in the usual ways of writing it."""
    return _word(_INCOMES, "is not an income band", value, typed)


def _score(value: object, typed: bool) -> int:
    text = text_of(value, MAX_ID)
    if not re.fullmatch(r"[0-9]{1,3}", text, re.ASCII) or int(text) > MAX_SCORE:
        raise RefusedError("is not a score", f"a whole number 0 to {MAX_SCORE}")
    return int(text)


def _has_its_score(score: int | None, model: str) -> None:
    if model and score is None:
        raise RefusedError("has no score beside it", "the score as well")


def _time(value: object, typed: bool) -> time:
    """A time of day; a time cell of a spreadsheet comes as text."""
    allowed = "14:00, 09:30 or a time cell"
    found = re.fullmatch(
        r"([01]?[0-9]|2[0-3])[:：]([0-5][0-9])(?::00)?", text_of(value, MAX_ID).strip(), re.ASCII
    )
    if found is None:
        raise RefusedError("is not a time of day", allowed)
    return time(int(found[1]), int(found[2]))


def _has_its_day(day: date | None, at: time | None) -> None:
    if at is not None and day is None:
        raise RefusedError("has no suspensionOn beside it", "the day as well")


def _late_fee(value: object, typed: bool) -> Decimal:
    if not isinstance(value, bool) and isinstance(value, int | float | Decimal) and not value:
        return Decimal(0)
    if isinstance(value, str) and re.fullmatch(r"0(\.0{1,2})?", value, re.ASCII):
        return Decimal(0)
    return amount_of(value)


def _items(value: object, typed: bool) -> tuple[FeeItem, ...]:
    if isinstance(value, str) and value.startswith("["):
        value = _json_list(value)
    if isinstance(value, list):
        pairs = [_pair_of_object(item) for item in value[: MAX_ITEMS + 1]]
    else:
        text = text_of(value, MAX_FIELD)
        pairs = [_pair_of_text(part) for part in re.split(r"[;；]", text) if part.strip()]
    if not 1 <= len(pairs) <= MAX_ITEMS:
        raise RefusedError("holds no items, or too many", _ITEMS_ALLOWED)
    return tuple(FeeItem(_label(label), _item_amount(amount)) for label, amount in pairs)


def _json_list(text: str) -> object:
    if len(text) > 4 * MAX_FIELD:
        raise RefusedError(f"is too long: {len(text)} characters", f"at most {4 * MAX_FIELD}")
    try:
        return json.loads(text, parse_float=Decimal)
    except (ValueError, RecursionError):
        raise RefusedError("is not JSON", _ITEMS_ALLOWED) from None


def _pair_of_object(item: object) -> tuple[object, object]:
    if not isinstance(item, dict) or set(item) != {"label", "amount"}:
        raise RefusedError("holds an item that is not a label and an amount", _ITEMS_ALLOWED)
    return item["label"], item["amount"]


def _pair_of_text(part: str) -> tuple[object, object]:
    found = re.fullmatch(r"(.+)[:：]([^:：]+)", part)
    if found is None:
        raise RefusedError("holds an item that is not a label and an amount", _ITEMS_ALLOWED)
    return found[1].strip(), found[2].strip()


def _label(value: object) -> str:
    allowed = f"letters and digits, at most {MAX_LABEL}: it is spoken"
    label = text_of(value, MAX_FIELD).strip() if isinstance(value, str) else ""
    if not any(sign.isalpha() for sign in label):
        raise RefusedError("holds an item without a label", allowed)
    if len(label) > MAX_LABEL or not all(sign.isalnum() or sign in _LABEL_SIGNS for sign in label):
        raise RefusedError("holds a label that cannot be spoken", allowed)
    return label


def _item_amount(value: object) -> Decimal:
    try:
        return amount_of(value)
    except RefusedError as error:
        raise RefusedError(f"holds an item whose amount {error.wrong}", error.allowed) from None


def _adds_up(items: tuple[FeeItem, ...], amount_due: Decimal) -> None:
    total = sum((item.amount for item in items), Decimal(0))
    if items and total != amount_due:
        than = "more" if total > amount_due else "less"
        raise RefusedError(f"adds up to {than} than amountDue", "items that are amountDue together")


def _is_part(late_fee: Decimal | None, amount_due: Decimal) -> None:
    if late_fee is not None and late_fee > amount_due:
        raise RefusedError("is more than amountDue", "the part of amountDue that is a late fee")
