"""The embedded English recogniser on sentences of the embedded voice, through a telephone line."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from ari_app.dialogue.model import Grammar
from ari_app.errors import SpeechError
from ari_app.ports import Transcript
from ari_app.speech.espeak import EspeakVoice
from ari_app.speech.jsgf import parse_jsgf
from ari_app.speech.pocketsphinx_recogniser import PocketSphinxRecogniser, transcript
from ari_app.voice.pcm import frames, silence, through_narrow_band

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
    one = PocketSphinxRecogniser()
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
        assert transcript(rules, {"text": text, "word_score": -2.0, "worst_score": -2.0}).text == ""
    assert transcript(rules, {"text": "next week", "word_score": -2.0, "worst_score": -2.0}).confidence > 0.9
    assert transcript(rules, {"text": "next week", "word_score": -8.0, "worst_score": -9.0}).confidence < 0.1
    replies: list[dict[str, object]] = [
        {"error": "no"},
        {},
        {"text": 5, "word_score": -2.0, "worst_score": -2.0},
    ]
    for reply in replies:
        with pytest.raises(SpeechError):
            transcript(rules, reply)
