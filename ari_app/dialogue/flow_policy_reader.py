"""The ``policy`` of a flow out of its text."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal

from ari_app.dialogue.flow_arms_reader import read_conditions
from ari_app.dialogue.flow_conditions import Condition
from ari_app.dialogue.flow_policy import STATEMENT_MODES, Policy
from ari_app.dialogue.source import Node, Reader
from ari_app.dialogue.understanding import CHANNELS, PERIODS
from ari_app.domain.experiment import Experiment
from ari_app.domain.plan import InstalmentOption

POLICY_KEYS = (
    "latest_promise_days",
    "least_promise",
    "most_promises",
    "instalments",
    "least_instalment_amount",
    "first_instalment_days",
    "latest_deferral_days",
    "payment_methods",
    "dispute_days",
    "restore_hours",
    "emergency_phone",
    "statement_mode",
)
OPTION_KEYS = ("periods", "fee_percent", "when")
_MOST_MONEY = 1_000_000
_MOST_FEE_PERCENT = 10
_WHOLE: dict[str, tuple[int, int]] = {
    "latest_promise_days": (1, 90),
    "most_promises": (1, 3),
    "first_instalment_days": (0, 60),
    "latest_deferral_days": (0, 90),
    "dispute_days": (1, 60),
    "restore_hours": (1, 240),
}


def read_policy(reader: Reader, node: Node, experiments: Sequence[Experiment] = ()) -> Policy:
    """The limits that a flow sets; what it leaves out keeps its default. Plans may depend on arms of ``experiments``."""
    entries = reader.mapping(node, "policy", POLICY_KEYS)
    usual = Policy()
    whole = {
        key: reader.integer(entries[key], f"policy.{key}", *_WHOLE[key])
        if key in entries
        else getattr(usual, key)
        for key in _WHOLE
    }
    rows = _options(reader, entries["instalments"], experiments) if "instalments" in entries else ()
    return Policy(
        **whole,
        least_promise=_money(reader, entries, "least_promise", usual.least_promise),
        least_instalment_amount=_money(
            reader, entries, "least_instalment_amount", usual.least_instalment_amount
        ),
        instalments=tuple(option for option, _ in rows),
        instalments_when=tuple(when for _, when in rows) if any(when for _, when in rows) else (),
        payment_methods=reader.choices(
            entries["payment_methods"], "policy.payment_methods", "channel", CHANNELS
        )
        if "payment_methods" in entries
        else usual.payment_methods,
        statement_mode=reader.choice(
            entries["statement_mode"], "policy.statement_mode", "statement", STATEMENT_MODES
        )
        if "statement_mode" in entries
        else usual.statement_mode,
        emergency_phone=_phone(reader, entries["emergency_phone"]) if "emergency_phone" in entries else "",
    )


def _phone(reader: Reader, node: Node) -> str:
    """A number that is spoken digit by digit: service numbers are short, so it is no customer's number."""
    text = node.text if node.kind == "int" else reader.string(node, "policy.emergency_phone", longest=30)
    digits = re.sub(r"[ -]", "", text)
    if text and not re.fullmatch(r"[0-9]{3,15}", digits, re.ASCII):
        reader.fault(
            node.line, "policy.emergency_phone", f"{text!r} is no telephone number", '"95598", 3 to 15 digits'
        )
        return ""
    return digits


def _money(reader: Reader, entries: Mapping[str, Node], key: str, usual: Decimal) -> Decimal:
    if key not in entries:
        return usual
    return Decimal(str(reader.number(entries[key], f"policy.{key}", 0, _MOST_MONEY))).quantize(
        Decimal("0.01")
    )


def _options(
    reader: Reader, node: Node, experiments: Sequence[Experiment]
) -> tuple[tuple[InstalmentOption, tuple[Condition, ...]], ...]:
    """The rows of the table with the arms in which they hold; of two rows that hold the first counts."""
    found: list[tuple[InstalmentOption, tuple[Condition, ...]]] = []
    for item in reader.sequence(node, "policy.instalments"):
        entries = reader.mapping(item, "policy.instalments", OPTION_KEYS, ("periods",))
        where = "policy.instalments"
        periods = (
            reader.integer(entries["periods"], f"{where}.periods", min(PERIODS), max(PERIODS))
            if "periods" in entries
            else 0
        )
        fee = (
            reader.number(entries["fee_percent"], f"{where}.fee_percent", 0, _MOST_FEE_PERCENT)
            if "fee_percent" in entries
            else 0.0
        )
        when = (
            read_conditions(reader, entries["when"], f"{where}.when", (), experiments)
            if "when" in entries
            else ()
        )
        twice = any(one.periods == periods and before in ((), when) for one, before in found)
        if periods not in PERIODS or twice:
            allowed = "each once, of: " + ", ".join(map(str, PERIODS))
            reader.fault(item.line, where, f"{periods} periods cannot be offered here", allowed)
            continue
        found.append((InstalmentOption(periods, Decimal(str(fee))), when))
    return tuple(found)
