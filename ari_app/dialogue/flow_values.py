"""Values of variables that depend on what a flow may agree to, and on the details of an account, in words."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from datetime import date

from ari_app.dialogue import spoken
from ari_app.dialogue.account_view import Promised, VerifiedView
from ari_app.dialogue.flow_policy import Policy

_CHANNELS: dict[str, dict[str, str]] = {
    "zh": {
        "alipay": "支付宝",
        "wechatpay": "微信",
        "bank_transfer": "银行转账",
        "card": "银行卡",
        "cash_counter": "营业厅现金",
        "auto_debit": "自动扣款",
        "app": "手机应用",
        "sms_link": "短信链接",
    },
    "en": {
        "alipay": "Alipay",
        "wechatpay": "WeChat Pay",
        "bank_transfer": "bank transfer",
        "card": "card",
        "cash_counter": "cash at the counter",
        "auto_debit": "direct debit",
        "app": "our app",
        "sms_link": "the link in a text message",
    },
}
_SERVICES: dict[str, dict[str, str]] = {
    "zh": {
        "electricity": "电力服务",
        "water": "供水服务",
        "gas": "燃气服务",
        "heating": "供暖服务",
        "telecom": "通信服务",
        "broadband": "宽带服务",
        "rent": "房屋租赁",
        "property": "物业服务",
        "subscription": "订阅服务",
        "loan": "贷款",
        "": "您的服务",
    },
    "en": {
        "electricity": "electricity",
        "water": "water",
        "gas": "gas",
        "heating": "heating",
        "telecom": "telephone service",
        "broadband": "broadband",
        "rent": "rent",
        "property": "property service",
        "subscription": "subscription",
        "loan": "loan",
        "": "service",
    },
}
_OR = {"zh": "或", "en": " or "}
_COMMA = {"zh": "、", "en": ", "}
_LONGEST_LABEL = 30
_MOST_ITEMS = 8


def plan_value(
    variable: str, view: VerifiedView, promised: Promised, policy: Policy, today: date
) -> str | None:
    """A variable about instalments, deferral, paying or the bill's details; None where there is no value."""
    language = view.opening.language
    if variable.startswith("plan_"):
        return _plan(variable, view, promised, policy, today)
    match variable:
        case "deferral_date" if promised.deferral is not None:
            return spoken.day(promised.deferral, language, today=today)
        case "latest_deferral_date":
            return spoken.day(policy.latest_deferral(today), language, today=today)
        case "payment_methods":
            return listed([_CHANNELS[language][name] for name in policy.payment_methods], language)
        case "dispute_days":
            return spoken.days(policy.dispute_days, language)
        case "restore_hours":
            return hours(policy.restore_hours, language)
        case "service":
            return _SERVICES[language].get(view.details.service, _SERVICES[language][""])
        case "fees":
            return _fees(view)
        case "late_fee" if view.details.late_fee is not None:
            return spoken.amount(view.details.late_fee, view.currency, language)
        case "suspension_date" if view.details.suspension_on is not None:
            return spoken.day(view.details.suspension_on, language, today=today)
        case "suspension_time" if view.details.suspension_at is not None:
            return spoken.clock(view.details.suspension_at, language)
        case "emergency_phone" if policy.emergency_phone:
            return spoken.digits(policy.emergency_phone, language)
        case _:
            return None


def listed(words: Sequence[str], language: str) -> str:
    """Words in a row with "or" before the last."""
    if len(words) < 2:
        return "".join(words)
    return _COMMA[language].join(words[:-1]) + _OR[language] + words[-1]


def months(number: int, language: str) -> str:
    """A number of monthly rates: 三期, three months."""
    word = spoken.integer(number, language)
    return f"{word}期" if language == "zh" else f"{word} month" + ("s" if number != 1 else "")


def hours(number: int, language: str) -> str:
    """A number of hours: 二十四小时, twenty four hours."""
    word = spoken.integer(number, language)
    return f"{word}小时" if language == "zh" else f"{word} hour" + ("s" if number != 1 else "")


def spoken_label(text: str) -> str:
    """A label of a bill's item as it may be spoken: letters, digits and spaces, of bounded length."""
    text = unicodedata.normalize("NFKC", text)
    return " ".join(re.sub(r"[^\w ]|_", " ", text).split())[:_LONGEST_LABEL]


def _plan(variable: str, view: VerifiedView, promised: Promised, policy: Policy, today: date) -> str | None:
    language = view.opening.language
    if variable == "plan_options":
        offers = policy.offers(view.amount_due, today)
        return listed([months(terms.periods, language) for terms in offers], language) or None
    terms = policy.offer(promised.periods, view.amount_due, today)
    if terms is None:
        return None
    match variable:
        case "plan_periods":
            return months(terms.periods, language)
        case "plan_monthly":
            return spoken.amount(terms.monthly, view.currency, language)
        case "plan_fee":
            return spoken.amount(terms.fee, view.currency, language)
        case "plan_total":
            return spoken.amount(terms.total, view.currency, language)
        case "plan_first_date":
            return spoken.day(terms.first_date, language, today=today)
        case _:
            return None


def _fees(view: VerifiedView) -> str:
    """The items of the bill; the amount due where the list has none."""
    language = view.opening.language
    items = [
        f"{spoken_label(item.label)}{'' if language == 'zh' else ' '}{spoken.amount(item.amount, view.currency, language)}"
        for item in view.details.fee_items[:_MOST_ITEMS]
        if spoken_label(item.label)
    ]
    return ("，" if language == "zh" else ", ").join(items) or spoken.amount(
        view.amount_due, view.currency, language
    )
