"""The controller as a process of its own, to be killed at will, over a site whose network keeps its own records."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import date
from decimal import Decimal
from pathlib import Path

from ari_app.app import open_store
from ari_app.config import load_settings
from ari_app.domain.account import Account
from ari_app.domain.campaign import Campaign, CampaignStrategy, DiallerSpec
from ari_app.domain.record import AttemptRecord
from ari_app.lab.scenario import Scenario
from ari_app.site import Site

ROOT = Path(__file__).parents[2]
DIALPLAN = ROOT / "dialplan"
CAMPAIGN = "chaos"


class Serving:
    """``ari-app serve`` for a site: start, kill, start again."""

    def __init__(self, config: Path, log: Path) -> None:
        self._config = config
        self._log = log
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        with self._log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "ari_app",
                "--config",
                str(self._config),
                "serve",
                stdout=log,
                stderr=log,
                cwd=ROOT,
            )

    async def kill(self) -> None:
        """SIGKILL: no handler runs, nothing is put in order."""
        assert self._process is not None
        assert self._process.returncode is None, "the controller had ended by itself:\n" + self.words()
        self._process.kill()
        await self._process.wait()

    async def stop(self) -> None:
        """SIGTERM, and wait for an orderly end."""
        assert self._process is not None
        if self._process.returncode is None:
            self._process.terminate()
        assert await asyncio.wait_for(self._process.wait(), 30.0) == 0, self.words()

    def words(self) -> str:
        """The end of what it has written."""
        return self._log.read_text(encoding="utf-8", errors="replace")[-3000:]


@asynccontextmanager
async def serving(site: Site) -> AsyncIterator[Serving]:
    """A controller that is ended with the context, whatever state it is in."""
    controller = Serving(site.config, site.folder / "serve.log")
    try:
        yield controller
    finally:
        process = controller._process
        if process is not None and process.returncode is None:
            process.kill()
            await process.wait()


def accounts_of(scenario: Scenario, today: date, language: str) -> list[Account]:
    """An account for every number of a scenario, five days overdue."""
    return [
        Account(
            f"c{n:03d}",
            f"a{n:03d}",
            f"b{n:03d}",
            "Robin Green",
            phone,
            Decimal("100.00"),
            today,
            language=language,
        )
        for n, phone in enumerate(sorted(scenario.numbers), start=1)
    ]


async def create(site: Site, scenario: Scenario, *, concurrency: int = 8, language: str = "en") -> None:
    """A campaign over all numbers of the scenario."""
    campaign = Campaign(
        CAMPAIGN,
        CAMPAIGN,
        CampaignStrategy(),
        DiallerSpec("ai", concurrency, tuple(f"+86{number[1:]}" for number in scenario.caller_ids), 12.0),
    )
    async with open_store(load_settings(site.config)) as store:
        await store.put_campaign(campaign)
        today = site.clock.now().date()
        await store.load_accounts(CAMPAIGN, accounts_of(scenario, today, language), site.clock.now())


async def attempts(site: Site) -> list[AttemptRecord]:
    """All attempts as stored now."""
    async with open_store(load_settings(site.config)) as store:
        return await store.attempts(campaign_id=CAMPAIGN)


async def until(
    site: Site,
    done: Callable[[Sequence[AttemptRecord]], bool],
    patience_s: float,
    what: Callable[[], str],
) -> list[AttemptRecord]:
    """Wait until the stored attempts satisfy ``done``; an AssertionError with ``what`` after ``patience_s``."""
    async with open_store(load_settings(site.config)) as store:
        deadline = asyncio.get_running_loop().time() + patience_s
        while True:
            found = await store.attempts(campaign_id=CAMPAIGN)
            if done(found):
                return found
            if asyncio.get_running_loop().time() > deadline:
                raise AssertionError(f"not done within {patience_s} s: {summary(found)}\n{what()}")
            await asyncio.sleep(0.2)


def everybody_called(scenario: Scenario) -> Callable[[Sequence[AttemptRecord]], bool]:
    """Whether every account has been dialled and no attempt is open."""

    def done(found: Sequence[AttemptRecord]) -> bool:
        dialled = {record.phone for record in found if record.dialled_at is not None}
        return dialled == set(scenario.numbers) and all(record.disposition for record in found)

    return done


def summary(found: Sequence[AttemptRecord]) -> Mapping[str, int]:
    """Attempts by disposition."""
    counts: dict[str, int] = {}
    for record in found:
        counts[record.disposition or "open"] = counts.get(record.disposition or "open", 0) + 1
    return counts
