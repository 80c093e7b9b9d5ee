"""Audit: find what is wrong with a corpus before anyone trains on it.

An error stops a training or falsifies its metrics, and `lawrec audit --fix` repairs every error.
A warning is for a person to judge.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path

from lawrec.config import CorpusConfig
from lawrec.corpus.audit.case_checks import CHECKS, ERROR, AuditReference, Check, audit_reference_of
from lawrec.corpus.audit.duplicate_checks import (
    CORPUS_CHECKS,
    CorpusCheck,
    DuplicateIndex,
    Occurrence,
)
from lawrec.corpus.audit.fixes import write_fixed_copy
from lawrec.corpus.audit.line_checks import CheckedLine, check_splits
from lawrec.corpus.cases import no_case_error
from lawrec.corpus.duplicates.near_duplicates import NEAR_DUPLICATE_THRESHOLD
from lawrec.corpus.label_check import find_article_list, known_labels
from lawrec.corpus.readers import DEFAULT_FORMAT, CaseFormat
from lawrec.corpus.splits import (
    encodings_at,
    find_splits,
    note_on_other_valid,
    split_name,
    splits_in,
)
from lawrec.corpus.tokenization.tokenizers import Tokenizer, load_tokenizer
from lawrec.iterables import MapItems, map_here
from lawrec.law.articles import read_article_list, statute_order
from lawrec.law.catalog import shipped_catalog
from lawrec.progress import SILENT, Progress
from lawrec.storage.resources import shipped_path

EXAMPLES = 5
"""Examples kept per finding."""
RARE = 10
"""An article with fewer cases in train is rare."""


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong: how often, and where, for example."""

    kind: str  # a key of CHECKS or CORPUS_CHECKS
    severity: str
    count: int
    meaning: str
    todo: str
    examples: tuple[Occurrence, ...]


@dataclass(frozen=True)
class SplitSizes:
    """The sizes of a split."""

    path: str
    encoding: str  # of its files, such as "utf-8", or "gb18030 and utf-8"
    lines: int  # without blank lines
    cases: int  # lines that can be read
    several: int  # cases with more than one article
    characters: int  # of all normalized facts
    longest: int  # characters of the longest fact


@dataclass(frozen=True)
class LongTail:
    """How unevenly the labels of the first split are spread over the articles."""

    articles: int
    unused: int  # articles without a case
    rare: int  # articles with a case, but with fewer than `limit`
    limit: int
    labels: int
    top: int  # labels of the 10 most cited articles


@dataclass(frozen=True)
class AuditReport:
    """The result of an audit; `articles` are those cited or listed, the most cited first."""

    data: str
    max_tokens: int
    splits: dict[str, SplitSizes]
    articles: dict[str, dict[str, int]]  # article -> split -> cases
    tail: LongTail
    findings: tuple[Finding, ...]  # errors first
    changes: int | None = None  # in the fixed copy; None: no copy was written

    @property
    def errors(self) -> int:
        """How many kinds of error there are."""
        return sum(finding.severity == ERROR for finding in self.findings)

    @property
    def warnings(self) -> int:
        """How many kinds of warning there are."""
        return len(self.findings) - self.errors


def audit(
    data: Path,
    reference: AuditReference,
    *,
    threshold: float = NEAR_DUPLICATE_THRESHOLD,
    case_format: CaseFormat = DEFAULT_FORMAT,
    fix: Path | None = None,
    map_items: MapItems = map_here,
    progress: Progress = SILENT,
) -> AuditReport:
    """Check labelled cases, and optionally write a copy without their errors.

    The cases are read once, and once more for the copy. All that there is of each case waits in
    temporary files: memory does not grow with the number of cases.

    Args:
        data: What `splits_to_audit` takes.
        reference: What the cases are checked against.
        threshold: The smallest Jaccard similarity of two facts that are near-duplicates.
        case_format: How the cases are written.
        fix: A new folder for the copy; None: no copy.
        map_items: Does most of the work, in this process or in others.
        progress: Where to report the number of lines done, and files that seem to be a second
            valid split.

    Raises:
        CaseError: The folder has other splits but no train split, a file cannot be read, holds no
            case or changes meanwhile, or `fix` is in use.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder, "mine.json")
        ...     _ = path.write_text('{"fact": "被告人张某盗窃手机。", "articles": [264, 264]}')
        ...     report = audit(path, audit_reference_of([]))
        >>> [(finding.kind, finding.count) for finding in report.findings]
        [('repeated-label', 1)]
    """
    files = splits_to_audit(data)
    if note := note_on_other_valid(data, files):
        progress.message(note)
    with ExitStack() as temporary:
        index = DuplicateIndex(files, temporary, threshold, map_items=map_items)
        work = _Audit(index, reference, case_format)
        work.check_lines(map_items, progress)
        work.check_corpus()
        changes = None
        if fix:
            changes = write_fixed_copy(
                fix, index, reference=reference, case_format=case_format, progress=progress
            )
    return work.report(data, changes)


def load_audit_reference(
    data: Path,
    articles: Path | None,
    *,
    max_tokens: int,
    tokenizer: str | None = None,
    any_label: bool = False,
) -> AuditReference:
    """Return the reference of the shipped catalog and of a list of articles.

    Args:
        data: What `splits_to_audit` takes.
        articles: A list of articles. None: `law.txt` in `data`, or, unless `data` is a folder of
            splits, in the parent of `data`; if there is no such file, there is no list, and the
            labels are those of the catalog.
        max_tokens: The number of tokens that the model reads.
        tokenizer: A key of `TOKENIZERS` to count tokens with; None: estimate their number.
        any_label: Whether any label is known where there is no list.

    Raises:
        CaseError: A list cannot be read.

    Example:
        >>> reference = load_audit_reference(Path("mine.json"), None, max_tokens=4096)
        >>> reference.listed, reference.charges_of["264"]
        ((), ('盗窃',))
    """
    has_splits = data.is_dir() and bool(splits_in(data))
    path = articles or find_article_list(data, in_parent=not has_splits)
    listed = read_article_list(path) if path else []
    known = known_labels(listed, path, any_label=any_label)
    catalog = shipped_catalog().values()
    reference = audit_reference_of(catalog, listed, known=known, max_tokens=max_tokens)
    if not tokenizer:
        return reference
    _tokenizer_of_process(tokenizer)  # an error comes now
    return replace(reference, tokens=partial(_count_tokens, tokenizer))


def _count_tokens(tokenizer: str, text: str) -> int:
    return len(_tokenizer_of_process(tokenizer).tokenize(text))


@cache
def _tokenizer_of_process(name: str) -> Tokenizer:
    config = CorpusConfig(tokenizer=name)
    return load_tokenizer(config, [shipped_path("vocab/legal_terms.txt")])


def splits_to_audit(data: Path) -> dict[str, Path]:
    """Return the path of each split of a folder; any other path of cases is one split.

    Such a split is named by `split_name`.

    Raises:
        CaseError: The folder has other splits, but no train split, or a split twice.

    Example:
        >>> list(splits_to_audit(Path("mine.csv.gz")))
        ['mine']
    """
    if data.is_dir() and splits_in(data):
        return find_splits(data)
    return {split_name(data): data}


class _Audit:
    """The findings of one audit so far."""

    def __init__(
        self, index: DuplicateIndex, reference: AuditReference, case_format: CaseFormat
    ) -> None:
        self._index = index
        self._reference = reference
        self._case_format = case_format
        self._splits: dict[str, SplitSizes] = {}
        self._counts: Counter[str] = Counter()
        self._examples: defaultdict[str, list[Occurrence]] = defaultdict(list)

    def check_lines(self, map_items: MapItems, progress: Progress) -> None:
        """Check every line by itself, and add its case to the index."""
        files, sizes = self._index.files, defaultdict[str, Counter[str]](Counter)
        checked = check_splits(
            files, self._reference, case_format=self._case_format, map_items=map_items
        )
        with closing(checked):
            for split, line in checked:
                self._count(split, line, counts=sizes[split])
                progress.update(f"audit {split}", sizes[split]["lines"], None)
        self._index.check_unchanged()
        for split, path in files.items():
            counts = sizes[split]
            if not counts["lines"]:
                raise no_case_error(path)
            names = ("lines", "cases", "several", "characters", "longest")
            self._splits[split] = SplitSizes(
                path=str(path),
                encoding=encodings_at((path, self._case_format)),
                **{name: counts[name] for name in names},
            )

    def check_corpus(self) -> None:
        """Check the cases against each other."""
        for kind, check in CORPUS_CHECKS.items():
            for occurrence in check.find(self._index):
                self._add(kind, occurrence)

    def report(self, data: Path, changes: int | None) -> AuditReport:
        """Return the result of all checks."""
        articles = self._articles()
        first = next(iter(self._index.files))
        return AuditReport(
            data=str(data),
            max_tokens=self._reference.max_tokens,
            splits=self._splits,
            articles=articles,
            tail=_long_tail([counts[first] for counts in articles.values()]),
            findings=tuple(self._findings()),
            changes=changes,
        )

    def _add(self, kind: str, occurrence: Occurrence) -> None:
        self._counts[kind] += 1
        if self._counts[kind] <= EXAMPLES:
            self._examples[kind].append(occurrence)

    def _count(self, split: str, line: CheckedLine, *, counts: Counter[str]) -> None:
        for kind, note in line.notes:
            self._add(kind, Occurrence(line.where, note))
        counts["lines"] += 1
        counts["cases"] += line.is_case
        counts["several"] += line.n_articles > 1
        counts["characters"] += len(line.text)
        counts["longest"] = max(counts["longest"], len(line.text))
        # Without a listed article, the case is dropped by a fix, and no duplicate refers to it.
        if line.labels is not None:
            self._index.add(split, line.where, text=line.text, articles=line.labels)

    def _findings(self) -> Iterator[Finding]:
        """Yield the findings, errors first."""
        checks: Mapping[str, Check | CorpusCheck] = {**CHECKS, **CORPUS_CHECKS}
        for kind, check in sorted(checks.items(), key=lambda item: item[1].severity != ERROR):
            if kind in self._counts:
                yield Finding(
                    kind=kind,
                    severity=check.severity,
                    count=self._counts[kind],
                    meaning=check.meaning,
                    todo=check.todo,
                    examples=tuple(self._examples[kind]),
                )

    def _articles(self) -> dict[str, dict[str, int]]:
        counts = self._index.articles
        names = set(self._reference.listed).union(*counts.values())
        total = {name: sum(count[name] for count in counts.values()) for name in names}
        order = sorted(names, key=lambda name: (-total[name], statute_order(name)))
        return {name: {split: count[name] for split, count in counts.items()} for name in order}


def _long_tail(counts: list[int]) -> LongTail:
    """Return how uneven the numbers of cases per article are; `counts` has one per article."""
    return LongTail(
        articles=len(counts),
        unused=counts.count(0),
        rare=sum(0 < count < RARE for count in counts),
        limit=RARE,
        labels=sum(counts),
        top=sum(sorted(counts)[-10:]),
    )
