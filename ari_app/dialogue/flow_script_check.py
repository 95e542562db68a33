"""What a whole flow must say, and that nobody needs a recogniser: script elements on every way, keys at every question.

A recording without identity, arrears fact and deadline is worth nothing as evidence (requirement K2), so a flow that tells
of a debt at all has to tell all of it on every way to a verified end (requirement D19).
"""

from __future__ import annotations

from collections.abc import Collection

from ari_app.dialogue.flow import COVERAGE, Flow, State
from ari_app.dialogue.flow_conditions import Fact
from ari_app.dialogue.source import Reader

#: Required where a flow tells of a debt and its file says nothing else.
USUALLY_REQUIRED: tuple[str, ...] = ("opening", "recording_notice", "verified", "arrears_fact", "deadline")
#: Results that are worth something only after the whole script.
AFTER_THE_SCRIPT: frozenset[str] = frozenset(
    {"promise_to_pay", "plan_requested", "deferral_requested", "informed", "acknowledged", "refused"}
)
#: What somebody agrees to counts only after it was read back to him.
_AGREED: frozenset[str] = frozenset({"promise_to_pay", "plan_requested", "deferral_requested"})
_EVERYTHING = frozenset(COVERAGE)


def check_script(flow: Flow, reachable: Collection[str], reader: Reader) -> None:
    """Note every end that a way without a required element leads to, and every question without keys."""
    required = required_of(flow)
    covered = certain_coverage(flow)
    for name in reachable:
        state = flow.states[name]
        agreed = state.end is not None and state.end.result in _AGREED
        missing = (required | {"read_back"} if agreed else required) - covered[name]
        if state.end is not None and state.end.result in AFTER_THE_SCRIPT and missing:
            reader.fault(
                state.line,
                f"states.{name}",
                f"a way leads to {state.end.result} on which this was not said: {', '.join(sorted(missing))}",
                "a state with covers on every way to it, or another required at the top",
            )
        if state.ask is not None and not state.ask.keys and not state.ask.digits:
            reader.fault(
                state.line,
                f"states.{name}.ask",
                "this question cannot be answered by keys, and speech may not be understood",
                "keys, or digits",
            )


def required_of(flow: Flow) -> frozenset[str]:
    """The script elements that must be spoken on every way to an end that is worth something."""
    if flow.required is not None:
        return frozenset(flow.required)
    tells = any("arrears_fact" in state.covers for state in flow.states.values())
    return frozenset(USUALLY_REQUIRED) if tells else frozenset()


def certain_coverage(flow: Flow) -> dict[str, frozenset[str]]:
    """For each state the elements that were spoken on every way to and in it (one that no way leads to has all)."""
    covered = dict.fromkeys(flow.states, _EVERYTHING)
    covered[flow.start] = flow.states[flow.start].covers
    changed = True
    while changed:
        changed = False
        for state in flow.states.values():
            for target, verifies in _ways(state):
                extra = frozenset({"verified"}) if verifies else frozenset[str]()
                arriving = covered[state.name] | extra | flow.states[target].covers
                if not covered[target] <= arriving:
                    covered[target] &= arriving
                    changed = True
    return covered


def _ways(state: State) -> list[tuple[str, bool]]:
    ways = [(move.go or state.name, Fact.VERIFIED in move.gives) for move in state.moves()]
    if state.ask is not None:
        ways += [(state.ask.no_input.then, False), (state.ask.no_match.then, False)]
    return ways
