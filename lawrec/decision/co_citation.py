"""Co-citation: articles that train cases nearly always or never cite together.

A recommended list that contradicts this is marked, so that a person looks at it; it is not changed.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lawrec.types import BoolArray, NumberArray

MIN_CASES = 20
"""Cases that an article needs before "always" means anything."""
ALWAYS_SHARE = 0.98
"""The smallest share of an article's cases citing another one that counts as "always"."""
MIN_EXPECTED = 10.0
"""With fewer cases expected to cite both articles by chance, none at all is not yet "never"."""


@dataclass(frozen=True)
class CoCitations:
    """Pairs of articles, by label id.

    Attributes:
        always: For an article, the ones that nearly all of its train cases also cite.
        never: For an article, the ones that no train case cites with it, although chance would
            have brought them together.
    """

    always: dict[int, tuple[int, ...]]
    never: dict[int, tuple[int, ...]]


@dataclass(frozen=True)
class CoCitationViolation:
    """Two articles for which a list contradicts the train cases.

    Attributes:
        kind: "missing_companion" where the list has `article` but not `other`, which nearly always
            comes with it; "never_cited_together" where the list has both.
        article: The first article.
        other: The second one.
    """

    kind: str
    article: str
    other: str


def find_co_citations(pair_counts: NumberArray, n_cases: int) -> CoCitations:
    """Return which articles are always and never cited together.

    Args:
        pair_counts: Number of cases that cite both articles, (n_articles, n_articles); on the
            diagonal, number of cases that cite the article.
        n_cases: Number of all cases.

    Example:
        >>> find_co_citations(np.array([[50, 50], [50, 100]]), n_cases=200)
        CoCitations(always={0: (1,)}, never={})
    """
    single = np.diagonal(pair_counts)
    another = ~np.eye(len(single), dtype=np.bool_)
    nearly_all = pair_counts >= ALWAYS_SHARE * np.maximum(single, 1)[:, None]
    expected = np.outer(single, single) / max(n_cases, 1)
    return CoCitations(
        always=_pairs_by_row(nearly_all & another & (single >= MIN_CASES)[:, None]),
        never=_pairs_by_row((pair_counts == 0) & (expected >= MIN_EXPECTED)),
    )


def find_violations(
    labels: Sequence[int], co_citations: CoCitations, *, articles: Sequence[str]
) -> list[CoCitationViolation]:
    """Return where a list contradicts the train cases, missing companions first.

    Args:
        labels: The label ids of the list.
        co_citations: What the train cases show.
        articles: The article of each label id.

    Example:
        >>> find_violations([0], CoCitations({0: (1,)}, {}), articles=("347", "356"))
        [CoCitationViolation(kind='missing_companion', article='347', other='356')]
    """
    listed = set(labels)
    missing = [
        CoCitationViolation("missing_companion", articles[label], articles[companion])
        for label in labels
        for companion in co_citations.always.get(label, ())
        if companion not in listed
    ]
    never = [
        CoCitationViolation("never_cited_together", articles[label], articles[later])
        for index, label in enumerate(labels)
        for later in labels[index + 1 :]
        if later in co_citations.never.get(label, ())
    ]
    return missing + never


def _pairs_by_row(pairs: BoolArray) -> dict[int, tuple[int, ...]]:
    """Return the columns that are True in each row that has one."""
    return {
        int(row): tuple(np.flatnonzero(pairs[row]).tolist()) for row in np.flatnonzero(pairs.any(1))
    }
