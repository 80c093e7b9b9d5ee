import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier
from threadpoolctl import threadpool_limits

from lawrec.config import RankingConfig
from lawrec.ranking.trees import constant_trees, fit_trees

CONFIG = RankingConfig(trees=30, tree_min_rows=5)
NUMBERS = np.random.default_rng(3)
FEATURES = NUMBERS.normal(size=(400, 5)).astype(np.float32)
Y_TRUE = FEATURES[:, 0] + FEATURES[:, 1] ** 2 + NUMBERS.normal(size=400) / 4 > 1
WEIGHTS = NUMBERS.uniform(0.5, 2, 400).astype(np.float32)


@pytest.fixture(scope="module")
def trees():
    return fit_trees(FEATURES, Y_TRUE, weights=WEIGHTS, config=CONFIG, seed=1)


def test_logits_are_those_of_scikit_learn(trees):
    reference = HistGradientBoostingClassifier(
        max_iter=30,
        max_leaf_nodes=CONFIG.tree_leaves,
        learning_rate=CONFIG.tree_learning_rate,
        min_samples_leaf=5,
        l2_regularization=CONFIG.tree_l2,
        max_features=CONFIG.tree_feature_share,
        early_stopping=False,
        random_state=1,
    )
    with threadpool_limits(1, "openmp"):
        reference.fit(FEATURES, Y_TRUE, WEIGHTS)
    new = np.random.default_rng(4).normal(size=(300, 5)).astype(np.float32)
    np.testing.assert_allclose(trees.logits(new), reference.decision_function(new), rtol=1e-9)


def test_a_row_has_the_same_logit_alone_and_among_others(trees):
    together = trees.logits(FEATURES)
    alone = [trees.logits(row[None])[0] for row in FEATURES]
    np.testing.assert_array_equal(together, alone)


def test_contributions_add_up_to_the_logit(trees):
    start = trees.baseline + trees.value[:, 0].sum()
    total = start + trees.contributions(FEATURES).sum(axis=1)
    np.testing.assert_allclose(total, trees.logits(FEATURES), rtol=1e-9)


def test_only_features_that_matter_gain_and_contribute(trees):
    assert trees.gain[:2].sum() > 10 * trees.gain[2:].sum()
    moved = np.abs(trees.contributions(FEATURES)).mean(axis=0)
    assert moved[:2].min() > 3 * moved[2:].max()


def test_a_stump_by_hand():
    features = np.array([[0], [0], [1], [1]] * 10, np.float32)
    config = RankingConfig(trees=1, tree_min_rows=1, tree_l2=0.0, tree_learning_rate=1.0)
    weights = np.ones(40, np.float32)
    trees = fit_trees(features, features[:, 0] > 0, weights=weights, config=config, seed=1)
    # The baseline is log(20 / 20); a Newton step from p = 0.5 moves by (1 - p) / (p (1 - p)) = 2.
    np.testing.assert_allclose(trees.logits(features[:3]), [-2, -2, 2])
    np.testing.assert_allclose(trees.contributions(features[:3]), [[-2], [-2], [2]])


def test_the_value_of_a_node_is_the_mean_of_the_leaves_below_it():
    config = RankingConfig(trees=1, tree_min_rows=5, tree_l2=0.0, tree_learning_rate=0.3)
    weights = np.ones(400, np.float32)
    arrays = fit_trees(FEATURES, Y_TRUE, weights=weights, config=config, seed=1)[1:6]
    feature, threshold, left, right, value = (array[0] for array in arrays)

    def leaves(node, rows):
        """The value of the leaf of each row; of the first tree, all rows have the same weight."""
        if left[node] == node:
            return np.full(len(rows), value[node])
        goes_left = FEATURES[rows, feature[node]] <= threshold[node]
        below = np.concatenate(
            [leaves(left[node], rows[goes_left]), leaves(right[node], rows[~goes_left])]
        )
        assert value[node] == pytest.approx(below.mean(), abs=1e-6)
        return below

    assert len(leaves(0, np.arange(400))) == 400


def test_constant_trees_know_no_feature():
    trees = constant_trees(8.0, 2)
    assert trees.logits(FEATURES[:3, :2]).tolist() == [8, 8, 8]
    assert not trees.contributions(FEATURES[:3, :2]).any()
