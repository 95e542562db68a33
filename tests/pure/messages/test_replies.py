"""What customers write, and what is done about it by itself."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ari_app.domain.messages.replies import OPT_OUT
from ari_app.ports.messages import ReplyAction, Sender
from ari_app.services.messages.replies import decide_reply

pytestmark = pytest.mark.pure

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)


def action(text: str) -> ReplyAction:
    return decide_reply(text, Sender(), NOW).action


@pytest.mark.parametrize("word", sorted(OPT_OUT))
@pytest.mark.parametrize("shape", ["{}", " {} ", "{}。", "{}!", "\n{}\r\n", "“{}”"])
def test_every_opt_out_word_ends_everything_however_it_is_written(word: str, shape: str) -> None:
    assert action(shape.format(word)) is ReplyAction.OPT_OUT
    assert action(shape.format(word.upper())) is ReplyAction.OPT_OUT


@pytest.mark.parametrize(
    "word", ["revoke", "REVOKE.", "R", "Ｒ", "回T", "停止", "取消", "請停止發送", "勿擾", "unsub"]
)
def test_words_that_the_law_and_operators_name_end_everything(word: str) -> None:
    assert action(word) is ReplyAction.OPT_OUT


@pytest.mark.parametrize(
    "text",
    [
        "ＴＤ",
        "T D",
        "回复TD",
        "td谢谢",
        "退订，谢谢",
        "请帮我退订",
        "不要再骚扰我了",
        "STOP please",
        "Please unsubscribe me",
        "opt out",
        "do not contact me",
        "stop calling me",
        "不要打电话给我了",
        "leave me alone!!",
    ],
)
def test_sentences_that_ask_for_no_contact_end_everything(text: str) -> None:
    assert action(text) is ReplyAction.OPT_OUT


@pytest.mark.parametrize("text", ["不要再给我发短信", "别发邮件了", "don't text me", "no more emails"])
def test_a_wish_about_one_channel_ends_that_channel(text: str) -> None:
    assert action(text) is ReplyAction.OPT_OUT_CHANNEL


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("我已经付了", ReplyAction.PAID),
        ("I already paid", ReplyAction.PAID),
        ("这个账单不对，我没有用那么多", ReplyAction.DISPUTE),
        ("the bill is wrong, I never used that", ReplyAction.DISPUTE),
        ("把链接发给我", ReplyAction.LINK),
        ("send me the link please", ReplyAction.LINK),
        ("谢谢", ReplyAction.NONE),
        ("OK", ReplyAction.NONE),
        ("", ReplyAction.NONE),
        ("Automatic reply: I am away", ReplyAction.NONE),
        ("我周五付300", ReplyAction.WAITS),
        ("I'll pay Friday", ReplyAction.WAITS),
        ("能分期吗", ReplyAction.WAITS),
        ("他已经去世了", ReplyAction.WAITS),
        ("asdf qwer", ReplyAction.WAITS),
    ],
)
def test_what_is_sure_is_done_and_everything_else_waits(text: str, wanted: ReplyAction) -> None:
    assert action(text) is wanted


def test_a_call_is_planned_for_when_it_is_wanted() -> None:
    soon = decide_reply("回电", Sender(), NOW)
    assert (soon.action, soon.call_at) == (ReplyAction.CALL_BACK, NOW + timedelta(minutes=5))
    at = decide_reply("明天下午三点给我打电话", Sender(), NOW)
    assert at.call_at == datetime(2026, 11, 24, 7, 0, tzinfo=UTC)
    there = Sender(timezone="America/New_York")
    assert decide_reply("call me tomorrow at 3pm", there, NOW).call_at == datetime(
        2026, 11, 23, 20, 0, tzinfo=UTC
    )


@given(st.text(st.characters(exclude_categories=[]), max_size=3000))
def test_any_text_gets_an_answer(text: str) -> None:
    decision = decide_reply(text, Sender(), NOW)
    assert decision.action in ReplyAction
    assert (decision.call_at is not None) == (decision.action is ReplyAction.CALL_BACK)
    assert decision.call_at is None or decision.call_at >= NOW


@given(
    st.text(max_size=50),
    st.sampled_from(["Robert'); DROP TABLE message;--", "{pay_link}", "\x00\x1b[2J", "../../etc"]),
)
def test_hostile_text_is_only_text(text: str, hostile: str) -> None:
    assert decide_reply(text + hostile, Sender(timezone="no/zone"), NOW).understood
