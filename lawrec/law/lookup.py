"""The lawbook: what the catalogue and the imported versions together say of an article."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from lawrec.errors import StatuteError, quoted
from lawrec.law.articles import article_name, is_numbered, statute_order
from lawrec.law.catalog import Article, amendments, catalog_of, nearest_article
from lawrec.law.statute_parser import read_statute
from lawrec.law.statute_versions import (
    CRIMINAL_LAW,
    Version,
    effective_dates,
    keep_version,
    version_at,
)

_MOST_ARTICLES = 9_999  # no statute has more: a number beyond is a slip, not a long list of gaps


@dataclass(frozen=True)
class Amendment:
    """An amendment that changed an article, and the day from which it is in force."""

    name: str
    effective: date


@dataclass(frozen=True)
class ArticleInfo:
    """An article, with its text in `version` if one was imported and it stands there.

    `outdated_by` names the amendments between that version and the day that was asked for.
    """

    article: str
    title: str
    part: str
    chapter: str
    section: str
    amendments: tuple[Amendment, ...]
    version: date | None = None
    text: str | None = None
    outdated_by: tuple[str, ...] = ()


@dataclass(frozen=True)
class ImportReport:
    """What an import read: `missing` are numbers without a text, `unknown` not in the catalogue."""

    path: Path
    articles: int
    missing: tuple[str, ...]
    doubled: tuple[str, ...]
    unknown: tuple[str, ...]
    left_out: int


def import_statute(
    file: Path, effective: date, *, root: Path, name: str = CRIMINAL_LAW, replace: bool = False
) -> ImportReport:
    """Read a statute's text and keep it as the version in force from a day on.

    Raises:
        StatuteError: The file cannot be read, or another text of that day is kept.
    """
    statute = read_statute(file)
    path = keep_version(
        root, Version(name, effective, statute.texts), left_out=statute.left_out, replace=replace
    )
    catalog = catalog_of(name)
    expected = numbers_up_to_the_last(statute.texts) | _in_force(catalog, effective)
    missing = expected - statute.texts.keys()
    unknown = statute.texts.keys() - catalog.keys() if catalog else ()
    return ImportReport(
        path=path,
        articles=len(statute.texts),
        missing=tuple(sorted(missing, key=statute_order)),
        doubled=statute.doubled,
        unknown=tuple(sorted(unknown, key=statute_order)),
        left_out=len(statute.left_out),
    )


def look_up(
    values: Iterable[str], root: Path, *, name: str = CRIMINAL_LAW, day: date | None = None
) -> list[ArticleInfo]:
    """Return what is known of articles, however they are written.

    Args:
        values: The articles, as `article_name` understands them.
        root: The folder of all statutes.
        name: The statute.
        day: Give the texts in force then; by default the newest.

    Raises:
        StatuteError: An article is unknown, or texts of that day are not imported.
    """
    version = None
    if day or name != CRIMINAL_LAW or effective_dates(root, name):
        version = version_at(root, name, day=day)
    known = catalog_of(name)
    for article in version.texts if version else ():
        known.setdefault(article, Article(article, ""))
    return [_entry(_found(value, known), version, day=day) for value in values]


def numbers_up_to_the_last(articles: Iterable[str]) -> set[str]:
    """Return every number from 1 to the last article, and every branch up to an article's last."""
    last: dict[int, int] = {}
    for number, branch, _ in map(statute_order, filter(is_numbered, articles)):
        last[number] = max(branch, last.get(number, 0))
    numbers = range(1, min(max(last, default=0), _MOST_ARTICLES) + 1)
    names = {str(number) for number in numbers}
    branches = (
        (number, branch) for number in last for branch in range(1, min(last[number], 99) + 1)
    )
    return names | {article_name(f"{number}之{branch}") for number, branch in branches}


def _in_force(catalog: Mapping[str, Article], day: date) -> set[str]:
    """A branch is in force since the first amendment that names it, a number from the start."""
    return {
        article
        for article, entry in catalog.items()
        if "之" not in article or all(since <= day for _, since in amendments(entry)[:1])
    }


def _found(value: str, known: Mapping[str, Article]) -> Article:
    name = article_name(value) if value.strip() else value
    if name in known:
        return known[name]
    near = nearest_article(name, known)
    raise StatuteError(
        "ARTICLE",
        expected="every article must be a known one",
        got=quoted(value),
        todo=f"Did you mean {near.article} {near.title}".rstrip() + "?"
        if near
        else "`lawrec articles list` names all.",
    )


def _entry(article: Article, version: Version | None, *, day: date | None) -> ArticleInfo:
    amended = tuple(Amendment(*pair) for pair in amendments(article))
    since = version.effective if version else date.max
    return ArticleInfo(
        article=article.article,
        title=article.title,
        part=article.part,
        chapter=article.chapter,
        section=article.section,
        amendments=amended,
        version=version.effective if version else None,
        text=version.texts.get(article.article) if version else None,
        outdated_by=tuple(
            amendment.name
            for amendment in amended
            if since < amendment.effective <= (day or date.max)
        ),
    )
