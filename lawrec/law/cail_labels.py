"""TODO law.cail_labels."""

from collections.abc import Iterable, Mapping

from lawrec.law.articles import is_numbered

Ids = Mapping[str, int]


def ids_in(labels: Iterable[str]) -> dict[str, int]:
    """Return the id of each article of law.txt."""
    return {article: place for place, article in enumerate(labels, 1)}


def cail_id(article: str, ids: Ids) -> int | None:
    """Return the article's own id, else that of the one it branches from, else None."""
    if article in ids or not is_numbered(article):
        return ids.get(article)
    return ids.get(article.partition("之")[0])


def cail_ids(articles: Iterable[str], ids: Ids) -> list[int]:
    """Return the ids of articles in their order, each once, without those that have none."""
    found = (cail_id(article, ids) for article in articles)
    return list(dict.fromkeys(one for one in found if one is not None))


def unmapped_articles(articles: Iterable[str], ids: Ids) -> tuple[str, ...]:
    """Return the articles without an id."""
    return tuple(article for article in articles if cail_id(article, ids) is None)
