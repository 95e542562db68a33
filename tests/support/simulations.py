"""Small simulations for tests, and the checker that an outsider would run over their files."""

from __future__ import annotations

import json
import runpy
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from ari_app.domain.campaign import DiallerSpec
from ari_app.domain.segment import Segment, Step, StepKind, parse_trigger
from ari_app.domain.strategy import Strategy
from ari_app.domain.windows import Window
from ari_app.services.disposition_file import read_dispositions
from ari_app.simulate.order import Order, on_pack
from tests.support.docs import ROOT
from tests.support.rules import shipped

PACKS = ("cn-consumer-finance", "cn-telecom", "cn-utilities", "us-reg-f")


def step(when: str, kind: StepKind = StepKind.CALL, **changes: Any) -> Step:
    """A step by its trigger."""
    return Step(f"{kind}-{when}", kind, parse_trigger(when), **changes)


#: A message at once, calls from the day after it on, and what follows a promise.
STEPS = (
    step("start", StepKind.MESSAGE),
    step("start+1d"),
    step("promise-1d", StepKind.MESSAGE),
    step("promise+1d", retry_hours=(0, 24)),
    step("start+12d", retry_hours=(0, 5, 30)),
)


def strategy(*segments: Segment, **changes: Any) -> Strategy:
    """A strategy for everybody, as greedy as its pack lets it be."""
    everybody = Segment("everybody", steps=STEPS, windows=(Window(9 * 60, 20 * 60),), max_attempts=20)
    return Strategy("greedy", "1", segments or (everybody,), **changes)


def order(pack: str = "cn-telecom", accounts: int = 60, **changes: Any) -> Order:
    """An order of a few accounts; two lines a shard, so that accounts wait for one."""
    fields: dict[str, Any] = {
        "strategy": strategy(),
        "book": shipped(),
        "table": table(),
        "accounts": accounts,
        "start": date(2026, 9, 21),
        "days": 30,
        "seed": 7,
        "lines": 4,
        "dialler": DiallerSpec(caller_id_pool=("+861065551234", "+861065551235")),
    }
    return on_pack(Order(**{**fields, **changes}), pack)


@cache
def table() -> Any:
    """The dispositions that ship."""
    return read_dispositions(ROOT / "dialplan" / "dispositions.yaml")


@cache
def checker() -> dict[str, Any]:
    """The names of ``scripts/check_simulation.py``, which imports nothing of the product."""
    return runpy.run_path(str(ROOT / "scripts" / "check_simulation.py"))


@cache
def pack_of(name: str, *, hard: bool = False) -> Any:
    """A rule pack as the checker reads it."""
    return checker()["Pack"](ROOT / "dialplan" / "rules" / f"{name}.yaml", frozenset(), hard)


def violations(folder: Path, pack: str, *, hard: bool = False) -> dict[str, int]:
    """What the checker finds in a folder, by kind."""
    findings, _, _ = checker()["check"](folder, pack_of(pack, hard=hard))
    return dict(findings.count)


def write_lines(folder: Path, name: str, lines: list[dict[str, object]]) -> None:
    """A file of a folder."""
    text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
    (folder / f"{name}.jsonl").write_text(text, encoding="utf-8")


def read_lines(folder: Path, name: str) -> list[dict[str, Any]]:
    """The lines of a file."""
    text = (folder / f"{name}.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]
