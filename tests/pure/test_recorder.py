"""Joining the two sides of a recording: nothing is lost, nothing is half-written, and hostile files are refused."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ari_app.asterisk import recorder as recorder_module
from ari_app.asterisk.recorder import MixMonitorRecorder
from ari_app.asterisk.stereo_wav import Samples, read_wav, seconds_of_sound, stereo, wav_bytes
from ari_app.errors import ConfigError, TelephonyError

pytestmark = pytest.mark.pure

SIDES = st.lists(st.integers(-32768, 32767), max_size=200).map(
    lambda values: np.array(values, dtype=np.int16)
)


class Ami:
    """Remembers actions."""

    def __init__(self) -> None:
        self.actions: list[tuple[str, dict[str, str]]] = []

    async def action(self, name: str, fields: Mapping[str, str] | None = None) -> dict[str, str]:
        self.actions.append((name, dict(fields or {})))
        return {"Response": "Success"}


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recorder_module, "_EMPTY_SECONDS", 0.0)
    monkeypatch.setattr(recorder_module, "_OPEN_SECONDS", 0.0)


@pytest.fixture
def recorder(tmp_path: Path) -> MixMonitorRecorder:
    return MixMonitorRecorder(Ami(), tmp_path, asterisk_folder="/spool")


def tone(seconds: float, level: int = 8000) -> Samples:
    return np.asarray(np.sin(np.arange(int(8000 * seconds)) * 0.3) * level, dtype=np.int16)


def write_leg(folder: Path, side: str, data: bytes, attempt: str = "att-1") -> Path:
    path = folder / f"{attempt}.{side}.wav"
    path.write_bytes(data)
    return path


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


# --- the two sides -------------------------------------------------------------------------------


@given(SIDES, SIDES)
def test_left_is_the_customer_right_the_bot_and_the_shorter_is_padded(left: Samples, right: Samples) -> None:
    joined = stereo(left, right)
    assert len(joined) == max(len(left), len(right))
    assert joined[: len(left), 0].tolist() == left.tolist()
    assert joined[: len(right), 1].tolist() == right.tolist()
    assert not joined[len(left) :, 0].any()
    assert not joined[len(right) :, 1].any()


@given(SIDES, SIDES, st.sampled_from([8000, 16000, 48000]))
def test_a_written_file_reads_as_it_was(
    tmp_path_factory: pytest.TempPathFactory,
    left: Samples,
    right: Samples,
    rate: int,
) -> None:
    path = tmp_path_factory.mktemp("wav") / "x.wav"
    path.write_bytes(wav_bytes(stereo(left, right), rate))
    sound = read_wav(path)
    assert sound.rate == rate
    assert sound.samples.reshape(-1, 2).tolist() == stereo(left, right).tolist()


@pytest.mark.parametrize(
    ("samples", "seconds"),
    [
        (np.zeros(0, dtype=np.int16), 0.0),
        (np.zeros(8000, dtype=np.int16), 0.0),
        (tone(1.0), 1.0),
        (np.concatenate([tone(0.5), np.zeros(8000, dtype=np.int16)]), 0.5),
        (np.full(8000, 103, dtype=np.int16), 0.0),
        (np.full(8000, 105, dtype=np.int16), 1.0),
        (np.full(8000, -32768, dtype=np.int16), 1.0),
        (np.full(159, 20000, dtype=np.int16), 0.0),
    ],
)
def test_sound_is_what_is_louder_than_minus_50_dbfs(samples: Samples, seconds: float) -> None:
    assert seconds_of_sound(samples, 8000) == pytest.approx(seconds)


# --- the recorder --------------------------------------------------------------------------------


async def test_recording_is_asked_for_by_channel_id_with_both_sides_apart(tmp_path: Path) -> None:
    ami = Ami()
    await MixMonitorRecorder(ami, tmp_path, asterisk_folder="/spool/").start("chan-1", "att-1")
    options = "r(/spool/att-1.customer.wav)t(/spool/att-1.bot.wav)"
    assert ami.actions == [("MixMonitor", {"Channel": "chan-1", "Options": options})]


async def test_a_finished_recording_is_one_stereo_file_and_no_sides(
    recorder: MixMonitorRecorder, tmp_path: Path
) -> None:
    write_leg(tmp_path, "customer", wav_bytes(tone(2.0), 8000))
    write_leg(tmp_path, "bot", wav_bytes(tone(1.0), 8000))
    check = await recorder.finish("att-1")
    assert check is not None
    assert (check.seconds, check.customer_seconds, check.bot_seconds) == pytest.approx((2.0, 2.0, 1.0))
    assert check.warnings == ("bot leg shorter than the other by 1.0 s",)
    assert check.path == str(tmp_path / "att-1.wav")
    assert names_in(tmp_path) == ["att-1.wav"]
    again = await recorder.finish("att-1")
    assert again == replace(check, warnings=()), "asked again, after a crash before it was stored"


async def test_a_recording_is_paused_and_resumed_on_both_sides(tmp_path: Path) -> None:
    ami = Ami()
    recorder = MixMonitorRecorder(ami, tmp_path)
    await recorder.pause("chan-1")
    await recorder.resume("chan-1")
    assert ami.actions == [
        ("MixMonitorMute", {"Channel": "chan-1", "Direction": "both", "State": state}) for state in "10"
    ]


SILENCE = np.zeros(16_000, dtype=np.int16)


@pytest.mark.parametrize(
    ("customer", "bot", "talk_s", "warnings"),
    [
        (tone(2.0), tone(2.0), 2.0, ()),
        (tone(2.0), tone(2.0), None, ()),
        (tone(2.0), tone(2.0), 2.4, ()),
        (tone(2.0), tone(2.0), 5.2, ("shorter than the call by 3.2 s",)),
        (SILENCE, tone(2.0), 2.0, ("customer leg silent",)),
        (tone(2.0), SILENCE, 2.0, ("bot leg silent",)),
        (None, tone(2.0), 2.0, ("customer leg missing",)),
        (tone(2.0), None, 9.0, ("bot leg missing", "shorter than the call by 7.0 s")),
        (tone(2.0), tone(0.8), 2.0, ("bot leg shorter than the other by 1.2 s",)),
        (tone(0.8), tone(2.0), 2.0, ("customer leg shorter than the other by 1.2 s",)),
        (SILENCE, SILENCE, 2.0, ("customer leg silent", "bot leg silent")),
    ],
)
async def test_what_is_not_as_it_should_be_is_said_in_words(
    recorder: MixMonitorRecorder,
    tmp_path: Path,
    customer: Samples | None,
    bot: Samples | None,
    talk_s: float | None,
    warnings: tuple[str, ...],
) -> None:
    for side, sound in (("customer", customer), ("bot", bot)):
        if sound is not None:
            write_leg(tmp_path, side, wav_bytes(sound, 8000))
    check = await recorder.finish("att-1", talk_s)
    assert check is not None
    assert check.warnings == warnings
    again = await recorder.finish("att-1", talk_s)
    assert again is not None
    assert len(again.warnings) >= len(warnings) - any(
        "missing" in each or "other" in each for each in warnings
    )


async def test_one_side_alone_is_kept_with_silence_on_the_other(
    recorder: MixMonitorRecorder, tmp_path: Path
) -> None:
    write_leg(tmp_path, "bot", wav_bytes(tone(1.0), 8000))
    check = await recorder.finish("att-1")
    assert check is not None
    assert (check.customer_seconds, check.bot_seconds) == pytest.approx((0.0, 1.0))


async def test_a_side_whose_length_was_never_filled_in_is_taken_whole(
    recorder: MixMonitorRecorder, tmp_path: Path
) -> None:
    data = bytearray(wav_bytes(tone(1.0), 8000))
    struct.pack_into("<I", data, 40, 0)
    write_leg(tmp_path, "customer", bytes(data))
    write_leg(tmp_path, "bot", wav_bytes(tone(0.5), 8000))
    check = await recorder.finish("att-1")
    assert check is not None
    assert check.customer_seconds == pytest.approx(1.0)


async def test_nothing_recorded_is_none(recorder: MixMonitorRecorder, tmp_path: Path) -> None:
    assert await recorder.finish("att-1") is None
    for side in ("customer", "bot"):
        write_leg(tmp_path, side, wav_bytes(np.zeros(0, dtype=np.int16), 8000))
    assert await recorder.finish("att-1") is None
    assert names_in(tmp_path) == []


@pytest.mark.parametrize(
    "data",
    [
        b"x",
        b"\0" * 100,
        b"RIFF" + b"\0" * 60,
        wav_bytes(tone(0.1), 8000)[:30],
        wav_bytes(tone(0.1), 8000)[:20] + b"\x07\0" + wav_bytes(tone(0.1), 8000)[22:],
        wav_bytes(tone(0.1), 8000)[:22] + b"\x05\0" + wav_bytes(tone(0.1), 8000)[24:],
        wav_bytes(tone(0.1), 8000)[:24] + b"\0\0\0\0" + wav_bytes(tone(0.1), 8000)[28:],
    ],
)
async def test_a_side_that_is_no_recording_is_refused_and_both_sides_stay(
    recorder: MixMonitorRecorder, tmp_path: Path, data: bytes
) -> None:
    write_leg(tmp_path, "customer", data)
    write_leg(tmp_path, "bot", wav_bytes(tone(0.1), 8000))
    with pytest.raises(TelephonyError, match=r"att-1\.customer\.wav"):
        await recorder.finish("att-1")
    assert names_in(tmp_path) == ["att-1.bot.wav", "att-1.customer.wav"]


async def test_a_full_disk_leaves_the_sides_and_no_half_file(
    recorder: MixMonitorRecorder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    write_leg(tmp_path, "customer", wav_bytes(tone(0.1), 8000))
    write_leg(tmp_path, "bot", wav_bytes(tone(0.1), 8000))
    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space left"):
        await recorder.finish("att-1")
    assert names_in(tmp_path) == ["att-1.bot.wav", "att-1.customer.wav"]


@pytest.mark.parametrize("attempt", ["", "../x", "a/b", "a)t(/etc/x", "a,b", "a\nb", "x" * 81, ".hidden"])
async def test_attempt_ids_that_are_no_file_names_are_refused(
    recorder: MixMonitorRecorder, attempt: str
) -> None:
    with pytest.raises(ValueError, match="not an attempt id"):
        await recorder.start("chan-1", attempt)
    with pytest.raises(ValueError, match="not an attempt id"):
        await recorder.finish(attempt)


@pytest.mark.parametrize("folder", ["spool", "/a)t(/b", "/a,b", "/a${X}", "/a^{X}", "/a\nb", "/a|b"])
def test_folders_that_mixmonitor_would_read_as_options_are_refused(tmp_path: Path, folder: str) -> None:
    with pytest.raises(ConfigError, match="recordings cannot go to"):
        MixMonitorRecorder(Ami(), tmp_path, asterisk_folder=folder)
