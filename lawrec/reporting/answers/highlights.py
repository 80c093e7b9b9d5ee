"""Highlights: a fact in stretches of text, each with what an explanation says about it."""

from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import NamedTuple

from lawrec.decision.explanation import Evidence, Explanation


class Stretch(NamedTuple):
    """A stretch of a fact.

    Attributes:
        text: Its text.
        clause: How much the clause that it is in raised the score; 0 if it is in none that did.
        word: How much the word that it is raised the score; below 0 for a word that speaks for the
            rival, 0 for other text.
    """

    text: str
    clause: float
    word: float


def stretches(
    fact: str, explanation: Explanation, *, start: int = 0, end: int | None = None
) -> Iterator[Stretch]:
    """Yield a fact, or a part of it, in stretches whose texts joined are that part.

    Args:
        fact: The fact that was explained.
        explanation: The explanation of an article.
        start: Where the part begins.
        end: Where it ends; None for the end of the fact.

    Example:
        >>> word = Evidence("窃", ((2, 3),), 1.5)
        >>> list(stretches("某甲窃。", Explanation((), (word,), None)))[1]
        Stretch(text='窃', clause=0.0, word=1.5)
    """
    end = len(fact) if end is None else end
    rival = explanation.rival.words if explanation.rival else ()
    clauses = _effects(explanation.clauses)
    words = _effects(word for word in rival if word.effect < 0) | _effects(explanation.words)
    inner = {border for span in (*clauses, *words) for border in span if start < border < end}
    borders = sorted({start, end} | inner)
    for first, last in pairwise(borders):
        yield Stretch(
            fact[first:last], clause=_effect_at(first, clauses), word=_effect_at(first, words)
        )


def _effects(evidence: Iterable[Evidence]) -> dict[tuple[int, int], float]:
    return {span: part.effect for part in evidence for span in part.spans}


def _effect_at(position: int, effects: dict[tuple[int, int], float]) -> float:
    return next(
        (effect for (start, end), effect in effects.items() if start <= position < end), 0.0
    )
