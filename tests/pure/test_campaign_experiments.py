"""Experiments of a campaign: voices and speeds in arms, every fault with its path."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ari_app.domain.experiment import Arm, Experiment, styles_of
from ari_app.domain.voice_style import VoiceStyle
from ari_app.errors import InputError
from ari_app.services.campaign_input import parse_campaign
from tests.support.lists import DEFAULTS

pytestmark = pytest.mark.pure


def parsed(experiments: object) -> tuple[Experiment, ...]:
    request = {
        "name": "winter",
        "strategy": {"speed": 1.1, "experiments": experiments},
        "dialer": {"callerIdPool": ["010-65551234"]},
    }
    found = parse_campaign(json.dumps(request).encode(), "task.json", DEFAULTS)
    return found.campaign.strategy.experiments


def wrong(experiments: object) -> str:
    with pytest.raises(InputError) as caught:
        parsed(experiments)
    return str(caught.value)


def test_arms_change_voice_and_speed() -> None:
    found = parsed(
        {
            "speaker": {
                "arms": {"usual": {"weight": 3}, "deep": {"voice": "espeak-ng+m3"}},
                "sharePercent": 12.5,
            },
            "pace": {
                "arms": {"usual": {}, "slow": {"speed": 0.904}, "slower": {"weight": 0, "speed": "0.8"}}
            },
        }
    )
    assert found == (
        Experiment("speaker", (Arm("usual", 3), Arm("deep", 1, "espeak-ng+m3")), 12.5),
        Experiment("pace", (Arm("usual"), Arm("slow", speed=0.9), Arm("slower", 0, speed=0.8))),
    )
    assert parsed({}) == ()
    styles = styles_of(VoiceStyle("", 1.1), found)
    assert styles[0] == VoiceStyle("", 1.1)
    assert set(styles) == {
        VoiceStyle(name, pace) for name in ("", "espeak-ng+m3") for pace in (1.1, 0.9, 0.8)
    }


TWO: dict[str, Any] = {"usual": {}, "slow": {"speed": 0.9}}
DEEP = {"usual": {}, "deep": {"voice": "espeak-ng+m3"}}


@pytest.mark.parametrize(
    ("experiments", "told"),
    [
        ([], "strategy.experiments: "),
        ({"Pace": {"arms": TWO}}, "is no name for an experiment or an arm (allowed: lower-case letters"),
        ({"pace": {"arms": {"usual": {}, "Slow": {"speed": 0.9}}}}, "is no name for an experiment or an arm"),
        ({"pace": {}}, "strategy.experiments.pace.arms: is missing"),
        ({"pace": {"arms": {"usual": {}}}}, "the number of arms is 1 (allowed: 2 to 8 arms"),
        ({"pace": {"arms": {name: {"weight": 0} for name in "ab"}}}, "no arm has a weight"),
        ({"pace": {"arms": {"usual": {}, "other": {}}}}, "are not all different"),
        (
            {"pace": {"arms": TWO | {"slow": {"speed": 3}}}},
            "strategy.experiments.pace.arms.slow.speed: is not a speed",
        ),
        ({"pace": {"arms": TWO | {"slow": {"voice": "Bob"}}}}, "arms.slow.voice: is not the name of a voice"),
        (
            {"pace": {"arms": TWO | {"slow": {"wieght": 3}}}},
            "is not a known key (allowed: did you mean weight?",
        ),
        ({"pace": {"arms": TWO | {"slow": {"weight": -1, "speed": 0.9}}}}, "arms.slow.weight: "),
        ({"pace": {"arms": TWO | {"slow": {"weight": 1.5, "speed": 0.9}}}}, "arms.slow.weight: "),
        (
            {"pace": {"arms": TWO, "sharePercentage": 3}},
            "is not a known key (allowed: did you mean sharePercent?",
        ),
        ({"pace": {"arms": TWO, "sharePercent": 101}}, "pace.sharePercent: is no share"),
        (
            {"pace": {"arms": TWO}, "rate": {"arms": TWO}},
            "changes the speed in several experiments: pace, rate",
        ),
        (
            {"one": {"arms": DEEP}, "two": {"arms": DEEP}},
            "changes the voice in several experiments: one, two",
        ),
        ({f"e{at}": {"arms": TWO} for at in range(11)}, "holds 11 experiments (allowed: at most 10)"),
    ],
)
def test_every_fault_is_told_with_its_path(experiments: object, told: str) -> None:
    assert told in wrong(experiments)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(-2000, 2000) | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["arms", "weight", "voice", "speed", "sharePercent", "a", "b", ""]), inner
            )
        ),
        max_leaves=8,
    )
)
def test_whatever_stands_there_is_taken_or_refused(experiments: object) -> None:
    try:
        found = parsed(experiments)
    except InputError:
        return
    assert all(len(one.arms) >= 2 for one in found)
