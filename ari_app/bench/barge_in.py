"""How soon the bot is silent when a caller begins to speak, and how often it stops for nothing, on real calls.

Personas interrupt a long prompt at random points, with several voices and levels; others make noise, cough, click and
say "uh-huh" over it. The prompt is one long piece of speech without pauses, so that the tape shows to the sample where it
ends, and by correlation whether it went on where it had stopped.
"""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ari_app.bench.report import BenchReport, machine_facts, median, percentile
from ari_app.bench.voice_site import (
    FLOW,
    BenchFailed,
    BenchQuestion,
    Measured,
    Say,
    call_all,
    scenario_of,
    voice_site,
)
from ari_app.lab.persona import Interrupt, Play, Repeat, Step, Wait, WaitFor
from ari_app.lab.persona import Say as Speak
from ari_app.lab.tape_reading import BargeIn, Tape, barge_ins, spans, stops
from ari_app.speech.espeak import EspeakVoice
from ari_app.voice.pcm import (
    SAMPLE_RATE,
    Samples,
    through_narrow_band,
    to_pcm,
    to_samples,
    wav_bytes,
)

_METHOD = (
    "{speakers} calls in which a persona interrupts a prompt without pauses {times} times, and {listeners} calls of "
    "{seconds:.0f} s of it under noise, hum, clicks, coughs and back-channels, over SIP and RTP between two Asterisk "
    "instances; reaction = first voiced sample of the customer (5 ms of at least -45 dBFS) to the last of the bot at his "
    "ear, from the far-end recordings; a stop = 150 ms of silence within the prompt, but for gaps after which it goes on "
    "to the sample; resumed = it went on within 0.6 s of the place where it had stopped"
)
#: Longer than any pause that is left in the prompt, shorter than what a flush leaves behind.
_PAUSE_S = 0.12
_TEXT = (
    "we would like to tell you about the new opening hours of our office which is now open every day from eight in the "
    "morning until six in the evening and on the first weekend of every month you will also find us there between ten "
    "and four so that you can come by whenever it suits you best and talk to one of our people about anything at all"
)
_ANSWERS = (
    "i will pay on friday",
    "tomorrow",
    "next monday",
    "in three days",
    "i already paid",
    "the bill is wrong",
    "i want a person",
    "call me back later",
)
#: Pace and level (dBFS) of those who interrupt.
_MANNERS = ((1.0, -20.0), (1.15, -26.0), (0.9, -23.0), (1.08, -30.0))
#: What is heard over the prompt, by kind of sound.
_DISTURBANCES: dict[str, tuple[Step, ...]] = {
    "noise": (
        Play("white", -38.0, 12.0),
        Wait(WaitFor.SECONDS, 0.5, 1.5),
        Play("pink", -32.0, 12.0),
        Wait(WaitFor.SECONDS, 0.5, 1.5),
        Play("street", -30.0, 12.0),
        Wait(WaitFor.SECONDS, 0.5, 1.5),
        Play("narrow", -35.0, 12.0),
        Play("hum", -28.0, 12.0),
    ),
    "clicks": (
        Play("click", -18.0),
        Wait(WaitFor.SECONDS, 0.4, 2.5),
        Play("knock", -22.0),
        Wait(WaitFor.SECONDS, 1.0, 4.0),
    ),
    "coughs": (
        Play("cough", -22.0),
        Wait(WaitFor.SECONDS, 3.0, 8.0),
        Play("throat", -26.0),
        Wait(WaitFor.SECONDS, 3.0, 8.0),
        Play("breath", -34.0),
        Wait(WaitFor.SECONDS, 2.0, 6.0),
    ),
    "back_channels": (
        Speak("uh-huh", "en", level=-24.0),
        Wait(WaitFor.SECONDS, 4.0, 8.0),
        Speak("hmm", "en", level=-26.0),
        Wait(WaitFor.SECONDS, 4.0, 8.0),
        Speak("uh huh", "en", level=-24.0, speed=1.15),
        Wait(WaitFor.SECONDS, 4.0, 8.0),
    ),
}


async def long_prompt(seconds: float) -> Samples:
    """Speech of so many seconds without pauses of more than 40 ms; no part of it is there twice."""
    parts: list[Samples] = []
    for pace in itertools.count(150, 3):
        spoken = await EspeakVoice(words_per_minute=pace).synthesise(_TEXT, "en")
        parts.append(without_pauses(to_samples(spoken)))
        if sum(part.size for part in parts) >= seconds * SAMPLE_RATE:
            break
    return np.concatenate(parts)[: round(seconds * SAMPLE_RATE)]


def without_pauses(sound: Samples) -> Samples:
    """The sound without what lies more than 20 ms from anything loud."""
    samples = sound.astype(np.float32)
    window = SAMPLE_RATE // 100
    whole = samples[: samples.size // window * window].reshape(-1, window)
    loud = np.sqrt(np.mean(whole**2, axis=1)) > 32_768.0 * 10.0 ** (-38.0 / 20.0)
    keep = loud.copy()
    for place in range(1, 3):  # 20 ms on either side of what is loud
        keep[place:] |= loud[:-place]
        keep[:-place] |= loud[place:]
    return to_samples(to_pcm(whole[keep].reshape(-1)))


def talker_steps(person: int, times: int) -> list[Step]:
    """Interrupt each prompt once, somewhere."""
    speed, level = _MANNERS[person % len(_MANNERS)]
    steps: list[Step] = [
        Wait(WaitFor.PROMPT, silence=0.5, limit=20.0),
        Speak("yes this is me", "en", level=level, speed=speed),
    ]
    for number in range(times):
        answer = _ANSWERS[(number + 3 * person) % len(_ANSWERS)]
        steps.append(Interrupt(0.8, Speak(answer, "en", level=level, speed=speed), limit=30.0, upto=4.5))
    return [*steps, Wait(WaitFor.END, limit=60.0)]


def listener_steps(kind: str) -> list[Step]:
    """Answer the opening, then make such sounds until the bot hangs up."""
    return [
        Wait(WaitFor.PROMPT, silence=0.5, limit=20.0),
        Speak("yes", "en", level=-22.0),
        Wait(WaitFor.SPEECH, limit=10.0),
        Wait(WaitFor.SECONDS, 0.8, 1.5),
        Repeat(1_000, _DISTURBANCES[kind]),
    ]


async def bench_barge_in(
    *,
    speakers: int = 4,
    times: int = 8,
    listeners: int = 8,
    seconds: float = 70.0,
    progress: Say | None = None,
) -> dict[str, object]:
    """Measure, and return the object that ``ari-app bench barge-in --json`` prints.

    :param speakers: calls that are interrupted ``times`` times; :param listeners: calls of ``seconds`` under disturbance.
    :raises AsteriskMissing, BootFailed: no Asterisk here; BenchFailed: calls that did not end.
    """
    say = progress or (lambda line: None)
    report = BenchReport("barge-in", machine_facts(["websockets", "uvloop", "pocketsphinx"]))
    report.method = _METHOD.format(speakers=speakers, times=times, listeners=listeners, seconds=seconds)
    say("starting the telephone network, the PBX and the controller")
    talked = await _interrupted(speakers, times, say)
    kinds = [list(_DISTURBANCES)[place % len(_DISTURBANCES)] for place in range(listeners)]
    prompt = await long_prompt(seconds)
    listened = await _listened(kinds, prompt, say) if kinds else []
    _fill_reactions(report, talked)
    _fill_stops(report, kinds, listened, prompt)
    return report.to_dict()


_OPENING = BenchQuestion("opening", "Hello. This call is recorded. Am I speaking to Kim?", barge_in=False)
#: More stops in one call than this are not looked for.
_AGAIN = 20
_LONG = BenchQuestion(
    "ask_when", "News.", hear=("when", "already_paid", "dispute", "person", "busy"), no_input_s=2.0
)


async def _interrupted(speakers: int, times: int, say: Say) -> list[Measured]:
    asked = [_OPENING, *[_LONG] * times]
    wav = wav_bytes(to_pcm(await long_prompt(9.0)))
    recorded = {f"{FLOW}.q{number}.1": wav for number in range(2, times + 2)}
    scenario, numbers = scenario_of({f"talker_{each}": talker_steps(each, times) for each in range(speakers)})
    with tempfile.TemporaryDirectory(prefix="ari-app-bench-") as name:
        async with voice_site(Path(name), scenario, asked, prompts=recorded) as (site, settings):
            return await call_all(
                site,
                settings,
                numbers,
                concurrency=4,
                patience_s=60.0 + 14.0 * times * -(-speakers // 4),
                say=say,
            )


async def _listened(kinds: Sequence[str], prompt: Samples, say: Say) -> list[Measured]:
    # Whatever is taken for an answer, the same prompt begins again; the call ends by its own limit.
    asked = [_OPENING, *[_LONG] * _AGAIN]
    wav = wav_bytes(to_pcm(prompt))
    recorded = {f"{FLOW}.q{number}.1": wav for number in range(2, _AGAIN + 2)}
    seconds = prompt.size / SAMPLE_RATE
    settings_of_it = {"dialler": {"tick_s": 0.2, "calls_per_second": 4.0, "max_call_s": seconds}}
    scenario, numbers = scenario_of(
        {f"{kind}_{place}": listener_steps(kind) for place, kind in enumerate(kinds)}
    )
    with tempfile.TemporaryDirectory(prefix="ari-app-bench-") as name:
        async with voice_site(Path(name), scenario, asked, settings_of_it, recorded) as (site, settings):
            patience_s = 60.0 + 2.0 * seconds
            return await call_all(
                site, settings, numbers, concurrency=len(kinds), patience_s=patience_s, say=say
            )


def _fill_reactions(report: BenchReport, found: Sequence[Measured]) -> None:
    reactions: list[float] = []
    missed = 0
    for each in found:
        cases: list[BargeIn] = [] if each.tape is None else barge_ins(each.tape, pause_s=_PAUSE_S)
        ms = [reaction * 1000.0 for case in cases if (reaction := case.reaction_s) is not None]
        missed += len(cases) - len(ms)
        reactions += ms
        run = {"barge_in.n": float(len(ms))}
        if ms:
            run |= {"barge_in.p50_ms": median(ms), "barge_in.max_ms": max(ms)}
        report.runs.append(run)
    if not reactions:
        raise BenchFailed("the bot was never interrupted")
    report.metrics |= {
        "barge_in.p50_ms": median(reactions),
        "barge_in.p95_ms": percentile(reactions, 95.0),
        "barge_in.max_ms": max(reactions),
        "barge_in.n": float(len(reactions)),
        "barge_in.missed": float(missed),
    }


def _fill_stops(
    report: BenchReport, kinds: Sequence[str], found: Sequence[Measured], prompt: Samples
) -> None:
    """Audible stops an hour of listening, of each kind of sound, and how many of them were taken back."""
    template = to_samples(through_narrow_band(to_pcm(prompt)))
    hours: dict[str, float] = {}
    stopped: dict[str, int] = {}
    back: list[float] = []
    gaps = 0
    resumed: dict[str, int] = {}
    by_name = {each.record.customer_id: each for each in found}
    for place, kind in enumerate(kinds):
        each = by_name[f"{kind}_{place}"]
        if each.tape is None:
            raise BenchFailed(f"the far end has no recording of the call with {kind}")
        silences = stops(each.tape.heard, template)
        cases = [case for case in silences if not case.is_gap]
        gaps += len(silences) - len(cases)
        resumed[kind] = resumed.get(kind, 0) + sum(case.resumed for case in cases)
        hours[kind] = hours.get(kind, 0.0) + _prompt_s(each.tape) / 3600.0
        stopped[kind] = stopped.get(kind, 0) + len(cases)
        back += [case.back_s for case in cases if case.resumed and case.back_s is not None]
    if not hours:
        return
    total = sum(hours.values())
    report.metrics["barge_in.minutes_listened"] = total * 60.0
    report.metrics["barge_in.false_stops_per_hour"] = sum(stopped.values()) / total
    report.metrics["barge_in.false_stops"] = float(sum(stopped.values()))
    report.metrics["barge_in.false_stops_resumed"] = float(len(back))
    if back:
        report.metrics["barge_in.repeated_max_ms"] = max(0.0, *back) * 1000.0
        report.metrics["barge_in.left_out_max_ms"] = max(0.0, -min(back)) * 1000.0
    report.metrics["barge_in.line_gaps"] = float(gaps)
    for kind in sorted(hours):
        report.metrics[f"barge_in.{kind}_stops_per_hour"] = stopped[kind] / hours[kind]
        report.metrics[f"barge_in.{kind}_stops"] = float(stopped[kind])
        report.metrics[f"barge_in.{kind}_stops_resumed"] = float(resumed[kind])
        report.metrics[f"barge_in.{kind}_minutes"] = hours[kind] * 60.0


def _prompt_s(tape: Tape) -> float:
    """For how long the bot was heard after the opening: the time in which it could be stopped."""
    parts = spans(tape.heard, joined_s=0.15, least_s=0.1)
    opening = next((said.start_s for said in spans(tape.said)), 0.0)
    return sum(part.end_s - part.start_s for part in parts if part.start_s > opening)
