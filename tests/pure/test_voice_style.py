"""The names of voices, and voice and speed in a create-task request."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ari_app.domain.campaign import Campaign
from ari_app.domain.voice_style import (
    EDGE_SPEAKERS,
    ESPEAK_VARIANTS,
    VoiceChoice,
    VoiceStyle,
    voice_choice,
)
from ari_app.errors import InputError
from ari_app.services.campaign_input import parse_campaign
from tests.support.lists import DEFAULTS

pytestmark = pytest.mark.pure


def campaign_with(**strategy: object) -> Campaign:
    request = {"name": "n", "strategy": strategy, "dialer": {"callerIdPool": ["010-65551234"]}}
    return parse_campaign(json.dumps(request).encode(), "task.json", DEFAULTS).campaign


def test_an_engine_a_variant_and_a_speaker_are_told_apart_by_their_names() -> None:
    assert voice_choice("espeak-ng") == VoiceChoice("espeak-ng", "", ("zh", "en"))
    assert voice_choice("espeak-ng+f3") == VoiceChoice("espeak-ng", "f3", ("zh", "en"))
    assert voice_choice("edge-tts") == VoiceChoice("edge-tts", "", ("zh", "en"))
    assert voice_choice("zh-CN-YunxiNeural") == VoiceChoice("edge-tts", "zh-CN-YunxiNeural", ("zh",))
    assert voice_choice("en-US-AvaMultilingualNeural").languages == ("en",)
    assert voice_choice("zh-CN-liaoning-XiaobeiNeural").engine == "edge-tts"


@pytest.mark.parametrize(
    "name", [f"espeak-ng+{variant}" for variant in ESPEAK_VARIANTS] + list(EDGE_SPEAKERS)
)
def test_every_listed_voice_is_accepted(name: str) -> None:
    assert voice_choice(name).speaker


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("espeak", "not the name of a voice"),
        ("espeak-ng+robosoft", "no such variant"),
        ("espeak-ng+", "no such variant"),
        ("espeak-ng+f3; rm", "no such variant"),
        ("zh-CN-YunxlNeural", "did you mean zh-CN-YunxiNeural"),
        ("fr-FR-DeniseNeural", "not the name of a voice"),
        ("zh-CN-YunxiNeural<", "not the name of a voice"),
        ("", "not the name of a voice"),
    ],
)
def test_a_wrong_name_is_told(name: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        voice_choice(name)


@given(st.text(max_size=60))
def test_any_text_is_a_voice_or_a_clear_refusal(name: str) -> None:
    try:
        choice = voice_choice(name)
    except ValueError:
        return
    assert choice.engine in ("espeak-ng", "edge-tts")
    assert set(choice.languages) <= {"zh", "en"}


def test_voice_and_speed_of_a_request_are_the_campaigns() -> None:
    assert campaign_with().strategy.voice == VoiceStyle()
    assert campaign_with(voice="espeak-ng+m3", speed=1.25).strategy.voice == VoiceStyle("espeak-ng+m3", 1.25)
    assert campaign_with(speed=2).strategy.voice == VoiceStyle("", 2.0)
    assert campaign_with(speed="0.5").strategy.voice == VoiceStyle("", 0.5)


@pytest.mark.parametrize(
    ("strategy", "message"),
    [
        ({"speed": 0.49}, r"strategy\.speed.*0\.5 to 2\.0"),
        ({"speed": 2.01}, r"strategy\.speed.*0\.5 to 2\.0"),
        ({"speed": True}, r"strategy\.speed"),
        ({"speed": "fast"}, r"strategy\.speed"),
        ({"voice": "Alice"}, r"strategy\.voice.*espeak-ng\+VARIANT"),
        ({"voice": 3}, r"strategy\.voice"),
        ({"voice": "zh-CN-" + "X" * 200}, r"strategy\.voice"),
        ({"voise": "espeak-ng"}, r"strategy\.voise.*voice"),
    ],
)
def test_a_wrong_voice_or_speed_is_refused_with_what_is_allowed(
    strategy: dict[str, object], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        campaign_with(**strategy)
