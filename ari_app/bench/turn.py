"""How long a caller waits for the bot's answer: his last voiced sample to the bot's first at his ear, on real calls.

Four English personas of different pace and level answer questions of five kinds over real SIP and RTP; pocketsphinx
hears them. Every figure comes from the far-end recordings alone, which know nothing of the product; the product's own
ledger stands beside it.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

from ari_app.bench.report import BenchReport, machine_facts, median, percentile
from ari_app.bench.voice_site import (
    BenchFailed,
    BenchQuestion,
    Measured,
    Say,
    call_all,
    scenario_of,
    voice_site,
)
from ari_app.domain.turn_ledger import reply_ms
from ari_app.lab.persona import Say as Speak
from ari_app.lab.persona import Step, Wait, WaitFor
from ari_app.lab.tape_reading import Reply, replies

_METHOD = (
    "{calls} calls of {questions} questions, {concurrency} at a time, over SIP and RTP between two Asterisk "
    "instances; wait = last voiced sample of the customer (5 ms of at least -45 dBFS) to the first of the bot at "
    "his ear, both read from the far-end recordings, packing of 20 ms, network and playout included; ledger = the "
    "product's own figure, from its detection of the last voice to the first frame that left the PBX; pocketsphinx "
    "with the product's grammars"
)
#: What the questions ask, and what may be answered.
_KINDS: tuple[tuple[BenchQuestion, tuple[str, ...]], ...] = (
    (
        BenchQuestion("confirm_ptp", "Is that all right with you?"),
        ("yes", "yes that is right", "no", "that is correct"),
    ),
    (
        BenchQuestion("ask_when", "And which day suits you?", hear=("when",)),
        ("i will pay on friday", "tomorrow", "in three days", "next monday"),
    ),
    (
        BenchQuestion("ask_amount", "And how much of it?", hear=("full", "half", "amounts")),
        ("the full amount", "half of it", "two hundred", "i will pay half"),
    ),
    (BenchQuestion("closing", "Is there something else?"), ("no thank you", "no", "yes please", "yes")),
    (
        BenchQuestion(
            "dispute_describe", "Would you like to speak to a person?", hear=("yes", "no", "person")
        ),
        ("no thank you", "i want a person", "yes please", "no"),
    ),
)
_OPENING = BenchQuestion("opening", "Hello. This call is recorded. Am I speaking to Kim?", barge_in=False)
#: Pace and level (dBFS) of the personas.
_MANNERS = ((1.0, -22.0), (1.12, -26.0), (0.92, -20.0), (1.05, -30.0))


def questions_of(count: int) -> list[BenchQuestion]:
    """The opening, then the kinds in turns; ``count`` in all."""
    return [_OPENING, *(_KINDS[place % len(_KINDS)][0] for place in range(count - 1))]


def steps_of(person: int, count: int) -> list[Step]:
    """What a persona does: hear each question out, wait as people do, answer."""
    speed, level = _MANNERS[person % len(_MANNERS)]
    answers = ["yes this is me", *(_answer(place, person) for place in range(count - 1))]
    steps: list[Step] = []
    for answer in answers:
        steps += [
            Wait(WaitFor.PROMPT, silence=0.6, limit=20.0),
            Wait(WaitFor.SECONDS, seconds=0.05, upto=0.6),
            Speak(answer, "en", level=level, speed=speed),
        ]
    return [*steps, Wait(WaitFor.END, limit=20.0)]


def _answer(place: int, person: int) -> str:
    answers = _KINDS[place % len(_KINDS)][1]
    return answers[(place // len(_KINDS) + person) % len(answers)]


async def bench_turn(
    *, calls: int = 4, questions: int = 17, concurrency: int = 4, progress: Say | None = None
) -> dict[str, object]:
    """Measure, and return the object that ``ari-app bench turn --json`` prints.

    :raises AsteriskMissing, BootFailed: no Asterisk here; BenchFailed: calls that did not end, or without an answer.
    """
    say = progress or (lambda line: None)
    report = BenchReport("turn", machine_facts(["websockets", "uvloop", "pocketsphinx"]))
    report.method = _METHOD.format(calls=calls, questions=questions, concurrency=concurrency)
    asked = questions_of(questions)
    scenario, numbers = scenario_of(
        {f"caller_{person}": steps_of(person, questions) for person in range(calls)}
    )
    with tempfile.TemporaryDirectory(prefix="ari-app-bench-") as name:
        say("starting the telephone network, the PBX and the controller")
        async with voice_site(Path(name), scenario, asked) as (site, settings):
            patience_s = 60.0 + 9.0 * questions * -(-calls // concurrency)
            found = await call_all(
                site, settings, numbers, concurrency=concurrency, patience_s=patience_s, say=say
            )
    _fill(report, found, asked)
    return report.to_dict()


def _fill(report: BenchReport, found: Sequence[Measured], asked: Sequence[BenchQuestion]) -> None:
    waits: list[float] = []
    ledger: list[float] = []
    beside: list[float] = []
    of_kind: dict[str, list[float]] = {}
    spoken = right = 0
    for each in found:
        measured = [] if each.tape is None else replies(each.tape)
        ours = [wait for turn in each.turns if (wait := reply_ms(turn)) is not None]
        ms = [reply.wait_s * 1000.0 for reply in measured]
        waits += ms
        ledger += ours
        said = [text for text in each.call.said if not text.startswith("(")]
        spoken += len(said)
        heard = [turn for turn in each.turns if turn.speaker == "customer" and turn.kind == "speech"]
        right += sum(one.text == other for one, other in zip(heard, said, strict=False))
        if len(measured) == len(said) == len(asked):
            for question, wait in zip(asked, ms, strict=True):
                of_kind.setdefault(question.context, []).append(wait)
        if len(ms) == len(ours):
            beside += [one - other for one, other in zip(ms, ours, strict=True)]
        report.runs.append(_run(measured, ours))
    if not waits:
        raise BenchFailed("the far end heard no answer at all")
    report.metrics |= {
        "turn.p50_ms": median(waits),
        "turn.p95_ms": percentile(waits, 95.0),
        "turn.max_ms": max(waits),
        "turn.n": float(len(waits)),
        "turn.spoken": float(spoken),
        "turn.missed": float(spoken - len(waits)),
        "turn.heard_right": right / max(1, spoken),
    }
    if ledger:
        report.metrics |= {
            "turn.ledger_p50_ms": median(ledger),
            "turn.ledger_p95_ms": percentile(ledger, 95.0),
        }
    if beside:
        report.metrics["turn.ledger_short_by_p50_ms"] = median(beside)
    for context, several in sorted(of_kind.items()):
        report.metrics[f"turn.{context}_p50_ms"] = median(several)


def _run(measured: Sequence[Reply], ours: Sequence[float]) -> dict[str, float]:
    run = {"turn.n": float(len(measured))}
    if measured:
        run["turn.p50_ms"] = median([reply.wait_s * 1000.0 for reply in measured])
        run["turn.max_ms"] = max(reply.wait_s * 1000.0 for reply in measured)
    if ours:
        run["turn.ledger_p50_ms"] = median(ours)
    return run
