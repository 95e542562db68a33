"""``ari-app rules``: rule packs and calendars, with the source of every number."""

from __future__ import annotations

import json
import sys
from dataclasses import fields
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ari_app.cli.common import (
    EXIT_FAILED,
    JsonOption,
    clock_of,
    console,
    invocation,
    plain,
    print_json,
    show_table,
)
from ari_app.errors import InputError, Problem

if TYPE_CHECKING:
    from ari_app.config import Settings
    from ari_app.domain.calendar import Calendar
    from ari_app.domain.rule_pack import PackVersion, RuleBook, Rules
    from ari_app.services.rule_directory import RuleDirectory

app = typer.Typer(
    no_args_is_help=True,
    help=(
        "Rule packs and calendars: what the law and the trade allow, with the source of every number. A pack is a file "
        "DIALPLAN/rules/NAME.yaml, a calendar DIALPLAN/calendars/NAME.yaml. docs/compliance.md tells every key."
    ),
)

PackName = Annotated[
    str | None, typer.Argument(metavar="[PACK]", help="Name of a rule pack; by default all, in short.")
]
OnDay = Annotated[
    str | None,
    typer.Option("--on", metavar="DATE", help="As on this day, such as 2026-07-01; by default today."),
]


@app.command("show")
def show(
    context: typer.Context, pack: PackName = None, on: OnDay = None, json_output: JsonOption = False
) -> None:
    """The version of a pack that holds on a day: every limit and where it comes from.

    ari-app rules show

    ari-app rules show cn-telecom --on 2026-07-01
    """
    settings = invocation(context).settings
    day = _day(settings, on)
    book = _directory(settings).book
    if pack is None:
        _show_all(book, day, json_output)
        return
    rules = _found(book, pack)
    version = rules.pack.in_force(day)
    later = rules.pack.changes_after(day)
    if json_output:
        limits = {} if version is None else {key: _as_object(value) for key, value in _limits(version)}
        print_json(
            {
                "pack": rules.pack.name,
                "title": rules.pack.title,
                "on": day.isoformat(),
                "version": None if version is None else version.version,
                "since": None if version is None else version.since.isoformat(),
                "next_version_from": None if later is None else later.isoformat(),
                "calendar": rules.calendar.name,
                "confirmed_years": sorted(rules.calendar.confirmed),
                "limits": limits,
            }
        )
        return
    out = console()
    out.print(f"[bold]{plain(rules.pack.name)}[/bold]  {plain(rules.pack.title)}")
    if version is None:
        out.print(f"no version is in force on {day}: nobody is called by it")
        return
    out.print(f"version {plain(version.version)}, in force since {version.since}, as on {day}")
    if later is not None:
        out.print(f"another version holds from {later} on")
    out.print(
        f"calendar {plain(rules.calendar.name)}, confirmed: {', '.join(map(str, sorted(rules.calendar.confirmed)))}"
    )
    show_table(
        ["limit", "value", "source"], [(key, _words(value), value.source) for key, value in _limits(version)]
    )


@app.command("check")
def check(context: typer.Context, json_output: JsonOption = False) -> None:
    """Find every fault of the packs and calendars: file, line, what is wrong and what would be right.

    A file with a fault blocks every campaign that depends on it. A year that nobody has confirmed is told as well.
    """
    settings = invocation(context).settings
    rules = _directory(settings)
    year = _day(settings, None).year
    unconfirmed = [
        f"the calendar {name} has not confirmed {each}, so nobody is called in that year"
        for name, calendar in sorted(rules.calendars().items())
        for each in (year, year + 1)
        if each not in calendar.confirmed
    ]
    faults = [
        *map(str, rules.problems),
        *(why for name, why in rules.book.faults.items() if "names the calendar" in why),
    ]
    if not rules.book.rules and not faults:
        faults.append(f"there is no rule pack in {settings.dialplan_dir / 'rules'}, so nobody is called")
    if json_output:
        print_json({"packs": sorted(rules.book.rules), "problems": faults, "unconfirmed": unconfirmed})
    else:
        for name in sorted(rules.book.rules):
            console().print(plain(f"{name}: no fault"))
        for line in (*faults, *unconfirmed):
            console().print(plain(line))
    if faults:
        raise typer.Exit(EXIT_FAILED)


@app.command("calendar")
def calendar_command(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="CALENDAR", help="Name of a calendar, such as cn.")],
    year: Annotated[
        int | None, typer.Option("--year", min=2000, max=2099, help="A year; by default this one.")
    ] = None,
    json_output: JsonOption = False,
) -> None:
    """The holidays of a year and the weekend days worked instead, to be compared with the official notice.

    For a year that is not confirmed, what the library knows so far is shown.

        ari-app rules calendar cn --year 2027
    """
    from ari_app.services.calendar_file import statutory_days

    settings = invocation(context).settings
    calendars = _directory(settings).calendars()
    if name not in calendars:
        raise InputError(
            [Problem(name[:40], "calendar", "there is none that can be read", ", ".join(sorted(calendars)))]
        )
    wanted = year or _day(settings, None).year
    calendar = calendars[name]
    confirmed = wanted in calendar.confirmed
    days = _days_of(calendar, wanted)
    if not confirmed:
        off, worked = statutory_days(calendar.country, [wanted])
        days = sorted(
            [(day, "holiday", why) for day, why in off.items()]
            + [(day, "make_up", why) for day, why in worked.items()]
        )
    if json_output:
        listed = [{"day": day.isoformat(), "kind": kind, "name": why} for day, kind, why in days]
        print_json({"calendar": name, "year": wanted, "confirmed": confirmed, "days": listed})
        return
    if not confirmed:
        console().print(
            f"{wanted} is not confirmed: nobody is called on any of its days. The library knows so far:"
        )
    show_table(["day", "weekday", "kind", "name"], [(day, f"{day:%A}", kind, why) for day, kind, why in days])


@app.command("schema")
def schema(
    calendar: Annotated[bool, typer.Option("--calendar", help="The schema of calendars instead.")] = False,
) -> None:
    """The JSON Schema of rule packs, for editors that complete and check while you type.

    ari-app rules schema > rule-pack.schema.json
    """
    from ari_app.services.rule_schema import calendar_schema, rule_pack_schema

    found = calendar_schema() if calendar else rule_pack_schema()
    sys.stdout.write(json.dumps(found, indent=2, ensure_ascii=False) + "\n")


def _directory(settings: Settings) -> RuleDirectory:
    from ari_app.services.rule_directory import RuleDirectory

    return RuleDirectory(settings.dialplan_dir)


def _day(settings: Settings, text: str | None) -> date:
    if text is None:
        from ari_app.domain.compliance import zone_of

        return clock_of(settings).now().astimezone(zone_of(settings.defaults.timezone)).date()
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter("write a day such as 2026-07-01") from error


def _found(book: RuleBook, name: str) -> Rules:
    from ari_app.services.model_problems import nearest

    found = book.find(name)
    if isinstance(found, str):
        raise InputError([Problem(name[:40], "rule pack", found, nearest(name, sorted(book.rules)))])
    return found


def _show_all(book: RuleBook, day: date, json_output: bool) -> None:
    rows = [
        (
            name,
            version.version if version is not None else "none in force",
            rules.calendar.name,
            rules.pack.title,
        )
        for name, rules in sorted(book.rules.items())
        for version in (rules.pack.in_force(day),)
    ]
    if json_output:
        keys = ("pack", "version", "calendar", "title")
        print_json(
            {
                "on": day.isoformat(),
                "packs": [dict(zip(keys, row, strict=True)) for row in rows],
                "unreadable": dict(book.faults),
            }
        )
        return
    show_table(["pack", f"version on {day}", "calendar", "title"], rows)
    for why in book.faults.values():
        console().print(plain(why))


def _limits(version: PackVersion) -> list[tuple[str, Any]]:
    found = ((each.name, getattr(version, each.name)) for each in fields(version))
    return [(name, value) for name, value in found if hasattr(value, "source")]


def _as_object(value: Any) -> dict[str, object]:
    return {
        each.name: [str(item) for item in part] if isinstance(part, tuple) else part
        for each in fields(value)
        for part in (getattr(value, each.name),)
    }


def _words(value: Any) -> str:
    """A limit in a few words."""
    said = _as_object(value)
    said.pop("source")
    if set(said) == {"value", "counts_by"}:
        by = "" if said["counts_by"] == "customer" else " by debt"
        return f"{value.value:g}{by}"
    if set(said) == {"usual", "hard"}:
        return f"{value.usual}, at most {value.hard}"
    if set(said) == {"working", "weekend", "holiday"}:
        same = said["working"] == said["weekend"] == said["holiday"]
        parts = [("", said["working"])] if same else list(said.items())
        return "; ".join(f"{key} {', '.join(map(str, hours))}".strip() for key, hours in parts)  # type: ignore[call-overload]
    (only,) = said.values()
    return (
        {True: "yes", False: "no"}.get(only, str(only))
        if isinstance(only, bool)
        else str(only).replace("_", " ")
    )


def _days_of(calendar: Calendar, year: int) -> list[tuple[date, str, str]]:
    days = [(day, "holiday", why) for day, why in calendar.holidays.items() if day.year == year]
    return sorted(days + [(day, "make_up", why) for day, why in calendar.make_up.items() if day.year == year])
