"""What commands on stored records share: who does it, and ids of which a beginning is enough."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from ari_app.errors import AriAppError, InputError, Problem, UnknownRecord


def who(by: str) -> str:
    """The name of whoever does something. Raises InputError."""
    return one_line(by, "--by")


def one_line(text: str, option: str) -> str:
    """A name on the command line: one line of at most 100 characters. Raises InputError."""
    name = text.strip()
    if not name or len(name) > 100 or not name.isprintable():
        raise InputError(
            [Problem("command line", option, "is no name", "one line of at most 100 characters")]
        )
    return name


async def only_one(named: Callable[[str], Awaitable[list[str]]], beginning: str, what: str) -> str:
    """The id that begins so. Raises UnknownRecord where there is none, AriAppError where there are several."""
    found = await named(beginning)
    if not found:
        raise UnknownRecord(f"there is no {what} {beginning[:60]!r}")
    if len(found) > 1 and beginning not in found:
        raise AriAppError(f"several of them begin with {beginning[:60]!r}: write more of the id")
    return beginning if beginning in found else found[0]
