"""The composition root: the only place that knows concrete classes and reads the settings."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.cron import CronTrigger

from ari_app.asterisk import ami as asterisk_ami
from ari_app.asterisk import ari_types
from ari_app.asterisk.ari import AriConnection, ConnectionState
from ari_app.asterisk.recorder import MixMonitorRecorder
from ari_app.asterisk.telephony import AsteriskTelephony
from ari_app.campaign_fit import strategies_of
from ari_app.clock import ShiftedClock, SystemClock
from ari_app.closed_loop import closed_loop, every
from ari_app.config import Settings
from ari_app.config.model import AUTO
from ari_app.domain.abandonment import AbandonLimit
from ari_app.domain.attempt import ReservedAttempt
from ari_app.domain.predictive import PacingRules
from ari_app.domain.rule_pack import RuleBook
from ari_app.domain.voice_style import EDGE, USUAL, VoiceStyle, voice_choice
from ari_app.errors import ConfigError, SpeechError
from ari_app.language import language_model
from ari_app.observation import Observed, observation
from ari_app.ports import Agents, Clock, Flows, MediaStream, Prompts, Recogniser, Recorder, Store, Voice
from ari_app.services.advice import Adviser
from ari_app.services.alerts.red_lines import RedLineWatch
from ari_app.services.answer_watch import AnswerWatch
from ari_app.services.call_languages import OtherLanguages
from ari_app.services.call_session import CallLimits, CallServices, DialPlan
from ari_app.services.controller import Controller
from ari_app.services.conversation import Conversation, Ears
from ari_app.services.dialler import Dialler, DiallerLimits
from ari_app.services.disposition_file import read_dispositions
from ari_app.services.flow_files import FlowDirectory
from ari_app.services.keyword_watch import KeywordWatch
from ari_app.services.nightly import Nightly
from ari_app.services.pace_keeper import PaceKeeper
from ari_app.services.phones import as_dialled, region_of
from ari_app.services.plans.approval_file import ApprovalFile
from ari_app.services.progress_files import ProgressFiles
from ari_app.services.progress_watch import ProgressWatch, early_listener
from ari_app.services.reconcile import Reconciler
from ari_app.services.rule_directory import RuleDirectory
from ari_app.services.rule_watch import RuleWatch
from ari_app.services.strategy_directory import StrategyDirectory
from ari_app.services.trunks import TrunkDesk, TrunkLimits
from ari_app.services.who_answered import AnswerDetector
from ari_app.services.withdrawal_watch import WithdrawalWatch
from ari_app.services.wrap_up import WrapUp
from ari_app.speech.espeak import VOICES as ESPEAK_VOICES
from ari_app.speech.espeak import EspeakVoice
from ari_app.speech.pocketsphinx_recogniser import PocketSphinxRecogniser
from ari_app.speech.prompt_cache import PromptCache
from ari_app.speech.prompt_settings import PromptSettings
from ari_app.speech.recognisers import RecogniserChoice
from ari_app.store.sqlite_store import SqliteStore
from ari_app.voice.answering_machine import AnsweringMachineDetector
from ari_app.voice.vad import SpeechGate

#: How long the model of a recogniser may take to be loaded before the first call is dialled.
WARM_UP_S = 120.0
#: How long the start waits for a recogniser's server; it is connected to later when it comes later.
CONNECT_S = 5.0
FUNASR = "funasr"
#: How often rule packs and calendars are looked at for changes.
RULES_AGAIN_S = 5.0
#: How often it is told that the guard has stopped a sentence.
RED_LINES_S = 2.0
#: How often calls that nobody has answered are asked again, where something has changed.
WITHDRAWAL_S = 1.0
#: The hour, by the clocks of defaults.timezone, in which bills grow older.
NIGHTLY_HOUR = 1
#: The hour (UTC) in which old personal prompts are deleted.
PURGE_HOUR = 19
StopRecording = Callable[[], Awaitable[None]]

log = structlog.get_logger(__name__)


def make_clock(settings: Settings) -> Clock:
    """The machine's clock, or the laboratory's shifted one."""
    lab = settings.lab
    if lab.clock_start is None:
        return SystemClock()
    return ShiftedClock(lab.clock_start, lab.clock_origin or datetime.now(UTC))


@asynccontextmanager
async def open_store(settings: Settings, *, controller: bool = False) -> AsyncIterator[SqliteStore]:
    """The database of these settings; made and migrated when it is not there yet.

    Raises StoreError; for a ``controller`` also when another one serves this database.
    """
    try:
        settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    except FileExistsError as error:
        raise ConfigError(f"data_dir: {settings.data_dir} is a file, not a folder") from error
    store = await SqliteStore.open(settings.database, controller=controller)
    store.approve({each.number: each.rules for each in settings.caller_ids})
    store.plans.use_approvals(ApprovalFile(settings.dialplan_dir).table)
    try:
        await store.debts.judge_by(settings.promises.rule)
        yield store
    finally:
        await store.close()


def strategy_directory(
    settings: Settings, rules: RuleDirectory, flows: FlowDirectory | None = None
) -> StrategyDirectory:
    """The strategy files of these settings, checked against the rule packs, the dispositions and the flows (None: not
    against those)."""
    return strategies_of(settings, make_clock(settings), rules, flows)


@asynccontextmanager
async def open_controller(settings: Settings, *, patience_s: float = 10.0) -> AsyncIterator[Controller]:
    """A controller that is connected and reconciles; stopped, with every call closed, when the context ends.

    ``patience_s`` is how long Asterisk may take to be reached. Raises ConfigError for settings that cannot work,
    TelephonyError when Asterisk cannot be reached, StoreError when another controller holds the database.
    """
    table = read_dispositions(settings.dialplan_dir / "dispositions.yaml")
    rules = await asyncio.to_thread(RuleDirectory, settings.dialplan_dir)
    log.info("rule packs", usable=sorted(rules.book.rules), unreadable=sorted(rules.book.faults))
    clock = make_clock(settings)
    log.info("connecting to Asterisk", ari=settings.ari.url, ami=f"{settings.ami.host}:{settings.ami.port}")
    observed = Observed()
    async with AsyncExitStack() as stack:
        store = await stack.enter_async_context(open_store(settings, controller=True))
        recorder = await stack.enter_async_context(_recorder(settings, patience_s, observed))
        telephony = await stack.enter_async_context(_telephony(settings, recorder, patience_s))
        observed.add_telephony(telephony)
        flows = FlowDirectory(
            settings.dialplan_dir / "flows", company_names(settings), settings.speech.voices
        )
        strategies = await asyncio.to_thread(strategy_directory, settings, rules, flows)
        log.info("strategies", usable=sorted(strategies.book.current), faults=len(strategies.problems))
        store.use_strategies(lambda: strategies.book)
        files = ProgressFiles(settings.dialplan_dir)
        prompts = make_prompts(settings)
        stack.push_async_callback(prompts.close)
        observed.add_prompts(prompts)
        language = await stack.enter_async_context(language_model(settings, store, clock))
        language.show(observed)
        wrap_up = WrapUp(
            store,
            clock,
            table,
            recorder,
            settings.transcripts_dir,
            language.closed,
            lambda: rules.book,
            settings.api.public_url or "",
        )
        recogniser = await stack.enter_async_context(_recognisers(settings, observed))
        services = CallServices(
            store=store,
            clock=clock,
            decide=rules.decide,
            wrap_up=wrap_up,
            recorder=recorder,
            limits=CallLimits(call_s=settings.dialler.max_call_s),
            conversation=conversations(
                flows,
                prompts,
                recogniser,
                clock,
                answer_watches(settings, files, recogniser),
                language.adviser,
            ),
            progress_watch=progress_watches(settings, files, recogniser),
            pace=pace_keeper(settings, store, clock, lambda: rules.book),
        )
        limits = DiallerLimits(settings.dialler.max_concurrency, settings.dialler.calls_per_second)
        trunks = trunk_desk(settings, clock)
        observed.add_trunks(trunks)
        dialler = Dialler(
            store, telephony, clock, rules.decide, services, router(settings), flows, prompts, limits, trunks
        )
        controller = Controller(telephony, dialler, Reconciler(store, telephony, wrap_up, dialler.owned))
        telephony.ari.on_state(
            lambda state: controller.taken_over() if state is ConnectionState.REPLACED else None
        )
        scheduler = AsyncIOScheduler(timezone=UTC)
        every(scheduler, settings.dialler.tick_s, controller.tick)
        every(scheduler, WITHDRAWAL_S, WithdrawalWatch(store, clock, rules.decide, dialler.sessions).look)
        every(scheduler, RULES_AGAIN_S, RuleWatch(rules, store, strategies).look)
        every(scheduler, RED_LINES_S, RedLineWatch(lambda: flows.tally.by_breach, store.webhooks, clock).look)
        scheduler.add_job(
            Nightly(store, clock, lambda: rules.book).run,
            CronTrigger(hour=NIGHTLY_HOUR, minute=10, timezone=settings.defaults.timezone),
            next_run_time=datetime.now(UTC),  # at once too: what the night before has left undone
            max_instances=1,
            coalesce=True,
            misfire_grace_time=None,
        )
        scheduler.add_job(
            purge_prompts,
            CronTrigger(hour=PURGE_HOUR, timezone=UTC),
            args=[prompts, settings.speech.personal_prompt_days],
            next_run_time=datetime.now(
                UTC
            ),  # at once too: a controller that is stopped every evening purges as well
            max_instances=1,
            coalesce=True,
            misfire_grace_time=None,
        )
        await stack.enter_async_context(
            closed_loop(settings, store, clock, scheduler, lambda: rules.book, observed.add, rules.calendars)
        )
        await stack.enter_async_context(observation(settings, observed, controller, telephony, store, flows))
        await controller.start()
        scheduler.start()
        log.info("serving")
        try:
            yield controller
        finally:
            scheduler.shutdown(wait=False)
            await controller.stop()


# --------------------------------------------------------------------------------------------------- telephony


def ari_settings(settings: Settings) -> ari_types.AriSettings:
    """ARI as the connection wants it; raises ConfigError without a password."""
    ari = settings.ari
    if ari.password is None:
        raise ConfigError("ari.password is not set: name it or ari.password_file in the settings")
    return ari_types.AriSettings(ari.url, ari.user, ari.password.get_secret_value(), ari.app)


def ami_settings(settings: Settings) -> asterisk_ami.AmiSettings | None:
    """AMI as the connection wants it; None without a secret (then nothing is recorded)."""
    ami = settings.ami
    if ami.secret is None:
        return None
    return asterisk_ami.AmiSettings(ami.host, ami.port, ami.user, ami.secret.get_secret_value())


@asynccontextmanager
async def _telephony(
    settings: Settings, recorder: Recorder | None, patience_s: float
) -> AsyncIterator[AsteriskTelephony]:
    ari = AriConnection(ari_settings(settings), request_timeout_s=settings.ari.request_timeout_s)
    telephony = AsteriskTelephony(ari, recorder=recorder, max_call_s=int(settings.dialler.max_call_s) + 120)
    await ari.start(patience_s)
    try:
        yield telephony
    finally:
        await telephony.close()
        await ari.close()


@asynccontextmanager
async def _recorder(
    settings: Settings, patience_s: float, observed: Observed
) -> AsyncIterator[Recorder | None]:
    ami = ami_settings(settings)
    if ami is None:
        log.warning("calls are not recorded: ami.secret is not set")
        yield None
        return
    settings.recordings_dir.mkdir(parents=True, exist_ok=True)
    async with asterisk_ami.ami_connection(ami, patience_s) as connection:
        observed.add_ami(connection)
        yield MixMonitorRecorder(
            connection, settings.recordings_dir, asterisk_folder=str(settings.asterisk_recordings_dir)
        )


def router(settings: Settings) -> Callable[[ReservedAttempt], DialPlan | None]:
    """Numbers to endpoints, by the routes of the settings; None for a number that no trunk takes."""

    def route(attempt: ReservedAttempt) -> DialPlan | None:
        phone = attempt.account.phone
        trunk = settings.trunk_for(phone)
        if trunk is None:
            return None
        number = as_dialled(phone, trunk.number_format, settings.defaults.country)
        return DialPlan(trunk.endpoint.replace("{number}", number))

    return route


def trunk_desk(settings: Settings, clock: Clock) -> TrunkDesk:
    """The trunks of the settings with their limits."""

    def trunk_of(phone: str) -> str | None:
        trunk = settings.trunk_for(phone)
        return None if trunk is None else trunk.name

    limits = [
        TrunkLimits(trunk.name, trunk.calls_per_second, trunk.max_concurrency) for trunk in settings.trunks
    ]
    return TrunkDesk(limits, trunk_of, clock)


def pace_keeper(
    settings: Settings,
    store: Store,
    clock: Clock,
    book: Callable[[], RuleBook],
    agents: Agents | None = None,
) -> PaceKeeper:
    """What paces campaigns by their mode; without ``agents`` only the bot's campaigns are dialled."""
    dialler = settings.dialler
    limit = AbandonLimit(dialler.abandon_limit_percent / 100.0, dialler.abandon_confidence_percent / 100.0)
    misjudged = dialler.machine_misjudged_percent / 100.0
    return PaceKeeper(store, clock, agents, PacingRules(limit=limit), misjudged, book)


# --------------------------------------------------------------------------------------------------- speech


def company_names(settings: Settings) -> dict[str, str]:
    """How the caller introduces itself, by language."""
    return {"zh": settings.company.name, "en": settings.company.name_en}


def make_voices(settings: Settings, style: VoiceStyle) -> list[Voice]:
    """The voices of a style, for each language in the order of the settings; the one that a campaign names is first.

    Each speaks one language alone, so that no text goes to an engine that the settings do not name for its language. An
    engine that they do not name at all is not used, whatever a campaign says.
    """
    choice = voice_choice(style.voice) if style.voice else None
    voices: list[Voice] = []
    for language, names in settings.speech.voices.items():
        order = list(dict.fromkeys(names))
        speaker = ""
        if choice is not None and language in choice.languages and choice.engine in order:
            order.remove(choice.engine)
            order.insert(0, choice.engine)
            speaker = choice.speaker
        for position, name in enumerate(order):
            special = speaker if position == 0 else ""
            voices.append(make_voice(name, settings, language, special, style.speed))
    return voices


def make_voice(name: str, settings: Settings, language: str, speaker: str = "", speed: float = 1.0) -> Voice:
    """One voice of one language; ``speaker`` is an espeak-ng variant or an edge-tts speaker, '' for the usual one."""
    if name == EDGE:
        from ari_app.speech.edge import SPEAKERS, EdgeVoice

        usual = {str(key): value for key, value in settings.speech.edge_voices.items()}
        return EdgeVoice({language: speaker or usual.get(language, SPEAKERS[language])}, speed=speed)
    return EspeakVoice(voices={language: ESPEAK_VOICES[language]}, variant=speaker, speed=speed)


def make_prompts(settings: Settings) -> PromptCache:
    """The prompt cache over the voices of the settings."""
    return PromptCache(
        settings.prompt_cache_dir,
        make_voices(settings, USUAL),
        recordings=settings.recorded_prompts_dir,
        settings=PromptSettings(personal_online=settings.speech.allow_personal_text_online),
        voices_of=lambda style: make_voices(settings, style),
    )


async def purge_prompts(prompts: PromptCache, days: int) -> int:
    """Delete personal prompts that were rendered more than ``days`` ago; returns how many went.

    Files carry the machine's own time, so it is the machine's clock that counts, not the laboratory's.
    """
    try:
        removed = await prompts.purge(days * 86_400.0, datetime.now(UTC).timestamp())
    except OSError as error:
        log.error("old personal prompts cannot be deleted", error=error.strerror or type(error).__name__)
        return 0
    log.info("old personal prompts deleted", files=removed, days=days)
    return removed


def make_recogniser(name: str, settings: Settings) -> Recogniser:
    """A recogniser by its name in the settings; heavy engines are loaded when they first hear something.

    Raises ConfigError for settings that it cannot work with.
    """
    speech = settings.speech
    if name == "faster-whisper":
        from ari_app.speech.whisper_recogniser import WhisperRecogniser

        return WhisperRecogniser(
            speech.whisper_model,
            device=speech.whisper_device,
            compute_type=speech.whisper_compute_type,
            workers=speech.whisper_workers,
            batch=speech.whisper_batch,
        )
    if name == FUNASR and speech.funasr_url is not None:
        from ari_app.speech.funasr import FunasrRecogniser

        return FunasrRecogniser(
            speech.funasr_url,
            languages=speech.funasr_languages,
            ca_file=speech.funasr_ca_file,
            check_certificate=speech.funasr_check_certificate,
        )
    return PocketSphinxRecogniser()


def make_recognisers(settings: Settings) -> dict[str, Recogniser]:
    """Every recogniser that the settings name, by its name; a FunASR server without an address is none."""
    wanted = dict.fromkeys(name for order in settings.speech.recognisers.values() for name in order)
    there = [name for name in wanted if name != FUNASR or settings.speech.funasr_url is not None]
    return {name: make_recogniser(name, settings) for name in there}


def recogniser_choices(settings: Settings, made: Mapping[str, Recogniser]) -> dict[str, RecogniserChoice]:
    """For each language the recognisers of the settings, in their order."""
    return {
        language: RecogniserChoice([made[name] for name in order if name in made])
        for language, order in settings.speech.recognisers.items()
    }


@asynccontextmanager
async def _recognisers(
    settings: Settings, observed: Observed
) -> AsyncIterator[Callable[[str], Recogniser | None]]:
    """Finds the recogniser of a language; None where nothing can hear it, and the customer answers by key."""
    made = make_recognisers(settings)
    choices = recogniser_choices(settings, made)
    observed.add_recognisers(made, choices)

    def find(language: str) -> Recogniser | None:
        choice = choices.get(language)
        return choice if choice is not None and choice.supports(language) else None

    try:
        if FUNASR in made:
            await _connect(made[FUNASR])
        for language, choice in choices.items():
            if choice.supports(language):
                await _warm_up(language, choice)
        yield find
    finally:
        for choice in choices.values():
            await choice.close()


async def _connect(server: Recogniser) -> None:
    """Begin to connect to a server; it is used from the moment that it can be reached."""
    try:
        await server.warm_up(CONNECT_S)
    except (SpeechError, TimeoutError) as error:
        log.warning("recogniser not reached yet", engine=server.name, error=str(error) or "too slow")


async def _warm_up(language: str, choice: RecogniserChoice) -> None:
    try:
        await choice.warm_up(WARM_UP_S)
    except SpeechError as error:
        log.warning("nothing can be heard, customers answer by key", language=language, error=str(error))


def conversations(
    flows: Flows,
    prompts: Prompts,
    recogniser: Callable[[str], Recogniser | None],
    clock: Clock,
    detector: Callable[[ReservedAttempt], AnswerDetector] = lambda _: AnswerWatch(AnsweringMachineDetector()),
    adviser: Adviser | None = None,
) -> Callable[[ReservedAttempt, MediaStream, StopRecording], Conversation]:
    """Makes the conversation of an answered call; ``detector`` makes what tells who has answered."""
    languages = OtherLanguages(flows, clock)

    def converse(attempt: ReservedAttempt, media: MediaStream, stop_recording: StopRecording) -> Conversation:
        ears = Ears(SpeechGate(), detector(attempt), recogniser)
        dialogue = flows.open(attempt.flow, attempt.account, attempt.arms)
        styled = prompts.styled(attempt.voice)
        others = languages.of(attempt, styled)
        return Conversation(dialogue, media, styled, ears, clock, stop_recording, adviser, others)

    return converse


# --------------------------------------------------------------------------------------------------- call progress


def keyword_watch(
    settings: Settings, recogniser: Callable[[str], Recogniser | None], language: str, *, answered: bool
) -> KeywordWatch | None:
    """What listens for the words of announcements; None where the settings or the machine have nothing for it."""
    if not settings.progress.keywords or recogniser(language) is None:
        return None
    return KeywordWatch(recogniser, language, SpeechGate(), answered=answered)


def progress_watches(
    settings: Settings, files: ProgressFiles, recogniser: Callable[[str], Recogniser | None]
) -> Callable[[ReservedAttempt, MediaStream], ProgressWatch]:
    """Makes what listens before the answer."""

    def watch(attempt: ReservedAttempt, media: MediaStream) -> ProgressWatch:
        account = attempt.account
        countries = tone_countries(settings, account.phone)
        words = keyword_watch(settings, recogniser, account.language, answered=False)
        return ProgressWatch(media, early_listener(files, lambda tones: tones.of(*countries)), words, files)

    return watch


def tone_countries(settings: Settings, phone: str) -> tuple[str | None, ...]:
    """Whose tones a call may bring: of the country that is called, and of the one in which the trunk is."""
    if settings.progress.tones != AUTO:
        return (settings.progress.tones,)
    return (region_of(phone), settings.defaults.country)


def answer_watches(
    settings: Settings, files: ProgressFiles, recogniser: Callable[[str], Recogniser | None]
) -> Callable[[ReservedAttempt], AnswerWatch]:
    """Makes what tells who has answered."""

    def watch(attempt: ReservedAttempt) -> AnswerWatch:
        words = keyword_watch(settings, recogniser, attempt.account.language, answered=True)
        return AnswerWatch(AnsweringMachineDetector(references=files.known.references), words)

    return watch
