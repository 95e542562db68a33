"""Call progress by ear: announcements, tones, a person or a machine."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ari_app.voice.pcm import (
    FRAME_BYTES,
    FRAME_S,
    duration_s,
    frames,
    pcm_of_wav,
    scaled,
    silence,
    through_narrow_band,
)
from ari_app.voice.progress import (
    AnnouncementMatcher,
    AnnouncementReferences,
    AnsweringMachineDetector,
    CadenceDetector,
    EarlyMediaListener,
    Match,
)
from tests.support.sounds import mixed, tone, voice, white_noise

pytestmark = pytest.mark.pure

FOLDER = Path(__file__).parents[2] / "dialplan" / "announcements"
FILES = sorted(FOLDER.glob("*.wav"))


def meaning_of(path: Path) -> str:
    return path.name.split(".", maxsplit=1)[0]


@pytest.fixture(scope="module")
def sounds() -> dict[str, bytes]:
    return {path.name: pcm_of_wav(path.read_bytes()) for path in FILES}


@pytest.fixture(scope="module")
def known(sounds: dict[str, bytes]) -> AnnouncementReferences:
    by_meaning: dict[str, list[bytes]] = {}
    for path in FILES:
        by_meaning.setdefault(meaning_of(path), []).append(sounds[path.name])
    return AnnouncementReferences(by_meaning)


def matched(known: AnnouncementReferences, pcm: bytes) -> tuple[Match | None, float]:
    """The first match and when it came, in seconds."""
    matcher = AnnouncementMatcher(known)
    for number, frame in enumerate(frames(pcm)):
        match = matcher.push(frame)
        if match is not None:
            return match, (number + 1) * FRAME_S
    return None, duration_s(pcm)


# ------------------------------------------------------------------------------------------------ announcements


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
@pytest.mark.parametrize(
    "line", ["plain", "soft", "loud", "noisy", "offset", "entered late", "between tones"]
)
def test_an_announcement_is_recognised_through_the_line(
    known: AnnouncementReferences, sounds: dict[str, bytes], path: Path, line: str
) -> None:
    pcm = sounds[path.name]
    played = {
        "plain": pcm,
        "soft": scaled(pcm, -18),
        "loud": scaled(pcm, 8),
        "noisy": mixed(pcm, white_noise(duration_s(pcm), -35)),
        "offset": silence(0.3137) + pcm,
        "entered late": pcm[2 * 14_321 :],
        "between tones": tone(1.0, 450) + silence(0.4) + pcm + tone(1.0, 450),
    }[line]
    match, at = matched(known, through_narrow_band(played))
    assert match is not None
    assert match.meaning == meaning_of(path)
    assert at < duration_s(played)


@pytest.mark.parametrize(
    "pcm",
    [
        silence(5.0),
        white_noise(10.0, -20),
        voice(10.0),
        voice(10.0, pitch=210.0, seed=7),
        (tone(1.0, 450) + silence(4.0)) * 3,
        (tone(0.35, 450) + silence(0.35)) * 10,
    ],
    ids=["silence", "noise", "voice", "another voice", "ringback", "busy tone"],
)
def test_other_sounds_match_nothing(known: AnnouncementReferences, pcm: bytes) -> None:
    assert matched(known, through_narrow_band(pcm))[0] is None


def test_what_announcements_have_in_common_is_not_enough() -> None:
    beginning, one, other = voice(2.5, seed=1), voice(1.5, seed=2), voice(1.5, pitch=180.0, seed=3)
    known = AnnouncementReferences({"one": [beginning + one], "other": [beginning + other]})
    assert matched(known, beginning)[0] is None
    for meaning, end in (("one", one), ("other", other)):
        match, at = matched(known, beginning + end + silence(0.2))
        assert match is not None
        assert match.meaning == meaning
        assert at > 2.5


def test_several_recordings_of_one_meaning_do_not_stand_in_each_others_way() -> None:
    sound = voice(3.0, seed=4)
    known = AnnouncementReferences({"one": [sound, scaled(sound, -3)], "other": [voice(3.0, seed=5)]})
    match, _ = matched(known, sound)
    assert match is not None
    assert match.meaning == "one"


def test_without_references_nothing_matches() -> None:
    assert matched(AnnouncementReferences({}), voice(3.0))[0] is None


def test_references_that_cannot_be_used_are_refused() -> None:
    for sound in (b"", silence(3.0), voice(0.5) + silence(3.0)):
        with pytest.raises(ValueError, match=r"announcement 1 of 'one' has less than 1\.2 s"):
            AnnouncementReferences({"one": [sound]})


def test_every_announcement_is_small_and_long_enough(sounds: dict[str, bytes]) -> None:
    assert len({meaning_of(path) for path in FILES}) == 6
    for path in FILES:
        assert path.stat().st_size < 130_000
        assert 2.0 < duration_s(sounds[path.name]) < 9.0


# ------------------------------------------------------------------------------------------------ cadences

RINGBACK = tone(1.0, 450) + silence(4.0)
CADENCES = {
    "ringback": RINGBACK * 2,
    "ringback 440+480": (tone(2.0, 440, 480) + silence(4.0)) * 2,
    "busy": (tone(0.35, 450) + silence(0.35)) * 4,
    "busy 480+620": (tone(0.5, 480, 620) + silence(0.5)) * 4,
    "congestion": (tone(0.7, 450) + silence(0.7)) * 4,
    "congestion 480+620": (tone(0.25, 480, 620) + silence(0.25)) * 4,
    "sit": tone(0.33, 950) + tone(0.33, 1400) + tone(0.33, 1800) + silence(1.0),
}


def cadences(pcm: bytes) -> set[str]:
    detector = CadenceDetector()
    return {heard for frame in frames(pcm) if (heard := detector.push(frame)) is not None}


@pytest.mark.parametrize("name", CADENCES)
@pytest.mark.parametrize("offset_s", [0.0, 0.007, 0.013])
@pytest.mark.parametrize("narrow", [False, True])
def test_a_cadence_is_recognised_wherever_it_begins(name: str, offset_s: float, narrow: bool) -> None:
    pcm = silence(offset_s) + CADENCES[name]
    assert cadences(through_narrow_band(pcm) if narrow else pcm) == {name.split(maxsplit=1)[0]}


@pytest.mark.parametrize(
    "pcm",
    [
        silence(8.0),
        white_noise(8.0, -20),
        (voice(0.35) + silence(0.35)) * 6,
        (tone(0.35, 1000) + silence(0.35)) * 6,
        (tone(0.35, 450) + silence(1.0)) * 4,
        tone(8.0, 450),
        (tone(0.1, 697, 1209) + silence(0.1)) * 10,
    ],
    ids=["silence", "noise", "voice in time", "wrong pitch", "wrong time", "endless tone", "keys"],
)
def test_other_sounds_are_no_cadence(pcm: bytes) -> None:
    assert cadences(pcm) == set()


# ------------------------------------------------------------------------------------------------ before the answer


def test_the_listener_tells_what_ends_a_call_and_notes_the_rest(
    known: AnnouncementReferences, sounds: dict[str, bytes]
) -> None:
    listener = EarlyMediaListener(known)
    pcm = through_narrow_band(RINGBACK + CADENCES["sit"] + sounds["empty_number.en.wav"])
    told = [meaning for frame in frames(pcm) if (meaning := listener.push(frame)) is not None]
    assert set(told) == {"empty_number"}
    assert listener.heard == ["ringback", "sit", "empty_number"]
    assert listener.last_match is not None


def test_a_conversation_elsewhere_is_busy_in_the_words_of_the_disposition_table(
    known: AnnouncementReferences, sounds: dict[str, bytes]
) -> None:
    for pcm in (sounds["busy_in_call.zh.wav"], CADENCES["busy"]):
        listener = EarlyMediaListener(known)
        assert "busy" in [listener.push(frame) for frame in frames(through_narrow_band(pcm))]


@settings(max_examples=25, deadline=None)
@given(st.lists(st.binary(min_size=FRAME_BYTES, max_size=FRAME_BYTES), max_size=60))
def test_any_bytes_are_survived(sound: list[bytes]) -> None:
    known = AnnouncementReferences({"one": [voice(1.5)]})
    listener, detector = EarlyMediaListener(known), AnsweringMachineDetector()
    for number, frame in enumerate(sound):
        listener.push(frame)
        detector.push(frame, number * FRAME_S)


@pytest.mark.parametrize("frame", [b"", bytes(320), bytes(641)])
def test_a_wrong_frame_is_refused(frame: bytes) -> None:
    with pytest.raises(ValueError, match="640"):
        AnnouncementMatcher({}).push(frame)
    with pytest.raises(ValueError, match="640"):
        CadenceDetector().push(frame)


# ------------------------------------------------------------------------------------------------ after the answer


def verdicts(pcm: bytes, narrow: bool = True) -> list[tuple[str, str, float]]:
    """Verdict, reason and time of each verdict."""
    detector = AnsweringMachineDetector()
    out: list[tuple[str, str, float]] = []
    for number, frame in enumerate(frames(through_narrow_band(pcm) if narrow else pcm)):
        verdict = detector.push(frame, number * FRAME_S)
        if verdict is not None:
            out.append((verdict.value, detector.reason, number * FRAME_S))
    return out


@pytest.mark.parametrize("seconds", [0.3, 0.8, 1.6, 3.0])
def test_who_says_a_few_words_and_waits_is_a_person_within_a_second(seconds: float) -> None:
    ((verdict, reason, at),) = verdicts(silence(0.7) + voice(seconds) + silence(4.0))
    assert (verdict, reason) == ("human", "waiting")
    assert at <= 0.7 + seconds + 1.0


@pytest.mark.parametrize("hz", [425.0, 850.0, 1000.0, 1400.0, 2000.0])
def test_a_greeting_with_a_beep_is_a_machine(hz: float) -> None:
    greeting = voice(2.4) + silence(0.4) + voice(2.2, seed=3)
    assert verdicts(greeting + silence(0.3) + tone(0.3, hz))[-1][0] == "machine"
    short = voice(1.5) + silence(0.5) + tone(0.25, hz) + silence(1.0)
    ((verdict, reason, at),) = verdicts(short)
    assert (verdict, reason) == ("machine", "beep")
    assert at == pytest.approx(2.2, abs=0.1)


def test_a_long_greeting_is_a_machine_before_its_beep() -> None:
    assert verdicts(voice(8.0))[0][:2] == ("machine", "long_greeting")


def test_a_beep_turns_a_person_into_a_machine() -> None:
    heard = verdicts(voice(1.5) + silence(1.5) + voice(1.0) + silence(0.2) + tone(0.4, 1000))
    assert [entry[:2] for entry in heard] == [("human", "waiting"), ("machine", "beep")]


@pytest.mark.parametrize(
    "pcm",
    [
        silence(12.0),
        white_noise(12.0, -30),
        tone(0.5, 1000) + silence(3.0),
        (tone(0.1, 697, 1209) + silence(0.1)) * 10,
        silence(1.0) + voice(0.04) + silence(4.0),
    ],
    ids=["silence", "noise", "a beep before any speech", "keys", "a click"],
)
def test_what_is_no_speech_is_no_verdict(pcm: bytes) -> None:
    assert verdicts(pcm) == []


def test_a_short_pure_sound_is_no_beep() -> None:
    assert [entry[1] for entry in verdicts(voice(1.0) + tone(0.1, 1000) + silence(2.0))] == ["waiting"]


def test_a_fax_is_a_machine_without_any_speech() -> None:
    assert verdicts(silence(1.0) + tone(2.0, 2100))[0][:2] == ("machine", "fax")


def test_a_person_whose_line_sends_nothing_while_he_waits() -> None:
    detector = AnsweringMachineDetector()
    at = 50.0
    for frame in frames(voice(0.8)):
        at += FRAME_S
        assert detector.push(frame, at) is None
    assert detector.tick(at + 0.5) is None
    assert detector.tick(at + 1.0) == "human"
    assert detector.tick(at + 9.0) is None


def test_a_pause_without_frames_is_a_pause() -> None:
    detector = AnsweringMachineDetector()
    sound = frames(voice(4.0))
    assert all(detector.push(frame, number * FRAME_S) is None for number, frame in enumerate(sound))
    heard = [detector.push(frame, 10.0 + number * FRAME_S) for number, frame in enumerate(sound)]
    assert [one for one in heard if one is not None] == ["human"]
