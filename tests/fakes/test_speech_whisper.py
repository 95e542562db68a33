"""faster-whisper with a tiny model that says one sentence, and all the ways in which there is no model."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Sequence
from pathlib import Path

import pytest

from ari_app.bench.tiny_whisper import build_random_whisper, build_tiny_whisper
from ari_app.dialogue.model import Grammar
from ari_app.errors import SpeechError
from ari_app.ports import Transcript
from ari_app.speech import whisper_worker
from ari_app.speech.whisper_recogniser import WhisperRecogniser, transcript
from ari_app.speech.whisper_worker import (
    PREVIOUS_LENGTHS,
    Heard,
    WhisperEngine,
    Window,
    chosen_device,
    together,
)
from ari_app.speech.worker_main import Request
from ari_app.voice.pcm import frames, silence
from tests.support.sounds import voice
from tests.support.until import until

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


@pytest.fixture(scope="module")
def gibberish(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small model with random weights."""
    return build_random_whisper(
        tmp_path_factory.mktemp("random") / "model", layers=1, width=64, heads=2, words=500
    )


def engine_of(folder: Path, compute_type: str = "int8") -> WhisperEngine:
    return WhisperEngine(str(folder), "cpu", compute_type, 1)


def asked(language: str, hot_words: str, pcm: bytes) -> Request:
    return {"language": language, "hot_words": hot_words}, pcm


def utterances() -> list[Request]:
    """Two languages, prompts of several lengths, silence, a window more than one, and nothing."""
    return [
        asked("zh", "", voice(1.0)),
        asked("en", "", silence(0.3) + voice(1.5)),
        asked("zh", "星期五 下个月 " * 10, voice(2.0)),
        asked("en", "Friday", voice(0.8)),
        asked("en", "", silence(2.0)),
        asked("zh", "", voice(36.0)),
        asked("zh", "", b""),
    ]


def test_a_batch_gives_the_texts_of_one_by_one(models: dict[str, Path]) -> None:
    engine = engine_of(models["zh"])
    batch = engine.recognise(utterances())
    apart = [engine.recognise([one])[0] for one in utterances()]
    assert [one["text"] for one in batch] == [one["text"] for one in apart]
    sentence = "我星期五还款"
    assert [one["text"] for one in batch] == [sentence] * 4 + ["", f"{sentence} {sentence}", ""]
    for one, other in zip(batch, apart, strict=True):
        assert one["confidence"] == pytest.approx(other["confidence"], abs=0.02)


def test_gibberish_of_a_batch_is_the_gibberish_of_one_by_one(
    gibberish: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(whisper_worker, "_REPETITIVE", 1e9)  # random weights like to repeat themselves
    # Among random weights the best two words are often close: rounding to int8 would decide, and differs by processor.
    engine = engine_of(gibberish, "float32")
    batch = engine.recognise(utterances())
    apart = [engine.recognise([one])[0] for one in utterances()]
    assert [one["text"] for one in batch] == [one["text"] for one in apart]
    assert len({str(one["text"])[:30] for one in batch}) > 3  # what is heard makes the difference
    for (_, pcm), one in zip(utterances(), batch, strict=True):
        # Random weights never end a sentence: what ends it is the bound by the length of the sound.
        assert len(str(one["text"]).split("w")) <= 2 * (16 + 12 * (len(pcm) / 32_000 + 1))
        assert 0.0 <= float(str(one["confidence"])) < 0.2


def test_each_utterance_gets_what_was_heard_in_its_own_windows(
    models: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    def loudness(_: WhisperEngine, windows: Sequence[Window]) -> list[Heard]:
        return [Heard(f"{one.utterance}: {one.seconds > 20}", 0.0, 0.0, one.seconds) for one in windows]

    monkeypatch.setattr(WhisperEngine, "_decode", loudness)
    texts = [one["text"] for one in engine_of(models["zh"]).recognise(utterances())]
    assert texts == ["0: False", "1: False", "2: False", "3: False", "", "5: True 5: False", ""]


def test_what_only_repeats_itself_is_not_a_text() -> None:
    heard = Heard("thank you " * 20, -0.1, 0.0, 3.0)
    assert together([heard]) == {"text": "", "confidence": 0.0}
    assert together([heard, Heard("I will pay", -0.1, 0.0, 3.0)])["text"] == "I will pay"


def test_confidence_is_of_the_tokens_and_of_there_being_speech() -> None:
    good = together([Heard("yes", -0.1, 0.05, 1.0)])
    assert good["text"] == "yes"
    assert float(str(good["confidence"])) == pytest.approx(0.86, abs=0.01)
    assert float(str(together([Heard("yes", -0.1, 0.9, 1.0)])["confidence"])) < 0.1
    assert float(str(together([Heard("yes", -2.0, 0.0, 1.0)])["confidence"])) < 0.2
    assert together([Heard("yes", -1.5, 0.8, 1.0)]) == {"text": "", "confidence": 0.0}
    assert together([]) == {"text": "", "confidence": 0.0}


def test_the_error_of_one_is_not_the_error_of_the_others(models: dict[str, Path]) -> None:
    replies = engine_of(models["en"]).recognise([asked("zh", "", voice(1.0)), asked("en", "", voice(1.0))])
    assert replies[0] == {"error": "the model hears English only"}
    assert replies[1]["text"] == "I will pay on Friday"


@pytest.mark.parametrize("length", [0, 1, 60, 300, 4000])
def test_prompts_are_of_few_lengths_and_keep_the_hot_words_next_to_the_start(
    models: dict[str, Path], length: int
) -> None:
    engine = engine_of(models["zh"])
    words = ("星期五 " * length)[:length]
    bare = len(engine._prompt("en", ""))
    extra = len(engine._prompt("zh", words)) - bare
    assert extra in {0} | {1 + one for one in PREVIOUS_LENGTHS if one}


def test_the_device_and_the_precision(monkeypatch: pytest.MonkeyPatch) -> None:
    import ctranslate2

    monkeypatch.setattr(ctranslate2, "get_cuda_device_count", lambda: 0)
    assert chosen_device("auto", "auto") == ("cpu", "int8")
    assert chosen_device("cpu", "float32") == ("cpu", "float32")
    with pytest.raises(SpeechError, match="no CUDA device"):
        chosen_device("cuda", "auto")
    with pytest.raises(SpeechError, match=r"cpu cannot do.*allowed: .*int8"):
        chosen_device("cpu", "int8_float16")
    monkeypatch.setattr(ctranslate2, "get_cuda_device_count", lambda: 1)
    monkeypatch.setattr(ctranslate2, "get_supported_compute_types", lambda device: {"float16"})
    assert chosen_device("auto", "auto") == ("cuda", "float16")


async def test_calls_at_the_same_time_are_decoded_together(models: dict[str, Path]) -> None:
    recogniser = WhisperRecogniser(models["zh"], device="cpu", batch=8)
    await recogniser.warm_up(50)
    before = recogniser.counters.batches
    heard_all = await asyncio.gather(
        *(heard(recogniser, CHINESE if number % 2 else ENGLISH, voice(1.0)) for number in range(9))
    )
    assert {one.text for one in heard_all} == {"我星期五还款"}
    assert recogniser.counters.batches - before <= 3
    await recogniser.close()


async def test_a_worker_killed_in_mid_batch_fails_those_utterances_and_is_replaced(
    gibberish: Path,
) -> None:
    recogniser = WhisperRecogniser(gibberish, device="cpu", batch=3)
    await recogniser.warm_up(50)
    worker = pid_of_worker(recogniser)
    lost = [asyncio.create_task(heard(recogniser, ENGLISH, voice(39.0))) for _ in range(3)]
    await until(lambda: recogniser.counters.requests >= 2)
    kept = asyncio.create_task(heard(recogniser, ENGLISH, voice(1.0)))
    taken = recogniser.counters.requests - 1
    os.kill(worker, signal.SIGKILL)
    results = await asyncio.gather(*lost, kept, return_exceptions=True)
    assert sum(isinstance(one, SpeechError) for one in results) == taken
    assert isinstance(results[-1], Transcript)
    assert recogniser.counters.died == 1
    (health,) = recogniser.health()
    assert (health.utterances, health.failures) == (4, taken)
    await recogniser.close()


async def test_who_is_late_times_out_and_who_gives_up_disturbs_nobody(gibberish: Path) -> None:
    recogniser = WhisperRecogniser(gibberish, device="cpu", batch=4)
    await recogniser.warm_up(50)
    utterance = recogniser.open(ENGLISH)
    utterance.feed(voice(10.0))
    with pytest.raises(TimeoutError):
        await utterance.result(0.0)
    tasks = [asyncio.create_task(heard(recogniser, ENGLISH, voice(5.0))) for _ in range(3)]
    await until(lambda: recogniser.counters.requests >= 2)
    tasks[0].cancel()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert isinstance(results[0], asyncio.CancelledError)
    assert all(isinstance(one, Transcript) for one in results[1:])
    assert recogniser.health()[0].timeouts == 1
    await recogniser.close()


async def test_a_model_is_found_by_its_name_in_the_cache(
    models: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "faster_whisper.utils.download_model", lambda name, local_files_only: str(models["zh"])
    )
    recogniser = WhisperRecogniser("small", device="cpu")
    assert recogniser.supports("zh")
    assert (await heard(recogniser, CHINESE, voice(1.0))).text == "我星期五还款"
    await recogniser.close()


def pid_of_worker(recogniser: WhisperRecogniser) -> int:
    """The process of its one worker: a child that runs the worker's module."""
    children = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text().split()
    found = [
        int(child) for child in children if b"whisper_worker" in Path(f"/proc/{child}/cmdline").read_bytes()
    ]
    assert len(found) == 1
    return found[0]


def test_replies() -> None:
    assert transcript({"text": "yes", "confidence": 1.5}).confidence == 1.0
    assert transcript({"text": "", "confidence": 0.9}).confidence == 0.0
    replies: list[dict[str, object]] = [{"error": "no"}, {}, {"text": "yes", "confidence": "high"}]
    for reply in replies:
        with pytest.raises(SpeechError):
            transcript(reply)
