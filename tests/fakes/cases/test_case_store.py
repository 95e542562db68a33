"""Cases over 90 days, from the 80th day to their end."""

from __future__ import annotations

import zipfile
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from ari_app.domain.call_result import Consent, ConversationResult, PromiseToPay
from ari_app.domain.campaign import WebhookSpec
from ari_app.domain.cases.case import CaseOutcome, CaseState, Commission, HandedTo
from ari_app.domain.contact_facts import Flag
from ari_app.domain.debt.ledger import EntryKind
from ari_app.domain.event_names import EVENTS
from ari_app.domain.verdict import Rule
from ari_app.errors import InputError, UnknownRecord, WrongState
from ari_app.ports import BillKey, Movement
from ari_app.ports.disputes import NewDispute
from ari_app.services.cases.fixing import CaseFolders, EvidenceFixer
from ari_app.services.cases.package import check_package
from ari_app.services.disputes.evidence_files import EvidenceFiles
from ari_app.store.sqlite_store import SqliteStore
from tests.support.clock import FakeClock
from tests.support.rules import decide
from tests.support.store_rows import NOW, account, allow, campaign, enough, ids, no_events, outcome

pytestmark = pytest.mark.fakes

#: In China it is 23 November.
DUE = date(2026, 11, 23) - timedelta(days=80)
BILL = BillKey("cust-1", "acc-1", "b1")
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
HIGH = Decimal(5000)
SAID = ConversationResult(
    "promise_to_pay",
    verified=True,
    promises=(PromiseToPay(Decimal("300.00"), "2026-11-30"),),
    consent=Consent(True, NOW, "reminder@3/zh"),
    coverage=("opening", "recording_notice", "verified", "arrears_fact", "deadline"),
)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    async with await SqliteStore.open(tmp_path / "s.db") as opened:
        await opened.put_campaign(
            replace(campaign(), webhook=WebhookSpec("https://e.invalid/h", tuple(EVENTS)))
        )
        await opened.load_accounts("c1", [account(due_date=DUE), account(2, due_date=DUE + DAY)], NOW)
        yield opened


@pytest.fixture
def fixer(store: SqliteStore, tmp_path: Path) -> EvidenceFixer:
    names = ("packages", "recordings", "transcripts", "evidence")
    return EvidenceFixer(store.cases, CaseFolders(*(tmp_path / name for name in names)), FakeClock(NOW))


async def called(store: SqliteStore, tmp_path: Path, said: ConversationResult = SAID) -> str:
    (attempt,) = await store.claim_due("c1", NOW, 1, allow, ids())
    await store.mark_dialled(attempt.attempt_id, NOW, allow)
    recording = tmp_path / "recordings" / f"{attempt.attempt_id}.wav"
    transcript = tmp_path / "transcripts" / f"{attempt.attempt_id}.jsonl"
    for path in (recording, transcript):
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"what was said")
    ended = outcome(
        attempt,
        said.result,
        answered_at=NOW,
        conversation=said,
        recording=str(recording),
        transcript=str(transcript),
    )
    await store.close_attempt(ended, enough, no_events)
    return attempt.attempt_id


async def fixed(store: SqliteStore, fixer: EvidenceFixer) -> str:
    await fixer.run(80, 10)
    (case,) = await store.cases.cases()
    return case.case_id


async def handed(store: SqliteStore, fixer: EvidenceFixer, to: HandedTo = HandedTo.AGENCY) -> str:
    case_id = await fixed(store, fixer)
    await store.cases.hand_over(
        case_id, to, "Fair & Co", by="li", reviewed_by="", high_amount=HIGH, now=NOW + DAY
    )
    return case_id


def paid(amount: str, reference: str = "tx-1") -> Movement:
    return Movement(BILL, EntryKind.PAYMENT, Decimal(amount), "CNY", NOW + 2 * DAY, "bank", reference)


async def rule(store: SqliteStore) -> Rule:
    at = NOW + 3 * DAY
    return decide((await store.contact_facts("cust-1", at))[0], at).rule


async def events(store: SqliteStore) -> list[str]:
    return [each.event for each in await store.outbox() if each.event.startswith("case.")]


async def test_on_the_80th_day_the_evidence_is_fixed_once(
    store: SqliteStore, fixer: EvidenceFixer, tmp_path: Path
) -> None:
    attempt_id = await called(store, tmp_path)
    assert await fixer.run(80, 10) == 1
    assert await fixer.run(80, 10) == 0
    (case,) = await store.cases.cases()
    assert (case.state, case.opened_day, case.package_day) == (CaseState.EVIDENCE_FIXED, 80, 80)
    assert case.missing == ()
    found = check_package(tmp_path / "packages" / case.package)
    assert (found.faults, found.sha256) == ((), case.package_sha256)
    proof = found.manifest["three_elements"]
    assert isinstance(proof, dict)
    assert (proof["proved_by"], found.manifest["flags"]) == ([attempt_id], [])
    with zipfile.ZipFile(tmp_path / "packages" / case.package) as package:
        assert {f"recordings/{attempt_id}.wav", f"transcripts/{attempt_id}.jsonl"} <= set(package.namelist())
        assert b'"amount": "300.00"' in package.read("promises.json")
        assert b'"consent_version": "reminder@3/zh"' in package.read("attempts.json")
    assert await events(store) == ["case.evidence_fixed"]


async def test_what_is_missing_is_listed_and_fails_nothing(
    store: SqliteStore, fixer: EvidenceFixer, tmp_path: Path
) -> None:
    attempt_id = await called(store, tmp_path, replace(SAID, consent=None, coverage=("opening", "verified")))
    (tmp_path / "recordings" / f"{attempt_id}.wav").unlink()
    case = await store.cases.case(await fixed(store, fixer))
    assert case.missing == (
        f"recording of {attempt_id}",
        f"consent to the recording of {attempt_id}",
        "a recording in which he is identified, told of the debt and given a date",
    )
    found = check_package(tmp_path / "packages" / case.package)
    assert found.manifest["flags"] == ["file_incomplete", "legal_evidence_missing"]


async def test_files_of_disputes_belong_to_it(
    store: SqliteStore, fixer: EvidenceFixer, tmp_path: Path
) -> None:
    opened = await store.disputes.open(NewDispute(BILL, "bill", "page", "r1", "too much"), NOW)
    assert opened is not None
    keeper = EvidenceFiles(tmp_path / "evidence", store.disputes)
    file = await keeper.add(opened.case_id, "a.pdf", b"%PDF-1.7 x", source="page", by="c", now=NOW)
    case = await store.cases.case(await fixed(store, fixer))
    with zipfile.ZipFile(tmp_path / "packages" / case.package) as package:
        assert package.read(f"evidence/{file.sha256}.pdf") == b"%PDF-1.7 x"
        assert b"too much" in package.read("disputes.json")


async def test_nothing_from_outside_the_folders_gets_into_a_package(
    store: SqliteStore, fixer: EvidenceFixer, tmp_path: Path
) -> None:
    (tmp_path / "secret.wav").write_bytes(b"secret")
    (attempt,) = await store.claim_due("c1", NOW, 1, allow, ids())
    await store.mark_dialled(attempt.attempt_id, NOW, allow)
    ended = outcome(attempt, "informed", answered_at=NOW, recording=str(tmp_path / "secret.wav"))
    await store.close_attempt(ended, enough, no_events)
    case = await store.cases.case(await fixed(store, fixer))
    assert f"recording of {attempt.attempt_id}" in case.missing


async def test_a_package_that_cannot_be_written_is_tried_again(
    store: SqliteStore, fixer: EvidenceFixer, tmp_path: Path
) -> None:
    (tmp_path / "packages").write_text("a file where the folder should be")
    assert await fixer.run(80, 10) == 0
    (case,) = await store.cases.cases()
    assert case.state is CaseState.WATCHING
    (tmp_path / "packages").unlink()
    assert await fixer.run(80, 10) == 1


async def test_whoever_has_the_case_is_the_only_one_to_call(store: SqliteStore, fixer: EvidenceFixer) -> None:
    before = await store.revision()
    case_id = await handed(store, fixer)
    assert await rule(store) is Rule.HANDED_OVER
    assert await store.revision() > before, "a ringing call is asked again"
    assert await store.claim_due("c1", NOW + 3 * DAY, 5, decide, ids()) != []
    plans = await store.customer_accounts("cust-1")
    assert plans[0].refused_by == "handed_over"
    for call in (store.set_flag, store.clear_flag):
        with pytest.raises(InputError, match="follows from a case"):
            await call("cust-1", Flag.HANDED_OVER, "me", NOW)
    await store.cases.progress(case_id, "filed with the court", "firm", NOW + 2 * DAY)
    assert await rule(store) is Rule.HANDED_OVER
    await store.cases.close(case_id, CaseOutcome.WITHDRAWN, Commission(), by="li", why="ours again", now=NOW)
    assert await rule(store) is Rule.ALLOWED
    assert len(await store.claim_due("c1", NOW + 3 * DAY, 5, decide, ids("again"))) == 1
    assert await events(store) == ["case.evidence_fixed", "case.handed_over", "case.closed"]


async def test_a_high_amount_needs_two_people_and_a_dispute_stops_it(
    store: SqliteStore, fixer: EvidenceFixer
) -> None:
    case_id = await fixed(store, fixer)

    async def hand(by: str, reviewed_by: str, high: str = "500.00") -> CaseState:
        record = await store.cases.hand_over(
            case_id,
            HandedTo.LAW_FIRM,
            "Right LLP",
            by=by,
            reviewed_by=reviewed_by,
            high_amount=Decimal(high),
            now=NOW,
        )
        return record.state

    with pytest.raises(WrongState, match="second person"):
        await hand("li", "")
    with pytest.raises(WrongState, match="nobody reviews"):
        await hand("li", "Li")
    opened = await store.disputes.open(NewDispute(BILL, "bill", "api", "r1"), NOW)
    assert opened is not None
    with pytest.raises(WrongState, match="disputed"):
        await hand("li", "wang")
    assert (await store.cases.case(case_id)).state is CaseState.EVIDENCE_FIXED


async def test_an_agency_gets_what_the_steps_say(store: SqliteStore, fixer: EvidenceFixer) -> None:
    case_id = await handed(store, fixer)
    await store.debts.post(paid("400.00"), NOW + 2 * DAY)
    closed = await store.cases.close(
        case_id, CaseOutcome.WRITTEN_OFF, Commission(), by="li", why="insolvent", now=NOW + 11 * DAY
    )
    assert (closed.recovered, closed.handed_amount) == (Decimal("400.00"), Decimal("568.32"))
    assert closed.commission == Decimal("73.88"), "13 % of 568.32: more than 70 % came in"
    assert closed.handled(NOW) == 10 * DAY
    figures = await store.cases.figures()
    assert figures.handling == 10 * DAY
    assert figures.outcomes == {CaseOutcome.WRITTEN_OFF: 1}
    assert figures.recovered_percent is not None
    assert round(figures.recovered_percent, 1) == Decimal("70.4")
    # What was written off is not opened again, however old it grows.
    await store.cases.open_due(80, NOW + 11 * DAY, 10)
    assert [each.case_id for each in await store.cases.cases(customer_id="cust-1")] == [case_id]


async def test_a_paid_case_ends_by_itself_and_a_law_firm_has_no_commission(
    store: SqliteStore, fixer: EvidenceFixer
) -> None:
    case_id = await handed(store, fixer, HandedTo.LAW_FIRM)
    assert await store.cases.close_paid(Commission(), NOW + DAY) == 0
    await store.debts.post(paid("568.32"), NOW + 2 * DAY)
    assert await store.cases.close_paid(Commission(), NOW + 3 * DAY) == 1
    case = await store.cases.case(case_id)
    assert (case.outcome, case.recovered, case.commission) == (
        CaseOutcome.RECOVERED,
        Decimal("568.32"),
        Decimal("0.00"),
    )


async def test_a_charge_back_after_the_end_is_a_case_of_its_own(
    store: SqliteStore, fixer: EvidenceFixer
) -> None:
    case_id = await fixed(store, fixer)
    await store.debts.post(paid("568.32"), NOW + DAY)
    await store.cases.close_paid(Commission(), NOW + DAY)
    back = replace(paid("568.32", "tx-2"), kind=EntryKind.REVERSAL, reverses="tx-1")
    await store.debts.post(back, NOW + 2 * DAY)
    again = await store.cases.open_due(80, NOW, 10)
    assert len(again) == 1
    assert again != [case_id]


async def test_an_overdue_bill_may_become_a_case_by_hand(store: SqliteStore) -> None:
    other = BillKey("cust-2", "acc-2", "b1")
    case_id = await store.cases.open(other, "li", NOW)
    assert await store.cases.open(other, "li", NOW) == case_id
    with pytest.raises(UnknownRecord):
        await store.cases.open(BillKey("x", "y", "z"), "li", NOW)
    with pytest.raises(WrongState):
        await store.cases.hand_over(
            case_id, HandedTo.AGENCY, "A", by="li", reviewed_by="", high_amount=HIGH, now=NOW
        )


async def test_the_day_is_the_one_where_the_customer_lives(store: SqliteStore) -> None:
    evening = NOW + timedelta(hours=15)  # in China it is the 24th already
    assert len(await store.cases.open_due(80, evening, 10)) == 2
    assert (await store.cases.case((await store.cases.cases())[0].case_id)).opened_day == 81


async def test_the_same_dossier_gives_the_same_package(
    store: SqliteStore, fixer: EvidenceFixer, tmp_path: Path
) -> None:
    await called(store, tmp_path)
    case_id = await fixed(store, fixer)
    first = await store.cases.case(case_id)
    (tmp_path / "packages" / first.package).unlink()
    again = await fixer.fix(case_id, "li")
    assert (again.package, again.package_sha256) == (first.package, first.package_sha256)
    assert check_package(tmp_path / "packages" / again.package).faults == ()
