"""``ari-app caller-ids``: the numbers that calls show, how they do, and which of them rest."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from ari_app.cli.common import (
    EXIT_FAILED,
    JsonOption,
    clock_of,
    console,
    invocation,
    local,
    plain,
    print_json,
    run,
    show_table,
)
from ari_app.domain.caller_id import NumberRules, held_until
from ari_app.errors import InputError, Problem

if TYPE_CHECKING:
    from datetime import datetime

    from ari_app.config import Settings
    from ari_app.domain.campaign import Campaign
    from ari_app.store.caller_ids import CallerIdState

app = typer.Typer(
    no_args_is_help=True,
    help="Caller IDs: which numbers calls show, how often they are answered, which are marked as spam or rest.",
)

Number = Annotated[str, typer.Argument(metavar="NUMBER", help="A caller ID: 010-65551234, +861065551234.")]


@app.command("list")
def list_command(context: typer.Context, json_output: JsonOption = False) -> None:
    """Every number of the settings and of the campaigns: dials and answers of 24 hours, marks, rests, tests."""
    settings = invocation(context).settings
    now, found, campaigns = run(_read(settings))
    rules = {each.number: each.rules for each in settings.caller_ids}
    if json_output:
        print_json([_as_object(each, rules, campaigns, now) for each in found])
        return
    show_table(
        ["caller ID", "approved", "campaigns", "dials 24 h", "answered", "in progress", "now"],
        [
            (
                each.number,
                "yes" if each.number in rules else ("no" if rules else "(any)"),
                ", ".join(_users(each.number, campaigns)) or "-",
                each.use.dials,
                f"{each.use.answered / each.use.dials:.0%}" if each.use.dials else "-",
                each.use.open,
                _condition(each, rules, now),
            )
            for each in found
        ],
    )


@app.command("check")
def check(context: typer.Context, json_output: JsonOption = False) -> None:
    """What is wrong with the numbers of running campaigns: not approved, marked, failed at its test, badly answered.

    A number is badly answered when its answer rate of 24 hours, of at least 50 dials, is below half of the pool's.
    Exit code 1 where something is wrong.
    """
    settings = invocation(context).settings
    _, found, campaigns = run(_read(settings))
    rules = {each.number: each.rules for each in settings.caller_ids}
    states = {each.number: each for each in found}
    faults: list[dict[str, str]] = []
    for campaign in campaigns:
        pool = campaign.dialler.caller_id_pool
        dials = sum(states[each].use.dials for each in pool)
        usual = sum(states[each].use.answered for each in pool) / dials if dials else 0.0
        for number in pool:
            wrong = _wrong(states[number], rules, usual)
            faults += [
                {"campaign": campaign.campaign_id, "caller_id": number, "wrong": each} for each in wrong
            ]
    if json_output:
        print_json(faults)
    else:
        for each in faults:
            console().print(f"{plain(each['campaign'])}: {each['caller_id']} {plain(each['wrong'])}")
        if not faults:
            console().print("nothing is wrong with the caller IDs of running campaigns")
    if faults:
        raise typer.Exit(EXIT_FAILED)


@app.command("mark")
def mark(
    context: typer.Context,
    number: Number,
    source: Annotated[
        str, typer.Option("--source", help="Who says so: a customer, a register ...")
    ] = "operator",
    clear: Annotated[bool, typer.Option("--clear", help="Take the mark away.")] = False,
    test: Annotated[
        str | None,
        typer.Option(
            "--test", metavar="RESULT", help="passed or failed: note what a test call showed instead."
        ),
    ] = None,
    json_output: JsonOption = False,
) -> None:
    """Note that telephones show a number as spam, or what a test call showed; it is not shown any more, at once.

    ari-app caller-ids mark 010-65551234 --source "customer c_10001"

    ari-app caller-ids mark 010-65551234 --test failed

    ari-app caller-ids mark 010-65551234 --clear
    """
    if test not in (None, "passed", "failed"):
        raise typer.BadParameter("--test is passed or failed")
    settings = invocation(context).settings
    known = _number(settings, number)

    async def change() -> None:
        from ari_app.app import open_store

        now = clock_of(settings).now()
        async with open_store(settings) as store:
            if test is not None:
                await store.test_caller_id(known, now, test == "passed")
            else:
                await store.mark_caller_id(known, None if clear else now, source[:100])

    run(change())
    said = f"test {test}" if test is not None else ("mark taken away" if clear else "marked as spam")
    _told(known, said, json_output)


@app.command("rest")
def rest(
    context: typer.Context,
    number: Number,
    hours: Annotated[
        float, typer.Option("--hours", min=0.0, max=8760.0, help="For so long; 0 ends a rest.")
    ] = 72.0,
    reason: Annotated[str, typer.Option("--reason", help="Why, in a few words.")] = "",
    json_output: JsonOption = False,
) -> None:
    """Do not show a number for a while.

    ari-app caller-ids rest 010-65551234 --hours 72 --reason "few answers"
    """
    settings = invocation(context).settings
    known = _number(settings, number)

    async def change() -> None:
        from ari_app.app import open_store

        until = clock_of(settings).now() + timedelta(hours=hours) if hours > 0 else None
        async with open_store(settings) as store:
            await store.rest_caller_id(known, until, reason[:200])

    run(change())
    _told(known, f"rests for {hours:g} h" if hours > 0 else "rests no more", json_output)


def _number(settings: Settings, text: str) -> str:
    from ari_app.services.model_problems import RefusedError
    from ari_app.services.phones import parse_caller_id

    try:
        return parse_caller_id(text, settings.defaults.country)
    except RefusedError as error:
        raise InputError([Problem(text[:100], "number", error.wrong, error.allowed)]) from error


def _told(number: str, said: str, json_output: bool) -> None:
    if json_output:
        print_json({"caller_id": number, "changed": said})
    else:
        console().print(f"{number}: {said}")


async def _read(settings: Settings) -> tuple[datetime, list[CallerIdState], list[Campaign]]:
    from ari_app.app import open_store
    from ari_app.domain.campaign import CampaignStatus

    now = clock_of(settings).now()
    async with open_store(settings) as store:
        running = [each for each in await store.campaigns() if each.status is CampaignStatus.RUNNING]
        numbers = [each.number for each in settings.caller_ids]
        numbers += [number for each in running for number in each.dialler.caller_id_pool]
        return now, await store.caller_id_states(numbers, now), running


def _users(number: str, campaigns: list[Campaign]) -> list[str]:
    return [each.campaign_id for each in campaigns if number in each.dialler.caller_id_pool]


def _condition(state: CallerIdState, rules: dict[str, NumberRules], now: datetime) -> str:
    if state.use.marked:
        return f"marked as spam ({plain(state.mark_source)})"
    if state.use.test_failed:
        return "its test call failed"
    until = held_until(rules.get(state.number, NumberRules()), state.use, now)
    return "ready" if until is None or until <= now else f"not before {local(until, None)}"


def _wrong(state: CallerIdState, rules: dict[str, NumberRules], usual: float) -> list[str]:
    use = state.use
    found = []
    if rules and state.number not in rules:
        found.append("does not stand in caller_ids of the settings")
    if use.marked:
        found.append(f"is marked as spam ({state.mark_source})")
    if use.test_failed:
        found.append("has failed its test call")
    if use.dials >= 50 and use.answered / use.dials < usual / 2.0:
        found.append(f"is answered at {use.answered / use.dials:.0%}, the pool at {usual:.0%}")
    return found


def _as_object(
    state: CallerIdState, rules: dict[str, NumberRules], campaigns: list[Campaign], now: datetime
) -> dict[str, object]:
    use = state.use
    return {
        "caller_id": state.number,
        "approved": state.number in rules,
        "campaigns": _users(state.number, campaigns),
        "dials_24h": use.dials,
        "answered_24h": use.answered,
        "in_progress": use.open,
        "marked_at": state.marked_at,
        "mark_source": state.mark_source,
        "rests_until": use.rests_until,
        "rest_reason": state.rest_reason,
        "tested_at": state.tested_at,
        "test_failed": use.test_failed,
        "now": _condition(state, rules, now),
    }
