"""A score model: sums that anybody can redo, reasons, and a file that is data and nothing else."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ari_app.domain.behaviour import FEATURES
from ari_app.domain.score_model import ScoreModel, Weight
from ari_app.domain.score_quality import Case, measure
from ari_app.errors import InputError
from ari_app.services.score_card import model_card
from ari_app.services.score_file import (
    MAX_BYTES,
    Learned,
    ScoreFile,
    parse_score_file,
    score_file_text,
)

pytestmark = pytest.mark.pure

MODEL = ScoreModel(
    "arrears-2026-10",
    1.0,
    (Weight("last_missed", -1.0, 0.2, 0.4), Weight("answered_share", 0.5, 0.5, 0.25)),
)
LEARNED = Learned(
    "payments.csv",
    "0" * 64,
    10,
    100,
    1,
    90,
    date(2025, 1, 20),
    date(2025, 10, 20),
    date(2025, 12, 20),
    1,
    {"friends": 7},
)
CASES = [
    Case(place / 20, place % 3 > 0, f"a{place}", "65+" if place % 2 else "18-24", "low")
    for place in range(20)
]
FILE = ScoreFile(MODEL, LEARNED, measure(CASES, 60))

FIGURES = st.fixed_dictionaries({}, optional={name: st.floats(-20, 20) for name in FEATURES})
WEIGHTS = st.lists(
    st.builds(
        Weight,
        st.sampled_from(sorted(FEATURES)),
        st.floats(-50, 50).map(lambda value: round(value, 6)),
        st.floats(-1e6, 1e6).map(lambda value: round(value, 6)),
        st.floats(0.001, 1e6).map(lambda value: round(value, 6)),
    ),
    min_size=1,
    max_size=13,
    unique_by=lambda weight: weight.feature,
)
MODELS = st.builds(ScoreModel, st.just("m"), st.floats(-50, 50), WEIGHTS.map(tuple), st.integers(0, 60))


@given(MODELS, FIGURES)
def test_a_chance_is_a_chance_and_a_score_its_hundredths(model: ScoreModel, found: dict[str, float]) -> None:
    assert 0.0 <= model.chance(found) <= 1.0
    assert model.score(found) == round(100 * model.chance(found))


@given(MODELS, FIGURES, st.floats(0, 20))
def test_a_figure_moves_the_score_the_way_its_weight_says(
    model: ScoreModel, found: dict[str, float], more: float
) -> None:
    for weight in model.weights:
        before = {weight.feature: 0.0} | found
        after = before | {weight.feature: before[weight.feature] + more}
        low, high = sorted((model.chance(before), model.chance(after)))
        moved = model.chance(after) - model.chance(before)
        assert low == high or (moved > 0) == (weight.value > 0)


@given(MODELS, FIGURES)
def test_the_reasons_are_the_strongest_first_and_have_points(
    model: ScoreModel, found: dict[str, float]
) -> None:
    reasons = model.reasons(found, most=20)
    sizes = [abs(reason.points) for reason in reasons]
    assert sizes == sorted(sizes, reverse=True)
    assert all(sizes)
    assert model.reasons(found, most=2) == reasons[:2]


def test_a_known_score_and_its_reasons() -> None:
    found = {"last_missed": 1.0, "answered_share": 0.75}
    # 1 - 1 * (1 - 0.2) / 0.4 + 0.5 * (0.75 - 0.5) / 0.25 = -0.5
    assert model_sum(found) == pytest.approx(-0.5)
    assert MODEL.score(found) == 38
    assert [str(reason) for reason in MODEL.reasons(found)] == [
        "the last bill was not paid on time (-44)",
        "calls are answered more often than usual (+11)",
    ]


def model_sum(found: dict[str, float]) -> float:
    from math import log

    chance = MODEL.chance(found)
    return log(chance / (1 - chance))


def test_what_is_not_known_counts_as_the_average() -> None:
    assert MODEL.chance({}) == MODEL.chance({"last_missed": 0.2, "answered_share": 0.5})
    assert MODEL.reasons({}) == ()


@given(MODELS)
def test_a_model_file_gives_back_what_was_written(model: ScoreModel) -> None:
    file = replace(FILE, model=model)
    assert parse_score_file(score_file_text(file).encode()) == file


def changed(change: Callable[[dict[str, Any]], object]) -> bytes:
    document = json.loads(score_file_text(FILE))
    change(document)
    return json.dumps(document).encode()


@pytest.mark.parametrize(
    ("raw", "told"),
    [
        (b"", "not JSON"),
        (b"\x80\x04\x95pickle", "not UTF-8"),
        (b"cos\nsystem\n(S'true'\ntR.", "not JSON"),
        (b"[1]", "is not an object"),
        (b"[" * 100_000, "nested too deeply"),
        (b'{"kind": 1, "kind": 1}', "stands twice"),
        (b"{" + b" " * MAX_BYTES + b"}", "too long"),
        (changed(lambda d: d.pop("bias")), "bias: is missing"),
        (changed(lambda d: d.update(code="import os")), "code: is not a known key"),
        (changed(lambda d: d.update(kind="pickle")), "kind: is not one of the known values"),
        (changed(lambda d: d.update(version=2)), "version: is not one of the known values"),
        (changed(lambda d: d.update(name="../../etc/passwd")), "name: "),
        (changed(lambda d: d.update(bias="1")), "bias: "),
        (changed(lambda d: d.update(bias=51)), "bias: "),
        (changed(lambda d: d.update(bias=True)), "bias: "),
        (changed(lambda d: d["weights"][0].update(scale=0)), "weights[0].scale"),
        (changed(lambda d: d["weights"][0].update(feature="shoe_size")), "unknown figure 'shoe_size'"),
        (changed(lambda d: d["weights"].append(d["weights"][0])), "weighs a figure twice"),
        (
            changed(lambda d: d["weights"][0].update(feature="relations_in_arrears")),
            "without an authorisation",
        ),
        (changed(lambda d: d.update(weights=[])), "weights: "),
        (changed(lambda d: d.update(weights=d["weights"] * 100)), "weights: "),
        (changed(lambda d: d["measured"].update(auc=1.5)), "measured.auc"),
        (changed(lambda d: d["learned"].update(split_on="soon")), "learned.split_on"),
        (score_file_text(FILE).replace('"bias": 1.0', '"bias": NaN').encode(), "NaN is not a number"),
        (score_file_text(FILE).replace('"bias": 1.0', '"bias": 1e999').encode(), "bias: "),
        (score_file_text(FILE).replace('"bias": 1.0', '"bias": ' + "9" * 31).encode(), "31 digits"),
    ],
)
def test_a_hostile_model_file_is_answered_clearly(raw: bytes, told: str) -> None:
    with pytest.raises(InputError) as refused:
        parse_score_file(raw, "model.json")
    assert told in str(refused.value)
    assert str(refused.value).startswith("model.json")
    assert len(str(refused.value)) < 2000


def test_a_model_with_social_data_says_what_allows_it() -> None:
    weights = (*MODEL.weights, Weight("relations_in_arrears", -0.5, 1.0, 1.0))
    file = ScoreFile(
        replace(MODEL, weights=weights), replace(LEARNED, authorised="consent form 3"), FILE.measured
    )
    assert parse_score_file(score_file_text(file).encode()) == file
    assert "authorised by: consent form 3" in model_card(file)


def test_a_card_shows_no_mark_up_of_a_file_that_somebody_has_edited() -> None:
    def edited(document: dict[str, Any]) -> None:
        group = {
            "name": "<b>|[x](y)",
            "bills": 9,
            "predicted": 0.9,
            "observed": 0.1,
            "low": -0.9,
            "high": -0.7,
        }
        document["measured"]["by_age"] = [group | {"warned": 0.0, "wrongly_warned": 0.0}]

    card = model_card(parse_score_file(changed(edited)))
    assert "<b>" not in card
    assert "[x]" not in card


def test_the_card_tells_what_the_model_is_and_what_was_left_out() -> None:
    card = model_card(FILE)
    for told in (
        "# Model card: arrears-2026-10",
        "`payments.csv`",
        "100, of which 1 had a fault",
        "friends (7 cells)",
        "`last_missed`: the last bill was not paid on time (1) or was (0) | -1.000",
        "### By age",
        "| 65+ | 10 |",
        "Age and income are never weighed",
    ):
        assert told in card


def test_a_card_of_a_history_without_groups_says_that_nobody_knows() -> None:
    blind = [replace(case, age_band="", income_band="") for case in CASES]
    card = model_card(replace(FILE, measured=measure(blind, 60)))
    assert "nobody knows whether a group is misjudged" in card


def test_a_name_from_a_history_breaks_no_table() -> None:
    card = model_card(replace(FILE, learned=replace(LEARNED, history="a|b`<c>\n.csv")))
    (line,) = [line for line in card.splitlines() if line.startswith("| history")]
    assert line.count("|") == 3
