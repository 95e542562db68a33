"""Which voice says what: nothing personal leaves the house, and no sentence changes its voice."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from ari_app.app import make_prompts, make_voices
from ari_app.config import Settings
from ari_app.dialogue.flow_prompts import known_fragments
from ari_app.dialogue.model import Fragment
from ari_app.dialogue.number_pieces import inventory
from ari_app.domain.voice_style import USUAL, VoiceStyle
from ari_app.errors import SpeechError
from ari_app.speech.prompt_cache import PromptCache
from ari_app.speech.prompt_settings import PromptSettings
from ari_app.voice.pcm import duration_s, silence, wav_bytes
from tests.support.fake_voice import FakeVoice
from tests.support.sounds import tone
from tests.support.talks import COMPANY, NOW, TAIL, an_account, as_input, shipped_flow, talk

pytestmark = pytest.mark.fakes

ONLINE_HZ, OFFLINE_HZ = 300.0, 500.0
CARRIER = Fragment("Your open amount is", "en", prompt_id="inform.1")
AMOUNT = Fragment("five hundred yuan", "en", personal=True, pieces=("five hundred", "yuan"), ends=True)
ASKED = (
    Fragment("Am I speaking to", "en", prompt_id="name.1", local=True),
    Fragment("Mr Fox", "en", personal=True, local=True),
    Fragment("right now?", "en", prompt_id="name.2", local=True, ends=True),
)


def voices() -> tuple[FakeVoice, FakeVoice]:
    return FakeVoice("edge x", online=True, hz=ONLINE_HZ), FakeVoice("espeak x", hz=OFFLINE_HZ)


def heard(pcm: bytes) -> str:
    """Which voices speak: a letter for each of its seconds."""
    text = ""
    online, offline = tone(1.0, ONLINE_HZ), tone(1.0, OFFLINE_HZ)
    while pcm:
        if pcm.startswith(online):
            text, pcm = text + "n", pcm[len(online) :]
        elif pcm.startswith(offline):
            text, pcm = text + "f", pcm[len(offline) :]
        else:
            pcm = pcm[2:]
    return text


# ------------------------------------------------------------------------------------------------ what leaves the house


@pytest.mark.parametrize("language", ["zh", "en"])
async def test_the_online_voice_learns_the_same_of_every_customer(tmp_path: Path, language: str) -> None:
    one = an_account(language)
    other = an_account(
        language, name={"zh": "李娜", "en": "Ada Lee"}[language], amount="9012.05", due=date(2024, 12, 24)
    )
    asked: list[set[str]] = []
    for number, account in enumerate((one, other)):
        online, offline = voices()
        cache = PromptCache(tmp_path / str(number), [online, offline])
        await cache.prepare(known_fragments(shipped_flow(), account, COMPANY[language], NOW))
        asked.append(set(online.said))
        assert not any(account.name in text for text in online.said)
        assert account.name in offline.said
    assert asked[0] == asked[1]
    assert set(inventory(language)) <= asked[0]


@pytest.mark.parametrize("language", ["zh", "en"])
async def test_whatever_a_customer_keys_the_call_asks_the_online_voice_for_nothing(
    tmp_path: Path, language: str
) -> None:
    account = an_account(language)
    online, offline = voices()
    cache = PromptCache(tmp_path, [online, offline])
    await cache.prepare(known_fragments(shipped_flow(), account, COMPANY[language], NOW))
    before = len(online.said), len(offline.said)
    for answers in (("1", TAIL, "2", "123*45#", "1"), ("1", TAIL, "4", "2", "1"), ("2", "1")):
        told = talk(shipped_flow(), account, *answers)
        for step in told.steps:
            assert await cache.pcm(step.say)
    assert (len(online.said), len(offline.said)) == before
    assert cache.counters.late == 0


async def test_a_promised_amount_that_nobody_could_know_is_rendered_by_the_offline_voice_in_the_call(
    tmp_path: Path,
) -> None:
    account = an_account("en")
    offline = FakeVoice("espeak x")
    cache = PromptCache(tmp_path, [offline])
    await cache.prepare(known_fragments(shipped_flow(), account, COMPANY["en"], NOW))
    before = list(offline.said)
    told = talk(shipped_flow(), account, "1", TAIL, "2", "123*45#", "1")
    for step in told.steps:
        await cache.pcm(step.say)
    assert offline.said[len(before) :] == ["four hundred forty four yuan and eighty seven cents"]
    told.steps.append(told.dialogue.answer(as_input("5"), NOW))
    await cache.pcm(told.last.say)
    assert offline.said[-1] == "one hundred twenty three yuan and forty five cents"
    assert cache.counters.late == 2


async def test_all_pieces_are_asked_for_or_none(tmp_path: Path) -> None:
    online, offline = voices()
    cache = PromptCache(tmp_path, [online, offline])
    await cache.prepare([CARRIER, AMOUNT])
    assert set(online.said) == {CARRIER.text, *inventory("en")}
    assert offline.said == []
    assert heard(await cache.pcm([CARRIER, AMOUNT])) == "nnn"


async def test_a_running_call_asks_the_online_voice_for_no_piece(tmp_path: Path) -> None:
    online, offline = voices()
    cache = PromptCache(tmp_path, [online, offline])
    assert heard(await cache.pcm([CARRIER, AMOUNT])) == "ff"
    assert AMOUNT.text not in online.said
    assert not set(online.said) & set(inventory("en"))


async def test_where_the_settings_allow_it_the_whole_text_goes_online(tmp_path: Path) -> None:
    online, offline = voices()
    cache = PromptCache(tmp_path, [online, offline], settings=PromptSettings(personal_online=True))
    await cache.prepare([CARRIER, AMOUNT, *ASKED])
    assert set(online.said) == {CARRIER.text, AMOUNT.text, *(part.text for part in ASKED)}
    assert heard(await cache.pcm(ASKED)) == "nnn"


# ------------------------------------------------------------------------------------------------ one voice a sentence


async def test_a_sentence_with_the_name_is_all_the_offline_voices(tmp_path: Path) -> None:
    online, offline = voices()
    cache = PromptCache(tmp_path, [online, offline])
    say = (Fragment("Good morning.", "en", ends=True), *ASKED, CARRIER, AMOUNT)
    await cache.prepare(say)
    assert set(offline.said) == {part.text for part in ASKED}
    assert heard(await cache.pcm(say)) == "n" + "fff" + "nnn"


async def test_when_the_online_voice_fails_the_whole_sentence_is_the_offline_voices(tmp_path: Path) -> None:
    online, offline = voices()
    online.refuses = {"yuan"}
    cache = PromptCache(tmp_path, [online, offline])
    await cache.prepare([CARRIER, AMOUNT])
    assert heard(await cache.pcm([CARRIER, AMOUNT])) == "ff"


async def test_without_an_offline_voice_a_name_stops_the_dial(tmp_path: Path) -> None:
    online, _ = voices()
    cache = PromptCache(tmp_path, [online])
    await cache.prepare([CARRIER, AMOUNT])
    with pytest.raises(SpeechError, match="no voice may or can speak"):
        await cache.prepare(ASKED)


async def test_a_recorded_part_stands_in_a_sentence_of_any_voice(tmp_path: Path) -> None:
    folder = tmp_path / "recordings" / "en"
    folder.mkdir(parents=True)
    (folder / "inform.1.wav").write_bytes(wav_bytes(tone(2.0, 900)))
    online, offline = voices()
    cache = PromptCache(tmp_path / "cache", [online, offline], recordings=tmp_path / "recordings")
    await cache.prepare([CARRIER, AMOUNT])
    assert CARRIER.text not in online.said
    pcm = await cache.pcm([CARRIER, AMOUNT])
    assert heard(pcm) == "nn"
    assert duration_s(pcm) == pytest.approx(4.06, abs=0.01)


async def test_a_recording_that_is_spoilt_while_a_call_runs_does_not_take_its_words_away(
    tmp_path: Path,
) -> None:
    path = tmp_path / "recordings" / "en" / "inform.1.wav"
    path.parent.mkdir(parents=True)
    path.write_bytes(wav_bytes(tone(2.0, 900)))
    _, offline = voices()
    cache = PromptCache(tmp_path / "cache", [offline], recordings=tmp_path / "recordings")
    await cache.prepare([CARRIER])
    before = await cache.pcm([CARRIER])
    path.write_bytes(b"no sound at all")
    with pytest.raises(SpeechError, match=r"inform\.1\.wav"):
        await cache.prepare([CARRIER])
    assert await cache.pcm([CARRIER]) == before
    path.unlink()
    assert await cache.pcm([CARRIER]) == before
    await cache.prepare([CARRIER])
    assert heard(await cache.pcm([CARRIER])) == "f"


async def test_pauses_follow_the_ends_of_sentences_and_the_commas_of_pieces(tmp_path: Path) -> None:
    online, _ = voices()
    cache = PromptCache(tmp_path, [online])
    day = Fragment(
        "Wednesday, March eleventh", "en", True, pieces=("Wednesday,", "March", "eleventh"), ends=True
    )
    await cache.prepare([CARRIER, day])
    pcm = await cache.pcm([CARRIER, day, CARRIER])
    settings = cache.settings
    assert duration_s(pcm) == pytest.approx(
        5.0 + settings.gap_s + settings.clause_gap_s + settings.sentence_gap_s, abs=0.001
    )
    assert pcm.startswith(tone(1.0, ONLINE_HZ) + silence(settings.gap_s) + tone(1.0, ONLINE_HZ))


# ------------------------------------------------------------------------------------------------ voice and speed


def settings_with(tmp_path: Path, voices: dict[str, list[str]]) -> Settings:
    return Settings.model_validate({"data_dir": str(tmp_path), "speech": {"voices": voices}})


def test_each_voice_speaks_only_the_language_for_which_the_settings_name_it(tmp_path: Path) -> None:
    made = make_voices(settings_with(tmp_path, {"zh": ["edge-tts", "espeak-ng"], "en": ["espeak-ng"]}), USUAL)
    assert [(voice.online, voice.supports("zh"), voice.supports("en")) for voice in made] == [
        (True, True, False),
        (False, True, False),
        (False, False, True),
    ]


def test_a_campaigns_voice_is_first_where_its_engine_is_enabled(tmp_path: Path) -> None:
    settings = settings_with(tmp_path, {"zh": ["espeak-ng", "edge-tts"], "en": ["espeak-ng"]})
    names = [voice.name for voice in make_voices(settings, VoiceStyle("zh-CN-YunxiNeural", 1.5))]
    assert names == [
        "edge-tts -20 dBFS zh-CN-YunxiNeural +50%",
        "espeak-ng cmn@360 -20 dBFS",
        "espeak-ng en-us@248 -20 dBFS",
    ]
    names = [voice.name for voice in make_voices(settings, VoiceStyle("espeak-ng+f3", 0.5))]
    assert names[0] == "espeak-ng cmn+f3@120 -20 dBFS"
    assert names[2] == "espeak-ng en-us+f3@82 -20 dBFS"
    offline_only = settings_with(tmp_path, {"zh": ["espeak-ng"], "en": ["espeak-ng"]})
    assert not any(voice.online for voice in make_voices(offline_only, VoiceStyle("zh-CN-YunxiNeural")))


async def test_speed_and_voice_are_heard_and_part_of_the_address(tmp_path: Path) -> None:
    cache = make_prompts(settings_with(tmp_path, {"zh": ["espeak-ng"], "en": ["espeak-ng"]}))
    say = [Fragment("Hello, this is an automated assistant.", "en")]
    usual = await cache.pcm(say)
    quick = await cache.styled(VoiceStyle(speed=2.0)).pcm(say)
    slow = await cache.styled(VoiceStyle(speed=0.5)).pcm(say)
    other = await cache.styled(VoiceStyle("espeak-ng+m3")).pcm(say)
    assert duration_s(quick) < 0.75 * duration_s(usual) < 0.75 * duration_s(slow)
    assert other != usual
    assert cache.counters.rendered == 4
    assert await cache.styled(VoiceStyle(speed=2.0)).pcm(say) == quick
    assert await cache.styled(VoiceStyle(speed=2.0)).styled(USUAL).pcm(say) == usual
    assert cache.counters.rendered == 4
    await cache.close()
