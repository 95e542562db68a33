"""Score models as files: JSON that is read strictly and never run (no code, no pickle).

A file holds the weights and, beside them, what was measured when they were learned, so that a model card can be written
from the file alone.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from ari_app.domain.behaviour import FEATURES, SOCIAL_FEATURES
from ari_app.domain.score_model import LEAST_SCALE, MOST_MEAN, MOST_WEIGHT, ScoreModel, Weight
from ari_app.domain.score_quality import Group, Quality
from ari_app.errors import InputError, Problem
from ari_app.services.exact_json import load_object
from ari_app.services.history_file import MOST_DROPPED
from ari_app.services.model_problems import RefusedError, nearest, problems_of
from ari_app.yaml_lines import KeyPath

KIND = "ari-app arrears score"
MAX_BYTES = 1_000_000
_MOST_BILLS = 10**9
NAME = r"^[a-z0-9][a-z0-9._-]{0,63}$"

_Share = Annotated[float, Field(ge=0, le=1)]
_Count = Annotated[int, Field(ge=0, le=_MOST_BILLS)]
_Text = Annotated[str, Field(max_length=400)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class _Weight(_Part):
    feature: str = Field(max_length=64)
    value: float = Field(ge=-MOST_WEIGHT, le=MOST_WEIGHT)
    mean: float = Field(ge=-MOST_MEAN, le=MOST_MEAN)
    scale: float = Field(ge=LEAST_SCALE, le=MOST_MEAN)


class _Group(_Part):
    name: str = Field(max_length=20)
    bills: _Count
    predicted: _Share
    observed: _Share
    low: float = Field(ge=-1, le=1)
    high: float = Field(ge=-1, le=1)
    warned: _Share
    wrongly_warned: _Share


class _Quality(_Part):
    bills: _Count
    on_time: _Share
    auc: _Share
    brier: _Share
    brier_of_base: _Share
    threshold: int = Field(ge=0, le=100)
    precision: _Share
    recall: _Share
    calibration: tuple[_Group, ...] = Field(max_length=20)
    by_age: tuple[_Group, ...] = Field(max_length=20)
    by_income: tuple[_Group, ...] = Field(max_length=20)


class _Learned(_Part):
    history: str = Field(max_length=200)
    history_sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    accounts: _Count
    rows: _Count
    rows_left_out: _Count
    bills: _Count
    first_due: date
    split_on: date
    last_due: date
    seed: int = Field(ge=0, le=2**32 - 1)
    columns_dropped: dict[Annotated[str, Field(max_length=100)], _Count] = Field(max_length=MOST_DROPPED)
    authorised: _Text


class _Document(_Part):
    kind: Literal["ari-app arrears score"]
    version: Literal[1]
    name: str = Field(pattern=NAME)
    grace_days: int = Field(ge=0, le=60)
    bias: float = Field(ge=-MOST_WEIGHT, le=MOST_WEIGHT)
    weights: tuple[_Weight, ...] = Field(min_length=1, max_length=64)
    learned: _Learned
    measured: _Quality

    @model_validator(mode="after")
    def _known_features(self) -> _Document:
        known = FEATURES if not self.learned.authorised else {**FEATURES, **SOCIAL_FEATURES}
        names = [weight.feature for weight in self.weights]
        for name in names:
            if name in SOCIAL_FEATURES and name not in known:
                raise RefusedError(
                    f"weighs {name} without an authorisation", "learned.authorised that says which"
                )
            if name not in known:
                raise RefusedError(f"weighs the unknown figure {name[:40]!r}", nearest(name, known))
        if len(set(names)) != len(names):
            raise RefusedError("weighs a figure twice", "each figure once")
        return self


@dataclass(frozen=True, slots=True)
class Learned:
    """From what a model was learned: the history, how much of it, and what was left out.

    Bills due before ``split_on`` were learned from; the others, which came later, were measured on.
    """

    history: str
    history_sha256: str
    accounts: int
    rows: int
    rows_left_out: int
    bills: int
    first_due: date
    split_on: date
    last_due: date
    seed: int
    columns_dropped: Mapping[str, int]
    authorised: str = ""


@dataclass(frozen=True, slots=True)
class ScoreFile:
    """A model with its history and what was measured."""

    model: ScoreModel
    learned: Learned
    measured: Quality


def read_score_file(path: Path) -> ScoreFile:
    """The model of a file. Raises InputError with every fault; nothing of the file is ever run."""
    try:
        with path.open("rb") as stream:
            raw = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise InputError([Problem(str(path), "", f"cannot be read: {error.strerror or error}")]) from error
    return parse_score_file(raw, str(path))


def parse_score_file(raw: bytes, source: str = "model.json") -> ScoreFile:
    """The model of a JSON text."""
    keys = ", ".join(_Document.model_fields)
    found = load_object(raw, source, MAX_BYTES, "a score model is small", keys)
    try:
        # From JSON text, so that a number in quotes or a list in place of a name is a fault and not a conversion.
        document = _Document.model_validate_json(json.dumps(found, default=float), strict=True)
    except ValidationError as error:
        raise InputError(problems_of(error, _Document, lambda path: _place(source, path))) from None
    except (OverflowError, RecursionError, ValueError):
        raise InputError([Problem(source, "", "holds a number that is out of range")]) from None
    return _file_of(document)


def _place(source: str, path: KeyPath) -> str:
    return source


def _file_of(document: _Document) -> ScoreFile:
    measured = document.measured
    groups = {"calibration", "by_age", "by_income"}
    return ScoreFile(
        ScoreModel(
            document.name,
            document.bias,
            tuple(Weight(**each.model_dump()) for each in document.weights),
            document.grace_days,
        ),
        Learned(**document.learned.model_dump()),
        Quality(
            calibration=_groups(measured.calibration),
            by_age=_groups(measured.by_age),
            by_income=_groups(measured.by_income),
            **measured.model_dump(exclude=groups),
        ),
    )


def _groups(found: tuple[_Group, ...]) -> tuple[Group, ...]:
    return tuple(Group(**each.model_dump()) for each in found)


def score_file_text(file: ScoreFile) -> str:
    """A model as it is written."""
    document = {
        "kind": KIND,
        "version": 1,
        "name": file.model.name,
        "grace_days": file.model.grace_days,
        "bias": file.model.bias,
        "weights": [asdict(weight) for weight in file.model.weights],
        "learned": asdict(file.learned),
        "measured": asdict(file.measured),
    }
    return json.dumps(document, ensure_ascii=False, indent=1, default=str) + "\n"
