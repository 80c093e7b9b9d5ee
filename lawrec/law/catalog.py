"""Catalog of articles: their titles, chapters and amendments.

The project ships the catalog of the Criminal Law, vocab/articles.csv. It has no texts of articles.
"""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from lawrec.errors import CaseError, StatuteError, quoted
from lawrec.law.articles import is_numbered, statute_order
from lawrec.law.statute_versions import CRIMINAL_LAW
from lawrec.storage.resources import shipped_path

_NEAR = 10
"""The number of an article that is at least so far from all others is not a slip of one digit."""


@dataclass(frozen=True)
class Amendment:
    """An amendment that changed an article, and the day from which it is in force."""

    name: str
    effective: date


@dataclass(frozen=True)
class Article:
    """An article of the catalog: its title and its headings, "" where it has none."""

    article: str
    title: str
    part: str = ""  # such as 分则
    chapter: str = ""  # such as 第五章 侵犯财产罪
    section: str = ""
    amendments: tuple[Amendment, ...] = ()


def load_catalog(path: Path) -> dict[str, Article]:
    """Read a catalog: a CSV file in UTF-8 with the fields of `Article` as its columns.

    Amendments are "name:effective date", joined by ";".

    Returns:
        The articles by name, in the order of the file.

    Raises:
        CaseError: The file cannot be read or has other columns.

    Example:
        >>> load_catalog(shipped_path("vocab/articles.csv"))["264"].title
        '盗窃罪'
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            rows = csv.DictReader(lines, restval="")
            return {row["article"]: _parse_row(row) for row in rows}
    except OSError as error:
        raise CaseError(
            path,
            expected="the catalog must be readable",
            got=error.strerror,
            todo="Check the path.",
        ) from error
    except (TypeError, KeyError, ValueError, csv.Error) as error:
        raise CaseError(
            path,
            expected="the catalog must be CSV in UTF-8 with the columns article,title,part,chapter,"
            "section,amendments",
            got=str(error),
            todo="Fix the file.",
        ) from error


def _parse_row(row: dict[str, Any]) -> Article:
    return Article(**row | {"amendments": _parse_amendments(row.get("amendments", ""))})


def _parse_amendments(text: str) -> tuple[Amendment, ...]:
    """Return the amendments of a cell such as "修正案八:2011-05-01;修正案九:2015-11-01"."""
    pairs = (entry.partition(":") for entry in text.split(";") if entry)
    return tuple(Amendment(name, date.fromisoformat(effective)) for name, _, effective in pairs)


def shipped_catalog(name: str = CRIMINAL_LAW) -> dict[str, Article]:
    """Return the catalog that is shipped for a statute: empty for all but the Criminal Law.

    Example:
        >>> shipped_catalog()["264"].chapter
        '第五章 侵犯财产罪'
    """
    return load_catalog(shipped_path("vocab/articles.csv")) if name == CRIMINAL_LAW else {}


def article_titles(name: str = CRIMINAL_LAW) -> dict[str, str]:
    """Return the title of each article in the shipped catalog of a statute.

    Example:
        >>> article_titles()["264"]
        '盗窃罪'
    """
    return {article: entry.title for article, entry in shipped_catalog(name).items()}


def nearest_article(name: str, catalog: Mapping[str, Article]) -> Article | None:
    """Return the article with the nearest number or, if it has none, the most similar title.

    Example:
        >>> nearest_article("264之一", shipped_catalog()).article
        '264'
        >>> nearest_article("盗窃", shipped_catalog()).article
        '264'
    """
    numbered = [article for article in catalog if is_numbered(article)]
    if is_numbered(name) and numbered:
        number, branch, _ = statute_order(name)
        nearest = min(numbered, key=lambda article: _distance(article, number, branch=branch))
        is_near = _distance(nearest, number, branch=branch)[0] < _NEAR
        return catalog[nearest] if is_near else None
    # Reversed: of several articles with one title, the first stays in the dict.
    by_title = {entry.title: entry for entry in reversed(list(catalog.values()))}
    near = get_close_matches(name, by_title, n=1, cutoff=0.4)
    return by_title[near[0]] if near else None


def _distance(article: str, number: int, *, branch: int) -> tuple[int, int]:
    own_number, own_branch, _ = statute_order(article)
    return abs(own_number - number), abs(own_branch - branch)


def in_division(catalog: Mapping[str, Article], heading: str) -> list[Article]:
    """Return the articles whose part, chapter or section has a text in its heading.

    Raises:
        StatuteError: No heading has this text.

    Example:
        >>> in_division(shipped_catalog(), "侵犯财产罪")[0].article
        '263'
    """
    articles = [
        entry
        for entry in catalog.values()
        if any(heading in own for own in (entry.part, entry.chapter, entry.section))
    ]
    if not articles:
        raise StatuteError(
            "--chapter",
            expected="a part, chapter or section must have this text in its heading",
            got=quoted(heading),
            todo="Write for example 第五章 or 侵犯财产罪.",
        )
    return articles
