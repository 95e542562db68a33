"""What a conversation learns besides promises reaches its result."""

from __future__ import annotations

from datetime import date, time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ari_app.dialogue.flow_findings import MAX_DESCRIPTION, Findings
from ari_app.dialogue.model import CustomerInput, InputKind, Understanding
from ari_app.domain.call_result import Callback, ConversationResult
from tests.support.talks import NOW, TAIL, an_account, says, shipped_flow, talk

pytestmark = pytest.mark.pure


def result(language: str, *given_: str) -> ConversationResult:
    told = talk(shipped_flow(), an_account(language), *given_)
    found = told.last.result
    assert found is not None, told.said
    return found


def test_a_dispute_keeps_its_category_and_the_words_that_were_used() -> None:
    found = result("zh", "1", TAIL, "你们的表肯定坏了", "对")
    assert found.result == "disputed"
    assert found.dispute is not None
    assert (found.dispute.category, found.dispute.description) == ("meter", "你们的表肯定坏了")
    assert found.review == ()


def test_a_dispute_by_key_names_no_category_and_is_looked_at() -> None:
    found = result("en", "1", TAIL, "6")
    assert found.dispute is not None
    assert found.dispute.category == "other"
    assert [(one.name, one.reason) for one in found.review] == [("dispute.category", "not_given")]


def test_a_callback_keeps_its_day_and_time() -> None:
    found = result("zh", "你明天下午两点再打给我")
    assert (found.result, found.callback) == ("callback", Callback(date(2026, 3, 12), time(14, 0)))
    assert result("en", "call me back later").callback is None


def test_a_promise_keeps_the_channel_and_the_reason() -> None:
    found = result("zh", "1", TAIL, "我忘了明天用微信交", "1", "1")
    (promise,) = found.promises
    assert (promise.channel, promise.date) == ("wechatpay", "2026-03-12")
    assert found.reasons == ("forgot",)


def test_consent_is_noted_with_the_wording_that_was_heard() -> None:
    consent = result("zh", "1", "1234", "4321").consent
    assert consent is not None
    assert (consent.given, consent.at, consent.version) == (True, NOW, "reminder 2026.3, common 2026.3 zh")
    for refused in ("9", "不要录音"):
        consent = result("zh", refused).consent
        assert consent is not None
        assert not consent.given
    assert result("zh", "", "").consent is None


def test_anger_is_noted() -> None:
    assert result("en", "fuck off i have told you to stop calling me", "1").upset
    assert not result("en", "9").upset


def test_nothing_of_a_strangers_words_is_kept_as_a_dispute_or_reason() -> None:
    found = result("zh", "2", "对打错了那家人的水表坏了人也失业了")
    assert (found.verified, found.dispute, found.reasons) == (False, None, ())


@given(st.lists(st.text(max_size=900), max_size=6))
def test_a_description_is_bounded(texts: list[str]) -> None:
    findings = Findings("x")
    for text in texts:
        heard = Understanding("dispute")
        findings.note(heard, CustomerInput(InputKind.SPEECH, text), verified=True, notice_given=True, now=NOW)
    assert len(findings.dispute().description) <= MAX_DESCRIPTION
    assert findings.dispute().category == "other"


def test_the_language_of_the_conversation_is_told() -> None:
    assert result("en", "9").language == "en"
    assert talk(shipped_flow(), an_account("zh"), says("喂")).dialogue.hung_up().result is not None
