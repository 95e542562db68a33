"""The demonstration: campaigns over every behaviour of the simulated telephone network, from list to disposition.

The controller runs as a process of its own (``ari-app serve``), as in production; this process plays the telephone
network, creates a campaign for each flow, shows what happens, and at the end compares three witnesses: what the
personas were meant to lead to, what the controller stored, and what the network recorded.
"""

from __future__ import annotations

import asyncio
import json
import signal
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from ari_app.app import open_store
from ari_app.config import Settings, load_settings
from ari_app.demo_report import DemoReport, demo_report, tell_summary
from ari_app.domain.record import AttemptRecord
from ari_app.errors import AriAppError
from ari_app.lab.scenario import Scenario, load_scenario
from ari_app.logs import mask_name, mask_number
from ari_app.ports import Store
from ari_app.services.account_row import RowDefaults
from ari_app.services.campaign_input import CampaignInput, parse_campaign
from ari_app.site import DIALLER, Site, local_site

#: The whole run is bounded; a demonstration that hangs says so and ends. Besides, so long for each call of a line.
PATIENCE_S = 180.0
CALL_S = 100.0


class DemoFailed(AriAppError):
    """The demonstration could not be brought to its end."""


async def run_demo(
    *,
    folder: Path | None,
    scenario_file: Path | None,
    json_file: Path | None,
    keep: bool,
    console: Console,
    dialplan_dir: Path,
) -> DemoReport:
    """Run the whole demonstration; raises AriAppError when it cannot be brought to its end."""
    began = time.monotonic()
    scenario = load_scenario(scenario_file)
    folder = folder or Path(tempfile.mkdtemp(prefix="ari-app-demo-"))
    say = console.print
    say(
        f"[bold]ari-app demo[/bold]: {len(scenario.accounts)} accounts in arrears, called over real SIP and RTP."
    )
    say("No telephone network is touched: a second Asterisk on this machine plays carrier and subscribers.")
    say(f"Everything that is written lies in {folder}\n")
    say("Starting the telephone network and the PBX ...")
    dialler = {"dialler": {**DIALLER, "max_concurrency": scenario.concurrency}}
    async with local_site(folder, scenario, dialplan_dir=dialplan_dir, settings=dialler) as site:
        settings = load_settings(site.config)
        say(
            f"The lab's clock says {site.clock.now().astimezone(ZoneInfo('Asia/Shanghai')):%A %Y-%m-%d %H:%M} in China,"
        )
        say("inside the calling window 09:00-12:00 of this campaign.\n")
        async with open_store(settings) as store, _controller(site):
            for flow in scenario.flows():
                await _create(store, _campaign_request(scenario, flow, site, settings), site)
            await _watch(store, scenario, site, console, began)
            attempts, forbidden = await store.attempts(), await store.do_not_contact()
        report = await asyncio.to_thread(
            demo_report, attempts, forbidden, scenario, site, time.monotonic() - began
        )
        tell_summary(console, report, attempts, site, settings)
        if json_file is not None:
            _write_json(json_file, report)
            say(f"Report written to {json_file}")
        if keep:
            await _keep(console, site)
    return report


# --------------------------------------------------------------------------------------------------- running


@asynccontextmanager
async def _controller(site: Site) -> AsyncIterator[None]:
    """``ari-app serve`` as a process of its own; ended in order with the context."""
    log_file = site.folder / "serve.log"
    with log_file.open("ab") as log:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "ari_app", "--config", str(site.config), "serve", stdout=log, stderr=log
        )
    try:
        yield
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
        try:
            await asyncio.wait_for(process.wait(), 30.0)
        except TimeoutError:
            process.kill()
            await process.wait()
    if process.returncode != 0:
        tail = log_file.read_text(encoding="utf-8", errors="replace")[-1500:]
        raise DemoFailed(f"the controller ended with status {process.returncode}; its last words:\n{tail}")


def campaign_document(scenario: Scenario, flow: str, today: datetime) -> dict[str, object]:
    """The create-task request of one flow of the demonstration, as an integrator would send it."""
    return {
        "name": f"demo_{flow}",
        "strategy": {
            "flow": flow,
            "timezone": "Asia/Shanghai",
            "window": ["09:00-12:00", "14:00-19:30"],
            "maxAttempts": 3,
            "retryHours": [0, 24, 72],
            "minAmount": 50,
            "speed": scenario.speed,
        },
        "dialer": {
            "type": "ai",
            "concurrency": scenario.concurrency,
            "callerIdPool": list(scenario.caller_ids),
        },
        "list": scenario.rows(today.date(), flow),
        "webhook": {
            "events": ["call.completed", "collection.ptp.created"],
            "url": "https://crm.example.com/webhook",
            "secret": "demo",
        },
    }


def _campaign_request(scenario: Scenario, flow: str, site: Site, settings: Settings) -> CampaignInput:
    today = site.clock.now().astimezone(ZoneInfo("Asia/Shanghai"))
    text = json.dumps(campaign_document(scenario, flow, today), ensure_ascii=False, indent=2)
    path = site.folder / f"campaign-{flow}.json"
    path.write_text(text, encoding="utf-8")
    return parse_campaign(
        text.encode(),
        str(path),
        RowDefaults(now=site.clock.now(), ring_timeout_s=settings.dialler.ring_timeout_s),
    )


async def _create(store: Store, request: CampaignInput, site: Site) -> None:
    if request.rejects:
        raise DemoFailed(f"the scenario's list has rows that cannot be loaded: {request.rejects[0]}")
    await store.put_campaign(request.campaign)
    await store.load_accounts(request.campaign.campaign_id, request.accounts, site.clock.now())


async def _watch(store: Store, scenario: Scenario, site: Site, console: Console, began: float) -> None:
    """Show the calls until every account has been called and its attempt is closed."""
    patience = PATIENCE_S + CALL_S * len(scenario.accounts) / scenario.concurrency
    with Live(console=console, refresh_per_second=4, transient=False) as live:
        while True:
            attempts = await store.attempts()
            closed = {record.customer_id for record in attempts if record.disposition is not None}
            live.update(_table(attempts, scenario, site, time.monotonic() - began))
            if len(closed) == len(scenario.accounts):
                return
            if time.monotonic() - began > patience:
                missing = len(scenario.accounts) - len(closed)
                raise DemoFailed(
                    f"{missing} accounts were not finished within {patience:.0f} s; see serve.log"
                )
            await asyncio.sleep(0.5)


# --------------------------------------------------------------------------------------------------- showing


def _table(attempts: Sequence[AttemptRecord], scenario: Scenario, site: Site, seconds: float) -> Group:
    """One line an account: who, how the network behaves, and where the call is."""
    of_customer = {record.customer_id: record for record in attempts}
    answered = (
        {call.dialled for call in site.lab.carrier.active if call.answered_at} if site.lab.carrier else set()
    )
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("customer", "name", "number", "network / person", "call", "SIP", "Q.850", "disposition"):
        table.add_column(heading)
    for account in scenario.accounts:
        record = of_customer.get(account.customer_id)
        table.add_row(
            account.customer_id,
            mask_name(account.name),
            mask_number(account.phone),
            account.persona.replace("_", " "),
            _where(record, account.phone in answered),
            "" if record is None else str(record.sip_status or ""),
            "" if record is None else str(record.q850_cause or ""),
            "" if record is None else _colour(record.disposition, account.expected.disposition),
        )
    closed = sum(record.disposition is not None for record in of_customer.values())
    return Group(
        table, Text(f"{closed} of {len(scenario.accounts)} accounts finished, {seconds:.0f} s", style="dim")
    )


def _where(record: AttemptRecord | None, answered: bool) -> str:
    if record is None:
        return "[dim]due[/dim]"
    if record.disposition is not None:
        return f"{record.talk_seconds:.0f} s talk" if record.answered_at else "not answered"
    if answered:
        return "[green]talking[/green]"
    return "[yellow]dialling[/yellow]" if record.dialled_at else "[dim]reserved[/dim]"


def _colour(disposition: str | None, expected: str) -> str:
    if disposition is None:
        return ""
    return (
        f"[green]{disposition}[/green]"
        if disposition == expected
        else f"[red]{disposition}[/red] ({expected})"
    )


def _write_json(path: Path, report: DemoReport) -> None:
    partial = path.with_name(f".{path.name}.partial")
    partial.write_text(json.dumps(report.to_json(), ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    partial.replace(path)


async def _keep(console: Console, site: Site) -> None:
    """Leave everything up until Ctrl-C."""
    console.print(f"\nEverything stays up. Look at it: ari-app --config {site.config} attempts list")
    console.print(f"Asterisk: asterisk -C {site.pbx.conf_file} -r    End with Ctrl-C.")
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    await stop.wait()
