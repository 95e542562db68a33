#!/usr/bin/env python3
"""Learn the weights of the intent model from labelled utterances (development only; needs scikit-learn).

    .venv/bin/python scripts/train_intents.py               # both languages
    .venv/bin/python scripts/train_intents.py zh more.jsonl # one language, with a file of your own

Each utterance is learned twice: with the findings of the rules and without, so that the model never leans on rules
alone, which know their own examples best. Weights are rounded to whole hundredths and small ones left out; the result is
the same on every run.
"""

from __future__ import annotations

import json
import sys
from datetime import datetime
from pathlib import Path

import numpy as np
from sklearn.feature_extraction import DictVectorizer
from sklearn.linear_model import LogisticRegression

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from ari_app.dialogue.intent_features import features  # noqa: E402 - after the path is set
from ari_app.dialogue.intent_model import UNIT  # noqa: E402
from ari_app.dialogue.understanding import MAX_CHARACTERS, findings  # noqa: E402

NOW = datetime(2026, 3, 11, 10, 30)  # noqa: DTZ001 - the reference time of the labels, local to the customer
DATA = ROOT / "tests" / "data" / "understanding"
LEAST_WEIGHT = 8
"""Weights nearer to nothing than this (hundredths) are left out."""


def read(paths: list[Path]) -> list[dict[str, str]]:
    """The labelled utterances of files, each text at each question once."""
    rows = [json.loads(line) for path in paths for line in path.read_text(encoding="utf-8").splitlines()]
    return list({(row["text"], row["context"]): row for row in rows}.values())


def train(language: str, rows: list[dict[str, str]]) -> dict[str, object]:
    """The model as it is written."""
    examples: list[dict[str, int]] = []
    for row in rows:
        heard = findings(row["text"][:MAX_CHARACTERS], language, row["context"], NOW)
        names = features(language, row["context"], heard)
        examples.append(dict.fromkeys(names, 1))
        examples.append({name: 1 for name in names if not name.startswith(("r=", "s="))})
    intents = [row["intent"] for row in rows for _ in range(2)]
    vectorizer = DictVectorizer()
    matrix = vectorizer.fit_transform(examples)
    model = LogisticRegression(C=5.0, max_iter=3000, class_weight="balanced").fit(matrix, intents)
    weights: dict[str, list[list[int]]] = {}
    rounded = np.rint(model.coef_ * UNIT).astype(int)
    for place, name in enumerate(vectorizer.get_feature_names_out()):
        pairs = [
            [int(intent), int(weight)]
            for intent, weight in enumerate(rounded[:, place])
            if abs(weight) >= LEAST_WEIGHT
        ]
        if pairs:
            weights[str(name)] = pairs
    return {
        "language": language,
        "utterances": len(rows),
        "intents": [str(name) for name in model.classes_],
        "bias": [int(value) for value in np.rint(model.intercept_ * UNIT)],
        "weights": weights,
    }


def write(model: dict[str, object], path: Path) -> None:
    """One feature a line, sorted, so that a change can be read."""
    weights = model.pop("weights")
    assert isinstance(weights, dict)
    head = json.dumps(model, ensure_ascii=False)[:-1]
    lines = ",\n".join(
        f"{json.dumps(name, ensure_ascii=False)}:{json.dumps(weights[name], separators=(',', ':'))}"
        for name in sorted(weights)
    )
    path.write_text(f'{head},"weights":{{\n{lines}\n}}}}\n', encoding="utf-8")


def main(arguments: list[str]) -> None:
    """Train one language or both."""
    for language in arguments[:1] or ["zh", "en"]:
        paths = [
            path for part in ("train", "dev", "rules") if (path := DATA / f"{language}.{part}.jsonl").exists()
        ]
        rows = read(paths + [Path(name) for name in arguments[1:]])
        target = ROOT / "ari_app" / "dialogue" / "data" / f"intents.{language}.json"
        write(train(language, rows), target)
        print(
            f"{target.relative_to(ROOT)}: learned from {len(rows)} utterances, {target.stat().st_size:,} bytes"
        )


if __name__ == "__main__":
    main(sys.argv[1:])
