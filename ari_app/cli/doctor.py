"""``ari-app doctor``: is everything there, and how to mend what is not."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from ari_app.cli.common import EXIT_FAILED, JsonOption, clock_of, console, invocation, plain, print_json, run

if TYPE_CHECKING:
    from ari_app.cli.common import Invocation
    from ari_app.services.doctor import Check

_COLOURS = {"ok": "green", "warn": "yellow", "fail": "red"}


def doctor_command(
    context: typer.Context,
    offline: Annotated[
        bool, typer.Option("--offline", help="Look at this machine only; do not talk to Asterisk.")
    ] = False,
    json_output: JsonOption = False,
) -> None:
    """Look at everything that calling people needs, and say how to mend what is missing.

    Every line is ok, warn (works, but something is missing) or fail (calls cannot be made). Exit code 1 when a line
    is fail. It never disturbs a running controller.

        ari-app doctor

        ari-app --config /etc/ari-app.yaml doctor --json
    """
    from ari_app.services.doctor import Health, worst

    checks = _checks(invocation(context), offline)
    health = worst(checks)
    if json_output:
        print_json({"health": health, "checks": [asdict(check) for check in checks]})
    else:
        out = console()
        width = max(len(check.name) for check in checks)
        for check in checks:
            colour = _COLOURS[check.health]
            out.print(
                f"[{colour}]{check.health:<4}[/{colour}]  {plain(check.name):<{width}}  {plain(check.found)}"
            )
            if check.mend:
                out.print(f"{'':<{width + 6}}  mend: {plain(check.mend)}")
    if health is Health.FAIL:
        raise typer.Exit(EXIT_FAILED)


def _checks(invoked: Invocation, offline: bool) -> list[Check]:
    from ari_app.cli import doctor_checks as checks
    from ari_app.cli.doctor_messages import check_messages
    from ari_app.cli.doctor_payments import check_payments
    from ari_app.cli.held_back import check_modes
    from ari_app.config import config_path
    from ari_app.errors import ConfigError
    from ari_app.services import doctor

    report = [doctor.check_python(), doctor.check_packages()]
    try:
        settings = invoked.settings
    except ConfigError as error:
        return [
            *report,
            doctor.fail("settings", str(error), "mend the line; docs/settings.md lists every setting"),
        ]
    config = config_path(invoked.config)
    report.append(doctor.ok("settings", str(config) if config else "defaults: no settings file"))
    report += [doctor.check_private(path, name) for name, path in checks.secret_files(settings, config)]
    report += [
        doctor.check_data_dir(settings.data_dir),
        doctor.check_disk(settings.recordings_dir),
        doctor.check_hostname(),
        doctor.check_clock(clock_of(settings).now(), {"Asia/Shanghai", settings.defaults.timezone}),
        *checks.check_operators_files(settings),
        *checks.check_rules(settings, clock_of(settings).now().year),
        *checks.check_strategies(settings),
        *checks.check_integrations(settings),
        *checks.check_recognisers(settings),
        *checks.check_voices(settings),
        *check_messages(settings),
        *check_payments(settings, clock_of(settings).now()),
        *run(check_modes(settings)),
        checks.check_binary(),
    ]
    if not offline:
        report += run(checks.all_server_checks(settings))
    return report
