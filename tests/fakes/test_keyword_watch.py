"""Words beside the sound: never in its way, bounded, and only a second opinion."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from ari_app.dialogue.announcement_words import announcement_grammar, meaning_of
from ari_app.dialogue.model import Grammar
from ari_app.errors import MediaClosed, SpeechError
from ari_app.ports import EngineHealth, MediaEvent, MediaFrame, Transcript
from ari_app.ports.telephony import HearFrame
from ari_app.services.answer_watch import AnswerWatch
from ari_app.services.keyword_watch import MOST_PIECES, KeywordWatch
from ari_app.services.progress_watch import ProgressWatch
from ari_app.services.who_answered import NobodyThere, WhoAnswered
from ari_app.speech.jsgf import parse_jsgf
from ari_app.speech.pocketsphinx_recogniser import check_grammar
from ari_app.voice.announcement import AnnouncementReferences
from ari_app.voice.answering_machine import AnsweringMachineDetector
from ari_app.voice.pcm import FRAME_S, frames, level_dbfs, silence
from ari_app.voice.progress import EarlyMediaListener
from ari_app.voice.vad import SpeechGate
from tests.support.sounds import talk, voice

pytestmark = pytest.mark.fakes


class Stream:
    """One utterance of the canned recogniser."""

    def __init__(self, engine: Canned) -> None:
        self.engine = engine
        self.cancelled = False
        self.pcm = b""

    def feed(self, pcm: bytes) -> None:
        self.pcm += pcm

    async def partial(self, timeout_s: float) -> Transcript:
        raise SpeechError("no partial results")

    async def result(self, timeout_s: float) -> Transcript:
        await self.engine.ready.wait()
        if isinstance(self.engine.says, Exception):
            raise self.engine.says
        return self.engine.says

    def cancel(self) -> None:
        self.cancelled = True


class Canned:
    """Says one thing, when ``ready`` is set."""

    name = "canned"

    def __init__(self, says: str | Exception, confidence: float = 0.9) -> None:
        self.says = Transcript(says, confidence, self.name) if isinstance(says, str) else says
        self.ready = asyncio.Event()
        self.ready.set()
        self.streams: list[Stream] = []

    def supports(self, language: str) -> bool:
        return True

    def open(self, grammar: Grammar) -> Stream:
        self.streams.append(Stream(self))
        return self.streams[-1]

    def health(self) -> Sequence[EngineHealth]:
        return ()

    async def warm_up(self, timeout_s: float) -> None: ...

    async def close(self) -> None: ...


class LoudGate:
    """Whatever is loud is speech, and for 160 ms after it."""

    def __init__(self) -> None:
        self._since = 100

    def push(self, frame: bytes) -> bool:
        self._since = 0 if level_dbfs(frame) > -45.0 else self._since + 1
        return self._since <= 8


def keywords(engine: Canned, *, answered: bool = False, language: str = "en") -> KeywordWatch:
    return KeywordWatch(lambda _: engine, language, LoudGate(), answered=answered)


SPEECH = silence(0.3) + talk(2.5) + silence(0.6)


async def push(watch: KeywordWatch, pcm: bytes) -> None:
    """Let the watch hear, then let its tasks run."""
    for frame in frames(pcm):
        watch.push(frame)
    for _ in range(5):
        await asyncio.sleep(0)


async def test_words_of_an_announcement_have_its_meaning() -> None:
    watch = keywords(Canned("the phone you are calling is switched off"))
    await push(watch, SPEECH)
    assert watch.meaning == "switched_off"
    assert watch.counters.heard == 1


async def test_pieces_hold_the_beginning_and_hellos_are_not_listened_to() -> None:
    engine = Canned("")
    watch = keywords(engine)
    await push(watch, silence(0.5) + voice(0.5) + silence(1.0))
    assert engine.streams == []
    await push(watch, SPEECH)
    assert len(engine.streams) == 1
    assert 2.4 < len(engine.streams[0].pcm) / 32_000 < 3.4


async def test_what_is_not_sure_or_has_no_meaning_is_nothing() -> None:
    for engine in (Canned("please leave a message", 0.3), Canned("i paid it last week")):
        watch = keywords(engine)
        await push(watch, SPEECH)
        assert watch.meaning is None


@pytest.mark.parametrize("fault", [SpeechError("broken"), TimeoutError()])
async def test_a_recogniser_that_fails_is_counted_and_no_more(fault: Exception) -> None:
    watch = keywords(Canned(fault))
    await push(watch, SPEECH)
    assert (watch.meaning, watch.counters.failed) == (None, 1)


async def test_a_slow_recogniser_is_given_two_pieces_at_a_time_and_six_in_all() -> None:
    engine = Canned("")
    engine.ready.clear()
    watch = keywords(engine)
    await push(watch, SPEECH * 4)
    assert (len(engine.streams), watch.counters.dropped) == (2, 2)
    engine.ready.set()
    for _ in range(10):
        await push(watch, SPEECH)
    assert len(engine.streams) == MOST_PIECES
    assert not watch.working


async def test_closing_cancels_what_is_under_way() -> None:
    engine = Canned("")
    engine.ready.clear()
    watch = keywords(engine)
    await push(watch, SPEECH)
    await watch.close()
    assert engine.streams[0].cancelled
    assert not watch.working


async def test_without_a_recogniser_nothing_happens() -> None:
    watch = KeywordWatch(lambda _: None, "zh", SpeechGate(), answered=False)
    await push(watch, SPEECH)
    assert watch.meaning is None


# ------------------------------------------------------------------------------------------------ before the answer


class Sounds:
    """A media stream with frames in it; then nothing comes any more, or it ends."""

    def __init__(self, pcm: bytes, ends: bool = False) -> None:
        self.frames_received = self.frames_dropped = 0
        self._frames = frames(pcm)
        self._ends = ends

    async def receive(self, timeout_s: float) -> MediaEvent | None:
        await asyncio.sleep(0)
        if self._frames:
            self.frames_received += 1
            return MediaFrame(self._frames.pop(0), self.frames_received * FRAME_S)
        if self._ends:
            raise MediaClosed("the end")
        return None

    async def listen(self, timeout_s: float, hear: HearFrame) -> MediaEvent | None:
        event = await self.receive(timeout_s)
        if isinstance(event, MediaFrame):
            hear(event.pcm, event.at)
            return None
        return event

    async def play(self, pcm: bytes, mark: str) -> None: ...

    async def flush(self) -> None: ...

    async def close(self) -> None: ...

    def wake(self) -> None: ...


def listener(**known: bytes) -> EarlyMediaListener:
    return EarlyMediaListener(AnnouncementReferences({meaning: [pcm] for meaning, pcm in known.items()}))


async def test_words_count_before_the_answer_where_the_sound_is_not_known() -> None:
    watch = ProgressWatch(Sounds(SPEECH), listener(), keywords(Canned("all circuits are busy now")))
    async with asyncio.timeout(5):
        assert await watch.run() == "congestion"


async def test_a_known_sound_decides_before_the_words() -> None:
    engine = Canned("all circuits are busy now")
    engine.ready.clear()
    recording = talk(4.0, seed=6)
    watch = ProgressWatch(Sounds(silence(0.3) + recording), listener(suspended=recording), keywords(engine))
    async with asyncio.timeout(5):
        assert await watch.run() == "suspended"
    assert all(stream.cancelled for stream in engine.streams)


async def test_a_socket_that_ends_leaves_no_task() -> None:
    engine = Canned("")
    engine.ready.clear()
    watch = ProgressWatch(Sounds(SPEECH, ends=True), listener(), keywords(engine))
    with pytest.raises(MediaClosed):
        await watch.run()
    assert all(stream.cancelled for stream in engine.streams)


# ------------------------------------------------------------------------------------------------ after the answer


async def answer(watch: AnswerWatch, pcm: bytes) -> list[str]:
    told: list[str] = []
    for number, frame in enumerate(frames(pcm)):
        verdict = watch.push(frame, 7.0 + number * FRAME_S)
        if verdict is not None:
            told.append(verdict)
        await asyncio.sleep(0)
    await watch.close()
    return told


async def test_words_tell_a_machine_before_its_greeting_is_long() -> None:
    greeting = silence(0.4) + talk(2.2) + silence(0.4) + talk(2.0, seed=2)
    plain = AnswerWatch(AnsweringMachineDetector())
    assert await answer(plain, greeting[: 32_000 * 4]) == []
    watch = AnswerWatch(
        AnsweringMachineDetector(), keywords(Canned("you have reached the mailbox of"), answered=True)
    )
    assert await answer(watch, greeting) == ["machine"]
    assert (watch.heard, watch.reason) == ("voicemail", "words")


async def test_an_assistant_is_told_by_its_words() -> None:
    watch = AnswerWatch(
        AnsweringMachineDetector(), keywords(Canned("say your name and why you are calling"), answered=True)
    )
    assert await answer(watch, silence(0.4) + talk(2.4) + silence(0.8) + talk(1.0)) == ["assistant"]
    assert watch.heard == "call_assistant"


async def test_what_a_person_says_later_is_not_listened_to() -> None:
    engine = Canned("please leave a message after the tone")
    watch = AnswerWatch(AnsweringMachineDetector(), keywords(engine, answered=True))
    pcm = silence(0.3) + voice(0.6) + silence(5.0) + talk(2.5, seed=3) + silence(1.0)
    assert await answer(watch, pcm) == ["human"]
    assert engine.streams == []


async def test_the_conversation_learns_the_word_and_closes_the_watch() -> None:
    engine = Canned("press one for sales")
    watch = AnswerWatch(AnsweringMachineDetector(), keywords(engine, answered=True))
    who = WhoAnswered(watch, 7.0)
    left = enumerate(frames(silence(0.4) + talk(2.0) + silence(1.0)))

    async def until_somebody_is_known() -> None:
        for number, frame in left:
            who.push(frame, 7.0 + number * FRAME_S)
            await asyncio.sleep(0)

    with pytest.raises(NobodyThere):
        await until_somebody_is_known()
    assert (who.verdict, who.heard) == ("ivr", "ivr")
    await who.close()


# ------------------------------------------------------------------------------------------------ words


def test_the_grammar_of_announcements_can_be_used_and_its_sentences_have_meanings() -> None:
    grammar = announcement_grammar("en")
    assert check_grammar(grammar.jsgf) == []
    rules = parse_jsgf(grammar.jsgf)
    for text, meaning in (
        ("sorry the number you have dialed is not in service", "empty_number"),
        ("the phone you are calling is switched off", "switched_off"),
        ("the subscriber you are calling can not be reached right now", "out_of_reach"),
        ("the number has been changed", "number_changed"),
        ("all lines are busy", "network_busy"),
        ("please leave your message after the tone", "voicemail"),
        ("i am not able to take your call right now", "voicemail"),
        ("this call is being screened", "call_assistant"),
        ("for sales please press one", "ivr"),
    ):
        assert rules.accepts(text), text
        assert meaning_of(text, "en", answered=False) == meaning
    assert announcement_grammar("zh").hot_words


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("您拨打的电话已关机", "switched_off"),
        ("您 拨打 的 号码 是 空号", "empty_number"),
        ("您拨打的用户已停机", "suspended"),
        ("您拨打的电话暂时无法接通", "out_of_reach"),
        ("您拨打的用户正在通话中", "busy_in_call"),
        ("您拨打的电话暂时无人接听", "no_answer"),
        ("请在提示音后留言", "voicemail"),
        ("我是机主的通话助理", "call_assistant"),
        ("售前咨询请按一", "ivr"),
        ("我在开会，晚点再说", None),
    ],
)
def test_chinese_words_have_their_meanings(text: str, meaning: str | None) -> None:
    assert meaning_of(text, "zh", answered=False) == meaning


def test_after_the_answer_only_machines_are_meant() -> None:
    assert meaning_of("the phone is switched off", "en", answered=True) is None
    assert meaning_of("已关机", "zh", answered=True) is None
    assert meaning_of("hello", "fr", answered=True) is None
