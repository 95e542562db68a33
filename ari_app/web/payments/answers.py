"""Answers of the payment page: its templates, and the headers that keep a link and a bill where they belong."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import resources

from fastapi import Response
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

#: No script at all, nothing from elsewhere, in no frame; forms go to this page only.
POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)

HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": POLICY,
    "Referrer-Policy": "no-referrer",  # the token stands in the address
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "X-Robots-Tag": "noindex, nofollow, noarchive",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


@cache
def _templates() -> Environment:
    return Environment(
        loader=PackageLoader("ari_app.web.payments", "templates"),
        autoescape=select_autoescape(["html.j2"], default=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def page(template: str, values: Mapping[str, object], status: int = 200) -> Response:
    """A page in HTML."""
    text = _templates().get_template(f"{template}.html.j2").render(values)
    return Response(text, status_code=status, media_type="text/html", headers=dict(HEADERS))


def see_other(address: str) -> Response:
    """After a form: another page, so that going back sends nothing twice."""
    return Response(status_code=303, headers={**HEADERS, "Location": address})


def picture(text: bytes) -> Response:
    """A picture of our own."""
    return Response(text, media_type="image/svg+xml", headers=dict(HEADERS))


@cache
def style() -> str:
    """The one style sheet."""
    return resources.files(__package__).joinpath("pay.css").read_text(encoding="utf-8")


def style_sheet() -> Response:
    """It holds nothing of anybody, and may be kept for an hour."""
    headers = {**HEADERS, "Cache-Control": "public, max-age=3600"}
    return Response(style(), media_type="text/css", headers=headers)
