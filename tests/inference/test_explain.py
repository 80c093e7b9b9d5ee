"""Explanations by scorers whose right explanation is known."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from lawrec.config import CorpusConfig
from lawrec.corpus.bad_lines import usable_cases
from lawrec.corpus.cases import read_cases
from lawrec.corpus.tokenization.tokenizers import load_tokenizer
from lawrec.corpus.vocabulary import PAD, UNK, UNK_ID, Encoder, Vocabulary
from lawrec.decision.recommend import Decision, Recommendation
from lawrec.inference import explain
from lawrec.inference.explain import explain_decision
from lawrec.inference.fact_parts import clauses, locate
from lawrec.inference.recommender import Recommender
from lawrec.storage.resources import SHIPPED_MODEL, shipped_path
from tests.benchmarks.bench_explain import deletion_drops

TOKENS = Vocabulary((PAD, UNK, *"盗窃骗刀人，。"))
ENCODER = Encoder(load_tokenizer(CorpusConfig(tokenizer="char")), TOKENS, 4_096)
ARTICLES = ("264", "266", "234")
TITLES = {"264": "盗窃罪", "266": "诈骗罪"}
WEIGHTS = {"盗": (2, -1, 0), "窃": (1, 0, 0), "骗": (0, 1.5, 0), "刀": (0, 0, 0.5)}
"""What each occurrence of a character adds to the logit of each article."""
FACT = "某人 盗盗，某人窃。\n人骗，盗。人刀"


def linear_scores(cases):
    kernel = np.zeros((len(TOKENS), len(ARTICLES)))
    for character, weights in WEIGHTS.items():
        kernel[TOKENS.ids[character]] = weights
    logits = np.array([kernel[np.asarray(case)].sum(axis=0) for case in cases]) - 3
    return (1 / (1 + np.exp(-logits))).astype(np.float32)


def decision(*listed, others=()):
    return Decision(
        tuple(
            Recommendation(rank, article, "", 0.5, None, 0.5, article in listed, "")
            for rank, article in enumerate((*listed, *others), 1)
        )
    )


def explained(*listed, fact=FACT, scorer=linear_scores, others=(), articles=ARTICLES):
    """Return the explanation of each article."""
    answer = explain_decision(
        decision(*listed, others=others),
        locate(fact, ENCODER),
        scorer=scorer,
        articles=articles,
        titles=TITLES,
    )
    return [entry.explanation for entry in answer.recommendations]


def shown(evidence):
    return [(each.text, each.effect) for each in evidence]


def test_clauses_and_words_have_the_effects_that_the_scorer_gives_them():
    [explanation] = explained("264")
    assert shown(explanation.clauses) == [("某人 盗盗，", 4.0), ("盗。", 2.0), ("某人窃。", 1.0)]
    assert shown(explanation.words) == [("盗", 6.0), ("窃", 1.0)]


def test_spans_are_those_of_the_fact_as_it_was_given():
    [explanation] = explained("264")
    assert explanation.words[0].spans == ((3, 4), (4, 5), (14, 15))
    for evidence in (*explanation.clauses, *explanation.words):
        assert {FACT[start:end] for start, end in evidence.spans} == {evidence.text}


def test_the_rival_is_the_best_other_article_and_what_speaks_for_it_is_negative():
    [explanation] = explained("264")
    rival = explanation.rival
    # The logits are 4, -4.5 and -2.5.
    assert (rival.article, rival.title, rival.score) == ("234", "", 0.075858)
    assert shown(rival.words) == [("盗", 6.0), ("窃", 1.0), ("刀", -0.5)]
    assert shown(rival.clauses) == [("某人 盗盗，", 4.0), ("盗。", 2.0), ("某人窃。", 1.0)]


def test_what_both_articles_gain_alike_decides_nothing_between_them():
    def scorer(cases):
        logit = np.array([[np.sum(np.asarray(case) == TOKENS.ids["盗"])] for case in cases])
        return (1 / (1 + np.exp(-logit - [1, 0]))).astype(np.float32)

    [explanation] = explained("264", scorer=scorer, articles=("264", "266"))
    assert shown(explanation.words) == [("盗", 3.0)]
    assert (explanation.rival.clauses, explanation.rival.words) == ((), ())


def test_all_recommended_articles_share_the_scored_variants():
    scored = []

    def scorer(cases):
        scored.append(len(cases))
        return linear_scores(cases)

    first, second = explained("264", "266", scorer=scorer)
    assert shown(first.words) == shown(explained("264")[0].words)
    assert shown(second.words) == [("骗", 1.5)]
    assert first.rival.article == second.rival.article == "234"
    assert scored == [1, 1 + 5, 1 + 5]  # the fact, and what it is without each clause and word


def test_articles_that_are_not_recommended_have_no_explanation():
    assert explained(others=("264",)) == [None]
    assert explained("264", others=("266",))[1] is None


def test_without_another_article_there_is_no_rival():
    [explanation] = explained("264", articles=("264",), scorer=lambda c: linear_scores(c)[:, :1])
    assert explanation.rival is None
    assert explanation.words


@pytest.mark.parametrize("fact", ["", " \n", "某某", "，。"])
def test_a_fact_without_words_has_an_empty_explanation(fact):
    [explanation] = explained("264", fact=fact)
    assert (explanation.clauses, explanation.words) == ((), ())


def test_certain_scores_have_finite_effects():
    def scorer(cases):
        return np.array([[float(TOKENS.ids["盗"] in case)] for case in cases], np.float32)

    [explanation] = explained("264", articles=("264",), scorer=scorer)
    assert shown(explanation.words) == [("盗", 20.722)]  # between 0.001 and 1 - 1e-6


def test_how_far_an_article_is_ruled_out_moves_nothing():
    def scorer(cases):
        has_theft = [TOKENS.ids["盗"] in case for case in cases]
        return np.array([[0.9, 9e-4 if has else 1e-9] for has in has_theft], np.float32)

    [explanation] = explained("264", articles=("264", "266"), scorer=scorer)
    assert (explanation.words, explanation.rival.words) == ((), ())


def test_what_is_weak_beside_the_strongest_is_left_out():
    weights = {"盗": 2.0, "窃": 0.11, "骗": 0.09}

    def scorer(cases):
        logits = [
            sum(weight * (TOKENS.ids[c] in case) for c, weight in weights.items()) for case in cases
        ]
        return (1 / (1 + np.exp(-np.array(logits)[:, None]))).astype(np.float32)

    [explanation] = explained("264", articles=("264",), scorer=scorer)
    assert shown(explanation.words) == [("盗", 2.0), ("窃", 0.11)]


def test_the_words_of_a_long_fact_are_found_with_a_bounded_number_of_variants():
    scored = []

    def scorer(cases):
        scored.append(len(cases))
        return linear_scores(cases)

    fact = "人人，" * 900 + "人窃，" + "人人，" * 300
    [explanation] = explained("264", fact=fact, scorer=scorer)
    assert shown(explanation.clauses) == [("人窃，", 1.0)]
    assert explanation.clauses[0].spans == ((2700, 2703),)
    assert shown(explanation.words) == [("窃", 1.0)]
    assert max(scored) <= 3 + 16
    assert sum(scored) <= 1 + 6 * (3 + 16)


@pytest.mark.parametrize("n_clauses", [1, 4, 5, 6, 7, 20])
def test_a_slow_reference_leaves_each_clause_out_of_its_context(n_clauses):
    """Scores depend on all that a variant has: effects are those of a case scored on its own."""

    def scorer(cases):
        seeds = [int(np.dot(case, np.arange(len(case)) + 1)) for case in cases]
        return np.array([np.random.default_rng(seed).random(1) for seed in seeds], np.float32)

    text = "".join(f"{character}人，" for character in ("盗窃骗刀" * 5)[:n_clauses])
    fact = locate(text, ENCODER)
    parts = clauses(fact)

    def logit_with(kept):
        positions = {position for part in kept for position in part.positions}
        ids = [token if at in positions else UNK_ID for at, token in enumerate(fact.token_ids)]
        score = scorer([ids])[0, 0]
        return np.log(score / (1 - score))

    step = 3 if len(parts) >= 6 else 1
    expected = {}
    for row, part in enumerate(parts):
        context = parts[row % step :: step]
        rest = [other for other in context if other != part]
        expected[part.spans] = logit_with(context) - logit_with(rest)
    [explanation] = explained("264", fact=text, scorer=scorer, articles=("264",))
    strongest = sorted((e for e in expected.values() if e > 0), reverse=True)[: explain.CLAUSES]
    shown_effects = [clause.effect for clause in explanation.clauses]
    assert shown_effects == pytest.approx(strongest[: len(shown_effects)], abs=1e-3)
    for clause in explanation.clauses:
        assert clause.effect == pytest.approx(expected[clause.spans], abs=1e-3)


def test_clauses_that_say_the_same_all_have_effects():
    """One of them is enough for the score: without the contexts, none would have an effect."""

    def scorer(cases):
        return np.array([[0.9 if TOKENS.ids["窃"] in case else 0.1] for case in cases], np.float32)

    fact = "人窃，盗人，刀人，刀人，人窃，刀人，刀人，刀人，人窃。"
    [explanation] = explained("264", fact=fact, scorer=scorer, articles=("264",))
    assert [clause.text for clause in explanation.clauses] == ["人窃，", "人窃，", "人窃。"]


def test_at_most_so_many_clauses_and_words_are_shown():
    def scorer(cases):
        known = [np.sum(np.asarray(case) != UNK_ID) for case in cases]
        return (1 / (1 + np.exp(-np.array(known)[:, None] / 10))).astype(np.float32)

    fact = "盗，窃，骗，刀，人，。盗窃骗刀人"
    [explanation] = explained("264", fact=fact, articles=("264",), scorer=scorer)
    assert len(explanation.clauses) == explain.CLAUSES
    assert len(explanation.words) == min(explain.WORDS, 5)


@pytest.mark.parametrize("rows", [slice(0, 20), slice(20, 40)])
def test_deleting_the_words_of_explanations_lowers_scores_more_than_random_ones(rows):
    recommender = Recommender.load(shipped_path(SHIPPED_MODEL))
    cases = list(usable_cases(read_cases(shipped_path("data/sample/test.json"))))[rows]
    drops = deletion_drops(recommender, [recommender.explain(case.fact) for case in cases])
    assert len(drops.top_score) >= 15
    assert drops.top_score.mean() > 3 * drops.other_score.mean()
    assert drops.top_logit.mean() > 3 * drops.other_logit.mean()


def test_threads_get_the_explanations_that_they_would_get_alone():
    recommender = Recommender.load(shipped_path(SHIPPED_MODEL))
    facts = ["被告人赵某翻窗入室，盗走现金八千余元。", "被告人钱某持刀将被害人刺伤，经鉴定为轻伤。"]
    expected = [recommender.explain(fact) for fact in facts] * 5
    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(recommender.explain, facts * 5)) == expected
