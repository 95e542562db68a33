"""The report: one HTML file with everything in it, and each plot as a PNG beside it."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ari_app.simulate.figures import Figures
from ari_app.simulate.plots import plots_of

_TEMPLATES = Path(__file__).parent / "templates"
_COUNTS = (
    ("Accounts that a cap has held back at least once", "accounts_held_back"),
    ("How calls ended", "dispositions"),
)
#: The plots of a report, in their order.
PLOTS = ("funnel", "recovered", "hours", "workload", "lines", "refusals", "agents", "cost")


def write_report(folder: Path, found: Sequence[Figures], folders: Sequence[str] = ("",)) -> None:
    """Write report.html and the PNGs of one simulation, or of two beside each other.

    :param folders: where the files of each lie, seen from the report.
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    plots = plots_of(found)
    for name, (_, png) in plots.items():
        (folder / f"{name}.png").write_bytes(png)
    page = Environment(
        loader=FileSystemLoader(_TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    ).get_template("report.html.j2")
    text = page.render(
        found=[each.summary for each in found],
        titles=[each.title for each in found],
        folders=folders,
        rows=compared([each.summary for each in found]),
        counts=[(title, counted([each.summary for each in found], part)) for title, part in _COUNTS],
        plots=[(plots[name][0], b64encode(plots[name][1]).decode()) for name in PLOTS],
    )
    (folder / "report.html").write_text(text, encoding="utf-8")


def counted(summaries: Sequence[Mapping[str, Any]], part: str) -> list[tuple[str, list[int]]]:
    """Every name that one of the simulations counts in a part of its summary, with the count of each."""
    names = sorted({name for each in summaries for name in each[part]})
    return [(name, [each[part].get(name, 0) for each in summaries]) for name in names]


def compared(summaries: Sequence[Mapping[str, Any]]) -> list[tuple[str, list[str], str]]:
    """The key figures: name, value of each, and the difference of the second from the first ('' for one alone)."""
    rows = []
    for name in summaries[0]["figures"]:
        values = [float(each["figures"][name]) for each in summaries]
        gap = ""
        if len(values) == 2:
            share = f" ({(values[1] - values[0]) / abs(values[0]):+.1%})" if values[0] else ""
            gap = f"{_text(values[1] - values[0], sign=True)}{share}"
        rows.append((name.replace("_", " "), [_text(value) for value in values], gap))
    return rows


def _text(value: float, *, sign: bool = False) -> str:
    plus = "+" if sign else ""
    if value == int(value):
        return f"{value:{plus},.0f}"
    return f"{value:{plus},.4f}" if abs(value) < 1 else f"{value:{plus},.2f}"
