"""Lists that their store gives as a whole, shown page by page; and who acts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Annotated, TypeVar

from fastapi import Response
from pydantic import Field

from ari_app.web.api.values import Line, Pager

T = TypeVar("T")

#: Rows that are looked through at most, where a list comes as a whole.
WHOLE = 10_000
#: Tells on the last page that there may be rows behind those that were looked through.
TRUNCATED = "X-Truncated"

#: A person of the company, as he is called there.
Person = Annotated[Line, Field(min_length=1, max_length=100, description="Who does this: a person's name")]
Note = Annotated[Line, Field(max_length=200)]


def instant_place(at: datetime, ref: str) -> tuple[int, str]:
    """A place in a list by instants; ``ref`` tells those of one instant apart."""
    return (int(at.timestamp() * 1_000_000), ref)


def shown_page(
    rows: Sequence[T],
    place: Callable[[T], tuple[int, str]],
    pager: Pager,
    response: Response,
    cursor: str | None,
    limit: int,
    *,
    newest_first: bool = False,
) -> tuple[list[T], str | None]:
    """The rows of a page in the order of their places, and the cursor of the next one.

    Where the list is longer than what is looked through, the last page says so (``TRUNCATED``).
    """
    ordered = sorted(rows, key=place, reverse=newest_first)
    after = pager.after(cursor)
    if after is not None:
        begins = (int(after[0]), str(after[1]))
        ordered = [row for row in ordered if (place(row) < begins if newest_first else place(row) > begins)]
    shown = ordered[:limit]
    more = place(shown[-1]) if len(ordered) > limit else None
    if more is None and len(rows) >= WHOLE:
        response.headers[TRUNCATED] = str(WHOLE)
    return shown, pager.next(response, more)
