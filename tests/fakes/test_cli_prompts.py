"""``ari-app prompts``: render, check, play, purge, as people and programs use them."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ari_app.cli import prompt_player
from ari_app.cli.main import main
from ari_app.voice.pcm import (
    duration_s,
    level_dbfs,
    pcm_of_wav,
    scaled,
    silence,
    to_pcm,
    to_samples,
    wav_bytes,
)
from tests.support.docs import ROOT
from tests.support.lists import a_row
from tests.support.sounds import voice

pytestmark = pytest.mark.fakes

FLOW = """\
flow: tiny
version: "1"
languages: [zh, en]
start: opening
states:
  opening:
    say:
      zh: ["您好，这里是{company}。", 很高兴为您服务。]
      en: ["Hello, this is {company}.", "One moment please, {name}."]
    end: callback
"""


@dataclass
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def object(self) -> Any:
        return json.loads(self.out)


Run = Callable[..., Ended]


@pytest.fixture
def ari_app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs ``ari-app`` with a folder of its own and one small flow."""
    for name in list(os.environ):
        if name.upper().startswith("ARI_APP_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "ari-app.yaml").write_text("data_dir: data\ndialplan_dir: dialplan\n", encoding="utf-8")
    (tmp_path / "dialplan" / "flows").mkdir(parents=True)
    for name in ("rules", "calendars"):
        shutil.copytree(ROOT / "dialplan" / name, tmp_path / "dialplan" / name)
    (tmp_path / "dialplan" / "flows" / "tiny.yaml").write_text(FLOW, encoding="utf-8")

    def run(*arguments: str) -> Ended:
        monkeypatch.setattr("sys.argv", ["ari-app", *arguments])
        code = 0
        try:
            main()
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else 1
        captured = capsys.readouterr()
        assert "Traceback" not in captured.err
        return Ended(code, captured.out, captured.err)

    return run


def recording(folder: Path, name: str, pcm: bytes, rate: int = 16_000) -> Path:
    path = folder / "dialplan" / "prompts" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(wav_bytes(pcm, rate=rate))
    return path


# ------------------------------------------------------------------------------------------------ render, check


def test_check_tells_what_is_missing_with_file_and_line_and_render_mends_it(ari_app: Run) -> None:
    before = ari_app("prompts", "check")
    assert before.code == 1
    assert "tiny.yaml:8: tiny.opening.2 (zh): missing" in before.out
    assert "ari-app prompts render" in before.err
    rendered = ari_app("prompts", "render", "--json")
    assert rendered.code == 0
    assert rendered.object["wanted"] == rendered.object["ready"] > 5
    assert rendered.object["rendered"] > 5
    after = ari_app("prompts", "check", "--json")
    assert after.code == 0
    assert after.object["problems"] == 0
    assert {one["origin"] for one in after.object["prompts"]} == {"cached"}
    assert {one["language"] for one in after.object["prompts"]} == {"zh", "en"}


def test_an_interrupted_run_goes_on_where_it_stopped(ari_app: Run) -> None:
    assert ari_app("prompts", "render", "tiny", "--language", "en", "--json").object["rendered"] == 5
    whole = ari_app("prompts", "render", "--json").object
    assert whole["rendered"] == whole["wanted"] - 5
    assert ari_app("prompts", "render").out.endswith("0 of them rendered now\n")


def test_another_voice_or_speed_is_rendered_apart(ari_app: Run) -> None:
    ari_app("prompts", "render")
    assert ari_app("prompts", "check", "--speed", "1.5").code == 1
    assert ari_app("prompts", "render", "--speed", "1.5", "--voice", "espeak-ng+f3").code == 0
    assert ari_app("prompts", "check", "--speed", "1.5", "--voice", "espeak-ng+f3").code == 0
    assert ari_app("prompts", "check", "--speed", "1.5").code == 1


def test_a_campaign_renders_its_accounts_in_its_own_style(ari_app: Run, tmp_path: Path) -> None:
    request = {
        "name": "winter",
        "strategy": {"flow": "tiny", "voice": "espeak-ng+m3", "speed": 0.9},
        "dialer": {"callerIdPool": ["010-65551234"]},
        "list": [
            a_row(1) | {"language": "en", "name": "Ann Lee"},
            a_row(2) | {"language": "en", "name": "Bo Oh"},
        ],
    }
    (tmp_path / "task.json").write_text(json.dumps(request), encoding="utf-8")
    assert ari_app("campaign", "create", "task.json", "--id", "winter").code == 0
    assert ari_app("prompts", "render", "--campaign", "winter").code == 0
    personal = list((tmp_path / "data" / "prompts" / "personal").glob("*/*.wav"))
    assert len(personal) == 2
    assert ari_app("prompts", "check", "--campaign", "winter").code == 0
    assert ari_app("prompts", "check").code == 1
    shown = ari_app("campaign", "show", "winter", "--json").object
    assert (shown["strategy"]["voice"], shown["strategy"]["speed"]) == ("espeak-ng+m3", 0.9)
    unknown = ari_app("prompts", "render", "--campaign", "summer")
    assert unknown.code == 1
    assert "winter" in unknown.err


def test_a_campaign_that_compares_voices_renders_all_of_them(ari_app: Run, tmp_path: Path) -> None:
    arms = {"usual": {}, "slow": {"speed": 0.8}, "deep": {"voice": "espeak-ng+m3"}}
    request = {
        "name": "winter",
        "strategy": {"flow": "tiny", "experiments": {"sound": {"arms": arms, "sharePercent": 50}}},
        "dialer": {"callerIdPool": ["010-65551234"]},
        "list": [a_row(1) | {"language": "en", "name": "Ann Lee"}],
    }
    (tmp_path / "task.json").write_text(json.dumps(request), encoding="utf-8")
    assert ari_app("campaign", "create", "task.json", "--id", "winter").code == 0
    assert ari_app("prompts", "render", "--campaign", "winter").code == 0
    assert len(list((tmp_path / "data" / "prompts" / "personal").glob("*/*.wav"))) == 3
    for style in ([], ["--speed", "0.8"], ["--voice", "espeak-ng+m3"]):
        assert ari_app("prompts", "check", *style).code == 0
    shown = ari_app("campaign", "show", "winter")
    assert "usual 1, slow 1 (speed 0.8), deep 1 (voice espeak-ng+m3); 50 % take part" in shown.out
    told = ari_app("campaign", "show", "winter", "--json").object["strategy"]["experiments"]["sound"]
    assert (told["arms"]["slow"], told["sharePercent"]) == ({"weight": 1, "voice": None, "speed": 0.8}, 50.0)


def test_an_experiment_that_the_flow_has_or_the_settings_do_not_allow_is_refused(
    ari_app: Run, tmp_path: Path
) -> None:
    tried = FLOW.replace("states:", "experiments: {sound: {arms: {a: 1, b: 1}}}\nstates:")
    tried = tried.replace("      zh:", "      - {when: arm.sound.a, zh: 你好。, en: Hi.}\n      - zh:")
    tried = tried.replace("      en:", "        en:")
    (tmp_path / "dialplan" / "flows" / "tiny.yaml").write_text(tried, encoding="utf-8")
    assert ari_app("flow", "check").code == 0
    for name, arm, told in (
        ("sound", {"speed": 0.8}, "strategy.experiments.sound: the flow tiny has an experiment of this name"),
        ("other", {"voice": "zh-CN-YunxiNeural"}, "strategy.experiments.other.arms.b.voice: needs edge-tts"),
    ):
        request = {
            "name": "winter",
            "strategy": {"flow": "tiny", "experiments": {name: {"arms": {"a": {}, "b": arm}}}},
            "dialer": {"callerIdPool": ["010-65551234"]},
        }
        (tmp_path / "task.json").write_text(json.dumps(request), encoding="utf-8")
        refused = ari_app("campaign", "create", "task.json")
        assert refused.code == 1
        assert told in refused.err


def test_a_campaign_cannot_choose_an_engine_that_the_settings_do_not_name(
    ari_app: Run, tmp_path: Path
) -> None:
    request = {
        "name": "winter",
        "strategy": {"flow": "tiny", "voice": "zh-CN-YunxiNeural"},
        "dialer": {"callerIdPool": ["010-65551234"]},
    }
    (tmp_path / "task.json").write_text(json.dumps(request), encoding="utf-8")
    refused = ari_app("campaign", "create", "task.json")
    assert refused.code == 1
    assert "strategy.voice" in refused.err
    assert "speech.voices" in refused.err
    (tmp_path / "ari-app.yaml").write_text(
        "data_dir: data\ndialplan_dir: dialplan\nspeech: {voices: {zh: [espeak-ng, edge-tts], en: [espeak-ng]}}\n"
    )
    assert ari_app("campaign", "create", "task.json").code == 0


def test_what_cannot_be_rendered_ends_with_a_failure(ari_app: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    ended = ari_app("prompts", "render", "--json")
    assert ended.code == 1
    assert ended.object["ready"] == 0
    assert any("no voice may or can speak" in problem for problem in ended.object["problems"])


# ------------------------------------------------------------------------------------------------ recordings


def test_a_good_recording_takes_the_voices_place(ari_app: Run, tmp_path: Path) -> None:
    recording(tmp_path, "zh/tiny.opening.2.wav", voice(1.0, -24), rate=16_000)
    ari_app("prompts", "render")
    found = {
        (one["prompt_id"], one["language"]): one
        for one in ari_app("prompts", "check", "--json").object["prompts"]
    }
    assert found["tiny.opening.2", "zh"]["origin"] == "recorded"
    assert found["tiny.opening.2", "zh"]["faults"] == []
    assert found["tiny.opening.2.1", "en"]["origin"] == "cached"


CLIPPED = to_pcm(np.clip(to_samples(scaled(voice(1.0, -10), 20)).astype(np.float32), -32_000, 32_000))


@pytest.mark.parametrize(
    ("pcm", "rate", "fault"),
    [
        (voice(1.0, -60), 16_000, "too quiet"),
        (CLIPPED, 16_000, "clipped"),
        (voice(14.0, -20), 16_000, "too long for its words"),
        (voice(40.0, -20), 16_000, "too long: 40.0 s"),
        (voice(0.1, -20), 16_000, "too short"),
        (voice(0.5, -20) + silence(3.0) + voice(0.5, -20), 16_000, "a pause of 3.0 s"),
        (voice(1.0, -20), 6_000, "6000 Hz"),
        (silence(1.0), 16_000, "silent"),
    ],
)
def test_a_faulty_recording_is_told_with_its_fault(
    ari_app: Run, tmp_path: Path, pcm: bytes, rate: int, fault: str
) -> None:
    recording(tmp_path, "zh/tiny.opening.2.wav", pcm, rate)
    ended = ari_app("prompts", "check", "tiny", "--language", "zh")
    assert ended.code == 1
    (line,) = [line for line in ended.out.splitlines() if "tiny.opening.2 (zh)" in line]
    assert fault in line
    assert "tiny.yaml:8" in line


@pytest.mark.parametrize("data", [b"", b"ID3\x03 an mp3", b"RIFF\0\0\0\0WAVEfmt "])
def test_what_is_no_wav_is_a_wrong_format(ari_app: Run, tmp_path: Path, data: bytes) -> None:
    recording(tmp_path, "zh/tiny.opening.2.wav", b"").write_bytes(data)
    ended = ari_app("prompts", "check")
    assert ended.code == 1
    assert "tiny.opening.2 (zh): wrong format" in ended.out
    assert ari_app("prompts", "render").code == 1


def test_recordings_that_nothing_uses_are_told_with_the_nearest_id(ari_app: Run, tmp_path: Path) -> None:
    sound = voice(1.0)
    for name in (
        "zh/tiny.opning.2.wav",
        "zh/tiny.opening.2.WAV",
        "fr/tiny.opening.2.wav",
        "tiny.opening.2.wav",
    ):
        recording(tmp_path, name, sound)
    recording(tmp_path, "zh/guard.neutral.wav", voice(4.0))
    (tmp_path / "dialplan" / "prompts" / "README.md").write_text("how to record")
    ari_app("prompts", "render")
    ended = ari_app("prompts", "check")
    assert ended.code == 1
    assert "did you mean tiny.opening.2" in ended.out
    assert "save it as WAV" in ended.out
    assert ended.out.count("recordings lie in en/ or zh/") == 2
    assert "4 not used; 4 problems" in ended.out


# ------------------------------------------------------------------------------------------------ play, purge


def test_a_state_is_written_as_a_file_or_as_the_telephone_carries_it(ari_app: Run, tmp_path: Path) -> None:
    wide = ari_app("prompts", "play", "tiny", "opening", "--out", "wide.wav", "--json")
    assert wide.code == 0
    assert wide.object["played"] is False
    ended = ari_app("prompts", "play", "tiny", "opening", "--out", "narrow.wav", "--through", "phone")
    assert ended.code == 0
    assert "narrow.wav" in ended.out
    sounds = [pcm_of_wav((tmp_path / f"{name}.wav").read_bytes()) for name in ("wide", "narrow")]
    assert duration_s(sounds[0]) == pytest.approx(duration_s(sounds[1]), abs=0.01)
    above = [np.abs(np.fft.rfft(to_samples(pcm)))[round(5_000 * duration_s(pcm)) :].sum() for pcm in sounds]
    assert above[1] < 0.2 * above[0]


def test_a_text_is_spoken_and_kept_apart_as_personal(ari_app: Run, tmp_path: Path) -> None:
    assert ari_app("prompts", "play", "Mr Fox owes nothing", "--language", "en", "--out", "a.wav").code == 0
    assert level_dbfs(pcm_of_wav((tmp_path / "a.wav").read_bytes())) > -30.0
    assert len(list((tmp_path / "data" / "prompts").glob("personal/*/*.wav"))) == 1
    assert list((tmp_path / "data" / "prompts").glob("shared/*/*.wav")) == []


def test_without_a_player_it_says_where_the_file_is(ari_app: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prompt_player, "PLAYERS", (("no-such-player",),))
    ended = ari_app("prompts", "play", "tiny", "opening")
    assert ended.code == 0
    assert "no aplay, ffplay or play is installed" in ended.err
    path = Path(ended.out.split(": ")[1].strip())
    assert pcm_of_wav(path.read_bytes())
    assert path.stat().st_mode & 0o077 == 0
    path.unlink()


def test_a_player_that_is_there_plays_and_leaves_nothing_behind(
    ari_app: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    script = tmp_path / "player"
    script.write_text(f'#!/bin/sh\ncp "$2" {tmp_path}/heard.wav\n')
    script.chmod(0o755)
    monkeypatch.setattr(prompt_player, "PLAYERS", ((str(script), "-q"),))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    ended = ari_app("prompts", "play", "tiny", "opening", "--json")
    assert ended.object["played"] is True
    assert pcm_of_wav((tmp_path / "heard.wav").read_bytes())
    script.write_text("#!/bin/sh\necho no sound card >&2; exit 1\n")
    ended = ari_app("prompts", "play", "tiny", "opening")
    assert "no sound card" in ended.err
    Path(ended.out.split(": ")[1].strip()).unlink()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("tiny", "opning"), "did you mean opening"),
        (("tyny", "opening"), "there are: tiny"),
        (("tiny", "opening", "three"), "a flow and a state, or one text"),
        (("hello", "--voice", "Alice"), "espeak-ng+VARIANT"),
        (("hello", "--speed", "3"), "less than or equal to 2"),
        (("",), "cannot be rendered"),
        (("hello", "--out", "no/such/folder/a.wav"), "cannot be written"),
    ],
)
def test_wrong_use_is_one_clear_message(ari_app: Run, arguments: tuple[str, ...], message: str) -> None:
    ended = ari_app("prompts", "play", *arguments)
    assert ended.code in (1, 2)
    assert message in " ".join(ended.err.replace("│", " ").split())


def test_purge_deletes_old_personal_sound_and_nothing_else(ari_app: Run, tmp_path: Path) -> None:
    ari_app("prompts", "render", "tiny", "--language", "en")
    ari_app("prompts", "play", "Mr Fox", "--language", "en", "--out", "a.wav")
    own = recording(tmp_path, "zh/tiny.opening.2.wav", voice(1.0))
    assert ari_app("prompts", "purge").out == "0 personal prompts older than 30 days deleted\n"
    (old,) = (tmp_path / "data" / "prompts" / "personal").glob("*/*.wav")
    os.utime(old, (1_000_000, 1_000_000))
    assert ari_app("prompts", "purge", "--json").object == {"removed": 1, "days": 30}
    assert list((tmp_path / "data" / "prompts" / "shared").glob("*/*.wav"))
    assert own.exists()


def test_a_sentence_that_flows_share_is_told_once_with_the_file_of_its_part(
    ari_app: Run, tmp_path: Path
) -> None:
    flows = tmp_path / "dialplan" / "flows"
    (flows / "parts").mkdir()
    (flows / "parts" / "shared.yaml").write_text(
        "part: shared\nversion: 1\nstates:\n  bye:\n    say: {zh: 再见了。, en: Farewell.}\n    end: no_input\n",
        encoding="utf-8",
    )
    for name in ("one", "two"):
        (flows / f"{name}.yaml").write_text(
            f"flow: {name}\nversion: 1\nlanguages: [zh, en]\nstart: hello\nparts: [shared]\n"
            "states: {hello: {say: {zh: 您好。, en: Hello.}, next: bye}}\n",
            encoding="utf-8",
        )
    told = ari_app("prompts", "check", "one", "two", "--all", "--json").object["prompts"]
    shared = [one for one in told if one["prompt_id"] == "shared.bye.1" and one["language"] == "zh"]
    assert len(shared) == 1
    assert shared[0]["flow"] == "shared"
    assert shared[0]["where"].endswith("parts/shared.yaml:5")
    own = {
        one["prompt_id"]
        for one in told
        if one["language"] == "zh" and one["where"].endswith((".yaml:5", ".yaml:6"))
    }
    assert {"one.hello.1", "two.hello.1"} <= own
