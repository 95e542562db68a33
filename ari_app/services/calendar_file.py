"""Reading ``dialplan/calendars/NAME.yaml``: which years are confirmed, and what differs from the library's days.

Statutory days and the weekend days worked instead come from the library ``holidays``. It knows no make-up days of a year
whose notice it has not taken in yet, and says nothing about that; so only confirmed years count.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date
from pathlib import Path

from ari_app.dialogue.source import Node, Reader
from ari_app.domain.calendar import Calendar
from ari_app.services.rule_pack_file import NAME, day_of, read_day
from ari_app.services.source_nodes import parse_nodes, read_nodes

CALENDAR_KEYS = ("calendar", "country", "confirmed", "holidays", "make_up", "working")
COUNTRIES = ("CN", "US")
_SATURDAY = 5
_YEAR = re.compile(r"20[0-9]{2}", re.ASCII)


def read_calendar(path: Path) -> Calendar:
    """The calendar of a file, whose name it bears; raises InputError with file and line of every fault."""
    return _calendar(read_nodes(path), str(path), path.stem)


def parse_calendar(text: str, file: str = "calendar.yaml") -> Calendar:
    """The calendar of a YAML text; ``file`` names it in errors, and the calendar."""
    return _calendar(parse_nodes(text, file), file, Path(file).stem)


def _calendar(root: Node, file: str, stem: str) -> Calendar:
    reader = Reader(file)
    top = reader.mapping(root, "", CALENDAR_KEYS, CALENDAR_KEYS)
    name = reader.string(top["calendar"], "calendar", longest=40) if "calendar" in top else ""
    if name and (name != stem or not NAME.fullmatch(name)):
        reader.fault(top["calendar"].line, "calendar", f"{name!r} stands in the file {Path(file).name}", stem)
    country = reader.choice(top["country"], "country", "country", COUNTRIES) if "country" in top else ""
    confirmed = _confirmed(reader, top["confirmed"]) if "confirmed" in top else {}
    ours = {
        key: _days(reader, top[key], key, confirmed) if key in top else {} for key in ("holidays", "make_up")
    }
    working: set[date] = set()
    for node in reader.sequence(top["working"], "working") if "working" in top else ():
        day = read_day(reader, node, "working")
        if day != date.min:
            working.add(day)
    for day in ours["holidays"].keys() & (ours["make_up"].keys() | working):
        line = top["holidays"].key_lines.get(day.isoformat(), top["holidays"].line)
        reader.fault(line, "holidays", f"{day} is a holiday and is worked", "one of both")
    for day in ours["make_up"]:
        if day.weekday() < _SATURDAY:
            line = top["make_up"].key_lines.get(day.isoformat(), top["make_up"].line)
            reader.fault(line, "make_up", f"{day} is no day of the weekend", "a Saturday or a Sunday")
    reader.finish()
    holidays, make_up = statutory_days(country, confirmed)
    holidays = {**holidays, **ours["holidays"]}
    make_up = {day: why for day, why in {**make_up, **ours["make_up"]}.items() if day not in ours["holidays"]}
    worked = working | make_up.keys()
    off = {day: why for day, why in holidays.items() if day not in worked}
    return Calendar(name, confirmed, off, make_up, country)


def _confirmed(reader: Reader, node: Node) -> dict[int, str]:
    found: dict[int, str] = {}
    for key, value in reader.mapping(node, "confirmed").items():
        if not _YEAR.fullmatch(key):
            reader.fault(
                node.key_lines.get(key, node.line), "confirmed", f"{key[:40]!r} is no year", "2000 to 2099"
            )
            continue
        found[int(key)] = reader.string(value, f"confirmed.{key}")
    return found


def _days(reader: Reader, node: Node, where: str, confirmed: Iterable[int]) -> dict[date, str]:
    found: dict[date, str] = {}
    years = frozenset(confirmed)
    for key, value in reader.mapping(node, where).items():
        line = node.key_lines.get(key, node.line)
        day = day_of(reader, key, line, where)
        if day == date.min:
            continue
        if day.year not in years:
            reader.fault(
                line, where, f"{key}: the year {day.year} is not confirmed", "a day of a confirmed year"
            )
        found[day] = reader.string(value, f"{where}.{key}", longest=100)
    return found


def statutory_days(country: str, years: Iterable[int]) -> tuple[dict[date, str], dict[date, str]]:
    """What the library knows of these years: holidays by name, and days of the weekend that are worked."""
    import holidays  # here: half a second that most commands need not wait for

    wanted = frozenset(years)
    # An observed day may lie in the year before the one that it belongs to.
    around = sorted({each + step for each in wanted for step in (-1, 0, 1)})
    known = holidays.country_holidays(country, years=around)
    off = {day: str(why) for day, why in known.items() if day.year in wanted}
    worked = {day: "worked for a day off" for day in known.weekend_workdays if day.year in wanted}
    return off, worked
