"""What hostile or clumsy people give to the command line: one clear message each, nothing lost, nothing dialled."""

from __future__ import annotations

import json
import os
import shlex
import socket
import subprocess
import sys
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ari_app.cli.main import main
from tests.support.docs import ROOT
from tests.support.lists import a_row, csv_bytes

pytestmark = pytest.mark.fakes

REQUEST: dict[str, Any] = {
    "name": "winter",
    "strategy": {"window": ["09:00-12:00"], "maxAttempts": 2, "retryHours": [0, 24]},
    "dialer": {"callerIdPool": ["010-65551234"]},
    "list": [],
}


@dataclass
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str


Run = Callable[..., Ended]


@pytest.fixture
def ari_app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs ``ari-app`` with a database of its own; no error is a traceback or holds a control character."""
    for name in list(os.environ):
        if name.upper().startswith("ARI_APP_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "ari-app.yaml").write_text("data_dir: data\n", encoding="utf-8")

    def run(*arguments: str) -> Ended:
        monkeypatch.setattr(sys, "argv", ["ari-app", *arguments])
        code = 0
        try:
            main()
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else 1
        captured = capsys.readouterr()
        for text in (captured.out, captured.err):
            assert "Traceback" not in text
            assert all(sign == "\n" or sign.isprintable() for sign in text), text
        return Ended(code, captured.out, captured.err)

    return run


def request(path: Path, **changes: object) -> str:
    path.write_text(json.dumps(deepcopy(REQUEST) | changes), encoding="utf-8")
    return str(path)


def accounts(ari_app: Run) -> int:
    return sum(each["accounts"] for each in json.loads(ari_app("campaign", "list", "--json").out))


@pytest.mark.parametrize(
    "phone",
    [
        "123&Local/9@x",
        "../x",
        "138\n00138000",
        "13800138000\r\nX-Evil: 1",
        "1" * 10_000,
        "13800138000@evil",
        "13800138000;phone-context=+86",
        "${SHELL(id)}",
        "13800138000\x00",
        "110",
        "",
    ],
)
def test_no_such_number_reaches_the_database(ari_app: Run, tmp_path: Path, phone: str) -> None:
    ended = ari_app("campaign", "create", request(tmp_path / "t.json", list=[a_row(1, phone=phone)]))
    assert ended.code == 1
    assert "list[0]: phone: " in ended.err
    assert len(ended.err) < 300
    assert accounts(ari_app) == 0


@pytest.mark.parametrize("field", ["customerId", "accountId", "billId", "name"])
@pytest.mark.parametrize("text", ["a\r\nX-Evil: 1", "\x1b[31mx", "\u202ex", "a\u2028b", "x" * 10_000])
def test_no_line_end_or_control_character_in_ids_and_names(
    ari_app: Run, tmp_path: Path, field: str, text: str
) -> None:
    ended = ari_app("campaign", "create", request(tmp_path / "t.json", list=[a_row(1, **{field: text})]))
    assert ended.code == 1
    assert f"list[0]: {field}: " in ended.err
    assert accounts(ari_app) == 0


def test_an_id_that_looks_like_a_path_is_only_text(ari_app: Run, tmp_path: Path) -> None:
    hostile = ["../../etc/passwd", "c/..%00", "~root", "C';DROP TABLE account;--", "[bold]x[/bold]"]
    rows = [a_row(number, customerId=text) for number, text in enumerate(hostile)]
    assert ari_app("campaign", "create", request(tmp_path / "t.json", list=rows), "--id", "c").code == 0
    for text in hostile:
        assert text in ari_app("explain", text).out
    assert accounts(ari_app) == len(hostile)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"name": "a", "name": "b"}', "stands twice"),
        ('{"strategy": {"minAmount": NaN}}', "NaN is not a number"),
        ("[" * 1_000_000, "nested too deeply"),
        (json.dumps(REQUEST).replace("09:00-12:00", "25:00-26:00"), "25:00 is not a time of day"),
        (json.dumps(REQUEST).replace("[0, 24]", "[0, 1e400]"), "is not a plan of attempts"),
        (json.dumps(REQUEST | {"extra": 1}), "extra: is not a known key"),
        (json.dumps(REQUEST | {"dialer": []}), "dialer: "),
    ],
)
def test_a_request_with_a_fault_stores_nothing(
    ari_app: Run, tmp_path: Path, text: str, expected: str
) -> None:
    (tmp_path / "t.json").write_text(text, encoding="utf-8")
    ended = ari_app("campaign", "create", "t.json")
    assert ended.code == 1
    assert expected in ended.err
    assert ari_app("campaign", "list", "--json").out.strip() == "[]"


def test_a_gbk_list_loads_and_a_mixed_one_spoils_no_name(ari_app: Run, tmp_path: Path) -> None:
    assert ari_app("campaign", "create", request(tmp_path / "t.json"), "--id", "c").code == 0
    rows = [a_row(1), a_row(2), a_row(3)]
    (tmp_path / "gbk.csv").write_bytes(csv_bytes(rows, "gbk"))
    assert "3 added" in ari_app("import", "gbk.csv", "--campaign", "c").out
    mixed = csv_bytes(rows) + csv_bytes([a_row(9)], "gbk").split(b"\n", 1)[1]
    (tmp_path / "mixed.csv").write_bytes(mixed)
    ended = ari_app("import", "mixed.csv", "--campaign", "c")
    assert ended.code == 1
    assert "mixed.csv:5: not UTF-8 text" in ended.err
    (tmp_path / "again.csv").write_bytes(csv_bytes(rows))
    assert "3 unchanged" in ari_app("import", "again.csv", "--campaign", "c").out


def test_an_error_quotes_no_escape_sequence_and_no_endless_text(ari_app: Run) -> None:
    ended = ari_app("explain", "\x1b]0;owned\x07x" + "y" * 100_000)
    assert ended.code == 1
    assert "is in no campaign" in ended.err or ended.err.endswith(" ...\n")
    assert len(ended.err) < 3000


@pytest.mark.parametrize("text", ["", "c\n1", "\x1b[31m", "x" * 65])
def test_the_do_not_contact_list_takes_only_what_a_list_could_hold(ari_app: Run, text: str) -> None:
    for arguments in ([text], ["--customer", text]):
        ended = ari_app("dnc", "add", *arguments)
        assert ended.code == 1
        assert "command line: contact" in ended.err
    assert ari_app("dnc", "list", "--json").out.strip() == "[]"


@pytest.mark.parametrize("place", ["\udcff\udcfe", "a\x1bb", "a\nb"])
def test_a_data_folder_that_is_no_text(ari_app: Run, monkeypatch: pytest.MonkeyPatch, place: str) -> None:
    monkeypatch.setenv("ARI_APP_DATA_DIR", place)
    ended = ari_app("campaign", "list")
    assert ended.code == 2
    assert "ARI_APP_DATA_DIR: data_dir: holds control characters" in ended.err


def test_a_data_folder_that_is_a_file(ari_app: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ARI_APP_DATA_DIR", str(tmp_path / "ari-app.yaml"))
    ended = ari_app("campaign", "list")
    assert ended.code == 2
    assert "is a file, not a folder" in ended.err


def test_serving_without_asterisk_is_one_message(ari_app: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, never listening: every connection is refused
        monkeypatch.setenv("ARI_APP_ARI__URL", f"http://127.0.0.1:{taken.getsockname()[1]}")
        monkeypatch.setenv("ARI_APP_ARI__PASSWORD", "x")
        ended = ari_app("serve", "--patience", "0")
    assert ended.code == 1
    assert "no Asterisk at http://127.0.0.1:" in ended.err


@pytest.mark.parametrize("stream", ["<&-", ">&-", "2>&-"])
def test_a_closed_stream_spoils_nothing(tmp_path: Path, stream: str) -> None:
    """A later file must not take the place of a stream: what is printed would be written into it."""
    environment = {name: text for name, text in os.environ.items() if not name.startswith("ARI_APP_")}
    environment |= {"ARI_APP_DATA_DIR": str(tmp_path / "data"), "PYTHONPATH": str(ROOT)}
    command = f"{shlex.quote(sys.executable)} -m ari_app campaign list --json {stream}"
    for _ in range(2):
        ended = subprocess.run(  # a fixed command
            command, shell=True, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )
        assert (ended.returncode, ended.stderr) == (0, "")
