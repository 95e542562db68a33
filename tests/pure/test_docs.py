"""What the documents say is what the product has."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest
from pydantic import BaseModel, Field
from ruamel.yaml import YAML
from typer.main import get_command

from tests.support.docs import (
    ROOT,
    broken_links,
    commands,
    markdown_files,
    setting_names,
    table_keys,
    texts,
)

pytestmark = pytest.mark.pure

#: The words that the code and the documents use, each defined once.
TERMS = (
    "account",
    "customer",
    "campaign",
    "attempt",
    "disposition",
    "right-party contact",
    "promise-to-pay",
    "aging bucket",
    "dunning stage",
    "calling window",
    "frequency cap",
    "caller-ID pool",
    "pacing",
    "abandon rate",
    "answering-machine detection",
    "barge-in",
    "endpointing",
    "early media",
    "wrap-up",
)

# A letter in brackets keeps this file free of what it looks for.
FORBIDDEN = {
    "a path of one machine": re.compile(r"/(?:wor[k]|far[m])/|(?<![\w}])/hom[e]/[a-z]+/"),
    "the number of an issue": re.compile(r"\bissu[e]\s+#?\d|\bissu[e] #", re.IGNORECASE),
    "a registry's host": re.compile(r"\b(?:pyp[i]|pythonhoste[d]|npmj[s]|crate[s]|ghc[r])\.(?:org|com|io)\b"),
    "an open end": re.compile(r"\b(?:TOD[O]|FIXM[E]|XX[X])\b"),
}


@cache
def documents() -> str:
    return "\n".join(page.read_text(encoding="utf-8") for page in markdown_files())


def missing_from(text: str, names: list[str]) -> list[str]:
    """Names that do not stand in the text as words of their own."""
    return [name for name in names if not re.search(rf"(?<![\w.-]){re.escape(name)}(?![\w-])", text)]


def test_every_command_is_documented() -> None:
    from ari_app.cli import app

    names = [name for name, _ in commands(get_command(app), ("ari-app",))]
    assert len(names) > 5
    assert missing_from(documents(), names) == []


def test_every_option_is_documented() -> None:
    from ari_app.cli import app

    options = {option for _, found in commands(get_command(app), ("ari-app",)) for option in found}
    assert missing_from(documents(), sorted(options)) == []


def test_every_disposition_is_documented() -> None:
    table = YAML(typ="safe", pure=True).load(
        (ROOT / "dialplan" / "dispositions.yaml").read_text(encoding="utf-8")
    )
    page = (ROOT / "docs" / "dispositions.md").read_text(encoding="utf-8")
    names = list(table["kinds"])
    assert names
    assert [name for name in names if f"`{name}`" not in page] == []


def test_every_webhook_event_is_documented() -> None:
    from ari_app.domain.event_names import EVENTS

    page = (ROOT / "docs" / "campaigns.md").read_text(encoding="utf-8")
    section = page.partition("## Webhook events")[2].partition("\n## ")[0]
    assert "call.completed" in EVENTS
    assert [name for name in EVENTS if f"`{name}`" not in section] == []


def test_both_languages_tell_of_every_command_and_option() -> None:
    from ari_app.cli import app

    page = (ROOT / "docs" / "operator.zh-CN.md").read_text(encoding="utf-8")
    found = list(commands(get_command(app), ("ari-app",)))
    options = sorted({option for _, several in found for option in several})
    assert missing_from(page, [name for name, _ in found] + options) == []


def test_both_languages_tell_of_every_field_of_a_list() -> None:
    from ari_app.services.account_row import FIELDS

    for page in ("campaigns.md", "operator.zh-CN.md"):
        text = (ROOT / "docs" / page).read_text(encoding="utf-8")
        assert [name for name in FIELDS if f"`{name}`" not in text] == [], page


def test_every_setting_is_documented() -> None:
    from ari_app.config import Settings

    page = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    names = list(setting_names(Settings))
    assert "ari.url" in names
    assert [name for name in names if f"`{name}`" not in page] == []


def test_every_term_of_the_trade_is_defined_once() -> None:
    page = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
    defined = re.findall(r"^\| ([^|]+?) \| [^|]*[\u4e00-\u9fff][^|]* \| [^|]{20,} \|$", page, re.MULTILINE)
    assert [term for term in TERMS if defined.count(term) != 1] == []
    assert len(defined) == len(set(defined))


def test_every_decision_is_in_the_list_and_says_its_status() -> None:
    records = sorted(path for path in (ROOT / "docs" / "adr").glob("[0-9]*.md"))
    listed = (ROOT / "docs" / "adr" / "README.md").read_text(encoding="utf-8")
    assert [path.name for path in records if f"]({path.name})" not in listed] == []
    assert [int(path.name[:4]) for path in records] == list(range(1, len(records) + 1))
    for path in records:
        text = path.read_text(encoding="utf-8")
        assert re.search(
            r"^Status: (?:accepted|superseded by \[\d{4}\]\(.*\)), \d{4}-\d\d-\d\d$", text, re.M
        ), path
        assert re.findall(r"^## (.*)$", text, re.M) == ["Context", "Decision", "Consequences"], path


def test_every_dependency_has_its_reason() -> None:
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    reasons = (ROOT / "docs" / "adr" / "0012-dependencies.md").read_text(encoding="utf-8")
    names = re.findall(r'^    "([a-z][a-z0-9._-]*)[<>=~!]', project, re.MULTILINE)
    assert "websockets" in names
    assert [name for name in names if f"`{name}`" not in reasons] == []


def test_links_lead_somewhere() -> None:
    faults = [
        fault for page in markdown_files() for fault in broken_links(page, page.read_text(encoding="utf-8"))
    ]
    assert faults == []


def test_a_broken_link_is_found(tmp_path: Path) -> None:
    other, page = tmp_path / "other.md", tmp_path / "page.md"
    other.write_text("# One thing\n", encoding="utf-8")
    text = (
        "# Head: `x` & y\n[a](other.md) [b](none.md) [c](other.md#one-thing) [d](other.md#two) [e](#head-x--y)"
        " [f](https://example.org/none)\n```\n[g](none.md)\n```\n"
    )
    page.write_text(text, encoding="utf-8")
    assert broken_links(page, text) == [
        "page.md: none.md: no such file",
        "page.md: other.md#two: no such heading",
    ]


def test_the_project_speaks_of_itself_alone() -> None:
    faults = []
    for path in texts():
        for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1):
            faults += [
                f"{path.relative_to(ROOT)}:{number}: {what}"
                for what, shape in FORBIDDEN.items()
                if shape.search(line)
            ]
    assert faults == []


@pytest.mark.parametrize(
    ("backwards", "what"),
    [
        ("niam/krow/ ees", "a path of one machine"),
        ("21 eussi sesolc", "the number of an issue"),
        ("elpmis/gro.ipyp//:sptth", "a registry's host"),
        ("retal ODOT #", "an open end"),
    ],
)
def test_a_forbidden_word_is_found(backwards: str, what: str) -> None:
    line = backwards[::-1]
    assert [name for name, shape in FORBIDDEN.items() if shape.search(line)] == [what]


def test_settings_of_sections_have_dotted_names() -> None:
    class Inner(BaseModel):
        url: str

    class Outer(BaseModel):
        ari: Inner
        trunk: Inner | None = None
        as_json: bool = Field(False, alias="json")

    assert list(setting_names(Outer)) == ["ari.url", "trunk.url", "json"]


def test_the_reference_of_flows_has_the_same_tables_in_both_languages() -> None:
    english, chinese = (
        (ROOT / "docs" / name).read_text(encoding="utf-8") for name in ("flows.md", "flows.zh-CN.md")
    )
    assert table_keys(english) == table_keys(chinese)
    assert ["`keep: true`"] in table_keys(english)


def test_the_chinese_reference_of_flows_has_every_word_of_the_english_one() -> None:
    english, chinese = (
        (ROOT / "docs" / name).read_text(encoding="utf-8") for name in ("flows.md", "flows.zh-CN.md")
    )
    words = set(re.findall(r"`([a-z_.{}]{3,})`", english))
    assert sorted(word for word in words if f"`{word}`" not in chinese) == []


def test_chinese_pages_have_a_paragraph_on_one_line() -> None:
    faults = []
    for page in markdown_files():
        if page.name.endswith(".zh-CN.md"):
            text = re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.M | re.S)
            broken = re.findall(r"[\u4e00-\u9fff，。；：、]\n *[\u4e00-\u9fff`*（“]", text)
            faults += [f"{page.name}: {found!r}" for found in broken]
    assert faults == []
