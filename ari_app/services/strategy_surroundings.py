"""What strategies are checked against, read from the folder of the operators."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import date
from pathlib import Path

from ari_app.dialogue.flow_policy import Policy
from ari_app.domain.disposition import DispositionTable
from ari_app.domain.rule_pack import RuleBook
from ari_app.errors import InputError
from ari_app.services.disposition_file import read_dispositions
from ari_app.services.flow_sources import read_flow_files
from ari_app.services.strategy_check import Surroundings


def surroundings(
    dialplan: Path,
    rules: RuleBook,
    today: date,
    versions: Callable[[str], Collection[str]],
    policies: Mapping[str, Policy] | None = None,
) -> Surroundings:
    """Packs, flows and dispositions; ``policies`` are those of the flows (``flow_policies``), None: not looked at."""
    return Surroundings(rules, today, policies, _dispositions(dialplan), versions)


def flow_policies(dialplan: Path) -> dict[str, Policy]:
    """The policy of every flow that can be read."""
    readings = ((path, read_flow_files(path)) for path in sorted((dialplan / "flows").glob("*.yaml")))
    return {path.stem: reading.flow.policy for path, reading in readings if reading.flow is not None}


def _dispositions(dialplan: Path) -> DispositionTable | None:
    """The table; None where it cannot be read, which others tell."""
    try:
        return read_dispositions(dialplan / "dispositions.yaml")
    except InputError:
        return None
