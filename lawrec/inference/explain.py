"""Explain why articles are recommended: which clauses and words of a fact raised their scores.

Parts of the fact are occluded, which means that their tokens become unknown ones, and the fact is
scored again: what lowers the score of an article spoke for it. This needs nothing but the scorer,
whatever its models are. Clauses come first, then the words of those that matter most; of a long
fact, passages of several clauses come before both. All articles share the scored variants, whose
number is bounded, so that ten recommended articles take hardly more time than one.

A part is left out of a context: the fact without two thirds of the other parts. In the whole fact,
other parts often say the same, and the score hardly moves, or by a step of some tree.

Effects are differences of logits. Between scores of 0.99 and 0.999 lie 2.3 logits, and logits add
up what independent parts contribute.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import NamedTuple

import numpy as np

from lawrec.corpus.vocabulary import UNK_ID
from lawrec.decision.explanation import Evidence, Explanation, Rival
from lawrec.decision.recommend import Decision
from lawrec.decision.score_order import SCORE_DECIMALS
from lawrec.inference.fact_parts import LocatedFact, Part, clauses, joined, passages, words
from lawrec.ranking.run_scorer import Scorer
from lawrec.types import Float32Array, Float64Array

CLAUSES, WORDS = 3, 6
"""How many clauses and words an explanation has at most."""
_MOST_PARTS, _FEWEST_PARTS, _SCORED_TOKENS = 48, 16, 16_000
"""At most 48 parts of a fact are occluded at a time; of a long one fewer, but at least 16, so that
the scored variants have about 16,000 tokens."""
_CONTEXTS = 3
"""A part is left out of a context that has every third part; of a few parts, it has all."""
_SMALLEST_EFFECT, _SMALLEST_SHARE = 0.005, 0.05
"""Effects that are smaller, or below a twentieth of the strongest one, are left out."""
_EFFECT_DECIMALS = 3
_LOWEST_SCORE, _HIGHEST_SCORE = 1e-3, 1 - 1e-6
"""Logits are those of scores in this range. What is below is ruled out, and how far below depends
on whether the second stage ranked it; nearer to 1, a float32 has no finite logit, or one of noise.
"""


class _Occluded(NamedTuple):
    """Parts of a fact, and what occluding each takes away.

    Attributes:
        parts: The parts.
        logits: From the logits of articles, float64 (n_parts, n_articles).
        leads: From their leads over the logit of the rival, likewise.
    """

    parts: Sequence[Part]
    logits: Float64Array
    leads: Float64Array


def explain_decision(
    decision: Decision,
    fact: LocatedFact,
    *,
    scorer: Scorer,
    articles: Sequence[str],
    titles: Mapping[str, str],
) -> Decision:
    """Return a decision in which each recommended article has its explanation.

    Args:
        decision: What was decided for the fact.
        fact: The fact with its tokens.
        scorer: What scored the fact.
        articles: The article of each column of the scores.
        titles: Titles of articles, where they are known.

    Example:
        >>> explained = explain_decision(  # doctest: +SKIP
        ...     decision, fact, scorer=scorer, articles=articles, titles=titles
        ... )
        >>> explained.recommendations[0].explanation.words[0].text  # doctest: +SKIP
        '窃取'
    """
    listed = [entry.article for entry in decision.recommendations if entry.recommended]
    if not listed:
        return decision
    columns = [articles.index(article) for article in listed]
    scores = scorer([fact.token_ids])[0]
    column = _best_other(scores, columns)
    occlude = partial(_occlude, fact, columns=columns, rival=column, scorer=scorer)
    of_clauses, of_words = _clauses_and_words(fact, occlude)
    rival = None
    if column is not None:
        name, score = articles[column], round(float(scores[column]), SCORE_DECIMALS)
        rival = Rival(name, titles.get(name, ""), score, clauses=(), words=())
    explanations = {
        article: _explanation(fact.text, of_clauses, of_words=of_words, index=index, rival=rival)
        for index, article in enumerate(listed)
    }
    return replace(
        decision,
        recommendations=tuple(
            replace(entry, explanation=explanations.get(entry.article))
            for entry in decision.recommendations
        ),
    )


def _best_other(scores: Float32Array, columns: Sequence[int]) -> int | None:
    """Return the column of the best score but those of some columns; None if there is no other."""
    others = scores.copy()
    others[list(columns)] = -1
    return int(np.argmax(others)) if len(columns) < len(scores) else None


def _clauses_and_words(
    fact: LocatedFact, occlude: Callable[[Sequence[Part]], _Occluded]
) -> tuple[_Occluded, _Occluded]:
    """Return the occluded clauses of a fact, and the occluded words of those that matter most."""
    limit = int(np.clip(_SCORED_TOKENS // len(fact.token_ids), _FEWEST_PARTS, _MOST_PARTS))
    parts = clauses(fact)
    while len(parts) > limit:
        groups = passages(parts, limit)
        order = _most_deciding(occlude([joined(group) for group in groups]))
        kept = [part for index in order for part in groups[index]]
        parts = sorted(kept[: max(limit, len(parts) // 4)])
    of_clauses = occlude(parts)
    best = [parts[index] for index in _most_deciding(of_clauses)]
    return of_clauses, occlude(words(fact, best, limit=limit))


def _occlude(
    fact: LocatedFact,
    parts: Sequence[Part],
    *,
    columns: Sequence[int],
    rival: int | None,
    scorer: Scorer,
) -> _Occluded:
    """Score contexts of a fact with and without each part, and return the differences."""
    n_contexts = _CONTEXTS if len(parts) >= 2 * _CONTEXTS else 1
    of_part = [row % n_contexts for row in range(len(parts))]
    contexts = np.tile(fact.token_ids, (n_contexts, 1))
    for part, context in zip(parts, of_part, strict=True):
        contexts[np.ix_(np.arange(n_contexts) != context, part.positions)] = UNK_ID
    without = contexts[of_part]
    for variant, part in zip(without, parts, strict=True):
        variant[list(part.positions)] = UNK_ID
    logits = _logits(scorer([*contexts, *without]))
    own = logits[:, list(columns)]
    leads = own if rival is None else own - logits[:, [rival]]
    return _Occluded(
        parts,
        *(values[:n_contexts][of_part] - values[n_contexts:] for values in (own, leads)),
    )


def _logits(scores: Float32Array) -> Float64Array:
    clipped = np.clip(scores.astype(np.float64), _LOWEST_SCORE, _HIGHEST_SCORE)
    logits: Float64Array = np.log(clipped / (1 - clipped))
    return logits


def _most_deciding(occluded: _Occluded) -> list[int]:
    """Return the order of parts: first those that matter most to some article, or to its lead."""
    strengths = np.concatenate([np.maximum(occluded.logits, 0), np.abs(occluded.leads)], axis=1)
    ranked = np.argsort(-strengths, axis=0, kind="stable")
    return list(dict.fromkeys(ranked.ravel().tolist()))


def _explanation(
    fact: str,
    of_clauses: _Occluded,
    *,
    of_words: _Occluded,
    index: int,
    rival: Rival | None,
) -> Explanation:
    """Return the explanation of one article; `index` is its column of the occluded parts."""
    strongest = partial(_strongest, fact)
    if rival is not None:
        either_way = partial(strongest, strength=np.abs)
        rival = replace(
            rival,
            clauses=either_way(of_clauses.parts, of_clauses.leads[:, index], limit=CLAUSES),
            words=either_way(of_words.parts, of_words.leads[:, index], limit=WORDS),
        )
    return Explanation(
        clauses=strongest(of_clauses.parts, of_clauses.logits[:, index], limit=CLAUSES),
        words=strongest(of_words.parts, of_words.logits[:, index], limit=WORDS),
        rival=rival,
    )


def _strongest(
    fact: str,
    parts: Sequence[Part],
    effects: Float64Array,
    *,
    limit: int,
    strength: Callable[[Float64Array], Float64Array] = np.positive,
) -> tuple[Evidence, ...]:
    strengths = strength(effects)
    smallest = max(_SMALLEST_EFFECT, _SMALLEST_SHARE * strengths.max(initial=0))
    return tuple(
        Evidence(
            text=fact[slice(*parts[row].spans[0])],
            spans=tuple((span.start, span.end) for span in parts[row].spans),
            effect=round(float(effects[row]), _EFFECT_DECIMALS),
        )
        for row in np.argsort(-strengths, kind="stable")[:limit].tolist()
        if strengths[row] >= smallest
    )
