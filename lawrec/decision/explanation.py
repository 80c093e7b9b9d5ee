"""Explanations: which parts of a fact led to a recommended article, and what speaks for another.

They are values alone; `lawrec.inference.explain` computes them.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Evidence:
    """A part of a fact, and how far it moved a score.

    Attributes:
        text: Its text, at the first of its spans.
        spans: Its characters in the fact as it was given, each from a start up to but without an
            end. A clause has one span, a word one per occurrence.
        effect: How much lower the logit of the score is without this part, in a context that
            `lawrec.inference.explain` chooses. Of a rival: how much smaller the lead of the
            article is, in logits; what speaks for the rival is negative.
    """

    text: str
    spans: tuple[tuple[int, int], ...]
    effect: float


@dataclass(frozen=True)
class Rival:
    """The nearest article that was not recommended, and what decides between the two.

    Attributes:
        article: The rival.
        title: Its title, "" where unknown.
        score: Its score.
        clauses: The clauses that move the lead of the recommended article most, either way.
        words: Likewise the words.
    """

    article: str
    title: str
    score: float
    clauses: tuple[Evidence, ...]
    words: tuple[Evidence, ...]


@dataclass(frozen=True)
class Explanation:
    """Why an article was recommended.

    Attributes:
        clauses: The clauses that raised its score most, the strongest first.
        words: The words of such clauses that raised it most.
        rival: The best article that was not recommended; None if there is no other article.
    """

    clauses: tuple[Evidence, ...]
    words: tuple[Evidence, ...]
    rival: Rival | None


@dataclass(frozen=True)
class SimilarCase:
    """A train case that is like a fact.

    Attributes:
        case_id: The id of the case.
        articles: Its articles.
        similarity: The cosine of the terms of both, 0 to 1: see `lawrec.ranking.case_index`.
    """

    case_id: str
    articles: tuple[str, ...]
    similarity: float
