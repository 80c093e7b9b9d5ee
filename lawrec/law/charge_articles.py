"""Articles of charges: which articles a charge stands for, learned from cases that name both.

Most charges are punished by one article, so that a case of which only the charges are known has
some articles for certain, some perhaps, and the others not at all.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from lawrec.law.articles import statute_order
from lawrec.law.charges import charge_wordings, normalize_charge

LABEL_SHARE = 0.85
"""An article that at least this share of the cases with a charge cite applies to all of them."""
UNKNOWN_SHARE = 0.02
"""An article that a smaller share cite does not apply; between the two, it is unknown."""


@dataclass(frozen=True)
class ArticlesOfCharges:
    """The articles that apply, and those of which it is unknown; all others do not apply."""

    articles: tuple[str, ...]
    unknown: tuple[str, ...]


class ChargeArticles:
    """Counts in how many cases each charge and each article occur together.

    Example:
        >>> counts = ChargeArticles()
        >>> for articles in (["264"], ["264"], ["264", "25"]):
        ...     counts.add(["盗窃罪"], articles)
        >>> counts.find(["盗窃"])
        ArticlesOfCharges(articles=('264',), unknown=('25',))
    """

    def __init__(self) -> None:
        self._cases: Counter[str] = Counter()
        self._together: dict[str, Counter[str]] = {}
        self._unknown: dict[str, Counter[str]] = {}

    def add(
        self, charges: Iterable[str], articles: Iterable[str], *, unknown: Iterable[str] = ()
    ) -> None:
        """Count a case, unless it has several charges: which article belongs to which is not known.

        Args:
            charges: Its charges. Each wording of one with alternatives counts: other cases may name
                a single one.
            articles: Its articles.
            unknown: Articles of which it is unknown whether they apply: it counts for the others.
        """
        articles, unknown = set(articles), set(unknown)
        if len(_names(charges)) != 1:
            return
        for charge in set().union(*map(charge_wordings, charges)):
            self._cases[charge] += 1
            self._together.setdefault(charge, Counter()).update(articles)
            self._unknown.setdefault(charge, Counter()).update(unknown)

    def find(self, charges: Iterable[str]) -> ArticlesOfCharges | None:
        """Return the articles of a case with these charges; None if one of them is not known.

        An article applies if it does for one of the charges.
        """
        names = _names(charges)
        if not names or not names <= self._cases.keys():
            return None
        shares: dict[str, float] = {}
        for charge in names:
            for article in {*self._together[charge], *self._unknown[charge]}:
                share = self._share(charge, article)
                shares[article] = max(share, shares.get(article, 0.0))
        articles = sorted(shares, key=statute_order)
        return ArticlesOfCharges(
            tuple(name for name in articles if shares[name] >= LABEL_SHARE),
            tuple(name for name in articles if UNKNOWN_SHARE <= shares[name] < LABEL_SHARE),
        )

    def _share(self, charge: str, article: str) -> float:
        """Return the share of the cases with a charge in which an article applies.

        Of an article that no such case knows, nothing is known: it is masked.
        """
        known = self._cases[charge] - self._unknown[charge][article]
        return self._together[charge][article] / known if known else UNKNOWN_SHARE


def _names(charges: Iterable[str]) -> set[str]:
    """Return the normalized names of charges; one such as "罪" has none."""
    return set(filter(None, map(normalize_charge, charges)))
