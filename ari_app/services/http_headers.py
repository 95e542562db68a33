"""Headers that people write into settings for requests of ours."""

from __future__ import annotations

from typing import Final

from ari_app.services.model_problems import RefusedError

#: What the HTTP client writes by itself: another value breaks each request, or sends it elsewhere (RFC 9112, 6 and 9).
OWN: Final = frozenset(
    {"connection", "content-length", "expect", "host", "te", "trailer", "transfer-encoding", "upgrade"}
)


def free_header(name: str) -> str:
    """The name of a header that may be set. Raises RefusedError."""
    if name.lower() in OWN:
        raise RefusedError("is a header that is written by itself", "another header")
    return name


def header_value(text: str) -> str:
    """What may stand behind the name of a header. Raises RefusedError, which quotes nothing."""
    if any(ord(sign) < 32 or ord(sign) == 127 for sign in text):
        raise RefusedError("holds control characters", "one line of text")
    return text
