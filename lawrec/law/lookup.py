"""Lookup of articles in the catalog and in the imported versions of a statute.

An article has its title and amendments from the catalog, and its text from the version in force on
a day. Where a version was never imported, the amendments between the version that is known and that
day show the gap.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from lawrec.errors import UnknownArticleError, quoted
from lawrec.law.articles import article_name
from lawrec.law.catalog import Article, nearest_article, shipped_catalog
from lawrec.law.statute_versions import CRIMINAL_LAW, Version, effective_dates, version_at


@dataclass(frozen=True)
class ArticleInfo(Article):
    """An article of the catalog with its text in one version of the statute.

    Attributes:
        version: Effective date of the version; None if no version was imported.
        text: The text in that version; None if the article is not in it.
        outdated_by: Amendments from after that version up to the day that was asked for.
    """

    version: date | None = None
    text: str | None = None
    outdated_by: tuple[str, ...] = ()


def look_up(
    articles: Iterable[str], root: Path, *, name: str = CRIMINAL_LAW, day: date | None = None
) -> list[ArticleInfo]:
    """Return what is known about articles, in their order.

    Args:
        articles: The articles in any spelling that `article_name` understands.
        root: The folder of all statutes.
        name: The statute.
        day: The texts are those in force on this day; by default, those of the newest version.

    Raises:
        UnknownArticleError: An article is unknown.
        StatuteError: No version of that day was imported.

    Example:
        >>> look_up(["刑法第264条"], Path("absent"))[0].title
        '盗窃罪'
    """
    version = None
    if day or name != CRIMINAL_LAW or effective_dates(root, name):
        version = version_at(root, name, day=day)
    known = shipped_catalog(name)
    for article in version.texts if version else ():
        known.setdefault(article, Article(article, ""))
    return [_with_text(_find(article, known), version, day=day) for article in articles]


def _find(value: str, known: Mapping[str, Article]) -> Article:
    try:
        name = article_name(value)
    except ValueError:
        name = value
    if name in known:
        return known[name]
    near = nearest_article(name, known)
    raise UnknownArticleError(
        "ARTICLE",
        expected="every article must be a known one",
        got=quoted(value),
        todo=_suggestion(near),
    )


def _suggestion(near: Article | None) -> str:
    if not near:
        return "`lawrec articles list` lists all."
    title = near.title
    return f"Did you mean {near.article} ({title})?" if title else f"Did you mean {near.article}?"


def _with_text(article: Article, version: Version | None, *, day: date | None) -> ArticleInfo:
    if version is None:
        return ArticleInfo(**vars(article))
    return ArticleInfo(
        **vars(article),
        version=version.effective,
        text=version.texts.get(article.article),
        outdated_by=tuple(
            amendment.name
            for amendment in article.amendments
            if version.effective < amendment.effective <= (day or date.max)
        ),
    )
