from dataclasses import replace

import numpy as np
import pytest

from lawrec.config import RankingConfig
from lawrec.ranking import second_stage
from lawrec.ranking.ranker import fit_ranker
from lawrec.ranking.second_stage import candidate_scores
from lawrec.ranking.train_cases import RankerCases
from lawrec.ranking.trees import fit_trees
from tests.helpers.ranking import TEXTS, invented, train_cases

CONFIG = RankingConfig(
    folds=3, trees=20, tree_min_rows=5, candidates=2, lstm_share=0, lstm_feature=False
)
RANKER_CASES = RankerCases(*(train_cases(cases, 3) for cases in (invented(90), [], [])), [], TEXTS)


def test_out_of_fold_scores_are_those_of_trees_that_have_not_seen_the_case(monkeypatch):
    fitted = []

    def remember(features, y_true, **options):
        fitted.append((features, fit_trees(features, y_true, **options)))
        return fitted[-1][1]

    monkeypatch.setattr(second_stage, "fit_trees", remember)
    _, scores = fit_ranker(RANKER_CASES, config=CONFIG, seed=1)
    (everything, _), *of_folds = fitted
    assert len(of_folds) == CONFIG.folds
    start, expected = 0, []
    for others, trees in of_folds:
        part = everything[start : start + len(everything) - len(others)]
        rest = np.concatenate([everything[:start], everything[start + len(part) :]])
        np.testing.assert_array_equal(others, rest)
        expected.append(candidate_scores(trees.logits(part)))
        start += len(part)
    assert start == len(everything)
    got = np.sort(scores.y_score, axis=1)[:, -CONFIG.candidates :]
    rows = np.concatenate(expected).reshape(-1, CONFIG.candidates)
    np.testing.assert_array_equal(got, np.sort(rows, axis=1))
    assert scores.known.all()
    np.testing.assert_array_equal(scores.y_true.sum(axis=0), RANKER_CASES.train.y_true.sum(axis=0))


def test_out_of_fold_scores_are_not_as_good_as_those_of_cases_that_were_learned():
    cases = train_cases([(tokens[2:], labels) for tokens, labels in invented(200)], 3)
    ranker, scores = fit_ranker(replace(RANKER_CASES, train=cases), config=CONFIG, seed=1)
    own = ranker.scores(cases.token_ids)
    assert _error(scores.y_true, scores.y_score) > _error(cases.y_true, own)


def _error(y_true, y_score):
    return float(((y_true - y_score) ** 2).mean())


@pytest.mark.parametrize(
    ("changes", "known"),
    [
        ({}, True),
        ({"second_stage": False}, False),
        ({"lstm_share": 0.5}, False),
    ],
)
def test_scores_that_depend_on_more_are_not_known_out_of_fold(changes, known):
    config = replace(CONFIG, **changes)
    _, scores = fit_ranker(RANKER_CASES, config=config, seed=1)
    assert (scores is not None) == config.scores_out_of_fold == known


def test_a_fold_that_is_alone_has_no_known_scores():
    def only_first(folds):
        logits = np.where(RANKER_CASES.train.y_true, 4, -4).astype(np.float32)
        logits[folds.train != 0] = np.nan
        return logits

    config = replace(CONFIG, lstm_feature=True)
    _, scores = fit_ranker(RANKER_CASES, config=config, seed=1, lstm_logits=only_first)
    assert 0 < len(scores.known) < len(RANKER_CASES.train)
    assert not scores.known.any()


def test_candidates_score_more_than_all_others():
    scores = candidate_scores(np.array([-np.inf, 0, np.inf]))
    np.testing.assert_allclose(scores, [1e-3, 0.5005, 1], rtol=1e-6)
