"""Reading a payment history: its rows, its faults, and the columns that are not used."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path

import pytest

from ari_app.domain.behaviour import Bill, History
from ari_app.errors import InputError
from ari_app.services.history_columns import HISTORY_ALIASES, HISTORY_FIELDS, kind_of_heading
from ari_app.services.history_file import MOST_DROPPED, HistoryBook, Permission, read_history
from ari_app.services.list_columns import match_columns
from tests.support.histories import a_bill
from tests.support.lists import write_csv, write_json

pytestmark = pytest.mark.pure

TODAY = date(2026, 3, 2)
NOTHING = Permission()


def read(
    tmp_path: Path, rows: Sequence[dict[str, object]], allowed: Permission = NOTHING, kind: str = "csv"
) -> HistoryBook:
    write = write_csv if kind == "csv" else write_json
    return read_history(write(tmp_path / f"payments.{kind}", rows), TODAY, allowed)


def refused(
    tmp_path: Path, rows: Sequence[dict[str, object]], allowed: Permission = NOTHING, kind: str = "csv"
) -> str:
    with pytest.raises(InputError) as error:
        read(tmp_path, rows, allowed, kind)
    return str(error.value)


@pytest.mark.parametrize("kind", ["csv", "json"])
def test_a_row_is_a_bill_with_what_happened_around_it(tmp_path: Path, kind: str) -> None:
    rows = [
        a_bill(markers="loophole; virtual_number", brokenPromises="1"),
        a_bill(dueDate="2026-01-20", paidOn="", incomeBand="", ageBand=""),
    ]
    book = read(tmp_path, rows, kind=kind)
    assert book.histories == {
        ("c_1", "a_1"): History(
            "c_1",
            "a_1",
            (
                Bill(date(2026, 1, 20), 100.0, None, 0, 2, 1, 0, True),
                Bill(
                    date(2026, 2, 20),
                    100.0,
                    date(2026, 2, 19),
                    1,
                    2,
                    1,
                    0,
                    True,
                    markers=frozenset({"loophole", "virtual_number"}),
                ),
            ),
            "65+",
            "low",
        )
    }
    assert (book.rows, book.rejected, book.bills, book.until) == (2, 0, 2, date(2026, 2, 19))
    assert len(book.digest) == 64


def test_what_was_paid_in_part_was_not_paid(tmp_path: Path) -> None:
    rows = [a_bill(1, amountPaid="99.99"), a_bill(2, amountPaid="100"), a_bill(3, amountPaid="0", paidOn="")]
    bills = [history.bills[0] for history in read(tmp_path, rows).histories.values()]
    assert [bill.paid_on for bill in bills] == [None, date(2026, 2, 19), None]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"dueDate": "soon"}, "dueDate: is not a date"),
        ({"dueDate": ""}, "dueDate: is missing"),
        ({"paidOn": "2026-03-04"}, "paidOn: is in the future"),
        ({"amountDue": "-1"}, "amountDue: is not an amount"),
        ({"amountPaid": "100", "paidOn": ""}, "paidOn: is missing, though the bill was paid"),
        ({"calls": "1", "callsAnswered": "2"}, "callsAnswered: is more than calls"),
        ({"brokenPromises": "many"}, "brokenPromises: is not a count"),
        ({"markers": "ugly"}, "markers: holds a word that is no marker"),
        ({"ageBand": "old"}, "ageBand: is not an age band"),
        ({"autoDebit": "perhaps"}, "autoDebit: is neither yes nor no"),
        ({"customerId": "x" * 65}, "customerId: is too long"),
    ],
)
def test_a_row_with_a_fault_is_told_with_its_line_and_left_out(
    tmp_path: Path, change: dict[str, object], told: str
) -> None:
    book = read(tmp_path, [a_bill(1, amountPaid=""), a_bill(2, amountPaid="") | change])
    assert (book.rejected, list(book.histories)) == (1, [("c_1", "a_1")])
    assert str(book.faults[0]).startswith(f"{tmp_path / 'payments.csv'}:3: {told}")


def test_one_row_for_each_bill(tmp_path: Path) -> None:
    book = read(tmp_path, [a_bill(), a_bill(amountDue="5")])
    assert (book.bills, book.rejected) == (1, 1)
    assert "has a bill of this day already" in str(book.faults[0])


def test_a_history_without_a_good_row_is_refused(tmp_path: Path) -> None:
    assert "payments.csv:2: dueDate: is not a date" in refused(tmp_path, [a_bill(dueDate="x")])


@pytest.mark.parametrize(
    ("heading", "kind"),
    [
        *(
            (heading, "social")
            for heading in ("friends", "socialScore", "wechat_friends", "familySize", "亲属人数")
        ),
        *(
            (heading, "social")
            for heading in ("phonebook_size", "relationsInArrears", "紧急联系人", "关系人欠费数")
        ),
        *(
            (heading, "protected")
            for heading in ("gender", "Sex", "maritalStatus", "民族", "宗教信仰", "health_state")
        ),
        *(
            (heading, "")
            for heading in ("graceDays", "trace", "Essex", "calls", "contactChanges", "地区", "SEXTANT")
        ),
    ],
)
def test_columns_of_what_a_customer_is_and_whom_he_knows_are_recognised(heading: str, kind: str) -> None:
    assert kind_of_heading(heading) == kind


@pytest.mark.parametrize("kind", ["csv", "json"])
def test_social_and_protected_columns_are_refused_with_the_reason(tmp_path: Path, kind: str) -> None:
    told = refused(tmp_path, [a_bill(friends="5", gender="f", relationsInArrears="1")], kind=kind)
    place = "payments.csv:1" if kind == "csv" else "payments.json, row 1"
    assert f"{place}: friends: is social data, and nothing uses it" in told
    assert f"{place}: gender: says what a customer is" in told
    assert f"{place}: relationsInArrears: is social data: it is not used without" in told
    assert told.count("--drop") == 3


def test_a_column_may_be_left_unread_and_its_cells_are_counted(tmp_path: Path) -> None:
    rows = [a_bill(1, friends="5", relationsInArrears="1"), a_bill(2, friends="", relationsInArrears="2")]
    book = read(tmp_path, rows, Permission(drop=True))
    assert book.dropped == {"friends": 1, "relationsInArrears": 2}
    assert {bill.relations_in_arrears for each in book.histories.values() for bill in each.bills} == {None}


def test_a_column_with_a_very_long_heading_is_left_unread_too(tmp_path: Path) -> None:
    heading = "relations" + "_" * 100 + "InArrears"
    rows = [{**a_bill(relationsInArrears=""), heading: "7"}]
    del rows[0]["relationsInArrears"]
    book = read(tmp_path, rows, Permission(drop=True), "json")
    (bill,) = book.histories["c_1", "a_1"].bills
    assert bill.relations_in_arrears is None
    assert book.dropped == {heading[:100]: 1}


def test_a_file_full_of_columns_that_must_not_be_used_is_no_history(tmp_path: Path) -> None:
    rows = [a_bill(**{f"friend_{number}": "1"}) for number in range(MOST_DROPPED + 1)]
    told = refused(tmp_path, rows, Permission(drop=True), "json")
    assert "more than 200 columns" in told


def test_an_authorisation_allows_the_one_social_column_that_has_a_use(tmp_path: Path) -> None:
    allowed = Permission(authorised="consent form 3")
    book = read(tmp_path, [a_bill(relationsInArrears="4")], allowed)
    assert book.histories["c_1", "a_1"].bills[0].relations_in_arrears == 4
    assert "nothing uses it" in refused(tmp_path, [a_bill(friends="5")], allowed)


def test_other_columns_are_left_alone_and_told(tmp_path: Path) -> None:
    assert read(tmp_path, [a_bill(shoeSize="43")]).ignored == ("shoeSize",)


def test_columns_are_found_by_their_usual_headings_and_by_a_mapping(tmp_path: Path) -> None:
    required = tuple(name for name, needed in HISTORY_FIELDS.items() if needed)
    for name in HISTORY_FIELDS:
        for heading in (name, *HISTORY_ALIASES[name]):
            headings = (*(each for each in required if each != name), heading)
            found = match_columns(headings, {}, "x", fields=HISTORY_FIELDS, aliases=HISTORY_ALIASES)
            assert found[name] == heading
    path = write_csv(tmp_path / "own.csv", [{"who": "c", "what": "a", "when": "2026-01-20", "sum": "5"}])
    mapping = {"customerId": "who", "accountId": "what", "dueDate": "when", "amountDue": "sum"}
    assert read_history(path, TODAY, NOTHING, mapping).bills == 1


def test_no_heading_could_be_two_fields() -> None:
    headings = [heading.lower() for name, others in HISTORY_ALIASES.items() for heading in (name, *others)]
    assert len(set(headings)) == len(headings)


def test_every_column_is_documented() -> None:
    page = (Path(__file__).parents[2] / "docs" / "scoring.md").read_text(encoding="utf-8")
    assert [name for name in HISTORY_FIELDS if f"`{name}`" not in page] == []
    assert [heading for others in HISTORY_ALIASES.values() for heading in others if heading not in page] == []
