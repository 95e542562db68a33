"""A flow out of its text: every word is checked against what is allowed, every fault told with file and line."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from ari_app.dialogue.dispute_answers import DESCRIBED, EVIDENCE, NOTES
from ari_app.dialogue.flow import (
    COVERAGE,
    FILLER,
    MESSAGES,
    RESULTS,
    TRANSFER_REASONS,
    VARIABLES,
    Ask,
    End,
    Flow,
    KeyMeaning,
    Move,
    Prompt,
    Retry,
    Sentence,
    State,
    Text,
    Variable,
    Wording,
)
from ari_app.dialogue.flow_check import check_flow
from ari_app.dialogue.flow_conditions import Condition, Fact, condition_of, condition_words
from ari_app.dialogue.flow_policy import USUAL_POLICY
from ari_app.dialogue.flow_policy_reader import read_policy
from ari_app.dialogue.grammar import GROUPS
from ari_app.dialogue.model import KeyInput
from ari_app.dialogue.source import MAPPING, SEQUENCE, Node, Reader
from ari_app.dialogue.spoken import LANGUAGES
from ari_app.dialogue.understanding import (
    CHANNELS,
    CONTEXTS,
    DISPUTE_CATEGORIES,
    FINER,
    INTENTS,
    PERIODS,
    REASONS,
)

FLOW_KEYS = (
    "flow",
    "version",
    "languages",
    "start",
    "policy",
    "required",
    "min_confidence",
    "defaults",
    "answers",
    "states",
)
STATE_KEYS = ("say", "covers", "hung_up", "ask", "next", "end")
ASK_KEYS = (
    "context",
    "again",
    "keys",
    "digits",
    "hear",
    "include",
    "on",
    "no_input",
    "no_match",
    "max_tries",
    "no_input_s",
    "barge_in",
    "note",
)
#: What a key may mean, and what a question may react to: intents and finer meanings, and an answer in own words.
MEANINGS = INTENTS | FINER.keys()
ANSWERS = MEANINGS | {DESCRIBED}
END_KEYS = ("result", "do_not_contact", "transfer", "message")
KEY_KEYS = ("intent", "date", "amount", "periods", "category", "channel", "reason", "evidence")
_MOVE_KEYS = ("go", "again", "say", "when", "forget")
_KEYS = frozenset("0123456789*")
_DATES = {"today": 0, "tomorrow": 1, "day_after_tomorrow": 2}
_IN_DAYS = re.compile(r"in_([1-9][0-9]?)_days?")
_DIGITS: dict[str, KeyInput] = {
    "phone_tail": KeyInput(min_digits=1, max_digits=4),
    "amount": KeyInput(min_digits=1, max_digits=10),
}
_FORGET = {"date": Fact.DATE, "amount": Fact.AMOUNT, "periods": Fact.PERIODS, "deferral": Fact.DEFERRAL}
#: The wordings of a prompt beside the first are told apart by these in prompt ids.
_LETTERS = "abcdefgh"
_SHORTEST_PART = re.compile(r"\w")
_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}", re.ASCII)


def read_flow(root: Node, file: str) -> Flow:
    """The flow of a text; raises InputError with every fault found."""
    reader = Reader(file)
    flow = _FlowReader(reader, file).read(root)
    reader.finish()
    check_flow(flow, reader)
    reader.finish()
    return flow


class _FlowReader:
    def __init__(self, reader: Reader, file: str) -> None:
        self._r = reader
        self._file = file
        self._languages: tuple[str, ...] = LANGUAGES
        self._name = ""
        self._names: frozenset[str] = frozenset()
        self._answers: dict[str, dict[str, tuple[Move, ...]]] = {}
        self._defaults: dict[str, Prompt] = {"no_input": (), "no_match": (), "filler": FILLER}

    def read(self, root: Node) -> Flow:
        r = self._r
        top = r.mapping(root, "", FLOW_KEYS, ("flow", "version", "languages", "start", "states"))
        if "flow" in top:
            self._name = self._word(top["flow"], "flow")
        if "languages" in top:
            self._languages = r.choices(top["languages"], "languages", "language", LANGUAGES) or LANGUAGES
        states = r.mapping(top["states"], "states") if "states" in top else {}
        self._names = frozenset(states)
        for name, node in states.items():
            if not _NAME.fullmatch(name):
                r.fault(
                    node.line,
                    f"states.{name[:40]}",
                    "this is no name for a state",
                    "lower-case letters, digits and _",
                )
        if "defaults" in top:
            defaults = r.mapping(top["defaults"], "defaults", ("no_input", "no_match", "filler"))
            self._defaults |= {key: self._prompt(node, f"defaults.{key}") for key, node in defaults.items()}
        if "answers" in top:
            for name, node in r.mapping(top["answers"], "answers").items():
                self._answers[name] = self._on(node, f"answers.{name}")
        start = r.choice(top["start"], "start", "state", self._names) if "start" in top else ""
        return Flow(
            name=self._name,
            file=self._file,
            version=self._version(top),
            languages=self._languages,
            start=start,
            states={name: self._state(name, node, states) for name, node in states.items()},
            policy=read_policy(r, top["policy"]) if "policy" in top else USUAL_POLICY,
            min_confidence=r.number(top["min_confidence"], "min_confidence", 0, 1)
            if "min_confidence" in top
            else 0.5,
            filler=self._defaults["filler"],
            required=r.choices(top["required"], "required", "script element", COVERAGE)
            if "required" in top
            else None,
        )

    def _version(self, top: Mapping[str, Node]) -> str:
        node = top.get("version")
        if node is None:
            return ""
        if node.kind in ("int", "float"):
            return node.text
        return self._r.string(node, "version", longest=40)

    def _word(self, node: Node, where: str) -> str:
        text = self._r.string(node, where, longest=40)
        if text and not _NAME.fullmatch(text):
            self._r.fault(node.line, where, f"{text!r} is no name", "lower-case letters, digits and _")
        return text

    # ------------------------------------------------------------------------------------------------ states

    def _state(self, name: str, node: Node, states: Mapping[str, Node]) -> State:
        r, where = self._r, f"states.{name}"
        entries = r.mapping(node, where, STATE_KEYS)
        kinds = [key for key in ("ask", "next", "end") if key in entries]
        if len(kinds) != 1:
            said = " and ".join(kinds) or "none of them"
            r.fault(
                node.line,
                where,
                f"a state asks, goes on or ends; this one has {said}",
                "one of ask, next, end",
            )
        return State(
            name=name,
            line=node.line,
            say=self._prompt(entries["say"], f"{where}.say") if "say" in entries else (),
            covers=frozenset(r.choices(entries["covers"], f"{where}.covers", "script element", COVERAGE))
            if "covers" in entries
            else frozenset(),
            hung_up=r.choice(entries["hung_up"], f"{where}.hung_up", "result", RESULTS)
            if "hung_up" in entries
            else "hung_up",
            next=self._moves(entries["next"], f"{where}.next", asking=False) if "next" in entries else (),
            ask=self._ask(entries["ask"], f"{where}.ask") if "ask" in entries else None,
            end=self._end(entries["end"], f"{where}.end") if "end" in entries else None,
        )

    def _end(self, node: Node, where: str) -> End:
        r = self._r
        if node.kind != MAPPING:
            return End(r.choice(node, where, "result", RESULTS))
        entries = r.mapping(node, where, END_KEYS, ("result",))
        return End(
            result=r.choice(entries["result"], where, "result", RESULTS) if "result" in entries else "",
            do_not_contact=r.flag(entries["do_not_contact"], where) if "do_not_contact" in entries else False,
            transfer=self._one_of(entries, where, "transfer", TRANSFER_REASONS),
            message=self._one_of(entries, where, "message", MESSAGES),
        )

    def _ask(self, node: Node, where: str) -> Ask:
        r = self._r
        entries = r.mapping(node, where, ASK_KEYS, ("context", "no_input", "no_match"))
        on: dict[str, tuple[Move, ...]] = {}
        if "include" in entries:
            for group in r.choices(entries["include"], f"{where}.include", "group of answers", self._answers):
                on |= self._answers[group]
        if "on" in entries:
            on |= self._on(entries["on"], f"{where}.on")
        digits = (
            r.choice(entries["digits"], f"{where}.digits", "kind of digits", _DIGITS)
            if "digits" in entries
            else ""
        )
        keys = self._keys(entries["keys"], f"{where}.keys") if "keys" in entries else {}
        key_input = _DIGITS.get(digits, KeyInput(max_digits=1 if keys else 0, min_digits=1 if keys else 0))
        return Ask(
            context=r.choice(entries["context"], f"{where}.context", "question context", CONTEXTS)
            if "context" in entries
            else "",
            on=on,
            no_input=self._retry(entries.get("no_input"), where, "no_input", node.line),
            no_match=self._retry(entries.get("no_match"), where, "no_match", node.line),
            keys=keys,
            digits=digits,
            key_input=key_input,
            hear=r.choices(entries["hear"], f"{where}.hear", "group of phrases", GROUPS)
            if "hear" in entries
            else (),
            again=self._prompt(entries["again"], f"{where}.again") if "again" in entries else (),
            max_tries=r.integer(entries["max_tries"], f"{where}.max_tries", 1, 5)
            if "max_tries" in entries
            else 2,
            no_input_s=r.number(entries["no_input_s"], f"{where}.no_input_s", 1, 30)
            if "no_input_s" in entries
            else 5.0,
            barge_in=r.flag(entries["barge_in"], f"{where}.barge_in") if "barge_in" in entries else True,
            note=self._one_of(entries, where, "note", NOTES),
        )

    def _retry(self, node: Node | None, where: str, key: str, line: int) -> Retry:
        say = self._defaults[key]
        where = f"{where}.{key}"
        if node is None:
            return Retry(say, "", line)
        if node.kind != MAPPING:
            return Retry(say, self._r.choice(node, where, "state", self._names), node.line)
        entries = self._r.mapping(node, where, ("say", "then", "times"), ("then",))
        then = self._r.choice(entries["then"], where, "state", self._names) if "then" in entries else ""
        times = self._r.integer(entries["times"], f"{where}.times", 1, 5) if "times" in entries else 2
        if "say" in entries:
            say = self._prompt(entries["say"], f"{where}.say")
        return Retry(say, then, node.line, times)

    def _keys(self, node: Node, where: str) -> dict[str, KeyMeaning]:
        r = self._r
        found: dict[str, KeyMeaning] = {}
        for key, value in r.mapping(node, where).items():
            at = f"{where}.{key[:20]}"
            if key not in _KEYS:
                r.fault(
                    node.key_lines.get(key, node.line),
                    at,
                    f"{key[:20]!r} is no key of a telephone",
                    '"0" to "9", "*"',
                )
                continue
            if value.kind != MAPPING:
                found[key] = KeyMeaning(r.choice(value, at, "intent", MEANINGS))
                continue
            entries = r.mapping(value, at, KEY_KEYS, ("intent",))
            found[key] = KeyMeaning(
                intent=r.choice(entries["intent"], at, "intent", MEANINGS) if "intent" in entries else "",
                days=self._days(entries["date"], f"{at}.date") if "date" in entries else None,
                amount=self._one_of(entries, at, "amount", ("full", "half")),
                periods=r.integer(entries["periods"], f"{at}.periods", min(PERIODS), max(PERIODS))
                if "periods" in entries
                else 0,
                category=self._one_of(entries, at, "category", DISPUTE_CATEGORIES),
                channel=self._one_of(entries, at, "channel", CHANNELS),
                reason=self._one_of(entries, at, "reason", REASONS),
                evidence=self._one_of(entries, at, "evidence", EVIDENCE),
            )
        return found

    def _one_of(self, entries: Mapping[str, Node], where: str, key: str, allowed: Iterable[str]) -> str:
        """The word of a key; '' where the key is missing."""
        return self._r.choice(entries[key], f"{where}.{key}", key, allowed) if key in entries else ""

    def _days(self, node: Node, where: str) -> int | None:
        text = self._r.string(node, where)
        match = _IN_DAYS.fullmatch(text)
        if match is not None:
            return int(match[1])
        if text and text not in _DATES:
            self._r.fault(
                node.line, where, f"unknown date {text!r}", ", ".join([*_DATES, "in_3_days", "in_7_days"])
            )
        return _DATES.get(text)

    # ------------------------------------------------------------------------------------------------ moves

    def _on(self, node: Node, where: str) -> dict[str, tuple[Move, ...]]:
        found: dict[str, tuple[Move, ...]] = {}
        for intent, value in self._r.mapping(node, where).items():
            if intent not in ANSWERS:
                line = node.key_lines.get(intent, node.line)
                self._r.fault(line, where, f"unknown intent {intent[:40]!r}", ", ".join(sorted(ANSWERS)))
                continue
            found[intent] = self._moves(value, f"{where}.{intent}", asking=True)
        return found

    def _moves(self, node: Node, where: str, *, asking: bool) -> tuple[Move, ...]:
        moves = tuple(self._move(item, where, asking=asking) for item in self._r.sequence(node, where))
        for move in moves[:-1]:
            if not move.when:
                self._r.fault(
                    move.line, where, "a move without a condition hides those below it", "put it last"
                )
        if moves and moves[-1].when and not asking:
            self._r.fault(
                moves[-1].line,
                where,
                "the last move has a condition, so the call may get stuck",
                "a last move without when",
            )
        return moves

    def _move(self, node: Node, where: str, *, asking: bool) -> Move:
        r = self._r
        if node.kind != MAPPING:
            return Move(r.choice(node, where, "state", self._names), node.line)
        entries = r.mapping(node, where, _MOVE_KEYS)
        go = r.choice(entries["go"], f"{where}.go", "state", self._names) if "go" in entries else ""
        again = r.flag(entries["again"], f"{where}.again") if "again" in entries else False
        if again == bool("go" in entries) or (again and not asking):
            allowed = "go: STATE, or again: true to ask the same question again" if asking else "go: STATE"
            r.fault(node.line, where, "it is not clear where this goes", allowed)
        return Move(
            go=go,
            line=node.line,
            say=self._prompt(entries["say"], f"{where}.say") if "say" in entries else (),
            when=self._when(entries, where),
            forget=frozenset(
                _FORGET[word] for word in r.choices(entries["forget"], f"{where}.forget", "slot", _FORGET)
            )
            if "forget" in entries
            else frozenset(),
        )

    # ------------------------------------------------------------------------------------------------ prompts

    def _when(
        self, entries: Mapping[str, Node], where: str, *, of_wordings: bool = False
    ) -> tuple[Condition, ...]:
        if "when" not in entries:
            return ()
        known = condition_words(of_wordings=of_wordings)
        words = self._r.choices(entries["when"], f"{where}.when", "condition", known)
        return tuple(condition_of(word) for word in words)

    def _prompt(self, node: Node, where: str) -> Prompt:
        """One wording, or a list of them with their conditions."""
        if node.kind != SEQUENCE:
            return (self._wording(node, where, ""),)
        found = tuple(
            self._wording(item, where, "" if place == 0 else _LETTERS[place])
            for place, item in enumerate(node.items[: len(_LETTERS)])
        )
        if not found or len(node.items) > len(_LETTERS):
            self._r.fault(node.line, where, f"{len(node.items)} wordings", f"1 to {len(_LETTERS)}")
        for wording in found[:-1]:
            if not wording.when:
                self._r.fault(
                    wording.line, where, "a wording without a condition hides those below it", "put it last"
                )
        if found and found[-1].when:
            self._r.fault(
                found[-1].line,
                where,
                "the last wording has a condition, so nothing may be said",
                "a last wording without when",
            )
        return found

    def _wording(self, node: Node, where: str, letter: str) -> Wording:
        """``letter`` tells the second wording (b), the third (c) ... in prompt ids; the first has none."""
        entries = self._r.mapping(node, where, ("when", *LANGUAGES))
        for language in self._languages:
            if language not in entries and node.kind == MAPPING:
                self._r.fault(
                    node.line,
                    where,
                    f"the wording in {language} is missing",
                    "a text for each of: " + ", ".join(self._languages),
                )
        prompt_id = f"{self._name}.{where.removeprefix('states.').removesuffix('.say')}" + (
            letter and f".{letter}"
        )
        sentences = {
            language: self._sentences(entries[language], f"{where}.{language}", prompt_id)
            for language in self._languages
            if language in entries
        }
        return Wording(sentences, self._when(entries, where, of_wordings=True), node.line)

    def _sentences(self, node: Node, where: str, prompt_id: str) -> tuple[Sentence, ...]:
        found: list[Sentence] = []
        for number, item in enumerate(self._r.sequence(node, where), 1):
            text = self._r.string(item, where)
            if text:
                found.append(
                    Sentence(self._parts(text, item.line, where, f"{prompt_id}.{number}"), item.line)
                )
        return tuple(found)

    def _parts(self, text: str, line: int, where: str, prompt_id: str) -> tuple[Text | Variable, ...]:
        pieces = re.split(r"\{([^{}]*)\}", text)
        if any("{" in piece or "}" in piece for piece in pieces[::2]):
            self._r.fault(line, where, "a brace without its partner", "{variable}")
        parts: list[Text | Variable] = []
        for number, piece in enumerate(pieces):
            if number % 2 == 0:
                words = piece.strip(" ,，;；、") if number else piece.strip()
                if _SHORTEST_PART.search(words):
                    parts.append(Text(words, f"{prompt_id}.{number // 2 + 1}"))
            elif piece in VARIABLES:
                parts.append(Variable(piece))
            else:
                self._r.fault(
                    line,
                    where,
                    f"unknown variable {{{piece[:40]}}}",
                    ", ".join(f"{{{name}}}" for name in VARIABLES),
                )
        return _numbered_alone(parts, prompt_id)


def _numbered_alone(parts: Sequence[Text | Variable], prompt_id: str) -> tuple[Text | Variable, ...]:
    """A sentence without variables carries the plain id of its prompt."""
    if len(parts) == 1 and isinstance(parts[0], Text):
        return (replace(parts[0], prompt_id=prompt_id),)
    return tuple(parts)
