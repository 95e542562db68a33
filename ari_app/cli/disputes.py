"""``ari-app disputes``: objections to bills, from the first word to the answer."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from uuid import uuid4

import typer

from ari_app.cli.common import (
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
from ari_app.cli.dispute_parts import amount_of, as_json, content_of, dispute_store, only_bill
from ari_app.cli.record_ids import only_one, who
from ari_app.cli.refusals import customer_key
from ari_app.domain.disputes.case import DisputeState, DisputeVerdict
from ari_app.domain.disputes.case import DisputeStep as Step

if TYPE_CHECKING:
    from ari_app.ports.disputes import DisputeRecord, DisputeStepRecord, EvidenceFile

app = typer.Typer(
    no_args_is_help=True,
    help="Objections to bills: who works on them, by when there is an answer, and what was decided. docs/disputes.md.",
)

Case = Annotated[str, typer.Argument(metavar="DISPUTE", help="Its id, or a beginning that only it has.")]
By = Annotated[str, typer.Option("--by", metavar="NAME", help="Who does it; stands in the history.")]
Note = Annotated[str, typer.Option("--note", help="What is to be remembered, in a few words.")]
_Category = Annotated[
    str, typer.Option("--category", help="meter, bill, service or other: what the objection is about.")
]


@app.command("list")
def list_disputes(
    context: typer.Context,
    customer: Annotated[
        str | None, typer.Option("--customer", metavar="ID", help="Of this customer alone.")
    ] = None,
    state: Annotated[DisputeState | None, typer.Option("--state", help="In this state alone.")] = None,
    json_output: JsonOption = False,
) -> None:
    """Disputes, those that need an answer first standing first; closed ones last.

    ari-app disputes list --state escalated
    """
    settings = invocation(context).settings
    now = clock_of(settings).now()

    async def read() -> list[DisputeRecord]:
        async with dispute_store(settings) as store:
            return await store.disputes.cases(None if customer is None else customer_key(customer), state)

    found = run(read())
    if json_output:
        print_json([as_json(each) for each in found])
        return
    if not found:
        console().print("there is no dispute")
        return
    show_table(
        ["dispute", "customer", "bill", "category", "state", "team", "answer by", ""],
        [
            (
                each.case_id[:12],
                each.bill.customer_id,
                each.bill.bill_id,
                each.category,
                each.state,
                each.assignee or each.team,
                local(each.due_at, None),
                "late" if each.decided_at is None and each.closed_at is None and each.due_at < now else "",
            )
            for each in found
        ],
    )


@app.command("show")
def show(context: typer.Context, dispute: Case, json_output: JsonOption = False) -> None:
    """One dispute with its history and its files."""
    settings = invocation(context).settings

    async def read() -> tuple[DisputeRecord, list[DisputeStepRecord], list[EvidenceFile]]:
        async with dispute_store(settings) as store:
            case_id = await only_one(store.disputes.named, dispute, "dispute")
            return (
                await store.disputes.case(case_id),
                await store.disputes.history(case_id),
                await store.disputes.evidence(case_id),
            )

    found, history, files = run(read())
    if json_output:
        more = {
            "history": [as_json(each) for each in history],
            "evidence": [as_json(each) for each in files],
        }
        print_json(as_json(found) | more)
        return
    out = console()
    out.print(plain(f"{found.case_id}  {found.category}, {found.state} since {local(found.state_at, None)}"))
    out.print(plain(f"customer {found.bill.customer_id}, bill {found.bill.bill_id}, came by {found.source}"))
    if found.description:
        out.print(plain(f"says: {found.description}"))
    out.print(plain(f"{found.assignee or found.team} has it; answer by {local(found.due_at, None)}"))
    if found.verdict is not None:
        credit = f", {found.credited} {found.currency} credited" if found.credited else ""
        out.print(plain(f"{found.verdict} by {found.decided_by}{credit}: {found.reason}"))
        out.print(
            "the customer has still to be told" if found.notice_wanted else "the customer has been told"
        )
    show_table(
        ["when", "what", "state", "by", "note"],
        [(local(each.at, None), each.step, each.state, each.by, each.note) for each in history],
    )
    for file in files:
        out.print(plain(f"{file.evidence_id}  {file.name}  {file.content_type}, {file.size} bytes"))


@app.command("open")
def open_dispute(
    context: typer.Context,
    customer: Annotated[str, typer.Argument(metavar="CUSTOMER", help="Customer id, as in the list.")],
    category: _Category,
    by: By,
    account: Annotated[
        str | None,
        typer.Option("--account", metavar="ID", help="Of this account; needed where he has several."),
    ] = None,
    bill: Annotated[
        str | None, typer.Option("--bill", metavar="ID", help="About this bill; needed where he has several.")
    ] = None,
    description: Annotated[str, typer.Option("--description", help="The objection, in his words.")] = "",
    answer_days: Annotated[
        int | None,
        typer.Option(
            "--answer-days", min=0, max=60, help="Working days within which an answer was promised."
        ),
    ] = None,
    reference: Annotated[
        str,
        typer.Option("--reference", help="Names the letter or ticket: told again, it is the same dispute."),
    ] = "",
    json_output: JsonOption = False,
) -> None:
    """Open a dispute; collection of the account rests at once, and a call that rings is released.

    ari-app disputes open c_10001 --category bill --description "the meter was read wrongly" --by li
    """
    from ari_app.ports.disputes import NewDispute, OpenedDispute

    settings = invocation(context).settings
    now = clock_of(settings).now()

    async def write() -> tuple[OpenedDispute, DisputeRecord]:
        async with dispute_store(settings) as store:
            key = await only_bill(store, customer_key(customer), account, bill)
            claim = NewDispute(
                key,
                category,
                "agent",
                reference or f"cli-{uuid4().hex}",
                description[:2000],
                answer_days=answer_days,
                by=who(by),
            )
            opened = await store.disputes.open(claim, now)
            assert opened is not None  # the bill was found
            return opened, await store.disputes.case(opened.case_id)

    opened, found = run(write())
    if json_output:
        print_json(as_json(found) | {"new": opened.new})
        return
    what = "is opened" if opened.new else "was open before"
    console().print(
        plain(f"dispute {found.case_id} {what}: {found.team}, answer by {local(found.due_at, None)}")
    )


@app.command("assign")
def assign(
    context: typer.Context,
    dispute: Case,
    by: By,
    team: Annotated[str, typer.Option("--team", metavar="TEAM", help="Give it to another team.")] = "",
    to: Annotated[str, typer.Option("--to", metavar="NAME", help="Give it to this person.")] = "",
    note: Note = "",
    json_output: JsonOption = False,
) -> None:
    """Take a dispute up, or give it to another team or to a person; it is in review then."""
    _take(context, dispute, Step.REVIEW, by, note, json_output, team=team, assignee=to)


@app.command("ask")
def ask(
    context: typer.Context,
    dispute: Case,
    by: By,
    note: Annotated[str, typer.Option("--note", help="What the customer is asked for.")],
    json_output: JsonOption = False,
) -> None:
    """The customer was asked for something; the clock of the answer goes on."""
    _take(context, dispute, Step.ASK, by, note, json_output)


@app.command("answer")
def answer(
    context: typer.Context,
    dispute: Case,
    by: By,
    note: Annotated[str, typer.Option("--note", help="What he has answered.")],
    json_output: JsonOption = False,
) -> None:
    """The customer has answered what he was asked; the dispute is in review again."""
    _take(context, dispute, Step.ANSWER, by, note, json_output)


@app.command("evidence")
def evidence(
    context: typer.Context,
    dispute: Case,
    files: Annotated[list[Path] | None, typer.Argument(metavar="FILE...", help="Files to be added.")] = None,
    by: By = "",
    save: Annotated[
        Path | None,
        typer.Option("--save", metavar="DIR", help="Write the files of the dispute into a folder."),
    ] = None,
    json_output: JsonOption = False,
) -> None:
    """Files of a dispute: add some, list them, or write them into a folder.

    JPEG, PNG, WebP, HEIC, MP4 and PDF are taken, told by what they hold. Nothing that was sent in is ever opened here.

    ari-app disputes evidence dis-1f3a meter.jpg --by li

    ari-app disputes evidence dis-1f3a --save ./files
    """
    settings = invocation(context).settings
    now = clock_of(settings).now()

    async def work() -> list[EvidenceFile]:
        from ari_app.case_work import evidence_files
        from ari_app.services.disputes.evidence_files import write_whole

        async with dispute_store(settings) as store:
            case_id = await only_one(store.disputes.named, dispute, "dispute")
            keeper = evidence_files(settings, store)
            for path in files or ():
                content = content_of(path, round(settings.disputes.evidence_mb * 1024 * 1024))
                await keeper.add(case_id, path.name, content, source="agent", by=who(by), now=now)
            found = await store.disputes.evidence(case_id)
            if save is not None:
                for number, each in enumerate(found, 1):
                    ending = Path(each.path).suffix
                    write_whole(save / f"{number:02}-{each.sha256[:12]}{ending}", keeper.read(each))
            return found

    found = run(work())
    if json_output:
        print_json([as_json(each) for each in found])
        return
    if not found:
        console().print("no file belongs to this dispute")
        return
    show_table(
        ["file", "name", "type", "bytes", "SHA-256", "added", "by"],
        [
            (
                each.evidence_id[:11],
                each.name,
                each.content_type,
                each.size,
                each.sha256,
                local(each.added_at, None),
                each.added_by,
            )
            for each in found
        ],
    )


@app.command("decide")
def decide(
    context: typer.Context,
    dispute: Case,
    verdict: Annotated[
        DisputeVerdict, typer.Argument(metavar="VERDICT", help="upheld, partly_upheld or rejected.")
    ],
    by: By,
    reason: Annotated[str, typer.Option("--reason", help="Why; the customer is told so.")],
    corrected: Annotated[
        str | None,
        typer.Option("--corrected", metavar="AMOUNT", help="What the bill comes to when it is put right."),
    ] = None,
    json_output: JsonOption = False,
) -> None:
    """Answer a dispute: the bill is credited, the pause ends, the customer is to be told.

    ari-app disputes decide dis-1f3a upheld --corrected 468.32 --reason "the meter was read wrongly" --by wang
    """
    from ari_app.domain.disputes.case import DisputeDecision

    settings = invocation(context).settings
    decision = DisputeDecision(verdict, reason, None if corrected is None else amount_of(corrected))

    async def write() -> DisputeRecord:
        async with dispute_store(settings) as store:
            case_id = await only_one(store.disputes.named, dispute, "dispute")
            return await store.disputes.decide(case_id, decision, who(by), clock_of(settings).now())

    _tell(run(write()), json_output)


@app.command("told")
def told(
    context: typer.Context, dispute: Case, by: By, note: Note = "", json_output: JsonOption = False
) -> None:
    """The customer has been told of the decision; a message that goes out says so by itself."""
    _take(context, dispute, Step.NOTIFY, by, note, json_output)


@app.command("close")
def close(
    context: typer.Context,
    dispute: Case,
    by: By,
    note: Note = "",
    withdrawn: Annotated[
        bool, typer.Option("--withdrawn", help="The customer takes it back: no decision is needed.")
    ] = False,
    json_output: JsonOption = False,
) -> None:
    """Close a dispute that was decided, or that the customer takes back."""
    _take(context, dispute, Step.WITHDRAW if withdrawn else Step.CLOSE, by, note, json_output)


@app.command("check")
def check(context: typer.Context, json_output: JsonOption = False) -> None:
    """Check dialplan/disputes.yaml: by when disputes are answered, and by whom; exit code 1 where it has faults."""
    from ari_app.services.disputes.table_file import FILE, read_dispute_table
    from ari_app.services.rule_directory import RuleDirectory

    settings = invocation(context).settings
    table = read_dispute_table(settings.dialplan_dir / FILE, RuleDirectory(settings.dialplan_dir).calendars())
    if json_output:
        print_json({name: as_json(each) for name, each in table.categories.items()})
        return
    show_table(
        ["category", "working days", "team", "after that", "at work at once"],
        [
            (name, each.days, each.team, each.escalation, "yes" if each.review else "no")
            for name, each in table.categories.items()
        ],
    )


def _take(
    context: typer.Context,
    dispute: str,
    taken: Step,
    by: str,
    note: str,
    json_output: bool,
    *,
    team: str = "",
    assignee: str = "",
) -> None:
    settings = invocation(context).settings

    async def write() -> DisputeRecord:
        async with dispute_store(settings) as store:
            case_id = await only_one(store.disputes.named, dispute, "dispute")
            return await store.disputes.take(
                case_id, taken, who(by), clock_of(settings).now(), note, team=team, assignee=assignee
            )

    _tell(run(write()), json_output)


def _tell(found: DisputeRecord, json_output: bool) -> None:
    if json_output:
        print_json(as_json(found))
        return
    credit = f", {found.credited} {found.currency} credited" if found.credited else ""
    console().print(plain(f"dispute {found.case_id} is {found.state}{credit}"))
