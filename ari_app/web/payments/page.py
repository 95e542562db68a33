"""``/pay/TOKEN``: the page of one bill. No script, no picture from elsewhere; every form is answered by another page."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import wraps
from io import BytesIO
from typing import Protocol

import segno
import structlog
from fastapi import APIRouter, Request, Response
from starlette.datastructures import UploadFile

from ari_app.domain.compliance import zone_of
from ari_app.domain.payments.link import LinkRefusal
from ari_app.domain.payments.page import days_to_choose, later_refusal, may_offer_later
from ari_app.domain.review import DISPUTE_CATEGORIES
from ari_app.errors import InputError, StoreError, WrongState
from ari_app.logs import mask_name
from ari_app.ports.disputes import EvidenceFile
from ari_app.ports.payments import Objection, PageBill, Payments, ProviderError
from ari_app.services.model_problems import RefusedError
from ari_app.services.payments.orders import OrderDesk, Wish
from ari_app.services.row_values import amount_of
from ari_app.web.payments.answers import page, picture, see_other, style_sheet
from ari_app.web.payments.bill_view import bill_values, today_of
from ari_app.web.payments.texts import TEXTS, day_text, money
from ari_app.web.payments.visitor import LARGEST_FORM, Guest, Porter, field, form_of, wanted_language

log = structlog.get_logger(__name__)

MOST_WORDS = 1000
LARGEST_EVIDENCE = 10 * 1024 * 1024
_SAID = frozenset({"promised", "objected", "quiet", "failed", "form", "fault"})
_ORDER = re.compile(r"[A-Za-z0-9-]{6,32}", re.ASCII)
SCANNED = frozenset({"native"})


class EvidenceRoom(Protocol):
    """Keeps files that belong to a dispute (``services.disputes.evidence_files``)."""

    async def add(
        self,
        case_id: str,
        name: str,
        content: bytes,
        *,
        source: str,
        by: str,
        now: datetime,
        content_type: str = "",
    ) -> EvidenceFile: ...


class PaymentPage:
    """The page. ``ways`` of paying are those of the providers; without an ``evidence`` room no file is asked for."""

    def __init__(
        self,
        porter: Porter,
        payments: Payments,
        orders: OrderDesk,
        promise_days: int,
        evidence: EvidenceRoom | None = None,
    ) -> None:
        self._porter, self._payments, self._orders = porter, payments, orders
        self._promise_days, self._evidence = promise_days, evidence

    def router(self) -> APIRouter:
        """Everything below ``/pay``."""
        router = APIRouter(include_in_schema=False)
        router.add_api_route("/pay/pay.css", _style, methods=["GET"])
        for path, method, handler in (
            ("", "GET", self.show),
            ("/answer", "POST", self.answer),
            ("/order", "POST", self.order),
            ("/orders/{order_no}", "GET", self.show_order),
            ("/orders/{order_no}/qr.svg", "GET", self.show_code),
            ("/done", "GET", self.done),
            ("/later", "GET", self.show_later),
            ("/later", "POST", self.later),
            ("/objection", "GET", self.show_objection),
            ("/objection", "POST", self.object_to),
            ("/quiet", "GET", self.show_quiet),
            ("/quiet", "POST", self.quiet),
        ):
            router.add_api_route(f"/pay/{{token}}{path}", self._guarded(handler), methods=[method])
        return router

    def _guarded(self, handler: Callable[..., Awaitable[Response]]) -> Callable[..., Awaitable[Response]]:
        """A store that cannot be written is told in words that a customer understands."""

        @wraps(handler)
        async def guarded(request: Request, **values: str) -> Response:
            try:
                return await handler(request, **values)
            except StoreError as error:
                log.error("the payment page cannot be served", error=str(error))
                return self._porter.unavailable(request)

        return guarded

    # ------------------------------------------------------------------------------------------- the bill

    async def show(self, request: Request, token: str) -> Response:
        """The question, or the bill for whoever has answered it."""
        guest = await self._porter.guest(request, token)
        if isinstance(guest, Response):
            return guest
        return await self._show(request, guest, request.query_params.get("said", ""))

    async def done(self, request: Request, token: str) -> Response:
        """Back from a provider: what it says of the payment comes by its callback, never by the browser."""
        guest = await self._porter.guest(request, token)
        if isinstance(guest, Response):
            return guest
        return await self._show(request, guest, "done")

    async def _show(self, request: Request, guest: Guest, said: str) -> Response:
        bill = await self._bill(guest)
        if bill is None:
            return await self._ask(request, guest)
        language = wanted_language(request, bill.account.language)
        t = TEXTS[language]
        values = self._porter.values(guest, language, t["title"])
        values |= bill_values(bill, t, language, guest.now)
        values["ways"] = [
            (f"{name}.{method}", t.get(f"way.{name}.{method}") or t["way.other"].format(name=name))
            for name, method in self._orders.ways
        ]
        if said == "done":
            values["said"] = t["done"]
        elif said in _SAID:
            values["fault" if said in ("failed", "form", "fault") else "said"] = t[f"said.{said}"]
        return page("bill", values)

    async def _ask(self, request: Request, guest: Guest, *, wrong: bool = False) -> Response:
        account = await self._payments.account_of_link(guest.link.link_id)
        language = wanted_language(request, "" if account is None else account.language)
        t = TEXTS[language]
        name = "" if account is None else mask_name(account.name)
        values = self._porter.values(guest, language, t["ask"].format(name=name))
        values["fault"] = t["wrong"] if wrong else ""
        values["titled"] = False  # messengers show the title of a link to whoever is in the chat
        return page("ask", values, 403 if wrong else 200)

    async def answer(self, request: Request, token: str) -> Response:
        """The answer to the question: the last four digits of a telephone number of the account."""
        guest = await self._porter.guest(request, token)
        if isinstance(guest, Response):
            return guest
        form = await form_of(request)
        nameless = Guest(guest.token, guest.link, None, guest.language, guest.chosen, guest.now)
        if form is None or not self._porter.is_ours(form, nameless, "answer"):
            return await self._ask(request, nameless)
        given = field(form, "digits", 20)
        found = await self._payments.answer_question(guest.link.link_id, given, guest.now)
        if isinstance(found, LinkRefusal):
            return self._porter.gone(guest.language)
        if not found:
            return await self._ask(request, nameless, wrong=True)
        response = see_other(self._back(guest))
        self._porter.keep(response, guest, self._porter.visits.begin(guest.link.link_id, guest.now))
        return response

    async def _bill(self, guest: Guest) -> PageBill | None:
        if guest.visit is None:
            return None
        return await self._payments.page_bill(guest.link.link_id, guest.now)

    def _back(self, guest: Guest, said: str = "") -> str:
        query = "&".join(
            ([f"lang={guest.language}"] if guest.chosen else []) + ([f"said={said}"] if said else [])
        )
        return self._porter.address(guest) + (f"?{query}" if query else "")

    async def _known(self, request: Request, token: str) -> tuple[Guest, PageBill] | Response:
        """A guest on his visit, with his bill; whoever is none yet is led to the question."""
        guest = await self._porter.guest(request, token)
        if isinstance(guest, Response):
            return guest
        bill = await self._bill(guest)
        return see_other(self._back(guest)) if bill is None else (guest, bill)

    # ------------------------------------------------------------------------------------------- paying

    async def order(self, request: Request, token: str) -> Response:
        """Begin a payment, of all that is owed or a part."""
        known = await self._known(request, token)
        if isinstance(known, Response):
            return known
        guest, bill = known
        form = await form_of(request)
        if form is None or not self._porter.is_ours(form, guest, "order"):
            return see_other(self._back(guest, "form"))
        provider, _, method = field(form, "way", 80).partition(".")
        whole = field(form, "much", 10) != "part"
        amount = bill.balance.owed if whole else _amount(field(form, "amount", 20))
        if (provider, method) not in self._orders.ways or amount is None:
            return see_other(self._back(guest, "fault"))
        if not 0 < amount <= bill.balance.owed:
            return see_other(self._back(guest, "fault"))
        language = wanted_language(request, bill.account.language)
        address = self._porter.address(guest)
        wish = Wish(
            bill=guest.link.bill,
            provider=provider,
            method=method,
            amount=amount,
            currency=bill.account.currency,
            subject=f"{TEXTS[language]['title']} {guest.link.bill.bill_id}",
            link_id=guest.link.link_id,
            payer_address=request.client.host if request.client else "",
            come_back=f"{self._porter.links.base_url}/pay/{guest.token}/done",
        )
        try:
            order = await self._orders.begin(wish)
        except ProviderError as error:
            log.warning("a payment could not be begun", provider=provider, method=method, error=str(error))
            return see_other(self._back(guest, "failed"))
        query = f"?lang={language}" if guest.chosen else ""
        return see_other(f"{address}/orders/{order.order_no}{query}")

    async def show_order(self, request: Request, token: str, order_no: str) -> Response:
        """Where to pay: a button that leads there, or a code to be scanned."""
        known = await self._known(request, token)
        if isinstance(known, Response):
            return known
        guest, bill = known
        order = await self._payments.find_order(order_no) if _ORDER.fullmatch(order_no) else None
        if order is None or order.bill != guest.link.bill or not order.address:
            return see_other(self._back(guest, "failed"))
        language = wanted_language(request, bill.account.language)
        t = TEXTS[language]
        until = order.expires_at.astimezone(zone_of(bill.account.timezone) or UTC)
        values = self._porter.values(guest, language, t["order_title"], at=f"/orders/{order_no}")
        values |= {
            "amount": money(order.amount, order.currency, language),
            "over": guest.now >= order.expires_at or bill.balance.owed <= 0,
            "scan": order.method in SCANNED,
            "until": f"{until:%H:%M}",
            "order_no": order_no,
            "address": order.address if order.address.startswith("https://") else "",
        }
        return page("order", values)

    async def show_code(self, request: Request, token: str, order_no: str) -> Response:
        """The QR code of an order."""
        known = await self._known(request, token)
        if isinstance(known, Response):
            return known
        guest, _ = known
        order = await self._payments.find_order(order_no) if _ORDER.fullmatch(order_no) else None
        if order is None or order.bill != guest.link.bill or order.method not in SCANNED or not order.address:
            return self._porter.gone(guest.language)
        return picture(qr_svg(order.address))

    # ------------------------------------------------------------------------------------------- other wishes

    async def show_later(self, request: Request, token: str) -> Response:
        """The form for a later day."""
        known = await self._known(request, token)
        if isinstance(known, Response):
            return known
        return self._later_form(request, *known, {}, "")

    async def later(self, request: Request, token: str) -> Response:
        """A promise to pay by a later day."""
        known = await self._known(request, token)
        if isinstance(known, Response):
            return known
        guest, bill = known
        form = await form_of(request)
        if form is None or not self._porter.is_ours(form, guest, "later"):
            return see_other(self._back(guest, "form"))
        given = {name: field(form, name, 20) for name in ("day", "amount")}
        day, amount, owed = _day(given["day"]), _amount(given["amount"]), bill.balance.owed
        why = may_offer_later(owed, bill.promises, disputed=bill.disputed) or later_refusal(
            day, amount, owed, today_of(bill, guest.now), self._promise_days
        )
        if why is not None or day is None or amount is None:
            return self._later_form(request, guest, bill, given, f"fault.{why}")
        # The same form twice is one promise.
        made_in = f"page-{guest.nonce}-{day:%Y%m%d}-{int(amount * 100)}"
        promised = await self._payments.promise_later(guest.link.link_id, amount, day, made_in, guest.now)
        return see_other(self._back(guest, "failed" if promised is None else "promised"))

    def _later_form(
        self, request: Request, guest: Guest, bill: PageBill, given: Mapping[str, str], fault: str
    ) -> Response:
        language = wanted_language(request, bill.account.language)
        t = TEXTS[language]
        first, last = days_to_choose(today_of(bill, guest.now), self._promise_days)
        last_text = day_text(last, language)
        closed = may_offer_later(bill.balance.owed, bill.promises, disputed=bill.disputed)
        if closed is not None and not fault:
            fault = f"fault.{closed}"
        values = self._porter.values(guest, language, t["later"], at="/later")
        values |= {
            "first": first.isoformat(),
            "last": last.isoformat(),
            "last_text": last_text,
            "day": given.get("day", ""),
            "amount": given.get("amount", str(bill.balance.owed)),
            "currency": bill.account.currency,
            "fault": t[fault].format(last=last_text) if fault else "",
        }
        return page("later", values, 422 if fault else 200)

    async def show_objection(self, request: Request, token: str) -> Response:
        """The form for an objection."""
        known = await self._known(request, token)
        if isinstance(known, Response):
            return known
        return self._objection_form(request, *known, {}, "")

    async def object_to(self, request: Request, token: str) -> Response:
        """Open a dispute, with a file where one is sent."""
        known = await self._known(request, token)
        if isinstance(known, Response):
            return known
        guest, bill = known
        largest = LARGEST_FORM + (LARGEST_EVIDENCE if self._evidence is not None else 0)
        form = await form_of(request, largest)
        if form is None or not self._porter.is_ours(form, guest, "objection"):
            return see_other(self._back(guest, "form"))
        try:
            given = {
                "category": field(form, "category", 20),
                "description": field(form, "description", MOST_WORDS),
            }
            if given["category"] not in DISPUTE_CATEGORIES:
                return self._objection_form(request, guest, bill, given, "fault.no_category")
            file = form.get("evidence")
            content = await file.read() if isinstance(file, UploadFile) and file.filename else b""
            name = (file.filename or "") if isinstance(file, UploadFile) else ""
        finally:
            await form.close()
        claim = Objection(given["category"], f"page-{guest.nonce}-{given['category']}", given["description"])
        opened = await self._payments.object_to(guest.link.link_id, claim, guest.now)
        if opened is None:
            return see_other(self._back(guest, "failed"))
        if content and self._evidence is not None:
            try:
                await self._evidence.add(
                    opened.case_id, name, content, source="page", by="customer", now=guest.now
                )
            except (InputError, WrongState):
                # The objection itself stands; the same form with another file adds to it.
                return self._objection_form(request, guest, bill, given, "fault.evidence")
        return see_other(self._back(guest, "objected"))

    def _objection_form(
        self, request: Request, guest: Guest, bill: PageBill, given: Mapping[str, str], fault: str
    ) -> Response:
        language = wanted_language(request, bill.account.language)
        t = TEXTS[language]
        values = self._porter.values(guest, language, t["object"], at="/objection")
        values |= {
            "categories": [(name, t[f"category.{name}"]) for name in DISPUTE_CATEGORIES],
            "category": given.get("category", "bill"),
            "description": given.get("description", ""),
            "most": MOST_WORDS,
            "evidence": self._evidence is not None,
            "fault": t[fault] if fault else "",
        }
        return page("objection", values, 422 if fault else 200)

    async def show_quiet(self, request: Request, token: str) -> Response:
        """The form for being left alone."""
        known = await self._known(request, token)
        if isinstance(known, Response):
            return known
        return self._quiet_form(request, *known, "")

    async def quiet(self, request: Request, token: str) -> Response:
        """No contact any more, once the box is ticked."""
        known = await self._known(request, token)
        if isinstance(known, Response):
            return known
        guest, bill = known
        form = await form_of(request)
        if form is None or not self._porter.is_ours(form, guest, "quiet"):
            return see_other(self._back(guest, "form"))
        if field(form, "sure", 10) != "yes":
            return self._quiet_form(request, guest, bill, "fault.no_sure")
        done = await self._payments.opt_out(guest.link.link_id, guest.now)
        return see_other(self._back(guest, "quiet" if done else "failed"))

    def _quiet_form(self, request: Request, guest: Guest, bill: PageBill, fault: str) -> Response:
        language = wanted_language(request, bill.account.language)
        t = TEXTS[language]
        values = self._porter.values(guest, language, t["quiet"], at="/quiet")
        values["fault"] = t[fault] if fault else ""
        return page("quiet", values, 422 if fault else 200)


def qr_svg(text: str) -> bytes:
    """A QR code as a picture that needs no style of its own."""
    out = BytesIO()
    segno.make(text, error="m", micro=False).save(
        out, kind="svg", scale=4, border=4, dark="#000", light="#fff", xmldecl=False
    )
    return out.getvalue()


async def _style() -> Response:
    return style_sheet()


def _amount(text: str) -> Decimal | None:
    try:
        return amount_of(text)
    except RefusedError:
        return None


def _day(text: str) -> date | None:
    if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text, re.ASCII):
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
