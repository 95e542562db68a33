"""``ari-app campaign``: create, show, pause, resume, list."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ari_app.cli.campaign_experiments import arms_told
from ari_app.cli.common import (
    EXIT_FAILED,
    JsonOption,
    clock_of,
    console,
    error_console,
    invocation,
    know_strategies,
    local,
    plain,
    print_json,
    row_defaults,
    run,
    show_table,
)
from ari_app.domain.call_order import DayPart, Tries
from ari_app.domain.campaign import Campaign, CampaignStatus, CampaignStrategy
from ari_app.errors import InputError, Problem

if TYPE_CHECKING:
    from datetime import datetime

    from ari_app.config import Settings
    from ari_app.ports import CampaignCount, LoadCount, Store
    from ari_app.services.campaign_input import CampaignInput

app = typer.Typer(no_args_is_help=True, help="Campaigns: who is called, when and how often.")

CampaignId = Annotated[str, typer.Argument(metavar="ID", help="Campaign id, as `campaign list` shows it.")]
_BATCH = 2000
_SHOWN_REJECTS = 20


@app.command("create")
def create(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Create-task request (JSON, UTF-8).")],
    campaign_id: Annotated[
        str | None,
        typer.Option("--id", metavar="ID", help="Id of the campaign; made from its name when not given."),
    ] = None,
    paused: Annotated[
        bool, typer.Option("--paused", help="Create it paused; `campaign resume` starts it.")
    ] = False,
    allow_placeholders: Annotated[
        bool,
        typer.Option(
            "--allow-placeholders",
            help="Leave out caller IDs with open digits (010-6xxxxxxx) instead of refusing them; the campaign is paused.",
        ),
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check everything, store nothing.")] = False,
    json_output: JsonOption = False,
) -> None:
    """Create a campaign from a create-task request, and load its list.

    The same file again changes nothing; a changed file changes the campaign. A fault of the campaign part refuses the
    whole file; a bad row of the list is reported and the good ones load.

        ari-app campaign create task.json

        ari-app campaign create task.json --id winter-2026 --paused
    """
    from ari_app.campaign_fit import check_campaign
    from ari_app.services.campaign_input import read_campaign

    settings = invocation(context).settings
    now = clock_of(settings).now()
    found = read_campaign(
        file, row_defaults(settings, now), campaign_id=campaign_id, allow_placeholders=allow_placeholders
    )
    check_campaign(settings, clock_of(settings), found.campaign, str(file))
    if paused:
        found = replace(found, campaign=replace(found.campaign, status=CampaignStatus.PAUSED))
    changed, count = (False, None) if dry_run else run(_store_campaign(settings, found, now))
    if json_output:
        print_json(
            {
                "campaign_id": found.campaign.campaign_id,
                "status": found.campaign.status,
                "changed": changed,
                "accounts": len(found.accounts),
                "loaded": None if count is None else asdict(count),
                "placeholders": found.placeholders,
                "rejects": [
                    {"row": reject.row, "field": fault.field, "wrong": fault.wrong, "allowed": fault.allowed}
                    for reject in found.rejects
                    for fault in reject.faults
                ],
            }
        )
    else:
        _tell_created(found, changed, count)
    if found.rejects and not found.accounts:
        raise typer.Exit(EXIT_FAILED)


def _tell_created(found: CampaignInput, changed: bool, count: LoadCount | None) -> None:
    out, campaign = console(), found.campaign
    for reject in found.rejects[:_SHOWN_REJECTS]:
        for fault in reject.faults:
            error_console().print(f"list\\[{reject.row}]: {plain(fault)}")
    if len(found.rejects) > _SHOWN_REJECTS:
        error_console().print(
            f"... and {len(found.rejects) - _SHOWN_REJECTS} more rows; --json tells all of them"
        )
    if found.placeholders:
        error_console().print(
            f"{found.placeholders} caller IDs have open digits and were left out; the campaign is paused. "
            "Put whole numbers into dialer.callerIdPool, create it again, then resume it."
        )
    if count is None:
        out.print(
            f"checked, nothing stored: {len(found.accounts)} accounts, {len(found.rejects)} rows refused"
        )
        return
    state = "created or changed" if changed else "already there, unchanged"
    out.print(f"campaign {plain(campaign.campaign_id)} ({campaign.status}): {state}")
    out.print(
        f"accounts: {count.added} added, {count.updated} updated, {count.unchanged} unchanged, "
        f"{len(found.rejects)} refused"
    )


async def _store_campaign(settings: Settings, found: CampaignInput, now: datetime) -> tuple[bool, LoadCount]:
    from ari_app.app import open_store
    from ari_app.ports import LoadCount

    async with open_store(settings) as store:
        changed = await store.put_campaign(found.campaign)
        know_strategies(store, settings, found.campaign)
        added = updated = unchanged = 0
        for start in range(0, len(found.accounts), _BATCH):
            batch = found.accounts[start : start + _BATCH]
            count = await store.load_accounts(found.campaign.campaign_id, batch, now)
            added, updated, unchanged = (
                added + count.added,
                updated + count.updated,
                unchanged + count.unchanged,
            )
        return changed, LoadCount(added, updated, unchanged)


@app.command("list")
def list_campaigns(context: typer.Context, json_output: JsonOption = False) -> None:
    """All campaigns and how far each is."""
    settings = invocation(context).settings

    async def read() -> list[tuple[Campaign, CampaignCount]]:
        from ari_app.app import open_store

        now = clock_of(settings).now()
        async with open_store(settings) as store:
            return [
                (each, await store.campaign_count(each.campaign_id, now)) for each in await store.campaigns()
            ]

    found = run(read())
    if json_output:
        print_json([_as_object(campaign, count) for campaign, count in found])
        return
    if not found:
        console().print("no campaign yet; create one with: ari-app campaign create FILE")
        return
    show_table(
        ["id", "name", "status", "accounts", "waiting", "due now", "open", "done"],
        [
            (
                campaign.campaign_id,
                campaign.name,
                campaign.status,
                *(count.accounts, count.waiting, count.due_now, count.open_attempts, count.done),
            )
            for campaign, count in found
        ],
    )


@app.command("show")
def show(context: typer.Context, campaign_id: CampaignId, json_output: JsonOption = False) -> None:
    """One campaign: its strategy, its caller IDs, how far it is and how its calls ended."""
    from ari_app.domain.compliance import zone_of

    settings = invocation(context).settings

    async def read() -> tuple[Campaign, CampaignCount]:
        from ari_app.app import open_store

        async with open_store(settings) as store:
            campaign = await existing(store, campaign_id)
            return campaign, await store.campaign_count(campaign_id, clock_of(settings).now())

    campaign, count = run(read())
    if json_output:
        print_json(_as_object(campaign, count))
        return
    strategy, dialler = campaign.strategy, campaign.dialler
    days = ", ".join(
        ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")[day] for day in strategy.closed_weekdays
    )
    show_table(
        ["", ""],
        [
            ("campaign", campaign.campaign_id),
            ("name", campaign.name),
            ("status", campaign.status),
            *(
                [("strategy file", f"{strategy.file}: says what follows, by segment")]
                if strategy.file
                else []
            ),
            ("calling windows", f"{', '.join(map(str, strategy.windows))} ({strategy.timezone})"),
            ("closed on", days or "no day"),
            (
                "attempts",
                f"{strategy.max_attempts}, {', '.join(f'{hours:g}' for hours in strategy.retry_hours)} h",
            ),
            ("aging buckets", ", ".join(strategy.aging_buckets) or "all"),
            ("minimum amount", strategy.min_amount),
            ("rule pack", strategy.rule_pack),
            ("dials", _dials(strategy)),
            ("holidays", "open where the pack lets them be" if strategy.open_holidays else "closed"),
            ("flow", strategy.flow),
            ("voice", f"{strategy.voice.voice or 'as in the settings'}, speed {strategy.voice.speed:g}"),
            *((f"experiment {one.name}", arms_told(one)) for one in strategy.experiments),
            ("calls at one time", dialler.concurrency),
            ("caller IDs", ", ".join(dialler.caller_id_pool) or "none: nothing can be dialled"),
            ("webhook", campaign.webhook.url if campaign.webhook else "none"),
            (
                "accounts",
                f"{count.accounts}: {count.waiting} waiting, {count.open_attempts} open, {count.done} done",
            ),
            ("due now", count.due_now),
            ("next due", local(count.next_due_at, zone_of(strategy.timezone))),
            *((f"  {name}", number) for name, number in sorted(count.dispositions.items())),
            *((f"answered, {_PARTS[part]}", _share(tries)) for part, tries in sorted(count.answers.items())),
        ],
    )


@app.command("pause")
def pause(context: typer.Context, campaign_id: CampaignId, json_output: JsonOption = False) -> None:
    """Start no new call of a campaign; calls in progress end by themselves."""
    _set_status(context, campaign_id, CampaignStatus.PAUSED, json_output)


@app.command("resume")
def resume(context: typer.Context, campaign_id: CampaignId, json_output: JsonOption = False) -> None:
    """Let a paused campaign call again."""
    _set_status(context, campaign_id, CampaignStatus.RUNNING, json_output)


def _set_status(context: typer.Context, campaign_id: str, status: CampaignStatus, json_output: bool) -> None:
    settings = invocation(context).settings

    async def change() -> bool:
        from ari_app.app import open_store

        async with open_store(settings) as store:
            await existing(store, campaign_id)
            return await store.set_campaign_status(campaign_id, status)

    changed = run(change())
    if json_output:
        print_json({"campaign_id": campaign_id, "status": status, "changed": changed})
    else:
        console().print(f"campaign {plain(campaign_id)} is {'now' if changed else 'already'} {status}")


async def existing(store: Store, campaign_id: str) -> Campaign:
    """A campaign that must be there. Raises InputError with the ids that are."""
    campaign = await store.campaign(campaign_id)
    if campaign is None:
        known = ", ".join(each.campaign_id for each in (await store.campaigns())[:20])
        problem = Problem(
            campaign_id[:100], "campaign", "does not exist", known or "none yet: campaign create FILE"
        )
        raise InputError([problem])
    return campaign


def _dials(strategy: CampaignStrategy) -> str:
    """What a campaign says about how often; the rest is the pack's."""
    said = [
        f"{most} a {span}"
        for most, span in ((strategy.dials_per_day, "day"), (strategy.dials_per_week, "week"))
        if most is not None
    ]
    if strategy.min_gap_minutes:
        said.append(f"{strategy.min_gap_minutes} minutes apart")
    return ", ".join(said) or "as the rule pack says"


def _as_object(campaign: Campaign, count: CampaignCount) -> dict[str, object]:
    from ari_app.services.campaign_view import campaign_object

    return {
        "campaign_id": campaign.campaign_id,
        "name": campaign.name,
        "status": campaign.status,
        **campaign_object(campaign),
        "accounts": count.accounts,
        "waiting": count.waiting,
        "due_now": count.due_now,
        "open_attempts": count.open_attempts,
        "done": count.done,
        "next_due_at": count.next_due_at,
        "dispositions": dict(count.dispositions),
        "answers": {
            part.name.lower(): {"dials": tries.dials, "answered": tries.answered}
            for part, tries in sorted(count.answers.items())
        },
    }


_PARTS = {
    DayPart.MORNING: "before 12:00",
    DayPart.AFTERNOON: "12:00 to 17:00",
    DayPart.EVENING: "from 17:00",
    DayPart.DAY_OFF: "Sat, Sun",
}


def _share(tries: Tries) -> str:
    return f"{tries.answered} of {tries.dials} dials ({tries.answered / tries.dials:.0%}) in four weeks"
