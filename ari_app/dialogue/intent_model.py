"""How probable each intent of an utterance is: a linear model over words and the findings of the rules.

The weights are constants of the code, learned from labelled utterances by ``scripts/train_intents.py`` and kept as
readable JSON in ``data/intents.LANGUAGE.json``: whole numbers, a hundredth of the model's unit each. The same utterance
at the same question has the same probabilities on every machine.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources

from ari_app.dialogue.heard import Heard
from ari_app.dialogue.intent_features import features

#: A weight of 1 is written as so much.
UNIT = 100


@dataclass(frozen=True, slots=True)
class IntentModel:
    """``bias`` stands beside ``intents``; ``weights`` gives for a feature the places and weights of the intents that it
    speaks for or against."""

    intents: tuple[str, ...]
    bias: tuple[int, ...]
    weights: Mapping[str, tuple[tuple[int, int], ...]]

    def probabilities(self, found: Iterable[str]) -> dict[str, float]:
        """The probability of each intent (they add up to 1), given the features that are there."""
        sums = list(self.bias)
        for feature in found:
            for place, weight in self.weights.get(feature, ()):
                sums[place] += weight
        highest = max(sums)
        powers = [math.exp((value - highest) / UNIT) for value in sums]
        total = sum(powers)
        return {intent: power / total for intent, power in zip(self.intents, powers, strict=True)}


def read_model(text: str) -> IntentModel:
    """The model of a JSON text as ``scripts/train_intents.py`` writes it."""
    data = json.loads(text)
    return IntentModel(
        tuple(data["intents"]),
        tuple(data["bias"]),
        {name: tuple((place, weight) for place, weight in pairs) for name, pairs in data["weights"].items()},
    )


@cache
def model_of(language: str) -> IntentModel:
    """The shipped model of a language (``zh`` or ``en``)."""
    path = resources.files("ari_app.dialogue") / "data" / f"intents.{language}.json"
    return read_model(path.read_text(encoding="utf-8"))


def weigh(language: str, context: str, heard: Heard) -> dict[str, float]:
    """The probability of each intent of an utterance in which the rules found ``heard``."""
    return model_of(language).probabilities(features(language, context, heard))
