"""Callbacks over HTTP: verified, kept, applied once, and answered when they are on the disk."""

from __future__ import annotations

import asyncio
import random
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ari_app.domain.campaign import WebhookSpec
from ari_app.domain.compliance import Rule
from ari_app.domain.debt.ledger import EntryKind
from ari_app.domain.event_names import EVENTS
from ari_app.domain.payments.notice import NEXT, NoticeReason, NoticeState, may_follow
from ari_app.errors import StoreUnavailable
from ari_app.ports.debt import BillKey, Movement
from ari_app.ports.payments import Notice, NoticeRecord, PaymentOrder, PaymentProvider
from ari_app.services.payments.callbacks import CallbackDesk
from ari_app.services.payments.orders import OrderDesk, Wish, order_number
from ari_app.store.sqlite_store import SqliteStore
from ari_app.web.payments.callbacks import callback_router
from tests.support import pay_providers as far
from tests.support.clock import FakeClock
from tests.support.pay_providers import Callback
from tests.support.store_rows import NOW, account, campaign

pytestmark = pytest.mark.fakes

BILL = BillKey("cust-1", "acc-1", "b1")
SUM = Decimal("568.32")
KEYS = {"customerId": "cust-1", "accountId": "acc-1", "billId": "b1"}
HOUR = timedelta(hours=1)


@dataclass
class Site:
    """A store, a desk of callbacks, and a browser-less way to it."""

    store: SqliteStore
    desk: CallbackDesk
    clock: FakeClock
    client: httpx.AsyncClient
    orders: OrderDesk

    async def tell(self, provider: str, told: Callback) -> httpx.Response:
        headers, body = told
        return await self.client.post(f"/payments/{provider}/callback", headers=headers, content=body)

    async def owed(self, customer: str = "cust-1") -> Decimal:
        (found,) = await self.store.customer_accounts(customer)
        return found.account.amount_due

    async def events(self) -> list[str]:
        return [each.event for each in await self.store.outbox()]

    async def states(self) -> list[tuple[NoticeState, NoticeReason]]:
        return [(each.state, each.reason) for each in reversed(await self.store.payments.notices())]

    async def order(self, amount: Decimal = SUM, provider: str = "alipay", method: str = "wap") -> str:
        wish = Wish(BILL, provider, method, amount, "CNY", "bill")
        return (await self.orders.begin(wish)).order_no

    def paid(self, amount: str = "568.32", reference: str = "tx-1", **values: object) -> Callback:
        told = {"eventId": f"e-{reference}", "type": "payment", "amount": amount, "currency": "CNY"}
        return far.bank_told(self.clock.now(), **{**told, "reference": reference, **KEYS, **values})

    def taken_back(self, amount: str = "568.32", reference: str = "rx-1", of: str = "tx-1") -> Callback:
        told = {"eventId": f"e-{reference}", "type": "reversal", "amount": amount, "currency": "CNY"}
        return far.bank_told(self.clock.now(), **told, reference=reference, reverses=of)


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    async with await SqliteStore.open(tmp_path / "s.db") as store:
        wanted = replace(campaign(), webhook=WebhookSpec("https://e.invalid/h", tuple(EVENTS)))
        await store.put_campaign(wanted)
        await store.load_accounts("c1", [account()], NOW)
        clock = FakeClock(NOW + HOUR)
        providers: dict[str, PaymentProvider] = {
            "bank": far.bank(),
            "alipay": far.alipay(),
            "wechat": far.wechat(),
        }
        desk = CallbackDesk(store.payments, providers, clock)
        app = FastAPI()
        app.include_router(callback_router(desk))
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(app=app), base_url="https://pay.example"
        ) as client:
            yield Site(store, desk, clock, client, OrderDesk(store.payments, providers, clock))


async def test_a_payment_settles_the_bill_before_it_is_answered(site: Site) -> None:
    answer = await site.tell("bank", site.paid())
    assert (answer.status_code, answer.json()) == (200, {"status": "accepted"})
    assert await site.owed() == 0
    assert await site.states() == [(NoticeState.APPLIED, NoticeReason.RECORDED)]
    assert await site.events() == ["payment.settled", "payment.received"]
    (entry,) = await site.store.debts.ledger(BILL)
    assert (entry.provider, entry.reference, entry.source) == ("bank", "tx-1", "callback bank")


async def test_the_verdict_flips_in_the_same_transaction(site: Site) -> None:
    from ari_app.services.rule_directory import RuleDirectory

    rules = RuleDirectory(Path(__file__).parents[3] / "dialplan")
    (attempt,) = await site.store.claim_due("c1", site.clock.now(), 1, rules.decide, lambda: "att-1")
    await site.tell("bank", site.paid())
    verdict = await site.store.mark_dialled(attempt.attempt_id, site.clock.now(), rules.decide)
    assert (verdict.allowed, verdict.rule) == (False, Rule.PAID)


async def test_three_providers_answer_in_their_own_words(site: Site) -> None:
    for_alipay, for_wechat = await site.order(), await site.order(provider="alipay", method="page")
    now = site.clock.now()
    alipay = await site.tell(
        "alipay", far.alipay_notice(now, out_trade_no=for_alipay, total_amount="100.00", trade_no="a-1")
    )
    assert (alipay.status_code, alipay.text) == (200, "success")
    wechat = await site.tell("wechat", far.wechat_paid(for_wechat, Decimal("68.32"), now))
    assert (wechat.status_code, wechat.json()["code"]) == (200, "SUCCESS")
    assert await site.owed() == Decimal("400.00")
    refused = [
        await site.tell("alipay", ({}, b"x=1")),
        await site.tell("wechat", ({}, b"{}")),
        await site.tell("bank", ({}, b"{}")),
    ]
    assert [each.status_code for each in refused] == [401, 401, 401]
    assert refused[0].text == "failure"
    assert refused[1].json()["code"] == "FAIL"
    assert [each.not_verified for each in site.desk.counters.values()] == [1, 1, 1]
    assert (await site.tell("nobody", ({}, b"{}"))).status_code == 404


async def test_nothing_of_a_refused_callback_is_kept(site: Site) -> None:
    headers, body = site.paid()
    await site.client.post("/payments/bank/callback", headers=headers, content=body + b" ")
    assert await site.store.payments.notices() == []
    assert await site.owed() == SUM


async def test_a_callback_told_again_is_one_payment(site: Site) -> None:
    for _ in range(3):
        assert (await site.tell("bank", site.paid())).status_code == 200
        site.clock.advance(HOUR)
    (record,) = await site.store.payments.notices()
    assert (record.deliveries, record.state) == (3, NoticeState.APPLIED)
    # Another notice of the same payment is the same payment too.
    await site.tell("bank", site.paid(eventId="another"))
    assert (await site.states())[-1] == (NoticeState.APPLIED, NoticeReason.REPEATED)
    assert len(await site.store.debts.ledger(BILL)) == 1
    assert (await site.events()).count("payment.received") == 1


async def test_what_really_came_is_recorded_whatever_was_asked(site: Site) -> None:
    order_no = await site.order(Decimal("100.00"))
    now = site.clock.now()
    await site.tell("alipay", far.alipay_notice(now, out_trade_no=order_no, total_amount="68.32"))
    assert await site.owed() == Decimal("500.00")
    (record,) = await site.store.payments.notices()
    assert record.note == "the order was for 100.00 CNY"
    await site.tell("bank", site.paid("600.00"))
    assert await site.owed() == 0
    told = [each for each in await site.store.outbox() if each.event == "payment.settled"]
    assert told[-1].payload["overpaid"] == 100.0


async def test_a_refund_brings_the_debt_back(site: Site) -> None:
    await site.tell("bank", site.paid())
    assert await site.owed() == 0
    await site.tell("bank", site.taken_back("500.00"))
    assert await site.owed() == Decimal("500.00")
    assert (await site.events())[-1] == "payment.reversed"


async def test_a_refund_that_comes_first_waits_for_its_payment(site: Site) -> None:
    await site.tell("bank", site.taken_back("500.00"))
    assert await site.states() == [(NoticeState.UNMATCHED, NoticeReason.UNKNOWN_BILL)]
    await site.tell("bank", site.paid())
    assert await site.states() == [(NoticeState.APPLIED, NoticeReason.RECORDED)] * 2
    assert await site.owed() == Decimal("500.00")


async def test_a_refund_goes_where_its_payment_went_whatever_bill_it_names(site: Site) -> None:
    await site.store.load_accounts("c1", [account(2)], site.clock.now())
    await site.tell("bank", site.paid())
    for number, customer in enumerate(("cust-2", "cust-9"), 1):  # of another customer, and of nobody
        keys = {"customerId": customer, "accountId": customer.replace("cust", "acc"), "billId": "b1"}
        told = {"eventId": f"b{number}", "type": "reversal", "amount": "100.00", "currency": "CNY"}
        back = far.bank_told(site.clock.now(), **told, reference=f"rx-{number}", reverses="tx-1", **keys)
        await site.tell("bank", back)
    assert await site.owed() == Decimal("200.00")
    assert await site.owed("cust-2") == SUM


async def test_a_refund_of_nobodys_bill_that_came_first_is_looked_at_once(site: Site) -> None:
    keys = {"customerId": "cust-9", "accountId": "acc-9", "billId": "b1"}
    told = {"eventId": "b1", "type": "reversal", "amount": "100.00", "currency": "CNY"}
    await site.tell("bank", far.bank_told(site.clock.now(), **told, reference="rx", reverses="tx-1", **keys))
    moved = Movement(BILL, EntryKind.PAYMENT, SUM, "CNY", NOW, "bank", "tx-1")
    await site.store.debts.post(moved, site.clock.now())  # by another way than a callback
    async with asyncio.timeout(20):
        assert await site.store.payments.retry_unmatched(site.clock.now()) == 1
        await site.store.load_accounts("c1", [account(3)], site.clock.now())
    assert await site.owed() == Decimal("100.00")


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0), (2, 0, 1), (1, 0, 2), (0, 2, 1)])
async def test_refunds_of_alipay_add_up_in_any_order(site: Site, order: tuple[int, ...]) -> None:
    order_no = await site.order()
    now = site.clock.now()
    told = [
        far.alipay_notice(now, notify_id="p", out_trade_no=order_no, total_amount="568.32"),
        far.alipay_notice(
            now,
            notify_id="r1",
            out_trade_no=order_no,
            total_amount="568.32",
            refund_fee="30.00",
            out_biz_no="1",
        ),
        far.alipay_notice(
            now,
            notify_id="r2",
            out_trade_no=order_no,
            total_amount="568.32",
            refund_fee="50.00",
            out_biz_no="2",
        ),
    ]
    for number in order:
        assert (await site.tell("alipay", told[number])).text == "success"
    assert await site.owed() == Decimal("50.00")


async def test_a_contradiction_is_kept_and_moves_nothing(site: Site) -> None:
    await site.tell("bank", site.paid("100.00"))
    await site.tell("bank", site.paid("200.00"))
    await site.tell("bank", site.paid("200.00"))
    await site.tell("bank", site.paid("300.00", eventId="other"))
    assert await site.states() == [
        (NoticeState.APPLIED, NoticeReason.RECORDED),
        (NoticeState.REFUSED, NoticeReason.CONTRADICTS),
        (NoticeState.REFUSED, NoticeReason.CONTRADICTS),
    ]
    assert await site.owed() == Decimal("468.32")


async def test_a_payment_before_its_bill_is_applied_when_the_list_comes(site: Site) -> None:
    await site.tell("bank", site.paid(customerId="cust-7", accountId="acc-7"))
    assert await site.states() == [(NoticeState.UNMATCHED, NoticeReason.UNKNOWN_BILL)]
    assert await site.events() == ["payment.unmatched"]
    (told,) = await site.store.outbox()
    assert (told.payload["customerId"], told.payload["amount"]) == ("cust-7", 568.32)
    await site.store.load_accounts("c1", [account(7)], site.clock.advance(HOUR))
    assert await site.states() == [(NoticeState.APPLIED, NoticeReason.RECORDED)]
    assert await site.owed("cust-7") == 0


async def test_another_currency_waits_for_a_person(site: Site) -> None:
    await site.tell("bank", site.paid(currency="USD"))
    (record,) = await site.store.payments.notices(NoticeState.UNMATCHED)
    assert record.reason is NoticeReason.WRONG_CURRENCY
    assert await site.store.payments.retry_unmatched(site.clock.now()) == 0
    refused = await site.store.payments.refuse(record.seq, "anna", "sent back", site.clock.now())
    assert refused is not None
    assert (refused.state, refused.note) == (NoticeState.REFUSED, "anna: sent back")
    assert await site.store.payments.refuse(record.seq, "anna", "again", site.clock.now()) is None


async def test_a_person_says_whose_payment_it_is(site: Site) -> None:
    await site.tell("wechat", far.wechat_paid("FOREIGN-1", SUM, site.clock.now()))
    (record,) = await site.store.payments.notices(NoticeState.UNMATCHED)
    matched = await site.store.payments.match(record.seq, BILL, "anna", site.clock.now())
    assert matched is not None
    assert (matched.state, matched.note) == (NoticeState.APPLIED, "matched by anna")
    assert await site.owed() == 0
    assert await site.store.payments.match(record.seq, BILL, "anna", site.clock.now()) is None
    assert await site.store.payments.match(9999, BILL, "anna", site.clock.now()) is None


async def test_too_long_a_body_is_refused_whatever_it_claims(site: Site) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(70):
            yield b" " * 1000

    long = await site.client.post("/payments/bank/callback", content=b" " * 70_000)
    streamed = await site.client.post("/payments/bank/callback", content=chunks())
    odd = await site.client.post("/payments/bank/callback", content=b"", headers={"content-length": "x"})
    zeros = {"content-length": "0" * 5000}
    endless = await site.client.post("/payments/bank/callback", content=b"", headers=zeros)
    assert endless.status_code == 401
    assert [long.status_code, streamed.status_code, odd.status_code] == [413, 413, 413]


async def test_a_store_that_cannot_write_makes_the_provider_tell_it_again(site: Site) -> None:
    class Full:
        async def take(self, notice: Notice, body: bytes, now: object, source: str) -> NoticeRecord:
            raise StoreUnavailable("the disk is full")

    desk = CallbackDesk(Full(), {"bank": far.bank()}, site.clock)
    answer = await desk.receive("bank", *site.paid())
    assert answer.status == 503
    assert desk.counters["bank"].not_kept == 1


async def test_what_came_is_kept_word_for_word(site: Site) -> None:
    headers, body = site.paid()
    await site.tell("bank", (headers, body))
    with closing(sqlite3.connect(site.store.path)) as connection:
        assert connection.execute("SELECT body FROM payment_notice").fetchall() == [(body,)]


async def test_an_order_leads_back_to_its_bill_even_when_the_provider_failed(site: Site) -> None:
    from ari_app.ports.payments import ProviderError

    wish = Wish(BILL, "wechat", "native", SUM, "USD", "bill")
    with pytest.raises(ProviderError):
        await site.orders.begin(wish)
    order = PaymentOrder("AR-123456", BILL, "wechat", "native", SUM, "CNY", NOW, NOW + HOUR)
    assert await site.store.payments.add_order(order, NOW)
    assert not await site.store.payments.add_order(order, NOW)
    await site.tell("wechat", far.wechat_paid("AR-123456", SUM, site.clock.now()))
    assert await site.owed() == 0


def test_order_numbers_are_such_as_every_provider_takes() -> None:
    numbers = {order_number(NOW) for _ in range(200)}
    assert len(numbers) == 200
    assert all(each.isalnum() and len(each) == 26 for each in numbers)


@given(st.lists(st.sampled_from(list(NoticeState)), max_size=8))
def test_a_notice_goes_only_where_the_table_lets_it(walk: list[NoticeState]) -> None:
    state = NoticeState.RECEIVED
    for after in walk:
        if may_follow(state, after):
            state = after
        else:
            assert after not in NEXT[state]
    assert (state in (NoticeState.APPLIED, NoticeState.REFUSED)) == (NEXT[state] == frozenset())


async def _storm(path: Path, plan: list[tuple[int, int | None]], seed: int) -> tuple[Decimal, Decimal, int]:
    """Payments (fen, and what is taken back of each), each told three times in any order: owed, sum of all, entries."""
    async with await SqliteStore.open(path) as store:
        await store.put_campaign(campaign())
        await store.load_accounts("c1", [account(amount_due=Decimal("99999.99"))], NOW)
        desk = CallbackDesk(store.payments, {"bank": far.bank()}, FakeClock(NOW + HOUR))
        told: list[Callback] = []
        for number, (paid, back) in enumerate(plan):
            common = {"currency": "CNY", **KEYS}
            told.append(
                far.bank_told(
                    NOW + HOUR,
                    **common,
                    eventId=f"p{number}",
                    type="payment",
                    amount=str(Decimal(paid).scaleb(-2)),
                    reference=f"p{number}",
                )
            )
            if back is not None:
                told.append(
                    far.bank_told(
                        NOW + HOUR,
                        currency="CNY",
                        eventId=f"r{number}",
                        type="reversal",
                        amount=str(Decimal(back).scaleb(-2)),
                        reference=f"r{number}",
                        reverses=f"p{number}",
                    )
                )
        storm = told * 3
        random.Random(seed).shuffle(storm)
        answers = await asyncio.gather(*(desk.receive("bank", *each) for each in storm))
        assert {each.status for each in answers} == {200}
        assert await store.payments.notices(NoticeState.UNMATCHED) == []
        (found,) = await store.customer_accounts("cust-1")
        entries = await store.debts.ledger(BILL)
        moved = sum(
            (each.amount if each.kind is EntryKind.PAYMENT else -each.amount for each in entries), Decimal(0)
        )
        return found.account.amount_due, moved, len(entries)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.integers(1, 900_000).flatmap(
            lambda paid: st.tuples(st.just(paid), st.none() | st.integers(1, paid))
        ),
        min_size=1,
        max_size=10,
    ),
    st.integers(0, 2**32),
)
def test_a_storm_of_callbacks_ends_with_the_same_ledger(
    tmp_path_factory: pytest.TempPathFactory, plan: list[tuple[int, int | None]], seed: int
) -> None:
    path = tmp_path_factory.mktemp("storm") / "s.db"
    owed, moved, entries = asyncio.run(_storm(path, plan, seed))
    kept = sum(paid - (back or 0) for paid, back in plan)
    assert moved == Decimal(kept).scaleb(-2)
    assert owed == max(Decimal(0), Decimal("99999.99") - Decimal(kept).scaleb(-2))
    assert entries == len(plan) + sum(back is not None for _, back in plan)


async def test_a_payment_by_hand_and_its_callback_are_two_unless_they_have_one_name(site: Site) -> None:
    by_hand = Movement(BILL, EntryKind.PAYMENT, Decimal("1.00"), "CNY", NOW, "bank", "tx-1")
    await site.store.debts.post(by_hand, site.clock.now())
    await site.tell("bank", site.paid("1.00"))
    assert await site.states() == [(NoticeState.APPLIED, NoticeReason.REPEATED)]
    assert await site.owed() == Decimal("567.32")
