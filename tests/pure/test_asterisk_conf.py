"""Asterisk's configuration templates, and what Asterisk says about itself."""

from __future__ import annotations

import re
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ari_app.asterisk.binary import AsteriskBinary, parse_version
from ari_app.asterisk.conf_render import ConfRenderError, placeholders, render_layers, render_text
from ari_app.asterisk.instance_ports import InstancePorts
from ari_app.asterisk.instance_settings import InstanceCredentials, InstanceSettings, Role, default_conf_root
from ari_app.asterisk.modules import REQUIRED_MODULES, running_modules

pytestmark = pytest.mark.pure

PORTS = InstancePorts(5060, 8088, 5038, 5061, 10000, 10099)
BINARY = AsteriskBinary(Path("/x/asterisk"), (22, 10, 1), Path("/x/modules"), Path("/x/data"))
ROOM = default_conf_root()


def settings(role: Role, silent_port: int | None = 5061) -> InstanceSettings:
    return InstanceSettings(
        role=role,
        ports=PORTS,
        host="127.0.0.1",
        trunk_host="127.0.0.1",
        trunk_port=5080,
        silent_port=silent_port,
        credentials=InstanceCredentials(),
        conf_root=ROOM,
        dialplan=ROOM.parent / "dialplan" / "asterisk",
        values={},
    )


def test_a_placeholder_is_replaced_and_dialplan_variables_are_left_alone() -> None:
    line = "exten => _X!,1,Stasis(@APP@,${EXTEN}) ; a@b"
    assert render_text(line, {"APP": "lab"}, "x.conf") == "exten => _X!,1,Stasis(lab,${EXTEN}) ; a@b"


def test_a_placeholder_without_a_value_is_named_with_file_and_line() -> None:
    with pytest.raises(ConfRenderError, match=r"http\.conf:2: no value for @PORT@ \(known: HOST\)"):
        render_text("bindaddr = @HOST@\nbindport = @PORT@", {"HOST": "::1"}, "http.conf")


def test_a_value_is_not_searched_for_placeholders() -> None:
    assert render_text("a = @A@", {"A": "@B@", "B": "x"}, "x.conf") == "a = @B@"


@pytest.mark.parametrize(
    "value",
    [
        "",
        " x",
        "x ",
        "a\nb",
        "a\rb",
        "a\x00b",
        "a\x1bb",
        "a;b",
        "a\\b",
        "a\n[general]\nenabled = yes",
        "a\u2028b",
        "a\x85b",
    ],
)
def test_a_value_that_would_leave_its_line_is_refused_without_being_shown(value: str) -> None:
    with pytest.raises(ConfRenderError, match="@SECRET@") as caught:
        render_text("password = @SECRET@", {"SECRET": value}, "ari.conf")
    assert "general" not in str(caught.value)


@given(st.text(max_size=30))
def test_whatever_is_let_through_stays_one_line_and_no_comment(value: str) -> None:
    try:
        rendered = render_text("[a]\nx = @X@\ny = 1", {"X": value}, "x.conf")
    except ConfRenderError:
        return
    assert rendered.splitlines() == ["[a]", f"x = {value}", "y = 1"]
    assert ";" not in rendered


def test_a_later_layer_takes_the_place_of_a_file_of_the_same_name(tmp_path: Path) -> None:
    for layer, text in (("one", "from = one"), ("two", "from = two")):
        (tmp_path / layer).mkdir()
        (tmp_path / layer / "a.conf").write_text(text)
    (tmp_path / "one" / "b.conf").write_text("b = @B@")
    written = render_layers([tmp_path / "one", tmp_path / "two"], tmp_path / "etc", {"B": "1"})
    assert {path.name: path.read_text() for path in written} == {"a.conf": "from = two", "b.conf": "b = 1"}
    assert {stat.S_IMODE(path.stat().st_mode) for path in written} == {0o600}
    assert len(list((tmp_path / "etc").iterdir())) == 2


def test_nothing_is_written_where_one_file_cannot_be_rendered(tmp_path: Path) -> None:
    (tmp_path / "a.conf").write_text("a = 1")
    (tmp_path / "b.conf").write_text("b = @B@")
    with pytest.raises(ConfRenderError, match=r"b\.conf:1"):
        render_layers([tmp_path], tmp_path / "etc", {})
    assert not (tmp_path / "etc").exists()


def test_a_template_that_is_not_utf_8_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.conf").write_bytes("欠款".encode("gbk"))
    with pytest.raises(ConfRenderError, match="not UTF-8"):
        render_layers([tmp_path], tmp_path / "etc", {})


def test_a_missing_layer_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfRenderError, match="no such folder"):
        render_layers([tmp_path / "none"], tmp_path / "etc", {})


@pytest.mark.parametrize("role", ["pbx", "carrier"])
def test_every_template_of_a_role_has_all_its_values(role: Role, tmp_path: Path) -> None:
    of_role = settings(role)
    written = render_layers(
        of_role.layers(), tmp_path, of_role.placeholder_values(tmp_path, tmp_path, BINARY)
    )
    assert {"asterisk.conf", "modules.conf", "pjsip.conf", "extensions.conf"} <= {
        path.name for path in written
    }
    assert not any(placeholders(path.read_text()) for path in written)


def test_the_lab_trunk_is_no_part_of_a_production_pbx(tmp_path: Path) -> None:
    def trunks(silent_port: int | None, folder: Path) -> str:
        of_pbx = settings("pbx", silent_port)
        written = render_layers(of_pbx.layers(), folder, of_pbx.placeholder_values(folder, folder, BINARY))
        return "\n".join(path.read_text() for path in written)

    assert "[trunk-silent]" not in trunks(None, tmp_path / "production")
    assert "[trunk-silent]" in trunks(5061, tmp_path / "lab")


def test_required_modules_are_loaded_by_the_templates() -> None:
    loaded = set(re.findall(r"^load = (\w+)\.so$", (ROOM / "common/modules.conf").read_text(), re.MULTILINE))
    assert loaded >= REQUIRED_MODULES


def test_no_template_holds_a_password() -> None:
    secret = re.compile(r"^\s*(?:password|secret|md5_cred)\s*=>?\s*+(?!@[A-Z_]+@\s*$).+", re.MULTILINE)
    found = {str(path): secret.findall(path.read_text()) for path in ROOM.rglob("*.conf")}
    assert found
    assert {path: lines for path, lines in found.items() if lines} == {}


def test_nothing_binds_to_an_address_of_its_own_choice() -> None:
    """SIP where the installation says; ARI, media sockets and AMI apart from it, so that they can stay on loopback."""
    bound = {
        path.name: re.findall(r"^(?:bind|bindaddr|tlsbindaddr) *= *(@\w+@)?", path.read_text(), re.MULTILINE)
        for path in ROOM.rglob("*.conf")
    }
    assert {name: addresses for name, addresses in bound.items() if addresses} == {
        "http.conf": ["@CONTROL_ADDRESS@"],
        "manager.conf": ["@CONTROL_ADDRESS@"],
        "pjsip.conf": ["@BIND_ADDRESS@"],
    }


@given(st.sampled_from(["pbx", "carrier"]), st.one_of(st.none(), st.integers(1024, 65535)))
def test_settings_survive_being_written_as_json(role: Role, silent_port: int | None) -> None:
    before = settings(role, silent_port)
    assert InstanceSettings.from_json(before.to_json()) == before


def test_passwords_are_new_for_each_instance_and_not_shown() -> None:
    one, two = InstanceCredentials(), InstanceCredentials()
    assert one.ari_password != two.ari_password
    assert one.ami_secret != one.ari_password
    assert one.ari_password not in repr(one)
    assert one.ami_secret not in repr(one)


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("Asterisk 22.10.1+dfsg+~cs6.17.60671434-1\n", (22, 10, 1)),
        ("Asterisk 20.6.0~dfsg+~cs6.13.40431414-2build5", (20, 6, 0)),
        ("Asterisk 23.0", (23, 0, 0)),
        ("Asterisk certified-20.7-cert3", (20, 7, 3)),
        ("Asterisk certified/18.9-cert1", (18, 9, 1)),
        ("Asterisk GIT-22-1a2b3c", None),
        ("bash: asterisk: command not found", None),
        ("", None),
    ],
)
def test_the_version_is_read_from_what_asterisk_prints(
    text: str, version: tuple[int, int, int] | None
) -> None:
    assert parse_version(text) == version


@given(st.text(max_size=200))
def test_no_text_breaks_the_version_reader(text: str) -> None:
    assert parse_version(text) is None or text.find("Asterisk") >= 0


def test_only_running_modules_count() -> None:
    table = """Module                         Description                              Use Count  Status      Support Level
app_stasis.so                  Stasis dialplan application              0          Running              core
chan_pjsip.so                  PJSIP Channel Driver                     12         Not Running          core
res_ari.so                     Asterisk RESTful Interface               13         Running          extended
3 modules loaded
"""
    assert running_modules(table) == {"app_stasis", "res_ari"}


def test_the_container_renders_the_same_templates(tmp_path: Path) -> None:
    """The entry point's own table of values names every placeholder of the PBX, and leaves none unrendered."""
    entry_point = (ROOM.parent / "scripts" / "asterisk-entrypoint").read_text()
    offered = set(re.findall(r"^    ([A-Z][A-Z0-9_]*)\) printf", entry_point, re.MULTILINE))
    needed = {
        name
        for layer in settings("pbx", None).layers()
        for path in layer.glob("*.conf")
        for name in placeholders(path.read_text())
    }
    assert offered == needed
