"""Compare deleting the words of explanations with deleting random words, and the cost with predict.

    python tests/benchmarks/bench_explain.py [FILE [CASES]]

FILE has cases as CAIL2018 writes them, by default the invented test cases; the first CASES of them,
by default 300, are answered by the shipped model. An explanation is faithful if the score of its
article falls when its words are deleted from the fact, and hardly falls when as many other words
are. Random words come from the same fact, with all their occurrences, as those of explanations do.
"""

import random
import sys
import time
from collections.abc import Iterable, Sequence
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import numpy as np

from lawrec import Recommender
from lawrec.corpus.bad_lines import usable_cases
from lawrec.corpus.cases import read_cases
from lawrec.inference.fact_parts import clauses, locate, words
from lawrec.runs.results import Answer
from lawrec.storage.resources import SHIPPED_MODEL, shipped_path
from lawrec.types import Float64Array

CASES, DRAWS, SEED = 300, 3, 1
LOWEST, HIGHEST = 1e-6, 1 - 1e-6
"""Scores are not clipped as explanations clip them: the comparison must not favour those."""


class Drops(NamedTuple):
    """How far scores and their logits fall, float64 (n_articles,) each.

    `top` is for the words of the explanations, `other` for random words, the mean of the draws.
    """

    top_score: Float64Array
    other_score: Float64Array
    top_logit: Float64Array
    other_logit: Float64Array


def main() -> None:
    """Print the mean drops and their ratio, and the time of explaining a case."""
    path = Path(sys.argv[1]) if len(sys.argv) > 1 else shipped_path("data/sample/test.json")
    n_cases = int(sys.argv[2]) if len(sys.argv) > 2 else CASES
    recommender = Recommender.load(shipped_path(SHIPPED_MODEL))
    facts = [case.fact for case in islice(usable_cases(read_cases(path)), n_cases)]
    recommender(facts[:1])
    start = time.process_time()
    answers = recommender(facts)
    predicted = time.process_time()
    explained = [recommender.explained(answer) for answer in answers]
    seconds = np.diff([start, predicted, time.process_time()]) / len(facts)
    drops = deletion_drops(recommender, explained)
    print(f"{len(facts)} cases of {path}, {len(drops.top_score)} recommended articles")
    for name, top, other in (
        ("score", drops.top_score, drops.other_score),
        ("logit", drops.top_logit, drops.other_logit),
    ):
        ratio = top.mean() / other.mean()
        print(
            f"mean drop of the {name}: {top.mean():.3f} without the words of the explanation, "
            f"{other.mean():.3f} without random ones: {ratio:.1f} x"
        )
    print(
        f"CPU time: {1e3 * seconds[0]:.1f} ms per case to predict, {1e3 * seconds[1]:.1f} ms to "
        f"explain: {seconds[1] / seconds[0]:.1f} x"
    )


def deletion_drops(recommender: Recommender, answers: Iterable[Answer]) -> Drops:
    """Return how far the score of each explained article falls when words are deleted."""
    rng, texts, columns = random.Random(SEED), [], []
    for answer in answers:
        fact = locate(answer.fact, recommender.encoder)
        known = words(fact, clauses(fact), limit=len(fact.token_ids))
        for entry in answer.decision.recommendations:
            if not entry.explanation or not entry.explanation.words:
                continue
            top = [word.spans for word in entry.explanation.words]
            draws = [rng.sample(known, min(len(top), len(known))) for _ in range(DRAWS)]
            others = [[word.spans for word in draw] for draw in draws]
            texts += [answer.fact, *(_without(answer.fact, spans) for spans in (top, *others))]
            columns.append(recommender.articles.index(entry.article))
    return _drops(_scores(recommender, texts, columns))


def _without(text: str, words: Iterable[Sequence[tuple[int, int]]]) -> str:
    deleted = {position for spans in words for span in spans for position in range(*span)}
    return "".join(character for position, character in enumerate(text) if position not in deleted)


def _scores(recommender: Recommender, texts: Sequence[str], columns: Sequence[int]) -> Float64Array:
    """Return the scores of each article by each of its texts, (n_articles, 2 + DRAWS)."""
    token_ids = [recommender.encoder(text) for text in texts]
    parts = [recommender.scorer(token_ids[at : at + 500]) for at in range(0, len(texts), 500)]
    scores = np.concatenate(parts).reshape(len(columns), 2 + DRAWS, -1)
    return scores[np.arange(len(columns)), :, columns].astype(np.float64)


def _drops(scores: Float64Array) -> Drops:
    clipped = np.clip(scores, LOWEST, HIGHEST)
    both = [values[:, :1] - values[:, 1:] for values in (scores, np.log(clipped / (1 - clipped)))]
    return Drops(*(part for drop in both for part in (drop[:, 0], drop[:, 1:].mean(axis=1))))


if __name__ == "__main__":
    main()
