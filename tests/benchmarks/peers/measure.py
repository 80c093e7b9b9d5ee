"""Measure peers and answers on the same test cases, with the metrics that the product reports."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from statistics import fmean

import numpy as np

from lawrec.evaluation.metrics import evaluate, nanmean_or_zero
from lawrec.evaluation.ranking_metrics import ranking_per_case
from lawrec.types import BoolArray, NumberArray
from tests.benchmarks.peers.classifiers import Peer
from tests.benchmarks.peers.splits import Splits


@dataclass(frozen=True)
class Row:
    """A row of the table.

    Attributes:
        label: What was measured.
        version: The package and its version.
        runs: The number of seeds or files over which the figures are means.
        metrics: The metrics by their names in `lawrec.evaluation`; `lrap` only where there are
            scores; `fit_seconds` and `predict_seconds` only of what was trained here. These are
            CPU seconds of all threads together, which other processes change little.
        missing: Why there are no figures; "" where there are.
    """

    label: str
    version: str = ""
    runs: int = 0
    metrics: Mapping[str, float] = field(default_factory=dict)
    missing: str = ""


def measure_peer(peer: Peer, splits: Splits, seeds: Sequence[int]) -> Row:
    """Train a peer with each seed, and return the means of its figures on the test cases.

    A peer that is not installed, or that fails, has a row that says so.
    """
    try:
        runs = [_measured_once(peer, splits, seed=seed) for seed in seeds]
    except ImportError as error:
        return Row(peer.label, peer.package, missing=f"not installed ({error})")
    except Exception as error:  # whatever a peer raises, the others are measured
        name = type(error).__name__
        return Row(peer.label, _version(peer.package), missing=f"failed ({name}: {error})")
    return Row(peer.label, _version(peer.package), len(runs), _means(runs))


def measure_answers(name: str, files: Sequence[Sequence[Sequence[str]]], splits: Splits) -> Row:
    """Return the means of the figures of one or more files of answers.

    Args:
        name: The name of the row.
        files: For each file the list of articles of each case.
        splits: The cases.
    """
    runs = [_metrics_of_lists(lists, splits) for lists in files]
    return Row(name, "lawrec", len(runs), _means(runs))


def metrics_of(
    splits: Splits, y_pred: BoolArray, y_score: NumberArray | None = None
) -> dict[str, float]:
    """Return the metrics of predictions, (n_test_cases, n_articles), for the test cases."""
    values = evaluate(splits.y_true, y_pred, splits.known)
    if y_score is not None:
        ranking = ranking_per_case(splits.y_true, y_score.astype(np.float32), splits.known)
        values["lrap"] = nanmean_or_zero(ranking["lrap"])
    return values


def _measured_once(peer: Peer, splits: Splits, *, seed: int) -> dict[str, float]:
    predict, fit_seconds = _timed(lambda: peer.fit(splits.train, splits.valid, seed=seed))
    predicted, predict_seconds = _timed(lambda: predict(splits.test_tokens))
    y_pred = _widened(predicted.y_pred, splits, fill=False)
    has_scores = predicted.y_score is not None
    y_score = _widened(predicted.y_score, splits, fill=-np.inf) if has_scores else None
    seconds = {"fit_seconds": fit_seconds, "predict_seconds": predict_seconds}
    return metrics_of(splits, y_pred, y_score) | seconds


def _metrics_of_lists(lists: Sequence[Sequence[str]], splits: Splits) -> dict[str, float]:
    """Return the metrics of lists of articles, each of which must have a column."""
    columns = {article: column for column, article in enumerate(splits.articles)}
    y_pred = np.zeros_like(splits.y_true)
    for row, articles in zip(y_pred, lists, strict=True):
        row[[columns[article] for article in articles]] = True
    return metrics_of(splits, y_pred)


def _widened(values: NumberArray, splits: Splits, *, fill: float) -> NumberArray:
    """Return predictions with a column for each article, also for those that train lacks."""
    widened = np.full(splits.y_true.shape, fill, values.dtype)
    widened[:, splits.trained] = values
    return widened


def _timed(function: Callable[[], object]) -> tuple:
    start = time.process_time()
    result = function()
    return result, time.process_time() - start


def _means(runs: Sequence[Mapping[str, float]]) -> dict[str, float]:
    return {name: fmean(run[name] for run in runs) for name in runs[0]}


def _version(package: str) -> str:
    try:
        return f"{package} {version(package)}"
    except PackageNotFoundError:
        return package
