"""Lookup of articles in the catalog and in the imported versions of a statute.

An article has its title and amendments from the catalog, and its text from the version in force on
a day. Where a version was never imported, the amendments between the version that is known and that
day show the gap.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from lawrec.errors import StatuteError, quoted
from lawrec.law.articles import article_name, is_numbered, statute_order
from lawrec.law.catalog import Article, nearest_article, shipped_catalog
from lawrec.law.statute_parser import read_statute
from lawrec.law.statute_versions import (
    CRIMINAL_LAW,
    Version,
    effective_dates,
    save_version,
    version_at,
)

_MAX_ARTICLES = 9_999  # no statute has more: a larger number is a typing error
_MAX_BRANCHES = 99


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


@dataclass(frozen=True)
class ImportReport:
    """What an import read.

    Attributes:
        path: The file of the version.
        articles: Number of articles with a text.
        missing: Articles that should be there but have no text.
        repeated: Articles with several texts, of which the first counts.
        unknown: Articles that are not in the catalog.
        left_out: Number of lines that belong to the text of no article.
    """

    path: Path
    articles: int
    missing: tuple[str, ...]
    repeated: tuple[str, ...]
    unknown: tuple[str, ...]
    left_out: int


def import_statute(
    file: Path, effective: date, *, root: Path, name: str = CRIMINAL_LAW, replace: bool = False
) -> ImportReport:
    """Read the text of a statute and save it as the version in force from a date on.

    Args:
        file: The text, see `read_statute`.
        effective: The date.
        root: The folder of all statutes.
        name: The statute.
        replace: Overwrite a version of this date that has other texts.

    Raises:
        CaseError: The file cannot be read.
        StatuteError: The file holds no article, or a version of this date has other texts.

    Example:
        >>> file = Path("criminal-law.txt")
        >>> import_statute(file, date(2021, 3, 1), root=Path("statutes"))  # doctest: +SKIP
    """
    statute = read_statute(file)
    path = save_version(
        root, Version(name, effective, statute.texts), left_out=statute.left_out, replace=replace
    )
    catalog = shipped_catalog(name)
    expected = complete_numbering(statute.texts) | _in_force(catalog, effective)
    missing = expected - statute.texts.keys()
    unknown = statute.texts.keys() - catalog.keys() if catalog else ()
    return ImportReport(
        path=path,
        articles=len(statute.texts),
        missing=tuple(sorted(missing, key=statute_order)),
        repeated=statute.repeated,
        unknown=tuple(sorted(unknown, key=statute_order)),
        left_out=len(statute.left_out),
    )


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
        StatuteError: An article is unknown, or no version of that day was imported.

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


def complete_numbering(articles: Iterable[str]) -> set[str]:
    """Return all articles of a statute without gaps: every number and branch up to the last.

    Example:
        >>> sorted(complete_numbering(["3", "2之二"]), key=statute_order)
        ['1', '2', '2之一', '2之二', '3']
    """
    last_branch: dict[int, int] = {}
    for number, branch, _ in map(statute_order, filter(is_numbered, articles)):
        last_branch[number] = max(branch, last_branch.get(number, 0))
    last = min(max(last_branch, default=0), _MAX_ARTICLES)
    return {str(number) for number in range(1, last + 1)} | {
        article_name(f"{number}之{branch}")
        for number, n_branches in last_branch.items()
        for branch in range(1, min(n_branches, _MAX_BRANCHES) + 1)
    }


def _in_force(catalog: Mapping[str, Article], day: date) -> set[str]:
    """Return the articles in force on a day.

    A number has been in force from the start, a branch since its first amendment, which added it.
    """
    return {
        article
        for article, entry in catalog.items()
        if "之" not in article or all(first.effective <= day for first in entry.amendments[:1])
    }


def _find(value: str, known: Mapping[str, Article]) -> Article:
    try:
        name = article_name(value)
    except ValueError:
        name = value
    if name in known:
        return known[name]
    near = nearest_article(name, known)
    raise StatuteError(
        "ARTICLE",
        expected="every article must be a known one",
        got=quoted(value),
        todo=f"Did you mean {near.article} {near.title}".rstrip() + "?"
        if near
        else "`lawrec articles list` lists all.",
    )


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
