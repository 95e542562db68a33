"""Fair shares: starts in proportion to weight, whatever the others want, and nothing saved up while idle."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ari_app.domain.fair_share import FairShares

pytestmark = pytest.mark.pure

NAMES = st.sampled_from(["a", "b", "c", "d"])
WANTS = st.dictionaries(NAMES, st.integers(0, 30), max_size=4)


@settings(max_examples=50)
@given(st.integers(0, 60), WANTS, st.integers(1, 5))
def test_all_of_the_room_is_given_and_nobody_gets_more_than_he_wants(
    room: int, wants: dict[str, int], weight: int
) -> None:
    given_out = FairShares().share_out(room, wants, dict.fromkeys(wants, weight))
    assert sum(given_out.values()) == min(room, sum(wants.values()))
    assert all(given_out[name] <= most for name, most in wants.items())


def test_starts_follow_the_weights_over_many_turns() -> None:
    shares, weights, total = FairShares(), {"a": 3, "b": 1}, {"a": 0, "b": 0}
    for _ in range(40):
        shares = shares.among(weights)
        for name, starts in shares.share_out(1, {"a": 9, "b": 9}, weights).items():
            shares = shares.served(name, starts, weights[name])
            total[name] += starts
    assert total == {"a": 30, "b": 10}


def test_a_campaign_that_was_idle_does_not_take_everything_afterwards() -> None:
    shares, weights = FairShares().among(["a", "b"]), {"a": 1, "b": 1}
    for _ in range(50):
        shares = shares.served("a", 1, 1).idle("b")
    given_out = shares.share_out(10, {"a": 10, "b": 10}, weights)
    assert given_out["b"] <= 6


def test_a_new_campaign_begins_beside_the_one_furthest_behind() -> None:
    shares = FairShares().served("a", 100, 1).served("b", 90, 1).among(["a", "b", "c"])
    assert shares.had == {"a": 10.0, "b": 0.0, "c": 0.0}


def test_one_that_has_ended_is_forgotten() -> None:
    assert "a" not in FairShares().served("a", 5, 1).among(["b"]).had


def test_starts_of_one_turn_follow_the_weights_too() -> None:
    given_out = FairShares().share_out(8, {"a": 9, "b": 9}, {"a": 3, "b": 1})
    assert given_out == {"a": 6, "b": 2}
