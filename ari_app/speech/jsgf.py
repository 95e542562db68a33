"""JSGF grammars (W3C note "JSpeech Grammar Format", 2000): read, checked, matched, written back.

Supported: rules, ``|``, groups, ``[optional]``, ``*``, ``+``, weights, tags (ignored), comments, ``<NULL>``. Not supported:
imports, ``<VOID>``, rules that contain themselves. Grammars are written by operators, so every fault has its line.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

LARGEST_GRAMMAR: Final = 64 * 1024
_DEEPEST: Final = 50


@dataclass(frozen=True, slots=True)
class Word:
    """One word, lower case."""

    text: str


@dataclass(frozen=True, slots=True)
class RuleRef:
    """``<rule>``; ``<NULL>`` is an empty Sequence_."""

    name: str


@dataclass(frozen=True, slots=True)
class InOrder:
    """One after the other; empty: nothing."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """One of them."""

    choices: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Repeated:
    """``least`` 0 or 1 times, up to ``once`` or without end."""

    part: Node
    least: int
    endless: bool


Node = Word | RuleRef | InOrder | AnyOf | Repeated


class JsgfError(ValueError):
    """The grammar cannot be used; ``problems`` are whole sentences with lines."""

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = list(problems)
        super().__init__("; ".join(self.problems))


@dataclass(frozen=True, slots=True)
class Jsgf:
    """A grammar that has been read: its rules by name, and which of them are public."""

    rules: Mapping[str, Node]
    public: tuple[str, ...]

    def words(self) -> frozenset[str]:
        """Every word that occurs."""
        return frozenset(
            node.text for rule in self.rules.values() for node in _walk(rule) if isinstance(node, Word)
        )

    def accepts(self, sentence: str) -> bool:
        """Whether a public rule produces exactly these words."""
        words = sentence.lower().split()
        return any(len(words) in self._ends(RuleRef(name), words, frozenset({0})) for name in self.public)

    def with_competition(self, sentences: Sequence[str]) -> str:
        """JSGF text with one public rule, ``<answer_or_else>``: the public rules, or one of other sentences.

        Sentences that the grammar accepts anyway are left out.
        """
        others = [sentence for sentence in sentences if not self.accepts(sentence)]
        names = {name: f"rule{number}" for number, name in enumerate(self.rules)}
        choices = [f"<{names[name]}>" for name in self.public] + others
        lines = ["#JSGF V1.0;", "grammar combined;", f"public <answer_or_else> = {' | '.join(choices)};"]
        lines += [f"<{names[name]}> = {_written(rule, names)};" for name, rule in self.rules.items()]
        return "\n".join(lines)

    def _ends(self, node: Node, words: Sequence[str], starts: frozenset[int]) -> frozenset[int]:
        """Where a match can end that begins at one of ``starts``."""
        match node:
            case Word():
                return frozenset(at + 1 for at in starts if at < len(words) and words[at] == node.text)
            case RuleRef():
                return self._ends(self.rules[node.name], words, starts)
            case InOrder():
                for part in node.parts:
                    starts = self._ends(part, words, starts)
                return starts
            case AnyOf():
                return frozenset().union(*(self._ends(choice, words, starts) for choice in node.choices))
            case Repeated():
                reached = starts if node.least == 0 else frozenset()
                fresh = self._ends(node.part, words, starts)
                while not fresh <= reached:
                    reached |= fresh
                    fresh = self._ends(node.part, words, fresh) if node.endless else frozenset()
                return reached


def _walk(node: Node) -> Iterator[Node]:
    yield node
    match node:
        case InOrder():
            for part in node.parts:
                yield from _walk(part)
        case AnyOf():
            for choice in node.choices:
                yield from _walk(choice)
        case Repeated():
            yield from _walk(node.part)
        case _:
            pass


def _written(node: Node, names: Mapping[str, str]) -> str:
    match node:
        case Word():
            return node.text
        case RuleRef():
            return f"<{names[node.name]}>"
        case InOrder():
            return f"( {' '.join(_written(part, names) for part in node.parts)} )" if node.parts else "<NULL>"
        case AnyOf():
            return f"( {' | '.join(_written(choice, names) for choice in node.choices)} )"
        case Repeated():
            inner = _written(node.part, names)
            if not node.endless:
                return f"[ {inner} ]"
            return f"( {inner} ){'+' if node.least else '*'}"


# --------------------------------------------------------------------------------------------------- reading

_TOKEN: Final = re.compile(
    r"""(?P<space>\s+|//[^\n]*|/\*.*?\*/)
      | (?P<weight>/\s*\d*\.?\d+\s*/)
      | (?P<tag>\{(?:[^}\\]|\\.)*\})
      | (?P<rule><[A-Za-z0-9_.-]+>)
      | (?P<sign>[=;|()\[\]*+])
      | (?P<word>"[^"\n]*"|[^\s=;|()\[\]*+<>{}/"\\]+)""",
    re.VERBOSE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    line: int


def parse_jsgf(text: str) -> Jsgf:
    """Read a grammar; raises JsgfError."""
    if len(text) > LARGEST_GRAMMAR:
        raise JsgfError([f"a grammar of {len(text)} characters (allowed: {LARGEST_GRAMMAR})"])
    return _Reader(text).grammar()


class _Reader:
    def __init__(self, text: str) -> None:
        header = re.match(r"\ufeff?\s*#JSGF[^;\n]*;", text)
        if header is None:
            raise JsgfError(["line 1: the grammar does not begin with '#JSGF V1.0;'"])
        self._tokens = list(_tokens(text, header.end()))
        self._at = 0
        self._depth = 0

    def grammar(self) -> Jsgf:
        first = self._next()
        if first.text == "grammar":
            self._next()
            self._expect(";")
        else:
            raise JsgfError([f"line {first.line}: 'grammar NAME;' expected"])
        rules: dict[str, Node] = {}
        public: list[str] = []
        lines: dict[str, int] = {}
        while self._at < len(self._tokens):
            token = self._next()
            is_public = token.text == "public"
            if is_public:
                token = self._next()
            if token.kind != "rule":
                raise JsgfError(
                    [f"line {token.line}: a rule like '<name> = ...;' expected, found {token.text!r}"]
                )
            name = token.text[1:-1]
            if name in rules or name in {"NULL", "VOID"}:
                raise JsgfError([f"line {token.line}: rule <{name}> stands twice or is reserved"])
            self._expect("=")
            rules[name] = self._choices()
            self._expect(";")
            lines[name] = token.line
            if is_public:
                public.append(name)
        problems = _faults(rules, public, lines)
        if problems:
            raise JsgfError(problems)
        return Jsgf(rules, tuple(public))

    def _next(self) -> _Token:
        if self._at >= len(self._tokens):
            line = self._tokens[-1].line if self._tokens else 1
            raise JsgfError([f"line {line}: the grammar ends too early (a ';' or a bracket is missing)"])
        self._at += 1
        return self._tokens[self._at - 1]

    def _peek(self) -> str:
        return self._tokens[self._at].text if self._at < len(self._tokens) else ""

    def _expect(self, sign: str) -> None:
        token = self._next()
        if token.text != sign:
            raise JsgfError([f"line {token.line}: {sign!r} expected, found {token.text!r}"])

    def _choices(self) -> Node:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise JsgfError([f"line {self._tokens[self._at - 1].line}: brackets nest deeper than {_DEEPEST}"])
        choices = [self._sequence()]
        while self._peek() == "|":
            self._next()
            choices.append(self._sequence())
        self._depth -= 1
        return choices[0] if len(choices) == 1 else AnyOf(tuple(choices))

    def _sequence(self) -> Node:
        parts: list[Node] = []
        while self._peek() not in {"", ";", "|", ")", "]", "="}:
            token = self._next()
            if token.kind in {"tag", "weight"}:
                continue
            parts.append(self._repeat(self._item(token)))
        if not parts:
            line = self._tokens[min(self._at, len(self._tokens) - 1)].line
            raise JsgfError([f"line {line}: an empty alternative (write <NULL> where nothing is meant)"])
        return parts[0] if len(parts) == 1 else InOrder(tuple(parts))

    def _repeat(self, node: Node) -> Node:
        while self._peek() in {"*", "+"}:
            node = Repeated(node, least=int(self._next().text == "+"), endless=True)
        return node

    def _item(self, token: _Token) -> Node:
        if token.text == "(":
            inside = self._choices()
            self._expect(")")
            return inside
        if token.text == "[":
            inside = self._choices()
            self._expect("]")
            return Repeated(inside, least=0, endless=False)
        if token.kind == "rule":
            return InOrder(()) if token.text == "<NULL>" else RuleRef(token.text[1:-1])
        if token.kind == "word":
            words = [Word(word) for word in token.text.strip('"').lower().split()]
            return words[0] if len(words) == 1 else InOrder(tuple(words))
        raise JsgfError([f"line {token.line}: {token.text!r} does not fit here"])


def _tokens(text: str, start: int) -> Iterator[_Token]:
    line = 1 + text.count("\n", 0, start)
    at = start
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is None:
            raise JsgfError([f"line {line}: {text[at]!r} does not fit here"])
        kind = found.lastgroup or ""
        if kind != "space":
            yield _Token(kind, found.group(), line)
        line += found.group().count("\n")
        at = found.end()


def _faults(rules: Mapping[str, Node], public: Sequence[str], lines: Mapping[str, int]) -> list[str]:
    problems: list[str] = []
    if not public:
        problems.append("no public rule")
    refs: dict[str, set[str]] = {}
    for name, rule in rules.items():
        refs[name] = {node.name for node in _walk(rule) if isinstance(node, RuleRef)}
        problems += [
            f"line {lines[name]}: rule <{name}> uses <{missing}>, which is not there"
            for missing in sorted(refs[name] - rules.keys())
        ]
    for name in rules:
        seen: set[str] = set()
        ahead = set(refs[name])
        while ahead:
            step = ahead.pop()
            if step not in seen:
                seen.add(step)
                ahead |= refs.get(step, set())
        if name in seen:
            problems.append(f"line {lines[name]}: rule <{name}> contains itself")
    return problems
