"""Simulates orders into a folder: files, figures, report."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ari_app.simulate.figures import Figures, Prices, figures_of
from ari_app.simulate.order import Order
from ari_app.simulate.report import write_report
from ari_app.simulate.run import Progress, simulate


@dataclass(frozen=True, slots=True)
class Terms:
    """What a report reckons with, and how many processes work (None: as many as there are cores)."""

    agents: int
    prices: Prices
    workers: int | None = None


def simulate_into(
    folder: Path, orders: Sequence[Order], terms: Terms, progress: Progress = lambda _: None
) -> list[Figures]:
    """Simulate one order into a folder, or two into folders of it with a report of both."""
    found: list[Figures] = []
    names = [""] if len(orders) == 1 else [_name(number, order) for number, order in enumerate(orders, 1)]
    for number, (name, order) in enumerate(zip(names, orders, strict=True)):
        place = folder / name
        place.mkdir(exist_ok=True)

        def passed(share: float, before: int = number) -> None:
            progress((before + share) / len(orders))

        done = simulate(order, place, terms.workers, passed)
        figures = figures_of(order, done, terms.agents, terms.prices)
        text = json.dumps(figures.summary, ensure_ascii=False, indent=2) + "\n"
        (place / "summary.json").write_text(text, encoding="utf-8")
        write_report(place, [figures])
        found.append(figures)
    if len(found) > 1:
        write_report(folder, found, [f"{name}/" for name in names])
    return found


def _name(number: int, order: Order) -> str:
    return f"{number}-{order.strategy.name}-{order.strategy.version}"
