"""Caller IDs counted in the store: caps over all campaigns, cool-downs, marks, rests, and the commands for them."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from ari_app.cli.main import main
from ari_app.domain.caller_id import NumberRules
from ari_app.domain.compliance import Rule
from ari_app.store.sqlite_store import SqliteStore
from tests.support.clock import MONDAY_MORNING as NOW
from tests.support.store_rows import account, allow, campaign, enough, ids, no_events, outcome

pytestmark = pytest.mark.fakes

ONE, TWO = "+861065551111", "+861065552222"


def of_pool(name: str, *pool: str) -> object:
    return replace(campaign(name), dialler=replace(campaign(name).dialler, caller_id_pool=pool))


async def loaded(folder: Path, rules: dict[str, NumberRules], *names: str) -> SqliteStore:
    store = await SqliteStore.open(folder / "numbers.db")
    for place, name in enumerate(names or ("c1",)):
        await store.put_campaign(of_pool(name, ONE, TWO))  # type: ignore[arg-type]
        await store.load_accounts(name, [account(place * 100 + n) for n in range(8)], NOW)
    store.approve(rules)
    return store


async def test_the_calls_of_a_day_are_counted_over_all_campaigns(tmp_path: Path) -> None:
    rules = {ONE: NumberRules(per_day=3), TWO: NumberRules(per_day=4)}
    async with await loaded(tmp_path, rules, "c1", "c2") as store:
        new_id = ids()
        first = await store.claim_due("c1", NOW, 5, allow, new_id)
        for attempt in first:
            await store.mark_dialled(attempt.attempt_id, NOW, allow)
            await store.close_attempt(outcome(attempt), enough, no_events)
        second = await store.claim_due("c2", NOW, 8, allow, new_id)
        assert Counter(each.caller_id for each in (*first, *second)) == {ONE: 3, TWO: 4}
        (refusal,) = (each for each in await store.verdicts("cust-107") if not each.verdict.allowed)
        assert refusal.verdict.rule is Rule.NO_CALLER_ID
        assert refusal.verdict.until is not None
        tomorrow = NOW + timedelta(hours=25)
        assert len(await store.claim_due("c2", tomorrow, 8, allow, new_id)) == 5, "two are still in progress"


async def test_a_call_in_progress_counts_once_and_for_whole_24_hours(tmp_path: Path) -> None:
    async with await loaded(tmp_path, {ONE: NumberRules(per_day=3), TWO: NumberRules(per_day=0)}) as store:
        new_id, late = ids(), NOW + timedelta(minutes=55)
        (first,) = await store.claim_due("c1", late, 1, allow, new_id)
        await store.mark_dialled(first.attempt_id, late, allow)
        others = await store.claim_due("c1", late, 8, allow, new_id)
        assert len(others) == 2, "the one that talks has been counted with its dial"
        for each in others:
            await store.mark_dialled(each.attempt_id, late, allow)
        nearly = late + timedelta(hours=23, minutes=50)
        assert await store.claim_due("c1", nearly, 8, allow, new_id) == []
        assert len(await store.claim_due("c1", late + timedelta(hours=25), 8, allow, new_id)) == 3


async def test_a_number_cools_down_and_has_so_many_calls_at_one_time(tmp_path: Path) -> None:
    rules = {ONE: NumberRules(cool_down_s=60), TWO: NumberRules(max_concurrency=2)}
    async with await loaded(tmp_path, rules) as store:
        new_id = ids()
        found = await store.claim_due("c1", NOW, 8, allow, new_id)
        assert Counter(each.caller_id for each in found) == {ONE: 1, TWO: 2}
        later = NOW + timedelta(seconds=61)
        found = await store.claim_due("c1", later, 8, allow, new_id)
        assert [each.caller_id for each in found] == [ONE]


async def test_marked_and_resting_numbers_are_not_shown_and_answers_are_counted(tmp_path: Path) -> None:
    async with await loaded(tmp_path, {ONE: NumberRules(), TWO: NumberRules()}) as store:
        new_id = ids()
        await store.mark_caller_id(ONE, NOW, "a customer")
        (attempt,) = await store.claim_due("c1", NOW, 1, allow, new_id)
        assert attempt.caller_id == TWO
        await store.mark_dialled(attempt.attempt_id, NOW, allow)
        up = outcome(attempt, answered_at=NOW + timedelta(seconds=1))
        await store.close_attempt(up, enough, no_events)
        await store.rest_caller_id(TWO, NOW + timedelta(hours=1), "few answers")
        assert await store.claim_due("c1", NOW, 1, allow, new_id) == []
        states = {each.number: each for each in await store.caller_id_states([ONE, TWO], NOW)}
        assert (states[TWO].use.dials, states[TWO].use.answered) == (1, 1)
        assert states[ONE].mark_source == "a customer"
        await store.mark_caller_id(ONE, None, "")
        await store.test_caller_id(ONE, NOW, False)
        assert (await store.caller_id_states([ONE], NOW))[0].use.test_failed


async def test_a_number_that_is_marked_while_a_call_is_prepared_is_not_shown_either(tmp_path: Path) -> None:
    async with await loaded(tmp_path, {ONE: NumberRules()}) as store:
        first, second = await store.claim_due("c1", NOW, 2, allow, ids())
        await store.mark_caller_id(ONE, NOW, "a customer")
        verdict = await store.mark_dialled(first.attempt_id, NOW, allow)
        assert (verdict.allowed, verdict.rule) == (False, Rule.NO_CALLER_ID)
        await store.mark_caller_id(ONE, None, "")
        assert (await store.mark_dialled(second.attempt_id, NOW, allow)).allowed


async def test_who_was_refused_for_want_of_a_number_is_called_once_there_is_one(tmp_path: Path) -> None:
    async with await loaded(tmp_path, {ONE: NumberRules(), TWO: NumberRules()}) as store:
        new_id = ids()
        for number in (ONE, TWO):
            await store.mark_caller_id(number, NOW, "a customer")
        assert await store.claim_due("c1", NOW, 9, allow, new_id) == []
        await store.mark_caller_id(ONE, None, "")
        assert len(await store.claim_due("c1", NOW, 2, allow, new_id)) == 2
        await store.rest_caller_id(ONE, NOW + timedelta(days=30), "few answers")
        assert await store.claim_due("c1", NOW, 9, allow, new_id) == []
        await store.rest_caller_id(ONE, None, "")
        assert len(await store.claim_due("c1", NOW, 2, allow, new_id)) == 2
        await store.test_caller_id(ONE, NOW, passed=False)
        assert await store.claim_due("c1", NOW, 9, allow, new_id) == []
        await store.test_caller_id(ONE, NOW, passed=True)
        assert len(await store.claim_due("c1", NOW, 9, allow, new_id)) == 4


async def test_a_number_that_is_not_approved_is_never_shown(tmp_path: Path) -> None:
    async with await loaded(tmp_path, {"+861065559999": NumberRules()}) as store:
        assert await store.claim_due("c1", NOW, 8, allow, ids()) == []


def test_the_commands_list_check_mark_and_rest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    approved = [{"number": ONE, "per_day": 100}, {"number": TWO}]
    (tmp_path / "ari-app.yaml").write_text(json.dumps({"data_dir": "data", "caller_ids": approved}))

    def run(*arguments: str) -> tuple[int, str]:
        monkeypatch.setattr("sys.argv", ["ari-app", "caller-ids", *arguments])
        code = 0
        try:
            main()
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else 1
        return code, capsys.readouterr().out

    assert run("check")[0] == 0
    assert run("mark", "010-65551111", "--source", "a customer")[0] == 0
    assert run("rest", TWO, "--hours", "5", "--reason", "few answers")[0] == 0
    assert run("mark", TWO, "--test", "failed")[0] == 0
    code, printed = run("list", "--json")
    listed = {each["caller_id"]: each for each in json.loads(printed)}
    assert code == 0
    assert listed[ONE]["now"] == "marked as spam (a customer)"
    assert listed[TWO]["test_failed"]
    assert listed[TWO]["rests_until"] is not None
    assert "marked as spam" in run("list")[1]
    assert run("mark", ONE, "--clear")[0] == 0
    assert run("rest", TWO, "--hours", "0")[0] == 0
    assert run("mark", "12", "--json")[0] != 0
    assert run("mark", ONE, "--test", "perhaps")[0] != 0
