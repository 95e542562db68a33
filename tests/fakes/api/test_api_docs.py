"""docs/api.md lists every route that there is, and no other; every scope opens something."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ari_app.domain.api_scope import Scope
from ari_app.web.api.problems import KINDS
from tests.support.api import served
from tests.support.docs import ROOT

pytestmark = pytest.mark.fakes

PAGE = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")


async def test_every_route_is_documented_with_its_scope(tmp_path: Path) -> None:
    async with served(tmp_path) as it:
        described = it.api.app.openapi()
    rows = {
        route: set(re.findall(r"`((?:read|write):[a-z]+)`", scopes))
        for routes, scopes in re.findall(r"^\| (`[A-Z]+ /[^|]*) \| ([^|]*) \|", PAGE, re.MULTILINE)
        for route in re.findall(r"`([A-Z]+ /[^`]*)`", routes)
    }
    there = {
        f"{method.upper()} {path}": {
            scope for one in operation.get("security", []) for scopes in one.values() for scope in scopes
        }
        for path, methods in described["paths"].items()
        for method, operation in methods.items()
    }
    assert rows == there
    assert all(scopes for route, scopes in there.items() if " /v1/" in route)


def test_every_scope_is_documented() -> None:
    assert [scope for scope in Scope if f"`{scope.value}`" not in PAGE] == []


def test_every_kind_of_problem_is_documented() -> None:
    source = "\n".join(
        path.read_text(encoding="utf-8") for path in (ROOT / "ari_app" / "web" / "api").glob("*.py")
    )
    kinds = set(KINDS.values())
    kinds |= set(re.findall(r"""(?:ApiProblem|problem_response)\([^"']*?\d{3},\s*"([a-z-]+)\"""", source))
    assert {"wrong-state", "idempotency-key-reused", "contradiction", "refused"} <= kinds
    section = PAGE.partition("## Kinds of problems")[2].partition("\n## ")[0]
    assert [kind for kind in sorted(kinds) if f"`{kind}`" not in section] == []


async def test_no_two_operations_have_one_name(tmp_path: Path) -> None:
    async with served(tmp_path) as it:
        described = it.api.app.openapi()
    names = [one["operationId"] for methods in described["paths"].values() for one in methods.values()]
    assert len(names) == len(set(names)) > 20
