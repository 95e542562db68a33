"""``ari-app score``: a score from payment behaviour that is learned from one's own history; its model file and card."""

from __future__ import annotations

import csv
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ari_app.cli import score_accounts
from ari_app.cli.common import (
    EXIT_FAILED,
    JsonOption,
    console,
    plain,
    print_json,
    show_table,
    written_whole,
)
from ari_app.cli.score_input import AuthoriseOption, DropOption, MapOption, authorised, read_book, tell_faults

if TYPE_CHECKING:
    from ari_app.domain.score_quality import Quality

app = typer.Typer(
    name="score",
    help="Scores from payment behaviour, risk levels and early warnings.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
)
app.command("apply")(score_accounts.apply_command)
app.command("warn")(score_accounts.warn_command)
app.command("show")(score_accounts.show_command)
app.command("rules")(score_accounts.rules_command)

HistoryFile = Annotated[
    Path,
    typer.Option(
        "--history", metavar="FILE", help="Payment history: CSV, XLSX or JSON, a row for each bill."
    ),
]
ModelFile = Annotated[
    Path, typer.Argument(metavar="MODEL", help="A model file that score train has written.")
]


@app.command("example")
def example_command(
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="Where the history goes (CSV).")],
    accounts: Annotated[
        int, typer.Option("--accounts", min=1, max=100_000, help="How many accounts.")
    ] = 2000,
    months: Annotated[int, typer.Option("--months", min=2, max=120, help="How many bills each.")] = 24,
    seed: Annotated[int, typer.Option("--seed", min=0, max=2**32 - 1, help="Another example.")] = 1,
) -> None:
    """Write a synthetic payment history to try the score with: nobody in it exists, and it is the same every time.

    ari-app score example --out synthetic-history.csv
    """
    from ari_app.services.score_example import HEADINGS, synthetic_history

    with written_whole(out) as stream:
        writer = csv.writer(stream)
        writer.writerow(HEADINGS)
        writer.writerows(synthetic_history(accounts, months, seed))
    console().print(plain(f"{out}: {accounts} synthetic accounts, {months} bills each"))


@app.command("history")
def history_command(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Payment history: CSV, XLSX or JSON.")],
    column: MapOption = None,
    authorise: AuthoriseOption = "",
    drop: DropOption = False,
    json_output: JsonOption = False,
) -> None:
    """Check a payment history: what it holds, which rows have a fault, which columns are not used.

    ari-app score history payments.csv
    """
    book = read_book(context, file, column, authorise, drop)
    bills = [bill for history in book.histories.values() for bill in history.bills]
    found = {
        "source": book.source,
        "rows": book.rows,
        "rejected": book.rejected,
        "accounts": len(book.histories),
        "bills": len(bills),
        "first_due": min(bill.due for bill in bills).isoformat(),
        "last_due": max(bill.due for bill in bills).isoformat(),
        "known_until": str(book.until),
        "with_age_band": sum(bool(history.age_band) for history in book.histories.values()),
        "with_income_band": sum(bool(history.income_band) for history in book.histories.values()),
        "dropped_columns": dict(book.dropped),
        "ignored_columns": list(book.ignored),
        "faults": list(map(str, book.faults)),
    }
    if json_output:
        print_json(found)
        return
    tell_faults(book)
    show_table(["what", "found"], [(key, value) for key, value in found.items() if key != "faults"])


@app.command("train")
def train_command(
    context: typer.Context,
    history: HistoryFile,
    out: Annotated[
        Path, typer.Option("--out", metavar="FILE", help="The model file; its card goes beside it (.md).")
    ],
    column: MapOption = None,
    grace: Annotated[
        int,
        typer.Option("--grace", min=0, max=60, help="Days after the due date that still count as on time."),
    ] = 3,
    below: Annotated[
        int,
        typer.Option("--below", min=1, max=100, help="Precision and recall are told for scores below this."),
    ] = 60,
    seed: Annotated[
        int, typer.Option("--seed", min=0, max=2**32 - 1, help="Chooses bills of very long histories.")
    ] = 1,
    authorise: AuthoriseOption = "",
    drop: DropOption = False,
    json_output: JsonOption = False,
) -> None:
    """Learn a score from your own payment history; needs scikit-learn, and the file that it writes does not.

    The earlier three quarters of the bills are learned from, the rest is measured on. The same history gives the same
    model. Model and card appear whole or not at all.

        ari-app score train --history payments.csv --out models/arrears-2026-11.json
    """
    import re

    from ari_app.services.score_card import model_card
    from ari_app.services.score_file import NAME, score_file_text
    from ari_app.services.score_training import Plan, train

    if out.suffix != ".json" or not re.fullmatch(NAME, out.stem):
        raise typer.BadParameter(
            "a model is called by lower-case letters, digits, . _ and -, such as models/arrears-2026-11.json",
            param_hint="--out",
        )
    book = read_book(context, history, column, authorise, drop)
    tell_faults(book)
    found = train(book, Plan(out.stem, grace, threshold=below, seed=seed), authorised(authorise))
    out.parent.mkdir(parents=True, exist_ok=True)
    card = out.with_suffix(".md")
    with written_whole(out) as model_stream, written_whole(card) as card_stream:
        model_stream.write(score_file_text(found))
        card_stream.write(model_card(found))
    if json_output:
        print_json({"model": out, "card": card} | quality_object(found.measured))
        return
    console().print(plain(f"{out}: learned from bills due before {found.learned.split_on}; its card: {card}"))
    tell_quality(found.measured)


@app.command("check")
def check_command(
    context: typer.Context,
    model: ModelFile,
    history: Annotated[
        Path | None,
        typer.Option(
            "--history", metavar="FILE", help="Measure the model on this history, a newer one for instance."
        ),
    ] = None,
    since: Annotated[
        str, typer.Option("--since", metavar="DATE", help="With --history: only bills due from this day on.")
    ] = "",
    column: MapOption = None,
    authorise: AuthoriseOption = "",
    drop: DropOption = False,
    json_output: JsonOption = False,
) -> None:
    """Check a model file; with a history, measure it anew: exit code 1 where a group of age or income is misjudged.

    ari-app score check models/arrears-2026-11.json --history payments-2027-02.csv --since 2026-11-01
    """
    from ari_app.services.score_file import read_score_file
    from ari_app.services.score_training import examples_of, measure_model

    found = read_score_file(model)
    measured = found.measured
    if history is not None:
        first = _day(since) if since else date.min
        book = read_book(context, history, column, authorise, drop)
        tell_faults(book)
        examples = [each for each in examples_of(book, found.model.grace_days) if each.due >= first]
        if not examples:
            raise typer.BadParameter(
                "no bill of the history has an earlier one and a known end", param_hint="--history"
            )
        measured = measure_model(found.model, examples, measured.threshold)
    if json_output:
        print_json({"model": found.model.name} | quality_object(measured))
    else:
        console().print(plain(f"{model}: a good model file, {len(found.model.weights)} weights"))
        tell_quality(measured)
    if measured.misjudged:
        raise typer.Exit(EXIT_FAILED)


@app.command("card")
def card_command(model: ModelFile) -> None:
    """Print the card of a model, in Markdown, from its file alone.

    ari-app score card models/arrears-2026-11.json
    """
    from ari_app.services.score_card import model_card
    from ari_app.services.score_file import read_score_file

    typer.echo(model_card(read_score_file(model)), nl=False)


def tell_quality(measured: Quality) -> None:
    """What was measured, for people."""
    out = console()
    out.print(
        f"{measured.bills} bills, {measured.on_time:.1%} paid on time: AUC {measured.auc:.3f}, Brier score "
        f"{measured.brier:.4f} ({measured.brier_of_base:.4f} for the base rate)"
    )
    out.print(
        f"score below {measured.threshold}: {measured.precision:.1%} of them did not pay on time, and "
        f"{measured.recall:.1%} of those who did not were below"
    )
    shares = [
        (each.name, each.bills, f"{each.predicted:.1%}", f"{each.observed:.1%}")
        for each in measured.calibration
    ]
    show_table(["score", "bills", "predicted", "observed"], shares)
    for what, groups in (("age", measured.by_age), ("income", measured.by_income)):
        if groups:
            show_table(
                [what, "bills", "predicted", "observed", "wrongly warned"],
                [
                    (
                        each.name,
                        each.bills,
                        f"{each.predicted:.1%}",
                        f"{each.observed:.1%}",
                        f"{each.wrongly_warned:.1%}",
                    )
                    for each in groups
                ],
            )
    for group in measured.misjudged:
        out.print(f"[red]misjudged[/red]: {plain(group.name)} (see the card)")


def quality_object(measured: Quality) -> dict[str, object]:
    """What was measured, for programs."""
    from dataclasses import asdict

    return asdict(measured) | {"misjudged": [group.name for group in measured.misjudged]}


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(
            f"{text[:40]!r} is no day, such as 2026-11-01", param_hint="--since"
        ) from None
