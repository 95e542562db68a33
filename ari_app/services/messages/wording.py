"""The values of a template for one customer: sums, days and links, as people read them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Final

from ari_app.domain.account import Account
from ari_app.domain.messages.template import Rendered, Template, Unfit, render
from ari_app.domain.rule_case import zone_of
from ari_app.domain.rule_pack import RuleBook
from ari_app.logs import mask_name
from ari_app.ports.messages import ReservedMessage
from ari_app.ports.payments import PaymentLinks

_MONTHS: Final = ("January", "February", "March", "April", "May", "June", "July", "August", "September")
_MONTH_NAMES: Final = (*_MONTHS, "October", "November", "December")
_SERVICES_ZH: Final = {
    "electricity": "用电",
    "water": "用水",
    "gas": "燃气",
    "heating": "供暖",
    "telecom": "通信",
    "broadband": "宽带",
    "rent": "租金",
    "property": "物业",
    "subscription": "订阅",
    "loan": "还款",
}
_OPT_OUT: Final = {"zh": "回复TD退订", "en": "Reply STOP to opt out"}
#: Channels whose texts nobody but the customer reads, unless the settings say otherwise.
PRIVATE: Final = ("sms", "app", "email", "im", "wechat")


@dataclass(frozen=True, slots=True)
class House:
    """What every message may tell of the company. ``links`` by variable (``form_link`` ...)."""

    names: Mapping[str, str]
    hotline: str = ""
    links: Mapping[str, str] = field(default_factory=dict)
    private: Collection[str] = PRIVATE


class Wording:
    """Makes the words of messages; ``rules`` are the packs, which may ask for a way out in each."""

    def __init__(self, house: House, rules: RuleBook, links: PaymentLinks | None = None) -> None:
        self._house, self._rules, self._links = house, rules, links

    async def write(
        self, message: ReservedMessage, template: Template, channel: str, now: datetime
    ) -> Rendered | Unfit:
        """The words of a message over a channel, or why there are none."""
        if template.discloses and channel not in self._house.private:
            return Unfit(f"it tells of a debt, and others may read {channel}")
        values = await self.values(message, template, now)
        return render(
            template,
            channel,
            message.language,
            values,
            message.account.customer_id,
            opt_out_wanted=self.opt_out_wanted(message.rule_pack, message.account, now),
        )

    async def values(self, message: ReservedMessage, template: Template, now: datetime) -> dict[str, str]:
        """What is known for the variables of a template; nothing else is asked for, least of all a link."""
        language = message.language if message.language in _OPT_OUT else "zh"
        account = message.account
        values = self._known(account, language, now)
        if message.promised is not None:
            day, amount = message.promised
            values["promise_date"] = day_words(day, language)
            values["promise_amount"] = money_words(amount, account.currency, language)
        # An event brings its own values; what the house knows of the account is not overwritten by them.
        for name, value in message.values.items():
            values.setdefault(name, value)
        if "pay_link" in template.variables and self._links is not None:
            values["pay_link"] = await self._links.link_for(message.bill, now) or ""
        return {name: value for name, value in values.items() if value}

    def _known(self, account: Account, language: str, now: datetime) -> dict[str, str]:
        house, details = self._house, account.details
        today = now.astimezone(zone_of(account.timezone) or UTC).date()
        overdue = (today - account.due_date).days
        return {
            "company": house.names.get(language) or next(iter(house.names.values()), ""),
            "hotline": house.hotline,
            "name": account.name,
            "masked_name": mask_name(account.name),
            "service": (_SERVICES_ZH.get(details.service) or details.service or "服务")
            if language == "zh"
            else details.service or "service",
            "bill": account.bill_id[-4:],
            "amount": money_words(account.amount_due, account.currency, language),
            "due_date": day_words(account.due_date, language),
            "days_overdue": str(overdue) if overdue > 0 else "",
            "suspension_date": ""
            if details.suspension_on is None
            else day_words(details.suspension_on, language),
            "suspension_time": ""
            if details.suspension_at is None
            else details.suspension_at.isoformat("minutes"),
            "opt_out": _OPT_OUT[language],
            **house.links,
        }

    def opt_out_wanted(self, rule_pack: str, account: Account, now: datetime) -> bool:
        """Whether the pack of a campaign asks for a way out in each message. Where it cannot be read, it does."""
        rules = self._rules.find(rule_pack)
        if isinstance(rules, str):
            return True
        today = now.astimezone(zone_of(account.timezone) or UTC).date()
        version = rules.pack.in_force(today)
        demand = None if version is None else version.opt_out_in_messages
        return version is None or (demand is not None and demand.wanted)


def money_words(amount: Decimal, currency: str, language: str) -> str:
    """A sum as it is written in a message."""
    if language == "zh":
        return f"{amount:.2f} 元" if currency == "CNY" else f"{amount:.2f} {currency}"
    return f"{currency} {amount:,.2f}"


def day_words(day: date, language: str) -> str:
    """A day as it is written in a message."""
    if language == "zh":
        return f"{day.year}年{day.month}月{day.day}日"
    return f"{day.day} {_MONTH_NAMES[day.month - 1]} {day.year}"
