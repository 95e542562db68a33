"""``dialplan/integrations/NAME.yaml``: what may stand in it, and what is answered where something may not."""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ari_app.errors import InputError, Problem
from ari_app.services.integrations.definition import Definition, read_definition
from ari_app.services.integrations.directory import IntegrationDirectory
from tests.support.docs import ROOT

pytestmark = pytest.mark.pure

HTTP = """\
integration: billing
into: accounts
campaign: winter
http:
  url: https://billing.example.invalid/debts
  records: data.items
map:
  customerId: id
  name: person.name
  phone: person.phone
  accountId: account
  billId: {join: [region, no]}
  amountDue: {from: fen, do: [fen]}
  dueDate: {from: due, do: [{date: "%d/%m/%Y"}]}
"""


def read(tmp_path: Path, text: str, name: str = "billing") -> Definition:
    path = tmp_path / f"{name}.yaml"
    path.write_text(text, encoding="utf-8")
    return read_definition(path)


def faults(tmp_path: Path, text: str, name: str = "billing") -> str:
    with pytest.raises(InputError) as caught:
        read(tmp_path, text, name)
    return str(caught.value)


def test_the_shipped_examples_can_be_used_and_are_off() -> None:
    directory = IntegrationDirectory(ROOT / "dialplan" / "integrations")
    assert directory.problems == ()
    assert [each.enabled for each in directory.definitions.values()] == [False, False]


def test_a_text_alone_is_a_path(tmp_path: Path) -> None:
    found = read(tmp_path, HTTP)
    assert found.field_maps["name"].paths == (("person", "name"),)
    assert found.field_maps["billId"].paths == (("region",), ("no",))
    assert found.http is not None
    assert found.http.records == ("data", "items")


def test_the_answer_itself_may_be_the_list(tmp_path: Path) -> None:
    for text in (HTTP.replace("  records: data.items\n", ""), HTTP.replace("data.items", '""')):
        found = read(tmp_path, text)
        assert found.http is not None
        assert found.http.records == ()


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (
            "integration: billing",
            "integration: other",
            "billing.yaml:1: integration: stands in the file billing.yaml",
        ),
        ("  records: data.items", "  record: data.items", "did you mean records"),
        ("  name: person.name", "  nam: person.name", "map.nam: is not a field (allowed: did you mean name?"),
        ("  phone: person.phone\n", "", "map: phone is missing"),
        ("{from: fen, do: [fen]}", "{from: fen, do: [cents]}", "is not a step"),
        ("{from: fen, do: [fen]}", "{from: fen, const: x}", "names not exactly one place"),
        ('{date: "%d/%m/%Y"}', '{date: "%Q"}', "is not a step"),
        ("https://billing.example.invalid", "http://billing.example.invalid", "in the clear"),
        (
            "https://billing.example.invalid",
            "https://me:pw@billing.example.invalid",
            "carries a user or password",
        ),
        ("https://billing.example.invalid/debts", "ftp://x", "is not a URL of the right kind"),
        ("billing.example.invalid/debts", "169.254.169.254/debts", "the address is not reached: the address"),
        ("  records: data.items", "  networks: [home]\n  records: data.items", "networks holds what is none"),
        ("campaign: winter\n", "campaign: winter\nprovider: x\n", "provider is for payments"),
        ("campaign: winter\n", "", "campaign and into do not fit"),
        ("into: accounts", "into: payments", "campaign and into do not fit"),
        ("  records: data.items", "  paging: {kind: cursor, param: c}", "paging by cursor without next"),
        ("  records: data.items", "  timeout_s: 0", "http.timeout_s"),
        ("map:", "required: [score]\nmap:", "required: names 'score', which is not mapped"),
        ("http:", "folder: {inbox: /srv/x}\nhttp:", "comes from not exactly one place"),
        ("name: person.name", "name: [a, [b]]", "map.name"),
    ],
)
def test_a_fault_is_told_with_its_line(tmp_path: Path, old: str, new: str, told: str) -> None:
    assert old in HTTP
    message = faults(tmp_path, HTTP.replace(old, new))
    assert told in message
    assert "billing.yaml:" in message


def test_a_relative_inbox_is_refused(tmp_path: Path) -> None:
    text = "integration: bank\ninto: payments\nfolder: {inbox: srv/bank}\n"
    assert "not an absolute path" in faults(tmp_path, text, "bank")
    assert read(tmp_path, text.replace("srv", "/srv"), "bank").folder is not None


def test_no_secret_stands_in_the_file_or_in_what_is_shown_of_it(tmp_path: Path) -> None:
    text = HTTP.replace("  records:", "  auth: {secret: abc}\n  records:")
    message = faults(tmp_path, text)
    assert "secret_file" in message
    assert "abc" not in message


def test_a_file_is_read_again_when_it_changes_and_a_fault_stops_only_itself(tmp_path: Path) -> None:
    (tmp_path / "billing.yaml").write_text(HTTP, encoding="utf-8")
    bank = "integration: bank\ninto: payments\nfolder: {inbox: /srv/bank}\n"
    (tmp_path / "bank.yaml").write_text(bank, encoding="utf-8")
    directory = IntegrationDirectory(tmp_path)
    assert list(directory.definitions) == ["bank", "billing"]
    assert not directory.refresh()
    (tmp_path / "billing.yaml").write_text("integration: [", encoding="utf-8")
    assert directory.refresh()
    assert (list(directory.definitions), len(directory.problems)) == (["bank"], 1)
    (tmp_path / "billing.yaml").unlink()
    assert directory.refresh()
    assert directory.problems == ()


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=8)
    | st.sampled_from(["fen", "date", "a.b", "x"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["from", "do", "join", "const", "date", "epoch", "values", "default", "kind", "param", "url"]
            )
            | st.text(max_size=5),
            inner,
            max_size=3,
        )
    ),
    max_leaves=8,
)
KEYS = st.sampled_from([*Definition.model_fields, "map", "billing"])


@given(
    st.dictionaries(KEYS, VALUES, max_size=8),
    st.dictionaries(st.sampled_from(["url", "paging", "since"]), VALUES),
)
def test_whatever_stands_there_is_read_or_refused_with_its_place(top: object, http: object) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "billing.yaml"
        assert isinstance(top, dict)
        base = {"integration": "billing", "into": "payments", "http": http, "map": {"billId": "x"}}
        path.write_text(json.dumps({**base, **top}), encoding="utf-8")
        places = [problem.where for problem in problems_in(path)]
        assert all("billing.yaml" in place for place in places)


def problems_in(path: Path) -> list[Problem]:
    try:
        read_definition(path)
    except InputError as error:
        return error.problems
    return []


@pytest.mark.parametrize("header", ["Host", "content-length", "Transfer-Encoding", "CONNECTION"])
def test_a_header_that_is_written_by_itself_is_refused(tmp_path: Path, header: str) -> None:
    text = HTTP.replace("  records: data.items\n", f"  records: data.items\n  headers: {{{header}: x}}\n")
    assert "is a header that is written by itself" in faults(tmp_path, text)
