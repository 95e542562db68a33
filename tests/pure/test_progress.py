"""Before the answer: announcements recognised by their sound, and what the listener makes of all it hears."""

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
    EarlyMediaListener,
    Match,
)
from tests.support.examples import examples
from tests.support.sounds import mixed, talk, tone, voice, white_noise

pytestmark = [pytest.mark.pure, pytest.mark.long]

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
    assert len({meaning_of(path) for path in FILES}) == 11
    for path in FILES:
        assert path.stat().st_size < 140_000
        assert 2.0 < duration_s(sounds[path.name]) < 9.0


# ------------------------------------------------------------------------------------------------ before the answer

RINGBACK = tone(1.0, 450) + silence(4.0)
BUSY = (tone(0.35, 450) + silence(0.35)) * 4
SIT = tone(0.33, 950) + tone(0.33, 1400) + tone(0.33, 1800) + silence(1.0)


def tune(seconds: float) -> bytes:
    """Notes of a scale in chords, each 300 ms."""
    scale = (262.0, 330.0, 392.0, 523.0, 440.0, 349.0)
    notes = [
        tone(0.3, hz, 1.5 * hz, 2 * hz, 3 * hz, dbfs=-18.0 - 2 * (number % 3))
        for number, hz in enumerate(scale[at * 5 % 6] for at in range(round(seconds / 0.3)))
    ]
    return b"".join(notes)


def heard_in(pcm: bytes, known: AnnouncementReferences | None = None) -> tuple[list[str], list[str]]:
    """What the listener told, and everything it noted."""
    listener = EarlyMediaListener(known or AnnouncementReferences({}))
    told = [meaning for frame in frames(through_narrow_band(pcm)) if (meaning := listener.push(frame))]
    return told, listener.heard


def test_music_is_noted_and_is_no_end_of_the_call(known: AnnouncementReferences) -> None:
    assert heard_in(tune(9.0), known) == ([], ["music"])


@pytest.mark.parametrize("seed", range(6))
def test_a_voice_is_no_music(seed: int) -> None:
    assert heard_in(talk(8.0, pitch=110.0 + 25 * seed, seed=seed)) == ([], [])


def test_early_media_without_sound_is_told_once() -> None:
    assert heard_in(silence(20.0)) == ([], ["silence"])
    assert heard_in(silence(7.0) + tone(0.5, 900.0) + silence(7.0)) == ([], [])


def test_a_fax_is_known_by_its_answer_tone_or_by_two_calling_tones() -> None:
    assert set(heard_in(silence(1.0) + tone(2.0, 2100.0))[0]) == {"fax"}
    calling = tone(0.5, 1100.0) + silence(3.0)
    assert heard_in(calling)[0] == []
    assert heard_in(calling * 2 + silence(0.1))[0] == ["fax"]
    assert heard_in((tone(0.5, 1100.0) + silence(1.0)) * 4)[0] == []


def test_the_listener_tells_what_ends_a_call_and_notes_the_rest(
    known: AnnouncementReferences, sounds: dict[str, bytes]
) -> None:
    listener = EarlyMediaListener(known)
    pcm = through_narrow_band(RINGBACK + SIT + sounds["empty_number.en.wav"])
    told = [meaning for frame in frames(pcm) if (meaning := listener.push(frame)) is not None]
    assert set(told) == {"empty_number"}
    assert listener.heard == ["ringback", "sit", "empty_number"]
    assert listener.last_match is not None


def test_a_conversation_elsewhere_is_busy_in_the_words_of_the_disposition_table(
    known: AnnouncementReferences, sounds: dict[str, bytes]
) -> None:
    for pcm in (sounds["busy_in_call.zh.wav"], BUSY):
        listener = EarlyMediaListener(known)
        assert "busy" in [listener.push(frame) for frame in frames(through_narrow_band(pcm))]


@settings(max_examples=examples(25), deadline=None)
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
        EarlyMediaListener(AnnouncementReferences({})).push(frame)
