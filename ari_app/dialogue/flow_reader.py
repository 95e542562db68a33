"""A flow out of its text: every word is checked against what is allowed, every fault told with file and line.

A flow may take in parts: files of answers and states that several flows share. What the flow says itself outweighs its
parts, and a later part an earlier one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from ari_app.dialogue.flow import COVERAGE, FILLER, Flow, Move, Prompt, State
from ari_app.dialogue.flow_arms_reader import Declared, check_experiments, with_experiments
from ari_app.dialogue.flow_check import check_flow
from ari_app.dialogue.flow_keys import DEFAULT_KEYS, FLOW_KEYS, NAME, PART_KEYS
from ari_app.dialogue.flow_policy import USUAL_POLICY
from ari_app.dialogue.flow_policy_reader import read_policy
from ari_app.dialogue.flow_prompt_reader import PromptReader
from ari_app.dialogue.flow_state_reader import StateReader
from ari_app.dialogue.source import MAPPING, SEQUENCE, Node, Reader, file_of
from ari_app.dialogue.spoken import LANGUAGES

Answers = dict[str, dict[str, tuple[Move, ...]]]


def part_names(root: Node) -> tuple[str, ...]:
    """The parts that the text of a flow names, whether they are there or not."""
    node = root.entries.get("parts")
    if node is None:
        return ()
    items = node.items if node.kind == SEQUENCE else (node,)
    return tuple(dict.fromkeys(item.text.strip() for item in items if item.kind == "text"))


def read_flow(root: Node, file: str, parts: Mapping[str, Node | None] | None = None) -> Flow:
    """The flow of a text; raises InputError with every fault found.

    ``parts`` are all that there are, by name, with the text of those that the flow names (``part_names``).
    """
    reader = Reader(file)
    declared = Declared()
    flow = _FlowReader(reader, file, parts or {}, declared).read(root)
    reader.finish()
    check_flow(flow, reader)
    check_experiments(flow, declared, reader)
    reader.finish()
    return flow


def read_part(root: Node, file: str, name: str) -> dict[str, State]:
    """The states of a part, looked at alone: raises InputError with every fault that no flow can mend."""
    reader = Reader(file)
    source = _part_source(reader, name, root)
    answers: Answers = {}
    defaults: dict[str, Prompt] = dict.fromkeys(DEFAULT_KEYS, ())
    states = _States(reader, LANGUAGES, answers, defaults, Declared())
    states.take(source, None)
    read = dict(states.read())
    reader.finish()
    return read


@dataclass(frozen=True, slots=True)
class _Source:
    """One file that a flow is made of: the flow's own (``part`` '') or a part. ``owner`` begins its prompt ids."""

    owner: str
    part: str
    version: str
    entries: Mapping[str, Node]


class _FlowReader:
    def __init__(
        self, reader: Reader, file: str, parts: Mapping[str, Node | None], declared: Declared
    ) -> None:
        self._r = reader
        self._declared = declared
        self._file = file
        self._parts = parts

    def read(self, root: Node) -> Flow:
        r = self._r
        top = r.mapping(root, "", FLOW_KEYS, ("flow", "version", "languages", "start", "states"))
        name = _name(r, top["flow"], "flow") if "flow" in top else ""
        languages = LANGUAGES
        if "languages" in top:
            languages = r.choices(top["languages"], "languages", "language", LANGUAGES) or LANGUAGES
        parts = self._sources(top, name)
        own = _Source(name, "", _version(r, top), top)
        answers: Answers = {}
        defaults: dict[str, Prompt] = {"no_input": (), "no_match": (), "filler": FILLER}
        states = _States(r, languages, answers, defaults, self._declared)
        names = frozenset(key for source in (*parts, own) for key in _states_of(source))
        for source in parts:
            states.take(source, None)
        states.take(own, names)
        start = r.choice(top["start"], "start", "state", names) if "start" in top else ""
        flow = Flow(
            name=name,
            file=self._file,
            version=own.version,
            languages=languages,
            start=start,
            states=dict(states.read()),
            policy=read_policy(r, top["policy"], self._declared.experiments)
            if "policy" in top
            else USUAL_POLICY,
            min_confidence=r.number(top["min_confidence"], "min_confidence", 0, 1)
            if "min_confidence" in top
            else 0.5,
            filler=defaults["filler"],
            required=r.choices(top["required"], "required", "script element", COVERAGE)
            if "required" in top
            else None,
            parts={source.part: source.version for source in parts},
        )
        return with_experiments(_used(flow, top["parts"].line, r) if parts else flow, self._declared)

    def _sources(self, top: Mapping[str, Node], name: str) -> list[_Source]:
        """The parts that the flow names."""
        r = self._r
        if "parts" not in top:
            return []
        if name in self._parts:
            r.fault(
                top["parts"].line, "flow", f"a part is called {name!r} too", "another name for one of them"
            )
        wanted = r.choices(top["parts"], "parts", "part", self._parts)
        if len(wanted) < len(r.sequence(top["parts"], "parts")):
            r.finish()  # without a part every state that stands in it would be told as unknown
        found = [(part, self._parts[part]) for part in dict.fromkeys(wanted)]
        return [_part_source(r, part, root) for part, root in found if root is not None]


class _States:
    """Answers, defaults and states of several files, of which a later one outweighs an earlier one."""

    def __init__(
        self,
        reader: Reader,
        languages: tuple[str, ...],
        answers: Answers,
        defaults: dict[str, Prompt],
        declared: Declared,
    ) -> None:
        self._r = reader
        self._languages = languages
        self._answers = answers
        self._defaults = defaults
        self._declared = declared
        self._nodes: dict[str, tuple[Node, StateReader]] = {}

    def take(self, source: _Source, names: frozenset[str] | None) -> None:
        """The answers and defaults of a file, and its states to be read at the end."""
        r, entries = self._r, source.entries
        if "experiments" in entries:
            self._declared.take(r, entries["experiments"], own=not source.part)
        prompts = PromptReader(r, source.owner, self._languages, self._declared)
        reader = StateReader(r, prompts, source.part, names, self._answers, self._defaults)
        if "defaults" in entries:
            defaults = r.mapping(entries["defaults"], "defaults", DEFAULT_KEYS)
            self._defaults |= {key: prompts.prompt(node, f"defaults.{key}") for key, node in defaults.items()}
        if "answers" in entries:
            for group, node in r.mapping(entries["answers"], "answers").items():
                self._answers[group] = self._answers.get(group, {}) | reader.on(node, f"answers.{group}")
        if "states" in entries:
            for name, node in r.mapping(entries["states"], "states").items():
                if not NAME.fullmatch(name):
                    r.fault(
                        node.line,
                        f"states.{name[:40]}",
                        "this is no name for a state",
                        "lower-case letters, digits and _",
                    )
                self._nodes[name] = (node, reader)

    def read(self) -> Iterator[tuple[str, State]]:
        """Every state, when all files have been taken."""
        for name, (node, reader) in self._nodes.items():
            yield name, reader.state(name, node)


def _part_source(reader: Reader, name: str, root: Node) -> _Source:
    entries = reader.mapping(root, "", PART_KEYS, ("part", "version", "states"))
    if "part" in entries and _name(reader, entries["part"], "part") not in ("", name):
        found = entries["part"]
        reader.fault(found.line, "part", f"{found.text!r} stands in the file {name}.yaml", f"part: {name}")
    return _Source(name, name, _version(reader, entries), entries)


def _states_of(source: _Source) -> Mapping[str, Node]:
    node = source.entries.get("states")
    return node.entries if node is not None and node.kind == MAPPING else {}


def _used(flow: Flow, line: int, reader: Reader) -> Flow:
    """The flow without states of its parts to which nothing leads; what the others need and nobody has is a fault."""
    own = [name for name, state in flow.states.items() if not state.part]
    kept = dict.fromkeys([name for name in (flow.start, *own) if name in flow.states])
    missing: dict[str, str] = {}
    queue = list(kept)
    for name in queue:
        for target, at in flow.states[name].targets():
            if not target or target in kept:
                continue
            if target in flow.states:
                kept[target] = None
                queue.append(target)
            elif file_of(at, flow.file) != flow.file:  # what its own file misses was told when it was read
                missing.setdefault(target, f"{file_of(at, flow.file)}:{at}: states.{name}")
    for target, place in missing.items():
        reader.fault(
            line,
            "parts",
            f"this flow has no state {target!r}, and its part goes on to that ({place})",
            f"a state {target}",
        )
    return replace(flow, states={name: state for name, state in flow.states.items() if name in kept})


def _name(reader: Reader, node: Node, where: str) -> str:
    text = reader.string(node, where, longest=40)
    if text and not NAME.fullmatch(text):
        reader.fault(node.line, where, f"{text!r} is no name", "lower-case letters, digits and _")
    return text


def _version(reader: Reader, top: Mapping[str, Node]) -> str:
    node = top.get("version")
    if node is None:
        return ""
    if node.kind in ("int", "float"):
        return node.text
    return reader.string(node, "version", longest=40)
