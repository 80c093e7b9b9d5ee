"""Plots: pictures of an evaluation as SVG, in the colours of the page that shows them.

matplotlib draws them, without its global figures; the same figures give the same bytes. Text stays
text and is all in ASCII: it takes the fonts of the page, and no font needs to be found here.
"""

import io
import re
from collections.abc import Callable, Mapping, Sequence
from importlib.util import find_spec
from typing import Any

import numpy as np

from lawrec.errors import RunError
from lawrec.evaluation.calibration_metrics import Reliability
from lawrec.evaluation.error_analysis import Curves, Sweep
from lawrec.evaluation.metrics import f1, macro_supported, micro
from lawrec.types import Float64Array, Int64Array

INK, SOFT, LINE = "#010101", "#020202", "#030303"
SERIES = ("#040404", "#050505", "#060606", "#070707", "#080808", "#090909")
VARIABLES = {INK: "--ink", SOFT: "--soft", LINE: "--line"} | {
    colour: f"--series-{place}" for place, colour in enumerate(SERIES)
}
"""Colours that the drawing has, and the variables of the page's style that take their place."""
SIZE = (5.6, 3.7)  # inches, of which the page makes what it has room for
_STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "lawrec",
    "font.size": 10,
    "text.color": INK,
    "axes.labelcolor": SOFT,
    "axes.edgecolor": LINE,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": LINE,
    "grid.linewidth": 0.6,
    "xtick.color": LINE,
    "ytick.color": LINE,
    "xtick.labelcolor": SOFT,
    "ytick.labelcolor": SOFT,
    "legend.frameon": False,
    "legend.fontsize": 9,
    "lines.linewidth": 1.6,
}


def require_plots() -> None:
    """Raise RunError where matplotlib is not installed."""
    if not find_spec("matplotlib"):
        raise RunError(
            "matplotlib",
            expected="a page of figures needs it for its plots",
            got="no such package",
            todo="Run pip install 'lawrec[report]'.",
        )


def precision_recall_plot(curves: Mapping[str, Curves]) -> str:
    """Draw a precision-recall curve of each group of articles, the first one in bold."""

    def draw(figure: Any) -> None:
        axes = figure.subplots()
        for place, (name, of) in enumerate(curves.items()):
            label = f"{name}: AP {of.average_precision:.3f}"
            axes.step(of.recall, of.precision, where="pre", **_line(place, label))
        axes.set(xlabel="recall", ylabel="precision", xlim=(0, 1.01), ylim=(0, 1.02))
        _legend(axes, loc="lower left")

    return _svg(draw)


def roc_plot(curves: Mapping[str, Curves]) -> str:
    """Draw a ROC curve of each group; the false positive rate is on a logarithmic scale."""

    def draw(figure: Any) -> None:
        axes = figure.subplots()
        least = min((of.false_rate[of.false_rate > 0].min() for of in curves.values()), default=0.1)
        for place, (name, of) in enumerate(curves.items()):
            seen = np.maximum(of.false_rate, least)
            axes.plot(seen, of.true_rate, **_line(place, f"{name}: AUC {of.roc_auc:.4f}"))
        axes.set(xlabel="false positive rate", ylabel="recall", xscale="log", ylim=(0, 1.02))
        _legend(axes, loc="lower right")

    return _svg(draw)


def sweep_plot(sweep: Sweep, tuned: Mapping[str, float]) -> str:
    """Draw what one cut for all articles gives, and as dashed lines what the tuned ones give.

    Args:
        sweep: The counts at each cut.
        tuned: micro-F1, macro-F1 and articles a case with the tuned thresholds, by these names.
    """
    drawn = {
        "micro-F1": micro(f1, sweep.counts),
        "macro-F1": macro_supported(f1, sweep.counts),
        "articles a case": sweep.lengths,
    }

    def draw(figure: Any) -> None:
        axes = figure.subplots()
        right = axes.twinx()
        right.spines["right"].set_visible(True)
        right.grid(visible=False)
        for place, (name, values) in enumerate(drawn.items(), 1):
            side = right if name == "articles a case" else axes
            side.plot(sweep.thresholds, values, color=SERIES[place])
            side.axhline(tuned[name], color=SERIES[place], linestyle="--", linewidth=1)
            axes.plot([], [], color=SERIES[place], label=name)  # for the one legend
        axes.plot([], [], color=SOFT, linestyle="--", linewidth=1, label="tuned thresholds")
        axes.set(xlabel="cut", ylabel="F1", xlim=(0, 1), ylim=(0, 1))
        right.set(ylabel="articles a case", ylim=(0, 2.5 * max(1, tuned["articles a case"])))
        axes.legend(loc="upper center", bbox_to_anchor=(0.5, 1.2), ncols=2)

    return _svg(draw)


def reliability_plot(groups: Mapping[str, Reliability]) -> str:
    """Draw how often entries are true by their probability, and below how many there are."""

    def draw(figure: Any) -> None:
        above, below = figure.subplots(2, sharex=True, height_ratios=(3, 1))
        above.plot([0, 1], [0, 1], color=SOFT, linestyle="--", linewidth=1)
        for place, (name, of) in enumerate(groups.items(), 1):
            width = 1 / len(of.counts)
            label = f"{name}: ECE {of.error:.4f}"
            above.plot(of.predicted, of.observed, marker="o", markersize=4, **_line(place, label))
            left = (np.arange(len(of.counts)) + 0.1 + 0.4 * (place - 1)) * width
            below.bar(left, of.counts, 0.4 * width, align="edge", color=SERIES[place])
        above.set(ylabel="share that is true", xlim=(0, 1), ylim=(0, 1.02))
        below.set(xlabel="probability", ylabel="entries", yscale="log", ylim=(0.5, None))
        above.legend(loc="upper left")

    return _svg(draw)


def bars_plot(
    names: Sequence[str], groups: Mapping[str, Float64Array | Int64Array], **labels: str
) -> str:
    """Draw bars side by side: a place for each name, a bar for each group.

    Args:
        names: What stands below the places.
        groups: The heights of each group, one for each name.
        labels: `xlabel` and `ylabel`.
    """

    def draw(figure: Any) -> None:
        axes = figure.subplots()
        width = 0.8 / len(groups)
        for place, (name, heights) in enumerate(groups.items()):
            left = np.arange(len(names)) - 0.4 + place * width
            bars = axes.bar(left, heights, width, align="edge", color=SERIES[place + 1], label=name)
            case_format = (
                "{:.2f}" if np.issubdtype(np.asarray(heights).dtype, np.floating) else "{:,.0f}"
            )
            axes.bar_label(bars, fmt=case_format, fontsize=8, color=SOFT, padding=2)
        axes.set_xticks(np.arange(len(names)), names)
        axes.set(**labels)
        axes.grid(visible=False, axis="x")
        axes.margins(y=0.1)
        _legend(axes, loc="upper center", bbox_to_anchor=(0.5, 1.12), ncols=len(groups))

    return _svg(draw)


def _legend(axes: Any, **place: Any) -> None:
    """Name what is drawn, if anything is: matplotlib warns of a legend without a line."""
    if axes.get_legend_handles_labels()[1]:
        axes.legend(**place)


def _line(place: int, label: str) -> dict[str, Any]:
    return {"color": SERIES[place % len(SERIES)], "linewidth": 1.4, "label": label}


def _svg(draw: Callable[[Any], None]) -> str:
    """Return what is drawn on a figure as an SVG element to stand in a page."""
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    with rc_context(_STYLE), io.StringIO() as file:
        figure = Figure(figsize=SIZE, layout="constrained")
        draw(figure)
        figure.savefig(file, format="svg", transparent=True, metadata={"Date": None})
        return _embedded(file.getvalue())


def _embedded(text: str) -> str:
    """Return an SVG file as an element whose size, fonts and colours are the page's."""
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>|<style.*?</style>", "", text, flags=re.DOTALL)
    text = re.sub(r'<g id="[^"]*">', "<g>", text)  # these would stand twice in a page
    text = re.sub(r'^<svg [^>]*viewBox="([^"]*)"[^>]*>', r'<svg viewBox="\1">', text)
    text = re.sub(r"font-family: [^;\"]*;? ?", "", text)
    text = text.replace("xlink:href", "href")
    for colour, variable in VARIABLES.items():
        text = text.replace(colour, f"var({variable})")
    return text
