"""Predictive pacing beside VICIdial's documented arithmetic: occupancy and abandoned calls at 5, 10, 20 and 50 agents.

Simulated shifts, in virtual time: both diallers call the same people in the same order. The contestant is given the best of
its settings and of what had to be assumed about it, chosen with hindsight on the very lists that count. ``abandoned`` holds
people whom no agent took within two seconds and people whom the detector took for a machine, for both alike.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace

from ari_app.bench.pacing_floor import Answer, Dialling, FloorNow, People, Shift, World, shifts
from ari_app.bench.pacing_steady import steady_figures
from ari_app.bench.report import BenchReport, machine_facts, median
from ari_app.bench.vicidial_pacing import Vicidial, VicidialSettings, variants
from ari_app.domain.abandonment import WindowCounts
from ari_app.domain.predictive import Experience, Floor, PacingRules, calls_to_start

AGENTS = (5, 10, 20, 50)
#: Lines for each agent, more than enough: what limits a dialler here is its pacing.
_LINES = 10
#: Variants that are looked at again with every list, after a first look with two.
_SHORT_LIST = 4
_METHOD = (
    "{seeds} simulated shifts of {hours:g} h each, the same callees in the same order for both, medians; occupancy = "
    "(talk + wrap-up) / (agents x shift); abandon = (no agent within {patience:g} s + people taken for a machine) / "
    "people who answered; VICIdial by PREDICTIVE.txt with the best of {variants} settings and assumptions at no more "
    "than {limit:.0%} abandoned, chosen on the same lists; the product's limit is nine tenths of what VICIdial then "
    "abandons"
)


class Predictive:
    """The product's pacer as a dialler of the simulation."""

    def __init__(self, rules: PacingRules) -> None:
        self._rules = rules
        self._experience = Experience.beginning()
        self._counts = WindowCounts()

    def start(self, floor: FloorNow) -> int:
        now = floor.now
        seen = Floor(
            floor.free,
            tuple(now - since for since in floor.talking.values()),
            tuple(now - since for since in floor.wrapping_up.values()),
            tuple(now - since for since in floor.ringing.values()),
            len(floor.waiting),
        )
        lines = floor.agents * _LINES - len(floor.ringing) - len(floor.talking)
        # A shift is shorter than either window.
        windows = (self._counts, self._counts)
        return calls_to_start(seen, self._experience, windows, lines, self._rules).start

    def rang(self, seconds: float, answer: Answer) -> None:
        self._experience = self._experience.rang(seconds, answered=answer is Answer.PERSON)

    def served(self, now: float, *, abandoned: bool) -> None:
        self._counts = WindowCounts(self._counts.live + 1, self._counts.abandoned + abandoned)
        self._experience = self._experience.told(self._rules, abandoned=abandoned)

    def talked(self, seconds: float) -> None:
        self._experience = self._experience.talked(seconds)

    def wrapped_up(self, seconds: float) -> None:
        self._experience = self._experience.wrapped_up(seconds)


def best_vicidial(
    world: World, seeds: Sequence[int], agents: int, limit: float, lists: dict[int, People]
) -> tuple[VicidialSettings, list[Shift]]:
    """The variant with the highest median occupancy of those that abandon no more than ``limit``; else the fewest."""

    def tried(settings: VicidialSettings, on: Sequence[int]) -> tuple[bool, float, list[Shift]]:
        def make() -> Dialling:
            return Vicidial(settings, world.shift_s)

        found = shifts(world, on, agents, make, lists)
        share = median([shift.abandon_share for shift in found])
        fits = share <= limit
        return fits, median([shift.occupancy for shift in found]) if fits else -share, found

    first = sorted(variants(), key=lambda each: tried(each, seeds[:2])[:2], reverse=True)[:_SHORT_LIST]
    short = [replace(each, intensity=intensity) for each in first for intensity in (-20.0, 0.0, 20.0)]
    best = max(short, key=lambda each: tried(each, seeds)[:2])
    return best, tried(best, seeds)[2]


def compare(world: World, seeds: Sequence[int], agents: int, rules: PacingRules) -> list[dict[str, float]]:
    """One mapping a seed: occupancy and abandoned share of both, for so many agents."""
    lists: dict[int, People] = {}
    _, theirs = best_vicidial(world, seeds, agents, rules.limit.share, lists)
    reached = median([shift.abandon_share for shift in theirs])
    if 0.0 < reached < rules.limit.share:  # no more than the contestant abandons
        rules = replace(rules, limit=replace(rules.limit, share=0.9 * reached))
    ours = shifts(world, seeds, agents, lambda: Predictive(rules), lists)
    return [
        {
            f"pacing.occupancy_{agents}": mine.occupancy,
            f"pacing.abandon_{agents}": mine.abandon_share,
            f"pacing.worst_abandon_{agents}": mine.worst_share,
            f"pacing.vicidial_occupancy_{agents}": other.occupancy,
            f"pacing.vicidial_abandon_{agents}": other.abandon_share,
            f"pacing.vicidial_worst_abandon_{agents}": other.worst_share,
        }
        for mine, other in zip(ours, theirs, strict=True)
    ]


async def bench_pacing(
    *,
    seeds: int = 5,
    agents: Sequence[int] = AGENTS,
    world: World | None = None,
    steady_s: float = 10.0,
    progress: Callable[[str], None] | None = None,
) -> dict[str, object]:
    """Compare, and return the object that ``ari-app bench pacing --json`` prints.

    :param steady_s: how long calls leave at a steady rate, in real time, to measure how even they are; 0 leaves it out.
    """
    world, say = world or World(), progress or (lambda line: None)
    rules = PacingRules()
    report = BenchReport("pacing", machine_facts())
    report.method = _METHOD.format(
        seeds=seeds,
        hours=world.shift_s / 3600.0,
        patience=world.patience_s,
        variants=len(variants()) + 2 * _SHORT_LIST,
        limit=rules.limit.share,
    )
    rows: list[dict[str, float]] = [{} for _ in range(seeds)]
    for count in agents:
        found = await asyncio.to_thread(compare, world, range(1, seeds + 1), count, rules)
        for row, figures in zip(rows, found, strict=True):
            row.update(figures)
        middle = {name: median([row[name] for row in found]) for name in found[0]}
        say(
            f"{count} agents: occupancy {middle[f'pacing.occupancy_{count}']:.1%}, abandoned "
            f"{middle[f'pacing.abandon_{count}']:.2%}; VICIdial {middle[f'pacing.vicidial_occupancy_{count}']:.1%}, "
            f"{middle[f'pacing.vicidial_abandon_{count}']:.2%}"
        )
    report.runs.extend(rows)
    report.metrics.update(report.medians())
    if steady_s > 0:
        figures = await steady_figures(seconds=steady_s)
        say(
            f"{figures['pacing.asked_per_second']:g} calls/s asked of a trunk: off by "
            f"{figures['pacing.error_percent']:.2f} %, median gap off by {figures['pacing.gap_off_percent_p50']:.1f} %"
        )
        report.metrics.update(figures)
    return report.to_dict()
