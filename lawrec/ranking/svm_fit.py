"""Fit the linear SVMs: one per label, several at the same time.

True cases of rare articles have a larger weight: with n cases of which m are true, it is
sqrt(n / m) / 3, clipped to the range from 1 to `ranking.max_positive_weight`.

liblinear, which scikit-learn fits them with, has one source of random numbers in a process: with
threads, an SVM would depend on the others. So the labels are shared by processes, and an SVM is the
same whatever their number. They map the arrays from files; each copies its features for liblinear.
"""

import os
import warnings
from collections.abc import Callable, Generator
from contextlib import closing
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple, Self

import numpy as np

from lawrec.config import RankingConfig
from lawrec.progress import SILENT, Progress
from lawrec.ranking.linear_svm import NO_CASE_MARGIN, LinearSvms
from lawrec.ranking.tf_idf import sparse_tf_idf
from lawrec.ranking.train_cases import TrainCases
from lawrec.threads import available_cores
from lawrec.types import BoolArray, Float32Array, NumberArray

_MAX_WEIGHT = 127
"""The largest weight of a label, as int8."""
_TOLERANCE, _ITERATIONS = 0.1, 200
"""Of the solver: a margin that is nearly the best is good enough."""
_MIN_PARALLEL_WORK = 100_000_000
"""Feature values times labels below which starting processes does not pay."""
_MAX_COPIED = 60_000_000
"""Limit of the feature values that all processes copy together, 16 bytes each."""
_FILES = (
    "values.npy",
    "columns.npy",
    "starts.npy",
    "shape.npy",
    "y.npy",
    "known.npy",
    "weights.npy",
)


class SvmProblem(NamedTuple):
    """What the SVMs of all labels are fitted to.

    Attributes:
        features: A scipy.sparse matrix (n_cases, n_tokens) of float64.
        y_true: bool (n_cases, n_labels).
        known: bool (n_cases, n_labels), False where it is not known whether the label applies.
        weights: How often each case counts, float32 (n_cases,).
    """

    features: Any
    y_true: BoolArray
    known: BoolArray
    weights: Float32Array

    def save(self, folder: Path) -> None:
        """Write each array into a folder."""
        features = self.features
        parts = (features.data, features.indices, features.indptr, np.array(features.shape))
        for name, array in zip(_FILES, (*parts, *self[1:]), strict=True):
            np.save(folder / name, array, allow_pickle=False)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Map what `save` wrote: processes share its memory."""
        from scipy import sparse

        values, columns, starts, shape, *others = (
            np.load(folder / name, mmap_mode="r", allow_pickle=False) for name in _FILES
        )
        return cls(sparse.csr_matrix((values, columns, starts), shape=tuple(shape)), *others)


class Svm(NamedTuple):
    """The SVM of one label, a column of `LinearSvms`; a kernel of 0 stands for zeros."""

    kernel: NumberArray | int
    scale: float
    bias: float


def fit_linear_svms(
    cases: TrainCases,
    idf: Float32Array,
    *,
    config: RankingConfig,
    seed: int,
    workers: int = 0,
    progress: Progress = SILENT,
) -> LinearSvms:
    """Fit an SVM per label, each to those cases in which its label is known.

    A label that none or all of them have gets a constant margin.

    Args:
        cases: The train cases.
        idf: The inverse document frequency of each token, as `fit_idf` returns it.
        config: The settings of [ranking].
        seed: The seed of the solver.
        workers: The number of processes; 0: one per core, or as many as OMP_NUM_THREADS says. A
            small problem needs no other process, and a large one has fewer, to limit memory.
        progress: Gets the number of labels done.

    Example:
        >>> cases = TrainCases([[2, 4], [3, 4]], np.eye(2) > 0, np.ones((2, 2)) > 0, np.ones(2))
        >>> svms = fit_linear_svms(
        ...     cases, np.ones(5, np.float32), config=RankingConfig(), seed=1
        ... )
        >>> (svms.margins([[2], [3]]) > 0).tolist()
        [[True, False], [False, True]]
    """
    features, n_labels = sparse_tf_idf(cases.token_ids, idf), cases.y_true.shape[1]
    problem = SvmProblem(features, cases.y_true, cases.known, cases.weights)
    fit = partial(fit_label, config=config, seed=seed)
    kernel, scale = np.zeros((len(idf), n_labels), np.int8), np.ones(n_labels, np.float32)
    bias = np.zeros(n_labels, np.float32)
    with closing(_fit_labels(problem, fit, workers=_n_workers(problem, workers))) as svms:
        for label, svm in enumerate(svms):
            kernel[:, label], scale[label], bias[label] = svm
            progress.update("linear SVMs", label + 1, n_labels)
    return LinearSvms(idf, kernel, scale, bias)


def _n_workers(problem: SvmProblem, workers: int) -> int:
    """Return how many processes are worth their start, and fit into memory."""
    n_values, n_labels = int(problem.features.nnz), int(problem.y_true.shape[1])
    if n_values * n_labels < _MIN_PARALLEL_WORK:
        return 1
    fitting = _MAX_COPIED // n_values
    return max(1, min(workers or _default_workers(), n_labels, fitting))


def _default_workers() -> int:
    """Return the number of cores, or the smaller one of OpenMP's threads where that is set.

    Ray sets it, so that the trials of a node share its cores.
    """
    cores, threads = available_cores(), os.environ.get("OMP_NUM_THREADS", "")
    return min(cores, int(threads)) if threads.isdecimal() else cores


def _fit_labels(
    problem: SvmProblem, fit: Callable[[SvmProblem, int], Svm], *, workers: int
) -> Generator[Svm, None, None]:
    labels = range(problem.y_true.shape[1])
    if workers == 1:
        yield from (fit(problem, label) for label in labels)
        return
    from lawrec.parallel import parallel_map  # multiprocessing is slow to import

    with TemporaryDirectory() as folder:
        problem.save(Path(folder))
        work = partial(_fit_from_files, fit, Path(folder))
        with closing(parallel_map(work, labels, workers=workers)) as done:
            for _, svm in done:
                yield svm


def _fit_from_files(fit: Callable[[SvmProblem, int], Svm], folder: Path, label: int) -> Svm:
    return fit(SvmProblem.load(folder), label)


def fit_label(problem: SvmProblem, label: int, *, config: RankingConfig, seed: int) -> Svm:
    """Return the SVM of a label.

    Args:
        problem: What it is fitted to.
        label: The label.
        config: The settings of [ranking].
        seed: The seed of the solver.

    Example:
        >>> fit_label(problem, 0, config=RankingConfig(), seed=1).bias  # doctest: +SKIP
        -0.51
    """
    known = problem.known[:, label]
    y_true = problem.y_true[known, label]
    if not y_true.any():
        return Svm(0, 1, NO_CASE_MARGIN)
    if y_true.all():
        return Svm(0, 1, -NO_CASE_MARGIN)
    # Most labels are known in all cases: no copy of the features is needed for them.
    features = problem.features if known.all() else problem.features[known]
    weights = problem.weights[known] * _case_weights(y_true, config)
    svm = _fit_svc(features, y_true, weights=weights, c=config.svm_c, seed=seed)
    scale = float(np.float32(np.abs(svm.coef_).max() / _MAX_WEIGHT or 1))
    return Svm(np.rint(svm.coef_[0] / scale).astype(np.int8), scale, svm.intercept_[0])


def _case_weights(y_true: BoolArray, config: RankingConfig) -> Float32Array:
    weight = np.clip(np.sqrt(len(y_true) / y_true.sum()) / 3, 1, config.max_positive_weight)
    return np.where(y_true, weight, 1).astype(np.float32)


def _fit_svc(
    features: Any, y_true: BoolArray, *, weights: Float32Array, c: float, seed: int
) -> Any:
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.svm import LinearSVC

    svm = LinearSVC(C=c, random_state=seed, tol=_TOLERANCE, max_iter=_ITERATIONS)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return svm.fit(features, y_true, weights)
