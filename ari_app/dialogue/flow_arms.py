"""A flow as a customer hears it who has certain arms of its experiments: wordings, moves and plans of other arms are gone.

So whatever walks, renders or draws a flow needs to know nothing of experiments. A customer without an arm gets what no arm
asks for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import TypeVar

from ari_app.dialogue.flow import Ask, Flow, Move, Prompt, Retry, State, Wording
from ari_app.dialogue.flow_conditions import Condition
from ari_app.domain.experiment import Arms

_Choice = TypeVar("_Choice", Move, Wording)
_Pair = tuple[str, str]


def in_arms(flow: Flow, arms: Arms) -> Flow:
    """The flow for a customer who has these arms; arms of experiments that are not the flow's are left out."""
    if not flow.experiments:
        return flow
    own = {experiment.name for experiment in flow.experiments}
    having = frozenset(pair for pair in arms if pair[0] in own)

    def prompt(said: Prompt) -> Prompt:
        return _chosen(said, having)

    # A flow is narrowed for every call, and few of its states depend on an arm.
    states = {name: _state(flow.states[name], having, prompt) for name in flow.arm_states}
    return replace(
        flow,
        states={**flow.states, **states},
        policy=replace(
            flow.policy,
            instalments=tuple(
                option
                for option, when in zip(flow.policy.instalments, flow.policy.instalments_when, strict=True)
                if _left(when, having) is not None
            )
            if flow.policy.instalments_when
            else flow.policy.instalments,
            instalments_when=(),
        ),
        filler=prompt(flow.filler),
        arms=tuple(sorted(having)),
        experiments=(),
        arm_states=frozenset(),
    )


def conditions_in(flow: Flow) -> Iterator[Condition]:
    """Every condition of a flow, wherever it stands."""
    for state in flow.states.values():
        yield from conditions_of_state(state)
    yield from _conditions_of(flow.filler)
    for when in flow.policy.instalments_when:
        yield from when


def conditions_of_state(state: State) -> Iterator[Condition]:
    """Every condition of a state: at its moves, and at whatever it may say."""
    for move in state.moves():
        yield from move.when
    for prompt in state.prompts():
        yield from _conditions_of(prompt)


def _conditions_of(prompt: Prompt) -> Iterator[Condition]:
    for wording in prompt:
        yield from wording.when


def _left(when: Sequence[Condition], having: frozenset[_Pair]) -> tuple[Condition, ...] | None:
    """What is still to be asked once the arms are known; None where they do not hold."""
    left: list[Condition] = []
    for condition in when:
        arm = condition.arm
        if arm is None:
            left.append(condition)
        elif (arm in having) != condition.wanted:
            return None
    return tuple(left)


def _chosen(choices: Sequence[_Choice], having: frozenset[_Pair]) -> tuple[_Choice, ...]:
    """The choices that are left, down to the first that always holds: nothing below it is ever taken."""
    found: list[_Choice] = []
    for choice in choices:
        left = _left(choice.when, having)
        if left is None:
            continue
        found.append(replace(choice, when=left))
        if not left:
            break
    return tuple(found)


def _state(state: State, having: frozenset[_Pair], prompt: Callable[[Prompt], Prompt]) -> State:
    return replace(
        state,
        say=prompt(state.say),
        next=_moves(state.next, having, prompt),
        ask=None if state.ask is None else _ask(state.ask, having, prompt),
    )


def _ask(ask: Ask, having: frozenset[_Pair], prompt: Callable[[Prompt], Prompt]) -> Ask:
    def retry(one: Retry) -> Retry:
        return replace(one, say=prompt(one.say))

    return replace(
        ask,
        on={intent: _moves(moves, having, prompt) for intent, moves in ask.on.items()},
        again=prompt(ask.again),
        no_input=retry(ask.no_input),
        no_match=retry(ask.no_match),
    )


def _moves(
    moves: Sequence[Move], having: frozenset[_Pair], prompt: Callable[[Prompt], Prompt]
) -> tuple[Move, ...]:
    return tuple(replace(move, say=prompt(move.say)) for move in _chosen(moves, having))
