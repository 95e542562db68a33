"""What is said, out of the text of a flow: wordings with their conditions, sentences, variables, prompt ids."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from ari_app.dialogue.flow import VARIABLES, Prompt, Sentence, Text, Variable, Wording
from ari_app.dialogue.flow_arms_reader import Declared, read_conditions, wording_suffix
from ari_app.dialogue.flow_conditions import Condition, condition_words
from ari_app.dialogue.source import MAPPING, SEQUENCE, Node, Reader
from ari_app.dialogue.spoken import LANGUAGES

_MOST_WORDINGS = 8
_SHORTEST_PART = re.compile(r"\w")


class PromptReader:
    """Prompts of one file. ``owner`` is the flow or part that it holds: with it the prompt ids begin. ``declared`` are the
    experiments of flow and parts together."""

    def __init__(self, reader: Reader, owner: str, languages: Sequence[str], declared: Declared) -> None:
        self._r = reader
        self._owner = owner
        self._languages = languages
        self._declared = declared

    def when(
        self, entries: Mapping[str, Node], where: str, *, of_wordings: bool = False
    ) -> tuple[Condition, ...]:
        if "when" not in entries:
            return ()
        known = condition_words(of_wordings=of_wordings)
        return read_conditions(self._r, entries["when"], f"{where}.when", known, self._declared.experiments)

    def prompt(self, node: Node, where: str) -> Prompt:
        """One wording, or a list of them with their conditions."""
        if node.kind != SEQUENCE:
            return (self._wording(node, where, ()),)
        found: list[Wording] = []
        for item in node.items[:_MOST_WORDINGS]:
            found.append(self._wording(item, where, found))
        if not found or len(node.items) > _MOST_WORDINGS:
            self._r.fault(node.line, where, f"{len(node.items)} wordings", f"1 to {_MOST_WORDINGS}")
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
        return tuple(found)

    def _wording(self, node: Node, where: str, before: Sequence[Wording]) -> Wording:
        """``before``: the wordings above it, from which it is told apart in prompt ids."""
        entries = self._r.mapping(node, where, ("when", *LANGUAGES))
        for language in self._languages:
            if language not in entries and node.kind == MAPPING:
                self._r.fault(
                    node.line,
                    where,
                    f"the wording in {language} is missing",
                    "a text for each of: " + ", ".join(self._languages),
                )
        when = self.when(entries, where, of_wordings=True)
        suffix = wording_suffix(when, [one.when for one in before])
        prompt_id = f"{self._owner}.{where.removeprefix('states.').removesuffix('.say')}" + (
            suffix and f".{suffix}"
        )
        sentences = {
            language: self._sentences(entries[language], f"{where}.{language}", prompt_id, language)
            for language in self._languages
            if language in entries
        }
        return Wording(sentences, when, node.line)

    def _sentences(self, node: Node, where: str, prompt_id: str, language: str) -> tuple[Sentence, ...]:
        found: list[Sentence] = []
        for number, item in enumerate(self._r.sequence(node, where), 1):
            if item.kind == MAPPING:
                found += self._in_another(item, where, f"{prompt_id}.{number}", language)
                continue
            text = self._r.string(item, where)
            if text:
                found.append(
                    Sentence(self._parts(text, item.line, where, f"{prompt_id}.{number}"), item.line)
                )
        return tuple(found)

    def _in_another(self, node: Node, where: str, prompt_id: str, language: str) -> Iterator[Sentence]:
        """A sentence in another language than its wording, for somebody who does not understand that; left out where the
        flow does not speak it."""
        for other, item in self._r.mapping(
            node, where, [one for one in LANGUAGES if one != language]
        ).items():
            text = self._r.string(item, where)
            if not text or other not in LANGUAGES or other not in self._languages:
                continue
            parts = self._parts(text, item.line, where, f"{prompt_id}.{other}")
            if any(isinstance(part, Variable) for part in parts):
                self._r.fault(item.line, where, "a variable in a sentence in another language", "fixed words")
            yield Sentence(parts, item.line, other)

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
