"""Telephone numbers: normalised or refused with a reason, never guessed."""

from __future__ import annotations

import re

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st
from phonenumbers import timezone

from ari_app.services.model_problems import RefusedError
from ari_app.services.phones import (
    as_dialled,
    parse_caller_id,
    parse_phone,
    time_zones_of,
    time_zones_of_valid,
    zones_beside,
)

pytestmark = pytest.mark.pure


@pytest.mark.parametrize(
    ("written", "country", "expected"),
    [
        ("13800000001", "CN", "+8613800000001"),
        ("+86 138 0013 8000", "CN", "+8613800138000"),
        ("8613800138000", "CN", "+8613800138000"),
        ("１３８００１３８０００", "CN", "+8613800138000"),
        ("（０１０）６５５５　１２３４", "CN", "+861065551234"),
        ("010-65551234", "CN", "+861065551234"),
        ("\u202d13800138000\u202c", "CN", "+8613800138000"),
        ("13800138000\n", "CN", "+8613800138000"),
        ("0012125551234", "CN", "+12125551234"),
        ("(212) 555-1234", "US", "+12125551234"),
    ],
)
def test_what_people_write_becomes_e164(written: str, country: str, expected: str) -> None:
    assert parse_phone(written, country) == expected


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        ("", "empty"),
        ("   ", "empty"),
        ("123&Local/9@x", "letters"),
        ("13800138000&13800138001", "no part of a number"),
        ("../x", "letters"),
        ("../..", "no part of a number"),
        ("138001\n38000", "control"),
        ("13800138000\r\nX-Header: 1", "control"),
        ("1380013\x008000", "control"),
        ("1380013\u202e8000", "control or invisible"),
        ("9" * 10_000, "too long"),
        ("1" * 30, "too long"),
        ("-" * 41, "too long"),
        ("١٣٨٠٠١٣٨٠٠٠", "another script"),
        ("𝟏𝟑𝟖𝟎𝟎𝟏𝟑𝟖𝟎𝟎𝟎", "another script"),
        ("l38OO138000", "letters"),
        ("138００1З8000", "letters"),
        ("110", "emergency or short"),
        ("12345", "emergency or short"),
        ("95588", "emergency or short"),
        ("119", "emergency or short"),
        ("4008001234", "service number"),
        ("1380013800", "its country"),
        ("65551234", "its country"),
        ("99912345678", "numbering plan"),
        ("+999123456789", "not a telephone number"),
        ("1.38e10", "letters"),
        ("=1+1", "no part of a number"),
        ("+", "no digit"),
        ("1+3800138000", "no part of a number"),
    ],
)
def test_what_is_no_number_is_refused_with_its_reason(written: str, reason: str) -> None:
    with pytest.raises(RefusedError) as caught:
        parse_phone(written)
    assert reason in caught.value.wrong
    assert not re.search(r"\d{5}", caught.value.wrong.replace("10000", "")), (
        "a reason never quotes the number"
    )


@given(st.text(max_size=60))
def test_every_text_is_a_number_or_refused(text: str) -> None:
    try:
        phone = parse_phone(text)
    except RefusedError:
        return
    assert re.fullmatch(r"\+[1-9][0-9]{6,14}", phone, re.ASCII)
    assert parse_phone(phone) == phone


@given(st.integers(min_value=0, max_value=99_999_999))
def test_a_mobile_number_survives_every_writing(tail: int) -> None:
    plain = f"138{tail:08d}"
    spaced = f"{plain[:3]} {plain[3:7]}-{plain[7:]}"
    full_width = plain.translate(str.maketrans("0123456789", "０１２３４５６７８９"))
    assert {parse_phone(text) for text in (plain, spaced, full_width, f"+86{plain}", f"86{plain}")} == {
        f"+86{plain}"
    }


def test_a_caller_id_may_be_a_service_number_but_no_placeholder() -> None:
    assert parse_caller_id("4008001234") == "+864008001234"
    assert parse_caller_id("010-65551234") == "+861065551234"
    for placeholder in ("010-6xxxxxxx", "010-5XXXXXXX", "0106*******"):
        with pytest.raises(RefusedError, match="placeholder"):
            parse_caller_id(placeholder)
    with pytest.raises(RefusedError, match="short"):
        parse_caller_id("110")


def test_time_zones_come_from_the_number() -> None:
    assert time_zones_of("+8613800138000") == ("Asia/Shanghai",)
    assert time_zones_of("+12125551234") == ("America/New_York",)
    assert len(time_zones_of("+61412345678")) > 1
    assert time_zones_of("+8699912345678") == ()


def test_carriers_get_the_number_as_they_want_it() -> None:
    assert as_dialled("+8613800138000", "e164") == "8613800138000"
    assert as_dialled("+8613800138000", "e164_plus") == "+8613800138000"
    assert as_dialled("+8613800138000", "national") == "13800138000"
    assert as_dialled("+861065551234", "national") == "01065551234"
    assert as_dialled("+12125551234", "national") == "0012125551234"


@pytest.mark.parametrize(
    ("phone", "home", "zones"),
    [
        ("+8613800000001", "Asia/Shanghai", ()),
        ("+8613800000001", "Asia/Urumqi", ("Asia/Shanghai",)),
        ("+12125550100", "America/Los_Angeles", ("America/New_York",)),
        ("+12125550100", "America/New_York", ()),
        ("+9991234567", "Asia/Shanghai", ()),
        ("no number", "Asia/Shanghai", ()),
        ("", "Asia/Shanghai", ()),
    ],
)
def test_a_number_tells_of_other_zones_only(phone: str, home: str, zones: tuple[str, ...]) -> None:
    assert zones_beside(phone, home) == zones


def test_a_number_that_may_be_anywhere_tells_nothing_where_the_home_is_among_its_zones() -> None:
    toll_free = "+18005550100"
    assert len(zones_beside(toll_free, "Asia/Shanghai")) > 5
    assert zones_beside(toll_free, "America/Denver") == ()


@pytest.mark.parametrize(
    "phone",
    [
        "+8613800138000",
        "+861065551234",
        "+442079460000",
        "+12125550123",
        "+85221234567",
        "+61212345678",
        "+4930123456",
    ],
)
def test_the_zones_of_a_country_with_one_are_those_of_each_of_its_numbers(phone: str) -> None:
    asked = timezone.time_zones_for_number(phonenumbers.parse(phone))
    assert time_zones_of_valid(phone) == tuple(zone for zone in asked if zone != "Etc/Unknown")
    assert time_zones_of_valid(phone) == time_zones_of(phone)
