"""No customer can be recognised in a log."""

from __future__ import annotations

import io
import json
import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from ari_app import logs
from ari_app.logs import bound_ids, configure_logging, mask, mask_name, mask_number, mask_text, withhold

pytestmark = pytest.mark.pure

PHONES = [
    "13800138000",
    "+8613800138000",
    "0086 138 0013 8000",
    "138-0013-8000",
    "138.0013.8000",
    "010-65432100",
    "(010) 6543 2100",
    "0755-2654321",
    "021 6543 2100",
    "400-810-9999",
    "+1 (202) 555-0143",
    "+44 20 7946 0018",
    "１３８００１３８０００",
    "１３８－００１３－８０００",
    "138\u00a00013\u00a08000",
    "138\u200b0013\u200b8000",
    "138–0013–8000",
    "PJSIP/13800138000@trunk",
    "sip:+8613800138000@192.0.2.7:5060",
    "tel:+86-138-0013-8000",
]

digits = st.text("0123456789", min_size=7, max_size=15)
separators = st.sampled_from(["", "-", " ", ".", "/", " - ", "\u00a0", "－", "\u200b"])


@st.composite
def telephone_numbers(draw: st.DrawFn) -> str:
    """Seven to fifteen digits (E.164) in groups, written as people and machines write them."""
    number = draw(digits)
    prefix = draw(st.sampled_from(["", "+", "00", "(0", "tel:", "sip:+"]))
    between = draw(separators)
    groups, rest = [], number
    while rest:
        size = draw(st.integers(2, 6))
        groups.append(rest[:size])
        rest = rest[size:]
    return prefix + between.join(groups)


def longest_run(text: str) -> int:
    """Digits in a row, nothing but blanks, hyphens, dots and slashes between them."""
    bare = re.sub(r"[\s\-./()\u200b\uff0d\u2013]", "", text)
    return max((len(run) for run in re.findall(r"\d+", bare)), default=0)


@pytest.fixture
def restored_logging() -> Iterator[None]:
    """Put the process's logging back as it was."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    levels = {name: logging.getLogger(name).level for name in logs._TALKATIVE}
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    for name, old in levels.items():
        logging.getLogger(name).setLevel(old)
    structlog.reset_defaults()


@pytest.mark.parametrize("phone", PHONES)
def test_every_way_of_writing_a_number_is_masked(phone: str) -> None:
    masked = mask_text(f"dialling {phone} now")
    assert longest_run(masked.replace("192.0.2.7:5060", "")) < 7
    assert masked.startswith("dialling ")
    assert masked.endswith(" now")


@given(telephone_numbers(), st.text(), st.text())
def test_no_number_survives_in_any_text(phone: str, before: str, after: str) -> None:
    # Neighbours that are digits themselves would make another number, or an instant, of it.
    before = re.sub(r"\d", "", before) + " <"
    after = "> " + re.sub(r"\d", "", after)
    assert longest_run(mask_text(before + phone + after)) < 7


@given(telephone_numbers(), st.sampled_from(["event", "error", "endpoint", "attempt_id", "customer_id"]))
def test_no_number_survives_in_a_record(phone: str, key: str) -> None:
    record = mask(None, "info", {key: phone, "deep": {"list": [{phone: phone}, (phone,)]}, phone: 1})
    assert longest_run(json.dumps(record, ensure_ascii=False)) < 7


@given(st.integers(min_value=1_000_000, max_value=10**15 - 1))
def test_numbers_that_arrive_as_numbers_are_masked(number: int) -> None:
    record = mask(None, "info", {"phone": number, "cell": float(number), "other": -number})
    assert longest_run(json.dumps(record)) < 7


@pytest.mark.parametrize(
    "harmless",
    [
        "2026-11-23T10:00:00+08:00",
        "2026-11-23 10:00",
        "2026-11-23T02:00:00.123456Z",
        "7d444840-9dc0-11d1-b245-5ffdce74fad2",
        "att-09f3c6d81b2e4a7705d3",
        "192.168.100.200",
        "cause 16, status 200, 640 bytes",
        "version 22.10.1",
    ],
)
def test_identifiers_instants_and_addresses_stay(harmless: str) -> None:
    assert mask_text(f"seen {harmless}!") == f"seen {harmless}!"


def test_a_number_beside_an_instant_is_still_masked() -> None:
    assert mask_text("2026-11-23 13800138000") == "2026-11-23 ***00"
    assert mask_text("att-13800138000138001380") == "att-***80"


def test_only_two_digits_of_a_number_are_left() -> None:
    """The last four are what a caller is verified by."""
    assert mask_number("+8613800138024") == "***24"
    assert mask_number("1234") == "***"


def test_names_beside_an_honorific_are_masked() -> None:
    assert mask_text("您好，张三先生") == "您好，*先生"
    assert mask_text("for Mrs. Ann Smith") == "for Mrs. ***"
    assert mask_text('From: "Zhang San" <sip:x@y>') == 'From: "***" <sip:x@y>'
    assert mask_name(" 张三 ") == "张*"
    assert mask_name("") == ""


@given(
    st.sampled_from(sorted(logs.DENIED_KEYS | logs.DENIED_PARTS)),
    st.sampled_from(["{}", "{}".upper()]),
    st.text(min_size=1),
)
def test_denied_keys_lose_their_value(key: str, form: str, value: str) -> None:
    written = form.format(key)
    record = withhold(None, "info", {written: value, "event": "e"})
    assert record == {"event": "e", "withheld": [written]}


def test_denied_words_deny_compound_and_nested_keys() -> None:
    record = withhold(None, "info", {"ami_secret": "x", "Access-Token": "y", "event": "e"})
    assert record == {"event": "e", "withheld": ["Access-Token", "ami_secret"]}
    assert mask(None, "info", {"row": {"name": "张三", "age": 3}}) == {"row": {"age": 3}}


def test_keys_that_only_look_denied_stay() -> None:
    record: dict[str, Any] = {"context": "c", "campaign_id": "k", "cause_txt": "t", "event": "e"}
    assert withhold(None, "info", dict(record)) == record


def test_values_of_every_kind_can_be_rendered() -> None:
    class Colour(Enum):
        RED = "13800138000"

    @dataclass
    class Person:
        phone: str

    record = mask(
        None,
        "info",
        {
            "none": None,
            "flag": True,
            "small": 42,
            "ratio": 0.123456789,
            "sent_bytes": 123456789,
            "frame": b"\x00" * 640,
            "at": datetime(2026, 11, 23, tzinfo=UTC),
            "id": UUID(int=5),
            "colour": Colour.RED,
            "person": Person("13800138000"),
            "error": ValueError("13800138000 is wrong"),
            "path": Path("13800138000.wav"),
        },
    )
    assert record["flag"] is True
    assert (record["none"], record["small"], record["ratio"]) == (None, 42, 0.123456789)
    assert record["sent_bytes"] == 123456789
    assert record["frame"] == "(640 bytes)"
    assert record["at"] == "2026-11-23T00:00:00+00:00"
    assert record["id"] == "00000000-0000-0000-0000-000000000005"
    assert record["colour"] == "***00"
    assert record["error"] == "***00 is wrong"
    assert record["path"] == "***00.wav"
    assert "138001" not in str(record)


def test_a_value_that_contains_itself_ends() -> None:
    endless: dict[str, Any] = {}
    endless["again"] = endless
    assert "(too deep)" in str(mask(None, "info", {"event": endless}))


@given(st.text())
def test_a_value_stays_on_its_line(text: str) -> None:
    rendered = str(mask(None, "info", {"event": text})["event"])
    assert len(rendered.splitlines()) <= 1
    assert "\x1b" not in rendered


@pytest.mark.usefixtures("restored_logging")
def test_our_records_and_those_of_others_are_masked_json() -> None:
    out = io.StringIO()
    configure_logging("debug", True, out)
    with bound_ids(attempt_id="att-09f3c6d81b2e4a7705d3"):
        structlog.get_logger("ari_app.x").info("dialled", endpoint="PJSIP/13800138000@t", name="张三")
    logging.getLogger("thirdparty").warning("peer %s said %s", "13800138000", "hello")
    ours, theirs = [json.loads(line) for line in out.getvalue().splitlines()]
    assert ours["event"] == "dialled"
    assert ours["attempt_id"] == "att-09f3c6d81b2e4a7705d3"
    assert ours["endpoint"] == "PJSIP/***00@t"
    assert ours["withheld"] == ["name"]
    assert (ours["level"], ours["logger"]) == ("info", "ari_app.x")
    assert datetime.fromisoformat(ours["timestamp"]).tzinfo is not None
    assert theirs["event"] == "peer ***00 said hello"
    assert "attempt_id" not in theirs


@pytest.mark.usefixtures("restored_logging")
@pytest.mark.parametrize("as_json", [True, False])
def test_a_traceback_is_masked(as_json: bool) -> None:
    out = io.StringIO()
    configure_logging("INFO", as_json, out)
    try:
        raise ValueError("no route to 13800138000")
    except ValueError:
        structlog.get_logger("ari_app.x").exception("dial failed", name="张三")
    assert "Traceback" in out.getvalue()
    assert "13800138000" not in out.getvalue()
    assert "张三" not in out.getvalue()


@pytest.mark.usefixtures("restored_logging")
def test_configuring_again_replaces_and_does_not_double() -> None:
    first, second = io.StringIO(), io.StringIO()
    configure_logging("INFO", True, first)
    configure_logging("INFO", True, first)
    configure_logging("WARNING", False, second)
    structlog.get_logger("ari_app.x").info("quiet")
    structlog.get_logger("ari_app.x").warning("loud")
    assert first.getvalue() == ""
    assert second.getvalue().count("loud") == 1
    assert "quiet" not in second.getvalue()


@pytest.mark.usefixtures("restored_logging")
def test_third_parties_that_write_what_they_carry_are_kept_quiet() -> None:
    out = io.StringIO()
    configure_logging("DEBUG", True, out)
    logging.getLogger("websockets.client").debug("< TEXT '{...}' [20 bytes]")
    logging.getLogger("faster_whisper").info("the sentence of a customer")
    assert out.getvalue() == ""


@pytest.mark.usefixtures("restored_logging")
def test_an_unknown_level_is_refused() -> None:
    with pytest.raises(ValueError, match="'loud'; allowed: DEBUG"):
        configure_logging("loud", True, io.StringIO())
