"""How a strategy stands with those who sign it, and how it treats an account, in words."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields, replace

from ari_app.domain.account import Account
from ari_app.domain.rollout import HELD_BACK, version_for
from ari_app.domain.segment import ANYBODY, Conditions, Segment, in_regions
from ari_app.domain.strategy import Strategy
from ari_app.domain.strategy_book import Role, Standing, same_person
from ari_app.errors import Problem
from ari_app.ports import SignOff
from ari_app.services.strategy_content import digest_of
from ari_app.services.strategy_file import StrategyReading
from ari_app.services.strategy_parts import WORD_CONDITIONS


def standing_of(sign_offs: Iterable[SignOff]) -> Standing:
    """Who has signed which content."""
    signed: dict[str, set[Role]] = {}
    for each in sign_offs:
        signed.setdefault(each.digest, set()).add(each.role)
    return Standing({digest: frozenset(roles) for digest, roles in signed.items()})


def version_not_raised(reading: StrategyReading, sign_offs: Iterable[SignOff]) -> list[Problem]:
    """The content has changed after somebody has signed it under the same version."""
    strategy, digest = reading.strategy, digest_of(reading.strategy)
    signed = {
        each.digest
        for each in sign_offs
        if (each.strategy, each.version) == (strategy.name, strategy.version)
    }
    if not signed or digest in signed:
        return []
    wrong = f"version {strategy.version!r} was signed with another content"
    where = f"{reading.file}:{reading.line('version')}"
    return [Problem(where, "version", wrong, "another version for another content, or what was signed")]


def signed_for_another(sign_offs: Iterable[SignOff], wanted: SignOff) -> list[Problem]:
    """The same person has signed this content for another office already."""
    for each in sign_offs:
        same = same_person(each.signed_by) == same_person(wanted.signed_by)
        if same and each.digest == wanted.digest and each.role is not wanted.role:
            wrong = f"{each.signed_by} has signed this version for {each.role} already"
            return [Problem(wanted.strategy, "--by", wrong, "another person for each of the three offices")]
    return []


def unsigned(strategy: Strategy, standing: Standing) -> str:
    """What is missing before a version may dial; '' when nothing is."""
    missing = standing.missing(digest_of(strategy))
    if not missing:
        return ""
    return f"{strategy.name} {strategy.version} may not dial yet: not signed by {', '.join(missing)}"


_KEYS = {field: key for key, (field, _) in WORD_CONDITIONS.items()} | {
    "buckets": "bucket",
    "broken_promises_from": "broken promises from",
}


@dataclass(frozen=True, slots=True)
class Passed:
    """A segment that does not take an account, and the first of its conditions that does not hold."""

    segment: str
    condition: str


def passed_over(strategy: Strategy, chosen: Segment, account: Account, bucket: str) -> list[Passed]:
    """The segments above the chosen one, and why each leaves the account."""
    above = strategy.segments[: strategy.segments.index(chosen)]
    return [Passed(each.name, _first_failing(each.when, account, bucket)) for each in above]


def conditions_of(conditions: Conditions) -> list[tuple[str, str]]:
    """What conditions say, by the keys of the file; empty where they say nothing."""
    return [
        (_KEYS.get(each.name, each.name.replace("_", " ")), _words(getattr(conditions, each.name)))
        for each in fields(conditions)
        if getattr(conditions, each.name) != getattr(ANYBODY, each.name)
    ]


def _first_failing(conditions: Conditions, account: Account, bucket: str) -> str:
    for each in fields(conditions):
        alone = replace(ANYBODY, **{each.name: getattr(conditions, each.name)})
        if not alone.hold(account, bucket):
            ((key, words),) = conditions_of(alone)
            return f"{key} {words}"
    return ""


def rollout_told(strategy: Strategy, account: Account) -> str:
    """What the roll-out means for an account; '' where this version takes it."""
    rollout = strategy.rollout
    if rollout.regions and not in_regions(account.details.region, rollout.regions):
        return f"is rolled out in {', '.join(rollout.regions)} only: not called"
    version = version_for(strategy.name, strategy.version, rollout, account.customer_id)
    if version == HELD_BACK:
        return "held back: not called"
    return "" if version == strategy.version else f"treated by version {version}"


def _words(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)
