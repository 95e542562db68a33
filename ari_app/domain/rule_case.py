"""Facts made ready for the rules: zones resolved, the version of the pack that is in force, local days."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ari_app.domain.contact_facts import ContactFacts
from ari_app.domain.open_days import Days, days_of
from ari_app.domain.openings import Openings
from ari_app.domain.rule_pack import PackVersion, RuleBook, Rules
from ari_app.domain.verdict import Refusal, Rule
from ari_app.domain.windows import local_instant


@dataclass(frozen=True, slots=True)
class Case:
    """One question. ``zones`` are those in which the customer may be, that of the account first, without repetition.

    ``local`` is now in each of them, ``days`` which days are open; ``openings`` remembers those that were found for
    earlier questions, where somebody asks many.
    """

    facts: ContactFacts
    now: datetime
    zones: tuple[tzinfo, ...]
    campaign_zone: tzinfo
    rules: Rules
    version: PackVersion
    local: tuple[datetime, ...]
    days: Days
    openings: Openings | None = None

    def other_version(self) -> datetime | None:
        """The midnight at which another version of the pack comes into force; None when there is none yet."""
        changes = self.rules.pack.changes_after(self.local[0].date())
        return None if changes is None else local_instant(changes, 0, self.zones[0])

    def sooner(self, until: datetime) -> datetime:
        """``until``, or the midnight before it at which another version of the pack comes into force."""
        changes = self.other_version()
        return until if changes is None else min(until, changes)


@lru_cache(maxsize=1024)
def zone_of(name: str) -> tzinfo | None:
    """The time zone of an IANA name, None when it is unknown or not a plain name."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


@dataclass(frozen=True, slots=True)
class Prepared:
    """``case``, or why there is none; ``version`` is the name of the version in force, '' where none is."""

    version: str
    case: Case | Refusal


@lru_cache(maxsize=4096)
def _zones_of(names: tuple[str, ...]) -> tuple[tzinfo, ...] | str:
    """The zones of names, without repetition; or the first name that is unknown."""
    found = []
    for name in dict.fromkeys(names):
        zone = zone_of(name)
        if zone is None:
            return name
        found.append(zone)
    return tuple(found)


def prepare(book: RuleBook, facts: ContactFacts, now: datetime, openings: Openings | None = None) -> Prepared:
    """The case of facts at ``now`` (UTC)."""
    strategy = facts.campaign.strategy
    here = zone_of(facts.account.timezone)
    rules = book.find(strategy.rule_pack)
    if isinstance(rules, str):
        return Prepared("", Refusal(Rule.RULES_UNREADABLE, f"{rules}, so nothing is known to be lawful"))
    first = now.astimezone(here or UTC)
    today = first.date()
    version = rules.pack.in_force(today)
    if version is None:
        return Prepared("", _not_yet(rules, today))
    zones = _zones_of((facts.account.timezone, *facts.zones))
    if isinstance(zones, str):
        return _unknown(version, zones)
    campaign_zone = zone_of(strategy.timezone)
    if campaign_zone is None:
        return _unknown(version, strategy.timezone)
    local = (first,) if len(zones) == 1 else (first, *[now.astimezone(zone) for zone in zones[1:]])
    days = days_of(version, strategy, rules.calendar)
    case = Case(facts, now, zones, campaign_zone, rules, version, local, days, openings)
    return Prepared(version.version, case)


def _unknown(version: PackVersion, name: str) -> Prepared:
    wrong = f"time zone {name!r} is unknown, so no hour is known to be lawful"
    return Prepared(version.version, Refusal(Rule.UNKNOWN_TIMEZONE, wrong))


def _not_yet(rules: Rules, today: date) -> Refusal:
    first = rules.pack.versions[0].since if rules.pack.versions else None
    wrong = f"no version of the rule pack {rules.pack.name} is in force on {today}"
    return Refusal(Rule.RULES_UNREADABLE, wrong if first is None else f"{wrong}; the first begins on {first}")
