"""``ari-app understand``: what utterances mean, for files of them, and how often that is right."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from statistics import median, quantiles
from typing import TYPE_CHECKING, Annotated, TextIO
from zoneinfo import ZoneInfo

import typer

from ari_app.cli.common import JsonOption, console, plain, print_json, written_whole
from ari_app.errors import InputError, Problem

if TYPE_CHECKING:
    from ari_app.dialogue.understanding_score import Failure, Found, Labelled, Score

#: The reference time of the published scheme and of the project's own labelled sets.
REFERENCE = "2026-03-11T10:30:00+08:00"
_ZONE = "Asia/Shanghai"
_PROGRESS_EVERY = 20_000


def understand_files(
    language: Annotated[
        str,
        typer.Option(
            "--lang", metavar="zh|en", help="Language of the utterances; for --score that of the file's name."
        ),
    ] = "",
    now: Annotated[
        str,
        typer.Option(
            "--now", metavar="ISO", help=f"Reference time of 'tomorrow' and the like; without a zone {_ZONE}."
        ),
    ] = REFERENCE,
    source: Annotated[
        str, typer.Option("--in", metavar="FILE|-", help="Utterances, one JSON object a line.")
    ] = "-",
    target: Annotated[str, typer.Option("--out", metavar="FILE|-", help="Where the meanings go.")] = "-",
    score: Annotated[
        list[Path] | None,
        typer.Option(
            "--score", metavar="FILE", help="Score this labelled file instead; may stand several times."
        ),
    ] = None,
    failures: Annotated[
        bool, typer.Option("--failures", help="With --score: list what was not understood.")
    ] = False,
    finer: Annotated[
        bool,
        typer.Option("--finer", help="Write finer meanings too (deceased, minor, repeat ...), as `finer`."),
    ] = False,
    json_output: JsonOption = False,
) -> None:
    """What utterances mean: intents, slots and confidence, by the rules that calls use.

    A line in is {"id": "1", "text": "下周五交三百", "context": "ask_when"}; the context is the question that had been asked
    (opening, verify_tail, inform, ask_when, ask_amount, ask_plan, confirm_ptp, dispute_describe, closing; without one:
    inform). A line out is {"id": "1", "intent": "promise_to_pay", "also": [], "slots": {"amount": "300.00", "date":
    "2026-03-20"}, "confidence": 0.9}, in the same order. The output appears whole or not at all.

    ari-app understand --lang zh --now 2026-03-11T10:30 --in said.jsonl --out meant.jsonl

    ari-app understand --score tests/data/understanding/zh.test.jsonl --failures
    """
    moment = _moment(now)
    if score:
        _score_files(score, language, moment, failures=failures, json_output=json_output)
        return
    _check_language(language)
    from ari_app.dialogue.understanding import understand
    from ari_app.dialogue.understanding_slots import slots_of
    from ari_app.services.utterance_files import read_utterances

    with _reading(source) as stream:
        utterances = read_utterances(stream, source if source != "-" else "standard input")
    with _writing(target) as out:
        for number, one in enumerate(utterances, 1):
            heard = understand(one.text, language, one.context, moment)
            line: dict[str, object] = {
                "id": one.id,
                "intent": heard.intent,
                "also": list(heard.also),
                "slots": slots_of(heard),
                "confidence": round(heard.confidence, 3),
            }
            if finer and heard.finer:
                line["finer"] = heard.finer
            out.write(json.dumps(line, ensure_ascii=False) + "\n")
            if number % _PROGRESS_EVERY == 0:
                typer.echo(f"{number} of {len(utterances)}", err=True)


# ------------------------------------------------------------------------------------------------------------- scoring


def _score_files(
    files: Sequence[Path], language: str, now: datetime, *, failures: bool, json_output: bool
) -> None:
    from ari_app.dialogue.understanding_score import score

    reports: list[dict[str, object]] = []
    for path in files:
        spoken = language or path.name.partition(".")[0]
        _check_language(spoken, path)
        pairs, took_ms = scored(path, spoken, now)
        found = score(pairs)
        reports.append({"file": path.name, "language": spoken, **_figures(found, took_ms)})
        if json_output:
            reports[-1]["failures"] = [_told(one) for one in found.failures]
        else:
            _print(path.name, found, took_ms, failures=failures)
    if json_output:
        print_json(reports)


def scored(path: Path, language: str, now: datetime) -> tuple[list[tuple[Labelled, Found]], list[float]]:
    """Labels beside findings, and what each took in milliseconds."""
    from ari_app.dialogue.understanding import understand
    from ari_app.dialogue.understanding_score import Found
    from ari_app.dialogue.understanding_slots import slots_of
    from ari_app.services.utterance_files import read_labelled

    with _reading(str(path)) as stream:
        labelled = read_labelled(stream, str(path))
    if not labelled:
        raise InputError([Problem(str(path), "", "there is no utterance in it", "one JSON object a line")])
    pairs: list[tuple[Labelled, Found]] = []
    took_ms: list[float] = []
    for one in labelled:
        began = time.perf_counter()
        heard = understand(one.text, language, one.context, now)
        took_ms.append(1e3 * (time.perf_counter() - began))
        pairs.append((one, Found(heard.intent, heard.also, slots_of(heard))))
    return pairs, took_ms


def _figures(found: Score, took_ms: Sequence[float]) -> dict[str, object]:
    return {
        "utterances": found.utterances,
        "macro_f1": round(found.macro_f1, 4),
        "accuracy": round(found.accuracy, 4),
        "also_f1": round(found.also_f1, 4),
        "slots": {
            name: {"carried": one.carried, "exact": round(one.share, 4), "invented": one.invented}
            for name, one in found.slots.items()
        },
        "intents": {
            name: {
                "precision": round(one.precision, 3),
                "recall": round(one.recall, 3),
                "f1": round(one.f1, 3),
                "support": one.support,
            }
            for name, one in found.intents.items()
        },
        "confusions": [list(one) for one in found.confusions],
        "median_ms": round(median(took_ms), 3),
        "p99_ms": round(quantiles(took_ms, n=100)[-1] if len(took_ms) > 1 else took_ms[0], 3),
    }


def _print(name: str, found: Score, took_ms: Sequence[float], *, failures: bool) -> None:
    out = console()
    out.print(
        plain(
            f"{name}: {found.utterances} utterances, macro-F1 {found.macro_f1:.3f}, accuracy {found.accuracy:.3f},"
            f" further intents F1 {found.also_f1:.3f}, median {median(took_ms):.2f} ms"
        )
    )
    for slot, one in found.slots.items():
        if one.carried or one.invented:
            out.print(
                plain(
                    f"  {slot}: {one.exact} of {one.carried} exact ({one.share:.3f}), {one.invented} invented"
                )
            )
    for want, got, count in found.confusions[:12]:
        out.print(plain(f"  {want} taken for {got}: {count}"))
    for failure in found.failures if failures else ():
        told = _told(failure)
        out.print(
            plain(f"  {told['id']} [{told['context']}] {told['text']}: {told['expected']} / {told['found']}")
        )


def _told(failure: Failure) -> dict[str, object]:
    one, found = failure.labelled, failure.found
    return {
        "id": one.id,
        "context": one.context,
        "text": one.text,
        "wrong": list(failure.wrong),
        "expected": {"intent": one.intent, **({"slots": dict(one.slots)} if one.slots else {})},
        "found": {"intent": found.intent, **({"slots": dict(found.slots)} if found.slots else {})},
    }


# ------------------------------------------------------------------------------------------------------- input, output


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(
            f"{text[:40]!r} is no time, such as 2026-03-11T10:30", param_hint="--now"
        ) from None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=ZoneInfo(_ZONE))


def _check_language(language: str, path: Path | None = None) -> None:
    from ari_app.dialogue.spoken import LANGUAGES

    if language not in LANGUAGES:
        name = f"{path.name} does not begin with a language, so " if path is not None else ""
        raise typer.BadParameter(f"{name}name one of {', '.join(LANGUAGES)}", param_hint="--lang")


@contextmanager
def _reading(source: str) -> Iterator[TextIO]:
    if source == "-":
        yield sys.stdin
        return
    try:
        with Path(source).open(encoding="utf-8") as stream:
            yield stream
    except OSError as error:
        raise InputError([Problem(source, "", f"cannot be read: {error.strerror}")]) from None
    except UnicodeDecodeError as error:
        raise InputError([Problem(source, "", f"byte {error.start} is no UTF-8", "a UTF-8 text")]) from None


@contextmanager
def _writing(target: str) -> Iterator[TextIO]:
    if target == "-":
        yield sys.stdout
        return
    with written_whole(Path(target)) as stream:
        yield stream
