"""Files that are sent in: what is taken, under which name it is kept, and that nothing gets out of the folder."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ari_app.domain.disputes.case import DisputeStep
from ari_app.errors import AriAppError, InputError, UnknownRecord, WrongState
from ari_app.ports import BillKey
from ari_app.ports.disputes import NewDispute
from ari_app.services.disputes.evidence_files import (
    CONTENT_TYPES,
    EvidenceFiles,
    EvidenceLimits,
    content_type_of,
    shown_name,
)
from ari_app.store.sqlite_store import SqliteStore
from tests.support.store_rows import NOW, account, campaign

pytestmark = pytest.mark.fakes

JPEG = b"\xff\xd8\xff\xe0" + b"0" * 40
PDF = b"%PDF-1.7 <script>alert(1)</script>"
KINDS = {
    "image/jpeg": JPEG,
    "image/png": b"\x89PNG\r\n\x1a\n0000",
    "image/webp": b"RIFF0000WEBPVP8 ",
    "image/heic": b"0000ftypheic",
    "video/mp4": b"0000ftypisom",
    "application/pdf": PDF,
}


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    async with await SqliteStore.open(tmp_path / "s.db") as opened:
        await opened.put_campaign(campaign())
        await opened.load_accounts("c1", [account()], NOW)
        yield opened


async def case(store: SqliteStore) -> str:
    bill = BillKey("cust-1", "acc-1", "b1")
    found = await store.disputes.open(NewDispute(bill, "bill", "api", "r1"), NOW)
    assert found is not None
    return found.case_id


def files(store: SqliteStore, tmp_path: Path, **limits: int) -> EvidenceFiles:
    return EvidenceFiles(tmp_path / "evidence", store.disputes, EvidenceLimits(**limits))


async def test_a_file_is_kept_once_under_a_name_of_our_own(store: SqliteStore, tmp_path: Path) -> None:
    keeper, case_id = files(store, tmp_path), await case(store)
    first = await keeper.add(case_id, "../../etc/meter\n.jpg", JPEG, source="page", by="customer", now=NOW)
    again = await keeper.add(case_id, "other.jpg", JPEG, source="agent", by="li", now=NOW)
    assert again == first
    assert (first.name, first.content_type, first.size) == ("meter.jpg", "image/jpeg", len(JPEG))
    assert first.sha256 == hashlib.sha256(JPEG).hexdigest()
    (kept,) = (each for each in (tmp_path / "evidence").rglob("*") if each.is_file())
    assert kept.relative_to(tmp_path / "evidence").as_posix() == f"{case_id}/{first.sha256}.jpg"
    assert kept.stat().st_mode & 0o777 == 0o600
    assert keeper.read(first) == JPEG
    assert [each.step for each in await store.disputes.history(case_id)] == ["open", "review", "evidence"]


@pytest.mark.parametrize("kind", CONTENT_TYPES)
async def test_every_kind_is_told_by_its_first_bytes(store: SqliteStore, tmp_path: Path, kind: str) -> None:
    keeper = files(store, tmp_path)
    found = await keeper.add(
        await case(store), "x", KINDS[kind], source="page", by="c", now=NOW, content_type=f"{kind}; a=b"
    )
    assert (found.content_type, Path(found.path).suffix) == (kind, CONTENT_TYPES[kind])


@pytest.mark.parametrize(
    ("content", "said", "wrong"),
    [
        (b"", "", "empty"),
        (b"<html><script>", "image/png", "no file of a kind"),
        (b"#!/bin/sh", "", "no file of a kind"),
        (b"0000ftypavif", "", "no file of a kind"),
        (PDF, "image/jpeg", "is said to be 'image/jpeg', and is application/pdf"),
        (JPEG + b"0" * 100, "", "at most 100"),
    ],
)
async def test_what_is_not_taken_is_refused_and_leaves_nothing(
    store: SqliteStore, tmp_path: Path, content: bytes, said: str, wrong: str
) -> None:
    keeper, case_id = files(store, tmp_path, largest=100), await case(store)
    with pytest.raises(InputError, match=wrong):
        await keeper.add(case_id, "x", content, source="page", by="c", now=NOW, content_type=said)
    assert not (tmp_path / "evidence").exists()
    assert await store.disputes.evidence(case_id) == []


async def test_no_more_than_so_many_and_none_for_a_case_that_is_closed_or_not_there(
    store: SqliteStore, tmp_path: Path
) -> None:
    keeper, case_id = files(store, tmp_path, files=1), await case(store)
    await keeper.add(case_id, "x", JPEG, source="page", by="c", now=NOW)
    with pytest.raises(InputError, match="at most 1"):
        await keeper.add(case_id, "x", PDF, source="page", by="c", now=NOW)
    with pytest.raises(UnknownRecord):
        await keeper.add("dis-none", "x", PDF, source="page", by="c", now=NOW)
    await store.disputes.take(case_id, DisputeStep.WITHDRAW, "li", NOW)
    with pytest.raises(WrongState):
        await files(store, tmp_path).add(case_id, "x", PDF, source="page", by="c", now=NOW)


async def test_what_was_changed_or_lies_elsewhere_is_not_handed_out(
    store: SqliteStore, tmp_path: Path
) -> None:
    keeper, case_id = files(store, tmp_path), await case(store)
    found = await keeper.add(case_id, "x", JPEG, source="page", by="c", now=NOW)
    (tmp_path / "evidence" / found.path).write_bytes(PDF)
    with pytest.raises(AriAppError, match="SHA-256 differs"):
        keeper.read(found)
    (tmp_path / "secret").write_bytes(JPEG)
    with pytest.raises(AriAppError, match="outside"):
        keeper.read(replace(found, path="../secret"))
    (tmp_path / "evidence" / found.path).unlink()
    with pytest.raises(AriAppError, match="cannot be read"):
        keeper.read(found)


@given(st.text(max_size=300))
def test_a_name_is_one_short_line(name: str) -> None:
    shown = shown_name(name)
    assert 0 < len(shown) <= 120
    assert shown.isprintable()
    assert not {"/", "\\"} & set(shown)


@given(st.binary(max_size=20))
def test_no_beginning_of_a_file_raises(content: bytes) -> None:
    assert content_type_of(content) in {None, *CONTENT_TYPES}
