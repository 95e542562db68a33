"""``ari-app bench capacity``: how many recorded, talking calls this machine bears, and what each of them costs.

Real calls over SIP and RTP between two Asterisk instances: each is recorded, spoken to, and answered. Their number grows in
steps until frames come late or a customer is not answered; then once more without the recogniser.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ari_app.bench.capacity_calls import (
    ANSWERED_WITHIN_S,
    CapacitySite,
    capacity_site,
    cpu_seconds,
    own_children,
)
from ari_app.bench.media_contestants import HearsWords
from ari_app.bench.report import BenchReport, machine_facts, percentile
from ari_app.ports import Recogniser
from ari_app.speech.espeak import EspeakVoice
from ari_app.speech.pocketsphinx_recogniser import PocketSphinxRecogniser

Say = Callable[[str], None]
LATE_P99_MS = 30.0
MISSED_SHARE = 0.005
HEARD_SHARE = 0.95
_SETTLE_S = 2.0
_METHOD = (
    "Real calls (G.711 over a loopback SIP trunk) between two Asterisk instances and this process on one machine; each "
    "is recorded with both legs, its customer (played by the carrier's dialplan) says a sentence about every six seconds, "
    "and speech gate, answering-machine detection, turn-taking, recogniser and a prompt answer it. Steps of {seconds:g} s; "
    "the last one counts in which the p99 of the time between two successive frames of a call (20 ms when all is well) was "
    "at most {late:g} ms, at most {missed:.1%} of the sentences had no answer within {within:g} s, and the recogniser gave "
    "a text for at least {heard:.0%} of them. calls: with "
    "pocketsphinx ({workers} worker processes); calls_without_recogniser: the same with recognition at no cost. CPU is "
    "user and system time per second of a call at the last good step; controller = this process and its recogniser "
    "workers. For the sizing of another machine: cores / (controller + PBX CPU per call-second), less a quarter for "
    "peaks; the carrier is the lab's and not needed there"
)
WORKERS = 2


@dataclass(frozen=True, slots=True)
class Step:
    """What one step showed; CPU in milliseconds per second of a call."""

    calls: int
    recogniser: bool
    late_p99_ms: float
    sentences: int
    missed: int
    heard: int
    """Sentences of which there was a text."""
    controller: float
    pbx: float
    carrier: float

    @property
    def good(self) -> bool:
        late = self.late_p99_ms > LATE_P99_MS
        unanswered = self.missed > MISSED_SHARE * self.sentences
        return not (late or unanswered or self.heard < HEARD_SHARE * self.sentences)

    def to_run(self) -> dict[str, float]:
        return {
            "calls": self.calls,
            "recogniser": float(self.recogniser),
            "late_p99_ms": self.late_p99_ms,
            "sentences": self.sentences,
            "missed": self.missed,
            "heard": self.heard,
            "controller_cpu_ms_per_call_second": self.controller,
            "pbx_cpu_ms_per_call_second": self.pbx,
            "carrier_cpu_ms_per_call_second": self.carrier,
        }


async def bench_capacity(
    *,
    step: int = 20,
    most: int = 240,
    seconds: float = 9.0,
    budget_s: float = 150.0,
    progress: Say | None = None,
) -> dict[str, object]:
    """Measure, and return the object that ``ari-app bench capacity --json`` prints.

    :param step: calls by which each step grows.
    :param most: never more calls than this. :param seconds: measured time of a step.
    :param budget_s: no step begins after this time; what was reached by then is the result.
    :raises AsteriskMissing, BootFailed: no Asterisk here; SpeechError: no voice or recogniser; CallsFailed.
    """
    say = progress or (lambda line: None)
    loop = asyncio.get_running_loop()
    until = loop.time() + budget_s
    report = BenchReport("capacity", machine_facts(["websockets", "uvloop", "pocketsphinx"]))
    report.method = _METHOD.format(
        seconds=seconds,
        late=LATE_P99_MS,
        missed=MISSED_SHARE,
        heard=HEARD_SHARE,
        within=ANSWERED_WITHIN_S,
        workers=WORKERS,
    )
    words, nothing = PocketSphinxRecogniser(workers=WORKERS), HearsWords()
    try:
        await words.warm_up(30.0)
        with tempfile.TemporaryDirectory(prefix="ari-app-bench-") as name:
            async with capacity_site(Path(name), EspeakVoice()) as site:
                heard = await _series(site, words, range(step, most + 1, step), seconds, until, say)
                reached = len(site.calls)
                more = range(max(step, reached), most + 1, step)
                unheard = await _series(site, nothing, more, seconds, until, say)
    finally:
        await words.close()
    report.runs.extend(each.to_run() for each in (*heard, *unheard))
    report.metrics.update(_metrics(heard, unheard))
    return report.to_dict()


def _metrics(heard: Sequence[Step], unheard: Sequence[Step]) -> dict[str, float]:
    """Of the last good step of each series; 0 calls where not even the first was good."""
    best = next((each for each in reversed(heard) if each.good), None)
    deaf = next((each for each in reversed(unheard) if each.good), None)
    shown = best or heard[0]
    return {
        "capacity.calls": 0.0 if best is None else float(best.calls),
        "capacity.calls_without_recogniser": float(
            max(0 if each is None else each.calls for each in (best, deaf))
        ),
        "capacity.late_p99_ms": shown.late_p99_ms,
        "capacity.controller_cpu_ms_per_call_second": shown.controller,
        "capacity.pbx_cpu_ms_per_call_second": shown.pbx,
        "capacity.carrier_cpu_ms_per_call_second": shown.carrier,
        **(
            {}
            if deaf is None
            else {
                "capacity.late_p99_ms_without_recogniser": deaf.late_p99_ms,
                "capacity.controller_cpu_ms_per_call_second_without_recogniser": deaf.controller,
            }
        ),
    }


async def _series(
    site: CapacitySite,
    recogniser: Recogniser,
    counts: Sequence[int],
    seconds: float,
    until: float,
    say: Say,
) -> list[Step]:
    """Steps until one is not good."""
    site.recogniser = recogniser
    steps: list[Step] = []
    loop = asyncio.get_running_loop()
    for count in counts:
        if steps and loop.time() + seconds > until:
            say("the time is over; the last good step counts")
            break
        await site.grow(count)
        await asyncio.sleep(_SETTLE_S)
        found = await _measure(site, seconds, recogniser=not isinstance(recogniser, HearsWords))
        steps.append(found)
        with_it = "with" if found.recogniser else "without"
        say(
            f"{found.calls} calls {with_it} recogniser: p99 {found.late_p99_ms:.0f} ms between frames, "
            f"of {found.sentences} sentences {found.missed} unanswered, {found.heard} understood; CPU per call-second: "
            f"controller {found.controller:.1f}, PBX {found.pbx:.1f}, carrier {found.carrier:.1f} ms"
        )
        if not found.good:
            break
    return steps


async def _measure(site: CapacitySite, seconds: float, *, recogniser: bool) -> Step:
    pids = [site.pbx.pid or 0, site.carrier.pid or 0]
    workers = own_children() - set(pids)

    def cpu() -> tuple[float, float, float]:
        own = cpu_seconds(os.getpid()) + sum(map(cpu_seconds, workers))
        return own, cpu_seconds(pids[0]), cpu_seconds(pids[1])

    loop = asyncio.get_running_loop()
    site.intervals.clear()
    begin, before = loop.time(), cpu()
    await asyncio.sleep(seconds)
    end, after = loop.time(), cpu()
    intervals = list(site.intervals)
    site.check()
    # The last sentences have three seconds for their answer, of which the next step's settling gives the rest.
    counted = [
        call.missed(site.tape, begin - ANSWERED_WITHIN_S, end - ANSWERED_WITHIN_S) for call in site.calls
    ]
    spent = [
        1_000.0 * (now - then) / (len(site.calls) * (end - begin))
        for now, then in zip(after, before, strict=True)
    ]
    return Step(
        calls=len(site.calls),
        recogniser=recogniser,
        late_p99_ms=1_000.0 * percentile(intervals, 99.0) if intervals else float("inf"),
        sentences=sum(asked for asked, _ in counted),
        missed=sum(missed for _, missed in counted),
        heard=site.heard(begin - ANSWERED_WITHIN_S, end - ANSWERED_WITHIN_S),
        controller=spent[0],
        pbx=spent[1],
        carrier=spent[2],
    )
