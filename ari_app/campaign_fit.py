"""Whether a campaign fits its surroundings: flow, voices, rule pack, strategy file and caller IDs of these settings.

Whatever way a campaign comes in, from a file or over HTTP, it is asked here.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime

from ari_app.config import Settings
from ari_app.domain.campaign import Campaign, CampaignStrategy
from ari_app.domain.compliance import zone_of
from ari_app.domain.voice_style import voice_choice
from ari_app.domain.webhooks.reach import Reach
from ari_app.errors import InputError, Problem
from ari_app.ports import Clock
from ari_app.services.account_row import RowDefaults
from ari_app.services.flow_files import FlowDirectory
from ari_app.services.flow_sources import read_flow_file
from ari_app.services.model_problems import nearest
from ari_app.services.pack_limits import beyond_pack
from ari_app.services.rule_directory import RuleDirectory
from ari_app.services.strategy_check import Surroundings
from ari_app.services.strategy_directory import StrategyDirectory
from ari_app.services.strategy_surroundings import surroundings
from ari_app.services.webhooks.addresses import refused_url


def strategies_of(
    settings: Settings, clock: Clock, rules: RuleDirectory, flows: FlowDirectory | None = None
) -> StrategyDirectory:
    """The strategy files of these settings, checked against the rule packs, the dispositions and the flows (None: not
    against those)."""
    zone = zone_of(settings.defaults.timezone)

    def around(versions: Callable[[str], Collection[str]]) -> Surroundings:
        policies = None if flows is None else {name: flows.flow(name).policy for name in flows.names}
        today = clock.now().astimezone(zone).date()
        return surroundings(settings.dialplan_dir, rules.book, today, versions, policies)

    return StrategyDirectory(settings.dialplan_dir, around, settings.defaults.country)


def check_campaign(settings: Settings, clock: Clock, campaign: Campaign, source: str) -> None:
    """Raises InputError with what does not fit; reads the files of ``dialplan_dir``."""
    _reachable(settings, campaign, source)
    rules = RuleDirectory(settings.dialplan_dir)
    _known_flow(settings, campaign.strategy.flow, source)
    _voices_fit(settings, campaign.strategy, source)
    _names_fit(settings, campaign.strategy, source)
    _within_rules(settings, clock, rules, campaign, source)
    _within_strategy(settings, clock, rules, campaign, source)


def _reachable(settings: Settings, campaign: Campaign, source: str) -> None:
    """A webhook inside the network would be refused at every event; names are looked up then."""
    if campaign.webhook is None:
        return
    reach = Reach.of(settings.webhooks.allow_networks, settings.webhooks.allow_ports)
    refused = refused_url(campaign.webhook.url, reach)
    if refused:
        allowed = "a public address, or one of webhooks.allow_networks"
        raise InputError([Problem(source, "webhook.url", refused, allowed)])


def _known_flow(settings: Settings, flow: str, source: str) -> None:
    """A campaign whose flow does not exist could call and have nothing to say."""
    known = [path.stem for path in (settings.dialplan_dir / "flows").glob("*.yaml")]
    if flow not in known:
        where = "there is no such flow in dialplan/flows"
        raise InputError([Problem(source, "strategy.flow", where, nearest(flow, known))])


def _within_rules(
    settings: Settings, clock: Clock, rules: RuleDirectory, campaign: Campaign, source: str
) -> None:
    """A campaign beyond its rule pack would be refused call by call."""
    today = clock.now().astimezone(zone_of(campaign.strategy.timezone)).date()
    problems = beyond_pack(campaign, rules.book, today, source)
    approved = {each.number for each in settings.caller_ids}
    problems += [
        Problem(source, "dialer.callerIdPool", f"{number} is not approved", "numbers of caller_ids")
        for number in campaign.dialler.caller_id_pool
        if approved and number not in approved
    ]
    if problems:
        raise InputError(problems)


def _within_strategy(
    settings: Settings, clock: Clock, rules: RuleDirectory, campaign: Campaign, source: str
) -> None:
    """The strategy file is there, and the campaign owns a number of each of its groups."""
    name = campaign.strategy.file
    if not name:
        return
    directory = strategies_of(settings, clock, rules)
    known = directory.book.current.get(name)
    if known is None:
        why = directory.book.faults.get(name, f"there is no strategy {name!r} in dialplan/strategies")
        raise InputError(
            [Problem(source, "strategy.file", why, nearest(name, sorted(directory.book.current)))]
        )
    pool = campaign.dialler.caller_id_pool
    used = {segment.caller_ids for segment in known.strategy.segments if segment.calls}
    problems = [
        Problem(
            source,
            "dialer.callerIdPool",
            f"has no number of the group {group!r} of the strategy {name}, so its segments could call nobody",
            f"one of {', '.join(numbers)}",
        )
        for group, numbers in known.strategy.caller_ids.items()
        if group in used and pool and not set(numbers) & set(pool)
    ]
    if problems:
        raise InputError(problems)


def _voices_fit(settings: Settings, strategy: CampaignStrategy, source: str) -> None:
    """The voices of a campaign and of its arms may be used: which engines is the settings' business, for an online one
    receives text. Raises InputError."""
    _enabled_voice(settings, strategy.voice.voice, source, "strategy.voice")
    for experiment in strategy.experiments:
        for arm in experiment.arms:
            field = f"strategy.experiments.{experiment.name}.arms.{arm.name}.voice"
            _enabled_voice(settings, arm.voice, source, field)


def _enabled_voice(settings: Settings, voice: str, source: str, field: str) -> None:
    if not voice:
        return
    choice = voice_choice(voice)
    enabled = [
        language
        for language, names in settings.speech.voices.items()
        if language in choice.languages and choice.engine in names
    ]
    if not enabled:
        order = "; ".join(
            f"{language}: {', '.join(names)}" for language, names in settings.speech.voices.items()
        )
        problem = f"needs {choice.engine}, which speech.voices of the settings does not name"
        raise InputError([Problem(source, field, problem, order)])


def _names_fit(settings: Settings, strategy: CampaignStrategy, source: str) -> None:
    """No experiment has the name of one of the flow, which would hold in its place. Raises InputError."""
    if not strategy.experiments:
        return
    try:
        flow = read_flow_file(settings.dialplan_dir / "flows" / f"{strategy.flow}.yaml")
    except InputError:
        return  # a flow with faults does not take effect; `flow check` tells them
    names = {one.name for one in flow.experiments}
    problems = [
        Problem(
            source,
            f"strategy.experiments.{one.name}",
            f"the flow {strategy.flow} has an experiment of this name",
            "another name",
        )
        for one in strategy.experiments
        if one.name in names
    ]
    if problems:
        raise InputError(problems)


def row_defaults(settings: Settings, now: datetime) -> RowDefaults:
    """What a row of a list gets where it says nothing."""
    wanted = settings.defaults
    return RowDefaults(
        now,
        wanted.country,
        wanted.language,
        wanted.currency,
        wanted.timezone,
        settings.dialler.ring_timeout_s,
    )
