from dataclasses import replace

import numpy as np
import pytest

from lawrec.config import RankingConfig
from lawrec.errors import ConfigError
from lawrec.ranking.first_stage import LOGIT_SCALE, FirstStage, sigmoid
from lawrec.ranking.ranker import fit_ranker
from lawrec.ranking.second_stage import OTHERS_SCORE
from lawrec.ranking.train_cases import RankerCases
from tests.helpers.ranking import TEXTS, invented, train_cases

CONFIG = RankingConfig(
    trees=40, tree_min_rows=5, candidates=2, lstm_feature=False, character_ngrams=0
)
TRAIN = invented(300)
NEW = [case for case, _ in invented(60, seed=2)]


def fitted(train=TRAIN, statute=(), extra=(), config=CONFIG):
    parts = (train_cases(cases, 3) for cases in (train, statute, extra))
    return fit_ranker(RankerCases(*parts, titles=[], tokens=TEXTS), config=config, seed=1)[0]


@pytest.fixture(scope="module")
def ranker():
    return fitted()


def test_scores_do_not_depend_on_other_cases(ranker):
    together = ranker.scores(NEW)
    alone = np.concatenate([ranker.scores([case]) for case in NEW])
    np.testing.assert_array_equal(together, alone)


@pytest.mark.parametrize("most", [2, 6, 100])
def test_so_many_scores_are_computed_at_once_as_memory_allows(ranker, most, monkeypatch):
    logits = np.linspace(-9, 9, 3 * len(NEW), dtype=np.float32).reshape(-1, 3)
    expected, compute, sizes = ranker.scores(NEW, logits), FirstStage.margins, []

    def margins(first_stage, cases):
        sizes.append(len(cases))
        return compute(first_stage, cases)

    monkeypatch.setattr(FirstStage, "margins", margins)
    monkeypatch.setattr("lawrec.ranking.ranker._CHUNK_SCORES", most)
    np.testing.assert_array_equal(ranker.scores(NEW, logits), expected)
    assert max(sizes) == max(1, most // 3)
    assert sum(sizes) == len(NEW)


@pytest.mark.parametrize("extra", [(), TRAIN[:9]])
def test_characters_are_a_model_that_comes_last(extra):
    # Tokens and characters are the same here: what is told apart is the order that bigrams know.
    ranker = fitted(extra=extra, config=replace(CONFIG, character_ngrams=2))
    names = ["words", *["extra"] * bool(extra), "characters"]
    assert list(ranker.first_stage.svms) == names
    assert ranker.feature_names[6 * (len(names) - 1)] == "characters: margin"
    margins = ranker.first_stage.margins(NEW)
    words = ranker.first_stage.svms[names[-2]].window_margins(NEW[0])
    np.testing.assert_array_equal(margins["window maximum"][0], words.max(axis=0))
    assert (margins["characters"] != margins["words"]).any()
    assert ranker.scores(NEW).shape == (len(NEW), 3)


def test_other_articles_come_after_the_candidates(ranker):
    scores = ranker.scores(NEW)
    assert ((scores < OTHERS_SCORE).sum(axis=1) == 1).all()
    assert ((scores >= 0) & (scores <= 1)).all()


def test_contributions_add_up_to_the_scores(ranker):
    contributions = ranker.contributions(NEW)
    trees = ranker.second_stage.trees
    logits = trees.baseline + trees.value[:, 0].sum() + contributions.moves.sum(axis=2)
    scores = np.take_along_axis(ranker.scores(NEW), contributions.candidates, axis=1)
    expected = OTHERS_SCORE + (1 - OTHERS_SCORE) * sigmoid(logits)
    np.testing.assert_allclose(scores, expected, rtol=1e-5)
    for row, labels in enumerate(contributions.candidates):
        for label in range(3):
            strongest = contributions.strongest(row, label, limit=2)
            assert len(strongest) == 2 * (label in labels)


def test_without_a_second_stage_nobody_knows_contributions():
    assert fitted(config=replace(CONFIG, second_stage=False)).contributions(NEW) is None


def test_the_lstm_has_its_share(ranker):
    logits = np.random.default_rng(1).normal(size=(len(NEW), 3)).astype(np.float32)
    half, whole, none = (
        replace(ranker, config=replace(CONFIG, lstm_share=share)).scores(NEW, logits)
        for share in (0.5, 1.0, 0.0)
    )
    np.testing.assert_allclose(none, ranker.scores(NEW), rtol=1e-6)
    margins = ranker.first_stage.margins(NEW)["words"]
    candidates = np.argsort(-margins, axis=1, kind="stable")[:, :2]
    np.testing.assert_allclose(
        np.take_along_axis(whole, candidates, 1),
        OTHERS_SCORE + (1 - OTHERS_SCORE) * sigmoid(np.take_along_axis(logits, candidates, 1)),
        rtol=1e-5,
    )
    assert (np.abs(half - none) > 1e-4).any()


def test_without_a_second_stage_logits_are_mixed():
    ranker = fitted(config=replace(CONFIG, second_stage=False, lstm_share=0.25))
    logits = np.ones((len(NEW), 3), np.float32)
    svm_logits = LOGIT_SCALE * ranker.first_stage.margins(NEW)["words"]
    expected = sigmoid(0.75 * svm_logits + 0.25)
    np.testing.assert_allclose(ranker.scores(NEW, logits), expected, rtol=1e-6)


def test_the_statute_teaches_an_article_without_a_case(ranker):
    statute = [([24, 24, 23], [2])]
    train = [(tokens, labels) for tokens, labels in TRAIN if 2 not in labels]
    for first_stage, is_known in ((fitted(train), False), (fitted(train, statute), True)):
        margins = first_stage.first_stage.margins([[24, 23], [2, 2]])["words"][:, 2]
        assert (margins[0] > margins[1]) == is_known


def test_extra_cases_are_a_model_of_their_own(ranker):
    extra = [([3, 20], [], [0, 1]), ([20, 20], [2])] * 5
    svms = fitted(extra=extra).first_stage.svms
    assert list(svms) == ["words", "extra"]
    np.testing.assert_array_equal(svms["words"].kernel, ranker.first_stage.svms["words"].kernel)
    assert svms["extra"].kernel[20, 2] > svms["words"].kernel[20, 2]


@pytest.mark.parametrize("label_ids", [[], [0, 1, 2]])
def test_pairs_that_all_have_the_same_answer_are_no_error(label_ids):
    ranker = fitted([([token, 4], label_ids) for token in range(2, 14)])
    assert ((ranker.scores(NEW) > 0.5) == bool(label_ids)).sum() == 2 * len(NEW) * bool(
        label_ids
    ) or not label_ids


def test_fitting_is_the_same_every_time(ranker):
    np.testing.assert_array_equal(fitted().scores(NEW), ranker.scores(NEW))


@pytest.mark.parametrize("n_cases", [1, 4])
def test_cases_that_leave_none_to_learn_from_are_refused(n_cases):
    with pytest.raises(ConfigError, match="other train cases must be left") as caught:
        fitted([([3, 4, 5, 6, 7, 8], [1])] * n_cases)
    assert caught.value.got == f"{n_cases} train cases, too few or near-duplicates of one another"


def test_margins_that_are_known_in_no_fold_are_refused():
    ranker_cases = RankerCases(
        *(train_cases(cases, 3) for cases in (TRAIN, [], [])), titles=[], tokens=TEXTS
    )
    with pytest.raises(ConfigError, match="other train cases must be left"):
        fit_ranker(
            ranker_cases,
            config=CONFIG,
            seed=1,
            lstm_logits=lambda folds: np.full((len(folds.train), 3), np.nan, np.float32),
        )
