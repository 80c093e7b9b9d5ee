import json
import random

import keras
import numpy as np
import pytest

from lawrec.config import ModelConfig
from lawrec.corpus.input_pipeline import LENGTH_STEP
from lawrec.inference import score_cases
from lawrec.models import scorer as scoring
from lawrec.models.lstm_classifier import build_model
from lawrec.runs.run import find_run

pytestmark = pytest.mark.tensorflow


@pytest.fixture(scope="module")
def scorer():
    keras.utils.set_random_seed(5)
    return scoring.make_scorer(
        build_model(ModelConfig(embedding_size=32, lstm_units=24), 50, n_articles=7)
    )


@pytest.fixture(scope="module")
def cases():
    numbers = random.Random(2)
    return [
        [numbers.randrange(1, 50) for _ in range(numbers.randrange(1, 3 * LENGTH_STEP))]
        for _ in range(90)
    ]


def test_the_same_case_scores_the_same_bits_whatever_it_is_scored_with(scorer, cases):
    together = scorer(cases)
    alone = np.concatenate([scorer([case]) for case in cases])
    np.testing.assert_array_equal(together, alone)


def test_the_order_of_the_cases_only_orders_the_scores(scorer, cases):
    order = np.random.default_rng(1).permutation(len(cases))
    shuffled = scorer([cases[place] for place in order])
    np.testing.assert_array_equal(shuffled, scorer(cases)[order])


def test_scores_are_float32_between_0_and_1(scorer, cases):
    y_score = scorer(cases)
    assert y_score.dtype == np.float32
    assert y_score.shape == (len(cases), 7)
    assert (y_score >= 0).all()
    assert (y_score <= 1).all()


def test_no_case_gives_no_row(scorer):
    assert scorer([]).shape == (0, 7)


def test_scored_cases_carry_what_is_known_from_the_store_too(trained, tmp_path):
    run = find_run(trained.checkpoints, None)
    path = tmp_path / "cases.json"
    cases = [
        {"fact": "盗窃钱包", "articles": ["264"], "unknown_articles": ["266", "300"]},
        {"fact": "骗取信任", "articles": ["999"], "unknown_articles": ["264"]},
        {"fact": "醉酒驾驶", "articles": ["133之一"], "unknown_articles": ["999"]},
    ]
    path.write_text("\n".join(map(json.dumps, cases)), encoding="utf-8")
    for _ in range(2):
        scored = score_cases.score_file(run, path)
        assert scored.articles == ("133之一", "264", "266", "999")
        masked = [
            [scored.articles[column] for column in np.flatnonzero(~row)] for row in scored.known
        ]
        assert masked == [["266"], ["264"], ["999"]]
