"""The choice of a recogniser by language, order and failure."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from ari_app.dialogue.model import Grammar
from ari_app.errors import SpeechError
from ari_app.ports import EngineHealth, EngineState, Transcript
from ari_app.services.engine_health import EngineAccount
from ari_app.speech.recognisers import RecogniserChoice
from ari_app.speech.utterance import GatheredUtterance

pytestmark = pytest.mark.fakes


class FakeRecogniser:
    """Returns how much it heard; refuses grammars, fails or never answers when told to."""

    def __init__(self, name: str, *languages: str, does: str = "") -> None:
        self.name = name
        self.account = EngineAccount(name)
        self.given_s = 0.0
        self.closed = False
        self.warm = False
        self._languages = languages
        self._does = does

    def supports(self, language: str) -> bool:
        return language in self._languages and not self.account.resting(0.0)

    def open(self, grammar: Grammar) -> GatheredUtterance:
        if self._does == "refuse":
            raise SpeechError("a grammar of no use")

        if not self.account.willing(0.0):
            raise SpeechError(f"{self.name} is left alone")

        async def recognise(pcm: bytes, timeout_s: float, *, guess: bool) -> Transcript:
            self.given_s = timeout_s
            if self._does == "fail":
                raise SpeechError(f"{self.name} failed")
            if self._does == "hang":
                await asyncio.Event().wait()
            return Transcript(str(len(pcm)), 0.9, self.name)

        return GatheredUtterance(recognise, self.account, clock=lambda: 0.0)

    def health(self) -> Sequence[EngineHealth]:
        return (self.account.health(0.0),)

    async def warm_up(self, timeout_s: float) -> None:
        if self._does in ("fail", "refuse"):
            raise SpeechError(f"{self.name} has no model")
        self.warm = True

    async def close(self) -> None:
        self.closed = True


async def hear(choice: RecogniserChoice, language: str, timeout_s: float = 30.0) -> Transcript:
    utterance = choice.open(Grammar("g", language))
    for _ in range(10):
        utterance.feed(bytes(640))
    return await utterance.result(timeout_s)


async def test_the_first_that_can_hear_the_language_is_taken() -> None:
    choice = RecogniserChoice([FakeRecogniser("one", "en"), FakeRecogniser("two", "en", "zh")])
    assert (await hear(choice, "en")).engine == "one"
    assert (await hear(choice, "zh")).engine == "two"
    assert choice.engines("en") == ["one", "two"]
    assert choice.supports("zh")
    assert not choice.supports("fr")


@pytest.mark.parametrize(("does", "stepped_in"), [("refuse", 0), ("fail", 1)])
async def test_the_next_one_steps_in_with_all_the_sound(does: str, stepped_in: int) -> None:
    choice = RecogniserChoice([FakeRecogniser("one", "en", does=does), FakeRecogniser("two", "en")])
    assert await hear(choice, "en") == Transcript("6400", 0.9, "two")
    assert choice.counters.stepped_in == stepped_in


async def test_when_none_can_the_reason_is_told() -> None:
    choice = RecogniserChoice([FakeRecogniser("one", "en", does="fail")])
    with pytest.raises(SpeechError, match="one failed"):
        await hear(choice, "en")
    assert choice.counters.failed == 1
    with pytest.raises(SpeechError, match="no recogniser for 'zh'"):
        choice.open(Grammar("g", "zh"))
    with pytest.raises(SpeechError, match="one: a grammar of no use"):
        RecogniserChoice([FakeRecogniser("one", "en", does="refuse")]).open(Grammar("g", "en"))


async def test_an_engine_that_never_answers_times_out() -> None:
    hanging = FakeRecogniser("one", "en", does="hang")
    for choice, timeout_s in (
        (RecogniserChoice([hanging], longest_s=0.01), 60.0),
        (RecogniserChoice([hanging]), 0.01),
    ):
        with pytest.raises(TimeoutError):
            await hear(choice, "en", timeout_s)
        assert choice.counters.timed_out == 1


async def test_closing_closes_all() -> None:
    engines = [FakeRecogniser("one", "en"), FakeRecogniser("two", "zh")]
    await RecogniserChoice(engines).close()
    assert all(engine.closed for engine in engines)


async def test_the_first_that_can_be_loaded_is_loaded_before_the_first_call() -> None:
    broken, good, spare = (
        FakeRecogniser("a", "en", does="fail"),
        FakeRecogniser("b", "en"),
        FakeRecogniser("c", "en"),
    )
    await RecogniserChoice([broken, good, spare]).warm_up(1.0)
    assert (broken.warm, good.warm, spare.warm) == (False, True, False)
    with pytest.raises(SpeechError, match="a has no model"):
        await RecogniserChoice([broken]).warm_up(1.0)


async def test_a_guess_comes_from_the_chosen_engine_and_a_failed_one_does_not_end_the_utterance() -> None:
    choice = RecogniserChoice([FakeRecogniser("one", "en"), FakeRecogniser("two", "en")])
    utterance = choice.open(Grammar("g", "en"))
    utterance.feed(bytes(6400))
    assert await utterance.partial(1.0) == Transcript("6400", 0.9, "one")
    failing = RecogniserChoice([FakeRecogniser("one", "en", does="fail"), FakeRecogniser("two", "en")])
    utterance = failing.open(Grammar("g", "en"))
    utterance.feed(bytes(6400))
    with pytest.raises(SpeechError, match="one failed"):
        await utterance.partial(1.0)
    assert await utterance.result(1.0) == Transcript("6400", 0.9, "two")


async def test_a_guess_that_is_late_is_given_up() -> None:
    utterance = RecogniserChoice([FakeRecogniser("one", "en", does="hang")]).open(Grammar("g", "en"))
    with pytest.raises(TimeoutError):
        await utterance.partial(0.01)


async def test_when_the_first_is_late_the_next_one_has_time_left() -> None:
    hanging, good = FakeRecogniser("one", "en", does="hang"), FakeRecogniser("two", "en")
    choice = RecogniserChoice([hanging, good])
    # The first does not keep its time and is cut off 0.25 s later; of a second, that leaves the other one some.
    assert await hear(choice, "en", 1.0) == Transcript("6400", 0.9, "two")
    assert (choice.counters.stepped_in, choice.counters.timed_out) == (1, 0)
    assert hanging.given_s == pytest.approx(0.6, abs=0.05)
    assert good.given_s > 0.0


async def test_an_engine_that_keeps_failing_is_not_waited_for() -> None:
    one, two = FakeRecogniser("one", "en", does="fail"), FakeRecogniser("two", "en")
    choice = RecogniserChoice([one, two])
    for _ in range(5):
        assert (await hear(choice, "en")).engine == "two"
    assert choice.counters.stepped_in == 3
    first, second = choice.health()
    assert (first.name, first.state, first.utterances, first.failures) == ("one", EngineState.RESTING, 3, 3)
    assert (second.name, second.state, second.utterances, second.failures) == ("two", EngineState.READY, 5, 0)
    assert choice.engines("en") == ["two"]
