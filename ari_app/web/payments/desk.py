"""What the parts of the payment page share: a guest on his visit with his bill, and the way back to it."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal

from fastapi import Request, Response

from ari_app.ports.payments import PageBill, Payments
from ari_app.services.model_problems import RefusedError
from ari_app.services.row_values import amount_of
from ari_app.web.payments.answers import see_other
from ari_app.web.payments.visitor import Guest, Porter


class Desk:
    """Behind the porter: who has answered the question, and what he may see."""

    def __init__(self, porter: Porter, payments: Payments) -> None:
        self.porter, self.payments = porter, payments

    async def bill(self, guest: Guest) -> PageBill | None:
        """The bill of a guest on his visit; None for one who has not answered the question, or whose link has ended."""
        if guest.visit is None:
            return None
        return await self.payments.page_bill(guest.link.link_id, guest.now)

    async def known(self, request: Request, token: str) -> tuple[Guest, PageBill] | Response:
        """A guest on his visit, with his bill; whoever is none yet is led to the question."""
        guest = await self.porter.guest(request, token)
        if isinstance(guest, Response):
            return guest
        bill = await self.bill(guest)
        return see_other(self.back(guest)) if bill is None else (guest, bill)

    def back(self, guest: Guest, said: str = "") -> str:
        """The address of the bill, with a word on what was done."""
        query = "&".join(
            ([f"lang={guest.language}"] if guest.chosen else []) + ([f"said={said}"] if said else [])
        )
        return self.porter.address(guest) + (f"?{query}" if query else "")


def amount_in(text: str) -> Decimal | None:
    """An amount that somebody has typed; None for what is none."""
    try:
        return amount_of(text)
    except RefusedError:
        return None


def day_in(text: str) -> date | None:
    """A day as browsers send it; None for what is none."""
    if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text, re.ASCII):
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
