"""``ari-app announcements``: what call progress recognises, and what it would hear in a recording."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ari_app.cli.common import EXIT_FAILED, JsonOption, console, invocation, plain, print_json, run
from ari_app.errors import InputError, Problem

if TYPE_CHECKING:
    from ari_app.services.progress_files import Known

app = typer.Typer(
    no_args_is_help=True,
    help=(
        "The announcements of networks and the greetings of machines: check the folder, try a recording.\n\n"
        "To have an announcement recognised, put its WAV file into DIALPLAN/announcements and its meaning into "
        "announcements.yaml there; the next call knows it."
    ),
)


@app.command("check")
def check(context: typer.Context, json_output: JsonOption = False) -> None:
    """Read announcements.yaml with its WAV files, and tones.yaml: every fault with file and line.

    ari-app announcements check
    """
    from ari_app.services.announcement_files import read_entries
    from ari_app.services.progress_files import read_known, unlisted

    dialplan = invocation(context).settings.dialplan_dir
    known = read_known(dialplan)
    entries = read_entries(dialplan / "announcements")
    spare = [path.name for path in unlisted(dialplan)]
    meanings: dict[str, list[str]] = {}
    for entry in entries:
        meanings.setdefault(entry.meaning, []).append(entry.path.name)
    if json_output:
        print_json({"announcements": meanings, "unlisted": spare, "countries": sorted(known.tones.countries)})
    else:
        for meaning, names in meanings.items():
            console().print(f"{meaning}: {plain(', '.join(names))}")
        console().print(f"tones: {', '.join(known.tones.countries)}")
        for name in spare:
            console().print(
                f"{plain(name)}: no entry in announcements.yaml names it, so it is not recognised"
            )
    if spare:
        raise typer.Exit(EXIT_FAILED)


@app.command("render")
def render(context: typer.Context) -> None:
    """Speak the entries that have a text and no WAV file yet: for trials, until you have the network's own recording.

    ari-app announcements render
    """
    from ari_app.speech.announcements import render_missing

    for path in run(render_missing(invocation(context).settings.dialplan_dir / "announcements")):
        console().print(plain(path))


@app.command("try")
def try_recording(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE.wav", help="A WAV file: the sound of a call.")],
    country: Annotated[
        str,
        typer.Option(
            "--country",
            metavar="CC",
            help="Country of the tones; by default that of the settings.",
        ),
    ] = "",
    json_output: JsonOption = False,
) -> None:
    """Show what would be heard in a recording, with times: before the answer, and after it.

    ari-app announcements try early-media.wav --country CN
    """
    from ari_app.services.progress_files import read_known

    settings = invocation(context).settings
    known = read_known(settings.dialplan_dir)
    code = country.upper() or settings.defaults.country
    if country and code not in known.tones.countries:
        raise typer.BadParameter(
            f"tones.yaml has no country {country[:20]!r} (there are: {', '.join(sorted(known.tones.countries))})",
            param_hint="--country",
        )
    before, after = heard_in(_sound(file), known, code)
    if json_output:
        print_json({"before_answer": before, "after_answer": after})
        return
    for title, found in (("Before the answer:", before), ("After the answer:", after)):
        console().print(title)
        for entry in found or [{"at_s": None, "heard": "nothing", "detail": ""}]:
            at = "" if entry["at_s"] is None else f"{entry['at_s']:6.2f} s  "
            console().print(f"  {at}{entry['heard']}  {entry['detail']}".rstrip())


def _sound(file: Path) -> bytes:
    from ari_app.voice.pcm import pcm_of_wav

    try:
        return pcm_of_wav(file.read_bytes())
    except ValueError as error:
        raise InputError([Problem(str(file), "file", str(error))]) from None


def heard_in(
    pcm: bytes, known: Known, country: str
) -> tuple[list[dict[str, object]], list[dict[str, object]]]:
    """What is heard in slin16 sound before and after the answer: time in seconds, word, detail."""
    from ari_app.voice.answering_machine import AnsweringMachineDetector
    from ari_app.voice.pcm import FRAME_S, frames
    from ari_app.voice.progress import EarlyMediaListener

    listener = EarlyMediaListener(known.references, known.tones.of(country))
    detector = AnsweringMachineDetector(references=known.references)
    before: list[dict[str, object]] = []
    after: list[dict[str, object]] = []
    for number, frame in enumerate(frames(pcm), 1):
        at = round(number * FRAME_S, 2)
        ends = listener.push(frame)
        if len(listener.heard) > len(before):
            match = listener.last_match
            detail = (
                f"score {match.score:.2f}, ahead by {match.lead:.2f}" if ends and match is not None else ""
            )
            before.append(
                {"at_s": at, "heard": listener.heard[-1], "ends_call": ends is not None, "detail": detail}
            )
        verdict = detector.push(frame, at)
        if verdict is not None:
            after.append(
                {
                    "at_s": at,
                    "heard": verdict.value,
                    "ends_call": verdict != "human",
                    "detail": detector.reason,
                }
            )
    return before, after
