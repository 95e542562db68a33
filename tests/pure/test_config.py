"""Settings: file below, environment above; every fault names its place and what is allowed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from ari_app.config import Settings, load_settings
from ari_app.errors import ConfigError
from ari_app.yaml_lines import load_yaml
from tests.support.docs import ROOT

pytestmark = pytest.mark.pure

TRUNK = "trunks: [{name: carrier, endpoint: 'PJSIP/{number}@carrier', host: 127.0.0.1}]\n"


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in list(os.environ):
        if name.upper().startswith("ARI_APP_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def write(folder: Path, text: str) -> Path:
    path = folder / "settings.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def wrong(folder: Path, text: str) -> str:
    with pytest.raises(ConfigError) as caught:
        load_settings(write(folder, text))
    return str(caught.value)


def test_defaults_work_without_any_file() -> None:
    settings = load_settings()
    assert settings.ari.url == "http://127.0.0.1:8088"
    assert settings.media_url == "ws://127.0.0.1:8088"
    assert settings.data_dir.name == "ari-app"
    assert settings.database.parent == settings.data_dir
    assert (settings.dialplan_dir / "flows").parent.is_dir()
    assert settings.ari.password is None


def test_a_file_is_found_by_option_variable_and_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def company(name: str) -> str:
        return f"company: {{name: {name}}}\n"

    (tmp_path / "ari-app.yaml").write_text(company("folder"), encoding="utf-8")
    assert load_settings().company.name == "folder"
    (tmp_path / "named.yaml").write_text(company("variable"), encoding="utf-8")
    monkeypatch.setenv("ARI_APP_CONFIG", str(tmp_path / "named.yaml"))
    assert load_settings().company.name == "variable"
    assert load_settings(write(tmp_path, company("option"))).company.name == "option"
    monkeypatch.setenv("ARI_APP_CONFIG", str(tmp_path / "none.yaml"))
    with pytest.raises(ConfigError, match=r"none\.yaml: cannot be read"):
        load_settings()


def test_the_environment_overrides_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path, "ari: {user: a, app: b}\nlog: {json: false}\n" + TRUNK)
    monkeypatch.setenv("ARI_APP_ARI__USER", "from-environment")
    monkeypatch.setenv("ARI_APP_LOG__JSON", "true")
    monkeypatch.setenv("ARI_APP_TRUNKS", '[{"name": "x", "endpoint": "PJSIP/{number}@x"}]')
    settings = load_settings(path)
    assert (settings.ari.user, settings.ari.app) == ("from-environment", "b")
    assert settings.log.as_json is True
    assert [trunk.name for trunk in settings.trunks] == ["x"]


def test_faults_of_the_environment_name_the_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ARI_APP_DIALLER__RING_TIMEOUT_S", "soon")
    with pytest.raises(
        ConfigError, match=r"environment variable ARI_APP_DIALLER__RING_TIMEOUT_S: dialler\.ring_timeout_s"
    ):
        load_settings()
    monkeypatch.setenv("ARI_APP_DIALLER__RING_TIMEOUT_S", "30")
    monkeypatch.setenv("ARI_APP_DIALER__TICK_S", "1")
    with pytest.raises(ConfigError, match=r"ARI_APP_DIALER__TICK_S: dialer: .* did you mean dialler\?"):
        load_settings()
    monkeypatch.delenv("ARI_APP_DIALER__TICK_S")
    monkeypatch.setenv("ARI_APP_TRUNKS", "not json, secret")
    with pytest.raises(ConfigError, match="JSON") as caught:
        load_settings()
    assert "secret" not in str(caught.value)


def test_other_variables_of_ours_do_not_disturb(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ARI_APP_ASTERISK", "/usr/sbin/asterisk")
    monkeypatch.setenv("ARI_APP_ARI__USER", "")
    assert load_settings().ari.user == "ari-app"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "ari:\n  pasword: x\n",
            "settings.yaml:2: ari.pasword: is not a known key (allowed: did you mean password?",
        ),
        ("dialer: {}\n", "settings.yaml:1: dialer: is not a known key (allowed: did you mean dialler?"),
        ("\n\nami:\n  port: 99999\n", "settings.yaml:4: ami.port: "),
        (
            "log:\n  level: LOUD\n",
            "settings.yaml:2: log.level: is not one of the known values (allowed: DEBUG, INFO",
        ),
        ("defaults: {country: XX}\n", "defaults.country: is not a country"),
        ("defaults: {timezone: Mars/X}\n", "defaults.timezone: is not a known time zone"),
        ("defaults: {currency: yuan}\n", "defaults.currency: is not a currency"),
        ("defaults: {language: fr}\n", "defaults.language: is not one of the known values (allowed: zh, en)"),
        ("ari: {url: 'ftp://x'}\n", "ari.url: is not a URL of the right kind"),
        ("ari: {url: 'http://u:p@x'}\n", "ari.url: carries a user or password"),
        ("ari: {url: 'http://x:99999'}\n", "ari.url: is not a URL"),
        ("ari: {password: a, password_file: b}\n", "ari.password and ari.password_file are both given"),
        ("ari: {password_file: none}\n", "ari.password_file: "),
        ("llm: {api_key: a, api_key_file: b}\n", "llm.api_key and llm.api_key_file are both given"),
        (
            "llm: {url: 'http://10.0.0.1/v1', model: m}\n",
            "llm.url would send what customers say in the clear",
        ),
        (
            "llm: {url: 'https://user:pw@llm.example.org/v1', model: m}\n",
            "llm.url: carries a user or password",
        ),
        ("llm: {url: 'https://llm.example.org/v1'}\n", "llm.url is given, and llm.model is not"),
        ("llm: {url: 'ftp://127.0.0.1', model: m}\n", "llm.url: is not a URL of the right kind"),
        ('company: {name: "a\\nb"}\n', "company.name: holds control characters"),
        ("trunks: [{name: a}]\n", "trunks[0].endpoint: is missing"),
        ("trunks: [{name: a, endpoint: 'PJSIP/a'}]\n", "trunks[0].endpoint: is not an endpoint template"),
        (
            "trunks: [{name: a, endpoint: 'PJSIP/{number}@a&Local/9@x'}]\n",
            "trunks[0].endpoint: is not an endpoint",
        ),
        (
            "trunks: [{name: a, endpoint: 'PJSIP/{number}{number}'}]\n",
            "trunks[0].endpoint: is not an endpoint",
        ),
        (
            TRUNK + "routes: [{prefix: '+', trunk: other}]\n",
            "names the unknown trunk other (allowed: carrier)",
        ),
        (TRUNK + "routes: [{prefix: '86', trunk: carrier}]\n", "routes[0].prefix: is not a prefix"),
        (
            TRUNK + "routes: [{prefix: '+', trunk: carrier}, {prefix: '+', trunk: carrier}]\n",
            "two routes have the prefix",
        ),
        (
            "trunks: [{name: a, endpoint: 'PJSIP/{number}@a'}, {name: a, endpoint: 'PJSIP/{number}@b'}]\n",
            "defined twice",
        ),
        (
            "speech: {voices: {fr: []}}\n",
            "speech.voices.fr: is not one of the known values (allowed: zh, en)",
        ),
        ("speech: {recognisers: {zh: [siri]}}\n", "speech.recognisers.zh[0]: is not one of the known values"),
        ("dialler: {max_concurrency: 0}\n", "dialler.max_concurrency: "),
        ("dialler: {tick_s: .nan}\n", "dialler.tick_s: "),
        ("- a\n", "the settings are a mapping"),
        ("a: b: c\n", "settings.yaml:1: not YAML"),
        ("ari: {user: a}\nari: {user: b}\n", "settings.yaml:2: ari: written twice, first in line 1"),
    ],
)
def test_every_fault_of_the_file_has_line_key_and_remedy(tmp_path: Path, text: str, expected: str) -> None:
    assert expected in wrong(tmp_path, text)


def test_all_faults_are_told_at_once(tmp_path: Path) -> None:
    assert len(wrong(tmp_path, "ari: {urll: x, user: ''}\nami: {port: x}\n").splitlines()) == 3


def test_secrets_stay_secret(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("s3cret\n", encoding="utf-8")
    settings = load_settings(write(tmp_path, "ari: {password_file: secret}\nami: {secret: s3cret}\n"))
    assert settings.ari.password is not None
    assert settings.ari.password.get_secret_value() == "s3cret"
    assert "s3cret" not in repr(settings)
    assert "s3cret" not in settings.model_dump_json()
    assert "s3cret" not in wrong(tmp_path, "ari: {password: [s3cret]}\nami: {secret: {s3cret: 1}}\n")


@pytest.mark.parametrize("content", ["", "\n", "a\nb\n", "x" * 5000])
def test_a_secret_file_holds_one_line(tmp_path: Path, content: str) -> None:
    (tmp_path / "secret").write_text(content, encoding="utf-8")
    assert "must hold the secret alone" in wrong(tmp_path, "ami: {secret_file: secret}\n")


def test_a_language_model_is_off_by_default_and_its_key_stays_secret(tmp_path: Path) -> None:
    assert Settings().llm.url is None
    (tmp_path / "key").write_text("sesame\n", encoding="utf-8")
    text = "llm: {url: 'http://127.0.0.1:8000/v1/', model: m, api_key_file: key}\n"
    llm = load_settings(write(tmp_path, text)).llm
    assert (llm.url, llm.understand, llm.answer, llm.summarise) == (
        "http://127.0.0.1:8000/v1",
        True,
        False,
        False,
    )
    assert llm.api_key is not None
    assert llm.api_key.get_secret_value() == "sesame"
    assert "sesame" not in repr(llm)


def test_relative_paths_count_from_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "etc"
    folder.mkdir()
    path = write(
        folder, "data_dir: ../var\nrecordings: {dir: rec, asterisk_dir: /spool/rec}\ndialplan_dir: ~/plan\n"
    )
    monkeypatch.setenv("HOME", str(tmp_path / "me"))
    settings = load_settings(path)
    assert settings.data_dir.resolve() == tmp_path / "var"
    assert settings.recordings_dir == folder / "rec"
    assert settings.asterisk_recordings_dir == Path("/spool/rec")
    assert settings.dialplan_dir == tmp_path / "me" / "plan"
    monkeypatch.setenv("ARI_APP_DATA_DIR", "here")
    assert load_settings(path).data_dir == tmp_path / "here"


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("small", "small"),
        ("large-v3", "large-v3"),
        ("owner/model-zh", "owner/model-zh"),
        ("models/zh", "{folder}/models/zh"),
        ("./small", "{folder}/small"),
        ("../small", "{folder}/../small"),
        ("/srv/models/zh", "/srv/models/zh"),
        ("~/zh", "{home}/zh"),
    ],
)
def test_a_model_is_a_folder_or_a_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: str, meant: str
) -> None:
    folder = tmp_path / "etc"
    (folder / "models" / "zh").mkdir(parents=True)
    monkeypatch.setenv("HOME", str(tmp_path))
    path = write(folder, f'speech: {{whisper_model: "{given}"}}\n')
    expected = meant.format(folder=folder, home=tmp_path)
    assert load_settings(path).speech.whisper_model == expected


def test_the_longest_prefix_chooses_the_trunk(tmp_path: Path) -> None:
    text = (
        "trunks: [{name: a, endpoint: 'PJSIP/{number}@a'}, {name: b, endpoint: 'PJSIP/{number}@b'}]\n"
        "routes: [{prefix: '+86', trunk: a}, {prefix: '+8610', trunk: b}]\n"
    )
    settings = load_settings(write(tmp_path, text))
    chosen = [settings.trunk_for(phone) for phone in ("+8613800138000", "+861065551234", "+12125551234")]
    assert [trunk and trunk.name for trunk in chosen] == ["a", "b", None]
    first = load_settings(write(tmp_path, TRUNK)).trunk_for("+12125551234")
    assert first is not None
    assert first.name == "carrier"
    assert Settings().trunk_for("+12125551234") is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("lab: {clock_start: 2026-03-02T10:00:00}\n" + TRUNK, "has no offset"),
        (
            "lab: {clock_start: '2026-03-02T10:00:00+08:00'}\nari: {url: 'http://pbx:8088'}\n" + TRUNK,
            "ari.url",
        ),
        ("lab: {clock_start: '2026-03-02T10:00:00+08:00'}\nami: {host: 10.0.0.1}\n" + TRUNK, "ami.host"),
        (
            "lab: {clock_start: '2026-03-02T10:00:00+08:00'}\nmedia: {url: 'ws://10.0.0.1'}\n" + TRUNK,
            "media.url",
        ),
        (
            "lab: {clock_start: '2026-03-02T10:00:00+08:00'}\ntrunks: [{name: a, endpoint: 'PJSIP/{number}@a'}]\n",
            "trunks.a.host",
        ),
    ],
)
def test_a_shifted_clock_needs_everything_on_loopback(tmp_path: Path, text: str, expected: str) -> None:
    assert expected in wrong(tmp_path, text)


def test_a_shifted_clock_on_loopback(tmp_path: Path) -> None:
    settings = load_settings(write(tmp_path, "lab: {clock_start: '2026-03-02T10:00:00+08:00'}\n" + TRUNK))
    assert settings.lab.clock_start is not None
    assert settings.lab.clock_start.isoformat() == "2026-03-02T10:00:00+08:00"


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=9),
        lambda inner: (
            st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(list(Settings.model_fields)), inner)
        ),
        max_leaves=10,
    )
)
def test_no_settings_crash(value: object) -> None:
    import json

    document = load_yaml(json.dumps(value), "f")
    Path("any.yaml").write_text(json.dumps(document.value), encoding="utf-8")
    try:
        load_settings(Path("any.yaml"))
    except ConfigError as error:
        assert str(error)  # noqa: PT017


def scalars(model: type[BaseModel], prefix: str = "") -> Iterator[tuple[str, object]]:
    for name, field in model.model_fields.items():
        if isinstance(field.default, BaseModel):
            yield from scalars(type(field.default), f"{prefix}{name}.")
        elif isinstance(field.default, str | int | float):
            yield f"{prefix}{field.alias or name}", field.default


def test_the_document_tells_the_defaults() -> None:
    page = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    told = dict(scalars(Settings))
    assert told["dialler.ring_timeout_s"] == 45.0
    for name, default in told.items():
        written = str(default).lower() if isinstance(default, bool) else str(default)
        assert f"| `{name}` | `{written}` |" in page
