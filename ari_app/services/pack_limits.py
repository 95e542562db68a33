"""What a campaign asks for beyond its rule pack: a fault when it is created, not a riddle when it does not call."""

from __future__ import annotations

from datetime import date

from ari_app.domain.campaign import Campaign
from ari_app.domain.rule_pack import Closing, RuleBook
from ari_app.errors import Problem
from ari_app.services.model_problems import nearest


def beyond_pack(campaign: Campaign, book: RuleBook, today: date, source: str) -> list[Problem]:
    """Every value of a campaign that its pack does not bear today; the pack itself, where it cannot be used."""
    strategy = campaign.strategy
    rules = book.find(strategy.rule_pack)
    if isinstance(rules, str):
        known = sorted(book.rules)
        allowed = (
            nearest(strategy.rule_pack, known) if known else "a file NAME.yaml in rules/ of dialplan_dir"
        )
        return [Problem(source, "strategy.rulePack", rules, allowed)]
    version = rules.pack.in_force(today)
    if version is None:
        return [
            Problem(source, "strategy.rulePack", f"no version of {rules.pack.name} is in force on {today}")
        ]
    name = f"{rules.pack.name} {version.version}"
    problems = []
    for key, wanted, cap in (
        ("maxAttempts", strategy.max_attempts, version.attempts_per_task),
        ("dialsPerDay", strategy.dials_per_day, version.dials_per_day),
        ("dialsPerWeek", strategy.dials_per_week, version.dials_per_week),
    ):
        if wanted is not None and cap is not None and wanted > cap.hard:
            problems.append(
                Problem(
                    source, f"strategy.{key}", f"{wanted} is more than {name} allows", f"up to {cap.hard}"
                )
            )
    if strategy.open_holidays and version.holidays.closing is Closing.ALWAYS:
        problems.append(Problem(source, "strategy.openHolidays", f"{name} keeps holidays closed", "false"))
    least = version.ring_at_least_s
    if least is not None and campaign.dialler.ring_timeout_s < least.value:
        wrong = f"{campaign.dialler.ring_timeout_s:g} s is less than {name} asks for"
        problems.append(Problem(source, "dialer.ringTimeoutSeconds", wrong, f"{least.value:g} or more"))
    return problems
