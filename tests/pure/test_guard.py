"""The guard stops what the flow should never have said, and lets everything else through unchanged."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ari_app.dialogue.account_view import SealedAccount, VerifiedView, opening_view, spoken_name
from ari_app.dialogue.flow import Flow, State, Text, Wording
from ari_app.dialogue.flow_conversation import FlowConversation
from ari_app.dialogue.guard import NEUTRAL, Breach, Guard, GuardTally, wording_fault
from ari_app.dialogue.model import Fragment
from tests.support.talks import COMPANY, NOW, TAIL, an_account, keys, shipped_flow, words

pytestmark = pytest.mark.pure

SECRETS = {
    "zh": ("五百六十八元三角二分", "三月一日，星期日"),
    "en": ("five hundred sixty eight yuan", "Sunday, March first"),
}


def a_guard(language: str) -> Guard:
    return Guard(language, SECRETS[language], ("张伟", "Bill Smith", "First Credit Bank"))


def say(language: str, *texts: str) -> tuple[Fragment, ...]:
    return tuple(Fragment(text, language) for text in texts)


@pytest.mark.parametrize(
    ("language", "texts"),
    [
        ("zh", ("您好，您已欠费。",)),
        ("zh", ("您好，您已欠", "费。")),
        ("zh", ("您的账单到期了。",)),
        ("zh", ("一共", "五百六十八元三角二分")),
        ("zh", ("五百六十八元", "三角二分")),
        ("zh", ("日期是", "三月一日，星期日")),
        ("en", ("You owe us money.",)),
        ("en", ("Your account is past", "due.")),
        ("en", ("It is five hundred sixty eight yuan.",)),
        ("en", ("five hundred", "sixty eight yuan")),
        ("en", ("Bill Smith has a bill.",)),
        ("en", ("This is about a PAYMENT.",)),
    ],
)
def test_an_unverified_person_hears_nothing_of_a_debt(language: str, texts: tuple[str, ...]) -> None:
    checked = a_guard(language).check(say(language, *texts), verified=False)
    assert checked.breach
    assert [fragment.text for fragment in checked.say] == [NEUTRAL[language]]


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("zh", "再不交就抓你。"),
        ("zh", "我们会通知您的家人。"),
        ("zh", "后果自负。"),
        ("zh", "再不缴就去您单位闹。"),
        ("zh", "我们会派人到您公司。"),
        ("zh", "找人收拾你。"),
        ("zh", "让您在村里抬不起头。"),
        ("zh", "把您的照片发到朋友圈。"),
        ("zh", "你这种人渣。"),
        ("en", "We will tell your employer."),
        ("en", "Pay now or else."),
        ("en", "You will go to jail."),
        ("en", "We know where you live."),
        ("en", "We will show up at your workplace."),
        ("en", "You will lose your house."),
        ("en", "Everyone will know about it."),
        ("en", "You are a worthless loser."),
    ],
)
def test_forbidden_wording_is_never_spoken(language: str, text: str) -> None:
    for verified in (False, True):
        checked = a_guard(language).check(say(language, text), verified=verified)
        assert checked.breach is Breach.FORBIDDEN
        assert [fragment.text for fragment in checked.say] == [NEUTRAL[language]]


@pytest.mark.parametrize(
    ("language", "texts"),
    [
        ("zh", ("您好，这里是", "云杉通信", "的自动语音助手。")),
        ("en", ("Am I speaking to", "Bill Smith")),
        ("en", ("This is the automated assistant of", "First Credit Bank")),
        ("en", ("Owen, Billie and the collectible towels.",)),
        ("zh", ("请您到附近的营业厅办理，到家以后再看也可以。",)),
        ("zh", ("我们会派工作人员与您联系。",)),
        ("en", ("A colleague can come to an agreement with you when you are at home.",)),
    ],
)
def test_innocent_words_and_names_pass(language: str, texts: tuple[str, ...]) -> None:
    given_ = say(language, *texts)
    assert a_guard(language).check(given_, verified=False).say == given_


def test_a_verified_customer_hears_his_debt() -> None:
    given_ = say("zh", "您的应缴金额是：", "五百六十八元三角二分", "已经逾期。")
    checked = a_guard("zh").check(given_, verified=True)
    assert (checked.say, checked.breach) == (given_, None)


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("zh", "我们会起诉您。"),
        ("zh", "这会影响您的征信。"),
        ("zh", "律师会联系您。"),
        ("en", "We will take you to court."),
        ("en", "This goes on your credit report."),
        ("en", "Our lawyers will write to you."),
    ],
)
def test_legal_means_are_mentioned_only_where_the_case_has_come_to_that(language: str, text: str) -> None:
    given_ = say(language, text)
    for legal, verified in ((False, True), (True, False), (False, False)):
        guard = Guard(language, (), legal=legal)
        assert guard.check(given_, verified=verified).breach in (Breach.LEGAL, Breach.DEBT_WORD), (
            legal,
            verified,
        )
    assert Guard(language, (), legal=True).check(given_, verified=True).breach is None


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("zh", "本次通话仅为服务提醒，不构成法律催收。"),
        ("en", "This call is a service reminder only and no legal demand."),
    ],
)
def test_the_closing_statement_is_no_legal_means(language: str, text: str) -> None:
    assert Guard(language, ()).check(say(language, text), verified=True).breach is None


@pytest.mark.parametrize(
    ("language", "text", "passes"),
    [
        ("zh", "我是真人。", False),
        ("zh", "我不是机器人。", False),
        ("zh", "是的，我是自动语音助手，不是真人。", True),
        ("en", "I'm a real person.", False),
        ("en", "I am not a robot.", False),
        ("en", "No, I'm really not a machine.", False),
        ("en", "Yes, I am an automated assistant and not a person.", True),
    ],
)
def test_a_machine_never_says_that_it_is_a_person(language: str, text: str, passes: bool) -> None:
    checked = Guard(language, ()).check(say(language, text), verified=True)
    assert checked.breach is (None if passes else Breach.PRETENCE)


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("zh", "您 已 欠 费。"),
        ("zh", "您已欠·费。"),
        ("zh", "您已欠\u200b费。"),
        ("zh", "一共三百元。"),
        ("zh", "您的話費帳單逾，期了"),
        ("en", "You have an OVER\u200bDUE amount."),
        ("en", "It is past-due."),
        ("en", "That makes ３００ dollars."),
        ("en", "That makes $300."),
        ("en", "late\nfee"),
    ],
)
def test_spelling_hides_nothing(language: str, text: str) -> None:
    assert Guard(language, ()).check(say(language, text), verified=False).breach is not None


def test_breaches_are_counted_by_red_line() -> None:
    tally = GuardTally()
    for breach in (Breach.LEGAL, Breach.LEGAL, Breach.PRETENCE):
        tally.note(breach)
    assert (tally.breaches, tally.by_breach[Breach.LEGAL]) == (3, 2)


def test_the_neutral_sentences_pass_the_guard() -> None:
    for language, text in NEUTRAL.items():
        assert not wording_fault(text, language, verified=False)


@given(st.text(max_size=80), st.sampled_from(["zh", "en"]))
def test_a_secret_never_passes(text: str, language: str) -> None:
    for secret in SECRETS[language]:
        checked = a_guard(language).check(say(language, text, secret, text), verified=False)
        assert checked.breach
        assert secret not in "".join(fragment.text for fragment in checked.say)


def test_a_breach_is_counted_and_replaced_in_a_conversation() -> None:
    """A flow that was never checked says the amount in its opening; the guard is what is left."""
    flow = shipped_flow()
    opening = flow.states["opening"]
    sentence = opening.say[0].sentences["zh"][0]
    telling = type(sentence)((Text("您已欠费五百六十八元三角二分。", "x"),), 1)
    states = {**flow.states, "opening": State("opening", 1, (Wording({"zh": (telling,)}),), ask=opening.ask)}
    unchecked = Flow("x", "x", "1", ("zh",), "opening", states)
    dialogue = FlowConversation(unchecked, an_account(), COMPANY["zh"])
    assert words(dialogue.start(NOW)) == NEUTRAL["zh"]
    assert dialogue.breaches == 1
    dialogue.answer(keys("1"), NOW)
    assert dialogue.breaches == 1


def test_the_sealed_account_opens_for_the_right_digits_only() -> None:
    account = an_account()
    sealed = SealedAccount(account, opening_view(account, "云杉通信"))
    for wrong in (None, "", "800", "80000", "0008", "８０００", account.phone):
        assert sealed.open(wrong) is None
    assert isinstance(sealed.open(TAIL), VerifiedView)


@given(st.text("0123456789", max_size=6))
def test_no_other_digits_open_it(tail: str) -> None:
    account = an_account()
    opened = SealedAccount(account, opening_view(account, "云杉通信")).open(tail)
    assert (opened is not None) == (tail == TAIL)


def test_what_a_conversation_shows_holds_no_debt() -> None:
    """Neither repr nor plain attributes give the amount before verification."""
    dialogue = FlowConversation(shipped_flow(), an_account(), COMPANY["zh"])
    dialogue.start(NOW)
    seen = repr(vars(dialogue))
    assert "568" not in seen
    assert "五百六十八" not in seen


@pytest.mark.parametrize(
    ("name", "language", "spoken"),
    [
        ("张伟", "zh", "张伟"),
        ("张**", "zh", "张先生或女士"),
        ("*", "zh", "机主本人"),
        ("", "en", "the owner of this number"),
        ("Bill O'Neil-Smith Jr.", "en", "Bill O'Neil-Smith Jr"),
        ("张伟欠费500元", "zh", "机主本人"),
        ("Mr Overdue", "en", "the owner of this number"),
        ("a\r\nSIP/2.0 <script>{amount}", "en", "a SIP script amount"),
        ("1234567", "en", "the owner of this number"),
    ],
)
def test_names_are_made_fit_to_be_spoken(name: str, language: str, spoken: str) -> None:
    assert spoken_name(name, language) == spoken


@given(st.text(max_size=200), st.sampled_from(["zh", "en"]))
def test_any_name_is_short_and_free_of_figures_and_markup(name: str, language: str) -> None:
    text = spoken_name(name, language)
    assert 0 < len(text) <= 60
    assert not set(text) & set('<>{}[]\\|;:\r\n\t\0*#@%$&="')
    assert not any(sign.isascii() and sign.isdigit() for sign in text)
