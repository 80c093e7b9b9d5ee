"""Plots of an evaluation or a search as SVG, in the colours and fonts of the page that shows them.

matplotlib draws them, is imported only here, and its global figures are not used; the same values
give the same bytes. The plots are drawn with placeholder colours, which become variables of the
page's stylesheet, light or dark. Text stays text, without a font of its own. While matplotlib
draws, it is English, and articles have their numbers but not their Chinese titles: matplotlib
measures text with its own fonts, which may lack Chinese characters. Labels are translated in the
finished SVG.
"""

import io
import re
from collections.abc import Callable, Mapping, Sequence
from importlib.util import find_spec
from typing import Any

import numpy as np

from lawrec.errors import RunError
from lawrec.evaluation.calibration_metrics import Reliability
from lawrec.evaluation.confusion_counts import f1, macro_supported, micro
from lawrec.evaluation.error_analysis import PooledCurves, ThresholdSweep
from lawrec.reporting.html_page import translated_html
from lawrec.translation import marked
from lawrec.types import Float64Array, Int64Array

INK, SOFT, LINE = "#010101", "#020202", "#030303"
SERIES = ("#040404", "#050505", "#060606", "#070707", "#080808", "#090909")
VARIABLES = {INK: "--ink", SOFT: "--soft", LINE: "--line"} | {
    colour: f"--series-{index}" for index, colour in enumerate(SERIES)
}
"""From each placeholder colour of the drawing to the variable of the page's stylesheet."""
SIZE = (5.6, 3.7)
"""Width and height in inches, which set the proportions: the page scales the plots."""
ARTICLES_PER_CASE = marked("articles per case")
_TICK: dict[str, Any] = {"fontsize": 7, "color": SOFT, "ha": "center"}
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
    """Raise RunError where matplotlib is not installed.

    Example:
        >>> require_plots()  # doctest: +SKIP
    """
    if not find_spec("matplotlib"):
        raise RunError(
            "matplotlib",
            expected="matplotlib must be installed for the plots of the page",
            got="no such package",
            todo="Run pip install 'lawrec[report]'.",
        )


def precision_recall_plot(curves: Mapping[str, PooledCurves]) -> str:
    """Draw the precision-recall curve of each group of articles.

    Example:
        >>> svg = precision_recall_plot({"all articles": curves})  # doctest: +SKIP
    """

    def draw(figure: Any) -> None:
        axes = figure.subplots()
        for index, (name, curve) in enumerate(curves.items()):
            label = marked(f"{name}: AP {curve.average_precision:.3f}")
            axes.step(curve.recall, curve.precision, where="pre", **_line(index, label))
        axes.set(
            xlabel=marked("recall"), ylabel=marked("precision"), xlim=(0, 1.01), ylim=(0, 1.02)
        )
        _legend(axes, loc="lower left")

    return _svg(draw)


def roc_plot(curves: Mapping[str, PooledCurves]) -> str:
    """Draw the ROC curve of each group of articles, with a logarithmic false positive rate.

    Example:
        >>> svg = roc_plot({"all articles": curves})  # doctest: +SKIP
    """

    def draw(figure: Any) -> None:
        axes = figure.subplots()
        rates = [curve.false_positive_rate for curve in curves.values()]
        # A logarithmic axis has no 0: such points are drawn at the smallest positive rate.
        smallest = min((rate[rate > 0].min() for rate in rates), default=0.1)
        for index, (name, curve) in enumerate(curves.items()):
            label = marked(f"{name}: AUC {curve.roc_auc:.4f}")
            rate = np.maximum(curve.false_positive_rate, smallest)
            axes.plot(rate, curve.true_positive_rate, **_line(index, label))
        axes.set(xlabel=marked("false positive rate"), ylabel=marked("recall"))
        axes.set(xscale="log", ylim=(0, 1.02))
        _legend(axes, loc="lower right")

    return _svg(draw)


def sweep_plot(sweep: ThresholdSweep, tuned: Mapping[str, float]) -> str:
    """Draw F1 and list length over one common threshold; dashed lines are the tuned thresholds.

    Args:
        sweep: The counts at each common threshold.
        tuned: "micro-F1", "macro-F1" and `ARTICLES_PER_CASE` with the tuned thresholds.

    Example:
        >>> tuned = {"micro-F1": 0.81, "macro-F1": 0.62, "articles per case": 1.4}
        >>> svg = sweep_plot(sweep, tuned)  # doctest: +SKIP
    """
    series = {
        "micro-F1": micro(f1, sweep.counts),
        "macro-F1": macro_supported(f1, sweep.counts),
        ARTICLES_PER_CASE: sweep.mean_length,
    }

    def draw(figure: Any) -> None:
        axes = figure.subplots()
        right = axes.twinx()
        right.spines["right"].set_visible(True)
        right.grid(visible=False)
        for index, (name, values) in enumerate(series.items(), 1):
            side = right if name == ARTICLES_PER_CASE else axes
            side.plot(sweep.thresholds, values, color=SERIES[index])
            side.axhline(tuned[name], color=SERIES[index], linestyle="--", linewidth=1)
            axes.plot([], [], color=SERIES[index], label=name)  # one legend for both axes
        tuned_line = {"linestyle": "--", "linewidth": 1, "label": marked("tuned thresholds")}
        axes.plot([], [], color=SOFT, **tuned_line)
        axes.set(xlabel=marked("threshold"), ylabel="F1", xlim=(0, 1), ylim=(0, 1))
        top = 2.5 * max(1, tuned[ARTICLES_PER_CASE])
        right.set(ylabel=ARTICLES_PER_CASE, ylim=(0, top))
        axes.legend(loc="upper center", bbox_to_anchor=(0.5, 1.2), ncols=2)

    return _svg(draw)


def reliability_plot(diagrams: Mapping[str, Reliability]) -> str:
    """Draw how often entries are true by their probability, and below how many there are.

    Example:
        >>> svg = reliability_plot({"all entries": reliability(y_true, y_prob)})  # doctest: +SKIP
    """

    def draw(figure: Any) -> None:
        above, below = figure.subplots(2, sharex=True, height_ratios=(3, 1))
        above.plot([0, 1], [0, 1], color=SOFT, linestyle="--", linewidth=1)
        for index, (name, diagram) in enumerate(diagrams.items(), 1):
            line = _line(index, marked(f"{name}: ECE {diagram.error:.4f}"))
            above.plot(diagram.predicted, diagram.observed, marker="o", markersize=4, **line)
            width = 1 / len(diagram.counts)
            left = (np.arange(len(diagram.counts)) + 0.1 + 0.4 * (index - 1)) * width
            below.bar(left, diagram.counts, 0.4 * width, align="edge", color=SERIES[index])
        above.set(ylabel=marked("share that is true"), xlim=(0, 1), ylim=(0, 1.02))
        below.set(xlabel=marked("probability"), ylabel=marked("entries"))
        below.set(yscale="log", ylim=(0.5, None))
        above.legend(loc="upper left")

    return _svg(draw)


def bars_plot(
    names: Sequence[str],
    groups: Mapping[str, Float64Array | Int64Array],
    *,
    xlabel: str,
    ylabel: str | None = None,
) -> str:
    """Draw groups of bars side by side, with their heights above them.

    Args:
        names: The labels on the x axis.
        groups: For each group its bars' heights, one per name.
        xlabel: The label of the x axis.
        ylabel: The label of the y axis; None for no label.

    Example:
        >>> heights = {"true": np.array([0, 70, 30]), "predicted": np.array([2, 80, 18])}
        >>> svg = bars_plot(["0", "1", "2"], heights, xlabel="articles")  # doctest: +SKIP
    """

    def draw(figure: Any) -> None:
        axes = figure.subplots()
        width = 0.8 / len(groups)
        for index, (name, heights) in enumerate(groups.items()):
            left = np.arange(len(names)) - 0.4 + index * width
            bars = axes.bar(left, heights, width, align="edge", color=SERIES[index + 1], label=name)
            is_share = np.issubdtype(np.asarray(heights).dtype, np.floating)
            spec = "{:.2f}" if is_share else "{:,.0f}"
            axes.bar_label(bars, fmt=spec, fontsize=8, color=SOFT, padding=2)
        axes.set_xticks(np.arange(len(names)), names)
        axes.set(xlabel=xlabel, ylabel=ylabel)
        axes.grid(visible=False, axis="x")
        axes.margins(y=0.1)
        _legend(axes, loc="upper center", bbox_to_anchor=(0.5, 1.12), ncols=len(groups))

    return _svg(draw)


def history_plot(
    numbers: Sequence[int], values: Sequence[float], *, is_complete: Sequence[bool], ylabel: str
) -> str:
    """Draw the value of each trial, and the best one so far.

    Args:
        numbers: The numbers of the trials, ascending.
        values: Their values.
        is_complete: Whether each of them is complete; the others were pruned.
        ylabel: What the values are.

    Example:
        >>> svg = history_plot(  # doctest: +SKIP
        ...     [0, 1], [0.5, 0.4], is_complete=[True, False], ylabel="CAIL score"
        ... )
    """
    x, y, complete = np.array(numbers), np.array(values), np.array(is_complete, bool)

    def draw(figure: Any) -> None:
        axes = figure.subplots()
        best = np.maximum.accumulate(np.where(complete, y, -np.inf))
        axes.step(
            x, np.where(np.isfinite(best), best, np.nan), where="post", **_line(2, marked("best"))
        )
        axes.scatter(x[complete], y[complete], s=22, color=SERIES[1], label=marked("complete"))
        pruned = {"marker": "x", "label": marked("pruned")}
        axes.scatter(x[~complete], y[~complete], s=22, color=SOFT, **pruned)
        axes.set(xlabel=marked("trial"), ylabel=ylabel)
        axes.xaxis.get_major_locator().set_params(integer=True)
        axes.legend(loc="upper center", bbox_to_anchor=(0.5, 1.12), ncols=3)

    return _svg(draw)


def importance_plot(shares: Mapping[str, float], *, xlabel: str) -> str:
    """Draw how important each setting or feature is, the first one on top.

    Args:
        shares: Their shares in a whole, by name.
        xlabel: What the shares are.

    Example:
        >>> svg = importance_plot(  # doctest: +SKIP
        ...     {"optimizer.learning_rate": 0.7}, xlabel="share of the variance"
        ... )
    """

    def draw(figure: Any) -> None:
        axes = figure.subplots()
        bars = axes.barh(list(shares), list(shares.values()), 0.7, color=SERIES[1])
        axes.bar_label(bars, fmt="{:.2f}", fontsize=8, color=SOFT, padding=2)
        axes.invert_yaxis()
        axes.grid(visible=False, axis="y")
        axes.margins(x=0.1)
        axes.set(xlabel=xlabel)

    return _svg(draw)


def parallel_coordinates_plot(axes_ticks: Mapping[str, Mapping[float, str]], lines: Any) -> str:
    """Draw a line per trial across one vertical axis per setting; good trials are strong lines.

    Args:
        axes_ticks: For each axis, its ticks: from a height, 0 to 1, to a label.
        lines: The height of each trial on each axis, (n_trials, n_axes), the worst trial first.

    Example:
        >>> ticks = {"lstm_units": {0: "32", 1: "512"}, "CAIL score": {0: "0.4", 1: "0.8"}}
        >>> svg = parallel_coordinates_plot(ticks, [[0.2, 0], [0.9, 1]])  # doctest: +SKIP
    """

    def draw(figure: Any) -> None:
        figure.set_size_inches(2 * SIZE[0], 1.2 * SIZE[1])
        axes = figure.subplots()
        positions = np.arange(len(axes_ticks))
        for rank, heights in enumerate(lines, 1):
            is_best = rank == len(lines)
            colour = SERIES[2] if is_best else SERIES[1]
            alpha = 1 if is_best else 0.1 + 0.5 * rank / len(lines)
            axes.plot(positions, heights, color=colour, alpha=alpha, linewidth=1 + is_best)
        for position, ticks in zip(positions, axes_ticks.values(), strict=True):
            axes.axvline(position, color=LINE, linewidth=1)
            for height, label in ticks.items():
                # The ends are labelled outside of the lines: below 0 and above 1.
                outside = 0.025 * round(2 * height - 1)
                axes.text(position, height + outside, label, va="center", **_TICK)
        axes.set_xticks(positions, axes_ticks, rotation=30, ha="right")
        axes.set(ylim=(-0.06, 1.06), yticks=[])
        axes.grid(visible=False)
        axes.spines[:].set_visible(False)

    return _svg(draw)


def _legend(axes: Any, **options: Any) -> None:
    """Add a legend if there is anything to name: matplotlib warns of an empty one."""
    if axes.get_legend_handles_labels()[1]:
        axes.legend(**options)


def _line(index: int, label: str) -> dict[str, Any]:
    return {"color": SERIES[index % len(SERIES)], "linewidth": 1.4, "label": label}


def _svg(draw: Callable[[Any], None]) -> str:
    """Return what `draw` draws on a matplotlib figure as an <svg> element."""
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    with rc_context(_STYLE), io.StringIO() as file:
        figure = Figure(figsize=SIZE, layout="constrained")
        draw(figure)
        figure.savefig(file, format="svg", transparent=True, metadata={"Date": None})
        return _embeddable(file.getvalue())


def _embeddable(text: str) -> str:
    """Return an SVG file as an element that has the size, the fonts and the colours of the page."""
    text = text[text.index("<svg") :]  # without the XML declaration
    # "<metadata>...</metadata>" names addresses, "<style>...</style>" would style the whole page.
    text = re.sub(r"<metadata>.*?</metadata>|<style.*?</style>", "", text, flags=re.DOTALL)
    # '<g id="axes_1">' -> '<g>': the plots of a page would share these ids.
    text = re.sub(r'<g id="[^"]*">', "<g>", text)
    # '<svg height="266pt" viewBox="0 0 403 266" ...>' -> '<svg viewBox="0 0 403 266">'
    text = re.sub(r'^<svg [^>]*viewBox="([^"]*)"[^>]*>', r'<svg viewBox="\1">', text)
    # "font-family: 'DejaVu Sans'; fill: #010101" -> "fill: #010101"
    text = re.sub(r"font-family: [^;\"]*;? ?", "", text)
    text = text.replace("xlink:href", "href")
    text = translated_html(text)
    for colour, variable in VARIABLES.items():
        text = text.replace(colour, f"var({variable})")
    return text
