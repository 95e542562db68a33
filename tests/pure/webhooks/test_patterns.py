"""Patterns of events: each fits some event, and the store can read it."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ari_app.domain.event_names import EVENTS
from ari_app.domain.webhooks.patterns import fitting_none

pytestmark = pytest.mark.pure


@pytest.mark.parametrize("pattern", ["*", "collection.*", "payment.settled", "payment.?ettled", "*.*"])
def test_names_and_patterns_that_fit_some_event_are_taken(pattern: str) -> None:
    assert fitting_none([pattern], EVENTS) is None


@pytest.mark.parametrize(
    "pattern",
    [
        "*" * 101,
        "*" * 200_000,
        "[!x]*",
        "[^x]*",
        "[!\ud800]*",
        "",
        "nothing.*",
        "Payment.*",
        "*\0*",
        "pay ment*",
    ],
)
def test_what_fits_none_or_cannot_be_read_by_the_store_is_refused(pattern: str) -> None:
    assert fitting_none(["*", pattern], EVENTS) == pattern


@given(st.text("abc.*?_-", max_size=110))
def test_what_is_taken_fits_the_same_events_in_the_store(pattern: str) -> None:
    if fitting_none([pattern], ["a.b", "abc", "c_-"]) is None:
        with closing(sqlite3.connect(":memory:")) as connection:
            row = connection.execute("SELECT 'a.b' GLOB :p OR 'abc' GLOB :p OR 'c_-' GLOB :p", {"p": pattern})
            assert row.fetchone() == (1,)
