"""``ari-app cases``: bills over 90 days, their evidence, and who has them."""

from __future__ import annotations

from dataclasses import fields
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ari_app.cli.common import (
    EXIT_FAILED,
    JsonOption,
    clock_of,
    console,
    invocation,
    local,
    plain,
    print_json,
    run,
    show_table,
)
from ari_app.cli.record_ids import one_line, only_one, who
from ari_app.cli.refusals import customer_key
from ari_app.domain.cases.case import CaseOutcome, CaseState, HandedTo

if TYPE_CHECKING:
    from datetime import datetime

    from ari_app.ports.cases import CaseFigures, CaseRecord, CaseStepRecord

app = typer.Typer(
    no_args_is_help=True,
    help="Bills over 90 days: their evidence, who has them, and what became of them. docs/cases.md.",
)

Case = Annotated[str, typer.Argument(metavar="CASE", help="Its id, or a beginning that only it has.")]
By = Annotated[str, typer.Option("--by", metavar="NAME", help="Who does it; stands in the history.")]


@app.command("list")
def list_cases(
    context: typer.Context,
    state: Annotated[CaseState | None, typer.Option("--state", help="In this state alone.")] = None,
    customer: Annotated[
        str | None, typer.Option("--customer", metavar="ID", help="Of this customer alone.")
    ] = None,
    json_output: JsonOption = False,
) -> None:
    """Cases, the oldest bills first, closed ones last.

    ari-app cases list --state evidence_fixed
    """
    settings = invocation(context).settings
    now = clock_of(settings).now()

    async def read() -> list[CaseRecord]:
        from ari_app.app import open_store

        async with open_store(settings) as store:
            return await store.cases.cases(state, None if customer is None else customer_key(customer))

    found = run(read())
    if json_output:
        print_json([_as_json(each, now) for each in found])
        return
    if not found:
        console().print("there is no case")
        return
    show_table(
        ["case", "customer", "bill", "due", "owed", "state", "who has it", "days there", "missing"],
        [
            (
                each.case_id[:13],
                each.bill.customer_id,
                each.bill.bill_id,
                each.due_date,
                f"{each.owed} {each.currency}",
                each.outcome or each.state,
                each.handed_name,
                "" if (had := each.handled(now)) is None else had.days,
                len(each.missing),
            )
            for each in found
        ],
    )


@app.command("figures")
def figures(context: typer.Context, json_output: JsonOption = False) -> None:
    """How cases go: how many are where, how long they take, what was recovered and written off."""
    settings = invocation(context).settings

    async def read() -> CaseFigures:
        from ari_app.app import open_store

        async with open_store(settings) as store:
            return await store.cases.figures()

    found = run(read())
    if json_output:
        print_json(
            {
                "states": dict(found.states),
                "outcomes": dict(found.outcomes),
                "handling_days": None if found.handling is None else found.handling.total_seconds() / 86400,
                "recovered_percent": found.recovered_percent,
                "commission": found.commission,
                "legacy": found.legacy,
                "written_off_percent": found.written_off_percent,
                "fixed_late": found.fixed_late,
            }
        )
        return
    out = console()
    if not found.states:
        out.print("there is no case")
    for state, count in (*found.states.items(), *found.outcomes.items()):
        out.print(f"{count} {state}")
    if found.handling is not None:
        out.print(f"{found.handling.days} days from hand-over to the end, on average")
    if found.recovered_percent is not None:
        out.print(f"{found.recovered_percent:.1f} % of what was handed over and has ended was recovered")
        out.print(f"{found.commission} commission")
    if found.written_off_percent is not None:
        out.print(f"{found.written_off_percent:.1f} % of the ended cases over two years were written off")
    if found.fixed_late:
        out.print(f"the evidence of {found.fixed_late} cases was fixed after the 90th day")


@app.command("show")
def show(context: typer.Context, case: Case, json_output: JsonOption = False) -> None:
    """One case: its evidence and what that lacks, who has it since when, and its history."""
    settings = invocation(context).settings
    now = clock_of(settings).now()

    async def read() -> tuple[CaseRecord, list[CaseStepRecord]]:
        from ari_app.app import open_store

        async with open_store(settings) as store:
            case_id = await only_one(store.cases.named, case, "case")
            return await store.cases.case(case_id), await store.cases.history(case_id)

    found, history = run(read())
    if json_output:
        steps = [{each.name: getattr(step, each.name) for each in fields(step)} for step in history]
        print_json(_as_json(found, now) | {"history": steps})
        return
    out = console()
    out.print(plain(f"{found.case_id}  {found.outcome or found.state} since {local(found.state_at, None)}"))
    out.print(
        plain(
            f"customer {found.bill.customer_id}, bill {found.bill.bill_id}, due {found.due_date},"
            f" {found.owed} {found.currency} owed"
        )
    )
    if found.package:
        path = settings.data_dir / "cases" / found.package
        out.print(plain(f"evidence of day {found.package_day}: {path}"))
        out.print(plain(f"SHA-256 {found.package_sha256}"))
        for each in found.missing:
            out.print(plain(f"missing: {each}"))
    if found.handed_to is not None:
        had = found.handled(now)
        days = 0 if had is None else had.days
        out.print(
            plain(f"{found.handed_to} {found.handed_name} has had {found.handed_amount} for {days} days")
        )
    if found.outcome is not None:
        out.print(plain(f"{found.recovered} recovered, {found.commission} commission: {found.closed_why}"))
    show_table(
        ["when", "what", "state", "by", "note"],
        [(local(each.at, None), each.step, each.state, each.by, each.note) for each in history],
    )


@app.command("fix")
def fix(
    context: typer.Context,
    cases: Annotated[
        list[str] | None, typer.Argument(metavar="CASE...", help="These cases; by default all that are due.")
    ] = None,
    by: By = "ari-app",
    json_output: JsonOption = False,
) -> None:
    """Put the evidence of cases together: those named, or every bill that is old enough and has none.

    A serving controller does so every hour. What is not there is listed as missing. Made again, the package of before stays
    in its folder, and the new one counts.

    ari-app cases fix case-5d0c --by li
    """
    settings = invocation(context).settings

    async def work() -> list[CaseRecord] | int:
        from ari_app.app import open_store
        from ari_app.case_work import evidence_fixer

        async with open_store(settings) as store:
            fixer = evidence_fixer(settings, store, clock_of(settings))
            if not cases:
                return await fixer.run(settings.cases.evidence_day, settings.cases.evidence_each_run)
            return [
                await fixer.fix(await only_one(store.cases.named, each, "case"), who(by)) for each in cases
            ]

    found = run(work())
    if isinstance(found, int):
        if json_output:
            print_json({"fixed": found})
        else:
            console().print(f"the evidence of {found} cases is fixed")
        return
    now = clock_of(settings).now()
    if json_output:
        print_json([_as_json(each, now) for each in found])
        return
    for each in found:
        lacks = f", {len(each.missing)} things are missing" if each.missing else ""
        console().print(plain(f"{each.case_id}: {each.package}{lacks}"))


@app.command("open")
def open_case(
    context: typer.Context,
    customer: Annotated[str, typer.Argument(metavar="CUSTOMER", help="Customer id, as in the list.")],
    account: Annotated[str, typer.Argument(metavar="ACCOUNT", help="Account id, as in the list.")],
    bill: Annotated[str, typer.Argument(metavar="BILL", help="Bill id, as in the list.")],
    by: By,
    json_output: JsonOption = False,
) -> None:
    """Open a case for an overdue bill before its day has come; its evidence is fixed next."""
    from ari_app.ports.debt import BillKey

    settings = invocation(context).settings
    now = clock_of(settings).now()

    async def write() -> CaseRecord:
        from ari_app.app import open_store

        async with open_store(settings) as store:
            key = BillKey(customer_key(customer), account.strip(), bill.strip())
            return await store.cases.case(await store.cases.open(key, who(by), now))

    _tell(run(write()), now, json_output)


@app.command("hand-over")
def hand_over(
    context: typer.Context,
    case: Case,
    to: Annotated[HandedTo, typer.Option("--to", help="agency or law_firm.")],
    name: Annotated[str, typer.Option("--name", help="Which one.")],
    by: By,
    reviewed_by: Annotated[
        str,
        typer.Option("--reviewed-by", metavar="NAME", help="The second person; needed for a high amount."),
    ] = "",
    json_output: JsonOption = False,
) -> None:
    """Give a case to an agency or a law firm: no machine calls about it from then on.

    ari-app cases hand-over case-5d0c --to agency --name "Fair & Co" --by li --reviewed-by wang
    """
    settings = invocation(context).settings
    now = clock_of(settings).now()

    async def write() -> CaseRecord:
        from ari_app.app import open_store

        async with open_store(settings) as store:
            return await store.cases.hand_over(
                await only_one(store.cases.named, case, "case"),
                to,
                one_line(name, "--name"),
                by=who(by),
                reviewed_by=reviewed_by.strip()[:100],
                high_amount=Decimal(str(settings.cases.high_amount)),
                now=now,
            )

    _tell(run(write()), now, json_output)


@app.command("progress")
def progress(
    context: typer.Context,
    case: Case,
    by: By,
    note: Annotated[str, typer.Option("--note", help="What whoever has the case has done.")],
    json_output: JsonOption = False,
) -> None:
    """Whoever has the case has told of something: it is in progress."""
    settings = invocation(context).settings
    now = clock_of(settings).now()

    async def write() -> CaseRecord:
        from ari_app.app import open_store

        async with open_store(settings) as store:
            return await store.cases.progress(
                await only_one(store.cases.named, case, "case"), note, who(by), now
            )

    _tell(run(write()), now, json_output)


@app.command("close")
def close(
    context: typer.Context,
    case: Case,
    outcome: Annotated[
        CaseOutcome, typer.Argument(metavar="OUTCOME", help="recovered, written_off or withdrawn.")
    ],
    by: By,
    reason: Annotated[str, typer.Option("--reason", help="Why.")],
    json_output: JsonOption = False,
) -> None:
    """End a case; what was recovered since the hand-over, and the commission of an agency, are worked out.

    ari-app cases close case-5d0c written_off --reason "insolvent, decision of 3 March" --by li
    """
    settings = invocation(context).settings
    now = clock_of(settings).now()

    async def write() -> CaseRecord:
        from ari_app.app import open_store
        from ari_app.case_work import commission

        async with open_store(settings) as store:
            return await store.cases.close(
                await only_one(store.cases.named, case, "case"),
                outcome,
                commission(settings),
                by=who(by),
                why=reason,
                now=now,
            )

    _tell(run(write()), now, json_output)


@app.command("verify")
def verify(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="An evidence package.")],
    sha256: Annotated[
        str,
        typer.Option(
            "--sha256", metavar="HEX", help="What the package has to be, as it was noted elsewhere."
        ),
    ] = "",
    json_output: JsonOption = False,
) -> None:
    """Check an evidence package: every file is what its manifest says. Needs no database; exit code 1 for any fault.

    ari-app cases verify case-5d0c-20260302T020000.zip
    """
    from ari_app.services.cases.package import check_package

    found = check_package(file)
    faults = list(found.faults)
    if sha256 and sha256.strip().lower() != found.sha256:
        faults.append("the package is another one: its SHA-256 differs")
    if json_output:
        print_json(
            {"file": file, "sha256": found.sha256, "faults": faults, "missing": found.manifest.get("missing")}
        )
    else:
        console().print(plain(f"{file}: SHA-256 {found.sha256}"))
        for fault in faults:
            console().print(plain(fault))
        missing = found.manifest.get("missing")
        for each in missing if isinstance(missing, list) else ():
            console().print(plain(f"it lacks: {each}"))
        if not faults:
            console().print("every file is what the manifest says")
    if faults:
        raise typer.Exit(EXIT_FAILED)


def _tell(found: CaseRecord, now: datetime, json_output: bool) -> None:
    if json_output:
        print_json(_as_json(found, now))
        return
    console().print(plain(f"case {found.case_id} is {found.outcome or found.state}"))


def _as_json(each: CaseRecord, now: datetime) -> dict[str, object]:
    found: dict[str, object] = {
        field.name: getattr(each, field.name) for field in fields(each) if field.name != "bill"
    }
    found |= {name: getattr(each.bill, name) for name in ("customer_id", "account_id", "bill_id")}
    had = each.handled(now)
    return found | {"handled_days": None if had is None else had.days}
