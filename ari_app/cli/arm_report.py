"""``ari-app attempts arms``: what came of each arm of the experiments, and which arms a customer has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from ari_app.cli.campaigns import existing
from ari_app.cli.common import JsonOption, console, invocation, local, plain, print_json, run, show_table
from ari_app.domain.arm_report import GroupedBy

if TYPE_CHECKING:
    from ari_app.config import Settings
    from ari_app.domain.arm_report import ArmCount, AssignedArm

_HEADINGS = {
    "customers": "customers",
    "attempts": "attempts",
    "answered": "answered",
    "verified": "verified",
    "promises": "promises",
    "complaints": "complaints",
    "answered_share": "answered %",
    "verified_share": "verified %",
    "promise_share": "promised %",
}


def arms(
    context: typer.Context,
    campaign: Annotated[
        str | None, typer.Option("--campaign", metavar="ID", help="Only attempts of this campaign.")
    ] = None,
    customer: Annotated[
        str | None,
        typer.Option("--customer", metavar="ID", help="Instead: every arm that this customer was given."),
    ] = None,
    by: Annotated[
        GroupedBy | None,
        typer.Option(
            "--by", help="Apart for each aging bucket, customer level, risk level or language of the list."
        ),
    ] = None,
    json_output: JsonOption = False,
) -> None:
    """What came of each arm of the experiments. An attempt counts for the arms with which it was dialled.

    customers: different customers with at least one dialled attempt of the arm. attempts: attempts that were dialled.
    answered: of these, those that were answered. verified: of these, those in which the customer was verified.
    promises: of these, those with a promise to pay that was confirmed. complaints: attempts whose result is a complaint.
    answered % = answered / attempts; verified % = verified / answered; promised % = promises / verified.

        ari-app attempts arms --campaign winter-2026

        ari-app attempts arms --by bucket

        ari-app attempts arms --customer c_10001
    """
    settings = invocation(context).settings
    if customer is not None:
        if campaign is not None or by is not None:
            raise typer.BadParameter("--customer stands alone: a customer's arms hold in every campaign")
        _tell_customer(run(_assigned(settings, customer)), json_output)
        return
    found = run(_counts(settings, campaign, by))
    if json_output:
        from ari_app.domain.arm_report import FORMULAS

        rows = [
            {"experiment": one.experiment, "arm": one.arm}
            | ({} if by is None else {"group": one.customer_group})
            | one.figures()
            for one in found
        ]
        print_json({"campaign": campaign, "arms": rows, "formulas": FORMULAS})
        return
    if not found:
        console().print("no attempt was dialled in an experiment yet")
        return
    show_table(
        ["experiment", *([] if by is None else [by.value]), "arm", *_HEADINGS.values()],
        [
            (one.experiment, *([] if by is None else [one.customer_group or "-"]), one.arm, *_cells(one))
            for one in found
        ],
    )


async def _counts(settings: Settings, campaign: str | None, by: GroupedBy | None) -> list[ArmCount]:
    from ari_app.app import open_store

    async with open_store(settings) as store:
        if campaign is not None:
            await existing(store, campaign)
        return await store.arm_counts(campaign, by)


async def _assigned(settings: Settings, customer: str) -> list[AssignedArm]:
    from ari_app.app import open_store

    async with open_store(settings) as store:
        return await store.assigned_arms(customer)


def _cells(count: ArmCount) -> list[str]:
    figures = count.figures()
    return [
        ("-" if figures[name] is None else f"{100.0 * (figures[name] or 0):.1f}")
        if name.endswith("_share")
        else str(figures[name])
        for name in _HEADINGS
    ]


def _tell_customer(found: list[AssignedArm], json_output: bool) -> None:
    if json_output:
        print_json(
            [
                {
                    "experiment": one.experiment,
                    "arm": one.arm,
                    "number": one.number,
                    "reason": one.reason.value,
                    "attempt_id": one.attempt_id,
                    "assigned_at": one.assigned_at,
                }
                for one in found
            ]
        )
        return
    if not found:
        console().print("this customer has been given no arm")
        return
    for one in found:
        why = "" if one.number == 1 else ", because the arm before it was taken out"
        line = f"{one.experiment} {one.arm}: since {local(one.assigned_at, None)}, {one.attempt_id}{why}"
        console().print(plain(line))
