import random
from concurrent.futures import ThreadPoolExecutor

import keras
import numpy as np
import pytest

from lawrec.config import ModelConfig
from lawrec.corpus.vocabulary import LENGTH_STEP
from lawrec.decision.decision_rule import DecisionRule, decide
from lawrec.models.lstm_classifier import build_model
from lawrec.models.lstm_logits import SCORE_TOLERANCE, make_logit_function
from lawrec.ranking.length_batches import BATCH_ROWS
from lawrec.ranking.run_scorer import RunScorer

pytestmark = pytest.mark.tensorflow


@pytest.fixture(scope="module")
def model():
    keras.utils.set_random_seed(5)
    return build_model(ModelConfig(embedding_size=32, lstm_units=24), 50, n_articles=7)


@pytest.fixture(scope="module")
def scorer(model):
    return RunScorer(make_logit_function(model), None, 1_000)


@pytest.fixture(scope="module")
def cases():
    numbers = random.Random(2)
    return [
        [numbers.randrange(1, 50) for _ in range(numbers.randrange(1, 3 * LENGTH_STEP))]
        for _ in range(90)
    ]


def assert_same_answers(y_score, expected):
    """Assert that scores agree to the promised tolerance, and lists of articles exactly."""
    np.testing.assert_allclose(y_score, expected, rtol=0, atol=SCORE_TOLERANCE)
    thresholds = np.full(expected.shape[1], 0.5, np.float32)
    rule = DecisionRule(thresholds, min_articles=1, max_articles=3)
    np.testing.assert_array_equal(decide(y_score, rule), decide(expected, rule))


def test_a_case_has_the_same_answer_alone_and_with_others(scorer, cases):
    alone = np.concatenate([scorer([case]) for case in cases])
    assert_same_answers(scorer(cases), alone)


def test_the_order_of_the_cases_only_orders_the_answers(scorer, cases):
    order = np.random.default_rng(1).permutation(len(cases))
    assert_same_answers(scorer([cases[row] for row in order]), scorer(cases)[order])


def test_a_case_has_the_same_answer_in_every_row_of_a_batch(scorer, cases):
    case, others = cases[0], [case for case in cases if len(case) <= LENGTH_STEP]
    for row in range(BATCH_ROWS):
        batch = [*others[:row], case, *others[row : BATCH_ROWS - 1]]
        assert_same_answers(scorer(batch)[row : row + 1], scorer([case]))


def test_padding_does_not_change_an_answer(model, scorer, cases):
    case = cases[0]
    padded = np.array([case + [0] * (100 - len(case))], np.int32)
    unbatched = keras.ops.sigmoid(model(padded, training=False)["articles"]).numpy()
    assert_same_answers(scorer([case]), unbatched)


def test_threads_share_a_scorer(scorer, cases):
    with ThreadPoolExecutor(8) as threads:
        results = list(threads.map(lambda case: scorer([case])[0], cases))
    assert_same_answers(np.array(results), scorer(cases))


def test_scores_are_float32_between_0_and_1(scorer, cases):
    y_score = scorer(cases)
    assert y_score.dtype == np.float32
    assert y_score.shape == (len(cases), 7)
    assert (y_score >= 0).all()
    assert (y_score <= 1).all()


def test_no_case_gives_no_row(scorer):
    assert scorer([]).shape == (0, 7)
