"""``ari-app score apply``, ``warn``, ``show`` and ``rules``: what a model and the risk rules say of accounts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ari_app.cli.common import (
    FullOption,
    JsonOption,
    clock_of,
    console,
    error_console,
    invocation,
    local,
    masked_phone,
    parsed_instant,
    plain,
    print_json,
    row_defaults,
    run,
    show_table,
)
from ari_app.cli.score_findings import record_object, tell, warning_object, when_text, write_list
from ari_app.cli.score_input import AuthoriseOption, DropOption, MapOption, read_book, tell_faults

if TYPE_CHECKING:
    from ari_app.config import Settings
    from ari_app.ports import AssessmentRecord
    from ari_app.services.account_row import FieldFault
    from ari_app.services.scoring import Assessed, Assessor, Tally

_SHOWN = 20

CampaignOption = Annotated[
    str,
    typer.Option(
        "--campaign", metavar="ID", help="The accounts of this campaign that are still to be called."
    ),
]
ListOption = Annotated[
    Path | None, typer.Option("--list", metavar="FILE", help="A list instead: CSV, XLSX or JSON.")
]
ModelOption = Annotated[
    Path | None, typer.Option("--model", metavar="FILE", help="The model; without one the rules alone speak.")
]
HistoryOption = Annotated[
    Path | None, typer.Option("--history", metavar="FILE", help="Payment history of the accounts.")
]
AtOption = Annotated[
    str | None,
    typer.Option("--at", metavar="ISO", help="As of this instant instead of now: 2026-03-02T10:00+08:00."),
]
DryOption = Annotated[bool, typer.Option("--dry-run", help="Work everything out, store nothing.")]
OutOption = Annotated[
    Path | None,
    typer.Option("--out", metavar="FILE", help="The accounts as a list (CSV) that can be loaded again."),
]


def apply_command(
    context: typer.Context,
    campaign: CampaignOption = "",
    listed: ListOption = None,
    model: ModelOption = None,
    history: HistoryOption = None,
    column: MapOption = None,
    authorise: AuthoriseOption = "",
    drop: DropOption = False,
    at: AtOption = None,
    out: OutOption = None,
    dry_run: DryOption = False,
    json_output: JsonOption = False,
) -> None:
    """Work out score, risk level, type of debt and early warning of accounts, with reasons.

    Those of a campaign are kept in the store, where strategies see them; what a list says itself goes first. With --list
    nothing is stored, and --out is the list with what was found.

        ari-app score apply --campaign winter-2026 --model models/arrears-2026-11.json --history payments.csv

        ari-app score apply --list list.csv --out assessed.csv
    """
    assessor = _assessor(context, campaign, listed, model, history, column, authorise, drop, at)
    tally, _ = _assess(context, campaign, listed, assessor, out, lambda found: out is not None, dry_run)
    tell(tally, dry_run, json_output, {})


def warn_command(
    context: typer.Context,
    campaign: CampaignOption = "",
    listed: ListOption = None,
    model: ModelOption = None,
    history: HistoryOption = None,
    hours: Annotated[
        float, typer.Option("--hours", min=1, max=720, help="How long before the due day a warning is given.")
    ] = 72.0,
    column: MapOption = None,
    authorise: AuthoriseOption = "",
    drop: DropOption = False,
    at: AtOption = None,
    out: OutOption = None,
    dry_run: DryOption = False,
    full: FullOption = False,
    json_output: JsonOption = False,
) -> None:
    """The early warning: accounts that fall due within 72 hours and are likely to be missed, most likely first.

    Everything is worked out as with apply, and kept: earlyWarning is set for these accounts and cleared for the others.
    --out writes them as a list, for a campaign of their own.

        ari-app score warn --campaign winter-2026 --model models/arrears-2026-11.json --history payments.csv
    """
    assessor = _assessor(context, campaign, listed, model, history, column, authorise, drop, at, hours)
    tally, warned = _assess(
        context, campaign, listed, assessor, out, lambda found: found[1].warning is not None, dry_run
    )
    warned.sort(key=lambda found: (found[1].score if found[1].score is not None else 100, found[0].due_date))
    if json_output:
        tell(tally, dry_run, True, {"warned": [warning_object(*found, full=full) for found in warned]})
        return
    if warned:
        show_table(
            ["customer", "account", "phone", "due", "score", "rule", "why"],
            [
                (
                    account.customer_id,
                    account.account_id,
                    masked_phone(account.phone, full),
                    account.due_date,
                    "-" if found.score is None else found.score,
                    found.warning.rule if found.warning else "",
                    "; ".join(found.reasons) or (found.warning.meaning if found.warning else ""),
                )
                for account, found in warned
            ],
        )
    tell(tally, dry_run, False, {})


def show_command(
    context: typer.Context,
    customer: Annotated[str, typer.Argument(metavar="CUSTOMER", help="Customer id, as in the list.")],
    json_output: JsonOption = False,
) -> None:
    """What was last worked out of a customer's accounts: score and its reasons, and the rules that decided.

    ari-app score show c_10001
    """
    settings = invocation(context).settings

    async def read() -> list[AssessmentRecord]:
        from ari_app.app import open_store

        async with open_store(settings) as store:
            return await store.assessments(customer)

    found = run(read())
    if json_output:
        print_json([record_object(record) for record in found])
        return
    if not found:
        console().print("nothing was worked out of this customer yet: ari-app score apply")
    for record in found:
        each = record.assessment
        out = console()
        out.print(
            plain(
                f"account {each.key[1]}, bill {each.key[2]}, due {record.due_date}, on {local(record.at, None)}"
            )
        )
        score = "none" if each.score is None else f"{each.score} by {each.score_model}"
        out.print(plain(f"  score {score}"))
        for reason in each.reasons:
            out.print(plain(f"    {reason}"))
        out.print(plain(f"  risk level {each.risk_level.value} by rule {each.risk_level.rule}"))
        out.print(plain(f"  type of debt {each.debt_type.value} by rule {each.debt_type.rule}"))
        if each.warning is not None:
            out.print(plain(f"  early warning by rule {each.warning.rule}"))


def rules_command(
    context: typer.Context,
    file: Annotated[
        Path | None, typer.Argument(metavar="[FILE]", help="risk.yaml of the dialplan folder when not given.")
    ] = None,
    json_output: JsonOption = False,
) -> None:
    """Check and show the rules of risk levels, types of debt and early warnings.

    ari-app score rules
    """
    from ari_app.services.risk_file import RISK_FILE, read_risk_table

    path = file or invocation(context).settings.dialplan_dir / RISK_FILE
    table = read_risk_table(path)
    tables = (("level", table.levels), ("type", table.debt_types), ("warning", table.warnings))
    if json_output:
        print_json(
            [
                {"table": name, "rule": rule.name, "verdict": rule.verdict, "meaning": rule.meaning}
                for name, rules in tables
                for rule in rules
            ]
        )
        return
    show_table(
        ["table", "rule", "verdict", "when", "meaning"],
        [
            (name, rule.name, rule.verdict, when_text(rule), rule.meaning)
            for name, rules in tables
            for rule in rules
        ],
    )


# ------------------------------------------------------------------------------------------------------------- working


def _assessor(
    context: typer.Context,
    campaign: str,
    listed: Path | None,
    model: Path | None,
    history: Path | None,
    column: list[str] | None,
    authorise: str,
    drop: bool,
    at: str | None,
    hours: float = 72.0,
) -> Assessor:
    from ari_app.services.risk_file import RISK_FILE, read_risk_table
    from ari_app.services.score_file import read_score_file
    from ari_app.services.scoring import Assessor

    if bool(campaign) == (listed is not None):
        raise typer.BadParameter("name one of --campaign and --list")
    if model is not None and history is None:
        raise typer.BadParameter("a model needs the payment history of the accounts", param_hint="--history")
    settings = invocation(context).settings
    table = read_risk_table(settings.dialplan_dir / RISK_FILE)
    found = read_score_file(model).model if model is not None else None
    now = parsed_instant(at) if at is not None else clock_of(settings).now()
    if history is None:
        return Assessor(table, now, warn_hours=hours)
    book = read_book(context, history, column, authorise, drop)
    tell_faults(book)
    return Assessor(table, now, found, book.histories, hours)


def _assess(
    context: typer.Context,
    campaign: str,
    listed: Path | None,
    assessor: Assessor,
    out: Path | None,
    wanted: Callable[[Assessed], bool],
    dry_run: bool,
) -> tuple[Tally, list[Assessed]]:
    """Assess a campaign or a list; those wanted come back, and are written to ``out``."""
    from ari_app.services.scoring import with_assessment

    kept: list[Assessed] = []
    settings = invocation(context).settings

    def told(found: Assessed) -> None:
        if wanted(found):
            kept.append(found)

    if listed is not None:
        tally = _assess_list(settings, listed, assessor, told)
    else:
        tally = run(_assess_campaign(settings, campaign, assessor, told, dry_run))
    if out is not None:
        # Of a campaign the store knows what was found; of a list nobody does, unless it says so itself.
        write_list(out, kept if campaign else [(with_assessment(*each), each[1]) for each in kept])
        error_console().print(plain(f"{out}: {len(kept)} accounts"))
    return tally, kept


async def _assess_campaign(
    settings: Settings, campaign: str, assessor: Assessor, told: Callable[[Assessed], None], dry_run: bool
) -> Tally:
    from ari_app.app import open_store
    from ari_app.services.scoring import assess_campaign

    async with open_store(settings) as store:
        return await assess_campaign(store, campaign, assessor, told, dry_run=dry_run)


def _assess_list(
    settings: Settings, path: Path, assessor: Assessor, told: Callable[[Assessed], None]
) -> Tally:
    from ari_app.services.scoring import Tally, assess_list

    tally, err = Tally(), error_console()

    def refused(row: int, faults: list[FieldFault]) -> None:
        tally.refused += 1
        if tally.refused <= _SHOWN:
            err.print(plain(f"row {row}: {'; '.join(map(str, faults))}"))

    for found in assess_list(path, assessor, row_defaults(settings, assessor.now), refused):
        tally.count(found[1])
        told(found)
    return tally
