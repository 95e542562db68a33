"""Killed at any moment: no attempt is lost, nobody is dialled twice. The network's own records are the witness."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest

from ari_app.domain.record import AttemptRecord
from ari_app.lab.agreement import compare
from ari_app.lab.cdr import read_cdr
from ari_app.lab.scenario import Scenario, parse_scenario
from ari_app.site import Site, local_site
from tests.support.serving import DIALPLAN, attempts, create, everybody_called, serving, summary, until
from tests.support.tcp_proxy import tcp_proxy

pytestmark = [pytest.mark.asterisk, pytest.mark.usefixtures("kept_prompts"), pytest.mark.timeout(600)]

PERSONAS = ("talks", "talks", "busy", "rejects", "hangs_up_at_once", "rings", "talks", "unallocated")
SCENARIO = """
region: CN
caller_ids: ["01055550100", "01055550101"]
personas:
  talks:
    about: Answers, listens for a while, hangs up.
    ring: 0.5
    steps: [{wait: {seconds: 4}}, hangup]
  rings: {about: Lets it ring for a while and declines., ring: 4, reject: rejected}
numbers:
"""


def scenario_of(size: int) -> Scenario:
    lines = [f'  "+86138000001{n:02d}": {PERSONAS[n % len(PERSONAS)]}' for n in range(size)]
    return parse_scenario(SCENARIO + "\n".join(lines) + "\n")


def assert_agreement(site: Site, found: Sequence[AttemptRecord]) -> None:
    """The same calls on both sides, none twice."""
    agreement = compare(
        [record.to_export() for record in found], site.lab.records(), len(read_cdr(site.carrier.cdr_file))
    )
    assert agreement.double_dials == 0
    assert list(agreement.mismatches) == []
    calls = Counter(call.dialled for call in site.lab.records())
    assert max(calls.values(), default=1) == 1, calls


def a_call_is_open(found: Sequence[AttemptRecord]) -> bool:
    """Whether an attempt has been dialled and has not ended."""
    return any(record.dialled_at is not None and record.ended_at is None for record in found)


async def test_a_controller_killed_ten_times_finishes_its_campaign(tmp_path: Path) -> None:
    # Each kill takes at most the calls in progress out of the campaign: enough are left for the last one to hit some.
    scenario = scenario_of(60)
    async with local_site(tmp_path, scenario, dialplan_dir=DIALPLAN) as site, serving(site) as controller:
        await create(site, scenario, concurrency=4)
        for moment in range(10):
            await controller.start()
            # From the first reservation or open call on, each time a little later: in claims, dials, ringing, talk and
            # wrap-up.
            before = len(await until(site, lambda found: True, 1.0, controller.words))
            await until(site, lambda found, n=before: len(found) > n, 120.0, controller.words)  # type: ignore[misc]
            if moment % 2:
                await until(site, a_call_is_open, 120.0, controller.words)
            await asyncio.sleep(0.13 * moment)
            await controller.kill()
        await controller.start()
        found = await until(site, everybody_called(scenario), 240.0, controller.words)
        await controller.stop()
    assert_agreement(site, found)
    assert summary(found).get("interrupted", 0) > 0, "no kill hit a call in progress: this test shows nothing"


async def test_a_killed_asterisk_is_survived(tmp_path: Path) -> None:
    scenario = scenario_of(16)
    async with local_site(tmp_path, scenario, dialplan_dir=DIALPLAN) as site, serving(site) as controller:
        await create(site, scenario, concurrency=6)
        await controller.start()
        await until(site, lambda found: any(record.dialled_at for record in found), 120.0, controller.words)
        await asyncio.sleep(2.0)
        site.pbx.kill()
        await asyncio.sleep(1.0)
        await site.pbx.start_async()
        found = await until(site, everybody_called(scenario), 240.0, controller.words)
        await controller.stop()
    assert_agreement(site, found)


async def test_an_event_socket_that_is_gone_for_ten_seconds_is_survived(tmp_path: Path) -> None:
    scenario = scenario_of(24)
    async with (
        local_site(tmp_path, scenario, dialplan_dir=DIALPLAN) as site,
        serving(site) as controller,
        tcp_proxy(site.pbx.ports.http) as proxy,
    ):
        through_proxy(site, proxy.port)
        await create(site, scenario, concurrency=8)
        await controller.start()
        await until(site, lambda found: any(record.dialled_at for record in found), 120.0, controller.words)
        await asyncio.sleep(1.5)
        proxy.cut()
        await asyncio.sleep(10.0)
        proxy.mend()
        found = await until(site, everybody_called(scenario), 240.0, controller.words)
        await controller.stop()
    assert_agreement(site, found)


def through_proxy(site: Site, port: int) -> None:
    """Let ARI pass the proxy; the media sockets go straight to Asterisk."""
    settings = json.loads(site.config.read_text(encoding="utf-8"))
    settings["media"] = {"url": site.pbx.http_url.replace("http", "ws", 1)}
    settings["ari"]["url"] = f"http://127.0.0.1:{port}"
    site.config.write_text(json.dumps(settings), encoding="utf-8")


@pytest.mark.parametrize("after_s", [0.0, 0.7, 3.0])
async def test_sigterm_in_mid_campaign_ends_all_calls_in_order(tmp_path: Path, after_s: float) -> None:
    scenario = scenario_of(24)
    async with local_site(tmp_path, scenario, dialplan_dir=DIALPLAN) as site, serving(site) as controller:
        await create(site, scenario, concurrency=12)
        await controller.start()
        await until(site, lambda found: any(record.dialled_at for record in found), 120.0, controller.words)
        await asyncio.sleep(after_s)
        await controller.stop()
        # From here on nobody looks after any call: the network must have none left.
        standing = [call.dialled for call in site.lab.records() if call.ended_at is None]
        for _ in range(20):  # a BYE that is on its way
            if not standing:
                break
            await asyncio.sleep(0.1)
            standing = [call.dialled for call in site.lab.records() if call.ended_at is None]
        assert standing == [], controller.words()
        found = await attempts(site)
        assert all(record.disposition for record in found), summary(found)
        assert "interrupted" not in summary(found), summary(found)
        assert after_s == 0 or not set(summary(found)) <= {"not_dialled"}, (
            "no call was stopped: this test shows nothing"
        )
        assert site.pbx.cli("core show channels count").startswith("0 active channels")
    assert_agreement(site, found)
