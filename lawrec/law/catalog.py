"""TODO law.catalog."""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from pathlib import Path

from lawrec.errors import CaseError, StatuteError, quoted
from lawrec.law.articles import is_numbered, statute_order
from lawrec.law.statute_versions import CRIMINAL_LAW
from lawrec.resources import shipped_path


@dataclass(frozen=True)
class Article:
    """One line of the catalogue; `amendments` is "amendment:effective date" joined by ";"."""

    article: str
    title: str
    part: str = ""
    chapter: str = ""
    section: str = ""
    amendments: str = ""


def load_catalog(path: Path) -> dict[str, Article]:
    """Read the catalogue, a CSV file with the columns of `Article`, in the statute's order.

    Raises:
        CaseError: The file cannot be read or lacks a column.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            rows = csv.DictReader(lines, restval="")
            return {row["article"]: Article(**row) for row in rows}
    except OSError as error:
        raise CaseError(
            path,
            expected="the catalogue must be readable",
            got=error.strerror,
            todo="Check the path.",
        ) from error
    except (TypeError, KeyError, UnicodeDecodeError, csv.Error) as error:
        raise CaseError(
            path,
            expected="the catalogue must be CSV in UTF-8 with the columns article,title,part,chapter,"
            "section,amendments",
            got=str(error),
            todo="Mend the file.",
        ) from error


def titles(catalog: Mapping[str, Article]) -> dict[str, str]:
    """Return the title of each article."""
    return {name: entry.title for name, entry in catalog.items()}


def amendments(entry: Article) -> list[tuple[str, date]]:
    """Return the amendments of an article, each with the date from which it is in force."""
    pairs = (text.partition(":") for text in entry.amendments.split(";") if text)
    return [(name, date.fromisoformat(effective)) for name, _, effective in pairs]


def nearest_article(name: str, catalog: Mapping[str, Article]) -> Article | None:
    """Return the article with the nearest number, or the first with the most similar title."""
    numbered = [other for other in catalog if is_numbered(other)]
    if is_numbered(name) and numbered:
        number, branch, _ = statute_order(name)
        return catalog[min(numbered, key=lambda other: _distance(other, number, branch=branch))]
    by_title = {entry.title: entry for entry in reversed(list(catalog.values()))}
    near = get_close_matches(name, by_title, n=1, cutoff=0.4)
    return by_title[near[0]] if near else None


def _distance(article: str, number: int, *, branch: int) -> tuple[int, int]:
    own_number, own_branch, _ = statute_order(article)
    return abs(own_number - number), abs(own_branch - branch)


def catalog_of(name: str) -> dict[str, Article]:
    """Return the shipped catalogue for the Criminal Law, an empty one for other statutes."""
    return load_catalog(shipped_path("vocab/articles.csv")) if name == CRIMINAL_LAW else {}


def in_division(catalog: Mapping[str, Article], division: str) -> list[Article]:
    """Return the articles whose part, chapter or section has these signs in its heading.

    Raises:
        StatuteError: There is no such heading.
    """
    found = [
        entry
        for entry in catalog.values()
        if any(division in heading for heading in (entry.part, entry.chapter, entry.section))
    ]
    if not found:
        raise StatuteError(
            "--chapter",
            expected="a part, chapter or section must have these signs in its heading",
            got=quoted(division),
            todo="Write for example 第五章 or 侵犯财产罪.",
        )
    return found
