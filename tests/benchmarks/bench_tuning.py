"""Time the tuning of thresholds: each strategy on a million cases, exact search against a grid.

    python tests/benchmarks/bench_tuning.py [--cases N]

The cases are invented. Prints the seconds of each strategy and the peak memory of the process;
then, on a tenth of the cases, the seconds of a grid of 1,000 thresholds per article, and those of
the exact search.
"""

import argparse
import resource
import time
from dataclasses import dataclass

import numpy as np

from lawrec.config import DecisionConfig
from lawrec.decision.objectives import best_point
from lawrec.decision.score_order import round_scores
from lawrec.decision.threshold_strategies import STRATEGIES
from lawrec.decision.tuning_cases import TuningCases
from lawrec.evaluation.confusion_counts import count, f1

ARTICLES = 183
GRID = 1_000


@dataclass(frozen=True)
class Invented:
    """True articles with the frequencies of a long tail, and scores that separate most of them."""

    y_true: np.ndarray
    y_score: np.ndarray


def invented_cases(cases: int, chunk: int = 100_000) -> Invented:
    rng = np.random.default_rng(2018)
    share = 0.35 / np.arange(1, ARTICLES + 1) ** 1.1
    y_true = np.empty((cases, ARTICLES), np.bool_)
    y_score = np.empty((cases, ARTICLES), np.float32)
    for start in range(0, cases, chunk):
        rows = slice(start, min(start + chunk, cases))
        shape = (rows.stop - rows.start, ARTICLES)
        y_true[rows] = rng.random(shape, np.float32) < share
        logits = rng.standard_normal(shape, np.float32) * 2 - 6 + 7 * y_true[rows]
        y_score[rows] = round_scores(1 / (1 + np.exp(-logits)))
    return Invented(y_true, y_score)


def grid_f1(cases: TuningCases) -> np.ndarray:
    """Return the best F1 of each article at 1,000 evenly spaced thresholds."""
    best = np.zeros(ARTICLES)
    for threshold in np.linspace(0, 1, GRID, dtype=np.float32):
        y_pred = cases.y_score >= threshold
        best = np.maximum(best, f1(count(cases.y_true, y_pred)))
    return best


def exact_f1(cases: TuningCases) -> np.ndarray:
    """Return the best F1 of each article at any threshold."""
    thresholds = [curve.threshold(best_point(curve, DecisionConfig())) for curve in cases.curves]
    return f1(count(cases.y_true, cases.y_score >= np.array(thresholds)))


def timed(function, *arguments):
    start = time.perf_counter()
    result = function(*arguments)
    return time.perf_counter() - start, result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cases", type=int, default=1_000_000)
    options = parser.parse_args()
    invented = invented_cases(options.cases)
    cases = TuningCases(invented.y_true, invented.y_score)
    total = 0.0
    for name, strategy in STRATEGIES.items():
        seconds, _ = timed(strategy.fit, cases, DecisionConfig(strategy=name))
        total += seconds
        print(f"{name:16} {seconds:6.1f} s", flush=True)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"all strategies   {total:6.1f} s, {options.cases:,} x {ARTICLES} scores, {peak:.2f} GB")
    few = invented_cases(options.cases // 10)
    fast, exact = timed(exact_f1, TuningCases(few.y_true, few.y_score))
    slow, grid = timed(grid_f1, TuningCases(few.y_true, few.y_score))
    print(
        f"{len(few.y_true):,} cases: exact {fast:.2f} s, mean F1 {exact.mean():.6f}; "
        f"grid of {GRID:,} {slow:.2f} s, mean F1 {grid.mean():.6f}; {slow / fast:.0f}x, "
        f"{'no' if (exact >= grid).all() else 'SOME'} article better on the grid"
    )


if __name__ == "__main__":
    main()
