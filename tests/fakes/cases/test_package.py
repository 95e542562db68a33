"""Evidence packages: the same content gives the same bytes, and whatever is changed is found."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ari_app.errors import AriAppError
from ari_app.services.cases.package import MANIFEST, Content, as_document, check_package, write_package

pytestmark = pytest.mark.fakes

ABOUT = {"case": "case-1", "missing": ["a recording"]}


@pytest.fixture
def package(tmp_path: Path) -> Path:
    recording = tmp_path / "a.wav"
    recording.write_bytes(b"RIFF" + bytes(3000))
    contents = [
        Content("recordings/att-1.wav", path=recording),
        Content("bill.json", as_document({"名": "王小明"})),
    ]
    write_package(tmp_path / "p.zip", contents, ABOUT)
    return tmp_path / "p.zip"


def test_a_package_says_what_it_holds_and_stands_the_check(package: Path) -> None:
    found = check_package(package)
    assert found.faults == ()
    assert (found.manifest["case"], found.manifest["missing"]) == ("case-1", ["a recording"])
    with zipfile.ZipFile(package) as opened:
        assert opened.namelist() == ["bill.json", "recordings/att-1.wav", MANIFEST]
        assert json.loads(opened.read("bill.json")) == {"名": "王小明"}
        assert {each.date_time for each in opened.infolist()} == {(1980, 1, 1, 0, 0, 0)}
    assert package.stat().st_mode & 0o777 == 0o600


def test_the_same_content_gives_the_same_bytes_in_any_order(tmp_path: Path) -> None:
    contents = [Content("b", b"2"), Content("a", b"1"), Content("c/d", b"3")]
    first = write_package(tmp_path / "1.zip", contents, ABOUT)
    second = write_package(tmp_path / "2.zip", contents[::-1], ABOUT)
    assert first == second
    assert (tmp_path / "1.zip").read_bytes() == (tmp_path / "2.zip").read_bytes()
    assert check_package(tmp_path / "1.zip").sha256 == first.sha256


def test_a_file_that_is_gone_is_left_out_and_told(tmp_path: Path) -> None:
    written = write_package(tmp_path / "p.zip", [Content("x", path=tmp_path / "none")], ABOUT)
    assert written.unreadable == ("x",)
    found = check_package(tmp_path / "p.zip")
    assert (found.faults, found.manifest["unreadable"]) == ((), ["x"])


def again(package: Path, change: dict[str, bytes | None], manifest: object = None, kind: int = 0) -> Path:
    """The package with some files changed (None: left out), others added."""
    with zipfile.ZipFile(package) as opened:
        contents: dict[str, bytes | None] = {name: opened.read(name) for name in opened.namelist()}
    contents |= change
    if manifest is not None:
        contents[MANIFEST] = json.dumps(manifest).encode()
    target = package.with_name("changed.zip")
    with zipfile.ZipFile(target, "w", kind) as opened:
        for name, content in contents.items():
            if content is not None:
                opened.writestr(name, content)
    return target


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"bill.json": b"{}"}, "bill.json: has another size"),
        ({"recordings/att-1.wav": b"RIFX" + bytes(3000)}, "recordings/att-1.wav: has changed"),
        ({"bill.json": None}, "bill.json: is missing"),
        ({"extra.exe": b"MZ"}, "extra.exe: is not in the manifest"),
    ],
)
def test_whatever_is_changed_is_found(package: Path, change: dict[str, bytes | None], fault: str) -> None:
    assert [fault in each for each in check_package(again(package, change)).faults] == [True]


def test_what_is_compressed_is_no_package(package: Path) -> None:
    with pytest.raises(AriAppError, match="compressed"):
        check_package(again(package, {}, kind=zipfile.ZIP_DEFLATED))


@pytest.mark.parametrize("manifest", [[], {}, {"format": "other", "files": []}, {"format": "x"}, "text", 7])
def test_another_manifest_is_told(package: Path, manifest: object) -> None:
    with pytest.raises(AriAppError, match="no evidence package"):
        check_package(again(package, {}, manifest))


@pytest.mark.parametrize("content", [b"", b"PK", b"%PDF-1.7", bytes(500)])
def test_what_is_no_zip_is_told(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "x.zip"
    file.write_bytes(content)
    with pytest.raises(AriAppError, match="no evidence package"):
        check_package(file)
    with pytest.raises(AriAppError, match="cannot be read"):
        check_package(tmp_path / "none.zip")


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_no_single_byte_of_what_it_holds_changes_unseen(package: Path, data: st.DataObject) -> None:
    """The bytes of the files and of the manifest; how a zip file counts them is its own affair."""
    whole = package.read_bytes()
    at = data.draw(st.integers(0, len(whole) - 1))
    changed = package.with_name("bit.zip")
    changed.write_bytes(whole[:at] + bytes([whole[at] ^ 1 << data.draw(st.integers(0, 7))]) + whole[at + 1 :])
    try:
        found = check_package(changed)
    except AriAppError:
        return
    assert found.sha256 != check_package(package).sha256
    with zipfile.ZipFile(changed) as opened, zipfile.ZipFile(package) as before:
        same = all(opened.read(name) == before.read(name) for name in before.namelist() if not found.faults)
    assert found.faults or same
