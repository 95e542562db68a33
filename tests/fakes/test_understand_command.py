"""``ari-app understand``: lines in, meanings out, in order; and labelled files scored."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from ari_app.cli import app
from ari_app.errors import InputError

pytestmark = pytest.mark.fakes

SAID: tuple[dict[str, Any], ...] = (
    {"id": "a", "text": "后天先交三百剩下的下个月五号交", "context": "ask_when"},
    {"id": 7, "text": "微信和支付宝哪个方便", "context": "inform", "speaker": "customer"},
    {"id": "c", "text": "", "context": "opening"},
    {"id": "d", "text": "分三期", "context": "ask_plan"},
    {"id": "e", "text": "老爷子上个月走了", "context": "opening"},
)
MEANT: tuple[dict[str, Any], ...] = (
    {
        "id": "a",
        "intent": "promise_to_pay",
        "also": [],
        "slots": {"amount": "300.00", "date": ["2026-03-13", "2026-04-05"]},
    },
    {"id": "7", "intent": "ask_payment_method", "also": [], "slots": {"channel": ["wechatpay", "alipay"]}},
    {"id": "c", "intent": "silence_noise", "also": [], "slots": {}},
    {"id": "d", "intent": "request_installment", "also": [], "slots": {"periods": 3}},
    {"id": "e", "intent": "third_party", "also": [], "slots": {}},
)


def write(path: Path, *lines: object) -> Path:
    path.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines), encoding="utf-8")
    return path


def ran(*arguments: str, typed: str | None = None) -> str:
    result = CliRunner().invoke(app, ["understand", *arguments], input=typed)
    if isinstance(result.exception, InputError):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.stdout


def test_each_line_in_is_a_line_out(tmp_path: Path) -> None:
    out = tmp_path / "meant.jsonl"
    ran(
        "--lang",
        "zh",
        "--now",
        "2026-03-11T10:30",
        "--in",
        str(write(tmp_path / "said.jsonl", *SAID)),
        "--out",
        str(out),
    )
    found = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    for line in found:
        assert 0.0 <= line.pop("confidence") <= 1.0
    assert found == list(MEANT)


def test_standard_input_and_output_serve_too() -> None:
    told = ran(
        "--lang",
        "en",
        "--finer",
        typed=json.dumps({"id": "1", "text": "say that again", "context": "opening"}) + "\n",
    )
    assert json.loads(told)["finer"] == "repeat"


def test_the_reference_time_moves_the_dates(tmp_path: Path) -> None:
    said = write(tmp_path / "said.jsonl", {"id": "1", "text": "tomorrow", "context": "ask_when"})
    for now, day in (("2026-12-31T10:00", "2027-01-01"), ("2026-12-31T20:00+00:00", "2027-01-01")):
        assert json.loads(ran("--lang", "en", "--now", now, "--in", str(said)))["slots"]["date"] == day


@pytest.mark.parametrize(
    ("lines", "where"),
    [
        ('{"id": "1", "text": "x"}\n{broken\n', ":2"),
        ('[1]\n{"id": "1", "text": 5}\n', ":2: text"),
        ('{"text": "x"}\n', ":1: id"),
        ('{"id": "1", "text": "x", "context": "chat"}\n', ":1: context"),
        ('{"id": "1", "text": "' + "x" * 30_000 + '"}\n', ":1"),
    ],
)
def test_a_faulty_line_is_told_and_nothing_is_written(tmp_path: Path, lines: str, where: str) -> None:
    said, out = tmp_path / "said.jsonl", tmp_path / "meant.jsonl"
    said.write_text(lines, encoding="utf-8")
    with pytest.raises(InputError, match=f"said.jsonl{where}"):
        ran("--lang", "zh", "--in", str(said), "--out", str(out))
    assert not out.exists()


def test_a_file_is_scored(tmp_path: Path) -> None:
    labelled = [
        {**said, **meant, "context": said["context"]} for said, meant in zip(SAID, MEANT, strict=True)
    ]
    labelled[1] = {**labelled[1], "intent": "affirm"}
    labelled[3] = {**labelled[3], "slots": {"periods": 6}}
    path = write(tmp_path / "zh.mine.jsonl", *labelled)
    (report,) = json.loads(ran("--score", str(path), "--json"))
    assert (report["utterances"], report["accuracy"], report["language"]) == (5, 0.8, "zh")
    assert report["slots"]["periods"] == {"carried": 1, "exact": 0.0, "invented": 0}
    assert report["slots"]["date"] == {"carried": 1, "exact": 1.0, "invented": 0}
    assert [one["id"] for one in report["failures"]] == ["7", "d"]
    told = ran("--score", str(path), "--failures")
    assert "affirm taken for ask_payment_method: 1" in told
    assert "macro-F1 0.800" in told


def test_a_label_that_does_not_exist_is_told(tmp_path: Path) -> None:
    path = write(tmp_path / "zh.mine.jsonl", {"id": "1", "text": "x", "intent": "afirm"})
    with pytest.raises(InputError, match="afirm"):
        ran("--score", str(path))


@pytest.mark.parametrize("wrong", [("--lang", "fr"), (), ("--lang", "zh", "--now", "soon")])
def test_what_cannot_be_used_is_told(wrong: tuple[str, ...]) -> None:
    result = CliRunner().invoke(app, ["understand", *wrong], input="")
    assert result.exit_code == 2
