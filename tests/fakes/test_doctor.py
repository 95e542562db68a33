"""Doctor: every check ends with ok, warn or fail, and says how to mend what is not ok."""

from __future__ import annotations

import socket
from collections import namedtuple
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ari_app.bench.tiny_whisper import build_tiny_whisper
from ari_app.cli import doctor_checks
from ari_app.config.model import Settings
from ari_app.services import doctor
from ari_app.services.doctor import Health
from tests.support.docs import ROOT
from tests.support.fake_funasr import fake_funasr
from tests.support.fake_llm import fake_llm, says

pytestmark = pytest.mark.fakes

NOW = datetime(2026, 3, 2, tzinfo=UTC)


def test_the_worst_line_counts() -> None:
    good, poor, bad = doctor.ok("a", "x"), doctor.warn("b", "x", "y"), doctor.fail("c", "x", "y")
    assert doctor.worst([good]) is Health.OK
    assert doctor.worst([good, poor]) is Health.WARN
    assert doctor.worst([poor, bad, good]) is Health.FAIL


def test_python_and_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    assert doctor.check_python().health is Health.OK
    monkeypatch.setattr("sys.version_info", (3, 10, 0))
    assert doctor.check_python().health is Health.FAIL
    monkeypatch.setattr(
        "importlib.metadata.requires", lambda name: ["no-such-package>=1", "pydantic", "x; extra == 'dev'"]
    )
    found = doctor.check_packages()
    assert (found.health, found.found) == (Health.FAIL, "missing: no-such-package")


def test_the_data_folder_is_tried(tmp_path: Path) -> None:
    assert doctor.check_data_dir(tmp_path / "new").health is Health.OK
    assert list((tmp_path / "new").iterdir()) == []
    (tmp_path / "file").write_text("", encoding="utf-8")
    assert doctor.check_data_dir(tmp_path / "file" / "data").health is Health.FAIL


@pytest.mark.parametrize(
    ("free", "health"), [(10**8, Health.FAIL), (10**9, Health.WARN), (10**11, Health.OK)]
)
def test_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free: int, health: Health) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr("shutil.disk_usage", lambda place: usage(10**12, 0, free))
    assert doctor.check_disk(tmp_path / "not" / "there" / "yet").health is health


def test_the_hostname_must_resolve(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object) -> object:
        raise socket.gaierror("unknown")

    monkeypatch.setattr("socket.gethostname", lambda: "box")
    monkeypatch.setattr("socket.getaddrinfo", unknown)
    found = doctor.check_hostname()
    assert found.health is Health.FAIL
    assert "127.0.1.1 box" in found.mend


def test_the_clock() -> None:
    assert doctor.check_clock(NOW, ["Asia/Shanghai"]).health is Health.OK
    assert doctor.check_clock(datetime(1970, 1, 1, tzinfo=UTC), []).health is Health.FAIL
    assert "Mars/X" in doctor.check_clock(NOW, ["Mars/X"]).found


def test_files_with_secrets(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    assert doctor.check_private(path, "x").health is Health.FAIL
    path.write_text("s", encoding="utf-8")
    path.chmod(0o644)
    assert doctor.check_private(path, "x").health is Health.WARN
    path.chmod(0o600)
    assert doctor.check_private(path, "x").health is Health.OK
    config = tmp_path / "c.yaml"
    config.write_text("ari: {user: a}\n", encoding="utf-8")
    assert doctor_checks.secret_files(Settings(), config) == []
    config.write_text("ari:\n  password: a\n", encoding="utf-8")
    assert doctor_checks.secret_files(Settings(), config) == [("settings file", config)]


def test_ways_out_and_operators_files(tmp_path: Path) -> None:
    assert doctor_checks.check_routes(Settings()).health is Health.FAIL
    shipped = [check.health for check in doctor_checks.check_operators_files(Settings())]
    assert shipped == [*[Health.OK] * 3, Health.WARN], "nobody stands in the shipped rules of alerts"
    empty = doctor_checks.check_operators_files(Settings.model_validate({"dialplan_dir": str(tmp_path)}))
    assert [check.health for check in empty] == [Health.FAIL, Health.FAIL, Health.WARN]


def test_speech(tmp_path: Path) -> None:
    names = {check.name: check.health for check in doctor_checks.check_recognisers(Settings())}
    assert names == {"speech zh": Health.WARN, "speech en": Health.OK}
    (tmp_path / "half").mkdir()
    with_half = Settings.model_validate({"speech": {"whisper_model": str(tmp_path / "half")}})
    assert "lacks model.bin" in doctor_checks.check_recognisers(with_half)[1].found
    model = build_tiny_whisper(tmp_path / "model", "好的", "zh")
    with_model = Settings.model_validate({"speech": {"whisper_model": str(model)}})
    assert [check.found for check in doctor_checks.check_recognisers(with_model)] == ["faster-whisper"] * 2
    none = Settings.model_validate({"speech": {"voices": {"zh": []}}})
    assert [check.health for check in doctor_checks.check_voices(none)] == [Health.FAIL]


def with_funasr(**speech: object) -> Settings:
    return Settings.model_validate({"speech": {"recognisers": {"zh": ["funasr"]}, **speech}})


async def test_the_funasr_server_is_asked_for_where_it_is_named() -> None:
    assert await doctor_checks.check_funasr(Settings()) == []
    async with fake_funasr() as fake:
        settings = with_funasr(funasr_url=fake.url)
        assert [check.found for check in doctor_checks.check_recognisers(settings)] == ["funasr"]
        assert [check.health for check in await doctor_checks.check_funasr(settings)] == [Health.OK]
        deaf = with_funasr(funasr_url=fake.url, funasr_languages=["en"])
        assert [check.health for check in doctor_checks.check_recognisers(deaf)] == [Health.WARN]
    for silent in (settings, with_funasr()):
        (check,) = await doctor_checks.check_funasr(silent)
        assert check.health is Health.WARN
        assert check.mend


async def test_a_wrong_certificate_file_is_named(tmp_path: Path) -> None:
    settings = with_funasr(funasr_url="wss://127.0.0.1:9", funasr_ca_file=str(tmp_path / "none.pem"))
    (check,) = await doctor_checks.check_funasr(settings)
    assert check.health is Health.FAIL
    assert "none.pem" in check.found


async def test_the_language_model_is_asked_for_where_it_is_named(tmp_path: Path) -> None:
    assert await doctor_checks.check_llm(Settings()) == []
    async with fake_llm() as fake:
        named = {"url": fake.url, "model": "small"}
        settings = Settings.model_validate({"llm": named})
        fake.manner = says('{"meaning": "unclear", "quotes": [], "confidence": 0}')
        (check,) = await doctor_checks.check_llm(settings)
        assert check.health is Health.OK
        assert "sesame" not in repr(check)
        fake.manner = says("Sure!")
        (check,) = await doctor_checks.check_llm(settings)
        assert check.health is Health.WARN
        assert check.mend
    (check,) = await doctor_checks.check_llm(settings)
    assert check.health is Health.WARN
    wrong = Settings.model_validate({"llm": {**named, "ca_file": str(tmp_path / "none.pem")}})
    (check,) = await doctor_checks.check_llm(wrong)
    assert check.health is Health.FAIL
    key_file = tmp_path / "key"
    key_file.write_text("sesame", encoding="utf-8")
    with_key = Settings.model_validate({"llm": {**named, "api_key_file": str(key_file)}})
    assert ("language model's key file", key_file) in doctor_checks.secret_files(with_key, None)


async def test_without_asterisk_every_line_says_how_to_mend() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]  # bound and not listening: nobody answers there
        settings = Settings.model_validate(
            {
                "ari": {"url": f"http://127.0.0.1:{port}", "password": "x"},
                "ami": {"port": port, "secret": "x"},
            }
        )
        checks = await doctor_checks.all_asterisk_checks(settings)
    assert {check.name: check.health for check in checks} == {
        "ARI": Health.FAIL,
        "trunks": Health.FAIL,
        "AMI": Health.FAIL,
    }
    assert all(check.mend for check in checks)


def test_rule_packs_and_the_years_of_calendars_are_looked_at(tmp_path: Path) -> None:
    shipped = Settings.model_validate({"dialplan_dir": str(ROOT / "dialplan")})
    assert [check.health for check in doctor_checks.check_rules(shipped, 2025)] == [Health.OK]
    this_year = doctor_checks.check_rules(shipped, 2026)
    assert [(check.health, "2027" in check.found) for check in this_year] == [
        (Health.OK, False),
        (Health.WARN, True),
    ]
    assert [check.health for check in doctor_checks.check_rules(shipped, 2027)] == [Health.OK, Health.FAIL]
    nothing = Settings.model_validate({"dialplan_dir": str(tmp_path)})
    assert [check.health for check in doctor_checks.check_rules(nothing, 2026)] == [Health.FAIL]
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "x.yaml").write_text("pack: y", encoding="utf-8")
    (broken,) = doctor_checks.check_rules(nothing, 2026)
    assert (broken.health, "x.yaml:1" in broken.found) == (Health.FAIL, True)
