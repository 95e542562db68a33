"""Reading ``dialplan/strategies/NAME.yaml``: one version of a strategy, every fault with file, line and cure.

This module reads the words; what they ask for beyond the rule pack, the flows and each other is the work of
``strategy_check``. A value of ``defaults`` holds for every segment that does not say another.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Final

from ari_app.dialogue.source import MAPPING, Node, Reader
from ari_app.domain.aging import MOST_PAY_DAYS, USUAL_AGING, Aging, Scheme, aging_fault
from ari_app.domain.campaign import DEFAULT_RULE_PACK
from ari_app.domain.compliance import zone_of
from ari_app.domain.rollout import EVERYBODY, Rollout, Share, shares_fault
from ari_app.domain.segment import ANYBODY, TONES, Anchor, Segment, Step
from ari_app.domain.strategy import Strategy
from ari_app.domain.voice_style import FASTEST, SLOWEST, VoiceStyle
from ari_app.domain.windows import Window, parse_window
from ari_app.services import strategy_parts as parts
from ari_app.services.model_problems import RefusedError
from ari_app.services.phones import parse_caller_id
from ari_app.services.source_nodes import parse_nodes, read_nodes

TOP_KEYS: Final = (
    "strategy",
    "version",
    "title",
    "rule_pack",
    "timezone",
    "aging",
    "caller_ids",
    "teams",
    "rollout",
    "defaults",
    "segments",
)
AGING_KEYS: Final = ("scheme", "buckets", "pay_days")
ROLLOUT_KEYS: Final = ("shares", "regions", "most_customers")
WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
#: Whole numbers of a segment, with the least and the most that a sane file says.
NUMBERS: Mapping[str, tuple[int, int]] = {
    "max_attempts": (1, 20),
    "dials_per_day": (1, 20),
    "dials_per_week": (1, 50),
    "min_gap_minutes": (0, 10_080),
    "ring_timeout_s": (1, 120),
    "priority": (0, 100),
}
SETTING_KEYS: Final = (
    "windows",
    "closed_weekdays",
    "open_holidays",
    "retry_hours",
    *NUMBERS,
    "delays",
    "channels",
    "tone",
    "flow",
    "voice",
    "speed",
    "experiments",
    "caller_ids",
    "team",
    "offers",
    "promises",
)
SEGMENT_KEYS: Final = ("name", "when", "steps", *SETTING_KEYS)
NAME = re.compile(r"[a-z][a-z0-9-]{0,39}", re.ASCII)
VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]{0,39}", re.ASCII)
_SPEED = "speed"


@dataclass(frozen=True, slots=True)
class StrategyReading:
    """A strategy with the tree that it was read from, so that later faults can be told with their lines."""

    strategy: Strategy
    file: str
    root: Node

    def line(self, *path: str | int) -> int:
        """The line of a key, or of the nearest key above it; a key of a segment may stand in ``defaults``."""
        node, line = self.root, self.root.line
        for position, part in enumerate(path):
            if isinstance(part, int):
                if part >= len(node.items):
                    break
                node = node.items[part]
                line = node.line
                continue
            if part not in node.entries:
                defaults = self.root.entries.get("defaults")
                if (
                    position == 2
                    and path[0] == "segments"
                    and defaults is not None
                    and part in defaults.entries
                ):
                    return defaults.key_lines.get(part, defaults.line)
                break
            line, node = node.key_lines.get(part, line), node.entries[part]
        return line


def read_strategy(path: Path, country: str = "CN") -> StrategyReading:
    """The strategy of a file; raises InputError with file and line of every fault of its words."""
    return _read(read_nodes(path), str(path), path.name, country)


def parse_strategy(text: str, file: str, country: str = "CN") -> StrategyReading:
    """The strategy of a YAML text; ``file`` names it in errors, and the strategy."""
    return _read(parse_nodes(text, file), file, Path(file).name, country)


def file_names(strategy: str, version: str) -> tuple[str, str]:
    """The names of the file of a strategy, and of one of its other versions that is kept for a roll-out."""
    return f"{strategy}.yaml", f"{strategy}.v{version}.yaml"


def _read(root: Node, file: str, file_name: str, country: str) -> StrategyReading:
    reader = Reader(file)
    top = reader.mapping(root, "", TOP_KEYS, ("strategy", "version", "segments"))
    name = reader.string(top["strategy"], "strategy", longest=40) if "strategy" in top else ""
    version = reader.string(top["version"], "version", longest=40) if "version" in top else ""
    if name and (not NAME.fullmatch(name) or file_name not in file_names(name, version)):
        wrong = f"{name!r} in version {version!r} stands in the file {file_name}"
        allowed = (
            " or ".join(file_names(name, version)) if NAME.fullmatch(name) else "small letters, digits and -"
        )
        reader.fault(top["strategy"].line, "strategy", wrong, allowed)
    if version and not VERSION.fullmatch(version):
        reader.fault(
            top["version"].line,
            "version",
            f"{version!r} is no version",
            'letters, digits, . and -, such as "2026.1"',
        )
    timezone = (
        reader.string(top["timezone"], "timezone", longest=64) if "timezone" in top else "Asia/Shanghai"
    )
    if timezone and zone_of(timezone) is None:
        wrong = f"{timezone!r} is not a known time zone"
        reader.fault(top["timezone"].line, "timezone", wrong, "an IANA name such as Asia/Shanghai")
    aging = _aging(reader, top["aging"]) if "aging" in top else USUAL_AGING
    segments = _segments(reader, top, aging)
    strategy = Strategy(
        name=name or "x",
        version=version or "0",
        segments=segments or (Segment("x"),),
        title=reader.string(top["title"], "title", longest=100) if "title" in top else "",
        rule_pack=reader.string(top["rule_pack"], "rule_pack", longest=40)
        if "rule_pack" in top
        else DEFAULT_RULE_PACK,
        timezone=timezone or "Asia/Shanghai",
        aging=aging,
        caller_ids=_caller_ids(reader, top["caller_ids"], country) if "caller_ids" in top else {},
        teams=tuple(parts.read_word(reader, item, "teams") for item in reader.sequence(top["teams"], "teams"))
        if "teams" in top
        else (),
        rollout=_rollout(reader, top["rollout"], version) if "rollout" in top else EVERYBODY,
    )
    reader.finish()
    return StrategyReading(strategy, file, root)


def _aging(reader: Reader, node: Node) -> Aging:
    entries = reader.mapping(node, "aging", AGING_KEYS)
    word = "days"
    if "scheme" in entries:
        word = (
            reader.choice(entries["scheme"], "aging.scheme", "scheme", [each.value for each in Scheme])
            or word
        )
    pay_days = USUAL_AGING.pay_days
    if "pay_days" in entries:
        pay_days = reader.integer(entries["pay_days"], "aging.pay_days", 1, MOST_PAY_DAYS)
    buckets = USUAL_AGING.buckets
    if "buckets" in entries:
        here, before = entries["buckets"], len(reader.problems)
        if word == Scheme.M_STAGE:
            reader.fault(
                here.line, "aging.buckets", "the M-stages are fixed", "leave it out, or scheme: days"
            )
        found = []
        for bucket, days in reader.mapping(here, "aging.buckets").items():
            ends = [reader.integer(day, f"aging.buckets.{bucket}", -9999, 99_999) for day in days.items]
            if len(ends) != 2:
                wrong = "a bucket has a first and a last day overdue"
                reader.fault(
                    days.line, f"aging.buckets.{bucket}", wrong, "[1, 30]; before the due date [-9999, -1]"
                )
                continue
            found.append((bucket, ends[0], ends[1]))
        fault = aging_fault(tuple(found)) if len(reader.problems) == before else ""
        if fault:
            reader.fault(
                here.line, "aging.buckets", fault, "buckets that follow each other, such as [1, 30], [31, 60]"
            )
        elif found:
            buckets = tuple(found)
    return Aging(Scheme(word), buckets, pay_days)


def _caller_ids(reader: Reader, node: Node, country: str) -> dict[str, tuple[str, ...]]:
    groups: dict[str, tuple[str, ...]] = {}
    for name, value in reader.mapping(node, "caller_ids").items():
        here, numbers = f"caller_ids.{name}", []
        for item in reader.sequence(value, here):
            try:
                numbers.append(parse_caller_id(reader.string(item, here, longest=40), country))
            except RefusedError as error:
                reader.fault(item.line, here, error.wrong, error.allowed)
        if value.kind != "null" and not numbers and not reader.problems:
            reader.fault(value.line, here, "the group has no number", "at least one number of your own")
        groups[name] = tuple(dict.fromkeys(numbers))
    return groups


def _rollout(reader: Reader, node: Node, version: str) -> Rollout:
    entries = reader.mapping(node, "rollout", ROLLOUT_KEYS)
    shares: tuple[Share, ...] = ()
    if "shares" in entries:
        before = len(reader.problems)
        shares = tuple(
            Share(key, reader.number(value, f"rollout.shares.{key}", 0, 100))
            for key, value in reader.mapping(entries["shares"], "rollout.shares").items()
        )
        fault = shares_fault(shares, version) if len(reader.problems) == before else ""
        if fault:
            allowed = f'this version first, then others or hold, 100 in all: {{"{version}": 20, hold: 80}}'
            reader.fault(entries["shares"].line, "rollout.shares", fault, allowed)
    regions = entries.get("regions")
    most = entries.get("most_customers")
    return Rollout(
        shares,
        ()
        if regions is None
        else tuple(
            reader.string(item, "rollout.regions", longest=64)
            for item in reader.sequence(regions, "rollout.regions")
        ),
        None if most is None else reader.integer(most, "rollout.most_customers", 1, 10_000_000),
    )


# ------------------------------------------------------------------------------------------------- segments


def _segments(reader: Reader, top: Mapping[str, Node], aging: Aging) -> tuple[Segment, ...]:
    defaults: Mapping[str, Node] = {}
    if "defaults" in top:
        defaults = reader.mapping(top["defaults"], "defaults", SETTING_KEYS)
    nodes = reader.sequence(top["segments"], "segments") if "segments" in top else ()
    found: list[Segment] = []
    for number, node in enumerate(nodes):
        segment = _segment(reader, node, f"segments[{number}]", defaults, aging)
        if segment.name and segment.name in [each.name for each in found]:
            wrong = f"the segment {segment.name!r} stands there twice"
            reader.fault(node.line, f"segments[{number}]", wrong, "a name of its own")
        found.append(segment)
    if "segments" in top and not nodes:
        reader.fault(
            top["segments"].line, "segments", "there is none", "at least one, the last one without `when`"
        )
    return tuple(found)


def _segment(reader: Reader, node: Node, where: str, defaults: Mapping[str, Node], aging: Aging) -> Segment:
    own = reader.mapping(node, where, SEGMENT_KEYS, ("name",))
    name = parts.read_word(reader, own["name"], f"{where}.name") if "name" in own else ""
    found: dict[str, Any] = {}
    for key, how in _READERS.items():
        whose, place = (own, where) if key in own else (defaults, "defaults")
        if key in whose:
            found[key] = how(reader, whose[key], f"{place}.{key}")
    voice, speed, promises = found.pop("voice", ""), found.pop(_SPEED, 1.0), found.pop("promises", ())
    steps = parts.read_steps(reader, own["steps"], f"{where}.steps") if "steps" in own else ()
    when = (
        parts.read_conditions(reader, own["when"], f"{where}.when", aging.names) if "when" in own else ANYBODY
    )
    segment = Segment(
        name, when, (*steps, *(promises if steps else ())), voice=VoiceStyle(voice, round(speed, 2)), **found
    )
    if "max_attempts" in found:
        return segment
    # One for each offset of each call.
    every = sum(len(step.retry_hours or segment.retry_hours) for step in segment.calls)
    return replace(segment, max_attempts=max(1, every))


def _windows(reader: Reader, node: Node, where: str) -> tuple[Window, ...]:
    found = []
    for item in reader.sequence(node, where):
        text = reader.string(item, where, longest=40)
        try:
            found += [parse_window(text)] if text else []
        except ValueError as error:
            reader.fault(item.line, where, str(error), "HH:MM-HH:MM, such as 09:00-12:00")
    if node.kind not in ("null", MAPPING) and not found and not reader.problems:
        reader.fault(node.line, where, "there is no window", "at least one of HH:MM-HH:MM")
    return tuple(sorted(found)) or (Window(0, 1),)


def _weekdays(reader: Reader, node: Node, where: str) -> tuple[int, ...]:
    return tuple(sorted({WEEKDAYS.index(day) for day in reader.choices(node, where, "weekday", WEEKDAYS)}))


def _promises(reader: Reader, node: Node, where: str) -> tuple[Step, ...]:
    """Steps that follow a promise, of every segment that does something at all."""
    steps = parts.read_steps(reader, node, where)
    for step in steps:
        if step.when.anchor is not Anchor.PROMISE:
            wrong = f"{step.when} does not count from a promise"
            reader.fault(node.line, where, wrong, "promise, promise-1d, promise+3d")
    return steps


def _number(least: int, most: int, reader: Reader, node: Node, where: str) -> int:
    return reader.integer(node, where, least, most)


def _tone(reader: Reader, node: Node, where: str) -> str:
    return reader.choice(node, where, "tone", TONES)


def _speed_of(reader: Reader, node: Node, where: str) -> float:
    return reader.number(node, where, SLOWEST, FASTEST)


_READERS: Mapping[str, Callable[[Reader, Node, str], Any]] = {
    "windows": _windows,
    "closed_weekdays": _weekdays,
    "open_holidays": Reader.flag,
    "retry_hours": parts.read_retry_hours,
    **{key: partial(_number, *bounds) for key, bounds in NUMBERS.items()},
    "delays": parts.read_delays,
    "channels": parts.read_channels,
    "tone": _tone,
    "flow": parts.read_word,
    "voice": parts.read_voice,
    _SPEED: _speed_of,
    "experiments": parts.read_experiments,
    "caller_ids": parts.read_word,
    "team": parts.read_word,
    "offers": parts.read_offers,
    "promises": _promises,
}
assert set(_READERS) == set(SETTING_KEYS)
