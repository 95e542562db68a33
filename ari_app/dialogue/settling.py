"""What the rules of both languages do with their findings: places, corrections, and findings that rule each other out."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from ari_app.dialogue.heard import DateSpan, Heard

Named = tuple[tuple[str, re.Pattern[str]], ...]
RulesOut = tuple[tuple[frozenset[str], tuple[str, ...]], ...]
"""Findings, and what they rule out, in the order in which it is done."""

#: Questions at which nobody knows yet who speaks.
BEFORE_VERIFICATION = frozenset({"opening", "verify_tail"})
#: Questions to which a bare number is a sum of money.
HOW_MUCH = frozenset({"ask_amount", "confirm_ptp"})
#: Whoever says one of these after verification speaks of his own affairs.
_OWN_AFFAIRS = frozenset(
    {
        "promise_to_pay",
        "already_paid",
        "dispute",
        "hardship",
        "request_deferral",
        "request_installment",
        "refuse_to_pay",
    }
)


def named(patterns: Sequence[tuple[str, str]]) -> Named:
    """Patterns by name, ready for use."""
    return tuple((name, re.compile(pattern)) for name, pattern in patterns)


def first_named(patterns: Named, text: str) -> str:
    """The first name whose pattern is found; '' for none."""
    return next((name for name, pattern in patterns if pattern.search(text)), "")


def in_spoken_order(patterns: Named, text: str, refused: Callable[[str, str], bool]) -> list[str]:
    """The names that are found, by their place; ``refused`` judges the text before and after a place."""
    found: list[tuple[int, str]] = []
    for name, pattern in patterns:
        for match in pattern.finditer(text):
            if not refused(text[: match.start()], text[match.end() :]):
                found.append((match.start(), name))
                break
    return [name for _, name in sorted(found)]


def blanked(text: str, spans: Sequence[DateSpan], sign: str) -> str:
    """The text with the dates made unreadable, every other place unchanged."""
    for span in spans:
        text = text[: span.start] + sign * (span.end - span.start) + text[span.end :]
    return text


def taken_back(
    text: str, spans: Sequence[DateSpan], span: DateSpan, words: re.Pattern[str], longest: int
) -> bool:
    """Whether another date replaces this one right after it; ``words`` stand between, in ``longest`` signs at most."""
    after = [other for other in spans if other.start >= span.end]
    if not after:
        return False
    between = text[span.end : after[0].start]
    return len(between) <= longest and bool(words.search(between))


def rule_out(heard: Heard, rules: RulesOut) -> None:
    """Drop what other findings rule out."""
    for present, dropped in rules:
        if present & heard.intents.keys():
            heard.drop(*dropped)


def settle_speaker(
    heard: Heard, context: str, *, for_another: bool, stranger: bool, own_relative: bool
) -> None:
    """After verification somebody speaks for himself, unless his words plainly say otherwise.

    ``for_another``: he says that he is somebody else or that the customer is away; ``stranger``: that the number is wrong;
    ``own_relative``: who has died is a relative of his own, which is a hardship.
    """
    if context in BEFORE_VERIFICATION:
        return
    heard.drop("identity_confirm")
    if "deceased" in heard.intents and own_relative:
        heard.drop("deceased", "third_party")
        heard.add("hardship")
    if _OWN_AFFAIRS & heard.intents.keys() and "deceased" not in heard.intents and not for_another:
        heard.drop("third_party")
    if not stranger:
        heard.drop("identity_deny")
