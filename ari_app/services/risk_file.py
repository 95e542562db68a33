"""Reading ``dialplan/risk.yaml``: the tables of risk levels, types of debt and early warnings."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from ari_app.dialogue.source import MAPPING, Node, Reader
from ari_app.domain.account import DEBT_TYPES
from ari_app.domain.risk import (
    FLAG_FACTS,
    NUMBER_FACTS,
    RISK_LEVELS,
    WORD_FACTS,
    Condition,
    RiskTable,
    Rule,
)
from ari_app.services.source_nodes import parse_nodes, read_nodes

RISK_FILE = "risk.yaml"
_FACTS = (*NUMBER_FACTS, *FLAG_FACTS, *WORD_FACTS)
_MOST_RULES, _LONGEST_MEANING = 100, 120
_BOUND = 1e9
#: A warning has no verdict of its own: to warn is all that it does.
_WARN = "warn"


def read_risk_table(path: Path) -> RiskTable:
    """The tables of a file; raises InputError with file and line of every fault."""
    return _table(read_nodes(path), str(path))


def parse_risk_table(text: str, file: str = RISK_FILE) -> RiskTable:
    """The tables of a YAML text; ``file`` names it in errors."""
    return _table(parse_nodes(text, file), file)


def _table(root: Node, file: str) -> RiskTable:
    reader = Reader(file)
    top = reader.mapping(root, "", ("levels", "debt_types", "warnings"), ("levels", "debt_types"))
    table = RiskTable(
        levels=_rules(reader, top, "levels", "level", RISK_LEVELS),
        debt_types=_rules(reader, top, "debt_types", "type", DEBT_TYPES),
        warnings=_rules(reader, top, "warnings", "", ()),
    )
    reader.finish()
    return table


def _rules(
    reader: Reader, top: Mapping[str, Node], name: str, verdict: str, verdicts: tuple[str, ...]
) -> tuple[Rule, ...]:
    """The rows of a table. With a ``verdict`` its last row, and no other, must fit every account."""
    if name not in top:
        return ()
    nodes = reader.sequence(top[name], name)
    if len(nodes) > _MOST_RULES:
        reader.fault(top[name].line, name, f"this table has {len(nodes)} rows", f"at most {_MOST_RULES}")
        return ()
    rules: list[Rule] = []
    for number, node in enumerate(nodes, 1):
        where = f"{name} {number}"
        rule = _rule(reader, node, where, verdict, verdicts)
        if rule.name and rule.name in {earlier.name for earlier in rules}:
            reader.fault(node.line, where, f"two rows are called {rule.name!r}", "a name of its own for each")
        if verdict and not rule.conditions and number < len(nodes):
            reader.fault(
                node.line,
                where,
                "a row without a condition fits every account, so no row below it counts",
                "put it last",
            )
        if verdict and rule.conditions and number == len(nodes):
            reader.fault(
                node.line,
                where,
                "the last row has a condition, so an account could be left without a verdict",
                f"a last row with rule and {verdict} only",
            )
        if not verdict and not rule.conditions:
            reader.fault(node.line, where, "this row would warn of every account", "a condition under when")
        rules.append(rule)
    return tuple(rules)


def _rule(reader: Reader, node: Node, where: str, verdict: str, verdicts: tuple[str, ...]) -> Rule:
    keys = ("rule", "when", *((verdict,) if verdict else ()), "meaning")
    entries = reader.mapping(node, where, keys, ("rule", *((verdict,) if verdict else ())))
    name = reader.string(entries["rule"], f"{where}.rule", longest=40) if "rule" in entries else ""
    if name and not (name.isascii() and name.replace("_", "").isalnum() and name == name.lower()):
        reader.fault(node.line, where, f"{name!r} is no name of a rule", "lower-case letters, digits and _")
    found = _WARN
    if verdict:
        found = reader.choice(entries[verdict], where, verdict, verdicts) if verdict in entries else ""
    conditions: tuple[Condition, ...] = ()
    if "when" in entries:
        facts = reader.mapping(entries["when"], f"{where}.when", _FACTS)
        if not facts and entries["when"].kind == MAPPING:
            reader.fault(entries["when"].line, f"{where}.when", "this is empty", "a condition, or no when")
        conditions = tuple(
            _condition(reader, fact, value, f"{where}.when.{fact}")
            for fact, value in facts.items()
            if fact in _FACTS
        )
    meaning = (
        reader.string(entries["meaning"], f"{where}.meaning", longest=_LONGEST_MEANING)
        if "meaning" in entries
        else ""
    )
    return Rule(name, found, conditions, meaning)


def _condition(reader: Reader, fact: str, node: Node, where: str) -> Condition:
    if fact in FLAG_FACTS:
        return Condition(fact, flag=reader.flag(node, where))
    if fact in WORD_FACTS:
        return Condition(fact, words=frozenset(reader.choices(node, where, "word", WORD_FACTS[fact])))
    if node.kind != MAPPING:
        exactly = reader.number(node, where, -_BOUND, _BOUND)
        return Condition(fact, exactly, exactly)
    bounds = reader.mapping(node, where, ("least", "most"))
    if not bounds:
        reader.fault(node.line, where, "this is empty", "least, most, or both")
    least, most = (
        reader.number(bounds[key], f"{where}.{key}", -_BOUND, _BOUND) if key in bounds else None
        for key in ("least", "most")
    )
    if least is not None and most is not None and least > most:
        reader.fault(node.line, where, f"no number is at least {least:g} and at most {most:g}", "least first")
    return Condition(fact, least, most)
