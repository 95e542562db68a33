"""What a strategy asks for beyond its rule pack, its flows, the dispositions and itself, with file, line and cure.

A strategy may only narrow a pack: what is wider is a fault here, before it is refused call by call.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

from ari_app.dialogue.flow_policy import Policy
from ari_app.domain.disposition import DispositionTable, RetryRule
from ari_app.domain.rollout import HELD_BACK
from ari_app.domain.rule_pack import Closing, PackVersion, RuleBook
from ari_app.domain.segment import ANYBODY, Segment, StepKind
from ari_app.domain.segment_order import contradiction, covers, never_due, out_of_order, reminders_in_a_week
from ari_app.domain.windows import Window, intersect
from ari_app.errors import Problem
from ari_app.services.model_problems import nearest
from ari_app.services.strategy_file import NUMBERS, StrategyReading, file_names

#: A shorter ring is a nuisance and reaches nobody.
LEAST_RING_S = 15
_WEEKEND = frozenset({5, 6})

Found = tuple[tuple[str | int, ...], str, str]


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a strategy is checked against. ``flows`` are the policies of the flows by name; None of ``flows`` and
    ``dispositions``: not looked at. ``versions`` are those of each strategy that have a file.
    """

    rules: RuleBook
    today: date
    flows: Mapping[str, Policy] | None = None
    dispositions: DispositionTable | None = None
    versions: Callable[[str], Collection[str]] = lambda name: ()


def strategy_problems(reading: StrategyReading, around: Surroundings) -> list[Problem]:
    """Every fault of a strategy whose words could be read, by line."""
    found = [*_whole(reading, around), *_segments_apart(reading.strategy.segments)]
    version = _pack_version(reading, around)
    for number, segment in enumerate(reading.strategy.segments):
        here = [*_of_segment(reading, segment, around)]
        if version is not None:
            here += _beyond_pack(segment, version, f"{reading.strategy.rule_pack} {version.version}")
        found += [(("segments", number, *path), wrong, allowed) for path, wrong, allowed in here]
    placed = [(reading.line(*path), _dotted(path), wrong, allowed) for path, wrong, allowed in found]
    return [
        Problem(f"{reading.file}:{line}", where, wrong, allowed)
        for line, where, wrong, allowed in sorted(placed)
    ]


def _dotted(path: tuple[str | int, ...]) -> str:
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return text.removeprefix(".")


# ------------------------------------------------------------------------------------------------- the whole


def _whole(reading: StrategyReading, around: Surroundings) -> Iterator[Found]:
    strategy = reading.strategy
    rules = around.rules.find(strategy.rule_pack)
    if isinstance(rules, str):
        yield ("rule_pack",), rules, nearest(strategy.rule_pack, sorted(around.rules.rules))
    elif rules.pack.in_force(around.today) is None:
        wrong = f"no version of {rules.pack.name} is in force on {around.today}"
        yield ("rule_pack",), wrong, "a pack that is in force"
    known = {strategy.version, HELD_BACK, *around.versions(strategy.name)}
    for share in strategy.rollout.shares:
        if share.version not in known:
            wrong = f"version {share.version!r} has no file"
            allowed = f"keep it as {file_names(strategy.name, share.version)[1]}, or {HELD_BACK}"
            yield ("rollout", "shares", share.version), wrong, allowed


def _pack_version(reading: StrategyReading, around: Surroundings) -> PackVersion | None:
    rules = around.rules.find(reading.strategy.rule_pack)
    return None if isinstance(rules, str) else rules.pack.in_force(around.today)


def _segments_apart(segments: tuple[Segment, ...]) -> Iterator[Found]:
    """Segments that take nobody, and a last one that does not take the rest."""
    for number, segment in enumerate(segments):
        fault = contradiction(segment.when)
        if fault:
            yield ("segments", number, "when"), fault, "conditions that can hold together"
        before = next((each for each in segments[:number] if covers(each.when, segment.when)), None)
        if before is not None:
            wrong = f"nobody is left for it: the segment {before.name!r} above takes them all"
            yield ("segments", number), wrong, "put it higher, or give one of the two another condition"
    if not covers(segments[-1].when, ANYBODY):
        wrong = f"the last segment {segments[-1].name!r} has conditions, so some accounts have none"
        yield (
            ("segments", len(segments) - 1, "when"),
            wrong,
            "a last segment without `when`, for everybody else",
        )


# ------------------------------------------------------------------------------------------------- one segment


def _of_segment(reading: StrategyReading, segment: Segment, around: Surroundings) -> Iterator[Found]:
    strategy = reading.strategy
    for key, name, known in (
        ("caller_ids", segment.caller_ids, sorted(strategy.caller_ids)),
        ("team", segment.team, sorted(strategy.teams)),
    ):
        if name and name not in known:
            what = "group of caller IDs" if key == "caller_ids" else "team"
            allowed = (
                nearest(name, known) if known else f"name it under {key if key == 'caller_ids' else 'teams'}"
            )
            yield (key,), f"there is no {what} {name!r} in this file", allowed
    if not segment.steps and not segment.team:
        wrong = "nothing is done with these accounts and nobody takes them over"
        yield ((), wrong, "steps, or a team that takes them over")
    if segment.calls and segment.max_attempts < len(segment.calls):
        wrong = f"{len(segment.calls)} calls, but max_attempts is {segment.max_attempts}"
        yield ("max_attempts",), wrong, f"{len(segment.calls)} or more"
    for number, step in enumerate(segment.steps):
        where: tuple[str | int, ...] = ("steps", number)
        aging = strategy.aging
        if step.when.anchor == "due" and step.when.days < -aging.pay_days:
            wrong = f"{step.when} comes before the bill, which is made {aging.pay_days} days before it is due"
            yield (*where, "when"), wrong, f"due-{aging.pay_days}d at the earliest, or another aging.pay_days"
        elif never_due(segment, step, aging):
            wrong = f"{step.when} never comes while an account is in the segment {segment.name!r}"
            yield (*where, "when"), wrong, "a time inside its buckets, or another segment"
        if step.kind is StepKind.MESSAGE and not step.channels and not segment.channels:
            yield (*where, "channels"), "the message has no channel", "channels of the step or the segment"
    for number in out_of_order(segment):
        wrong = "it comes before the step above it"
        yield ("steps", number), wrong, "steps in the order in which they are taken"
    yield from _by_dispositions(segment, around.dispositions)
    yield from _by_flows(segment, around.flows)


def _by_dispositions(segment: Segment, table: DispositionTable | None) -> Iterator[Found]:
    if table is None:
        return
    kinds = {kind.name: kind for kind in table.kinds}
    for delay in segment.delays:
        kind, where = kinds.get(delay.disposition), ("delays", delay.disposition)
        if kind is None:
            yield where, f"there is no disposition {delay.disposition!r}", nearest(delay.disposition, kinds)
        elif delay.hours is None:
            continue
        elif kind.retry in (RetryRule.NEVER, RetryRule.DONE):
            wrong = f"nobody is called again after {kind.name}"
            yield where, wrong, "leave it out; dispositions.yaml says what follows"
        elif delay.hours < kind.min_delay_hours:
            wrong = f"{delay.hours:g} hours are less than the {kind.min_delay_hours:g} of dispositions.yaml"
            yield where, wrong, f"{kind.min_delay_hours:g} or more, or never"


def _by_flows(segment: Segment, flows: Mapping[str, Policy] | None) -> Iterator[Found]:
    if flows is None:
        return
    named: list[tuple[tuple[str | int, ...], str]] = [(("flow",), segment.flow)] if segment.calls else []
    named += [
        (("steps", number, "flow"), step.flow) for number, step in enumerate(segment.steps) if step.flow
    ]
    for where, name in named:
        if name not in flows:
            yield where, f"there is no flow {name!r} in dialplan/flows", nearest(name, flows)
    policies = [flows[name] for _, name in named if name in flows]
    offers = segment.offers
    for months in offers.instalments:
        if policies and not any(
            months in [each.periods for each in policy.instalments] for policy in policies
        ):
            could = sorted({each.periods for policy in policies for each in policy.instalments})
            allowed = (
                f"one of {', '.join(map(str, could))}" if could else "none: the flow offers no instalments"
            )
            yield ("offers", "instalments"), f"{months} months are no plan of the flow's policy", allowed
    latest = max((policy.latest_deferral_days for policy in policies), default=offers.deferral_days)
    if offers.deferral_days > latest:
        wrong = f"{offers.deferral_days} days are more than the flow's policy allows"
        yield ("offers", "deferral_days"), wrong, f"at most {latest}"


# ------------------------------------------------------------------------------------------------- the pack


def _beyond_pack(segment: Segment, version: PackVersion, name: str) -> Iterator[Found]:
    hours = ", ".join(map(str, version.hours.working))
    for window in segment.windows:
        if sum(each.end - each.start for each in intersect([window], version.hours.working)) < _length(
            window
        ):
            yield ("windows",), f"{window} is wider than {name} allows", f"inside {hours}"
    for key, wanted, cap in (
        ("max_attempts", segment.max_attempts, version.attempts_per_task),
        ("dials_per_day", segment.dials_per_day, version.dials_per_day),
        ("dials_per_week", segment.dials_per_week, version.dials_per_week),
    ):
        if wanted is not None and cap is not None and wanted > cap.hard:
            yield (
                (key,),
                f"{wanted} is more than the hard number of {name}",
                f"{NUMBERS[key][0]} to {cap.hard}",
            )
    if version.weekends.closing is Closing.ALWAYS and not set(segment.closed_weekdays) >= _WEEKEND:
        yield ("closed_weekdays",), f"{name} keeps weekends closed", "[sat, sun] among them"
    if segment.open_holidays and version.holidays.closing is Closing.ALWAYS:
        yield ("open_holidays",), f"{name} keeps holidays closed", "false"
    gap = version.min_gap_minutes.value
    if 0 < segment.min_gap_minutes < gap:
        yield (
            ("min_gap_minutes",),
            f"{segment.min_gap_minutes} is shorter than {name} asks for",
            f"{gap:g} or more",
        )
    least = max(LEAST_RING_S, 0 if version.ring_at_least_s is None else version.ring_at_least_s.value)
    if segment.ring_timeout_s is not None and segment.ring_timeout_s < least:
        yield (
            ("ring_timeout_s",),
            f"{segment.ring_timeout_s:g} s of ringing reach nobody",
            f"{least:g} or more",
        )
    yield from _attempts(segment, version, name)
    demand = version.first_contact_by_message
    if demand is not None and demand.wanted and segment.steps and segment.steps[0].kind is StepKind.CALL:
        wrong = f"the first step is a call, but {name} wants the first contact to be a message"
        yield ("steps", 0), wrong, "a step `do: message` before it"
    limit = version.reminders_per_week
    reminders = reminders_in_a_week(segment)
    if limit is not None and reminders > limit.value:
        wrong = f"{reminders} reminders within seven days before the due date; {name} allows {limit.value:g}"
        yield ("steps",), wrong, "drop the least useful of them"


def _attempts(segment: Segment, version: PackVersion, name: str) -> Iterator[Found]:
    """Retry offsets that the pack does not bear."""
    most, gap = version.attempts_per_task.hard, version.min_gap_minutes.value
    plans: list[tuple[tuple[str | int, ...], tuple[float, ...]]] = [(("retry_hours",), segment.retry_hours)]
    plans += [
        (("steps", number, "retry_hours"), step.retry_hours) for number, step in enumerate(segment.steps)
    ]
    for where, hours in plans:
        if len(hours) > most:
            wrong = f"{len(hours)} attempts; {name} allows {most} a task"
            yield where, wrong, f"at most {most} offsets"
        close = next(
            (later for earlier, later in pairwise(hours) if (later - earlier) * 60 < gap),
            None,
        )
        if close is not None:
            wrong = f"the attempt at {close:g} hours follows sooner than {name} allows"
            yield where, wrong, f"at least {gap:g} minutes between two"


def _length(window: Window) -> int:
    return window.end - window.start
