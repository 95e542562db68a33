"""Keys of a list: the first row of each is remembered, as by a dictionary but in flat memory."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ari_app.services.list_first_seen import FirstSeen

pytestmark = pytest.mark.pure

keys = st.tuples(st.text(max_size=3), st.text(max_size=3), st.sampled_from(["", "b"]))


@given(st.lists(keys, max_size=60))
def test_it_is_a_dictionary_of_first_rows(found: list[tuple[str, str, str]]) -> None:
    seen, plain = FirstSeen(), dict[tuple[str, str, str], int]()
    for row, key in enumerate(found):
        assert seen.row_of(key, row) == plain.setdefault(key, row)
    assert len(seen) == len(plain)


def test_nothing_is_lost_when_it_grows() -> None:
    seen = FirstSeen()
    for turn in range(2):
        for row in range(3000):
            assert seen.row_of((str(row), "a", "b"), row + 7000 * turn) == row
    assert len(seen) == 3000
