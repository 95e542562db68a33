"""The statements of the ``.sql`` files, by name: ``queries.sql``, and one file for each room of its own."""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib import resources
from types import MappingProxyType

_NAME = re.compile(r"^-- name: ([a-z_]+)$")


def parse_queries(text: str) -> dict[str, str]:
    """Blocks that begin with ``-- name: NAME``, as ``{name: statement}``.

    Raises ValueError for a name given twice, a block without a statement and a statement before the first name.
    """
    found: dict[str, list[str]] = {}
    lines: list[str] | None = None
    for number, line in enumerate(text.splitlines(), 1):
        match = _NAME.match(line)
        if match is not None:
            if match[1] in found:
                raise ValueError(f"line {number}: the statement {match[1]} is there twice")
            lines = found[match[1]] = []
        elif line.strip() and not line.lstrip().startswith("--"):
            if lines is None:
                raise ValueError(f"line {number}: a statement without a name")
            lines.append(line.strip())
    empty = sorted(name for name, block in found.items() if not block)
    if empty:
        raise ValueError(f"names without a statement: {', '.join(empty)}")
    return {name: " ".join(block).removesuffix(";") for name, block in found.items()}


#: The file of the calls, and those of the rooms beside it.
FILES = (
    "queries.sql",
    "debt/debt.sql",
    "debt/plan.sql",
    "timeline/timeline.sql",
    "disputes/disputes.sql",
    "service/service.sql",
    "cases/cases.sql",
    "payments/payments.sql",
    "api/api.sql",
    "messages/messages.sql",
    "webhooks/webhooks.sql",
    "integrations/integrations.sql",
    "alerts/alerts.sql",
)


def _all() -> dict[str, str]:
    found: dict[str, str] = {}
    for name in FILES:
        text = resources.files(__package__).joinpath(name).read_text(encoding="utf-8")
        for statement, sql in parse_queries(text).items():
            if statement in found:
                raise ValueError(f"{name}: the statement {statement} is there twice")
            found[statement] = sql
    return found


SQL: Mapping[str, str] = MappingProxyType(_all())
"""All statements. sqlite3 caches the prepared form by text, so each is prepared once a connection."""
