"""A flow that tells of a debt tells all of it on every way, and needs no recogniser."""

from __future__ import annotations

import pytest

from ari_app.dialogue.flow_script_check import certain_coverage, required_of
from ari_app.errors import InputError
from ari_app.services.flow_sources import parse_flow, read_flow_file
from tests.support.talks import PARTS, ROOT, asking_flows, shipped_flow

pytestmark = [pytest.mark.pure, pytest.mark.long]

SHIPPED = asking_flows()
TEXT = (ROOT / "dialplan" / "flows" / "reminder.yaml").read_text(encoding="utf-8")


def faults(text: str, common: str = PARTS["common"]) -> str:
    with pytest.raises(InputError) as caught:
        parse_flow(text, "reminder.yaml", {"common": common})
    return str(caught.value)


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_a_shipped_flow_says_what_it_has_to_and_takes_keys_everywhere(path: object) -> None:
    flow = read_flow_file(path)  # type: ignore[arg-type]
    assert required_of(flow) >= {"opening", "recording_notice", "verified", "arrears_fact", "deadline"}
    covered = certain_coverage(flow)
    assert covered["promise_to_pay"] >= {*required_of(flow), "read_back", "closing"}
    assert all(state.ask is None or state.ask.keys or state.ask.digits for state in flow.states.values())


def test_a_way_past_the_deadline_is_found() -> None:
    before = "    covers: [arrears_fact, deadline]\n"
    assert before in TEXT
    told = faults(TEXT.replace(before, "    covers: [arrears_fact]\n", 1))
    assert "a way leads to promise_to_pay on which this was not said: deadline" in told
    assert "a way leads to informed" in told
    assert "reminder.yaml:" in told


def test_a_missing_recording_notice_is_found() -> None:
    part = PARTS["common"].replace("covers: [opening, recording_notice]", "covers: [opening]", 1)
    told = faults(TEXT, part)
    assert "not said: recording_notice" in told


def test_a_flow_may_ask_for_more_or_less() -> None:
    more = TEXT.replace("start: opening\n", "start: opening\nrequired: [opening, consequence]\n", 1)
    assert "not said: consequence" in faults(more)
    less = TEXT.replace("start: opening\n", "start: opening\nrequired: [opening]\n", 1)
    parse_flow(less.replace("    covers: [arrears_fact, deadline]\n", "", 1), parts=PARTS)


def test_a_question_without_keys_is_found() -> None:
    before = '      keys: {"1": affirm, "2": deny}\n'
    assert before in TEXT
    assert "cannot be answered by keys" in faults(TEXT.replace(before, "", 1))


def test_verification_counts_as_spoken_after_the_digits() -> None:
    covered = certain_coverage(shipped_flow())
    assert "verified" not in covered["verify_tail"]
    assert "verified" in covered["ask_when"]


def test_a_promise_that_nobody_read_back_is_found() -> None:
    before = "      - {when: rest_open, go: ask_rest}\n      - {go: read_back}\n"
    assert before in TEXT
    past = TEXT.replace(before, before.replace("go: read_back", "go: promise_to_pay"), 1)
    assert "a way leads to promise_to_pay on which this was not said: read_back" in faults(past)
