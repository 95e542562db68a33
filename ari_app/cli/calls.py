"""``ari-app call``: one call as people read it, from the consent to be recorded to how long each reply took."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from ari_app.cli.common import (
    JsonOption,
    console,
    invocation,
    local,
    masked_name,
    masked_phone,
    plain,
    run,
    show_table,
)
from ari_app.cli.results_view import masked_result, result_lines
from ari_app.cli.turns_view import Mask, safe_json, turn_objects
from ari_app.errors import InputError, Problem

if TYPE_CHECKING:
    from datetime import tzinfo

    from ari_app.config import Settings
    from ari_app.domain.attempt import Turn
    from ari_app.domain.record import AttemptRecord

app = typer.Typer(no_args_is_help=True, help="One call: what was said, when, and how long each reply took.")

#: How many ids are named when one is not found, or fits several.
_NAMED = 5
#: Among how many of the newest attempts a near id is looked for.
_LOOKED_AT = 5000

FullOption = Annotated[
    bool,
    typer.Option(
        "--full", help="Show names, numbers and keyed digits as they are; by default they are masked."
    ),
]


@dataclass(frozen=True, slots=True)
class ShownCall:
    """What is known of a call; ``name`` and ``language`` are the account's."""

    record: AttemptRecord
    turns: list[Turn]
    name: str
    language: str


@app.command("show")
def show(
    context: typer.Context,
    attempt: Annotated[
        str, typer.Argument(metavar="ID", help="Attempt id, or its beginning when that fits one alone.")
    ],
    full: FullOption = False,
    json_output: JsonOption = False,
) -> None:
    """One call as a timeline: who said what, what was heard with which confidence, and how long each reply took.

    A call in progress is shown as far as it is stored; what was said follows when it has ended.

        ari-app call show att-3f2a

        ari-app call show att-3f2a --full --json
    """
    found = run(_read(invocation(context).settings, attempt))
    mask = Mask(found.name, full=full)
    if json_output:
        typer.echo(safe_json(_as_object(found, mask, full), indent=2))
        return
    _tell(found, mask, full)


async def _read(settings: Settings, wanted: str) -> ShownCall:
    from ari_app.app import open_store

    async with open_store(settings) as store:
        named = await store.attempts_named(wanted, _NAMED + 1) if wanted else []
        exact = [record for record in named if record.attempt_id == wanted]
        if len(named) > 1 and not exact:
            raise InputError([_problem(wanted, "fits several attempts", [each.attempt_id for each in named])])
        if not named:
            known = await store.newest_attempt_ids(_LOOKED_AT)
            near = difflib.get_close_matches(wanted, known, _NAMED, 0.5)
            raise InputError([_problem(wanted, "is no attempt", near or known[:_NAMED])])
        record = (exact or named)[0]
        history = await store.history(record.attempt_id)
        turns = await store.turns(record.attempt_id)
    if history is None:
        raise InputError([_problem(wanted, "is no attempt", [])])
    return ShownCall(record, turns, history.account.name, history.account.language)


def _problem(wanted: str, wrong: str, near: list[str]) -> Problem:
    shown = ", ".join(near[:_NAMED]) + (", ..." if len(near) > _NAMED else "")
    return Problem(
        wanted[:100], "call", wrong, shown or "an id that `ari-app attempts list --json` names; there is none"
    )


# ---------------------------------------------------------------------------------------------- for programs


def _as_object(found: ShownCall, mask: Mask, full: bool) -> dict[str, object]:
    from ari_app.domain.turn_ledger import reply_ms, stages_ms

    record = found.record
    turns = turn_objects(found.turns, mask)
    for turn, shown in zip(found.turns, turns, strict=True):
        shown["reply_ms"] = reply_ms(turn)
        shown["stages_ms"] = None if turn.timing is None else stages_ms(turn.timing)
    spoken = None if record.conversation is None else record.conversation.language
    return masked_result(record.to_export(), mask) | {
        "open": record.disposition is None,
        "phone": masked_phone(record.phone, full),
        "name": masked_name(found.name, full),
        "language": spoken or found.language,
        "recording_warnings": _warnings(record),
        "turns": turns,
    }


def _warnings(record: AttemptRecord) -> list[str]:
    """What the check of the finished recording found, in words."""
    found = record.facts.get("recording_warnings")
    return [str(each) for each in found] if isinstance(found, list) else []


# ---------------------------------------------------------------------------------------------- for people


def _tell(found: ShownCall, mask: Mask, full: bool) -> None:
    from ari_app.domain.compliance import zone_of

    record = found.record
    zone = zone_of(record.timezone)
    out = console()
    out.print(f"[bold]{plain(record.attempt_id)}[/bold]")
    for head, value in _header(found, full, zone):
        out.print(f"  {head:<13} {plain(value)}")
    for head, value in _recording(record, mask, zone):
        out.print(f"  {head:<13} {plain(value)}")
    for head, value, style in result_lines(record, mask, zone):
        out.print(f"  {head:<13} {plain(value)}", style=style or None)
    out.print()
    if not found.turns:
        out.print(
            "the call is in progress; what was said is stored when it has ended"
            if record.disposition is None
            else "nothing was said"
        )
        return
    show_table(
        ["from", "to", "who", "", "said", "engine", "sure", "reply"],
        [_line(turn, mask) for turn in found.turns],
    )
    ledger = [_ledger_line(turn) for turn in found.turns if turn.timing is not None]
    if ledger:
        out.print("\nreplies, in ms after the customer's last voice")
        show_table(["at", "last voice", "final text", "decided", "audio sent", "on the wire"], ledger)


def _header(found: ShownCall, full: bool, zone: tzinfo | None) -> list[tuple[str, str]]:
    record = found.record
    lines = [
        (
            "customer",
            f"{record.customer_id}  {masked_name(found.name, full)}  {masked_phone(record.phone, full)}",
        ),
        ("account", f"{record.account_id}, bill {record.bill_id}, language {found.language}"),
        ("campaign", f"{record.campaign_id}, attempt {record.number}, caller ID {record.caller_id}"),
        ("dialled", local(record.dialled_at, zone) if record.dialled_at else "no call left yet"),
    ]
    if record.answered_at is not None:
        wait = ""
        if record.dialled_at is not None:
            wait = f", after {(record.answered_at - record.dialled_at).total_seconds():.1f} s"
        lines.append(("answered", local(record.answered_at, zone) + wait))
    if record.answer_verdict is not None:
        after = "" if record.answer_verdict_ms is None else f", known after {record.answer_verdict_ms:.0f} ms"
        lines.append(("answered by", record.answer_verdict + after))
    if record.ended_at is None:
        return [*lines, ("state", "in progress")]
    lines.append(("ended", f"{local(record.ended_at, zone)}, {record.talk_seconds:.1f} s of talk"))
    lines.append(
        (
            "disposition",
            f"{record.disposition}  SIP {_dash(record.sip_status)}  Q.850 {_dash(record.q850_cause)}",
        )
    )
    if record.turn_p50_ms is not None:
        lines.append(
            (
                "replies",
                f"{record.replies}, median {record.turn_p50_ms:.0f} ms, longest {record.turn_max_ms or 0:.0f} ms",
            )
        )
    after_it = f"{local(record.next_attempt_at, zone)}, " if record.next_attempt_at else ""
    lines.append(("next attempt", f"{after_it}{record.plan_reason or ''}"))
    return lines


def _recording(record: AttemptRecord, mask: Mask, zone: tzinfo | None) -> list[tuple[str, str]]:
    """The recording as evidence: since when, when the customer was told, what he answered, what the file holds."""
    lines: list[tuple[str, str]] = []
    if record.recording_started_at is not None:
        lines.append(("recorded from", _to_the_ms(record.recording_started_at, zone)))
    if record.recording_notice_at is not None:
        answer = record.recording_notice_answer
        said = "no answer" if not answer else f"answer: {mask.text(answer)}"
        lines.append(("told of it", f"{_to_the_ms(record.recording_notice_at, zone)}, {said}"))
    if record.recording is not None:
        lines.append(("recording", record.recording))
        if record.recording_seconds is not None:
            held = (
                f"{record.recording_seconds:.1f} s, customer {record.recording_customer_s or 0:.1f} s and "
                f"bot {record.recording_bot_s or 0:.1f} s of sound"
            )
            lines.append(("its check", f"{held}; {'; '.join(_warnings(record)) or 'complete'}"))
    elif record.answered_at is not None and record.ended_at is not None:
        lines.append(("recording", "none"))
    return lines


def _to_the_ms(instant: datetime, zone: tzinfo | None) -> str:
    there = instant.astimezone(zone)
    return f"{there:%Y-%m-%d %H:%M:%S}.{there.microsecond // 1000:03d} {there:%Z}"


def _dash(value: int | None) -> str:
    return "-" if value is None else str(value)


def _line(turn: Turn, mask: Mask) -> tuple[str, ...]:
    from ari_app.domain.turn_ledger import reply_ms

    wait = reply_ms(turn)
    said = mask.said(turn) + (" [stopped by the customer]" if turn.interrupted else "")
    heard = turn.speaker == "customer" and turn.kind == "speech"
    return (
        f"{turn.start_s:.2f}",
        f"{turn.end_s:.2f}",
        turn.speaker,
        turn.kind,
        said,
        turn.engine,
        f"{turn.confidence:.2f}" if heard else "",
        "" if wait is None else f"{wait:.0f} ms",
    )


def _ledger_line(turn: Turn) -> tuple[str, ...]:
    from ari_app.domain.turn_ledger import STAGES, stages_ms

    assert turn.timing is not None
    stages = stages_ms(turn.timing)
    ended = turn.timing.speech_ended_s
    cells = ["-" if (value := stages[name]) is None else f"+{value:.0f}" for name in STAGES]
    return (f"{turn.start_s:.2f}", "-" if ended is None else f"{ended:.3f} s", *cells)
