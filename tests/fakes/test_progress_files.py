"""Announcements and tones as operators edit them: read, refused with file and line, read again while calls run."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ari_app.cli import app
from ari_app.errors import InputError
from ari_app.services.progress_files import ProgressFiles, read_known, unlisted
from ari_app.voice.pcm import silence, wav_bytes
from tests.support.sounds import talk, tone

pytestmark = pytest.mark.fakes

ROOT = Path(__file__).parents[2]
ENTRY = "  - {{file: {}.wav, meaning: {}, language: en, text: words}}\n"


@pytest.fixture
def dialplan(tmp_path: Path) -> Path:
    folder = tmp_path / "dialplan"
    (folder / "announcements").mkdir(parents=True)
    shutil.copy(ROOT / "dialplan" / "tones.yaml", folder)
    add(folder, "one", "suspended", 1)
    return folder


def add(dialplan: Path, name: str, meaning: str, seed: int) -> None:
    """An announcement as an operator adds it: a WAV file and a line."""
    (dialplan / "announcements" / f"{name}.wav").write_bytes(wav_bytes(talk(3.0, seed=seed)))
    write(dialplan, listed(dialplan) + ENTRY.format(name, meaning))


def listed(dialplan: Path) -> str:
    path = dialplan / "announcements" / "announcements.yaml"
    return path.read_text(encoding="utf-8") if path.exists() else "announcements:\n"


def write(dialplan: Path, text: str) -> None:
    path = dialplan / "announcements" / "announcements.yaml"
    before = path.stat().st_mtime_ns if path.exists() else 0
    path.write_text(text, encoding="utf-8")
    if path.stat().st_mtime_ns == before:
        os.utime(path, ns=(before + 1, before + 1))


async def test_an_announcement_that_is_added_counts_from_the_next_look_on(dialplan: Path) -> None:
    files = ProgressFiles(dialplan)
    before = files.known
    assert before.references.meanings == ["suspended"]
    assert not await files.refresh()
    assert files.known is before
    add(dialplan, "two", "switched_off", 2)
    assert await files.refresh()
    assert files.known.references.meanings == ["suspended", "switched_off"]
    assert before.references.meanings == ["suspended"]  # calls under way keep what they have


@pytest.mark.parametrize("fault", ["line", "wav", "silent", "tones"])
async def test_a_fault_never_replaces_what_was_good(dialplan: Path, fault: str) -> None:
    files = ProgressFiles(dialplan)
    good = files.known
    wav = dialplan / "announcements" / "one.wav"
    match fault:
        case "line":
            write(dialplan, listed(dialplan) + ENTRY.format("two", "gone_fishing"))
        case "wav":
            wav.write_bytes(b"RIFF of no use")
        case "silent":
            wav.write_bytes(wav_bytes(silence(4.0)))
        case _:
            (dialplan / "tones.yaml").write_text("countries:\n  default: {busy: {hz: 4, cadence: []}}\n")
    assert not await files.refresh()
    assert files.known is good
    (problem, *_) = files.problems
    assert {"line": ":3", "wav": ":2", "silent": ":2", "tones": "tones.yaml:2"}[fault] in problem.where
    assert not await files.refresh()  # looked at once, not with every call
    wav.write_bytes(wav_bytes(talk(3.5, seed=5)))
    write(dialplan, "announcements:\n" + ENTRY.format("one", "suspended"))
    shutil.copy(ROOT / "dialplan" / "tones.yaml", dialplan)
    assert await files.refresh()
    assert files.problems == ()


def test_a_folder_with_faults_is_refused_at_the_start_with_all_of_them(dialplan: Path) -> None:
    write(dialplan, listed(dialplan) + ENTRY.format("two", "suspended"))
    (dialplan / "tones.yaml").write_text("countries: {}\n")
    with pytest.raises(InputError) as caught:
        ProgressFiles(dialplan)
    assert "announcements.yaml:3" in str(caught.value)
    assert "tones.yaml:1" in str(caught.value)


def test_a_recording_with_hardly_any_sound_is_a_fault_and_no_crash(dialplan: Path) -> None:
    short = talk(0.6) + silence(2.0)
    (dialplan / "announcements" / "one.wav").write_bytes(wav_bytes(short))
    with pytest.raises(InputError, match=r"less than 1\.2 s of sound"):
        read_known(dialplan)


def test_without_a_table_of_tones_one_plan_serves_all_countries(dialplan: Path) -> None:
    (dialplan / "tones.yaml").unlink()
    tones = read_known(dialplan).tones
    assert {each.signal for each in tones.of("CN").patterns} == {"ringback", "busy", "congestion"}


def test_a_recording_that_no_entry_names_is_told(dialplan: Path) -> None:
    (dialplan / "announcements" / "spare.wav").write_bytes(wav_bytes(talk(2.0)))
    assert [path.name for path in unlisted(dialplan)] == ["spare.wav"]


# ------------------------------------------------------------------------------------------------ command line


def ran(dialplan: Path, *arguments: str, code: int = 0) -> str:
    env = {"ARI_APP_DIALPLAN_DIR": str(dialplan), "ARI_APP_DATA_DIR": str(dialplan.parent / "data")}
    result = CliRunner().invoke(app, ["announcements", *arguments], env=env)
    assert result.exit_code == code, result.output
    return result.output


def test_check_lists_what_is_known(dialplan: Path) -> None:
    assert json.loads(ran(dialplan, "check", "--json"))["announcements"] == {"suspended": ["one.wav"]}
    assert "suspended: one.wav" in ran(dialplan, "check")
    (dialplan / "announcements" / "spare.wav").write_bytes(wav_bytes(talk(2.0)))
    assert "spare.wav: no entry" in ran(dialplan, "check", code=1)


def test_try_shows_what_would_be_heard_with_times(dialplan: Path, tmp_path: Path) -> None:
    file = tmp_path / "call.wav"
    busy = (tone(0.35, 450) + silence(0.35)) * 4
    file.write_bytes(wav_bytes(tone(1.0, 450) + silence(4.0) + busy))
    shown = json.loads(ran(dialplan, "try", str(file), "--country", "cn", "--json"))
    assert [entry["heard"] for entry in shown["before_answer"]] == ["ringback", "busy"]
    assert 6.0 < shown["before_answer"][1]["at_s"] < 7.0
    assert shown["after_answer"] == []
    file.write_bytes(wav_bytes(silence(0.5) + talk(3.0, seed=1)))
    assert "suspended" in ran(dialplan, "try", str(file))
    assert "XX" in ran(dialplan, "try", str(file), "--country", "XX", code=2)


def test_try_refuses_what_is_no_sound(dialplan: Path, tmp_path: Path) -> None:
    file = tmp_path / "call.wav"
    file.write_bytes(b"no sound")
    env = {"ARI_APP_DIALPLAN_DIR": str(dialplan)}
    result = CliRunner().invoke(app, ["announcements", "try", str(file)], env=env)
    assert isinstance(result.exception, InputError)
    assert "call.wav" in str(result.exception)
