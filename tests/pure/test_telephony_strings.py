"""What may stand in a channel id, a dial string and a caller ID."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ari_app.asterisk.dial_string import (
    checked_call_id,
    checked_caller_id,
    checked_endpoint,
    safe_caller_name,
)

pytestmark = pytest.mark.pure

ANY = st.text(max_size=120)


@given(ANY)
def test_an_endpoint_names_one_technology_one_number_and_at_most_one_trunk(text: str) -> None:
    try:
        endpoint = checked_endpoint(text)
    except ValueError:
        return
    assert endpoint == text
    assert re.fullmatch(r"[A-Za-z0-9]+/[+0-9A-Za-z_.-]+(@[A-Za-z0-9_.-]*|[A-Za-z0-9_.-]*)", text, re.ASCII)
    assert not set(text) & set("&|,;()<>\"' \\\r\n\t${}")


@pytest.mark.parametrize(
    "text", ["PJSIP/13800000000@trunk", "PJSIP/+8613800000000@trunk-2", "PJSIP/agent_1", "PJSIP/1@a.b"]
)
def test_ordinary_endpoints_are_taken(text: str) -> None:
    assert checked_endpoint(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "PJSIP/1@trunk&Local/9@x",
        "Local/9@x/n",
        "PJSIP/../x",
        "PJSIP/1@trunk\n",
        "PJSIP/１３８@trunk",
        "PJSIP/sip:1@x",
        "PJSIP/1,30,g",
        "PJSIP/",
        "/1",
        "PJSIP/1@a@b",
    ],
)
def test_hostile_endpoints_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not an endpoint"):
        checked_endpoint(text)


@given(ANY)
def test_a_caller_id_is_a_number_or_nothing(text: str) -> None:
    try:
        number = checked_caller_id(text)
    except ValueError:
        return
    assert number == text
    assert re.fullmatch(r"\+?[0-9*#]{0,32}", text, re.ASCII)


@given(st.text(max_size=300))
def test_a_caller_name_cannot_leave_its_place_in_a_header(text: str) -> None:
    name = safe_caller_name(text)
    assert not set(name) & set("\"'<>;\\,&\r\n\0")
    assert name.isprintable()
    assert len(name) <= 64
    assert name == name.strip()
    assert safe_caller_name(name) == name


@pytest.mark.parametrize(
    ("given_name", "wanted"),
    [
        ("ACME Bank", "ACME Bank"),
        ("某某银行", "某某银行"),
        ('Eve" <sip:1@x>;tag=1', "Eve sip:1@x tag=1"),
        ("a\r\nRoute: <sip:evil>", "a Route: sip:evil"),
        ("\u202eoverride\u200b", "override"),
        ("", ""),
        ("x" * 500, "x" * 64),
    ],
)
def test_caller_names(given_name: str, wanted: str) -> None:
    assert safe_caller_name(given_name) == wanted


@given(ANY)
def test_a_call_id_can_stand_in_a_path(text: str) -> None:
    try:
        call_id = checked_call_id(text)
    except ValueError:
        return
    assert re.fullmatch(r"[A-Za-z0-9_.-]{1,64}", call_id, re.ASCII)
    assert not call_id.startswith(".")
    assert not call_id.endswith((".", "-media", "-bridge"))
