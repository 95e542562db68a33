"""What a customer says of his dispute: the category by a word, what happened in his own words, vouchers he can send."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ari_app.dialogue.dispute_answers import EVIDENCE, NOTES, read_note
from ari_app.dialogue.flow import Flow
from ari_app.dialogue.model import CustomerInput, InputKind, Understanding
from ari_app.dialogue.spoken import LANGUAGES
from ari_app.dialogue.understanding import DISPUTE_CATEGORIES, understand
from ari_app.domain.answer_progress import AnswerProgress
from ari_app.domain.call_result import DisputeClaim
from ari_app.errors import InputError
from ari_app.services.flow_sources import parse_flow
from tests.support.talks import NOW, TAIL, an_account, says, talk

pytestmark = pytest.mark.pure

FLOW = """
flow: quarrel
version: "1"
languages: [en]
start: verify_tail
defaults:
  no_input: {en: Nothing heard.}
  no_match: {en: Not understood.}
states:
  verify_tail:
    say: {en: The last four digits?}
    covers: [opening, recording_notice]
    ask:
      context: verify_tail
      digits: phone_tail
      on:
        identity_confirm: [{when: tail_matches, go: kind}, {again: true}]
      no_input: {then: bye}
      no_match: {then: bye}
  kind:
    say: {en: What is it about?}
    ask:
      context: dispute_describe
      note: category
      keys: {"1": {intent: dispute, category: meter}}
      on:
        dispute: [{when: has_category, go: details}, {again: true}]
      no_input: {then: bye}
      no_match: {then: bye}
  details:
    say: {en: What happened?}
    ask:
      context: dispute_describe
      note: description
      keys: {"1": affirm}
      on:
        request_human: bye
        affirm: vouchers
        described: vouchers
      no_input: {then: vouchers}
      no_match: {then: vouchers}
  vouchers:
    say:
      - {when: category.meter, en: The meter. What can you send?}
      - {en: What can you send?}
    ask:
      context: closing
      note: evidence
      keys: {"1": {intent: affirm, evidence: photo}, "2": deny}
      on:
        affirm: [{when: has_evidence, go: noted}, {again: true}]
        deny: noted
      no_input: {then: noted}
      no_match: {then: noted}
  noted:
    say: {en: Noted.}
    covers: [receipt, closing]
    end: {result: disputed, transfer: dispute, message: dispute_form}
  bye:
    say: {en: Goodbye.}
    end: no_input
"""


@pytest.fixture(scope="module")
def flow() -> Flow:
    return parse_flow(FLOW)


def claim(flow: Flow, *answers: CustomerInput | str) -> DisputeClaim:
    result = talk(flow, an_account("en"), TAIL, *answers).last.result
    assert result is not None
    assert result.dispute is not None
    return result.dispute


@pytest.mark.parametrize(
    ("language", "said", "category"),
    [
        ("zh", "抄表", "meter"),
        ("zh", "表有问题", "meter"),
        ("zh", "金额", "bill"),
        ("zh", "信号", "service"),
        ("zh", "其他的", "other"),
        ("en", "the meter", "meter"),
        ("en", "the bill", "bill"),
        ("en", "the service", "service"),
        ("en", "something else", "other"),
        ("en", "i was charged twice", "bill"),
    ],
)
def test_a_bare_word_is_a_category_where_it_was_asked_for(language: str, said: str, category: str) -> None:
    heard = understand(said, language, "dispute_describe", NOW)
    read = read_note("category", heard, says(said), language)
    assert (read.intent, read.dispute_category) == ("dispute", category)
    assert 0 < read.confidence <= 0.9


def test_a_category_in_own_words_is_doubted_as_much_as_it_was_heard(flow: Flow) -> None:
    assert claim(flow, says("something else", 0.55), "1", "2").confidence == 0.55
    assert claim(flow, "1", "1", "2").confidence == 1.0


@pytest.mark.parametrize(
    ("language", "said", "evidence"),
    [
        ("zh", "我拍了照片还有单据", ("photo", "document")),
        ("zh", "账单号我有", ("bill_number",)),
        ("en", "i can send a photo and a video", ("photo", "video")),
        ("en", "i have the bill number and the address", ("bill_number", "address")),
    ],
)
def test_vouchers_by_their_names(language: str, said: str, evidence: tuple[str, ...]) -> None:
    heard = understand(said, language, "closing", NOW)
    read = read_note("evidence", heard, says(said), language)
    assert (read.intent, read.evidence) == ("affirm", evidence)


def test_no_voucher_is_none(flow: Flow) -> None:
    assert claim(flow, "1", "1", says("no i have no photo")).evidence == ()


def test_what_happened_is_kept_in_his_own_words(flow: Flow) -> None:
    told = claim(flow, "the meter", says("the man read my neighbour's clock"), "1")
    assert told.category == "meter"
    assert told.evidence == ("photo",)
    assert told.description == "the meter; the man read my neighbour's clock"


def test_words_that_the_recogniser_doubts_are_accepted_and_not_kept(flow: Flow) -> None:
    assert claim(flow, "1", says("blah blah", 0.2), "2").description == ""


def test_a_wish_is_heard_while_he_tells(flow: Flow) -> None:
    assert talk(flow, an_account("en"), TAIL, "1", "i want to speak to a person").result == "no_input"


def test_who_tells_is_given_time(flow: Flow) -> None:
    told = talk(flow, an_account("en"), TAIL, "1")
    question = told.last.question
    assert question is not None
    assert question.max_speech_s >= 60
    assert question.endpoint_s > 1
    assert told.dialogue.progress("yes") is AnswerProgress.OPEN


def test_the_category_chooses_the_words(flow: Flow) -> None:
    assert "The meter." in talk(flow, an_account("en"), TAIL, "1", "1").said
    assert "The meter." not in talk(flow, an_account("en"), TAIL, "the bill", "1").said


def test_nothing_is_kept_of_what_is_not_asked_for(flow: Flow) -> None:
    heard = Understanding("unclear")
    for note in (*NOTES, ""):
        assert read_note(note, heard, CustomerInput(InputKind.KEYS, "1"), "en") is heard


@given(st.sampled_from((*NOTES, "")), st.text(max_size=60), st.sampled_from(LANGUAGES))
def test_any_words_are_read(note: str, text: str, language: str) -> None:
    read = read_note(note, understand(text, language, "closing", NOW), says(text), language)
    assert read.dispute_category in {"", *DISPUTE_CATEGORIES}
    assert set(read.evidence) <= set(EVIDENCE)


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("note: category", "note: weather", "unknown note"),
        ("evidence: photo", "evidence: love", "unknown evidence"),
        ('keys: {"1": affirm}', 'keys: {"1": described}', "unknown intent"),
    ],
)
def test_faults_are_told(before: str, after: str, expected: str) -> None:
    assert before in FLOW
    with pytest.raises(InputError, match=expected):
        parse_flow(FLOW.replace(before, after, 1))
