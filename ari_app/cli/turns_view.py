"""Turns of a call for people and programs: what was said, with numbers and the customer's name masked unless asked."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ari_app.logs import mask_name, mask_number, mask_text

if TYPE_CHECKING:
    from ari_app.domain.attempt import Turn

#: Fewer keys are a choice of a menu, more are digits of an account or a telephone.
_MENU_KEYS = 2


class Mask:
    """Masks the texts of one call; ``full`` shows them as they were said."""

    def __init__(self, name: str, *, full: bool) -> None:
        """:param name: the customer's name, as it stands in the account."""
        self._full = full
        self._name = mask_name(name)
        parts = {name.strip(), *name.split()} if name.strip() else set()
        shapes = [_shape(part) for part in sorted(parts, key=len, reverse=True) if len(part) > 1]
        self._shapes = re.compile("|".join(shapes), re.IGNORECASE) if shapes else None

    def text(self, text: str) -> str:
        """A sentence of either side."""
        if self._full:
            return text
        text = mask_text(text)
        return text if self._shapes is None else self._shapes.sub(lambda _: self._name, text)

    def said(self, turn: Turn) -> str:
        """What was said or keyed in a turn."""
        if self._full or turn.kind != "keys":
            return self.text(turn.text)
        return turn.text if len(turn.text) <= _MENU_KEYS else mask_number(turn.text)


def _shape(part: str) -> str:
    """A name in Latin letters is a word of its own; Chinese has no blanks between words."""
    return rf"\b{re.escape(part)}\b" if part.isascii() else re.escape(part)


def turn_objects(turns: Sequence[Turn], mask: Mask) -> list[dict[str, object]]:
    """Turns as JSON has them, in order."""
    from ari_app.services.transcripts import turn_object

    return [turn_object(turn) | {"text": mask.said(turn)} for turn in turns]


def safe_json(value: object, *, indent: int | None = None) -> str:
    """JSON that steers no terminal: what cannot be printed stands as its escape, so nothing is lost."""
    from ari_app.cli.common import as_json

    text = json.dumps(value, ensure_ascii=False, indent=indent, default=as_json)
    return "".join(sign if sign.isprintable() or sign == "\n" else _escape(sign) for sign in text)


def _escape(sign: str) -> str:
    """``\\uXXXX``, a surrogate pair beyond the first plane (RFC 8259, section 7)."""
    return json.dumps(sign)[1:-1]
