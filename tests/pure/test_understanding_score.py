"""Scores: what is counted, and what is left out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ari_app.dialogue.understanding_score import Found, Labelled, score
from ari_app.dialogue.understanding_slots import SlotValue

pytestmark = pytest.mark.pure

INTENT = st.sampled_from(["affirm", "deny", "dispute", "unclear"])


def pair(
    want: str,
    got: str,
    *,
    slots: dict[str, SlotValue] | None = None,
    found: dict[str, SlotValue] | None = None,
    ambiguous: bool = False,
) -> tuple[Labelled, Found]:
    return Labelled("1", "x", "inform", want, slots=slots or {}, ambiguous=ambiguous), Found(
        got, (), found or {}
    )


def test_macro_f1_is_the_mean_of_the_intents_that_are_labelled() -> None:
    found = score(
        [pair("affirm", "affirm"), pair("affirm", "deny"), pair("deny", "deny"), pair("dispute", "unclear")]
    )
    assert found.accuracy == 0.5
    assert found.intents["affirm"].f1 == pytest.approx(2 / 3)
    assert found.intents["deny"].f1 == pytest.approx(2 / 3)
    assert found.intents["dispute"].f1 == 0.0
    assert found.macro_f1 == pytest.approx((2 / 3 + 2 / 3) / 3)  # unclear is nobody's label
    assert found.confusions[0][2] == 1


def test_an_ambiguous_date_is_not_judged() -> None:
    found = score([pair("affirm", "affirm", slots={"date": "2026-03-11"}, ambiguous=True)])
    assert (found.slots["date"].carried, found.slots["date"].share, found.failures) == (0, 1.0, [])


def test_slots_are_exact_wrong_missing_or_invented() -> None:
    found = score(
        [
            pair("affirm", "affirm", slots={"amount": "1.00"}, found={"amount": "1.00"}),
            pair("affirm", "affirm", slots={"amount": ["1.00", "2.00"]}, found={"amount": "1.00"}),
            pair("affirm", "affirm", slots={"amount": "1.00"}),
            pair("affirm", "affirm", found={"amount": "1.00"}),
        ]
    )
    amount = found.slots["amount"]
    assert (amount.carried, amount.exact, amount.invented) == (3, 1, 1)
    assert len(found.failures) == 3


def test_nothing_cannot_be_scored() -> None:
    with pytest.raises(ValueError, match="nothing"):
        score([])


@given(st.lists(st.tuples(INTENT, INTENT), min_size=1, max_size=30))
def test_figures_lie_between_none_and_all(pairs: list[tuple[str, str]]) -> None:
    found = score([pair(want, got) for want, got in pairs])
    assert 0.0 <= found.macro_f1 <= 1.0
    assert (found.macro_f1 == 1.0) == (found.accuracy == 1.0)
    assert sum(one.support for one in found.intents.values()) == len(pairs)
