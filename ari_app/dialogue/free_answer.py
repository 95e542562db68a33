"""Answers to free questions, written by a language model and made of facts of the verified account alone.

The model puts names of facts where values belong; the values are filled in here. An answer with anything of its own that
could be taken for a fact or a concession is not spoken.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Final

from ari_app.dialogue.account_view import Promised, VerifiedView, render
from ari_app.dialogue.advice import KnownFact
from ari_app.dialogue.fact_words import amount_fact, day_fact, is_plain, leftover, replaced
from ari_app.dialogue.flow_policy import Policy
from ari_app.dialogue.flow_values import plan_value
from ari_app.dialogue.guard import wording_fault
from ari_app.dialogue.model import Fragment

MOST_SENTENCES: Final = 2
MOST_CHARACTERS: Final[Mapping[str, int]] = {"zh": 120, "en": 320}

_ENDS = re.compile(r"(?<=[。！？!?])|(?<=\.)(?=\s|$)")
_NAMED = re.compile(r"\{([a-z_]+)\}")

#: What an answer may not say in its own words: a concession, an agreement, a negation, another way to pay, somewhere to go.
_UNFIT: Final[dict[str, re.Pattern[str]]] = {
    "zh": re.compile(
        r"不|没|无|非(?!常)|别|勿|免|减|折|优惠|抵|取消|作废|撤销|退|赔|补偿|奖|返|已(经)?(缴|付|还|结|处理|登记|安排|收到)|标记|保证|承诺|同意|批准|延|宽限|缓|暂停"
        r"|恢复|分期|账号|卡号|密码|验证码|转到|汇到|私人|个人账户|礼品卡|比特币|虚拟币|现金|加微信|点击|网址|网站|链接|拨打|下载|我们会|我会|将会|已为您|给您"
    ),
    "en": re.compile(
        r"\b(not|no|never|none|nothing|nobody|without|cannot|neither|nor|\w+n['’]t|dont|cant|wont|isnt|arent|doesnt)\b"
        r"|\b(waiv\w*|cancel\w*|forgiv\w*|discount\w*|reduc\w*|refund\w*|free|rebate\w*|compensat\w*|credit(ed)?|reward\w*|bonus\w*"
        r"|marked?|settled|cleared|received|recorded|registered|arranged|approved?|agree[ds]?|guarantee\w*|promise[ds]?|extend\w*"
        r"|extension|defer\w*|postpone\w*|suspend\w*|restore\w*|instal+ments?|account number|card number"
        r"|password|pin|code|transfer to|gift cards?|bitcoin|crypto\w*|western union|cash|click|website|link|download"
        r"|call us|we will|we['’]ll|i will|i['’]ll"
        r"|i have|i['’]ve|we have|we['’]ve)\b",
        re.IGNORECASE,
    ),
}
#: Another language, and what makes an address of words.
_FOREIGN: Final[dict[str, re.Pattern[str]]] = {
    "zh": re.compile(r"[A-Za-z]|\.\w|^[^\u3400-\u9fff]*$"),
    "en": re.compile(r"[^\x00-\x7f’‘“”]|\.\w|\b(dot|www|https?)\b", re.IGNORECASE),
}
#: Channels as they are named, for an answer that names one by itself.
_CHANNEL_WORDS: Final[dict[str, re.Pattern[str]]] = {
    "zh": re.compile(r"支付宝|微信|银行|转账|银行卡|刷卡|营业厅|柜台|代扣|扣款|应用|短信|云闪付|信用卡"),
    "en": re.compile(
        r"\b(alipay|wechat|bank|transfer|wire|card|paypal|venmo|counter|debit|autopay|app|text message|sms|cheque|check)\b",
        re.IGNORECASE,
    ),
}
#: Facts whose values stand in the account or in the policy, by the variable that speaks them.
_NO_ANSWER: Final = frozenset({"company", "service"})
"""Facts that alone answer nothing."""
_PLAIN_FACTS: Final = (
    "company",
    "days_overdue",
    "service",
    "payment_methods",
    "dispute_days",
    "restore_hours",
)


def facts_of(view: VerifiedView, policy: Policy, today: date) -> tuple[KnownFact, ...]:
    """What may be told to this customer, who is verified; never his name or digits of his number."""
    language, details = view.opening.language, view.details
    latest = policy.latest(today)
    found = [
        amount_fact("amount", view.amount_due, view.currency, language),
        day_fact("due_date", view.due_date, language, today),
        day_fact("latest_date", latest, language, today),
    ]
    if details.late_fee is not None and details.late_fee > 0:
        found.append(amount_fact("late_fee", details.late_fee, view.currency, language))
    if details.suspension_on is not None:
        found.append(day_fact("suspension_date", details.suspension_on, language, today))
    names = [*_PLAIN_FACTS, *(["fees"] if details.fee_items else [])]
    if policy.offers(view.amount_due, today):
        names.append("plan_options")
    for name in names:
        words = render(name, view, Promised(), today=today, latest=latest)
        words = words or plan_value(name, view, Promised(), policy, today)
        if words:
            found.append(KnownFact(name, words))
    return tuple(found)


def checked_answer(
    answer: str, facts: Sequence[KnownFact], language: str, *, legal: bool = False
) -> tuple[Fragment, ...]:
    """What is spoken of an answer: one fragment a sentence, for a voice of this machine. Empty: it may not be spoken."""
    answer = " ".join(answer.split())
    named = replaced(answer, facts)
    values = {fact.name: fact.words for fact in facts}
    used = _NAMED.findall(named)
    own = _NAMED.sub(" ", named)
    if not set(used) - _NO_ANSWER or not set(used) <= values.keys() or not own.strip():
        return ()
    if not is_plain(own) or unfit(own, language, legal=legal):
        return ()
    sentences = [part.strip() for part in _ENDS.split(named) if part.strip()]
    if len(sentences) > MOST_SENTENCES:
        return ()
    said = [_NAMED.sub(lambda match: values[match[1]], sentence) for sentence in sentences]
    whole = " ".join(said)
    if len(whole) > MOST_CHARACTERS[language] or wording_fault(whole, language, verified=True, legal=legal):
        return ()
    return tuple(Fragment(text, language, personal=True, local=True, ends=True) for text in said)


def unfit(own: str, language: str, *, legal: bool = False) -> str:
    """The first thing that an answer may not say in words of its own; '' where there is nothing."""
    if wording := wording_fault(own, language, verified=True, legal=legal):
        return wording
    if foreign := _FOREIGN[language].search(own):
        return foreign.group()
    if number := leftover(own, language):
        return number
    for words in (_UNFIT[language], _CHANNEL_WORDS[language]):
        if found := words.search(own):
            return found.group()
    return ""
