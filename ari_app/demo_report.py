"""What came out of a demonstration: three witnesses side by side, and how it is told."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.table import Table

from ari_app.config import Settings
from ari_app.domain.record import AttemptRecord
from ari_app.lab.agreement import Agreement, check_far_end, compare
from ari_app.lab.cdr import read_cdr
from ari_app.lab.expected import Expected, differences
from ari_app.lab.scenario import Scenario
from ari_app.site import Site

#: Sound of each side that an answered call's recording must hold, in seconds.
HEARD_S = 0.3


@dataclass(frozen=True, slots=True)
class DemoReport:
    """What came out. ``mismatches`` are sentences; empty means that all witnesses agree."""

    attempts: Sequence[Mapping[str, object]]
    expected: Mapping[str, Expected]
    mismatches: Sequence[str]
    agreement: Agreement
    recordings_checked: int
    seconds: float

    def to_json(self) -> dict[str, object]:
        """The object that ``--json`` writes."""
        return {
            "attempts": list(self.attempts),
            "expected": {customer: one.to_json() for customer, one in self.expected.items()},
            "mismatches": list(self.mismatches),
            "lab_calls": self.agreement.lab_calls,
            "double_dials": self.agreement.double_dials,
            "recordings_checked": self.recordings_checked,
            "seconds": round(self.seconds, 1),
        }


def demo_report(
    attempts: Sequence[AttemptRecord],
    forbidden: Mapping[str, str],
    scenario: Scenario,
    site: Site,
    seconds: float,
) -> DemoReport:
    """Compare the three witnesses. ``forbidden`` is the do-not-contact list; ``seconds`` how long it all took."""
    expected = scenario.expected()
    rows = [record.to_export() for record in attempts]
    agreement = compare(rows, site.lab.records(), len(read_cdr(site.carrier.cdr_file)))
    mismatches = list(agreement.mismatches)
    for account in scenario.accounts:
        mine = [record for record in attempts if record.customer_id == account.customer_id]
        if len(mine) != 1:
            got = [record.disposition for record in mine]
            mismatches.append(f"{account.customer_id}: expected one call, got {got}")
            continue
        row, on_the_list = mine[0].to_export(), account.phone in forbidden
        found = differences(account.expected, row, said_by_bot(mine[0]), on_the_list=on_the_list)
        mismatches += [f"{account.customer_id} ({account.persona}): {fault}" for fault in found]
    seen = Counter(record.customer_id for record in attempts)
    mismatches += [f"{customer}: not in the scenario" for customer in seen if customer not in expected]
    silent = _silent_customers(agreement, site)
    checked = 0
    for record in attempts:
        if record.answered_at is None:
            continue
        fault = _recording_fault(record, silent_side=record.attempt_id in silent)
        if fault:
            mismatches.append(f"{record.attempt_id}: {fault}")
        else:
            checked += 1
    return DemoReport(rows, expected, mismatches, agreement, checked, seconds)


def said_by_bot(record: AttemptRecord) -> str:
    """All that the bot said in a call, in order, as its transcript has it; '' where there is none."""
    if record.transcript is None:
        return ""
    lines = Path(record.transcript).read_text(encoding="utf-8").splitlines()
    turns = [json.loads(line) for line in lines]
    return "\n".join(turn["text"] for turn in turns if turn.get("speaker") == "bot")


def _silent_customers(agreement: Agreement, site: Site) -> set[str]:
    """Attempts in which the network heard the customer say nothing: he pressed keys, or did nothing at all."""
    said = {call.call: call.said_seconds or 0.0 for call in site.lab.records()}
    return {pair.attempt_id for pair in agreement.pairs if said[pair.call] < HEARD_S}


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


def tell_summary(
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
