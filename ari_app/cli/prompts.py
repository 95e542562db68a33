"""``ari-app prompts``: render what calls will say, check recordings, listen, delete old personal sound."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ari_app.cli.common import (
    EXIT_FAILED,
    JsonOption,
    clock_of,
    console,
    error_console,
    invocation,
    plain,
    print_json,
    run,
)
from ari_app.domain.experiment import styles_of
from ari_app.domain.voice_style import ALLOWED, FASTEST, LANGUAGES, SLOWEST, VoiceStyle, voice_choice
from ari_app.errors import AriAppError

if TYPE_CHECKING:
    from ari_app.cli.prompt_findings import Finding
    from ari_app.config import Settings
    from ari_app.dialogue.model import Fragment
    from ari_app.domain.account import Account
    from ari_app.services.flow_files import FlowDirectory
    from ari_app.services.prompt_batches import BatchReport
    from ari_app.speech.prompt_cache import PromptCache, StyledPrompts

app = typer.Typer(
    no_args_is_help=True,
    help=(
        "What calls say: render it before they are dialled, check your own recordings, listen to it.\n\n"
        "A prompt is spoken by a recording of yours, DIALPLAN/prompts/LANGUAGE/PROMPT_ID.wav, or else by a voice. "
        "`prompts check --all` lists every prompt id with its words; `prompts play` lets you hear it."
    ),
)


class Language(StrEnum):
    """Languages of prompts."""

    ZH = "zh"
    EN = "en"


class Through(StrEnum):
    """What lies between the prompt and the ear."""

    NOTHING = "nothing"
    PHONE = "phone"


FlowNames = Annotated[
    list[str] | None, typer.Argument(metavar="[FLOW]...", help="Flows by name; all when none is given.")
]
LanguageOption = Annotated[
    list[Language] | None,
    typer.Option("--language", metavar="zh|en", help="Only this language; may be given again."),
]
CampaignOption = Annotated[
    str | None,
    typer.Option(
        "--campaign", metavar="ID", help="Flow, voice and speed of this campaign, and its accounts."
    ),
]
VoiceOption = Annotated[str, typer.Option("--voice", metavar="NAME", help=f"A voice: {ALLOWED}.")]
SpeedOption = Annotated[
    float, typer.Option("--speed", min=SLOWEST, max=FASTEST, help="How fast it speaks; 1 is the voice's own.")
]


# ---------------------------------------------------------------------------------------------------- render


@app.command("render")
def render(
    context: typer.Context,
    flows: FlowNames = None,
    language: LanguageOption = None,
    campaign: CampaignOption = None,
    voice: VoiceOption = "",
    speed: SpeedOption = 1.0,
    json_output: JsonOption = False,
) -> None:
    """Render prompts into the cache, so that the first calls need not wait for it.

    Without a campaign: everything that is the same for all customers, which is every fixed sentence, the days that may be
    promised, and for an online voice all number words. With a campaign: also names, amounts and dates of the accounts that
    are still to be called. What is there already is passed over, so an interrupted run goes on where it stopped.
    Exit code 1 when something cannot be rendered.

        ari-app prompts render

        ari-app prompts render reminder --language zh

        ari-app prompts render --campaign winter-2026
    """
    settings = invocation(context).settings
    style = _style(voice, speed)

    async def work(progress: Callable[[int, int], None]) -> tuple[BatchReport, dict[str, int]]:
        from ari_app.app import make_prompts

        cache = make_prompts(settings)
        try:
            from ari_app.services.prompt_batches import render_batches

            batches = await _wanted(settings, cache, flows or [], language, campaign, style)
            report = await render_batches(batches, progress)
            return report, asdict(cache.counters) | asdict(cache.store.counters)
        finally:
            await cache.close()

    with _bar("rendering", shown=not json_output) as progress:
        report, counters = run(work(progress))
    if json_output:
        print_json(asdict(report) | {"rendered": counters["rendered"], "counters": counters})
    else:
        for problem in report.problems[:20]:
            error_console().print(plain(problem))
        if len(report.problems) > 20:
            error_console().print(f"... and {len(report.problems) - 20} more; --json tells all of them")
        console().print(
            f"{report.ready} of {report.wanted} prompts are ready; {counters['rendered']} of them rendered now"
        )
        if counters["voice_failures"]:
            error_console().print(
                f"a voice failed {counters['voice_failures']} times; the next voice of speech.voices spoke instead, "
                "where there is one"
            )
    if report.ready < report.wanted:
        raise typer.Exit(EXIT_FAILED)


@contextmanager
def _bar(title: str, shown: bool) -> Iterator[Callable[[int, int], None]]:
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=error_console(),
        transient=True,
        disable=not (shown and error_console().is_terminal),
    )
    with bar:
        task = bar.add_task(title, total=None)
        yield lambda behind, total: bar.update(task, completed=behind, total=total)


# ---------------------------------------------------------------------------------------------------- check


@app.command("check")
def check(
    context: typer.Context,
    flows: FlowNames = None,
    language: LanguageOption = None,
    campaign: CampaignOption = None,
    voice: VoiceOption = "",
    speed: SpeedOption = 1.0,
    everything: Annotated[
        bool, typer.Option("--all", help="List every prompt with its id and words, not only what is wrong.")
    ] = False,
    json_output: JsonOption = False,
) -> None:
    """Say for each prompt whether it is recorded, cached or missing, and what is wrong with recordings.

    A recording is refused or doubtful when it is no WAV of linear PCM, has less than 8000 Hz or 8 bits, is silent, too
    quiet, clipped, longer or shorter than its words, or has a long pause. Files that no prompt uses are told with the
    nearest id. Exit code 1 when a prompt is missing or a recording has a fault.

        ari-app prompts check

        ari-app prompts check reminder --language zh --all
    """
    settings = invocation(context).settings
    style = _style(voice, speed)

    async def work() -> list[Finding]:
        from ari_app.app import make_prompts
        from ari_app.cli.prompt_findings import findings

        cache = make_prompts(settings)
        try:
            names, (style_of_campaign, *_) = await _flows_and_styles(settings, flows or [], campaign, style)
            directory = _directory(settings)
            return await findings(
                directory,
                names or list(directory.names),
                _languages(language),
                cache.styled(style_of_campaign),
                settings.recorded_prompts_dir,
                clock_of(settings).now().date(),
            )
        finally:
            await cache.close()

    found = run(work())
    wrong = [one for one in found if one.faults]
    if json_output:
        print_json({"prompts": [one.as_object() for one in found], "problems": len(wrong)})
    else:
        for one in found if everything else wrong:
            line = f"{one.where}: {one.prompt_id} ({one.language}): {'; '.join(one.faults) or one.origin}"
            console().print(plain(f"{line}: {one.words}" if everything and one.words else line))
        counts = {origin: sum(1 for one in found if one.origin == origin) for origin in _ORIGINS}
        told = ", ".join(f"{count} {origin}" for origin, count in counts.items())
        console().print(f"{len(found) - counts['not used']} prompts: {told}; {len(wrong)} problems")
        if counts["missing"]:
            error_console().print("missing prompts are rendered by: ari-app prompts render")
    if wrong:
        raise typer.Exit(EXIT_FAILED)


_ORIGINS = ("recorded", "cached", "missing", "not used")


# ---------------------------------------------------------------------------------------------------- play


@app.command("play")
def play(
    context: typer.Context,
    what: Annotated[
        list[str],
        typer.Argument(
            metavar="FLOW STATE | TEXT", help="A flow and one of its states, or words to be spoken."
        ),
    ],
    language: Annotated[
        Language | None, typer.Option("--language", metavar="zh|en", help="Language; defaults.language else.")
    ] = None,
    voice: VoiceOption = "",
    speed: SpeedOption = 1.0,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Write a WAV file instead of playing it.")
    ] = None,
    through: Annotated[
        Through,
        typer.Option("--through", metavar="phone", help="phone: as a customer hears it, 8 kHz mu-law."),
    ] = Through.NOTHING,
    json_output: JsonOption = False,
) -> None:
    """Hear what a state of a flow says to an example customer, or how a text sounds.

    Plays it with aplay, ffplay or play (SoX), whichever is installed; without one, or with --out, it is a WAV file.

        ari-app prompts play reminder read_back --through phone

        ari-app prompts play "您好，这里是自动语音助手。" --voice espeak-ng+f3 --speed 0.9

        ari-app prompts play reminder opening --language en --out opening.wav
    """
    from ari_app.cli.prompt_player import play_sound, player, temporary_sound, write_sound
    from ari_app.voice.pcm import duration_s, through_narrow_band, wav_bytes

    if len(what) > 2:
        raise typer.BadParameter("give a flow and a state, or one text in quotes")
    settings = invocation(context).settings
    pcm = run(_spoken(settings, what, language or Language(settings.defaults.language), _style(voice, speed)))
    if through is Through.PHONE:
        pcm = through_narrow_band(pcm)
    wav = wav_bytes(pcm)
    command, trouble = (
        (None, None) if out is not None else (player(), "no aplay, ffplay or play is installed")
    )
    path = out if out is not None else temporary_sound(wav)
    if out is not None:
        write_sound(out, wav)
    elif command is not None:
        trouble = play_sound(path, command)
        if trouble is None:
            path.unlink(missing_ok=True)
    played = out is None and trouble is None
    if json_output:
        print_json({"seconds": round(duration_s(pcm), 2), "file": None if played else path, "played": played})
    elif not played:
        if trouble is not None:
            error_console().print(plain(f"cannot be played here: {trouble}"))
        console().print(plain(f"{duration_s(pcm):.1f} s: {path}"))


async def _spoken(settings: Settings, what: Sequence[str], language: Language, style: VoiceStyle) -> bytes:
    from ari_app.app import make_prompts
    from ari_app.dialogue.model import Fragment

    if len(what) == 2:
        account = _example(settings, language)
        now = clock_of(settings).now()
        fragments = _directory(settings).state_prompts(what[0], what[1], account, now)
        if not fragments:
            raise AriAppError(f"the state {what[1]} of {what[0]} says nothing")
    else:
        # Nobody knows whose words these are, so they are taken for personal.
        fragments = (Fragment(what[0], language.value, personal=True, local=True),)
    cache = make_prompts(settings)
    try:
        prompts = cache.styled(style)
        await prompts.prepare(fragments)
        return await prompts.pcm(fragments)
    finally:
        await cache.close()


def _example(settings: Settings, language: Language) -> Account:
    """Somebody who does not exist and owes something."""
    from ari_app.domain.account import Account

    today = clock_of(settings).now().date()
    return Account(
        customer_id="example",
        account_id="example",
        bill_id="example",
        name="张三" if language is Language.ZH else "John Smith",
        phone="+8613800000000",
        amount_due=Decimal("568.32"),
        due_date=today - timedelta(days=10),
        currency=settings.defaults.currency,
        timezone=settings.defaults.timezone,
        language=language.value,
        aging_bucket="D1-D30",
    )


# ---------------------------------------------------------------------------------------------------- purge


@app.command("purge")
def purge(
    context: typer.Context,
    days: Annotated[
        int | None,
        typer.Option("--days", min=0, max=3650, help="Older than this; speech.personal_prompt_days else."),
    ] = None,
    json_output: JsonOption = False,
) -> None:
    """Delete rendered names, amounts and digits of accounts that are old; `serve` does so every night.

    What is deleted and still needed is rendered again before the next call. Recordings of yours are never deleted.

        ari-app prompts purge

        ari-app prompts purge --days 0
    """
    settings = invocation(context).settings
    kept = settings.speech.personal_prompt_days if days is None else days

    async def work() -> int:
        from ari_app.app import make_prompts

        cache = make_prompts(settings)
        try:
            return await cache.purge(kept * 86_400.0, datetime.now(UTC).timestamp())
        finally:
            await cache.close()

    removed = run(work())
    if json_output:
        print_json({"removed": removed, "days": kept})
    else:
        console().print(f"{removed} personal prompts older than {kept} days deleted")


# ---------------------------------------------------------------------------------------------------- shared


def _style(voice: str, speed: float) -> VoiceStyle:
    if voice:
        try:
            voice_choice(voice)
        except ValueError as error:
            raise typer.BadParameter(f"--voice {error}; allowed: {ALLOWED}") from error
    return VoiceStyle(voice, round(speed, 2))


def _languages(wanted: Sequence[Language] | None) -> list[str]:
    return list(dict.fromkeys(each.value for each in wanted)) if wanted else list(LANGUAGES)


def _directory(settings: Settings) -> FlowDirectory:
    from ari_app.app import company_names
    from ari_app.services.flow_files import FlowDirectory

    return FlowDirectory(settings.dialplan_dir / "flows", company_names(settings))


async def _flows_and_styles(
    settings: Settings, flows: Sequence[str], campaign: str | None, style: VoiceStyle
) -> tuple[list[str], list[VoiceStyle]]:
    """The flows that are meant, and how they are spoken: in the voice of the campaign and in those of its experiments.

    Raises InputError for an unknown campaign.
    """
    if campaign is None:
        return list(flows), [style]
    from ari_app.app import open_store
    from ari_app.cli.campaigns import existing

    async with open_store(settings) as store:
        strategy = (await existing(store, campaign)).strategy
    styles = styles_of(strategy.voice, strategy.experiments) if style == VoiceStyle() else [style]
    return list(flows) or [strategy.flow], styles


async def _wanted(
    settings: Settings,
    cache: PromptCache,
    flows: Sequence[str],
    language: Sequence[Language] | None,
    campaign: str | None,
    style: VoiceStyle,
) -> list[tuple[StyledPrompts, list[Fragment]]]:
    """What is to be rendered, for each voice and speed, and the prompts that do it."""
    names, styles = await _flows_and_styles(settings, flows, campaign, style)
    directory = _directory(settings)
    now = clock_of(settings).now()
    languages = _languages(language)
    wanted: dict[Fragment, None] = {}
    for one in languages:
        for name in names or directory.names:
            wanted |= dict.fromkeys(directory.shared_prompts(name, one, now.date()))
    if campaign is not None:
        from ari_app.app import open_store

        async with open_store(settings) as store:
            async for account in store.iter_accounts(campaign):
                if account.language in languages:
                    for name in names:
                        wanted |= dict.fromkeys(directory.prompts(name, account, now))
    batches: list[tuple[StyledPrompts, list[Fragment]]] = []
    for each in styles:
        prompts = cache.styled(each)
        pieces = [piece for one in languages for piece in prompts.pieces(one)]
        batches.append((prompts, list(dict.fromkeys([*pieces, *wanted]))))
    return batches
