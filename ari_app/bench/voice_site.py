"""Real calls for the benchmarks of the voice: a site on loopback, a flow of the benchmark's own, a controller as a process.

The controller runs as in production (``ari-app serve``); this process plays the telephone network. What is measured is
read from the far-end recordings afterwards.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import sys
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import ari_app
from ari_app.app import open_store
from ari_app.config import Settings, load_settings
from ari_app.dialogue.understanding import INTENTS
from ari_app.domain.account import Account
from ari_app.domain.attempt import Turn
from ari_app.domain.campaign import Campaign, CampaignStrategy, DiallerSpec
from ari_app.domain.record import AttemptRecord
from ari_app.domain.windows import parse_window
from ari_app.errors import AriAppError
from ari_app.lab.persona import Persona, Step
from ari_app.lab.records import LabCall
from ari_app.lab.relay import LineFaults
from ari_app.lab.scenario import Scenario, parse_scenario
from ari_app.lab.tape_reading import Tape, read_tape
from ari_app.site import Site, local_site

Say = Callable[[str], None]
FLOW = "bench"
_LOOK_S = 0.25
_HOME = str(Path(ari_app.__file__).resolve().parent.parent)
_STOP_S = 20.0


class BenchFailed(AriAppError):
    """The calls of a benchmark could not be brought to their end."""


@dataclass(frozen=True, slots=True)
class BenchQuestion:
    """One question of a benchmark's flow; whatever is answered, the next one follows.

    ``hear`` names groups of phrases (``dialogue/grammar.py``); empty: those of the context.
    """

    context: str
    say: str
    hear: tuple[str, ...] = ()
    barge_in: bool = True
    no_input_s: float = 5.0


@dataclass(frozen=True, slots=True)
class Measured:
    """One finished call: as stored, and as the far end recorded it (``tape`` None: it recorded nothing)."""

    record: AttemptRecord
    turns: tuple[Turn, ...]
    call: LabCall
    tape: Tape | None


def flow_text(questions: Sequence[BenchQuestion]) -> str:
    """A flow file that asks the questions in order and ends (JSON is YAML)."""
    states: dict[str, object] = {}
    for number, question in enumerate(questions, start=1):
        following = f"q{number + 1}" if number < len(questions) else "end"
        retry = {"then": following}
        states[f"q{number}"] = {
            "say": {"en": [question.say]},
            **({"covers": ["opening", "recording_notice"]} if number == 1 else {}),
            "ask": {
                "context": question.context,
                "keys": {"1": "affirm"},
                "barge_in": question.barge_in,
                "no_input_s": question.no_input_s,
                "max_tries": 1,
                **({"hear": list(question.hear)} if question.hear else {}),
                "on": dict.fromkeys(sorted(INTENTS), following),
                "no_input": retry,
                "no_match": retry,
            },
        }
    states["end"] = {"say": {"en": ["Thank you. Goodbye."]}, "covers": ["closing"], "end": "not_verified"}
    document = {
        "flow": FLOW,
        "version": "1",
        "languages": ["en"],
        "start": "q1",
        "defaults": {"no_input": {"en": "I did not hear you."}, "no_match": {"en": "I did not get that."}},
        "states": states,
    }
    return json.dumps(document, indent=1)


def scenario_of(personas: Mapping[str, Sequence[Step] | Persona]) -> tuple[Scenario, dict[str, str]]:
    """A scenario with these personas (steps: an ordinary English one); the number of each by its name."""
    numbers = {name: f"+86138000010{place:02d}" for place, name in enumerate(personas, start=1)}
    base = parse_scenario(json.dumps({"region": "CN", "caller_ids": ["01055550100"]}), "bench")
    made = {
        name: given
        if isinstance(given, Persona)
        else Persona(name=name, language="en", ring=0.3, steps=tuple(given), patience=30.0)
        for name, given in personas.items()
    }
    scenario = replace(
        base,
        personas={**base.personas, **made},
        numbers={**base.numbers, **{number: name for name, number in numbers.items()}},
    )
    return scenario, numbers


@asynccontextmanager
async def voice_site(
    folder: Path,
    scenario: Scenario,
    questions: Sequence[BenchQuestion],
    settings: Mapping[str, object] | None = None,
    prompts: Mapping[str, bytes] | None = None,
    line: LineFaults | None = None,
) -> AsyncIterator[tuple[Site, Settings]]:
    """A site whose only flow asks ``questions``.

    ``prompts`` are recorded prompts (WAV) by id, ``line`` faults of the trunk (None: no relay in it).
    """
    plain = Settings().dialplan_dir
    dialplan = folder / "dialplan"
    shutil.copytree(plain, dialplan, ignore=shutil.ignore_patterns("flows", "prompts"))
    (dialplan / "flows").mkdir()
    (dialplan / "flows" / f"{FLOW}.yaml").write_text(flow_text(questions), encoding="utf-8")
    recorded = dialplan / "prompts" / "en"
    recorded.mkdir(parents=True)
    for name, wav in (prompts or {}).items():
        (recorded / f"{name}.wav").write_bytes(wav)
    async with local_site(folder, scenario, dialplan_dir=dialplan, settings=settings, line=line) as site:
        yield site, load_settings(site.config)


async def call_all(
    site: Site,
    settings: Settings,
    numbers: Mapping[str, str],
    *,
    concurrency: int,
    patience_s: float,
    say: Say,
) -> list[Measured]:
    """Call every number once, ``concurrency`` at a time, and read what came of it.

    :raises BenchFailed: the controller ended, or calls are not over within ``patience_s``.
    """
    async with controller(site) as process:
        await load(site, settings, FLOW, numbers, concurrency=concurrency)
        return await finished(site, settings, FLOW, patience_s=patience_s, process=process, say=say)


async def load(
    site: Site, settings: Settings, campaign_id: str, numbers: Mapping[str, str], *, concurrency: int
) -> None:
    """A campaign over these numbers (by customer), as a controller finds it."""
    campaign = Campaign(
        campaign_id,
        campaign_id,
        CampaignStrategy(windows=(parse_window("08:00-22:00"),), max_attempts=1, retry_hours=(0,), flow=FLOW),
        DiallerSpec("ai", concurrency, ("+861055550100",), 20.0),
    )
    accounts = [_account(name, number) for name, number in numbers.items()]
    async with open_store(settings) as store:
        await store.put_campaign(campaign)
        await store.load_accounts(campaign_id, accounts, site.clock.now())


async def finished(
    site: Site,
    settings: Settings,
    campaign_id: str,
    *,
    patience_s: float,
    process: asyncio.subprocess.Process,
    say: Say = lambda line: None,
) -> list[Measured]:
    """Wait until every account of a campaign was called, and read what came of the calls.

    :raises BenchFailed: the controller ended, or calls are not over within ``patience_s``.
    """
    async with open_store(settings) as store:
        count = (await store.campaign_count(campaign_id, site.clock.now())).accounts
        loop = asyncio.get_running_loop()
        deadline, told = loop.time() + patience_s, 0
        while True:
            records = await store.attempts(campaign_id)
            done = sum(record.disposition is not None for record in records)
            if done > told:
                say(f"{done} of {count} calls are over")
                told = done
            if done == count:
                break
            if process.returncode is not None:
                raise BenchFailed(f"the controller ended with status {process.returncode}: {_tail(site)}")
            if loop.time() > deadline:
                raise BenchFailed(
                    f"{count - done} calls were not over after {patience_s:.0f} s: {_tail(site)}"
                )
            await asyncio.sleep(_LOOK_S)
        turns = {record.attempt_id: tuple(await store.turns(record.attempt_id)) for record in records}
    calls = await _ended_calls(site, {record.phone for record in records})
    found: list[Measured] = []
    for record in records:
        call = calls.get(record.phone)
        if call is None:
            raise BenchFailed(f"the far end has no record of a call that ended as {record.disposition}")
        tape = None if call.recording is None else await asyncio.to_thread(read_tape, Path(call.recording))
        found.append(Measured(record, turns[record.attempt_id], call, tape))
    return found


async def _ended_calls(site: Site, numbers: set[str]) -> dict[str, LabCall]:
    """The far end's records by number; its last tape may still be on its way to the disk."""
    calls: dict[str, LabCall] = {}
    for _ in range(40):
        calls = {call.dialled: call for call in site.lab.records() if call.complete}
        if numbers <= calls.keys():
            break
        await asyncio.sleep(_LOOK_S)
    return calls


def _account(name: str, number: str) -> Account:
    return Account(
        name, f"A-{name}", f"B-{name}", "Kim", number, Decimal("100.00"), date(2026, 3, 1), language="en"
    )


@asynccontextmanager
async def controller(
    site: Site, environment: Mapping[str, str] | None = None, config: Path | None = None
) -> AsyncIterator[asyncio.subprocess.Process]:
    """``ari-app serve`` for a site, with further environment variables; ended in order with the context."""
    path = os.pathsep.join(part for part in (_HOME, os.environ.get("PYTHONPATH", "")) if part)
    with (site.folder / "serve.log").open("ab") as log:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "ari_app", "--config", str(config or site.config), "serve"),
            stdout=log,
            stderr=log,
            env={**os.environ, "PYTHONPATH": path, **(environment or {})},
        )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
        try:
            await asyncio.wait_for(process.wait(), _STOP_S)
        except TimeoutError:
            process.kill()
            await process.wait()


def _tail(site: Site) -> str:
    return (site.folder / "serve.log").read_text(encoding="utf-8", errors="replace")[-800:]
