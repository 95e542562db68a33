"""Links to the page: signed, bound, expiring, revocable, and used a bounded number of times."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from ari_app.domain.payments.link import MAX_FAILURES, LinkRefusal, LinkTerms
from ari_app.errors import ConfigError
from ari_app.ports.debt import BillKey
from ari_app.ports.payments import LinkRecord, PageAct
from ari_app.services.payments.keys import LinkKeys, link_keys
from ari_app.services.payments.links import SignedLinks
from ari_app.store.sqlite_store import SqliteStore
from tests.support.store_rows import NOW, account, campaign

pytestmark = pytest.mark.fakes

BILL = BillKey("cust-1", "acc-1", "b1")
OTHER = BillKey("cust-2", "acc-2", "b1")
KEY, NEW_KEY = "k" * 40, "n" * 40
HOUR = timedelta(hours=1)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    async with await SqliteStore.open(tmp_path / "s.db") as opened:
        await opened.put_campaign(campaign())
        await opened.load_accounts("c1", [account(), account(2)], NOW)
        yield opened


@pytest.fixture
def links(store: SqliteStore) -> SignedLinks:
    return SignedLinks(
        store.payments, LinkKeys([KEY]), "https://pay.example", LinkTerms(timedelta(days=7), 3)
    )


async def a_token(links: SignedLinks, bill: BillKey = BILL) -> str:
    address = await links.link_for(bill, NOW)
    assert address is not None
    assert address.startswith("https://pay.example/pay/")
    return address.rpartition("/")[2]


async def test_a_link_opens_the_page_of_its_bill(links: SignedLinks) -> None:
    found = await links.read(await a_token(links), NOW + HOUR)
    assert isinstance(found, LinkRecord)
    assert found.bill == BILL


async def test_nobody_else_has_a_link(links: SignedLinks) -> None:
    assert await links.link_for(BillKey("nobody", "a", "b"), NOW) is None


async def test_a_link_is_sent_again_while_half_of_its_life_is_left(links: SignedLinks) -> None:
    first = await links.link_for(BILL, NOW)
    assert await links.link_for(BILL, NOW + timedelta(days=3)) == first
    assert await links.link_for(BILL, NOW + timedelta(days=4)) != first


async def test_an_expired_link_opens_nothing(links: SignedLinks) -> None:
    token = await a_token(links)
    assert isinstance(await links.read(token, NOW + timedelta(days=7) - HOUR), LinkRecord)
    assert await links.read(token, NOW + timedelta(days=7)) is LinkRefusal.EXPIRED


async def test_a_revoked_link_opens_nothing_and_a_new_one_is_made(
    store: SqliteStore, links: SignedLinks
) -> None:
    token = await a_token(links)
    assert await store.payments.revoke_links(BILL, "sent to a wrong number", NOW + HOUR) == 1
    assert await links.read(token, NOW + HOUR) is LinkRefusal.REVOKED
    assert await store.payments.revoke_links(BILL, "again", NOW + HOUR) == 0
    address = await links.link_for(BILL, NOW + HOUR)
    assert address is not None
    assert not address.endswith(token)


async def test_every_character_of_a_token_counts(links: SignedLinks) -> None:
    token = await a_token(links)
    for place, sign in enumerate(token):
        forged = token[:place] + ("A" if sign != "A" else "B") + token[place + 1 :]
        assert await links.read(forged, NOW) is LinkRefusal.UNKNOWN, place
    signs = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    twins = [token[:-1] + sign for sign in signs if sign != token[-1]]
    assert {await links.read(twin, NOW) for twin in twins} == {LinkRefusal.UNKNOWN}


@pytest.mark.parametrize("text", ["", ".", "a" * 500, "..%2f", "\x00", "é" * 80, "a.b.c.d"])
async def test_what_is_no_token_is_refused_before_the_store_is_asked(links: SignedLinks, text: str) -> None:
    assert await links.read(text, NOW) is LinkRefusal.UNKNOWN


async def test_a_link_of_another_customer_is_none_of_this_one(links: SignedLinks) -> None:
    mine, other = await links.record_for(BILL, NOW), await links.record_for(OTHER, NOW)
    assert mine is not None
    assert other is not None
    # Signed with the right key, for a link that exists, but bound to another bill than the link's.
    forged = links.token(replace(other, bill=BILL))
    assert await links.read(forged, NOW) is LinkRefusal.UNKNOWN


async def test_a_signature_for_another_purpose_counts_for_nothing(links: SignedLinks) -> None:
    record = await links.record_for(BILL, NOW)
    assert record is not None
    text = links.token(record).rpartition(".")[0]
    from itsdangerous import Signer

    for salt in ("ari-app.payment-session", "ari-app.payment-link.other", "itsdangerous.Signer"):
        import hashlib

        signed = Signer(KEY, salt=salt, key_derivation="hmac", digest_method=hashlib.sha256).sign(text)
        assert await links.read(signed.decode(), NOW) is LinkRefusal.UNKNOWN


async def test_a_new_key_signs_and_the_old_one_is_accepted_until_it_is_deleted(
    store: SqliteStore, links: SignedLinks
) -> None:
    old = await a_token(links)
    rotated = replace(links, keys=LinkKeys([NEW_KEY, KEY]))
    assert isinstance(await rotated.read(old, NOW), LinkRecord)
    new = await a_token(rotated)
    assert new != old
    later = replace(links, keys=LinkKeys([NEW_KEY]))
    assert await later.read(old, NOW) is LinkRefusal.UNKNOWN
    assert isinstance(await later.read(new, NOW), LinkRecord)


async def test_wrong_answers_lock_a_link(store: SqliteStore, links: SignedLinks) -> None:
    record = await links.record_for(BILL, NOW)
    assert record is not None
    answers = [await store.payments.answer_question(record.link_id, "9999", NOW) for _ in range(MAX_FAILURES)]
    assert answers == [False] * (MAX_FAILURES - 1) + [LinkRefusal.LOCKED]
    assert await store.payments.answer_question(record.link_id, "0001", NOW) is LinkRefusal.LOCKED
    assert await links.read(links.token(record), NOW) is LinkRefusal.LOCKED
    acts = await store.payments.acts_of("cust-1")
    assert [each.act for each in acts] == [PageAct.FAILED] * MAX_FAILURES


async def test_a_link_opens_the_page_so_often_and_no_more(store: SqliteStore, links: SignedLinks) -> None:
    record = await links.record_for(BILL, NOW)
    assert record is not None
    for _ in range(3):
        assert await store.payments.answer_question(record.link_id, "0001", NOW) is True
    assert await store.payments.answer_question(record.link_id, "0001", NOW) is LinkRefusal.USED_UP
    # Who is on the page stays there to the end of his visit.
    assert await store.payments.page_bill(record.link_id, NOW) is not None


async def test_any_number_of_the_account_answers_the_question(tmp_path: Path) -> None:
    async with await SqliteStore.open(tmp_path / "n.db") as store:
        await store.put_campaign(campaign())
        await store.load_accounts("c1", [account(other_phones=("+8613912345678",))], NOW)
        links = SignedLinks(store.payments, LinkKeys([KEY]), "https://pay.example")
        record = await links.record_for(BILL, NOW)
        assert record is not None
        assert await store.payments.answer_question(record.link_id, "5678", NOW) is True
        assert await store.payments.answer_question(record.link_id, "", NOW) is False


def test_the_key_file_is_made_once_and_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "new" / "payment-links.keys"
    first = link_keys(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert link_keys(path).oldest_first == first.oldest_first
    assert first.oldest_first[0] not in repr(first)
    path.chmod(0o640)
    with pytest.raises(ConfigError, match="chmod 600"):
        link_keys(path)


@pytest.mark.parametrize(
    ("text", "wrong"),
    [("", "1 to 20 keys"), ("short\n", "32 to 512"), (f"{KEY}\n{KEY}\n", "twice"), (f"{KEY} x\n", "blanks")],
)
def test_a_key_file_that_cannot_sign_is_refused(tmp_path: Path, text: str, wrong: str) -> None:
    path = tmp_path / "k"
    path.write_text(text)
    path.chmod(0o600)
    with pytest.raises(ConfigError, match=wrong):
        link_keys(path)
