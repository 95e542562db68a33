"""Where a flow lets a customer promise several payments, it reads all of them back before they count."""

from __future__ import annotations

from ari_app.dialogue.flow import Flow, Wording
from ari_app.dialogue.source import Reader

_FIRST_ONLY = frozenset({"ptp_date", "ptp_amount"})


def check_read_back(flow: Flow, reader: Reader) -> None:
    """Note every read-back that would tell the first of several payments only."""
    if flow.policy.most_promises < 2:
        return
    for state in flow.states.values():
        if "read_back" not in state.covers:
            continue
        for wording in (*state.say, *(state.ask.again if state.ask is not None else ())):
            if _tells_first_only(wording):
                reader.fault(
                    wording.line or state.line,
                    f"states.{state.name}",
                    "this would read back the first of several payments only",
                    "{ptp_all}, or when: not several_promises",
                )


def _tells_first_only(wording: Wording) -> bool:
    if any(one.name == "several_promises" and not one.wanted for one in wording.when):
        return False
    for sentences in wording.sentences.values():
        named = {name for sentence in sentences for name in sentence.variables}
        if named & _FIRST_ONLY and "ptp_all" not in named:
            return True
    return False
