"""Ordinary speech of the embedded voice is no announcement, no tone and no beep."""

from __future__ import annotations

from pathlib import Path

import pytest

from ari_app.errors import InputError
from ari_app.services.announcement_files import MEANINGS, read_announcements, read_entries
from ari_app.speech.announcements import render_missing
from ari_app.speech.espeak import EspeakVoice
from ari_app.voice.pcm import FRAME_S, frames, silence, through_narrow_band, wav_bytes
from ari_app.voice.progress import AnnouncementReferences, AnsweringMachineDetector, EarlyMediaListener
from tests.support.sounds import tone, voice

pytestmark = [
    pytest.mark.fakes,
]

FOLDER = Path(__file__).parents[2] / "dialplan" / "announcements"

ENGLISH = (
    "Hello?",
    "Yes, this is he speaking.",
    "Sorry, I can't talk right now. Please call again later.",
    "The number you are calling is mine, what do you want?",
    "Sorry, this number is not in my contacts. Please check who you are looking for.",
    "I switched off my phone last night.",
    "I will pay on Friday, five hundred for now.",
    "Can I speak to a person please?",
    "My service was suspended although I had paid the bill.",
    "Hold on, I am talking on another line.",
    "One two three four five six seven eight nine zero.",
    "Please leave your name and number, and I will get back to you as soon as I can.",
)
CHINESE = (
    "喂，你好。",
    "您好，请问您是哪位？",
    "您好，您呼叫的这个人不在，请过一会儿再打。",
    "我现在在开车，请过一会儿再试。",
    "这个号码不是他的，你打错了。",
    "我的手机昨天停机了，刚刚才交了话费。",
    "我星期五发工资，到时候还五百。",
    "请转人工，我要投诉。",
    "我正在和别人通话，稍后再打给你。",
    "您好，我现在不方便接听电话，请在提示音后留言。",
    "好的，我知道了，谢谢你，再见。",
    "一二三四五六七八九零。",
)
VOICES = {
    "en": [{"en": "en-us"}, {"en": "en-gb+f3"}],
    "zh": [{"zh": "cmn"}, {"zh": "cmn+f3"}],
}


@pytest.fixture(scope="module")
def known() -> AnnouncementReferences:
    return AnnouncementReferences(read_announcements(FOLDER))


@pytest.mark.parametrize("words_per_minute", [165, 250])
@pytest.mark.parametrize(
    ("sentence", "language"), [(s, "en") for s in ENGLISH] + [(s, "zh") for s in CHINESE]
)
async def test_speech_is_no_announcement_no_cadence_and_no_beep(
    known: AnnouncementReferences, sentence: str, language: str, words_per_minute: int
) -> None:
    for voices in VOICES[language]:
        speaker = EspeakVoice(words_per_minute=words_per_minute, voices=voices)
        pcm = through_narrow_band(await speaker.synthesise(sentence, language) + silence(0.4))
        listener, detector = EarlyMediaListener(known), AnsweringMachineDetector()
        for number, frame in enumerate(frames(pcm * 2)):
            assert listener.push(frame) is None
            detector.push(frame, number * FRAME_S)
            assert detector.reason not in {"beep", "fax"}


async def test_a_real_greeting_and_its_beep() -> None:
    hello = await EspeakVoice().synthesise("喂，你好。", "zh")
    greeting = await EspeakVoice().synthesise("您好，我现在不方便接听电话，请在提示音后留言。", "zh")
    for pcm, verdict in (
        (hello + silence(1.5), "human"),
        (greeting + silence(0.3) + tone(0.4, 1000), "machine"),
    ):
        detector = AnsweringMachineDetector()
        for number, frame in enumerate(frames(through_narrow_band(silence(0.5) + pcm))):
            detector.push(frame, number * FRAME_S)
        assert detector.verdict == verdict


def test_the_folder_of_announcements_is_complete() -> None:
    entries = read_entries(FOLDER)
    assert {(entry.meaning, entry.language) for entry in entries} == {
        (meaning, language) for meaning in set(MEANINGS) - {"ivr"} for language in ("zh", "en")
    }
    assert {entry.path for entry in entries} == set(FOLDER.glob("*.wav"))
    assert sum(len(sounds) for sounds in read_announcements(FOLDER).values()) == 22


async def test_missing_files_are_rendered_from_their_texts(tmp_path: Path) -> None:
    listed = "announcements:\n  - {file: a.wav, meaning: suspended, language: en, text: Service has been suspended.}\n"
    (tmp_path / "announcements.yaml").write_text(listed)
    with pytest.raises(InputError, match=r"announcements\.yaml:2: file: a\.wav: No such file"):
        read_announcements(tmp_path)
    assert [path.name for path in await render_missing(tmp_path)] == ["a.wav"]
    assert await render_missing(tmp_path) == []
    assert list(read_announcements(tmp_path)) == ["suspended"]


@pytest.mark.parametrize(
    ("yaml", "message"),
    [
        ("", "announcements: missing"),
        ("announcements: 5", "announcements: missing"),
        ("announcements:\n  - 5\n", ":2: announcements: not a mapping"),
        (
            "announcements:\n  - {meaning: gone, file: a.wav, language: en}\n",
            ":2: meaning: missing or unknown",
        ),
        (
            "announcements:\n  - {file: ../a.wav, meaning: suspended, language: en}\n",
            ":2: file: no file name",
        ),
        (
            "announcements:\n  - file: a.wav\n    meaning: suspended\n    language: en\n    colour: 1\n",
            ":5: colour: unknown key",
        ),
    ],
)
def test_a_fault_of_the_list_is_told_with_its_line(tmp_path: Path, yaml: str, message: str) -> None:
    (tmp_path / "announcements.yaml").write_text(yaml)
    with pytest.raises(InputError, match=message):
        read_announcements(tmp_path)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"surely not", "not a WAV file"),
        (wav_bytes(voice(0.5)), r"0\.5 s long"),
        (wav_bytes(silence(3.0)), "silent"),
    ],
)
def test_a_file_that_is_no_announcement_is_told(tmp_path: Path, data: bytes, message: str) -> None:
    (tmp_path / "announcements.yaml").write_text(
        "announcements: [{file: a.wav, meaning: suspended, language: en}]"
    )
    (tmp_path / "a.wav").write_bytes(data)
    with pytest.raises(InputError, match=message):
        read_announcements(tmp_path)
