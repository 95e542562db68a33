"""Web addresses that a third party has named: what of them is refused before anything is looked up."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import urlsplit

from ari_app.domain.webhooks.reach import Reach, is_literal, refused_address

LONGEST_URL: Final = 2000
#: A name or an IPv4 address. Other signs are rewritten by HTTP clients (full-width digits become digits, ``%31`` becomes
#: 1), and then it would be an address that was never looked at. IPv6 addresses have colons and are read as such.
_HOST: Final = re.compile(r"[A-Za-z0-9._-]+", re.ASCII)


def refused_url(url: str, reach: Reach) -> str:
    """Why no request is sent to a URL, as far as it shows by itself; '' where it may be. Names are looked up later."""
    if len(url) > LONGEST_URL or any(ord(sign) <= 32 or ord(sign) == 127 for sign in url):
        return "not a web address"
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        return "not a web address"
    if parts.scheme not in ("http", "https") or not host:
        return "not a web address: https://HOST/PATH"
    if parts.username is not None or parts.password is not None:
        return "it carries a user or password"
    if ":" not in host and not _HOST.fullmatch(host):
        return "the host is not written in ASCII (names of other letters as xn--...)"
    if reach.ports and (port or (443 if parts.scheme == "https" else 80)) not in reach.ports:
        return f"the port is none of {', '.join(map(str, reach.ports))}"
    if is_literal(host):
        why = refused_address(host, reach)
        return f"the address is not to be reached: {why}" if why else ""
    return ""
