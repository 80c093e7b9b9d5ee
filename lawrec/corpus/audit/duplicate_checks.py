"""Duplicate checks: what is wrong with a case because of the other cases of its corpus.

A fact may occur several times: in one split, in several splits, or with other articles. Facts may
also be near-duplicates, and an article may have no case in train. `DuplicateIndex` knows all cases;
`CORPUS_CHECKS` has one entry per kind of finding.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import NamedTuple

from lawrec.corpus.audit.case_checks import ERROR, WARNING
from lawrec.corpus.duplicates.near_duplicates import NEAR_DUPLICATE_THRESHOLD, NearDuplicateIndex
from lawrec.iterables import MapItems, map_here
from lawrec.law.articles import statute_order
from lawrec.storage.disk_array import DiskArray
from lawrec.storage.files import temporary_file
from lawrec.storage.unchanged_files import change_check


class DuplicateIndex:
    """Which cases have the same or nearly the same fact, and which articles each case has.

    Cases are numbered from 0 in the order in which they are added. All that there is of a case is
    in temporary files; memory holds the different sets of articles.

    Of the cases with the same text, one is the original and the others are its duplicates. The
    original is the first case of the last split that has the text: a test case is worth more than
    a train case, and is not lost when duplicates are dropped.

    Args:
        files: The path of each split; train is the first.
        temporary: Closes the temporary files.
        threshold: The smallest Jaccard similarity of two facts that are near-duplicates.
        map_items: Compares the facts, in this process or in others.

    Attributes:
        files: The path of each split.
        check_unchanged: Raises an error if a file has changed since, as its lines may have.
        articles: For each split, the number of cases of each article.
    """

    def __init__(
        self,
        files: Mapping[str, Path],
        temporary: ExitStack,
        threshold: float = NEAR_DUPLICATE_THRESHOLD,
        *,
        map_items: MapItems = map_here,
    ) -> None:
        self.files = files
        self.check_unchanged = change_check(files.values())
        self.articles: dict[str, Counter[str]] = {split: Counter() for split in files}
        self._texts = NearDuplicateIndex(temporary, threshold, map_items=map_items)
        # The index of its split, the number of its file, its line in that file, and the number of
        # its set of articles.
        self._cases = DiskArray(temporary.enter_context(temporary_file()), "u1,u4,u8,u4")
        self._originals = DiskArray(temporary.enter_context(temporary_file()), "u8")
        self._file_numbers: dict[str, int] = {}
        self._label_numbers: dict[frozenset[str], int] = {}

    def add(self, split: str, where: str, *, text: str, articles: Iterable[str]) -> None:
        """Add the next case.

        Args:
            split: Its split, a key of `files`.
            where: Its file and line.
            text: Its normalized fact.
            articles: Those of its articles that count.
        """
        labels = frozenset(articles)
        name, _, line = where.rpartition(":")
        file = self._file_numbers.setdefault(name, len(self._file_numbers))
        label = self._label_numbers.setdefault(labels, len(self._label_numbers))
        self._originals.append(len(self._cases))
        self._cases.append((list(self.files).index(split), file, int(line), label))
        self._texts.add(text)
        self.articles[split].update(labels)

    def where(self, case: int) -> str:
        """Return the file and line of a case, "FILE:LINE"."""
        _, file, line, _ = self._cases[case]
        return f"{self._file_names[file]}:{line}"

    def split(self, case: int) -> str:
        """Return the split of a case."""
        number, *_ = self._cases[case]
        return list(self.files)[int(number)]

    def labels(self, case: int) -> tuple[str, ...]:
        """Return the articles of a case, in the statute's order."""
        return tuple(sorted(self._label_sets[self._cases[case][3]], key=statute_order))

    def duplicates(self) -> Iterator[tuple[int, int]]:
        """Yield each duplicate with its original, in order; no case can be added after this."""
        for case, original in enumerate(self._found_originals.items()):
            if original != case:
                yield case, original

    def near_duplicates(self) -> Iterator[list[int]]:
        """Yield the originals whose texts are nearly the same, in groups, earlier splits first.

        No case can be added after this.
        """
        originals = self._found_originals
        for group in self._texts.groups():
            different = {originals[case] for case in group}
            if len(different) > 1:
                yield sorted(different, key=lambda case: (self._cases[case][0], case))

    @cached_property
    def _file_names(self) -> list[str]:
        return list(self._file_numbers)

    @cached_property
    def _label_sets(self) -> list[frozenset[str]]:
        """The sets of articles, by number."""
        return list(self._label_numbers)

    @cached_property
    def _found_originals(self) -> DiskArray:
        """The original of each case."""
        for equal in self._texts.equal_texts():
            original = min(equal, key=lambda case: (-self._cases[case][0], case))
            for case in equal:
                self._originals[case] = original
        return self._originals


class Occurrence(NamedTuple):
    """Where something is wrong, "FILE:LINE" or a path, and what is wrong there."""

    where: str
    note: str


@dataclass(frozen=True)
class CorpusCheck:
    """One kind of finding.

    Args:
        severity: `ERROR` or `WARNING`.
        meaning: What is wrong, as a clause.
        todo: What to do about it, as a sentence.
        find: Yields what is wrong with the cases of an index.
    """

    severity: str
    meaning: str
    todo: str
    find: Callable[[DuplicateIndex], Iterator[Occurrence]]


def _duplicates(index: DuplicateIndex, *, across_splits: bool) -> Iterator[Occurrence]:
    for case, original in index.duplicates():
        if (index.split(case) != index.split(original)) == across_splits:
            yield Occurrence(index.where(case), f"the same fact as {index.where(original)}")


def _conflicting_labels(index: DuplicateIndex) -> Iterator[Occurrence]:
    for case, original in index.duplicates():
        labels, others = (", ".join(index.labels(number)) for number in (case, original))
        if labels != others:
            yield Occurrence(
                index.where(case),
                f"{labels or 'no article'} here, {others or 'no article'} "
                f"in {index.where(original)}",
            )


def _near_duplicates_within_split(index: DuplicateIndex) -> Iterator[Occurrence]:
    for group in index.near_duplicates():
        first_of_split: dict[str, int] = {}
        for case in group:
            first = first_of_split.setdefault(index.split(case), case)
            if first != case:
                yield Occurrence(index.where(case), f"nearly the same as {index.where(first)}")


def _near_duplicates_across_splits(index: DuplicateIndex) -> Iterator[Occurrence]:
    for first, *others in index.near_duplicates():
        for case in others:
            if index.split(case) != index.split(first):
                yield Occurrence(index.where(case), f"nearly the same as {index.where(first)}")


def _articles_not_in_train(index: DuplicateIndex) -> Iterator[Occurrence]:
    train, *others = index.files
    for split in others:
        counts = index.articles[split]
        for name in sorted(counts.keys() - index.articles[train].keys(), key=statute_order):
            yield Occurrence(str(index.files[split]), f"{name}, in {counts[name]} of its cases")


_KEEPS_GROUPS = "`lawrec split` keeps near-duplicates in one split."
CORPUS_CHECKS = {
    "duplicate-across-splits": CorpusCheck(
        ERROR,
        "a fact is also in a later split, where the model would be tested on what it has learned",
        "`lawrec audit --fix` drops the case in the earlier split.",
        partial(_duplicates, across_splits=True),
    ),
    "conflicting-labels": CorpusCheck(
        ERROR,
        "the same fact has other articles elsewhere",
        "Check which articles are right; `lawrec audit --fix` keeps one of the cases.",
        _conflicting_labels,
    ),
    "duplicate": CorpusCheck(
        WARNING,
        "a fact occurs more than once in its split",
        "`lawrec audit --fix` keeps the first of these cases.",
        partial(_duplicates, across_splits=False),
    ),
    "near-duplicate-across-splits": CorpusCheck(
        WARNING,
        "a fact is nearly the same as one in an earlier split",
        _KEEPS_GROUPS,
        _near_duplicates_across_splits,
    ),
    "near-duplicate": CorpusCheck(
        WARNING,
        "a fact is nearly the same as another of its split",
        _KEEPS_GROUPS,
        _near_duplicates_within_split,
    ),
    "article-not-in-train": CorpusCheck(
        WARNING,
        "an article of another split has no case in train",
        "`lawrec split` spreads each article over all splits where it can.",
        _articles_not_in_train,
    ),
}
