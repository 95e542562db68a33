"""The embedded English recogniser on sentences of the embedded voice, through a telephone line."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator

import numpy as np
import pytest

from ari_app.dialogue.back_channels import HEARD_EN
from ari_app.dialogue.grammar import grammar_for
from ari_app.dialogue.model import Grammar
from ari_app.errors import SpeechError
from ari_app.ports import EngineState, Transcript
from ari_app.speech.espeak import EspeakVoice
from ari_app.speech.jsgf import parse_jsgf
from ari_app.speech.pocketsphinx_recogniser import PocketSphinxRecogniser, around_voice, transcript
from ari_app.speech.utterance import GatheredUtterance
from ari_app.speech.workers import WorkerPool
from ari_app.voice.pcm import duration_s, frames, silence, through_narrow_band, to_pcm, to_samples
from tests.support.sounds import voice as voice_sound

pytestmark = [
    pytest.mark.fakes,
]

ANSWER = Grammar(
    "when",
    "en",
    """#JSGF V1.0;
grammar when;
public <answer> = <pay> | <paid> | i have no money | wrong number | speak to an agent;
<pay> = [i will | i can] pay [it] <day> | <day>;
<day> = on (monday | tuesday | wednesday | thursday | friday) | next week | next month;
<paid> = i [have] already paid;
""",
)


@pytest.fixture
async def english() -> AsyncIterator[PocketSphinxRecogniser]:
    """Patient: on a busy machine a guess may take longer than it is worth anything in a call."""
    one = PocketSphinxRecogniser(workers=1, longest_s=30.0, longest_partial_s=30.0)
    yield one
    await one.close()


async def heard(recogniser: PocketSphinxRecogniser, sentence: str) -> Transcript:
    spoken = await EspeakVoice(level_dbfs=-22).synthesise(sentence, "en")
    utterance = recogniser.open(ANSWER)
    for frame in frames(through_narrow_band(silence(0.3) + spoken + silence(0.5))):
        utterance.feed(frame)
    return await utterance.result(30)


async def test_what_the_grammar_describes_is_heard_with_confidence(english: PocketSphinxRecogniser) -> None:
    for sentence in ("I will pay on Friday", "I already paid", "I have no money", "speak to an agent"):
        result = await heard(english, sentence)
        assert result.text == sentence.lower()
        assert result.confidence > 0.5
        assert result.engine == "pocketsphinx"


async def test_what_it_does_not_describe_is_not_believed(english: PocketSphinxRecogniser) -> None:
    for sentence in ("hello", "who are you", "how did you get my number", "what is the weather like"):
        result = await heard(english, sentence)
        assert result.text == "" or result.confidence < 0.5


@pytest.mark.parametrize("sentence", ["I see", "right", "all right", "okay", "yeah"])
async def test_a_back_channel_is_heard_as_one_and_never_as_an_answer(
    english: PocketSphinxRecogniser, sentence: str
) -> None:
    result = await heard(english, sentence)
    assert result.text in HEARD_EN
    assert 0.0 < result.confidence < 0.5


def test_what_answers_the_question_is_believed_although_it_is_a_back_channel() -> None:
    rules = parse_jsgf(grammar_for("closing", "en").jsgf)
    assert transcript(rules, {"text": "okay", "score": -1.0, "covered": 0.7}).confidence > 0.9
    assert transcript(rules, {"text": "i see", "score": -1.0, "covered": 0.7}).confidence < 0.5


async def test_silence_and_nothing_are_heard_as_nothing(english: PocketSphinxRecogniser) -> None:
    for sound in (b"", bytes(640), silence(2.0)):
        utterance = english.open(ANSWER)
        utterance.feed(sound)
        assert await utterance.result(30) == Transcript("", 0.0, "pocketsphinx")


async def test_an_utterance_ends_once(english: PocketSphinxRecogniser) -> None:
    utterance = english.open(ANSWER)
    utterance.cancel()
    utterance.feed(bytes(640))
    with pytest.raises(SpeechError, match="already ended"):
        await utterance.result(1)
    assert english.counters.requests == 0


async def test_a_grammar_that_cannot_be_used_is_an_error(english: PocketSphinxRecogniser) -> None:
    with pytest.raises(SpeechError, match="grammar 'bad': line 3"):
        english.open(Grammar("bad", "en", "#JSGF V1.0;\ngrammar g;\npublic <a> = <b>;"))
    unknown = Grammar("odd", "en", "#JSGF V1.0;\ngrammar g;\npublic <a> = zhangsan;")
    utterance = english.open(unknown)
    utterance.feed(silence(0.5))
    with pytest.raises(SpeechError, match="cannot use the grammar"):
        await utterance.result(30)
    assert (await heard(english, "I already paid")).text == "i already paid"


async def test_a_worker_can_be_started_before_the_first_call(english: PocketSphinxRecogniser) -> None:
    await english.warm_up(30)
    assert english.counters.started == 1
    assert (await heard(english, "I already paid")).text == "i already paid"
    assert english.counters.started == 1


def test_languages() -> None:
    recogniser = PocketSphinxRecogniser()
    assert recogniser.supports("en")
    assert not recogniser.supports("zh")
    assert recogniser.why_not("zh") == "pocketsphinx hears English only"


def test_only_whole_sentences_of_the_grammar_count() -> None:
    rules = parse_jsgf(ANSWER.jsgf)
    for text in ("i will pay on", "hello", ""):
        assert transcript(rules, {"text": text, "score": -1.0, "covered": 0.6}).text == ""
    assert transcript(rules, {"text": "next week", "score": -1.7, "covered": 0.5}).confidence > 0.9
    assert transcript(rules, {"text": "next week", "score": -4.0, "covered": 0.5}).confidence < 0.1
    replies: list[dict[str, object]] = [
        {"error": "no"},
        {},
        {"text": 5, "score": -2.0, "covered": 0.5},
    ]
    for reply in replies:
        with pytest.raises(SpeechError):
            transcript(rules, reply)


async def test_a_guess_with_nothing_but_quiet_after_it_is_the_result(english: PocketSphinxRecogniser) -> None:
    spoken = through_narrow_band(await EspeakVoice(level_dbfs=-22).synthesise("I already paid", "en"))
    utterance = english.open(ANSWER)
    utterance.feed(silence(0.3) + spoken + silence(0.1))
    guess = await utterance.partial(30)
    assert guess.text == "i already paid"
    assert not guess.provisional
    utterance.feed(silence(0.5))
    asked = english.counters.requests
    assert await utterance.result(30) == guess
    assert english.counters.requests == asked


async def test_a_guess_with_more_words_after_it_is_not(english: PocketSphinxRecogniser) -> None:
    utterance = english.open(ANSWER)
    voice = EspeakVoice(level_dbfs=-22)
    utterance.feed(
        through_narrow_band(silence(0.3) + await voice.synthesise("I will pay", "en") + silence(0.2))
    )
    assert "friday" not in (await utterance.partial(30)).text
    utterance.feed(through_narrow_band(await voice.synthesise("on Friday", "en") + silence(0.2)))
    assert (await utterance.result(30)).text.endswith("on friday")


async def test_the_engine_tells_its_health_and_rests_after_faults() -> None:
    now = 0.0
    pool = WorkerPool((sys.executable, "-c", "pass"), start_s=20, backoff_s=1000.0)
    recogniser = PocketSphinxRecogniser(pool=pool, clock=lambda: now)
    for _ in range(3):
        assert recogniser.supports("en")
        utterance = recogniser.open(ANSWER)
        utterance.feed(voice_sound(0.5))
        with pytest.raises(SpeechError):
            await utterance.result(20)
    (health,) = recogniser.health()
    assert (health.name, health.state, health.utterances, health.failures) == (
        "pocketsphinx",
        EngineState.RESTING,
        3,
        3,
    )
    assert not recogniser.supports("en")
    with pytest.raises(SpeechError, match="left alone"):
        recogniser.open(ANSWER)
    now = 31.0
    assert recogniser.supports("en")
    recogniser.open(ANSWER)
    assert not recogniser.supports("en")  # one utterance tries it
    await recogniser.close()


def test_what_is_decoded_is_what_was_said_and_a_little_around_it() -> None:
    sound = silence(2.0) + voice_sound(1.0) + silence(3.0)
    assert duration_s(around_voice(sound)) == pytest.approx(1.65, abs=0.05)
    for kept in (b"", bytes(100), silence(1.0)):
        assert around_voice(kept) == kept


def test_the_pause_at_the_end_is_made_longer_and_a_cut_word_is_not_repeated() -> None:
    word, pause = to_samples(voice_sound(0.5)), np.tile(np.array([5, -9, 14, -3], np.int16), 400)
    lengthened = to_samples(around_voice(to_pcm(np.concatenate((word, pause)))))
    assert lengthened.tolist() == [*word, *pause, *pause[::-1], *pause]
    cut = to_samples(around_voice(to_pcm(word)))
    assert cut.tolist() == [*word, *[0] * 3200]


@pytest.mark.parametrize(
    ("level", "free"),
    [(0.0, True), (2.0, True), (10.0, False), (40.0, False)],
    ids=["silence", "the line's noise", "a soft word", "speech"],
)
async def test_a_result_is_free_after_a_guess_when_only_the_line_was_heard(level: float, free: bool) -> None:
    """The noise of the line is no reason to decode again; anything that may be a word is."""
    asked = 0

    async def recognise(pcm: bytes, timeout_s: float, *, guess: bool) -> Transcript:
        nonlocal asked
        asked += 1
        return Transcript("yes", 0.9, "pocketsphinx")

    noise = np.random.default_rng(3).standard_normal(48_000)
    word = to_samples(voice_sound(0.5)).astype(np.float32)
    utterance = GatheredUtterance(recognise)
    utterance.feed(to_pcm(np.concatenate((word, 60.0 * noise[:1600]))))
    await utterance.partial(1.0)
    utterance.feed(to_pcm(30.0 * level * noise[:9600]))
    await utterance.result(1.0)
    assert asked == (1 if free else 2)


async def test_a_guess_in_mid_word_is_never_the_result() -> None:
    texts = iter(["half", "half of it"])

    async def recognise(pcm: bytes, timeout_s: float, *, guess: bool) -> Transcript:
        return Transcript(next(texts), 0.9, "pocketsphinx")

    utterance = GatheredUtterance(recognise)
    utterance.feed(voice_sound(0.5))
    assert (await utterance.partial(1.0)).text == "half"
    utterance.feed(voice_sound(0.5))
    assert (await utterance.result(1.0)).text == "half of it"
