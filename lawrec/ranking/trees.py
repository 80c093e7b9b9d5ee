"""Boosted trees in NumPy: fitted by scikit-learn, stored as plain arrays, explained by feature.

scikit-learn's HistGradientBoostingClassifier fits the trees. Its objects cannot be stored without
pickle and need scikit-learn to predict. The trees themselves are a few arrays.
"""

from collections.abc import Iterator
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from lawrec.config import RankingConfig
from lawrec.evaluation.confusion_counts import chunk_rows
from lawrec.types import BoolArray, Float32Array, Float64Array, NumberArray

_CHUNK_ROWS = 128
"""Rows that go through all trees at once: their nodes fit into the cache of a processor."""


class BoostedTrees(NamedTuple):
    """Trees whose values add up to the logit; all have room for the nodes of the largest one.

    A leaf is its own left and right child.

    Attributes:
        baseline: The logit before the first tree, float64 ().
        feature: The feature that a node compares, int32 (n_trees, n_nodes).
        threshold: A smaller or equal value goes left, float64 (n_trees, n_nodes).
        left: The left child, int32 (n_trees, n_nodes).
        right: The right child, int32 (n_trees, n_nodes).
        value: The mean of the leaves below a node, or the value of a leaf, float64
            (n_trees, n_nodes).
        gain: What the splits by each feature have gained in all, float64 (n_features,).
    """

    baseline: Float64Array
    feature: NumberArray
    threshold: Float64Array
    left: NumberArray
    right: NumberArray
    value: Float64Array
    gain: Float64Array

    def logits(self, features: Float32Array) -> Float64Array:
        """Return the logit of each row, float64 (n_rows,).

        Args:
            features: float32 (n_rows, n_features).
        """
        total = np.full(len(features), self.baseline, np.float64)
        values = self.value.ravel()
        for rows in chunk_rows(len(features), _CHUNK_ROWS):
            *_, leaves = self._steps(features[rows])
            # Tree by tree, in order: a row gets the same sum alone and among many.
            for tree_values in values[leaves]:
                total[rows] += tree_values
        return total

    def contributions(self, features: Float32Array) -> Float64Array:
        """Return how much each feature moved the logit of each row from the mean of all rows.

        On the way from the root to a leaf, each split moves the value of the node; the move is that
        of the feature that was compared (Saabas, 2014).

        Args:
            features: float32 (n_rows, n_features).

        Returns:
            float64 (n_rows, n_features).
        """
        moved = np.zeros(features.shape, np.float64)
        rows = np.arange(len(features))
        feature, value = self.feature.ravel(), self.value.ravel()
        for before, after in pairwise(self._steps(features)):
            for start, end in zip(before, after, strict=True):  # of one tree
                moved[rows, feature[start]] += value[end] - value[start]
        return moved

    def _steps(self, features: Float32Array) -> Iterator[NumberArray]:
        """Yield the nodes of the rows, int64 (n_trees, n_rows), until all of them are leaves.

        A node is its position in the flat arrays: `take` on these is several times faster than
        two-dimensional indices.
        """
        n_trees, n_nodes = self.feature.shape
        n_rows, n_features = features.shape
        roots = n_nodes * np.arange(n_trees)[:, None]
        children = (np.stack([self.right, self.left], axis=-1) + roots[..., None]).ravel()
        feature, threshold = self.feature.ravel(), self.threshold.ravel()
        values, row_starts = features.astype(np.float64).ravel(), n_features * np.arange(n_rows)
        node = np.repeat(roots, n_rows, axis=1)
        while True:
            yield node
            goes_left = values.take(row_starts + feature.take(node)) <= threshold.take(node)
            child = children.take(2 * node + goes_left)
            if np.array_equal(child, node):
                return
            node = child


def fit_trees(
    features: Float32Array,
    y_true: BoolArray,
    *,
    weights: Float32Array,
    config: RankingConfig,
    seed: int,
) -> BoostedTrees:
    """Fit boosted trees to a yes-or-no question.

    Args:
        features: float32 (n_rows, n_features), all finite.
        y_true: bool (n_rows,).
        weights: How often each row counts, float32 (n_rows,).
        config: The settings of [ranking].
        seed: The seed of the random numbers, which choose the features of a split.

    Example:
        >>> features = np.arange(100, dtype=np.float32)[:, None]
        >>> trees = fit_trees(
        ...     features,
        ...     features[:, 0] > 49,
        ...     weights=np.ones(100, np.float32),
        ...     config=RankingConfig(tree_min_rows=10),
        ...     seed=1,
        ... )
        >>> (trees.logits(np.array([[10], [90]], np.float32)) > 0).tolist()
        [False, True]
    """
    from sklearn.ensemble import HistGradientBoostingClassifier
    from threadpoolctl import threadpool_limits

    boosting = HistGradientBoostingClassifier(
        max_iter=config.trees,
        max_leaf_nodes=config.tree_leaves,
        learning_rate=config.tree_learning_rate,
        min_samples_leaf=config.tree_min_rows,
        l2_regularization=config.tree_l2,
        max_features=config.tree_feature_share,
        early_stopping=False,
        random_state=seed,
    )
    # A fit takes seconds. Several threads wait for each other by spinning: where other processes
    # use the cores, that took a hundred times as long.
    with threadpool_limits(1, "openmp"):
        boosting.fit(features, y_true, weights)
    # scikit-learn has no public access to the nodes; a test compares our logits with its own.
    trees = [iteration[0].nodes for iteration in boosting._predictors]
    return _as_arrays(
        trees,
        float(boosting._baseline_prediction.item()),
        n_features=features.shape[1],
        learning_rate=config.tree_learning_rate,
    )


def constant_trees(logit: float, n_features: int) -> BoostedTrees:
    """Return trees that give every row the same logit: where all rows have the same answer.

    Example:
        >>> constant_trees(-8.0, 3).logits(np.zeros((2, 3), np.float32)).tolist()
        [-8.0, -8.0]
    """
    none = np.zeros((0, 1))
    ids = none.astype(np.int32)
    return BoostedTrees(
        np.asarray(logit), ids, none, ids, ids, value=none, gain=np.zeros(n_features)
    )


def _as_arrays(
    trees: list[Any], baseline: float, *, n_features: int, learning_rate: float
) -> BoostedTrees:
    """Return trees as arrays, padded to the size of the largest one with leaves of value 0."""
    shape = len(trees), max(map(len, trees))
    own = np.broadcast_to(np.arange(shape[1], dtype=np.int32), shape)
    left, right = own.copy(), own.copy()
    feature, threshold, value = np.zeros(shape, np.int32), np.zeros(shape), np.zeros(shape)
    gain = np.zeros(n_features)
    for tree, nodes in enumerate(trees):
        n, inner = len(nodes), ~nodes["is_leaf"].astype(bool)
        left[tree, :n] = np.where(inner, nodes["left"], own[tree, :n])
        right[tree, :n] = np.where(inner, nodes["right"], own[tree, :n])
        feature[tree, :n] = np.where(inner, nodes["feature_idx"], 0)
        threshold[tree, :n] = np.where(inner, nodes["num_threshold"], 0)
        # scikit-learn multiplies the values of leaves alone by the learning rate.
        value[tree, :n] = nodes["value"] * np.where(inner, learning_rate, 1)
        np.add.at(gain, nodes["feature_idx"][inner], nodes["gain"][inner])
    return BoostedTrees(np.asarray(baseline), feature, threshold, left, right, value, gain)
