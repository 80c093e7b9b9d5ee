"""The result of a search as text tables for people and as JSON for programs."""

from dataclasses import asdict
from typing import Any

from lawrec.evaluation.metrics import METRIC_LABELS
from lawrec.reporting.tables import aligned, render, simple_table
from lawrec.search.results import SearchResult, TrialResult, train_command
from lawrec.storage.json_text import json_text
from lawrec.translation import joined, marked, translate

TRIALS_SHOWN = 10


def search_table(result: SearchResult) -> str:
    """Return the best trials, the best value of each setting, and how to train with them.

    Example:
        >>> print(search_table(result))  # doctest: +SKIP
          Trial   State      CAIL score   Evaluations   Minutes
        ...
    """
    counts = joined(
        ", ",
        (
            f"{sum(trial.state == state for trial in result.trials)} {translate(state)}"
            for state in (marked("complete"), marked("pruned"), marked("failed"))
        ),
    )
    rows = [(translate("best run"), str(result.run)), (translate("train"), train_command(result))]
    lines = [translate(f"{len(result.trials)} trials: {counts}"), *aligned(rows)]
    return _trial_table(result) + _setting_table(result) + "\n".join(lines)


def search_json(result: SearchResult) -> str:
    """Return everything that a search found as JSON.

    Example:
        >>> print(search_json(result))  # doctest: +SKIP
        {
         "folder": "checkpoints/search-20260301-090507",
        ...
    """
    values = {**asdict(result), "folder": str(result.folder), "run": str(result.run)}
    return json_text(values)


def value_label(monitor: str) -> str:
    """Return the name of a monitored metric for people.

    Example:
        >>> value_label("cail_score")
        'CAIL score'
    """
    return METRIC_LABELS.get(monitor, monitor)


def shown(value: Any) -> str:
    """Return the value of a setting for people, with four digits.

    Example:
        >>> shown(0.00123456), shown(128), shown("cosine")
        ('0.001235', '128', 'cosine')
    """
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def ranked(trials: tuple[TrialResult, ...]) -> list[TrialResult]:
    """Return the trials with a value, the complete ones first and the best of them on top.

    Example:
        >>> [trial.number for trial in ranked(result.trials)]  # doctest: +SKIP
        [4, 0, 2]
    """
    valued = [trial for trial in trials if trial.value is not None and trial.state != "failed"]
    return sorted(valued, key=lambda trial: (trial.state != "complete", -(trial.value or 0)))


def setting_rows(result: SearchResult) -> list[tuple[str, str, str, str, str]]:
    """Return a row per searched setting: its name, best value, first value, range and importance.

    Example:
        >>> setting_rows(result)[0]  # doctest: +SKIP
        ('model.embedding_size', '96', '128', '32 to 256, log', '0.12')
    """
    return [
        (
            name,
            shown(result.best.settings[name]),
            shown(result.start[name]),
            translate(searched),
            f"{result.importances[name]:.2f}" if name in result.importances else "",
        )
        for name, searched in result.ranges.items()
    ]


def _trial_table(result: SearchResult) -> str:
    table = simple_table("Trial", value_label(result.monitor), "Evaluations", "Minutes", "State")
    for trial in ranked(result.trials)[:TRIALS_SHOWN]:
        table.add_row(
            str(trial.number),
            f"{trial.value:.4f}",
            str(len(trial.evaluations)),
            f"{trial.seconds / 60:.1f}",
            translate(trial.state),
        )
    return render(table)


def _setting_table(result: SearchResult) -> str:
    table = simple_table("Setting", "Best", "First", "Range", "Importance")
    table.columns[0].no_wrap = True
    for row in setting_rows(result):
        table.add_row(*row)
    return render(table)


SEARCH_WRITERS = {"table": search_table, "json": search_json}
