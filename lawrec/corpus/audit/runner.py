"""Audit: what is wrong with a corpus before anyone trains on it."""

import re
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from lawrec.config import CorpusConfig
from lawrec.corpus.audit.case_checks import CHECKS, ERROR, AuditReference, Check, audit_reference_of
from lawrec.corpus.audit.duplicate_checks import COMPARISONS, Comparison, Copies, Hit
from lawrec.corpus.audit.fixes import write_fixed_copy
from lawrec.corpus.case_lines import CaseLine, read_lines
from lawrec.corpus.cases import Case, encodings_at, no_case_error
from lawrec.corpus.near_duplicates import ALIKE, NearDuplicates
from lawrec.corpus.readers import DEFAULT_FORMAT, CaseFormat
from lawrec.corpus.splits import find_splits, splits_in
from lawrec.corpus.tokenizers import load_tokenizer
from lawrec.law.articles import read_article_list, statute_order
from lawrec.law.catalog import shipped_catalog
from lawrec.progress import SILENT, Progress
from lawrec.resources import shipped_path

EXAMPLES = 5
"""Examples kept of a finding."""
RARE = 10
"""Train cases below which an article is rare."""


@dataclass(frozen=True)
class Finding:
    """What is wrong, how often, and where, for example: (file:line, what is there)."""

    kind: str
    severity: str
    count: int
    meaning: str
    todo: str
    examples: tuple[Hit, ...]


@dataclass(frozen=True)
class SplitCounts:
    """The size of a split."""

    path: str
    encoding: str  # what the files are written in, "gb18030 and utf-8" say
    lines: int  # those that are not blank
    cases: int  # those that can be read
    several: int  # cases with more than one article
    signs: int  # of all facts, normalized
    longest: int


@dataclass(frozen=True)
class Tail:
    """How the labels of the first split spread over the articles."""

    articles: int
    unused: int  # articles without a case
    rare: int  # articles with a case, but fewer than `limit`
    limit: int
    labels: int
    top: int  # labels of the 10 most cited articles


@dataclass(frozen=True)
class AuditReport:
    """All that an audit found; `articles` are those cited or listed, the most cited first."""

    data: str
    max_tokens: int
    splits: dict[str, SplitCounts]
    articles: dict[str, dict[str, int]]  # article -> split -> cases
    tail: Tail
    findings: tuple[Finding, ...]
    changes: int | None = None  # made by fixing; None: nothing was fixed

    @property
    def errors(self) -> int:
        """How many kinds of error there are."""
        return sum(finding.severity == ERROR for finding in self.findings)


@dataclass
class _Tally:
    """What one way of being wrong counts."""

    count: int = 0
    examples: list[Hit] = field(default_factory=list)

    def add(self, hit: Hit) -> None:
        self.count += 1
        if len(self.examples) < EXAMPLES:
            self.examples.append(hit)


def audit(
    data: Path,
    rules: AuditReference,
    threshold: float = ALIKE,
    case_format: CaseFormat = DEFAULT_FORMAT,
    fix: Path | None = None,
    progress: Progress = SILENT,
) -> AuditReport:
    """Check the splits that `files_of` finds and write a mended copy to `fix` if that is given.

    Reads the cases once, and once more to mend them; the facts wait in a temporary file.

    Raises:
        CaseError: The folder has other splits but no train split, a file cannot be read or holds
            no case, or `fix` is in use.
    """
    files = files_of(data)
    with tempfile.TemporaryFile() as spool:
        work = _Audit(files, case_format, rules, Copies(files, NearDuplicates(spool, threshold)))
        work.read(progress)
        work.compare()
        changes = (
            write_fixed_copy(
                files,
                rules,
                copies=work.copies,
                folder=fix,
                case_format=case_format,
                progress=progress,
            )
            if fix
            else None
        )
    return work.report(data, changes)


def audit_reference_for(
    data: Path, articles: Path | None, *, max_tokens: int, tokenizer: str | None = None
) -> AuditReference:
    """Return the rules of the shipped catalogue and of a list of articles.

    Args:
        data: What `files_of` takes; `law.txt` there, or else beside cases that are no folder of
            splits, is the list unless `articles` names one.
        articles: A list of articles.
        max_tokens: Tokens that the model reads.
        tokenizer: A key of `TOKENIZERS` to count tokens with; None: estimate them.

    Raises:
        CaseError: A list cannot be read.
    """
    path = articles or _list_of(data)
    listed = read_article_list(path) if path else []
    catalog = shipped_catalog().values()
    if not tokenizer:
        return audit_reference_of(catalog, listed, max_tokens=max_tokens)
    config = CorpusConfig(tokenizer=tokenizer)
    cut = load_tokenizer(config, [shipped_path("vocab/legal_terms.txt")]).cut
    return audit_reference_of(
        catalog, listed, max_tokens=max_tokens, tokens=lambda text: len(cut(text))
    )


def _list_of(data: Path) -> Path | None:
    is_split = data.is_dir() and splits_in(data)
    folders = (data,) if is_split else (data, data.parent)
    places = (folder / "law.txt" for folder in folders)
    return next((place for place in places if place.is_file()), None)


def files_of(data: Path) -> dict[str, Path]:
    """Return the splits of a folder; any other path of cases is one split under its own name.

    Raises:
        CaseError: The folder has other splits, but no train split, or a split twice.
    """
    if data.is_dir() and splits_in(data):
        return find_splits(data)
    return {re.sub(r"[*?[\]]", "", data.name).partition(".")[0].rstrip("-_") or "cases": data}


@dataclass(frozen=True)
class _Audit:
    """One audit under way."""

    files: Mapping[str, Path]
    case_format: CaseFormat
    rules: AuditReference
    copies: Copies
    tallies: dict[str, _Tally] = field(default_factory=dict)
    splits: dict[str, SplitCounts] = field(default_factory=dict)

    def read(self, progress: Progress) -> None:
        """Check every line by itself, and take its case in for comparing."""
        for split, path in self.files.items():
            counts: Counter[str] = Counter()
            for line in read_lines(path, self.case_format):
                self._check(line)
                self._count(split, line, counts=counts)
                progress.update(f"audit {split}", counts["lines"], None)
            if not counts["lines"]:
                raise no_case_error(path)
            names = ("lines", "cases", "several", "signs", "longest")
            sizes = {name: counts[name] for name in names}
            encoding = encodings_at(path, self.case_format)
            self.splits[split] = SplitCounts(str(path), encoding, **sizes)

    def compare(self) -> None:
        """Check the cases beside one another."""
        for kind, comparison in COMPARISONS.items():
            for hit in comparison.find(self.copies):
                self._tally(kind).add(hit)

    def report(self, data: Path, changes: int | None) -> AuditReport:
        """Put together what was found."""
        articles = self._articles()
        first = next(iter(self.files))
        return AuditReport(
            data=str(data),
            max_tokens=self.rules.max_tokens,
            splits=self.splits,
            articles=articles,
            tail=_tail([counts[first] for counts in articles.values()]),
            findings=tuple(self._findings()),
            changes=changes,
        )

    def _check(self, line: CaseLine) -> None:
        for kind, check in CHECKS.items():
            note = check.find(line, self.rules)
            if note:
                self._tally(kind).add((line.where, note))

    def _count(self, split: str, line: CaseLine, *, counts: Counter[str]) -> None:
        counts["lines"] += 1
        if not isinstance(line.case, Case):
            return
        counts["cases"] += 1
        counts["several"] += len(line.case.articles) > 1
        counts["signs"] += len(line.text)
        counts["longest"] = max(counts["longest"], len(line.text))
        if not self.rules.has_no_listed_article(line.case):
            self.copies.add(split, line, articles=frozenset(self.rules.kept(line.case)))

    def _tally(self, kind: str) -> _Tally:
        return self.tallies.setdefault(kind, _Tally())

    def _findings(self) -> Iterator[Finding]:
        kinds: dict[str, Check | Comparison] = {**CHECKS, **COMPARISONS}
        for kind, how in sorted(kinds.items(), key=lambda item: item[1].severity != ERROR):
            if kind in self.tallies:
                tally = self.tallies[kind]
                yield Finding(
                    kind, how.severity, tally.count, how.meaning, how.todo, tuple(tally.examples)
                )

    def _articles(self) -> dict[str, dict[str, int]]:
        counts = {split: self.copies.articles.get(split, Counter()) for split in self.files}
        names = set(self.rules.listed).union(*counts.values())
        total = {name: sum(count[name] for count in counts.values()) for name in names}
        order = sorted(names, key=lambda name: (-total[name], statute_order(name)))
        return {name: {split: count[name] for split, count in counts.items()} for name in order}


def _tail(counts: list[int]) -> Tail:
    return Tail(
        articles=len(counts),
        unused=counts.count(0),
        rare=sum(0 < count < RARE for count in counts),
        limit=RARE,
        labels=sum(counts),
        top=sum(sorted(counts)[-10:]),
    )
