"""A call as a language model is told of it, and what it may write about it: no number or date that is not the result's."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Final

from ari_app.dialogue import spoken
from ari_app.dialogue.advice import KnownFact, ToldCall, WrittenSummary
from ari_app.dialogue.fact_words import amount_fact, day_fact, is_plain, leftover, replaced
from ari_app.dialogue.flow_values import months
from ari_app.dialogue.second_opinion import without_digits
from ari_app.domain.account import Account
from ari_app.domain.attempt import Turn
from ari_app.domain.call_result import ConversationResult

#: So many turns are told, the last ones; longer calls have the rest in their transcript.
MOST_TURNS: Final = 60
MOST_CHARACTERS: Final = 800
MOST_POINTS: Final = 8


def told_call(
    turns: Sequence[Turn], result: ConversationResult, account: Account, today: date
) -> ToldCall | None:
    """What a model is told; None where nobody said a word, so that the rules' summary says everything."""
    if not any(turn.speaker == "customer" and turn.kind == "speech" and turn.text.strip() for turn in turns):
        return None
    said = tuple((turn.speaker, _words(turn, account)) for turn in turns[-MOST_TURNS:])
    language = result.language or account.language
    facts = summary_facts(result, account, language, today) if result.verified else ()
    return ToldCall(language, result.result, tuple(pair for pair in said if pair[1]), facts)


def _words(turn: Turn, account: Account) -> str:
    """What was said in a turn, without the name and without digits of his; a bot's amounts stay."""
    if turn.kind not in ("speech", "prompt"):
        return "(keys)" if turn.kind == "keys" else ""
    text = turn.text if turn.speaker == "bot" else without_digits(turn.text)
    return text.replace(account.name, "…") if account.name.strip() else text


def summary_facts(
    result: ConversationResult, account: Account, language: str, today: date
) -> tuple[KnownFact, ...]:
    """Every amount, day and term that a summary of this call may name."""
    found = [
        amount_fact("amount_due", account.amount_due, account.currency, language),
        day_fact("due_date", account.due_date, language, today),
        day_fact("today", today, language, today),
    ]
    for number, promise in enumerate(result.promises, 1):
        found.append(amount_fact(f"promise_{number}_amount", promise.amount, promise.currency, language))
        found.append(day_fact(f"promise_{number}_date", date.fromisoformat(promise.date), language, today))
    plan = result.plan
    if plan is not None:
        sums = {"monthly": plan.monthly, "last": plan.last, "fee": plan.fee, "total": plan.total}
        for name, amount in (sums | {"waived": plan.waived}).items():
            if amount is not None:
                found.append(amount_fact(f"plan_{name}", amount, plan.currency, language))
        for name, day in (("first_date", plan.first_date), ("until", plan.until)):
            if day is not None:
                found.append(day_fact(f"plan_{name}", day, language, today))
        if plan.periods:
            found.append(_number("plan_periods", plan.periods, months(plan.periods, language), language))
    if result.dispute is not None:
        days = result.dispute.answer_days
        found.append(_number("answer_days", days, spoken.days(days, language), language))
    if result.callback is not None:
        if result.callback.day is not None:
            found.append(day_fact("callback_day", result.callback.day, language, today))
        if result.callback.at is not None:
            found.append(KnownFact("callback_time", result.callback.at.isoformat("minutes")))
    return tuple(found)


def checked_summary(summary: WrittenSummary, call: ToldCall) -> WrittenSummary | None:
    """The summary as it may be kept; None where it names a number or day that is not the result's, or is no plain text."""
    points = tuple(" ".join(point.split()) for point in summary.key_points)
    text = " ".join(summary.text.split())
    if not text or len(points) > MOST_POINTS or sum(map(len, (text, *points))) > MOST_CHARACTERS:
        return None
    for line in (text, *points):
        own = replaced(line, call.facts, " ")
        if not is_plain(line) or leftover(own, call.language):
            return None
    return WrittenSummary(text, points)


def _number(name: str, number: int, words: str, language: str) -> KnownFact:
    units = ("期", "个月", "天", "个工作日") if language == "zh" else (" months", " days", " working days")
    mine = [unit for unit in units if ("periods" in name) == (unit.strip() in ("期", "个月", "months"))]
    return KnownFact(name, words, tuple(f"{number}{unit}" for unit in mine))
