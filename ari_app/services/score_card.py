"""The model card: what a score model is, from what it was learned, and how good it is, in Markdown for people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from ari_app.domain.behaviour import FEATURES, SOCIAL_FEATURES
from ari_app.domain.score_model import ScoreModel
from ari_app.domain.score_quality import Group, Quality
from ari_app.services.score_file import ScoreFile


def model_card(file: ScoreFile) -> str:
    """The card of a model, from its file alone."""
    model, learned = file.model, file.learned
    parts = [
        f"# Model card: {_plain(model.name)}",
        "",
        "A logistic regression over payment behaviour. It says how likely a bill is paid in full on time, that is",
        f"at the latest {model.grace_days} days after its due date, as seen three days before that date: 100 pays",
        "surely, 0 surely not.",
        "",
        "**For**: choosing whom to remind early, how and in which tone. **Not for**: refusing a service, reporting to",
        "a credit bureau, or any other decision about a person without a person.",
        "",
        "## Learned from",
        "",
        "| | |",
        "|---|---|",
        f"| history | `{_plain(learned.history)}`, SHA-256 `{learned.history_sha256}` |",
        f"| accounts | {learned.accounts:,} |",
        f"| rows | {learned.rows:,}, of which {learned.rows_left_out:,} had a fault and were left out |",
        f"| bills with an earlier one and a known end | {learned.bills:,}, due {learned.first_due} to {learned.last_due} |",
        f"| learned from | bills due before {learned.split_on} |",
        f"| measured on | the {file.measured.bills:,} bills due from {learned.split_on} on, which it has not seen |",
        f"| seed | {learned.seed} |",
        f"| columns left unread | {_dropped(learned.columns_dropped)} |",
        f"| social data | {_authorised(learned.authorised)} |",
        "",
        "Age and income are never weighed; they serve to compare groups below.",
        "",
        "## What counts",
        "",
        "A weight above 0 speaks for paying on time. It counts once for each step (one standard deviation) above the",
        "average.",
        "",
        "| figure | weight | average | step |",
        "|---|---|---|---|",
        *_weights(model),
        "",
        f"Bias {model.bias:+.3f}. A figure that is not known counts as the average.",
        "",
        *quality_lines(file.measured),
    ]
    return "\n".join(parts) + "\n"


def quality_lines(measured: Quality) -> list[str]:
    """What was measured, as Markdown."""
    misjudged = ", ".join(_plain(group.name) for group in measured.misjudged)
    base, low = measured.brier_of_base, measured.threshold
    return [
        "## Measured",
        "",
        "| | | |",
        "|---|---|---|",
        f"| bills | {measured.bills:,} | |",
        f"| paid on time | {measured.on_time:.1%} | |",
        f"| AUC | {measured.auc:.3f} | 0.5 says nothing, 1 ranks perfectly |",
        f"| Brier score | {measured.brier:.4f} | {base:.4f} for always saying the base rate; 0 is best |",
        f"| precision below {low} | {measured.precision:.1%} | share of the warned that did not pay on time |",
        f"| recall below {low} | {measured.recall:.1%} | share of those who did not pay on time that was warned of |",
        "",
        "### Calibration",
        "",
        "Predicted and observed are shares paid on time; off by is the 99.9 % interval, in points, of how much more was",
        "observed (the bills of one account count together). Warned is the share below the threshold, wrongly warned",
        "that share among those who paid on time.",
        "",
        *_calibration(measured.calibration),
        "",
        "### By age",
        "",
        *_groups(measured.by_age, "age"),
        "",
        "### By income",
        "",
        *_groups(measured.by_income, "income"),
        "",
        f"**Misjudged** (3 points off or more, and not by chance): {misjudged or 'no group'}."
        + (
            " Do not use the score for these customers before it has been learned anew or somebody has looked at why."
            if misjudged
            else ""
        ),
    ]


def _weights(model: ScoreModel) -> Iterator[str]:
    for weight in sorted(model.weights, key=lambda each: (-abs(each.value), each.feature)):
        figure = FEATURES.get(weight.feature) or SOCIAL_FEATURES[weight.feature]
        yield f"| `{weight.feature}`: {figure.what} | {weight.value:+.3f} | {weight.mean:.3f} | {weight.scale:.3f} |"


def _groups(groups: Sequence[Group], what: str) -> list[str]:
    if not groups:
        return [
            f"The history does not tell the customers' {what}: nobody knows whether a group is misjudged."
        ]
    return [
        f"| {what} | bills | predicted | observed | off by | warned | wrongly warned | |",
        "|---|---|---|---|---|---|---|---|",
        *(
            f"{_row(each)} {each.warned:.1%} | {each.wrongly_warned:.1%} | {'misjudged' if each.misjudged else ''} |"
            for each in groups
        ),
    ]


def _calibration(groups: Sequence[Group]) -> list[str]:
    return [
        "| score | bills | predicted | observed | off by |",
        "|---|---|---|---|---|",
        *map(_row, groups),
    ]


def _row(group: Group) -> str:
    interval = f"{100 * group.low:+.1f} to {100 * group.high:+.1f}"
    return f"| {_plain(group.name)} | {group.bills:,} | {group.predicted:.1%} | {group.observed:.1%} | {interval} |"


def _dropped(columns: Mapping[str, int]) -> str:
    found = [f"{_plain(name)} ({cells:,} cells)" for name, cells in columns.items()]
    return ", ".join(found) or "none"


def _authorised(text: str) -> str:
    return f"used, authorised by: {_plain(text)}" if text else "none"


def _plain(text: str) -> str:
    """A text from outside, fit for a cell of a table."""
    return "".join(sign if sign.isprintable() and sign not in "|`<>[]*#\\" else " " for sign in text)
