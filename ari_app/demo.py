"""The demonstration: a campaign over every behaviour of the simulated telephone network, from list to disposition.

The controller runs as a process of its own (``ari-app serve``), as in production; this process plays the telephone
network, creates the campaign, shows what happens, and at the end compares three witnesses: what the personas were meant
to lead to, what the controller stored, and what the network recorded.
"""

from __future__ import annotations

import asyncio
import json
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from ari_app.app import open_store
from ari_app.config import Settings, load_settings
from ari_app.domain.record import AttemptRecord
from ari_app.errors import AriAppError
from ari_app.lab.agreement import Agreement, check_far_end, compare
from ari_app.lab.cdr import read_cdr
from ari_app.lab.scenario import Scenario, load_scenario
from ari_app.logs import mask_name, mask_number
from ari_app.ports import Store
from ari_app.services.account_row import RowDefaults
from ari_app.services.campaign_input import CampaignInput, parse_campaign
from ari_app.site import Site, local_site

#: The whole run is bounded; a demonstration that hangs says so and ends.
PATIENCE_S = 280.0
#: Sound of each side that an answered call's recording must hold, in seconds.
HEARD_S = 0.3


class DemoFailed(AriAppError):
    """The demonstration could not be brought to its end."""


@dataclass(frozen=True, slots=True)
class DemoReport:
    """What came out. ``mismatches`` are sentences; empty means that all witnesses agree."""

    attempts: Sequence[Mapping[str, object]]
    expected: Mapping[str, str]
    mismatches: Sequence[str]
    agreement: Agreement
    recordings_checked: int
    seconds: float

    def to_json(self) -> dict[str, object]:
        """The object that ``--json`` writes."""
        return {
            "attempts": list(self.attempts),
            "expected": dict(self.expected),
            "mismatches": list(self.mismatches),
            "lab_calls": self.agreement.lab_calls,
            "double_dials": self.agreement.double_dials,
            "recordings_checked": self.recordings_checked,
            "seconds": round(self.seconds, 1),
        }


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
    async with local_site(folder, scenario, dialplan_dir=dialplan_dir) as site:
        settings = load_settings(site.config)
        say(
            f"The lab's clock says {site.clock.now().astimezone(ZoneInfo('Asia/Shanghai')):%A %Y-%m-%d %H:%M} in China,"
        )
        say("inside the calling window 09:00-12:00 of this campaign.\n")
        async with open_store(settings) as store, _controller(site):
            request = _campaign_request(scenario, site, settings)
            await _create(store, request, site)
            await _watch(store, request.campaign.campaign_id, scenario, site, console, began)
            attempts = await store.attempts(campaign_id=request.campaign.campaign_id)
        report = await asyncio.to_thread(_report, attempts, scenario, site, began)
        _summary(console, report, attempts, site, settings)
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


def campaign_document(scenario: Scenario, today: datetime) -> dict[str, object]:
    """The create-task request of the demonstration, as an integrator would send it."""
    return {
        "name": "demo_overdue",
        "strategy": {
            "timezone": "Asia/Shanghai",
            "window": ["09:00-12:00", "14:00-19:30"],
            "maxAttempts": 3,
            "retryHours": [0, 24, 72],
            "agingBuckets": ["D1-D30", "D31-D60", "D61-D90", "D91+"],
            "minAmount": 50,
        },
        "dialer": {"type": "ai", "concurrency": 24, "callerIdPool": list(scenario.caller_ids)},
        "list": scenario.rows(today.date()),
        "webhook": {
            "events": ["call.completed", "collection.ptp.created"],
            "url": "https://crm.example.com/webhook",
            "secret": "demo",
        },
    }


def _campaign_request(scenario: Scenario, site: Site, settings: Settings) -> CampaignInput:
    today = site.clock.now().astimezone(ZoneInfo("Asia/Shanghai"))
    text = json.dumps(campaign_document(scenario, today), ensure_ascii=False, indent=2)
    path = site.folder / "campaign.json"
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


async def _watch(
    store: Store, campaign_id: str, scenario: Scenario, site: Site, console: Console, began: float
) -> None:
    """Show the calls until every account has been called and its attempt is closed."""
    with Live(console=console, refresh_per_second=4, transient=False) as live:
        while True:
            attempts = await store.attempts(campaign_id=campaign_id)
            closed = {record.customer_id for record in attempts if record.disposition is not None}
            live.update(_table(attempts, scenario, site, time.monotonic() - began))
            if len(closed) == len(scenario.accounts):
                return
            if time.monotonic() - began > PATIENCE_S:
                missing = len(scenario.accounts) - len(closed)
                raise DemoFailed(
                    f"{missing} accounts were not finished within {PATIENCE_S:.0f} s; see serve.log"
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
            "" if record is None else _colour(record.disposition, account.expected),
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


def _report(attempts: Sequence[AttemptRecord], scenario: Scenario, site: Site, began: float) -> DemoReport:
    """Compare the three witnesses."""
    expected = scenario.expected()
    rows = [record.to_export() for record in attempts]
    agreement = compare(rows, site.lab.records(), len(read_cdr(site.carrier.cdr_file)))
    mismatches = list(agreement.mismatches)
    seen = Counter(record.customer_id for record in attempts)
    for customer, disposition in expected.items():
        got = [record.disposition for record in attempts if record.customer_id == customer]
        if got != [disposition]:
            mismatches.append(f"{customer}: expected one call with {disposition}, got {got}")
    mismatches += [f"{customer}: not in the scenario" for customer in seen if customer not in expected]
    checked = 0
    for record in attempts:
        if record.answered_at is None:
            continue
        fault = _recording_fault(
            record, silent_side=record.disposition in ("no_media", "hung_up", "no_input")
        )
        if fault:
            mismatches.append(f"{record.attempt_id}: {fault}")
        else:
            checked += 1
    return DemoReport(rows, expected, mismatches, agreement, checked, time.monotonic() - began)


def _recording_fault(record: AttemptRecord, *, silent_side: bool) -> str:
    """What is wrong with the stereo recording of an answered call; empty when both sides are heard.

    A customer who says nothing (or whose trunk sends nothing) leaves his side silent, and that is no fault.
    """
    if record.recording is None:
        return "an answered call without a recording"
    try:
        both = check_far_end(Path(record.recording))  # any stereo WAV: left the customer, right the bot
    except (OSError, ValueError) as error:
        return f"recording cannot be checked: {error}"
    if both.heard_seconds < HEARD_S and not silent_side:
        return "the customer is not heard in the recording"
    if both.said_seconds < HEARD_S and record.talk_seconds > 1.0:
        return "the bot is not heard in the recording"
    return ""


def _summary(
    console: Console, report: DemoReport, attempts: Sequence[AttemptRecord], site: Site, settings: Settings
) -> None:
    """The funnel, a line an attempt, where everything lies, and whether the witnesses agree."""
    dialled = [record for record in attempts if record.dialled_at]
    answered = [record for record in attempts if record.answered_at]
    promised = [record for record in attempts if record.disposition == "promise_to_pay"]
    console.print("\n[bold]Funnel[/bold]")
    for name, number in (
        ("accounts", len(report.expected)),
        ("dialled", len(dialled)),
        ("answered", len(answered)),
        ("promises to pay", len(promised)),
    ):
        console.print(f"  {name:<16} {number:>3}  {'█' * number}")
    console.print(
        "\n[bold]What happens next[/bold] (weekends are closed, nobody is called twice in one slot)"
    )
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("attempt", "customer", "caller ID", "disposition", "promise", "next attempt"):
        table.add_column(heading)
    for record in attempts:
        promise = (
            f"{record.promise.amount} {record.promise.currency} on {record.promise.date}"
            if record.promise
            else ""
        )
        due = record.next_attempt_at
        local = due.astimezone(ZoneInfo(record.timezone)).strftime("%a %m-%d %H:%M") if due else "none"
        table.add_row(
            record.attempt_id[:14],
            record.customer_id,
            record.caller_id,
            record.disposition or "",
            promise,
            local,
        )
    console.print(table)
    console.print(f"\nRecordings (stereo: left customer, right bot)  {settings.recordings_dir}")
    console.print(f"Transcripts                                    {settings.transcripts_dir}")
    console.print(f"The network's own call records                 {site.lab.files.records}")
    console.print(f"Database                                       {settings.database}\n")
    agreement = report.agreement
    console.print(
        f"The network saw {agreement.lab_calls} calls (its CDR: {agreement.cdr_calls} without the silent trunk), "
        f"the store has {agreement.attempts_dialled}; double dials: {agreement.double_dials}; "
        f"recordings checked: {report.recordings_checked} of {len(answered)}."
    )
    if report.mismatches:
        console.print(f"[bold red]{len(report.mismatches)} mismatches[/bold red]")
        for sentence in report.mismatches:
            console.print(f"  - {sentence}", highlight=False)
    else:
        console.print("[bold green]Store, personas and network agree on every call.[/bold green]")
    console.print(f"{report.seconds:.0f} seconds in all.")


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
