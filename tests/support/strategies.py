"""Accounts and strategies for tests of strategies."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

from hypothesis import strategies as st

from ari_app.domain.account import AGE_BANDS, BUCKET_NAMES, DEBT_CAUSES, DEBT_TYPES, Account, AccountDetails
from ari_app.domain.segment import ANYBODY, Conditions, Segment, Step, StepKind, parse_trigger
from ari_app.domain.strategy import Strategy
from ari_app.domain.windows import Window

DUE = date(2026, 11, 2)


def account(details: dict[str, object] | None = None, **changes: object) -> Account:
    """An account of 300 that fell due on a Monday, 2026-11-02."""
    fields: dict[str, object] = {
        "customer_id": "c1",
        "account_id": "a1",
        "bill_id": "b1",
        "name": "n",
        "phone": "+8613800000001",
        "amount_due": Decimal("300.00"),
        "due_date": DUE,
        "details": AccountDetails(**(details or {})),  # type: ignore[arg-type]
    }
    return Account(**{**fields, **changes})  # type: ignore[arg-type]


def step(when: str, kind: StepKind = StepKind.CALL, name: str = "", **changes: object) -> Step:
    """A step by its trigger."""
    fields: dict[str, object] = {"name": name or f"{kind}-{when}", "kind": kind, "when": parse_trigger(when)}
    return Step(**{**fields, **changes})  # type: ignore[arg-type]


def strategy(*segments: Segment, **changes: object) -> Strategy:
    """A strategy of these segments, or of one for everybody."""
    fields: dict[str, object] = {
        "name": "s",
        "version": "1",
        "segments": segments or (Segment("everybody", steps=(step("start"),)),),
    }
    return Strategy(**{**fields, **changes})  # type: ignore[arg-type]


def _words(words: tuple[str, ...]) -> st.SearchStrategy[tuple[str, ...]]:
    return st.lists(st.sampled_from(words), max_size=2, unique=True).map(tuple)


conditions = st.builds(
    Conditions,
    buckets=_words(BUCKET_NAMES),
    amount_from=st.none() | st.integers(0, 500).map(Decimal),
    amount_below=st.none() | st.integers(0, 500).map(Decimal),
    customer_levels=_words(("vip", "ordinary", "high_risk")),
    risk_levels=_words(("L", "M", "H")),
    debt_types=_words(DEBT_TYPES),
    debt_causes=_words(DEBT_CAUSES),
    regions=_words(("Beijing", "Hebei")),
    age_bands=_words(AGE_BANDS),
    score_from=st.none() | st.integers(0, 100),
    score_below=st.none() | st.integers(0, 100),
    broken_promises_from=st.integers(0, 3),
    good_record=st.sampled_from([None, True, False]),
)

details = st.builds(
    AccountDetails,
    customer_level=st.sampled_from(("", "vip", "ordinary", "high_risk")),
    risk_level=st.sampled_from(("", "L", "M", "H")),
    region=st.sampled_from(("", "beijing", "Hebei")),
    age_band=st.sampled_from(("", *AGE_BANDS)),
    debt_type=st.sampled_from(("", *DEBT_TYPES)),
    debt_cause=st.sampled_from(("", *DEBT_CAUSES)),
    score=st.none() | st.integers(0, 100),
    broken_promises=st.integers(0, 3),
    good_record=st.booleans(),
)

accounts = st.builds(
    lambda due, amount, more, who: replace(
        account(due_date=due, amount_due=Decimal(amount), customer_id=who), details=more
    ),
    st.dates(date(2023, 1, 1), date(2027, 12, 31)),
    st.integers(0, 600),
    details,
    st.text("abc0123456789", min_size=1, max_size=6),
)


_windows = st.lists(
    st.tuples(st.integers(0, 22), st.integers(1, 6)).map(
        lambda pair: Window(pair[0] * 60, min(24, pair[0] + pair[1]) * 60)
    ),
    min_size=1,
    max_size=2,
).map(tuple)

segments = st.builds(
    Segment,
    name=st.just("x"),
    when=conditions,
    steps=st.just((step("start"),)),
    windows=_windows,
    closed_weekdays=st.sampled_from([(), (5, 6), (0,)]),
    open_holidays=st.booleans(),
    max_attempts=st.integers(1, 30),
    dials_per_day=st.none() | st.integers(1, 30),
    dials_per_week=st.none() | st.integers(1, 60),
    min_gap_minutes=st.sampled_from([0, 600]),
)

#: Strategies of up to three segments and one for the rest.
strategies = st.lists(segments, max_size=3).map(
    lambda found: strategy(
        *(replace(each, name=f"s{number}") for number, each in enumerate(found)), Segment("rest", ANYBODY)
    )
)
