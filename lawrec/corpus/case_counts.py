"""Case counts: how often tokens, articles and charges occur in cases.

They are counted while cases are tokenized: the vocabularies are made of them.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from lawrec.corpus.cases import EVERY_ARTICLE, Case


@dataclass
class TokenCounts:
    """How often each token occurs, and in how many cases."""

    occurrences: Counter[str] = field(default_factory=Counter)
    cases: Counter[str] = field(default_factory=Counter)

    def add(self, other: "TokenCounts") -> None:
        """Add what was counted in other cases."""
        self.occurrences.update(other.occurrences)
        self.cases.update(other.cases)


def count_tokens(cases: Iterable[Sequence[str]]) -> TokenCounts:
    """Return the counts of the tokens of cases.

    Example:
        >>> count_tokens([["盗窃", "后", "盗窃"], ["盗窃"]])
        TokenCounts(occurrences=Counter({'盗窃': 3, '后': 1}), cases=Counter({'盗窃': 2, '后': 1}))
    """
    counts = TokenCounts()
    for tokens in cases:
        counts.occurrences.update(tokens)
        counts.cases.update(set(tokens))
    return counts


@dataclass
class SplitCounts:
    """What is counted while the cases of a split are tokenized."""

    cases: int = 0
    tokens: int = 0
    skipped: int = 0
    of_tokens: TokenCounts = field(default_factory=TokenCounts)
    article_counts: Counter[str] = field(default_factory=Counter)
    charge_counts: Counter[str] = field(default_factory=Counter)
    known_cases: Counter[str] = field(default_factory=Counter)

    def add(self, case: Case, n_tokens: int) -> None:
        """Count a case, but not its tokens.

        A case of weight 0 adds 0 to all counts of training, but its articles get columns: the
        counters have keys for them.
        """
        self.cases += 1
        self.tokens += n_tokens
        is_learned = case.weight > 0
        self.article_counts.update(dict.fromkeys(case.articles, int(is_learned)))
        self.charge_counts.update(dict.fromkeys(case.charges, int(is_learned)))
        self.known_cases["articles"] += is_learned and case.unknown_articles != EVERY_ARTICLE
        self.known_cases["charges"] += is_learned and case.charges != ()
