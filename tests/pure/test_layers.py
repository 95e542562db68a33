"""The house plan holds: imports run one way, pure rooms are pure, no module grows without end."""

from __future__ import annotations

from pathlib import Path

import pytest
from importlinter import cli as import_linter

from tests.support.purity import ROOMS, Room, purity_faults, room_faults

pytestmark = pytest.mark.pure

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "ari_app"
DOMAIN = next(room for room in ROOMS if room.folder == "domain")
VOICE = next(room for room in ROOMS if room.folder == "voice")

#: A module has about 120 to 200 lines; none has more than this.
MOST_LINES = 600


def test_imports_run_one_way(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    verdict = import_linter.lint_imports(config_filename=str(ROOT / "pyproject.toml"), no_cache=True)
    assert verdict == import_linter.EXIT_STATUS_SUCCESS, capsys.readouterr().out


@pytest.mark.parametrize("room", ROOMS, ids=lambda room: room.folder)
def test_a_pure_room_is_pure(room: Room) -> None:
    assert (PACKAGE / room.folder).is_dir()
    assert room_faults(room, PACKAGE) == []


@pytest.mark.parametrize(
    ("source", "fault"),
    [
        ("import asyncio", "no clock, chance"),
        ("from time import monotonic", "no clock, chance"),
        ("import random", "no clock, chance"),
        ("import logging", "no clock, chance"),
        ("import structlog", "standard library only"),
        ("import numpy", "standard library only"),
        ("from ari_app.services import dialler", "may use ari_app.domain"),
        ("from . import account", "may use ari_app.domain"),
        ("def f():\n    import sqlite3", "no clock, chance"),
        ("from datetime import datetime\nx = datetime.now()", "time is an argument"),
        ("import datetime as d\nx = d.date.today()", "time is an argument"),
        ("from datetime import UTC, datetime\nx = datetime.now(UTC)", "time is an argument"),
        ("async def f(): pass", "no concurrency"),
        ("open('x')", "calls open()"),
        ("print('x')", "calls print()"),
        ("def f():\n    global x\n    x = 1", "keeps no state"),
    ],
)
def test_a_breach_is_found(source: str, fault: str) -> None:
    assert any(fault in line for line in purity_faults(DOMAIN, source, "x.py"))


@pytest.mark.parametrize(
    "source",
    [
        "from __future__ import annotations",
        "from datetime import datetime, UTC\nx = datetime(2026, 1, 1, tzinfo=UTC)",
        "from ari_app.domain.account import Account",
        "from ari_app.errors import InputError",
        "def f(now): return now",
        "window.open(3)",
    ],
)
def test_what_is_pure_is_let_be(source: str) -> None:
    assert purity_faults(DOMAIN, source, "x.py") == []


def test_voice_may_count_with_numpy() -> None:
    assert purity_faults(VOICE, "import numpy as np\nimport webrtcvad", "x.py") == []
    assert purity_faults(VOICE, "from ari_app.dialogue.flow import step", "x.py") != []


def test_no_module_grows_without_end() -> None:
    lengths = {
        str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines())
        for folder in (PACKAGE, ROOT / "tests")
        for path in folder.rglob("*.py")
    }
    assert {path: lines for path, lines in lengths.items() if lines > MOST_LINES} == {}


def test_every_folder_of_modules_is_a_package() -> None:
    """A folder without ``__init__.py`` would escape the layer contract and the wheel."""
    folders = {path.parent for path in PACKAGE.rglob("*.py")}
    assert [str(folder) for folder in sorted(folders) if not (folder / "__init__.py").exists()] == []
