"""``ari-app simulate``: what a strategy would do, in virtual time, against invented customers."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from datetime import date, datetime, time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ari_app.cli.common import (
    JsonOption,
    console,
    error_console,
    invocation,
    plain,
    print_json,
    row_defaults,
    show_table,
)
from ari_app.errors import AriAppError, InputError, Problem

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ari_app.config import Settings
    from ari_app.domain.account import Account
    from ari_app.domain.strategy import Strategy
    from ari_app.simulate.figures import Figures, Prices
    from ari_app.simulate.order import Order
    from ari_app.simulate.run import Progress

#: The same command gives the same files on any day, so the first day is a fixed one: a Monday, with ten days of holidays
#: in China and one in the USA to come.
FIRST_DAY = "2026-09-21"
_MOST_ACCOUNTS = 2_000_000
_MOST_DAYS = 366


def simulate_command(
    context: typer.Context,
    strategy: Annotated[
        str, typer.Option("--strategy", metavar="F", help="Name of a strategy, or a file of one.")
    ],
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="A new folder for files and report.")],
    accounts: Annotated[
        str,
        typer.Option("--accounts", metavar="N|FILE", help="So many invented accounts, or a list of yours."),
    ] = "1000",
    days: Annotated[
        int, typer.Option("--days", metavar="D", min=1, max=_MOST_DAYS, help="How many days.")
    ] = 30,
    seed: Annotated[int, typer.Option("--seed", metavar="S", min=0, help="Another seed, other chances.")] = 1,
    start: Annotated[
        str, typer.Option("--from", metavar="DAY", help="The first day, YYYY-MM-DD.")
    ] = FIRST_DAY,
    compare: Annotated[
        str | None,
        typer.Option("--compare", metavar="F2", help="A second strategy, against the same customers."),
    ] = None,
    rule_pack: Annotated[
        str | None, typer.Option("--rule-pack", metavar="NAME", help="A pack instead of the strategy's own.")
    ] = None,
    lines: Annotated[
        int | None,
        typer.Option("--lines", min=1, max=100_000, help="Calls at one time; by default 1 for 800 accounts."),
    ] = None,
    rate: Annotated[
        float | None,
        typer.Option(
            "--calls-per-second",
            min=0.01,
            max=10_000,
            help="Starts of calls; by default a tenth of the lines.",
        ),
    ] = None,
    agents: Annotated[
        int | None,
        typer.Option(
            "--agents", min=0, max=100_000, help="People for what needs one; by default 1 for 5000 accounts."
        ),
    ] = None,
    minute: Annotated[
        float | None, typer.Option("--cost-minute", min=0, help="Price of a begun minute.")
    ] = None,
    message: Annotated[
        float | None, typer.Option("--cost-message", min=0, help="Price of a message.")
    ] = None,
    agent_hour: Annotated[
        float | None, typer.Option("--cost-agent-hour", min=0, help="Price of an hour of an agent.")
    ] = None,
    workers: Annotated[
        int | None, typer.Option("--workers", min=1, max=256, help="Processes; by default one for each core.")
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Replace a folder of an earlier simulation.")
    ] = False,
    json_output: JsonOption = False,
) -> None:
    """What would a strategy do? The real rules, plan of attempts and pacing, in virtual time, against invented customers.

    DIR gets accounts.jsonl, events.jsonl, contacts.jsonl and verdicts.jsonl: enough to check every rule without this
    product. report.html shows funnel, hours, refusals, work, agents, money and cost, each plot also as a PNG; summary.json
    holds the figures. The same command gives the same files, on any number of cores. Nothing is dialled, and nothing is
    read from or written to the database. docs/simulate.md names every assumption.

        ari-app simulate --strategy telecom-overdue --accounts 20000 --out trial

        ari-app simulate --strategy telecom-overdue --compare draft.yaml --accounts 20000 --out both

        ari-app simulate --strategy telecom-overdue --accounts list.csv --days 14 --seed 7 --out mine
    """
    from ari_app.simulate.folder import whole_folder
    from ari_app.simulate.writing import Terms, simulate_into

    settings = invocation(context).settings
    first = _day(start)
    listed = _listed(accounts, settings, first, out)
    count = len(listed) if listed is not None else _count(accounts)
    orders = [
        _order(settings, name, rule_pack, count, listed, first, days, seed, lines, rate)
        for name in (strategy, compare)
        if name is not None
    ]
    if len({order.world.currency for order in orders}) > 1:
        wrong = "has a rule pack of another country, so its customers and their money are others"
        raise InputError([Problem("--compare", "", wrong, "a strategy of the same country")])
    prices = _prices(orders[0].world.currency, minute, message, agent_hour)
    terms = Terms(max(1, count // 5000) if agents is None else agents, prices, workers)
    with whole_folder(out, force=force) as folder, _progress_bar(shown=not json_output) as progress:
        found = simulate_into(folder, orders, terms, progress)
    if json_output:
        print_json([dict(each.summary) for each in found])
        return
    _show(found)
    console().print(f"report: {plain(out / 'report.html')}")


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter("--from wants a day, such as 2026-09-21") from error


def _count(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= _MOST_ACCOUNTS:
        raise typer.BadParameter(
            f"--accounts wants a number from 1 to {_MOST_ACCOUNTS}, or a list that exists"
        )
    return int(text)


def _listed(text: str, settings: Settings, first: date, out: Path) -> tuple[Account, ...] | None:
    """The accounts of a list; None where a number is asked for. Raises AriAppError where none of its rows is good."""
    if text.isdigit() or not Path(text).exists():
        return None
    from ari_app.domain.compliance import zone_of
    from ari_app.services.importer import RowReader
    from ari_app.services.list_files import open_list
    from ari_app.services.list_rejects import RejectsFile

    noon = datetime.combine(first, time(12), zone_of(settings.defaults.timezone))
    listing = open_list(Path(text))
    try:
        reader = RowReader(listing, row_defaults(settings, noon), {})
        with RejectsFile(out.with_name(f"{out.name}.rejects.csv"), listing.headings) as rejects:
            accounts = tuple(reader.accounts(rejects))
    finally:
        listing.close()
    if reader.rejected:
        error_console().print(f"{reader.rejected} rows refused: {plain(rejects.path)}")
    if not accounts:
        raise AriAppError(f"{text} has no good row")
    return accounts


def _order(
    settings: Settings,
    name: str,
    rule_pack: str | None,
    count: int,
    listed: Sequence[Account] | None,
    first: date,
    days: int,
    seed: int,
    lines: int | None,
    rate: float | None,
) -> Order:
    from ari_app.domain.campaign import DiallerSpec
    from ari_app.services.disposition_file import read_dispositions
    from ari_app.services.rule_directory import RuleDirectory
    from ari_app.simulate.order import Order, on_pack

    book = RuleDirectory(settings.dialplan_dir).book
    wanted = _strategy(settings, name)
    order = Order(
        strategy=wanted,
        book=book,
        table=read_dispositions(settings.dialplan_dir / "dispositions.yaml"),
        accounts=count,
        start=first,
        days=days,
        seed=seed,
        lines=lines or max(16, count // 800),
        listed=None if listed is None else tuple(listed),
    )
    if rule_pack is not None:
        order = on_pack(order, rule_pack)
    _confirmed(order)
    own = dict.fromkeys(number for group in wanted.caller_ids.values() for number in group)
    dialler = DiallerSpec(
        concurrency=order.lines,
        caller_id_pool=tuple(own) or (order.world.caller_id,),
        ring_timeout_s=settings.dialler.ring_timeout_s,
    )
    return replace(order, dialler=dialler, calls_per_second=rate or max(1.0, order.lines / 10))


def _strategy(settings: Settings, name: str) -> Strategy:
    from ari_app.cli.strategies import path_of, read

    return read(settings, path_of(settings, name))


def _confirmed(order: Order) -> None:
    """A year that nobody has confirmed in the calendar has no open day: say so before an empty report does."""
    from ari_app.domain.calendar import DayKind

    calendar = order.rules.calendar
    if calendar.kind(order.start) is DayKind.UNCONFIRMED:
        known = ", ".join(map(str, sorted(calendar.confirmed)))
        wrong = f"the year {order.start.year} is not confirmed in the calendar {calendar.name}, so nobody is called"
        raise InputError([Problem("--from", "", wrong, f"a day of {known}")])


def _prices(currency: str, minute: float | None, message: float | None, agent_hour: float | None) -> Prices:
    from ari_app.simulate.figures import USUAL_PRICES, Prices

    usual = USUAL_PRICES[currency]
    return Prices(
        usual.minute if minute is None else minute,
        usual.message if message is None else message,
        usual.agent_hour if agent_hour is None else agent_hour,
    )


@contextmanager
def _progress_bar(shown: bool) -> Iterator[Progress]:
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeRemainingColumn(),
        console=error_console(),
        transient=True,
        disable=not (shown and error_console().is_terminal),
    )
    with bar:
        task = bar.add_task("days pass", total=1.0)
        yield lambda share: bar.update(task, completed=share)


def _show(found: Sequence[Figures]) -> None:
    from ari_app.simulate.report import compared

    rows = compared([each.summary for each in found])
    titles = ["", *(each.title for each in found), *(["difference"] if len(found) > 1 else [])]
    show_table(titles, [(name, *values, *([gap] if gap else [])) for name, values, gap in rows])
