"""CAIL2018's ids of articles: line numbers of law.txt, from 1.

Ids are used only where answers are written for the judge of CAIL2018; everywhere else an article is
its name. CAIL2018's list has no branches, so 133之一 has the id of 133, unless a list names the
branch itself. An article without a line of its own or of its root has no id: it is left out of
answers and truth alike, and reported.
"""

from collections.abc import Iterable, Mapping

from lawrec.law.articles import is_numbered, root_article

Ids = Mapping[str, int]
"""The id of each article of law.txt."""


def ids_in(labels: Iterable[str]) -> dict[str, int]:
    """Return the id of each article of law.txt.

    Example:
        >>> ids_in(["184", "336"])
        {'184': 1, '336': 2}
    """
    return {article: cail_id for cail_id, article in enumerate(labels, 1)}


def cail_id(article: str, ids: Ids) -> int | None:
    """Return the article's own id, else the id of the article that it branches from, else None.

    Example:
        >>> [cail_id(article, {"133": 1, "264": 2}) for article in ("264", "133之一", "67")]
        [2, 1, None]
    """
    if article in ids or not is_numbered(article):
        return ids.get(article)
    return ids.get(root_article(article))


def cail_ids(articles: Iterable[str], ids: Ids) -> list[int]:
    """Return the ids of articles in their order, each id once; articles without an id are skipped.

    Example:
        >>> cail_ids(["264", "133之一", "67", "133"], {"133": 1, "264": 2})
        [2, 1]
    """
    known = (cail_id(article, ids) for article in articles)
    return list(dict.fromkeys(number for number in known if number is not None))


def unmapped_articles(articles: Iterable[str], ids: Ids) -> tuple[str, ...]:
    """Return the articles without an id.

    Example:
        >>> unmapped_articles(["264", "67"], {"264": 1})
        ('67',)
    """
    return tuple(article for article in articles if cail_id(article, ids) is None)
