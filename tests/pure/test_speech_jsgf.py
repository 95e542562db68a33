"""JSGF grammars: read, matched, written back, refused with a line."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ari_app.dialogue.back_channels import HEARD_EN, back_channel
from ari_app.dialogue.grammar import DEFAULT_GROUPS, grammar_for
from ari_app.speech.jsgf import JsgfError, parse_jsgf
from ari_app.speech.pocketsphinx_recogniser import COMPETITION, check_grammar, confidence

pytestmark = pytest.mark.pure

PAY = """#JSGF V1.0 UTF-8 en;
grammar pay; // how a promise sounds
/* two lines
   of comment */
public <answer> = (<will> [please] <day>) {promise} | /0.2/ no+ | <NULL> "good bye" ;
<will> = I will pay [it];
<day> = today | on (monday | friday) ;
"""


@pytest.mark.parametrize(
    ("sentence", "accepted"),
    [
        ("i will pay it please on friday", True),
        ("I will pay today", True),
        ("no", True),
        ("no no no", True),
        ("good bye", True),
        ("i will pay on", False),
        ("i will pay", False),
        ("on friday", False),
        ("", False),
        ("i will pay today today", False),
    ],
)
def test_what_a_grammar_accepts(sentence: str, accepted: bool) -> None:
    grammar = parse_jsgf(PAY)
    assert grammar.accepts(sentence) is accepted
    assert parse_jsgf(grammar.with_competition(["hello"])).accepts(sentence) is accepted


def test_competing_sentences_are_added_unless_they_are_answers() -> None:
    combined = parse_jsgf(PAY).with_competition(["hello", "no no", "good bye"])
    assert parse_jsgf(combined).accepts("hello")
    assert "no no" not in combined


def test_words() -> None:
    words = "i will pay it please today on monday friday no good bye"
    assert parse_jsgf(PAY).words() == set(words.split())


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "line 1: the grammar does not begin with '#JSGF"),
        ("#JSGF V1.0;", "ends too early"),
        ("#JSGF V1.0;\ngrammar g;\n<a> = yes;", "no public rule"),
        ("#JSGF V1.0;\ngrammar g;\npublic <a> = yes", "line 3: the grammar ends too early"),
        ("#JSGF V1.0;\ngrammar g;\npublic <a> = (yes;", "line 3: '\\)' expected, found ';'"),
        ("#JSGF V1.0;\ngrammar g;\n\npublic <a> = yes | ;", "line 4: an empty alternative"),
        ("#JSGF V1.0;\ngrammar g;\npublic <a> = <b>;", "line 3: rule <a> uses <b>, which is not there"),
        ("#JSGF V1.0;\ngrammar g;\npublic <a> = x <b>;\n<b> = y <a>;", "line 3: rule <a> contains itself"),
        ("#JSGF V1.0;\ngrammar g;\npublic <a> = x;\n<a> = y;", "line 4: rule <a> stands twice"),
        ("#JSGF V1.0;\ngrammar g;\nimport <x.y>;\n", "line 3: a rule like"),
        ("#JSGF V1.0;\ngrammar g;\npublic <a> = \\x;", "line 3: '\\\\\\\\' does not fit here"),
        ("#JSGF V1.0;\ngrammar g;\npublic <a> = " + "(" * 100 + "x" + ")" * 100 + ";", "nest deeper"),
        ("#JSGF V1.0;\ngrammar g;\npublic <a> = " + "x " * 40_000 + ";", "allowed: 65536"),
    ],
)
def test_a_fault_is_told_with_its_line(text: str, message: str) -> None:
    with pytest.raises(JsgfError, match=message):
        parse_jsgf(text)
    assert check_grammar(text)


def test_words_that_cannot_be_pronounced_are_told() -> None:
    text = "#JSGF V1.0;\ngrammar g;\npublic <a> = yes | zhangsan | alipay;"
    assert check_grammar(text) == [
        "the word 'alipay' is not in the recogniser's dictionary",
        "the word 'zhangsan' is not in the recogniser's dictionary",
    ]


@pytest.mark.parametrize("context", DEFAULT_GROUPS)
def test_the_grammars_of_the_product_can_be_used(context: str) -> None:
    assert check_grammar(grammar_for(context, "en").jsgf) == []


def test_the_competing_sentences_can_be_pronounced() -> None:
    rivals = " | ".join((*COMPETITION, *HEARD_EN))
    assert check_grammar(f"#JSGF V1.0;\ngrammar g;\npublic <a> = {rivals};") == []


def test_what_competes_as_a_back_channel_is_one() -> None:
    assert all(back_channel(sentence, "en") for sentence in HEARD_EN)
    assert not set(HEARD_EN) & set(COMPETITION)


@given(st.text(alphabet='#JSGF V1.0;gramr public<a>=x|()[]*+/{}"\\\n', max_size=200))
def test_any_text_is_read_or_refused(text: str) -> None:
    check_grammar("#JSGF V1.0;\ngrammar g;\n" + text)


TREES = st.recursive(
    st.sampled_from(["a", "b", "c"]),
    lambda inner: st.one_of(
        st.tuples(inner, inner).map(lambda pair: f"{pair[0]} {pair[1]}"),
        st.tuples(inner, inner).map(lambda pair: f"({pair[0]} | {pair[1]})"),
        inner.map(lambda one: f"[{one}]"),
        inner.map(lambda one: f"({one})*"),
        inner.map(lambda one: f"({one})+"),
    ),
    max_leaves=8,
)


@settings(deadline=None)
@given(TREES, st.lists(st.sampled_from(["a", "b", "c"]), max_size=6).map(" ".join))
def test_writing_back_changes_nothing(tree: str, sentence: str) -> None:
    grammar = parse_jsgf(f"#JSGF V1.0;\ngrammar g;\npublic <s> = {tree} <t>;\n<t> = [{tree}];")
    again = parse_jsgf(grammar.with_competition([]))
    assert again.accepts(sentence) is grammar.accepts(sentence)


@given(st.floats(-30, 0), st.floats(-30, 0), st.floats(0, 10))
def test_confidence_is_a_probability_that_grows_with_the_scores(
    word: float, worst: float, more: float
) -> None:
    assert 0.0 <= confidence(word - more, worst) <= confidence(word, worst) <= 1.0
    assert confidence(word, worst - more) <= confidence(word, worst)
