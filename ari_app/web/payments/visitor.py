"""Who asks for the page: the link of the address, the visit of the cookie, the language, and how often he has asked."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from fastapi import Request, Response
from starlette.datastructures import FormData, UploadFile

from ari_app.domain.payments.link import LinkRefusal
from ari_app.domain.token_bucket import Allowance
from ari_app.ports import Clock
from ari_app.ports.payments import LinkRecord
from ari_app.services.payments.links import SignedLinks
from ari_app.services.payments.visits import Visit, Visits
from ari_app.web.api.rates import Rates
from ari_app.web.payments.answers import page
from ari_app.web.payments.texts import OTHER, TEXTS

COOKIE = "pay"
#: A person reads and fills in; a program tries. An address may be that of many people behind one router.
BY_LINK, BY_ADDRESS = Allowance(0.5, 40), Allowance(2.0, 120)
LARGEST_FORM = 65_536
_MOST_FIELDS = 20


@dataclass(frozen=True, slots=True)
class Guest:
    """Somebody with a good link. ``visit`` is None until he has answered its question."""

    token: str
    link: LinkRecord
    visit: Visit | None
    language: str
    chosen: bool
    now: datetime

    @property
    def nonce(self) -> str:
        return "" if self.visit is None else self.visit.nonce


class Porter:
    """Lets guests in. The answer to a link that is not good is the same, whatever is wrong with it."""

    def __init__(
        self,
        links: SignedLinks,
        visits: Visits,
        clock: Clock,
        companies: Mapping[str, str],
        rates: Rates | None = None,
    ) -> None:
        self.links, self.visits, self.clock, self._companies = links, visits, clock, companies
        self._rates = rates or Rates(BY_LINK, BY_ADDRESS, clock.monotonic)
        parts = urlsplit(links.base_url)
        self.root, self._secure = parts.path, parts.scheme == "https"

    async def guest(self, request: Request, token: str) -> Guest | Response:
        """The guest, or the answer for one who has none of our links, or asks too often."""
        spoken = wanted_language(request, "")
        if not self._within_rates(request, token):
            return self.busy(spoken)
        now = self.clock.now()
        link = await self.links.read(token, now)
        if isinstance(link, LinkRefusal):
            return self.gone(spoken)
        visit = self.visits.read(request.cookies.get(COOKIE, ""), link.link_id, now)
        chosen = request.query_params.get("lang", "") in TEXTS
        return Guest(token, link, visit, spoken, chosen, now)

    def gone(self, language: str) -> Response:
        """The one answer to every link that is not good."""
        t = TEXTS[language]
        values = {**self._frame(language, t["gone_title"]), "text": t["gone"]}
        return page("message", values, 404)

    def unavailable(self, request: Request) -> Response:
        """The answer while the store cannot be written."""
        language = wanted_language(request, "")
        t = TEXTS[language]
        return page("message", {**self._frame(language, t["busy_title"]), "text": t["said.failed"]}, 503)

    def busy(self, language: str) -> Response:
        """The one answer to whoever asks too often."""
        t = TEXTS[language]
        values = {**self._frame(language, t["busy_title"]), "text": t["busy"]}
        answer = page("message", values, 429)
        answer.headers["Retry-After"] = "30"
        return answer

    def values(self, guest: Guest, language: str, heading: str, *, at: str = "") -> dict[str, object]:
        """What every template of a good link needs; ``at`` is the page below the link that the language link leads to."""
        here = self.address(guest)
        return {
            **self._frame(language, heading),
            "here": here + at,
            "at": here,
            "query": f"?lang={language}" if guest.chosen else "",
            "form": _Forms(self.visits, guest),
        }

    def address(self, guest: Guest) -> str:
        """The path of the page of a link."""
        return f"{self.root}/pay/{guest.token}"

    def keep(self, response: Response, guest: Guest, visit: Visit) -> None:
        """Let the browser keep the visit, for this link alone."""
        response.set_cookie(
            COOKIE,
            self.visits.cookie(visit),
            max_age=int((visit.until - guest.now).total_seconds()),
            path=self.address(guest),
            secure=self._secure,
            httponly=True,
            samesite="lax",  # strict would end the visit of whoever comes back from a provider
        )

    def is_ours(self, form: FormData, guest: Guest, action: str) -> bool:
        """Whether a form is one that this page made for this guest."""
        return self.visits.is_ours(field(form, "form", 200), guest.link.link_id, guest.nonce, action)

    def _frame(self, language: str, heading: str) -> dict[str, object]:
        return {
            "t": TEXTS[language],
            "language": language,
            "other": OTHER[language],
            "company": self._companies.get(language, ""),
            "heading": heading,
            "titled": True,
            "root": self.root,
            "here": "",
            "said": "",
            "fault": "",
        }

    def _within_rates(self, request: Request, token: str) -> bool:
        by_address = self._rates.take_address(request.client.host if request.client else "")
        key = hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()
        return by_address.allowed and self._rates.take_token(key).allowed


class _Forms:
    """``form.ACTION`` in a template is what the form of that act carries."""

    def __init__(self, visits: Visits, guest: Guest) -> None:
        self._visits, self._guest = visits, guest

    def __getattr__(self, action: str) -> str:
        return self._visits.form(self._guest.link.link_id, self._guest.nonce, action)


def wanted_language(request: Request, of_account: str) -> str:
    """By ``?lang``, else the account's, else what the browser prefers, else Chinese."""
    chosen = request.query_params.get("lang", "")
    if chosen in TEXTS:
        return chosen
    if of_account in TEXTS:
        return of_account
    preferred = request.headers.get("accept-language", "")[:2].lower()
    return "en" if preferred == "en" else "zh"


async def form_of(request: Request, largest: int = LARGEST_FORM) -> FormData | None:
    """The fields of a form; None for one that no browser sends from this page: too long, or from another site."""
    length = request.headers.get("content-length", "")
    if not length.isascii() or not length.isdigit() or int(length[:12]) > largest:
        return None
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        return None
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in ("application/x-www-form-urlencoded", "multipart/form-data"):
        return None
    from starlette.exceptions import HTTPException

    try:
        return await request.form(max_files=1, max_fields=_MOST_FIELDS, max_part_size=LARGEST_FORM)
    except HTTPException:  # what cannot be taken apart
        return None


def field(form: FormData, name: str, longest: int) -> str:
    """A text of a form without control characters; '' where it is not there or too long."""
    found = form.get(name)
    if isinstance(found, UploadFile) or found is None or len(found) > longest:
        return ""
    return "".join(sign if sign.isprintable() or sign in "\n\t" else " " for sign in found).strip()
