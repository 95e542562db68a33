"""``ari-app score``: from a history to a model, and from a model to accounts, warnings and reasons."""

from __future__ import annotations

import csv
import json
import shutil
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from ari_app.cli.main import main
from tests.support.docs import ROOT
from tests.support.lists import a_row

pytestmark = pytest.mark.fakes

MODEL = "models/small-2026-10.json"
#: Bills of November fall due three days later.
AT = "2026-11-17T10:00+08:00"

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def learned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a small history and the model that was learned from it, once for all tests."""
    folder = tmp_path_factory.mktemp("score")
    settings_in(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for arguments in (
            ("example", "--out", "history.csv", "--accounts", "60", "--months", "10"),
            ("train", "--history", "history.csv", "--out", MODEL),
        ):
            patch.setattr("sys.argv", ["ari-app", "score", *arguments])
            main_without_exit()
    return folder


def settings_in(folder: Path) -> None:
    """Settings for a database of its own, the shipped rules, and the time ``AT``."""
    lab = {"clock_start": AT, "clock_origin": datetime.now(UTC).isoformat()}
    settings = {"data_dir": "data", "dialplan_dir": str(ROOT / "dialplan"), "lab": lab}
    (folder / "ari-app.yaml").write_text(json.dumps(settings), encoding="utf-8")


def main_without_exit() -> int:
    try:
        main()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 1
    return 0


@pytest.fixture
def ari_app(
    learned: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Run:
    """Runs ``ari-app`` in a folder with history, model and risk rules, at a fixed time."""
    monkeypatch.chdir(tmp_path)
    shutil.copytree(learned, tmp_path, dirs_exist_ok=True)
    settings_in(tmp_path)

    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["ari-app", *arguments])
        code = main_without_exit()
        captured = capsys.readouterr()
        assert "Traceback" not in captured.err
        return code, captured.out, captured.err

    return run


def the_accounts() -> list[dict[str, object]]:
    """A list of the example's accounts whose bills fall due on the 20th, and a stranger's."""
    rows = [
        a_row(
            number,
            customerId=f"synthetic_{number:05d}",
            accountId=f"synthetic_a_{number:05d}",
            dueDate="2026-11-20",
        )
        for number in range(1, 61)
    ]
    return [*rows, a_row(61, dueDate="2026-11-20")]


@pytest.fixture
def campaign(ari_app: Run, tmp_path: Path) -> Run:
    request = {
        "name": "winter",
        "strategy": {"window": ["09:00-12:00"]},
        "dialer": {"callerIdPool": ["010-65551234"]},
        "list": the_accounts(),
    }
    (tmp_path / "task.json").write_text(json.dumps(request), encoding="utf-8")
    code, _, err = ari_app("campaign", "create", "task.json", "--id", "winter")
    assert code == 0, err
    return ari_app


def json_of(run: Run, *arguments: str) -> Any:
    code, out, err = run(*arguments, "--json")
    assert code == 0, err
    return json.loads(out)


def test_the_same_history_gives_the_same_model_and_a_card_beside_it(ari_app: Run, tmp_path: Path) -> None:
    before = (tmp_path / MODEL).read_bytes()
    found = json_of(ari_app, "score", "train", "--history", "history.csv", "--out", MODEL)
    assert (tmp_path / MODEL).read_bytes() == before
    assert 0.6 < found["auc"] < 1
    assert found["brier"] < found["brier_of_base"]
    card = (tmp_path / "models" / "small-2026-10.md").read_text(encoding="utf-8")
    assert card.startswith("# Model card: small-2026-10")
    assert ari_app("score", "card", MODEL)[1] == card


def test_learned_weights_have_the_sign_that_their_meaning_asks_for(learned: Path) -> None:
    weights = {
        each["feature"]: each["value"] for each in json.loads((learned / MODEL).read_text())["weights"]
    }
    assert weights["missed_share_12"] < 0
    assert all(
        value <= 0 for name, value in weights.items() if name in ("last_missed", "open_bills", "disputes")
    )


def test_a_model_is_measured_on_a_newer_history(ari_app: Run) -> None:
    code, out, _ = ari_app("score", "check", MODEL, "--history", "history.csv", "--since", "2026-09-01")
    assert "120 bills" in out
    assert code in (0, 1)
    assert ari_app("score", "check", MODEL, "--history", "history.csv", "--since", "soon")[0] == 2
    assert ari_app("score", "check", MODEL, "--history", "history.csv", "--since", "2027-01-01")[0] == 2


def test_a_history_is_checked(ari_app: Run) -> None:
    found = json_of(ari_app, "score", "history", "history.csv")
    assert (found["rows"], found["accounts"], found["rejected"]) == (600, 60, 0)


def test_a_short_history_is_not_learned_from(ari_app: Run) -> None:
    ari_app("score", "example", "--out", "short.csv", "--accounts", "5", "--months", "3")
    code, _, err = ari_app("score", "train", "--history", "short.csv", "--out", "models/x.json")
    assert (code, "200 or more" in err) == (1, True)
    assert not Path("models/x.json").exists()


@pytest.mark.parametrize("name", ["Model.json", "m.pickle", "models/.json"])
def test_a_model_has_a_plain_name(ari_app: Run, name: str) -> None:
    assert ari_app("score", "train", "--history", "history.csv", "--out", name)[0] == 2


def test_a_file_that_is_no_model_is_refused(ari_app: Run, tmp_path: Path) -> None:
    (tmp_path / "evil.json").write_bytes(b"\x80\x04\x95")
    for command in ("check", "card"):
        code, _, err = ari_app("score", command, "evil.json")
        assert (code, err.startswith("ari-app: evil.json")) == (1, True)
    assert ari_app("score", "card", "none.json")[0] == 1


def test_a_long_authorisation_leaves_a_model_that_can_be_read(ari_app: Run, tmp_path: Path) -> None:
    with (tmp_path / "history.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    late = Counter(row["accountId"] for row in rows if not "" < row["paidOn"] <= row["dueDate"])
    for row in rows:  # whoever does not pay knows others who do not
        row["relationsInArrears"] = str(late[row["accountId"]])
    with (tmp_path / "relations.csv").open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    asked = ("--history", "relations.csv", "--authorise", "form 3 " * 100)
    assert ari_app("score", "train", *asked, "--out", "models/relations.json")[0] == 0
    model = json.loads((tmp_path / "models" / "relations.json").read_text(encoding="utf-8"))
    assert model["learned"]["authorised"].startswith("form 3")
    code, _, err = ari_app("score", "card", "models/relations.json")
    assert (code, err) == (0, "")


def test_social_data_stops_the_learning_unless_it_is_left_unread(ari_app: Run, tmp_path: Path) -> None:
    rows = (tmp_path / "history.csv").read_text(encoding="utf-8").splitlines()
    text = "\n".join([rows[0] + ",friends", *(row + ",3" for row in rows[1:])])
    (tmp_path / "social.csv").write_text(text, encoding="utf-8")
    train = ("score", "train", "--history", "social.csv", "--out", "models/social.json")
    code, _, err = ari_app(*train)
    assert (code, "social.csv:1: friends: is social data" in err) == (1, True)
    code, _, err = ari_app(*train, "--drop")
    assert (code, "column friends is left unread: 600 cells" in err) == (0, True)
    assert "friends (600 cells)" in (tmp_path / "models" / "social.md").read_text(encoding="utf-8")


def test_accounts_of_a_campaign_are_scored_and_the_store_tells_why(campaign: Run) -> None:
    apply = ("score", "apply", "--campaign", "winter", "--model", MODEL, "--history", "history.csv")
    found = json_of(campaign, *apply)
    assert (found["accounts"], found["scored"], found["changed"]) == (61, 60, 61)
    assert sum(found["risk_levels"].values()) == 61
    assert json_of(campaign, *apply)["changed"] == 0
    (shown,) = json_of(campaign, "score", "show", "synthetic_00001")
    assert shown["score_model"] == "small-2026-10"
    assert 0 <= shown["score"] <= 100
    assert shown["risk_rule"]
    assert "by rule" in campaign("score", "show", "synthetic_00001")[1]
    (stranger,) = json_of(campaign, "score", "show", "c_10061")
    assert (stranger["score"], stranger["risk_level"]) == (None, "L")
    assert "nothing was worked out" in campaign("score", "show", "nobody")[1]


def test_a_dry_run_stores_nothing(campaign: Run) -> None:
    assert json_of(campaign, "score", "apply", "--campaign", "winter", "--dry-run")["changed"] == 0
    assert json_of(campaign, "score", "show", "synthetic_00001") == []


def test_an_early_warning_names_who_is_likely_to_miss_and_writes_a_list(
    campaign: Run, tmp_path: Path
) -> None:
    warn = (
        "score",
        "warn",
        "--campaign",
        "winter",
        "--model",
        MODEL,
        "--history",
        "history.csv",
        "--out",
        "warned.csv",
    )
    found = json_of(campaign, *warn[:-2])
    warned = found["warned"]
    assert 0 < len(warned) == found["early_warnings"] < 61
    scores = [each["score"] for each in warned]
    assert scores == sorted(scores)
    assert all(each["rule"] and each["phone"].startswith("***") for each in warned)
    code, out, _ = campaign(*warn)
    assert (code, "score_low" in out) == (0, True)
    with (tmp_path / "warned.csv").open(encoding="utf-8-sig") as stream:
        rows = list(csv.DictReader(stream))
    assert {row["customerId"] for row in rows} == {each["customer_id"] for each in warned}
    assert all(row["warningRule"] and not row["riskLevel"] for row in rows)
    code, out, err = campaign("import", "warned.csv", "--campaign", "winter")
    assert (code, f"{len(rows)} unchanged" in out) == (0, True), out + err


def test_the_day_after_nobody_is_warned_of_and_old_warnings_are_gone(campaign: Run) -> None:
    base = ("score", "warn", "--campaign", "winter", "--model", MODEL, "--history", "history.csv")
    first = json_of(campaign, *base)["warned"][0]["customer_id"]
    assert json_of(campaign, "score", "show", first)[0]["warning_rule"]
    assert json_of(campaign, *base, "--at", "2026-11-21T10:00+08:00")["warned"] == []
    assert json_of(campaign, "score", "show", first)[0]["warning_rule"] == ""


def test_a_list_is_assessed_without_a_store(ari_app: Run, tmp_path: Path) -> None:
    rows = [*the_accounts(), a_row(62, dueDate="never")]
    with (tmp_path / "list.csv").open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    apply = (
        "score",
        "apply",
        "--list",
        "list.csv",
        "--model",
        MODEL,
        "--history",
        "history.csv",
        "--out",
        "out.csv",
    )
    code, out, err = ari_app(*apply)
    assert (code, "1 rows were refused" in out, "row 63: dueDate" in err) == (0, True, True)
    with (tmp_path / "out.csv").open(encoding="utf-8-sig") as stream:
        told = list(csv.DictReader(stream))
    assert (len(told), told[0]["scoreModel"]) == (61, "small-2026-10")
    assert not (tmp_path / "data").exists()


def test_wrong_uses_are_told(campaign: Run) -> None:
    for wrong in (
        ("apply",),
        ("apply", "--campaign", "winter", "--list", "list.csv"),
        ("apply", "--campaign", "winter", "--model", MODEL),
    ):
        assert campaign("score", *wrong)[0] == 2
    code, _, err = campaign("score", "apply", "--campaign", "summer")
    assert (code, "does not exist" in err) == (1, True)


def test_the_rules_are_shown_and_checked(ari_app: Run, tmp_path: Path) -> None:
    assert "days_overdue >= 91" in ari_app("score", "rules")[1]
    assert {each["table"] for each in json_of(ari_app, "score", "rules")} == {"level", "type", "warning"}
    (tmp_path / "bad.yaml").write_text("levels: []\ndebt_types: [{rule: a}]\n", encoding="utf-8")
    code, _, err = ari_app("score", "rules", "bad.yaml")
    assert (code, "bad.yaml:2" in err) == (1, True)
