"""Parts of a text message."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ari_app.domain.messages.sms import PART_GSM, PART_UCS2, SmsSize, sms_size

pytestmark = pytest.mark.pure


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("", SmsSize("gsm-7", 0, 1)),
        ("a" * 160, SmsSize("gsm-7", 160, 1)),
        ("a" * 161, SmsSize("gsm-7", 161, 2)),
        ("a" * 306, SmsSize("gsm-7", 306, 2)),
        ("a" * 307, SmsSize("gsm-7", 307, 3)),
        ("€" * 80, SmsSize("gsm-7", 160, 1)),
        ("€" * 81, SmsSize("gsm-7", 162, 2)),
        ("款" * 70, SmsSize("ucs-2", 70, 1)),
        ("款" * 71, SmsSize("ucs-2", 71, 2)),
        ("款" * 134, SmsSize("ucs-2", 134, 2)),
        ("款" * 135, SmsSize("ucs-2", 135, 3)),
        ("😀" * 35, SmsSize("ucs-2", 70, 1)),
        # Two units that do not fit behind 66 others begin the next part.
        ("款" * 66 + "😀" + "款" * 66, SmsSize("ucs-2", 134, 3)),
        ("a" * 152 + "€" + "a" * 152, SmsSize("gsm-7", 306, 3)),
    ],
)
def test_known_sizes(text: str, size: SmsSize) -> None:
    assert sms_size(text) == size


@given(st.text(max_size=500))
def test_the_parts_hold_the_text_and_none_is_left_out(text: str) -> None:
    size = sms_size(text)
    part = PART_GSM if size.encoding == "gsm-7" else PART_UCS2
    assert size.parts >= 1
    assert size.parts == 1 or size.units <= size.parts * part
    # A character of two units leaves at most one unit of a part empty.
    assert size.parts == 1 or size.units > (size.parts - 1) * (part - 1) - part


@given(st.text(max_size=300), st.text(max_size=50))
def test_more_text_never_has_fewer_parts_in_the_same_alphabet(text: str, more: str) -> None:
    one, both = sms_size(text), sms_size(text + more)
    if one.encoding == both.encoding:
        assert both.parts >= one.parts
