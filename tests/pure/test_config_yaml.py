"""YAML as people write it: read as YAML 1.2, with the line of every fault."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ari_app.errors import InputError
from ari_app.yaml_lines import dotted, load_yaml, read_yaml

pytestmark = pytest.mark.pure


def test_values_are_what_they_look_like() -> None:
    text = "a: 20:30\nb: no\nc: 2026-03-01\nd: ~\ne: true\nf: 1.5\ng: 42\nh: '0123'\ni: [1, x]\n"
    assert load_yaml(text, "f").value == {
        "a": "20:30",
        "b": "no",
        "c": "2026-03-01",
        "d": None,
        "e": True,
        "f": 1.5,
        "g": 42,
        "h": "0123",
        "i": [1, "x"],
    }


def test_every_value_knows_its_line() -> None:
    document = load_yaml("a:\n  - x: 1\n  - y:\n      z: 2\n", "f.yaml")
    assert document.where(("a",)) == "f.yaml:1"
    assert document.where(("a", 1, "y", "z")) == "f.yaml:4"
    assert document.where(("a", 1, "y", "absent", "deeper")) == "f.yaml:3"
    assert document.where() == "f.yaml:1"
    assert dotted(("a", 1, "y")) == "a[1].y"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: 1\nb: c: d\n", "f:2: not YAML"),
        ("a: 1\n\tb: 2\n", "f:2: not YAML"),
        ("a: 1\na: 2\n", "f:2: a: written twice, first in line 1"),
        ("---\na: 1\n---\nb: 2\n", "f:3: not YAML: expected a single document"),
        ("x:\n  p: 010\n", "f:2: x.p: 010 would lose its leading zero (allowed: text in quotes"),
        ("a: !!python/object:os.system x\n", "f:1: a: the tag"),
        ("a: !mine [1]\n", "f:1: a: the tag"),
        ("a: &b {c: 1}\nd: {<<: *b}\n", "f:2: d.<<: merge keys"),
        ("? [a]\n: 1\n", "f:1: a key is one word"),
        ("a: &a [*a]\n", "nested too deeply"),
        ("[" * 1000, "nested too deeply"),
        ("a: \x00\n", "f:1: not YAML"),
        ("a: *b\n", "f:1: not YAML"),
        ("a: " + "9" * 5000, "more than 40 digits"),
    ],
)
def test_faults_have_their_line(text: str, expected: str) -> None:
    with pytest.raises(InputError) as caught:
        load_yaml(text, "f")
    assert expected in str(caught.value)


def test_aliases_upon_aliases_are_bounded() -> None:
    lines = ["a0: &a0 [x]"] + [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    with pytest.raises(InputError, match="too many values"):
        load_yaml("\n".join(lines), "f")


def test_files(tmp_path: Path) -> None:
    path = tmp_path / "f.yaml"
    with pytest.raises(InputError, match="cannot be read"):
        read_yaml(path)
    with pytest.raises(InputError, match="cannot be read"):
        read_yaml(tmp_path)
    path.write_bytes(b"a: 1\nb: \xff\n")
    with pytest.raises(InputError, match=r"f\.yaml:2: not UTF-8"):
        read_yaml(path)
    path.write_bytes(b" " * 1_000_001)
    with pytest.raises(InputError, match="too long"):
        read_yaml(path)
    path.write_text("", encoding="utf-8")
    assert read_yaml(path).value is None
    path.write_text("a: 1\n", encoding="utf-8-sig")
    assert read_yaml(path).value == {"a": 1}


@given(st.text(alphabet="ab:-[]{}&*!|>'\"#%@`,? \n\t019.~\u3000", max_size=60))
def test_no_text_crashes(text: str) -> None:
    try:
        load_yaml(text, "f")
    except InputError:
        return
