"""Results of conversations for property tests: whatever a flow may end with."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

from hypothesis import strategies as st

from ari_app.domain.call_result import (
    NEXT_ACTIONS,
    Callback,
    CallSummary,
    Consent,
    ConversationResult,
    DisputeClaim,
    PlanKind,
    PlanRequest,
    PromiseToPay,
    ReviewField,
)
from ari_app.domain.plan import InstalmentOption, instalment_terms
from ari_app.domain.review import DISPUTE_CATEGORIES
from ari_app.domain.script_coverage import ELEMENTS

TEXTS = st.text(max_size=40)
NAMES = st.text(min_size=1, max_size=12)
SURE = st.floats(0.6, 1.0)
DAYS = st.dates(date(2000, 1, 1), date(2100, 12, 31))
MONEY = (
    st.integers(1, 10**11)
    .map(lambda cents: Decimal(cents) / 100)
    .map(lambda each: each.quantize(Decimal("0.01")))
)
INSTANTS = st.datetimes(
    datetime(2000, 1, 1),  # noqa: DTZ001 - hypothesis adds the zone
    datetime(2100, 1, 1),  # noqa: DTZ001 - hypothesis adds the zone
    timezones=st.just(UTC),
)

PROMISES = st.lists(
    st.builds(
        PromiseToPay,
        amount=MONEY,
        date=DAYS.map(date.isoformat),
        currency=st.sampled_from(["CNY", "USD"]),
        channel=TEXTS,
        confidence=SURE,
    ),
    max_size=4,
).map(lambda found: tuple(sorted(found, key=lambda promise: promise.date)))

INSTALMENTS = st.builds(
    lambda cents, periods, first, confidence: instalment_terms(
        Decimal(cents) / 100, InstalmentOption(periods, Decimal("0.5")), first
    ).request("CNY", confidence),
    st.integers(100, 10**9),
    st.sampled_from([3, 6, 12]),
    DAYS,
    SURE,
)
PLANS = st.one_of(
    INSTALMENTS,
    st.builds(PlanRequest, kind=st.just(PlanKind.DEFERRAL), until=DAYS, confidence=SURE),
    st.builds(
        PlanRequest,
        kind=st.just(PlanKind.WAIVER),
        waived=st.none() | MONEY,
        approver=TEXTS,
        confidence=SURE,
    ),
)
DISPUTES = st.builds(
    DisputeClaim,
    category=st.sampled_from(DISPUTE_CATEGORIES),
    description=TEXTS,
    evidence=st.lists(TEXTS, max_size=3).map(tuple),
    answer_days=st.integers(0, 30),
    confidence=SURE,
    status=st.sampled_from(["open", "closed"]),
)
ELEMENT_SETS = st.lists(st.sampled_from(ELEMENTS), unique=True).map(tuple)
WORDS = st.lists(TEXTS, max_size=4).map(tuple)

RESULTS = st.builds(
    ConversationResult,
    result=NAMES,
    verified=st.booleans(),
    promises=PROMISES,
    plan=st.none() | PLANS,
    dispute=st.none() | DISPUTES,
    callback=st.none() | st.builds(Callback, day=st.none() | DAYS, at=st.none() | st.times()),
    consent=st.none()
    | st.builds(
        Consent, given=st.booleans(), at=INSTANTS, version=TEXTS, audio_s=st.none() | st.floats(0, 1e4)
    ),
    transfer_reason=TEXTS,
    message=TEXTS,
    intents=WORDS,
    reasons=WORDS,
    coverage=ELEMENT_SETS,
    variants=st.lists(st.tuples(TEXTS, TEXTS), max_size=3).map(tuple),
    review=st.lists(
        st.builds(ReviewField, name=NAMES, value=TEXTS, confidence=st.floats(0, 1), reason=TEXTS), max_size=3
    ).map(tuple),
    summary=st.builds(
        CallSummary,
        key_points=WORDS,
        text=TEXTS,
        risk_level=st.sampled_from("LMH"),
        next_action=st.sampled_from(NEXT_ACTIONS),
    ),
    language=TEXTS,
    upset=st.booleans(),
    do_not_contact=st.booleans(),
    cut_short=ELEMENT_SETS,
    required=ELEMENT_SETS,
)
