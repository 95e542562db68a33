"""Cursors: where a page begins, as a text that only we can write."""

from __future__ import annotations

import json

from itsdangerous import BadData, URLSafeSerializer

from ari_app.errors import InputError, Problem

LONGEST = 1000


class Cursors:
    """Signs the place behind a page; a cursor of another list or filter is refused."""

    def __init__(self, secret: bytes) -> None:
        self._serializer = URLSafeSerializer(secret, salt="ari-app.cursor")

    def write(self, listing: str, place: tuple[int | str, ...]) -> str:
        """``listing`` names the list together with its filters."""
        return self._serializer.dumps([listing, *place])

    def read(self, listing: str, text: str) -> tuple[int | str, ...]:
        """The place. Raises InputError for a text that was not written here, or for another list."""
        try:
            found = self._serializer.loads(text) if len(text) <= LONGEST else None
        except (BadData, ValueError) as error:
            raise self._refused() from error
        if not isinstance(found, list) or len(found) < 2 or found[0] != listing:
            raise self._refused()
        place = tuple(part for part in found[1:] if type(part) in (int, str))
        if len(place) != len(found) - 1:
            raise self._refused()
        return place

    @staticmethod
    def _refused() -> InputError:
        wrong = "is not a cursor of this list with these filters"
        return InputError(
            [Problem("query", "cursor", wrong, "the cursor of a page before, with the same filters")]
        )


def listing_name(name: str, filters: dict[str, object]) -> str:
    """A list and its filters in one text."""
    return name + json.dumps(filters, sort_keys=True, default=str, separators=(",", ":"))
