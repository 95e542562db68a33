"""The last look at everything before it is spoken: no debt fact to an unverified person, no forbidden wording ever.

The flow is checked when it is read and cannot fill in a debt before verification; the guard is there for what nobody
thought of. It never lets a sentence through in doubt: a neutral one is spoken instead, and the breach is counted.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ari_app.dialogue.model import Fragment

#: Words that tell an unverified listener what the call is about.
DEBT_WORDS: dict[str, re.Pattern[str]] = {
    "zh": re.compile(
        r"欠|逾期|账单|账款|滞纳|催收|催缴|催款|还款|还钱|债|应缴|缴费|缴纳|缴清|付款|应付|未付|结清|停机|停供|信用|征信"
    ),
    "en": re.compile(
        r"\b(owe[sd]?|owing|debts?|debtors?|arrears|overdue|past due|outstanding|unpaid|late fees?|collect(ions?|ing|ors?)?"
        r"|delinquen\w*|balance|bills?|billing|invoices?|pay(s|ing|ments?)?|paid|repay\w*|amount due|due date|credit)\b"
    ),
}

#: Wording that is never spoken, verified or not: threats, insults, pressure through others, invented consequences.
FORBIDDEN: dict[str, re.Pattern[str]] = {
    "zh": re.compile(
        r"坐牢|判刑|刑事|逮捕|拘留|抓你|抓人|警察|公安|派出所|法院|起诉|律师函|强制执行|老赖|无赖|赖账"
        r"|骗子|不要脸|丢人|滚|混蛋|王八"
        r"|后果自负|给你好看|等着瞧|曝光|黑名单|上门|堵门"
        r"|(通知|告诉|联系)(你|您)的?(家人|父母|子女|配偶|亲戚|朋友|邻居|单位|公司|领导|同事)"
    ),
    "en": re.compile(
        r"\b(jail|prison|arrest(ed)?|police|criminals?|prosecut\w*|lawsuits?|sue|sued|court|seiz\w*|garnish\w*|deadbeats?"
        r"|liars?|thie(f|ves)|shame|blacklist(ed)?|or else|consequences|ruin(ed)?|come to your (home|house|door|work\w*)"
        r"|(tell|call|inform|contact) your (family|parents|children|wife|husband|neighbou?rs?|friends|employer|boss"
        r"|colleagues))\b"
    ),
}

#: Names of people and companies that tell a stranger what the call is about; narrower than DEBT_WORDS, since Bill and
#: First Credit Bank are names.
TELLING_NAMES = re.compile(
    r"欠费|欠款|逾期|账单|催|讨债|要债|收债|还款|\b(overdue|debts?|arrears|owe[sd]?|unpaid|collections?|collectors?|recovery|recoveries)\b",
    re.IGNORECASE,
)

NEUTRAL: dict[str, str] = {
    "zh": "为了保护您的信息，这里不便说明。",
    "en": "To protect your information, I cannot go into details here.",
}


@dataclass(frozen=True, slots=True)
class Checked:
    """What may be spoken, and what was found wrong with what should have been: '' when nothing was."""

    say: tuple[Fragment, ...]
    breach: str = ""


def wording_fault(text: str, language: str, *, verified: bool) -> str:
    """The first word of a text that may not be spoken; '' when there is none."""
    text = text.lower()
    found = FORBIDDEN[language].search(text)
    if found is None and not verified:
        found = DEBT_WORDS[language].search(text)
    return found.group() if found is not None else ""


@dataclass(slots=True)
class GuardTally:
    """What the guard stopped, over many conversations."""

    breaches: int = 0


@dataclass(frozen=True, slots=True)
class Guard:
    """Checks the sentences of one conversation.

    ``secrets`` are the debt's facts as they would be spoken (amount, due date); ``names`` are those of customer and
    company, which were looked at on their own (TELLING_NAMES) and are nobody's wording ("Bill").
    """

    language: str
    secrets: tuple[str, ...]
    names: tuple[str, ...] = ()

    def check(self, say: Sequence[Fragment], *, verified: bool) -> Checked:
        """``say`` as it is, or the neutral sentence in its place."""
        spoken = [fragment.text for fragment in say]
        if not verified and any(
            secret in part for part in ("".join(spoken), " ".join(spoken)) for secret in self.secrets
        ):
            return self._refuse("debt_fact")
        worded = [text for text in spoken if text not in self.names]
        for text in ("".join(worded), " ".join(worded)) if self.language == "zh" else (" ".join(worded),):
            if wording_fault(text, self.language, verified=verified):
                return self._refuse("wording")
        return Checked(tuple(say))

    def _refuse(self, breach: str) -> Checked:
        return Checked((Fragment(NEUTRAL[self.language], self.language, prompt_id="guard.neutral"),), breach)
