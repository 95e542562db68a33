"""``ari-app plans``: instalments, deferrals and waivers, from the request to their end."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ari_app.cli.common import (
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
from ari_app.cli.refusals import customer_key
from ari_app.domain.debt.plan import PlanState
from ari_app.errors import InputError, Problem

if TYPE_CHECKING:
    from ari_app.config import Settings
    from ari_app.ports.plans import PlanCase, PlanReply, Plans

app = typer.Typer(
    no_args_is_help=True,
    help=(
        "Plans: instalments, deferrals and waivers. They are asked for, approved by the people that "
        "dialplan/approvals.yaml names, accepted by the customer, and then kept or breached. docs/plans.md"
    ),
)

PlanId = Annotated[str, typer.Argument(metavar="PLAN", help="Id of a plan, as `plans list` shows it.")]
By = Annotated[str, typer.Option("--by", metavar="NAME", help="Who does this: a person's name.")]
Role = Annotated[str, typer.Option("--role", help="The office of that person, as approvals.yaml names it.")]
Why = Annotated[str, typer.Option("--why", help="The reason, which is kept and told.")]


@app.command("list")
def list_plans(
    context: typer.Context,
    customer: Annotated[
        str | None, typer.Option("--of", metavar="CUSTOMER", help="Of this customer alone.")
    ] = None,
    state: Annotated[PlanState | None, typer.Option("--state", help="In this state alone.")] = None,
    json_output: JsonOption = False,
) -> None:
    """The newest plans, at most 500.

    ari-app plans list --state awaiting_approval
    """
    settings = invocation(context).settings
    key = None if customer is None else customer_key(customer)
    found = run(_with_plans(settings, lambda plans: plans.plans(customer_id=key, state=state)))
    if json_output:
        print_json([as_object(each) for each in found])
    elif not found:
        console().print("there is no plan")
    else:
        show_table(
            ["plan", "customer", "bill", "kind", "state", "sum", "covered", "asked for", "approvals"],
            [
                (
                    each.plan_id,
                    each.bill.customer_id,
                    each.bill.bill_id,
                    each.kind,
                    each.state,
                    f"{each.amount + each.fee} {each.currency}"
                    if not each.waived
                    else f"-{each.waived} {each.currency}",
                    each.covered,
                    local(each.requested_at, None),
                    f"{len(each.approvals)} of {each.people}",
                )
                for each in found
            ],
        )


@app.command("show")
def show(context: typer.Context, plan_id: PlanId, json_output: JsonOption = False) -> None:
    """A plan with its instalments, its approvals, and every state that it came into."""
    plan = run(_with_plans(invocation(context).settings, lambda plans: plans.plan(plan_id)))
    if plan is None:
        raise InputError([Problem(plan_id[:100], "plan", "there is no such plan", "an id of `plans list`")])
    _show(plan, json_output)


@app.command("approve")
def approve(
    context: typer.Context,
    plan_id: PlanId,
    by: By,
    role: Role,
    note: Annotated[str, typer.Option("--note", help="A remark, which is kept.")] = "",
    json_output: JsonOption = False,
) -> None:
    """Approve a plan: as many different people as its level asks for, and never the one who asked for it.

    ari-app plans approve PLAN --by "Wang Li" --role supervisor
    """
    now = clock_of(invocation(context).settings).now()
    _do(
        context, json_output, lambda plans: plans.approve(plan_id, by=by, role=role, now=now, note=note[:200])
    )


@app.command("reject")
def reject(
    context: typer.Context, plan_id: PlanId, by: By, role: Role, why: Why, json_output: JsonOption = False
) -> None:
    """Refuse a plan; one person with one of its roles is enough."""
    now = clock_of(invocation(context).settings).now()
    _do(context, json_output, lambda plans: plans.reject(plan_id, by=by, role=role, why=why[:200], now=now))


@app.command("accept")
def accept(context: typer.Context, plan_id: PlanId, by: By, json_output: JsonOption = False) -> None:
    """The customer has accepted an approved plan, after its terms were told to him: it begins.

    ari-app plans accept PLAN --by "Li Na, on the telephone"
    """
    now = clock_of(invocation(context).settings).now()
    _do(context, json_output, lambda plans: plans.accept(plan_id, by=by, now=now))


@app.command("cancel")
def cancel(
    context: typer.Context, plan_id: PlanId, by: By, why: Why, json_output: JsonOption = False
) -> None:
    """Take a plan back; what is still owed is due at once, and collection goes on."""
    now = clock_of(invocation(context).settings).now()
    _do(context, json_output, lambda plans: plans.cancel(plan_id, by=by, why=why[:200], now=now))


@app.command("check")
def check(context: typer.Context, json_output: JsonOption = False) -> None:
    """Read dialplan/approvals.yaml, tell every fault with its line, and who approves what."""
    from ari_app.services.plans.approval_file import APPROVAL_FILE, read_approvals

    table = read_approvals(invocation(context).settings.dialplan_dir / APPROVAL_FILE)
    rows = [
        {
            "level": each.name,
            "kinds": list(each.kinds),
            "up_to": each.up_to,
            "up_to_periods": each.up_to_periods,
            "people": each.people,
            "roles": list(each.roles),
        }
        for each in table.levels
    ]
    if json_output:
        print_json({"grace_days": table.grace_days, "levels": rows})
        return
    show_table(
        ["level", "kinds", "up to", "instalments", "people", "roles"],
        [
            (
                each.name,
                ", ".join(each.kinds),
                each.up_to or "any",
                each.up_to_periods or "any",
                each.people,
                ", ".join(each.roles) or "-",
            )
            for each in table.levels
        ],
    )


async def _with_plans(settings: Settings, ask: Callable[[Plans], Coroutine[Any, Any, Any]]) -> Any:
    from ari_app.app import open_store

    async with open_store(settings) as store:
        return await ask(store.plans)


def _do(
    context: typer.Context, json_output: bool, act: Callable[[Plans], Coroutine[Any, Any, PlanReply]]
) -> None:
    tell_reply(run(_with_plans(invocation(context).settings, act)), json_output)


def tell_reply(reply: PlanReply, json_output: bool) -> None:
    """Show what became of the plan; a refusal is an error with its reason."""
    if reply.answer != "done":
        if json_output and reply.plan is not None:
            print_json(as_object(reply.plan))
        where = "plan" if reply.plan is None else reply.plan.plan_id
        raise InputError([Problem(where, "", reply.reason)])
    assert reply.plan is not None
    _show(reply.plan, json_output)


def _show(plan: PlanCase, json_output: bool) -> None:
    if json_output:
        print_json(as_object(plan))
        return
    out, bill = console(), plan.bill
    out.print(plain(f"{plan.plan_id}: {plan.kind} of customer {bill.customer_id}, bill {bill.bill_id}"))
    out.print(plain(f"{plan.state}" + (f": {plan.why}" if plan.why else "")))
    sums = (
        f"waived {plan.waived}" if plan.waived else f"{plan.amount}, fee {plan.fee}, covered {plan.covered}"
    )
    out.print(
        plain(f"{sums} {plan.currency}; level {plan.level}, {len(plan.approvals)} of {plan.people} approvals")
    )
    if plan.instalments:
        show_table(
            ["instalment", "day", "amount", "covered", "state"],
            [
                (number, each.instalment.day, each.instalment.amount, each.covered, each.state)
                for number, each in enumerate(plan.instalments, 1)
            ],
        )
    show_table(
        ["state", "since", "by", "why"],
        [(each.state, local(each.at, None), each.by, each.why) for each in plan.steps],
    )


def as_object(plan: PlanCase) -> dict[str, object]:
    """A plan as JSON; amounts as text."""
    return {
        "plan_id": plan.plan_id,
        "customer_id": plan.bill.customer_id,
        "account_id": plan.bill.account_id,
        "bill_id": plan.bill.bill_id,
        "kind": plan.kind,
        "state": plan.state,
        "why": plan.why,
        "source": plan.source,
        "requested_by": plan.requested_by,
        "requested_at": plan.requested_at,
        "currency": plan.currency,
        "amount": plan.amount,
        "fee": plan.fee,
        "waived": plan.waived,
        "covered": plan.covered,
        "left": plan.left,
        "periods": len(plan.instalments),
        "paid_periods": plan.paid_periods,
        "level": plan.level,
        "people": plan.people,
        "roles": list(plan.roles),
        "accepted_at": plan.accepted_at,
        "accepted_by": plan.accepted_by,
        "activated_at": plan.activated_at,
        "instalments": [
            {
                "day": each.instalment.day.isoformat(),
                "amount": each.instalment.amount,
                "covered": each.covered,
                "state": each.state,
            }
            for each in plan.instalments
        ],
        "approvals": [{"name": each.name, "role": each.role, "at": each.at} for each in plan.approvals],
        "steps": [
            {"state": each.state, "at": each.at, "by": each.by, "why": each.why} for each in plan.steps
        ],
    }
