import numpy as np
import pytest

from lawrec.ranking.first_stage import WINDOW_MARGINS
from lawrec.ranking.pair_features import (
    MODEL_FEATURES,
    PAIR_FEATURES,
    article_statistics,
    compute_features,
    feature_names,
    make_pairs,
)
from lawrec.ranking.token_table import token_table
from lawrec.reporting.plots import importance_plot
from lawrec.translation import messages_in, translate

# Four train cases: articles 0 and 1 together twice, article 1 alone, article 2 alone; 3 has none.
Y_TRUE = np.array([[1, 1, 0, 0], [1, 1, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0]], bool)
OUT_OF_FOLD = np.array(
    [[1, 0.5, -1, -2], [0, 0.5, -1, -2], [-1, -1, -1, -2], [-1, -1, 0.25, -2]], np.float32
)
# Token 2 is the text of article 0, token 3 that of article 1; the title of article 2 has both.
TEXT = token_table([([2], [1.0]), ([3], [1.0])], 5)
TITLE = token_table([([], []), ([], []), ([2, 3], [0.25, 0.75])], 5)
NONE = token_table([], 5)
IDF = np.array([0, 0, 1, 1, 1], np.float32)
WORDS = np.array([[0.2, 1.0, -0.4, -0.9]], np.float32)
EXTRA = np.array([[0.6, 0.8, -0.8, -1.1]], np.float32)
WINDOWS = np.array([[0.2, 0.1, 0.3, 0.4]], np.float32)
MARGINS = {"words": WORDS, "extra": EXTRA, **dict.fromkeys(WINDOW_MARGINS, WINDOWS)}


@pytest.fixture
def pairs():
    statistics = article_statistics(Y_TRUE, OUT_OF_FOLD, text=TEXT, title=TITLE)
    return make_pairs([[2, 4]], MARGINS, n_candidates=3, idf=IDF, statistics=statistics)


def test_candidates_are_the_articles_of_the_highest_mean_margins(pairs):
    assert pairs.candidates.tolist() == [[1, 0, 2]]
    np.testing.assert_allclose(pairs.mean_margin, [[0.4, 0.9, -0.6, -1.0]], rtol=1e-6)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("margin", [1.0, 0.2, -0.4]),
        ("rank", [0, 1, 2]),
        ("behind the best", [0, -0.8, -1.4]),
        ("best other", [0.2, 1.0, 1.0]),
        ("before the best other", [0.8, -0.8, -1.4]),
        ("high margins", [3, 3, 3]),
    ],
)
def test_a_feature_of_a_model_by_hand(pairs, name, expected):
    values = np.broadcast_to(MODEL_FEATURES[f"{{0}}: {name}"](pairs, WORDS), (1, 3))
    np.testing.assert_allclose(values, [expected], rtol=1e-6)


SIGMOID = 1 / (1 + np.exp(-1.8))  # of article 1, by its mean margin of 0.9
SIGMOID_OF_0 = 1 / (1 + np.exp(-0.8))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("cited with the best", [-1, 2 / 3, 0]),
        ("best cited with it", [-1, 1, 0]),
        ("co-citation", [SIGMOID_OF_0 * 1, SIGMOID * 2 / 3, 0]),
        ("log of its train cases", np.log([4, 3, 2])),
        ("mean margin of its cases", [0, 0.5, 0.25]),
        ("similarity of its text", [0, np.sqrt(0.5), 0]),
        ("rank of its text", [1, 0, 2]),
        ("share of its title", [0, 0, 0.25]),
        ("rank of its title", [2, 1, 0]),
        ("window mean", [0.1, 0.2, 0.3]),
    ],
)
def test_a_feature_of_a_pair_by_hand(pairs, name, expected):
    values = np.broadcast_to(PAIR_FEATURES[name](pairs), (1, 3))
    np.testing.assert_allclose(values, [expected], rtol=1e-6)


def test_features_have_their_order_from_the_models_and_the_tables(pairs):
    features = compute_features(pairs)
    names = feature_names(["words", "extra"])
    assert features.shape == (1, 3, len(names))
    assert (names[0], names[len(MODEL_FEATURES)]) == ("words: margin", "extra: margin")
    np.testing.assert_allclose(features[0, :, names.index("extra: margin")], [0.8, 0.6, -0.8])


def test_an_article_without_a_train_case_has_finite_statistics():
    statistics = article_statistics(Y_TRUE, OUT_OF_FOLD, text=TEXT, title=TITLE)
    assert (statistics.n_cases[3], statistics.true_margin[3]) == (0, -1)


def test_a_corpus_of_one_article_has_one_candidate():
    statistics = article_statistics(Y_TRUE[:, :1], OUT_OF_FOLD[:, :1], text=NONE, title=NONE)
    pairs = make_pairs(
        [[2], [3]],
        dict.fromkeys(("words", *WINDOW_MARGINS), WORDS[:, :1].repeat(2, 0)),
        n_candidates=10,
        idf=IDF,
        statistics=statistics,
    )
    assert compute_features(pairs).shape[:2] == (2, 1)
    assert np.isfinite(compute_features(pairs)).all()


def test_equal_margins_are_ordered_by_column():
    statistics = article_statistics(Y_TRUE, OUT_OF_FOLD, text=TEXT, title=TITLE)
    equal = dict.fromkeys(("words", *WINDOW_MARGINS), np.zeros((1, 4), np.float32))
    pairs = make_pairs([[2]], equal, n_candidates=2, idf=IDF, statistics=statistics)
    assert pairs.candidates.tolist() == [[0, 1]]


def test_features_are_named_in_chinese_where_people_read_them():
    names = feature_names(["words", "lstm"])
    with messages_in("zh"):
        shown = [translate(name) for name in names]
        plot = importance_plot({"words: margin": 0.7}, xlabel="")
    assert shown[:2] == ["words：间隔", "words：名次"]
    assert not set(shown) & set(names)
    assert "words：间隔" in plot
