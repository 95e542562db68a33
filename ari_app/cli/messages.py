"""``ari-app messages``: templates, what was written to customers, and what they wrote back."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ari_app.cli.common import (
    EXIT_FAILED,
    FullOption,
    JsonOption,
    clock_of,
    console,
    invocation,
    local,
    masked_phone,
    plain,
    print_json,
    run,
    show_table,
)
from ari_app.cli.refusals import customer_key
from ari_app.domain.messages.message import CHANNELS, MessageState, Origin, Purpose
from ari_app.errors import AriAppError, InputError, Problem

if TYPE_CHECKING:
    from ari_app.config import Settings
    from ari_app.domain.account import Account
    from ari_app.domain.messages.template import Rendered, Template, Unfit
    from ari_app.ports.messages import MessageRecord, ReplyRecord

app = typer.Typer(
    no_args_is_help=True,
    help=(
        "Messages to customers: templates, what was sent and what became of it, and what customers wrote back. "
        "docs/messages.md tells how they are worded, asked and counted."
    ),
)
Limit = Annotated[int, typer.Option("--limit", min=1, max=10_000, help="At most so many.")]
MessageId = Annotated[str, typer.Argument(metavar="MESSAGE", help="The id of a message: msg-...")]
TemplateName = Annotated[str, typer.Argument(metavar="TEMPLATE", help="The name of a template.")]
Customer = Annotated[str, typer.Argument(metavar="CUSTOMER", help="Customer id, as in the list.")]
Channel = Annotated[str, typer.Option("--channel", help=f"One of {', '.join(CHANNELS)}.")]


@app.command("check")
def check(context: typer.Context, json_output: JsonOption = False) -> None:
    """Every fault of the templates in dialplan/messages, and templates that strategies and flows name but nobody has."""
    from ari_app.messaging import template_directory
    from ari_app.services.messages.named import named_templates

    settings = invocation(context).settings
    found = template_directory(settings)
    problems = list(found.problems)
    for name, places in sorted(named_templates(settings.dialplan_dir).items()):
        if found.find(name) is None and not any(Path(each.where).stem == name for each in problems):
            problems += [
                Problem(place, "", f"there is no message template {name}", "dialplan/messages/")
                for place in places
            ]
    if json_output:
        print_json(
            {
                "templates": sorted(found.templates),
                "problems": [
                    {"where": each.where, "field": each.field, "wrong": each.wrong, "allowed": each.allowed}
                    for each in problems
                ],
            }
        )
    else:
        for each in problems:
            console().print(plain(str(each)))
        console().print(f"{len(found.templates)} templates can be used, {len(problems)} faults")
    if problems:
        raise typer.Exit(EXIT_FAILED)


@app.command("preview")
def preview(
    context: typer.Context,
    template: TemplateName,
    channel: Channel = "sms",
    customer: Annotated[
        str,
        typer.Option("--customer", metavar="ID", help="For this customer; by default with made-up values."),
    ] = "",
    language: Annotated[
        str, typer.Option("--lang", help="zh or en; by default both, or the customer's.")
    ] = "",
    json_output: JsonOption = False,
) -> None:
    """A template in words, with its size; nothing is sent.

    ari-app messages preview overdue_notice --channel sms --lang zh
    """
    from ari_app.domain.messages.sms import sms_size
    from ari_app.domain.messages.template import LANGUAGES, SAMPLES, Unfit, render

    settings = invocation(context).settings
    _known_channel(channel)
    found = _template(settings, template)
    if language and language not in LANGUAGES:
        raise typer.BadParameter(f"one of {', '.join(LANGUAGES)}")
    made: list[tuple[str, str, Rendered | Unfit]] = []
    if customer:
        made.append(_for_customer(settings, found, channel, customer_key(customer), language))
    else:
        for variant in found.variants:
            for spoken in [language] if language else LANGUAGES:
                alone = type(found)(
                    found.name,
                    (variant,),
                    channels=found.channels,
                    optional=found.optional,
                    most_parts=found.most_parts,
                )
                shown = render(alone, channel, spoken, SAMPLES[spoken], "", opt_out_wanted=True)
                made.append((variant.name, spoken, shown))
    shown_as = [
        {
            "variant": variant,
            "language": spoken,
            "channel": channel,
            "text": None if isinstance(each, Unfit) else each.text,
            "subject": None if isinstance(each, Unfit) else each.subject,
            "why_not": each.why if isinstance(each, Unfit) else None,
            "size": None
            if isinstance(each, Unfit) or channel != "sms"
            else {key: getattr(sms_size(each.text), key) for key in ("encoding", "units", "parts")},
        }
        for variant, spoken, each in made
    ]
    if json_output:
        print_json(shown_as)
        return
    for one in shown_as:
        size = one["size"]
        about = f", {size['parts']} part(s) in {size['encoding']}" if isinstance(size, dict) else ""
        console().print(f"[bold]{one['variant']} {one['language']}[/bold] over {channel}{about}")
        for key in ("subject", "text", "why_not"):
            if one[key]:
                for line in str(one[key]).split("\n"):
                    console().print(f"  {plain(line)}")


@app.command("list")
def list_messages(
    context: typer.Context,
    customer: Annotated[str, typer.Option("--customer", metavar="ID", help="Of this customer alone.")] = "",
    state: Annotated[
        MessageState | None, typer.Option("--state", help=f"In this state: {', '.join(MessageState)}.")
    ] = None,
    limit: Limit = 50,
    full: FullOption = False,
    json_output: JsonOption = False,
) -> None:
    """Messages, the newest first: where each stands, and why."""
    settings = invocation(context).settings

    async def read() -> list[MessageRecord]:
        from ari_app.app import open_store

        async with open_store(settings) as store:
            return await store.messages.messages(
                customer_id=customer_key(customer) if customer else "", state=state, limit=limit
            )

    found = run(read())
    if json_output:
        print_json([_record(each, full) for each in found])
    elif not found:
        console().print("there is no message")
    else:
        show_table(
            ["message", "planned", "customer", "template", "variant", "channel", "state", "since", "why"],
            [
                (
                    each.message_id,
                    local(each.planned_at, None),
                    each.customer_id,
                    each.template,
                    each.variant,
                    each.channel or "-",
                    each.state,
                    local(each.state_at, None),
                    f"{each.rule}: {each.why}" if each.rule else each.why,
                )
                for each in found
            ],
        )


@app.command("show")
def show(
    context: typer.Context, message: MessageId, full: FullOption = False, json_output: JsonOption = False
) -> None:
    """One message with its words, and every answer of the rules about it."""
    settings = invocation(context).settings

    async def read() -> tuple[MessageRecord | None, list[dict[str, object]]]:
        from ari_app.app import open_store

        async with open_store(settings) as store:
            found = await store.messages.message(message)
            asked = [] if found is None else await store.verdicts(found.customer_id)
            return found, [
                {
                    "at": each.at,
                    "asked": "reserve" if each.asked == "plan" else "send",
                    "allowed": each.verdict.allowed,
                    "rule": each.verdict.rule,
                    "reason": each.verdict.reason,
                    "count": each.count,
                }
                for each in asked
                if each.attempt_id == message
            ]

    found, asked = run(read())
    if found is None:
        raise AriAppError(f"there is no message {message}")
    if json_output:
        print_json(_record(found, full) | {"verdicts": asked})
        return
    for key, value in _record(found, full).items():
        if value not in (None, ""):
            console().print(f"{key}: {plain(value)}")
    for each in asked:
        at = each["at"]
        when = local(at, None) if isinstance(at, datetime) else "-"
        console().print(plain(f"{when} {each['asked']}: {each['rule']} ({each['reason']})"))


@app.command("send")
def send(
    context: typer.Context,
    template: TemplateName,
    customer: Customer,
    account: Annotated[
        str, typer.Option("--account", metavar="ID", help="About this account; by default his newest.")
    ] = "",
    bill: Annotated[str, typer.Option("--bill", metavar="ID", help="About this bill of the account.")] = "",
    channel: Annotated[
        str, typer.Option("--channel", help="Over this channel; by default all that reach him, in order.")
    ] = "",
    notice: Annotated[
        bool,
        typer.Option(
            "--notice", help="It only tells something: also where nothing is owed or a dispute is open."
        ),
    ] = False,
    json_output: JsonOption = False,
) -> None:
    """Plan a message; the running controller sends it, as far as the rules allow.

    ari-app messages send payment_options c_10001 --channel sms
    """
    settings = invocation(context).settings
    if channel:
        _known_channel(channel)
    _template(settings, template)
    key = customer_key(customer)

    async def change() -> str | None:
        from ari_app.app import open_store
        from ari_app.ports.debt import BillKey

        now = clock_of(settings).now()
        async with open_store(settings) as store:
            mine = [each.account for each in await store.customer_accounts(key)]
            fitting = [
                each
                for each in mine
                if (not account or each.account_id == account) and (not bill or each.bill_id == bill)
            ]
            if not fitting:
                return None
            about = max(fitting, key=lambda each: each.due_date)
            return await store.messages.plan(
                BillKey(about.customer_id, about.account_id, about.bill_id),
                template,
                occasion=f"operator {now.isoformat()}",
                purpose=Purpose.NOTICE if notice else Purpose.CONTACT,
                origin=Origin.OPERATOR,
                now=now,
                channels=(channel,) if channel else (),
            )

    planned = run(change())
    if planned is None:
        raise AriAppError("this customer has no such bill in a campaign")
    _tell(
        json_output,
        planned,
        f"planned as {planned}; `ari-app messages show {planned}` tells what becomes of it",
    )


@app.command("resend")
def resend(context: typer.Context, message: MessageId, json_output: JsonOption = False) -> None:
    """Plan a message once more that has failed, expired or was suppressed, and has surely not left."""
    settings = invocation(context).settings

    async def change() -> str | None:
        from ari_app.app import open_store

        async with open_store(settings) as store:
            return await store.messages.resend(message, clock_of(settings).now())

    planned = run(change())
    if planned is None:
        raise AriAppError(
            f"{message} may have left, or is still on its way; such a message is not sent twice"
        )
    _tell(json_output, planned, f"planned as {planned}")


@app.command("inbound")
def inbound(
    context: typer.Context,
    waiting: Annotated[bool, typer.Option("--waiting", help="Only what waits for a person.")] = False,
    handled: Annotated[
        str, typer.Option("--handled", metavar="REPLY", help="Somebody has dealt with this reply: rep-...")
    ] = "",
    by: Annotated[str, typer.Option("--by", help="Who has.")] = "",
    limit: Limit = 50,
    full: FullOption = False,
    json_output: JsonOption = False,
) -> None:
    """What customers wrote back, what was understood and what was done; or note that somebody has dealt with one.

    ari-app messages inbound --waiting

    ari-app messages inbound --handled rep-... --by Wu
    """
    settings = invocation(context).settings

    async def read() -> tuple[bool, list[ReplyRecord]]:
        from ari_app.app import open_store

        async with open_store(settings) as store:
            done = bool(handled) and await store.messages.handle_reply(
                handled, by or "operator", clock_of(settings).now()
            )
            return done, await store.messages.replies(waiting=waiting, limit=limit)

    done, found = run(read())
    if handled:
        if not done:
            raise AriAppError(f"{handled} is no reply that waits")
        _tell(json_output, handled, f"{handled} has been dealt with")
    elif json_output:
        print_json([_reply(each, full) for each in found])
    elif not found:
        console().print("nobody has written" if not waiting else "nothing waits")
    else:
        show_table(
            ["reply", "at", "customer", "channel", "text", "understood", "done", "by"],
            [
                (
                    each.reply_id,
                    local(each.at, None),
                    each.customer_id or "?",
                    each.channel,
                    each.text[:80],
                    each.understood,
                    each.done,
                    each.handled_by,
                )
                for each in found
            ],
        )


@app.command("address")
def address(
    context: typer.Context,
    channel: Annotated[str, typer.Argument(metavar="CHANNEL", help=f"One of {', '.join(CHANNELS)}.")],
    contact: Annotated[str, typer.Argument(metavar="ADDRESS", help="The address there; a number for sms.")],
    clear: Annotated[bool, typer.Option("--clear", help="Write there again.")] = False,
    source: Annotated[str, typer.Option("--source", help="Who says so.")] = "operator",
    json_output: JsonOption = False,
) -> None:
    """Write to an address no more, over this channel alone; or again. Calls and other channels go on."""
    from ari_app.cli.refusals import contact_key

    settings = invocation(context).settings
    _known_channel(channel)
    key = contact_key(contact, settings.defaults.country) if channel == "sms" else contact.strip()

    async def change() -> bool:
        from ari_app.app import open_store

        async with open_store(settings) as store:
            why = None if clear else "refused"
            return await store.messages.mark_address(
                channel, key, why, source[:100], clock_of(settings).now()
            )

    changed = run(change())
    state = "written to" if clear else "not written to any more"
    _tell(
        json_output,
        "changed" if changed else "unchanged",
        f"this address is {'now' if changed else 'already'} {state}",
    )


# ---------------------------------------------------------------------------------------------- what is shared


def _known_channel(channel: str) -> None:
    if channel not in CHANNELS:
        raise typer.BadParameter(f"one of {', '.join(CHANNELS)}")


def _template(settings: Settings, name: str) -> Template:
    from ari_app.messaging import template_directory
    from ari_app.services.model_problems import nearest

    found = template_directory(settings)
    template = found.find(name)
    if template is None:
        mine = [each for each in found.problems if Path(each.where.rpartition(":")[0]).stem == name]
        raise InputError(mine or [Problem(name, "template", "is not there", nearest(name, found.templates))])
    return template


def _for_customer(
    settings: Settings, template: Template, channel: str, customer: str, language: str
) -> tuple[str, str, Rendered | Unfit]:
    """The words for a customer's newest bill, as they would be sent now; a payment link is shown as a stand-in."""
    from ari_app.domain.messages.template import render, variant_for
    from ari_app.messaging import house
    from ari_app.ports.messages import ReservedMessage
    from ari_app.services.messages.wording import Wording
    from ari_app.services.rule_directory import RuleDirectory

    async def read() -> list[Account]:
        from ari_app.app import open_store

        async with open_store(settings) as store:
            return [each.account for each in await store.customer_accounts(customer)]

    accounts = run(read())
    if not accounts:
        raise AriAppError(f"there is no customer {customer}")
    account = max(accounts, key=lambda each: each.due_date)
    spoken = language or account.language
    now = clock_of(settings).now()
    wording = Wording(house(settings), RuleDirectory(settings.dialplan_dir).book)
    message = ReservedMessage("", "", account, template.name, Purpose.CONTACT, spoken, ())
    values = run(wording.values(message, template, now))
    if settings.payments.base_url is not None:
        values["pay_link"] = f"{settings.payments.base_url}/pay/..."
    made = render(template, channel, spoken, values, account.customer_id)
    return variant_for(template, account.customer_id).name, spoken, made


def _record(each: MessageRecord, full: bool) -> dict[str, object]:
    shown: dict[str, object] = {key: getattr(each, key) for key in each.__slots__}
    shown["contact"] = _contact(each.channel, each.contact, full)
    if not full:
        shown["text"] = f"({len(each.text)} signs; --full shows them)" if each.text else ""
        shown["subject"] = ""
    return shown


def _reply(each: ReplyRecord, full: bool) -> dict[str, object]:
    shown: dict[str, object] = {key: getattr(each, key) for key in each.__slots__}
    shown["contact"] = _contact(each.channel, each.contact, full)
    return shown


def _contact(channel: str, contact: str, full: bool) -> str:
    if full or not contact:
        return contact
    if contact.startswith("+"):
        return masked_phone(contact, full)
    return f"{contact[:2]}***"


def _tell(json_output: bool, result: str, words: str) -> None:
    if json_output:
        print_json({"result": result})
    else:
        console().print(plain(words))
