"""Right and wrong of verdicts: confusion matrix, balanced accuracy, time to verdict."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ari_app.bench.report import percentile

HUMAN = "human"
NOBODY = "nobody"


@dataclass(frozen=True, slots=True)
class Judged:
    """What was said of one clip. ``verdict`` '' for none; ``at_s`` seconds from the answer to the verdict that stands."""

    label: str
    verdict: str
    at_s: float | None


def confusion(found: Sequence[Judged]) -> dict[str, dict[str, int]]:
    """Label -> verdict -> clips."""
    counts: dict[str, Counter[str]] = {}
    for each in found:
        counts.setdefault(each.label, Counter())[each.verdict or "none"] += 1
    return {label: dict(sorted(row.items())) for label, row in sorted(counts.items())}


def scores(found: Sequence[Judged], prefix: str) -> dict[str, float]:
    """The figures of a corpus, ``prefix`` before each name.

    Balanced accuracy is the mean of two shares: people who are told as people, and machines of all kinds (machine,
    assistant, menu, fax) that are told as one of these. Lines with nobody count in none of the two. Times are of all
    verdicts, right and wrong, on lines with somebody.
    """
    people = [each for each in found if each.label == HUMAN]
    machines = [each for each in found if each.label not in (HUMAN, NOBODY)]
    right_people = sum(each.verdict == HUMAN for each in people)
    right_machines = sum(each.verdict not in ("", HUMAN) for each in machines)
    wrong_people = sum(each.verdict not in ("", HUMAN) for each in people)
    result = {
        "balanced_accuracy": (right_people / len(people) + right_machines / len(machines)) / 2,
        "human_as_machine": wrong_people / len(people),
        "machine_as_human": sum(each.verdict == HUMAN for each in machines) / len(machines),
    }
    for name, group in (
        ("verdict_p50_ms", [*people, *machines]),
        ("human_verdict_p50_ms", people),
        ("machine_verdict_p50_ms", machines),
    ):
        times = [each.at_s * 1000.0 for each in group if each.at_s is not None]
        if times:
            result[name] = percentile(times, 50.0)
    right = [each.at_s * 1000.0 for each in people if each.verdict == HUMAN and each.at_s is not None]
    if right:
        result["human_right_p50_ms"] = percentile(right, 50.0)
    return {prefix + name: value for name, value in result.items()}


def said(matrix: Mapping[str, Mapping[str, int]]) -> list[str]:
    """The matrix as lines for people."""
    return [
        f"{label}: " + ", ".join(f"{name} {count}" for name, count in row.items())
        for label, row in matrix.items()
    ]
