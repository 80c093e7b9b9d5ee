"""Case index: which train cases are like a fact, in NumPy only.

Of each case, the index keeps its id, its articles and the few terms that weigh most in it, and no
text. A term weighs what it says about articles, so that cases are similar whose offences are, and
not those with the same names and towns: on cases of CAIL2018, 77 % of the similar cases share an
article with the fact, where by TF-IDF 62 % do. Similarity is the cosine of the terms' values.

A large corpus is sampled, so that the index has a largest size and memory does not grow with the
number of cases.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np

from lawrec.corpus.records.record import Record
from lawrec.corpus.vocabulary import PAD_ID, UNK_ID
from lawrec.decision.explanation import SimilarCase
from lawrec.ranking.tf_idf import tf_idf
from lawrec.ranking.train_cases import sampled
from lawrec.types import Float32Array, NumberArray, TokenIds

TERMS = 16
"""How many terms of a case are kept at most."""
SIMILAR_CASES = 3
_LEAST_SIMILARITY = 0.1
_SIMILARITY_DECIMALS = 3
_STEPS = 255
"""A value from 0 to 1 is kept as a byte."""
_PRIOR_CASES = 5
"""A rare token weighs less, as if this many more cases had it, with the articles of all cases."""


class CaseIndex(NamedTuple):
    """Train cases that can be searched.

    Attributes:
        case_ids: The id of each case.
        labels: The label ids of each case.
        weights: What each token says about articles, float32 (n_tokens,).
        terms: The token ids of the terms of each case, uint16 or uint32 (n_cases, n_terms);
            `PAD_ID` where there are fewer.
        values: Their values, which have unit length over all terms of the case, times 255, uint8
            of the same shape.
    """

    case_ids: Sequence[str]
    labels: Sequence[Sequence[int]]
    weights: Float32Array
    terms: NumberArray
    values: NumberArray

    def similar(self, fact: TokenIds, articles: Sequence[str]) -> tuple[SimilarCase, ...]:
        """Return the cases that are most like a fact, the most similar one first.

        Args:
            fact: The token ids of the fact.
            articles: The article of each label id.
        """
        query = np.zeros(len(self.weights), np.float32)
        tokens, values = tf_idf(fact, self.weights)
        query[tokens] = values
        similarity = np.einsum("ij,ij->i", query[self.terms], self.values) / _STEPS
        best = np.argsort(-similarity, kind="stable")[:SIMILAR_CASES]
        return tuple(
            SimilarCase(
                self.case_ids[row],
                tuple(articles[label] for label in self.labels[row]),
                round(min(float(similarity[row]), 1.0), _SIMILARITY_DECIMALS),
            )
            for row in best.tolist()
            if similarity[row] >= _LEAST_SIMILARITY
        )


class _Compact(NamedTuple):
    """A case that takes little memory while others are read."""

    case_id: str
    label_ids: tuple[int, ...]
    token_ids: NumberArray


def fit_case_index(
    cases: Iterable[Record], n_tokens: int, *, n_labels: int, limit: int, seed: int
) -> CaseIndex:
    """Return the index of cases; those without an article or of weight 0 are left out.

    Args:
        cases: Read once, and one by one.
        n_tokens: The number of token ids.
        n_labels: The number of label ids.
        limit: If there are more cases, a random sample of that size is kept.
        seed: The seed of that sample.

    Example:
        >>> cases = [Record("a", [2, 3], label_ids=[0]), Record("b", [4], label_ids=[1])]
        >>> fit_case_index(cases, 5, n_labels=2, limit=9, seed=1).similar([4, 4], ["264", "266"])
        (SimilarCase(case_id='b', articles=('266',), similarity=1.0),)
    """
    kept = sampled(_compact(cases), limit, seed=seed)
    weights = term_weights(kept, n_tokens, n_labels=n_labels)
    terms = np.full((len(kept), TERMS), PAD_ID, np.uint16 if n_tokens <= 1 << 16 else np.uint32)
    values = np.zeros(terms.shape, np.uint8)
    for row, case in enumerate(kept):
        tokens, strengths = tf_idf(case.token_ids, weights)
        strongest = np.argsort(-strengths, kind="stable")[:TERMS]
        terms[row, : len(strongest)] = tokens[strongest]
        values[row, : len(strongest)] = np.rint(strengths[strongest] * _STEPS)
    return CaseIndex(
        tuple(case.case_id for case in kept),
        tuple(case.label_ids for case in kept),
        weights,
        terms,
        values,
    )


def term_weights(
    cases: Iterable[Record | _Compact], n_tokens: int, *, n_labels: int
) -> Float32Array:
    """Return what each token says about articles.

    It is the Kullback-Leibler divergence of the articles of cases with the token from those of all
    cases, in nats, smoothed. That of `PAD_ID` and `UNK_ID` is 0.

    Args:
        cases: The cases.
        n_tokens: The number of token ids.
        n_labels: The number of label ids.

    Returns:
        float32 (n_tokens,).

    Example:
        >>> cases = [Record("a", [2, 3], label_ids=[0]), Record("b", [2, 4], label_ids=[1])]
        >>> term_weights(cases, 5, n_labels=2).round(3)
        array([0.   , 0.   , 0.   , 0.014, 0.014], dtype=float32)
    """
    counts, total = np.zeros((n_tokens, n_labels), np.float32), np.full(n_labels, 0.5, np.float32)
    for case in cases:
        labels = np.asarray(case.label_ids)
        counts[np.ix_(np.unique(case.token_ids), labels)] += 1
        total[labels] += 1
    prior = total / total.sum()
    counts += _PRIOR_CASES * prior
    counts /= counts.sum(axis=1, keepdims=True)
    weights: Float32Array = (counts * np.log(counts / prior)).sum(axis=1).clip(min=0)
    weights[[PAD_ID, UNK_ID]] = 0
    return weights


def _compact(cases: Iterable[Record]) -> Iterator[_Compact]:
    for case in cases:
        if case.weight > 0 and case.label_ids:
            ids = np.asarray(case.token_ids, np.int32)
            yield _Compact(case.case_id, tuple(case.label_ids), ids)
