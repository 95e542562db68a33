"""Call progress tones: every signal of every country in the table, and special information tones."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ari_app.errors import InputError
from ari_app.services.tone_file import parse_tones, read_tones
from ari_app.voice.line_sound import LineSound
from ari_app.voice.pcm import frames, silence, through_narrow_band
from ari_app.voice.progress import ANY_COUNTRY
from ari_app.voice.tone_plan import DEFAULT, Pattern, TonePlan
from ari_app.voice.tones import CadenceDetector, sit_kind
from tests.support.examples import examples
from tests.support.sounds import mixed, tone, voice, white_noise

pytestmark = [pytest.mark.pure, pytest.mark.long]

PLANS = read_tones(Path(__file__).parents[2] / "dialplan" / "tones.yaml")
EVERY = [(name, pattern) for name, plan in PLANS.countries.items() for pattern in plan.patterns]


def signals(pcm: bytes, plan: TonePlan) -> list[str]:
    detector, line = CadenceDetector(plan), LineSound()
    told: list[str] = []
    for frame in frames(pcm):
        line.push(frame)
        signal = detector.push(line)
        if signal is not None:
            told.append(signal)
    return told


@cache
def sound_of(pattern: Pattern) -> bytes:
    """The signal as a network sends it, for so long that everybody must know it."""
    hz = pattern.sound.hz or (sum(pattern.sound.band or (0.0, 0.0)) / 2,)
    if not pattern.cadence:
        return tone(4.0, *hz, dbfs=-22.0) + silence(0.5)
    once = b"".join(
        silence(seconds) if at % 2 else tone(seconds, *hz, dbfs=-22.0)
        for at, seconds in enumerate(pattern.cadence)
    )
    return once * max(2, round(5.0 / sum(pattern.cadence))) + tone(0.1, *hz, dbfs=-22.0) + silence(0.2)


def alike(plan: TonePlan, pattern: Pattern) -> str:
    """The first signal of the plan that sounds the same."""
    return next(
        each.signal
        for each in plan.patterns
        if (each.sound, each.cadence) == (pattern.sound, pattern.cadence)
    )


@pytest.mark.parametrize(
    ("country", "pattern"), EVERY, ids=[f"{name}-{each.signal}-{each.cadence}" for name, each in EVERY]
)
@pytest.mark.parametrize("offset_s", [0.0, 0.013])
def test_every_signal_of_every_country_is_known_and_nothing_else(
    country: str, pattern: Pattern, offset_s: float
) -> None:
    plan = PLANS.countries[country]
    pcm = through_narrow_band(silence(offset_s) + sound_of(pattern))
    assert set(signals(pcm, plan)) == {alike(plan, pattern)}


@pytest.mark.parametrize("country", PLANS.countries)
@pytest.mark.parametrize(
    "pcm",
    [
        silence(8.0),
        white_noise(8.0, -20),
        (voice(0.35) + silence(0.35)) * 6,
        (tone(0.35, 1000) + silence(0.35)) * 6,
        (tone(0.1, 697, 1209) + silence(0.1)) * 10,
        voice(8.0),
    ],
    ids=["silence", "noise", "voice in time", "wrong pitch", "keys", "voice"],
)
def test_other_sounds_are_no_signal(country: str, pcm: bytes) -> None:
    assert signals(through_narrow_band(pcm), PLANS.countries[country]) == []


def test_a_wrong_time_is_no_signal() -> None:
    assert signals((tone(0.35, 450) + silence(1.0)) * 4, PLANS.of("CN")) == []


def test_a_busy_tone_is_heard_through_noise_and_at_any_level() -> None:
    busy = (tone(0.35, 450, dbfs=-24.0) + silence(0.35)) * 5
    for pcm in (mixed(busy, white_noise(3.5, -50.0)), (tone(0.35, 450, dbfs=-38.0) + silence(0.35)) * 5):
        assert set(signals(through_narrow_band(pcm), PLANS.of("CN"))) == {"busy"}


def test_who_joins_in_the_middle_of_a_ring_hears_the_next_one() -> None:
    ring = tone(1.0, 450) + silence(4.0)
    assert signals(tone(0.4, 450) + silence(4.0) + ring, PLANS.of("DE", "CN"))[-1] == "ringback"


@given(st.integers(0, 10_000), st.floats(0.0, 0.02))
@settings(max_examples=examples(20), deadline=None)
def test_random_bursts_are_no_busy_tone(seed: int, offset_s: float) -> None:
    """Bursts whose times have nothing to do with each other."""
    times = [0.06 + (seed * 7919 * (at + 1) % 89) / 100 for at in range(10)]
    if any(abs(times[at] - times[at + 2]) < 0.2 for at in range(8)):
        return
    pcm = b"".join(silence(t) if at % 2 else tone(t, 450) for at, t in enumerate(times))
    assert signals(silence(offset_s) + pcm, PLANS.of("CN")) == []


# ------------------------------------------------------------------------------------------------ plans


def test_the_plan_of_a_call_is_that_of_its_country_and_its_trunk() -> None:
    assert PLANS.of("US", "CN").patterns[: len(PLANS.of("US").patterns)] == PLANS.of("US").patterns
    assert set(PLANS.of("US", "CN").patterns) == {*PLANS.of("US").patterns, *PLANS.of("CN").patterns}
    assert PLANS.of("XX", None) == PLANS.countries[DEFAULT]
    assert PLANS.of("XX", "CN") == PLANS.of("CN", "CN") == PLANS.of("CN")


def test_the_countries_that_are_called_most_are_there() -> None:
    assert {"CN", "US", "GB", "DE", "FR", "JP", "HK", "TW", "SG", "IN", "AU", "BR"} <= set(PLANS.countries)
    assert {each.signal for each in ANY_COUNTRY.patterns} == {"ringback", "busy", "congestion"}


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "this is empty"),
        ("countries: 5", "tones.yaml:1: countries: this is a number, not a mapping"),
        ("countries:\n  CN: {busy: {hz: 450, cadence: [0.35, 0.35]}}\n", "the key 'default' is missing"),
        ("countries:\n  default: {}\n", ":2: default: this country has no tone"),
        ("countries:\n  china: {busy: {hz: 450, cadence: []}}\n", ":2: china: this is no country"),
        ("countries:\n  default: {buzy: {hz: 450, cadence: []}}\n", "unknown key 'buzy'"),
        ("countries:\n  default: {busy: {hz: 45, cadence: []}}\n", "default.busy.hz: '45' does not fit"),
        ("countries:\n  default: {busy: {hz: 450, cadence: [0.35]}}\n", "1 times (allowed: pairs"),
        ("countries:\n  default: {busy: {hz: 450, cadence: 0.35}}\n", "this is no list"),
        ("countries:\n  default: {busy: {hz: {from: 500, to: 400}, cadence: []}}\n", "is no band"),
        ("countries:\n  default: {busy: {hz: [], cadence: []}}\n", "0 frequencies"),
        ("countries:\n  default: {busy: {hz: 450}}\n", "the key 'cadence' is missing"),
    ],
)
def test_a_fault_in_the_table_is_told_with_its_line(text: str, fault: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_tones(text)
    assert fault in str(caught.value)


# ------------------------------------------------------------------------------------------------ special information

KINDS = {
    "sit_intercept": ((0.274, 0.274, 0.380), (913.8, 1370.6, 1776.7)),
    "sit_vacant": ((0.380, 0.274, 0.380), (985.2, 1370.6, 1776.7)),
    "sit_reorder": ((0.274, 0.380, 0.380), (913.8, 1428.5, 1776.7)),
    "sit_no_circuit": ((0.380, 0.380, 0.380), (985.2, 1428.5, 1776.7)),
    "sit": ((0.330, 0.330, 0.330), (950.0, 1400.0, 1800.0)),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("offset_s", [0.0, 0.006, 0.012, 0.018])
@pytest.mark.parametrize("gap_s", [0.0, 0.02])
def test_special_information_tones_say_by_length_and_pitch_what_is_wrong(
    kind: str, offset_s: float, gap_s: float
) -> None:
    parts = [tone(seconds, hz) for seconds, hz in zip(*KINDS[kind], strict=True)]
    pcm = silence(0.3 + offset_s) + silence(gap_s).join(parts) + silence(0.5)
    assert signals(through_narrow_band(pcm), PLANS.of("US")) == [kind]


def test_three_tones_in_another_order_or_of_another_length_are_nothing_special() -> None:
    assert sit_kind((0.33, 0.33, 0.33), (1400.0, 950.0, 1800.0)) is None
    assert sit_kind((0.33, 0.9, 0.33), (950.0, 1400.0, 1800.0)) is None
    assert sit_kind((0.274, 0.274, 0.38), (985.2, 1428.5, 1776.7)) == "sit"  # a code that is not assigned
    backwards = tone(0.33, 1800) + tone(0.33, 1400) + tone(0.33, 950) + silence(1.0)
    assert signals(backwards, PLANS.of("US")) == []
