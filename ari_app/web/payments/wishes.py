"""What a customer may ask for on the page beside paying: more time, an answer to his objection, to be left alone."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Protocol

from fastapi import Request, Response
from starlette.datastructures import UploadFile

from ari_app.domain.payments.page import days_to_choose, later_refusal, may_offer_later
from ari_app.domain.review import DISPUTE_CATEGORIES
from ari_app.errors import InputError, WrongState
from ari_app.ports.disputes import EvidenceFile
from ari_app.ports.payments import Objection, PageBill
from ari_app.web.payments.answers import page, see_other
from ari_app.web.payments.bill_view import today_of
from ari_app.web.payments.desk import Desk, amount_in, day_in
from ari_app.web.payments.texts import TEXTS, day_text
from ari_app.web.payments.visitor import LARGEST_FORM, Guest, field, form_of, wanted_language

MOST_WORDS = 1000
LARGEST_EVIDENCE = 10 * 1024 * 1024


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


class Wishes:
    """The forms; without an ``evidence`` room no file is asked for."""

    def __init__(self, desk: Desk, promise_days: int, evidence: EvidenceRoom | None = None) -> None:
        self._desk, self._promise_days, self._evidence = desk, promise_days, evidence

    @property
    def routes(self) -> tuple[tuple[str, str, Callable[..., Awaitable[Response]]], ...]:
        """Path below the link, method and handler of each."""
        return (
            ("/later", "GET", self.show_later),
            ("/later", "POST", self.later),
            ("/objection", "GET", self.show_objection),
            ("/objection", "POST", self.object_to),
            ("/quiet", "GET", self.show_quiet),
            ("/quiet", "POST", self.quiet),
        )

    async def show_later(self, request: Request, token: str) -> Response:
        """The form for a later day."""
        known = await self._desk.known(request, token)
        if isinstance(known, Response):
            return known
        return self._later_form(request, *known, {}, "")

    async def later(self, request: Request, token: str) -> Response:
        """A promise to pay by a later day."""
        known = await self._desk.known(request, token)
        if isinstance(known, Response):
            return known
        guest, bill = known
        form = await form_of(request)
        if form is None or not self._desk.porter.is_ours(form, guest, "later"):
            return see_other(self._desk.back(guest, "form"))
        given = {name: field(form, name, 20) for name in ("day", "amount")}
        day, amount, owed = day_in(given["day"]), amount_in(given["amount"]), bill.balance.owed
        why = may_offer_later(owed, bill.promises, disputed=bill.disputed) or later_refusal(
            day, amount, owed, today_of(bill, guest.now), self._promise_days
        )
        if why is not None or day is None or amount is None:
            return self._later_form(request, guest, bill, given, f"fault.{why}")
        # The same form twice is one promise.
        made_in = f"page-{guest.nonce}-{day:%Y%m%d}-{int(amount * 100)}"
        promised = await self._desk.payments.promise_later(
            guest.link.link_id, amount, day, made_in, guest.now
        )
        return see_other(self._desk.back(guest, "failed" if promised is None else "promised"))

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
        values = self._desk.porter.values(guest, language, t["later"], at="/later")
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
        known = await self._desk.known(request, token)
        if isinstance(known, Response):
            return known
        return self._objection_form(request, *known, {}, "")

    async def object_to(self, request: Request, token: str) -> Response:
        """Open a dispute, with a file where one is sent."""
        known = await self._desk.known(request, token)
        if isinstance(known, Response):
            return known
        guest, bill = known
        largest = LARGEST_FORM + (LARGEST_EVIDENCE if self._evidence is not None else 0)
        form = await form_of(request, largest)
        if form is None or not self._desk.porter.is_ours(form, guest, "objection"):
            return see_other(self._desk.back(guest, "form"))
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
        opened = await self._desk.payments.object_to(guest.link.link_id, claim, guest.now)
        if opened is None:
            return see_other(self._desk.back(guest, "failed"))
        if content and self._evidence is not None:
            try:
                await self._evidence.add(
                    opened.case_id, name, content, source="page", by="customer", now=guest.now
                )
            except (InputError, WrongState):
                # The objection itself stands; the same form with another file adds to it.
                return self._objection_form(request, guest, bill, given, "fault.evidence")
        return see_other(self._desk.back(guest, "objected"))

    def _objection_form(
        self, request: Request, guest: Guest, bill: PageBill, given: Mapping[str, str], fault: str
    ) -> Response:
        language = wanted_language(request, bill.account.language)
        t = TEXTS[language]
        values = self._desk.porter.values(guest, language, t["object"], at="/objection")
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
        known = await self._desk.known(request, token)
        if isinstance(known, Response):
            return known
        return self._quiet_form(request, *known, "")

    async def quiet(self, request: Request, token: str) -> Response:
        """No contact any more, once the box is ticked."""
        known = await self._desk.known(request, token)
        if isinstance(known, Response):
            return known
        guest, bill = known
        form = await form_of(request)
        if form is None or not self._desk.porter.is_ours(form, guest, "quiet"):
            return see_other(self._desk.back(guest, "form"))
        if field(form, "sure", 10) != "yes":
            return self._quiet_form(request, guest, bill, "fault.no_sure")
        done = await self._desk.payments.opt_out(guest.link.link_id, guest.now)
        return see_other(self._desk.back(guest, "quiet" if done else "failed"))

    def _quiet_form(self, request: Request, guest: Guest, bill: PageBill, fault: str) -> Response:
        language = wanted_language(request, bill.account.language)
        t = TEXTS[language]
        values = self._desk.porter.values(guest, language, t["quiet"], at="/quiet")
        values["fault"] = t[fault] if fault else ""
        return page("quiet", values, 422 if fault else 200)
