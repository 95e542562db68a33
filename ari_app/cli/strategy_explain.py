"""``ari-app strategy explain``: what a strategy does with an account, and why."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from ari_app.cli.common import (
    JsonOption,
    clock_of,
    console,
    invocation,
    pairs,
    parsed_instant,
    plain,
    print_json,
    run,
    show_table,
)
from ari_app.cli.strategies import StrategyName, path_of, read, sign_offs, stops_of
from ari_app.errors import InputError, Problem

if TYPE_CHECKING:
    from datetime import tzinfo

    from ari_app.config import Settings
    from ari_app.domain.account import Account
    from ari_app.domain.strategy import Effective, Strategy
    from ari_app.domain.triggers import DueStep, Moments
    from ari_app.services.strategy_standing import Passed

#: How far back and ahead steps are shown.
BACK = timedelta(days=31)
AHEAD = timedelta(days=62)


@dataclass(frozen=True, slots=True)
class Explained:
    """What a strategy does with one account."""

    account: Account
    holds: Effective
    passed: list[Passed]
    rollout: str
    steps: tuple[DueStep, ...]
    under_way: DueStep | None
    zone: tzinfo


def explain_strategy(
    context: typer.Context,
    name: StrategyName,
    customer: Annotated[
        str | None, typer.Argument(metavar="[CUSTOMER]", help="Customer id, as in a loaded list.")
    ] = None,
    fact: Annotated[
        list[str] | None,
        typer.Option(
            "--fact",
            metavar="KEY=VALUE",
            help="Instead of a customer: overdue=12, amount=568, risk_level=H, region=Beijing ... (docs/strategies.md).",
        ),
    ] = None,
    at: Annotated[
        str | None,
        typer.Option("--at", metavar="ISO", help="For this instant instead of now: 2026-03-02T10:00+08:00."),
    ] = None,
    json_output: JsonOption = False,
) -> None:
    """The segment of an account and why it is this one; its steps with their times; what holds for its calls.

    ari-app strategy explain telecom-overdue c_10001

    ari-app strategy explain telecom-overdue --fact overdue=12 --fact amount=568
    """
    from ari_app.domain.triggers import Moments
    from ari_app.services.strategy_facts import account_with

    settings = invocation(context).settings
    strategy = read(settings, path_of(settings, name))
    now = parsed_instant(at) if at is not None else clock_of(settings).now()
    if customer is not None:
        asked = [(account, Moments(now)) for account in _accounts(settings, customer, now)]
    else:
        account, promised = account_with(pairs(fact, "--fact"), now, strategy.timezone)
        asked = [(account, Moments(now, () if promised is None else (promised,)))]
    found = [_explained(strategy, account, now, moments) for account, moments in asked]
    standing = _standing(settings, strategy)
    if json_output:
        print_json({"at": now, "standing": standing, "accounts": [_as_object(each) for each in found]})
        return
    for each in found:
        _tell(strategy, each, now)
    for line in standing:
        console().print(plain(line))


def _explained(strategy: Strategy, account: Account, now: datetime, moments: Moments) -> Explained:
    from ari_app.domain.compliance import zone_of
    from ari_app.domain.strategy import effective
    from ari_app.domain.triggers import call_under_way, due_steps
    from ari_app.services.strategy_standing import passed_over, rollout_told

    zone = zone_of(account.timezone) or UTC
    under_way = call_under_way(strategy, account, now, zone, moments)
    step = None if under_way is None else under_way.step
    holds = effective(strategy, account, now.astimezone(zone).date(), step)
    return Explained(
        account,
        holds,
        passed_over(strategy, holds.segment, account, holds.bucket),
        rollout_told(strategy, account),
        due_steps(strategy, account, now - BACK, now + AHEAD, zone, moments),
        under_way,
        zone,
    )


def _accounts(settings: Settings, customer: str, now: datetime) -> list[Account]:
    async def query() -> list[Account]:
        from ari_app.app import open_store

        async with open_store(settings) as store:
            return [each.account for each in await store.contact_facts(customer, now)]

    found = run(query())
    if not found:
        raise InputError([Problem(customer[:100], "customer", "is in no campaign", "an id of a loaded list")])
    return found


def _standing(settings: Settings, strategy: Strategy) -> list[str]:
    """What keeps the strategy from dialling."""
    from ari_app.services.strategy_standing import standing_of, unsigned

    stopped = [
        each.reason
        for each in stops_of(settings)
        if each.strategy == strategy.name and each.resumed_at is None
    ]
    missing = unsigned(strategy, standing_of(sign_offs(settings)))
    return [*(f"{strategy.name} is stopped: {reason}" for reason in stopped), *([missing] if missing else [])]


def _as_object(each: Explained) -> dict[str, object]:
    segment, campaign = each.holds.segment, each.holds.campaign
    return {
        "account_id": each.account.account_id,
        "bucket": each.holds.bucket,
        "segment": segment.name,
        "rollout": each.rollout or None,
        "passed_over": [{"segment": one.segment, "because_not": one.condition} for one in each.passed],
        "tone": segment.tone,
        "flow": campaign.flow,
        "windows": [str(window) for window in campaign.windows],
        "retry_hours": list(campaign.retry_hours),
        "caller_ids": segment.caller_ids,
        "priority": segment.priority,
        "team": segment.team,
        "steps": [
            {"at": one.at, "segment": one.segment.name, "do": one.step.kind, "when": str(one.step.when)}
            for one in each.steps
        ],
    }


def _tell(strategy: Strategy, each: Explained, now: datetime) -> None:
    from ari_app.services.strategy_standing import conditions_of

    out, holds = console(), each.holds
    segment, campaign = holds.segment, holds.campaign
    overdue = (now.astimezone(each.zone).date() - each.account.due_date).days
    days = f"{overdue} days overdue" if overdue > 0 else f"due in {-overdue} days" if overdue else "due today"
    out.print(
        plain(
            f"{holds.name}, {each.account.amount_due} {each.account.currency}, {days}, bucket {holds.bucket}"
        )
    )
    because = "; ".join(f"{name} {words}" for name, words in conditions_of(segment.when)) or "everybody else"
    out.print(f"segment [bold]{plain(segment.name)}[/bold]: {plain(because)}")
    for one in each.passed:
        out.print(plain(f"  not {one.segment}: {one.condition}"))
    if each.rollout:
        out.print(plain(f"roll-out: {each.rollout}"))
    show_table(["what", "value"], _values(holds))
    if not each.steps:
        out.print("no step falls due in the next two months")
        return
    show_table(
        ["time", "step", "when", "what", "segment"],
        [
            (
                one.at.astimezone(each.zone).strftime("%a %Y-%m-%d %H:%M")
                + (" (passed)" if one.at <= now else ""),
                one.step.kind,
                one.step.when,
                one.step.template or (one.step.flow or one.segment.flow),
                one.segment.name,
            )
            for one in each.steps
        ],
    )
    under_way = "none yet" if each.under_way is None else each.under_way.step.name
    out.print(
        plain(
            f"call under way: {under_way}; attempts at {_numbers(campaign.retry_hours)} hours from the first"
        )
    )


def _values(holds: Effective) -> list[tuple[str, str]]:
    segment, campaign = holds.segment, holds.campaign
    offers = [
        *(f"{months} instalments" for months in segment.offers.instalments),
        *([f"deferral of {segment.offers.deferral_days} days"] if segment.offers.deferral_days else []),
        *segment.offers.others,
    ]
    caps = [
        f"{most} a {span}"
        for most, span in ((campaign.dials_per_day, "day"), (campaign.dials_per_week, "week"))
        if most is not None
    ]
    found = [
        ("windows", ", ".join(map(str, campaign.windows))),
        ("dials at most", ", ".join(caps) or f"as {campaign.rule_pack} says"),
        ("tone, flow", f"{segment.tone}, {campaign.flow}"),
        ("messages over", ", ".join(segment.channels)),
        ("caller IDs", segment.caller_ids or "all of the campaign"),
        ("priority", str(segment.priority)),
        ("team", segment.team),
        ("offers", ", ".join(offers)),
        (
            "delays",
            ", ".join(
                f"{one.disposition} {'never' if one.hours is None else f'{one.hours:g} h'}"
                for one in segment.delays
            ),
        ),
        ("experiments", ", ".join(one.name for one in segment.experiments)),
    ]
    return [(key, value) for key, value in found if value]


def _numbers(hours: tuple[float, ...]) -> str:
    return ", ".join(f"{each:g}" for each in hours)
