"""faster-whisper with a tiny model that says one sentence, and all the ways in which there is no model."""

from __future__ import annotations

from pathlib import Path

import pytest

from ari_app.dialogue.model import Grammar
from ari_app.errors import SpeechError
from ari_app.ports import Transcript
from ari_app.speech.whisper_recogniser import WhisperRecogniser, transcript
from ari_app.voice.pcm import frames, silence
from tests.support.sounds import voice
from tests.support.tiny_whisper import build_tiny_whisper

pytestmark = pytest.mark.fakes

ENGLISH = Grammar("when", "en", hot_words=("Friday", "next week"))
CHINESE = Grammar("when", "zh", hot_words=("星期五", "下个月"))


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("models")
    return {
        "en": build_tiny_whisper(folder / "en", "I will pay on Friday"),
        "zh": build_tiny_whisper(folder / "zh", "我星期五还款", "zh"),
    }


async def heard(recogniser: WhisperRecogniser, grammar: Grammar, pcm: bytes) -> Transcript:
    utterance = recogniser.open(grammar)
    for frame in frames(pcm):
        utterance.feed(frame)
    return await utterance.result(50)


@pytest.mark.parametrize(
    ("grammar", "sentence"), [(ENGLISH, "I will pay on Friday"), (CHINESE, "我星期五还款")]
)
async def test_an_utterance_is_recognised_and_silence_is_not(
    models: dict[str, Path], grammar: Grammar, sentence: str
) -> None:
    recogniser = WhisperRecogniser(models[grammar.language])
    assert recogniser.counters.started == 0
    result = await heard(recogniser, grammar, silence(0.3) + voice(1.5) + silence(0.5))
    assert result.text == sentence
    assert result.confidence > 0.8
    assert result.engine == "faster-whisper"
    assert (await heard(recogniser, grammar, silence(2.0))).text == ""
    assert (await heard(recogniser, grammar, b"")).text == ""
    assert recogniser.counters.started == 1
    await recogniser.close()


async def test_an_english_model_hears_no_chinese(models: dict[str, Path]) -> None:
    english, chinese = WhisperRecogniser(models["en"]), WhisperRecogniser(models["zh"])
    assert english.supports("en")
    assert not english.supports("zh")
    assert "hears English only" in english.why_not("zh")
    assert chinese.supports("zh")
    assert chinese.supports("en")
    with pytest.raises(SpeechError, match="English only"):
        english.open(CHINESE)


async def test_the_model_can_be_loaded_before_the_first_call(models: dict[str, Path]) -> None:
    recogniser = WhisperRecogniser(models["en"])
    await recogniser.warm_up(50)
    assert recogniser.counters.started == 1
    await recogniser.close()


def test_the_reason_is_told_when_there_is_no_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "half").mkdir()
    (tmp_path / "half" / "model.bin").write_bytes(b"")
    monkeypatch.setenv("HF_HOME", str(tmp_path / "cache"))
    for model, reason in (
        (None, "no Whisper model is configured"),
        (tmp_path / "nowhere", "there is no folder"),
        (tmp_path / "half", "lacks config.json, tokenizer.json"),
        ("no-such-size", "neither a folder nor in this machine's cache"),
    ):
        recogniser = WhisperRecogniser(model)
        assert not recogniser.supports("zh")
        assert reason in recogniser.why_not("en")
        with pytest.raises(SpeechError, match=reason):
            recogniser.open(CHINESE)
    assert "allowed: zh, en" in WhisperRecogniser(None).why_not("fr")


async def test_a_damaged_model_is_an_error_of_the_utterance(models: dict[str, Path], tmp_path: Path) -> None:
    for path in models["en"].iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes() if path.name != "model.bin" else b"nonsense")
    recogniser = WhisperRecogniser(tmp_path)
    with pytest.raises(SpeechError, match="cannot be loaded"):
        await heard(recogniser, ENGLISH, voice(1.0))
    await recogniser.close()


def test_replies() -> None:
    assert transcript({"text": "yes", "confidence": 1.5}).confidence == 1.0
    assert transcript({"text": "", "confidence": 0.9}).confidence == 0.0
    replies: list[dict[str, object]] = [{"error": "no"}, {}, {"text": "yes", "confidence": "high"}]
    for reply in replies:
        with pytest.raises(SpeechError):
            transcript(reply)
