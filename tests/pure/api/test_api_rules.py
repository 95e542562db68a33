"""Buckets, cursors, tokens and references: pure rules of the API."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from fastapi import Request, Response
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from ari_app.config.api import ApiSettings
from ari_app.domain.api_scope import READING, Scope
from ari_app.domain.token_bucket import Allowance, Bucket, full_again_s, take
from ari_app.errors import InputError
from ari_app.ports.debt import BillKey
from ari_app.services.api.cursors import Cursors, listing_name
from ari_app.services.api.tokens import digest_of, new_token
from ari_app.web.api.common import TRUNCATED, shown_page
from ari_app.web.api.values import Pager, bill_of, reference_of

pytestmark = pytest.mark.pure

NOW = datetime(2026, 11, 23, tzinfo=UTC)
CURSORS = Cursors(b"k" * 32)


@given(st.lists(st.floats(0, 5), max_size=60), st.floats(0.1, 50), st.integers(1, 20))
def test_no_more_pass_than_the_burst_and_what_has_dripped_in(
    waits: list[float], per_s: float, burst: int
) -> None:
    allowance, bucket, now, passed = Allowance(per_s, burst), None, 0.0, 0
    for wait in waits:
        now += wait
        taken = take(bucket, allowance, now)
        bucket = taken.bucket
        passed += taken.allowed
        assert 0 <= bucket.left <= burst
        assert full_again_s(bucket, allowance) >= 0
    assert passed <= burst + per_s * now + 1e-6


@given(st.floats(0.1, 50), st.integers(1, 20), st.floats(0, 1000))
def test_who_waits_as_long_as_he_is_told_passes(per_s: float, burst: int, now: float) -> None:
    allowance = Allowance(per_s, burst)
    refused = take(Bucket(0.25, now), allowance, now)
    assert not refused.allowed
    assert take(refused.bucket, allowance, now + refused.retry_after_s + 1e-6).allowed


@given(st.floats(0, 10), st.floats(0, 10))
def test_a_clock_that_goes_back_gives_nothing(at: float, back: float) -> None:
    taken = take(Bucket(0.5, at), Allowance(1.0, 5), at - back)
    assert (taken.allowed, taken.bucket) == (False, Bucket(0.5, at))


PLACES = st.lists(st.integers(-(2**60), 2**60) | st.text(max_size=30), min_size=1, max_size=3).map(tuple)


@given(PLACES, st.text(max_size=20))
def test_a_cursor_comes_back_as_it_went(place: tuple[int | str, ...], name: str) -> None:
    listing = listing_name(name, {"a": 1})
    assert CURSORS.read(listing, CURSORS.write(listing, place)) == place


@given(PLACES, st.text(max_size=300))
def test_no_other_text_is_a_cursor(place: tuple[int | str, ...], text: str) -> None:
    written = CURSORS.write("list", place)
    for forged in (text, written[:-1], written + "x", Cursors(b"j" * 32).write("list", place)):
        with pytest.raises(InputError, match="cursor"):
            CURSORS.read("list", forged)
    with pytest.raises(InputError, match="cursor"):
        CURSORS.read("other", written)


@given(st.text(max_size=60), st.text(max_size=60), st.text(max_size=60))
def test_a_reference_names_its_bill(customer: str, account: str, bill: str) -> None:
    key = BillKey(customer, account, bill)
    reference = reference_of(key)
    assert bill_of(reference) == key
    assert reference.isascii()
    assert "/" not in reference


@given(st.text(max_size=100))
def test_no_text_breaks_the_reading_of_references(text: str) -> None:
    found = bill_of(text)
    assert found is None or isinstance(found, BillKey)


def test_a_token_shows_its_public_part_and_hides_the_rest() -> None:
    made = new_token("crm", READING, NOW, timedelta(days=1))
    other = new_token("crm", READING, NOW, timedelta(days=1))
    assert made.text.split("_")[1] == made.token.token_id
    assert made.text != other.text
    assert made.token.digest == digest_of(made.text)
    assert made.text.rpartition("_")[2] not in repr(made.token)
    assert made.token.usable(NOW)
    assert not made.token.usable(NOW + timedelta(days=1))
    assert Scope.READ_PERSONAL not in made.token.scopes
    assert not any(scope.value.startswith("write:") for scope in made.token.scopes)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"trusted_proxies": ["proxy.example.com"]}, "is no address or network"),
        ({"public_url": "collect.example.com"}, "is no base address"),
        ({"public_url": "https://x.example.com/?a=1"}, "is no base address"),
        ({"port": 0}, "greater than or equal to 1"),
        ({"burst": 0}, "greater than or equal to 1"),
    ],
)
def test_settings_that_cannot_work_are_refused(wrong: dict[str, object], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        ApiSettings.model_validate(wrong)


@pytest.mark.parametrize(("rows", "said"), [(9_999, None), (10_000, "10000")])
def test_a_list_that_was_not_looked_through_to_its_end_says_so_on_its_last_page(
    rows: int, said: str | None
) -> None:
    request = Request({"type": "http", "method": "GET", "path": "/v1/x", "query_string": b"", "headers": []})
    pager = Pager(Cursors(b"s" * 32), request, "x")
    first = Response()
    shown, more = shown_page(range(rows), lambda row: (row, ""), pager, first, None, 200)
    assert (len(shown), first.headers.get(TRUNCATED)) == (200, None)
    assert more is not None
    last = Response()
    cursor = pager.next(Response(), (rows - 2, ""))
    shown, more = shown_page(range(rows), lambda row: (row, ""), pager, last, cursor, 200)
    assert (shown, more, last.headers.get(TRUNCATED)) == ([rows - 1], None, said)
