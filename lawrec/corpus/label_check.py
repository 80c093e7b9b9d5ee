"""Label check: every article of a case must be a known one, before any work is done with it.

Where a list of articles is given, only the list counts, as no other label can be learned: that is
how cases of another statute are labelled. Without a list, the catalog of the Criminal Law is the
reference, unless the format of the cases lets any label pass.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from lawrec.corpus.cases import EVERY_ARTICLE, Case, Cases, read_cases
from lawrec.corpus.readers import CaseFormat
from lawrec.errors import CaseError, ErrorKind, quoted
from lawrec.law.catalog import shipped_catalog
from lawrec.progress import SILENT, Progress
from lawrec.text import encodable
from lawrec.translation import marked

_EXAMPLES = 3
"""Cases with unknown labels that an error names."""


@dataclass(frozen=True)
class KnownLabels:
    """The labels that cases may have.

    Args:
        names: The labels; None: any label.
        source: Where they come from, for messages.
        todo: What to do about another label, as a sentence.
        maskable: Other labels of which a case may say that nobody knows whether they apply.
    """

    names: frozenset[str] | None
    source: str = "the list of articles"
    todo: str = marked("Add it to the list, fix the line, or pass --skip-bad.")
    maskable: frozenset[str] = frozenset()

    def unknown(self, labels: Iterable[str]) -> list[str]:
        """Return the labels that are not known, each once."""
        names = self.names
        return [] if names is None else [x for x in dict.fromkeys(labels) if x not in names]

    def unknown_in(self, case: Case) -> list[str]:
        """Return the labels of a case that are not known, each once."""
        masked = () if case.unknown_articles == EVERY_ARTICLE else case.unknown_articles
        return self.unknown((*case.articles, *(x for x in masked if x not in self.maskable)))


ANY_LABEL = KnownLabels(None)


def known_labels(
    listed: Sequence[str] | None, path: Path | None = None, *, any_label: bool = False
) -> KnownLabels:
    """Return the labels of a list of articles, or without a list, those of the catalog.

    Args:
        listed: The list of articles, None if there is none.
        path: The file of the list, for messages.
        any_label: Whether any label is known where there is no list.

    Example:
        >>> known_labels(None).unknown(["264", "999"])
        ['999']
        >>> known_labels(["民法典第1165条"]).unknown(["264"])
        ['264']
    """
    if listed:
        where = f"the list of articles {encodable(str(path))}" if path else KnownLabels.source
        return KnownLabels(frozenset(listed), where, maskable=frozenset(shipped_catalog()))
    if any_label:
        return ANY_LABEL
    return KnownLabels(
        frozenset(shipped_catalog()),
        "the catalog of the Criminal Law",
        "Fix the line, name your own articles with --article-list, or pass --any-label.",
    )


def labels_known_to_run(names: Iterable[str], *, any_label: bool = False) -> KnownLabels:
    """Return the labels that a run's articles and the catalog have.

    Args:
        names: The run's articles.
        any_label: Whether any label is known.

    Example:
        >>> labels_known_to_run(["民法典第1165条"]).unknown(["264", "民法典第1165条", "999"])
        ['999']
    """
    if any_label:
        return ANY_LABEL
    return KnownLabels(
        frozenset(names) | frozenset(shipped_catalog()),
        "the run's articles or in the catalog of the Criminal Law",
        "Fix the line, or pass --any-label.",
    )


def find_article_list(data: Path, *, in_parent: bool = True) -> Path | None:
    """Return the list of articles that lies with cases: `law.txt` in their folder.

    Args:
        data: A file or a folder of cases.
        in_parent: Whether to look into the parent of `data`, too.

    Example:
        >>> find_article_list(Path("absent")) is None
        True
    """
    folders = (data, data.parent) if in_parent else (data,)
    return next((path for folder in folders if (path := folder / "law.txt").is_file()), None)


def refuse_each_unknown_label(cases: Cases, known: KnownLabels) -> Cases:
    """Yield the cases, and an error in place of each that has an unknown label.

    Example:
        >>> cases = refuse_each_unknown_label(iter([Case("a:1", "1", "盗窃", ("999",))]), ANY_LABEL)
        >>> [case.articles for case in cases]
        [('999',)]
    """
    for case in cases:
        yield label_error(case, known) or case


def label_error(case: Case | CaseError, known: KnownLabels) -> CaseError | None:
    """Return the error of a case that has an unknown label, else None.

    Example:
        >>> label_error(Case("a:1", "1", "盗窃", ("999",)), known_labels(["264"])).got
        "['999']"
    """
    if isinstance(case, CaseError):
        return None
    unknown = known.unknown_in(case)
    return _error(case.where, quoted(unknown), known=known) if unknown else None


def check_labels(
    files: Iterable[tuple[Path, CaseFormat]], known: KnownLabels, *, progress: Progress = SILENT
) -> None:
    """Read all cases, and raise one error for all unknown labels in them.

    Args:
        files: Where the cases are, and how they are written.
        known: The labels that they may have.
        progress: Where to report the number of cases read.

    Raises:
        CaseError: A case has an unknown label, or a file cannot be read. Lines that cannot be used
            for another reason are left for those who read the cases again.

    Example:
        >>> from lawrec.storage.resources import shipped_path
        >>> valid = shipped_path("data/sample/valid.json")
        >>> check_labels([(valid, CaseFormat())], known_labels(None))
    """
    if known.names is not None:
        for _ in refuse_unknown_labels_at_end(_read(files, progress), known):
            pass


def _read(files: Iterable[tuple[Path, CaseFormat]], progress: Progress) -> Cases:
    for path, case_format in files:
        for done, case in enumerate(read_cases(path, case_format=case_format), 1):
            yield case
            progress.update(f"check labels of {path.name}", done, None)


def refuse_unknown_labels_at_end(cases: Cases, known: KnownLabels) -> Cases:
    """Yield the cases, and at their end raise one error for all unknown labels in them.

    Args:
        cases: Cases and errors.
        known: The labels that they may have; a case with another one is not yielded.

    Raises:
        CaseError: A case has an unknown label.

    Example:
        >>> cases = iter([Case("a:1", "1", "盗窃", ("999",))])
        >>> [case.articles for case in refuse_unknown_labels_at_end(cases, ANY_LABEL)]
        [('999',)]
    """
    errors: list[CaseError] = []
    n_errors = 0
    for case in refuse_each_unknown_label(cases, known):
        if isinstance(case, CaseError) and case.kind is ErrorKind.UNKNOWN_LABEL:
            errors += [case] if n_errors < _EXAMPLES else []
            n_errors += 1
        else:
            yield case
    if errors:
        first, *others = errors
        got = ", ".join([first.got, *(f"{error.got} in {error.where}" for error in others)])
        got = f"{got}: {n_errors:,} cases in all" if others else got
        raise _error(first.where, got, known=known)


def _error(where: str, got: str, *, known: KnownLabels) -> CaseError:
    return CaseError(
        where,
        expected=f"each article must be in {known.source}",
        got=got,
        todo=known.todo,
        kind=ErrorKind.UNKNOWN_LABEL,
    )
