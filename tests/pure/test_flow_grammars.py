"""What a grammar lets through is understood as what it was written for."""

from __future__ import annotations

from datetime import datetime
from random import Random
from zoneinfo import ZoneInfo

import pytest

from ari_app.dialogue.dispute_answers import read_note
from ari_app.dialogue.grammar import DEFAULT_GROUPS, GROUPS, HOT_WORDS, grammar_for
from ari_app.dialogue.understanding import CONTEXTS, understand
from ari_app.speech.jsgf import AnyOf, InOrder, Jsgf, Node, Repeated, Word, parse_jsgf
from ari_app.speech.pocketsphinx_recogniser import check_grammar
from tests.support.talks import says, shipped_flow

pytestmark = pytest.mark.pure

NOW = datetime(2026, 3, 11, 10, 30, tzinfo=ZoneInfo("Asia/Shanghai"))

#: group -> (question, intents that its sentences may have)
MEANS: dict[str, tuple[str, set[str]]] = {
    "yes": ("opening", {"affirm"}),
    "no": ("opening", {"deny"}),
    "identity": ("opening", {"identity_confirm"}),
    "not_him": ("opening", {"identity_deny"}),
    "third_party": ("opening", {"third_party"}),
    "busy": ("opening", {"busy_now", "request_callback"}),
    "robot": ("opening", {"ask_if_robot"}),
    "person": ("opening", {"request_human"}),
    "stop": ("opening", {"stop_calling"}),
    "no_recording": ("opening", {"recording_refused"}),
    "digits": ("verify_tail", {"identity_confirm"}),
    "when": ("ask_when", {"promise_to_pay"}),
    "full": ("ask_amount", {"promise_to_pay"}),
    "half": ("ask_amount", {"promise_to_pay", "unclear"}),
    "amounts": ("ask_amount", {"promise_to_pay"}),
    "already_paid": ("ask_when", {"already_paid"}),
    "dispute": ("ask_when", {"dispute"}),
    "refuse": ("ask_when", {"refuse_to_pay"}),
    "how_much": ("ask_when", {"ask_amount"}),
    "link": ("inform", {"send_link"}),
    "dispute_kinds": ("dispute_describe", {"dispute", "unclear"}),
    "vouchers": ("closing", {"unclear", "send_link", "promise_to_pay"}),
    "needs": ("inform", {"special_needs"}),
    "restore": ("inform", {"restore_wanted"}),
    "distress": ("opening", {"distress"}),
    "gone": ("opening", {"deceased"}),
    "child": ("opening", {"minor"}),
    "chinese": ("opening", {"switch_language"}),
    "complaint": ("ask_when", {"complaint_threat"}),
    "abuse": ("ask_when", {"abusive"}),
    "about_bill": ("ask_when", {"ask_fee_breakdown", "ask_payment_method"}),
    "call_at": ("ask_when", {"request_callback"}),
    "no_money": ("ask_when", {"hardship", "request_deferral", "request_installment"}),
}


def sentence(grammar: Jsgf, random: Random) -> str:
    """One sentence of a grammar of a single rule, by chance."""

    def walk(node: Node) -> list[str]:
        match node:
            case Word(text):
                return [text]
            case InOrder(parts):
                return [word for part in parts for word in walk(part)]
            case AnyOf(choices):
                return walk(random.choice(choices))
            case Repeated(part, least, _):
                return walk(part) if least or random.random() < 0.5 else []
            case _:
                raise AssertionError(node)

    return " ".join(walk(grammar.rules[grammar.public[0]]))


def sentences(group: str) -> list[str]:
    grammar = parse_jsgf(grammar_for("opening", "en", (group,)).jsgf)
    random = Random(group)
    found = {sentence(grammar, random) for _ in range(400)}
    assert all(grammar.accepts(one) for one in found)
    return sorted(found)


def test_every_group_has_its_meaning() -> None:
    assert set(MEANS) == set(GROUPS)
    assert set(DEFAULT_GROUPS) == set(CONTEXTS) == set(HOT_WORDS["zh"])


@pytest.mark.parametrize("group", sorted(GROUPS))
def test_a_sentence_of_a_group_is_understood(group: str) -> None:
    context, intents = MEANS[group]
    heard = {text: understand(text, "en", context, NOW) for text in sentences(group)}
    wrong = [(text, one.intent) for text, one in heard.items() if (one.finer or one.intent) not in intents]
    assert wrong == []


def test_dates_amounts_and_digits_are_all_read() -> None:
    for text in sentences("when"):
        heard = understand(text, "en", "ask_when", NOW)
        bare_today = "wednesday" in text and "next" not in text and "this" not in text
        assert (heard.date is None) == bare_today, text
    for text in sentences("amounts"):
        assert understand(text, "en", "ask_amount", NOW).amount is not None or int(_small(text)) < 10, text
    for text in sentences("full"):
        assert understand(text, "en", "ask_amount", NOW).full_amount, text
    for text in sentences("half"):
        heard = understand(text, "en", "ask_amount", NOW)
        assert (heard.amount, heard.full_amount) == (None, False)
    for text in sentences("digits"):
        assert understand(text, "en", "verify_tail", NOW).phone_tail is not None, text


def test_what_is_asked_of_a_dispute_is_read() -> None:
    for note, group in (("category", "dispute_kinds"), ("evidence", "vouchers")):
        for text in sentences(group):
            read = read_note(note, understand(text, "en", "closing", NOW), says(text), "en")
            assert read.dispute_category or read.evidence, text


def _small(text: str) -> int:
    words = [word for word in text.split() if word not in ("i", "will", "can", "pay")]
    return 1 if len(words) == 1 else 99


@pytest.mark.parametrize("group", sorted(GROUPS))
def test_every_word_can_be_pronounced(group: str) -> None:
    assert check_grammar(grammar_for("opening", "en", (group,)).jsgf) == []


def test_a_question_gets_its_own_grammar() -> None:
    names: dict[str, str] = {}
    for state in shipped_flow().states.values():
        if state.ask is None:
            continue
        grammar = grammar_for(state.ask.context, "en", state.ask.hear)
        assert names.setdefault(grammar.name, grammar.jsgf) == grammar.jsgf
        assert parse_jsgf(grammar.jsgf).words()
        assert grammar.jsgf.isascii()
        assert grammar.jsgf == grammar.jsgf.replace("JSGF V", "jsgf v").lower().replace("jsgf v", "JSGF V")
        chinese = grammar_for(state.ask.context, "zh", state.ask.hear)
        assert chinese.jsgf == ""
        assert chinese.hot_words
