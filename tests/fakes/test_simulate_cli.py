"""``ari-app simulate``: files, report, comparison, lists, and folders that are never half written."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from ari_app.cli.main import main
from ari_app.errors import AriAppError
from ari_app.simulate import report
from ari_app.simulate.folder import whole_folder
from ari_app.simulate.report import counted
from ari_app.simulate.run import simulate
from tests.support.docs import ROOT
from tests.support.lists import a_row
from tests.support.simulations import order, read_lines, violations

pytestmark = pytest.mark.fakes

Run = Callable[..., tuple[int, str, str]]
ASKED = ("simulate", "--strategy", "telecom-overdue", "--days", "9", "--workers", "1")


@pytest.fixture
def no_plots(monkeypatch: pytest.MonkeyPatch) -> None:
    """Drawing takes longer than simulating: one test looks at plots, the others at the rest."""
    plots = dict.fromkeys(report.PLOTS, ("a plot", b"png"))
    monkeypatch.setattr(report, "plots_of", lambda found: plots)


@pytest.fixture
def ari_app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs ``ari-app`` in a folder of its own, with the dialplan that ships."""
    monkeypatch.chdir(tmp_path)
    settings = {"data_dir": "data", "dialplan_dir": str(ROOT / "dialplan")}
    (tmp_path / "ari-app.yaml").write_text(json.dumps(settings), encoding="utf-8")

    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["ari-app", *arguments])
        code = 0
        try:
            main()
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else 1
        captured = capsys.readouterr()
        assert "Traceback" not in captured.err
        return code, captured.out, captured.err

    return run


def test_a_simulation_leaves_files_and_a_report(ari_app: Run, tmp_path: Path) -> None:
    code, out, _ = ari_app(*ASKED, "--accounts", "40", "--out", "trial")
    assert code == 0
    assert "recovery rate" in out
    folder = tmp_path / "trial"
    pictures = {path.stem for path in folder.glob("*.png")}
    assert {"funnel", "hours", "refusals", "workload", "agents", "recovered", "cost"} <= pictures
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert page.count("data:image/png;base64,") == len(pictures)
    assert "://" not in page  # nothing is fetched from elsewhere
    summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    assert summary["figures"]["accounts"] == 40
    assert {each["strategy"] for each in read_lines(folder, "contacts")} == {"telecom-overdue/2026.1"}
    assert violations(folder, "cn-telecom", hard=True) == {}
    assert not (tmp_path / "data").exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["ari-app.yaml", "trial"]


@pytest.mark.usefixtures("no_plots")
def test_a_folder_is_replaced_only_when_asked(ari_app: Run, tmp_path: Path) -> None:
    old = tmp_path / "trial"
    old.mkdir()
    (old / "report.html").write_text("old", encoding="utf-8")
    code, _, err = ari_app(*ASKED, "--accounts", "4", "--out", "trial")
    assert code == 1
    assert "--force" in err
    assert (old / "report.html").read_text(encoding="utf-8") == "old"
    assert ari_app(*ASKED, "--accounts", "4", "--out", "trial", "--force")[0] == 0
    assert len(read_lines(old, "accounts")) == 4
    assert sorted(path.name for path in tmp_path.iterdir()) == ["ari-app.yaml", "trial"]


def test_a_folder_of_something_else_is_never_replaced(ari_app: Run, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("dear", encoding="utf-8")
    code, _, err = ari_app(*ASKED, "--accounts", "3", "--out", "mine", "--force")
    assert code == 1
    assert "not the folder of a simulation" in err
    assert (tmp_path / "mine" / "letter.txt").is_file()


def test_what_breaks_off_leaves_nothing(tmp_path: Path) -> None:
    def breaks_off() -> None:
        with whole_folder(tmp_path / "out", force=False) as folder:
            (folder / "half.jsonl").write_text("x", encoding="utf-8")
            raise AriAppError("broke off")

    with pytest.raises(AriAppError):
        breaks_off()
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_replaced_stays(tmp_path: Path) -> None:
    old = tmp_path / "out"
    old.mkdir()
    (old / "report.html").write_text("old", encoding="utf-8")

    def is_lost() -> None:
        with whole_folder(old, force=True) as folder:
            folder.rmdir()

    with pytest.raises(AriAppError, match="cannot be written"):
        is_lost()
    assert (old / "report.html").read_text(encoding="utf-8") == "old"
    assert list(tmp_path.iterdir()) == [old]


def test_a_report_of_two_tells_what_only_the_second_has_counted() -> None:
    two = [{"dispositions": {"busy": 3}}, {"dispositions": {"busy": 1, "informed": 9}}]
    assert counted(two, "dispositions") == [("busy", [3, 1]), ("informed", [0, 9])]


def test_two_strategies_of_two_countries_are_not_compared(ari_app: Run, tmp_path: Path) -> None:
    draft = tmp_path / "draft.yaml"
    text = (ROOT / "dialplan" / "strategies" / "landlord.yaml").read_text(encoding="utf-8")
    draft.write_text(
        text.replace("strategy: landlord", "strategy: draft").replace("cn-utilities", "us-reg-f"),
        encoding="utf-8",
    )
    code, _, err = ari_app(*ASKED, "--compare", str(draft), "--accounts", "8", "--out", "both")
    assert code == 1
    assert "another country" in err, err


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_to_end_leaves_nothing_either(tmp_path: Path, number: signal.Signals) -> None:
    def is_told_to_end() -> None:
        with whole_folder(tmp_path / "out", force=False) as folder:
            (folder / "half.jsonl").write_text("x", encoding="utf-8")
            signal.raise_signal(number)
            raise AssertionError("went on")

    # Under nohup the signal would be ignored, and rightly so.
    before = signal.signal(number, signal.SIG_DFL)
    try:
        with pytest.raises(SystemExit) as ended:
            is_told_to_end()
        assert signal.getsignal(number) == signal.SIG_DFL
    finally:
        signal.signal(number, before)
    assert ended.value.code == 128 + number
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("no_plots")
def test_two_strategies_beside_each_other(ari_app: Run, tmp_path: Path) -> None:
    draft = tmp_path / "draft.yaml"
    text = (ROOT / "dialplan" / "strategies" / "telecom-overdue.yaml").read_text(encoding="utf-8")
    draft.write_text(text.replace("strategy: telecom-overdue", "strategy: draft", 1), encoding="utf-8")
    code, out, _ = ari_app(*ASKED, "--compare", str(draft), "--accounts", "8", "--out", "both")
    assert code == 0
    assert "difference" in out
    one, other = tmp_path / "both" / "1-telecom-overdue-2026.1", tmp_path / "both" / "2-draft-2026.1"
    assert read_lines(one, "accounts") == read_lines(other, "accounts")
    page = (tmp_path / "both" / "report.html").read_text(encoding="utf-8")
    assert "telecom-overdue 2026.1" in page
    assert "draft 2026.1" in page


@pytest.mark.usefixtures("no_plots")
def test_a_list_of_ones_own(ari_app: Run, tmp_path: Path) -> None:
    rows = [a_row(number) for number in range(1, 6)]
    (tmp_path / "list.json").write_text(json.dumps(rows), encoding="utf-8")
    code, _, _ = ari_app(*ASKED, "--accounts", "list.json", "--out", "mine")
    assert code == 0
    found = {each["account_id"] for each in read_lines(tmp_path / "mine", "accounts")}
    assert found == {str(row["accountId"]) for row in rows}


@pytest.mark.usefixtures("no_plots")
def test_another_pack_brings_its_country(ari_app: Run, tmp_path: Path) -> None:
    code, _, _ = ari_app(*ASKED, "--rule-pack", "us-reg-f", "--accounts", "30", "--out", "usa")
    assert code == 0
    assert all(each["phones"][0].startswith("+1") for each in read_lines(tmp_path / "usa", "accounts"))
    assert violations(tmp_path / "usa", "us-reg-f", hard=True) == {}


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (("--strategy", "telekom"), "telekom"),
        (("--rule-pack", "cn-bank"), "cn-bank"),
        (("--accounts", "0"), "--accounts"),
        (("--accounts", "nolist.csv"), "--accounts"),
        (("--from", "soon"), "--from"),
        (("--from", "2031-01-06"), "not confirmed"),
        (("--days", "0"), "--days"),
    ],
)
def test_what_cannot_be_simulated_is_told(
    ari_app: Run, tmp_path: Path, more: tuple[str, str], told: str
) -> None:
    code, _, err = ari_app(*ASKED, "--accounts", "3", "--out", "trial", *more)
    assert code in (1, 2)
    assert told in err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["ari-app.yaml"]


def test_the_number_of_processes_changes_nothing(tmp_path: Path) -> None:
    asked = replace(order(accounts=24, days=6), lines=3)
    digests = []
    for workers in (1, 2):
        folder = tmp_path / str(workers)
        folder.mkdir()
        shares: list[float] = []
        digests.append(simulate(asked, folder, workers, shares.append).digests)
        assert shares[-1] == 1.0
        assert shares == sorted(shares)
        assert len(list(folder.iterdir())) == 4
    assert digests[0] == digests[1]
