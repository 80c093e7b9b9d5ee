"""The page of a search: an HTML file with its trials and plots that needs no network or script."""

import math
from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path
from typing import Any

import numpy as np

from lawrec.reporting import plots
from lawrec.reporting.html_page import page_html, table_rows, template
from lawrec.reporting.search_text import ranked, setting_rows, shown, value_label
from lawrec.search.results import SearchResult, TrialResult, train_command
from lawrec.storage.files import write_text
from lawrec.translation import marked, translate
from lawrec.types import Float64Array

PAGE = "search.html"


def write_page(result: SearchResult) -> Path:
    """Write the page of a search to the folder of its study, and return its path.

    Example:
        >>> write_page(result)  # doctest: +SKIP
        PosixPath('checkpoints/search-20260301-090507/search.html')
    """
    path = result.folder / PAGE
    write_text(path, search_html(result))
    return path


def search_html(result: SearchResult) -> str:
    """Return a search as a page.

    Example:
        >>> search_html(result).startswith("<!doctype html>")  # doctest: +SKIP
        True
    """
    label = value_label(result.monitor)
    shown_label = escape(translate(label))
    valued = sorted(ranked(result.trials), key=lambda trial: trial.number)
    body = template("search.html").substitute(
        folder=escape(str(result.folder)),
        label=shown_label,
        value=f"{result.best.value:.4f}",
        best=result.best.number,
        trials=len(result.trials),
        command=escape(train_command(result)),
        history=plots.history_plot(
            [trial.number for trial in valued],
            [trial.value or 0.0 for trial in valued],
            is_complete=[trial.state == "complete" for trial in valued],
            ylabel=marked(f"valid {label}"),
        ),
        importance=plots.importance_plot(result.importances, xlabel=marked("share of the variance"))
        if result.importances
        else f"<p>{translate('Too few complete trials with different values to know.')}</p>",
        parallel=_parallel_coordinates(result, label),
        settings=table_rows(setting_rows(result)),
        heads="".join(f"<th>{escape(name)}</th>" for name in result.ranges),
        rows=table_rows(_trial_cells(trial, result.ranges) for trial in result.trials),
    )
    return page_html(translate(f"Search in {result.folder}"), body, stylesheet="evaluation.css")


def _parallel_coordinates(result: SearchResult, label: str) -> str:
    """Draw the complete trials, the worst first, so that the best one is on top."""
    trials = [trial for trial in reversed(ranked(result.trials)) if trial.state == "complete"]
    columns = {name: [trial.settings[name] for trial in trials] for name in result.ranges}
    columns[label] = [trial.value for trial in trials]
    axes = {
        name: _axis(values, is_log="log" in result.ranges.get(name, ""))
        for name, values in columns.items()
    }
    lines = np.stack([heights for heights, _ in axes.values()], axis=1)
    ticks = {name.rpartition(".")[2]: labels for name, (_, labels) in axes.items()}
    return plots.parallel_coordinates_plot(ticks, lines)


def _axis(values: Sequence[Any], *, is_log: bool) -> tuple[Float64Array, dict[float, str]]:
    """Return the heights of values on an axis from 0 to 1, and the labels of the axis by height."""
    if isinstance(values[0], str):
        names = sorted(set(values))
        heights = {name: _share(names.index(name), 0, high=len(names) - 1) for name in names}
        return np.array([heights[value] for value in values]), {
            height: name for name, height in heights.items()
        }
    numbers = [math.log(value) if is_log else float(value) for value in values]
    low, high = min(numbers), max(numbers)
    labels = {
        _share(number, low, high=high): shown(value)
        for number, value in zip(numbers, values, strict=True)
        if number in (low, high)
    }
    return np.array([_share(number, low, high=high) for number in numbers]), labels


def _share(number: float, low: float, *, high: float) -> float:
    return (number - low) / (high - low) if high > low else 0.5


def _trial_cells(trial: TrialResult, names: Iterable[str]) -> list[str]:
    value = "" if trial.value is None else f"{trial.value:.4f}"
    state = translate(trial.state)
    state = f"{state}: {translate(trial.error)}" if trial.error else state
    return [
        str(trial.number),
        state,
        value,
        str(len(trial.evaluations)),
        f"{trial.seconds / 60:.1f}",
        *(shown(trial.settings.get(name, "")) for name in names),
    ]
