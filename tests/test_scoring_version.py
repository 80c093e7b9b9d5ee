"""The scores of a tiny model with fixed weights, of which no part is fitted.

Where a test here fails, older runs would score otherwise with this code: raise `SCORING_VERSION`,
and pin what comes out now.
"""

import math

import numpy as np
import pytest

from lawrec.config import CorpusConfig, RankingConfig
from lawrec.corpus.tokenization.tokenizers import TokenizerRecipe, load_tokenizer, make_tokenizer
from lawrec.corpus.vocabulary import PAD, UNK, Encoder, Vocabulary
from lawrec.decision.calibration import Calibration, calibrate
from lawrec.ranking.character_ngrams import COLUMNS, CharacterNgrams
from lawrec.ranking.first_stage import CHARACTERS, EXTRA, WORDS, FirstStage, with_lstm
from lawrec.ranking.linear_svm import LinearSvms
from lawrec.ranking.pair_features import ArticleStatistics, compute_features, make_pairs
from lawrec.ranking.ranker import Ranker
from lawrec.ranking.run_scorer import RunScorer
from lawrec.ranking.second_stage import SecondStage
from lawrec.ranking.token_table import token_table
from lawrec.ranking.trees import BoostedTrees
from lawrec.scoring_version import SCORING_VERSION

N_ARTICLES = 5
ENTITIES = ("date", "time", "money", "weight", "name")
FACT = (
    "２０１６年 5月8日17时许，被告人张\u200b某某持刀抢劫，"
    "劫得1,200元、元旦礼品和海洛因12.5克。张某某被当场抓获！"
)
LONG_FACT = "".join(f"第{n}次,盗窃手机{n}部,后被抓获。" for n in range(20))
ENTITIES_KNOWN = ("<money4>", "<name>")
WORDS_KNOWN = ("被告人", "持刀", "抢劫", "当场", "抓获", "盗窃", "手机", "元", "5")
VOCABULARY = Vocabulary((PAD, UNK, *ENTITIES_KNOWN, *WORDS_KNOWN))
PINNED_TOKENS = (
    "<date>|<time>|,|被告人|<name>|持刀抢劫|,|劫得|<money4>|、|元旦"
    "|礼品|海洛因|<weight2>|。|<name>|被|当场|抓获|!"
)
PINNED_IDS = [1, 1, 1, 4, 3, 5, 6, 1, 1, 2, 1, 1, 1, 1, 1, 1, 3, 1, 7, 8, 1]
PINNED_FEATURES = {
    "words: margin": -3.156,
    "words: rank": 10.014,
    "words: behind the best": -4.857,
    "words: best other": 0.52,
    "words: before the best other": -3.677,
    "words: high margins": 18.179,
    "extra: margin": -2.804,
    "extra: rank": 11.104,
    "extra: behind the best": -10.597,
    "extra: best other": 4.435,
    "extra: before the best other": -7.239,
    "extra: high margins": 18.179,
    "characters: margin": -2.127,
    "characters: rank": 12.029,
    "characters: behind the best": -4.261,
    "characters: best other": 0.938,
    "characters: before the best other": -3.064,
    "characters: high margins": 20.042,
    "lstm: margin": -0.275,
    "lstm: rank": 14.086,
    "lstm: behind the best": -8.306,
    "lstm: best other": 6.471,
    "lstm: before the best other": -6.746,
    "lstm: high margins": 31.948,
    "cited with the best": -1.236,
    "best cited with it": -1.442,
    "co-citation": 1.676,
    "log of its train cases": 38.516,
    "mean margin of its cases": 2.724,
    "similarity of its text": 2.667,
    "rank of its text": 10.014,
    "share of its title": 8.445,
    "rank of its title": 16.95,
    "window maximum": -2.742,
    "window mean": -2.821,
    "greatest lead in a window": -7.203,
}
PINNED_SCORES = [
    (
        {},
        [
            [0.24783, 2e-05, 0.80553, 2e-05, 0.21688],
            [0.73357, 0.44014, 0.21208, 1e-05, 3e-05],
            [0.23428, 0.14202, 0.31439, 8e-05, 3e-05],
        ],
    ),
    (
        {"lstm_feature": False},
        [
            [3e-05, 2e-05, 0.53343, 0.08868, 0.40319],
            [0.69006, 0.20067, 0.07067, 1e-05, 3e-05],
            [0.03655, 0.45627, 0.3993, 8e-05, 3e-05],
        ],
    ),
    (
        {"second_stage": False},
        [
            [0.02566, 0.01809, 0.17815, 0.01578, 0.82726],
            [0.87892, 0.44475, 0.0818, 0.00721, 0.03384],
            [0.10317, 0.43724, 0.20665, 0.08031, 0.02844],
        ],
    ),
]


def spread(*shape, low=-1.0, high=1.0):
    """Numbers that are the same on every machine, between two bounds, in no visible order."""
    steps = np.arange(1, 1 + math.prod(shape), dtype=np.int64) * 7_919 % 1_009
    return (low + (high - low) * steps.reshape(shape) / 1_008).astype(np.float32)


@pytest.fixture(scope="module")
def encoder():
    recipe = TokenizerRecipe("jieba", "持刀抢劫", ENTITIES, "和\n后")
    return Encoder(make_tokenizer(recipe), VOCABULARY, max_tokens=120)


@pytest.fixture(scope="module")
def cases(encoder):
    return [encoder(FACT), encoder(LONG_FACT), encoder("天气"), encoder("")]


def svms(rows, phase):
    kernel = np.rint(127 * spread(rows + phase, N_ARTICLES)[phase:]).astype(np.int8)
    idf = spread(rows, low=1, high=4)
    idf[:2] = 0
    return LinearSvms(idf, kernel, spread(5, low=0.01, high=0.03), spread(5, low=-1.5, high=0))


def statistics():
    n_cases = spread(N_ARTICLES, low=30, high=90).round()
    co_cited = spread(N_ARTICLES, N_ARTICLES, low=0, high=40).round()
    text = spread(len(VOCABULARY), N_ARTICLES, low=0, high=0.5)
    tokens = np.arange(len(VOCABULARY))
    tables = (
        token_table([(tokens, column) for column in each.T], len(VOCABULARY))
        for each in (text, text[::-1])
    )
    return ArticleStatistics(n_cases, co_cited, spread(N_ARTICLES), *tables)


def trees(n_features):
    """A tree of one split for each feature."""
    shape = (n_features, 3)
    leaves = np.tile(np.array([[0.0, -1.0, 1.0]]), (n_features, 1))
    return BoostedTrees(
        baseline=np.float64(-0.5),
        feature=np.repeat(np.arange(n_features, dtype=np.int32)[:, None], 3, axis=1),
        threshold=np.round(spread(*shape, low=-2, high=3).astype(np.float64)),
        left=np.tile(np.array([[1, 1, 2]], np.int32), (n_features, 1)),
        right=np.tile(np.array([[2, 1, 2]], np.int32), (n_features, 1)),
        value=leaves * np.linspace(0.05, 0.5, n_features)[:, None],
        gain=np.ones(n_features),
    )


@pytest.fixture(scope="module")
def first_stage():
    models = {WORDS: svms(len(VOCABULARY), 0), EXTRA: svms(len(VOCABULARY), 3)}
    models[CHARACTERS] = svms(COLUMNS, 1)
    return FirstStage(models, CharacterNgrams(VOCABULARY.names, longest=3))


def logits_of(cases):
    """Logits that depend on each token that the network sees."""
    return np.array([spread(9, N_ARTICLES, low=-6, high=4)[len(case) % 9] for case in cases])


def ranker(first_stage, **settings):
    config = RankingConfig(candidates=3, **settings)
    plain = Ranker(config, first_stage, None)
    if not config.second_stage:
        return plain
    n_features = len(Ranker(config, first_stage, SecondStage(None, None)).feature_names)
    return Ranker(config, first_stage, SecondStage(trees(n_features), statistics()))


def test_the_tokens_and_their_ids_are_those_of_the_version(encoder, cases):
    assert SCORING_VERSION == 3
    assert "|".join(encoder.tokenizer.tokenize(FACT)) == PINNED_TOKENS
    assert cases[0] == PINNED_IDS
    assert cases[2:] == [[1], [1]]
    characters = load_tokenizer(CorpusConfig(tokenizer="char"))
    assert characters.tokenize("ＡＴＭ 机") == ["A", "T", "M", "机"]


def test_the_features_are_those_of_the_version(first_stage, cases):
    margins = with_lstm(first_stage.margins(cases), logits_of(cases))
    pairs = make_pairs(cases, margins, n_candidates=3, idf=first_stage.idf, statistics=statistics())
    weights = spread(len(cases), 3, low=0.5, high=1)[..., None]
    sums = (weights * compute_features(pairs)).sum(axis=(0, 1))
    names = ranker(first_stage).feature_names
    assert dict(zip(names, sums.tolist(), strict=True)) == pytest.approx(PINNED_FEATURES, abs=2e-3)


@pytest.mark.parametrize(("settings", "pinned"), PINNED_SCORES)
def test_the_scores_are_those_of_the_version(first_stage, cases, settings, pinned):
    scorer = RunScorer(logits_of, ranker(first_stage, **settings), lstm_tokens=7)
    np.testing.assert_allclose(scorer(cases)[:3], pinned, atol=2e-5)


@pytest.mark.parametrize(
    ("kind", "parameters", "pinned"),
    [
        ("none", (), [0.1, 0.5, 0.8, 0.999]),
        ("temperature", ((2.0,),), [0.25, 0.5, 0.6667, 0.9694]),
        ("isotonic", ((-2.0, 0.0, 2.0), (0.05, 0.3, 0.9)), [0.05, 0.3, 0.716, 0.9]),
    ],
)
def test_the_probabilities_are_those_of_the_version(kind, parameters, pinned):
    scores = np.array([[0.1, 0.5, 0.8, 0.999]], np.float32)
    calibration = Calibration(kind, (0, 0, 0, 0), (parameters,))
    np.testing.assert_allclose(calibrate(scores, calibration), [pinned], atol=1e-3)
