"""``ari-app nightly``: the night's work by hand."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import typer

from ari_app.cli.common import JsonOption, clock_of, console, invocation, print_json, run

if TYPE_CHECKING:
    from ari_app.config import Settings
    from ari_app.services.nightly import NightlyReport


def nightly_command(context: typer.Context, json_output: JsonOption = False) -> None:
    """Let bills grow older, plan warnings before suspensions, put calls in order; a serving controller does so every night.

    It may run beside a serving controller, and twice: the second time changes nothing.

        ari-app nightly
    """
    report = run(_work(invocation(context).settings))
    if json_output:
        print_json(asdict(report))
        return
    console().print(f"{report.aged} accounts are in another aging bucket now")
    console().print(f"{report.pulled} attempts are planned for a warning before a suspension")
    console().print(f"{report.reordered} accounts have another place in the order of calls")
    if report.no_place:
        console().print(f"{report.no_place} warnings have no allowed instant: see ari-app explain CUSTOMER")


async def _work(settings: Settings) -> NightlyReport:
    from ari_app.app import open_store, strategy_directory
    from ari_app.services.nightly import Nightly
    from ari_app.services.rule_directory import RuleDirectory

    rules = RuleDirectory(settings.dialplan_dir)
    strategies = strategy_directory(settings, rules).book
    async with open_store(settings) as store:
        store.use_strategies(lambda: strategies)
        return await Nightly(store, clock_of(settings), lambda: rules.book).run()
