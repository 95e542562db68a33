"""The rule packs that ship, and the verdict by them."""

from __future__ import annotations

from datetime import datetime
from functools import cache

from ari_app.domain import compliance
from ari_app.domain.compliance import ContactFacts, DialVerdict
from ari_app.domain.rule_pack import RuleBook
from ari_app.services.rule_directory import RuleDirectory
from tests.support.docs import ROOT


@cache
def shipped() -> RuleBook:
    """The packs of ``dialplan/``."""
    rules = RuleDirectory(ROOT / "dialplan")
    assert rules.problems == ()
    return rules.book


def decide(facts: ContactFacts, now: datetime) -> DialVerdict:
    """The verdict by the packs that ship."""
    return compliance.decide(shipped(), facts, now)


def next_allowed(facts: ContactFacts, now: datetime) -> datetime | None:
    """The first allowed instant by the packs that ship."""
    return compliance.next_allowed(shipped(), facts, now).at


#: What the pack of a campaign that names none allows a day.
MAX_DIALS_A_DAY = 2
