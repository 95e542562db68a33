"""The payment page: nothing before the question, every act once and with its source, nothing of it anywhere else."""

from __future__ import annotations

import random
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from html.parser import HTMLParser
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from ari_app.domain.account import AccountDetails, FeeItem
from ari_app.domain.campaign import WebhookSpec
from ari_app.domain.contact_facts import ListKind
from ari_app.domain.debt.promise import PromiseState
from ari_app.domain.event_names import EVENTS
from ari_app.domain.payments.page import MOST_PROMISES
from ari_app.ports.debt import BillKey, Movement
from ari_app.ports.payments import PageAct, PaymentProvider
from ari_app.services.disputes.evidence_files import EvidenceFiles
from ari_app.services.payments.keys import LinkKeys
from ari_app.services.payments.links import SignedLinks
from ari_app.services.payments.orders import OrderDesk
from ari_app.services.payments.visits import Visits
from ari_app.store.sqlite_store import SqliteStore
from ari_app.web.payments.answers import style
from ari_app.web.payments.desk import Desk
from ari_app.web.payments.page import PaymentPage
from ari_app.web.payments.texts import EN, ZH
from ari_app.web.payments.visitor import Porter
from ari_app.web.payments.wishes import Wishes
from tests.support import pay_providers as far
from tests.support.clock import FakeClock
from tests.support.store_rows import NOW, account, campaign

pytestmark = pytest.mark.fakes

BILL = BillKey("cust-1", "acc-1", "b1")
SECRETS = ("568.32", "568", "逾期", "overdue", "王小明", "+8613800000001", "00000001", "cust-1", "acc-1")
HOUR = timedelta(hours=1)


@dataclass
class Browser:
    """A telephone with a link."""

    store: SqliteStore
    clock: FakeClock
    client: httpx.AsyncClient
    links: SignedLinks
    path: str
    room: EvidenceFiles

    async def get(self, below: str = "", **query: str) -> httpx.Response:
        return await self.client.get(self.path + below, params=query)

    async def send(
        self, below: str, values: dict[str, str], files: dict[str, tuple[str, bytes, str]] | None = None
    ) -> httpx.Response:
        """Fill in the form of a page and send it."""
        shown = await self.client.get(self.path + ("" if below in ("/answer", "/order") else below))
        found = re.search(rf'action="[^"]*{below}[^"]*".*?name="form" value="([^"]+)"', shown.text, re.S)
        form = found[1] if found else ""
        return await self.client.post(self.path + below, data={"form": form, **values}, files=files)

    async def let_in(self, digits: str = "0001") -> httpx.Response:
        return await self.send("/answer", {"digits": digits})

    async def acts(self) -> list[PageAct]:
        return [each.act for each in await self.store.payments.acts_of("cust-1")]


@pytest.fixture
async def browser(tmp_path: Path) -> AsyncIterator[Browser]:
    async with await SqliteStore.open(tmp_path / "s.db") as store:
        wanted = replace(campaign(), webhook=WebhookSpec("https://e.invalid/h", tuple(EVENTS)))
        await store.put_campaign(wanted)
        details = AccountDetails(
            fee_items=(FeeItem("基本费 <b>&", Decimal("500.00")), FeeItem("滞纳金", Decimal("68.32"))),
            late_fee=Decimal("68.32"),
            suspension_on=NOW.date() + timedelta(days=3),
            service_state="active",
        )
        await store.load_accounts("c1", [account(details=details), account(2)], NOW)
        clock = FakeClock(NOW + HOUR)
        links = SignedLinks(store.payments, LinkKeys(["k" * 40]), "https://pay.example/x")
        companies = {"zh": "示例公司", "en": "Example Company"}
        porter = Porter(links, Visits(links.keys, timedelta(minutes=30)), clock, companies)
        providers: dict[str, PaymentProvider] = {"alipay": far.alipay(), "bank": far.bank()}
        room = EvidenceFiles(tmp_path / "evidence", store.disputes)
        desk = Desk(porter, store.payments)
        page = PaymentPage(desk, OrderDesk(store.payments, providers, clock), Wishes(desk, 14, room))
        app = FastAPI()
        app.include_router(page.router(), prefix="/x")  # as a proxy would put it
        address = await links.link_for(BILL, clock.now())
        assert address is not None
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(app=app), base_url="https://pay.example"
        ) as client:
            path = address.removeprefix("https://pay.example")
            yield Browser(store, clock, client, links, path, room)


# --------------------------------------------------------------------------------------------------- before the question


async def test_before_the_question_nothing_but_a_masked_name_is_shown(browser: Browser) -> None:
    shown = await browser.get()
    assert shown.status_code == 200
    assert "王*" in shown.text
    assert "<title>示例公司</title>" in shown.text, "what a messenger shows of a link names nobody"
    assert [each for each in SECRETS if each in shown.text.replace(browser.path, "")] == []
    assert not shown.cookies


async def test_every_other_page_leads_to_the_question(browser: Browser) -> None:
    for below in ("/later", "/objection", "/quiet", "/orders/AR12345678", "/done"):
        shown = await browser.client.get(browser.path + below, follow_redirects=True)
        assert ZH["digits"] in shown.text, below
        assert [each for each in SECRETS if each in shown.text.replace(browser.path, "")] == []


async def test_the_right_answer_shows_the_bill(browser: Browser) -> None:
    answer = await browser.let_in()
    assert (answer.status_code, answer.headers["location"]) == (303, browser.path)
    cookie = answer.headers["set-cookie"]
    assert all(word in cookie for word in ("HttpOnly", "Secure", "SameSite=lax", f"Path={browser.path}"))
    shown = await browser.get()
    for text in ("568.32 元", "基本费 &lt;b&gt;&amp;", ZH["fee_after"], "2026年10月1日", "支付宝（手机）"):
        assert text in shown.text, text
    assert ZH["suspends"].format(when="2026年11月26日") in shown.text
    assert await browser.acts() == [PageAct.OPENED]


async def test_a_wrong_answer_shows_nothing_and_five_lock_the_link(browser: Browser) -> None:
    for _ in range(4):
        answer = await browser.let_in("9999")
        assert answer.status_code == 403
        assert ZH["wrong"] in answer.text
        assert "568" not in answer.text
    assert (await browser.let_in("9999")).status_code == 404
    assert (await browser.get()).status_code == 404
    assert await browser.acts() == [PageAct.FAILED] * 5


async def test_every_bad_link_gets_the_same_answer(browser: Browser) -> None:
    token = browser.path.rpartition("/")[2]
    other = await browser.links.record_for(BillKey("cust-2", "acc-2", "b1"), browser.clock.now())
    assert other is not None
    await browser.store.payments.revoke_links(BillKey("cust-2", "acc-2", "b1"), "test", browser.clock.now())
    bad = ["nothing", token[:-1], token.swapcase(), browser.links.token(other), "x" * 3000, "%00"]
    answers = [await browser.client.get(f"/x/pay/{each}") for each in bad]
    browser.clock.advance(timedelta(days=8))
    answers.append(await browser.get())
    assert {(each.status_code, each.text) for each in answers} == {(404, answers[0].text)}
    assert len({tuple(sorted(each.headers.items())) for each in answers}) == 1


async def test_a_visit_ends_and_is_good_for_its_link_alone(browser: Browser) -> None:
    await browser.let_in()
    other = await browser.links.link_for(BillKey("cust-2", "acc-2", "b1"), browser.clock.now())
    assert other is not None
    cookie = next(iter(browser.client.cookies.jar)).value or ""
    path = other.removeprefix("https://pay.example")
    shown = await browser.client.get(path, headers={"cookie": f"pay={cookie}"})
    assert ZH["digits"] in shown.text
    for forged in (cookie, cookie[:-2], "x" * 100, ""):
        if forged != cookie:
            shown = await browser.client.get(browser.path, headers={"cookie": f"pay={forged}"})
            assert ZH["digits"] in shown.text
    browser.clock.advance(timedelta(minutes=31))
    assert ZH["digits"] in (await browser.get()).text


# --------------------------------------------------------------------------------------------------- how it is served


async def test_headers_keep_the_link_and_the_bill_where_they_belong(browser: Browser) -> None:
    await browser.let_in()
    for shown in (await browser.get(), await browser.get("/later"), await browser.client.get("/x/pay/none")):
        policy = shown.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe-inline" not in policy
        assert shown.headers["referrer-policy"] == "no-referrer"
        assert shown.headers["cache-control"] == "no-store"
        assert "noindex" in shown.headers["x-robots-tag"]
    style = await browser.client.get("/x/pay/pay.css")
    assert style.headers["content-type"].startswith("text/css")


class _Page(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.inputs: list[dict[str, str | None]] = []
        self.labels: set[str | None] = set()
        self.headings: list[int] = []
        self.tags: list[str] = []
        self.outside: list[str] = []
        self.lang: str | None = None
        self._label = 0
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self.tags.append(tag)
        if tag == "html":
            self.lang = values.get("lang")
        if tag == "label":
            self._label += 1
            self.labels.add(values.get("for"))
        if tag in ("input", "select", "textarea") and values.get("type") != "hidden":
            self.inputs.append({**values, "inside": str(self._label)})
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(int(tag[1]))
        for name, value in attrs:
            assert not name.startswith("on"), name
            assert name != "style"
            if name in ("src", "href", "action") and value and value.startswith(("http:", "https:", "//")):
                self.outside.append(value)

    def handle_endtag(self, tag: str) -> None:
        self._label -= tag == "label"


@pytest.mark.parametrize("language", ["zh", "en"])
async def test_the_pages_are_accessible_and_load_nothing_from_elsewhere(
    browser: Browser, language: str
) -> None:
    texts = [(await browser.get(lang=language)).text]
    await browser.let_in()
    texts += [
        (await browser.get(below, lang=language)).text for below in ("", "/later", "/objection", "/quiet")
    ]
    for text in texts:
        page = _Page(text)
        assert page.lang == ("zh-CN" if language == "zh" else "en")
        assert page.headings[0] == 1
        assert all(
            after - before <= 1 for before, after in zip(page.headings, page.headings[1:], strict=False)
        )
        for each in page.inputs:
            assert each.get("id") in page.labels or each["inside"] != "0", each
        assert page.outside == []
        assert {"script", "iframe", "style"}.isdisjoint(page.tags)
        assert 'name="viewport"' in text


def test_both_languages_say_the_same_things() -> None:
    assert set(ZH) == set(EN)
    for key, text in ZH.items():
        assert re.findall(r"\{(\w+)\}", text) == re.findall(r"\{(\w+)\}", EN[key]) or set(
            re.findall(r"\{(\w+)\}", text)
        ) == set(re.findall(r"\{(\w+)\}", EN[key])), key


async def test_the_language_is_that_of_the_account_unless_another_is_asked_for(browser: Browser) -> None:
    await browser.let_in()
    assert ZH["pay"] in (await browser.get()).text
    shown = (await browser.get(lang="en")).text
    assert "CNY 568.32" in shown
    assert "?lang=en" in shown
    assert ZH["pay"] in (await browser.get(lang="xx")).text


async def test_whoever_asks_too_often_waits(browser: Browser) -> None:
    answers = [await browser.get() for _ in range(45)]
    assert [each.status_code for each in answers[:40]] == [200] * 40
    assert answers[-1].status_code == 429
    assert answers[-1].headers["retry-after"] == "30"
    browser.clock.advance(60.0)
    assert (await browser.get()).status_code == 200
    many = [(await browser.client.get(f"/x/pay/guess{number}")).status_code for number in range(130)]
    assert many[0] == 404
    assert many[-1] == 429


async def test_a_form_of_another_page_does_nothing(browser: Browser) -> None:
    await browser.let_in()
    values = {
        "day": "2026-11-30",
        "amount": "568.32",
        "category": "bill",
        "sure": "yes",
        "way": "alipay.wap",
        "much": "all",
    }
    for action in ("later", "objection", "quiet", "order"):
        browser.clock.advance(60.0)
        shown = (await browser.get("/quiet" if action != "quiet" else "/later")).text
        other = re.search(r'name="form" value="([^"]+)"', shown)
        assert other is not None
        for form in ({}, {"form": "x"}, {"form": other[1]}, {"form": "é"}):
            answer = await browser.client.post(f"{browser.path}/{action}", data={**values, **form})
            assert (answer.status_code, answer.headers["location"]) == (303, f"{browser.path}?said=form")
    assert await browser.acts() == [PageAct.OPENED]
    assert ZH["said.form"] in (await browser.get(said="form")).text


async def test_a_form_from_another_site_does_nothing(browser: Browser) -> None:
    await browser.let_in()
    shown = (await browser.get("/quiet")).text
    form = re.search(r'name="form" value="([^"]+)"', shown)
    assert form is not None
    data = {"form": form[1], "sure": "yes"}
    crossing = {"sec-fetch-site": "cross-site"}
    answer = await browser.client.post(browser.path + "/quiet", data=data, headers=crossing)
    assert answer.headers["location"].endswith("said=form")
    as_json = await browser.client.post(browser.path + "/quiet", json=data)
    assert as_json.headers["location"].endswith("said=form")
    assert await browser.store.list_entries(ListKind.DO_NOT_CONTACT) == []


async def test_a_form_without_the_visit_does_nothing(browser: Browser) -> None:
    await browser.let_in()
    shown = (await browser.get("/quiet")).text
    form = re.search(r'name="form" value="([^"]+)"', shown)
    assert form is not None
    browser.client.cookies.clear()
    answer = await browser.client.post(browser.path + "/quiet", data={"form": form[1], "sure": "yes"})
    assert answer.headers["location"] == browser.path
    assert await browser.store.list_entries(ListKind.DO_NOT_CONTACT) == []


# --------------------------------------------------------------------------------------------------- what can be done


@pytest.mark.parametrize(
    ("values", "amount"),
    [({"much": "all", "amount": "3"}, "568.32"), ({"much": "part", "amount": "100.5"}, "100.50")],
)
async def test_paying_leads_to_the_provider(browser: Browser, values: dict[str, str], amount: str) -> None:
    await browser.let_in()
    answer = await browser.send("/order", {"way": "alipay.wap", **values})
    assert answer.status_code == 303
    shown = await browser.client.get(answer.headers["location"])
    assert f"{amount} 元" in shown.text
    assert 'href="https://openapi.alipay.com/gateway.do?' in shown.text
    assert 'rel="noreferrer noopener"' in shown.text
    order_no = answer.headers["location"].rpartition("/")[2]
    order = await browser.store.payments.find_order(order_no)
    assert order is not None
    assert (order.bill, order.amount, order.provider) == (BILL, Decimal(amount), "alipay")
    assert await browser.acts() == [PageAct.OPENED, PageAct.ORDERED]
    browser.clock.advance(timedelta(minutes=29))
    browser.client.cookies.clear()
    await browser.let_in()
    browser.clock.advance(timedelta(minutes=2))
    assert ZH["order_over"] in (await browser.client.get(answer.headers["location"])).text


async def test_an_odd_wish_to_pay_begins_nothing(browser: Browser) -> None:
    await browser.let_in()
    part = {"way": "alipay.wap", "much": "part"}
    for values in (
        *({**part, "amount": amount} for amount in ("568.33", "0", "-5", "", "1e2", "NaN")),
        {"way": "nobody.wap"},
        {"way": "alipay"},
        {},
    ):
        answer = await browser.send("/order", values)
        assert answer.headers["location"].endswith("said=fault"), values
    assert await browser.acts() == [PageAct.OPENED]


async def test_an_order_of_somebody_else_is_not_shown(browser: Browser) -> None:
    from ari_app.ports.payments import PaymentOrder

    other = BillKey("cust-2", "acc-2", "b1")
    order = PaymentOrder(
        "AR-OTHER-1", other, "alipay", "native", Decimal(1), "CNY", NOW, NOW + HOUR, "https://z"
    )
    assert await browser.store.payments.add_order(order, NOW)
    await browser.let_in()
    assert (await browser.get("/orders/AR-OTHER-1")).status_code == 303
    assert (await browser.get("/orders/AR-OTHER-1/qr.svg")).status_code == 404


async def test_a_code_to_be_scanned_is_a_picture_of_our_own(browser: Browser) -> None:
    from ari_app.ports.payments import PaymentOrder

    until = browser.clock.now() + HOUR
    order = PaymentOrder(
        "AR-CODE-1", BILL, "wechat", "native", Decimal(1), "CNY", NOW, until, "weixin://w?pr=1"
    )
    assert await browser.store.payments.add_order(order, NOW)
    await browser.let_in()
    shown = await browser.get("/orders/AR-CODE-1")
    assert ZH["order_scan"] in shown.text
    assert "weixin:" not in shown.text
    code = await browser.get("/orders/AR-CODE-1/qr.svg")
    assert code.headers["content-type"] == "image/svg+xml"
    assert code.text.startswith("<svg")


async def test_more_time_is_a_promise_of_the_page(browser: Browser) -> None:
    await browser.let_in()
    day = (browser.clock.now() + timedelta(days=5)).date()
    values = {"day": day.isoformat(), "amount": "568.32"}
    answer = await browser.send("/later", values)
    assert answer.headers["location"].endswith("said=promised")
    again = await browser.send("/later", values)
    assert again.headers["location"].endswith("said=promised")
    (found,) = await browser.store.debts.promises_of("cust-1")
    assert (found.promise.day, found.promise.amount, found.state) == (
        day,
        Decimal("568.32"),
        PromiseState.OPEN,
    )
    assert ZH["said.promised"] in (await browser.get(said="promised")).text
    assert "您已约定在 2026年11月28日 前缴纳 568.32 元" in (await browser.get()).text
    acts = await browser.store.payments.acts_of("cust-1")
    assert acts[1].act is PageAct.PROMISED
    assert acts[1].subject == found.promise.promise_id


async def test_a_later_day_has_its_bounds(browser: Browser) -> None:
    await browser.let_in()
    for day, amount, fault in (
        ("2026-11-23", "1", "too_early"),
        ("2026-12-08", "1", "too_late"),
        ("9999-99-99", "1", "no_day"),
        ("", "1", "no_day"),
        ("2026-11-30", "568.33", "no_amount"),
        ("2026-11-30", "1.001", "no_amount"),
        ("2026-11-30", "abc", "no_amount"),
    ):
        answer = await browser.send("/later", {"day": day, "amount": amount})
        assert answer.status_code == 422
        assert ZH[f"fault.{fault}"].format(last="2026年12月7日") in answer.text
    assert await browser.store.debts.promises_of("cust-1") == []


async def test_a_day_is_not_put_off_without_end(browser: Browser) -> None:
    await browser.let_in()
    for number in range(MOST_PROMISES):
        browser.clock.advance(60.0)
        day = date(2026, 11, 25) + timedelta(days=number)
        answer = await browser.send("/later", {"day": day.isoformat(), "amount": "568.32"})
        assert answer.headers["location"].endswith("said=promised")
    answer = await browser.send("/later", {"day": "2026-12-01", "amount": "568.32"})
    assert ZH["fault.too_often"] in answer.text
    assert ZH["later"] not in (await browser.get()).text


async def test_an_objection_opens_a_dispute_with_its_file(browser: Browser) -> None:
    await browser.let_in()
    values = {"category": "meter", "description": "表坏了 <script>"}
    png = ("../表.png", b"\x89PNG\r\n\x1a\n....", "image/png")
    answer = await browser.send("/objection", values, {"evidence": png})
    assert answer.headers["location"].endswith("said=objected")
    (case,) = await browser.store.disputes.cases("cust-1")
    assert (case.category, case.description, case.source) == ("meter", "表坏了 <script>", "page")
    (kept,) = await browser.store.disputes.evidence(case.case_id)
    assert (kept.name, kept.content_type, kept.source) == ("表.png", "image/png", "page")
    assert browser.room.read(kept) == png[1]
    shown = await browser.get()
    assert ZH["disputed"] in shown.text
    assert ZH["later"] not in shown.text
    assert (await browser.store.payments.acts_of("cust-1"))[-1].subject == case.case_id


async def test_a_file_of_no_known_kind_is_refused_and_the_objection_stands(browser: Browser) -> None:
    await browser.let_in()
    exe = ("a.exe", b"MZ", "application/octet-stream")
    answer = await browser.send("/objection", {"category": "bill", "description": "x"}, {"evidence": exe})
    assert ZH["fault.evidence"] in answer.text
    assert len(await browser.store.disputes.cases("cust-1")) == 1
    odd = await browser.send("/objection", {"category": "nonsense"})
    assert ZH["fault.no_category"] in odd.text


async def test_do_not_disturb_wants_a_confirmation(browser: Browser) -> None:
    await browser.let_in()
    assert ZH["fault.no_sure"] in (await browser.send("/quiet", {})).text
    assert await browser.store.list_entries(ListKind.DO_NOT_CONTACT) == []
    answer = await browser.send("/quiet", {"sure": "yes"})
    assert answer.headers["location"].endswith("said=quiet")
    (entry,) = await browser.store.list_entries(ListKind.DO_NOT_CONTACT)
    assert (entry.contact, entry.source) == ("cust-1", "page")
    await browser.send("/quiet", {"sure": "yes"})
    told = [each for each in await browser.store.outbox() if each.event == "customer.opted_out"]
    assert [(each.payload["customerId"], each.payload["channel"]) for each in told] == [("cust-1", None)]
    assert (await browser.acts())[-1] is PageAct.OPTED_OUT


async def test_what_was_paid_is_told_and_nothing_more_is_asked(browser: Browser) -> None:
    from ari_app.domain.debt.ledger import EntryKind

    paid = Movement(BILL, EntryKind.PAYMENT, Decimal("600.00"), "CNY", NOW, "bank", "tx")
    await browser.store.debts.post(paid, browser.clock.now())
    await browser.let_in()
    shown = (await browser.get()).text
    assert ZH["paid_up"] in shown
    assert "31.68 元" in shown
    assert ZH["pay_part"] not in shown
    assert ZH["done"] in (await browser.get("/done")).text


async def test_while_nothing_can_be_written_the_page_says_so(browser: Browser) -> None:
    await browser.let_in()
    await browser.store.close()
    for answer in (await browser.get(), await browser.client.post(browser.path + "/quiet", data={})):
        assert answer.status_code == 503
        assert ZH["said.failed"] in answer.text
        assert answer.headers["cache-control"] == "no-store"


async def test_a_revoked_link_ends_a_visit_at_once(browser: Browser) -> None:
    await browser.let_in()
    await browser.store.payments.revoke_links(BILL, "reported", browser.clock.now())
    assert (await browser.get()).status_code == 404
    assert (await browser.client.post(browser.path + "/quiet", data={"sure": "yes"})).status_code == 404


async def test_whatever_is_sent_nothing_breaks_and_nothing_is_done(browser: Browser) -> None:
    """The client raises what the page would let escape."""
    await browser.let_in()
    chance = random.Random(7)
    kinds = [
        "application/x-www-form-urlencoded",
        "multipart/form-data",
        "multipart/form-data; boundary=x",
        "multipart/form-data; boundary=" + "b" * 300,
        "text/plain",
        "",
    ]
    pieces = [
        *(
            b"form=",
            b"&",
            b"=",
            b"%",
            b"%00",
            b"%ff",
            b"--x\r\n",
            b"--x--",
            b'name="form"',
            b"\x00",
            b"way=a.b",
        ),
        *("金额".encode(), b"Content-Disposition: form-data; ", b"\r\n\r\n", b"sure=yes", b"day=2026-11-30"),
    ]
    for number in range(240):
        if number % 20 == 0:
            browser.clock.advance(120.0)
            browser.client.cookies.clear()
            await browser.let_in()
        body = b"".join(chance.choice(pieces) for _ in range(chance.randrange(0, 12)))
        below = chance.choice(["/answer", "/order", "/later", "/objection", "/quiet"])
        headers = {"content-type": chance.choice(kinds)}
        answer = await browser.client.post(browser.path + below, content=body, headers=headers)
        assert answer.status_code in (200, 303), (below, body, headers)
    assert set(await browser.acts()) == {PageAct.OPENED}


def _luminance(colour: str) -> float:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize(
    ("ink", "paper", "least"),
    [
        ("#1b1f24", "#ffffff", 4.5),
        ("#1b1f24", "#f4f5f7", 4.5),
        ("#434b57", "#f4f5f7", 4.5),
        ("#ffffff", "#0b5cad", 4.5),
        ("#0b4f94", "#f4f5f7", 4.5),
        ("#1b1f24", "#eaf2fb", 4.5),
        ("#1b1f24", "#fdecea", 4.5),
        ("#6b7480", "#ffffff", 3.0),
        ("#b35900", "#ffffff", 3.0),
    ],
)
def test_colours_can_be_told_apart(ink: str, paper: str, least: float) -> None:
    """Contrast of WCAG 2.2, AA: text 4.5 to 1, borders and focus 3 to 1."""
    css = style()
    for colour in (ink, paper):
        assert colour in css or colour.replace("ffffff", "fff") in css, "the style has other colours now"
    light, dark = sorted((_luminance(ink), _luminance(paper)), reverse=True)
    assert (light + 0.05) / (dark + 0.05) >= least
