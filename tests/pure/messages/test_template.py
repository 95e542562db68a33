"""Templates: checked before anybody gets one, filled without being read twice, one variant for each customer."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ari_app.domain.messages.message import CHANNELS
from ari_app.domain.messages.template import SAMPLES, Rendered, Unfit, render, variant_for
from ari_app.domain.segment import OFFERS
from ari_app.errors import InputError
from ari_app.services.messages.template_file import parse_template, read_template
from tests.support.docs import ROOT

pytestmark = pytest.mark.pure

FOLDER = ROOT / "dialplan" / "messages"
SHIPPED = {path.stem: read_template(path) for path in sorted(FOLDER.glob("*.yaml"))}

PLAIN = """\
template: note
discloses: true
optional: [hotline]
text:
  zh: ["{company}：应缴 {amount}", "电话 {hotline}", "{opt_out}"]
  en: ["{company}: you owe {amount}", "Call {hotline}", "{opt_out}"]
"""


def faults(text: str) -> list[str]:
    with pytest.raises(InputError) as caught:
        parse_template(text, "note.yaml")
    return [str(problem) for problem in caught.value.problems]


def named_in(folder: str, key: str) -> set[str]:
    found: set[str] = set()
    for path in (ROOT / "dialplan" / folder).rglob("*.yaml"):
        found |= set(re.findall(rf"\b{key}: ([a-z_]+)", path.read_text(encoding="utf-8")))
    return found


def test_every_template_that_strategies_and_flows_name_is_there() -> None:
    wanted = named_in("strategies", "template") | named_in("flows", "message")
    assert "overdue_notice" in wanted
    assert "payment_link" in wanted
    assert sorted(wanted - SHIPPED.keys()) == []


def test_offers_that_are_messages_are_there() -> None:
    assert {"payment_link", "small_payment", "credit_repair_guide", "tariff_details"} <= set(
        OFFERS
    ) & SHIPPED.keys()


@pytest.mark.parametrize("name", SHIPPED)
@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_shipped_template_fits_every_channel_in_both_languages(name: str, language: str) -> None:
    template = SHIPPED[name]
    for channel in template.channels or CHANNELS:
        made = render(template, channel, language, SAMPLES[language], "c1", opt_out_wanted=True)
        assert isinstance(made, Rendered), made
        assert made.language == language
        assert "{" not in made.text
        assert SAMPLES[language]["opt_out"] in made.text


def test_a_line_of_which_nothing_is_known_is_left_out_and_a_required_one_stops_the_message() -> None:
    template = parse_template(PLAIN, "note.yaml")
    values = {"company": "Acme", "amount": "CNY 1.00", "opt_out": "Reply STOP"}
    made = render(template, "email", "en", values, "c1")
    assert isinstance(made, Rendered)
    assert made.text == "Acme: you owe CNY 1.00"
    assert render(template, "email", "en", {"company": "Acme"}, "c1") == Unfit("nothing is known of amount")


def test_a_way_out_is_added_where_the_pack_wants_one_and_the_wording_has_none() -> None:
    template = parse_template(PLAIN.replace(', "{opt_out}"', ""), "note.yaml")
    values = {"company": "Acme", "amount": "CNY 1.00", "opt_out": "Reply STOP"}
    made = render(template, "sms", "en", values, "c1", opt_out_wanted=True)
    assert isinstance(made, Rendered)
    assert made.text == "Acme: you owe CNY 1.00 Reply STOP"


@given(st.text(max_size=200), st.sampled_from(CHANNELS))
def test_a_name_is_never_read_as_a_template_and_brings_no_lines(name: str, channel: str) -> None:
    template = parse_template(PLAIN.replace("{company}", "{name}"), "note.yaml")
    made = render(template, channel, "en", {"name": f"x{name}", "amount": "{company}"}, "c1")
    if isinstance(made, Rendered):
        assert "\n" not in made.text
        assert "you owe {company}" in made.text
        assert made.text.isprintable()


@given(st.text(max_size=20))
def test_the_variant_of_a_customer_is_always_the_same(customer: str) -> None:
    template = SHIPPED["overdue_notice"]
    assert variant_for(template, customer) is variant_for(template, customer)


def test_variants_are_drawn_by_their_weights() -> None:
    template = SHIPPED["overdue_notice"]
    drawn = Counter(variant_for(template, f"cust-{number}").name for number in range(2000))
    assert drawn.keys() == {"A", "B"}
    assert 800 < drawn["A"] < 1200


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (("{amount}", "{amuont}"), "note.yaml:5: text.zh: unknown variable {amuont}"),
        (
            ("template: note", "template: other"),
            "note.yaml:1: template: 'other' stands in the file note.yaml",
        ),
        (("discloses: true", "discloses: false"), "discloses: false, but amount tells of a debt"),
        (("discloses: true\n", ""), "the key 'discloses' is missing"),
        (("电话 {hotline}", "电话 {hotline"), "a brace stands alone"),
        (("optional: [hotline]", "optional: [form_link]"), "form_link stands in no text"),
        (("optional: [hotline]", "colour: red"), "unknown key 'colour'"),
        (("you owe", "you owe " + "x" * 400), "signs; at most 300 over app"),
        (('"{company}: you owe {amount}"', "{a: b}"), "a line is one text"),
        (("  en:", "  fr:"), "unknown key 'fr'"),
    ],
)
def test_faults_are_told_with_their_line(change: tuple[str, str], fault: str) -> None:
    text = PLAIN.replace(*change)
    assert any(fault in told for told in faults(text)), faults(text)


def test_a_value_that_is_too_long_does_not_go_out_as_a_long_message() -> None:
    template = parse_template(PLAIN, "note.yaml")
    made = render(template, "sms", "en", {"company": "x" * 500, "amount": "y" * 500}, "c1")
    assert isinstance(made, Unfit)
    assert "parts" in made.why


def test_the_folder_is_read_again_and_a_fault_leaves_the_last_good_version(tmp_path: Path) -> None:
    from ari_app.services.messages.templates import TemplateDirectory

    file = tmp_path / "note.yaml"
    file.write_text(PLAIN, encoding="utf-8")
    found = TemplateDirectory(tmp_path)
    first = found.find("note")
    assert first is not None
    file.write_text(PLAIN.replace("{amount}", "{amuont}"), encoding="utf-8")
    assert found.refresh()
    assert found.find("note") is first
    assert any("amuont" in str(problem) for problem in found.problems)
    file.write_text(PLAIN.replace("you owe", "you still owe"), encoding="utf-8")
    assert found.refresh()
    assert not found.problems
    assert found.find("note") != first
    file.unlink()
    assert found.refresh()
    assert found.find("note") is None
