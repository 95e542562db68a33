"""Every test has exactly one ring and lives in its room."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.rings import RINGS, ring_faults

pytestmark = pytest.mark.pure


@dataclass
class FakeMark:
    name: str


@dataclass
class FakeItem:
    nodeid: str
    marks: tuple[str, ...]

    def iter_markers(self) -> Iterable[FakeMark]:
        return [FakeMark(name) for name in self.marks]


def test_one_ring_in_its_room_is_right() -> None:
    items = [FakeItem(f"tests/{ring}/test_x.py::test_y", (ring, "parametrize")) for ring in RINGS]
    assert ring_faults(items) == []


def test_an_unmarked_test_is_an_error() -> None:
    (fault,) = ring_faults([FakeItem("tests/pure/test_x.py::test_y", ("parametrize",))])
    assert "tests/pure/test_x.py::test_y: no ring" in fault


def test_the_same_ring_twice_is_one_ring() -> None:
    assert ring_faults([FakeItem("tests/pure/test_x.py::test_y", ("pure", "pure"))]) == []


def test_a_ring_outside_its_room_is_an_error() -> None:
    (fault,) = ring_faults([FakeItem("tests/pure/test_x.py::test_y", ("asterisk",))])
    assert "lives in tests/asterisk/" in fault


@given(st.sets(st.sampled_from(RINGS), min_size=2))
def test_more_than_one_ring_is_an_error(rings: set[str]) -> None:
    (fault,) = ring_faults([FakeItem("tests/pure/test_x.py::test_y", tuple(rings))])
    assert " and ".join(sorted(rings)) in fault
