"""What a simulation comes to: the figures of the report and of summary.json, with their formulas in docs/simulate.md."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import timedelta

from ari_app.simulate.desk import DeskLoad, desk_load
from ari_app.simulate.order import Order
from ari_app.simulate.run import Simulated
from ari_app.simulate.tally import Tally


@dataclass(frozen=True, slots=True)
class Prices:
    """What a begun minute of an answered call, a message and an hour of an agent cost, in the accounts' currency."""

    minute: float
    message: float
    agent_hour: float


#: Prices where nobody names others. Assumptions, of no offer of anybody.
USUAL_PRICES: Mapping[str, Prices] = {"CNY": Prices(0.10, 0.05, 45.0), "USD": Prices(0.015, 0.01, 25.0)}


@dataclass(frozen=True, slots=True)
class Figures:
    """``summary`` is written as summary.json; ``tally`` and ``desk`` are what the plots are drawn from."""

    title: str
    summary: Mapping[str, object]
    tally: Tally
    desk: DeskLoad
    cost: Mapping[str, float]
    currency: str
    days: int
    lines: int


def figures_of(order: Order, done: Simulated, agents: int, prices: Prices) -> Figures:
    """Every figure of a simulation."""
    tally, calendar = done.tally, order.rules.calendar
    days = [order.start + timedelta(days=day) for day in range(order.days)]
    worked = [number for number, day in enumerate(days) if calendar.is_working_day(day)]
    desk = desk_load(tally.work, agents, worked)
    cost = {
        "calls": tally.billed_minutes * prices.minute,
        "messages": tally.messages * prices.message,
        "agents": desk.agents * desk.open_hours * prices.agent_hour,
    }
    strategy = order.strategy
    summary = {
        "strategy": strategy.name,
        "strategy_version": strategy.version,
        "rule_pack": strategy.rule_pack,
        "seed": order.seed,
        "start": order.start.isoformat(),
        "days": order.days,
        "timezone": strategy.timezone,
        "lines": order.lines,
        "calls_per_second": order.calls_per_second,
        "caller_ids": list(order.dialler.caller_id_pool),
        "currency": order.world.currency,
        "prices": asdict(prices),
        "agents": agents,
        "figures": _key_figures(tally, desk, cost),
        "funnel": tally.funnel(),
        "dispositions": dict(sorted(tally.dispositions.items())),
        "events": dict(sorted(tally.events.items())),
        "refusals": dict(sorted(tally.refusals.items())),
        "accounts_held_back": dict(sorted(tally.capped.items())),
        "steps": dict(sorted(tally.by_step.items())),
        "recovered_by_debt_type": {
            name: {"due": tally.due[name] / 100, "recovered": tally.recovered[name] / 100}
            for name in sorted(tally.due)
        },
        "sha256": done.digests,
    }
    title = f"{strategy.name} {strategy.version}"
    return Figures(title, summary, tally, desk, cost, order.world.currency, order.days, order.lines)


def _key_figures(tally: Tally, desk: DeskLoad, cost: Mapping[str, float]) -> dict[str, float]:
    recovered, due = tally.recovered_by_day.total() / 100, tally.due.total() / 100
    spent = sum(cost.values())
    answered = tally.answers_by_hour.total()
    return {
        "accounts": tally.accounts_by_type.total(),
        "customers": tally.customers,
        "contacts": tally.dials + tally.messages,
        "dials": tally.dials,
        "messages": tally.messages,
        "verdicts": tally.verdicts,
        "refusals": tally.refusals.total(),
        "answer_rate": _share(answered, tally.dials),
        "promises": tally.events["promise_made"],
        "paid_accounts": tally.paid_accounts,
        "due": due,
        "recovered": recovered,
        "recovered_after_contact": tally.recovered_after_contact / 100,
        "recovery_rate": _share(recovered, due),
        "opt_outs": tally.events["opt_out"],
        "complaints": tally.dispositions["complaint"],
        "talk_hours": round(tally.talk_seconds / 3600, 1),
        "agent_occupancy": round(desk.occupancy, 4),
        "agent_wait_hours": round(desk.waited_hours, 2),
        "agent_tasks": len(tally.work),
        "agent_tasks_left": desk.left,
        "cost": round(spent, 2),
        "cost_per_recovered": _share(spent, recovered),
    }


def _share(part: float, whole: float) -> float:
    return round(part / whole, 4) if whole else 0.0
