"""What a FunASR server is told, what its messages mean, and how sure a text is."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ari_app.speech.funasr_protocol import (
    LONGEST_TEXT,
    NOT_COMPARED,
    NOT_CONFIRMED,
    HeardSoFar,
    OddMessageError,
    ServerMessage,
    confirmed_share,
    read_message,
    start_message,
)

pytestmark = pytest.mark.pure


def online(text: str) -> ServerMessage:
    return ServerMessage("u", text, offline=False, is_final=False)


def offline(text: str, *, final: bool = False) -> ServerMessage:
    return ServerMessage("u", text, offline=True, is_final=final)


def heard(*messages: ServerMessage) -> HeardSoFar:
    so_far = HeardSoFar()
    for message in messages:
        so_far.take(message)
    return so_far


def written(**changes: object) -> str:
    message = {"wav_name": "u", "text": "是的", "mode": "2pass-offline", "is_final": True}
    return json.dumps({key: value for key, value in (message | changes).items() if value is not ...})


# ------------------------------------------------------------------------------------------- what it is told


def test_the_first_message_says_everything_that_the_server_asks_for() -> None:
    said = json.loads(start_message("u-1", "zh", ("尾号", "幺")))
    assert json.loads(said.pop("hotwords")) == {"尾号": 20, "幺": 20}
    assert said == {
        "mode": "2pass",
        "chunk_size": [5, 10, 5],
        "chunk_interval": 10,
        "wav_name": "u-1",
        "wav_format": "pcm",
        "audio_fs": 16000,
        "itn": False,
        "svs_lang": "zh",
        "svs_itn": False,
        "is_speaking": True,
    }


def test_without_hot_words_the_field_is_an_empty_text() -> None:
    assert json.loads(start_message("u-1", "zh", ()))["hotwords"] == ""


@given(st.lists(st.text(max_size=30), max_size=300))
def test_hot_words_are_bounded(words: list[str]) -> None:
    hot = json.loads(start_message("u", "zh", tuple(words)))["hotwords"]
    sent = json.loads(hot) if hot else {}
    assert set(sent) <= set(words)
    assert len(sent) <= 200
    assert all(1 <= len(word) <= 10 for word in sent)


# ------------------------------------------------------------------------------------------- what it says


def test_a_result_is_read() -> None:
    assert read_message(written()) == ServerMessage("u", "是的", offline=True, is_final=True)


def test_the_closing_message_of_silence_has_no_mode() -> None:
    assert read_message(written(text="", mode=...)).text == ""


@pytest.mark.parametrize(
    ("message", "odd"),
    [
        (b"\x00\x01", "a binary message"),
        ("hello", "no JSON"),
        ("[" * 100_000, "no JSON"),
        ("9" * 10_000, "no JSON"),
        ("[1]", "no JSON object"),
        (written(text=7), "no wav_name, text or is_final"),
        (written(wav_name=None), "no wav_name, text or is_final"),
        (written(is_final="true"), "no wav_name, text or is_final"),
        (written(text=...), "no wav_name, text or is_final"),
        (written(mode=...), "text of an unknown mode"),
        (written(mode={"2pass": 1}), "text of an unknown mode"),
    ],
)
def test_an_odd_message_is_refused_without_its_words(message: str | bytes, odd: str) -> None:
    with pytest.raises(OddMessageError, match=odd) as raised:
        read_message(message)
    assert "是的" not in str(raised.value)


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        ("<|zh|><|NEUTRAL|><|Speech|><|woitn|>是的", "是的"),
        ("是\u0000的\n", "是 的 "),
        ("\ud800是的", "是的"),
    ],
)
def test_marks_and_unfit_signs_are_taken_out(sent: str, read: str) -> None:
    assert read_message(written(text=sent)).text == read


@given(st.one_of(st.text(), st.binary(), st.recursive(st.none() | st.text(), st.lists).map(json.dumps)))
def test_any_message_is_a_result_or_odd(message: str | bytes) -> None:
    try:
        read_message(message)
    except OddMessageError:
        pass


# ------------------------------------------------------------------------------------------- what it adds up to


def test_pieces_are_joined_until_their_segment_is_corrected() -> None:
    so_far = heard(online("我明"), online("天还"))
    assert so_far.text == "我明天还"
    so_far.take(offline("我明天还，"))
    assert so_far.text == "我明天还，"
    so_far.take(online("五百"))
    assert so_far.text == "我明天还，五百"
    so_far.take(offline("五百块。", final=True))
    assert so_far.final() == ("我明天还，五百块。", 0.95)


def test_english_words_get_their_blank() -> None:
    assert heard(online("i will"), online("pay")).text == "i will pay"


def test_only_the_second_pass_has_spoken() -> None:
    assert heard(offline("是的。", final=True)).final() == ("是的。", NOT_COMPARED)


def test_only_the_first_pass_has_spoken() -> None:
    assert heard(online("是的"), ServerMessage("u", "", offline=False, is_final=True)).final() == (
        "是的",
        NOT_CONFIRMED,
    )


def test_nothing_was_heard() -> None:
    assert heard(ServerMessage("u", "", offline=False, is_final=True)).final() == ("", 0.0)


def test_two_opinions_that_differ_make_a_low_confidence() -> None:
    _, same = heard(online("我明天还五百"), offline("我明天还五百块。")).final()
    _, near = heard(online("我明天还五百"), offline("我明年还五百块。")).final()
    _, other = heard(online("你是哪位"), offline("我明年还五百块。")).final()
    assert same == 0.95
    assert other < 0.5 < near < same


@pytest.mark.parametrize(
    ("first", "second", "share"),
    [
        ("", "是的", None),
        ("，。 ", "是的", None),
        ("是", "是的。", 1.0),
        ("否", "是的。", 0.0),
        ("Yes, I Will", "yes i will pay", 1.0),
        ("哈" * LONGEST_TEXT, "哈", 0.0),
    ],
)
def test_the_confirmed_share(first: str, second: str, share: float | None) -> None:
    assert confirmed_share(first, second) == share


@given(st.text(), st.text())
def test_a_share_is_a_share(first: str, second: str) -> None:
    share = confirmed_share(first, second)
    assert share is None or 0 <= share <= 1
    assert confirmed_share(first, first) in (None, 1.0)


@given(st.lists(st.tuples(st.text(max_size=20), st.booleans()), max_size=30))
def test_every_confidence_is_one(said: list[tuple[str, bool]]) -> None:
    so_far = heard(*(offline(text) if corrected else online(text) for text, corrected in said))
    text, confidence = so_far.final()
    assert 0 <= confidence <= 1
    assert text == text.strip()
    assert (confidence == 0) == (text == "")


def test_nobody_speaks_that_much() -> None:
    so_far = heard(offline("长" * LONGEST_TEXT), online("长" * LONGEST_TEXT))
    with pytest.raises(OddMessageError, match="more text"):
        so_far.take(offline("长"))
