"""Templates of messages: words with a few checked variables, and what may not be said where (requirements H1, H5, H6)."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from ari_app.domain.messages.message import CHANNELS
from ari_app.domain.messages.sms import sms_size

#: What may stand in braces, and what it is.
VARIABLES: Final[Mapping[str, str]] = {
    "company": "how the company calls itself",
    "hotline": "the number under which people can be reached",
    "name": "the customer's name as the list has it",
    "masked_name": "his name with all but the first sign hidden",
    "service": "what the bill is for",
    "bill": "the last four signs of the bill's number",
    "amount": "what is owed, with its currency",
    "due_date": "the day on which the bill is or was due",
    "days_overdue": "how many days ago that was",
    "suspension_date": "the day on which the service ends",
    "suspension_time": "the time of that day",
    "promise_date": "the day for which a payment was promised",
    "promise_amount": "how much was promised for that day",
    "paid_amount": "what was paid",
    "decision": "what was decided, in a few words",
    "plan": "the terms of a plan, in a few words",
    "pay_link": "the address at which this bill can be paid",
    "form_link": "a page of the company for forms",
    "tariff_link": "a page that explains tariffs and fees",
    "guide_link": "a page on putting a credit record in order",
    "survey_link": "a page that asks whether the customer was content",
    "opt_out": "how to end messages, in the customer's language",
}
#: Variables that tell whoever reads them that somebody owes money.
DISCLOSING: Final = frozenset(
    {"amount", "days_overdue", "promise_date", "promise_amount", "suspension_date", "suspension_time", "plan"}
)
LANGUAGES: Final = ("zh", "en")
#: Most signs of a channel; a text message is counted in parts instead.
LONGEST: Final[Mapping[str, int]] = {
    "app": 300,
    "email": 20_000,
    "im": 2000,
    "wecom": 2000,
    "dingtalk": 2000,
    "feishu": 4000,
    "wechat": 2000,
}
USUAL_PARTS: Final = 4
USUAL_VARIANT: Final = "A"
_BRACES: Final = re.compile(r"\{([^{}]*)\}")


@dataclass(frozen=True, slots=True)
class Wording:
    """The words of one language: ``lines``, and the ``subject`` of an e-mail or the title of a push."""

    lines: tuple[str, ...]
    subject: str = ""


@dataclass(frozen=True, slots=True)
class Variant:
    """One of several wordings that are compared; a greater ``weight`` gets more customers."""

    name: str
    weight: int
    words: Mapping[str, Wording]


@dataclass(frozen=True, slots=True)
class Template:
    """A message by its name.

    ``discloses``: whoever reads it learns of a debt. A line with a variable of ``optional`` is left out where nothing is
    known of it; any other variable must have its value. ``channels`` are those it may go over (empty: every one).
    """

    name: str
    variants: tuple[Variant, ...]
    title: str = ""
    discloses: bool = True
    notice: bool = False
    """It tells something that the customer waits for, and asks for nothing (``Purpose.NOTICE``)."""
    channels: tuple[str, ...] = ()
    optional: frozenset[str] = frozenset()
    most_parts: int = USUAL_PARTS

    @property
    def variables(self) -> frozenset[str]:
        """Every variable that any wording uses."""
        return frozenset(
            name
            for variant in self.variants
            for words in variant.words.values()
            for text in (*words.lines, words.subject)
            for name in variables_in(text)
        )

    @property
    def required(self) -> frozenset[str]:
        """Those without which it cannot be sent."""
        return self.variables - self.optional - {"opt_out"}

    def goes_over(self, channel: str) -> bool:
        return not self.channels or channel in self.channels


def variables_in(text: str) -> tuple[str, ...]:
    """The names in braces, in their order."""
    return tuple(_BRACES.findall(text))


def variant_for(template: Template, customer_id: str) -> Variant:
    """The wording of a customer: always the same one, by the weights."""
    if len(template.variants) == 1:
        return template.variants[0]
    total = sum(each.weight for each in template.variants)
    text = f"{template.name}\n{customer_id}".encode("utf-8", "surrogatepass")
    drawn = int.from_bytes(hashlib.sha256(text).digest()[:8], "big") % total
    for each in template.variants:
        if drawn < each.weight:
            return each
        drawn -= each.weight
    return template.variants[-1]


@dataclass(frozen=True, slots=True)
class Rendered:
    """A message in words, fit for its channel."""

    text: str = field(repr=False)
    subject: str = field(repr=False)
    variant: str
    language: str
    parts: int = 1


@dataclass(frozen=True, slots=True)
class Unfit:
    """Why a template cannot be sent over a channel to somebody."""

    why: str


def render(
    template: Template,
    channel: str,
    language: str,
    values: Mapping[str, str],
    customer_id: str,
    *,
    opt_out_wanted: bool = False,
) -> Rendered | Unfit:
    """The words for a customer. ``values`` without those of which nothing is known; ``opt_out`` always has its words.

    ``opt_out_wanted``: a rule pack asks for the way out in every message; a wording without the variable gets it as a line
    of its own. Values are put in as they are, on one line, and are never read as a template themselves.
    """
    variant = variant_for(template, customer_id)
    spoken = language if language in variant.words else next(iter(variant.words))
    words = variant.words[spoken]
    missing = sorted(name for name in template.required if not values.get(name))
    if missing:
        return Unfit(f"nothing is known of {', '.join(missing)}")
    if not template.goes_over(channel):
        return Unfit(f"{template.name} does not go over {channel}")
    lines = []
    for line in words.lines:
        names = variables_in(line)
        if "opt_out" in names and not opt_out_wanted:
            continue
        if all(values.get(name) for name in names):
            lines.append(_filled(line, values))
    if opt_out_wanted and not any("opt_out" in variables_in(line) for line in words.lines):
        lines.append(values.get("opt_out", ""))
    text = "\n".join(line for line in lines if line)
    subject = _filled(words.subject, values) if all(map(values.get, variables_in(words.subject))) else ""
    if channel == "sms":
        text = text.replace("\n", " ")  # a blank also ends an address, whatever sign comes next
        size = sms_size(text)
        if size.parts > template.most_parts:
            return Unfit(f"{size.parts} parts; at most {template.most_parts}")
        return Rendered(text, subject, variant.name, spoken, size.parts)
    longest = LONGEST.get(channel, 2000)
    if len(text) > longest:
        return Unfit(f"{len(text)} signs; at most {longest} over {channel}")
    return Rendered(text, subject, variant.name, spoken)


def _filled(line: str, values: Mapping[str, str]) -> str:
    return _BRACES.sub(lambda found: _one_line(values.get(found[1], "")), line)


def _one_line(text: str) -> str:
    """A value from a list or a customer: no line ends and no control characters get into a message through it."""
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text[:500]).split())


#: The longest values that are usual: by them a template is checked before anybody gets it.
SAMPLES: Final[Mapping[str, Mapping[str, str]]] = {
    "zh": {
        "company": "示例通信有限公司",
        "hotline": "400-100-1000",
        "name": "欧阳明华",
        "masked_name": "欧**",
        "service": "宽带",
        "bill": "8842",
        "amount": "12345.67 元",
        "due_date": "2026年12月28日",
        "days_overdue": "128",
        "suspension_date": "2026年12月28日",
        "suspension_time": "09:00",
        "promise_date": "2026年12月28日",
        "promise_amount": "12345.67 元",
        "paid_amount": "12345.67 元",
        "decision": "账单有误，已减免 120.00 元",
        "plan": "分 12 期，每期 1028.81 元，首期 2026年12月28日",
        "pay_link": "https://pay.example.com/p/AbCdEfGhIjKlMnOp",
        "form_link": "https://www.example.com/forms",
        "tariff_link": "https://www.example.com/tariffs",
        "guide_link": "https://www.example.com/credit",
        "survey_link": "https://www.example.com/survey",
        "opt_out": "回复TD退订",
    },
    "en": {
        "company": "Example Telecom Ltd",
        "hotline": "+86 400 100 1000",
        "name": "Alexander Hamilton",
        "masked_name": "A***",
        "service": "broadband",
        "bill": "8842",
        "amount": "CNY 12,345.67",
        "due_date": "28 December 2026",
        "days_overdue": "128",
        "suspension_date": "28 December 2026",
        "suspension_time": "09:00",
        "promise_date": "28 December 2026",
        "promise_amount": "CNY 12,345.67",
        "paid_amount": "CNY 12,345.67",
        "decision": "the bill was wrong, CNY 120.00 taken off",
        "plan": "12 payments of CNY 1,028.81, the first on 28 December 2026",
        "pay_link": "https://pay.example.com/p/AbCdEfGhIjKlMnOp",
        "form_link": "https://www.example.com/forms",
        "tariff_link": "https://www.example.com/tariffs",
        "guide_link": "https://www.example.com/credit",
        "survey_link": "https://www.example.com/survey",
        "opt_out": "Reply STOP to opt out",
    },
}


def faults_of(template: Template) -> tuple[str, ...]:
    """What is wrong with a template as a whole, measured with the longest usual values."""
    found = []
    if not template.discloses and (told := sorted(template.variables & DISCLOSING)):
        found.append(f"discloses: false, but {', '.join(told)} tell{'s' if len(told) == 1 else ''} of a debt")
    for channel in template.channels or CHANNELS:
        for variant in template.variants:
            alone = Template(
                template.name,
                (variant,),
                channels=template.channels,
                optional=template.optional,
                most_parts=template.most_parts,
            )
            for language in variant.words:
                made = render(alone, channel, language, SAMPLES[language], "", opt_out_wanted=True)
                if isinstance(made, Unfit):
                    found.append(f"{variant.name} in {language} over {channel}: {made.why}")
    return tuple(dict.fromkeys(found))
