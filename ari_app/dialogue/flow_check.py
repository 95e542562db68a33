"""What must hold of a whole flow before anybody is called with it.

No debt before verification, no value before it is known, no state that cannot be reached or left, no wording that the
guard would stop, no loop without bound.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ari_app.dialogue.flow import RESULTS, VARIABLES, Flow, Move, Prompt, Sentence, State
from ari_app.dialogue.flow_conditions import Condition, Fact
from ari_app.dialogue.flow_promise_check import check_read_back
from ari_app.dialogue.flow_script_check import check_script
from ari_app.dialogue.flow_statement_check import check_statements
from ari_app.dialogue.guard import wording_fault
from ari_app.dialogue.source import Reader

_ALL = frozenset(Fact)
#: What has to be certain where a call ends with an agreement.
_NEEDED: dict[str, frozenset[Fact]] = {
    "promise_to_pay": frozenset({Fact.VERIFIED, Fact.DATE, Fact.AMOUNT}),
    "plan_requested": frozenset({Fact.VERIFIED, Fact.PERIODS}),
    "deferral_requested": frozenset({Fact.VERIFIED, Fact.DEFERRAL}),
}


@dataclass(frozen=True, slots=True)
class _Edge:
    source: str
    target: str
    gives: frozenset[Fact] = frozenset()
    forgets: frozenset[Fact] = frozenset()


def check_flow(flow: Flow, reader: Reader) -> None:
    """Note every fault of the graph in ``reader``; the flow's words were already checked one by one."""
    edges = [edge for state in flow.states.values() for edge in _edges(state)]
    reachable = _reachable(flow.start, edges)
    for state in flow.states.values():
        if state.name not in reachable:
            reader.fault(
                state.line, f"states.{state.name}", "no way leads to this state", "a move to it, or remove it"
            )
    _check_exits(flow, edges, reachable, reader)
    _check_loops(flow, reader)
    _check_prompt(flow.filler, frozenset(), "defaults.filler", reader)
    check_script(flow, reachable, reader)
    check_read_back(flow, reader)
    check_statements(flow, reachable, reader)
    facts = certain_facts(flow)
    for name in reachable:
        _check_state(flow.states[name], facts[name], reader)


def certain_facts(flow: Flow) -> dict[str, frozenset[Fact]]:
    """For each state what is certain on every way to it (a state that cannot be reached holds everything)."""
    edges = [edge for state in flow.states.values() for edge in _edges(state)]
    facts = dict.fromkeys(flow.states, _ALL)
    facts[flow.start] = frozenset()
    changed = True
    while changed:
        changed = False
        for edge in edges:
            arriving = (facts[edge.source] | edge.gives) - edge.forgets
            if not facts[edge.target] <= arriving:
                facts[edge.target] &= arriving
                changed = True
    return facts


def _edges(state: State) -> Iterator[_Edge]:
    for move in state.moves():
        yield _Edge(state.name, move.go or state.name, *move.leaves)
    if state.ask is not None:
        for retry in (state.ask.no_input, state.ask.no_match):
            yield _Edge(state.name, retry.then)


def _reachable(start: str, edges: Iterable[_Edge]) -> list[str]:
    following: dict[str, list[str]] = {}
    for edge in edges:
        following.setdefault(edge.source, []).append(edge.target)
    found = [start]
    for name in found:
        found += [target for target in dict.fromkeys(following.get(name, [])) if target not in found]
    return found


def _check_exits(flow: Flow, edges: list[_Edge], reachable: list[str], reader: Reader) -> None:
    """Every state leads to an end."""
    leads = {name for name, state in flow.states.items() if state.end is not None}
    changed = True
    while changed:
        new = {edge.source for edge in edges if edge.target in leads} - leads
        changed = bool(new)
        leads |= new
    for name in reachable:
        if name not in leads:
            state = flow.states[name]
            reader.fault(
                state.line,
                f"states.{name}",
                "this state never comes to an end of the call",
                "a way to a state with end",
            )


def _check_loops(flow: Flow, reader: Reader) -> None:
    """Questions are bounded by max_tries; what is walked without a question must have no circle."""
    silent: dict[str, list[str]] = {}
    for state in flow.states.values():
        targets = [move.go for move in state.next]
        if state.ask is not None:
            targets += [state.ask.no_input.then, state.ask.no_match.then]
        silent[state.name] = targets
    done: set[str] = set()
    for name in flow.states:
        trail: list[str] = []
        _walk(name, silent, trail, done, flow, reader)


def _walk(
    name: str, silent: dict[str, list[str]], trail: list[str], done: set[str], flow: Flow, reader: Reader
) -> None:
    if name in trail:
        circle = " -> ".join([*trail[trail.index(name) :], name])
        reader.fault(
            flow.states[name].line,
            f"states.{name}",
            f"a loop without bound: {circle} (by next, or after the last try)",
            "let one of them lead to an end",
        )
        done.update(trail)
        return
    if name in done:
        return
    trail.append(name)
    for target in dict.fromkeys(silent[name]):
        _walk(target, silent, trail, done, flow, reader)
    trail.pop()
    done.add(name)


def _check_state(state: State, facts: frozenset[Fact], reader: Reader) -> None:
    where = f"states.{state.name}"
    verified = Fact.VERIFIED in facts
    _check_prompt(state.say, facts, where, reader)
    for move in state.moves():
        _check_move(move, facts, where, reader)
    if state.ask is not None:
        for prompt in (state.ask.again, state.ask.no_input.say, state.ask.no_match.say):
            _check_prompt(prompt, facts, where, reader)
        for key, meaning in state.ask.keys.items():
            if meaning.intent not in state.ask.on:
                reader.fault(
                    state.line,
                    where,
                    f"key {key} means {meaning.intent}, and nothing answers to that",
                    f"on: {meaning.intent}",
                )
            if (meaning.days is not None or meaning.amount) and not verified:
                reader.fault(state.line, where, f"key {key} agrees a date or amount before verification")
        if state.ask.digits == "amount" and not verified:
            reader.fault(state.line, where, "an amount is asked for before verification")
        if state.ask.answers_questions and not verified:
            reader.fault(state.line, where, "free questions would be answered before verification")
    if state.end is not None and RESULTS[state.end.result] and not verified:
        reader.fault(
            state.line,
            where,
            f"the result {state.end.result} needs a verified customer",
            _unverified_results(),
        )
    if RESULTS[state.hung_up] and not verified:
        reader.fault(
            state.line, where, f"the result {state.hung_up} needs a verified customer", _unverified_results()
        )
    needed = _NEEDED.get(state.end.result, frozenset()) if state.end is not None else frozenset()
    if state.end is not None and state.end.kept:
        needed = frozenset({Fact.VERIFIED, Fact.KEPT})
    if state.end is not None and needed - facts:
        missing = " and ".join(sorted(needed - facts))
        reader.fault(
            state.line,
            where,
            f"{state.end.result} ends here without the {missing} on every way to it",
            "conditions such as has_date, has_amount, has_periods, has_deferral on the ways to it",
        )


def _check_move(move: Move, facts: frozenset[Fact], where: str, reader: Reader) -> None:
    _check_conditions(move.when, move.line, facts, where, reader)
    known = facts | move.gives
    if move.keep and not known >= {Fact.DATE, Fact.AMOUNT}:
        reader.fault(
            move.line, where, "a promise without date or amount would be kept", "when: [has_date, has_amount]"
        )
    _check_prompt(move.say, known | move.leaves[0], where, reader)


def _check_conditions(
    when: tuple[Condition, ...], line: int, facts: frozenset[Fact], where: str, reader: Reader
) -> None:
    for condition in when:
        if condition.needs - facts:
            reader.fault(line, where, f"the condition {condition} asks for something before verification")
        facts |= condition.gives


def _check_prompt(prompt: Prompt, facts: frozenset[Fact], where: str, reader: Reader) -> None:
    for wording in prompt:
        _check_conditions(wording.when, wording.line, facts, where, reader)
        known = facts.union(*(condition.gives for condition in wording.when))
        legal = any(condition.name == "legal_stage" and condition.wanted for condition in wording.when)
        for language, sentences in wording.sentences.items():
            for sentence in sentences:
                _check_sentence(sentence, language, known, where, reader, legal=legal)


def _check_sentence(
    sentence: Sentence, language: str, facts: frozenset[Fact], where: str, reader: Reader, *, legal: bool
) -> None:
    verified, language = Fact.VERIFIED in facts, sentence.language or language
    for name in sentence.variables:
        missing = VARIABLES[name] - facts
        if Fact.VERIFIED in missing:
            usable = ", ".join(f"{{{other}}}" for other, needs in VARIABLES.items() if not needs)
            reader.fault(sentence.line, where, f"{{{name}}} would be spoken before verification", usable)
        elif missing:
            known = " and ".join(sorted(missing))
            reader.fault(
                sentence.line,
                where,
                f"{{{name}}} has no value here on some way: the {known} may be unknown",
            )
    fault = wording_fault(sentence.wording, language, verified=verified, legal=legal)
    if fault:
        allowed = "neutral words"
        when = "is never spoken" if verified else "is not spoken before verification"
        if verified and not wording_fault(sentence.wording, language, verified=True, legal=True):
            when, allowed = (
                "is spoken only to customers whose case is at that stage",
                "a wording with when: legal_stage",
            )
        reader.fault(sentence.line, where, f"the wording {fault!r} {when}", allowed)


def _unverified_results() -> str:
    return ", ".join(name for name, needs in RESULTS.items() if not needs)
