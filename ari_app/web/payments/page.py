"""``/pay/TOKEN``: the page of one bill. No script, no picture from elsewhere; every form is answered by another page."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from datetime import UTC
from functools import wraps
from io import BytesIO

import segno
import structlog
from fastapi import APIRouter, Request, Response

from ari_app.domain.compliance import zone_of
from ari_app.domain.payments.link import LinkRefusal
from ari_app.errors import StoreError
from ari_app.logs import mask_name
from ari_app.ports.payments import ProviderError
from ari_app.services.payments.orders import OrderDesk, Wish
from ari_app.web.payments.answers import page, picture, see_other, style_sheet
from ari_app.web.payments.bill_view import bill_values
from ari_app.web.payments.desk import Desk, amount_in
from ari_app.web.payments.texts import TEXTS, money
from ari_app.web.payments.visitor import Guest, Porter, field, form_of, wanted_language
from ari_app.web.payments.wishes import Wishes

log = structlog.get_logger(__name__)

_SAID = frozenset({"promised", "objected", "quiet", "failed", "form", "fault"})
_ORDER = re.compile(r"[A-Za-z0-9-]{6,32}", re.ASCII)
SCANNED = frozenset({"native"})


Handler = Callable[..., Awaitable[Response]]


class PaymentPage:
    """The page; the ways of paying are those of the providers."""

    def __init__(self, desk: Desk, orders: OrderDesk, wishes: Wishes) -> None:
        self._desk, self._orders, self._wishes = desk, orders, wishes

    def router(self) -> APIRouter:
        """Everything below ``/pay``."""
        router = APIRouter(include_in_schema=False)
        router.add_api_route("/pay/pay.css", _style, methods=["GET"])
        routes: tuple[tuple[str, str, Handler], ...] = (
            ("", "GET", self.show),
            ("/answer", "POST", self.answer),
            ("/order", "POST", self.order),
            ("/orders/{order_no}", "GET", self.show_order),
            ("/orders/{order_no}/qr.svg", "GET", self.show_code),
            ("/done", "GET", self.done),
            *self._wishes.routes,
        )
        for path, method, handler in routes:
            router.add_api_route(
                f"/pay/{{token}}{path}", guarded(handler, self._desk.porter), methods=[method]
            )
        return router

    # ------------------------------------------------------------------------------------------- the bill

    async def show(self, request: Request, token: str) -> Response:
        """The question, or the bill for whoever has answered it."""
        guest = await self._desk.porter.guest(request, token)
        if isinstance(guest, Response):
            return guest
        return await self._show(request, guest, request.query_params.get("said", ""))

    async def done(self, request: Request, token: str) -> Response:
        """Back from a provider: what it says of the payment comes by its callback, never by the browser."""
        guest = await self._desk.porter.guest(request, token)
        if isinstance(guest, Response):
            return guest
        return await self._show(request, guest, "done")

    async def _show(self, request: Request, guest: Guest, said: str) -> Response:
        bill = await self._desk.bill(guest)
        if bill is None:
            return await self._ask(request, guest)
        language = wanted_language(request, bill.account.language)
        t = TEXTS[language]
        values = self._desk.porter.values(guest, language, t["title"])
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
        account = await self._desk.payments.account_of_link(guest.link.link_id)
        language = wanted_language(request, "" if account is None else account.language)
        t = TEXTS[language]
        name = "" if account is None else mask_name(account.name)
        values = self._desk.porter.values(guest, language, t["ask"].format(name=name))
        values["fault"] = t["wrong"] if wrong else ""
        values["titled"] = False  # messengers show the title of a link to whoever is in the chat
        return page("ask", values, 403 if wrong else 200)

    async def answer(self, request: Request, token: str) -> Response:
        """The answer to the question: the last four digits of a telephone number of the account."""
        guest = await self._desk.porter.guest(request, token)
        if isinstance(guest, Response):
            return guest
        form = await form_of(request)
        nameless = Guest(guest.token, guest.link, None, guest.language, guest.chosen, guest.now)
        if form is None or not self._desk.porter.is_ours(form, nameless, "answer"):
            return await self._ask(request, nameless)
        given = field(form, "digits", 20)
        found = await self._desk.payments.answer_question(guest.link.link_id, given, guest.now)
        if isinstance(found, LinkRefusal):
            return self._desk.porter.gone(guest.language)
        if not found:
            return await self._ask(request, nameless, wrong=True)
        response = see_other(self._desk.back(guest))
        self._desk.porter.keep(response, guest, self._desk.porter.visits.begin(guest.link.link_id, guest.now))
        return response

    # ------------------------------------------------------------------------------------------- paying

    async def order(self, request: Request, token: str) -> Response:
        """Begin a payment, of all that is owed or a part."""
        known = await self._desk.known(request, token)
        if isinstance(known, Response):
            return known
        guest, bill = known
        form = await form_of(request)
        if form is None or not self._desk.porter.is_ours(form, guest, "order"):
            return see_other(self._desk.back(guest, "form"))
        provider, _, method = field(form, "way", 80).partition(".")
        whole = field(form, "much", 10) != "part"
        amount = bill.balance.owed if whole else amount_in(field(form, "amount", 20))
        if (provider, method) not in self._orders.ways or amount is None:
            return see_other(self._desk.back(guest, "fault"))
        if not 0 < amount <= bill.balance.owed:
            return see_other(self._desk.back(guest, "fault"))
        language = wanted_language(request, bill.account.language)
        address = self._desk.porter.address(guest)
        wish = Wish(
            bill=guest.link.bill,
            provider=provider,
            method=method,
            amount=amount,
            currency=bill.account.currency,
            subject=f"{TEXTS[language]['title']} {guest.link.bill.bill_id}",
            link_id=guest.link.link_id,
            payer_address=request.client.host if request.client else "",
            come_back=f"{self._desk.porter.links.base_url}/pay/{guest.token}/done",
        )
        try:
            order = await self._orders.begin(wish)
        except ProviderError as error:
            log.warning("a payment could not be begun", provider=provider, method=method, error=str(error))
            return see_other(self._desk.back(guest, "failed"))
        query = f"?lang={language}" if guest.chosen else ""
        return see_other(f"{address}/orders/{order.order_no}{query}")

    async def show_order(self, request: Request, token: str, order_no: str) -> Response:
        """Where to pay: a button that leads there, or a code to be scanned."""
        known = await self._desk.known(request, token)
        if isinstance(known, Response):
            return known
        guest, bill = known
        order = await self._desk.payments.find_order(order_no) if _ORDER.fullmatch(order_no) else None
        if order is None or order.bill != guest.link.bill or not order.address:
            return see_other(self._desk.back(guest, "failed"))
        language = wanted_language(request, bill.account.language)
        t = TEXTS[language]
        until = order.expires_at.astimezone(zone_of(bill.account.timezone) or UTC)
        values = self._desk.porter.values(guest, language, t["order_title"], at=f"/orders/{order_no}")
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
        known = await self._desk.known(request, token)
        if isinstance(known, Response):
            return known
        guest, _ = known
        order = await self._desk.payments.find_order(order_no) if _ORDER.fullmatch(order_no) else None
        if order is None or order.bill != guest.link.bill or order.method not in SCANNED or not order.address:
            return self._desk.porter.gone(guest.language)
        return picture(qr_svg(order.address))


def guarded(handler: Handler, porter: Porter) -> Handler:
    """A store that cannot be written is told in words that a customer understands."""

    @wraps(handler)
    async def run(request: Request, **values: str) -> Response:
        try:
            return await handler(request, **values)
        except StoreError as error:
            log.error("the payment page cannot be served", error=str(error))
            return porter.unavailable(request)

    return run


def qr_svg(text: str) -> bytes:
    """A QR code as a picture that needs no style of its own."""
    out = BytesIO()
    segno.make(text, error="m", micro=False).save(
        out, kind="svg", scale=4, border=4, dark="#000", light="#fff", xmldecl=False
    )
    return out.getvalue()


async def _style() -> Response:
    return style_sheet()
