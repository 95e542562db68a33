"""What bringing in other systems' records needs: an HTTP client within bounds, and a memory of runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from ari_app.errors import AriAppError


class FetchError(AriAppError):
    """No usable answer; the text quotes nothing of request or answer. ``again``: another try may help."""

    def __init__(self, wrong: str, *, again: bool) -> None:
        self.again = again
        super().__init__(wrong)


@dataclass(frozen=True, slots=True)
class Fetched:
    """An answer: its status, its headers (names in lower case), its body."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)


class Fetch(Protocol):
    """GET, within bounds: no redirects, no proxies, no cookies, no compression."""

    async def get(
        self, url: str, headers: Mapping[str, str], *, timeout_s: float, most_bytes: int
    ) -> Fetched:
        """Raises FetchError where no answer came, or one that is too long."""
        ...


class RunResult(StrEnum):
    """How a run ended."""

    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Run:
    """One run of an integration, or one file of it. ``records`` were read, ``rejected`` of them not used.

    ``position`` is from where the next pull goes on; ``digest`` the SHA-256 of a file.
    """

    integration: str
    started_at: datetime
    ended_at: datetime
    result: RunResult
    records: int = 0
    added: int = 0
    updated: int = 0
    unchanged: int = 0
    rejected: int = 0
    file: str = ""
    digest: str = ""
    fault: str = ""
    position: str = ""
    rejects_file: str = ""


class IntegrationRuns(Protocol):
    """The memory of runs."""

    async def add(self, run: Run) -> None: ...

    async def last(self, integration: str) -> Run | None:
        """The newest run."""
        ...

    async def position(self, integration: str) -> str:
        """From where the next pull goes on; '' from the beginning."""
        ...

    async def taken(self, integration: str, digest: str) -> bool:
        """Whether a file of this content was loaded before."""
        ...

    async def runs(self, integration: str | None = None, limit: int = 50) -> list[Run]:
        """The newest runs, newest first."""
        ...
