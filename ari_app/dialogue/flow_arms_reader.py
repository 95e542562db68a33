"""The ``experiments`` of a flow and its parts, the conditions that name their arms, and what must hold in every arm."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

from ari_app.dialogue.flow import Flow, State, Wording
from ari_app.dialogue.flow_arms import conditions_in, conditions_of_state
from ari_app.dialogue.flow_conditions import ARM, NOT, Condition, condition_of
from ari_app.dialogue.source import MAPPING, Node, Reader
from ari_app.domain.experiment import (
    ARMS_ALLOWED,
    MOST_EXPERIMENTS,
    MOST_WEIGHT,
    NAME,
    NAME_ALLOWED,
    Arm,
    Experiment,
    arms_fault,
)

EXPERIMENT_KEYS = ("arms", "share_percent")

#: Variables of which a wording needs one where its state says that it covers an element, and another wording has one.
_TELLING: dict[str, frozenset[str]] = {
    "opening": frozenset({"company"}),
    "arrears_fact": frozenset({"amount", "fees"}),
    "deadline": frozenset({"due_date", "days_overdue", "latest_date"}),
    "read_back": frozenset({"ptp_date", "ptp_amount", "plan_monthly", "deferral_date"}),
    "guidance": frozenset({"payment_methods"}),
}
#: Words of the same kind, by language: the notice of the recording has no variable.
_TELLING_WORDS: dict[str, dict[str, tuple[str, ...]]] = {
    "recording_notice": {"zh": ("录音", "录制"), "en": ("record",)},
}


@dataclass(slots=True)
class Declared:
    """The experiments of a flow and its parts, with the lines where they stand; ``own``: those of the flow's own file."""

    found: dict[str, Experiment] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)
    own: set[str] = field(default_factory=set)

    @property
    def experiments(self) -> tuple[Experiment, ...]:
        """All of them."""
        return tuple(self.found.values())

    def take(self, reader: Reader, node: Node, *, own: bool) -> None:
        """Those of one file. A flow may share out the arms of its part otherwise; the arms themselves stay."""
        for experiment in _experiments(reader, node):
            name = experiment.name
            line = node.key_lines.get(name, node.line)
            before = self.found.get(name)
            if before is not None and set(before.arm_names) != set(experiment.arm_names):
                wrong = "a part has this experiment with other arms"
                reader.fault(line, f"experiments.{name}", wrong, ", ".join(before.arm_names))
                continue
            self.found[name], self.lines[name] = experiment, line
            if own:
                self.own.add(name)
        if len(self.found) > MOST_EXPERIMENTS:
            reader.fault(
                node.line, "experiments", f"{len(self.found)} experiments", f"at most {MOST_EXPERIMENTS}"
            )


def with_experiments(flow: Flow, declared: Declared) -> Flow:
    """The flow with the experiments of its own file, and with those of its parts on which something depends that it has."""
    named = {one.arm[0] for one in conditions_in(flow) if one.arm is not None} | declared.own
    return replace(
        flow,
        experiments=tuple(one for one in declared.experiments if one.name in named),
        arm_states=frozenset(
            name
            for name, state in flow.states.items()
            if any(one.arm is not None for one in conditions_of_state(state))
        ),
    )


def _experiments(reader: Reader, node: Node) -> list[Experiment]:
    found: list[Experiment] = []
    for name, value in reader.mapping(node, "experiments").items():
        where = f"experiments.{name[:40]}"
        if not NAME.fullmatch(name):
            reader.fault(
                node.key_lines.get(name, node.line), where, "this is no name for an experiment", NAME_ALLOWED
            )
            continue
        entries = reader.mapping(value, where, EXPERIMENT_KEYS, ("arms",))
        arms = _arms(reader, entries["arms"], f"{where}.arms") if "arms" in entries else ()
        share = (
            reader.number(entries["share_percent"], f"{where}.share_percent", 0, 100)
            if "share_percent" in entries
            else 100.0
        )
        found.append(Experiment(name, arms, share))
    return found


def _arms(reader: Reader, node: Node, where: str) -> tuple[Arm, ...]:
    found: list[Arm] = []
    for name, value in reader.mapping(node, where).items():
        if not NAME.fullmatch(name):
            line = node.key_lines.get(name, node.line)
            reader.fault(line, where, f"{name[:40]!r} is no name for an arm", NAME_ALLOWED)
            continue
        found.append(Arm(name, reader.integer(value, f"{where}.{name}", 0, MOST_WEIGHT)))
    fault = arms_fault(found)
    if fault and node.kind == MAPPING:
        reader.fault(node.line, where, fault, ARMS_ALLOWED)
    return tuple(found)


def read_conditions(
    reader: Reader, node: Node, where: str, known: Sequence[str], experiments: Sequence[Experiment]
) -> tuple[Condition, ...]:
    """The conditions of a ``when``: ``known`` words, and arms of the flow's experiments."""
    arms = arm_words(experiments)
    words: list[str] = []
    for item in reader.sequence(node, where):
        if item.kind == "text" and item.text.strip().removeprefix(NOT).startswith(ARM):
            words.append(reader.choice(item, where, "arm of an experiment", arms or ("none is declared",)))
        else:
            words.append(reader.choice(item, where, "condition", known))
    found = tuple(condition_of(word) for word in words if word)
    wanted = sorted(one.arm for one in found if one.arm is not None and one.wanted)
    for one, other in pairwise(wanted):
        if one[0] == other[0] and one != other:
            reader.fault(node.line, where, f"nobody has two arms of {one[0]}", "one of them")
    return found


def arm_words(experiments: Sequence[Experiment]) -> list[str]:
    """Every condition that these experiments give."""
    names = [f"{ARM}{one.name}.{arm}" for one in experiments for arm in one.arm_names]
    return [word for name in names for word in (name, NOT + name)]


def wording_suffix(when: Sequence[Condition], before: Sequence[Sequence[Condition]]) -> str:
    """What tells a wording in prompt ids from those ``before`` it in its prompt: '', b, c ...

    A wording of an arm is named after the arm and counted apart, so that the ids of all others, by which recordings are
    found, stay what they were when an experiment begins and ends.
    """
    name = _arms_named(when)
    place = sum(1 for other in before if _arms_named(other) == name)
    letter = chr(ord("a") + place) if place else ""
    return ".".join(part for part in (name, letter) if part)


def _arms_named(when: Sequence[Condition]) -> str:
    return ".".join(str(one).replace(" ", "_") for one in when if one.arm is not None)


# ------------------------------------------------------------------------------------------------------------- checking


def check_experiments(flow: Flow, declared: Declared, reader: Reader) -> None:
    """Note an experiment that changes nothing, arms that are the same, and an arm in which a script element goes missing.

    What else must hold in every arm is checked by the walk over the whole flow: it takes every wording and every move for
    possible, so that nothing can be worse in an arm than in that walk.
    """
    named = {one.arm for one in conditions_in(flow) if one.arm is not None}
    for experiment in flow.experiments:
        silent = [arm for arm in experiment.arm_names if (experiment.name, arm) not in named]
        where, line = f"experiments.{experiment.name}", declared.lines[experiment.name]
        if len(silent) == len(experiment.arms):
            wrong = "no wording, move or plan depends on this experiment"
            reader.fault(line, where, wrong, f"when: {ARM}{experiment.name}.{silent[-1]}")
        elif len(silent) > 1:
            wrong = f"nothing tells these arms apart: {', '.join(silent)}"
            reader.fault(line, where, wrong, "a condition for all of them but one")
    for state in flow.states.values():
        if any(one.arm is not None for wording in state.say for one in wording.when):
            _check_elements(state, reader)


def _check_elements(state: State, reader: Reader) -> None:
    """Where one wording of a state tells an element, each of them has to: which is said is left to the draw."""
    for element in sorted(state.covers):
        telling = [_tells(wording, element) for wording in state.say]
        if not any(telling):
            continue
        for wording, tells in zip(state.say, telling, strict=True):
            if not tells:
                reader.fault(
                    wording.line,
                    f"states.{state.name}.say",
                    f"the state covers {element}, and this wording leaves it out",
                    _hint(element),
                )


def _tells(wording: Wording, element: str) -> bool:
    """Whether a wording tells a script element, in all its languages."""
    return bool(wording.sentences) and all(
        any(
            not _TELLING.get(element, frozenset()).isdisjoint(sentence.variables)
            or any(
                word in sentence.wording.lower() for word in _TELLING_WORDS.get(element, {}).get(language, ())
            )
            for sentence in sentences
        )
        for language, sentences in wording.sentences.items()
    )


def _hint(element: str) -> str:
    if element in _TELLING:
        return (
            "one of " + ", ".join(f"{{{name}}}" for name in sorted(_TELLING[element])) + " in each language"
        )
    return ", ".join(word for words in _TELLING_WORDS[element].values() for word in words)
