"""How good the understanding is: findings beside labels, counted. Pure; files are the work of ``services``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ari_app.dialogue.understanding_slots import SLOTS, SlotValue

#: What is left out of the judgement of dates: the label says that nobody can know the date.
AMBIGUOUS_SLOT = "date"


@dataclass(frozen=True, slots=True)
class Labelled:
    """An utterance with its meaning as a person wrote it down. ``ambiguous``: its date can be read in several ways."""

    id: str
    text: str
    context: str
    intent: str
    also: tuple[str, ...] = ()
    slots: Mapping[str, SlotValue] = field(default_factory=dict)
    ambiguous: bool = False


@dataclass(frozen=True, slots=True)
class Found:
    """What the rules made of it."""

    intent: str
    also: tuple[str, ...]
    slots: Mapping[str, SlotValue]


@dataclass(frozen=True, slots=True)
class IntentScore:
    """Precision, recall and F1 of one intent (0 to 1), and how many utterances carry it."""

    precision: float
    recall: float
    f1: float
    support: int


@dataclass(frozen=True, slots=True)
class SlotScore:
    """``exact`` of ``carried`` utterances that carry the slot have it exactly; ``invented`` have it and should not."""

    carried: int
    exact: int
    invented: int

    @property
    def share(self) -> float:
        """The exact share, 1 where no utterance carries the slot."""
        return self.exact / self.carried if self.carried else 1.0


@dataclass(frozen=True, slots=True)
class Failure:
    """One utterance that was not understood as labelled; ``wrong`` says what: intent, also or slots by name."""

    labelled: Labelled
    found: Found
    wrong: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Score:
    """The figures of a set. ``macro_f1`` is the mean F1 of the intents that occur in the labels."""

    utterances: int
    accuracy: float
    macro_f1: float
    also_f1: float
    intents: Mapping[str, IntentScore]
    slots: Mapping[str, SlotScore]
    confusions: Sequence[tuple[str, str, int]]
    failures: Sequence[Failure]


def score(pairs: Sequence[tuple[Labelled, Found]]) -> Score:
    """The figures of labels and findings, pair by pair. Raises ValueError for an empty set."""
    if not pairs:
        raise ValueError("nothing to score")
    intents = _intents([(one.intent, found.intent) for one, found in pairs])
    also = _f1(
        sum(len(set(one.also) & set(found.also)) for one, found in pairs),
        sum(len(set(found.also)) for _, found in pairs),
        sum(len(set(one.also)) for one, _ in pairs),
    )
    confusions = Counter((one.intent, found.intent) for one, found in pairs if one.intent != found.intent)
    failures = [Failure(one, found, wrong) for one, found in pairs if (wrong := _wrong(one, found))]
    present = {one.intent for one, _ in pairs}
    return Score(
        utterances=len(pairs),
        accuracy=sum(one.intent == found.intent for one, found in pairs) / len(pairs),
        macro_f1=sum(intents[name].f1 for name in present) / len(present),
        also_f1=also.f1,
        intents=intents,
        slots={name: _slot(name, pairs) for name in SLOTS},
        confusions=[(want, got, count) for (want, got), count in confusions.most_common()],
        failures=failures,
    )


def _intents(pairs: Sequence[tuple[str, str]]) -> dict[str, IntentScore]:
    wanted, given = Counter(want for want, _ in pairs), Counter(got for _, got in pairs)
    right = Counter(want for want, got in pairs if want == got)
    return {name: _f1(right[name], given[name], wanted[name]) for name in sorted({*wanted, *given})}


def _f1(right: int, given: int, wanted: int) -> IntentScore:
    precision = right / given if given else 0.0
    recall = right / wanted if wanted else 0.0
    both = precision + recall
    return IntentScore(
        precision, recall, 2 * precision * recall / both if both else float(given == wanted == 0), wanted
    )


def _slot(name: str, pairs: Sequence[tuple[Labelled, Found]]) -> SlotScore:
    judged = [(one, found) for one, found in pairs if not (name == AMBIGUOUS_SLOT and one.ambiguous)]
    carried = [(one, found) for one, found in judged if name in one.slots]
    return SlotScore(
        carried=len(carried),
        exact=sum(found.slots.get(name) == one.slots[name] for one, found in carried),
        invented=sum(name in found.slots and name not in one.slots for one, found in judged),
    )


def _wrong(one: Labelled, found: Found) -> tuple[str, ...]:
    wrong = ["intent"] if one.intent != found.intent else []
    wrong += [
        name
        for name in SLOTS
        if one.slots.get(name) != found.slots.get(name) and not (name == AMBIGUOUS_SLOT and one.ambiguous)
    ]
    return tuple(wrong)
