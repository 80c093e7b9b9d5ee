"""Import of a statute: save its text as a version, and say what is missing or repeated in it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from lawrec.law.articles import article_name, is_numbered, statute_order
from lawrec.law.catalog import Article, shipped_catalog
from lawrec.law.statute_parser import read_statute
from lawrec.law.statute_versions import CRIMINAL_LAW, Version, save_version

_MAX_ARTICLES = 9_999  # no statute has more: a larger number is a typing error


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
        for branch in range(1, n_branches + 1)
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
