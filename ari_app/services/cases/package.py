"""An evidence package: one zip file whose bytes follow from its content, with a manifest that anybody can check.

The files stand in the order of their names, without compression, with one fixed time, ``manifest.json`` last: the same
content always gives the same bytes, whatever machine and library wrote it.
"""

from __future__ import annotations

import hashlib
import json
import os
import zipfile
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO
from uuid import uuid4

from ari_app.errors import AriAppError

FORMAT = "ari-app evidence package 1"
MANIFEST = "manifest.json"
_TIME = (1980, 1, 1, 0, 0, 0)  # the first instant that a zip file can tell
_PART = 1024 * 1024
#: A manifest beyond this is no manifest.
_LONGEST_MANIFEST = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Content:
    """A file of a package: its bytes, or where they lie."""

    name: str
    data: bytes = b""
    path: Path | None = None


@dataclass(frozen=True, slots=True)
class Written:
    """A package that was written: its SHA-256, and the files that could not be read after all."""

    sha256: str
    unreadable: tuple[str, ...]


def as_document(value: object) -> bytes:
    """A JSON document as it stands in a package: sorted keys, UTF-8, one line end at the end."""
    text = json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True, default=str)
    return text.encode("utf-8", "surrogatepass").decode("utf-8", "replace").encode() + b"\n"


def write_package(target: Path, contents: Sequence[Content], about: Mapping[str, object]) -> Written:
    """Write a package whole or not at all. ``about`` is what the manifest says beside the list of files.

    A file that has gone since it was looked for is left out, and stands in the manifest as unreadable. Raises AriAppError.
    """
    part = target.with_name(f".{uuid4().hex}.part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(part, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        try:
            with os.fdopen(descriptor, "w+b") as stream:
                unreadable = _write(stream, contents, about)
                stream.flush()
                os.fsync(stream.fileno())
                stream.seek(0)
                digest = hashlib.file_digest(stream, "sha256").hexdigest()
            part.replace(target)
        except BaseException:
            part.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise AriAppError(f"{target} cannot be written: {error.strerror or error}") from error
    return Written(digest, unreadable)


def _write(stream: IO[bytes], contents: Sequence[Content], about: Mapping[str, object]) -> tuple[str, ...]:
    files: list[dict[str, object]] = []
    unreadable: list[str] = []
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED, allowZip64=True) as package:
        for each in sorted(contents, key=lambda content: content.name):
            try:
                source = None if each.path is None else each.path.open("rb")
            except OSError:
                unreadable.append(each.name)
                continue
            digest, size = hashlib.sha256(), 0
            with package.open(_entry(each.name), "w", force_zip64=True) as into:
                if source is None:
                    into.write(each.data)
                    digest.update(each.data)
                    size = len(each.data)
                else:
                    with source:
                        while block := source.read(_PART):
                            into.write(block)
                            digest.update(block)
                            size += len(block)
            files.append({"name": each.name, "bytes": size, "sha256": digest.hexdigest()})
        manifest = {"format": FORMAT, **about, "unreadable": unreadable, "files": files}
        package.writestr(_entry(MANIFEST), as_document(manifest))
    return tuple(unreadable)


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, _TIME)
    entry.create_system = 3  # the same on every machine
    entry.external_attr = 0o600 << 16
    return entry


@dataclass(frozen=True, slots=True)
class Checked:
    """What a check has found: the SHA-256 of the file, its manifest, and everything that is wrong."""

    sha256: str
    manifest: Mapping[str, object]
    faults: tuple[str, ...]


def check_package(path: Path) -> Checked:
    """Compare every file of a package with its manifest. Raises AriAppError for what is no package at all.

    Nothing is unpacked, and no more is read than the manifest promises.
    """
    try:
        with path.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
            with zipfile.ZipFile(stream) as package:
                manifest = _manifest(package, path)
                return Checked(digest, manifest, tuple(_faults(package, manifest)))
    except OSError as error:
        raise AriAppError(f"{path} cannot be read: {error.strerror or error}") from error
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
        raise AriAppError(f"{path} is no evidence package: {error}") from error


def _manifest(package: zipfile.ZipFile, path: Path) -> dict[str, object]:
    wrong = f"{path} is no evidence package: "
    names = package.namelist()
    if names.count(MANIFEST) != 1:
        raise AriAppError(f"{wrong}it has {names.count(MANIFEST)} files {MANIFEST}")
    entry = package.getinfo(MANIFEST)
    if entry.file_size > _LONGEST_MANIFEST or entry.compress_type != zipfile.ZIP_STORED:
        raise AriAppError(f"{wrong}its {MANIFEST} is too large, or compressed")
    try:
        found = json.loads(package.read(MANIFEST))
    except (ValueError, RecursionError) as error:
        raise AriAppError(f"{wrong}its {MANIFEST} is no JSON") from error
    if (
        not isinstance(found, dict)
        or found.get("format") != FORMAT
        or not isinstance(found.get("files"), list)
    ):
        raise AriAppError(f"{wrong}its {MANIFEST} is of another format")
    return found


def _faults(package: zipfile.ZipFile, manifest: Mapping[str, object]) -> list[str]:
    faults: list[str] = []
    promised: dict[str, tuple[int, str]] = {}
    listed = manifest["files"]
    assert isinstance(listed, list)
    for each in listed:
        match each:
            case {"name": str(name), "bytes": int(size), "sha256": str(digest)} if name not in promised:
                promised[name] = (size, digest)
            case _:
                faults.append("the manifest lists something that is no file, or a file twice")
    names = Counter(package.namelist())
    faults += [
        f"{name}: is not in the manifest" for name in sorted(names.keys() - promised.keys() - {MANIFEST})
    ]
    faults += [f"{name}: is there twice" for name in sorted(names) if names[name] > 1]
    for name, (size, digest) in sorted(promised.items()):
        if name not in names:
            faults.append(f"{name}: is missing")
        elif package.getinfo(name).compress_type != zipfile.ZIP_STORED:
            faults.append(f"{name}: is compressed, which no package is")
        elif package.getinfo(name).file_size != size:
            faults.append(f"{name}: has another size than the manifest says")
        elif _digest(package, name) != digest:
            faults.append(f"{name}: has changed, its SHA-256 differs")
    return faults


def _digest(package: zipfile.ZipFile, name: str) -> str:
    found = hashlib.sha256()
    try:
        with package.open(name) as stream:
            while block := stream.read(_PART):
                found.update(block)
    except zipfile.BadZipFile:
        return "damaged"
    return found.hexdigest()
