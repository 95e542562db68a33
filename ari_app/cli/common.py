"""What the commands share: settings, output for people and for programs, masks, files written whole."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Coroutine, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TextIO, TypeVar

import typer

from ari_app.errors import AriAppError, InputError, Problem

if TYPE_CHECKING:
    from rich.console import Console

    from ari_app.config import Settings
    from ari_app.domain.campaign import Campaign
    from ari_app.ports import Clock
    from ari_app.services.account_row import RowDefaults
    from ari_app.store.sqlite_store import SqliteStore

T = TypeVar("T")

EXIT_FAILED = 1
EXIT_WRONG_USE = 2
EXIT_INTERRUPTED = 130
_LONGEST_LINE = 2000

JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")]
FullOption = Annotated[
    bool, typer.Option("--full", help="Show names and telephone numbers in full; by default they are masked.")
]


@dataclass(slots=True)
class Invocation:
    """What stands before the command: ``--config`` and ``--debug``."""

    config: Path | None = None
    debug: bool = False
    _settings: Settings | None = field(default=None, repr=False)

    @property
    def settings(self) -> Settings:
        """The settings, read at the first use. Raises ConfigError."""
        if self._settings is None:
            from ari_app.config import load_settings
            from ari_app.logs import configure_logging

            configure_logging(
                "WARNING"
            )  # commands print results; only `serve` and `lab up` tell what they do
            self._settings = load_settings(self.config)
        return self._settings


def invocation(context: typer.Context) -> Invocation:
    """The options that stand before the command."""
    found = context.find_object(Invocation)
    return found if found is not None else Invocation()


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run a command's asynchronous part."""
    return asyncio.run(work)


def clock_of(settings: Settings) -> Clock:
    """The clock of these settings (the lab's may be shifted)."""
    from ari_app.app import make_clock

    return make_clock(settings)


def know_strategies(store: SqliteStore, settings: Settings, campaign: Campaign | None) -> None:
    """Let the store know the strategy files where a campaign names one: they say who is called first."""
    if campaign is None or not campaign.strategy.file:
        return
    from ari_app.app import strategy_directory
    from ari_app.services.rule_directory import RuleDirectory

    strategies = strategy_directory(settings, RuleDirectory(settings.dialplan_dir)).book
    store.use_strategies(lambda: strategies)


def row_defaults(settings: Settings, now: datetime) -> RowDefaults:
    """What a row of a list gets where it says nothing."""
    from ari_app import campaign_fit

    return campaign_fit.row_defaults(settings, now)


# ---------------------------------------------------------------------------------------------- output


def console() -> Console:
    """Standard output for people; as wide as it must be when it is not a terminal."""
    from rich.console import Console

    out = Console(highlight=False, soft_wrap=True)
    return out if out.is_terminal else Console(highlight=False, soft_wrap=True, width=200)


def error_console() -> Console:
    """Standard error for people."""
    from rich.console import Console

    return Console(stderr=True, highlight=False, soft_wrap=True)


def plain(text: object) -> str:
    """A text from outside, fit for a terminal: one line, no control characters, no markup."""
    from rich.markup import escape

    shown = "" if text is None else str(text)
    return escape("".join(sign if sign.isprintable() else " " for sign in shown))


def for_terminal(message: str) -> str:
    """A message fit for a terminal, whatever it quotes: no control characters but line ends, and of each line only
    the beginning.
    """
    return "\n".join(
        "".join(sign if sign.isprintable() else " " for sign in line[:_LONGEST_LINE])
        + (" ..." if len(line) > _LONGEST_LINE else "")
        for line in message.split("\n")
    )


def as_json(value: object) -> object:
    """For ``json.dumps``: instants as ISO 8601 with offset, decimals as text."""
    match value:
        case datetime():
            return value.isoformat()
        case Decimal() | Path():
            return str(value)
        case set() | frozenset() | tuple():
            return list(value)
        case _:
            raise TypeError(f"{type(value).__name__} has no JSON form")


def print_json(value: object) -> None:
    """One JSON document on standard output."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2, default=as_json) + "\n")


def show_table(
    headings: Sequence[str], rows: Iterator[Sequence[object]] | Sequence[Sequence[object]]
) -> None:
    """A table on standard output; every cell is taken as plain text."""
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in headings:
        table.add_column(heading, overflow="fold")
    for row in rows:
        table.add_row(*(plain(cell) for cell in row))
    console().print(table)


def local(instant: datetime | None, zone: tzinfo | None) -> str:
    """An instant as people read it, in a time zone; a dash for none."""
    if instant is None:
        return "-"
    return instant.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S %Z")


def masked_phone(phone: str, full: bool) -> str:
    """A number for the terminal."""
    from ari_app.logs import mask_number

    return phone if full else mask_number(phone)


def masked_name(name: str, full: bool) -> str:
    """A name for the terminal."""
    from ari_app.logs import mask_name

    return name if full else mask_name(name)


# ---------------------------------------------------------------------------------------------- files


@contextmanager
def written_whole(path: Path) -> Iterator[TextIO]:
    """A text file that appears under its name only when it is complete; readable by its owner alone.

    Raises AriAppError when it cannot be written; what stood there before stays then.
    """
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as stream:
                yield stream
                stream.flush()
                os.fsync(stream.fileno())
            part.replace(path)
        except BaseException:
            part.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise AriAppError(f"{path} cannot be written: {error.strerror or error}") from error


# ---------------------------------------------------------------------------------------------- arguments


def parsed_instant(text: str) -> datetime:
    """``--at``: an ISO instant with offset. Raises typer.BadParameter."""
    try:
        instant = datetime.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter("write an ISO instant such as 2026-03-02T10:00+08:00") from error
    if instant.tzinfo is None:
        raise typer.BadParameter("the offset is missing: 2026-03-02T10:00+08:00, or a Z for UTC")
    return instant


def pairs(texts: Sequence[str] | None, option: str) -> dict[str, str]:
    """``FIELD=COLUMN`` pairs of a repeated option. Raises typer.BadParameter."""
    found: dict[str, str] = {}
    for text in texts or ():
        key, equals, value = text.partition("=")
        if not equals or not key.strip() or not value.strip():
            raise typer.BadParameter(f"{option} wants FIELD=COLUMN, such as phone=手机号")
        if key.strip() in found:
            raise typer.BadParameter(f"{option} names {key.strip()} twice")
        found[key.strip()] = value.strip()
    return found


def mapping_file(path: Path) -> dict[str, str]:
    """A column mapping in YAML: ``phone: 手机号``. Raises InputError."""
    from ari_app.yaml_lines import read_yaml

    document = read_yaml(path)
    if not isinstance(document.value, Mapping):
        raise InputError([Problem(document.where(), "", "a mapping file holds FIELD: COLUMN lines")])
    problems = [
        Problem(document.where((key,)), key, "is not the name of a column", "text")
        for key, value in document.value.items()
        if not isinstance(value, str)
    ]
    if problems:
        raise InputError(problems)
    return {str(key): str(value) for key, value in document.value.items()}
