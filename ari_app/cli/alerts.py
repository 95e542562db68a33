"""``ari-app alerts``: what needs a person, by when, and what was done about it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

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
from ari_app.domain.alerts.alert import Severity, Signal
from ari_app.errors import InputError, Problem

if TYPE_CHECKING:
    from ari_app.domain.alerts.rules import AlertRule
    from ari_app.ports.alerts import AlertRecord, AlertStory

app = typer.Typer(
    no_args_is_help=True,
    help=(
        "Alerts: what needs a person. P1 is taken on within 4 hours, P2 within 24; who does not is followed by the next of "
        "the chain. Rules and people stand in DIALPLAN/alerts.yaml; docs/alerts.md tells every key."
    ),
)

AlertId = Annotated[str, typer.Argument(metavar="ALERT", help="Id of an alert, as `list` shows it.")]
ByOption = Annotated[str, typer.Option("--by", metavar="NAME", help="Who does this; it is kept.")]
TextArgument = Annotated[str, typer.Argument(metavar="TEXT", help="What was done or found, in a few words.")]


@app.command("check")
def check(
    context: typer.Context,
    file: Annotated[
        Path | None, typer.Argument(metavar="[FILE]", help="A file; by default DIALPLAN/alerts.yaml.")
    ] = None,
    json_output: JsonOption = False,
) -> None:
    """Find every fault of the rules: file, line, what is wrong and what would be right."""
    from ari_app.services.alerts.alert_file import ALERT_FILE, read_alert_book
    from ari_app.services.disposition_file import known_dispositions

    folder = invocation(context).settings.dialplan_dir
    path = file or folder / ALERT_FILE
    book = read_alert_book(path, known_dispositions(folder))
    if json_output:
        print_json({"file": str(path), "rules": len(book.rules), "problems": []})
    else:
        console().print(plain(f"{path}: {len(book.rules)} rules, no fault"))


@app.command("rules")
def rules(context: typer.Context, json_output: JsonOption = False) -> None:
    """The rules as they stand: what raises an alert, how urgent it is, and which chain is told."""
    from ari_app.services.alerts.alert_file import ALERT_FILE, read_alert_book

    book = read_alert_book(invocation(context).settings.dialplan_dir / ALERT_FILE)
    if json_output:
        print_json(
            [
                {
                    "rule": each.name,
                    "text": each.text,
                    "severity": each.severity,
                    "source": _source(each),
                    "about": each.about,
                    "hours": each.hours or each.severity.hours,
                    "contact_hours": each.contact_hours,
                    "chain": each.chain,
                    "closes_on": list(each.closes_on),
                }
                for each in book.rules
            ]
        )
        return
    show_table(
        ["rule", "severity", "hours", "contact", "source", "about", "chain", "text"],
        [
            (
                each.name,
                each.severity,
                f"{each.hours or each.severity.hours:g}",
                "" if each.contact_hours is None else f"{each.contact_hours:g}",
                _source(each),
                each.about,
                each.chain,
                each.text,
            )
            for each in book.rules
        ],
    )


@app.command("list")
def list_alerts(
    context: typer.Context,
    severity: Annotated[Severity | None, typer.Option("--severity", help="Only P1 or P2.")] = None,
    rule: Annotated[str | None, typer.Option("--rule", metavar="RULE", help="Only those of a rule.")] = None,
    overdue: Annotated[bool, typer.Option("--overdue", help="Only those whose deadline has passed.")] = False,
    closed: Annotated[bool, typer.Option("--closed", help="Those that are closed too.")] = False,
    limit: Annotated[int, typer.Option("--limit", min=1, max=100_000, help="So many at most.")] = 100,
    json_output: JsonOption = False,
) -> None:
    """Alerts that are not closed, the most urgent first."""
    from ari_app.ports.alerts import AlertFilter

    settings = invocation(context).settings
    wanted = AlertFilter(closed, overdue, severity, rule, limit)

    async def work() -> list[AlertRecord]:
        from ari_app.app import open_store

        async with open_store(settings) as store:
            return await store.alerts.alerts(wanted, clock_of(settings).now())

    found = run(work())
    if json_output:
        print_json([_row(each) for each in found])
    elif not found:
        console().print("there is no such alert")
    else:
        show_table(
            ["alert", "severity", "state", "rule", "about", "count", "raised", "by", "text"],
            [
                (
                    each.alert_id,
                    each.severity,
                    f"{each.state}, overdue" if each.overdue else each.state,
                    each.rule,
                    each.subject,
                    each.count,
                    local(each.raised_at, None),
                    _deadline(each),
                    each.text,
                )
                for each in found
            ],
        )


@app.command("show")
def show(context: typer.Context, alert: AlertId, json_output: JsonOption = False) -> None:
    """An alert with everything that was done about it, and whom it was told."""
    settings = invocation(context).settings

    async def work() -> AlertStory | None:
        from ari_app.app import open_store

        async with open_store(settings) as store:
            return await store.alerts.story(alert, clock_of(settings).now())

    story = run(work())
    if story is None:
        raise InputError([Problem("alerts", alert, "there is no such alert")])
    if json_output:
        print_json(
            {
                **_row(story.alert),
                "record": [{key: getattr(each, key) for key in each.__slots__} for each in story.entries],
                "notices": [{key: getattr(each, key) for key in each.__slots__} for each in story.notices],
            }
        )
        return
    out, found = console(), story.alert
    out.print(
        plain(f"{found.alert_id}  {found.severity}  {found.state}{', overdue' if found.overdue else ''}")
    )
    out.print(plain(found.text))
    out.print(plain(f"rule {found.rule}, about {found.subject}, {found.count} time(s), {_deadline(found)}"))
    for entry in story.entries:
        out.print(plain(f"{local(entry.at, None)}  {entry.by}  {entry.what}  {entry.text}"))
    for notice in story.notices:
        kind = "copy to" if notice.copy else "to"
        told = local(notice.told_at, None) or notice.state
        out.print(plain(f"level {notice.level} {kind} {notice.person}: {told} {notice.receipt}"))


@app.command("raise")
def raise_alert(
    context: typer.Context,
    text: Annotated[str, typer.Argument(metavar="TEXT", help="What happened, in a few words; no names.")],
    by: ByOption,
    severity: Annotated[Severity, typer.Option("--severity", help="P1 or P2.")] = Severity.P2,
    customer: Annotated[
        str, typer.Option("--customer", metavar="ID", help="The customer it is about; by default nobody.")
    ] = "",
    contact_hours: Annotated[
        float | None,
        typer.Option(
            "--contact-hours", min=0.1, max=2160, help="By then a person has spoken to the customer."
        ),
    ] = None,
    json_output: JsonOption = False,
) -> None:
    """Raise an alert that no rule can know of: a report in public, a customer about to leave, word of a branch.

    ari-app alerts raise "complains on a public site" --severity P1 --customer c_10001 --by Li
    """
    from ari_app.ports.alerts import HandRaised
    from ari_app.services.alerts.alert_file import ALERT_FILE
    from ari_app.services.alerts.alert_watch import AlertBooks

    settings = invocation(context).settings
    if not by.strip() or not text.strip():
        raise typer.BadParameter("--by names a person, and TEXT says what happened")
    if contact_hours is not None and not customer:
        raise typer.BadParameter("--contact-hours needs --customer")
    book = AlertBooks(settings.dialplan_dir / ALERT_FILE).look()
    wish = HandRaised(text.strip()[:200], severity, by.strip()[:100], customer.strip(), contact_hours)

    async def work() -> AlertRecord | None:
        from ari_app.app import open_store

        async with open_store(settings) as store:
            return await store.alerts.raise_by_hand(wish, book, clock_of(settings).now())

    found = run(work())
    if found is None:
        raise InputError([Problem("alerts", "--customer", "there is no such customer")])
    if json_output:
        print_json(_row(found))
    else:
        console().print(plain(f"{found.alert_id} is {found.state}"))


@app.command("ack")
def acknowledge(
    context: typer.Context,
    alert: AlertId,
    by: ByOption,
    text: Annotated[str, typer.Option("--text", help="What you are going to do.")] = "",
    json_output: JsonOption = False,
) -> None:
    """Take an alert on: its first deadline is kept."""
    _signal(context, alert, Signal.ACKNOWLEDGE, by, text, json_output)


@app.command("note")
def note(
    context: typer.Context, alert: AlertId, text: TextArgument, by: ByOption, json_output: JsonOption = False
) -> None:
    """Add a line to the record of an alert; nothing in it is ever changed or taken out."""
    _signal(context, alert, Signal.NOTE, by, text, json_output)


@app.command("contact")
def contact(
    context: typer.Context, alert: AlertId, text: TextArgument, by: ByOption, json_output: JsonOption = False
) -> None:
    """Record that a person has spoken to the customer; it closes an alert that waits for that."""
    _signal(context, alert, Signal.CONTACT, by, text, json_output)


@app.command("close")
def close(
    context: typer.Context, alert: AlertId, text: TextArgument, by: ByOption, json_output: JsonOption = False
) -> None:
    """Close an alert, with what was done about it."""
    _signal(context, alert, Signal.CLOSE, by, text, json_output)


def _signal(
    context: typer.Context, alert: str, signal: Signal, by: str, text: str, json_output: bool
) -> None:
    from ari_app.services.alerts.alert_file import ALERT_FILE
    from ari_app.services.alerts.alert_watch import AlertBooks

    settings = invocation(context).settings
    if not by.strip():
        raise typer.BadParameter("--by names a person")
    book = AlertBooks(settings.dialplan_dir / ALERT_FILE).look()

    async def work() -> tuple[AlertRecord | None, str]:
        from ari_app.app import open_store

        async with open_store(settings) as store:
            moved = await store.alerts.signal(
                alert, signal, by.strip()[:100], text[:2000], book, clock_of(settings).now()
            )
            return moved.alert, moved.refused

    found, refused = run(work())
    if refused:
        raise InputError([Problem("alerts", alert, refused)])
    assert found is not None  # only a refusal comes without an alert
    if json_output:
        print_json(_row(found))
    else:
        console().print(plain(f"{found.alert_id} is {found.state}"))


def _deadline(each: AlertRecord) -> str:
    due = each.ack_due if each.state == "open" else each.contact_due
    if each.state == "closed":
        return f"closed by {each.closed_by}"
    return "" if due is None else local(due, None)


def _row(each: AlertRecord) -> dict[str, object]:
    return {key: getattr(each, key) for key in each.__slots__}


def _source(rule: AlertRule) -> str:
    from ari_app.domain.alerts.rules import EventSource, StandingSource

    if isinstance(rule.source, EventSource):
        return ", ".join(rule.source.names)
    if isinstance(rule.source, StandingSource):
        return f"standing {rule.source.standing}"
    return f"figure {rule.source.measure}"
