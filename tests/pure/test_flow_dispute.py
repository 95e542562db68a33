"""The flow of a dispute: once it is known what is disputed, no way out of the call loses it."""

from __future__ import annotations

import pytest

from ari_app.dialogue import spoken
from ari_app.domain.call_result import ConversationResult
from ari_app.services.flow_sources import read_flow_file
from tests.support.talks import ROOT, TAIL, an_account, says, talk

pytestmark = pytest.mark.pure

FLOW = read_flow_file(ROOT / "dialplan" / "flows" / "dispute.yaml")
#: Answers by key, from the first question of the dispute to the last one.
BY_KEYS = ("1", "1", "3", "1")


def ended(language: str, *answers: str) -> ConversationResult:
    told = talk(FLOW, an_account(language), "1", TAIL, *answers)
    assert told.dialogue.breaches == 0
    result = told.last.result or told.dialogue.hung_up().result
    assert result is not None
    return result


@pytest.mark.parametrize("language", spoken.LANGUAGES)
@pytest.mark.parametrize("answered", range(1, len(BY_KEYS) + 1))
def test_hanging_up_keeps_the_dispute(language: str, answered: int) -> None:
    result = ended(language, *BY_KEYS[:answered])
    assert result.result == "disputed"
    assert result.dispute is not None
    assert result.dispute.category == "meter"


@pytest.mark.parametrize("language", spoken.LANGUAGES)
@pytest.mark.parametrize("answered", range(1, len(BY_KEYS)))
@pytest.mark.parametrize("rest", ["", "0", "*"])
def test_silence_a_person_or_a_wrong_key_keeps_the_dispute(language: str, answered: int, rest: str) -> None:
    told = talk(FLOW, an_account(language), "1", TAIL, *BY_KEYS[:answered])
    for _ in range(12):
        if told.result is not None:
            break
        told = talk(FLOW, an_account(language), "1", TAIL, *BY_KEYS[:answered], *[rest] * len(told.steps))
        extra = [step for step in told.steps if step.result is not None]
        if extra:
            result = extra[0].result
            assert result is not None
            assert result.result == "disputed"
            assert result.dispute is not None
            return
    raise AssertionError("it does not end")


@pytest.mark.parametrize("language", spoken.LANGUAGES)
@pytest.mark.parametrize(
    ("key", "category"), [("1", "meter"), ("2", "bill"), ("3", "service"), ("4", "other")]
)
def test_every_category_by_key_is_read_back(language: str, key: str, category: str) -> None:
    result = ended(language, key, "1", "5", "1")
    assert result.dispute is not None
    assert (result.dispute.category, result.dispute.evidence) == (category, ())
    assert (result.transfer_reason, result.message) == ("dispute", "")
    assert result.review == ()
    assert {"read_back", "receipt", "closing"} <= set(result.coverage)


@pytest.mark.parametrize("language", spoken.LANGUAGES)
@pytest.mark.parametrize(
    ("key", "voucher"), [("1", "bill_number"), ("2", "address"), ("3", "photo"), ("4", "document")]
)
def test_a_voucher_brings_the_form(language: str, key: str, voucher: str) -> None:
    result = ended(language, "2", "1", key, "1")
    assert result.dispute is not None
    assert result.dispute.evidence == (voucher,)
    assert result.message == "dispute_form"


def test_what_he_tells_may_hold_any_words() -> None:
    """Words that mean something elsewhere are a part of his story here."""
    for story in (
        "我老婆已经交过了",
        "他说明天给我打电话",
        "我要投诉那个师傅",
        "我不是户主",
        "我没钱交这种糊涂账",
        "你们天天打电话",
    ):
        told = talk(FLOW, an_account("zh"), "1", TAIL, "2", says(story), "5", "1")
        assert told.last.result is not None, story
        assert told.last.result.dispute is not None, story
        assert told.last.result.dispute.description == story


def test_an_angry_customer_is_spoken_to_gently() -> None:
    told = talk(FLOW, an_account("en"), "1", TAIL, "go to hell")
    assert "Take your time" in told.said
    told = talk(FLOW, an_account("en"), "1", TAIL, "go to hell", *BY_KEYS)
    assert "I am sorry for the trouble" in told.said


def test_a_payment_after_all_has_all_that_evidence_needs() -> None:
    result = ended("en", "5", "1", "1", "1")
    assert result.result == "promise_to_pay"
    assert {"verified", "arrears_fact", "deadline", "read_back"} <= set(result.coverage)
    assert result.dispute is None
