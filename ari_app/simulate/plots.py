"""The plots of a report as PNG, of one simulation or of two beside each other. Nothing here looks at a screen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from io import BytesIO
from typing import TYPE_CHECKING, Any

from ari_app.simulate.figures import Figures

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_COLOURS = ("#1f6f8b", "#d9822b")
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MOST_BARS = 12
_DPI = 110

Draw = Callable[["Axes", Sequence[Figures]], None]


def _bars(
    axes: Axes, found: Sequence[Figures], values: Callable[[Figures], dict[str, float]], unit: str
) -> None:
    """Horizontal bars, one group for each name, one bar for each simulation."""
    names: list[str] = list(dict.fromkeys(name for each in found for name in values(each)))
    height = 0.8 / len(found)
    for number, each in enumerate(found):
        mine = values(each)
        places = [place + (number - (len(found) - 1) / 2) * height for place in range(len(names))]
        bars = axes.barh(
            places, [mine.get(name, 0.0) for name in names], height, color=_COLOURS[number], label=each.title
        )
        axes.bar_label(bars, fmt="{:,.0f}", padding=3, fontsize=7)
    axes.set_yticks(range(len(names)), [name.replace("_", " ") for name in names], fontsize=8)
    axes.invert_yaxis()
    axes.set_xlabel(unit)
    axes.margins(x=0.15)


def _funnel(axes: Axes, found: Sequence[Figures]) -> None:
    _bars(axes, found, lambda each: {**each.tally.funnel(), "paid": each.tally.paid_accounts}, "accounts")


def _caps(axes: Axes, found: Sequence[Figures]) -> None:
    def most(each: Figures) -> dict[str, float]:
        by_rule: dict[str, float] = {}
        for key, count in each.tally.refusals.items():
            rule = key.partition(":")[2]
            by_rule[rule] = by_rule.get(rule, 0) + count
        return dict(sorted(by_rule.items(), key=lambda item: -item[1])[:_MOST_BARS])

    _bars(axes, found, most, "refusals")


def _cost(axes: Axes, found: Sequence[Figures]) -> None:
    _bars(axes, found, lambda each: dict(each.cost), found[0].currency)


def _workload(axes: Axes, found: Sequence[Figures]) -> None:
    for number, each in enumerate(found):
        days, colour = range(each.days), _COLOURS[number]
        calls = [each.tally.dials_by_day[day] for day in days]
        texts = [each.tally.messages_by_day[day] for day in days]
        axes.plot(days, calls, color=colour, label=f"{each.title}: calls")
        axes.plot(days, texts, color=colour, linestyle=":", label=f"{each.title}: messages")
    axes.set_xlabel("day")
    axes.set_ylabel("contacts")


def _lines(axes: Axes, found: Sequence[Figures]) -> None:
    for number, each in enumerate(found):
        share = [
            sum(each.tally.line_seconds_by_hour[day * 24 + hour] for hour in range(24)) / 3600.0
            for day in range(each.days)
        ]
        axes.plot(range(each.days), share, color=_COLOURS[number], label=f"{each.title}: {each.lines} lines")
    axes.set_xlabel("day")
    axes.set_ylabel("line hours")


def _agents(axes: Axes, found: Sequence[Figures]) -> None:
    for number, each in enumerate(found):
        desk = each.desk
        worked = [
            sum(desk.minutes_by_hour[day * 24 + hour] for hour in range(24)) / 60.0
            for day in range(each.days)
        ]
        offered = desk.agents * 9
        shares = [100.0 * hours / offered if offered else 0.0 for hours in worked]
        axes.plot(
            range(each.days),
            shares,
            color=_COLOURS[number],
            marker=".",
            label=f"{each.title}: {desk.agents} agents",
        )
    axes.set_ylim(0, 105)
    axes.set_xlabel("day")
    axes.set_ylabel("occupancy, %")


def _recovered(axes: Axes, found: Sequence[Figures]) -> None:
    for number, each in enumerate(found):
        total, points = 0.0, []
        for day in range(each.days):
            total += each.tally.recovered_by_day[day] / 100
            points.append(total)
        axes.plot(range(each.days), points, color=_COLOURS[number], label=each.title)
    axes.set_xlabel("day")
    axes.set_ylabel(found[0].currency)


#: File, title, what draws it.
_PLOTS: tuple[tuple[str, str, Draw], ...] = (
    ("funnel", "How far the accounts came", _funnel),
    ("recovered", "Recovered, day by day added up", _recovered),
    ("workload", "Calls and messages a day", _workload),
    ("lines", "Lines: hours in use a day", _lines),
    ("refusals", "What the verdict refused, most often first", _caps),
    ("agents", "Agents: share of their time in work", _agents),
    ("cost", "Cost", _cost),
)


def plots_of(found: Sequence[Figures]) -> dict[str, tuple[str, bytes]]:
    """Each plot by its name: its title and the PNG."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    drawn: dict[str, tuple[str, bytes]] = {}

    def saved(figure: Any) -> bytes:
        FigureCanvasAgg(figure)
        file = BytesIO()
        # No version and no date in the file: the same figures are the same bytes.
        figure.savefig(file, format="png", dpi=_DPI, metadata={"Software": None})
        return file.getvalue()

    for name, title, draw in _PLOTS:
        figure = Figure(figsize=(8, 3.6))
        figure.subplots_adjust(
            left=0.2, right=0.97, top=0.92, bottom=0.14
        )  # measuring every label takes longer
        axes = figure.add_subplot()
        draw(axes, found)
        axes.set_title(title, loc="left", fontsize=10)
        axes.spines[["top", "right"]].set_visible(False)
        if axes.get_legend_handles_labels()[0]:
            axes.legend(fontsize=7, frameon=False)
        drawn[name] = (title, saved(figure))
    title = "Dials by weekday and hour, on the customers' clocks"
    figure = Figure(figsize=(8, 2.4 * len(found)))
    figure.subplots_adjust(left=0.08, right=1.0, top=0.9, bottom=0.12, hspace=0.45)
    for number, each in enumerate(found):
        axes = figure.add_subplot(len(found), 1, number + 1)
        _heat(figure, axes, each)
    drawn["hours"] = (title, saved(figure))
    return drawn


def _heat(figure: Any, axes: Axes, each: Figures) -> None:
    dials = [[each.tally.dials_by_hour[day * 24 + hour] for hour in range(24)] for day in range(7)]
    picture = axes.imshow(dials, aspect="auto", cmap="YlGnBu")
    axes.set_yticks(range(7), _DAYS, fontsize=8)
    axes.set_xticks(range(0, 24, 2), [f"{hour:02d}" for hour in range(0, 24, 2)], fontsize=8)
    axes.set_title(each.title, loc="left", fontsize=9)
    figure.colorbar(picture, ax=axes, label="dials")
