"""``ari-app call show`` and ``attempts export --turns``: what was said, for people and programs, masked and harmless."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ari_app.cli.main import main
from ari_app.cli.turns_view import Mask, safe_json
from ari_app.domain.attempt import Turn, TurnTiming
from ari_app.store import SqliteStore
from tests.support.rules import decide
from tests.support.store_rows import NOW, account, campaign, no_events, talked, tomorrow

pytestmark = pytest.mark.fakes

TURNS = (
    Turn(
        "bot",
        "prompt",
        "This call is recorded. Am I speaking to Wang Xiaoming?",
        0.0,
        3.0,
        covers=("recording_notice",),
    ),
    Turn("customer", "speech", "yes call me on 138 0013 8000", 3.4, 3.8, 0.93, "pocketsphinx"),
    Turn(
        "bot",
        "prompt",
        "The last four digits, please.",
        4.1,
        5.0,
        interrupted=True,
        timing=TurnTiming(3.8, 4.0, 4.01, 4.02, 4.05),
    ),
    Turn("customer", "keys", "0007", 4.6, 5.2),
    Turn("customer", "speech", "a\x1b[2J\x9b31mred\u202egnirts\n[bold]x[/bold]", 6.0, 6.5, 0.5, "e\x07ngine"),
)


@dataclass
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def object(self) -> Any:
        return json.loads(self.out)


Run = Callable[..., Ended]


async def calls(database: Path) -> None:
    """Two closed calls and an open one."""
    names = iter(["att-1a2b", "att-1a3c", "att-77ff"])
    async with await SqliteStore.open(database) as store:
        await store.put_campaign(campaign())
        await store.load_accounts("c1", [account(n, name="Wang Xiaoming") for n in (1, 2, 3)], NOW)
        claimed = await store.claim_due("c1", NOW, 3, decide, lambda: next(names))
        for attempt in claimed[:2]:
            await store.mark_dialled(attempt.attempt_id, NOW, decide)
            end = replace(
                talked(attempt),
                turns=TURNS,
                talk_seconds=25.0,
                recording_started_at=NOW + timedelta(seconds=1.02),
                recording_seconds=20.0,
                recording_customer_s=3.0,
                recording_bot_s=0.0,
                facts={"recording_warnings": ["bot leg silent", "shorter than the call by 5.0 s"]},
                answer_verdict="human",
                verdict_s=0.93,
            )
            await store.close_attempt(end, tomorrow, no_events)


@pytest.fixture
def ari_app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs ``ari-app`` with three calls in its database; what it shows steers no terminal."""
    for name in list(os.environ):
        if name.upper().startswith("ARI_APP_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "ari-app.yaml").write_text("data_dir: data\n", encoding="utf-8")
    (tmp_path / "data").mkdir()
    asyncio.run(calls(tmp_path / "data" / "ari-app.sqlite3"))

    def run(*arguments: str) -> Ended:
        monkeypatch.setattr("sys.argv", ["ari-app", *arguments])
        code = 0
        try:
            main()
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else 1
        captured = capsys.readouterr()
        assert "Traceback" not in captured.err
        assert all(sign.isprintable() or sign == "\n" for sign in captured.out + captured.err)
        return Ended(code, captured.out, captured.err)

    return run


def test_a_call_is_shown_as_people_read_it(ari_app: Run) -> None:
    shown = ari_app("call", "show", "att-1a2b").out
    for words in (
        "cust-1  W*  ***01",
        "campaign      c1, attempt 1, caller ID +86108888000",
        "answered by   human, known after 930 ms",
        "promise_to_pay  SIP 200  Q.850 16",
        "promise       300.00 CNY by 2026-11-30",
        "replies       1, median 250 ms, longest 250 ms",
        "recorded from 2026-11-23 10:00:01.020 CST",
        "told of it    2026-11-23 10:00:01.000 CST, answer: yes call me on ***00",
        "bot 0.0 s of sound; bot leg silent; shorter than the call by 5.0 s",
        "[stopped by the customer]",
        "pocketsphinx",
        "0.93",
    ):
        assert words in shown
    line = next(line for line in shown.splitlines() if "last four digits" in line)
    assert line.startswith("4.10")
    assert line.rstrip().endswith("250 ms")
    ledger = shown.splitlines()[-1].split()
    assert ledger == ["4.10", "3.800", "s", "+200", "+210", "+220", "+250"]


def test_names_numbers_and_keyed_digits_are_masked_unless_asked(ari_app: Run) -> None:
    masked = ari_app("call", "show", "att-1a2b").out
    for secret in ("Wang", "Xiaoming", "138 0013", "0007", "+86138"):
        assert secret not in masked
    full = ari_app("call", "show", "att-1a2b", "--full").out
    for secret in ("Wang Xiaoming?", "138 0013 8000", "0007", "+8613800000001"):
        assert secret in full


def test_hostile_words_steer_no_terminal_and_no_markup(ari_app: Run) -> None:
    shown = ari_app("call", "show", "att-1a2b").out  # the fixture looks at every sign
    assert "[bold]x[/bold]" in shown
    as_json = ari_app("call", "show", "att-1a2b", "--json")
    assert as_json.object["turns"][-1]["text"] == TURNS[-1].text, "nothing of it is lost"
    assert as_json.object["turns"][-1]["engine"] == TURNS[-1].engine


def test_a_call_as_json_has_everything(ari_app: Run) -> None:
    found = ari_app("call", "show", "att-1a2b", "--json").object
    assert (found["attempt_id"], found["disposition"], found["open"]) == ("att-1a2b", "promise_to_pay", False)
    assert (found["phone"], found["name"]) == ("***01", "W*")
    assert found["recording_warnings"] == ["bot leg silent", "shorter than the call by 5.0 s"]
    assert found["recording_notice_answer"] == "yes call me on ***00"
    reply = found["turns"][2]
    assert (reply["interrupted"], reply["reply_ms"]) == (True, 250.0)
    assert reply["timing"]["on_wire_s"] == 4.05
    assert reply["stages_ms"] == {
        "final_text": 200.0,
        "decided": 210.0,
        "audio_sent": 220.0,
        "on_wire": 250.0,
    }
    full = ari_app("call", "show", "att-1a2b", "--json", "--full").object
    assert (full["phone"], full["turns"][3]["text"]) == ("+8613800000001", "0007")


def test_the_beginning_of_an_id_is_enough_when_it_fits_one(ari_app: Run) -> None:
    assert ari_app("call", "show", "att-7", "--json").object["attempt_id"] == "att-77ff"
    several = ari_app("call", "show", "att-1a")
    assert several.code == 1
    assert "fits several attempts" in several.err
    assert "att-1a2b, att-1a3c" in several.err


def test_an_id_that_begins_another_is_found_by_itself(ari_app: Run, tmp_path: Path) -> None:
    async def another() -> None:
        async with await SqliteStore.open(tmp_path / "data" / "ari-app.sqlite3") as store:
            await store.load_accounts("c1", [account(4)], NOW)
            await store.claim_due("c1", NOW, 1, decide, lambda: "att-77ff0")

    asyncio.run(another())
    assert ari_app("call", "show", "att-77ff", "--json").object["attempt_id"] == "att-77ff"


@pytest.mark.parametrize("wanted", ["att-1a4b", "att-77fe", "", "%", "\x1b[31m", "x" * 5000])
def test_an_unknown_call_is_told_with_those_that_are_near(ari_app: Run, wanted: str) -> None:
    ended = ari_app("call", "show", wanted)
    assert ended.code == 1
    assert "is no attempt" in ended.err or "fits several" in ended.err
    assert "att-" in ended.err
    assert len(ended.err) < 600


def test_the_nearest_id_is_named_first(ari_app: Run) -> None:
    assert "allowed: att-77ff" in ari_app("call", "show", "att-77fe").err


def test_a_call_in_progress_is_shown_as_far_as_it_is_known(ari_app: Run) -> None:
    shown = ari_app("call", "show", "att-77ff").out
    assert "in progress" in shown
    assert "no call left yet" in shown
    found = ari_app("call", "show", "att-77ff", "--json").object
    assert (found["open"], found["turns"], found["disposition"]) == (True, [], None)


# --------------------------------------------------------------------------------------------- export


def test_turns_are_exported_with_their_ledger(ari_app: Run, tmp_path: Path) -> None:
    lines = [json.loads(line) for line in ari_app("attempts", "export", "--turns").out.splitlines()]
    assert [line["attempt_id"] for line in lines] == ["att-1a2b", "att-1a3c", "att-77ff"]
    assert lines[0]["turns"][2]["timing"]["speech_ended_s"] == 3.8
    assert lines[0]["turns"][3]["text"] == "***"
    assert lines[2]["turns"] == []
    assert ari_app("attempts", "export", "--turns", "--full", "-o", "calls.jsonl").code == 0
    full = [json.loads(line) for line in (tmp_path / "calls.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [turn["text"] for turn in full[0]["turns"]] == [turn.text for turn in TURNS]
    assert (tmp_path / "calls.jsonl").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("options", [("--turns", "--format", "csv"), ("--full",)])
def test_options_that_do_not_go_together_are_refused(ari_app: Run, options: tuple[str, ...]) -> None:
    assert ari_app("attempts", "export", *options).code == 2


def test_the_list_masks_the_answer_to_the_notice(ari_app: Run) -> None:
    listed = ari_app("attempts", "list", "--json").object
    assert listed[0]["recording_notice_answer"] == "yes call me on ***00"


# --------------------------------------------------------------------------------------------- rules


@given(st.text(st.characters(exclude_categories=[])))
def test_json_is_printable_and_loses_nothing(text: str) -> None:
    shown = safe_json({"text": text})
    assert all(sign.isprintable() or sign == "\n" for sign in shown)
    back = json.loads(shown)["text"].encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")
    assert back == text.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")


@pytest.mark.parametrize(
    ("name", "said", "shown"),
    [
        ("王小明", "请问是王小明吗", "请问是王*吗"),
        ("Wang Xiaoming", "is that wang XIAOMING or Mr Wang?", "is that W* or Mr ***?"),
        ("An", "And an answer", "And A* answer"),
        ("", "nobody", "nobody"),
        ("A", "A man", "A man"),
    ],
)
def test_the_customers_name_is_masked(name: str, said: str, shown: str) -> None:
    assert Mask(name, full=False).text(said) == shown
    assert Mask(name, full=True).text(said) == said
