"""The last look at everything before it is spoken: no debt fact to an unverified person, no forbidden wording ever.

The flow is checked when it is read and cannot fill in a debt before verification; the guard is there for what nobody
thought of. It never lets a sentence through in doubt: a neutral one is spoken instead, and the breach is counted.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import groupby

from ari_app.dialogue.guard_words import DEBT_WORDS, FORBIDDEN, LEGAL, PRETENCE, TELLING_NAMES
from ari_app.dialogue.model import Fragment

__all__ = [
    "NEUTRAL",
    "TELLING_NAMES",
    "Breach",
    "Checked",
    "Guard",
    "GuardTally",
    "matchable",
    "wording_fault",
]


class Breach(StrEnum):
    """Which red line a sentence crossed."""

    DEBT_FACT = "debt_fact"
    DEBT_WORD = "debt_word"
    FORBIDDEN = "forbidden"
    LEGAL = "legal"
    PRETENCE = "pretence"


NEUTRAL: dict[str, str] = {
    "zh": "为了保护您的信息，这里不便说明。",
    "en": "To protect your information, I cannot go into details here.",
}


#: What may stand between the characters of a Chinese word without anybody hearing it.
_SILENT_ZH = re.compile(r"[\W_]+")
_SILENT_EN = re.compile(r"[^\w$£€¥]+")


@dataclass(frozen=True, slots=True)
class Checked:
    """What may be spoken, and which red line what should have been crossed: None when none."""

    say: tuple[Fragment, ...]
    breach: Breach | None = None


def matchable(text: str, language: str) -> str:
    """A text as it is heard, so that spelling hides nothing: one width and case, without invisible signs; Chinese without
    spaces and punctuation, English with single spaces."""
    text = unicodedata.normalize("NFKC", text)
    text = "".join(sign for sign in text if unicodedata.category(sign) != "Cf").lower()
    return _SILENT_ZH.sub("", text) if language == "zh" else _SILENT_EN.sub(" ", text)


def crossed(text: str, language: str, *, verified: bool, legal: bool = False) -> tuple[Breach, str] | None:
    """The first red line that a text crosses, and the words that cross it; None when it crosses none.

    ``legal``: legal means may be mentioned to this customer (D17), once he is verified.
    """
    text = matchable(text, language)
    lines = [(Breach.FORBIDDEN, FORBIDDEN), (Breach.PRETENCE, PRETENCE)]
    if not (legal and verified):
        lines.append((Breach.LEGAL, LEGAL))
    if not verified:
        lines.append((Breach.DEBT_WORD, DEBT_WORDS))
    for breach, words in lines:
        found = words[language].search(text)
        if found is not None:
            return breach, found.group()
    return None


def wording_fault(text: str, language: str, *, verified: bool, legal: bool = False) -> str:
    """The first words of a text that may not be spoken; '' when there are none."""
    found = crossed(text, language, verified=verified, legal=legal)
    return found[1] if found is not None else ""


@dataclass(slots=True)
class GuardTally:
    """What the guard stopped, over many conversations, by red line."""

    by_breach: Counter[Breach] = field(default_factory=Counter)

    def note(self, breach: Breach) -> None:
        """Count one sentence that was replaced."""
        self.by_breach[breach] += 1

    @property
    def breaches(self) -> int:
        """How many sentences were replaced."""
        return self.by_breach.total()


@dataclass(frozen=True, slots=True)
class Guard:
    """Checks the sentences of one conversation.

    ``secrets`` are the debt's facts as they would be spoken or written (amount, due date); ``names`` are those of customer
    and company, which were looked at on their own (TELLING_NAMES) and are nobody's wording ("Bill"). ``legal``: the case
    stands at a stage at which legal means may be mentioned.
    """

    language: str
    secrets: tuple[str, ...]
    names: tuple[str, ...] = ()
    legal: bool = False

    def check(self, say: Sequence[Fragment], *, verified: bool) -> Checked:
        """``say`` as it is, or the neutral sentence in its place."""
        spoken = [(fragment.text, fragment.language) for fragment in say]
        if not verified:
            texts = [text for text, _ in spoken]
            heard = [matchable(part, self.language) for part in ("".join(texts), " ".join(texts))]
            secrets = [matchable(secret, self.language).strip() for secret in self.secrets]
            if any(secret and secret in part for part in heard for secret in secrets):
                return self._refuse(Breach.DEBT_FACT)
        # A name is nobody's wording; what stands before and after it is not read across it.
        for (is_name, language), run in groupby(spoken, key=lambda part: (part[0] in self.names, part[1])):
            if is_name:
                continue
            text = ("" if language == "zh" else " ").join(text for text, _ in run)
            found = crossed(text, language, verified=verified, legal=self.legal)
            if found is not None:
                return self._refuse(found[0])
        return Checked(tuple(say))

    def _refuse(self, breach: Breach) -> Checked:
        return Checked(
            (Fragment(NEUTRAL[self.language], self.language, prompt_id="guard.neutral", ends=True),), breach
        )
