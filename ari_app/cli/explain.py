"""``ari-app explain``: why a customer was called, or was not, and when he may be called next."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from ari_app.cli.common import (
    FullOption,
    JsonOption,
    clock_of,
    console,
    invocation,
    local,
    masked_name,
    masked_phone,
    parsed_instant,
    plain,
    print_json,
    run,
    show_table,
)
from ari_app.cli.held_back import waits_for
from ari_app.errors import InputError, Problem

if TYPE_CHECKING:
    from ari_app.config import Settings
    from ari_app.domain.compliance import ContactFacts, DialVerdict, NextContact, Refusal
    from ari_app.domain.numbers import NumberState
    from ari_app.domain.placement import Placed
    from ari_app.domain.record import AttemptRecord
    from ari_app.ports import VerdictRecord
    from ari_app.store.sqlite_store import SqliteStore

_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Standing:
    """One account of the customer: what the gate says at the instant, all that blocks, when it next says yes, and where
    warnings before a suspension and questions after a promise have their place.
    """

    facts: ContactFacts
    verdict: DialVerdict
    blocking: tuple[Refusal, ...]
    next: NextContact
    events: tuple[Placed, ...] = ()


def explain_command(
    context: typer.Context,
    customer: Annotated[str, typer.Argument(metavar="CUSTOMER", help="Customer id, as in the list.")],
    at: Annotated[
        str | None,
        typer.Option(
            "--at", metavar="ISO", help="Ask for this instant instead of now: 2026-03-02T10:00+08:00."
        ),
    ] = None,
    full: FullOption = False,
    json_output: JsonOption = False,
) -> None:
    """Why a customer was called, or not: the rules that block, the next allowed time, and all that was tried.

    The verdict is asked of the same rules that the dialler asks, with what the store knows.

        ari-app explain c_10001

        ari-app explain c_10001 --at 2026-03-07T21:30+08:00
    """
    settings = invocation(context).settings
    instant = parsed_instant(at) if at is not None else clock_of(settings).now()
    standings, verdicts, attempts = run(_read(settings, customer, instant))
    if json_output:
        print_json(
            {
                "customer_id": customer,
                "at": instant,
                "accounts": [_as_object(standing, full) for standing in standings],
                "verdicts": [_verdict_object(record) for record in verdicts],
                "attempts": [
                    record.to_export() | {"phone": masked_phone(record.phone, full)} for record in attempts
                ],
            }
        )
        return
    _tell(customer, instant, standings, verdicts, attempts, full)


async def _read(
    settings: Settings, customer: str, at: datetime
) -> tuple[list[Standing], list[VerdictRecord], list[AttemptRecord]]:
    from ari_app.app import open_store, strategy_directory
    from ari_app.domain.compliance import blocking, decide, next_allowed
    from ari_app.services.follow_ups import events_for
    from ari_app.services.rule_directory import RuleDirectory

    rules = RuleDirectory(settings.dialplan_dir)
    book, strategies = rules.book, strategy_directory(settings, rules).book
    async with open_store(settings) as store:
        store.use_strategies(lambda: strategies)
        found = await store.contact_facts(customer, at)
        if not found:
            problem = Problem(customer[:100], "customer", "is in no campaign", "an id of a loaded list")
            raise InputError([problem])
        attempts = await store.attempts(customer_id=customer)
        standings = [
            Standing(
                facts,
                decide(book, facts, at),
                blocking(book, facts, at),
                next_allowed(book, facts, at),
                await events_for(store, strategies, book, facts, await _promised(store, facts), at),
            )
            for facts in found
        ]
        return standings, await store.verdicts(customer), attempts


async def _promised(store: SqliteStore, facts: ContactFacts) -> tuple[date, ...]:
    from ari_app.ports import BillKey

    account = facts.account
    return await store.debts.promised_days(BillKey(account.customer_id, account.account_id, account.bill_id))


def _as_object(standing: Standing, full: bool) -> dict[str, object]:
    account, verdict = standing.facts.account, standing.verdict
    return {
        "campaign_id": standing.facts.campaign.campaign_id,
        "account_id": account.account_id,
        "bill_id": account.bill_id,
        "phone": masked_phone(account.phone, full),
        "name": masked_name(account.name, full),
        "timezone": account.timezone,
        "strategy": asdict(standing.facts.placement) if standing.facts.placement.strategy else None,
        "allowed": verdict.allowed,
        "rule": verdict.rule,
        "reason": verdict.reason,
        "rule_pack": _pack_of(verdict),
        "until": verdict.until,
        "blocking": [
            {"rule": each.rule, "reason": each.reason, "until": each.until} for each in standing.blocking
        ],
        "next_allowed": standing.next.at,
        "next_rule": standing.next.verdict.rule,
        "next_rule_pack": _pack_of(standing.next.verdict),
        "attempts_made": standing.facts.attempts_made,
        "planned_for": standing.facts.due_at,
        "events": [
            {"name": each.wanted.name, "wanted": each.wanted.at, "at": each.at, "reason": each.reason}
            for each in standing.events
        ],
        "waits_for": waits_for(standing.facts.campaign),
        "numbers": [
            {
                "phone": masked_phone(each.phone, full),
                "next": each.phone == account.phone,
                "dead": each.dead,
                "listed": each.listed,
                "unreached": each.unreached,
            }
            for each in standing.facts.numbers
        ],
    }


def _number(state: NumberState, following: bool, full: bool) -> str:
    """One of several numbers, in words."""
    if state.dead is not None:
        said = f"never again ({state.dead})"
    elif state.listed:
        said = "on a list"
    else:
        said = f"{state.unreached} dials without success"
    return f"{masked_phone(state.phone, full)} {said}" + (", the next one" if following else "")


def _attempts_made(facts: ContactFacts) -> str:
    """How many attempts were made, of how many; by a strategy file each step and segment counts for itself."""
    strategy = facts.campaign.strategy
    of_step, of_segment = len(strategy.retry_hours), strategy.max_attempts
    if facts.made_in_segment is None:
        return f"{facts.attempts_made} of {min(of_segment, of_step)} made"
    step = f"{facts.made_in_step} of {of_step} of this step, " if facts.placement.step else ""
    return f"{step}{facts.made_in_segment} of {of_segment} of this segment, {facts.attempts_made} in all"


def _pack_of(verdict: DialVerdict) -> str:
    return f"{verdict.rule_pack}/{verdict.rule_pack_version}"


def _moment(record: VerdictRecord) -> str:
    """What was about to be done when the rules were asked."""
    if record.channel == "call":
        return {"plan": "reserving", "dial": "dialling"}.get(record.asked, record.asked)
    what = "a message" if record.channel == "message" else f"a message over {record.channel}"
    return f"{'reserving' if record.asked == 'plan' else 'sending'} {what}"


def _verdict_object(record: VerdictRecord) -> dict[str, object]:
    found = asdict(record.verdict) | {"campaign_id": record.campaign_id, "asked": record.asked}
    return (
        found
        | {"attempt_id": record.attempt_id, "last_at": record.last_at, "count": record.count}
        | {"channel": record.channel}
    )


def _tell(
    customer: str,
    at: datetime,
    standings: list[Standing],
    verdicts: list[VerdictRecord],
    attempts: list[AttemptRecord],
    full: bool,
) -> None:
    from ari_app.domain.compliance import zone_of

    out = console()
    first = standings[0].facts.account
    zone = zone_of(first.timezone)
    out.print(
        f"[bold]{plain(customer)}[/bold]  {plain(masked_name(first.name, full))}  "
        f"{plain(masked_phone(first.phone, full))}  {plain(first.timezone)}"
    )
    out.print(f"asked for {local(at, zone)}\n")
    for standing in standings:
        facts, verdict = standing.facts, standing.verdict
        account = facts.account
        there = zone_of(account.timezone)
        answer = "[green]may be called[/green]" if verdict.allowed else "[red]may not be called[/red]"
        out.print(
            f"campaign {plain(facts.campaign.campaign_id)}, account {plain(account.account_id)}, "
            f"bill {plain(account.bill_id)}: {answer}"
        )
        if (waits := waits_for(facts.campaign)) is not None:
            out.print(f"  nothing is dialled: {plain(waits)}")
        place = facts.placement
        if place.strategy:
            step = f", step {place.step}" if place.step else ""
            out.print(plain(f"  strategy {place.strategy} {place.version}, segment {place.segment}{step}"))
        out.print(f"  rule {verdict.rule} ({plain(_pack_of(verdict))}): {plain(verdict.reason)}")
        for each in standing.blocking[1:]:
            lasts = f", until {local(each.until, there)}" if each.until is not None else ""
            out.print(f"  also {each.rule}: {plain(each.reason)}{lasts}")
        out.print(f"  attempts: {_attempts_made(facts)}")
        for each_number in facts.numbers:
            out.print(f"  number {plain(_number(each_number, each_number.phone == account.phone, full))}")
        if facts.due_at is not None:
            out.print(f"  planned for {local(facts.due_at, there)}")
        for event in standing.events:
            when = "no call" if event.at is None else local(event.at, there)
            out.print(f"  {event.wanted.name}: {when} ({plain(event.reason)})")
        if not verdict.allowed:
            if standing.next.at is not None:
                out.print(
                    f"  next allowed: {local(standing.next.at, there)} ({plain(_pack_of(standing.next.verdict))})"
                )
            else:
                last = standing.next.verdict
                out.print(
                    f"  next allowed: not before something is changed ({last.rule}: {plain(last.reason)})"
                )
    out.print()
    if attempts:
        show_table(
            ["dialled", "campaign", "attempt", "caller ID", "disposition", "talk s", "what follows"],
            [
                (
                    local(record.dialled_at, zone) if record.dialled_at else "(no call left)",
                    record.campaign_id,
                    record.number,
                    record.caller_id,
                    record.disposition or "(open)",
                    f"{record.talk_seconds:.0f}",
                    record.plan_reason or "",
                )
                for record in attempts[-_SHOWN:]
            ],
        )
    else:
        out.print("never dialled")
    if verdicts:
        out.print()
        show_table(
            ["decided", "asked before", "answer", "rule", "reason"],
            [
                (
                    local(record.at, zone) + (f" ({record.count} times)" if record.count > 1 else ""),
                    _moment(record),
                    "yes" if record.verdict.allowed else "no",
                    record.verdict.rule,
                    record.verdict.reason,
                )
                for record in verdicts[-_SHOWN:]
            ],
        )
