"""Learning a score from a payment history: logistic regression by scikit-learn, on earlier bills, measured on later ones.

scikit-learn learns the weights and is needed nowhere else; what was learned is plain numbers, and every figure of the
quality is worked out by the code that scores.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from ari_app.domain.behaviour import (
    DEFAULT_GRACE_DAYS,
    SOCIAL_FEATURES,
    SPEAKS_AGAINST,
    SPEAKS_FOR,
    History,
    features,
)
from ari_app.domain.score_model import LEAST_SCALE, MOST_WEIGHT, WARN_BELOW, ScoreModel, Weight
from ari_app.domain.score_quality import Case, Quality, measure
from ari_app.errors import AriAppError, InputError, Problem
from ari_app.services.history_file import HistoryBook
from ari_app.services.score_file import Learned, ScoreFile

#: A prediction is made this long before the due date, with what is known then (requirement B11).
AHEAD = timedelta(days=3)
#: Bills that are learned from at most, and least: below it weights are chance.
MOST_BILLS, LEAST_BILLS, LEAST_OF_EACH = 400_000, 200, 20
_DIGITS = 6


@dataclass(frozen=True, slots=True)
class Plan:
    """How to learn: the last ``test_share`` of the span of due dates is kept for measuring; ``seed`` chooses bills where
    there are more than ``MOST_BILLS``.
    """

    name: str
    grace_days: int = DEFAULT_GRACE_DAYS
    test_share: float = 0.25
    threshold: int = WARN_BELOW
    seed: int = 1


@dataclass(frozen=True, slots=True)
class Example:
    """One bill whose end is known, with the figures of three days before it was due."""

    due: date
    figures: dict[str, float]
    on_time: bool
    account: str
    age_band: str
    income_band: str


def examples_of(book: HistoryBook, grace_days: int) -> list[Example]:
    """Every bill with an earlier one, whose grace days lie within the history."""
    until = book.until or date.min
    return [
        example for history in book.histories.values() for example in _of_account(history, until, grace_days)
    ]


def _of_account(history: History, until: date, grace_days: int) -> list[Example]:
    found = []
    for bill in history.bills:
        if bill.due + timedelta(days=grace_days) > until:
            continue
        figures = features(history, bill.amount, bill.due - AHEAD, grace_days)
        if figures is not None:
            account = f"{history.customer_id}\0{history.account_id}"
            bands = (history.age_band, history.income_band)
            found.append(Example(bill.due, figures, bill.on_time(grace_days), account, *bands))
    return found


def measure_model(model: ScoreModel, examples: Sequence[Example], threshold: int) -> Quality:
    """The quality of a model on bills whose end is known."""
    return measure(
        [
            Case(model.chance(each.figures), each.on_time, each.account, each.age_band, each.income_band)
            for each in examples
        ],
        threshold,
    )


def train(book: HistoryBook, plan: Plan, authorised: str = "") -> ScoreFile:
    """Learn a model. Deterministic: the same history and plan give the same numbers.

    Raises InputError where the history is too short or too uniform to learn from, AriAppError without scikit-learn.
    """
    examples = examples_of(book, plan.grace_days)
    split_on = _split(book.source, examples, plan.test_share)
    earlier = [each for each in examples if each.due < split_on]
    later = [each for each in examples if each.due >= split_on]
    for part, what in ((earlier, "to learn from"), (later, "to measure on")):
        _enough(book.source, part, what)
    model = _learn(book.source, _sample(earlier, plan.seed), plan)
    learned = Learned(
        history=Path(book.source).name[:200],
        history_sha256=book.digest,
        accounts=len(book.histories),
        rows=book.rows,
        rows_left_out=book.rejected,
        bills=len(examples),
        first_due=min(each.due for each in examples),
        split_on=split_on,
        last_due=max(each.due for each in examples),
        seed=plan.seed,
        columns_dropped=dict(book.dropped),
        authorised=authorised if any(each.feature in SOCIAL_FEATURES for each in model.weights) else "",
    )
    return ScoreFile(model, learned, measure_model(model, later, plan.threshold))


def _split(source: str, examples: Sequence[Example], share: float) -> date:
    """The first due date that is measured on: the last share of the bills begins with it."""
    dues = sorted(each.due for each in examples)
    if len(dues) < LEAST_BILLS:
        problem = Problem(
            source, "", f"{len(dues)} bills have an earlier one and a known end", f"{LEAST_BILLS} or more"
        )
        raise InputError([problem])
    return dues[min(len(dues) - 1, int(len(dues) * (1 - share)))]


def _enough(source: str, part: Sequence[Example], what: str) -> None:
    paid = sum(each.on_time for each in part)
    missed = len(part) - paid
    if min(paid, missed) < LEAST_OF_EACH:
        wrong = f"{what} there are {paid} bills paid on time and {missed} that were not"
        raise InputError(
            [Problem(source, "", wrong, f"{LEAST_OF_EACH} or more of each, over several months")]
        )


def _sample(examples: list[Example], seed: int) -> list[Example]:
    if len(examples) <= MOST_BILLS:
        return examples
    chance = random.Random(seed)  # noqa: S311 - a choice of bills, repeatable on purpose
    return sorted(chance.sample(examples, MOST_BILLS), key=lambda each: each.due)


def _learn(source: str, examples: Sequence[Example], plan: Plan) -> ScoreModel:
    try:
        from sklearn.linear_model import LogisticRegression
        from sklearn.preprocessing import StandardScaler
    except ImportError as error:
        raise AriAppError(
            "learning a score needs scikit-learn: pip install 'ari-app[score]' (scoring does not need it)"
        ) from error
    import numpy as np

    names = sorted({name for each in examples for name in each.figures})
    table = np.array([[each.figures.get(name, np.nan) for name in names] for each in examples])
    # What is not known of a customer counts as the average, here as when scoring.
    table = np.where(np.isnan(table), np.nanmean(table, axis=0), table)
    scaler = StandardScaler().fit(table)
    scaled = scaler.transform(table)
    paid = [each.on_time for each in examples]
    places = [place for place in range(len(names)) if np.ptp(table[:, place]) > 0]
    if not places:
        raise InputError(
            [Problem(source, "", "all accounts are alike", "a history in which something differs")]
        )
    while True:
        learner = LogisticRegression(C=1.0, max_iter=2000, random_state=plan.seed)
        learner.fit(scaled[:, places], paid)
        found = {place: float(value) for place, value in zip(places, learner.coef_[0], strict=True)}
        sensible = [place for place in places if _makes_sense(names[place], found[place])]
        if sensible == places or not sensible:
            break
        places = sensible
    weights = tuple(
        Weight(
            names[place],
            _bounded(found[place]),
            round(float(scaler.mean_[place]), _DIGITS),
            max(LEAST_SCALE, round(float(scaler.scale_[place]), _DIGITS)),
        )
        for place in places
    )
    return ScoreModel(plan.name, _bounded(float(learner.intercept_[0])), weights, plan.grace_days)


def _makes_sense(name: str, value: float) -> bool:
    """Whether a weight has the sign that the meaning of its figure asks for."""
    return not (name in SPEAKS_AGAINST and value > 0) and not (name in SPEAKS_FOR and value < 0)


def _bounded(value: float) -> float:
    return round(max(-MOST_WEIGHT, min(MOST_WEIGHT, value)), _DIGITS)
