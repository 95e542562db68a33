"""The shipped disposition table: every end of a call gets the disposition that a telephone engineer would give it."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ari_app.dialogue.flow import RESULTS
from ari_app.domain.disposition import CallEnd, RetryRule, classify
from ari_app.errors import InputError
from ari_app.services.disposition_file import parse_dispositions, read_dispositions

pytestmark = pytest.mark.pure

ROOT = Path(__file__).parents[2]
FILE = ROOT / "dialplan" / "dispositions.yaml"
TABLE = read_dispositions(FILE)
TEXT = FILE.read_text(encoding="utf-8")


def name(end: CallEnd) -> str:
    return classify(TABLE, end).name


def unanswered(
    sip: int | None = None,
    q850: int | None = None,
    *,
    rang: bool = True,
    heard: str | None = None,
    reason: str | None = None,
    invited: bool = True,
) -> str:
    return name(
        CallEnd(
            invited=invited,
            answered=False,
            progressed=rang,
            sip_status=sip,
            q850_cause=q850,
            heard=heard,
            reason=reason,
        )
    )


def answered(
    result: str | None = None, *, heard: str | None = None, reason: str | None = None, q850: int = 16
) -> str:
    return name(
        CallEnd(
            invited=True,
            answered=True,
            progressed=True,
            sip_status=200,
            q850_cause=q850,
            heard=heard,
            result=result,
            reason=reason,
        )
    )


#: SIP status, Q.850 cause, whether anything came back before, the disposition.
CODES: tuple[tuple[int | None, int | None, bool, str], ...] = (
    (486, 17, False, "busy"),
    (486, None, True, "busy"),
    (600, 17, True, "busy"),
    (None, 17, True, "busy"),
    (480, 17, True, "busy"),
    (603, 21, True, "rejected"),
    (603, None, False, "rejected"),
    (607, 21, False, "rejected"),
    (None, 21, True, "rejected"),
    (480, 21, True, "rejected"),
    (403, 21, False, "call_barred"),
    (403, 21, True, "call_barred"),
    (401, 21, False, "call_barred"),
    (608, 21, False, "call_barred"),
    (404, 1, False, "unallocated"),
    (404, None, True, "unallocated"),
    (410, 22, False, "unallocated"),
    (484, 28, False, "unallocated"),
    (604, 1, False, "unallocated"),
    (None, 1, False, "unallocated"),
    (404, 3, False, "congestion"),
    (404, 34, False, "congestion"),
    (408, 18, True, "no_answer"),
    (480, 19, True, "no_answer"),
    (480, 18, True, "no_answer"),
    (487, 16, True, "no_answer"),
    (None, 18, True, "no_answer"),
    (None, 19, True, "no_answer"),
    (480, 19, False, "out_of_reach"),
    (480, None, False, "out_of_reach"),
    (480, 20, True, "out_of_reach"),
    (None, 20, False, "out_of_reach"),
    (503, 34, False, "congestion"),
    (500, 41, False, "congestion"),
    (500, 38, True, "congestion"),
    (502, None, False, "congestion"),
    (504, 42, False, "congestion"),
    (None, 34, False, "congestion"),
    (None, 3, False, "congestion"),
    (408, 18, False, "no_reply"),
    (488, 58, False, "congestion"),
    (488, None, False, "failed"),
    (None, None, False, "failed"),
    (None, 127, False, "failed"),
)


@pytest.mark.parametrize(("sip", "q850", "rang", "expected"), CODES)
def test_codes_of_calls_that_were_not_answered(
    sip: int | None, q850: int | None, rang: bool, expected: str
) -> None:
    assert unanswered(sip, q850, rang=rang) == expected


@pytest.mark.parametrize(
    ("heard", "expected"),
    [
        ("switched_off", "switched_off"),
        ("suspended", "suspended"),
        ("empty_number", "empty_number"),
        ("out_of_reach", "out_of_reach"),
        ("call_barred", "call_barred"),
        ("busy", "busy"),
        ("congestion", "congestion"),
        ("voicemail", "voicemail"),
        ("machine", "voicemail"),
        ("fax", "fax"),
    ],
)
def test_what_was_heard_outweighs_every_code(heard: str, expected: str) -> None:
    for sip, q850, rang, _ in CODES:
        for reason in (None, "ring_timeout", "heard"):
            assert unanswered(sip, q850, rang=rang, heard=heard, reason=reason) == expected
    assert answered(heard=heard) == expected
    assert answered("hung_up", heard=heard) == expected
    assert answered("no_input", heard=heard) == expected


def test_something_unknown_that_was_heard_changes_nothing() -> None:
    for sip, q850, rang, expected in CODES:
        assert unanswered(sip, q850, rang=rang, heard="a_new_tone") == expected


def test_our_own_patience_ends_a_call() -> None:
    for sip, q850 in ((None, None), (487, 16), (487, None), (None, 16), (None, 19)):
        assert unanswered(sip, q850, reason="ring_timeout") == "no_answer"
    for sip, q850 in ((None, None), (408, None), (408, 18)):
        assert unanswered(sip, q850, rang=False, reason="ring_timeout") == "no_reply"
    assert unanswered(486, 17, reason="ring_timeout") == "busy", "the network was quicker"
    assert unanswered(603, 21, reason="ring_timeout") == "rejected"


def test_every_result_of_a_flow_has_its_disposition() -> None:
    for result, verified in RESULTS.items():
        assert answered(result) == result
        assert TABLE.kind(result).right_party == verified


def test_what_a_person_said_outweighs_machines_and_codes() -> None:
    said = set(RESULTS) - {"hung_up", "no_input", "not_verified"}
    for result, heard, reason, q850 in product(
        said, (None, "voicemail", "busy"), (None, "stop", "call_timeout"), (16, 17, 21)
    ):
        assert answered(result, heard=heard, reason=reason, q850=q850) == result


def test_answered_without_an_agreement() -> None:
    assert answered() == "hung_up"
    assert answered(q850=31) == "hung_up"
    assert answered(reason="media_lost") == "no_media"
    assert answered("hung_up", reason="media_lost") == "no_media"
    assert answered("no_media") == "no_media"
    assert answered(heard="no_media") == "no_media"
    assert answered(reason="call_timeout") == "timed_out"
    assert answered("no_input", reason="call_timeout") == "no_input"


def test_our_own_side() -> None:
    assert (
        answered(reason="stopped")
        == answered("hung_up", reason="stop")
        == unanswered(487, reason="stop")
        == "cancelled"
    )
    assert (
        answered(reason="interrupted")
        == unanswered(reason="interrupted")
        == unanswered(reason="gone")
        == "interrupted"
    )
    assert answered(reason="internal_error") == answered(reason="conversation_failed") == "failed"
    assert unanswered(reason="interrupted", invited=False) == "not_dialled"
    assert unanswered(reason="dial_forbidden", invited=False) == "forbidden"
    assert unanswered(reason="legs_failed", invited=False) == "not_dialled"


_REASONS = (
    None,
    "ring_timeout",
    "stop",
    "stopped",
    "interrupted",
    "gone",
    "media_lost",
    "call_timeout",
    "dial_refused: 500",
    "heard",
)
_HEARD = (
    None,
    "voicemail",
    "machine",
    "switched_off",
    "suspended",
    "empty_number",
    "out_of_reach",
    "busy",
    "call_barred",
    "?",
)


@given(
    invited=st.booleans(),
    answered_=st.booleans(),
    progressed=st.booleans(),
    sip=st.none() | st.integers(300, 699),
    q850=st.none() | st.integers(1, 127),
    heard=st.sampled_from(_HEARD),
    result=st.none() | st.sampled_from([*RESULTS, "?"]),
    reason=st.sampled_from(_REASONS),
)
def test_every_combination_gets_a_sensible_one(
    invited: bool,
    answered_: bool,
    progressed: bool,
    sip: int | None,
    q850: int | None,
    heard: str | None,
    result: str | None,
    reason: str | None,
) -> None:
    end = CallEnd(invited, answered_, progressed, sip, q850, heard, result, reason)
    kind = classify(TABLE, end)
    assert (kind.retry is RetryRule.AGAIN) == (not invited), (
        "a slot is given back only when nobody was called"
    )
    if kind.retry is RetryRule.NEVER:
        dead = (
            {heard} & {"empty_number"}
            or {result} & {"wrong_person"}
            or {sip} & {603, 607, 404, 410, 484, 604}
        )
        assert dead or q850 in (1, 21, 22, 28), "a number dies for a reason only"
    assert not kind.right_party or RESULTS.get(result or "", False), "a right party is one who was verified"
    if not invited:
        return
    if result == "stop_calling":
        assert kind.name == "stop_calling"
    if answered_ and heard is None:
        assert kind.name not in {
            "busy",
            "rejected",
            "no_answer",
            "no_reply",
            "unallocated",
            "congestion",
            "call_barred",
        }
    if not answered_ and result is None and heard is None:
        assert kind.name not in {*RESULTS, "no_media", "timed_out", "voicemail"}


def test_a_table_of_all_codes() -> None:
    """Every SIP status with every cause, rung and not: nothing falls through, and 'failed' stays the exception."""
    failed = [
        (sip, q850)
        for sip, q850, rang in product([None, *range(400, 700)], [None, *range(1, 128)], [True, False])
        if unanswered(sip, q850, rang=rang) == "failed"
        and (
            sip in {403, 404, 408, 480, 486, 500, 503, 600, 603}
            or q850 in {1, 17, 18, 19, 20, 21, 34, 38, 41, 42}
        )
    ]
    assert failed == []


def test_retry_rules_that_the_law_and_the_customer_expect() -> None:
    rules = {kind.name: f"{kind.retry} {kind.min_delay_hours:g}" for kind in TABLE.kinds}
    for never in ("rejected", "unallocated", "empty_number", "wrong_person"):
        assert rules[never] == "never 0"
    for done in (
        "promise_to_pay",
        "already_paid",
        "disputed",
        "stop_calling",
        "request_human",
        "recording_refused",
    ):
        assert rules[done] == "done 0"
    assert (rules["busy"], rules["switched_off"], rules["suspended"]) == ("plan 0.5", "plan 12", "plan 48")
    assert all(kind.meaning for kind in TABLE.kinds)


#: What is changed in the shipped file, what is said about it.
WRONG: tuple[tuple[str, str, str], ...] = (
    (
        "{retry: done, right",
        "{retry: often, right",
        "unknown retry rule 'often' (allowed: again, done, never, plan)",
    ),
    ("min_delay_hours: 48", "min_delay_hours: two", "'two' does not fit (allowed: a number 0 to 2160)"),
    ("min_delay_hours: 48", "min_delay_hours: -1", "'-1' does not fit"),
    (
        "{retry: never, meaning",
        "{retry: never, min_delay_hours: 3, meaning",
        "a delay means nothing with retry: never",
    ),
    ("  busy: {", "  Busy Line: {", "this is no name for a disposition"),
    ("disposition: busy, sip", "disposition: buzy, sip", "unknown disposition 'buzy'"),
    ("sip: [486, 600]", "sip: [486, 60]", "'60' does not fit (allowed: a whole number 300 to 699)"),
    ("q850: 17", "q850: 1017", "'1017' does not fit (allowed: a whole number 1 to 127)"),
    ("sip: [486, 600]", "status: [486]", "unknown key 'status'"),
    (
        "answered: true, reason: call_timeout",
        "answered: yes, reason: call_timeout",
        "'yes' does not fit (allowed: true or false)",
    ),
    ("  - {disposition: failed}\n", "", "the last row has a condition"),
    ("rows:\n", "rows:\n  - {disposition: failed}\n", "no row below it counts (allowed: put it last)"),
    ("  - {disposition: refused, result: refused}\n", "", "no row leads to this disposition"),
    ("kinds:\n", "kind:\n", "unknown key 'kind'"),
    ("kinds:\n", "kinds:\n  fax: {retry: done, meaning: x}\n", "written twice"),
    ('meaning: "The line was busy."', 'meaning: ""', "this is empty"),
)


@pytest.mark.parametrize(("right", "wrong", "told"), WRONG, ids=[row[1][:40] for row in WRONG])
def test_a_fault_is_told_with_its_line(right: str, wrong: str, told: str) -> None:
    assert right in TEXT
    changed = TEXT.replace(right, wrong, 1)
    with pytest.raises(InputError) as caught:
        parse_dispositions(changed, "d.yaml")
    found = [str(problem) for problem in caught.value.problems if told in str(problem)]
    assert found, caught.value.problems
    line = int(found[0].split(":")[1])
    assert found[0].startswith("d.yaml:")
    assert 1 <= line <= len(changed.splitlines())


def test_a_fault_stands_in_the_line_that_is_told() -> None:
    changed = TEXT.replace("sip: [486, 600]", "sip: [486, 60]", 1)
    line = changed[: changed.index("sip: [486, 60]")].count("\n") + 1
    with pytest.raises(InputError, match=rf"d\.yaml:{line}: row \d+\.sip: '60'"):
        parse_dispositions(changed, "d.yaml")


@given(st.text(max_size=200))
def test_any_text_is_refused_with_an_error_for_people(text: str) -> None:
    with pytest.raises(InputError):
        parse_dispositions(text, "d.yaml")


def test_every_disposition_is_documented() -> None:
    page = (ROOT / "docs" / "dispositions.md").read_text(encoding="utf-8")
    assert [kind.name for kind in TABLE.kinds if f"`{kind.name}`" not in page] == []
