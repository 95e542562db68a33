"""States out of the text of a flow: questions, keys, reactions, moves, ends."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping

from ari_app.dialogue.answer_notes import NOTES
from ari_app.dialogue.dispute_answers import EVIDENCE
from ari_app.dialogue.flow import (
    COVERAGE,
    MESSAGES,
    RESULTS,
    TRANSFER_REASONS,
    Ask,
    End,
    KeyMeaning,
    Move,
    Prompt,
    Retry,
    State,
)
from ari_app.dialogue.flow_keys import (
    ANSWERS,
    ASK_KEYS,
    DIGITS,
    END_KEYS,
    FORGET,
    KEY_KEYS,
    MEANINGS,
    MOVE_KEYS,
    NAME,
    STATE_KEYS,
    TELEPHONE_KEYS,
)
from ari_app.dialogue.flow_prompt_reader import PromptReader
from ari_app.dialogue.grammar import GROUPS
from ari_app.dialogue.model import KeyInput
from ari_app.dialogue.source import MAPPING, Node, Reader
from ari_app.dialogue.understanding import CHANNELS, CONTEXTS, DISPUTE_CATEGORIES, PERIODS, REASONS

_DATES = {"today": 0, "tomorrow": 1, "day_after_tomorrow": 2, "yesterday": -1}
_IN_DAYS = re.compile(r"in_([1-9][0-9]?)_days?")
_DAYS_AGO = re.compile(r"([1-9][0-9]?)_days?_ago")


class StateReader:
    """States and answers of one file.

    ``part`` names the part that it holds ('': the flow itself). ``names`` are the states to which it may go on; those of
    a part may go on to any (None), for what the flow has is looked at when flow and parts are joined. ``answers`` and
    ``defaults`` are those of flow and parts together.
    """

    def __init__(
        self,
        reader: Reader,
        prompts: PromptReader,
        part: str,
        names: Collection[str] | None,
        answers: Mapping[str, Mapping[str, tuple[Move, ...]]],
        defaults: Mapping[str, Prompt],
    ) -> None:
        self._r = reader
        self._prompts = prompts
        self._part = part
        self._names = names
        self._answers = answers
        self._defaults = defaults

    def _target(self, node: Node, where: str) -> str:
        """The name of a state to go on to."""
        if self._names is not None:
            return self._r.choice(node, where, "state", self._names)
        text = self._r.string(node, where, longest=40)
        if text and not NAME.fullmatch(text):
            self._r.fault(
                node.line, where, f"{text!r} is no name for a state", "lower-case letters, digits and _"
            )
            return ""
        return text

    def state(self, name: str, node: Node) -> State:
        """One state."""
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
            say=self._prompts.prompt(entries["say"], f"{where}.say") if "say" in entries else (),
            covers=frozenset(r.choices(entries["covers"], f"{where}.covers", "script element", COVERAGE))
            if "covers" in entries
            else frozenset(),
            hung_up=r.choice(entries["hung_up"], f"{where}.hung_up", "result", RESULTS)
            if "hung_up" in entries
            else "hung_up",
            next=self._moves(entries["next"], f"{where}.next", asking=False) if "next" in entries else (),
            ask=self._ask(entries["ask"], f"{where}.ask") if "ask" in entries else None,
            end=self._end(entries["end"], f"{where}.end") if "end" in entries else None,
            part=self._part,
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
            kept=r.flag(entries["kept"], f"{where}.kept") if "kept" in entries else False,
        )

    def _ask(self, node: Node, where: str) -> Ask:
        r = self._r
        entries = r.mapping(node, where, ASK_KEYS, ("context", "no_input", "no_match"))
        on: dict[str, tuple[Move, ...]] = {}
        if "include" in entries:
            for group in r.choices(entries["include"], f"{where}.include", "group of answers", self._answers):
                on |= self._answers[group]
        if "on" in entries:
            on |= self.on(entries["on"], f"{where}.on")
        digits = (
            r.choice(entries["digits"], f"{where}.digits", "kind of digits", DIGITS)
            if "digits" in entries
            else ""
        )
        keys = self._keys(entries["keys"], f"{where}.keys") if "keys" in entries else {}
        key_input = DIGITS.get(digits, KeyInput(max_digits=1 if keys else 0, min_digits=1 if keys else 0))
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
            again=self._prompts.prompt(entries["again"], f"{where}.again") if "again" in entries else (),
            max_tries=r.integer(entries["max_tries"], f"{where}.max_tries", 1, 5)
            if "max_tries" in entries
            else 2,
            no_input_s=r.number(entries["no_input_s"], f"{where}.no_input_s", 1, 30)
            if "no_input_s" in entries
            else 5.0,
            barge_in=r.flag(entries["barge_in"], f"{where}.barge_in") if "barge_in" in entries else True,
            answers_questions=r.flag(entries["answers_questions"], f"{where}.answers_questions")
            if "answers_questions" in entries
            else False,
            note=self._one_of(entries, where, "note", NOTES),
        )

    def _retry(self, node: Node | None, where: str, key: str, line: int) -> Retry:
        say = self._defaults[key]
        where = f"{where}.{key}"
        if node is None:
            return Retry(say, "", line)
        if node.kind != MAPPING:
            return Retry(say, self._target(node, where), node.line)
        entries = self._r.mapping(node, where, ("say", "then", "times"), ("then",))
        then = self._target(entries["then"], where) if "then" in entries else ""
        times = self._r.integer(entries["times"], f"{where}.times", 1, 5) if "times" in entries else 2
        if "say" in entries:
            say = self._prompts.prompt(entries["say"], f"{where}.say")
        return Retry(say, then, node.line, times)

    def _keys(self, node: Node, where: str) -> dict[str, KeyMeaning]:
        r = self._r
        found: dict[str, KeyMeaning] = {}
        for key, value in r.mapping(node, where).items():
            at = f"{where}.{key[:20]}"
            if key not in TELEPHONE_KEYS:
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
        match = _DAYS_AGO.fullmatch(text)
        if match is not None:
            return -int(match[1])
        if text and text not in _DATES:
            self._r.fault(
                node.line, where, f"unknown date {text!r}", ", ".join([*_DATES, "in_3_days", "in_7_days"])
            )
        return _DATES.get(text)

    # ------------------------------------------------------------------------------------------------ moves

    def on(self, node: Node, where: str) -> dict[str, tuple[Move, ...]]:
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
            return Move(self._target(node, where), node.line)
        entries = r.mapping(node, where, MOVE_KEYS)
        go = self._target(entries["go"], f"{where}.go") if "go" in entries else ""
        again = r.flag(entries["again"], f"{where}.again") if "again" in entries else False
        if again == bool("go" in entries) or (again and not asking):
            allowed = "go: STATE, or again: true to ask the same question again" if asking else "go: STATE"
            r.fault(node.line, where, "it is not clear where this goes", allowed)
        when = self._prompts.when(entries, where)
        switch = r.flag(entries["switch"], f"{where}.switch") if "switch" in entries else False
        if switch and not any(condition.name == "can_switch" and condition.wanted for condition in when):
            r.fault(
                node.line,
                where,
                "the language that is asked for may be one that nobody speaks",
                "when: can_switch",
            )
        return Move(
            go=go,
            line=node.line,
            say=self._prompts.prompt(entries["say"], f"{where}.say") if "say" in entries else (),
            when=when,
            switch=switch,
            keep=r.flag(entries["keep"], f"{where}.keep") if "keep" in entries else False,
            forget=frozenset(
                FORGET[word] for word in r.choices(entries["forget"], f"{where}.forget", "slot", FORGET)
            )
            if "forget" in entries
            else frozenset(),
        )
