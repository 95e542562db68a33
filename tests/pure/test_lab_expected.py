"""What must come of a scenario's account: read strictly, and compared with an export key by key."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ari_app.errors import InputError
from ari_app.lab.expected import YIELDS, Expected, differences
from ari_app.lab.scenario import load_scenario, parse_scenario

pytestmark = pytest.mark.pure

ACCOUNT = """
accounts:
  - {customer_id: C1, name: 张三, phone: "+8613800000001", amount_due: "12.50", persona: busy, flow: overdue,
     columns: {service: water}, expected: EXPECTED}
"""


def expectation(text: str) -> Expected:
    (account,) = parse_scenario(ACCOUNT.replace("EXPECTED", text)).accounts
    assert account.row(date(2026, 3, 11))["service"] == "water"
    assert account.flow == "overdue"
    return account.expected


PROMISE = expectation(
    '{result: promise_to_pay, verified: true, promises: [{amount: "12.50"}], says: [好的， 再见]}'
)
KEPT: dict[str, object] = {
    **dict.fromkeys(YIELDS),
    "disposition": "promise_to_pay",
    "result": "promise_to_pay",
    "verified": True,
    "language": "zh",
    "promises": [{"amount": "12.50", "date": "2026-03-12"}],
}


def test_a_word_is_a_disposition_and_nothing_more() -> None:
    assert expectation("busy") == Expected("busy")
    assert differences(Expected("busy"), {"disposition": "busy", "plan": 3}, "", on_the_list=True) == []
    assert differences(Expected("busy"), {}, "", on_the_list=False) == ["disposition is None, not busy"]


def test_a_result_as_it_was_wanted_has_no_differences() -> None:
    assert differences(PROMISE, KEPT, "好的，\n再见", on_the_list=False) == []


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"disposition": "informed"}, "disposition is informed, not promise_to_pay"),
        ({"result": None}, "result is None, not promise_to_pay"),
        ({"verified": False}, "verified is False, not True"),
        ({"language": "en"}, "language is en, not zh"),
        ({"promises": []}, "promises is [], not [{'amount': '12.50'}]"),
        ({"promises": [{"amount": "12.05"}]}, "promises[0].amount is 12.05, not 12.50"),
        ({"plan": {"type": "deferral"}}, "plan is {'type': 'deferral'}, not None"),
        ({"message": "payment_link"}, "message is payment_link, not None"),
    ],
)
def test_what_differs_is_told_with_its_place(change: dict[str, object], fault: str) -> None:
    assert differences(PROMISE, KEPT | change, "好的，再见", on_the_list=False) == [fault]


def test_the_list_and_the_words_are_looked_at_too() -> None:
    silent = expectation("{result: stop_calling, do_not_contact: true, never_says: [amount]}")
    kept = KEPT | {"disposition": "stop_calling", "result": "stop_calling", "promises": []}
    assert differences(silent, kept, "The Amount is", on_the_list=False) == [
        "do_not_contact is False, not True",
        "the bot said 'amount'",
    ]
    assert differences(PROMISE, KEPT, "好的", on_the_list=False) == ["the bot did not say '好的， 再见'"]


@given(
    st.dictionaries(st.sampled_from(["result", "verified", *YIELDS]), st.none() | st.integers() | st.text())
)
def test_an_expectation_is_met_by_itself_and_by_nothing_that_differs(values: dict[str, object]) -> None:
    wanted = Expected("busy", values)
    assert differences(wanted, {**values, "disposition": "busy"}, "", on_the_list=False) == []
    for key in values:
        other = {**values, key: ["other"], "disposition": "busy"}
        assert len(differences(wanted, other, "", on_the_list=False)) == 1


def test_a_shipped_scenario_is_found_by_its_name_and_a_file_goes_before_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert load_scenario(Path("demo")).source == load_scenario().source
    Path("demo").write_text("default: busy\n", encoding="utf-8")
    assert load_scenario(Path("demo")).default == "busy"
    with pytest.raises(InputError):
        load_scenario(Path("nowhere"))
